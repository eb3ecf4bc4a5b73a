//! The flags of a message (RFC 3501 §2.3.2).

use std::fmt;

/// The most keywords that are kept of one message; further ones are left out.
pub const MAX_KEYWORDS: usize = 256;

/// System flags, and keywords as the server or a user named them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags {
    /// `\Seen`: read.
    pub seen: bool,
    /// `\Answered`.
    pub answered: bool,
    /// `\Flagged`: important.
    pub flagged: bool,
    /// `\Deleted`: goes with the next EXPUNGE.
    pub deleted: bool,
    /// `\Draft`.
    pub draft: bool,
    /// `\Recent`: this session is the first to see it. Servers set it, clients never do.
    pub recent: bool,
    /// `$Forwarded`, `$Junk`, `\Important` and the like.
    pub keywords: Vec<String>,
}

impl Flags {
    /// `\Seen` alone.
    pub fn seen() -> Self {
        Self { seen: true, ..Self::default() }
    }

    /// `\Deleted` alone.
    pub fn deleted() -> Self {
        Self { deleted: true, ..Self::default() }
    }

    /// Adds a flag by its name, in any case; a keyword only once.
    pub fn insert(&mut self, flag: &str) {
        if let Some(system) = flag.strip_prefix('\\').and_then(|name| self.system(name)) {
            *system = true;
        } else if self.keywords.len() < MAX_KEYWORDS
            && !self.keywords.iter().any(|known| known.eq_ignore_ascii_case(flag))
        {
            self.keywords.push(flag.into());
        }
    }

    fn system(&mut self, name: &str) -> Option<&mut bool> {
        Some(match name.len() {
            4 if name.eq_ignore_ascii_case("Seen") => &mut self.seen,
            8 if name.eq_ignore_ascii_case("Answered") => &mut self.answered,
            7 if name.eq_ignore_ascii_case("Flagged") => &mut self.flagged,
            7 if name.eq_ignore_ascii_case("Deleted") => &mut self.deleted,
            5 if name.eq_ignore_ascii_case("Draft") => &mut self.draft,
            6 if name.eq_ignore_ascii_case("Recent") => &mut self.recent,
            _ => return None,
        })
    }

    /// Their names, system flags first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [
            (self.seen, "\\Seen"),
            (self.answered, "\\Answered"),
            (self.flagged, "\\Flagged"),
            (self.deleted, "\\Deleted"),
            (self.draft, "\\Draft"),
            (self.recent, "\\Recent"),
        ]
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
        .chain(self.keywords.iter().map(String::as_str))
    }

    /// Whether a name can be a flag in a command: an atom, with or without `\` before it (RFC 3501 §9 `flag`).
    pub fn is_name(name: &str) -> bool {
        let atom = name.strip_prefix('\\').unwrap_or(name);
        !atom.is_empty()
            && atom.bytes().all(|b| {
                b.is_ascii_graphic() && !matches!(b, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
            })
    }
}

impl<'a> FromIterator<&'a str> for Flags {
    fn from_iter<T: IntoIterator<Item = &'a str>>(names: T) -> Self {
        let mut flags = Self::default();
        names.into_iter().for_each(|name| flags.insert(name));
        flags
    }
}

impl fmt::Display for Flags {
    /// As in FETCH: `(\Seen $Forwarded)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (n, name) in self.names().enumerate() {
            write!(f, "{}{name}", if n == 0 { "" } else { " " })?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_told_apart_in_any_case_and_written_once() {
        let flags: Flags =
            ["\\SEEN", "$Forwarded", "$forwarded", "\\Important", "\\recent"].into_iter().collect();
        assert!(flags.seen && flags.recent && !flags.deleted);
        assert_eq!(flags.to_string(), "(\\Seen \\Recent $Forwarded \\Important)");
        assert_eq!(Flags::default().to_string(), "()");
    }

    #[test]
    fn a_flag_in_a_command_is_an_atom() {
        for name in ["\\Seen", "$Junk", "a.b", "NonJunk"] {
            assert!(Flags::is_name(name), "{name}");
        }
        for name in ["", "\\", "a b", "a)", "\\\\x", "旗", "a\r\n", "a]", "*"] {
            assert!(!Flags::is_name(name), "{name}");
        }
    }
}
