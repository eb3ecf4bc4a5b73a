//! Signed tokens: what stands in a reverse-path (VERP) and in a link to unsubscribe, so that whoever sends it back says
//! which letter it was, and nobody can make one up.
//!
//! A token is base32 (RFC 4648 §6) in small letters, without padding, of
//! ```text
//! campaign 6 octets | recipient 4 octets | row 1 to 8 octets, big-endian, without leading zeros | MAC 10 octets
//! ```
//! The campaign is a hash of its ledger's key; the recipient a keyed hash of the address, which tells the address only
//! to somebody who knows both the key and the candidates. The MAC is HMAC-SHA256, cut to 80 bits (RFC 2104 §5), over the
//! [`Purpose`] and what stands before it: a token from a reverse-path unsubscribes nobody. Mail systems do not keep
//! letters' case, so none is needed.
//!
//! A letter has one token, whomever it names: that of the first address in its `To`. A copy's reader unsubscribes that
//! address, which is whom the letter is for.

mod file;
mod verp;

use std::fmt;

use encodify::base32::STANDARD_NO_PAD as BASE32;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

pub(crate) use file::whole;
pub use file::{KeyFileError, default_path};
pub use verp::{Verp, VerpError};

const CAMPAIGN: usize = 6;
const RECIPIENT: usize = 4;
const MAC: usize = 10;

/// The longest token, in octets: a reverse-path has room for 64 before its `@`.
pub const MAX_TOKEN: usize = ((CAMPAIGN + RECIPIENT + 8 + MAC) * 8).div_ceil(5);

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// In the reverse-path: says which letter came back.
    Verp,
    /// In a link or a subject: takes the address off the list.
    Unsubscribe,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Verp => b"hongyan token 1 verp\0",
            Self::Unsubscribe => b"hongyan token 1 unsubscribe\0",
        }
    }
}

/// The key that tokens are signed with: 32 random octets. Cheap to clone; shown nowhere.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// What a token that we have signed says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    campaign: [u8; CAMPAIGN],
    recipient: [u8; RECIPIENT],
    /// The row of the letter, as a person counts in the sheet.
    pub row: u64,
}

impl Claim {
    /// Whether it is about the campaign whose ledger has this key ([`Manifest::key`](crate::ledger::Manifest::key)).
    pub fn is_of(&self, campaign: &str) -> bool {
        self.campaign == campaign_tag(campaign)
    }

    /// What the campaign can be told by where no ledger is at hand: 12 hexadecimal digits.
    pub fn campaign(&self) -> String {
        hex(&self.campaign)
    }
}

/// [`Claim::campaign`] of the campaign whose ledger has this key.
pub fn campaign(key: &str) -> String {
    hex(&campaign_tag(key))
}

impl Key {
    /// These octets, which nobody else must know.
    pub const fn from_octets(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// The token of a letter: of the campaign whose ledger has the key `campaign`, of this row of its sheet, to this
    /// address.
    pub fn token(&self, purpose: Purpose, campaign: &str, row: u64, address: &str) -> String {
        let row = row.to_be_bytes();
        let leading = row.iter().take_while(|octet| **octet == 0).count().min(7);
        let mut octets = Vec::with_capacity(CAMPAIGN + RECIPIENT + 8 + MAC);
        octets.extend_from_slice(&campaign_tag(campaign));
        octets.extend_from_slice(&self.recipient(address));
        octets.extend_from_slice(&row[leading..]);
        let mac = self.mac(purpose.label(), &octets).finalize().into_bytes();
        octets.extend_from_slice(&mac[..MAC]);
        BASE32.encode(octets).to_ascii_lowercase()
    }

    /// What a token says, whatever the case of its letters; `None` where we have not signed it for this purpose. Takes the
    /// same time however much of the MAC is right.
    pub fn read(&self, purpose: Purpose, token: &str) -> Option<Claim> {
        if token.len() > MAX_TOKEN || !token.bytes().all(|octet| octet.is_ascii_alphanumeric()) {
            return None;
        }
        let upper = token.to_ascii_uppercase();
        let octets = BASE32.decode(&upper).ok()?;
        // Bits that no octet needs must be zero, or one token could be written in several ways.
        if BASE32.encode(&octets) != upper {
            return None;
        }
        let (said, mac) = octets.split_at_checked(octets.len().checked_sub(MAC)?)?;
        let (campaign, rest) = said.split_first_chunk::<CAMPAIGN>()?;
        let (recipient, row) = rest.split_first_chunk::<RECIPIENT>()?;
        self.mac(purpose.label(), said).verify_truncated_left(mac).ok()?;
        if row.is_empty() || row.len() > 8 || (row.len() > 1 && row[0] == 0) {
            return None;
        }
        let row = row.iter().fold(0, |row, octet| row << 8 | u64::from(*octet));
        Some(Claim { campaign: *campaign, recipient: *recipient, row })
    }

    /// Whether it is this address that a token was made for. One of 2³² other addresses would pass as well.
    pub fn names(&self, claim: &Claim, address: &str) -> bool {
        claim.recipient == self.recipient(address)
    }

    fn recipient(&self, address: &str) -> [u8; RECIPIENT] {
        let whole = self.mac(b"hongyan token 1 address\0", address.to_lowercase().as_bytes());
        let whole = whole.finalize().into_bytes();
        std::array::from_fn(|at| whole[at])
    }

    fn mac(&self, label: &[u8], octets: &[u8]) -> Hmac<Sha256> {
        // A block of SHA-256 has 64 octets: a shorter key is padded with zeros (RFC 2104 §2).
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.0);
        let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new(&block.into());
        mac.update(label);
        mac.update(octets);
        mac
    }
}

fn campaign_tag(key: &str) -> [u8; CAMPAIGN] {
    let hash = Sha256::digest(key.as_bytes());
    std::array::from_fn(|at| hash[at])
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests;
