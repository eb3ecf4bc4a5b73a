//! PLAIN's one message (RFC 4616 §2): `[authzid] NUL authcid NUL password`.

use super::Reason;

/// The client's message. The names and the password hold no NUL: `Exchange::start` has looked.
pub(super) fn message(user: &str, password: &str) -> Vec<u8> {
    [b"\0", user.as_bytes(), b"\0", password.as_bytes()].concat()
}

/// What a client's message says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Login<'a> {
    /// Whom to act as; empty for oneself.
    pub(super) authzid: &'a str,
    pub(super) user: &'a str,
    pub(super) password: &'a str,
}

/// Reads a client's message.
pub(super) fn parse(message: &[u8]) -> Result<Login<'_>, Reason> {
    let text = std::str::from_utf8(message).map_err(|_| Reason::Malformed("it is not UTF-8"))?;
    let mut fields = text.split('\0');
    match (fields.next(), fields.next(), fields.next(), fields.next()) {
        (Some(authzid), Some(user), Some(password), None) if !user.is_empty() && !password.is_empty() => {
            Ok(Login { authzid, user, password })
        }
        _ => Err(Reason::Malformed("it is not name, NUL, name, NUL, password")),
    }
}
