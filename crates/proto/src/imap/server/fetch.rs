//! FETCH (RFC 9051 §6.4.5): message after message, made as the link takes them.

use std::ops::Range;
use std::time::Duration;

use imap_codec::imap_types::command::FetchModifier;
use imap_codec::imap_types::fetch::{MacroOrMessageDataItemNames, MessageDataItemName};
use imap_codec::imap_types::sequence::SequenceSet;

use crate::faults::ImapPlace;
use crate::imap::{Flags, UidSet};
use crate::machine::{Coding, Outgoing};

use super::fetch_item::Item;
use super::line::Outcome;
use super::mailboxes::{Change, Mailboxes, No, Piece};
use super::render;
use super::select::never_there;
use super::selected::{Selected, Telling};
use super::set::set_of;
use super::{Effect, Server};

/// The longest time that the link may take no octet of a message.
const STALL: Duration = Duration::from_secs(3 * 60);
/// So many messages are marked as read at a time, before the first of them is sent.
const MARKED_AT_ONCE: usize = 64;

/// A FETCH that goes on.
#[derive(Debug)]
pub(super) struct Fetch {
    tag: String,
    effect: Effect,
    uid: bool,
    items: Vec<Item>,
    /// Indexes of what is to come, in reverse.
    left: Vec<Range<usize>>,
    /// Only those changed since.
    since: Option<u64>,
    /// Reading marks as read.
    marks: bool,
    /// Below this index they have been marked, and told of with these.
    marked: usize,
    newly_seen: UidSet,
    /// Some were gone.
    gone: bool,
}

/// A piece of an answer.
enum Part {
    Octets(Vec<u8>),
    Content(Outgoing),
}

impl Server {
    pub(super) fn on_fetch(
        &mut self,
        tag: &str,
        set: &SequenceSet,
        names: &MacroOrMessageDataItemNames<'_>,
        uid: bool,
        modifiers: &[FetchModifier],
    ) {
        let name = self.selected().unwrap_or_default().to_string();
        let Some(effect) = self.begin(tag, ImapPlace::Fetch, &name) else { return };
        match self.prepare(set, names, uid, modifiers) {
            Ok(fetch) => self.fetch = Some(Fetch { tag: tag.to_string(), effect, ..fetch }),
            Err(outcome) => {
                self.settle(tag, effect, outcome);
            }
        }
    }

    fn prepare(
        &mut self,
        set: &SequenceSet,
        names: &MacroOrMessageDataItemNames<'_>,
        uid: bool,
        modifiers: &[FetchModifier],
    ) -> Result<Fetch, Outcome> {
        let names: Vec<MessageDataItemName<'_>> = match names {
            MacroOrMessageDataItemNames::Macro(names) => names.expand(),
            MacroOrMessageDataItemNames::MessageDataItemNames(names) => names.clone(),
        };
        let mut items: Vec<Item> =
            names.iter().map(Item::of).collect::<Result<_, _>>().map_err(Outcome::bad)?;
        if items.is_empty() {
            return Err(Outcome::bad("FETCH takes items such as FLAGS or BODY[]"));
        }
        let (mut since, mut vanished) = (None, false);
        for modifier in modifiers {
            match modifier {
                FetchModifier::ChangedSince(mod_seq) => since = Some(mod_seq.get()),
                FetchModifier::Vanished => vanished = true,
            }
        }
        // RFC 7162 §3.2.6.
        if vanished && !(uid && self.session.qresync && since.is_some()) {
            return Err(Outcome::bad("VANISHED goes with UID FETCH, CHANGEDSINCE and ENABLE QRESYNC"));
        }
        let condstore = since.is_some() || items.contains(&Item::ModSeq);
        if condstore && !self.config.offers("CONDSTORE") {
            return Err(Outcome::bad("CONDSTORE is not offered"));
        }
        let mut left = self.messages(set, uid)?;
        left.reverse();
        if condstore {
            self.enable_condstore();
        }
        if since.is_some() && !items.contains(&Item::ModSeq) {
            items.push(Item::ModSeq);
        }
        if uid && !items.contains(&Item::Uid) {
            items.insert(0, Item::Uid);
        }
        if let (true, Some(since)) = (vanished, since) {
            self.tell_vanished(&set_of(set), since)?;
        }
        let read_only = self.selected.as_ref().is_none_or(|selected| selected.read_only);
        let marks = !read_only && items.iter().any(Item::marks);
        let (tag, effect) = (String::new(), Effect::default());
        let newly_seen = UidSet::new();
        Ok(Fetch { tag, effect, uid, items, left, since, marks, marked: 0, newly_seen, gone: false })
    }

    fn tell_vanished(&mut self, asked_for: &UidSet, since: u64) -> Result<(), No> {
        let Some(selected) = &self.selected else { return Ok(()) };
        let (name, view) = (selected.name.clone(), selected.view.clone());
        let gone: UidSet = match self.with_mailboxes(|mailboxes| mailboxes.vanished(&name, since))? {
            Some(uids) => uids.into_iter().filter(|uid| asked_for.contains(*uid)).collect(),
            None => never_there(Some(asked_for), &view),
        };
        if !gone.is_empty() {
            self.untagged(format_args!("VANISHED (EARLIER) {gone}"));
        }
        Ok(())
    }

    /// The next message, or the answer.
    pub(super) fn go_on(&mut self, mut fetch: Fetch) {
        let Some(index) = fetch.next() else { return self.fetched(fetch, None) };
        let (Some(selected), Some(mailboxes)) = (&mut self.selected, &mut self.mailboxes) else {
            return self.fetched(fetch, Some(No::local()));
        };
        let meta = &selected.view.messages[index];
        if fetch.since.is_some_and(|since| meta.mod_seq <= since) {
            self.fetch = Some(fetch);
            return;
        }
        if let Err(no) = fetch.mark(selected, mailboxes.as_mut(), index) {
            return self.fetched(fetch, Some(no));
        }
        let utf8 = self.session.utf8;
        match fetch.message(selected, mailboxes.as_mut(), index, utf8) {
            Ok(parts) => {
                let name = selected.name.clone();
                self.say_parts(parts, &name);
                self.fetch = Some(fetch);
            }
            Err(no) if no.code == No::gone().code => {
                fetch.gone = true;
                self.fetch = Some(fetch);
            }
            Err(no) => self.fetched(fetch, Some(no)),
        }
    }

    fn say_parts(&mut self, parts: Vec<Part>, name: &str) {
        for part in parts {
            match part {
                Part::Octets(octets) => self.speech.octets().extend_from_slice(&octets),
                Part::Content(outgoing) => match self.cut(name) {
                    None => self.speech.send(outgoing),
                    Some(most) => {
                        let len = outgoing.len.min(most);
                        if len > 0 {
                            self.speech.send(Outgoing { len, coding: Coding::Exact(len), ..outgoing });
                        }
                        self.speech.close();
                    }
                },
            }
        }
    }

    fn fetched(&mut self, fetch: Fetch, no: Option<No>) {
        self.catch_up(Telling { expunges: fetch.uid, uids: fetch.uid, ..Telling::default() });
        let outcome = match no {
            Some(no) => no.into(),
            None if fetch.gone => No::new("EXPUNGEISSUED", "some of them are gone").into(),
            None => Outcome::done("that is all"),
        };
        self.settle(&fetch.tag, fetch.effect, outcome);
    }
}

impl Fetch {
    fn next(&mut self) -> Option<usize> {
        let range = self.left.last_mut()?;
        let index = range.start;
        range.start += 1;
        if range.start >= range.end {
            self.left.pop();
        }
        Some(index)
    }

    /// Marks this and the next messages as read, where that goes with it.
    fn mark(
        &mut self,
        selected: &mut Selected,
        mailboxes: &mut dyn Mailboxes,
        index: usize,
    ) -> Result<(), No> {
        if !self.marks || index < self.marked {
            return Ok(());
        }
        let messages = &selected.view.messages;
        let next = self.left.iter().rev().cloned().flatten();
        let group: Vec<usize> = std::iter::once(index).chain(next).take(MARKED_AT_ONCE).collect();
        let wanted = |index: &&usize| {
            let meta = &messages[**index];
            !meta.flags.seen && self.since.is_none_or(|since| meta.mod_seq > since)
        };
        let uids: Vec<u32> = group.iter().filter(wanted).map(|&index| messages[index].uid).collect();
        self.marked = group.last().map_or(index, |last| *last) + 1;
        if uids.is_empty() {
            return Ok(());
        }
        let seen = Change::Add(Flags::seen());
        mailboxes.store(&selected.name, &uids, &seen, None)?;
        let now = mailboxes.snapshot(&selected.name)?;
        let view = std::sync::Arc::make_mut(&mut selected.view);
        for uid in &uids {
            let known = view.messages.binary_search_by_key(uid, |meta| meta.uid);
            let new = now.messages.binary_search_by_key(uid, |meta| meta.uid);
            if let (Ok(known), Ok(new)) = (known, new) {
                view.messages[known] = now.messages[new].clone();
            }
        }
        self.newly_seen = uids.into_iter().collect();
        Ok(())
    }

    /// `* 12 FETCH (…)`
    fn message(
        &self,
        selected: &Selected,
        mailboxes: &mut dyn Mailboxes,
        index: usize,
        utf8: bool,
    ) -> Result<Vec<Part>, No> {
        let meta = &selected.view.messages[index];
        let (name, uid) = (selected.name.as_str(), meta.uid);
        let mut parts = Vec::new();
        let mut out = format!("* {} FETCH (", index + 1).into_bytes();
        for (i, item) in self.items.iter().enumerate() {
            if i > 0 {
                out.push(b' ');
            }
            match item {
                Item::Uid => out.extend_from_slice(format!("UID {uid}").as_bytes()),
                Item::Flags => out.extend_from_slice(format!("FLAGS {}", selected.flags(meta)).as_bytes()),
                Item::InternalDate => {
                    out.extend_from_slice(format!("INTERNALDATE \"{}\"", meta.internal_date).as_bytes());
                }
                Item::Size => out.extend_from_slice(format!("RFC822.SIZE {}", meta.size).as_bytes()),
                Item::ModSeq => out.extend_from_slice(format!("MODSEQ ({})", meta.mod_seq).as_bytes()),
                Item::Envelope => {
                    out.extend_from_slice(b"ENVELOPE ");
                    render::envelope(&mut out, &mailboxes.envelope(name, uid)?, utf8);
                }
                Item::Structure { extended } => {
                    out.extend_from_slice(if *extended { b"BODYSTRUCTURE " } else { b"BODY " });
                    render::structure(&mut out, &mailboxes.structure(name, uid)?, *extended, utf8);
                }
                Item::Section { label, section, partial, .. } => {
                    out.extend_from_slice(label);
                    out.push(b' ');
                    match mailboxes.section(name, uid, section)? {
                        Piece::Missing => out.extend_from_slice(b"NIL"),
                        Piece::Made(octets) => {
                            let (from, len) = within(*partial, octets.len() as u64);
                            // Both lie within the octets.
                            let octets = &octets[from as usize..(from + len) as usize];
                            out.extend_from_slice(format!("{{{len}}}\r\n").as_bytes());
                            out.extend_from_slice(octets);
                        }
                        Piece::Stored { ticket, offset, len } => {
                            let (from, len) = within(*partial, len);
                            out.extend_from_slice(format!("{{{len}}}\r\n").as_bytes());
                            if len > 0 {
                                parts.push(Part::Octets(std::mem::take(&mut out)));
                                let (offset, coding) = (offset + from, Coding::Exact(len));
                                let outgoing = Outgoing { ticket, offset, len, coding, stall: STALL };
                                parts.push(Part::Content(outgoing));
                            }
                        }
                    }
                }
            }
        }
        if self.newly_seen.contains(uid) && !self.items.contains(&Item::Flags) {
            out.extend_from_slice(format!(" FLAGS {}", selected.flags(meta)).as_bytes());
        }
        out.extend_from_slice(b")\r\n");
        parts.push(Part::Octets(out));
        Ok(parts)
    }
}

/// The part of so many octets that was asked for: where it begins, and its length.
fn within(partial: Option<(u64, u64)>, len: u64) -> (u64, u64) {
    match partial {
        None => (0, len),
        Some((from, most)) => {
            let from = from.min(len);
            (from, most.min(len - from))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_never_reaches_beyond_the_end() {
        for (partial, len, expected) in [
            (None, 10, (0, 10)),
            (Some((0, 5)), 10, (0, 5)),
            (Some((8, 5)), 10, (8, 2)),
            (Some((10, 5)), 10, (10, 0)),
            (Some((u64::MAX, u64::MAX)), 10, (10, 0)),
        ] {
            assert_eq!(within(partial, len), expected, "{partial:?}");
        }
    }
}
