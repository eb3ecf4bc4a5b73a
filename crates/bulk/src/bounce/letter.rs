//! Which of our letters something is about: the token in the address that it came to, or our Message-ID.

use hongyan_mime::read::Message;

use crate::token::{self, Claim, Key, Purpose};

/// A letter of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Letter {
    /// The campaign, as [`token::campaign`] tells it from the key of its ledger.
    pub campaign: String,
    /// The row, as a person counts.
    pub row: u64,
}

/// A valid token of ours that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Token {
    pub(super) claim: Claim,
    /// Whether it was made to ask for no more mail, and not merely as the way back.
    pub(super) unsubscribe: bool,
}

impl Token {
    pub(super) fn letter(&self) -> Letter {
        Letter { campaign: self.claim.campaign(), row: self.claim.row }
    }
}

/// The valid tokens in a text: an address, a subject.
pub(super) fn tokens(text: &str, key: &Key) -> Vec<Token> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let long = words.filter(|word| (SHORTEST..=MAX_LOCAL).contains(&word.len())).take(MAX_WORDS);
    long.filter_map(|word| {
        // What stands before `{token}` in the reverse-path need not end in a sign that parts it: `bounce{token}@`.
        (0..=word.len() - SHORTEST).find_map(|start| {
            let read =
                |purpose, unsubscribe| Some(Token { claim: key.read(purpose, &word[start..])?, unsubscribe });
            read(Purpose::Verp, false).or_else(|| read(Purpose::Unsubscribe, true))
        })
    })
    .collect()
}

/// Octets of a local part (RFC 5321 §4.5.3.1.1).
const MAX_LOCAL: usize = 64;
/// Characters of the shortest token: a row of one octet.
const SHORTEST: usize = 34;
/// Words of one text that are tried as tokens.
const MAX_WORDS: usize = 32;

/// Digits of a campaign's key.
const KEY: usize = 32;

/// The letter that a Message-ID of ours names: `<17.0123…ef@example.org>`.
pub fn of_message_id(id: &str) -> Option<Letter> {
    let id = id.trim().trim_start_matches('<');
    let (local, _) = id.split_once('@')?;
    let (row, key) = local.split_once('.')?;
    let fits = key.len() == KEY
        && key.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        && (1..=18).contains(&row.len())
        && row.bytes().all(|byte| byte.is_ascii_digit());
    if !fits {
        return None;
    }
    Some(Letter { campaign: token::campaign(key), row: row.parse().ok()? }).filter(|letter| letter.row > 0)
}

/// The letter named in the fields that a mail refers by, and in what was returned.
pub(super) fn referred(message: &Message<'_>, returned: &Message<'_>, named: Option<&str>) -> Option<Letter> {
    let fields = [
        (returned, "Message-ID"),
        (message, "X-Original-Message-ID"),
        (message, "In-Reply-To"),
        (message, "References"),
        (returned, "References"),
    ];
    let values = fields.iter().flat_map(|(message, name)| {
        message
            .fields_named(0, name)
            .take(MAX_FIELDS)
            .map(|field| message.value_text(field))
            .collect::<Vec<_>>()
    });
    let named = named.map(str::to_owned);
    named.into_iter().chain(values).find_map(|value| {
        value
            .split(|c: char| c.is_whitespace() || c == '<' || c == '>' || c == ',')
            .take(MAX_IDS)
            .find_map(of_message_id)
    })
}

/// Fields of one name that are looked at.
const MAX_FIELDS: usize = 8;
/// Message-IDs in one field that are looked at.
const MAX_IDS: usize = 1_000;

/// The addresses that a mail came to, as far as its header shows: where a token may be.
pub(super) fn came_to(message: &Message<'_>) -> Vec<String> {
    const NAMES: [&str; 6] = ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc"];
    let mut found: Vec<String> = Vec::new();
    for name in NAMES {
        for field in message.fields_named(0, name).take(MAX_FIELDS) {
            let text = message.value_text(field);
            found.extend(super::address::find(&text).iter().take(MAX_IDS).map(|found| found.text.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_token_is_found_in_the_address_it_came_to() {
        let key = Key::from_octets([7; 32]);
        let token = key.token(Purpose::Verp, "0123", 300, "a@example.org");
        for address in
            [format!("bounces+{token}@example.org"), format!("b{}@example.org", token.to_uppercase())]
        {
            let found = tokens(&address, &key);
            assert_eq!(found.len(), 1, "{address}");
            assert_eq!(found[0].letter(), Letter { campaign: token::campaign("0123"), row: 300 });
            assert!(!found[0].unsubscribe);
        }
        let asking = key.token(Purpose::Unsubscribe, "0123", 1, "a@example.org");
        assert!(tokens(&format!("unsubscribe {asking}"), &key)[0].unsubscribe);
        assert_eq!(tokens(&token, &Key::from_octets([8; 32])), [], "another key's");
        assert_eq!(tokens(&"a".repeat(10_000), &key), []);
    }

    #[test]
    fn only_our_own_message_ids_name_a_letter() {
        let key = "0123456789abcdef0123456789abcdef";
        let letter = of_message_id(&format!("<17.{key}@example.org>"));
        assert_eq!(letter, Some(Letter { campaign: token::campaign(key), row: 17 }));
        let others = [
            format!("<0.{key}@example.org>"),
            format!("<17.{key}0@example.org>"),
            format!("<a.{key}@example.org>"),
            format!("<1234567890123456789.{key}@example.org>"),
            format!("<17.{}@example.org>", key.to_uppercase()),
            "<17@example.org>".to_owned(),
            String::new(),
        ];
        for other in others {
            assert_eq!(of_message_id(&other), None, "{other}");
        }
    }
}
