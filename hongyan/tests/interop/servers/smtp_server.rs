//! smtp-server of Node.js, the server half of nodemailer: PIPELINING, STARTTLS, AUTH, SMTPUTF8, without CHUNKING.

use super::{PASSWORD, USER};
use crate::Peers;
use crate::place::{Place, arrived};
use crate::process::{Running, free_port};
use std::path::PathBuf;
use std::process::Command;

/// A running smtp-server. Ports of 127.0.0.1; it demands AUTH on each.
pub(crate) struct SmtpServer {
    _running: Running,
    place: Place,
    /// Offers STARTTLS, and AUTH PLAIN and LOGIN after it.
    pub(crate) port: u16,
    /// Implicit TLS.
    pub(crate) smtps: u16,
}

impl SmtpServer {
    pub(crate) fn start(peers: &Peers) -> SmtpServer {
        let place = Place::new("smtp-server");
        place.certificate();
        std::fs::create_dir_all(place.join("mail/new")).expect("our own folder can be written");
        let (port, smtps) = (free_port(), free_port());
        let script = place.write("server.js", include_str!("smtp_server.js"));
        let mut command = Command::new("node");
        command
            .arg(script)
            .arg(place.join(""))
            .args([&port.to_string(), &smtps.to_string(), USER, PASSWORD])
            .env("NODE_PATH", peers.folder.join("node/node_modules"));
        let running = Running::start(&command, place.join("log"), &[port, smtps]);
        SmtpServer { _running: running, place, port, smtps }
    }

    /// The certificate that vouches for this server.
    pub(crate) fn ca(&self) -> PathBuf {
        self.place.join("ca.pem")
    }

    /// What was taken, once for all recipients, with CRLF line ends, once there are `count`.
    pub(crate) fn arrived(&self, count: usize) -> Vec<Vec<u8>> {
        arrived(&self.place.join("mail"), count)
    }
}
