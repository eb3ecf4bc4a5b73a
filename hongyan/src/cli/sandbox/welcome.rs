//! What the sandbox says when it is ready: where it is, and how to send to it.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use hongyan_mime::read::safe;
use hongyan_sandbox::{Protocol, Sandbox, Service};
use serde::Serialize;

use super::users::Users;
use crate::cli::json;
use crate::cli::paint::{Paint, Style};
use crate::cli::system::called;
use crate::cli::terminal::Language;

/// What the ports are called, all at the same width.
const LABELS: [(Service, &str); 6] = [
    (Service::Smtp, "SMTP   "),
    (Service::Smtps, "SMTPS  "),
    (Service::Pop3, "POP3   "),
    (Service::Pop3s, "POP3S  "),
    (Service::Imap, "IMAP   "),
    (Service::Imaps, "IMAPS  "),
];

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
    pub(super) language: Language,
}

impl Welcome<'_> {
    /// For people.
    pub(super) fn print(&self, out: &mut impl Write, paint: Paint) -> io::Result<()> {
        let title = self.language.choose(
            "The sandbox is ready: it takes all mail, keeps it, and passes nothing on.",
            "沙箱已就绪：它接收并保存所有邮件，不会转发出去。",
        );
        writeln!(out, "{}\n", paint.the(Style::Title, title))?;
        for (english, chinese, value) in self.rows() {
            let label = paint.the(Style::Name, self.language.choose(english, chinese));
            writeln!(out, "  {label} {}", safe::line(&value))?;
        }
        if self.exposed {
            let text = self.language.choose(
                "Other machines can reach this address: anybody there can send mail here.",
                "其他机器也能访问这个地址：任何人都可以往这里发邮件。",
            );
            writeln!(out, "\n{}", paint.the(Style::Bad, text))?;
        }
        self.sending(out, paint)?;
        self.fetching(out, paint)?;
        let end = self.language.choose("Ctrl-C ends it.", "按 Ctrl-C 结束。");
        let list = self.language.choose(" Mail that arrives:", "收到的邮件：");
        writeln!(out, "\n{end}{}", if self.lists { list } else { "" })
    }

    /// What there is to know: two labels of the same width, and the value.
    fn rows(&self) -> Vec<(&'static str, &'static str, String)> {
        let language = self.language;
        let mut rows = Vec::new();
        for (service, label) in LABELS {
            let Some(at) = self.sandbox.at(service) else { continue };
            let how = match (service.implicit_tls(), service.protocol()) {
                (true, _) => language.choose("TLS from the start", "一开始就用 TLS"),
                (false, Protocol::Pop3) => language.choose("plain and STLS", "明文或 STLS"),
                (false, _) => language.choose("plain and STARTTLS", "明文或 STARTTLS"),
            };
            rows.push((label, label, format!("{at}  ({how})")));
        }
        let login = match self.users.told() {
            Some((name, password)) => format!("{name} / {password}"),
            None => self.users.names().collect::<Vec<_>>().join(", "),
        };
        let nobody = || language.choose("nobody", "无").to_owned();
        rows.push(("login  ", "登录   ", if login.is_empty() { nobody() } else { login }));
        let memory = || language.choose("in memory", "在内存中").to_owned();
        rows.push(("mail   ", "邮件   ", self.sandbox.store().folder().map_or_else(memory, shown)));
        let in_memory = || {
            language
                .choose(
                    "in memory; --ca FILE writes it out for clients that use TLS",
                    "在内存中；用 --ca FILE 写出，供使用 TLS 的客户端信任",
                )
                .to_owned()
        };
        rows.push(("CA     ", "证书   ", self.sandbox.ca_file().map_or_else(in_memory, shown)));
        if self.faults > 0 {
            let seed = language.choose("seed", "种子");
            rows.push(("faults ", "故障   ", format!("{}, {seed} {}", self.faults, self.seed)));
        }
        rows
    }

    fn title(&self, out: &mut impl Write, paint: Paint, english: &str, chinese: &str) -> io::Result<()> {
        writeln!(out, "\n{}", paint.the(Style::Title, self.language.choose(english, chinese)))
    }

    /// Lines to be copied, to put mail in.
    fn sending(&self, out: &mut impl Write, paint: Paint) -> io::Result<()> {
        let Some(address) = self.sandbox.smtp() else { return Ok(()) };
        let (host, port) = (address.ip(), address.port());
        self.title(out, paint, "Send it something:", "给它发封邮件试试：")?;
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

    /// Lines to be copied, to get mail out.
    fn fetching(&self, out: &mut impl Write, paint: Paint) -> io::Result<()> {
        // A password that the user chose is not for the screen: curl asks for it.
        let login = match (self.users.told(), self.users.names().next()) {
            (Some((name, password)), _) => format!("{name}:{password}"),
            (None, Some(name)) => name.to_owned(),
            (None, None) => return Ok(()),
        };
        let ports = [(self.sandbox.pop3(), "pop3", ""), (self.sandbox.imap(), "imap", "/INBOX")];
        if ports.iter().all(|(at, ..)| at.is_none()) {
            return Ok(());
        }
        self.title(out, paint, "Look at what came:", "看看收到了什么：")?;
        let user = login.split(':').next().unwrap_or_default();
        // A name that an address cannot hold as it is, is left to whoever made it up.
        let plain = user.chars().all(|c| c.is_ascii_alphanumeric() || "@._-".contains(c));
        if let Some((at, scheme, _)) = ports.iter().rev().find(|(at, ..)| at.is_some()).filter(|_| plain)
            && let Some(at) = at
        {
            writeln!(out, "  {} fetch --server {scheme}://{user}@{at} --to mail", called())?;
        }
        for (at, scheme, path) in ports {
            if let Some(at) = at {
                writeln!(out, "  curl {scheme}://{at}{path} -u {}", safe::line(&quoted(&login)))?;
            }
        }
        Ok(())
    }
}

/// Fit for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ":@._-".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
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
    pop3: Option<SocketAddr>,
    pop3s: Option<SocketAddr>,
    imap: Option<SocketAddr>,
    imaps: Option<SocketAddr>,
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
        pop3: sandbox.pop3(),
        pop3s: sandbox.pop3s(),
        imap: sandbox.imap(),
        imaps: sandbox.imaps(),
        ca: sandbox.ca_file().map(shown),
        dir: sandbox.store().folder().map(shown),
        user,
        password,
    };
    json::line(out, &listening)
}
