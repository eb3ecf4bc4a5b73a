//! Mailbox names in modified UTF-7 (RFC 3501 §5.1.3): `&XfJT0ZAB-` is 已发送.
//!
//! Decoding is lenient in what it can be without guessing (base64 where ASCII would have done, two shifts in a
//! row), because names must be given back to the server as it wrote them anyway: whoever needs that compares
//! [`encode`] of what [`decode`] gave with the original.

use encodify::base64;

/// A name as it goes over the wire.
pub fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut units: Vec<u8> = Vec::new();
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            shift(&mut units, &mut out);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            let mut pair = [0; 2];
            units.extend(c.encode_utf16(&mut pair).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    shift(&mut units, &mut out);
    out
}

/// Writes what is gathered as one shifted sequence.
fn shift(units: &mut Vec<u8>, out: &mut String) {
    if units.is_empty() {
        return;
    }
    out.push('&');
    let text = base64::STANDARD.encode(&units);
    out.extend(text.trim_end_matches('=').chars().map(|c| if c == '/' { ',' } else { c }));
    out.push('-');
    units.clear();
}

/// The name that a server wrote; `None` where it is not modified UTF-7 (octets above 127, a shift without its
/// end, half a surrogate pair, bits left over).
pub fn decode(wire: &[u8]) -> Option<String> {
    let mut out = String::with_capacity(wire.len());
    let mut at = 0;
    while at < wire.len() {
        match wire[at] {
            b'&' => {
                let len = wire[at + 1..].iter().position(|&b| b == b'-')?;
                let shifted = &wire[at + 1..at + 1 + len];
                if shifted.is_empty() {
                    out.push('&');
                } else {
                    unshift(shifted, &mut out)?;
                }
                at += len + 2;
            }
            octet @ 0x20..=0x7e => {
                out.push(char::from(octet));
                at += 1;
            }
            _ => return None,
        }
    }
    Some(out)
}

fn unshift(shifted: &[u8], out: &mut String) -> Option<()> {
    let (mut bits, mut have) = (0_u32, 0);
    let mut units = Vec::with_capacity(shifted.len() * 3 / 8);
    for octet in shifted {
        let value = match octet {
            b'A'..=b'Z' => octet - b'A',
            b'a'..=b'z' => octet - b'a' + 26,
            b'0'..=b'9' => octet - b'0' + 52,
            b'+' => 62,
            b',' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        have += 6;
        if have >= 16 {
            have -= 16;
            units.push((bits >> have) as u16);
            bits &= (1 << have) - 1;
        }
    }
    if have >= 6 || bits != 0 {
        return None;
    }
    for c in char::decode_utf16(units) {
        out.push(c.ok()?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_go_both_ways() {
        for (name, wire) in [
            ("INBOX", "INBOX"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("已发送", "&XfJT0ZAB-"),
            ("草稿箱", "&g0l6P3ux-"),
            ("R&D", "R&-D"),
            ("&", "&-"),
            ("😀", "&2D3eAA-"),
            ("a\tb", "a&AAk-b"),
            ("", ""),
        ] {
            assert_eq!(encode(name), wire);
            assert_eq!(decode(wire.as_bytes()).as_deref(), Some(name));
        }
    }

    #[test]
    fn what_is_no_modified_utf_7_is_not_guessed_at() {
        for wire in [
            &b"&"[..],
            b"&Jjo",
            b"&Jjo!",
            b"&2D0-",
            b"&3gA-",
            b"&A-",
            b"&AA-",
            b"&XfJT0ZAB/-",
            b"\xe5\xb7\xb2",
            b"a\0",
            b"&XfJ=-",
        ] {
            assert_eq!(decode(wire), None, "{}", wire.escape_ascii());
        }
    }

    /// RFC 3501 §5.1.3 forbids both; they can be read all the same.
    #[test]
    fn superfluous_shifts_are_read() {
        assert_eq!(decode(b"&AGE-").as_deref(), Some("a"));
        assert_eq!(decode(b"&U,BTFw-&ZeVnLIqe-").as_deref(), Some("台北日本語"));
    }

    proptest! {
        #[test]
        fn every_name_survives(name in "\\PC*|[\\x00-\\x{ff}]*") {
            let wire = encode(&name);
            prop_assert!(wire.bytes().all(|b| matches!(b, 0x20..=0x7e)));
            prop_assert_eq!(decode(wire.as_bytes()), Some(name));
        }

        #[test]
        fn anything_can_be_tried(wire in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some(name) = decode(&wire) {
                prop_assert_eq!(decode(encode(&name).as_bytes()), Some(name));
            }
        }
    }
}
