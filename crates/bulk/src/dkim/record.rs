//! The DNS record that a signature is checked with (RFC 6376 §3.6), in the forms that people put into the DNS.

use encodify::base64::STANDARD;

use super::error::NameError;
use super::key::PublicKey;
use super::name;

/// The longest string of a TXT record (RFC 1035 §3.3), in octets: a longer value goes in several.
pub const MAX_STRING: usize = 255;

/// A record to be put into the DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The domain, `d=`.
    pub domain: String,
    /// The selector, `s=`.
    pub selector: String,
    /// The value in one piece: `v=DKIM1; k=rsa; p=…`.
    pub value: String,
}

impl Record {
    /// The record of this key.
    ///
    /// # Errors
    /// A domain or selector that cannot be in the DNS.
    pub fn new(domain: &str, selector: &str, key: &PublicKey) -> Result<Self, NameError> {
        Ok(Self::of_checked(name::domain(domain)?, name::selector(selector)?, key))
    }

    pub(super) fn of_checked(domain: String, selector: String, key: &PublicKey) -> Self {
        let value = format!("v=DKIM1; k={}; p={}", key.algorithm().key(), STANDARD.encode(key.octets()));
        Self { domain, selector, value }
    }

    /// What to write as the host (主机记录) where the domain itself is the zone: `selector._domainkey`.
    pub fn host(&self) -> String {
        format!("{}._domainkey", self.selector)
    }

    /// The whole name, without the dot at the end.
    pub fn name(&self) -> String {
        format!("{}.{}", self.host(), self.domain)
    }

    /// The value in strings of at most [`MAX_STRING`] octets.
    pub fn strings(&self) -> Vec<&str> {
        // Base64 and tags are ASCII, so that any place is between characters.
        let mut rest = self.value.as_str();
        let mut strings = Vec::new();
        while rest.len() > MAX_STRING {
            let (string, after) = rest.split_at(MAX_STRING);
            strings.push(string);
            rest = after;
        }
        strings.push(rest);
        strings
    }

    /// A line for a zone file (RFC 1035 §5).
    pub fn zone_line(&self) -> String {
        let strings: Vec<String> = self.strings().iter().map(|string| format!("\"{string}\"")).collect();
        let value = if strings.len() > 1 { format!("( {} )", strings.join(" ")) } else { strings.concat() };
        format!("{}. 3600 IN TXT {value}", self.name())
    }
}
