//! An Exim of the test's own: PIPELINING, CHUNKING, SMTPUTF8, DSN, STARTTLS and AUTH, delivery into one Maildir.

use super::{PASSWORD, USER};
use crate::Peers;
use crate::place::{Place, arrived};
use crate::process::{Running, free_port};
use std::path::PathBuf;
use std::process::Command;

/// A running Exim. Ports of 127.0.0.1.
pub(crate) struct Exim {
    running: Running,
    place: Place,
    /// Takes mail from anyone; offers STARTTLS and AUTH PLAIN, LOGIN, CRAM-MD5.
    pub(crate) port: u16,
    /// The same with implicit TLS.
    pub(crate) smtps: u16,
}

impl Exim {
    /// Starts one that keeps what it takes.
    pub(crate) fn start(peers: &Peers) -> Exim {
        Exim::with(peers, KEEPING)
    }

    /// Starts one that passes everything on, after STARTTLS, to a port of 127.0.0.1; it sends chunks.
    pub(crate) fn relaying(peers: &Peers, port: u16) -> Exim {
        Exim::with(peers, &RELAYING.replace("@NEXT@", &port.to_string()))
    }

    fn with(peers: &Peers, delivery: &str) -> Exim {
        let place = Place::new("exim");
        place.certificate();
        for folder in ["spool", "log", "mail"] {
            place.folder_of("mail", folder);
        }
        let program = peers.program("exim4");
        let (port, smtps) = (free_port(), free_port());
        // Exim reads key and certificate as its own user.
        for file in ["cert.pem", "key.pem"] {
            crate::place::run(Command::new("chown").arg("mail").arg(place.join(file)));
        }
        let config = place.write(
            "exim.conf",
            format!("{CONFIG}{delivery}{AUTHENTICATORS}")
                .replace("@EXIM@", &program.to_string_lossy())
                .replace("@PLACE@", place.text("").trim_end_matches('/'))
                .replace("@PORT@", &port.to_string())
                .replace("@SMTPS@", &smtps.to_string())
                .replace("@USER@", USER)
                .replace("@PASSWORD@", PASSWORD),
        );
        let mut command = Command::new(program);
        command.arg("-C").arg(config).arg("-bdf");
        let running = Running::start(&command, place.join("output"), &[port, smtps]);
        Exim { running, place, port, smtps }
    }

    /// The certificate that vouches for this server.
    pub(crate) fn ca(&self) -> PathBuf {
        self.place.join("ca.pem")
    }

    /// What it said of its deliveries: without its privileges it logs to its output.
    pub(crate) fn log(&self) -> String {
        self.running.output()
    }

    /// What was delivered, a copy for each recipient, with LF line ends, once there are `count`.
    pub(crate) fn arrived(&self, count: usize) -> Vec<Vec<u8>> {
        arrived(&self.place.join("mail"), count)
    }
}

const CONFIG: &str = r#"
exim_path = @EXIM@
exim_user = mail
exim_group = mail
keep_environment =
primary_hostname = exim.test
spool_directory = @PLACE@/spool
log_file_path = @PLACE@/log/%slog
pid_file_path = @PLACE@/spool/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = @PORT@ : @SMTPS@
tls_on_connect_ports = @SMTPS@
tls_advertise_hosts = *
tls_certificate = @PLACE@/cert.pem
tls_privatekey = @PLACE@/key.pem
host_lookup =
rfc1413_query_timeout = 0s
chunking_advertise_hosts = *
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
smtp_accept_max_per_connection = 0
never_users =
acl_smtp_rcpt = recipient
acl_smtp_data = accept

begin acl
recipient:
  deny local_parts = refused
       message = 5.1.1 nobody of this name
  defer local_parts = later
        message = 4.2.1 the mailbox rests
  accept
"#;

const KEEPING: &str = r#"
begin routers
everyone:
  driver = accept
  transport = keep

begin transports
keep:
  driver = appendfile
  directory = @PLACE@/mail
  maildir_format
  create_directory
  user = mail
  group = mail
  return_path_add
  envelope_to_add
"#;

const RELAYING: &str = r#"
begin routers
onward:
  driver = manualroute
  route_list = * 127.0.0.1::@NEXT@
  self = send
  transport = onward

begin transports
onward:
  driver = smtp
  allow_localhost
  hosts_require_tls = *
  hosts_try_chunking = *
"#;

const AUTHENTICATORS: &str = r#"
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{@USER@}}{eq{$auth3}{@PASSWORD@}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{@USER@}}{eq{$auth2}{@PASSWORD@}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${if eq{$auth1}{@USER@}{@PASSWORD@}fail}
  server_set_id = $auth1
"#;
