//! Personalities: what certain providers' servers do otherwise, as far as the servers here can be told to.
//!
//! What they offer over IMAP is what their CAPABILITY says, as far as it is known here at all.

use std::fmt;
use std::str::FromStr;

use encoding_rs::GBK;
use hongyan_proto::faults::Rule;
use hongyan_proto::imap::server::Quirks;
use hongyan_proto::imap::server::config::CAPABILITIES;

/// Whose server to behave like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Like {
    /// QQ Mail: texts in GBK, few extensions, garbage in the place of the answer to SMTP's QUIT.
    Qq,
    /// NetEase 163, 126, yeah: ID has to come before a mailbox is selected, SASL-IR is offered and refused, few
    /// extensions and no IDLE, garbage in the place of the answer to SMTP's QUIT.
    NetEase,
    /// Gmail: literals without asking only when they are short, no QRESYNC.
    Gmail,
}

/// A personality in the table.
struct Personality {
    like: Like,
    names: &'static [&'static str],
    /// Of IMAP's capabilities, those that are offered.
    capabilities: &'static [&'static str],
    quirks: Quirks,
    faults: &'static [&'static str],
}

const NONE: Quirks = Quirks { id_required: false, initial_response_refused: false, charset: None };

const PERSONALITIES: [Personality; 3] = [
    Personality {
        like: Like::Qq,
        names: &["qq", "foxmail"],
        capabilities: &["IMAP4rev1", "MOVE", "IDLE", "SASL-IR", "NAMESPACE", "CHILDREN", "ID", "UIDPLUS"],
        quirks: Quirks { charset: Some(GBK), ..NONE },
        faults: &["quit=garbage"],
    },
    Personality {
        like: Like::NetEase,
        names: &["163", "126", "yeah", "netease"],
        capabilities: &["IMAP4rev1", "SPECIAL-USE", "ID", "LITERAL+", "APPENDLIMIT", "UIDPLUS", "SASL-IR"],
        quirks: Quirks { id_required: true, initial_response_refused: true, charset: None },
        faults: &["quit=garbage"],
    },
    Personality {
        like: Like::Gmail,
        names: &["gmail"],
        capabilities: &[
            "IMAP4rev1",
            "UNSELECT",
            "IDLE",
            "NAMESPACE",
            "ID",
            "CHILDREN",
            "UIDPLUS",
            "SASL-IR",
            "ENABLE",
            "MOVE",
            "CONDSTORE",
            "ESEARCH",
            "UTF8=ACCEPT",
            "LIST-EXTENDED",
            "LIST-STATUS",
            "LITERAL-",
            "SPECIAL-USE",
            "APPENDLIMIT",
        ],
        quirks: NONE,
        faults: &[],
    },
];

impl Like {
    fn personality(self) -> &'static Personality {
        PERSONALITIES.iter().find(|known| known.like == self).unwrap_or(&PERSONALITIES[0])
    }

    /// The capabilities of IMAP that are not offered.
    pub(crate) fn without(self) -> Vec<String> {
        let offered = self.personality().capabilities;
        let known = CAPABILITIES.iter().chain(&["LITERAL-"]);
        known.filter(|name| !offered.contains(name)).map(|name| (*name).to_owned()).collect()
    }

    pub(crate) fn quirks(self) -> Quirks {
        self.personality().quirks
    }

    /// What always goes wrong.
    pub(crate) fn faults(self) -> impl Iterator<Item = Rule> {
        self.personality().faults.iter().filter_map(|rule| rule.parse().ok())
    }
}

impl FromStr for Like {
    type Err = UnknownLike;

    fn from_str(text: &str) -> Result<Self, UnknownLike> {
        let is_named = |known: &&Personality| known.names.iter().any(|name| name.eq_ignore_ascii_case(text));
        PERSONALITIES.iter().find(is_named).map(|known| known.like).ok_or(UnknownLike)
    }
}

/// A name that is no personality's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownLike;

impl fmt::Display for UnknownLike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("known are qq, 163 and gmail")
    }
}

impl std::error::Error for UnknownLike {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personalities_have_names_rules_that_are_rules_and_no_unknown_capability() {
        for personality in &PERSONALITIES {
            for name in personality.names {
                assert_eq!(name.to_uppercase().parse(), Ok(personality.like));
            }
            assert_eq!(personality.like.faults().count(), personality.faults.len());
            for name in personality.capabilities {
                assert!(CAPABILITIES.contains(name) || *name == "LITERAL-", "{name}");
            }
        }
        assert_eq!("aol".parse::<Like>(), Err(UnknownLike));
        assert!(Like::NetEase.without().contains(&"IDLE".to_string()));
    }
}
