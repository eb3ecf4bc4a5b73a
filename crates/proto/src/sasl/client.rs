//! The client's side of an exchange.
//!
//! ```
//! # use hongyan_proto::sasl::{Channel, Credentials, Exchange, Proof, Secret};
//! let credentials = Credentials { user: "tim".into(), proof: Proof::Password(Secret::new("tanstaaftanstaaf")) };
//! let offered = ["CRAM-MD5"];
//! let mut exchange = Exchange::start("CRAM-MD5", &offered, &credentials, Channel::default()).unwrap();
//! assert_eq!(exchange.initial(), None); // the server speaks first
//! let answer = exchange.respond(b"<1896.697170952@postoffice.reston.mci.net>").unwrap();
//! assert_eq!(answer, b"tim b913a602c7eda7a495b4e6e7334d3890");
//! exchange.finish().unwrap(); // the server said yes
//! ```

use std::fmt;

use super::mechanism::{Mechanism, offers_binding};
use super::scram::client::{Binding, Client};
use super::{
    Channel, Credentials, MAX_MESSAGE, Proof, Reason, SaslError, Secret, cram_md5, oauth, plain, scram,
};

/// One attempt to log in with one mechanism.
pub struct Exchange {
    mechanism: &'static str,
    speaker: Speaker,
    token_status: Option<String>,
}

enum Speaker {
    /// PLAIN and EXTERNAL: one message says everything.
    Message {
        message: Vec<u8>,
        said: u8,
    },
    /// The name, then the password.
    Login {
        user: String,
        password: Secret,
        said: u8,
    },
    CramMd5 {
        user: String,
        password: Secret,
        said: bool,
    },
    /// One message, and a dummy when the server refuses.
    Token {
        message: Vec<u8>,
        dummy: &'static [u8],
        said: u8,
    },
    Scram {
        client: Box<Client>,
        said: bool,
    },
}

impl Exchange {
    /// Prepares to log in. `offered` is the server's list; SCRAM tells the server whether it named a
    /// channel binding (RFC 5802 §6), so that nobody can take it off the list unseen.
    ///
    /// # Errors
    /// The mechanism is unknown, does not fit the credentials or the channel, or the name, password or
    /// token is empty or holds what the mechanism cannot carry.
    pub fn start(
        mechanism: &str,
        offered: &[impl AsRef<str>],
        credentials: &Credentials,
        channel: Channel<'_>,
    ) -> Result<Self, SaslError> {
        Self::begin(mechanism, offered, credentials, channel, scram::nonce)
    }

    /// The same, with SCRAM's nonce from elsewhere.
    pub(super) fn begin(
        mechanism: &str,
        offered: &[impl AsRef<str>],
        credentials: &Credentials,
        channel: Channel<'_>,
        nonce: impl FnOnce(&'static str) -> Result<String, SaslError>,
    ) -> Result<Self, SaslError> {
        let mechanism = Mechanism::named(mechanism).ok_or(SaslError::new("", Reason::Unknown))?;
        let speaker = speaker(mechanism, offers_binding(offered), credentials, channel, nonce)?;
        Ok(Self { mechanism: mechanism.name(), speaker, token_status: None })
    }

    /// The mechanism's registered name.
    pub fn mechanism(&self) -> &'static str {
        self.mechanism
    }

    /// The client's first word, where the mechanism lets the client speak first; empty means "an empty
    /// message" (`=` on the wire). Where the protocol cannot carry it with the command, do not ask for it:
    /// it is then the response to the server's first, empty challenge.
    pub fn initial(&mut self) -> Option<Vec<u8>> {
        match &mut self.speaker {
            Speaker::Login { .. } | Speaker::CramMd5 { .. } => None,
            Speaker::Message { message, said } | Speaker::Token { message, said, .. } => {
                *said = 1;
                Some(message.clone())
            }
            Speaker::Scram { client, said } => {
                *said = true;
                Some(client.first())
            }
        }
    }

    /// Answers a challenge. What LOGIN's challenges say does not matter (`Username:`, `User Name` with a
    /// NUL, GBK); PLAIN is said again, once, to a server that overlooked the initial response.
    ///
    /// # Errors
    /// The exchange is broken: cancel it (`*` on the wire).
    pub fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, SaslError> {
        let error = |reason| SaslError::new(self.mechanism, reason);
        if challenge.len() > MAX_MESSAGE {
            return Err(error(Reason::TooLong(challenge.len())));
        }
        match &mut self.speaker {
            Speaker::Message { message, said } => match (*said, challenge.is_empty()) {
                (0, _) | (1, true) => {
                    *said += 1;
                    Ok(message.clone())
                }
                _ => Err(error(Reason::OutOfTurn)),
            },
            Speaker::Login { user, password, said } => {
                *said = said.saturating_add(1);
                match *said {
                    1 => Ok(user.clone().into_bytes()),
                    2 => Ok(password.reveal().as_bytes().to_vec()),
                    _ => Err(error(Reason::OutOfTurn)),
                }
            }
            Speaker::CramMd5 { said: true, .. } => Err(error(Reason::OutOfTurn)),
            Speaker::CramMd5 { user, password, said } => {
                *said = true;
                Ok(cram_md5::response(user, password, challenge))
            }
            Speaker::Token { message, dummy, said } => {
                *said = said.saturating_add(1);
                match *said {
                    1 => Ok(message.clone()),
                    2 => {
                        self.token_status = oauth::status(challenge);
                        Ok(dummy.to_vec())
                    }
                    _ => Err(error(Reason::OutOfTurn)),
                }
            }
            Speaker::Scram { client, said } if !*said => {
                *said = true;
                Ok(client.first())
            }
            Speaker::Scram { client, .. } => client.respond(challenge).map_err(error),
        }
    }

    /// To be called when the server says yes.
    ///
    /// # Errors
    /// It said so before the exchange was over, or without proving that it knows the password.
    pub fn finish(&mut self) -> Result<(), SaslError> {
        let reason = match &self.speaker {
            Speaker::Message { said: 1.., .. }
            | Speaker::Login { said: 2, .. }
            | Speaker::CramMd5 { said: true, .. }
            | Speaker::Token { said: 1, .. } => return Ok(()),
            Speaker::Scram { client, .. } if client.is_proved() => return Ok(()),
            Speaker::Scram { .. } => Reason::Impostor,
            _ => Reason::OutOfTurn,
        };
        Err(SaslError::new(self.mechanism, reason))
    }

    /// Why the server does not take the token, in its own short word (`invalid_token`, `400`, `401`), once
    /// it has said so.
    pub fn token_status(&self) -> Option<&str> {
        self.token_status.as_deref()
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("mechanism", &self.mechanism).finish_non_exhaustive()
    }
}

/// What the mechanism says for these credentials.
fn speaker(
    mechanism: Mechanism,
    plus_offered: bool,
    credentials: &Credentials,
    channel: Channel<'_>,
    nonce: impl FnOnce(&'static str) -> Result<String, SaslError>,
) -> Result<Speaker, SaslError> {
    let error = |reason| SaslError::new(mechanism.name(), reason);
    let unfit = |why| Err(error(Reason::Credentials(why)));
    let user = credentials.user.as_str();
    if user.is_empty() && mechanism != Mechanism::External {
        return unfit("the login name is empty");
    }
    if user.contains(char::is_control) {
        return unfit("the login name holds a control character");
    }
    let proof = match &credentials.proof {
        Proof::Password(secret) | Proof::Token(secret) if secret.reveal().is_empty() => {
            return unfit("the password or token is empty");
        }
        Proof::Password(secret) if secret.reveal().contains(['\0', '\r', '\n']) => {
            return unfit("the password holds a line break or NUL");
        }
        Proof::Token(secret) if !secret.reveal().bytes().all(|b| b.is_ascii_graphic()) => {
            return unfit("the token holds what no token holds (RFC 6750)");
        }
        proof => proof,
    };
    Ok(match (mechanism, proof) {
        (Mechanism::Scram { hash, plus }, Proof::Password(password)) => {
            let binding = match plus {
                true => Binding::Bound(channel),
                false if channel.bindings().next().is_some() && !plus_offered => Binding::NotOffered,
                false => Binding::None,
            };
            let client =
                Client::new(hash, binding, user, password, nonce(mechanism.name())?).map_err(error)?;
            Speaker::Scram { client: Box::new(client), said: false }
        }
        (Mechanism::CramMd5, Proof::Password(password)) => {
            Speaker::CramMd5 { user: user.into(), password: password.clone(), said: false }
        }
        (Mechanism::Login, Proof::Password(password)) => {
            Speaker::Login { user: user.into(), password: password.clone(), said: 0 }
        }
        (Mechanism::Plain, Proof::Password(password)) => {
            Speaker::Message { message: plain::message(user, password.reveal()), said: 0 }
        }
        (Mechanism::OAuthBearer, Proof::Token(token)) => {
            Speaker::Token { message: oauth::bearer(user, token.reveal(), channel), dummy: b"\x01", said: 0 }
        }
        (Mechanism::XOAuth2, Proof::Token(token)) => {
            Speaker::Token { message: oauth::xoauth2(user, token.reveal()), dummy: b"", said: 0 }
        }
        (Mechanism::External, Proof::Certificate) => Speaker::Message { message: user.into(), said: 0 },
        _ => return unfit("it takes another kind of credentials"),
    })
}
