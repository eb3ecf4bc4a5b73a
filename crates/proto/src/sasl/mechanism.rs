//! The mechanisms, by name and by strength: which are spoken, which shows the password to whoever listens,
//! which fits which credentials.

use super::scram::Hash;
use super::{Channel, Credentials, Proof};

/// A mechanism that both sides here speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    /// RFC 5802, RFC 7677; `plus` binds the login to the TLS session.
    Scram { hash: Hash, plus: bool },
    /// RFC 2195.
    CramMd5,
    /// RFC 4616.
    Plain,
    /// draft-murchison-sasl-login.
    Login,
    /// RFC 7628.
    OAuthBearer,
    /// Google's and Microsoft's forerunner of OAUTHBEARER.
    XOAuth2,
    /// RFC 4422, appendix A.
    External,
}

/// Every mechanism, strongest first.
pub(super) const ALL: [Mechanism; 10] = [
    Mechanism::External,
    Mechanism::Scram { hash: Hash::Sha256, plus: true },
    Mechanism::Scram { hash: Hash::Sha1, plus: true },
    Mechanism::Scram { hash: Hash::Sha256, plus: false },
    Mechanism::Scram { hash: Hash::Sha1, plus: false },
    Mechanism::CramMd5,
    Mechanism::OAuthBearer,
    Mechanism::XOAuth2,
    Mechanism::Plain,
    Mechanism::Login,
];

impl Mechanism {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Scram { hash: Hash::Sha256, plus: true } => "SCRAM-SHA-256-PLUS",
            Self::Scram { hash: Hash::Sha1, plus: true } => "SCRAM-SHA-1-PLUS",
            Self::Scram { hash: Hash::Sha256, plus: false } => "SCRAM-SHA-256",
            Self::Scram { hash: Hash::Sha1, plus: false } => "SCRAM-SHA-1",
            Self::CramMd5 => "CRAM-MD5",
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::OAuthBearer => "OAUTHBEARER",
            Self::XOAuth2 => "XOAUTH2",
            Self::External => "EXTERNAL",
        }
    }

    /// The mechanism of this name, in any case.
    pub(super) fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|mechanism| mechanism.name().eq_ignore_ascii_case(name))
    }

    const fn fits(self, proof: &Proof) -> bool {
        match self {
            Self::Scram { .. } | Self::CramMd5 | Self::Plain | Self::Login => {
                matches!(proof, Proof::Password(_))
            }
            Self::OAuthBearer | Self::XOAuth2 => matches!(proof, Proof::Token(_)),
            Self::External => matches!(proof, Proof::Certificate),
        }
    }

    const fn is_bound(self) -> bool {
        matches!(self, Self::Scram { plus: true, .. })
    }
}

/// Whether a list of names, in any case, holds this mechanism.
pub(super) fn offers(offered: &[impl AsRef<str>], mechanism: Mechanism) -> bool {
    offered.iter().any(|name| name.as_ref().eq_ignore_ascii_case(mechanism.name()))
}

/// Whether a list of names holds any mechanism with channel binding.
pub(super) fn offers_binding(offered: &[impl AsRef<str>]) -> bool {
    ALL.into_iter().any(|mechanism| mechanism.is_bound() && offers(offered, mechanism))
}

/// The mechanisms to try, strongest first: those that are offered, spoken here, and usable with this kind of
/// proof on this channel. Those that show the password to a listener are among them ([`is_plaintext`]).
pub fn mechanisms(
    offered: &[impl AsRef<str>],
    credentials: &Credentials,
    channel: Channel<'_>,
) -> Vec<&'static str> {
    let bindable = channel.bindings().next().is_some();
    ALL.into_iter()
        .filter(|m| offers(offered, *m) && m.fits(&credentials.proof) && (bindable || !m.is_bound()))
        .map(Mechanism::name)
        .collect()
}

/// Whether who listens to this mechanism without TLS learns the password or token.
pub fn is_plaintext(mechanism: &str) -> bool {
    match Mechanism::named(mechanism) {
        Some(Mechanism::Scram { .. } | Mechanism::CramMd5 | Mechanism::External) => false,
        Some(Mechanism::Plain | Mechanism::Login | Mechanism::OAuthBearer | Mechanism::XOAuth2) | None => {
            true
        }
    }
}

/// What a server can offer on this channel, strongest first: [`SERVER_MECHANISMS`](super::SERVER_MECHANISMS)
/// without those that need a channel binding where there is none.
pub fn server_mechanisms(channel: Channel<'_>) -> Vec<&'static str> {
    let bindable = channel.bindings().next().is_some();
    ALL.into_iter().filter(|m| bindable || !m.is_bound()).map(Mechanism::name).collect()
}
