//! One user's mailboxes as an IMAP server wants them ([`Mailboxes`]): a view of the accounts and the store.

use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use hongyan_proto::imap::server::mailboxes::{
    Change, Mailbox as Listed, Mailboxes, No, Piece, Place, SEPARATOR, Section, SectionText, Snapshot,
    SpecialUse, Transfer, Transferred,
};
use hongyan_proto::imap::server::structure::{Envelope, Part};
use hongyan_proto::machine::Ticket;

use super::record::{Arrival, Number, Record};
use super::register::{INBOX, Kept};
use crate::reading::{self, Layout};
use crate::store::{Octets, Store};

/// The most mailboxes of a user.
pub const MAILBOXES: usize = 1000;
/// The most names that a user may be subscribed to.
pub const SUBSCRIPTIONS: usize = 1000;
/// The longest name of a mailbox, in octets.
pub const MAX_NAME: usize = 1000;

/// The mailboxes of a user who has logged in.
pub struct View {
    store: Store,
    user: String,
    /// The mail whose parts were looked for last: they are asked for one after another.
    looked_into: Option<(u64, Layout)>,
}

impl View {
    pub(crate) fn of(store: Store, user: String) -> Self {
        Self { store, user, looked_into: None }
    }

    /// Does something to the accounts, and then removes from the store what is in no mailbox any more.
    fn change<T>(&self, change: impl FnOnce(&mut Kept) -> Result<(T, Vec<u64>), No>) -> Result<T, No> {
        let (done, homeless) = change(&mut self.store.register().lock())?;
        self.store.accounts().empty(&homeless).map_err(|error| No::from(&error))?;
        Ok(done)
    }

    /// The number in the store of a mail in a mailbox.
    fn id(&self, name: &str, uid: u32) -> Result<u64, No> {
        let kept = self.store.register().lock();
        let mailbox = kept.state.mailbox(number(&kept, &self.user, name)?);
        mailbox.and_then(|mailbox| mailbox.get(uid)).map(|mail| mail.id).ok_or_else(No::gone)
    }

    fn octets(&self, id: u64) -> Result<Octets, No> {
        self.store.content(id).map_err(|error| No::from(&error))
    }

    fn header(&self, name: &str, uid: u32) -> Result<(u64, Vec<u8>), No> {
        let id = self.id(name, uid)?;
        Ok((id, self.octets(id)?.header().map_err(|error| unread(&error))?))
    }

    /// Where the parts of a mail lie.
    fn layout(&mut self, id: u64) -> Result<&Layout, No> {
        let known = self.looked_into.take().filter(|(known, _)| *known == id);
        let layout = match known {
            Some((_, layout)) => layout,
            None => Layout::of(&self.octets(id)?.whole().map_err(|error| unread(&error))?),
        };
        Ok(&self.looked_into.insert((id, layout)).1)
    }
}

impl Mailboxes for View {
    fn list(&mut self) -> Result<Vec<Listed>, No> {
        let kept = self.store.register().lock();
        let Some(account) = kept.state.account(&self.user) else { return Ok(Vec::new()) };
        let special = |number: Number| kept.state.mailbox(number).and_then(|mailbox| mailbox.special_use);
        let there = account.mailboxes.iter().map(|(name, number)| Listed {
            name: name.clone(),
            exists: true,
            subscribed: account.subscribed.contains(name),
            special: special(*number),
        });
        let missing = account.subscribed.iter().filter(|name| !account.mailboxes.contains_key(*name));
        let wanted = |name: &String| Listed { name: name.clone(), subscribed: true, ..Listed::default() };
        Ok(there.chain(missing.map(wanted)).collect())
    }

    fn create(&mut self, name: &str, special: Option<SpecialUse>) -> Result<(), No> {
        self.change(|kept| {
            if kept.state.number(&self.user, name).is_some() {
                return Err(No::already_exists());
            }
            // The levels above come into being with it.
            let ends = name.match_indices(SEPARATOR).map(|(end, _)| end).chain([name.len()]);
            let missing: Vec<&str> = ends
                .map(|end| &name[..end])
                .filter(|level| kept.state.number(&self.user, level).is_none())
                .collect();
            let there = kept.state.account(&self.user).map_or(0, |account| account.mailboxes.len());
            if there + missing.len() > MAILBOXES || name.len() > MAX_NAME {
                return Err(No::new("LIMIT", "there may be no more mailboxes, or no longer names"));
            }
            let uid_validity = kept.new_validity();
            let records = (kept.state.free_number()..).zip(missing).map(|(number, level)| Record::Mailbox {
                number,
                user: self.user.clone(),
                name: level.to_owned(),
                special_use: special.filter(|_| level == name),
                uid_validity,
                uid_next: 1,
                mod_seq: 1,
                forgotten: 0,
            });
            commit(kept, records.collect())
        })
    }

    fn delete(&mut self, name: &str) -> Result<(), No> {
        self.change(|kept| {
            let number = number(kept, &self.user, name)?;
            commit(kept, vec![Record::Deleted { number }])
        })
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), No> {
        if from == INBOX {
            self.create(to, None)?;
            let uids: Vec<u32> = self.snapshot(INBOX)?.messages.iter().map(|mail| mail.uid).collect();
            return self.transfer(INBOX, &uids, to, Transfer::Move).map(drop);
        }
        self.change(|kept| {
            number(kept, &self.user, from)?;
            let account = kept.state.account(&self.user).ok_or_else(No::nonexistent)?;
            let new_name = |name: &str| {
                let rest = name.strip_prefix(from)?;
                (rest.is_empty() || rest.starts_with(SEPARATOR)).then(|| format!("{to}{rest}"))
            };
            let renamed: Vec<(Number, String)> = account
                .mailboxes
                .iter()
                .filter_map(|(name, number)| Some((*number, new_name(name)?)))
                .collect();
            let is_moved = |name: &str| new_name(name).is_some();
            let taken = |name: &str| account.mailboxes.contains_key(name) && !is_moved(name);
            if taken(to) || renamed.iter().any(|(_, name)| taken(name)) {
                return Err(No::already_exists());
            }
            // `a` cannot become `a/b`: it would have to be below itself.
            if to.strip_prefix(from).is_some_and(|rest| rest.starts_with(SEPARATOR)) {
                return Err(No::new("CANNOT", "a mailbox cannot be put below itself"));
            }
            if renamed.iter().any(|(_, name)| name.len() > MAX_NAME) {
                return Err(No::new("LIMIT", "the name is too long"));
            }
            let records = renamed.into_iter().map(|(number, name)| Record::Renamed { number, name });
            commit(kept, records.collect())
        })
    }

    fn subscribe(&mut self, name: &str, wanted: bool) -> Result<(), No> {
        self.change(|kept| {
            let subscribed = kept.state.account(&self.user).map_or(0, |account| account.subscribed.len());
            if wanted && (subscribed >= SUBSCRIPTIONS || name.len() > MAX_NAME) {
                return Err(No::new("LIMIT", "there are too many subscriptions"));
            }
            let (user, name) = (self.user.clone(), name.to_owned());
            commit(kept, vec![Record::Subscribed { user, name, wanted }])
        })
    }

    fn snapshot(&mut self, name: &str) -> Result<Arc<Snapshot>, No> {
        let mut kept = self.store.register().lock();
        let number = number(&kept, &self.user, name)?;
        let mailbox = kept.state.mailbox_mut(number).ok_or_else(No::nonexistent)?;
        Ok(mailbox.snapshot())
    }

    fn claim_recent(&mut self, name: &str) -> u32 {
        let mut kept = self.store.register().lock();
        let mailbox = number(&kept, &self.user, name).ok().and_then(|number| kept.state.mailbox_mut(number));
        mailbox.map_or(u32::MAX, |mailbox| std::mem::replace(&mut mailbox.recent, mailbox.uid_next))
    }

    fn first_recent(&mut self, name: &str) -> u32 {
        let kept = self.store.register().lock();
        let mailbox = number(&kept, &self.user, name).ok().and_then(|number| kept.state.mailbox(number));
        mailbox.map_or(u32::MAX, |mailbox| mailbox.recent)
    }

    fn store(
        &mut self,
        name: &str,
        uids: &[u32],
        change: &Change,
        unchanged_since: Option<u64>,
    ) -> Result<Vec<u32>, No> {
        self.change(|kept| {
            let number = number(kept, &self.user, name)?;
            let mailbox = kept.state.mailbox(number).ok_or_else(No::nonexistent)?;
            let is_newer = |uid: &u32| {
                unchanged_since
                    .is_some_and(|since| mailbox.get(*uid).is_some_and(|mail| mail.mod_seq > since))
            };
            let (newer, rest): (Vec<u32>, Vec<u32>) = uids.iter().partition(|uid| is_newer(uid));
            let records = kept.changed(number, &rest, |mail| Some(change.apply(&mail.flags)));
            let ((), homeless) = commit(kept, records)?;
            Ok((newer, homeless))
        })
    }

    fn transfer(&mut self, from: &str, uids: &[u32], to: &str, how: Transfer) -> Result<Transferred, No> {
        self.change(|kept| {
            let source = number(kept, &self.user, from)?;
            let target = number(kept, &self.user, to).map_err(|_| No::try_create())?;
            let (Some(source_is), Some(target_is)) = (kept.state.mailbox(source), kept.state.mailbox(target))
            else {
                return Err(No::nonexistent());
            };
            let mails: Vec<_> = sorted(uids).filter_map(|uid| source_is.get(uid)).collect();
            let mod_seq = target_is.highest_mod_seq + 1;
            let (mut records, mut moved) = (Vec::new(), Vec::new());
            for (uid, mail) in (target_is.uid_next..).zip(mails) {
                records.push(Record::mail(target, uid, &Arrival::again(mail), mod_seq));
                moved.push((mail.uid, uid));
            }
            let transferred = Transferred { uid_validity: target_is.uid_validity, uids: moved };
            if how == Transfer::Move && !transferred.uids.is_empty() {
                let gone = transferred.uids.iter().map(|(old, _)| *old).collect();
                // Within one mailbox both happen to it, the going second.
                let later = u64::from(source == target);
                let mod_seq = source_is.highest_mod_seq + 1 + later;
                records.push(Record::Gone { number: source, uids: gone, mod_seq });
            }
            let ((), homeless) = commit(kept, records)?;
            Ok((transferred, homeless))
        })
    }

    fn expunge(&mut self, name: &str, uids: &[u32]) -> Result<(), No> {
        self.change(|kept| {
            let number = number(kept, &self.user, name)?;
            let mailbox = kept.state.mailbox(number).ok_or_else(No::nonexistent)?;
            let is_deleted = |uid: &u32| mailbox.get(*uid).is_some_and(|mail| mail.flags.deleted);
            let uids: Vec<u32> = sorted(uids).filter(is_deleted).collect();
            let homeless = kept.take_out(number, &uids).map_err(|error| No::from(&error))?;
            Ok(((), homeless))
        })
    }

    fn vanished(&mut self, name: &str, since: u64) -> Result<Option<Vec<u32>>, No> {
        let kept = self.store.register().lock();
        let mailbox = kept.state.mailbox(number(&kept, &self.user, name)?);
        Ok(mailbox.and_then(|mailbox| mailbox.gone_since(since)))
    }

    fn envelope(&mut self, name: &str, uid: u32) -> Result<Envelope, No> {
        self.header(name, uid).map(|(_, header)| reading::envelope(&header))
    }

    fn structure(&mut self, name: &str, uid: u32) -> Result<Part, No> {
        let id = self.id(name, uid)?;
        self.layout(id).map(|layout| layout.structure.clone())
    }

    fn section(&mut self, name: &str, uid: u32, section: &Section) -> Result<Piece, No> {
        let id = self.id(name, uid)?;
        let stored = |range: Range<u64>| Piece::Stored {
            ticket: Ticket(id),
            offset: range.start,
            len: range.end - range.start,
        };
        if section.part.is_empty() {
            let octets = self.octets(id)?;
            let len = octets.len().map_err(|error| No::from(&error))?;
            if section.text == SectionText::Whole {
                return Ok(stored(0..len));
            }
            let header = octets.header().map_err(|error| unread(&error))?;
            return Ok(match &section.text {
                SectionText::Text => stored(header.len() as u64..len),
                SectionText::Fields(names) => Piece::Made(reading::picked_fields(&header, names, true)),
                SectionText::FieldsNot(names) => Piece::Made(reading::picked_fields(&header, names, false)),
                _ => stored(0..header.len() as u64),
            });
        }
        let Some(range) = self.layout(id)?.find(section) else { return Ok(Piece::Missing) };
        let (names, among) = match &section.text {
            SectionText::Fields(names) => (names, true),
            SectionText::FieldsNot(names) => (names, false),
            _ => return Ok(stored(range)),
        };
        let header = self.octets(id)?.piece(range).map_err(|error| unread(&error))?;
        Ok(Piece::Made(reading::picked_fields(&header, names, among)))
    }

    fn contains(&mut self, name: &str, uid: u32, place: &Place, text: &str) -> Result<bool, No> {
        if let Place::Field(_) = place {
            return self.header(name, uid).map(|(_, header)| reading::contains(&header, place, text));
        }
        let mail = self.octets(self.id(name, uid)?)?.whole().map_err(|error| unread(&error))?;
        Ok(reading::contains(&mail, place, text))
    }

    fn sent(&mut self, name: &str, uid: u32) -> Result<Option<i64>, No> {
        self.header(name, uid).map(|(_, header)| reading::day_of_sending(&header))
    }
}

fn number(kept: &Kept, user: &str, name: &str) -> Result<Number, No> {
    kept.state.number(user, name).ok_or_else(No::nonexistent)
}

fn commit(kept: &mut Kept, records: Vec<Record>) -> Result<((), Vec<u64>), No> {
    kept.commit(records).map(|homeless| ((), homeless)).map_err(|error| No::from(&error))
}

fn sorted(uids: &[u32]) -> impl Iterator<Item = u32> + use<> {
    uids.iter().copied().collect::<BTreeSet<u32>>().into_iter()
}

/// Why the inside of a mail cannot be told.
fn unread(error: &io::Error) -> No {
    match error.kind() {
        io::ErrorKind::FileTooLarge => No::new("LIMIT", "the message is too large to be looked into"),
        _ => No::from(error),
    }
}
