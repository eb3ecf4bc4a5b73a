//! What is known of mail providers: servers, what the login name and the password really are, quirks.
//!
//! The facts stand in `table.rs`, one entry a provider, as they were published or seen in November 2026; each
//! provider's own help page is the authority. They are read by whoever sets up an account, speaks to a
//! provider, or explains why it said no ([`crate::remedy`]).

mod table;

#[cfg(test)]
mod tests;

use crate::remedy::Text;

pub use table::PROVIDERS;

/// How a port speaks TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// From the first octet on (RFC 8314 §3).
    Implicit,
    /// After STARTTLS.
    StartTls,
}

/// Where a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// The host name.
    pub host: &'static str,
    /// The TCP port.
    pub port: u16,
    /// How it speaks TLS.
    pub security: Security,
}

/// What a provider wants as login name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginName {
    /// `someone@example.org`.
    Address,
    /// `someone`.
    LocalPart,
}

/// What a provider wants as password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordKind {
    /// The password of the account; some accounts may nevertheless need an app password.
    Account,
    /// An authorization code 授权码, made on the web page for programs.
    AuthorizationCode,
    /// An app password, made on the web page for programs.
    App,
    /// None: only OAuth 2.0.
    OAuth2Only,
}

/// Behaviour that a client must expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quirk {
    /// IMAP: SELECT is refused until the client has sent ID (RFC 2971).
    IdBeforeSelect,
    /// IMAP: offers SASL-IR and rejects an initial response.
    SaslIrRejected,
    /// SMTP: garbage or an abrupt end may follow QUIT and RSET; what was accepted stays accepted.
    GarbageAfterQuit,
    /// Replies may be in GBK.
    GbkReplies,
    /// SMTP: the sender must be the login name, in the envelope and in the header.
    SenderIsLogin,
    /// SMTP: `550 … frequency limited` means "slow down"; the address is good.
    FrequencyLimitIs550,
    /// IMAP: refuses some UID ranges; they must be normalised and ascending.
    UidRangesRefused,
    /// POP3: shows the last 30 days only, unless the user changed it on the web page.
    Pop3Last30Days,
    /// IMAP: folders are labels, one message stands in several (X-GM-MSGID tells).
    LabelsAsFolders,
    /// SMTP: a copy of what is sent is put into the folder for sent mail by the provider itself.
    KeepsSent,
}

/// One provider.
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    /// Its name, in both languages.
    pub name: Text,
    /// The domains of its addresses.
    pub domains: &'static [&'static str],
    /// Further domains that its servers stand in.
    pub zones: &'static [&'static str],
    /// Where mail is read with IMAP.
    pub imap: Option<Server>,
    /// Where mail is fetched with POP3.
    pub pop3: Option<Server>,
    /// Where mail is handed in, the usual port first.
    pub smtp: &'static [Server],
    /// What the login name is.
    pub login: LoginName,
    /// What the password is.
    pub password: PasswordKind,
    /// Whether OAuth 2.0 access tokens are taken.
    pub oauth2: bool,
    /// Where the password comes from, as directions for a person; empty for the account's own password.
    pub password_from: Text,
    /// The page that explains the password.
    pub help: Option<&'static str>,
    /// What to expect.
    pub quirks: &'static [Quirk],
}

impl Provider {
    /// The provider of addresses in this domain.
    pub fn of_domain(domain: &str) -> Option<&'static Self> {
        PROVIDERS.iter().find(|p| p.domains.iter().any(|known| known.eq_ignore_ascii_case(domain)))
    }

    /// The provider that runs this host: one of its servers, or any host in one of its domains. The
    /// closest match counts.
    pub fn of_host(host: &str) -> Option<&'static Self> {
        let mut name = host.strip_suffix('.').unwrap_or(host);
        loop {
            let found = PROVIDERS.iter().find(|p| p.owns(name));
            match name.split_once('.') {
                Some((_, parent)) if found.is_none() => name = parent,
                _ => return found,
            }
        }
    }

    /// The provider of a host or of the domain of an address.
    pub fn find(host_or_domain: &str) -> Option<&'static Self> {
        Self::of_domain(host_or_domain).or_else(|| Self::of_host(host_or_domain))
    }

    /// Whether to expect this.
    pub fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    fn owns(&self, name: &str) -> bool {
        let servers = self.imap.iter().chain(&self.pop3).chain(self.smtp).map(|server| server.host);
        let mut names = self.domains.iter().chain(self.zones).copied().chain(servers);
        names.any(|known| known.eq_ignore_ascii_case(name))
    }
}
