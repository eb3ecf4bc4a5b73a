//! From a server's name to a connection on which a session can begin: TCP, the tap, TLS from the first octet.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hongyan_proto::TlsInfo;
use hongyan_proto::outcome::{Failure, Kind, Stage};
use hongyan_proto::tls::Tls;
use hongyan_proto::transcript::Who;

use crate::connect::{Route, connect};
use crate::drive::Connection;
use crate::server::Server;
use crate::smtp::NewTap;
use crate::tls::{Connector, Handshake};

/// A connection that nobody has said anything on.
pub(crate) struct Reached {
    pub(crate) connection: Connection,
    /// Address and port, and the proxy in between, for people.
    pub(crate) place: String,
    /// Our end of it.
    pub(crate) own: Option<SocketAddr>,
    /// TLS, where it is up.
    pub(crate) tls: Option<TlsInfo>,
}

/// Connects to `server`. `policy` says whether the session may want TLS later; `patience` is for the handshake.
pub(crate) async fn reach(
    server: &Server,
    route: &Route,
    tls: &Connector,
    tap: Option<&NewTap>,
    policy: Tls,
    patience: Duration,
) -> Result<Reached, Failure> {
    let reached = connect(&server.host, server.port, route).await?;
    let own = reached.stream.local_addr().ok();
    let mut connection = Connection::new(reached.stream, Who::Client);
    if server.implicit_tls || policy != Tls::Never {
        let handshake = Handshake::client(tls.clone(), &server.host)
            .map_err(|error| Failure::io(Stage::Prepare, Kind::Local, error))?;
        connection = connection.with_tls(handshake);
    }
    if let Some(tap) = tap {
        connection = connection.with_tap(tap());
    }
    connection.note(&format!("connected to {}", reached.place));
    let mut info = None;
    if server.implicit_tls {
        let shaken = connection.start_tls(patience).await;
        info = Some(shaken.map_err(|error| {
            connection.note(&format!("no TLS: {error}"));
            let late = error.kind() == io::ErrorKind::TimedOut;
            Failure::io(Stage::StartTls, if late { Kind::Timeout } else { Kind::Tls }, error)
        })?);
    }
    Ok(Reached { connection, place: reached.place, own, tls: info })
}
