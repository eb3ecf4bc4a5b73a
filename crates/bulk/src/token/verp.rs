//! A reverse-path with a token in it (variable envelope return path): what bounces says which letter it was.

use std::fmt;

use hongyan_proto::address::{Address, MAX_LOCAL};
use hongyan_proto::said::{Problem, said};

use super::MAX_TOKEN;

/// Where the token stands in the template.
const PLACE: &str = "{token}";

/// `bounces+{token}@example.org`, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verp {
    before: String,
    after: String,
    domain: String,
}

/// Why a text is no such template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerpError {
    /// `{token}` does not stand in it exactly once, before the `@`.
    Place {
        /// What was given.
        given: String,
    },
    /// With a token it is no address.
    Address {
        /// What was given.
        given: String,
        /// What is wrong.
        why: String,
    },
    /// With the longest token its local part has more than 64 octets.
    TooLong {
        /// What was given.
        given: String,
        /// How many octets may stand there beside the token.
        room: usize,
    },
}

impl VerpError {
    /// What is wrong and what to do next, in both languages.
    pub fn problem(&self) -> Problem {
        let like =
            || said("write it like bounces+{token}@example.org", "请写成 bounces+{token}@example.org 的形式");
        let (what, next) = match self {
            Self::Place { given } => (
                said(
                    format!("bounces.verp: `{{token}}` must stand once before the @ of `{given}`"),
                    format!("bounces.verp：{given} 的 @ 之前须恰好有一个 {{token}}"),
                ),
                like(),
            ),
            Self::Address { given, why } => (
                said(
                    format!("bounces.verp: `{given}` is no address: {why}"),
                    format!("bounces.verp：{given} 不是邮件地址：{why}"),
                ),
                like(),
            ),
            Self::TooLong { given, room } => (
                said(
                    format!(
                        "bounces.verp: beside the token only {room} octets have room before the @ of `{given}`"
                    ),
                    format!("bounces.verp：{given} 的 @ 之前除令牌外最多 {room} 字节"),
                ),
                like(),
            ),
        };
        Problem::new(what, next)
    }
}

impl fmt::Display for VerpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem().what.en)
    }
}

impl std::error::Error for VerpError {}

impl Verp {
    /// Reads the template.
    ///
    /// # Errors
    /// See [`VerpError`].
    pub fn parse(text: &str) -> Result<Self, VerpError> {
        let given = || text.to_owned();
        let place = || VerpError::Place { given: given() };
        let (local, domain) = text.trim().rsplit_once('@').ok_or_else(place)?;
        let (before, after) = local.split_once(PLACE).ok_or_else(place)?;
        if after.contains(PLACE) || domain.contains(PLACE) {
            return Err(place());
        }
        let room = MAX_LOCAL - MAX_TOKEN;
        if before.len() + after.len() > room {
            return Err(VerpError::TooLong { given: given(), room });
        }
        let verp = Self { before: before.to_owned(), after: after.to_owned(), domain: domain.to_owned() };
        verp.address(&"a".repeat(MAX_TOKEN))
            .map_err(|error| VerpError::Address { given: given(), why: error.problem.to_owned() })?;
        Ok(verp)
    }

    /// The reverse-path of the letter with this token.
    ///
    /// # Errors
    /// A token that no [`Key`](super::Key) has made.
    pub fn address(&self, token: &str) -> Result<Address, hongyan_proto::address::AddressError> {
        Address::parse(&format!("{}{token}{}@{}", self.before, self.after, self.domain))
    }

    /// The token in an address that a bounce came to, whatever became of the case of its letters; `None` where the
    /// address is not of this template. Whether the token is ours, only the key knows.
    pub fn token<'a>(&self, address: &'a str) -> Option<&'a str> {
        let (local, domain) = address.rsplit_once('@')?;
        let (before, rest) = local.split_at_checked(self.before.len())?;
        let (token, after) = rest.split_at_checked(rest.len().checked_sub(self.after.len())?)?;
        let same = domain.eq_ignore_ascii_case(&self.domain)
            && before.eq_ignore_ascii_case(&self.before)
            && after.eq_ignore_ascii_case(&self.after);
        Some(token).filter(|token| same && !token.is_empty())
    }
}
