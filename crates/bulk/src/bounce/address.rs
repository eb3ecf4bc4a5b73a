//! Addresses as they stand in running text: between brackets, before a colon, in the middle of a Chinese sentence.

/// An address in a text, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found<'t> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) text: &'t str,
}

/// Octets of a local part; longer than the standard's 64, since reports have what was really sent to.
const MAX_LOCAL: usize = 254;

/// The addresses in a text, in order. Only ASCII ones: in a text without blanks nothing else shows where one begins.
pub(super) fn find(text: &str) -> Vec<Found<'_>> {
    let bytes = text.as_bytes();
    let mut found: Vec<Found<'_>> = Vec::new();
    for (at, _) in text.match_indices('@') {
        let low = found.last().map_or(0, |last| last.end);
        if at < low {
            continue;
        }
        let start = local_start(bytes, at, low);
        let end = domain_end(bytes, at);
        if start < at && end > at + 1 && at - start <= MAX_LOCAL && text[at + 1..end].contains('.') {
            found.push(Found { start, end, text: &text[start..end] });
        }
    }
    found
}

/// Where the local part that ends before `at` begins; `at` where there is none.
fn local_start(bytes: &[u8], at: usize, low: usize) -> usize {
    if at > low + 1 && bytes[at - 1] == b'"' {
        let quote = bytes[low..at - 1].iter().rposition(|byte| *byte == b'"' || *byte == b'\n');
        if let Some(quote) = quote.filter(|quote| bytes[low + quote] == b'"') {
            return low + quote;
        }
    }
    let run = bytes[low..at].iter().rev().take_while(|byte| is_local(**byte)).count();
    // What leads it is punctuation of the text: `--a@example.org`, `'a@example.org'`.
    let lead = bytes[at - run..at].iter().take_while(|byte| b"-.='*/|".contains(byte)).count();
    at - run + lead
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte)
}

/// Where the domain that begins behind the `@` ends.
fn domain_end(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at + 1) == Some(&b'[') {
        let close = bytes[at..].iter().take(64).position(|byte| *byte == b']');
        return close.map_or(at + 1, |close| at + close + 1);
    }
    let rest = &bytes[at + 1..];
    let run = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(byte)).count();
    let trail = rest[..run].iter().rev().take_while(|byte| b"-._".contains(byte)).count();
    at + 1 + run - trail
}

/// Whether a text is one address and nothing else; here other scripts count too (RFC 6531).
pub(super) fn is_whole(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let quoted = local.len() >= 2 && local.starts_with('"') && local.ends_with('"');
    let plain = |c: char| (c.is_ascii() && is_local(c as u8)) || (!c.is_ascii() && c.is_alphanumeric());
    let in_domain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    (1..=MAX_LOCAL).contains(&local.len())
        && (quoted || (local.chars().all(plain) && !local.starts_with('|')))
        && !text.chars().any(char::is_control)
        && (1..=255).contains(&domain.len())
        && domain.chars().all(in_domain)
}

/// Whether two addresses are the same mailbox, as far as anybody but its server can tell: letter case aside.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.to_lowercase() == b.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_wherever_they_stand() {
        let cases: &[(&str, &[&str])] = &[
            ("<a@example.org>: no", &["a@example.org"]),
            ("a@example.org... User unknown", &["a@example.org"]),
            ("您发往zhang.san@example.org的邮件", &["zhang.san@example.org"]),
            ("-- a@example.net", &["a@example.net"]),
            ("mailto:a@example.org, b+c@example.org.", &["a@example.org", "b+c@example.org"]),
            ("\"zhang san\"@example.org", &["\"zhang san\"@example.org"]),
            ("a@[192.0.2.1] a@[IPv6:2001:db8::1]", &["a@[192.0.2.1]"]),
            ("@ a@ @b a@b nothing", &[]),
            ("a@b.org@c.org", &["a@b.org"]),
        ];
        for (text, wanted) in cases {
            let found: Vec<&str> = find(text).iter().map(|found| found.text).collect();
            assert_eq!(found, *wanted, "{text}");
        }
    }

    #[test]
    fn a_whole_address_is_nothing_else() {
        for good in ["a@example.org", "张三@example.org", "a@例子.测试", "\"a b\"@example.org", "a@localhost"]
        {
            assert!(is_whole(good), "{good}");
        }
        for bad in ["a", "@b", "a@", "|/bin/x a@b.org", "a b@c.org", "a@b.org, c@d.org", "a\r@b.org"] {
            assert!(!is_whole(bad), "{bad}");
        }
    }
}
