//! Whether a text occurs in a mail, decoded, letters in any case; and the day it says it was sent on.

use hongyan_mime::read::Message;
use hongyan_proto::imap::date::days_from_civil;
use hongyan_proto::imap::server::mailboxes::Place;

/// Whether a text occurs in a mail. For a field, the header is mail enough.
pub(crate) fn contains(mail: &[u8], place: &Place, text: &str) -> bool {
    let message = Message::parse(mail);
    let sought = text.to_lowercase();
    let has = |found: &str| sought.is_empty() || found.to_lowercase().contains(&sought);
    let in_fields = |part: usize| message.fields(part).iter().any(|field| has(&message.value_text(field)));
    let in_body = |part: usize| {
        let leaf = message.parts().get(part).filter(|part| !part.is_container());
        leaf.is_some_and(|leaf| leaf.media_type.is_text() && has(&message.text(part)))
    };
    let parts = 0..message.parts().len();
    match place {
        Place::Field(name) => message.fields_named(0, name).any(|field| has(&message.value_text(field))),
        Place::Body => parts.clone().any(|part| in_body(part) || (part > 0 && in_fields(part))),
        Place::Everywhere => parts.clone().any(|part| in_fields(part) || in_body(part)),
    }
}

/// The day of the Date field, time and zone disregarded, as days since 1970-01-01.
pub(crate) fn day_of_sending(header: &[u8]) -> Option<i64> {
    let date = Message::parse(header).date()?;
    Some(days_from_civil(date.year.into(), date.month.into(), date.day.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_sought_decoded_and_in_any_case() {
        let mail = "Subject: =?utf-8?B?5oql5ZGK?= Q3\r\nDate: Tue, 3 Feb 2026 23:59:00 -0800\r\n\
            Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n5L2g5aW9IFdvcmxk\r\n";
        let field = |name: &str| Place::Field(name.into());
        for (place, text, expected) in [
            (field("subject"), "报告 q3", true),
            (field("Subject"), "world", false),
            (field("To"), "", false),
            (field("Date"), "", true),
            (Place::Body, "你好 WORLD", true),
            (Place::Body, "报告", false),
            (Place::Everywhere, "报告", true),
            (Place::Everywhere, "5L2g", false),
        ] {
            assert_eq!(contains(mail.as_bytes(), &place, text), expected, "{place:?} {text:?}");
        }
        assert_eq!(day_of_sending(mail.as_bytes()), Some(days_from_civil(2026, 2, 3)));
        assert_eq!(day_of_sending(b"Subject: x\r\n\r\n"), None);
    }
}
