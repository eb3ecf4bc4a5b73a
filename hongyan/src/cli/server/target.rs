//! The server that was chosen: how to speak with it, and who logs in.

use std::io::stderr;
use std::time::Duration;

use crate::account::{self, Account, Security, Server};
use crate::cli::exit::Exit;
use crate::cli::paint::{Color, Paint, Style};
use crate::cli::terminal::{Language, safe, tell};
use crate::cli::trouble::Trouble;
use crate::net::connect::{Proxy, Route};
use crate::net::tls::{Connector, Policy, Roots};
use crate::net::{imap, pop3, smtp};
use crate::proto::sasl::Credentials;
use crate::proto::smtp::{Config, Timeouts};
use crate::proto::{
    self,
    provider::{Provider, Quirk},
};

/// A server, and everything that is known about how to speak with it.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) server: Server,
    pub(crate) security: Security,
    pub(crate) certificates: Policy,
    pub(crate) proxy: Option<Proxy>,
    /// The login name.
    pub(crate) user: Option<String>,
    pub(crate) account: Option<Account>,
    /// For each answer, where RFC 5321's patience is not wanted.
    pub(crate) timeout: Option<Duration>,
    pub(crate) pipelining: bool,
    pub(crate) chunking: bool,
}

impl Target {
    /// Whose server it is, where that is known.
    pub(crate) fn provider(&self) -> Option<&'static Provider> {
        Provider::of_host(&self.server.host)
    }

    /// Where to connect to.
    pub(crate) fn place(&self) -> smtp::Server {
        let Server { implicit_tls, host, port, .. } = self.server.clone();
        smtp::Server { host, port, implicit_tls }
    }

    /// How to speak with it, but for who logs in.
    pub(crate) fn options(&self) -> smtp::Options {
        /// What the server answers to QUIT decides nothing; the person has waited enough.
        const GOODBYE: Duration = Duration::from_secs(1);
        let mut timeouts = self.timeout.map_or_else(Timeouts::default, Timeouts::all);
        timeouts.quit = timeouts.quit.min(GOODBYE);
        smtp::Options {
            session: Config {
                hello: String::new(),
                tls: self.security.start_tls,
                plaintext_auth: self.security.plaintext_auth,
                pipelining: self.pipelining,
                chunking: self.chunking,
                timeouts,
                ..Config::default()
            },
            tls: Connector::new(self.certificates.clone()),
            route: self.route(),
            tap: None,
        }
    }

    /// How to speak POP3 with it.
    pub(crate) fn pop3(&self, credentials: Option<Credentials>) -> pop3::Options {
        let language = Language::of_the_environment();
        pop3::Options {
            session: pop3::Config {
                tls: self.security.start_tls,
                credentials,
                plaintext_auth: self.security.plaintext_auth,
                pipelining: self.pipelining,
                language: Some(language.choose("en", "zh").to_owned()),
                timeouts: self.timeout.map_or_else(Default::default, proto::pop3::Timeouts::all),
                ..Default::default()
            },
            tls: Connector::new(self.certificates.clone()),
            route: self.route(),
            tap: None,
        }
    }

    /// How to speak IMAP with it.
    pub(crate) fn imap(&self, credentials: Option<Credentials>) -> imap::Options {
        let wants_id = self.provider().is_some_and(|one| one.quirks.contains(&Quirk::IdBeforeSelect));
        imap::Options {
            session: proto::imap::client::Config {
                tls: self.security.start_tls,
                credentials,
                plaintext_auth: self.security.plaintext_auth,
                pipelining: self.pipelining,
                id: if wants_id { imap::SendId::Always } else { imap::SendId::default() },
                timeouts: self.timeout.map_or_else(Default::default, imap::Timeouts::all),
                ..Default::default()
            },
            tls: Connector::new(self.certificates.clone()),
            route: self.route(),
            tap: None,
        }
    }

    /// What mail fetched from it is recorded under: login and server.
    pub(crate) fn account_key(&self) -> String {
        let user = self.user.as_deref().unwrap_or_default();
        format!("{}://{user}@{}", self.server.protocol.scheme(), self.server.place())
    }

    fn route(&self) -> Route {
        let mut route = Route { proxy: self.proxy.clone(), ..Route::default() };
        if let Some(patience) = self.timeout {
            (route.each, route.total) = (patience, patience);
        }
        route
    }

    /// Who logs in, where anybody does; asks the person at the terminal if need be.
    pub(crate) fn credentials(&self) -> Result<Option<Credentials>, Trouble> {
        let Some(user) = self.user.clone() else { return Ok(None) };
        let ask = |user: &str| ask(user, &self.server.host);
        account::credentials(user, self.account.as_ref(), &ask)
            .map(Some)
            .map_err(|problem| Trouble::from(Exit::Config, problem))
    }

    /// Says loudly what a person should not forget.
    pub(crate) fn warn(&self) {
        if self.certificates.roots == Roots::Unchecked {
            let host = &self.server.host;
            let paint = Paint::on(&stderr(), Color::Auto);
            let warning = Language::of_the_environment().choose(
                format!(
                    "WARNING: the certificate of {host} is not checked (`insecure` in the account). Anybody in between can \
                     read the password and the mail."
                ),
                format!("警告：没有检查 {host} 的证书（账户中的 insecure）。中间的任何人都能读到密码和邮件。"),
            );
            tell(&paint.the(Style::Bad, warning).to_string());
        }
    }
}

/// Asks for a password without showing it.
fn ask(user: &str, host: &str) -> std::io::Result<Option<String>> {
    let terminal = console::Term::stderr();
    if !terminal.is_term() {
        return Ok(None);
    }
    let (user, host) = (safe(user), safe(host));
    let question = Language::of_the_environment()
        .choose(format!("Password of {user} at {host}: "), format!("{user} 在 {host} 的密码（授权码）："));
    terminal.write_str(&question)?;
    terminal.read_secure_line().map(Some)
}
