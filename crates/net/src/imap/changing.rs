//! Changing what is on the server: flags, copies, new messages, removal.

use std::io::BufRead;

use hongyan_proto::imap::client::{Answer, Arrived, CONTENT, Change, Command, Criterion};
use hongyan_proto::imap::{Date, Flags, UidSet};
use hongyan_proto::outcome::{Failure, Kind, Stage};

use super::Session;
use super::contents::Appending;
use super::reading::SET_OCTETS;

impl Session {
    /// Makes a mailbox.
    ///
    /// # Errors
    /// The server refuses, or the session has ended.
    pub async fn create(&mut self, name: &str) -> Result<(), Failure> {
        self.run(Command::Create { name: name.into() }).await.map(drop)
    }

    /// Changes flags. With `unchanged_since` (a MODSEQ, RFC 7162), only of messages that have not changed since;
    /// the others are returned.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub async fn store(
        &mut self,
        uids: &UidSet,
        change: Change,
        flags: &Flags,
        unchanged_since: Option<u64>,
    ) -> Result<UidSet, Failure> {
        let mut stayed = UidSet::new();
        for uids in uids.chunks(u64::MAX, SET_OCTETS) {
            let command = Command::Store { uids, change, flags: flags.clone(), unchanged_since };
            if let Answer::Stored(uids) = self.run(command).await? {
                stayed.union(&uids);
            }
        }
        Ok(stayed)
    }

    /// Copies messages to another mailbox; where they are there, if the server says so.
    ///
    /// # Errors
    /// As [`create`](Self::create). Some may have been copied before.
    pub async fn copy(&mut self, uids: &UidSet, to: &str) -> Result<Option<Arrived>, Failure> {
        self.transfer(uids, |uids| Command::Copy { uids, to: to.into() }).await
    }

    /// Moves messages to another mailbox. Without MOVE (RFC 6851), they are copied, and only then removed.
    ///
    /// # Errors
    /// As [`create`](Self::create) and [`expunge`](Self::expunge). Each message is then in at least one of the two.
    pub async fn move_to(&mut self, uids: &UidSet, to: &str) -> Result<Option<Arrived>, Failure> {
        if self.capabilities().has("MOVE") {
            return self.transfer(uids, |uids| Command::Move { uids, to: to.into() }).await;
        }
        let arrived = self.copy(uids, to).await?;
        self.delete(uids).await?;
        Ok(arrived)
    }

    async fn transfer(
        &mut self,
        uids: &UidSet,
        command: impl Fn(UidSet) -> Command,
    ) -> Result<Option<Arrived>, Failure> {
        let mut all: Option<Arrived> = None;
        for uids in uids.chunks(u64::MAX, SET_OCTETS) {
            match (self.run(command(uids)).await?, &mut all) {
                (Answer::Arrived(Some(arrived)), Some(all)) if all.uid_validity == arrived.uid_validity => {
                    all.uids.union(&arrived.uids);
                }
                (Answer::Arrived(arrived), None) => all = arrived,
                _ => {}
            }
        }
        Ok(all)
    }

    /// Puts a message of `len` octets into a mailbox; where it is there, if the server says so (UIDPLUS).
    ///
    /// # Errors
    /// The server refuses, or keeps none of this length ([`Kind::Refused`]). The content cannot be read, or is not
    /// of this length: then the session has ended, and the server has nothing of it.
    pub async fn append(
        &mut self,
        folder: &str,
        flags: &Flags,
        date: Option<Date>,
        len: u64,
        body: &mut (dyn BufRead + Send),
    ) -> Result<Option<Arrived>, Failure> {
        let command = Command::Append { to: folder.into(), flags: flags.clone(), date, len, ticket: CONTENT };
        match self.run_with(command, &mut Appending { body, len }, |_| {}).await? {
            Answer::Arrived(arrived) => Ok(arrived),
            _ => Ok(None),
        }
    }

    /// Marks messages as deleted, and removes them: [`store`](Self::store), then [`expunge`](Self::expunge).
    ///
    /// # Errors
    /// As those.
    pub async fn delete(&mut self, uids: &UidSet) -> Result<(), Failure> {
        self.store(uids, Change::Add, &Flags::deleted(), None).await?;
        self.expunge(uids).await
    }

    /// Removes those of these messages that are marked as deleted, and no others: by UID EXPUNGE, or, without
    /// UIDPLUS, by EXPUNGE where nothing else is marked.
    ///
    /// # Errors
    /// [`Kind::Capability`] where the server has no UIDPLUS and others are marked as well: nothing is removed then.
    /// Else as [`create`](Self::create).
    pub async fn expunge(&mut self, uids: &UidSet) -> Result<(), Failure> {
        if uids.is_empty() {
            return Ok(());
        }
        if self.capabilities().has("UIDPLUS") {
            for uids in uids.chunks(u64::MAX, SET_OCTETS) {
                self.run(Command::UidExpunge(uids)).await?;
            }
            return Ok(());
        }
        let marked = self.search(&[Criterion::Flag("\\Deleted".into())]).await?;
        let others = marked.without(uids);
        if !others.is_empty() {
            let text = format!(
                "the server can only remove all messages marked as deleted at once (it lacks UIDPLUS), and {} others \
                 are marked",
                others.len()
            );
            return Err(Failure::new(Stage::Delete, Kind::Capability, text));
        }
        self.run(Command::Expunge).await.map(drop)
    }
}
