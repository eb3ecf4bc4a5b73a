//! What a server offers (RFC 3501 §7.2.1).

/// The most words of one CAPABILITY response that are looked at.
pub(super) const MAX_WORDS: usize = 1000;

/// What a server offers, as of the last time it said so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    words: Vec<String>,
}

impl Capabilities {
    /// Of the words behind `CAPABILITY`.
    pub(super) fn parse(words: &[u8]) -> Self {
        let words = words
            .split(|&b| b == b' ')
            .filter(|word| !word.is_empty() && word.iter().all(u8::is_ascii_graphic))
            .take(MAX_WORDS)
            .map(|word| String::from_utf8_lossy(word).to_ascii_uppercase());
        Self { words: words.collect() }
    }

    /// Each of them, in upper case.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }

    /// Whether it is offered by this name (upper case), or because IMAP4rev2 is the only version there is (RFC
    /// 9051 §E).
    pub fn has(&self, word: &str) -> bool {
        self.names(word) || (self.is_rev2_only() && REV2.contains(&word))
    }

    fn names(&self, word: &str) -> bool {
        self.words.iter().any(|known| known == word)
    }

    /// IMAP4rev2 and no older version: mailbox names are in UTF-8.
    pub fn is_rev2_only(&self) -> bool {
        self.names("IMAP4REV2") && !self.names("IMAP4REV1") && !self.names("IMAP4")
    }

    /// True until the server has said anything.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The mechanisms for AUTHENTICATE.
    pub fn mechanisms(&self) -> Vec<&str> {
        self.iter().filter_map(|word| word.strip_prefix("AUTH=")).collect()
    }

    /// The longest message that APPEND takes, in octets (RFC 7889 APPENDLIMIT).
    pub fn append_limit(&self) -> Option<u64> {
        self.iter().find_map(|word| word.strip_prefix("APPENDLIMIT=")?.parse().ok())
    }

    /// CONDSTORE, which QRESYNC includes (RFC 7162 §3.2.3).
    pub fn has_condstore(&self) -> bool {
        self.has("CONDSTORE") || self.has("QRESYNC")
    }

    /// The server turned out not to do it.
    pub(super) fn forget(&mut self, word: &str) {
        self.words.retain(|known| known != word);
    }
}

/// What IMAP4rev2 brings with it (RFC 9051 appendix E), as far as it matters here.
const REV2: [&str; 11] = [
    "ENABLE",
    "ESEARCH",
    "IDLE",
    "LIST-EXTENDED",
    "LITERAL-",
    "MOVE",
    "NAMESPACE",
    "SASL-IR",
    "SPECIAL-USE",
    "UIDPLUS",
    "UNSELECT",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_told_apart_in_any_case() {
        let offered =
            Capabilities::parse(b"IMAP4rev1  idle AUTH=PLAIN auth=login APPENDLIMIT=35651584 QRESYNC ");
        assert!(offered.has("IDLE") && offered.has_condstore() && !offered.has("MOVE"));
        assert_eq!(offered.mechanisms(), ["PLAIN", "LOGIN"]);
        assert_eq!(offered.append_limit(), Some(35_651_584));
    }

    #[test]
    fn imap4rev2_alone_brings_what_were_extensions() {
        assert!(Capabilities::parse(b"IMAP4rev2 STARTTLS").has("MOVE"));
        assert!(!Capabilities::parse(b"IMAP4rev2 IMAP4rev1 STARTTLS").has("MOVE"));
    }
}
