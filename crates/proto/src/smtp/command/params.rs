//! Parameters of MAIL and RCPT: SIZE (RFC 1870), BODY (RFC 6152, RFC 3030), SMTPUTF8 (RFC 6531), AUTH
//! (RFC 4954), RET, ENVID, NOTIFY, ORCPT (RFC 3461), REQUIRETLS (RFC 8689), MT-PRIORITY (RFC 6710), BY
//! (RFC 2852), HOLDFOR and HOLDUNTIL (RFC 4865).
//!
//! They print as they are written in a command, each with a blank before it.

use std::fmt;

use super::CommandError;
use crate::smtp::envelope::{Body, DeliverBy, Hold, Notify, Ret, from_xtext, xtext};

/// The longest ENVID before it is encoded, in characters (RFC 3461 §4.4).
pub const MAX_ENVID: usize = 100;
/// The longest ORCPT as it is written, in octets (RFC 3461 §4.2).
pub const MAX_ORCPT: usize = 500;
/// The longest AUTH as it is written, in octets (RFC 4954 §3).
pub const MAX_AUTH_PARAM: usize = 500;

/// What MAIL FROM was given besides the path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailParams {
    /// SIZE in octets; a number past 64 bits counts as the largest there is.
    pub size: Option<u64>,
    /// BODY.
    pub body: Option<Body>,
    /// SMTPUTF8.
    pub utf8: bool,
    /// AUTH: who submitted the message; `Some(None)` is `<>`.
    pub auth: Option<Option<String>>,
    /// RET.
    pub ret: Option<Ret>,
    /// ENVID, decoded.
    pub envelope_id: Option<String>,
    /// REQUIRETLS.
    pub require_tls: bool,
    /// MT-PRIORITY, from -9 to 9.
    pub priority: Option<i8>,
    /// BY.
    pub deliver_by: Option<DeliverBy>,
    /// HOLDFOR or HOLDUNTIL.
    pub hold: Option<Hold>,
}

/// What RCPT TO was given besides the path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RcptParams {
    /// NOTIFY.
    pub notify: Option<Notify>,
    /// ORCPT.
    pub original: Option<Original>,
}

/// An original recipient (RFC 3461 §4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// The address type, `rfc822` or `utf-8` for mail.
    pub kind: String,
    /// The address, decoded.
    pub address: String,
}

impl MailParams {
    pub(super) fn parse(text: &str) -> Result<Self, CommandError> {
        let mut found = Self::default();
        for (keyword, value) in words(text)? {
            found.take(keyword, value)?;
        }
        Ok(found)
    }

    fn take(&mut self, keyword: &str, value: Option<&str>) -> Result<(), CommandError> {
        let is = |name: &str| keyword.eq_ignore_ascii_case(name);
        if is("SIZE") {
            once("SIZE", &mut self.size, value.and_then(size))
        } else if is("BODY") {
            once("BODY", &mut self.body, value.and_then(body))
        } else if is("SMTPUTF8") {
            flag("SMTPUTF8", &mut self.utf8, value)
        } else if is("AUTH") {
            once("AUTH", &mut self.auth, value.and_then(submitter))
        } else if is("RET") {
            once("RET", &mut self.ret, value.and_then(ret))
        } else if is("ENVID") {
            once("ENVID", &mut self.envelope_id, value.and_then(envelope_id))
        } else if is("REQUIRETLS") {
            flag("REQUIRETLS", &mut self.require_tls, value)
        } else if is("MT-PRIORITY") {
            once("MT-PRIORITY", &mut self.priority, value.and_then(priority))
        } else if is("BY") {
            once("BY", &mut self.deliver_by, value.and_then(deliver_by))
        } else if is("HOLDFOR") {
            // RFC 4865 §4.1: one of the two, once.
            once("HOLDFOR", &mut self.hold, value.and_then(hold_for))
        } else if is("HOLDUNTIL") {
            once("HOLDUNTIL", &mut self.hold, value.and_then(hold_until))
        } else {
            Err(CommandError::UnknownParameter(keyword.to_ascii_uppercase()))
        }
    }
}

impl RcptParams {
    pub(super) fn parse(text: &str) -> Result<Self, CommandError> {
        let mut found = Self::default();
        for (keyword, value) in words(text)? {
            if keyword.eq_ignore_ascii_case("NOTIFY") {
                once("NOTIFY", &mut found.notify, value.and_then(notify))?;
            } else if keyword.eq_ignore_ascii_case("ORCPT") {
                once("ORCPT", &mut found.original, value.and_then(original))?;
            } else {
                return Err(CommandError::UnknownParameter(keyword.to_ascii_uppercase()));
            }
        }
        Ok(found)
    }
}

type Word<'a> = (&'a str, Option<&'a str>);

/// `KEYWORD` and `KEYWORD=value`, checked against the grammar of RFC 5321 §4.1.2.
fn words(text: &str) -> Result<impl Iterator<Item = Word<'_>>, CommandError> {
    const BAD: CommandError = CommandError::Argument("what follows the address is no list of parameters");
    let each = || text.split([' ', '\t']).filter(|word| !word.is_empty());
    for word in each() {
        let (keyword, value) = split(word);
        let name = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        if keyword.is_empty() || keyword.starts_with('-') || !keyword.bytes().all(name) {
            return Err(BAD);
        }
        if value.is_some_and(str::is_empty) {
            return Err(BAD);
        }
    }
    Ok(each().map(split))
}

/// RFC 5321 lets no value hold `=`, yet the xtext of some clients does; the first one divides.
fn split(word: &str) -> Word<'_> {
    word.split_once('=').map_or((word, None), |(keyword, value)| (keyword, Some(value)))
}

fn once<T>(keyword: &'static str, slot: &mut Option<T>, value: Option<T>) -> Result<(), CommandError> {
    if slot.is_some() {
        return Err(CommandError::Parameter(keyword, "given twice"));
    }
    *slot = Some(value.ok_or(CommandError::Parameter(keyword, "the value is malformed or missing"))?);
    Ok(())
}

fn flag(keyword: &'static str, slot: &mut bool, value: Option<&str>) -> Result<(), CommandError> {
    if value.is_some() {
        return Err(CommandError::Parameter(keyword, "takes no value"));
    }
    if std::mem::replace(slot, true) {
        return Err(CommandError::Parameter(keyword, "given twice"));
    }
    Ok(())
}

/// At most `most` digits and nothing else.
fn digits(text: &str, most: usize) -> Option<u64> {
    let good = !text.is_empty() && text.len() <= most && text.bytes().all(|b| b.is_ascii_digit());
    good.then(|| text.parse().unwrap_or(u64::MAX))
}

fn size(value: &str) -> Option<u64> {
    digits(value, 20)
}

fn body(value: &str) -> Option<Body> {
    [("7BIT", Body::SevenBit), ("8BITMIME", Body::EightBit), ("BINARYMIME", Body::Binary)]
        .into_iter()
        .find_map(|(name, body)| value.eq_ignore_ascii_case(name).then_some(body))
}

fn submitter(value: &str) -> Option<Option<String>> {
    if value.len() > MAX_AUTH_PARAM {
        return None;
    }
    // RFC 4954 §5 has it in xtext, `<>` bare.
    Some(if value == "<>" { None } else { Some(printable(from_xtext(value)?)?) })
}

fn ret(value: &str) -> Option<Ret> {
    [("FULL", Ret::Full), ("HDRS", Ret::Headers)]
        .into_iter()
        .find_map(|(name, ret)| value.eq_ignore_ascii_case(name).then_some(ret))
}

fn envelope_id(value: &str) -> Option<String> {
    printable(from_xtext(value)?).filter(|id| id.chars().count() <= MAX_ENVID)
}

/// RFC 3461 §4: xtext stands for printable characters; nothing here hands on a line end in disguise.
fn printable(text: String) -> Option<String> {
    (!text.chars().any(char::is_control)).then_some(text)
}

fn priority(value: &str) -> Option<i8> {
    let number = digits(value.strip_prefix('-').unwrap_or(value), 1)? as i8;
    Some(if value.starts_with('-') { -number } else { number })
}

fn deliver_by(value: &str) -> Option<DeliverBy> {
    let (seconds, mode) = value.split_once(';')?;
    let number = digits(seconds.strip_prefix(['-', '+']).unwrap_or(seconds), 9)? as i64;
    let seconds = if seconds.starts_with('-') { -number } else { number };
    // The trace modifier T asks for reports on the way; there is no way here.
    let ret = match mode.to_ascii_uppercase().as_str() {
        "R" | "RT" => true,
        "N" | "NT" => false,
        _ => return None,
    };
    // RFC 2852 §4: "return" needs time to be left.
    (!ret || seconds > 0).then_some(DeliverBy { seconds, ret })
}

fn hold_for(value: &str) -> Option<Hold> {
    digits(value, 9).and_then(|n| u32::try_from(n).ok()).map(Hold::For)
}

/// An RFC 3339 time in UTC, as RFC 4865 §3 wants it.
fn hold_until(value: &str) -> Option<Hold> {
    const FORM: &[u8] = b"dddd-dd-ddTdd:dd:ddZ";
    let same = |(&form, byte): (&u8, u8)| match form {
        b'd' => byte.is_ascii_digit(),
        other => byte.eq_ignore_ascii_case(&other),
    };
    let good = value.len() == FORM.len() && FORM.iter().zip(value.bytes()).all(same);
    good.then(|| Hold::Until(value.to_ascii_uppercase()))
}

fn notify(value: &str) -> Option<Notify> {
    if value.eq_ignore_ascii_case("NEVER") {
        return Some(Notify::Never);
    }
    let (mut success, mut failure, mut delay) = (false, false, false);
    for word in value.split(',') {
        let wish = match word.to_ascii_uppercase().as_str() {
            "SUCCESS" => &mut success,
            "FAILURE" => &mut failure,
            "DELAY" => &mut delay,
            _ => return None,
        };
        *wish = true;
    }
    Some(Notify::On { success, failure, delay })
}

fn original(value: &str) -> Option<Original> {
    let (kind, address) = value.split_once(';').filter(|_| value.len() <= MAX_ORCPT)?;
    let atom = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if kind.is_empty() || !kind.bytes().all(atom) {
        return None;
    }
    // RFC 6533 §3: a utf-8 address may stand there as it is.
    let address = if address.is_ascii() { from_xtext(address)? } else { address.to_string() };
    Some(Original { kind: kind.to_string(), address: printable(address).filter(|a| !a.is_empty())? })
}

impl fmt::Display for MailParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(size) = self.size {
            write!(f, " SIZE={size}")?;
        }
        if let Some(body) = self.body {
            f.write_str(match body {
                Body::SevenBit => " BODY=7BIT",
                Body::EightBit => " BODY=8BITMIME",
                Body::Binary => " BODY=BINARYMIME",
            })?;
        }
        if self.utf8 {
            f.write_str(" SMTPUTF8")?;
        }
        match &self.auth {
            Some(Some(who)) => write!(f, " AUTH={}", xtext(who))?,
            Some(None) => f.write_str(" AUTH=<>")?,
            None => {}
        }
        if let Some(ret) = self.ret {
            f.write_str(if ret == Ret::Full { " RET=FULL" } else { " RET=HDRS" })?;
        }
        if let Some(id) = &self.envelope_id {
            write!(f, " ENVID={}", xtext(id))?;
        }
        if self.require_tls {
            f.write_str(" REQUIRETLS")?;
        }
        if let Some(priority) = self.priority {
            write!(f, " MT-PRIORITY={priority}")?;
        }
        if let Some(DeliverBy { seconds, ret }) = self.deliver_by {
            write!(f, " BY={seconds};{}", if ret { 'R' } else { 'N' })?;
        }
        match &self.hold {
            Some(Hold::For(seconds)) => write!(f, " HOLDFOR={seconds}"),
            Some(Hold::Until(time)) => write!(f, " HOLDUNTIL={time}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for RcptParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(notify) = self.notify {
            write!(f, " NOTIFY={}", notify.value())?;
        }
        if let Some(original) = &self.original {
            write!(f, " ORCPT={};{}", original.kind, xtext(&original.address))?;
        }
        Ok(())
    }
}
