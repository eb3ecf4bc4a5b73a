//! TLS: which certificates count, the handshake, and what is known afterwards.
//!
//! The crypto provider is always named (ring) and never the process's default, so that a program that
//! embeds this crate keeps its own. Certificates are loaded when the first handshake needs them, not
//! before: a mail in clear does not pay for them.

mod certificate;
mod explain;
mod policy;
mod verify;

use std::io;
use std::sync::Arc;

use hongyan_proto::TlsInfo;
use rustls::pki_types::ServerName;
use rustls::{ProtocolVersion, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

pub use certificate::end_point;
pub use explain::{Refusal, explain};
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
    /// As a client of this host: a name (IDN included) or an IP address, in brackets or not.
    ///
    /// # Errors
    /// `InvalidInput` where the host can be neither.
    pub fn client(connector: Connector, host: &str) -> io::Result<Self> {
        let name = crate::connect::normal(host).and_then(|host| ServerName::try_from(host).ok());
        match name {
            Some(name) => Ok(Self::Client(connector, name)),
            None => {
                let text = format!("`{}` is not a name that a certificate can have", host.escape_debug());
                Err(io::Error::new(io::ErrorKind::InvalidInput, text))
            }
        }
    }

    /// Turns a link in clear into one under TLS.
    pub(crate) async fn shake(&self, plain: Plain) -> io::Result<(Link, TlsInfo)> {
        let (stream, end_point, verified) = match self {
            Self::Client(connector, name) => {
                let config = connector.config()?;
                let shaken = TlsConnector::from(config).connect(name.clone(), plain).await;
                let stream = shaken.map_err(explain::refusal)?;
                let certificates = stream.get_ref().1.peer_certificates();
                let end_point = certificates.and_then(|all| end_point(all.first()?));
                (TlsStream::Client(stream), end_point, connector.verifies())
            }
            Self::Server(acceptor) => {
                let shaken = TlsAcceptor::from(acceptor.config.clone()).accept(plain).await;
                let stream = shaken.map_err(explain::refusal)?;
                (TlsStream::Server(stream), acceptor.end_point.clone(), true)
            }
        };
        let info = info(&stream, end_point, verified);
        Ok((Link::Tls(Box::new(stream)), info))
    }
}

fn info(stream: &TlsStream<Plain>, end_point: Option<Vec<u8>>, verified: bool) -> TlsInfo {
    let session = stream.get_ref().1;
    let protocol = session.protocol_version();
    let version = match protocol {
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        _ => "TLS",
    };
    let suite = session.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
    // Before 1.3 the exporter binds only with an extended master secret (RFC 9266 §4), which is not told.
    let exporter = (protocol == Some(ProtocolVersion::TLSv1_3)).then(|| {
        const LABEL: &[u8] = b"EXPORTER-Channel-Binding";
        match stream {
            TlsStream::Client(stream) => stream.get_ref().1.export_keying_material([0; 32], LABEL, None).ok(),
            TlsStream::Server(stream) => stream.get_ref().1.export_keying_material([0; 32], LABEL, None).ok(),
        }
    });
    TlsInfo {
        version: version.into(),
        cipher: suite.unwrap_or("an unnamed cipher").into(),
        exporter: exporter.flatten().map(Vec::from),
        end_point,
        leftover: 0,
        verified,
    }
}
