//! Address fields (RFC 5322 §3.4, §3.6.2–3.6.3).
//!
//! Addresses are checked and never mended: what is not `local@domain` is refused by name. A domain with
//! other than ASCII is written as A-labels (RFC 5890), so that only a local part can need `SMTPUTF8`.

use super::check;
use super::header::Header;
use super::{ComposeError, Offered};
use crate::address::{Address, AddressError, AddressErrorKind, MAX_DOMAIN, Mailbox};
use std::borrow::Cow;

/// Whether an address cannot be written in ASCII.
pub(super) fn needs_utf8(address: &str) -> bool {
    address.rsplit_once('@').is_some_and(|(local, _)| !local.is_ascii())
}

/// Refuses what cannot be written: names with line breaks, addresses that are none.
pub(super) fn check_mailbox(
    field: &'static str,
    mailbox: &Mailbox,
    offered: Offered,
) -> Result<(), ComposeError> {
    if let Some(name) = &mailbox.name {
        check::text(field, name)?;
    }
    let address = &mailbox.address;
    check::text(field, address)?;
    if is_simple(address) {
        return Ok(());
    }
    let refuse = |why| Err(ComposeError::Address { field, address: address.clone(), why });
    match Mailbox::parse(address) {
        Ok(read) if read.name.is_none() && read.address == *address => {}
        Ok(_) => return refuse(AddressError { kind: AddressErrorKind::Trailing, position: 1 }),
        Err(why) => return refuse(why),
    }
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    if !domain.is_ascii() && a_labels(domain).is_none() {
        let position = local.chars().count() + 2;
        return refuse(AddressError { kind: AddressErrorKind::BadDomain, position });
    }
    if needs_utf8(address) && !offered.utf8 {
        return Err(ComposeError::NeedsUtf8 { field, address: address.clone() });
    }
    Ok(())
}

/// Most addresses, told in one glance: letters and digits, with single `.`, `-`, `_` and `+` between them.
fn is_simple(address: &str) -> bool {
    const SHORT: usize = 64;
    let mut joint = true; // at the start, or after something that a letter or digit must follow
    let mut ats = 0;
    for b in address.bytes() {
        match b {
            b'@' | b'.' | b'-' | b'_' | b'+' if joint => return false,
            b'+' if ats > 0 => return false,
            b'.' | b'-' | b'_' | b'+' => joint = true,
            b'@' => (joint, ats) = (true, ats + 1),
            _ if b.is_ascii_alphanumeric() => joint = false,
            _ => return false,
        }
    }
    ats == 1 && !joint && address.len() <= SHORT
}

/// The domain in ASCII (RFC 5891).
fn a_labels(domain: &str) -> Option<String> {
    idna::domain_to_ascii(domain).ok().filter(|ascii| !ascii.is_empty() && ascii.len() <= MAX_DOMAIN)
}

impl Header<'_> {
    /// A field of mailboxes and groups, which have been checked.
    pub(super) fn addresses<'m>(&mut self, name: &str, list: impl Iterator<Item = &'m Address>) {
        self.name(name);
        for (i, address) in list.enumerate() {
            if i > 0 {
                self.raw(",");
            }
            match address {
                Address::Mailbox(mailbox) => self.mailbox(mailbox),
                Address::Group { name, members } => {
                    self.phrase(name);
                    self.raw(":");
                    for (i, member) in members.iter().enumerate() {
                        if i > 0 {
                            self.raw(",");
                        }
                        self.mailbox(member);
                    }
                    self.raw(";");
                }
            }
        }
        self.end();
    }

    /// A field of mailboxes, which have been checked.
    pub(super) fn mailboxes<'m>(&mut self, name: &str, list: impl Iterator<Item = &'m Mailbox>) {
        self.name(name);
        for (i, mailbox) in list.enumerate() {
            if i > 0 {
                self.raw(",");
            }
            self.mailbox(mailbox);
        }
        self.end();
    }

    fn mailbox(&mut self, mailbox: &Mailbox) {
        let address = self.written(&mailbox.address);
        match mailbox.name.as_deref() {
            None | Some("") => {
                self.gap(address.len() + 1);
                self.raw(&address);
            }
            Some(name) => {
                self.phrase(name);
                self.gap(address.len() + 3);
                self.raw("<");
                self.raw(&address);
                self.raw(">");
            }
        }
    }

    /// The address as it stands in this header.
    fn written<'m>(&self, address: &'m str) -> Cow<'m, str> {
        match address.rsplit_once('@') {
            Some((local, domain)) if !self.utf8 && !domain.is_ascii() => {
                let domain = a_labels(domain).unwrap_or_else(|| domain.to_owned());
                Cow::Owned(format!("{local}@{domain}"))
            }
            _ => Cow::Borrowed(address),
        }
    }
}
