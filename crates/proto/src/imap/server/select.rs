//! SELECT and EXAMINE with CONDSTORE and QRESYNC (RFC 9051 §6.3.2, RFC 7162), CLOSE and UNSELECT.

use imap_codec::imap_types::command::SelectParameter;
use imap_codec::imap_types::mailbox::Mailbox;

use crate::faults::ImapPlace;
use crate::imap::UidSet;

use super::Server;
use super::line::{Outcome, runs};
use super::mailboxes::No;
use super::managing::subject;
use super::selected::Selected;
use super::set::set_of;

/// What a client knows of a mailbox that it has seen before.
#[derive(Debug)]
struct Known {
    uid_validity: u32,
    mod_seq: u64,
    /// The UIDs that it holds; `None`: any.
    uids: Option<UidSet>,
}

impl Server {
    pub(super) fn on_select(
        &mut self,
        tag: &str,
        mailbox: &Mailbox<'_>,
        read_only: bool,
        parameters: &[SelectParameter],
    ) {
        let name = self.mailbox(mailbox);
        let Some(effect) = self.begin(tag, ImapPlace::Select, subject(&name)) else { return };
        if self.config.quirks.id_required && self.session.client.is_none() {
            // As 163.com says it: without a code.
            let text = "SELECT Unsafe Login. Please contact kefu@188.com for help".to_string();
            self.settle(tag, effect, No { code: None, text }.into());
            return;
        }
        let known = match self.parameters(parameters) {
            Ok(known) => known,
            Err(outcome) => {
                self.settle(tag, effect, outcome);
                return;
            }
        };
        if self.selected.take().is_some() && self.session.qresync {
            self.untagged(format_args!("OK [CLOSED] the one before is no longer selected"));
        }
        let outcome = name.and_then(|name| Ok(self.select(name, read_only, known)?));
        let outcome = outcome.unwrap_or_else(|outcome| outcome);
        if !self.settle(tag, effect, outcome) {
            self.selected = None;
        }
    }

    fn parameters(&mut self, parameters: &[SelectParameter]) -> Result<Option<Known>, Outcome> {
        let mut known = None;
        for parameter in parameters {
            match parameter {
                SelectParameter::CondStore if self.config.offers("CONDSTORE") => {
                    self.session.condstore = true
                }
                SelectParameter::QResync { uid_validity, mod_sequence_value, known_uids, .. }
                    if self.session.qresync =>
                {
                    known = Some(Known {
                        uid_validity: uid_validity.get(),
                        mod_seq: mod_sequence_value.get(),
                        uids: known_uids.as_ref().map(set_of),
                    });
                }
                SelectParameter::QResync { .. } => return Err(Outcome::bad("say ENABLE QRESYNC first")),
                SelectParameter::CondStore => return Err(Outcome::bad("CONDSTORE is not offered")),
            }
        }
        Ok(known)
    }

    fn select(&mut self, name: String, read_only: bool, known: Option<Known>) -> Result<Outcome, No> {
        let Some(mailboxes) = &mut self.mailboxes else { return Err(No::local()) };
        let snapshot = mailboxes.snapshot(&name)?;
        let vanished = match &known {
            Some(known) if known.uid_validity == snapshot.uid_validity => {
                Some(mailboxes.vanished(&name, known.mod_seq)?)
            }
            _ => None,
        };
        let mut selected = Selected::new(name, read_only, snapshot);
        let recent = match read_only {
            true => mailboxes.first_recent(&selected.name),
            false => mailboxes.claim_recent(&selected.name),
        };
        selected.add_recent(recent);
        selected.tell_keywords(self.speech.octets(), true);
        let snapshot = selected.view.clone();
        self.untagged(format_args!("{} EXISTS", snapshot.messages.len()));
        self.untagged(format_args!("{} RECENT", selected.recents()));
        if let Some(index) = snapshot.messages.iter().position(|meta| !meta.flags.seen) {
            self.untagged(format_args!("OK [UNSEEN {}] the first that was not read", index + 1));
        }
        let permanent = if read_only { String::new() } else { format!("{} \\*", selected.known_flags()) };
        self.untagged(format_args!("OK [PERMANENTFLAGS ({permanent})] can be changed"));
        self.untagged(format_args!("OK [UIDVALIDITY {}] for UIDs", snapshot.uid_validity));
        self.untagged(format_args!("OK [UIDNEXT {}] or more", snapshot.uid_next));
        if self.config.offers("CONDSTORE") {
            self.untagged(format_args!("OK [HIGHESTMODSEQ {}] of all", snapshot.highest_mod_seq));
        }
        if let (Some(known), Some(vanished)) = (known, vanished) {
            self.tell_missed(&selected, &known, vanished);
        }
        self.selected = Some(selected);
        let code = if read_only { "READ-ONLY" } else { "READ-WRITE" };
        Ok(Outcome::Done(format!("[{code}] selected")))
    }

    /// RFC 7162 §3.2.5: what went and what changed since the client was here.
    fn tell_missed(&mut self, selected: &Selected, known: &Known, vanished: Option<Vec<u32>>) {
        let view = &selected.view;
        let asked_for = |uid: &u32| known.uids.as_ref().is_none_or(|uids| uids.contains(*uid));
        let gone: UidSet = match vanished {
            Some(uids) => uids.into_iter().filter(asked_for).collect(),
            None => never_there(known.uids.as_ref(), view),
        };
        if !gone.is_empty() {
            self.untagged(format_args!("VANISHED (EARLIER) {gone}"));
        }
        for (index, meta) in view.messages.iter().enumerate() {
            if meta.mod_seq > known.mod_seq && asked_for(&meta.uid) {
                let flags = selected.flags(meta);
                self.untagged(format_args!(
                    "{} FETCH (UID {} FLAGS {flags} MODSEQ ({}))",
                    index + 1,
                    meta.uid,
                    meta.mod_seq
                ));
            }
        }
    }

    /// CLOSE removes what is marked as deleted and says nothing of it; UNSELECT does not.
    pub(super) fn on_close(&mut self, tag: &str, expunge: bool) {
        let name = self.selected().unwrap_or_default().to_string();
        let Some(effect) = self.begin(tag, ImapPlace::Close, &name) else { return };
        let outcome = match self.selected.take() {
            Some(selected) if expunge && !selected.read_only => {
                let deleted = selected.view.messages.iter().filter(|meta| meta.flags.deleted);
                let uids: Vec<_> = deleted.map(|meta| meta.uid).collect();
                let expunged = self.with_mailboxes(|mailboxes| mailboxes.expunge(&selected.name, &uids));
                expunged.map(|()| "closed".to_string())
            }
            _ => Ok("closed".to_string()),
        };
        self.settle(tag, effect, outcome.into());
    }
}

/// Every UID (of those asked for) that could have been given and is not there.
pub(super) fn never_there(asked_for: Option<&UidSet>, view: &super::mailboxes::Snapshot) -> UidSet {
    let last = view.uid_next.saturating_sub(1);
    let all: UidSet = match asked_for {
        None => [(1, last)].into_iter().filter(|_| last > 0).collect(),
        Some(set) => {
            let ranges = set.ranges().map(|range| (*range.start(), (*range.end()).min(last)));
            ranges.filter(|(from, to)| from <= to).collect()
        }
    };
    all.without(&view.messages.iter().map(|meta| meta.uid).collect())
}

/// `[HIGHESTMODSEQ n] ` for an answer, where the client wants it.
pub(super) fn highest(server: &Server) -> String {
    match &server.selected {
        Some(selected) if server.session.condstore => {
            format!("[HIGHESTMODSEQ {}] ", selected.view.highest_mod_seq)
        }
        _ => String::new(),
    }
}

/// A set of numbers, where there are any.
pub(super) fn modified(numbers: &[u32]) -> Option<String> {
    (!numbers.is_empty()).then(|| format!("[MODIFIED {}] ", runs(numbers.iter().copied())))
}
