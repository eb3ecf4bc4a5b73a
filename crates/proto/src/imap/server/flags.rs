//! A message's flags: the system flags of RFC 9051 §2.3.2, and keywords.

use std::fmt;
use std::sync::Arc;

/// The most keywords of one message.
pub const MAX_KEYWORDS: usize = 64;
/// The longest keyword, in octets.
pub const MAX_KEYWORD: usize = 128;

/// The flags of a message, without `\Recent`, which belongs to a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags {
    /// `\Seen`
    pub seen: bool,
    /// `\Answered`
    pub answered: bool,
    /// `\Flagged`
    pub flagged: bool,
    /// `\Deleted`
    pub deleted: bool,
    /// `\Draft`
    pub draft: bool,
    /// All others.
    pub keywords: Keywords,
}

/// Keywords, each once (in any case of letters), in the order in which they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Keywords(Option<Arc<[String]>>);

impl Keywords {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|all| all.iter()).map(String::as_str)
    }

    /// Whether it is one of them.
    pub fn contains(&self, keyword: &str) -> bool {
        self.iter().any(|known| known.eq_ignore_ascii_case(keyword))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |all| all.len())
    }

    /// None at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a> FromIterator<&'a str> for Keywords {
    fn from_iter<I: IntoIterator<Item = &'a str>>(keywords: I) -> Self {
        let mut all: Vec<String> = Vec::new();
        for keyword in keywords {
            if !all.iter().any(|known| known.eq_ignore_ascii_case(keyword)) {
                all.push(keyword.to_string());
            }
        }
        Self((!all.is_empty()).then(|| all.into()))
    }
}

impl Flags {
    /// Reads one flag as it is written (`\Seen`, `$Forwarded`) into these; false where it is no flag that
    /// can be kept.
    pub fn set(&mut self, flag: &str) -> bool {
        match flag.strip_prefix('\\') {
            None => {
                let fits = !flag.is_empty()
                    && flag.len() <= MAX_KEYWORD
                    && flag.bytes().all(|b| b.is_ascii_graphic() && !b"(){%*\"\\]".contains(&b));
                if fits {
                    self.keywords = self.keywords.iter().chain([flag]).collect();
                }
                fits
            }
            Some(name) => {
                let known = [
                    ("Seen", &mut self.seen),
                    ("Answered", &mut self.answered),
                    ("Flagged", &mut self.flagged),
                    ("Deleted", &mut self.deleted),
                    ("Draft", &mut self.draft),
                ];
                match known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
                    Some((_, flag)) => {
                        *flag = true;
                        true
                    }
                    None => false,
                }
            }
        }
    }

    /// Each flag as it is written.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        [
            (self.answered, "\\Answered"),
            (self.flagged, "\\Flagged"),
            (self.deleted, "\\Deleted"),
            (self.seen, "\\Seen"),
            (self.draft, "\\Draft"),
        ]
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
        .chain(self.keywords.iter())
    }
}

/// As between the brackets of FLAGS: `\Seen $Forwarded`.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, flag) in self.iter().enumerate() {
            f.write_str(if i > 0 { " " } else { "" })?;
            f.write_str(flag)?;
        }
        Ok(())
    }
}
