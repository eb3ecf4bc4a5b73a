//! Percent-escapes: text as one word, or as one file name, that reads back as exactly the same text.
//!
//! Each octet of a character that may not stand there is written `%XX`; everything else, UTF-8 included, stays as it
//! is. `%` is always escaped, so two texts never become the same.

/// The text with every character escaped for which `unfit` holds, and `%`.
pub(crate) fn escape(text: &str, unfit: impl Fn(char) -> bool) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c == '%' || unfit(c) {
            let mut utf8 = [0; 4];
            for &octet in c.encode_utf8(&mut utf8).as_bytes() {
                out.push('%');
                out.push(char::from(HEX[usize::from(octet >> 4)]));
                out.push(char::from(HEX[usize::from(octet & 15)]));
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// The text behind the escapes; `None` where an escape is cut off or what it makes is not UTF-8.
pub(crate) fn unescape(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut octets = text.bytes();
    while let Some(octet) = octets.next() {
        if octet == b'%' {
            let (high, low) = (hex(octets.next()?)?, hex(octets.next()?)?);
            out.push(high << 4 | low);
        } else {
            out.push(octet);
        }
    }
    String::from_utf8(out).ok()
}

/// The value of a hexadecimal digit.
pub(crate) fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
