//! Files uuencoded within text, as mail carried them before MIME: `begin 644 name`, lines, `end`.
//!
//! A block counts only where it is sound to its `end`: text that talks about uuencode stays text.

use memchr::memmem;

use crate::read::finding::Code;
use crate::read::transfer::uuencode::{decode_line, name_in_begin};
use crate::read::unpack::{Packer, UnpackedFile, UnpackedKind};

/// Whether it is worth a look.
pub(super) fn may_hold(body: &[u8]) -> bool {
    body.starts_with(b"begin ") || memmem::find(body, b"\nbegin ").is_some()
}

/// Takes the files out of `text`; what is left, or `None` where there are none.
pub(super) fn unpack(text: &str, packer: &mut Packer<'_>) -> Option<String> {
    let mut rest = String::with_capacity(text.len());
    let mut lines = text.split_inclusive('\n').peekable();
    let mut found = false;
    let mut at = 0;
    while let Some(line) = lines.next() {
        let start = at;
        at += line.len();
        let Some(name) = name_in_begin(trimmed(line).as_bytes()) else {
            rest.push_str(line);
            continue;
        };
        let mut content = Vec::new();
        let mut ended = false;
        while let Some(next) = lines.peek() {
            let bare = trimmed(next);
            if bare == "end" {
                at += next.len();
                lines.next();
                ended = true;
                break;
            }
            // A line that is none ends the block: the text goes on, and the block was none.
            if !decode_line(bare.as_bytes(), &mut content) {
                break;
            }
            at += next.len();
            lines.next();
        }
        if !ended || content.is_empty() {
            rest.push_str(&text[start..at]);
            continue;
        }
        found = true;
        packer.notes.add(Code::UuInText, Some(&String::from_utf8_lossy(name)));
        packer.add(UnpackedFile {
            kind: UnpackedKind::Attachment,
            name: Some(String::from_utf8_lossy(name).into_owned()),
            media_type: String::new(),
            charset: None,
            content_id: None,
            depth: 0,
            content,
        });
    }
    found.then_some(rest)
}

fn trimmed(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}
