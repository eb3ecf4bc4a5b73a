//! Learning what there is, and fetching it.

use std::collections::VecDeque;
use std::io;

use hongyan_proto::imap::UidSet;
use hongyan_proto::imap::client::{
    About, Answer, Command, Criterion, Event, Folder, Meta, Mode, Namespaces, Resync, Selected, Status, What,
};
use hongyan_proto::outcome::{Failure, Kind, Stage};

use super::Session;
use super::contents::{Dropping, Fetching};
use crate::sink::Sink;

/// The most messages that one FETCH command asks for.
pub const FETCH_MESSAGES: u64 = 256;
/// How many messages are asked for before the first of them has been answered, so that a line's delay costs nothing.
pub const FETCH_WINDOW: u64 = 768;
/// The longest set in a command, in octets: RFC 2683 §3.2.1.5 asks clients for lines of at most 1000.
pub(super) const SET_OCTETS: usize = 800;

impl Session {
    /// The mailboxes whose names fit a pattern, in which `*` stands for anything and `%` for anything on one level;
    /// with what they are for (SPECIAL-USE), where the server says so.
    ///
    /// # Errors
    /// The server refuses, or the session has ended.
    pub async fn folders(&mut self, pattern: &str) -> Result<Vec<Folder>, Failure> {
        let mut folders: Vec<Folder> = Vec::new();
        let command = Command::List { pattern: pattern.into() };
        self.run_with(command, &mut Dropping, |event| {
            if let Event::Folder(folder) = event {
                folders.push(folder);
            }
        })
        .await?;
        Ok(folders)
    }

    /// Where mailboxes are (NAMESPACE).
    ///
    /// # Errors
    /// [`Kind::Capability`] where the server does not offer it; else as [`folders`](Self::folders).
    pub async fn namespaces(&mut self) -> Result<Namespaces, Failure> {
        match self.run(Command::Namespace).await? {
            Answer::Namespaces(namespaces) => Ok(namespaces),
            _ => Ok(Namespaces::default()),
        }
    }

    /// Opens a mailbox. With `resync`, a server with QRESYNC also tells what changed since then; whether it did is
    /// in [`Selected::resynced`].
    ///
    /// # Errors
    /// The server refuses: then no mailbox is open. Or the session has ended.
    pub async fn select(
        &mut self,
        name: &str,
        mode: Mode,
        resync: Option<Resync>,
    ) -> Result<Selected, Failure> {
        match self.run(Command::Select { name: name.into(), mode, resync }).await? {
            Answer::Selected(selected) => Ok(*selected),
            _ => Err(Failure::new(Stage::Select, Kind::Protocol, "the mailbox was not opened")),
        }
    }

    /// How a mailbox stands, without opening it.
    ///
    /// # Errors
    /// As [`folders`](Self::folders).
    pub async fn status(&mut self, name: &str) -> Result<Status, Failure> {
        match self.run(Command::Status { name: name.into() }).await? {
            Answer::Status(status) => Ok(status),
            _ => Ok(Status::default()),
        }
    }

    /// What is known of messages besides their content, for those of these that exist, in the server's order.
    /// `UidSet::starting_at(n)` names all from `n` on. One command, whatever the number: about 100 octets of memory
    /// a message.
    ///
    /// # Errors
    /// As [`folders`](Self::folders).
    pub async fn list(&mut self, uids: &UidSet) -> Result<Vec<Meta>, Failure> {
        let mut metas = Vec::new();
        self.list_each(uids, About::Everything, None, |meta| metas.push(meta)).await?;
        Ok(metas)
    }

    /// The same, message by message; only what is asked `about`, and with `changed_since` (a MODSEQ) only messages
    /// that have changed since then, where the server keeps CONDSTORE.
    ///
    /// # Errors
    /// As [`folders`](Self::folders).
    pub async fn list_each(
        &mut self,
        uids: &UidSet,
        about: About,
        changed_since: Option<u64>,
        mut each: impl FnMut(Meta),
    ) -> Result<(), Failure> {
        // There are servers to which `1:*` makes no sense where there is no message.
        if self.selected().is_some_and(|selected| selected.exists == 0) {
            return Ok(());
        }
        // A set that is one range stays one command; a scattered one is cut.
        for uids in uids.chunks(u64::MAX, SET_OCTETS) {
            let command = Command::About { uids, what: about, changed_since };
            self.run_with(command, &mut Dropping, |event| {
                if let Event::Meta(meta) = event {
                    each(*meta);
                }
            })
            .await?;
        }
        Ok(())
    }

    /// The messages of the open mailbox that fit all of these; all of them where there are none.
    ///
    /// # Errors
    /// As [`folders`](Self::folders); [`Kind::Local`] for what cannot be written.
    pub async fn search(&mut self, criteria: &[Criterion]) -> Result<UidSet, Failure> {
        match self.run(Command::Search(criteria.to_vec())).await? {
            Answer::Found(uids, _) => Ok(uids),
            _ => Ok(UidSet::new()),
        }
    }

    /// Fetches the content of messages (BODY.PEEK: nothing is marked as read) to `sink`, each message at most once
    /// and in the server's order. Returns those for which nothing came: they are gone.
    ///
    /// # Errors
    /// The server refuses, the sink cannot keep what it gets ([`Kind::Local`]), or the connection is lost. What was
    /// handed to the sink to its end before that is whole.
    pub async fn fetch(
        &mut self,
        uids: &UidSet,
        what: What,
        sink: &mut impl Sink<Meta>,
    ) -> Result<UidSet, Failure> {
        let mut contents = Fetching { sink, wanted: false };
        let mut chunks = uids.chunks(FETCH_MESSAGES, SET_OCTETS);
        let mut under_way = VecDeque::new();
        let (mut asked, mut came, mut refusal) = (0, UidSet::new(), None);
        loop {
            while asked < FETCH_WINDOW && refusal.is_none() {
                let Some(uids) = chunks.next() else { break };
                let messages = uids.len();
                asked += messages;
                under_way.push_back((self.client.submit(Command::Fetch { uids, what }), messages));
            }
            if under_way.is_empty() {
                break;
            }
            let kept = match self.next(&mut contents).await? {
                Event::Content(octets) => {
                    contents.wanted = true;
                    contents.sink.begin(Some(octets))
                }
                Event::Inline(octets) => inline(contents.sink, &octets),
                // What was asked for by somebody who gave up on it may still come.
                Event::Message(meta) if !uids.contains(meta.uid) => Ok(()),
                Event::Message(meta) => {
                    came.insert(meta.uid);
                    contents.sink.end(*meta)
                }
                Event::Done(id, answer) => {
                    if let Some(at) = under_way.iter().position(|one| one.0 == id) {
                        asked -= under_way.remove(at).map_or(0, |one| one.1);
                        refusal = refusal.or(answer.err());
                    }
                    Ok(())
                }
                _ => Ok(()),
            };
            if let Err(error) = kept {
                let failure = Failure::io(Stage::Fetch, Kind::Local, error);
                self.client.abort(failure.clone());
                return Err(failure);
            }
        }
        match refusal {
            Some(failure) => Err(failure),
            None => Ok(uids.without(&came)),
        }
    }
}

/// A content that came in the line itself.
fn inline(sink: &mut impl Sink<Meta>, octets: &[u8]) -> io::Result<()> {
    sink.begin(Some(octets.len() as u64))?;
    if octets.is_empty() { Ok(()) } else { sink.take(octets) }
}
