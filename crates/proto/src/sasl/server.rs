//! The server's side of an exchange.
//!
//! Names cannot be probed: a stranger is taken through the same steps as a user with a wrong password, and
//! comparisons take the same time.

use std::fmt;
use std::sync::Arc;

use super::mechanism::{ALL, Mechanism, offers, offers_binding};
use super::scram::server::{First, Server, Setting};
use super::{Channel, MAX_MESSAGE, Reason, SaslError, Secret, cram_md5, oauth, plain, random, same, scram};

/// What an [`Acceptor`] speaks, strongest first; [`server_mechanisms`](super::server_mechanisms) leaves out
/// what a connection cannot bind.
pub const SERVER_MECHANISMS: [&str; 10] = {
    let mut names = [""; ALL.len()];
    let mut i = 0;
    while i < ALL.len() {
        names[i] = ALL[i].name();
        i += 1;
    }
    names
};

/// The octets of a SCRAM salt.
const SALT: usize = 16;

/// Who may log in.
pub trait Users: Send + Sync {
    /// The user's password, if there is such a user.
    fn password(&self, user: &str) -> Option<Secret>;

    /// Whether this is the user's password, for the ways to log in that show it to the server. A server that takes
    /// any password says so here.
    fn accepts(&self, user: &str, password: &str) -> bool {
        let known = self.password(user);
        let right = same(known.clone().unwrap_or(nobody()).reveal().as_bytes(), password.as_bytes());
        known.is_some() & right
    }

    /// The user's OAuth 2.0 access token, if there is such a user and it has one.
    fn token(&self, user: &str) -> Option<Secret> {
        let _ = user;
        None
    }

    /// The user whom the connection's client certificate names, if it may act as `wanted` (empty: as
    /// itself).
    fn certificate(&self, wanted: &str) -> Option<String> {
        let _ = wanted;
        None
    }
}

/// One client's attempt to log in.
pub struct Acceptor {
    mechanism: Mechanism,
    users: Arc<dyn Users>,
    state: State,
}

enum State {
    /// Nothing has been heard.
    New(Option<Setting>),
    /// LOGIN: the name was asked for, or is known.
    Login(Option<String>),
    /// CRAM-MD5: this challenge stands.
    Challenged(Vec<u8>),
    /// OAuth: the token was refused and the client is to say its dummy.
    TokenRefused,
    Scram {
        user: Option<String>,
        server: Box<Server>,
    },
    /// SCRAM: the client's proof was right, the server's stands on the wire.
    Proved(String),
    Over,
}

/// What comes of a client's message.
#[derive(Clone, PartialEq, Eq)]
pub enum Accept {
    /// Send this and hand over the client's answer.
    Challenge(Vec<u8>),
    /// Logged in.
    Success {
        /// As whom.
        user: String,
    },
    /// Not logged in; the exchange is over.
    Refused(SaslError),
}

impl Acceptor {
    /// Begins an exchange. `offered` is what the client was offered; nothing else is spoken.
    ///
    /// # Errors
    /// The mechanism was not offered, or cannot be spoken on this channel.
    pub fn new(
        mechanism: &str,
        offered: &[impl AsRef<str>],
        channel: Channel<'_>,
        users: Arc<dyn Users>,
    ) -> Result<Self, SaslError> {
        let mechanism = Mechanism::named(mechanism)
            .filter(|mechanism| offers(offered, *mechanism))
            .ok_or(SaslError::new("", Reason::Unknown))?;
        let state = match mechanism {
            Mechanism::Scram { hash, plus } => {
                let bindings: Vec<_> = channel.bindings().map(|(name, data)| (name, data.to_vec())).collect();
                if plus && bindings.is_empty() {
                    return Err(SaslError::new(mechanism.name(), Reason::NoBinding));
                }
                let mut salt = vec![0; SALT];
                random(mechanism.name(), &mut salt)?;
                let nonce = scram::nonce(mechanism.name())?;
                let plus_offered = offers_binding(offered);
                State::New(Some(Setting { hash, plus, plus_offered, bindings, nonce, salt }))
            }
            Mechanism::CramMd5 => State::Challenged(cram_md5::challenge(channel.host)?),
            Mechanism::Login => State::Login(None),
            _ => State::New(None),
        };
        Ok(Self { mechanism, users, state })
    }

    /// The same with a nonce and a salt from an example.
    #[cfg(test)]
    pub(super) fn set_scram(&mut self, with_nonce: &str, with_salt: &[u8]) {
        if let State::New(Some(Setting { nonce, salt, .. })) = &mut self.state {
            *nonce = with_nonce.into();
            *salt = with_salt.into();
        }
    }

    /// The mechanism's registered name.
    pub fn mechanism(&self) -> &'static str {
        self.mechanism.name()
    }

    /// The server's first word, for a client that gave no initial response.
    pub fn first(&self) -> Vec<u8> {
        match &self.state {
            State::Login(None) => b"Username:".to_vec(),
            State::Challenged(challenge) => challenge.clone(),
            _ => Vec::new(),
        }
    }

    /// Whether the client may speak first: an initial response to CRAM-MD5 is an error (RFC 4954 §4), to
    /// LOGIN it is the name.
    pub fn takes_initial(&self) -> bool {
        self.mechanism != Mechanism::CramMd5
    }

    /// Takes in the client's message.
    pub fn step(&mut self, message: &[u8]) -> Accept {
        let state = std::mem::replace(&mut self.state, State::Over);
        let outcome = if message.len() > MAX_MESSAGE {
            Err(Reason::TooLong(message.len()))
        } else {
            self.enter(state, message)
        };
        outcome.unwrap_or_else(|reason| Accept::Refused(SaslError::new(self.mechanism.name(), reason)))
    }

    fn enter(&mut self, state: State, message: &[u8]) -> Result<Accept, Reason> {
        match state {
            State::New(Some(setting)) => self.on_scram_first(setting, message),
            State::New(None) => self.on_message(message),
            State::Login(None) => {
                self.state = State::Login(Some(utf8(message)?.to_string()));
                Ok(Accept::Challenge(b"Password:".to_vec()))
            }
            State::Login(Some(user)) => self.checked(&user, utf8(message)?),
            State::Challenged(challenge) => {
                let (user, digest) = cram_md5::parse(message)?;
                let known = self.users.password(user);
                let right = cram_md5::verify(&known.clone().unwrap_or(nobody()), &challenge, digest);
                settled(user, known.is_some() & right)
            }
            State::Scram { user, server } => {
                let last = server.verify(message)?;
                self.state = State::Proved(user.ok_or(Reason::WrongCredentials)?);
                Ok(Accept::Challenge(last))
            }
            State::Proved(user) if message.is_empty() => Ok(Accept::Success { user }),
            State::TokenRefused => Err(Reason::WrongCredentials),
            State::Proved(_) | State::Over => Err(Reason::OutOfTurn),
        }
    }

    /// PLAIN, OAUTHBEARER, XOAUTH2, EXTERNAL: everything is in one message.
    fn on_message(&mut self, message: &[u8]) -> Result<Accept, Reason> {
        let (user, token) = match self.mechanism {
            Mechanism::External => {
                let user = self.users.certificate(utf8(message)?).ok_or(Reason::WrongCredentials)?;
                return Ok(Accept::Success { user });
            }
            Mechanism::OAuthBearer => oauth::parse_bearer(message)?,
            Mechanism::XOAuth2 => oauth::parse_xoauth2(message)?,
            _ => {
                let plain::Login { authzid, user, password } = plain::parse(message)?;
                acting_as_oneself(authzid, user)?;
                return self.checked(user, password);
            }
        };
        let known = self.users.token(&user);
        let right = same(known.clone().unwrap_or(nobody()).reveal().as_bytes(), token.as_bytes());
        if known.is_some() & right {
            return Ok(Accept::Success { user });
        }
        self.state = State::TokenRefused;
        Ok(Accept::Challenge(oauth::INVALID_TOKEN.to_vec()))
    }

    fn on_scram_first(&mut self, setting: Setting, message: &[u8]) -> Result<Accept, Reason> {
        let first = First::parse(message)?;
        acting_as_oneself(&first.authzid, &first.user)?;
        let known = self.users.password(&first.user);
        let user = known.is_some().then(|| first.user.clone());
        let server = Server::new(setting, &first, &known.unwrap_or(nobody()))?;
        let challenge = server.challenge().to_vec();
        self.state = State::Scram { user, server: Box::new(server) };
        Ok(Accept::Challenge(challenge))
    }

    fn checked(&self, user: &str, password: &str) -> Result<Accept, Reason> {
        settled(user, self.users.accepts(user, password))
    }
}

/// A name with a control character in it is nobody's, whatever the users say: it would end up in replies and paths.
fn settled(user: &str, right: bool) -> Result<Accept, Reason> {
    if right && !user.contains(char::is_control) {
        Ok(Accept::Success { user: user.to_string() })
    } else {
        Err(Reason::WrongCredentials)
    }
}

fn acting_as_oneself(authzid: &str, user: &str) -> Result<(), Reason> {
    if authzid.is_empty() || authzid == user { Ok(()) } else { Err(Reason::WrongCredentials) }
}

/// The password of a user that does not exist; it is never enough.
fn nobody() -> Secret {
    Secret::new("nobody")
}

fn utf8(message: &[u8]) -> Result<&str, Reason> {
    std::str::from_utf8(message).map_err(|_| Reason::Malformed("it is not UTF-8"))
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor").field("mechanism", &self.mechanism.name()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Accept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Challenge(challenge) => write!(f, "Challenge({} octets)", challenge.len()),
            Self::Success { user } => write!(f, "Success({user:?})"),
            Self::Refused(error) => write!(f, "Refused({error})"),
        }
    }
}
