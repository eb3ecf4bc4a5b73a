//! One mailbox: its mails by UID, what is gone from it, and the numbers that tell a client what it missed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use hongyan_proto::imap::Date;
use hongyan_proto::imap::Flags;
use hongyan_proto::imap::server::mailboxes::{Meta, Snapshot, SpecialUse};
use tokio::sync::watch;

/// Mails gone from a mailbox that are remembered one by one; of older ones it is known only that their UIDs
/// are not there.
pub const MOST_GONE: usize = 100_000;

/// The mailboxes that every user has beside INBOX.
pub(super) const SPECIAL: [(&str, SpecialUse); 5] = [
    ("Sent", SpecialUse::Sent),
    ("Drafts", SpecialUse::Drafts),
    ("Trash", SpecialUse::Trash),
    ("Junk", SpecialUse::Junk),
    ("Archive", SpecialUse::Archive),
];

/// A mail in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its number in the mailbox, never given again under the same UIDVALIDITY.
    pub uid: u32,
    /// Its number in the store.
    pub id: u64,
    /// Its octets.
    pub size: u64,
    /// How many octets longer it is as lines, for POP3: bare CR and LF count, and a last line without an end.
    pub more_as_lines: u64,
    /// When it came.
    pub date: Date,
    /// Its flags.
    pub flags: Flags,
    /// The mailbox's modification sequence when the mail last changed (RFC 7162).
    pub mod_seq: u64,
    /// What UIDL says of it in POP3, where that was set to something else than is usual.
    pub unique_id: Option<Box<str>>,
}

#[derive(Debug)]
pub(crate) struct Mailbox {
    pub(crate) user: String,
    pub(crate) name: String,
    pub(crate) special_use: Option<SpecialUse>,
    pub(crate) uid_validity: u32,
    pub(crate) uid_next: u32,
    pub(crate) highest_mod_seq: u64,
    /// The lowest UID that no IMAP session was told of.
    pub(crate) recent: u32,
    /// By UID.
    mails: BTreeMap<u32, Mail>,
    /// What is gone and when, ascending by modification sequence.
    gone: VecDeque<(u64, u32)>,
    /// What is gone up to this modification sequence is not remembered one by one any more.
    forgotten: u64,
    /// As it was asked for last, unless it changed.
    snapshot: Option<Arc<Snapshot>>,
    /// Told of every change: its user's, who hears of all mailboxes.
    changed: watch::Sender<()>,
}

impl Mailbox {
    pub(super) fn new(
        user: String,
        name: String,
        special_use: Option<SpecialUse>,
        uid_validity: u32,
        changed: watch::Sender<()>,
    ) -> Self {
        Self {
            user,
            name,
            special_use,
            uid_validity,
            uid_next: 1,
            highest_mod_seq: 1,
            recent: 1,
            mails: BTreeMap::new(),
            gone: VecDeque::new(),
            forgotten: 0,
            snapshot: None,
            changed,
        }
    }

    /// Ascending by UID.
    pub(crate) fn mails(&self) -> impl Iterator<Item = &Mail> {
        self.mails.values()
    }

    pub(crate) fn get(&self, uid: u32) -> Option<&Mail> {
        self.mails.get(&uid)
    }

    pub(crate) fn snapshot(&mut self) -> Arc<Snapshot> {
        let meta = |mail: &Mail| Meta {
            uid: mail.uid,
            size: mail.size,
            internal_date: mail.date,
            mod_seq: mail.mod_seq,
            flags: mail.flags.clone(),
        };
        let Self { snapshot, mails, .. } = self;
        let made = snapshot.get_or_insert_with(|| {
            Arc::new(Snapshot {
                uid_validity: self.uid_validity,
                uid_next: self.uid_next,
                highest_mod_seq: self.highest_mod_seq,
                messages: mails.values().map(meta).collect(),
            })
        });
        made.clone()
    }

    pub(super) fn add(&mut self, mail: Mail) {
        self.touch(mail.mod_seq);
        self.uid_next = self.uid_next.max(mail.uid.saturating_add(1));
        self.mails.insert(mail.uid, mail);
    }

    pub(super) fn change(&mut self, uid: u32, flags: Flags, mod_seq: u64) {
        self.touch(mod_seq);
        if let Some(mail) = self.mails.get_mut(&uid) {
            mail.flags = flags;
            mail.mod_seq = mod_seq;
        }
    }

    pub(super) fn set_unique_id(&mut self, uid: u32, unique_id: Option<Box<str>>) {
        self.touch(0);
        if let Some(mail) = self.mails.get_mut(&uid) {
            mail.unique_id = unique_id;
        }
    }

    /// Takes mails out; those that were there. What was not there counts as gone all the same.
    pub(super) fn remove(&mut self, uids: &[u32], mod_seq: u64) -> Vec<Mail> {
        self.touch(mod_seq);
        let mut removed = Vec::new();
        for uid in uids {
            removed.extend(self.mails.remove(uid));
            self.uid_next = self.uid_next.max(uid.saturating_add(1));
            self.gone.push_back((mod_seq, *uid));
        }
        while self.gone.len() > MOST_GONE {
            self.forgotten = self.gone.pop_front().map_or(self.forgotten, |(when, _)| when);
        }
        removed
    }

    /// What is gone and when, as far as it is remembered.
    pub(super) fn gone(&self) -> impl Iterator<Item = (u64, u32)> {
        self.gone.iter().copied()
    }

    /// How many things are known of it.
    pub(super) fn remembered(&self) -> usize {
        self.mails.len() + self.gone.len()
    }

    /// What is gone up to this modification sequence is remembered no more.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    pub(super) fn forget(&mut self, up_to: u64) {
        self.forgotten = up_to;
    }

    /// The UIDs that are gone since a modification sequence, ascending; `None` where that is too long ago.
    pub(crate) fn gone_since(&self, mod_seq: u64) -> Option<Vec<u32>> {
        if mod_seq < self.forgotten {
            return None;
        }
        let begin = self.gone.partition_point(|(when, _)| *when <= mod_seq);
        let uids: BTreeSet<u32> = self.gone.range(begin..).map(|(_, uid)| *uid).collect();
        Some(uids.into_iter().collect())
    }

    /// Begins anew under another UIDVALIDITY: nothing that a client knows holds any more.
    pub(super) fn renumber(&mut self, uid_validity: u32) {
        self.touch(0);
        self.uid_validity = uid_validity;
        self.gone.clear();
        self.forgotten = 0;
        let mails = std::mem::take(&mut self.mails).into_values();
        self.mails = (1..).zip(mails).map(|(uid, mail)| (uid, Mail { uid, ..mail })).collect();
        self.uid_next = self.mails.last_key_value().map_or(1, |(uid, _)| uid.saturating_add(1));
        self.recent = 1;
    }

    /// Something changed, at this modification sequence.
    fn touch(&mut self, mod_seq: u64) {
        self.highest_mod_seq = self.highest_mod_seq.max(mod_seq);
        self.snapshot = None;
        self.changed.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(uid: u32) -> Mail {
        let (date, flags) = (Date::default(), Flags::default());
        Mail {
            uid,
            id: uid.into(),
            size: 1,
            more_as_lines: 0,
            date,
            flags,
            mod_seq: uid.into(),
            unique_id: None,
        }
    }

    #[test]
    fn what_is_gone_is_known_one_by_one_unless_it_was_too_much() {
        let mut mailbox = Mailbox::new("u".into(), "INBOX".into(), None, 7, watch::Sender::new(()));
        for uid in 1..=5 {
            mailbox.add(mail(uid));
        }
        let before = mailbox.snapshot();
        assert!(Arc::ptr_eq(&before, &mailbox.snapshot()), "nothing changed");
        assert_eq!(mailbox.remove(&[4], 6).len(), 1);
        mailbox.remove(&[2], 7);
        assert_eq!(mailbox.gone_since(5), Some(vec![2, 4]));
        assert_eq!(mailbox.gone_since(6), Some(vec![2]));
        assert_eq!(mailbox.gone_since(7), Some(vec![]));
        mailbox.forget(6);
        assert_eq!(mailbox.gone_since(6), Some(vec![2]));
        assert_eq!(mailbox.gone_since(5), None);
        let after = mailbox.snapshot();
        assert_eq!((after.uid_next, after.highest_mod_seq, after.messages.len()), (6, 7, 3));
        assert_eq!(before.messages.len(), 5, "as it was");
        mailbox.renumber(8);
        let uids: Vec<u32> = mailbox.mails().map(|mail| mail.uid).collect();
        assert_eq!((uids, mailbox.uid_next), (vec![1, 2, 3], 4));
    }

    #[test]
    fn more_than_is_remembered_is_told_as_unknown() {
        let mut mailbox = Mailbox::new("u".into(), "INBOX".into(), None, 7, watch::Sender::new(()));
        for (mod_seq, uid) in (2..).zip(1..=MOST_GONE as u32 + 1) {
            mailbox.remove(&[uid], mod_seq);
        }
        assert_eq!(mailbox.gone_since(1), None);
        assert_eq!(mailbox.gone_since(2).map(|uids| uids.len()), Some(MOST_GONE));
    }
}
