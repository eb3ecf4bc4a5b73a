//! A Postfix of the test's own: three listeners, delivery into one Maildir, authentication through Dovecot.

use super::dovecot::Dovecot;
use crate::place::{Place, arrived, run};
use crate::process::{Running, free_port};
use std::path::PathBuf;
use std::process::Command;

/// A running Postfix. Ports of 127.0.0.1.
pub(crate) struct Postfix {
    running: Running,
    _dovecot: Dovecot,
    place: Place,
    /// Takes mail from anyone; offers STARTTLS.
    pub(crate) port: u16,
    /// Demands STARTTLS, then AUTH.
    pub(crate) submission: u16,
    /// Implicit TLS, then AUTH.
    pub(crate) submissions: u16,
}

impl Postfix {
    /// Starts with every mechanism that Dovecot offers here.
    pub(crate) fn start() -> Postfix {
        Postfix::with("plain login cram-md5 scram-sha-1 scram-sha-256", "")
    }

    /// Starts with these SASL mechanisms, as Dovecot writes them, and these further lines of main.cf.
    pub(crate) fn with(mechanisms: &str, further: &str) -> Postfix {
        Postfix::configured(mechanisms, &format!("{KEEPING}\n{further}"))
    }

    /// Starts one that passes everything on to its relay host, as these lines of main.cf say.
    pub(crate) fn relaying(lines: &str) -> Postfix {
        Postfix::configured("plain", lines)
    }

    fn configured(mechanisms: &str, lines: &str) -> Postfix {
        let place = Place::new("postfix");
        place.certificate();
        let dovecot = Dovecot::start(&place, mechanisms);
        place.folder_of("postfix", "data");
        place.folder_of("mail", "mail");
        for folder in ["etc", "spool"] {
            std::fs::create_dir_all(place.join(folder)).expect("our own folder can be written");
        }
        let (port, submission, submissions) = (free_port(), free_port(), free_port());
        place.write("etc/main.cf", main_cf(&place, &dovecot, lines));
        place.write("etc/master.cf", master_cf(port, submission, submissions));
        let script = place.write("run.sh", SCRIPT);
        let mut command = Command::new("sh");
        command.arg(script).arg(place.join(""));
        let running = Running::start(&command, place.join("log"), &[port, submission, submissions]);
        Postfix { running, _dovecot: dovecot, place, port, submission, submissions }
    }

    /// The certificate that vouches for this server.
    pub(crate) fn ca(&self) -> PathBuf {
        self.place.join("ca.pem")
    }

    /// What was delivered, a copy for each recipient, with LF line ends, once there are `count`.
    pub(crate) fn arrived(&self, count: usize) -> Vec<Vec<u8>> {
        arrived(&self.place.join("mail/inbox"), count)
    }

    /// Postfix's own log.
    pub(crate) fn log(&self) -> String {
        self.running.output()
    }
}

fn main_cf(place: &Place, dovecot: &Dovecot, lines: &str) -> String {
    let mail = run(Command::new("id").args(["-u", "mail"]));
    let mail = String::from_utf8_lossy(&mail).trim().to_owned();
    format!(
        "compatibility_level = 3.6\n\
         queue_directory = {spool}\n\
         data_directory = {data}\n\
         mail_owner = postfix\n\
         setgid_group = postdrop\n\
         maillog_file = /dev/stdout\n\
         myhostname = postfix.test\n\
         mydomain = test\n\
         inet_interfaces = 127.0.0.1\n\
         inet_protocols = ipv4\n\
         mynetworks = 127.0.0.0/8\n\
         mydestination =\n\
         alias_maps =\n\
         alias_database =\n\
         virtual_mailbox_base = {maildir}\n\
         virtual_mailbox_limit = 0\n\
         virtual_minimum_uid = 1\n\
         virtual_uid_maps = static:{mail}\n\
         virtual_gid_maps = static:{mail}\n\
         message_size_limit = 104857600\n\
         smtputf8_enable = yes\n\
         smtpd_recipient_restrictions = check_recipient_access regexp:{access}, permit_mynetworks, \
             permit_sasl_authenticated, reject\n\
         smtpd_tls_security_level = may\n\
         smtpd_tls_cert_file = {cert}\n\
         smtpd_tls_key_file = {key}\n\
         smtpd_sasl_type = dovecot\n\
         smtpd_sasl_path = {socket}\n\
         smtpd_sasl_security_options = noanonymous\n\
         smtpd_peername_lookup = no\n\
         smtpd_tls_loglevel = 1\n\
         {lines}\n",
        spool = place.text("spool"),
        data = place.text("data"),
        maildir = place.text("mail"),
        access = place
            .write(
                "etc/access",
                "/^refused@/ 550 5.1.1 nobody of this name\n/^later@/ 450 4.2.1 the mailbox rests\n",
            )
            .display(),
        cert = place.text("cert.pem"),
        key = place.text("key.pem"),
        socket = dovecot.socket.display(),
    )
}

fn master_cf(port: u16, submission: u16, submissions: u16) -> String {
    let logged_in =
        "-o smtpd_sasl_auth_enable=yes -o smtpd_client_restrictions=permit_sasl_authenticated,reject";
    // Service, type, private, unprivileged, chroot, wake-up time, process limit, program: master(5).
    format!(
        "127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{submission} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt {logged_in}
127.0.0.1:{submissions} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes {logged_in}
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
tlsmgr unix - - n 1000? 1 tlsmgr
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
retry unix - - n - - error
error unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
virtual unix - n n - - virtual
"
    )
}

/// Every address of every domain is one mailbox (the domains are those that the map knows: all).
const KEEPING: &str = "virtual_mailbox_maps = static:inbox/";

/// Postfix's master leaves its process group, so it is ended by the pid that it wrote down.
const SCRIPT: &str = r#"
trap 'kill $(cat "$1/spool/pid/master.pid")' TERM
postfix -c "$1/etc" start-fg &
wait
wait
"#;
