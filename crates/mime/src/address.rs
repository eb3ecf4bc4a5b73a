//! Mailboxes and groups as they stand in header fields (RFC 5322 §3.4, RFC 6532), and reading strictly what
//! a person types: [`Mailbox::parse`] and [`parse_list_strict`].
//!
//! What is typed goes into headers and SMTP commands, so everything doubtful is refused with its position.
//! Headers of received mail are read leniently instead: [`crate::read::addresses`].

use std::fmt;

/// Octets of a local part (RFC 5321 §4.5.3.1.1).
pub const MAX_LOCAL: usize = 64;
/// Octets of a domain (RFC 5321 §4.5.3.1.2).
pub const MAX_DOMAIN: usize = 255;

/// One mailbox: an optional display name and an address (`local@domain`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mailbox {
    /// The display name as text, decoded; `None` where the field had none.
    pub name: Option<String>,
    /// `local@domain` without angle brackets; may hold UTF-8 (RFC 6532).
    pub address: String,
}

/// An element of an address list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A single mailbox.
    Mailbox(Mailbox),
    /// `name: a@b, c@d;` (RFC 5322 §3.4), possibly without members.
    Group {
        /// The group's display name, decoded.
        name: String,
        /// Its members in order.
        members: Vec<Mailbox>,
    },
}

impl Address {
    /// The mailboxes: the one, or the group's members.
    pub fn mailboxes(&self) -> &[Mailbox] {
        match self {
            Address::Mailbox(mailbox) => std::slice::from_ref(mailbox),
            Address::Group { members, .. } => members,
        }
    }
}

impl fmt::Display for Mailbox {
    /// For people: the name as text, in quotes where it needs them. Not a header field's encoding.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            None => f.write_str(&self.address),
            Some(name) if name.chars().all(|c| is_atom(c) || matches!(c, ' ' | '.')) => {
                write!(f, "{name} <{}>", self.address)
            }
            Some(name) => {
                let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
                write!(f, "\"{escaped}\" <{}>", self.address)
            }
        }
    }
}

/// Why an address was refused, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError {
    /// What is wrong.
    pub kind: AddressErrorKind,
    /// Character of the input it was found at, from 1.
    pub position: usize,
}

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressErrorKind {
    /// CR, LF, NUL or another control character: never passed on.
    Control,
    /// Nothing there.
    Empty,
    /// No `@domain` follows the local part.
    NoDomain,
    /// The local part is empty or has an empty piece between dots.
    BadLocal,
    /// The domain is empty, has an empty label or one with a character no domain has.
    BadDomain,
    /// The local part is longer than [`MAX_LOCAL`] octets.
    LocalTooLong,
    /// The domain is longer than [`MAX_DOMAIN`] octets, or a label than 63.
    DomainTooLong,
    /// A quote is not closed.
    OpenQuote,
    /// `<` is not followed by an address and `>`.
    OpenBracket,
    /// A character that a display name may hold only in quotes.
    NeedsQuotes,
    /// Something follows the address.
    Trailing,
    /// A group has no `;` at its end.
    OpenGroup,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            AddressErrorKind::Control => "a control character (such as a line break) is not allowed",
            AddressErrorKind::Empty => "an address is missing",
            AddressErrorKind::NoDomain => "@ and a domain are missing",
            AddressErrorKind::BadLocal => "the part before @ is not valid",
            AddressErrorKind::BadDomain => "the domain is not valid",
            AddressErrorKind::LocalTooLong => "the part before @ is longer than 64 bytes",
            AddressErrorKind::DomainTooLong => {
                "the domain is longer than 255 bytes, or a piece of it than 63"
            }
            AddressErrorKind::OpenQuote => "the quotation mark is not closed",
            AddressErrorKind::OpenBracket => "the address in <…> is not closed by >",
            AddressErrorKind::NeedsQuotes => "the name must stand in quotation marks, as in \"A, B\" <a@b>",
            AddressErrorKind::Trailing => "something follows the address",
            AddressErrorKind::OpenGroup => "the group is not closed by ;",
        };
        write!(f, "{what} (at character {})", self.position)
    }
}

impl std::error::Error for AddressError {}

impl Mailbox {
    /// Reads one mailbox as a person types it: `a@b`, `<a@b>`, `张三 <a@b.cn>`, `"Q, R" <x@y>`.
    ///
    /// # Errors
    /// Whatever is not plainly one mailbox, with the character's position. Control characters are refused
    /// anywhere, so the result can stand in a header or command line.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let mut reader = Reader::new(text)?;
        let mailbox = reader.mailbox()?;
        reader.skip_blanks();
        match reader.peek() {
            None => Ok(mailbox),
            Some(_) => Err(reader.error(AddressErrorKind::Trailing)),
        }
    }
}

/// Reads a list as a person types it: mailboxes and groups, separated by commas or semicolons.
///
/// # Errors
/// As [`Mailbox::parse`]; an empty list and an empty element are errors too.
pub fn parse_list_strict(text: &str) -> Result<Vec<Address>, AddressError> {
    let mut reader = Reader::new(text)?;
    let mut list = Vec::new();
    loop {
        list.push(reader.address()?);
        reader.skip_blanks();
        match reader.peek() {
            None => return Ok(list),
            Some(',' | ';' | '，' | '；') => reader.next(),
            Some(_) => return Err(reader.error(AddressErrorKind::Trailing)),
        };
        // A separator at the very end is what people leave behind.
        reader.skip_blanks();
        if reader.peek().is_none() {
            return Ok(list);
        }
    }
}

/// A character of an atom (RFC 5322 §3.2.3, RFC 6532 §3.2).
fn is_atom(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
    } else {
        !c.is_whitespace()
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Result<Self, AddressError> {
        let reader = Self { text, at: 0 };
        match text.char_indices().find(|(_, c)| c.is_control() && *c != '\t') {
            Some((at, _)) => Err(reader.error_at(AddressErrorKind::Control, at)),
            None => Ok(reader),
        }
    }

    fn error(&self, kind: AddressErrorKind) -> AddressError {
        self.error_at(kind, self.at)
    }

    fn error_at(&self, kind: AddressErrorKind, at: usize) -> AddressError {
        AddressError { kind, position: self.text[..at].chars().count() + 1 }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next();
        }
    }

    /// A mailbox, or `name: members;`.
    fn address(&mut self) -> Result<Address, AddressError> {
        self.skip_blanks();
        let start = self.at;
        match self.phrase() {
            Ok(name) if self.peek() == Some(':') && !name.is_empty() => {
                self.next();
                Ok(Address::Group { name, members: self.members()? })
            }
            _ => {
                self.at = start;
                self.mailbox().map(Address::Mailbox)
            }
        }
    }

    fn members(&mut self) -> Result<Vec<Mailbox>, AddressError> {
        let mut members = Vec::new();
        loop {
            self.skip_blanks();
            match self.peek() {
                None => return Err(self.error(AddressErrorKind::OpenGroup)),
                Some(';' | '；') => {
                    self.next();
                    return Ok(members);
                }
                Some(',' | '，') => {
                    self.next();
                }
                Some(_) => members.push(self.mailbox()?),
            }
        }
    }

    fn mailbox(&mut self) -> Result<Mailbox, AddressError> {
        self.skip_blanks();
        let start = self.at;
        match self.peek() {
            None | Some(',' | ';' | '，' | '；') => return Err(self.error(AddressErrorKind::Empty)),
            Some('<') => return Ok(Mailbox { name: None, address: self.in_brackets()? }),
            Some(_) => {}
        }
        let name = self.phrase()?;
        match self.peek() {
            Some('<') => {
                let name = (!name.is_empty()).then_some(name);
                Ok(Mailbox { name, address: self.in_brackets()? })
            }
            Some('@') => {
                self.at = start;
                Ok(Mailbox { name: None, address: self.address_spec()? })
            }
            None | Some(',' | ';' | '，' | '；') => Err(self.error(AddressErrorKind::NoDomain)),
            Some(_) => Err(self.error(AddressErrorKind::NeedsQuotes)),
        }
    }

    /// Words, dots and quoted strings up to a character that ends them; blanks between words become one.
    fn phrase(&mut self) -> Result<String, AddressError> {
        let mut out = String::new();
        loop {
            let before = self.at;
            self.skip_blanks();
            let spaced = self.at > before && !out.is_empty();
            match self.peek() {
                Some(c) if c == '"' || c == '.' || (is_atom(c) && !"，；".contains(c)) => {
                    if spaced {
                        out.push(' ');
                    }
                    if c == '"' {
                        out.push_str(&self.quoted()?);
                    } else {
                        out.push(c);
                        self.next();
                    }
                }
                _ => return Ok(out),
            }
        }
    }

    /// A quoted string's content.
    fn quoted(&mut self) -> Result<String, AddressError> {
        let open = self.at;
        self.next();
        let mut out = String::new();
        loop {
            match self.next() {
                Some('"') => return Ok(out),
                Some('\\') => match self.next() {
                    Some(c) => out.push(c),
                    None => return Err(self.error_at(AddressErrorKind::OpenQuote, open)),
                },
                Some(c) => out.push(c),
                None => return Err(self.error_at(AddressErrorKind::OpenQuote, open)),
            }
        }
    }

    fn in_brackets(&mut self) -> Result<String, AddressError> {
        let open = self.at;
        self.next();
        self.skip_blanks();
        let address = self.address_spec()?;
        self.skip_blanks();
        match self.peek() {
            Some('>') => {
                self.next();
                Ok(address)
            }
            _ => Err(self.error_at(AddressErrorKind::OpenBracket, open)),
        }
    }

    /// `local@domain`, as it stands.
    fn address_spec(&mut self) -> Result<String, AddressError> {
        let start = self.at;
        if self.peek() == Some('"') {
            self.quoted()?;
        } else {
            self.dotted(is_atom, AddressErrorKind::BadLocal)?;
        }
        let local = self.at - start;
        if self.peek() != Some('@') {
            return Err(self.error(AddressErrorKind::NoDomain));
        }
        if local > MAX_LOCAL {
            return Err(self.error_at(AddressErrorKind::LocalTooLong, start));
        }
        self.next();
        self.domain()?;
        Ok(self.text[start..self.at].to_owned())
    }

    fn domain(&mut self) -> Result<(), AddressError> {
        let start = self.at;
        if self.peek() == Some('[') {
            self.next();
            while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || ".:-".contains(c)) {
                self.next();
            }
            if self.at == start + 1 || self.peek() != Some(']') {
                return Err(self.error(AddressErrorKind::BadDomain));
            }
            self.next();
            return Ok(());
        }
        let of_label =
            |c: char| c.is_ascii_alphanumeric() || "-_".contains(c) || (!c.is_ascii() && is_atom(c));
        self.dotted(of_label, AddressErrorKind::BadDomain)?;
        let domain = &self.text[start..self.at];
        if domain.split('.').any(|label| label.starts_with('-') || label.ends_with('-')) {
            return Err(self.error_at(AddressErrorKind::BadDomain, start));
        }
        if domain.len() > MAX_DOMAIN || domain.split('.').any(|label| label.len() > 63 && label.is_ascii()) {
            return Err(self.error_at(AddressErrorKind::DomainTooLong, start));
        }
        Ok(())
    }

    /// Pieces of `allowed` characters with single dots between them.
    fn dotted(&mut self, allowed: impl Fn(char) -> bool, kind: AddressErrorKind) -> Result<(), AddressError> {
        loop {
            let start = self.at;
            while self.peek().is_some_and(|c| allowed(c) && !"，；".contains(c)) {
                self.next();
            }
            if self.at == start {
                return Err(self.error(kind));
            }
            if self.peek() != Some('.') {
                return Ok(());
            }
            self.next();
        }
    }
}
