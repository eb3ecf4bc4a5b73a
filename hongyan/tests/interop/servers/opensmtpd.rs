//! An OpenSMTPD of the test's own: the server without PIPELINING and CHUNKING.
//!
//! Its paths are compiled in, so it runs in a mount namespace where they lead into private folders. Debian's build
//! answers every TLS handshake with an internal error (its key process and OpenSSL 3 disagree), so it serves plain mail.

use crate::Peers;
use crate::place::{Place, arrived};
use crate::process::{Running, free_port};
use std::process::Command;

/// A running OpenSMTPD.
pub(crate) struct OpenSmtpd {
    _running: Running,
    place: Place,
    /// Takes mail from anyone, on 127.0.0.1.
    pub(crate) port: u16,
}

impl OpenSmtpd {
    pub(crate) fn start(peers: &Peers) -> OpenSmtpd {
        let place = Place::new("opensmtpd");
        place.folder_of("mail", "mail");
        let port = free_port();
        let config = place.write(
            "smtpd.conf",
            format!(
                "table users {{ \"@\" = \"mail\" }}\n\
                 table refused {{ \"refused@example.org\" }}\n\
                 listen on 127.0.0.1 port {port} hostname opensmtpd.test\n\
                 action \"keep\" maildir \"{}\" virtual <users>\n\
                 match from any for rcpt-to <refused> reject\n\
                 match from any for any action \"keep\"\n",
                place.text("mail"),
            ),
        );
        let script = place.write("run.sh", SCRIPT);
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh"]).arg(script).arg(peers.folder.join("root")).arg(config);
        let running = Running::start(&command, place.join("log"), &[port]);
        OpenSmtpd { _running: running, place, port }
    }

    /// What was delivered, a copy for each recipient, with LF line ends, once there are `count`.
    pub(crate) fn arrived(&self, count: usize) -> Vec<Vec<u8>> {
        arrived(&self.place.join("mail"), count)
    }
}

const SCRIPT: &str = "set -eu
for folder in /run /var/spool /var/lib; do
    mount -t tmpfs -o mode=755 none $folder
done
mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd
chmod 711 /var/spool/smtpd
mount --bind \"$1/usr/libexec\" /usr/libexec
exec \"$1/usr/sbin/smtpd\" -d -f \"$2\"
";
