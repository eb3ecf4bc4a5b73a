//! TLS: which certificates count, the handshake, and what is known afterwards.
//!
//! The crypto provider is always named (ring) and never the process's default, so that a program that
//! embeds this crate keeps its own. Certificates are loaded when the first handshake needs them, not
//! before: a mail in clear does not pay for them.

mod policy;

use std::io;
use std::sync::Arc;

use hongyan_proto::TlsInfo;
use rustls::ServerConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

pub use policy::{Connector, Identity, Policy, Roots, provider};

use crate::link::{Link, Plain};

/// What a handshake needs, either side.
#[derive(Clone, Debug)]
pub enum Handshake {
    /// As a client, with the name that the server's certificate must hold.
    Client(Connector, ServerName<'static>),
    /// As a server.
    Server(Acceptor),
}

/// A server's side of TLS.
#[derive(Clone, Debug)]
pub struct Acceptor {
    /// Certificates and protocol versions.
    pub config: Arc<ServerConfig>,
    /// The `tls-server-end-point` of the certificate, for channel binding.
    pub end_point: Option<Vec<u8>>,
}

impl Handshake {
    /// As a client of this host: a name or an IP address.
    ///
    /// # Errors
    /// `InvalidInput` where the host can be neither.
    pub fn client(connector: Connector, host: &str) -> io::Result<Self> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("`{}` is not a host name", host.escape_debug()),
            )
        })?;
        Ok(Self::Client(connector, name))
    }

    /// Turns a link in clear into one under TLS.
    pub(crate) async fn shake(&self, plain: Plain) -> io::Result<(Link, TlsInfo)> {
        let (stream, end_point, verified) = match self {
            Self::Client(connector, name) => {
                let config = connector.config()?;
                let stream = TlsConnector::from(config).connect(name.clone(), plain).await?;
                (TlsStream::Client(stream), None, connector.verifies())
            }
            Self::Server(acceptor) => {
                let stream = TlsAcceptor::from(acceptor.config.clone()).accept(plain).await?;
                (TlsStream::Server(stream), acceptor.end_point.clone(), true)
            }
        };
        let info = info(&stream, end_point, verified);
        Ok((Link::Tls(Box::new(stream)), info))
    }
}

fn info(stream: &TlsStream<Plain>, end_point: Option<Vec<u8>>, verified: bool) -> TlsInfo {
    let session = stream.get_ref().1;
    let version = match session.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
        _ => "TLS",
    };
    let cipher = session.negotiated_cipher_suite().map_or("", |suite| suite.suite().as_str().unwrap_or(""));
    TlsInfo {
        version: version.into(),
        cipher: cipher.into(),
        exporter: None,
        end_point,
        leftover: 0,
        verified,
    }
}
