//! The flags of a message, as its file name carries them behind `:2,`.
//!
//! Six letters have a meaning (<https://cr.yp.to/proto/maildir.html>): D draft, F flagged, P passed on, R replied to,
//! S seen, T to be deleted. Other programs put more there, Dovecot its keywords as `a`–`z`; those are kept as they are.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

/// A set of flags: printing ASCII characters without `/`, in any combination.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(u128);

impl Flags {
    /// No flags.
    pub const NONE: Self = Self(0);
    /// `D`: a draft.
    pub const DRAFT: Self = Self::of(b'D');
    /// `F`: flagged by the reader.
    pub const FLAGGED: Self = Self::of(b'F');
    /// `P`: passed on: forwarded, resent or bounced.
    pub const PASSED: Self = Self::of(b'P');
    /// `R`: replied to.
    pub const REPLIED: Self = Self::of(b'R');
    /// `S`: seen.
    pub const SEEN: Self = Self::of(b'S');
    /// `T`: in the trash; removed when the reader empties it.
    pub const TRASHED: Self = Self::of(b'T');
    /// All six with a meaning.
    pub const STANDARD: Self = Self(
        Self::DRAFT.0 | Self::FLAGGED.0 | Self::PASSED.0 | Self::REPLIED.0 | Self::SEEN.0 | Self::TRASHED.0,
    );

    const fn of(letter: u8) -> Self {
        Self(1 << letter)
    }

    /// The flags in a text like `FS`. Characters that cannot be flags are left out; order and repetition do not matter.
    #[must_use]
    pub fn parse(letters: &[u8]) -> Self {
        letters
            .iter()
            .filter(|&&letter| letter.is_ascii_graphic() && letter != b'/')
            .fold(Self::NONE, |flags, &letter| flags | Self::of(letter))
    }

    /// Whether all of these are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether none is set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those of these that are not among the others.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// These, with the six standard ones taken from `other`: what setting flags does to a file's name.
    #[must_use]
    pub const fn with_standard(self, other: Self) -> Self {
        Self(self.0 & !Self::STANDARD.0 | other.0)
    }

    /// The letters, in the order of ASCII, as the name must have them.
    pub fn letters(self) -> impl Iterator<Item = char> {
        (0..128u8).filter(move |&letter| self.0 >> letter & 1 == 1).map(char::from)
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// The letters.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.letters().try_for_each(|letter| write!(f, "{letter}"))
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flags({self})")
    }
}
