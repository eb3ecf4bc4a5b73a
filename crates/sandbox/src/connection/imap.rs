//! A client that looks at mail by IMAP: its user's mailboxes, told at once of what comes while it idles.

use std::io::{self, BufRead};

use hongyan_net::{Connection, Contents};
use hongyan_proto::imap::server::{Arrival, Event, Mailboxes, No, Server};
use hongyan_proto::machine::Ticket;
use tokio::sync::watch;

use crate::reading::Stream;
use crate::sandbox::{Peer, Shared};
use crate::store::{Coming, Envelope, Incoming, Put, Store};

/// Serves a client to its end.
pub(super) async fn serve(
    mut connection: Connection,
    peer: &Peer,
    shared: &Shared,
    mut stop: watch::Receiver<bool>,
) {
    let config = shared.imap.clone();
    let implicit_tls = peer.service.implicit_tls();
    let mut server = if implicit_tls { Server::with_implicit_tls(config) } else { Server::new(config) };
    let mut mails = Mails { store: shared.store.clone(), reader: None, incoming: None };
    let mut account: Option<Account> = None;
    let mut stopping = false;
    loop {
        let event = tokio::select! {
            biased;
            event = connection.drive(&mut server, &mut mails) => event,
            () = changed(&mut account) => {
                server.changed();
                continue;
            }
            _ = stop.changed(), if !stopping => {
                stopping = true;
                server.stop();
                continue;
            }
        };
        match event {
            None => return,
            Some(Event::LoggedIn { user }) => match enter(shared, &user) {
                Ok((mailboxes, entered)) => {
                    server.enter(Ok(mailboxes));
                    account = Some(entered);
                }
                Err(error) => server.enter(Err(No::from(&error))),
            },
            Some(Event::Append(arrival)) => match shared.store.begin(Some(arrival.size)) {
                Ok(incoming) => mails.incoming = Some(incoming),
                Err(error) => server.refuse(No::from(&error)),
            },
            Some(Event::Arrived(arrival)) => {
                let (Some(incoming), Some(account)) = (mails.incoming.take(), &account) else { continue };
                let coming = coming(&arrival, &account.user, &server, peer);
                let kept = incoming.keep(coming).await;
                if let Err(error) = &kept {
                    connection.note(&format!("the message was not kept: {error}"));
                }
                let kept = kept.map_err(|error| No::from(&error));
                server.kept(kept.and_then(|kept| kept.placed.ok_or_else(No::try_create)));
            }
            Some(Event::Abandoned) => mails.incoming = None,
        }
    }
}

/// Who has logged in.
struct Account {
    user: String,
    changes: watch::Receiver<()>,
}

fn enter(shared: &Shared, login: &str) -> io::Result<(Box<dyn Mailboxes>, Account)> {
    let accounts = shared.store.accounts();
    let user = accounts.log_in(login)?;
    let changes = accounts.watch(&user).ok_or(io::ErrorKind::NotFound)?;
    Ok((Box::new(accounts.view(&user)?), Account { user, changes }))
}

/// Waits for a change in the account's mailboxes; for ever where nobody has logged in.
async fn changed(account: &mut Option<Account>) {
    if let Some(account) = account
        && account.changes.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

/// A message that a client puts into a mailbox.
fn coming(arrival: &Arrival, user: &str, server: &Server, peer: &Peer) -> Coming {
    let put = Put { user: user.to_owned(), mailbox: arrival.mailbox.clone() };
    let envelope = Envelope::of_put(put, arrival.size, Some((peer, server.session().tls.as_ref())));
    Coming::with(envelope, arrival.flags.clone(), arrival.date)
}

/// Messages on their way out and in. A ticket is a message's number in the store.
struct Mails {
    store: Store,
    reader: Option<Stream>,
    incoming: Option<Incoming>,
}

impl Contents for Mails {
    fn open(&mut self, Ticket(id): Ticket, offset: u64) -> io::Result<&mut (dyn BufRead + Send)> {
        Ok(self.reader.insert(self.store.content(id)?.stream(offset)?))
    }

    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        self.incoming.as_mut().map_or(Ok(()), |incoming| incoming.write(piece))
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
