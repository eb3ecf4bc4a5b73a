//! The beginning of a text, for whoever needs no more of it and will not hold the rest: an index, a preview.

use std::borrow::Cow;

use crate::read::finding::{Notes, floor_char_boundary};
use crate::read::message::Message;
use crate::read::{html, text};

/// How many times its text a page of HTML is taken to be long.
const MARKUP: usize = 4;

/// A line longer than this, in bytes, is cut where it must be.
const LONG_LINE: usize = 4 << 10;

impl<'a> Message<'a> {
    /// At most `most` bytes of the part's text, HTML converted; and whether there is more.
    ///
    /// Of a longer part no more than a piece beyond that (four times that, of HTML) is decoded or held. Lines of
    /// `format=flowed` are not joined.
    pub fn text_within(&self, part: usize, most: usize) -> (Cow<'a, str>, bool) {
        let html = self.parts()[part].media_type.as_str() == "text/html";
        let source = if html { most.saturating_mul(MARKUP) } else { most };
        let (decoded, mut more) = self.decoded_within(part, source);
        let label = self.charset(part);
        let mut text = text::decode(decoded, label.as_deref(), html, &mut Notes::default());
        if html {
            text = Cow::Owned(html::to_text(&text));
        }
        let end = floor_char_boundary(&text, most);
        if end < text.len() {
            more = true;
            text = match text {
                Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
                Cow::Owned(mut text) => {
                    text.truncate(end);
                    Cow::Owned(text)
                }
            };
        }
        (text, more)
    }

    /// At most `most` bytes of the part's content, and whether there is more.
    fn decoded_within(&self, part: usize, most: usize) -> (Cow<'a, [u8]>, bool) {
        // Decoding makes nothing longer.
        if self.body(part).len() <= most {
            return (self.decoded(part), false);
        }
        let mut bytes = Vec::new();
        let whole = self.decode_to(part, |piece| {
            let room = (most - bytes.len()).min(piece.len());
            bytes.extend_from_slice(&piece[..room]);
            if room < piece.len() { Err(()) } else { Ok(()) }
        });
        if whole.is_err() {
            bytes.truncate(whole_characters(&bytes));
        }
        (Cow::Owned(bytes), whole.is_err())
    }
}

/// Where text that was cut can end, so that half a character at the end does not make its charset look wrong: behind
/// its last line, as far as that is near, else behind its last character of UTF-8.
fn whole_characters(cut: &[u8]) -> usize {
    let near = cut.len().saturating_sub(LONG_LINE);
    match memchr::memrchr(b'\n', &cut[near..]) {
        Some(line_end) => near + line_end + 1,
        None => match std::str::from_utf8(cut) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => cut.len(),
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::read::Message;

    #[test]
    fn no_more_is_given_than_was_asked_for_and_the_rest_is_said() {
        for (mail, most, expected) in [
            ("\r\nhello", 5, ("hello", false)),
            ("\r\nhello", 4, ("hell", true)),
            ("Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=", 4, ("hell", true)),
            ("Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=", 5, ("hello", false)),
            ("Content-Type: text/plain; charset=utf-8\r\n\r\n鸿雁", 4, ("鸿", true)),
            ("Content-Type: text/plain; charset=utf-8\r\n\r\n鸿\n雁", 6, ("鸿\n", true)),
            ("Content-Type: text/html\r\n\r\n<p>hello <b>you</b>", 8, ("hello yo", true)),
        ] {
            let message = Message::parse(mail.as_bytes());
            let (text, more) = message.text_within(0, most);
            assert_eq!((text.as_ref(), more), expected, "{mail:?} {most}");
        }
    }
}
