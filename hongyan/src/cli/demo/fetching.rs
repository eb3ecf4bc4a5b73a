//! The way back: the mail that the server keeps is fetched by IMAP into a Maildir, where the other commands find it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use hongyan_mailbox::{Lock, Maildir};
use hongyan_net::Server;
use hongyan_net::imap::{Options, Session};
use hongyan_net::tls::{Connector, Policy, Roots};
use hongyan_proto::imap::client::Config;
use hongyan_proto::sasl::{Credentials, Proof, Secret};
use hongyan_sandbox::Sandbox;

use super::{Demo, letter, unread, wrong};
use crate::cli::paint::Style;
use crate::cli::trace::{Screen, Wanted};
use crate::cli::trouble::Trouble;
use crate::receive::{self, Report};

impl Demo {
    /// Where fetched mail goes.
    pub(super) fn maildir(&self) -> PathBuf {
        self.dir.join("Maildir")
    }

    /// Fetches what the server has; whether the mail is among it, byte for byte.
    pub(super) async fn fetch(
        &mut self,
        sandbox: &Sandbox,
        password: Secret,
        composed: &[u8],
    ) -> Result<bool, Trouble> {
        self.title("The mail is fetched by IMAP, into a Maildir", "用 IMAP 收取到 Maildir")?;
        let report = self.fetched(sandbox, password).await.map_err(|error| wrong(&error.to_string(), ""))?;
        let new = fs::read_dir(report.maildir.join("new")).map_err(unread)?;
        let mut same = false;
        for file in new {
            same |= file.and_then(|file| fs::read(file.path())).map_err(unread)? == composed;
        }
        let language = self.manner.language;
        let (text, style) = if same {
            let count = report.fetched;
            let text = language.choose(
                format!("Fetched, {count} in all, safe on disk; byte for byte what was sent."),
                format!("已收取（共 {count} 封）并安全保存；与发出的内容逐字节相同。"),
            );
            (text, Style::Good)
        } else {
            (language.choose("NOT what was sent.", "与发出的内容不同！").to_owned(), Style::Bad)
        };
        self.print(&format!("\n{}\n", self.manner.paint.the(style, text)))?;
        Ok(same)
    }

    async fn fetched(&self, sandbox: &Sandbox, password: Secret) -> Result<Report, receive::Error> {
        let maildir = Maildir::create(self.maildir()).map_err(receive::Error::Maildir)?;
        let lock = Lock::take(&maildir).map_err(receive::Error::Locked)?;
        let port = sandbox.imap().map(|address| address.port()).unwrap_or_default();
        let server = Server { host: "localhost".to_owned(), port, implicit_tls: false };
        let shown = Some((self.manner, Screen::Output));
        let wanted = Wanted { shown, content: false, kept: None, began: Instant::now() };
        let ca = sandbox.ca_file().map(Path::to_path_buf).unwrap_or_default();
        let credentials = Credentials { user: letter::FROM.to_owned(), proof: Proof::Password(password) };
        let options = Options {
            session: Config { credentials: Some(credentials), ..Config::default() },
            tls: Connector::new(Policy { roots: Roots::File(ca), identity: None }),
            tap: wanted.listener(),
            ..Options::default()
        };
        let mut session = Session::connect(&server, &options).await?;
        let mut report = Report::default();
        let account = format!("imap://{}@localhost:{port}", letter::FROM);
        let how = receive::Options::default();
        let done = receive::folder(&mut session, &account, "INBOX", &lock, &maildir, &how, &mut report).await;
        session.logout().await;
        done.map(|()| report)
    }
}
