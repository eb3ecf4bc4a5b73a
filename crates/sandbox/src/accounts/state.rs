//! All accounts at one moment. Everything that happens to them is a [`Record`]: [`State::apply`] is the only
//! way to change them, for what happens now and for what is read back at a start.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hongyan_proto::imap::Date;
use tokio::sync::watch;

use super::mailbox::{Mail, Mailbox};
use super::record::{Arrival, FORMAT, Number, Record};

#[derive(Debug, Default)]
pub(super) struct State {
    /// Whom mail is sorted to, the first of them first; none where anybody may log in.
    pub(super) users: Vec<String>,
    accounts: BTreeMap<String, Account>,
    mailboxes: BTreeMap<Number, Mailbox>,
    /// Where a mail of the store is.
    held: HashMap<u64, Vec<(Number, u32)>>,
    /// The last UIDVALIDITY that was given.
    pub(super) last_validity: u32,
}

/// One user's.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// By name.
    pub(super) mailboxes: BTreeMap<String, Number>,
    pub(super) subscribed: BTreeSet<String>,
    /// Mail of the store up to this number has been sorted to this user, or to others.
    pub(super) through: u64,
    /// Told of every change in its mailboxes.
    pub(super) changed: watch::Sender<()>,
}

impl State {
    pub(super) fn account(&self, user: &str) -> Option<&Account> {
        self.accounts.get(user)
    }

    pub(super) fn accounts(&self) -> &BTreeMap<String, Account> {
        &self.accounts
    }

    pub(super) fn number(&self, user: &str, name: &str) -> Option<Number> {
        self.accounts.get(user)?.mailboxes.get(name).copied()
    }

    pub(super) fn mailbox(&self, number: Number) -> Option<&Mailbox> {
        self.mailboxes.get(&number)
    }

    pub(super) fn mailbox_mut(&mut self, number: Number) -> Option<&mut Mailbox> {
        self.mailboxes.get_mut(&number)
    }

    pub(super) fn mailboxes(&self) -> impl Iterator<Item = (Number, &Mailbox)> {
        self.mailboxes.iter().map(|(number, mailbox)| (*number, mailbox))
    }

    /// A number that no mailbox has had.
    pub(super) fn free_number(&self) -> Number {
        self.mailboxes.last_key_value().map_or(1, |(last, _)| last + 1)
    }

    /// In which mailboxes a mail of the store is, under which UIDs.
    pub(super) fn places(&self, id: u64) -> &[(Number, u32)] {
        self.held.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The mails of the store that are in any mailbox.
    pub(super) fn held(&self) -> impl Iterator<Item = u64> {
        self.held.keys().copied()
    }

    /// Lets it have happened. The mails that are in no mailbox any more by it.
    pub(super) fn apply(&mut self, record: Record) -> Vec<u64> {
        match record {
            Record::Format { .. } => {}
            Record::Users { names } => {
                for name in &names {
                    self.accounts.entry(name.clone()).or_default();
                }
                self.users = names;
            }
            Record::Through { user, id } => {
                let account = self.accounts.entry(user).or_default();
                account.through = account.through.max(id);
            }
            Record::Mailbox {
                number,
                user,
                name,
                special_use,
                uid_validity,
                uid_next,
                mod_seq,
                forgotten,
            } => {
                let account = self.accounts.entry(user.clone()).or_default();
                account.mailboxes.insert(name.clone(), number);
                let changed = account.changed.clone();
                let mut mailbox = Mailbox::new(user, name, special_use, uid_validity, changed);
                mailbox.uid_next = uid_next;
                mailbox.highest_mod_seq = mod_seq;
                mailbox.forget(forgotten);
                self.last_validity = self.last_validity.max(uid_validity);
                self.mailboxes.insert(number, mailbox);
            }
            Record::Renamed { number, name } => {
                if let Some(mailbox) = self.mailboxes.get_mut(&number) {
                    let account = self.accounts.entry(mailbox.user.clone()).or_default();
                    account.mailboxes.remove(&mailbox.name);
                    account.mailboxes.insert(name.clone(), number);
                    mailbox.name = name;
                }
            }
            Record::Deleted { number } => {
                if let Some(mailbox) = self.mailboxes.remove(&number) {
                    if let Some(account) = self.accounts.get_mut(&mailbox.user) {
                        account.mailboxes.remove(&mailbox.name);
                    }
                    return self.let_go(number, mailbox.mails());
                }
            }
            Record::Renumbered { number, uid_validity } => {
                self.last_validity = self.last_validity.max(uid_validity);
                self.renumber(number, uid_validity);
            }
            Record::Subscribed { user, name, wanted } => {
                let account = self.accounts.entry(user).or_default();
                if wanted {
                    account.subscribed.insert(name);
                } else {
                    account.subscribed.remove(&name);
                }
            }
            Record::Mail { number, uid, id, size, more_as_lines, unix, offset, flags, mod_seq } => {
                if let Some(mailbox) = self.mailboxes.get_mut(&number) {
                    let date = Date { unix, offset };
                    if mailbox.get(uid).is_none() {
                        self.held.entry(id).or_default().push((number, uid));
                        let unique_id = None;
                        mailbox.add(Mail { uid, id, size, more_as_lines, date, flags, mod_seq, unique_id });
                    }
                }
                for user in &self.users {
                    if let Some(account) = self.accounts.get_mut(user) {
                        account.through = account.through.max(id);
                    }
                }
            }
            Record::Flags { number, uid, flags, mod_seq } => {
                if let Some(mailbox) = self.mailboxes.get_mut(&number) {
                    mailbox.change(uid, flags, mod_seq);
                }
            }
            Record::Gone { number, uids, mod_seq } => {
                if let Some(mailbox) = self.mailboxes.get_mut(&number) {
                    let removed = mailbox.remove(&uids, mod_seq);
                    return self.let_go(number, removed.iter());
                }
            }
            Record::UniqueId { number, uid, unique_id } => {
                if let Some(mailbox) = self.mailboxes.get_mut(&number) {
                    mailbox.set_unique_id(uid, unique_id);
                }
            }
        }
        Vec::new()
    }

    fn let_go<'a>(&mut self, number: Number, mails: impl Iterator<Item = &'a Mail>) -> Vec<u64> {
        let mut homeless = Vec::new();
        for Mail { id, uid, .. } in mails {
            let Some(places) = self.held.get_mut(id) else { continue };
            places.retain(|place| *place != (number, *uid));
            if places.is_empty() {
                self.held.remove(id);
                homeless.push(*id);
            }
        }
        homeless
    }

    fn renumber(&mut self, number: Number, uid_validity: u32) {
        let Some(mailbox) = self.mailboxes.get_mut(&number) else { return };
        let before: Vec<(u64, u32)> = mailbox.mails().map(|mail| (mail.id, mail.uid)).collect();
        mailbox.renumber(uid_validity);
        for ((id, old), mail) in before.into_iter().zip(mailbox.mails()) {
            let place = self.held.get_mut(&id).and_then(|all| all.iter_mut().find(|p| **p == (number, old)));
            if let Some(place) = place {
                *place = (number, mail.uid);
            }
        }
    }

    /// What has to happen to nothing for it to become this.
    pub(super) fn records(&self) -> impl Iterator<Item = Record> {
        let format = std::iter::once(Record::Format { version: FORMAT });
        // The users come last, so that the mails above say nothing of what they have got.
        let users = std::iter::once(Record::Users { names: self.users.clone() });
        let mailboxes = self.mailboxes.iter().flat_map(|(number, mailbox)| mailbox_records(*number, mailbox));
        let accounts = self.accounts.iter().flat_map(|(user, account)| {
            let through = std::iter::once(Record::Through { user: user.clone(), id: account.through });
            through.chain(account.subscribed.iter().map(|name| Record::Subscribed {
                user: user.clone(),
                name: name.clone(),
                wanted: true,
            }))
        });
        format.chain(mailboxes).chain(accounts).chain(users)
    }
}

fn mailbox_records(number: Number, mailbox: &Mailbox) -> impl Iterator<Item = Record> {
    let is = Record::Mailbox {
        number,
        user: mailbox.user.clone(),
        name: mailbox.name.clone(),
        special_use: mailbox.special_use,
        uid_validity: mailbox.uid_validity,
        uid_next: mailbox.uid_next,
        mod_seq: mailbox.highest_mod_seq,
        forgotten: mailbox.forgotten(),
    };
    let mails = mailbox.mails().flat_map(move |mail| {
        let there = Record::mail(number, mail.uid, &Arrival::again(mail), mail.mod_seq);
        let unique_id = mail.unique_id.clone().map(|unique_id| Record::UniqueId {
            number,
            uid: mail.uid,
            unique_id: Some(unique_id),
        });
        std::iter::once(there).chain(unique_id)
    });
    let gone = mailbox.gone().map(move |(mod_seq, uid)| Record::Gone { number, uids: vec![uid], mod_seq });
    std::iter::once(is).chain(mails).chain(gone)
}
