//! Reverse- and forward-paths (RFC 5321 §4.1.2, RFC 6531 §3.3).
//!
//! A path is read token by token: a `>` inside a quoted local part belongs to the address, so
//! `<"a> ORCPT=x"@d>` is one odd mailbox and no parameter. Source routes are read and dropped (§3.6.1).

use std::fmt;
use std::sync::Arc;

use crate::address::{self, Address, MAX_LOCAL};

/// The longest path with its brackets, in octets (RFC 5321 §4.5.3.1.3).
pub const MAX_PATH: usize = 256;

/// Any mailbox that RFC 5321 lets a client name, as it was written; an [`Address`] is narrower.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mailbox(Arc<str>);

impl Mailbox {
    /// The whole mailbox; `postmaster` may stand alone, every other has an `@`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`, quotes included.
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or(&*self.0, |(local, _)| local)
    }

    /// What stands behind the `@`; empty for `postmaster`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The same as an [`Address`], where it is safe to pass on.
    pub fn to_address(&self) -> Option<Address> {
        Address::parse(&self.0).ok()
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl From<&Address> for Mailbox {
    fn from(address: &Address) -> Self {
        Self(address.as_str().into())
    }
}

/// `<mailbox>` or `<>`, and what follows it.
pub(super) fn reverse(text: &str) -> Result<(Option<Mailbox>, &str), &'static str> {
    if let Some(rest) = text.strip_prefix("<>") {
        return Ok((None, parameters(rest)?));
    }
    let (mailbox, rest) = bracketed(text)?;
    Ok((Some(mailbox), rest))
}

/// `<mailbox>` or `<postmaster>`, and what follows it.
pub(super) fn forward(text: &str) -> Result<(Mailbox, &str), &'static str> {
    if text.starts_with("<>") {
        return Err("there is nothing between < and >");
    }
    bracketed(text)
}

fn bracketed(text: &str) -> Result<(Mailbox, &str), &'static str> {
    let inner = text.strip_prefix('<').ok_or("the address must stand between < and >")?;
    let inner = without_route(inner)?;
    let local_end = local_end(inner)?;
    let end = local_end + inner[local_end..].find('>').ok_or("the closing > is missing")?;
    let (mailbox, rest) = (&inner[..end], parameters(&inner[end + 1..])?);
    if mailbox.len() + 2 > MAX_PATH {
        return Err("the address is longer than 254 octets");
    }
    let (local, behind) = mailbox.split_at(local_end);
    match behind.strip_prefix('@') {
        Some(domain) => check(local, domain)?,
        None if behind.is_empty() && local.eq_ignore_ascii_case("postmaster") => {}
        None => return Err("the address has no @ and domain"),
    }
    Ok((Mailbox(mailbox.into()), rest))
}

/// Where the local part of `inner` ends: behind the closing quote, or before the first `@` or `>`.
fn local_end(inner: &str) -> Result<usize, &'static str> {
    if !inner.starts_with('"') {
        return inner.find(['@', '>']).ok_or("the closing > is missing");
    }
    let mut escaped = false;
    for (at, byte) in inner.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Ok(at + 1),
            _ => {}
        }
    }
    Err("the quotation mark is not closed")
}

fn check(local: &str, domain: &str) -> Result<(), &'static str> {
    if local.len() > MAX_LOCAL {
        return Err("the part before the @ is longer than 64 octets");
    }
    // A quoted local part holds no control octet, because the line holds none but tabs.
    if local.contains('\t') {
        return Err("the address holds a tab");
    }
    if !local.starts_with('"') {
        address::check_dot_string(local)?;
    }
    match domain.strip_prefix('[') {
        Some(literal) => address::check_literal(literal),
        None => address::check_domain(domain),
    }
}

/// `@one,@two:` is an obsolete source route.
fn without_route(inner: &str) -> Result<&str, &'static str> {
    if !inner.starts_with('@') {
        return Ok(inner);
    }
    let (route, rest) = inner.split_once(':').ok_or("the source route has no end")?;
    for hop in route.split(',') {
        address::check_domain(hop.strip_prefix('@').ok_or("the source route is malformed")?)?;
    }
    Ok(rest)
}

/// What follows a path is nothing, or a blank and parameters.
fn parameters(rest: &str) -> Result<&str, &'static str> {
    if rest.is_empty() || rest.starts_with([' ', '\t']) {
        Ok(rest)
    } else {
        Err("something follows the > without a blank")
    }
}
