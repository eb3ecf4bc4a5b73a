//! What a file holds: one mail, an mbox, or neither; decided by how it begins.

use crate::cli::import::Refusal;
use crate::mime::read::Message;
use crate::said::said;

/// So many octets of a file are looked at, or its whole header where that is shorter.
pub(super) const BEGINNING: usize = 64 * 1024;

/// Fields of which every mail has one at least.
const USUAL: [&str; 14] = [
    "From",
    "To",
    "Cc",
    "Date",
    "Subject",
    "Received",
    "Return-Path",
    "Message-ID",
    "MIME-Version",
    "Sender",
    "Content-Type",
    "Delivered-To",
    "Reply-To",
    "X-Mozilla-Status",
];

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Mail,
    Mbox,
}

impl Kind {
    /// By the beginning of the file.
    pub(super) fn of(beginning: &[u8]) -> Result<Self, Refusal> {
        let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
        let blank = text.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let text = &text[blank..];
        if text.is_empty() {
            return Err(Refusal::NoMail(said("is empty", "是空的")));
        }
        if let Some(behind) = text.strip_prefix(b"From ") {
            let line = behind.iter().position(|&byte| byte == b'\n').map_or(behind.len(), |end| end + 1);
            // An empty mail behind its postmark is one.
            if behind[line..].trim_ascii_start().is_empty() || begins_with_field(&behind[line..]) {
                return Ok(Self::Mbox);
            }
        }
        // Some programs leave a quoted postmark in front of the header.
        let header = match text.strip_prefix(b">From ") {
            Some(behind) => &behind[behind.iter().position(|&byte| byte == b'\n').map_or(0, |end| end + 1)..],
            None => text,
        };
        if begins_with_field(header) && has_usual_field(header) {
            return Ok(Self::Mail);
        }
        let why = if beginning.starts_with(b"\x1f\x8b") {
            said(
                "is compressed: unpack it, as in `zcat FILE | hongyan import -`",
                "是压缩文件：请先解压，例如 zcat 文件 | hongyan import -",
            )
        } else {
            said("is no mail: it does not begin with a mail's header", "不是邮件：开头不是邮件头")
        };
        Err(Refusal::NoMail(why))
    }
}

/// Whether the first line is `name: …`.
fn begins_with_field(text: &[u8]) -> bool {
    const LONGEST: usize = 100;
    let name = text.iter().take(LONGEST).take_while(|&&byte| byte.is_ascii_graphic() && byte != b':').count();
    let behind = text[name..].iter().take_while(|&&byte| matches!(byte, b' ' | b'\t')).count();
    name > 0 && text.get(name + behind) == Some(&b':')
}

fn has_usual_field(text: &[u8]) -> bool {
    let mut end = 0;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        if matches!(line, b"\n" | b"\r\n") {
            break;
        }
        end += line.len();
    }
    let header = Message::parse(&text[..end]);
    USUAL.iter().any(|name| header.field(0, name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_by_its_beginning() {
        for (beginning, expected) in [
            (&b"From: a@b\r\n\r\nx"[..], Some(Kind::Mail)),
            (b"Received: from x\n\tby y\n\nx", Some(Kind::Mail)),
            (b"\xef\xbb\xbf\r\nSubject : x\n", Some(Kind::Mail)),
            (b"X-Odd: 1\nX-Other: 2\nMessage-ID: <1@x>\n\n", Some(Kind::Mail)),
            (b"Subject: \xff\xfe\0", Some(Kind::Mail)),
            (b">From a@b Thu Jan  1 00:00:00 1970\nTo: x@y\n\n", Some(Kind::Mail)),
            (b"From a@b Thu Jan  1 00:00:00 1970\nTo: x@y\n\n", Some(Kind::Mbox)),
            (b"\n\nFrom - \r\nX: y\r\n", Some(Kind::Mbox)),
            (b"From a@b Thu Jan  1 00:00:00 1970\n\n", Some(Kind::Mbox)),
            (b"", None),
            (b"\r\n\n", None),
            (b"From here on it is text,\nand no mail", None),
            (b"Note: a text file\nwith a colon\n", None),
            (b"X-Odd: 1\n\nFrom: in the body", None),
            (b"PK\x03\x04", None),
            (b"\x1f\x8b\x08", None),
            (b"%PDF-1.4\nFrom: x", None),
            (b"\0\0\0\0", None),
        ] {
            assert_eq!(Kind::of(beginning).ok(), expected, "{}", beginning.escape_ascii());
        }
    }
}
