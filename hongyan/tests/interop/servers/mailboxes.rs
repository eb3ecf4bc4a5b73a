//! Dovecot as a server that mail is fetched from: POP3 and IMAP, in clear, after STLS or STARTTLS and under TLS, over a
//! Maildir that the test delivers to and looks into.

use super::{PASSWORD, USER};
use crate::place::{Place, run};
use crate::process::{Running, free_port};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A running Dovecot with the mail of one user. Ports of 127.0.0.1.
pub(crate) struct Mailboxes {
    running: Running,
    pub(crate) place: Place,
    /// Offers STLS.
    pub(crate) pop3: u16,
    /// Implicit TLS.
    pub(crate) pop3s: u16,
    /// Offers STARTTLS.
    pub(crate) imap: u16,
    /// Implicit TLS.
    pub(crate) imaps: u16,
}

/// The SHA-256 of each of some messages as they are on the wire, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Digests(Vec<[u8; 32]>);

impl FromIterator<Vec<u8>> for Digests {
    fn from_iter<T: IntoIterator<Item = Vec<u8>>>(messages: T) -> Self {
        let mut all: Vec<_> = messages.into_iter().map(|message| Sha256::digest(message).into()).collect();
        all.sort_unstable();
        Self(all)
    }
}

impl Digests {
    /// Those of the messages in a Maildir's folder.
    pub(crate) fn of(folder: &Path) -> Self {
        files(folder).iter().map(|file| fs::read(file).expect("a message")).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The files of the messages in a Maildir's folder, in the order of their names.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let part = |part: &str| fs::read_dir(folder.join(part)).into_iter().flatten();
    let mut files: Vec<_> =
        part("new").chain(part("cur")).map(|entry| entry.expect("a readable folder").path()).collect();
    files.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
    files
}

impl Mailboxes {
    /// Starts with an empty INBOX.
    pub(crate) fn start() -> Self {
        let place = Place::in_memory("mailboxes");
        place.certificate();
        place.folder_of("mail", "mailboxes");
        let ports = [(); 4].map(|()| free_port());
        place.write("passwords", format!("{USER}:{{PLAIN}}{PASSWORD}\n"));
        let config = place.write("dovecot.conf", config(&place, ports));
        let running = Running::start(
            Command::new("dovecot").arg("-F").arg("-c").arg(config),
            place.join("dovecot.log"),
            &ports,
        );
        let [pop3, pop3s, imap, imaps] = ports;
        let server = Self { running, place, pop3, pop3s, imap, imaps };
        server.make_folder("");
        server
    }

    /// The certificate that vouches for this server.
    pub(crate) fn ca(&self) -> PathBuf {
        self.place.join("ca.pem")
    }

    /// What Dovecot has said.
    pub(crate) fn log(&self) -> String {
        self.running.output()
    }

    /// Where Dovecot keeps a folder, which is named as on its disk: empty for INBOX, else `.` and modified UTF-7.
    pub(crate) fn folder(&self, directory: &str) -> PathBuf {
        self.place.join("mailboxes").join(directory)
    }

    /// Makes a folder.
    pub(crate) fn make_folder(&self, directory: &str) {
        for part in ["", "/cur", "/new", "/tmp"] {
            self.place.folder_of("mail", &format!("mailboxes/{directory}{part}"));
        }
    }

    /// Delivers mails to a folder as a delivery agent does, with the lines of its system; what they are on the wire.
    pub(crate) fn deliver(&self, directory: &str, mails: impl IntoIterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let folder = self.folder(directory);
        let deliver = |mail: Vec<u8>| {
            let name = format!("1700000000.M{:07}.localhost", COUNT.fetch_add(1, Ordering::Relaxed));
            let (temporary, new) = (folder.join("tmp").join(&name), folder.join("new").join(&name));
            fs::write(&temporary, &mail).expect("our own folder");
            fs::rename(temporary, new).expect("one file system");
            on_the_wire(&mail)
        };
        mails.into_iter().map(deliver).collect()
    }

    /// The messages that Dovecot has in a folder, as it puts them on the wire.
    pub(crate) fn there(&self, directory: &str) -> Digests {
        let read = |file: &PathBuf| on_the_wire(&fs::read(file).expect("Dovecot's file"));
        files(&self.folder(directory)).iter().map(read).collect()
    }

    /// Makes Dovecot number the INBOX anew: another UIDVALIDITY, other unique-ids.
    pub(crate) fn renumber(&self) {
        for entry in fs::read_dir(self.folder("")).expect("Dovecot's folder") {
            let path = entry.expect("a readable folder").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name == "dovecot-uidlist" || name.starts_with("dovecot.index") {
                fs::remove_file(path).expect("Dovecot's file");
            }
        }
    }

    /// Gives one command to the INBOX, by another maker's client.
    pub(crate) fn command(&self, command: &str) -> String {
        let url = format!("imap://127.0.0.1:{}/INBOX", self.imap);
        let login = format!("{USER}:{PASSWORD}");
        let curl = ["-sS", "--max-time", "20", "--user", &login, &url, "-X", command];
        String::from_utf8_lossy(&run(Command::new("curl").args(curl))).into_owned()
    }
}

/// With CRLF at the end of each line.
fn on_the_wire(mail: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(mail.len() + mail.len() / 32);
    for line in mail.split_inclusive(|&octet| octet == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) => wire.extend_from_slice(&[text, b"\r\n"].concat()),
            None => wire.extend_from_slice(line),
        }
    }
    wire
}

fn config(place: &Place, [pop3, pop3s, imap, imaps]: [u16; 4]) -> String {
    let listener = |protocol: &str, clear: u16, tls: u16| {
        format!(
            "service {protocol}-login {{\n  inet_listener {protocol} {{\n    port = {clear}\n  }}\n  \
             inet_listener {protocol}s {{\n    port = {tls}\n    ssl = yes\n  }}\n}}\n"
        )
    };
    format!(
        "base_dir = {run}\nstate_dir = {run}\nlog_path = /dev/stderr\nprotocols = imap pop3\nlisten = 127.0.0.1\n\
         ssl = yes\nssl_cert = <{cert}\nssl_key = <{key}\ndisable_plaintext_auth = no\n\
         auth_mechanisms = plain login cram-md5 scram-sha-256\nfirst_valid_uid = 1\n\
         mail_location = maildir:{mailboxes}\n\
         passdb {{\n  driver = passwd-file\n  args = {passwords}\n}}\n\
         userdb {{\n  driver = static\n  args = uid=mail gid=mail home={mailboxes}\n}}\n\
         namespace inbox {{\n  inbox = yes\n}}\n{}{}",
        listener("pop3", pop3, pop3s),
        listener("imap", imap, imaps),
        run = place.text("run"),
        cert = place.text("cert.pem"),
        key = place.text("key.pem"),
        passwords = place.text("passwords"),
        mailboxes = place.text("mailboxes"),
    )
}
