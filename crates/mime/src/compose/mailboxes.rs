//! Address fields (RFC 5322 §3.4, §3.6.2–3.6.3).
//!
//! Addresses are checked and never mended: what is not `local@domain` is refused by name. A domain with
//! other than ASCII is written as A-labels (RFC 5890), so that only a local part can need `SMTPUTF8`.

use super::check::{self, is_atext};
use super::header::Header;
use super::{ComposeError, Offered};
use crate::address::{Address, Mailbox};
use std::borrow::Cow;

/// The longest address (RFC 5321 §4.5.3.1.3, without the angle brackets), in bytes.
const MAX_ADDRESS: usize = 254;

/// The longest domain (RFC 5321 §4.5.3.1.2), in bytes.
const MAX_DOMAIN: usize = 255;

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
    let refuse = |why| Err(ComposeError::Address { field, address: address.clone(), why });
    let Some((local, domain)) = address.rsplit_once('@') else {
        return refuse("it has no @");
    };
    if address.len() > MAX_ADDRESS {
        return refuse("it is longer than 254 bytes");
    }
    if !is_local_part(local) {
        return refuse("what stands before the @ is empty or has characters that need quotes");
    }
    if !is_domain(domain) {
        return refuse("what stands after the @ is not a domain");
    }
    if needs_utf8(address) && !offered.utf8 {
        return Err(ComposeError::NeedsUtf8 { field, address: address.clone() });
    }
    Ok(())
}

/// An atom with dots anywhere (some providers gave out `a..b@`), or a quoted string.
fn is_local_part(local: &str) -> bool {
    if let Some(inner) = local.strip_prefix('"') {
        return inner.strip_suffix('"').is_some_and(is_quoted_content);
    }
    !local.is_empty() && local.bytes().all(|b| is_atext(b) || b == b'.' || b >= 0x80)
}

fn is_quoted_content(content: &str) -> bool {
    let mut escaped = false;
    for b in content.bytes() {
        match b {
            _ if b < b' ' || b == 0x7f => return false,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return false,
            _ => {}
        }
    }
    !escaped
}

/// Labels of letters, digits, hyphens and underscores, or an address literal.
fn is_domain(domain: &str) -> bool {
    if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return !literal.is_empty()
            && literal.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'[' | b']' | b'\\'));
    }
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_') || b >= 0x80)
    };
    domain.len() <= MAX_DOMAIN
        && domain.split('.').all(label)
        && (domain.is_ascii() || a_labels(domain).is_some())
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
        let Some((local, domain)) = address.rsplit_once('@') else {
            return Cow::Borrowed(address);
        };
        let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
        let local_as_is = !dots || local.starts_with('"');
        if local_as_is && (self.utf8 || domain.is_ascii()) {
            return Cow::Borrowed(address);
        }
        let local = if local_as_is { Cow::Borrowed(local) } else { Cow::Owned(format!("\"{local}\"")) };
        let domain = match a_labels(domain) {
            Some(ascii) if !self.utf8 => Cow::Owned(ascii),
            _ => Cow::Borrowed(domain),
        };
        Cow::Owned(format!("{local}@{domain}"))
    }
}
