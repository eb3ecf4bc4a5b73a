//! STORE, COPY, MOVE and EXPUNGE (RFC 9051 §6.4, RFC 4315, RFC 6851, RFC 7162 §3.1.3).

use std::ops::Range;

use imap_codec::imap_types::command::StoreModifier;
use imap_codec::imap_types::flag::{Flag, StoreType};
use imap_codec::imap_types::mailbox::Mailbox;
use imap_codec::imap_types::sequence::SequenceSet;

use crate::faults::ImapPlace;
use crate::imap::{Flags, UidSet};

use super::Server;
use super::line::{Outcome, runs};
use super::mailboxes::{Change, No, Transfer};
use super::managing::subject;
use super::select::{highest, modified};
use super::selected::Telling;
use super::set::{by_number, by_uid, set_of};

/// What a STORE asks for.
pub(super) fn change(kind: &StoreType, flags: &[Flag<'_>]) -> Change {
    let mut wanted = Flags::default();
    // RFC 9051 §9: no other flags with a backslash than those that the standard names.
    for flag in flags.iter().filter(|flag| !matches!(flag, Flag::Extension(_))) {
        wanted.insert(&flag.to_string());
    }
    // It belongs to a session, and nobody can set it.
    wanted.recent = false;
    match kind {
        StoreType::Replace => Change::Replace(wanted),
        StoreType::Add => Change::Add(wanted),
        StoreType::Remove => Change::Remove(wanted),
    }
}

impl Server {
    /// The messages that a set names, as ranges of indexes.
    pub(super) fn messages(&self, set: &SequenceSet, uid: bool) -> Result<Vec<Range<usize>>, Outcome> {
        let Some(selected) = &self.selected else { return Err(Outcome::bad("select a mailbox first")) };
        let (messages, set) = (&selected.view.messages, set_of(set));
        if uid {
            return Ok(by_uid(messages, &set));
        }
        by_number(messages, &set).ok_or_else(|| Outcome::bad("there is no message of that number"))
    }

    /// The UIDs that a set names, ascending.
    fn uids(&self, set: &SequenceSet, uid: bool) -> Result<Vec<u32>, Outcome> {
        let ranges = self.messages(set, uid)?;
        let messages = self.selected.as_ref().map_or(&[][..], |selected| &selected.view.messages[..]);
        Ok(ranges.into_iter().flatten().map(|index| messages[index].uid).collect())
    }

    fn writable(&self) -> Result<String, Outcome> {
        match &self.selected {
            Some(selected) if !selected.read_only => Ok(selected.name.clone()),
            _ => Err(No::new("READ-ONLY", "the mailbox was opened to read only").into()),
        }
    }

    pub(super) fn on_store(
        &mut self,
        tag: &str,
        set: &SequenceSet,
        change: Change,
        silent: bool,
        uid: bool,
        modifiers: &[StoreModifier],
    ) {
        let name = self.selected().unwrap_or_default().to_string();
        let Some(effect) = self.begin(tag, ImapPlace::Store, &name) else { return };
        let outcome = self.store(set, &change, silent, uid, modifiers);
        self.settle(tag, effect, outcome.unwrap_or_else(|outcome| outcome));
    }

    fn store(
        &mut self,
        set: &SequenceSet,
        change: &Change,
        silent: bool,
        uid: bool,
        modifiers: &[StoreModifier],
    ) -> Result<Outcome, Outcome> {
        let mut unchanged_since = None;
        for StoreModifier::UnchangedSince(since) in modifiers {
            unchanged_since = Some(*since);
        }
        if unchanged_since.is_some() && !self.config.offers("CONDSTORE") {
            return Err(Outcome::bad("CONDSTORE is not offered"));
        }
        let uids = self.uids(set, uid)?;
        let name = self.writable()?;
        if unchanged_since.is_some() {
            self.enable_condstore();
        }
        let refused =
            self.with_mailboxes(|mailboxes| mailboxes.store(&name, &uids, change, unchanged_since))?;
        let untouched: UidSet = refused.iter().copied().collect();
        let mine: Vec<u32> = uids.iter().copied().filter(|uid| !untouched.contains(*uid)).collect();
        self.catch_up(Telling { expunges: uid, mine: &mine, silent, uids: uid });
        let Some(selected) = &self.selected else { return Ok(Outcome::done("stored")) };
        let numbers: Vec<u32> = if uid {
            refused
        } else {
            refused.iter().filter_map(|&uid| selected.index(uid)).map(|index| index as u32 + 1).collect()
        };
        // RFC 7162 §3.1.3: what was not changed is named, and that is no failure.
        Ok(match modified(&numbers) {
            Some(code) => Outcome::Done(format!("{code}the rest was changed")),
            None => Outcome::done("changed"),
        })
    }

    pub(super) fn on_transfer(
        &mut self,
        tag: &str,
        set: &SequenceSet,
        target: &Mailbox<'_>,
        uid: bool,
        how: Transfer,
    ) {
        let target = self.mailbox(target);
        let place = if how == Transfer::Copy { ImapPlace::Copy } else { ImapPlace::Move };
        let Some(effect) = self.begin(tag, place, subject(&target)) else { return };
        let outcome = target.and_then(|target| self.transfer(set, &target, uid, how));
        self.settle(tag, effect, outcome.unwrap_or_else(|outcome| outcome));
    }

    fn transfer(
        &mut self,
        set: &SequenceSet,
        target: &str,
        uid: bool,
        how: Transfer,
    ) -> Result<Outcome, Outcome> {
        let uids = self.uids(set, uid)?;
        let name = match how {
            Transfer::Copy => self.selected().unwrap_or_default().to_string(),
            Transfer::Move => self.writable()?,
        };
        if uids.is_empty() {
            return Ok(Outcome::done("there was nothing to take"));
        }
        let done = self.with_mailboxes(|mailboxes| mailboxes.transfer(&name, &uids, target, how))?;
        let from = runs(done.uids.iter().map(|pair| pair.0));
        let to = runs(done.uids.iter().map(|pair| pair.1));
        let told = self.config.offers("UIDPLUS") && !done.uids.is_empty();
        let code = if told { format!("[COPYUID {} {from} {to}] ", done.uid_validity) } else { String::new() };
        if how == Transfer::Copy {
            self.catch_up(Telling { expunges: uid, uids: uid, ..Telling::default() });
            return Ok(Outcome::Done(format!("{code}copied")));
        }
        // RFC 6851 §4.3: before the messages go.
        if told {
            self.untagged(format_args!("OK {code}moved"));
        }
        self.catch_up_all();
        Ok(Outcome::Done(format!("{}moved", highest(self))))
    }

    pub(super) fn on_expunge(&mut self, tag: &str, only: Option<&SequenceSet>) {
        let name = self.selected().unwrap_or_default().to_string();
        let Some(effect) = self.begin(tag, ImapPlace::Expunge, &name) else { return };
        let outcome = self.expunge(only);
        self.settle(tag, effect, outcome.unwrap_or_else(|outcome| outcome));
    }

    fn expunge(&mut self, only: Option<&SequenceSet>) -> Result<Outcome, Outcome> {
        let name = self.writable()?;
        // What others have marked in the meantime counts.
        self.catch_up_all();
        let Some(selected) = &self.selected else { return Ok(Outcome::done("gone")) };
        let messages = &selected.view.messages;
        let ranges = by_uid(messages, &only.map_or(UidSet::starting_at(1), set_of));
        let deleted = ranges.into_iter().flatten().filter(|&index| messages[index].flags.deleted);
        let uids: Vec<_> = deleted.map(|index| messages[index].uid).collect();
        if !uids.is_empty() {
            self.with_mailboxes(|mailboxes| mailboxes.expunge(&name, &uids))?;
            self.catch_up_all();
        }
        Ok(Outcome::Done(format!("{}removed", highest(self))))
    }
}
