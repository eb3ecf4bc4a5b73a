//! A mail of any words, names and octets: it is refused, or it becomes lines that every server takes and that read back
//! as what was written. Nothing of it becomes a header field, a part or an end of its own.
#![no_main]

use std::io::Read;

use hongyan_mime::address::Mailbox;
use hongyan_mime::compose::{Bytes, Date, Draft, Offered, Part, Text};
use hongyan_mime::read::Message;
use libfuzzer_sys::fuzz_target;

/// Field names that the draft below may lead to, in lower case.
const FIELDS: [&str; 7] =
    ["date", "from", "subject", "x-further", "mime-version", "content-type", "content-transfer-encoding"];
/// RFC 5322 §2.1.1, without CRLF.
const MAX_LINE: usize = 998;

/// Words with one blank between them: white space is where lines fold, and a byte order mark is not a word's.
fn one_line(text: &str) -> String {
    text.replace('\u{feff}', "").split_whitespace().collect::<Vec<_>>().join(" ")
}

fuzz_target!(|input: (&str, &str, &str, &str, &str, &[u8], bool)| {
    let (name, subject, further, text, file, octets, eight_bit) = input;
    let draft = Draft {
        from: vec![Mailbox { name: Some(name.to_owned()), address: "a@example.org".to_owned() }],
        subject: Some(subject.to_owned()),
        date: Some(Date { seconds: 0, offset_minutes: 0 }),
        extra: vec![("X-Further".to_owned(), further.to_owned())],
        text: Some(Text::new(text)),
        attachments: vec![Part::bytes(file, Bytes::from(octets.to_vec()))],
        ..Draft::default()
    };
    let Ok(mut encoder) = draft.encoder(Offered { eight_bit, ..Offered::default() }) else { return };
    let (announced, mut raw) = (encoder.len(), Vec::new());
    encoder.read_to_end(&mut raw).expect("everything is in memory");
    assert_eq!(raw.len() as u64, announced, "the length was not the one announced");
    for line in raw.split_inclusive(|&b| b == b'\n') {
        let inner = line.strip_suffix(b"\r\n").expect("every line ends in CRLF");
        assert!(inner.len() <= MAX_LINE && !inner.contains(&b'\r') && !inner.contains(&0));
        assert!(eight_bit || inner.is_ascii());
    }

    let message = Message::parse(&raw);
    let name_of = |range: std::ops::Range<usize>| String::from_utf8_lossy(&raw[range]).to_ascii_lowercase();
    let names: Vec<String> = message.fields(0).iter().map(|field| name_of(field.name())).collect();
    assert!(names.iter().all(|n| FIELDS.contains(&n.as_str())), "{names:?}");
    assert_eq!(message.parts().len(), 3, "text and attachment in one multipart");
    assert_eq!(one_line(&message.subject().unwrap_or_default()), one_line(subject));
    assert_eq!(&*message.decoded(2), octets, "the attachment differs");
    let lines = |text: &str| {
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
        text.trim_end_matches('\n').to_owned()
    };
    assert_eq!(lines(&message.text(1)), lines(text), "the text differs");
});
