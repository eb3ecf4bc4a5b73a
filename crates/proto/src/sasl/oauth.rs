//! The two ways to log in with an access token: OAUTHBEARER (RFC 7628) and XOAUTH2.
//!
//! Both are one message of fields ended by %x01. A server that refuses first says why, in JSON, as a
//! challenge; the client answers with a dummy so that the server can end the exchange (RFC 7628 §3.2.3).

use super::scram::{escape_name, unescape_name};
use super::{Channel, Reason};

/// What a server here says of a token that is wrong (RFC 7628 §3.2.2).
pub(super) const INVALID_TOKEN: &[u8] = br#"{"status":"invalid_token","schemes":"bearer"}"#;

/// The longest status that is reported, in octets.
const MAX_STATUS: usize = 40;

/// OAUTHBEARER's message (RFC 7628 §3.1).
pub(super) fn bearer(user: &str, token: &str, channel: Channel<'_>) -> Vec<u8> {
    let mut message = format!("n,a={},\x01", escape_name(user));
    if !channel.host.is_empty() {
        message.push_str(&format!("host={}\x01port={}\x01", channel.host, channel.port));
    }
    message.push_str(&format!("auth=Bearer {token}\x01\x01"));
    message.into_bytes()
}

/// XOAUTH2's message.
pub(super) fn xoauth2(user: &str, token: &str) -> Vec<u8> {
    format!("user={user}\x01auth=Bearer {token}\x01\x01").into_bytes()
}

/// The `status` of a server's refusal, where it is a plain word: `invalid_token`, `401`.
pub(super) fn status(challenge: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(challenge).ok()?;
    let (_, rest) = text.split_once("\"status\"")?;
    let value = rest.trim_start().strip_prefix(':')?.trim_start().trim_start_matches('"');
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let end = value.find(|c| !word(c)).unwrap_or(value.len());
    (1..=MAX_STATUS).contains(&end).then(|| value[..end].to_string())
}

/// A client's OAUTHBEARER message: the name and the token.
pub(super) fn parse_bearer(message: &[u8]) -> Result<(String, &str), Reason> {
    let fields = fields(message)?;
    let header = fields.first().ok_or(Reason::Malformed("it is empty"))?;
    let name = header
        .strip_prefix("n,")
        .or_else(|| header.strip_prefix("y,"))
        .and_then(|rest| rest.strip_suffix(','))
        .ok_or(Reason::Malformed("its GS2 header is wrong"))?;
    let name = match name.strip_prefix("a=") {
        Some(name) => unescape_name(name).ok_or(Reason::Malformed("its name is wrongly escaped"))?,
        None if name.is_empty() => String::new(),
        None => return Err(Reason::Malformed("its GS2 header is wrong")),
    };
    Ok((name, token(&fields)?))
}

/// A client's XOAUTH2 message: the name and the token.
pub(super) fn parse_xoauth2(message: &[u8]) -> Result<(String, &str), Reason> {
    let fields = fields(message)?;
    let user = fields.first().and_then(|field| field.strip_prefix("user="));
    let user = user.ok_or(Reason::Malformed("it names no user"))?;
    Ok((user.to_string(), token(&fields)?))
}

fn fields(message: &[u8]) -> Result<Vec<&str>, Reason> {
    let text = std::str::from_utf8(message).map_err(|_| Reason::Malformed("it is not UTF-8"))?;
    let text = text.strip_suffix("\x01\x01").ok_or(Reason::Malformed("its end is missing"))?;
    Ok(text.split('\x01').collect())
}

fn token<'a>(fields: &[&'a str]) -> Result<&'a str, Reason> {
    let auth = fields.iter().skip(1).find_map(|field| field.strip_prefix("auth="));
    let (scheme, token) =
        auth.and_then(|auth| auth.split_once(' ')).ok_or(Reason::Malformed("it holds no token"))?;
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() {
        Ok(token)
    } else {
        Err(Reason::Malformed("its token is no bearer token"))
    }
}
