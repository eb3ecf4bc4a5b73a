//! SEARCH (RFC 9051 §6.4.4, RFC 4731, RFC 7162 §3.1.5): what needs no look into a message is decided here.

use encoding_rs::Encoding;
use imap_codec::imap_types::command::CommandBody;
use imap_codec::imap_types::core::{AString, Charset};
use imap_codec::imap_types::search::SearchKey;

use crate::faults::ImapPlace;
use crate::imap::UidSet;

use super::Server;
use super::line::Outcome;
use super::mailboxes::{Mailboxes, Meta, No, Place};
use super::selected::{Selected, Telling};
use super::set::{by_number, set_of};

/// What RETURN asks for (RFC 4731 §3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    min: bool,
    max: bool,
    all: bool,
    count: bool,
}

impl Wanted {
    pub(super) fn parse(options: &[String]) -> Option<Self> {
        let mut wanted = Self::default();
        for option in options {
            match option.as_str() {
                "MIN" => wanted.min = true,
                "MAX" => wanted.max = true,
                "ALL" => wanted.all = true,
                "COUNT" => wanted.count = true,
                _ => return None,
            }
        }
        wanted.all |= options.is_empty();
        Some(wanted)
    }
}

impl Server {
    pub(super) fn on_search(&mut self, tag: &str, body: CommandBody<'_>, wanted: Option<Wanted>) {
        let CommandBody::Search { charset, criteria, uid } = body else { return };
        let name = self.selected().unwrap_or_default().to_string();
        let Some(effect) = self.begin(tag, ImapPlace::Search, &name) else { return };
        let outcome = self.search(tag, charset.as_ref(), criteria.as_ref(), uid, wanted);
        let outcome = outcome.unwrap_or_else(|outcome| outcome);
        self.catch_up(Telling { expunges: uid, uids: uid, ..Telling::default() });
        self.settle(tag, effect, outcome);
    }

    fn search(
        &mut self,
        tag: &str,
        charset: Option<&Charset<'_>>,
        keys: &[SearchKey<'_>],
        uid: bool,
        wanted: Option<Wanted>,
    ) -> Result<Outcome, Outcome> {
        let charset = match charset {
            None => encoding_rs::UTF_8,
            Some(label) => Encoding::for_label(label.as_ref().as_bytes())
                .ok_or(No::new("BADCHARSET (UTF-8 US-ASCII GB18030 Big5)", "this charset is not known"))?,
        };
        let mod_seq = keys.iter().any(asks_for_mod_seq);
        if mod_seq && !self.config.offers("CONDSTORE") {
            return Err(Outcome::bad("CONDSTORE is not offered"));
        }
        if mod_seq {
            self.enable_condstore();
        }
        let (Some(selected), Some(mailboxes)) = (&self.selected, &mut self.mailboxes) else {
            return Err(No::local().into());
        };
        let mut search = Search { selected, mailboxes: mailboxes.as_mut(), charset };
        let keys: Vec<_> = keys.iter().map(|key| search.prepared(key)).collect::<Result<_, _>>()?;
        let mut found: Vec<usize> = Vec::new();
        for index in 0..selected.view.messages.len() {
            match search.all_fit(&keys, index) {
                Ok(true) => found.push(index),
                Ok(false) => {}
                // It went while it was looked for.
                Err(no) if no.code == No::gone().code => {}
                Err(no) => return Err(no.into()),
            }
        }
        let messages = &selected.view.messages;
        let number = |index: usize| if uid { messages[index].uid } else { index as u32 + 1 };
        let numbers: Vec<u32> = found.iter().map(|&index| number(index)).collect();
        // RFC 7162 §3.1.10: of those that are named.
        let ends = [found.first(), found.last()];
        let named: Vec<usize> = match wanted {
            Some(Wanted { min, max, all: false, count: false }) if min || max => ends
                .into_iter()
                .zip([min, max])
                .filter_map(|(end, wanted)| end.copied().filter(|_| wanted))
                .collect(),
            _ => found,
        };
        let highest = named.iter().map(|&index| messages[index].mod_seq).max().filter(|_| mod_seq);
        let line = match wanted {
            None => plain(&numbers, highest),
            Some(wanted) => extended(tag, &numbers, uid, wanted, highest),
        };
        self.untagged(format_args!("{line}"));
        Ok(Outcome::done("that is all"))
    }
}

/// `SEARCH 2 84 882`
fn plain(numbers: &[u32], highest: Option<u64>) -> String {
    use std::fmt::Write;
    let mut line = String::from("SEARCH");
    for number in numbers {
        // Writing to a String cannot fail.
        let _ = write!(line, " {number}");
    }
    if let Some(highest) = highest {
        let _ = write!(line, " (MODSEQ {highest})");
    }
    line
}

/// `ESEARCH (TAG "a1") UID MIN 2 COUNT 3`
fn extended(tag: &str, numbers: &[u32], uid: bool, wanted: Wanted, highest: Option<u64>) -> String {
    let mut line = format!("ESEARCH (TAG \"{tag}\"){}", if uid { " UID" } else { "" });
    if let (Some(first), Some(last)) = (numbers.first(), numbers.last()) {
        if wanted.min {
            line.push_str(&format!(" MIN {first}"));
        }
        if wanted.max {
            line.push_str(&format!(" MAX {last}"));
        }
        if wanted.all {
            let all: UidSet = numbers.iter().copied().collect();
            line.push_str(&format!(" ALL {all}"));
        }
    }
    if wanted.count {
        line.push_str(&format!(" COUNT {}", numbers.len()));
    }
    if let Some(highest) = highest {
        line.push_str(&format!(" MODSEQ {highest}"));
    }
    line
}

fn asks_for_mod_seq(key: &SearchKey<'_>) -> bool {
    match key {
        SearchKey::ModSequence { .. } => true,
        SearchKey::Not(key) => asks_for_mod_seq(key),
        SearchKey::Or(a, b) => asks_for_mod_seq(a) || asks_for_mod_seq(b),
        SearchKey::And(keys) => keys.as_ref().iter().any(asks_for_mod_seq),
        _ => false,
    }
}

/// A key as it is held against messages.
enum Key {
    All,
    Not(Box<Key>),
    And(Vec<Key>),
    Or(Box<Key>, Box<Key>),
    /// Of what is known of a message without opening it.
    Meta(Box<dyn Fn(&Meta) -> bool>),
    Recent,
    Numbers(Vec<std::ops::Range<usize>>),
    Text(Place, String),
    /// The day of its Date field: before, on, or from that on.
    Sent(std::cmp::Ordering, i64),
}

struct Search<'a> {
    selected: &'a Selected,
    mailboxes: &'a mut dyn Mailboxes,
    charset: &'static Encoding,
}

impl Search<'_> {
    fn text(&self, text: &AString<'_>) -> String {
        self.charset.decode_without_bom_handling(text.as_ref()).0.into_owned()
    }

    fn field(&self, name: &str, text: &AString<'_>) -> Key {
        Key::Text(Place::Field(name.into()), self.text(text))
    }

    fn prepared(&self, key: &SearchKey<'_>) -> Result<Key, Outcome> {
        use std::cmp::Ordering;
        let flag = |fits: fn(&crate::imap::Flags) -> bool| Key::Meta(Box::new(move |meta| fits(&meta.flags)));
        let not = |key: Key| Key::Not(Box::new(key));
        let day =
            |date: &imap_codec::imap_types::datetime::NaiveDate| i64::from(date.as_ref().to_epoch_days());
        let keyword = |name: String| Key::Meta(Box::new(move |meta: &Meta| has_keyword(meta, &name)));
        Ok(match key {
            SearchKey::All => Key::All,
            SearchKey::And(keys) => {
                Key::And(keys.as_ref().iter().map(|key| self.prepared(key)).collect::<Result<_, _>>()?)
            }
            SearchKey::Not(key) => not(self.prepared(key)?),
            SearchKey::Or(a, b) => Key::Or(Box::new(self.prepared(a)?), Box::new(self.prepared(b)?)),
            SearchKey::SequenceSet(set) => {
                let found = by_number(&self.selected.view.messages, &set_of(set));
                Key::Numbers(found.ok_or_else(|| Outcome::bad("there is no message of that number"))?)
            }
            SearchKey::Uid(set) => {
                let found = super::set::by_uid(&self.selected.view.messages, &set_of(set));
                Key::Numbers(found)
            }
            SearchKey::Answered => flag(|flags| flags.answered),
            SearchKey::Deleted => flag(|flags| flags.deleted),
            SearchKey::Draft => flag(|flags| flags.draft),
            SearchKey::Flagged => flag(|flags| flags.flagged),
            SearchKey::Seen => flag(|flags| flags.seen),
            SearchKey::Unanswered => flag(|flags| !flags.answered),
            SearchKey::Undeleted => flag(|flags| !flags.deleted),
            SearchKey::Undraft => flag(|flags| !flags.draft),
            SearchKey::Unflagged => flag(|flags| !flags.flagged),
            SearchKey::Unseen => flag(|flags| !flags.seen),
            SearchKey::Recent => Key::Recent,
            SearchKey::Old => not(Key::Recent),
            SearchKey::New => Key::And(vec![Key::Recent, flag(|flags| !flags.seen)]),
            SearchKey::Keyword(name) => keyword(name.as_ref().to_string()),
            SearchKey::Unkeyword(name) => not(keyword(name.as_ref().to_string())),
            SearchKey::Larger(octets) => {
                let octets = u64::from(*octets);
                Key::Meta(Box::new(move |meta| meta.size > octets))
            }
            SearchKey::Smaller(octets) => {
                let octets = u64::from(*octets);
                Key::Meta(Box::new(move |meta| meta.size < octets))
            }
            SearchKey::Before(date) => {
                let day = day(date);
                Key::Meta(Box::new(move |meta| meta.internal_date.day() < day))
            }
            SearchKey::On(date) => {
                let day = day(date);
                Key::Meta(Box::new(move |meta| meta.internal_date.day() == day))
            }
            SearchKey::Since(date) => {
                let day = day(date);
                Key::Meta(Box::new(move |meta| meta.internal_date.day() >= day))
            }
            SearchKey::SentBefore(date) => Key::Sent(Ordering::Less, day(date)),
            SearchKey::SentOn(date) => Key::Sent(Ordering::Equal, day(date)),
            SearchKey::SentSince(date) => Key::Sent(Ordering::Greater, day(date)),
            SearchKey::ModSequence { modseq, .. } => {
                let least = *modseq;
                Key::Meta(Box::new(move |meta| meta.mod_seq >= least))
            }
            SearchKey::Bcc(text) => self.field("Bcc", text),
            SearchKey::Cc(text) => self.field("Cc", text),
            SearchKey::From(text) => self.field("From", text),
            SearchKey::Subject(text) => self.field("Subject", text),
            SearchKey::To(text) => self.field("To", text),
            SearchKey::Header(name, text) => {
                let name = String::from_utf8_lossy(name.as_ref()).into_owned();
                Key::Text(Place::Field(name), self.text(text))
            }
            SearchKey::Body(text) => Key::Text(Place::Body, self.text(text)),
            SearchKey::Text(text) => Key::Text(Place::Everywhere, self.text(text)),
        })
    }

    fn all_fit(&mut self, keys: &[Key], index: usize) -> Result<bool, No> {
        for key in keys {
            if !self.fits(key, index)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn fits(&mut self, key: &Key, index: usize) -> Result<bool, No> {
        let meta = &self.selected.view.messages[index];
        let (name, uid) = (self.selected.name.as_str(), meta.uid);
        Ok(match key {
            Key::All => true,
            Key::Not(key) => !self.fits(key, index)?,
            Key::And(keys) => self.all_fit(keys, index)?,
            Key::Or(a, b) => self.fits(a, index)? || self.fits(b, index)?,
            Key::Meta(fits) => fits(meta),
            Key::Recent => self.selected.recent.contains(uid),
            Key::Numbers(ranges) => {
                let at = ranges.partition_point(|range| range.end <= index);
                ranges.get(at).is_some_and(|range| range.contains(&index))
            }
            Key::Text(place, text) => self.mailboxes.contains(name, uid, place, text)?,
            Key::Sent(order, day) => match self.mailboxes.sent(name, uid)? {
                None => false,
                Some(sent) => sent.cmp(day) == *order || (order.is_gt() && sent == *day),
            },
        })
    }
}

fn has_keyword(meta: &Meta, name: &str) -> bool {
    meta.flags.keywords.iter().any(|keyword| keyword.eq_ignore_ascii_case(name))
}
