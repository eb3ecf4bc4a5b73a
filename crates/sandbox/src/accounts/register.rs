//! The accounts of a store, and their journal where the store is a folder.
//!
//! What a client asks for happens only if it could be written down. What has happened anyway (a mail was
//! kept, a mail is gone) is not undone by a journal that cannot be written: the next one is written anew, and
//! a start that finds less in the journal than in the folder sorts the rest again.
//!
//! The lock is the innermost there is: nothing else is taken under it.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use hongyan_proto::imap::Flags;

use hongyan_proto::imap::server::Appended;

use super::deliver::{self, OPEN_ACCOUNTS, POSTMASTER};
use super::journal::Journal;
use super::mailbox::{Mail, SPECIAL};
use super::record::{Arrival, Number, Record};
use super::state::State;
use crate::store::Envelope;

/// The name of the mailbox that mail comes into.
pub const INBOX: &str = "INBOX";
/// How many records more than needed a journal may have, whatever its size, before it is written anew.
const SPARE_RECORDS: usize = 10_000;

#[derive(Debug)]
pub(crate) struct Register(Mutex<Kept>);

#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) state: State,
    /// Where the store is a folder: that, and its journal.
    written: Option<Written>,
}

#[derive(Debug)]
struct Written {
    folder: PathBuf,
    /// `None` where it could not even be begun.
    journal: Option<Journal>,
    /// How many records it has.
    records: usize,
}

impl Register {
    /// For mail in memory.
    pub(crate) fn in_memory(users: Vec<String>) -> Self {
        let mut kept = Kept::default();
        kept.welcome(users);
        Self(Mutex::new(kept))
    }

    /// For a folder that has mails of these numbers; `read` says how one came.
    pub(crate) fn of_folder(
        folder: &Path,
        users: Vec<String>,
        ids: &[u64],
        read: impl Fn(u64) -> Option<(Envelope, Arrival)>,
    ) -> io::Result<Self> {
        let mut kept = Kept::default();
        let replayed = Journal::read(folder, |record| drop(kept.state.apply(record)))?;
        if !replayed.whole {
            // UIDs may have been given that nothing is known of.
            let numbers: Vec<Number> = kept.state.mailboxes().map(|(number, _)| number).collect();
            for number in numbers {
                let uid_validity = kept.new_validity();
                kept.state.apply(Record::Renumbered { number, uid_validity });
            }
        }
        let before = kept.state.users.clone();
        let sound = replayed.whole && replayed.records > 0;
        let journal = if sound { Journal::append_to(folder).ok() } else { None };
        kept.written = Some(Written { folder: folder.to_path_buf(), journal, records: replayed.records });
        if before != users || !sound {
            kept.welcome(users);
        }
        kept.catch_up(ids, read);
        // A disk that is full already is told of when something is to be kept.
        let _ = kept.tidy();
        Ok(Self(Mutex::new(kept)))
    }

    /// Nothing that panics runs under the lock.
    pub(super) fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sorts a mail into the mailboxes that it is for. Where it was put into one, that is told.
    pub(crate) fn deliver(&self, envelope: &Envelope, arrival: &Arrival) -> Option<Appended> {
        let mut kept = self.lock();
        if let Some(put) = &envelope.put {
            return kept.place(&put.user, &put.mailbox, arrival);
        }
        for user in kept.meant(envelope) {
            kept.place(&user, INBOX, arrival);
        }
        None
    }

    /// A mail is not in the store any more.
    pub(crate) fn forget(&self, id: u64) {
        self.lock().forget(&[id]);
    }
}

impl Kept {
    /// Lets something happen that a client asked for: all of it, or nothing. The mails that are in no
    /// mailbox any more by it.
    pub(super) fn commit(&mut self, records: Vec<Record>) -> io::Result<Vec<u64>> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(written) = &mut self.written {
            written.append(&self.state, &records)?;
        }
        let homeless = records.into_iter().flat_map(|record| self.state.apply(record)).collect();
        // It stands in the old one.
        let _ = self.tidy();
        Ok(homeless)
    }

    /// Lets it have happened, written down or not.
    fn commit_anyway(&mut self, records: Vec<Record>) {
        if let Some(written) = &mut self.written {
            // The journal knows that it is not sound any more.
            let _ = written.append(&self.state, &records);
        }
        for record in records {
            self.state.apply(record);
        }
    }

    /// Writes the journal anew where it has become much longer than need be.
    fn tidy(&mut self) -> io::Result<()> {
        let Some(written) = &mut self.written else { return Ok(()) };
        let needed: usize = self.state.mailboxes().map(|(_, mailbox)| 1 + mailbox.remembered()).sum();
        if written.records > 2 * needed + SPARE_RECORDS { written.write_anew(&self.state) } else { Ok(()) }
    }

    /// From now on mail is sorted to these; each has its mailboxes.
    fn welcome(&mut self, users: Vec<String>) {
        let mut records = vec![Record::Users { names: users.clone() }];
        for user in &users {
            self.furnish(user, &mut records);
        }
        self.commit_anyway(records);
    }

    /// What it takes for a user to have the usual mailboxes; nothing where there is an INBOX.
    pub(super) fn furnish(&self, user: &str, records: &mut Vec<Record>) {
        if self.state.number(user, INBOX).is_some() {
            return;
        }
        let made = records.iter().filter(|record| matches!(record, Record::Mailbox { .. })).count();
        let first = self.state.free_number() + Number::try_from(made).unwrap_or(Number::MAX);
        let names =
            std::iter::once((INBOX, None)).chain(SPECIAL.map(|(name, special)| (name, Some(special))));
        for (number, (name, special_use)) in (first..).zip(names) {
            records.push(Record::Mailbox {
                number,
                user: user.to_owned(),
                name: name.to_owned(),
                special_use,
                uid_validity: self.new_validity(),
                uid_next: 1,
                mod_seq: 1,
                forgotten: 0,
            });
        }
    }

    /// Greater than any before it, and after a journal was lost most likely, too: the time in seconds.
    pub(super) fn new_validity(&self) -> u32 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        u32::try_from(now).unwrap_or(u32::MAX).max(self.state.last_validity.saturating_add(1))
    }

    /// Whose mail this is.
    fn meant(&self, envelope: &Envelope) -> Vec<String> {
        let to = envelope.to.iter().map(|to| to.address.as_str());
        let accounts = self.state.accounts();
        let is_room = |name: &str| accounts.contains_key(name) || accounts.len() < OPEN_ACCOUNTS;
        deliver::meant(&self.state.users, to, is_room)
    }

    /// The name of the account that a login name means.
    pub(super) fn account_of(&self, login: &str) -> String {
        if !self.state.users.is_empty() {
            return login.to_owned();
        }
        let name = deliver::open(login);
        let accounts = self.state.accounts();
        if accounts.contains_key(&name) || accounts.len() < OPEN_ACCOUNTS { name } else { POSTMASTER.into() }
    }

    /// Puts a mail into a mailbox, or into INBOX where that is not there.
    fn place(&mut self, user: &str, mailbox: &str, arrival: &Arrival) -> Option<Appended> {
        let mut records = Vec::new();
        self.furnish(user, &mut records);
        if !records.is_empty() {
            self.commit_anyway(records);
        }
        let number = self.state.number(user, mailbox).or_else(|| self.state.number(user, INBOX))?;
        let mailbox = self.state.mailbox(number)?;
        let (uid, mod_seq) = (mailbox.uid_next, mailbox.highest_mod_seq + 1);
        let placed = Appended { uid_validity: mailbox.uid_validity, uid };
        self.commit_anyway(vec![Record::mail(number, uid, arrival, mod_seq)]);
        Some(placed)
    }

    fn forget(&mut self, ids: &[u64]) {
        let mut gone: BTreeMap<Number, Vec<u32>> = BTreeMap::new();
        for id in ids {
            for (number, uid) in self.state.places(*id) {
                gone.entry(*number).or_default().push(*uid);
            }
        }
        let records = gone.into_iter().filter_map(|(number, uids)| self.gone(number, uids)).collect();
        self.commit_anyway(records);
    }

    /// What it means that mails leave a mailbox.
    pub(super) fn gone(&self, number: Number, uids: Vec<u32>) -> Option<Record> {
        let mod_seq = self.state.mailbox(number)?.highest_mod_seq + 1;
        Some(Record::Gone { number, uids, mod_seq })
    }

    /// Takes mails out of a mailbox. Those that are in none any more by it.
    pub(super) fn take_out(&mut self, number: Number, uids: &[u32]) -> io::Result<Vec<u64>> {
        let Some(mailbox) = self.state.mailbox(number) else { return Ok(Vec::new()) };
        let there: Vec<u32> = uids.iter().copied().filter(|uid| mailbox.get(*uid).is_some()).collect();
        let records = if there.is_empty() { None } else { self.gone(number, there) };
        records.map_or(Ok(Vec::new()), |record| self.commit(vec![record]))
    }

    /// What it means that mails get the flags that `flags` makes of them; `None` and the same leave a mail
    /// as it is.
    pub(super) fn changed(
        &self,
        number: Number,
        uids: &[u32],
        mut flags: impl FnMut(&Mail) -> Option<Flags>,
    ) -> Vec<Record> {
        let Some(mailbox) = self.state.mailbox(number) else { return Vec::new() };
        let mod_seq = mailbox.highest_mod_seq + 1;
        let mails = uids.iter().filter_map(|uid| mailbox.get(*uid));
        mails
            .filter_map(|mail| {
                let flags = flags(mail).filter(|flags| *flags != mail.flags)?;
                Some(Record::Flags { number, uid: mail.uid, flags, mod_seq })
            })
            .collect()
    }

    /// Makes it so that what is in the mailboxes is what is in the folder.
    fn catch_up(&mut self, ids: &[u64], read: impl Fn(u64) -> Option<(Envelope, Arrival)>) {
        let there: HashSet<u64> = ids.iter().copied().collect();
        let lost: Vec<u64> = self.state.held().filter(|id| !there.contains(id)).collect();
        if !lost.is_empty() {
            self.forget(&lost);
        }
        let through = |kept: &Self, user: &str| kept.state.account(user).map_or(0, |account| account.through);
        // Taken before anything is sorted, which moves it.
        let got: BTreeMap<String, u64> =
            self.state.users.iter().map(|user| (user.clone(), through(self, user))).collect();
        let all_got = got.values().copied().min().unwrap_or(u64::MAX);
        for id in ids {
            let stray = self.state.places(*id).is_empty();
            if !stray && *id <= all_got {
                continue;
            }
            let Some((envelope, arrival)) = read(*id) else { continue };
            match &envelope.put {
                Some(put) if stray => drop(self.place(&put.user, &put.mailbox, &arrival)),
                Some(_) => {}
                None => {
                    for user in self.meant(&envelope) {
                        if stray || got.get(&user).is_some_and(|through| *through < *id) {
                            self.place(&user, INBOX, &arrival);
                        }
                    }
                }
            }
        }
        if let Some(last) = ids.last().filter(|last| got.values().any(|through| through < *last)) {
            let records = got.into_keys().map(|user| Record::Through { user, id: *last }).collect();
            self.commit_anyway(records);
        }
    }
}

impl Written {
    fn append(&mut self, before: &State, records: &[Record]) -> io::Result<()> {
        if self.journal.as_ref().is_none_or(|journal| !journal.is_sound()) {
            self.write_anew(before)?;
        }
        if let Some(journal) = &mut self.journal {
            journal.append(records)?;
            self.records += records.len();
        }
        Ok(())
    }

    fn write_anew(&mut self, state: &State) -> io::Result<()> {
        let mut records = 0;
        let counted = state.records().inspect(|_| records += 1);
        match &mut self.journal {
            Some(journal) => journal.write_anew(counted)?,
            None => self.journal = Some(Journal::written_anew(&self.folder, counted)?),
        }
        self.records = records;
        Ok(())
    }
}
