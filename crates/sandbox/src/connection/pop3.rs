//! A client that fetches mail by POP3: the maildrop is the user's INBOX.
//!
//! Only one POP3 session at a time has a maildrop (RFC 1939 §4); IMAP sessions are not kept out, and what one
//! of them has removed is refused when it is asked for. What is deleted leaves the INBOX at QUIT.

use std::collections::HashSet;
use std::io::{self, BufRead, Read};
use std::sync::{Mutex, PoisonError};

use hongyan_net::{Connection, Contents};
use hongyan_proto::machine::Ticket;
use hongyan_proto::pop3::server::{Entry, Event, Refusal, Server};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::accounts::{INBOX, Mail};
use crate::reading::{AsLines, top};
use crate::sandbox::{Peer, Shared};
use crate::store::Store;

/// The users whose maildrops are taken.
#[derive(Debug, Default)]
pub(crate) struct Taken(Mutex<HashSet<String>>);

/// Serves a client to its end.
pub(super) async fn serve(
    mut connection: Connection,
    peer: &Peer,
    shared: &Shared,
    mut stop: watch::Receiver<bool>,
) {
    let config = shared.pop3.clone();
    let implicit_tls = peer.service.implicit_tls();
    let mut server = if implicit_tls { Server::with_implicit_tls(config) } else { Server::new(config) };
    let mut maildrop: Option<Maildrop<'_>> = None;
    let mut wanted = Wanted { store: shared.store.clone(), message: None, reader: None };
    let mut stopping = false;
    loop {
        let event = tokio::select! {
            biased;
            event = connection.drive(&mut server, &mut wanted) => event,
            _ = stop.changed(), if !stopping => {
                stopping = true;
                server.stop();
                continue;
            }
        };
        match event {
            None => return,
            Some(Event::Login { user }) => match Maildrop::open(shared, &user) {
                Ok(opened) => {
                    server.opened(Ok(opened.entries()));
                    maildrop = Some(opened);
                }
                Err(refusal) => server.opened(Err(refusal)),
            },
            Some(Event::Content { ticket, number, lines }) => {
                let mail = maildrop.as_ref().and_then(|maildrop| maildrop.get(number));
                let given = match mail {
                    Some(mail) => wanted.prepare(ticket, mail, lines),
                    None => Err(io::ErrorKind::NotFound.into()),
                };
                server.give(given.map_err(|error| refusal(&error)));
            }
            Some(Event::Commit(numbers)) => {
                // Others may have the maildrop from now on, however long this client takes to go.
                let done = match maildrop.take() {
                    Some(maildrop) => maildrop.delete(&shared.store, &numbers).await,
                    None => Ok(()),
                };
                if let Err(error) = &done {
                    connection.note(&format!("the messages were not deleted: {error}"));
                }
                server.committed(done.map_err(|error| Refusal::from(&error)));
            }
        }
    }
}

fn refusal(error: &io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::NotFound => Refusal::new(None, "the message was removed by another session"),
        _ => Refusal::from(error),
    }
}

/// An INBOX as it was at the login.
struct Maildrop<'s> {
    user: String,
    uid_validity: u32,
    mails: Vec<Mail>,
    taken: &'s Taken,
}

impl<'s> Maildrop<'s> {
    fn open(shared: &'s Shared, login: &str) -> Result<Self, Refusal> {
        let accounts = shared.store.accounts();
        let user = accounts.log_in(login).map_err(|error| Refusal::from(&error))?;
        if !shared.taken.lock().insert(user.clone()) {
            return Err(Refusal::in_use());
        }
        let mut maildrop = Self { user, uid_validity: 0, mails: Vec::new(), taken: &shared.taken };
        let read = accounts.uid_validity(&maildrop.user, INBOX).and_then(|uid_validity| {
            maildrop.uid_validity = uid_validity;
            maildrop.mails = accounts.mails(&maildrop.user, INBOX)?;
            Ok(())
        });
        read.map(|()| maildrop).map_err(|error| Refusal::from(&error))
    }

    fn entries(&self) -> Vec<Entry> {
        let entry = |mail: &Mail| Entry {
            size: mail.size + mail.more_as_lines,
            uid: match &mail.unique_id {
                Some(unique_id) => unique_id.to_string(),
                None => format!("{:08x}{:08x}", self.uid_validity, mail.uid),
            },
        };
        self.mails.iter().map(entry).collect()
    }

    fn get(&self, number: u32) -> Option<&Mail> {
        self.mails.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    async fn delete(&self, store: &Store, numbers: &[u32]) -> io::Result<()> {
        if numbers.is_empty() {
            return Ok(());
        }
        let uids: Vec<u32> =
            numbers.iter().filter_map(|number| self.get(*number)).map(|mail| mail.uid).collect();
        let (accounts, user) = (store.accounts(), self.user.clone());
        // Ten thousand files are not removed at once.
        let removing = spawn_blocking(move || accounts.remove(&user, INBOX, &uids));
        removing.await.map_err(io::Error::other)?
    }
}

impl Drop for Maildrop<'_> {
    fn drop(&mut self) {
        self.taken.lock().remove(&self.user);
    }
}

impl Taken {
    /// Nothing that panics runs under the lock.
    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The message that is being given out.
struct Wanted {
    store: Store,
    message: Option<Message>,
    reader: Option<Box<dyn BufRead + Send>>,
}

/// A message, or the top of one.
struct Message {
    ticket: Ticket,
    id: u64,
    /// What it has does not have CRLF at the end of every line.
    to_lines: bool,
    /// In octets, as lines.
    len: u64,
}

impl Message {
    fn reader(&self, store: &Store) -> io::Result<Box<dyn BufRead + Send>> {
        let stream = store.content(self.id)?.stream(0)?;
        Ok(if self.to_lines { Box::new(AsLines::of(stream)) } else { Box::new(stream) })
    }
}

impl Wanted {
    /// Makes a message the one that is given out; its length.
    fn prepare(&mut self, ticket: Ticket, mail: &Mail, lines: Option<u32>) -> io::Result<u64> {
        let to_lines = mail.more_as_lines > 0;
        let len = mail.size + mail.more_as_lines;
        let mut message = Message { ticket, id: mail.id, to_lines, len };
        let reader = message.reader(&self.store)?;
        if let Some(lines) = lines {
            message.len = top(reader, lines)?;
        }
        let len = message.len;
        self.message = Some(message);
        Ok(len)
    }
}

impl Contents for Wanted {
    fn open(&mut self, ticket: Ticket, offset: u64) -> io::Result<&mut (dyn BufRead + Send)> {
        let message = self.message.as_ref().filter(|message| message.ticket == ticket);
        let message = message.ok_or(io::ErrorKind::NotFound)?;
        let left = message.len.checked_sub(offset).ok_or(io::ErrorKind::InvalidInput)?;
        let mut reader = message.reader(&self.store)?;
        // Gone on with after an interruption: what was read is read again.
        io::copy(&mut reader.by_ref().take(offset), &mut io::sink())?;
        Ok(&mut **self.reader.insert(Box::new(reader.take(left))))
    }

    fn take(&mut self, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
