//! SCRAM, the server's side (RFC 5802 §5).

use encodify::base64::STANDARD;

use super::{Hash, Proofs, SERVER_ITERATIONS, attribute, decode, is_nonce, unescape_name};
use crate::sasl::{Reason, Secret, same};

/// What a server knows before the client's first word.
pub(in crate::sasl) struct Setting {
    pub(in crate::sasl) hash: Hash,
    /// Whether the mechanism is a `-PLUS`.
    pub(in crate::sasl) plus: bool,
    /// Whether a `-PLUS` was offered, so that a client that says "not offered" was lied to.
    pub(in crate::sasl) plus_offered: bool,
    /// What a client may bind to.
    pub(in crate::sasl) bindings: Vec<(&'static str, Vec<u8>)>,
    /// Continues the client's nonce.
    pub(in crate::sasl) nonce: String,
    pub(in crate::sasl) salt: Vec<u8>,
}

/// A client-first message.
pub(in crate::sasl) struct First<'a> {
    gs2_header: &'a str,
    flag: &'a str,
    bare: &'a str,
    /// Whom to act as; empty for oneself.
    pub(in crate::sasl) authzid: String,
    pub(in crate::sasl) user: String,
    nonce: &'a str,
}

impl<'a> First<'a> {
    pub(in crate::sasl) fn parse(message: &'a [u8]) -> Result<Self, Reason> {
        let text = std::str::from_utf8(message).map_err(|_| Reason::Malformed("it is not UTF-8"))?;
        let mut header = text.splitn(3, ',');
        let (Some(flag), Some(authzid), Some(bare)) = (header.next(), header.next(), header.next()) else {
            return Err(Reason::Malformed("its GS2 header is wrong"));
        };
        let authzid = match authzid.strip_prefix("a=") {
            Some(name) => unescape_name(name).ok_or(Reason::Malformed("its name is wrongly escaped"))?,
            None if authzid.is_empty() => String::new(),
            None => return Err(Reason::Malformed("its GS2 header is wrong")),
        };
        let mut attributes = bare.split(',');
        let user = unescape_name(attribute(&mut attributes, "n")?)
            .filter(|user| !user.is_empty())
            .ok_or(Reason::Malformed("its name is empty or wrongly escaped"))?;
        let nonce = attribute(&mut attributes, "r")?;
        if !is_nonce(nonce) {
            return Err(Reason::Malformed("its nonce is empty or unprintable"));
        }
        Ok(Self { gs2_header: &text[..text.len() - bare.len()], flag, bare, authzid, user, nonce })
    }
}

/// A login under way: the server-first message has been made.
pub(in crate::sasl) struct Server {
    hash: Hash,
    /// `c=` as the client must send it, before base64.
    channel: Vec<u8>,
    /// The whole nonce.
    nonce: String,
    /// Client-first-bare and server-first, joined by a comma.
    so_far: String,
    /// Where the server-first message begins in `so_far`.
    server_first: usize,
    salted: Vec<u8>,
}

impl Server {
    /// Takes in the client-first message. Whose password it is, the caller has found out; a stranger is
    /// taken through the exchange with a password that nobody has, so that names cannot be probed.
    pub(in crate::sasl) fn new(
        setting: Setting,
        first: &First<'_>,
        password: &Secret,
    ) -> Result<Self, Reason> {
        let Setting { hash, plus, plus_offered, bindings, nonce, salt } = setting;
        let binding = match (plus, first.flag) {
            (true, flag) => {
                let name = flag.strip_prefix("p=").ok_or(Reason::Refused("channel-bindings-dont-match"))?;
                let binding = bindings.into_iter().find(|(known, _)| *known == name);
                binding.ok_or(Reason::Refused("unsupported-channel-binding-type"))?.1
            }
            (false, "y") if plus_offered => {
                return Err(Reason::Refused("server-does-support-channel-binding"));
            }
            (false, "n" | "y") => Vec::new(),
            (false, _) => return Err(Reason::Malformed("its channel binding flag is wrong")),
        };
        let nonce = format!("{}{nonce}", first.nonce);
        let server_first = format!("r={nonce},s={},i={SERVER_ITERATIONS}", STANDARD.encode(&salt));
        let so_far = format!("{},{server_first}", first.bare);
        Ok(Self {
            hash,
            channel: [first.gs2_header.as_bytes(), &binding].concat(),
            nonce,
            server_first: so_far.len() - server_first.len(),
            so_far,
            salted: hash.salted(password, &salt, SERVER_ITERATIONS),
        })
    }

    /// The server-first message.
    pub(in crate::sasl) fn challenge(&self) -> &[u8] {
        &self.so_far.as_bytes()[self.server_first..]
    }

    /// Checks the client-final message: the server-final message, or why not.
    pub(in crate::sasl) fn verify(&self, message: &[u8]) -> Result<Vec<u8>, Reason> {
        let text = std::str::from_utf8(message).map_err(|_| Reason::Malformed("it is not UTF-8"))?;
        let (without_proof, proof) = text.rsplit_once(",p=").ok_or(Reason::Malformed("it holds no proof"))?;
        let mut attributes = without_proof.split(',');
        if decode(attribute(&mut attributes, "c")?)? != self.channel {
            return Err(Reason::Refused("channel-bindings-dont-match"));
        }
        if attribute(&mut attributes, "r")? != self.nonce {
            return Err(Reason::Malformed("its nonce is not the one of this exchange"));
        }
        let auth_message: [&[u8]; 3] = [self.so_far.as_bytes(), b",", without_proof.as_bytes()];
        let proofs = Proofs::new(self.hash, &self.salted, &auth_message);
        if !same(&decode(proof)?, &proofs.client_proof()) {
            return Err(Reason::WrongCredentials);
        }
        Ok(format!("v={}", STANDARD.encode(proofs.server_signature)).into_bytes())
    }
}
