//! SCRAM, the client's side (RFC 5802 §5).

use encodify::base64::STANDARD;

use super::{Hash, MAX_ITERATIONS, Proofs, attribute, decode, escape_name, is_nonce};
use crate::sasl::{Channel, Reason, Secret, prepared, same};

/// One login.
pub(in crate::sasl) struct Client {
    hash: Hash,
    /// `p=tls-exporter,,`, `y,,` or `n,,`.
    gs2_header: String,
    /// What the header binds to; empty without channel binding.
    binding: Vec<u8>,
    /// `n=user,r=nonce`.
    first_bare: String,
    nonce: String,
    password: Secret,
    state: State,
}

enum State {
    /// The client-first message is to be sent or has been sent.
    First,
    /// The proof has been sent; the server must show this signature.
    Final { server_signature: Vec<u8> },
    /// The server has proved itself.
    Proved,
    /// The exchange broke.
    Broken,
}

/// What the client tells the server of channel binding (RFC 5802 §6).
#[derive(Clone, Copy)]
pub(in crate::sasl) enum Binding<'a> {
    /// Bound to the best that the channel has.
    Bound(Channel<'a>),
    /// This side could bind, and the server did not offer it: `y`, by which a server that did offer it
    /// learns that somebody took the offer off the list.
    NotOffered,
    /// This side cannot bind, or does not want to: `n`.
    None,
}

impl Client {
    pub(in crate::sasl) fn new(
        hash: Hash,
        binding: Binding<'_>,
        user: &str,
        password: &Secret,
        nonce: String,
    ) -> Result<Self, Reason> {
        let (gs2_header, binding) = match binding {
            Binding::Bound(channel) => {
                let (name, data) = channel.bindings().next().ok_or(Reason::NoBinding)?;
                (format!("p={name},,"), data.to_vec())
            }
            Binding::NotOffered => ("y,,".into(), Vec::new()),
            Binding::None => ("n,,".into(), Vec::new()),
        };
        let first_bare = format!("n={},r={nonce}", escape_name(&prepared(user)));
        let password = password.clone();
        Ok(Self { hash, gs2_header, binding, first_bare, nonce, password, state: State::First })
    }

    /// The client-first message.
    pub(in crate::sasl) fn first(&self) -> Vec<u8> {
        format!("{}{}", self.gs2_header, self.first_bare).into_bytes()
    }

    /// Answers the server-first and the server-final message.
    pub(in crate::sasl) fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, Reason> {
        match std::mem::replace(&mut self.state, State::Broken) {
            State::First => self.on_server_first(text(challenge)?),
            State::Final { server_signature } => self.on_server_final(text(challenge)?, &server_signature),
            State::Proved | State::Broken => Err(Reason::OutOfTurn),
        }
    }

    /// Whether the server has proved that it knows the password.
    pub(in crate::sasl) fn is_proved(&self) -> bool {
        matches!(self.state, State::Proved)
    }

    fn on_server_first(&mut self, message: &str) -> Result<Vec<u8>, Reason> {
        let Challenge { nonce, salt, iterations } = Challenge::parse(message)?;
        if !nonce.strip_prefix(&self.nonce).is_some_and(is_nonce) {
            return Err(Reason::Malformed("its nonce does not continue this side's"));
        }
        let mut channel = self.gs2_header.clone().into_bytes();
        channel.extend_from_slice(&self.binding);
        let without_proof = format!("c={},r={nonce}", STANDARD.encode(channel));
        let auth_message = [self.first_bare.as_str(), message, &without_proof].join(",");
        let salted = self.hash.salted(&self.password, &salt, iterations);
        let proofs = Proofs::new(self.hash, &salted, &[auth_message.as_bytes()]);
        let answer = format!("{without_proof},p={}", STANDARD.encode(proofs.client_proof()));
        self.state = State::Final { server_signature: proofs.server_signature };
        Ok(answer.into_bytes())
    }

    fn on_server_final(&mut self, message: &str, expected: &[u8]) -> Result<Vec<u8>, Reason> {
        refusal(message)?;
        let signature = decode(attribute(&mut message.split(','), "v")?)?;
        if !same(&signature, expected) {
            return Err(Reason::Impostor);
        }
        self.state = State::Proved;
        Ok(Vec::new())
    }
}

/// A server-first message.
struct Challenge<'a> {
    nonce: &'a str,
    salt: Vec<u8>,
    iterations: u32,
}

impl<'a> Challenge<'a> {
    fn parse(message: &'a str) -> Result<Self, Reason> {
        refusal(message)?;
        if message.starts_with("m=") {
            return Err(Reason::Malformed("it demands an extension that nobody has defined"));
        }
        let mut attributes = message.split(',');
        let nonce = attribute(&mut attributes, "r")?;
        let salt = decode(attribute(&mut attributes, "s")?)?;
        let count = attribute(&mut attributes, "i")?;
        if count.is_empty() || count.starts_with('0') || !count.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Reason::Malformed("its iteration count is no number above 0"));
        }
        let iterations = count.parse().ok().filter(|n| *n <= MAX_ITERATIONS).ok_or(Reason::Iterations)?;
        Ok(Self { nonce, salt, iterations })
    }
}

fn text(message: &[u8]) -> Result<&str, Reason> {
    std::str::from_utf8(message).map_err(|_| Reason::Malformed("it is not UTF-8"))
}

/// The server's `e=`, by the values of RFC 5802 §7.
fn refusal(message: &str) -> Result<(), Reason> {
    const VALUES: [&str; 10] = [
        "invalid-encoding",
        "extensions-not-supported",
        "invalid-proof",
        "channel-bindings-dont-match",
        "server-does-support-channel-binding",
        "channel-binding-not-supported",
        "unsupported-channel-binding-type",
        "unknown-user",
        "invalid-username-encoding",
        "no-resources",
    ];
    let Some(said) = message.strip_prefix("e=") else { return Ok(()) };
    let said = said.split(',').next().unwrap_or_default();
    Err(Reason::Refused(VALUES.into_iter().find(|value| *value == said).unwrap_or("other-error")))
}
