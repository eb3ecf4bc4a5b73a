//! What a message asks of the server, held against what the server offers.
//!
//! A wish that the server cannot keep is a failure before the first command where leaving it out would
//! change what happens to the message (REQUIRETLS, hold, deliver-by, UTF-8 addresses, 8-bit content);
//! where it would not (SIZE, DSN, priority) it is left out, as the RFCs have it.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::address::Address;
use crate::outcome::{Failure, Kind, Stage};
use crate::smtp::Capabilities;
use crate::smtp::envelope::{Body, DeliverBy, Envelope, Hold, Recipient, Ret, xtext};

/// Why a message cannot go to this server at all.
pub(super) fn unmet(
    envelope: &Envelope,
    server: &Capabilities,
    chunking: bool,
    tls: bool,
) -> Option<Failure> {
    let lacks = |what: &str, for_what: &str| {
        Some(Failure::new(
            Stage::Mail,
            Kind::Capability,
            format!("the server does not offer {what}, which {for_what} needs"),
        ))
    };
    if let Some(max) = server.max_size().filter(|&max| envelope.size > max) {
        let cause = format!("the message has {} octets, the server takes at most {max}", envelope.size);
        return Some(Failure::new(Stage::Mail, Kind::Capability, cause));
    }
    match envelope.body {
        Body::EightBit if !server.eight_bit_mime => return lacks("8BITMIME", "8-bit content"),
        Body::Binary if server.binary_mime && server.chunking && !chunking => {
            let cause = "binary content can only go by CHUNKING, which is switched off";
            return Some(Failure::new(Stage::Mail, Kind::Capability, cause));
        }
        Body::Binary if !(server.binary_mime && server.chunking) => {
            return lacks("BINARYMIME with CHUNKING", "binary content");
        }
        _ => {}
    }
    if envelope.utf8 && !server.smtp_utf8 {
        return lacks("SMTPUTF8", "a header in UTF-8");
    }
    if let Some(from) = envelope.from.as_ref().filter(|from| !server.smtp_utf8 && from.to_ascii().is_none()) {
        return lacks("SMTPUTF8", &format!("the sender {from}"));
    }
    if envelope.require_tls && !tls {
        let cause = "REQUIRETLS was asked for, and this connection has no TLS";
        return Some(Failure::new(Stage::Mail, Kind::Tls, cause));
    }
    if envelope.require_tls && !server.require_tls {
        return lacks("REQUIRETLS", "a message that may only travel over TLS");
    }
    match (&envelope.hold, server.future_release) {
        (Some(_), None) => return lacks("FUTURERELEASE", "a message that is to be held"),
        (Some(Hold::For(seconds)), Some(max)) if u64::from(*seconds) > max => {
            let cause = format!("the message is to be held {seconds} s, the server holds at most {max} s");
            return Some(Failure::new(Stage::Mail, Kind::Capability, cause));
        }
        _ => {}
    }
    match (envelope.deliver_by, server.deliver_by) {
        (Some(_), None) => return lacks("DELIVERBY", "a message that is to arrive by a given time"),
        (Some(DeliverBy { seconds, ret: true }), Some(least))
            if seconds < 1 || seconds.unsigned_abs() < least.unwrap_or(0) =>
        {
            let cause = format!("the server cannot promise delivery within {seconds} s");
            return Some(Failure::new(Stage::Mail, Kind::Capability, cause));
        }
        _ => {}
    }
    None
}

/// Why a recipient cannot be named to this server.
pub(super) fn unnameable(recipient: &Recipient, server: &Capabilities) -> Option<Failure> {
    let nameable = server.smtp_utf8 || recipient.address.to_ascii().is_some();
    (!nameable).then(|| {
        let cause =
            format!("the server does not offer SMTPUTF8, which the address {} needs", recipient.address);
        Failure::new(Stage::Rcpt, Kind::Capability, cause)
    })
}

/// Whether the transaction has to be opened with SMTPUTF8.
pub(super) fn needs_utf8(envelope: &Envelope, batch: &[usize]) -> bool {
    let path = |address: &Address| address.to_ascii().is_none();
    envelope.utf8
        || envelope.from.as_ref().is_some_and(path)
        || batch.iter().filter_map(|&i| envelope.to.get(i)).any(|r| path(&r.address))
}

/// An address as it stands between `<` and `>`.
pub(super) fn path(address: &Address, utf8: bool) -> Cow<'_, str> {
    match address.to_ascii() {
        Some(ascii) if !utf8 => ascii,
        _ => Cow::Borrowed(address.as_str()),
    }
}

/// What follows `MAIL FROM:<…>`, each parameter with a space before it.
pub(super) fn mail(envelope: &Envelope, server: &Capabilities, utf8: bool, out: &mut String) {
    out.clear();
    // Writing to a String cannot fail.
    if server.size.is_some() {
        let _ = write!(out, " SIZE={}", envelope.size);
    }
    match envelope.body {
        Body::EightBit => out.push_str(" BODY=8BITMIME"),
        Body::Binary => out.push_str(" BODY=BINARYMIME"),
        Body::SevenBit => {}
    }
    if utf8 {
        out.push_str(" SMTPUTF8");
    }
    if server.dsn {
        match envelope.ret {
            Some(Ret::Full) => out.push_str(" RET=FULL"),
            Some(Ret::Headers) => out.push_str(" RET=HDRS"),
            None => {}
        }
        if let Some(id) = &envelope.envelope_id {
            let _ = write!(out, " ENVID={}", xtext(id));
        }
    }
    if envelope.require_tls {
        out.push_str(" REQUIRETLS");
    }
    if let (Some(priority), Some(_)) = (envelope.priority, &server.mt_priority) {
        let _ = write!(out, " MT-PRIORITY={}", priority.clamp(-9, 9));
    }
    if let Some(DeliverBy { seconds, ret }) = envelope.deliver_by {
        let _ = write!(out, " BY={seconds};{}", if ret { 'R' } else { 'N' });
    }
    match &envelope.hold {
        Some(Hold::For(seconds)) => {
            let _ = write!(out, " HOLDFOR={seconds}");
        }
        Some(Hold::Until(time)) => {
            out.push_str(" HOLDUNTIL=");
            out.extend(
                time.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.' | '+')),
            );
        }
        None => {}
    }
}

/// What follows `RCPT TO:<…>`.
pub(super) fn rcpt(recipient: &Recipient, server: &Capabilities, out: &mut String) {
    out.clear();
    if !server.dsn {
        return;
    }
    if let Some(notify) = recipient.notify {
        let _ = write!(out, " NOTIFY={}", notify.value());
    }
    if let Some(original) = &recipient.original {
        let kind = if original.as_str().is_ascii() { "rfc822" } else { "utf-8" };
        let _ = write!(out, " ORCPT={kind};{}", xtext(original.as_str()));
    }
}
