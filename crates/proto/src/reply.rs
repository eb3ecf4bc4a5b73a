//! SMTP replies (RFC 5321 §4.2): parsed from lines, printed as lines.
//!
//! Real servers are met halfway: text in UTF-8 or GB18030 (QQ and 163 answer in GBK), enhanced codes
//! with sub-codes above 255 (`5.7.509`), a missing space. What no reply can be is an error: letters
//! where the code belongs, a code that changes within a reply, a reply without end.

use std::borrow::Cow;
use std::fmt;

/// The most lines a reply may have.
pub const MAX_LINES: usize = 512;
/// The most octets of text a reply may have, over all lines.
pub const MAX_TEXT: usize = 64 * 1024;
/// The longest line that is read as part of a reply, in octets (RFC 5321 §4.5.3.1.5 asks for 512).
pub const MAX_LINE: usize = 8 * 1024;

/// A three-digit reply code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(u16);

/// The first digit of a reply code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// 2yz: done.
    Completion,
    /// 3yz: go on.
    Intermediate,
    /// 4yz: not now.
    Transient,
    /// 5yz: no.
    Permanent,
}

impl Code {
    /// A code from 200 to 599.
    pub const fn new(code: u16) -> Option<Self> {
        if code >= 200 && code <= 599 { Some(Self(code)) } else { None }
    }

    /// The three digits.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// What the first digit says.
    pub const fn severity(self) -> Severity {
        match self.0 / 100 {
            2 => Severity::Completion,
            3 => Severity::Intermediate,
            4 => Severity::Transient,
            _ => Severity::Permanent,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An enhanced status code (RFC 3463): class.subject.detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Enhanced {
    /// 2, 4 or 5.
    pub class: u8,
    /// What it is about.
    pub subject: u16,
    /// What exactly. Some providers count past 255.
    pub detail: u16,
}

impl Enhanced {
    /// The code at the head of a text, and what follows it.
    pub fn split(text: &str) -> Option<(Self, &str)> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (code, rest) = text.split_at(end);
        if !rest.is_empty() && !rest.starts_with(' ') {
            return None;
        }
        let mut numbers = code.split('.');
        let (class, subject, detail) = (numbers.next()?, numbers.next()?, numbers.next()?);
        if numbers.next().is_some() || !matches!(class, "2" | "4" | "5") {
            return None;
        }
        let number = |s: &str| (s.len() <= 5).then(|| s.parse().ok()).flatten();
        let code = Self { class: class.parse().ok()?, subject: number(subject)?, detail: number(detail)? };
        Some((code, rest.trim_start()))
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// A whole reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The reply code.
    pub code: Code,
    /// The enhanced status code of the first line that has one.
    pub enhanced: Option<Enhanced>,
    /// The lines' text as sent, without codes, joined by LF.
    pub text: String,
}

impl Reply {
    /// A reply of ours; each line of `text` becomes one of its lines. An enhanced code is printed before
    /// every line of it (RFC 2034 §4).
    pub fn new(code: Code, enhanced: Option<Enhanced>, text: impl Into<String>) -> Self {
        Self { code, enhanced, text: text.into() }
    }

    /// The text, line by line.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.split('\n')
    }

    /// True for 2yz.
    pub fn is_completion(&self) -> bool {
        self.code.severity() == Severity::Completion
    }

    /// The reply as it stands on the wire. CR and LF within a line cannot occur in it.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        let mut lines = self.lines().peekable();
        while let Some(line) = lines.next() {
            let dash = if lines.peek().is_some() { '-' } else { ' ' };
            out.extend_from_slice(format!("{}{dash}", self.code).as_bytes());
            if let Some(enhanced) = self.enhanced {
                out.extend_from_slice(format!("{enhanced} ").as_bytes());
            }
            out.extend(line.bytes().map(|b| if matches!(b, b'\r' | 0) { b' ' } else { b }));
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// One line for people: `550 5.1.1 No such user`.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        for line in self.lines().filter(|l| !l.is_empty()) {
            write!(f, " {line}")?;
        }
        Ok(())
    }
}

/// Why octets are no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyError {
    /// The line does not begin with a code from 200 to 599.
    NoCode,
    /// A line's code differs from that of the lines before it.
    CodeChanged,
    /// More than [`MAX_LINES`] lines or [`MAX_TEXT`] octets.
    TooLong,
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCode => "the line does not begin with a reply code",
            Self::CodeChanged => "the code changed within a reply of several lines",
            Self::TooLong => "the reply has no end",
        })
    }
}

impl std::error::Error for ReplyError {}

/// Gathers lines into a reply.
#[derive(Debug, Default)]
pub struct Collector {
    code: Option<Code>,
    enhanced: Option<Enhanced>,
    text: String,
    lines: usize,
}

impl Collector {
    /// Takes a line; the reply, when it was the last.
    ///
    /// # Errors
    /// [`ReplyError`]; the collector is empty afterwards.
    pub fn line(&mut self, line: &[u8]) -> Result<Option<Reply>, ReplyError> {
        let taken = self.take(line);
        if taken.is_err() {
            *self = Self::default();
        }
        taken
    }

    fn take(&mut self, line: &[u8]) -> Result<Option<Reply>, ReplyError> {
        let digits = line.get(..3).filter(|d| d.iter().all(u8::is_ascii_digit)).ok_or(ReplyError::NoCode)?;
        let number = digits.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0'));
        let code = Code::new(number).ok_or(ReplyError::NoCode)?;
        let (more, text) = match line.get(3) {
            None => (false, &line[3..]),
            Some(b'-') => (true, &line[4..]),
            Some(b' ' | b'\t') => (false, &line[4..]),
            // `250ok`: seen, and clear enough; a fourth digit is not.
            Some(b) if !b.is_ascii_digit() => (false, &line[3..]),
            Some(_) => return Err(ReplyError::NoCode),
        };
        if self.code.is_some_and(|c| c != code) {
            return Err(ReplyError::CodeChanged);
        }
        self.lines += 1;
        if self.lines > MAX_LINES || self.text.len() + text.len() > MAX_TEXT {
            return Err(ReplyError::TooLong);
        }
        let text = decode(text);
        let text = match Enhanced::split(&text) {
            Some((enhanced, rest)) => {
                self.enhanced.get_or_insert(enhanced);
                rest
            }
            None => &text,
        };
        if self.code.is_some() {
            self.text.push('\n');
        }
        self.code = Some(code);
        self.text.push_str(text);
        if more {
            return Ok(None);
        }
        let Self { enhanced, text, .. } = std::mem::take(self);
        Ok(Some(Reply { code, enhanced, text }))
    }

    /// True while a reply has begun and not ended.
    pub fn is_partial(&self) -> bool {
        self.code.is_some()
    }
}

/// A server's words: UTF-8, else GB18030 (a superset of GBK, which QQ and 163 answer in), else with
/// replacement characters.
pub fn decode(text: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(text) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => encoding_rs::GB18030.decode_without_bom_handling(text).0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&[u8]]) -> Result<Option<Reply>, ReplyError> {
        let mut collector = Collector::default();
        let (last, first) = lines.split_last().expect("a line");
        for line in first {
            assert_eq!(collector.line(line)?, None);
        }
        collector.line(last)
    }

    #[test]
    fn a_reply_is_read_and_printed() {
        let r = read(&[b"250-mx.example", b"250-SIZE 1000", b"250 HELP"]).unwrap().unwrap();
        assert_eq!(r.lines().collect::<Vec<_>>(), ["mx.example", "SIZE 1000", "HELP"]);
        let mut wire = Vec::new();
        r.write_to(&mut wire);
        assert_eq!(wire, b"250-mx.example\r\n250-SIZE 1000\r\n250 HELP\r\n");
    }

    #[test]
    fn enhanced_codes_are_split_off_with_sub_codes_past_255() {
        for (line, enhanced, text) in [
            (&b"550 5.7.509 Access denied"[..], Some("5.7.509"), "Access denied"),
            (b"250 2.1.5", Some("2.1.5"), ""),
            (b"250 2.1.5ok", None, "2.1.5ok"),
            (b"550 5.1 no", None, "5.1 no"),
            (b"421 3.2.1 class", None, "3.2.1 class"),
            (b"550 5.999999.1 x", None, "5.999999.1 x"),
            (b"250 1.2.3.4 is known", None, "1.2.3.4 is known"),
        ] {
            let r = read(&[line]).unwrap().unwrap();
            assert_eq!((r.enhanced.map(|e| e.to_string()).as_deref(), r.text.as_str()), (enhanced, text));
        }
    }

    #[test]
    fn text_in_gbk_is_understood() {
        let (gbk, _, _) = encoding_rs::GBK.encode("请使用授权码登录");
        let r = read(&[&[b"535 ", gbk.as_ref()].concat()]).unwrap().unwrap();
        assert_eq!(r.text, "请使用授权码登录");
    }

    #[test]
    fn what_is_no_reply_is_an_error() {
        use ReplyError::*;
        for (lines, error) in [
            (&[&b"hello"[..]][..], NoCode),
            (&[b"25"], NoCode),
            (&[b""], NoCode),
            (&[b"2500 x"], NoCode),
            (&[b"150 x"], NoCode),
            (&[b"999 x"], NoCode),
            (&[b"250-a", b"550 b"], CodeChanged),
            (&[b"250-a", b"and so on"], NoCode),
        ] {
            assert_eq!(read(lines), Err(error), "{lines:?}");
        }
        let mut collector = Collector::default();
        let endless = (0..=MAX_LINES).map(|_| collector.line(b"250-x")).find(Result::is_err);
        assert_eq!(endless, Some(Err(TooLong)));
    }
}
