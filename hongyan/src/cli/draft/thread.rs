//! Which mails an answer belongs to: In-Reply-To and References (RFC 5322 §3.6.4).
//!
//! Identifiers are taken from the raw fields and checked one by one: what is not one ASCII word between brackets
//! is left out, whatever it may have been meant to be.

use crate::mime::read::Message;

/// The longest identifier that is repeated, in octets: with brackets and a fold it fits a line of 998.
const MAX_IDENTIFIER: usize = 900;

/// How many identifiers References holds. Of a longer thread the first and the latest stay, as news readers do
/// it (RFC 5537 §3.4.4).
const MAX_REFERENCES: usize = 50;

/// How many octets References holds in all.
const MAX_REFERENCES_OCTETS: usize = 8 * 1024;

/// What connects an answer with what it answers; identifiers without their brackets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Thread {
    pub(crate) in_reply_to: Vec<String>,
    /// Oldest first.
    pub(crate) references: Vec<String>,
}

impl Thread {
    /// Of an answer to `message`.
    pub(crate) fn answering(message: &Message<'_>) -> Self {
        let own = identifiers_in(message, "Message-ID").into_iter().next().or_else(|| bare(message));
        let mut references = identifiers_in(message, "References");
        if references.is_empty() {
            // Only one tells which mail came before; several are parents side by side.
            let parents = identifiers_in(message, "In-Reply-To");
            if parents.len() == 1 {
                references = parents;
            }
        }
        references.extend(own.clone());
        Self { in_reply_to: own.into_iter().collect(), references: bounded(references) }
    }
}

/// Each identifier once (its last place counts), within the bounds.
fn bounded(references: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for (at, id) in references.iter().enumerate() {
        if !references[at + 1..].contains(id) {
            kept.push(id.clone());
        }
    }
    let octets = |ids: &[String]| ids.iter().map(|id| id.len() + 3).sum::<usize>();
    while kept.len() > MAX_REFERENCES || (kept.len() > 2 && octets(&kept) > MAX_REFERENCES_OCTETS) {
        kept.remove(1);
    }
    kept
}

/// What stands in brackets in the fields of this name and is an identifier.
fn identifiers_in(message: &Message<'_>, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for field in message.fields_named(0, name) {
        let mut rest = message.value(field);
        while let Some(open) = rest.iter().position(|&b| b == b'<') {
            rest = &rest[open + 1..];
            let Some(close) = rest.iter().position(|&b| matches!(b, b'<' | b'>')) else { break };
            if rest[close] == b'>' {
                found.extend(identifier(&rest[..close]));
            }
            rest = &rest[close..];
            // Far more than are kept: the latest are what counts.
            if found.len() > 4 * MAX_REFERENCES {
                found.drain(1..=MAX_REFERENCES);
            }
        }
    }
    found
}

/// A Message-ID that somebody wrote without brackets.
fn bare(message: &Message<'_>) -> Option<String> {
    let value = message.value(message.field(0, "Message-ID")?).trim_ascii();
    identifier(value).filter(|id| id.contains('@') && !id.contains(['<', '>']))
}

/// One ASCII word, also where it was folded.
fn identifier(octets: &[u8]) -> Option<String> {
    let unfolded = octets.trim_ascii();
    let word = unfolded.iter().all(u8::is_ascii_graphic) && !unfolded.is_empty();
    (word && unfolded.len() <= MAX_IDENTIFIER).then(|| String::from_utf8_lossy(unfolded).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(header: &str) -> (String, String) {
        let raw = format!("{header}\r\n\r\ntext\r\n");
        let thread = Thread::answering(&Message::parse(raw.as_bytes()));
        (thread.in_reply_to.join(" "), thread.references.join(" "))
    }

    #[test]
    fn references_are_those_of_the_parent_and_the_parent() {
        for (header, parent, references) in [
            ("Message-ID: <3@x>\r\nReferences: <1@x> <2@x>\r\nIn-Reply-To: <9@x>", "3@x", "1@x 2@x 3@x"),
            ("Message-ID: <3@x>\r\nReferences:\r\n <1@x>\r\n\t<2@x>", "3@x", "1@x 2@x 3@x"),
            ("Message-ID: <3@x>\r\nIn-Reply-To: <2@x>", "3@x", "2@x 3@x"),
            ("Message-ID: <3@x>\r\nIn-Reply-To: <1@x> <2@x>", "3@x", "3@x"),
            ("Message-ID: <3@x>", "3@x", "3@x"),
            ("References: <1@x> <2@x>", "", "1@x 2@x"),
            ("Subject: x", "", ""),
            ("Message-ID: 3@x", "3@x", "3@x"),
            ("Message-ID: < 3@x >", "3@x", "3@x"),
            ("Message-ID: <3@x>\r\nReferences: <1@x>,<2@x><1@x> <3@x>", "3@x", "2@x 1@x 3@x"),
        ] {
            assert_eq!(thread(header), (parent.into(), references.into()), "{header}");
        }
    }

    #[test]
    fn what_is_no_identifier_is_left_out() {
        for header in [
            "Message-ID: <>",
            "Message-ID: no id",
            "Message-ID: <a b@x>",
            "Message-ID: <a@x\0>",
            "Message-ID: <a@x\r\n Bcc: evil@example.org>",
            "Message-ID: <a@x\rBcc: evil@example.org>",
            "Message-ID: <图@x>",
            "Message-ID: =?utf-8?Q?=3Ca=40x=0D=0ABcc:=20evil=40x=3E?=",
            "Message-ID: <open@x",
        ] {
            assert_eq!(thread(header), (String::new(), String::new()), "{header:?}");
        }
        let long = format!("Message-ID: <{}@x>", "a".repeat(MAX_IDENTIFIER));
        assert_eq!(thread(&long), (String::new(), String::new()));
        assert_eq!(thread("Message-ID: <b@x>\r\nReferences: <bad id> <a@x> <").1, "a@x b@x");
    }

    #[test]
    fn of_a_long_thread_the_first_and_the_latest_stay() {
        let ids = (0..10_000).map(|n| format!("<{n}@x>")).collect::<Vec<_>>().join("\r\n ");
        let (_, references) = thread(&format!("Message-ID: <last@x>\r\nReferences: {ids}"));
        let kept: Vec<&str> = references.split(' ').collect();
        assert_eq!(kept.len(), MAX_REFERENCES);
        assert_eq!((kept[0], kept[1], kept[48], kept[49]), ("0@x", "9952@x", "9999@x", "last@x"));
        let ids = (0..49).map(|n| format!("<{n}-{}@x>", "a".repeat(800))).collect::<Vec<_>>().join("\r\n ");
        let (_, references) = thread(&format!("Message-ID: <last@x>\r\nReferences: {ids}"));
        assert!(references.len() <= MAX_REFERENCES_OCTETS);
        assert!(references.starts_with("0-a") && references.ends_with(" last@x"));
    }
}
