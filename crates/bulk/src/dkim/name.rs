//! Domains and selectors as they stand in a signature and in the DNS: ASCII, lower case.

use super::error::NameError;

/// The longest name of the DNS (RFC 1035 §2.3.4), in octets.
const MAX_NAME: usize = 253;
/// The longest label of it.
const MAX_LABEL: usize = 63;

/// A domain as A-labels (RFC 5890).
pub(super) fn domain(given: &str) -> Result<String, NameError> {
    let wrong = || NameError { given: given.to_owned(), selector: false };
    let text = given.trim().trim_end_matches('.');
    let ascii = idna::domain_to_ascii(text).map_err(|_| wrong())?;
    if !ascii.contains('.') || !is_name(&ascii) {
        return Err(wrong());
    }
    Ok(ascii)
}

/// A selector (RFC 6376 §3.1): labels with dots between them.
pub(super) fn selector(given: &str) -> Result<String, NameError> {
    let text = given.trim().to_ascii_lowercase();
    if is_name(&text) { Ok(text) } else { Err(NameError { given: given.to_owned(), selector: true }) }
}

/// Letters, digits, hyphens and underscores in labels of 1 to 63, no hyphen at their ends.
fn is_name(text: &str) -> bool {
    let octet = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
    let label = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && label.bytes().all(octet)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= MAX_NAME && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_become_ascii() {
        for (given, expected) in [
            ("Example.ORG", Some("example.org")),
            ("example.org.", Some("example.org")),
            ("鸿雁.example", Some("xn--9n5an1m.example")),
            ("mail.example.org", Some("mail.example.org")),
            ("localhost", None),
            ("", None),
            ("a b.example", None),
            ("exa\r\nmple.org", None),
            ("example.org; x=1", None),
            ("-a.example", None),
            (&format!("{}.example", "a".repeat(64)), None),
        ] {
            assert_eq!(domain(given).ok().as_deref(), expected, "{given:?}");
        }
    }

    #[test]
    fn selectors_are_labels() {
        for (given, expected) in [
            ("mail", Some("mail")),
            ("S2026.Mail", Some("s2026.mail")),
            ("", None),
            ("a;b", None),
            ("a b", None),
            ("a\n", Some("a")),
            ("邮件", None),
        ] {
            assert_eq!(selector(given).ok().as_deref(), expected, "{given:?}");
        }
    }
}
