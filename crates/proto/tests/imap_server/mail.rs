//! Mail for the tests, and a reader that is just good enough for it.

use hongyan_proto::imap::server::structure::{Address, Envelope, Inside, Part};

/// The message of RFC 3501 §8 (its body is made up).
pub(crate) const TERRY: &str = "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n\
    From: Terry Gray <gray@cac.washington.edu>\r\n\
    Subject: IMAP4rev1 WG mtg summary and minutes\r\n\
    To: imap@cac.washington.edu\r\n\
    cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n\
    Message-Id: <B27397-0100000@cac.washington.edu>\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\
    \r\n\
    Minutes.\r\n\
    Nothing was decided.\r\n";

/// Two parts, the second of them a message.
pub(crate) const NESTED: &str = "From: Joe <joe@example.com>\r\n\
    Subject: forwarded\r\n\
    Content-Type: multipart/mixed; boundary=XX\r\n\
    \r\n\
    --XX\r\n\
    Content-Type: text/plain\r\n\
    \r\n\
    see below\r\n\
    --XX\r\n\
    Content-Type: message/rfc822\r\n\
    \r\n\
    Subject: inner\r\n\
    From: Ann <ann@example.com>\r\n\
    \r\n\
    hello\r\n\
    --XX--\r\n";

/// One line, and raw UTF-8 in its header.
pub(crate) const SHORT: &str =
    "Subject: 你好\r\nFrom: a@b\r\nDate: Tue, 6 Feb 2024 00:00:00 +0000\r\n\r\nhi\r\n";

/// Header (with its empty line) and body.
pub(crate) fn split(octets: &[u8]) -> (&[u8], &[u8]) {
    let at = octets.windows(4).position(|four| four == b"\r\n\r\n").map_or(octets.len(), |at| at + 4);
    octets.split_at(at)
}

/// The fields: name, text, and the octets that they are.
pub(crate) fn fields(header: &[u8]) -> Vec<(String, String, Vec<u8>)> {
    let mut all: Vec<(String, String, Vec<u8>)> = Vec::new();
    for line in header.split_inclusive(|&b| b == b'\n') {
        let text = String::from_utf8_lossy(line).trim_end().to_string();
        if line.starts_with(b" ") {
            let last = all.last_mut().expect("a field comes first");
            last.1.push_str(&text);
            last.2.extend_from_slice(line);
        } else if let Some((name, value)) = text.split_once(':') {
            all.push((name.to_string(), value.trim().to_string(), line.to_vec()));
        }
    }
    all
}

fn field(octets: &[u8], name: &str) -> Option<Vec<u8>> {
    let fields = fields(split(octets).0);
    fields.into_iter().find(|field| field.0.eq_ignore_ascii_case(name)).map(|field| field.1.into_bytes())
}

fn addresses(octets: &[u8], name: &str) -> Vec<Address> {
    let Some(list) = field(octets, name) else { return Vec::new() };
    let list = String::from_utf8(list).expect("text");
    let address = |one: &str| {
        let (name, address) = match one.trim().split_once(" <") {
            Some((name, address)) => (Some(name.as_bytes().to_vec()), address.trim_end_matches('>')),
            None => (None, one.trim()),
        };
        let (mailbox, host) = address.split_once('@').expect("an address");
        Address { name, mailbox: Some(mailbox.into()), host: Some(host.into()) }
    };
    list.split(',').map(address).collect()
}

pub(crate) fn envelope(octets: &[u8]) -> Envelope {
    Envelope {
        date: field(octets, "Date"),
        subject: field(octets, "Subject"),
        from: addresses(octets, "From"),
        to: addresses(octets, "To"),
        cc: addresses(octets, "Cc"),
        message_id: field(octets, "Message-Id"),
        ..Envelope::default()
    }
}

pub(crate) fn structure(octets: &[u8]) -> Part {
    let (_, body) = split(octets);
    let kind = field(octets, "Content-Type").unwrap_or(b"text/plain".into());
    let kind = String::from_utf8(kind).expect("text");
    let mut pieces = kind.split(';').map(str::trim);
    let (media, subtype) = pieces.next().and_then(|t| t.split_once('/')).expect("a type");
    let params: Vec<_> =
        pieces.filter_map(|p| p.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect();
    let inside = match media {
        "multipart" => Inside::Parts(
            parts(octets).into_iter().map(|(at, len)| structure(&octets[at..at + len])).collect(),
        ),
        "message" => Inside::Message(Box::new((envelope(body), structure(body)))),
        _ => Inside::Leaf,
    };
    Part {
        media: media.into(),
        subtype: subtype.into(),
        params,
        octets: body.len() as u64,
        lines: body.iter().filter(|&&b| b == b'\n').count() as u64,
        inside,
        ..Part::default()
    }
}

/// Where the parts of a multipart lie.
pub(crate) fn parts(octets: &[u8]) -> Vec<(usize, usize)> {
    let text = std::str::from_utf8(octets).expect("text");
    let Some((_, boundary)) = text.split_once("boundary=") else { return Vec::new() };
    let mark = format!("--{}", boundary.lines().next().expect("a line"));
    let marks: Vec<_> = text.match_indices(&mark).map(|(at, _)| at).collect();
    let between = |two: &[usize]| {
        let from = two[0] + mark.len() + 2;
        // The line end before a boundary belongs to it.
        (from, two[1] - 2 - from)
    };
    marks.windows(2).map(between).collect()
}

/// A part, and where it begins.
pub(crate) fn part(octets: &[u8], way: &[u32]) -> Option<(usize, usize)> {
    let (mut at, mut len) = (0, octets.len());
    for (depth, &number) in way.iter().enumerate() {
        let here = &octets[at..at + len];
        let kind = field(here, "Content-Type").unwrap_or_default();
        if kind.starts_with(b"message/") && depth > 0 {
            let header = split(here).0.len();
            (at, len) = (at + header, len - header);
        }
        let inner = parts(&octets[at..at + len]);
        if inner.is_empty() && number == 1 {
            continue;
        }
        let (from, n) = *inner.get(number as usize - 1)?;
        (at, len) = (at + from, n);
    }
    Some((at, len))
}
