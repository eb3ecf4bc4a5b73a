//! The machine-readable report: groups of fields (RFC 3464 §2), and the ways in which real servers break them.
//!
//! Seen in the wild, and read: no blank line between recipients; blank lines inside one; folded lines without a leading blank;
//! blanks before the colon; no address type, or `rfc/822`; X.400 names; a recipient that is a pipe or a file; the fields in
//! a part that is called text, or in no part at all.

use hongyan_proto::reply::Enhanced;

use super::address;
use super::codes;
use super::layout::field_name;

/// Recipients of one report that are read.
pub const MAX_RECIPIENTS: usize = 1_000;

/// What a server did with a message for a recipient (RFC 3464 §2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// It was not delivered, and will not be.
    Failed,
    /// It was not delivered yet.
    Delayed,
    /// It was delivered.
    Delivered,
    /// It was handed to a server that sends no reports.
    Relayed,
    /// It was delivered to a list, and handed to the list's members.
    Expanded,
}

impl Action {
    /// `failed`, `delayed` …
    pub const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
            Self::Relayed => "relayed",
            Self::Expanded => "expanded",
        }
    }

    fn read(value: &str) -> Option<Self> {
        let word = value.trim().split(|c: char| !c.is_ascii_alphabetic()).next()?;
        match word.to_ascii_lowercase().as_str() {
            "failed" | "failure" | "fail" | "expired" | "bounced" | "error" => Some(Self::Failed),
            "delayed" | "delay" | "deferred" => Some(Self::Delayed),
            "delivered" | "delivery" | "deliverable" | "success" => Some(Self::Delivered),
            "relayed" => Some(Self::Relayed),
            "expanded" => Some(Self::Expanded),
            _ => None,
        }
    }
}

/// What is said of one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    /// `Final-Recipient`, or what stands for it.
    pub(super) address: Option<String>,
    /// `Original-Recipient`: the address as it was sent to.
    pub(super) original: Option<String>,
    pub(super) action: Option<Action>,
    /// What `Action` said, where it is no word of the standard: `expired`.
    pub(super) said: String,
    pub(super) status: Option<Enhanced>,
    /// What stands behind the status, in brackets mostly.
    pub(super) comment: String,
    pub(super) diagnostic: String,
    pub(super) remote: Option<String>,
    /// What PowerMTA sorts it into: `bad-mailbox`.
    pub(super) category: String,
}

/// The groups of a report that are about recipients, and whether there were more than are read.
pub(super) fn groups(text: &str) -> (Vec<Group>, bool) {
    let mut groups: Vec<Group> = Vec::new();
    let mut open = false;
    for next in (Fields { lines: text.lines(), pushed: None }) {
        let Some((name, value)) = next else {
            open = false;
            continue;
        };
        let name = name.to_ascii_lowercase();
        let is_recipient =
            matches!(name.as_str(), "final-recipient" | "original-recipient" | "x-actual-recipient");
        if !is_recipient && !is_about_recipients(&name) {
            continue;
        }
        if !open {
            // Behind a blank line a recipient goes on only if what follows was not said of it yet.
            let goes_on = !is_recipient
                && groups.last().is_some_and(|group| !group.has(&name))
                && groups.last().is_some_and(|group| group.address.is_some() || group.original.is_some());
            if !goes_on {
                if groups.len() == MAX_RECIPIENTS {
                    return (groups, true);
                }
                groups.push(Group::default());
            }
            open = true;
        } else if groups.last().is_some_and(|group| group.has(&name)) && repeats(&name) {
            if groups.len() == MAX_RECIPIENTS {
                return (groups, true);
            }
            groups.push(Group::default());
        }
        if let Some(group) = groups.last_mut() {
            group.take(&name, &value);
        }
    }
    groups.retain(|group| group.address.is_some() || group.original.is_some());
    (groups, false)
}

/// Fields that begin another recipient where they come a second time.
fn repeats(name: &str) -> bool {
    matches!(name, "final-recipient" | "original-recipient" | "action" | "status")
}

fn is_about_recipients(name: &str) -> bool {
    matches!(name, "action" | "status" | "diagnostic-code" | "remote-mta" | "x-powermta-bouncecategory")
}

impl Group {
    fn has(&self, name: &str) -> bool {
        match name {
            "final-recipient" => self.address.is_some(),
            "original-recipient" => self.original.is_some(),
            "action" => self.action.is_some() || !self.said.is_empty(),
            "status" => self.status.is_some(),
            "diagnostic-code" => !self.diagnostic.is_empty(),
            "remote-mta" => self.remote.is_some(),
            _ => false,
        }
    }

    fn take(&mut self, name: &str, value: &str) {
        match name {
            "final-recipient" => self.address = recipient(value).or(self.address.take()),
            "x-actual-recipient" if self.address.is_none() => self.address = recipient(value),
            "original-recipient" => self.original = recipient(value),
            "action" => {
                self.action = Action::read(value);
                self.said = value.trim().to_ascii_lowercase();
            }
            "status" => {
                self.status = codes::statuses(value).first().copied();
                self.comment =
                    value.split_once('(').map_or("", |(_, comment)| comment).trim_end_matches(')').into();
            }
            "diagnostic-code" => {
                // `smtp; 550 …`: the type says nothing that the text does not.
                let (kind, text) = value.split_once(';').unwrap_or(("", value));
                let is_kind = kind.trim().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
                self.diagnostic = if is_kind { text } else { value }.trim().to_owned();
            }
            "x-powermta-bouncecategory" => self.category = value.trim().to_ascii_lowercase(),
            "remote-mta" => {
                let host = value.rsplit(';').next().unwrap_or(value).trim();
                self.remote = (!host.is_empty()).then(|| host.to_owned());
            }
            _ => {}
        }
    }
}

/// The address in a recipient field: `rfc822; a@example.org`, `<a@example.org>`, `x400; …(a)…`.
fn recipient(value: &str) -> Option<String> {
    let bare = value.split_once(';').map_or(value, |(_, address)| address).trim();
    let bare = bare.trim_start_matches('<').trim_end_matches('>').trim();
    if address::is_whole(bare) {
        return Some(bare.to_owned());
    }
    let readable = bare.replace("(a)", "@").replace("+40", "@");
    let found = address::find(&readable).first().map(|found| found.text.to_owned());
    // A name without a domain: somebody behind a gateway. It says that there was a failure, but not whose address.
    let is_name = !bare.is_empty()
        && bare.len() <= 64
        && bare.chars().all(|c| c.is_alphanumeric() || "._-".contains(c));
    found.or_else(|| is_name.then(|| bare.to_owned()))
}

/// The fields of a text, unfolded; `None` for each blank line.
struct Fields<'t> {
    lines: std::str::Lines<'t>,
    pushed: Option<&'t str>,
}

impl Iterator for Fields<'_> {
    type Item = Option<(String, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = self.pushed.take().or_else(|| self.lines.next())?;
            if line.trim().is_empty() {
                return Some(None);
            }
            let Some(name) = field_name(line.trim_start()) else {
                continue;
            };
            let name = name.to_owned();
            let mut value = line.split_once(':').map_or("", |(_, value)| value).trim().to_owned();
            for next in self.lines.by_ref() {
                let starts_anew = next.trim().is_empty()
                    || (!next.starts_with([' ', '\t']) && is_field_of_reports(next))
                    || value.len() > MAX_VALUE;
                if starts_anew {
                    self.pushed = Some(next);
                    break;
                }
                value.push('\n');
                value.push_str(next.trim());
            }
            return Some(Some((name, value)));
        }
    }
}

/// Octets of one field.
const MAX_VALUE: usize = 16 << 10;

/// Whether a line begins a field, and not the rest of a folded one that happens to have a colon.
fn is_field_of_reports(line: &str) -> bool {
    field_name(line).is_some_and(|name| {
        let lower = name.to_ascii_lowercase();
        lower.contains('-') || is_about_recipients(&lower)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(text: &str) -> Vec<String> {
        groups(text).0.into_iter().filter_map(|group| group.address.or(group.original)).collect()
    }

    #[test]
    fn a_report_as_the_standard_has_it() {
        let text = "Reporting-MTA: dns; mx.example.org\nArrival-Date: now\n\n\
                    Final-Recipient: rfc822; a@example.org\nOriginal-Recipient: rfc822;b@example.org\n\
                    Action: failed\nStatus: 5.1.1 (no such user)\nRemote-MTA: dns; mx.example.net\n\
                    Diagnostic-Code: smtp; 550 5.1.1 <a@example.org>:\n    User unknown\n\n\
                    Final-Recipient: rfc822; c@example.org\nAction: delayed\nStatus: 4.4.1\n";
        let (groups, more) = groups(text);
        assert!(!more);
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].address.as_deref(), Some("a@example.org"));
        assert_eq!(groups[0].original.as_deref(), Some("b@example.org"));
        assert_eq!(groups[0].action, Some(Action::Failed));
        assert_eq!(groups[0].diagnostic, "550 5.1.1 <a@example.org>:\nUser unknown");
        assert_eq!(groups[0].remote.as_deref(), Some("mx.example.net"));
        assert_eq!(groups[0].comment, "no such user");
        assert_eq!(groups[1].action, Some(Action::Delayed));
    }

    #[test]
    fn what_real_servers_break_is_read() {
        let cases = [
            (
                "no blank line between",
                "Final-Recipient: rfc822;a@x.org\nAction: failed\nFinal-Recipient: rfc822;b@x.org\nAction: failed\n",
                2,
            ),
            ("blank before the colon, rfc/822", "Final-Recipient : rfc/822;a@x.org\nAction : failed\n", 1),
            ("no type, in brackets", "Original-Recipient: <a@x.org>\nAction: failed\n", 1),
            ("a blank line inside", "Final-Recipient: rfc822;a@x.org\n\nAction: failed\nStatus: 5.0.0\n", 1),
            (
                "action first",
                "Action: failed\nFinal-Recipient: rfc822;a@x.org\nStatus: 5.0.0\n\nAction: failed\nFinal-Recipient: rfc822;b@x.org\n",
                2,
            ),
            ("a pipe", "Final-Recipient: rfc822;|/usr/bin/x a@x.org\nAction: failed\n", 1),
            ("X.400", "Final-Recipient: x400; /RFC-822=a(a)x.org/\nAction: failed\n", 1),
            ("a name alone", "Final-Recipient: unknown; zhang\nAction: failed\n", 1),
            ("none", "Reporting-MTA: dns; x.org\n\nAction: failed\n", 0),
        ];
        for (what, text, wanted) in cases {
            assert_eq!(addresses(text).len(), wanted, "{what}: {:?}", addresses(text));
            assert!(
                addresses(text).iter().all(|address| address.ends_with("@x.org") || address == "zhang"),
                "{what}"
            );
        }
    }

    #[test]
    fn more_recipients_than_are_read_are_said() {
        let text = "Final-Recipient: rfc822;a@x.org\n\n".repeat(MAX_RECIPIENTS + 1);
        let (groups, more) = groups(&text);
        assert_eq!((groups.len(), more), (MAX_RECIPIENTS, true));
    }
}
