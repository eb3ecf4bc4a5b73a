//! Who has which mail: users, their mailboxes, and what clients know the mails in them by.
//!
//! A mail of the [`Store`] is in one mailbox, in several (of several users, or copied), or in none any more:
//! then it is removed from the store, too. Who gets what comes by SMTP is told at [`Accounts`].
//!
//! Where the store is a folder, the accounts are written down beside the mails, so that UIDs, flags and
//! mailboxes are the same after a restart.

mod deliver;
mod imap;
mod journal;
mod mailbox;
pub(crate) mod record;
pub(crate) mod register;
mod state;

use std::io;

use hongyan_proto::imap::Flags;
use tokio::sync::watch;

pub use deliver::{OPEN_ACCOUNTS, POSTMASTER};
pub use imap::{MAILBOXES, MAX_NAME, SUBSCRIPTIONS, View};
pub use mailbox::{MOST_GONE, Mail};
pub use register::INBOX;

pub use crate::reading::{MAX_HEADER, MAX_LOOKED_INTO};

use crate::store::{Put, Store};
use record::{Number, Record};
use register::Kept;

/// The accounts of a store, to be looked at and to be changed behind the clients' backs: control of a
/// sandbox, for tests. What is changed here is seen by clients as if another client had done it, or, where no
/// client can do it, as if the server had lost its mind.
///
/// Whose mail is whose: a recipient is the user of that name, or whose name is its local part, in any case
/// of letters; what is for nobody is the first user's. Where no users are named, anybody may log in with any
/// password; the account is the login name's local part, and it has the mail that came for that local part.
#[derive(Clone, Debug)]
pub struct Accounts {
    store: Store,
}

impl Accounts {
    pub(crate) fn of(store: Store) -> Self {
        Self { store }
    }

    /// The names of the accounts.
    pub fn users(&self) -> Vec<String> {
        self.store.register().lock().state.accounts().keys().cloned().collect()
    }

    /// The names of a user's mailboxes.
    pub fn mailboxes(&self, user: &str) -> Vec<String> {
        let kept = self.store.register().lock();
        kept.state
            .account(user)
            .map(|account| account.mailboxes.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// What is in a mailbox, by ascending UID.
    ///
    /// # Errors
    /// `NotFound` where there is no such mailbox.
    pub fn mails(&self, user: &str, mailbox: &str) -> io::Result<Vec<Mail>> {
        let kept = self.store.register().lock();
        let number = named(&kept, user, mailbox)?;
        Ok(kept.state.mailbox(number).map(|mailbox| mailbox.mails().cloned().collect()).unwrap_or_default())
    }

    /// A mailbox's UIDVALIDITY.
    ///
    /// # Errors
    /// `NotFound` where there is no such mailbox.
    pub fn uid_validity(&self, user: &str, mailbox: &str) -> io::Result<u32> {
        let kept = self.store.register().lock();
        let number = named(&kept, user, mailbox)?;
        Ok(kept.state.mailbox(number).map_or(0, |mailbox| mailbox.uid_validity))
    }

    /// Gives a mailbox another UIDVALIDITY and its mails UIDs from 1 on; the UIDVALIDITY.
    ///
    /// # Errors
    /// `NotFound` where there is no such mailbox, or as writing it down fails.
    pub fn renumber(&self, user: &str, mailbox: &str) -> io::Result<u32> {
        let mut kept = self.store.register().lock();
        let number = named(&kept, user, mailbox)?;
        let uid_validity = kept.new_validity();
        kept.commit(vec![Record::Renumbered { number, uid_validity }])?;
        Ok(uid_validity)
    }

    /// Gives mails these flags and no others; those that are not there are passed over.
    ///
    /// # Errors
    /// `NotFound` where there is no such mailbox, or as writing it down fails.
    pub fn set_flags(&self, user: &str, mailbox: &str, uids: &[u32], flags: &Flags) -> io::Result<()> {
        let mut kept = self.store.register().lock();
        let number = named(&kept, user, mailbox)?;
        let records = kept.changed(number, uids, |_| Some(flags.clone()));
        kept.commit(records).map(drop)
    }

    /// Takes mails out of a mailbox; those that are not there are passed over.
    ///
    /// # Errors
    /// `NotFound` where there is no such mailbox, or as writing it down or removing files fails.
    pub fn remove(&self, user: &str, mailbox: &str, uids: &[u32]) -> io::Result<()> {
        let mut kept = self.store.register().lock();
        let number = named(&kept, user, mailbox)?;
        let homeless = kept.take_out(number, uids)?;
        drop(kept);
        self.empty(&homeless)
    }

    /// Makes UIDL say this of a mail (nothing, or what it says of another); with `None`, what is usual. The
    /// texts are said as they are: RFC 1939 §7 allows 1 to 70 printable characters, and a control character
    /// is left out.
    ///
    /// # Errors
    /// `NotFound` where there is no such mailbox, or as writing it down fails.
    pub fn set_unique_id(
        &self,
        user: &str,
        mailbox: &str,
        uid: u32,
        unique_id: Option<&str>,
    ) -> io::Result<()> {
        let mut kept = self.store.register().lock();
        let number = named(&kept, user, mailbox)?;
        let cleaned =
            unique_id.map(|text| text.chars().filter(|c| !c.is_control()).collect::<String>().into());
        kept.commit(vec![Record::UniqueId { number, uid, unique_id: cleaned }]).map(drop)
    }

    /// A user's mailboxes, as the IMAP server has them.
    ///
    /// # Errors
    /// Where the user has none yet and making them cannot be written down.
    pub fn view(&self, login: &str) -> io::Result<View> {
        Ok(View::of(self.store.clone(), self.log_in(login)?))
    }

    /// Hears of every change in a user's mailboxes from now on; `None` where there is no such account.
    pub fn watch(&self, user: &str) -> Option<watch::Receiver<()>> {
        self.store.register().lock().state.account(user).map(|account| account.changed.subscribe())
    }

    /// The name of the account that a login name means; it has the usual mailboxes from now on.
    pub(crate) fn log_in(&self, login: &str) -> io::Result<String> {
        let mut kept = self.store.register().lock();
        let user = kept.account_of(login);
        let mut records = Vec::new();
        kept.furnish(&user, &mut records);
        kept.commit(records)?;
        Ok(user)
    }

    /// A mailbox to put something into.
    pub(crate) fn to_put(&self, user: &str, mailbox: &str) -> io::Result<Put> {
        let user = self.log_in(user)?;
        let kept = self.store.register().lock();
        named(&kept, &user, mailbox)?;
        Ok(Put { user, mailbox: mailbox.to_owned() })
    }

    /// Removes from the store what is in no mailbox any more.
    pub(crate) fn empty(&self, homeless: &[u64]) -> io::Result<()> {
        // All of them, even if one fails.
        homeless.iter().map(|id| self.store.remove(*id)).filter_map(Result::err).next().map_or(Ok(()), Err)
    }
}

fn named(kept: &Kept, user: &str, mailbox: &str) -> io::Result<Number> {
    let none = || io::Error::new(io::ErrorKind::NotFound, format!("{user} has no mailbox {mailbox}"));
    kept.state.number(user, mailbox).ok_or_else(none)
}
