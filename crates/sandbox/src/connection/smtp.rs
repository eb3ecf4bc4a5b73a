//! A client that sends mail.

use std::io::{self, BufRead};

use hongyan_net::{Connection, Contents};
use hongyan_proto::machine::Ticket;
use hongyan_proto::smtp::server::{Event, Refusal, Server};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::sandbox::{Peer, Shared};
use crate::store::{Coming, Envelope, Incoming};

/// Serves a client to its end.
pub(super) async fn serve(
    mut connection: Connection,
    peer: &Peer,
    shared: &Shared,
    mut stop: watch::Receiver<bool>,
) {
    let config = shared.smtp.clone();
    let implicit_tls = peer.service.implicit_tls();
    let mut server = if implicit_tls { Server::with_implicit_tls(config) } else { Server::new(config) };
    let mut inbox = Inbox { incoming: None, left: 0 };
    // When the content that comes in has taken too long. The timer stands still while messages come and
    // go; it is moved when it fires too early.
    let mut due = None;
    let mut timer = std::pin::pin!(sleep_until(Instant::now() + shared.content));
    let mut stopping = false;
    loop {
        let event = tokio::select! {
            biased;
            event = connection.drive(&mut server, &mut inbox) => event,
            _ = stop.changed(), if !stopping => {
                stopping = true;
                server.stop();
                continue;
            }
            () = &mut timer => match due {
                Some(due) if due <= Instant::now() => {
                    connection.note("the content took too long");
                    return;
                }
                due => {
                    timer.as_mut().reset(due.unwrap_or(Instant::now() + shared.content));
                    continue;
                }
            },
        };
        match event {
            None => return,
            Some(Event::Content { declared }) => match shared.store.begin(declared) {
                Ok(incoming) => {
                    inbox = Inbox { incoming: Some(incoming), left: shared.smtp.max_size };
                    due = Some(Instant::now() + shared.content);
                }
                Err(error) => server.refuse(Refusal::from(&error)),
            },
            Some(Event::Message(transaction)) => {
                due = None;
                let Some(incoming) = inbox.incoming.take() else { continue };
                let envelope = Envelope::new(&transaction, server.session(), peer);
                let kept = incoming.keep(Coming::new(envelope)).await.map(|kept| kept.id);
                if let Err(error) = &kept {
                    connection.note(&format!("the message was not kept: {error}"));
                }
                server.kept(kept.map(|id| format!("kept as {id}")).map_err(|error| Refusal::from(&error)));
            }
            Some(Event::Abandoned) => {
                due = None;
                inbox.incoming = None;
            }
        }
    }
}

/// Where content goes: to the message that has begun, or nowhere.
struct Inbox {
    incoming: Option<Incoming>,
    /// How many octets the message may still have.
    left: u64,
}

impl Contents for Inbox {
    fn open(&mut self, _: Ticket, _: u64) -> io::Result<&mut (dyn BufRead + Send)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        let Some(incoming) = &mut self.incoming else { return Ok(()) };
        self.left = self.left.checked_sub(piece.len() as u64).ok_or(io::ErrorKind::FileTooLarge)?;
        incoming.write(piece)
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
