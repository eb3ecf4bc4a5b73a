//! A `hongyan sandbox` of the test's own, and what it kept.

use crate::place::{Place, run};
use crate::process::{Running, eventually, free_port};
use crate::servers::{PASSWORD, USER};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A second user, for clients that take passwords in ASCII only.
pub(crate) const ASCII_USER: &str = "ascii";
/// The password of the second user.
pub(crate) const ASCII_PASSWORD: &str = "secret";

/// A running sandbox. Ports of 127.0.0.1.
pub(crate) struct Sandbox {
    _running: Running,
    pub(crate) place: Place,
    /// Offers STARTTLS and AUTH.
    pub(crate) port: u16,
    /// Implicit TLS.
    pub(crate) smtps: u16,
    /// Offers STLS.
    pub(crate) pop3: u16,
    /// Implicit TLS.
    pub(crate) pop3s: u16,
    /// Offers STARTTLS.
    pub(crate) imap: u16,
    /// Implicit TLS.
    pub(crate) imaps: u16,
}

/// A message that it kept.
pub(crate) struct Kept {
    /// The octets, as they came over the wire.
    pub(crate) message: Vec<u8>,
    /// The envelope beside it.
    pub(crate) envelope: serde_json::Value,
}

impl Sandbox {
    /// Starts with these further arguments.
    pub(crate) fn start(more: &[&str]) -> Sandbox {
        let place = Place::new("sandbox");
        let ports = [(); 6].map(|()| free_port());
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongyan"));
        command.arg("sandbox");
        for (name, port) in ["--smtp", "--smtps", "--pop3", "--pop3s", "--imap", "--imaps"].iter().zip(ports)
        {
            command.args([name, &*port.to_string()]);
        }
        command.args(["--trace", "--dir", &place.text("mail")]).args(more);
        command.env("HONGYAN_SANDBOX_USERS", format!("{USER}:{PASSWORD}\n{ASCII_USER}:{ASCII_PASSWORD}\n"));
        let running = Running::start(&command, place.join("log"), &ports);
        let [port, smtps, pop3, pop3s, imap, imaps] = ports;
        Sandbox { _running: running, place, port, smtps, pop3, pop3s, imap, imaps }
    }

    /// The certificate that clients have to trust.
    pub(crate) fn ca(&self) -> PathBuf {
        self.place.join("mail/ca.pem")
    }

    /// Sends messages to one user by SMTP, with curl, which sends them as they are.
    pub(crate) fn receive(&self, user: &str, messages: &[String]) {
        for (number, message) in messages.iter().enumerate() {
            let file = self.place.write(&format!("sent-{number}.eml"), message);
            let mut command = Command::new("curl");
            command.args([
                "-sS",
                &format!("smtp://127.0.0.1:{}", self.port),
                "--mail-from",
                "shop@example.org",
            ]);
            command.args(["--mail-rcpt", &format!("{user}@example.net"), "--upload-file"]).arg(file);
            self.client(&mut command);
        }
    }

    /// What it kept, in order, once there are `count` messages.
    pub(crate) fn kept(&self, count: usize) -> Vec<Kept> {
        eventually(|| self.envelopes().len() >= count);
        let envelopes = self.envelopes();
        assert_eq!(envelopes.len(), count, "messages kept");
        let kept = |envelope: PathBuf| Kept {
            message: fs::read(envelope.with_extension("eml")).expect("the message beside its envelope"),
            envelope: serde_json::from_slice(&fs::read(envelope).expect("listed above")).expect("JSON"),
        };
        envelopes.into_iter().map(kept).collect()
    }

    fn envelopes(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.place.join("mail")).expect("the sandbox's folder");
        let mut found: Vec<PathBuf> = entries.map(|e| e.expect("a readable folder").path()).collect();
        found.retain(|path| path.extension().is_some_and(|e| e == "json"));
        found.sort();
        found
    }

    /// Runs a client to its end: a program, its arguments, what it reads; a failure is the test's.
    pub(crate) fn client(&self, command: &mut Command) -> String {
        let mut bounded = Command::new("timeout");
        bounded.arg("60").arg(command.get_program()).args(command.get_args());
        bounded.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        String::from_utf8_lossy(&run(&mut bounded)).into_owned()
    }
}

impl Kept {
    /// A field of the envelope as text; empty where there is none.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.envelope[name].as_str().unwrap_or_default()
    }

    /// The forward-paths.
    pub(crate) fn recipients(&self) -> Vec<&str> {
        let to = self.envelope["to"].as_array().expect("a list");
        to.iter().map(|r| r["address"].as_str().expect("an address")).collect()
    }

    /// The message with CRLF as LF.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.message).replace("\r\n", "\n")
    }
}
