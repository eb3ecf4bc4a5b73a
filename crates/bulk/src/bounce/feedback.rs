//! Feedback reports (RFC 5965): readers who call a mail spam, and what else comes in that form.

use hongyan_mime::read::Message;

use super::address;
use super::layout::{Layout, field_name};

/// A feedback report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Feedback {
    /// Whether a reader complained: of type `abuse` or `fraud`. `opt-out` asks for no more mail, which is the same to a sender.
    pub(super) complaint: bool,
    /// Who did, where it is not kept back.
    pub(super) from: Vec<String>,
    /// Its type and who reports.
    pub(super) words: String,
}

impl Feedback {
    /// The report in a message, if it is one: in the standard's form, or as Hotmail sends it, whose whole report is a header
    /// field of the returned message.
    pub(super) fn of(message: &Message<'_>, layout: &Layout) -> Option<Self> {
        let returned = Message::parse(&layout.returned);
        let Some(report) = &layout.feedback else {
            let subject = message.subject().unwrap_or_default().to_ascii_lowercase();
            let field = returned
                .field(0, "X-HmXmrOriginalRecipient")
                .filter(|_| subject.starts_with("complaint about"))?;
            let from = found_in(&returned.value_text(field));
            return Some(Self { complaint: true, from, words: "feedback-type: abuse".into() });
        };
        let kind = value(report, "Feedback-Type").unwrap_or_default().to_ascii_lowercase();
        let kind = kind.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next().unwrap_or_default();
        let mut from: Vec<String> = ["Original-Rcpt-To", "Removal-Recipient", "Original-Recipient"]
            .iter()
            .filter_map(|name| value(report, name))
            .flat_map(|value| found_in(&value))
            .collect();
        if from.is_empty() {
            let names = ["X-HmXmrOriginalRecipient", "X-Original-To", "Delivered-To"];
            from = names
                .iter()
                .filter_map(|name| returned.field(0, name).map(|field| returned.value_text(field)))
                .flat_map(|value| found_in(&value))
                .collect();
        }
        if from.is_empty() {
            from = super::sent_to(&returned);
            from.truncate(if from.len() == 1 { 1 } else { 0 });
        }
        let mut seen = std::collections::HashSet::new();
        from.retain(|address| !is_withheld(address) && seen.insert(address.to_lowercase()));
        let who = value(report, "User-Agent").unwrap_or_default();
        let words = format!("feedback-type: {kind}; {who}").trim_end_matches([';', ' ']).to_owned();
        Some(Self { complaint: matches!(kind, "abuse" | "fraud" | "opt-out" | "opt-out-list"), from, words })
    }
}

/// The value of a field of the report.
fn value(report: &str, name: &str) -> Option<String> {
    let line =
        report.lines().find(|line| field_name(line).is_some_and(|found| found.eq_ignore_ascii_case(name)))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

fn found_in(value: &str) -> Vec<String> {
    address::find(value).iter().map(|found| found.text.to_owned()).collect()
}

/// Whether the provider has put something in the place of the reader's address (`redacted@…`).
fn is_withheld(address: &str) -> bool {
    let local = address.split('@').next().unwrap_or_default().to_ascii_lowercase();
    local.contains("redacted") || local.contains("xxxx") || local == "-"
}
