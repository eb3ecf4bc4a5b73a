//! The folders of a mailbox, as Maildir++ lays them out: `.Work.Reports` in the Maildir is the folder Reports in Work.
//!
//! Names come from servers, so anything may stand in them. A part of a name is escaped (`%XX` for each octet of `%`,
//! `.`, `/`, `\`, `:` and of control characters); an empty part is `%-`. So no name leaves the Maildir, no two names
//! get the same directory, and the name can be read back. UTF-8 stays as it is. What would be longer than
//! [`MAX_DIRECTORY`] is cut and ends in `%~` and the name's SHA-256; the name itself then stands in the folder's
//! `hongyan/name`.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::escape::{escape, unescape};

/// The longest directory name that is made, in octets: below the 255 that file systems allow.
pub const MAX_DIRECTORY: usize = 240;

/// The name of a mailbox's folder, and the directory it has in a Maildir.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FolderName {
    parts: Vec<String>,
    /// Empty for the inbox, which is the Maildir itself.
    directory: String,
}

impl FolderName {
    /// The inbox: the Maildir itself.
    #[must_use]
    pub fn inbox() -> Self {
        Self { parts: Vec::new(), directory: String::new() }
    }

    /// A name as a server gives it, with the character that stands between its parts, if there is one (the hierarchy
    /// delimiter of IMAP's LIST). `INBOX` in any case is the inbox (RFC 9051 §5.1).
    #[must_use]
    pub fn parse(name: &str, delimiter: Option<char>) -> Self {
        if name.eq_ignore_ascii_case("INBOX") {
            return Self::inbox();
        }
        match delimiter {
            Some(delimiter) => Self::from_parts(name.split(delimiter)),
            None => Self::from_parts([name]),
        }
    }

    /// A name from its parts, outermost first. Without parts: the inbox.
    #[must_use]
    pub fn from_parts<S: AsRef<str>>(parts: impl IntoIterator<Item = S>) -> Self {
        let parts: Vec<String> = parts.into_iter().map(|part| part.as_ref().to_owned()).collect();
        let mut directory: String = parts.iter().map(|part| format!(".{}", escape_part(part))).collect();
        if directory.len() > MAX_DIRECTORY {
            let hash = Sha256::digest(&directory);
            let mut cut = MAX_DIRECTORY - 2 - 64;
            while !directory.is_char_boundary(cut) {
                cut -= 1;
            }
            directory.truncate(cut);
            directory.push_str("%~");
            hash.iter().for_each(|octet| directory.push_str(&format!("{octet:02x}")));
        }
        Self { parts, directory }
    }

    /// The name of a directory in a Maildir, if it is one of a folder. What is not escaped as it would be here was
    /// made by another program, and is taken as it stands.
    pub(super) fn of_directory(directory: &str) -> Option<Self> {
        let inner = directory.strip_prefix('.').filter(|inner| !inner.is_empty() && *inner != ".")?;
        let parts: Option<Vec<String>> = inner.split('.').map(unescape_part).collect();
        if let Some(parts) = parts {
            let name = Self::from_parts(parts);
            if name.directory == directory {
                return Some(name);
            }
        }
        Some(Self { parts: inner.split('.').map(str::to_owned).collect(), directory: directory.to_owned() })
    }

    /// The name that a long directory's file states, if it is the one.
    pub(super) fn of_long(directory: &str, stated: &str) -> Option<Self> {
        let parts: Option<Vec<String>> = stated.split('.').map(unescape_part).collect();
        Some(Self::from_parts(parts?)).filter(|name| name.directory == directory)
    }

    /// What the folder's file says where the directory was cut: all parts, escaped.
    pub(super) fn stated(&self) -> Option<String> {
        let escaped: Vec<String> = self.parts.iter().map(|part| escape_part(part)).collect();
        self.is_cut().then(|| escaped.join("."))
    }

    /// Whether the directory alone does not tell the name.
    pub(super) fn is_cut(&self) -> bool {
        self.directory.contains("%~")
    }

    /// Whether it is the inbox.
    #[must_use]
    pub fn is_inbox(&self) -> bool {
        self.parts.is_empty()
    }

    /// The parts, outermost first; none for the inbox. They are the server's: escape them before showing them.
    #[must_use]
    pub fn parts(&self) -> &[String] {
        &self.parts
    }

    /// The directory in the Maildir: one path component, or empty for the inbox.
    #[must_use]
    pub fn directory(&self) -> &str {
        &self.directory
    }
}

fn escape_part(part: &str) -> String {
    if part.is_empty() {
        return "%-".into();
    }
    escape(part, |c| matches!(c, '.' | '/' | '\\' | ':') || c.is_control())
}

fn unescape_part(part: &str) -> Option<String> {
    if part == "%-" { Some(String::new()) } else { unescape(part) }
}

/// The parts with `/` between them, for people; control characters are escaped.
impl fmt::Display for FolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_inbox() {
            return f.write_str("INBOX");
        }
        for (n, part) in self.parts.iter().enumerate() {
            if n > 0 {
                f.write_str("/")?;
            }
            f.write_str(&escape(part, char::is_control).replace("%25", "%"))?;
        }
        Ok(())
    }
}

impl fmt::Debug for FolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FolderName({self})")
    }
}
