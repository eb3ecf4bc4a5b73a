//! Dovecot as the authority that Postfix asks who may log in: its `auth` service alone, on a socket.

use super::{PASSWORD, USER};
use crate::place::Place;
use crate::process::Running;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;

/// A running Dovecot that offers the mechanisms it was started with.
pub(crate) struct Dovecot {
    _running: Running,
    /// The socket of Dovecot's client protocol.
    pub(crate) socket: PathBuf,
}

impl Dovecot {
    /// Starts it in `place`, with `mechanisms` as Dovecot writes them: `plain login scram-sha-256`.
    pub(crate) fn start(place: &Place, mechanisms: &str) -> Dovecot {
        let socket = place.join("auth.sock");
        place.write("passwords", format!("{USER}:{{PLAIN}}{PASSWORD}\n"));
        let config = place.write(
            "dovecot.conf",
            format!(
                "base_dir = {run}\nstate_dir = {run}\nlog_path = /dev/stderr\nprotocols =\nlisten = 127.0.0.1\nssl = no\n\
                 disable_plaintext_auth = no\nauth_mechanisms = {mechanisms}\nauth_verbose = yes\n\
                 auth_failure_delay = 0\n\
                 service anvil {{\n  unix_listener anvil-auth-penalty {{\n    mode = 0\n  }}\n}}\n\
                 passdb {{\n  driver = passwd-file\n  args = {passwords}\n}}\n\
                 userdb {{\n  driver = static\n  args = uid=mail gid=mail home={run}\n}}\n\
                 service auth {{\n  unix_listener {socket} {{\n    mode = 0666\n  }}\n}}\n",
                run = place.text("dovecot"),
                passwords = place.text("passwords"),
                socket = socket.display(),
            ),
        );
        let mut running = Running::start(
            Command::new("dovecot").arg("-F").arg("-c").arg(config),
            place.join("dovecot.log"),
            &[],
        );
        running.until(|| UnixStream::connect(&socket).is_ok());
        Dovecot { _running: running, socket }
    }
}
