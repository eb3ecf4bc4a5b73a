//! One client, from its connection to its end: what is the same in every protocol. Each has a file of its
//! own for what its server's events mean to the store.

mod imap;
pub(crate) mod pop3;
mod smtp;

use std::sync::Arc;

use hongyan_net::Connection;
use hongyan_net::tls::Handshake;
use hongyan_proto::transcript::Who;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::sandbox::{Peer, Shared};
use crate::service::Protocol;

/// Serves a client to its end.
pub(crate) async fn serve(stream: TcpStream, peer: Peer, shared: Arc<Shared>, stop: watch::Receiver<bool>) {
    let mut connection =
        Connection::new(stream, Who::Server).with_tls(Handshake::Server(shared.acceptor.clone()));
    if let Some(tap) = shared.listen_in.as_ref().and_then(|listen_in| listen_in(&peer)) {
        connection = connection.with_tap(tap);
    }
    match peer.service.protocol() {
        Protocol::Smtp => smtp::serve(connection, &peer, &shared, stop).await,
        Protocol::Pop3 => pop3::serve(connection, &peer, &shared, stop).await,
        Protocol::Imap => imap::serve(connection, &peer, &shared, stop).await,
    }
}
