//! A PostgreSQL of one test's own: a cluster in a private folder, on a loopback port and a socket, with fsync on.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use hongyan_bulk::ledger::postgres::{self, Options, Postgres};

use crate::place::{Place, run};
use crate::process::{Running, eventually, free_port};

/// Where Debian's packages put the server's programs; the newest version counts.
const PROGRAMS: &str = "/usr/lib/postgresql";

/// A running cluster with the database `mail` and its owner `owner`, whose password is `geheim`.
pub(crate) struct Cluster {
    place: Place,
    port: u16,
    running: Option<Running>,
}

impl Cluster {
    /// The cluster, or `None` and a line that says so, where these tests were not asked for.
    pub(crate) fn start() -> Option<Cluster> {
        crate::peers()?;
        let place = Place::new("postgres");
        place.folder_of("postgres", "sockets");
        let data = place.folder_of("postgres", "data");
        run(as_postgres("initdb")
            .args(["--no-sync", "--auth=scram-sha-256", "--auth-local=trust", "-E", "UTF8", "-D"])
            .arg(data));
        let mut cluster = Cluster { place, port: free_port(), running: None };
        cluster.up();
        cluster.sql("postgres", "CREATE ROLE owner LOGIN PASSWORD 'geheim'");
        cluster.sql("postgres", "CREATE DATABASE mail OWNER owner");
        Some(cluster)
    }

    fn up(&mut self) {
        let mut server = as_postgres("postgres");
        server.arg("-D").arg(self.place.join("data"));
        server.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-k", &self.place.text("sockets")]);
        server.args(["-c", "max_connections=200", "-c", "log_min_messages=warning"]);
        if self.place.join("data/server.key").exists() {
            server.args(["-c", "ssl=on"]);
        }
        let mut running = Running::start(&server, self.place.join("log"), &[self.port]);
        let ready = || self.psql("postgres", "SELECT 1").output().expect("psql").status.success();
        running.until(ready);
        self.running = Some(running);
    }

    /// Ends every process of it at once, as a crash does, and starts it again.
    pub(crate) fn crash(&mut self) {
        let pid = std::fs::read_to_string(self.place.join("data/postmaster.pid")).expect("a running server");
        let pid = pid.lines().next().expect("its number");
        run(Command::new("kill").args(["-s", "QUIT", pid]));
        assert!(eventually(|| !self.place.join("data/postmaster.pid").exists()), "it goes on");
        self.running = None;
        self.up();
    }

    /// Gives it a certificate for `localhost`, signed by `ca.pem`, and starts it again.
    pub(crate) fn with_tls(&mut self) -> PathBuf {
        self.place.certificate();
        for (from, to) in [("cert.pem", "data/server.crt"), ("key.pem", "data/server.key")] {
            std::fs::copy(self.place.join(from), self.place.join(to)).expect("a copy");
            run(Command::new("chown").arg("postgres").arg(self.place.join(to)));
            run(Command::new("chmod").arg("600").arg(self.place.join(to)));
        }
        self.crash();
        self.place.join("ca.pem")
    }

    /// The TCP port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A path in the test's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.join(name)
    }

    /// The database over TCP, as its owner.
    pub(crate) fn url(&self) -> String {
        self.url_at(self.port)
    }

    /// The same through another port.
    pub(crate) fn url_at(&self, port: u16) -> String {
        format!("postgres://owner@127.0.0.1:{port}/mail")
    }

    /// The same as the ledger reads it, with the right password.
    pub(crate) fn database(&self) -> postgres::Place {
        at(&self.url())
    }

    /// What `psql` prints for this, asked by the superuser over the socket: rows as lines, columns with `|` between.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        String::from_utf8(run(&mut self.psql(database, sql))).expect("UTF-8").trim_end().to_owned()
    }

    fn psql(&self, database: &str, sql: &str) -> Command {
        let mut psql = Command::new(program("psql"));
        psql.args([
            "-h",
            &self.place.text("sockets"),
            "-p",
            &self.port.to_string(),
            "-U",
            "postgres",
            "-d",
            database,
        ]);
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]);
        psql
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(running) = &mut self.running {
            running.interrupt(); // without waiting for those who are connected
        }
    }
}

/// A place with the owner's password.
pub(crate) fn at(url: &str) -> postgres::Place {
    with_password(url, "geheim").unwrap_or_else(|error| panic!("{url}: {error}"))
}

pub(crate) fn with_password(
    url: &str,
    password: &str,
) -> Result<postgres::Place, hongyan_bulk::ledger::LedgerError> {
    postgres::Place::with(url, &|name| (name == "PGPASSWORD").then(|| password.into()))
}

/// Short leases and little patience, so that tests do not wait.
pub(crate) fn quick() -> Options {
    Options { lease: Duration::from_secs(2), patience: Duration::from_secs(10), ..Options::default() }
}

/// The only campaign of a database, opened.
pub(crate) async fn open(place: &postgres::Place, options: Options) -> Postgres {
    Postgres::connect(place, None, options).await.unwrap_or_else(|error| panic!("{place:?}: {error}"))
}

/// A program of the server, as the user that servers run as: never as root.
fn as_postgres(name: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program(name));
    command
}

fn program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir(PROGRAMS).expect("scripts/install-peers.sh installs PostgreSQL");
    let newest =
        versions.filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.parse::<u32>().ok()).max();
    PathBuf::from(PROGRAMS).join(newest.expect("a version").to_string()).join("bin").join(name)
}
