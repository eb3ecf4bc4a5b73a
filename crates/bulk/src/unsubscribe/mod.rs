//! Getting off a list: the fields that a letter carries (RFC 2369 §3.2, RFC 8058), and who asks when one comes back.
//!
//! [`Unsubscribe`] writes `List-Unsubscribe` (a link, a mail address, or both) and, where there is a link,
//! `List-Unsubscribe-Post`, by which a mail program takes somebody off with one click. Each letter has its own
//! [token](crate::token). What comes back is a link, which the [`Desk`] answers, or a mail: [`asked`] finds the token in
//! its subject.

mod desk;
mod error;

use std::path::Path;

use hongyan_proto::address::Address;

pub use desk::{Desk, List, Reader, Whose};
pub use error::{KeyedError, UnsubscribeError};

use crate::campaign;
use crate::token::{Claim, Key, Purpose};

/// The first word of the subject by which somebody unsubscribes.
pub const SUBJECT: &str = "unsubscribe";

/// The longest subject that is looked into for a token, in octets.
const MAX_SUBJECT: usize = 4 * 1024;

/// The longest link that is written, without its token, in octets.
pub const MAX_URL: usize = 512;

/// Writes the fields by which a letter's reader gets off the list.
#[derive(Clone, Debug)]
pub struct Unsubscribe {
    /// `mailto:list@example.org?subject=unsubscribe%20`, to be ended with a token.
    mailto: Option<String>,
    /// `https://example.org/u/`, to be ended with a token.
    url: Option<String>,
    key: Key,
}

impl Unsubscribe {
    /// As a campaign wants it.
    ///
    /// # Errors
    /// Neither a link nor an address, a link that is not `https://`, an address that is none.
    pub fn from_config(config: &campaign::Unsubscribe, key: &Key) -> Result<Self, UnsubscribeError> {
        let mailto = config.mailto.as_deref().map(mailto).transpose()?;
        let url = config.url.as_deref().map(url).transpose()?;
        if mailto.is_none() && url.is_none() {
            return Err(UnsubscribeError::Nowhere);
        }
        Ok(Self { mailto, url, key: key.clone() })
    }

    /// The same with the key that the settings name, made where there is none; `folder` is the campaign's.
    ///
    /// # Errors
    /// See [`from_config`](Self::from_config) and [`KeyFileError`](crate::token::KeyFileError).
    pub fn with_its_key(config: &campaign::Unsubscribe, folder: &Path) -> Result<Self, KeyedError> {
        let key = Key::of_campaign(config.key.as_deref(), folder)?;
        Ok(Self::from_config(config, &key)?)
    }

    /// Names and values of the fields of one letter, of the campaign whose ledger has the key `campaign`. `address` is
    /// the first one in the letter's `To`: with several recipients it is this one that the fields take off the list.
    pub fn fields(&self, campaign: &str, row: u64, address: &str) -> Vec<(&'static str, String)> {
        let token = self.key.token(Purpose::Unsubscribe, campaign, row, address);
        let each = [&self.url, &self.mailto].into_iter().flatten();
        let targets: Vec<String> = each.map(|target| format!("<{target}{token}>")).collect();
        let mut fields = vec![("List-Unsubscribe", targets.join(", "))];
        if self.url.is_some() {
            fields.push(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
        }
        fields
    }

    /// The link of one letter, to be put into its text; `None` where there is none.
    pub fn link(&self, campaign: &str, row: u64, address: &str) -> Option<String> {
        let token = self.key.token(Purpose::Unsubscribe, campaign, row, address);
        Some(format!("{}{token}", self.url.as_ref()?))
    }
}

/// Who asks to be taken off, in the subject of a mail that came to the address for it: `unsubscribe TOKEN`, with
/// whatever a mail program or a person puts around it. `None` where there is no token of ours.
pub fn asked(key: &Key, subject: &str) -> Option<Claim> {
    if subject.len() > MAX_SUBJECT {
        return None;
    }
    let words = subject.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() > SUBJECT.len());
    words.filter_map(|word| key.read(Purpose::Unsubscribe, word)).next()
}

/// A `mailto:` (RFC 6068) whose subject waits for a token.
fn mailto(given: &str) -> Result<String, UnsubscribeError> {
    let text = given.trim();
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let address = Address::parse(text)
        .map_err(|error| UnsubscribeError::Mailto { given: given.to_owned(), why: error.problem })?;
    let mut out = "mailto:".to_owned();
    for octet in address.as_str().bytes() {
        // What RFC 6068 §2 lets stand in an address.
        if octet.is_ascii_alphanumeric() || b"-._~!$'*+@".contains(&octet) {
            out.push(char::from(octet));
        } else {
            out.push_str(&format!("%{octet:02X}"));
        }
    }
    out.push_str("?subject=");
    out.push_str(SUBJECT);
    out.push_str("%20");
    Ok(out)
}

/// A link that waits for a token: `https://host/path/`.
fn url(given: &str) -> Result<String, UnsubscribeError> {
    let wrong = |why| UnsubscribeError::Url { given: given.to_owned(), why };
    let text = given.trim();
    let scheme = text.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"));
    if !scheme {
        return Err(wrong("RFC 8058 wants https://"));
    }
    if text.len() > MAX_URL {
        return Err(wrong("it is longer than 512 octets"));
    }
    let rest = &text[8..];
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-.:[]".contains(&octet);
    if host.is_empty() || !host.bytes().all(plain) {
        return Err(wrong("it has no host, or one that is not plain ASCII"));
    }
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"/-._~%!$&'()*+=:@".contains(&octet);
    if !path.bytes().all(plain) {
        return Err(wrong("after the host it may have a plain path only, without `?` and `#`"));
    }
    Ok(format!("https://{host}{}/", path.trim_end_matches('/')))
}

#[cfg(test)]
mod tests;
