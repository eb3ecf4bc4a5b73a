//! The mailbox that a client has selected: what it has been told of it, and what is new.

use std::sync::Arc;

use crate::imap::{Flags, UidSet};

use super::line::runs;
use super::mailboxes::{Meta, Snapshot};
use super::session::Session;

/// A selected mailbox.
#[derive(Clone, Debug)]
pub(super) struct Selected {
    pub(super) name: String,
    /// EXAMINE.
    pub(super) read_only: bool,
    /// What the client knows: sequence numbers are indexes here, and one more.
    pub(super) view: Arc<Snapshot>,
    /// What this session was the first to be told of.
    pub(super) recent: UidSet,
    /// Keywords that FLAGS has named.
    keywords: Vec<String>,
}

/// What is said of news.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Telling<'a> {
    /// Removed messages can be told of now.
    pub(super) expunges: bool,
    /// The messages of a STORE, ascending.
    pub(super) mine: &'a [u32],
    /// The STORE was a silent one.
    pub(super) silent: bool,
    /// UIDs are told with flags.
    pub(super) uids: bool,
}

/// How two states of a mailbox differ.
#[derive(Debug, Default, PartialEq, Eq)]
struct Difference {
    /// Indexes of what was and is not.
    removed: Vec<usize>,
    /// What is new.
    added: usize,
    /// What is known, and was changed.
    changed: Vec<u32>,
}

impl Selected {
    pub(super) fn new(name: String, read_only: bool, view: Arc<Snapshot>) -> Self {
        Self { name, read_only, view, recent: UidSet::new(), keywords: Vec::new() }
    }

    /// Messages from this UID on are recent here.
    pub(super) fn add_recent(&mut self, from: u32) {
        if let Some(to) = self.view.messages.last().map(|meta| meta.uid).filter(|&to| from <= to) {
            self.recent.insert_range(from.max(1)..=to);
        }
    }

    pub(super) fn index(&self, uid: u32) -> Option<usize> {
        self.view.messages.binary_search_by_key(&uid, |meta| meta.uid).ok()
    }

    /// How many are recent.
    pub(super) fn recents(&self) -> usize {
        self.view.messages.iter().filter(|meta| self.recent.contains(meta.uid)).count()
    }

    /// `(\Seen \Recent)`
    pub(super) fn flags(&self, meta: &Meta) -> String {
        let flags = Flags { recent: self.recent.contains(meta.uid), ..meta.flags.clone() };
        flags.to_string()
    }

    /// The untagged FLAGS, where it has to name keywords that it did not name before (or `always`).
    pub(super) fn tell_keywords(&mut self, out: &mut Vec<u8>, always: bool) {
        let before = self.keywords.len();
        for meta in &self.view.messages {
            for keyword in &meta.flags.keywords {
                if !self.keywords.iter().any(|known| known.eq_ignore_ascii_case(keyword)) {
                    self.keywords.push(keyword.clone());
                }
            }
        }
        if always || self.keywords.len() > before {
            say(out, format_args!("FLAGS ({})", self.known_flags()));
        }
    }

    /// All flags that are known here.
    pub(super) fn known_flags(&self) -> String {
        let mut all = String::from("\\Answered \\Flagged \\Deleted \\Seen \\Draft");
        for keyword in &self.keywords {
            all.push(' ');
            all.push_str(keyword);
        }
        all
    }

    /// Takes in how the mailbox stands, and tells the client; whether messages were added.
    pub(super) fn catch_up(
        &mut self,
        out: &mut Vec<u8>,
        now: Arc<Snapshot>,
        session: &Session,
        telling: Telling<'_>,
    ) -> bool {
        if Arc::ptr_eq(&self.view, &now) && telling.mine.is_empty() {
            return false;
        }
        let difference = difference(&self.view, &now);
        let removed: Vec<_> = difference.removed.iter().map(|&index| self.view.messages[index].uid).collect();
        if telling.expunges || removed.is_empty() {
            self.view = now;
            tell_removed(out, &difference.removed, &removed, session);
        } else {
            // They keep their numbers until they can be told of.
            let mut kept: Vec<Meta> =
                difference.removed.iter().map(|&index| self.view.messages[index].clone()).collect();
            kept.extend_from_slice(&now.messages);
            kept.sort_by_key(|meta| meta.uid);
            self.view = Arc::new(Snapshot { messages: kept, ..(*now).clone() });
        }
        self.tell_keywords(out, false);
        if difference.added > 0 {
            say(out, format_args!("{} EXISTS", self.view.messages.len()));
        }
        self.tell_flags(out, difference.changed, session, telling);
        difference.added > 0
    }

    fn tell_flags(&self, out: &mut Vec<u8>, changed: Vec<u32>, session: &Session, telling: Telling<'_>) {
        let mut uids = changed.clone();
        if !telling.silent {
            uids.extend_from_slice(telling.mine);
            uids.sort_unstable();
            uids.dedup();
        }
        for uid in uids {
            let Some(index) = self.index(uid) else { continue };
            let meta = &self.view.messages[index];
            let mine = telling.mine.binary_search(&uid).is_ok();
            let mut items = Vec::new();
            if telling.uids || session.condstore {
                items.push(format!("UID {uid}"));
            }
            if session.condstore {
                items.push(format!("MODSEQ ({})", meta.mod_seq));
            }
            if !(mine && telling.silent) {
                items.push(format!("FLAGS {}", self.flags(meta)));
            }
            if mine && telling.silent && !session.condstore {
                continue;
            }
            say(out, format_args!("{} FETCH ({})", index + 1, items.join(" ")));
        }
    }
}

fn tell_removed(out: &mut Vec<u8>, indexes: &[usize], uids: &[u32], session: &Session) {
    if session.qresync && !uids.is_empty() {
        say(out, format_args!("VANISHED {}", runs(uids.iter().copied())));
        return;
    }
    for (before, index) in indexes.iter().enumerate() {
        say(out, format_args!("{} EXPUNGE", index + 1 - before));
    }
}

fn difference(old: &Snapshot, new: &Snapshot) -> Difference {
    let mut difference = Difference::default();
    let mut now = new.messages.iter().peekable();
    for (index, was) in old.messages.iter().enumerate() {
        while now.next_if(|meta| meta.uid < was.uid).is_some() {
            difference.added += 1;
        }
        match now.next_if(|meta| meta.uid == was.uid) {
            None => difference.removed.push(index),
            Some(is) if is.mod_seq != was.mod_seq || is.flags != was.flags => {
                difference.changed.push(is.uid);
            }
            Some(_) => {}
        }
    }
    difference.added += now.count();
    difference
}

/// An untagged line.
pub(super) fn say(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    use std::io::Write;
    // Writing to a Vec cannot fail.
    let _ = write!(out, "* {text}\r\n");
}
