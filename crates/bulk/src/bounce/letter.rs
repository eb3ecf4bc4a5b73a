//! Which of our letters something is about: the token in the address that it came to, or our Message-ID.

use hongyan_mime::read::Message;

/// A letter of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Letter {
    /// The campaign's key: [`Manifest::key`](crate::ledger::Manifest::key).
    pub key: String,
    /// The row, as a person counts.
    pub row: u64,
}

/// What a valid token says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    /// Which letter it was made for.
    pub letter: Letter,
    /// Whether it asks for no more mail, and is not merely the way back.
    pub unsubscribe: bool,
}

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
    Some(Letter { key: key.to_owned(), row: row.parse().ok()? }).filter(|letter| fits && letter.row > 0)
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
    fn only_our_own_message_ids_name_a_letter() {
        let key = "0123456789abcdef0123456789abcdef";
        let letter = of_message_id(&format!("<17.{key}@example.org>"));
        assert_eq!(letter, Some(Letter { key: key.into(), row: 17 }));
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
