//! What one mail does: read, held against the campaign, recorded on the list.

use hongyan_bulk::bounce::{self, Action, Effect, Kind, Letter, Reading, Reason, Report};
use hongyan_bulk::ledger::Time;
use hongyan_bulk::suppression::{Cause, Entry, Event, Rule, Suppressions};
use hongyan_bulk::token::Key;
use sha2::{Digest, Sha256};

use super::campaign::Letters;
use crate::cli::bulk::suppress;
use crate::cli::trouble::Trouble;

/// What was done about a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// It is on the list now.
    Suppressed,
    /// It was counted.
    Counted,
    /// Nothing.
    Nothing,
    /// The mail was read before.
    Before,
}

/// One recipient of one mail, and what was done.
#[derive(Clone, Debug)]
pub(super) struct Settled {
    pub(super) kind: Kind,
    /// Who was written to, as far as that is known; empty where the mail is about nobody.
    pub(super) address: String,
    /// What the report says of it, where it is one.
    pub(super) report: Option<Report>,
    pub(super) letter: Option<Letter>,
    /// What the campaign is called, where the letter is of the one that was named.
    pub(super) campaign: Option<String>,
    pub(super) words: String,
    pub(super) done: Done,
}

/// Settles mails.
pub(super) struct Settler {
    pub(super) list: Suppressions,
    pub(super) letters: Option<Letters>,
    pub(super) rule: Rule,
    pub(super) dry_run: bool,
}

impl Settler {
    /// Reads a mail and does what it asks for.
    pub(super) fn settle(&mut self, raw: &[u8], key: Option<&Key>) -> Result<Vec<Settled>, Trouble> {
        let seen: [u8; 32] = Sha256::digest(raw).into();
        let reading = bounce::read(raw, key);
        let failed = |error| suppress::trouble(&error);
        let now = Time::now();
        let (mut settled, events) = self.wanted(&reading, now)?;
        let before = self.list.has_seen(&seen).map_err(failed)?;
        if before {
            settled.iter_mut().for_each(|one| one.done = Done::Before);
        } else if !self.dry_run && !matches!(reading.kind, Kind::Other) {
            let listed =
                self.list.record(&seen, &events, self.rule, now).map_err(failed)?.unwrap_or_default();
            for one in settled.iter_mut().filter(|one| one.done == Done::Counted) {
                if listed.iter().any(|entry| entry.address == one.address) {
                    one.done = Done::Suppressed;
                }
            }
        }
        Ok(settled)
    }

    /// What a mail is about, and what is to be recorded.
    fn wanted(&self, reading: &Reading, now: Time) -> Result<(Vec<Settled>, Vec<Event>), Trouble> {
        let row = match (&self.letters, &reading.letter) {
            (Some(letters), Some(letter)) => letters.recipients(letter)?,
            _ => Vec::new(),
        };
        let ours = reading
            .letter
            .as_ref()
            .is_some_and(|letter| self.letters.as_ref().is_some_and(|all| all.has(letter)));
        let campaign = self.letters.as_ref().filter(|_| ours).map(|letters| letters.name().to_owned());
        let base = |address: String, report: Option<&Report>, done| Settled {
            kind: reading.kind,
            address,
            report: report.cloned(),
            letter: reading.letter.clone(),
            campaign: campaign.clone(),
            words: report.map_or_else(|| reading.words.clone(), |report| report.diagnostic.clone()),
            done,
        };
        let entry = |address: &str, cause| Entry {
            at: now,
            campaign: reading.letter.as_ref().map(|letter| letter.campaign.clone()).unwrap_or_default(),
            message_id: reading
                .letter
                .as_ref()
                .map(|letter| format!("{}.{}", letter.row, letter.campaign))
                .unwrap_or_default(),
            evidence: reading.words.clone(),
            ..Entry::new(address, cause)
        };
        let (mut settled, mut events) = (Vec::new(), Vec::new());
        match reading.kind {
            Kind::Bounce | Kind::Delayed | Kind::Delivered => {
                for report in &reading.recipients {
                    let address = written_to(report, &row);
                    let listing = Entry {
                        evidence: report.diagnostic.clone(),
                        ..entry(&address, Cause::Bounce(report.reason))
                    };
                    let done = match report.effect() {
                        Effect::AtOnce => {
                            events.push(Event::Suppress(listing));
                            Done::Suppressed
                        }
                        Effect::WhenRepeated => {
                            events.push(Event::Count(listing));
                            Done::Counted
                        }
                        Effect::Never => Done::Nothing,
                    };
                    settled.push(base(address, Some(report), done));
                }
            }
            Kind::Complaint | Kind::Unsubscribe => {
                let cause =
                    if reading.kind == Kind::Complaint { Cause::Complaint } else { Cause::Unsubscribed };
                let known = if row.is_empty() { reading.people.clone() } else { self.of_row(reading, &row) };
                for address in known {
                    let counts = reading.kind == Kind::Complaint
                        || reading.proven
                        || self.is_listed(&address, &row)?;
                    let done = if counts { Done::Suppressed } else { Done::Nothing };
                    if counts {
                        events.push(Event::Suppress(entry(&address, cause)));
                    }
                    settled.push(base(address, None, done));
                }
                if settled.is_empty() {
                    settled.push(base(String::new(), None, Done::Nothing));
                }
            }
            Kind::Reply | Kind::Feedback | Kind::Other => {
                settled.push(base(String::new(), None, Done::Nothing))
            }
        }
        Ok((settled, events))
    }

    /// Of the recipients of a row, the one that the mail names; all of them where a token stands for the letter.
    fn of_row(&self, reading: &Reading, row: &[String]) -> Vec<String> {
        let named = |address: &&String| {
            let key = hongyan_bulk::suppression::key(address);
            reading.people.iter().any(|person| hongyan_bulk::suppression::key(person) == key)
        };
        match row.iter().find(named) {
            Some(address) => vec![address.clone()],
            None if reading.proven || reading.kind == Kind::Complaint => {
                row.first().cloned().into_iter().collect()
            }
            None => reading.people.clone(),
        }
    }

    /// Whether an address may unsubscribe by saying so: it is the row's, or a recipient of the campaign that was named.
    fn is_listed(&self, address: &str, row: &[String]) -> Result<bool, Trouble> {
        let key = hongyan_bulk::suppression::key(address);
        if row.iter().any(|known| hongyan_bulk::suppression::key(known) == key) {
            return Ok(true);
        }
        self.letters.as_ref().map_or(Ok(false), |letters| letters.lists(address))
    }
}

/// Who was written to: the row's recipient that the report names, or its only one, where mail is forwarded.
fn written_to(report: &Report, row: &[String]) -> String {
    let keys = [report.sent_to(), &report.address].map(hongyan_bulk::suppression::key);
    let named = row.iter().find(|address| keys.contains(&hongyan_bulk::suppression::key(address)));
    match (named, row) {
        (Some(address), _) => address.clone(),
        (None, [only]) if report.action == Action::Failed && report.reason != Reason::Undetermined => {
            only.clone()
        }
        _ => report.sent_to().to_owned(),
    }
}
