//! Envelope addresses (RFC 5321 §4.1.2, RFC 6531 §3.3).
//!
//! An [`Address`] can be written between `<` and `>` in a command as it is: whatever could end the path,
//! the line or the parameter list is refused when it is made. RFC 5321 would let a quoted local part hold
//! `<` and `>`; servers that look for the first `>` take what follows for parameters
//! (`"a> ORCPT=x"@d`), so those two are refused as well.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// RFC 5321 §4.5.3.1.3 gives a path 256 octets with its brackets; real ones stay below. In octets.
pub const MAX_ADDRESS: usize = 254;
/// RFC 5321 §4.5.3.1.1, in octets.
pub const MAX_LOCAL: usize = 64;

/// `local@domain`, cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(Arc<str>);

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError {
    /// What was given, with anything unprintable escaped.
    pub given: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a mail address: {}", self.given, self.problem)
    }
}

impl std::error::Error for AddressError {}

impl Address {
    /// Reads `local@domain`, `"quoted local"@domain` or `local@[192.0.2.1]`.
    ///
    /// # Errors
    /// [`AddressError`], with the reason in words.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        match check(text) {
            Ok(()) => Ok(Self(text.into())),
            Err(problem) => Err(AddressError { given: text.escape_debug().to_string(), problem }),
        }
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`, quotes included.
    pub fn local(&self) -> &str {
        self.split().0
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> &str {
        self.split().1
    }

    fn split(&self) -> (&str, &str) {
        // `check` has seen an `@`, and none in the domain.
        self.0.rsplit_once('@').unwrap_or((&self.0, ""))
    }

    /// True when the local part cannot be written without SMTPUTF8 (a domain always can, by IDNA).
    pub fn needs_utf8(&self) -> bool {
        !self.local().is_ascii()
    }

    /// The address for a server without SMTPUTF8: the domain as A-labels. `None` where the local part is
    /// not ASCII, or the A-label form is longer than an address may be.
    pub fn to_ascii(&self) -> Option<Cow<'_, str>> {
        let (local, domain) = self.split();
        if domain.is_ascii() {
            return local.is_ascii().then_some(Cow::Borrowed(&*self.0));
        }
        let domain = idna::domain_to_ascii(domain).ok()?;
        let whole = format!("{local}@{domain}");
        (local.is_ascii() && whole.len() <= MAX_ADDRESS).then_some(Cow::Owned(whole))
    }
}

impl std::str::FromStr for Address {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

fn check(text: &str) -> Result<(), &'static str> {
    if text.len() > MAX_ADDRESS {
        return Err("it is longer than 254 octets");
    }
    if text.chars().any(|c| c.is_control()) {
        return Err("it holds a control character");
    }
    if text.contains(['<', '>']) {
        return Err("it holds `<` or `>`");
    }
    let Some((local, domain)) = text.rsplit_once('@') else {
        return Err("it has no `@`; write it as name@example.com");
    };
    if local.len() > MAX_LOCAL {
        return Err("the part before the `@` is longer than 64 octets");
    }
    match local.strip_prefix('"') {
        Some(rest) => check_quoted(rest)?,
        None => check_dot_string(local)?,
    }
    match domain.strip_prefix('[') {
        Some(rest) => check_literal(rest),
        None => check_domain(domain),
    }
}

pub(crate) fn check_dot_string(local: &str) -> Result<(), &'static str> {
    if local.is_empty() {
        return Err("there is nothing before the `@`");
    }
    // Some Japanese providers hand out addresses with doubled or trailing dots; they work unquoted.
    let atext = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c) || !c.is_ascii();
    match local.chars().find(|&c| !atext(c)) {
        None if local.chars().any(char::is_whitespace) => Err("it holds a space"),
        None => Ok(()),
        Some(' ') => Err("it holds a space"),
        Some('@') => Err("it holds two `@`"),
        Some(_) => Err("it holds a character that must be quoted before the `@`"),
    }
}

fn check_quoted(rest: &str) -> Result<(), &'static str> {
    let Some(inner) = rest.strip_suffix('"') else {
        return Err("the quotation mark before the `@` is not closed");
    };
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Err("it holds a quotation mark inside quotation marks"),
            '\\' if chars.next().is_none() => return Err("the quotation mark before the `@` is not closed"),
            _ => {}
        }
    }
    Ok(())
}

pub(crate) fn check_domain(domain: &str) -> Result<(), &'static str> {
    if domain.is_empty() {
        return Err("there is nothing behind the `@`");
    }
    for label in domain.split('.') {
        if label.is_empty() {
            return Err("the domain has an empty part");
        }
        if label.len() > 63 && label.is_ascii() {
            return Err("a part of the domain is longer than 63 octets");
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err("a part of the domain begins or ends with a hyphen");
        }
        let ldh = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c.is_alphanumeric();
        let mark = |c: char| !c.is_ascii() && !c.is_whitespace();
        if !label.chars().all(|c| ldh(c) || mark(c)) {
            return Err("the domain holds a character that no domain can have");
        }
    }
    if domain.is_ascii() {
        return Ok(());
    }
    // The mapping turns full-width forms into ASCII, `＞` into `>`: what comes of it is held to the same rules.
    let mapped =
        idna::domain_to_ascii(domain).map_err(|_| "the domain is not an internationalized domain name")?;
    check_domain(&mapped)
}

pub(crate) fn check_literal(rest: &str) -> Result<(), &'static str> {
    let Some(inner) = rest.strip_suffix(']') else {
        return Err("the bracket behind the `@` is not closed");
    };
    let six = inner.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case("IPv6:"));
    let good = if six {
        inner[5..].parse::<std::net::Ipv6Addr>().is_ok()
    } else {
        inner.parse::<std::net::Ipv4Addr>().is_ok()
    };
    if good { Ok(()) } else { Err("the brackets behind the `@` hold no IP address") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_people_have_are_taken() {
        for text in [
            "a@b",
            "first.last+tag@mx.example.org",
            "\"john doe\"@example.org",
            "\"a@b\"@example.org",
            "a@[192.0.2.1]",
            "a@[IPv6:2001:db8::1]",
            "用户@例子.广告",
            "da..me.@docomo.example",
            "o'brien@example.org",
            "a@my_host.example",
        ] {
            assert!(Address::parse(text).is_ok(), "{text}: {:?}", Address::parse(text));
        }
    }

    #[test]
    fn what_could_end_a_path_or_a_line_is_refused() {
        for text in [
            "",
            "a",
            "@b",
            "a@",
            "a b@c",
            "a@b c",
            "a@b>",
            "<a@b>",
            "a@b\r\nRCPT TO:<x@y>",
            "a@b\n",
            "a\0@b",
            "\"a> ORCPT=x\"@d",
            "\"a\r\n\"@d",
            "a@b> SIZE=1",
            "a@b ORCPT=x",
            "a@[1.2.3]",
            "a@[192.0.2.1",
            "\"a@b",
            "\"a\"b\"@c",
            "a@b..c",
            "a@-b",
            "a\u{3000}b@c",
            "a@b\u{a0}c",
            "a@@b",
            "a@b\u{ff1e}.example",
            "a@\u{ff3b}192.0.2.1\u{ff3d}",
            "a@b\u{ff1d}\u{ff02}.example",
        ] {
            assert!(Address::parse(text).is_err(), "{text:?}");
        }
        assert!(Address::parse(&format!("{}@b", "a".repeat(65))).is_err());
        assert!(Address::parse(&format!("a@{}", "b.".repeat(130) + "c")).is_err());
    }

    #[test]
    fn a_domain_goes_as_a_labels_and_a_local_part_cannot() {
        let a = Address::parse("a@bücher.example").unwrap();
        assert_eq!(a.to_ascii().unwrap(), "a@xn--bcher-kva.example");
        assert!(!a.needs_utf8());
        // Shorter than an address may be, but not as A-labels.
        let wide = format!("a@{}", ["例"; 60].join("."));
        assert_eq!(Address::parse(&wide).unwrap().to_ascii(), None);
        assert!(Address::parse(&format!("a@{}ü", "b".repeat(60))).is_err(), "a label of more than 63 octets");
        let b = Address::parse("用户@bücher.example").unwrap();
        assert_eq!((b.to_ascii(), b.needs_utf8()), (None, true));
    }
}
