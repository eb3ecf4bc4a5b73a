//! What the composing tests share: drafts to start from, random values, a strict look at the bytes, and
//! messages as mail-parser, an independent reader, sees them.

use hongyan_mime::address::{Address, Mailbox};
use hongyan_mime::compose::{BodyKind, Date, Draft, Encoder, Offered};
use hongyan_mime::read::Message;
use mail_parser::{Encoding, MessageParser, MimeHeaders, PartType};
use proptest::prelude::*;
use std::io::Read;

pub(crate) const NOTHING: Offered = Offered { eight_bit: false, binary: false, utf8: false };
pub(crate) const EIGHT: Offered = Offered { eight_bit: true, binary: false, utf8: false };

pub(crate) fn mailbox(name: &str, address: &str) -> Mailbox {
    Mailbox { name: Some(name.to_owned()).filter(|n| !n.is_empty()), address: address.to_owned() }
}

pub(crate) fn to(address: &str) -> Vec<Address> {
    vec![Address::Mailbox(mailbox("", address))]
}

/// The least that a message needs.
pub(crate) fn draft() -> Draft {
    Draft {
        from: vec![mailbox("", "a@example.com")],
        to: to("b@example.com"),
        date: Some(Date { seconds: 1_763_579_340, offset_minutes: 480 }),
        message_id: Some("1@example.com".to_owned()),
        ..Draft::default()
    }
}

pub(crate) fn read_all(encoder: &mut Encoder) -> Vec<u8> {
    let mut bytes = Vec::new();
    encoder.read_to_end(&mut bytes).expect("nothing changes while it is read");
    bytes
}

/// The message, whose length must be the one announced, and which must pass [`lint`].
pub(crate) fn compose(draft: &Draft, offered: Offered) -> Vec<u8> {
    let mut encoder = draft.encoder(offered).expect("a good draft");
    let bytes = read_all(&mut encoder);
    assert_eq!(bytes.len() as u64, encoder.len());
    lint(&bytes, encoder.body_kind(), encoder.needs_utf8());
    bytes
}

pub(crate) fn text_of(draft: &Draft) -> String {
    String::from_utf8(compose(draft, NOTHING)).expect("7-bit")
}

/// The header section, unfolded: one line a field.
pub(crate) fn fields(message: &[u8]) -> Vec<String> {
    let end = message.windows(4).position(|w| w == b"\r\n\r\n").expect("an empty line");
    let header = std::str::from_utf8(&message[..end]).expect("UTF-8 at most");
    let unfolded = header.replace("\r\n ", " ").replace("\r\n\t", "\t");
    unfolded.split("\r\n").map(str::to_owned).collect()
}

pub(crate) fn field(message: &[u8], name: &str) -> Option<String> {
    let prefix = format!("{name}:");
    let mut found =
        fields(message).into_iter().filter_map(|f| f.strip_prefix(&prefix).map(|v| v.trim().to_owned()));
    let value = found.next();
    assert_eq!(found.next(), None, "{name} is there twice");
    value
}

/// What every message must be like, whoever reads it.
pub(crate) fn lint(message: &[u8], kind: BodyKind, utf8: bool) {
    assert!(message.ends_with(b"\r\n"), "the last line has no end");
    let header_end = message.windows(4).position(|w| w == b"\r\n\r\n").expect("an empty line") + 2;
    let header = &message[..header_end];
    assert!(utf8 || header.is_ascii(), "the header is not ASCII");
    for line in header.split(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        assert!(line.len() <= 998, "a header line of {} bytes", line.len());
        assert!(!line.contains(&b'\r') && !line.contains(&0), "a control character in a header");
        assert!(
            line.is_empty() || !line.iter().all(|b| matches!(b, b' ' | b'\t')),
            "a folded line of blanks"
        );
        for word in line.split(|b| matches!(b, b' ' | b'\t' | b'"')).filter(|w| w.starts_with(b"=?utf-8?")) {
            let word = word.strip_suffix(b";").unwrap_or(word);
            assert!(word.len() <= 75, "an encoded word of {} characters", word.len());
        }
    }
    let lower = header.to_ascii_lowercase();
    assert!(!lower.starts_with(b"bcc:") && !lower.windows(6).any(|w| w == b"\r\nbcc:"), "Bcc is there");
    if kind == BodyKind::Binary {
        return;
    }
    assert!(kind == BodyKind::EightBit || message.is_ascii(), "8-bit bytes in a 7-bit message");
    assert!(!message.contains(&0), "NUL");
    for line in message.split_inclusive(|b| *b == b'\n') {
        let Some(line) = line.strip_suffix(b"\r\n") else {
            panic!("a lone LF: {:?}", line.escape_ascii().to_string());
        };
        assert!(!line.contains(&b'\r'), "a lone CR");
        assert!(line.len() <= 998, "a line of {} bytes", line.len());
    }
}

/// A message as a reader sees it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) subject: Option<String>,
    pub(crate) from: Vec<Mailbox>,
    pub(crate) sender: Vec<Mailbox>,
    pub(crate) reply_to: Vec<Address>,
    pub(crate) to: Vec<Address>,
    pub(crate) cc: Vec<Address>,
    pub(crate) date: Option<i64>,
    pub(crate) message_id: Option<String>,
    pub(crate) in_reply_to: Vec<String>,
    pub(crate) references: Vec<String>,
    pub(crate) keywords: Vec<String>,
    /// `mixed(text/plain, image/png)`
    pub(crate) shape: String,
    pub(crate) leaves: Vec<Leaf>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Leaf {
    pub(crate) essence: String,
    pub(crate) charset: Option<String>,
    pub(crate) disposition: Option<String>,
    pub(crate) file_name: Option<String>,
    pub(crate) content_id: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

fn addresses(value: Option<&mail_parser::Address<'_>>) -> Vec<Address> {
    let mailbox = |a: &mail_parser::Addr<'_>| Mailbox {
        name: a.name.as_ref().map(|n| n.to_string()),
        address: a.address.as_ref().map_or(String::new(), |a| a.to_string()),
    };
    match value {
        None => Vec::new(),
        Some(mail_parser::Address::List(list)) => list.iter().map(mailbox).map(Address::Mailbox).collect(),
        Some(mail_parser::Address::Group(groups)) => {
            let mut all = Vec::new();
            for group in groups {
                let members: Vec<Mailbox> = group.addresses.iter().map(mailbox).collect();
                match &group.name {
                    Some(name) => all.push(Address::Group { name: name.to_string(), members }),
                    None => all.extend(members.into_iter().map(Address::Mailbox)),
                }
            }
            all
        }
    }
}

fn mailboxes(list: Vec<Address>) -> Vec<Mailbox> {
    list.into_iter()
        .flat_map(|a| match a {
            Address::Mailbox(m) => vec![m],
            Address::Group { members, .. } => members,
        })
        .collect()
}

fn strings(value: &mail_parser::HeaderValue<'_>) -> Vec<String> {
    match value {
        mail_parser::HeaderValue::Text(one) => vec![one.to_string()],
        mail_parser::HeaderValue::TextList(list) => list.iter().map(|s| s.to_string()).collect(),
        _ => Vec::new(),
    }
}

fn essence(part: &mail_parser::MessagePart<'_>) -> String {
    let found = part.content_type().map(|t| format!("{}/{}", t.ctype(), t.subtype().unwrap_or("")));
    found.unwrap_or_else(|| "text/plain".to_owned())
}

/// Reads a message with this crate's own reader, which must find nothing to remark on.
pub(crate) fn ours(message: &[u8]) -> Seen {
    let read = Message::parse(message);
    let findings: Vec<String> =
        read.findings().iter().map(|f| format!("{:?}: {}", f.code, f.text())).collect();
    assert_eq!(findings, Vec::<String>::new(), "{}", String::from_utf8_lossy(message));
    let list = |name: &str| read.address_list(0, name);
    let ids = |name: &str| {
        let field = read.field(0, name).map(|f| read.value_text(f)).unwrap_or_default();
        field.split_whitespace().map(|id| id.trim_matches(['<', '>']).to_owned()).collect()
    };
    let mut seen = Seen {
        subject: read.subject(),
        from: mailboxes(read.from()),
        sender: mailboxes(list("Sender")),
        reply_to: list("Reply-To"),
        to: read.to(),
        cc: read.cc(),
        date: read.date().map(|d| d.timestamp()),
        message_id: read.message_id(),
        in_reply_to: ids("In-Reply-To"),
        references: ids("References"),
        ..Seen::default()
    };
    seen.shape = walk_ours(&read, 0, &mut seen.leaves);
    seen
}

fn walk_ours(message: &Message<'_>, part: usize, leaves: &mut Vec<Leaf>) -> String {
    let this = &message.parts()[part];
    let essence = this.media_type.as_str().to_owned();
    if this.media_type.is_multipart() {
        let inner: Vec<String> = this.children.iter().map(|c| walk_ours(message, *c, leaves)).collect();
        return format!("{}({})", essence.trim_start_matches("multipart/"), inner.join(", "));
    }
    let text = |name: &str| message.field(part, name).map(|f| message.value_text(f));
    leaves.push(Leaf {
        essence: essence.clone(),
        charset: message.charset(part),
        disposition: message.disposition(part),
        file_name: message.file_name(part),
        content_id: text("Content-ID").map(|id| id.trim_matches(['<', '>']).to_owned()),
        description: text("Content-Description"),
        bytes: message.decoded(part).into_owned(),
    });
    essence
}

/// Reads a message with mail-parser.
pub(crate) fn seen(message: &[u8]) -> Seen {
    let parsed = MessageParser::new().parse(message).expect("mail-parser reads it");
    let mut seen = Seen {
        subject: parsed.subject().map(str::to_owned),
        from: mailboxes(addresses(parsed.from())),
        sender: mailboxes(addresses(parsed.sender())),
        reply_to: addresses(parsed.reply_to()),
        to: addresses(parsed.to()),
        cc: addresses(parsed.cc()),
        date: parsed.date().map(|d| d.to_timestamp()),
        message_id: parsed.message_id().map(str::to_owned),
        in_reply_to: strings(parsed.in_reply_to()),
        references: strings(parsed.references()),
        keywords: strings(parsed.keywords()),
        ..Seen::default()
    };
    seen.shape = walk(&parsed, 0, &mut seen.leaves);
    seen
}

fn walk(message: &mail_parser::Message<'_>, id: u32, leaves: &mut Vec<Leaf>) -> String {
    let part = message.part(id).expect("a part that its parent names");
    let essence = essence(part);
    if let PartType::Multipart(children) = &part.body {
        let inner: Vec<String> = children.iter().map(|c| walk(message, *c, leaves)).collect();
        return format!("{}({})", essence.trim_start_matches("multipart/"), inner.join(", "));
    }
    let charset = part.content_type().and_then(|t| t.attribute("charset")).map(str::to_owned);
    let bytes = match &part.body {
        PartType::Message(inner) => {
            inner.raw_message[inner.parts[0].offset_header as usize..part.offset_end as usize].to_vec()
        }
        // What is text in an unknown charset, it would decode as UTF-8.
        PartType::Text(_) if charset.is_none() => {
            let raw = &message.raw_message[part.offset_body as usize..part.offset_end as usize];
            match part.encoding {
                Encoding::Base64 => encodify::base64::MIME.decode(raw).expect("base64"),
                _ => raw.to_vec(),
            }
        }
        _ => part.contents().to_vec(),
    };
    leaves.push(Leaf {
        charset,
        disposition: part.content_disposition().map(|d| d.ctype().to_owned()),
        file_name: part.attachment_name().map(str::to_owned),
        content_id: part.content_id().map(str::to_owned),
        description: part.content_description().map(str::to_owned),
        essence: essence.clone(),
        bytes,
    });
    essence
}

/// Text for header fields: several scripts, what is awkward in headers, white space within.
pub(crate) fn header_text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        4 => "[!-~]{1,12}",
        2 => "[a-zA-Z0-9]{1,90}",
        2 => "[äöüßéàçñøœŽ]{1,20}",
        3 => "[中文邮件测试订单发货工资条请注意查收龍龘]{1,40}",
        1 => "(👩‍👩‍👧‍👦|👍🏽|🇨🇳|é|한글|שלום|привет){1,9}",
        1 => Just("=?utf-8?B?eA==?=".to_owned()),
        1 => "[\"\\\\()<>@,;:.\\[\\]]{1,8}",
    ];
    proptest::collection::vec((word, "( {1,3}|\t)"), 1..12).prop_map(|words| {
        let text: String = words.into_iter().map(|(word, gap)| word + &gap).collect();
        text.trim().to_owned()
    })
}

/// A display name, or none.
pub(crate) fn name() -> impl Strategy<Value = Option<String>> {
    // Runs of white space mean nothing in a phrase to mail-parser.
    let name = header_text().prop_map(|text| {
        let words: Vec<&str> = text.split_whitespace().take(4).collect();
        words.join(" ")
    });
    proptest::option::of(name)
}

pub(crate) fn any_mailbox() -> impl Strategy<Value = Mailbox> {
    let address =
        "[a-z][a-z0-9+_-]{0,12}(\\.[a-z0-9]{1,6})?@[a-z][a-z0-9-]{0,10}[a-z]\\.(com|example|co\\.uk)";
    (name(), address).prop_map(|(name, address)| Mailbox { name, address })
}

pub(crate) fn identifier() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9.+_=$-]{1,60}@[a-z0-9.-]{1,30}"
}

/// Body text: any script, any line ends, lines long and short.
pub(crate) fn body_text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        4 => "[ -~]{0,100}",
        2 => "[ -~äöüß]{0,100}",
        3 => "[中文邮件测试，。！ ]{0,60}",
        1 => Just("From here".to_owned()),
        1 => Just(".".to_owned()),
        1 => Just("--=_hy_0123456789abcdef_0001".to_owned()),
        1 => "[a-z]{500,1500}",
        1 => "[a-z]{0,20}[ \t]{1,3}",
    ];
    let end = prop_oneof![6 => Just("\n"), 3 => Just("\r\n"), 1 => Just("\r")];
    proptest::collection::vec((line, end), 0..20)
        .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect())
}

/// `text` with CRLF line ends.
pub(crate) fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}
