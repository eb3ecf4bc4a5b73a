//! What the sandbox says when it is ready: where it is, and how to send to it.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use hongyan_mime::read::safe;
use hongyan_sandbox::Sandbox;
use serde::Serialize;

use super::users::Users;
use crate::cli::json;
use crate::cli::paint::{Paint, Style};
use crate::cli::system::called;

/// A sandbox that is ready.
pub(super) struct Welcome<'a> {
    pub(super) sandbox: &'a Sandbox,
    pub(super) users: &'a Users,
    pub(super) faults: usize,
    pub(super) seed: u64,
    /// Other machines can reach it.
    pub(super) exposed: bool,
    /// Mail will be listed as it arrives.
    pub(super) lists: bool,
}

impl Welcome<'_> {
    /// For people.
    pub(super) fn print(&self, out: &mut impl Write, paint: Paint) -> io::Result<()> {
        let title = "The sandbox is ready: it takes all mail, keeps it, and passes nothing on.";
        writeln!(out, "{}\n", paint.the(Style::Title, title))?;
        if let Some(smtp) = self.sandbox.smtp() {
            row(out, paint, "SMTP", &format!("{smtp}  (plain and STARTTLS)"))?;
        }
        if let Some(smtps) = self.sandbox.smtps() {
            row(out, paint, "SMTPS", &format!("{smtps}  (TLS from the start)"))?;
        }
        let login = match self.users.told() {
            Some((name, password)) => format!("{name} / {password}"),
            None => self.users.names().collect::<Vec<_>>().join(", "),
        };
        row(out, paint, "login", if login.is_empty() { "nobody" } else { &login })?;
        let folder = self.sandbox.store().folder().map(shown);
        row(out, paint, "mail", folder.as_deref().unwrap_or("in memory"))?;
        let ca = self.sandbox.ca_file().map(shown);
        row(
            out,
            paint,
            "CA",
            ca.as_deref().unwrap_or("in memory; --ca FILE writes it out for clients that use TLS"),
        )?;
        if self.faults > 0 {
            row(out, paint, "faults", &format!("{}, seed {}", self.faults, self.seed))?;
        }
        if self.exposed {
            let text = "Other machines can reach this address: anybody there can send mail here.";
            writeln!(out, "\n{}", paint.the(Style::Bad, text))?;
        }
        self.commands(out, paint)?;
        writeln!(out, "\nCtrl-C ends it.{}", if self.lists { " Mail that arrives:" } else { "" })
    }

    /// Lines to be copied.
    fn commands(&self, out: &mut impl Write, paint: Paint) -> io::Result<()> {
        let Some(address) = self.sandbox.smtp() else { return Ok(()) };
        let (host, port) = (address.ip(), address.port());
        writeln!(out, "\n{}", paint.the(Style::Title, "Send it something:"))?;
        let program = called();
        let lines = [
            format!(
                "{program} send --server smtp://{address} -f me@example.org -s Hello --text 'It works.' you@example.net"
            ),
            format!(
                "printf 'Subject: Hello\\n\\nfrom curl\\n' | curl -T - smtp://{address} --mail-from me@example.org --mail-rcpt you@example.net"
            ),
            format!("swaks --server {address} --from me@example.org --to you@example.net"),
            format!(
                "python3 -c 'import smtplib; smtplib.SMTP(\"{host}\", {port}).sendmail(\"me@example.org\", \
                 \"you@example.net\", \"Subject: Hello\\n\\nfrom Python\")'"
            ),
        ];
        lines.iter().try_for_each(|line| writeln!(out, "  {line}"))
    }
}

fn row(out: &mut impl Write, paint: Paint, label: &str, value: &str) -> io::Result<()> {
    writeln!(out, "  {} {}", paint.the(Style::Name, format!("{label:<7}")), safe::line(value))
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The first line of `--json`.
#[derive(Serialize)]
struct Listening<'a> {
    event: &'static str,
    smtp: Option<SocketAddr>,
    smtps: Option<SocketAddr>,
    ca: Option<String>,
    dir: Option<String>,
    /// Only where it was made up.
    user: Option<&'a str>,
    password: Option<&'a str>,
}

/// For programs.
pub(super) fn json(out: &mut impl Write, sandbox: &Sandbox, users: &Users) -> io::Result<()> {
    let (user, password) = users.told().unzip();
    let listening = Listening {
        event: "listening",
        smtp: sandbox.smtp(),
        smtps: sandbox.smtps(),
        ca: sandbox.ca_file().map(shown),
        dir: sandbox.store().folder().map(shown),
        user,
        password,
    };
    json::line(out, &listening)
}
