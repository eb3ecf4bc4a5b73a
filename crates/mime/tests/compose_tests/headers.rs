//! Header fields: encoded words, folding, addresses, identifiers, file names.

use crate::support::*;
use hongyan_mime::address::{Address, Mailbox};
use hongyan_mime::compose::*;
use proptest::prelude::*;

fn with_subject(subject: &str) -> Draft {
    Draft { subject: Some(subject.to_owned()), ..draft() }
}

/// The subject's field as it stands in the message, folds and all.
fn subject_field(subject: &str) -> String {
    let text = text_of(&with_subject(subject));
    let start = text.find("Subject:").unwrap();
    let end = text[start..].find("\r\nMIME-Version").unwrap();
    text[start..start + end].to_owned()
}

#[test]
fn text_is_encoded_where_it_must_be_and_no_further() {
    let cases = [
        ("", "Subject:"),
        ("plain words", "Subject: plain words"),
        ("tab\tinside", "Subject: tab\tinside"),
        ("two  blanks", "Subject: two  blanks"),
        ("Your order 1 is on its way, Zoë", "Subject: Your order 1 is on its way, =?utf-8?Q?Zo=C3=AB?="),
        ("Zoë is here", "Subject: =?utf-8?Q?Zo=C3=AB?= is here"),
        ("a é b ü c", "Subject: a =?utf-8?B?w6kgYiDDvA==?= c"),
        ("é b c d e f g h i j ü", "Subject: =?utf-8?Q?=C3=A9_b_c_d_e_f_g_h_i_j_=C3=BC?="),
        ("工资条", "Subject: =?utf-8?B?5bel6LWE5p2h?="),
        ("a  b é", "Subject: =?utf-8?Q?a__b_=C3=A9?="),
        ("c é a\tb d", "Subject: c =?utf-8?B?w6kgYQli?= d"),
        (" blank first", "Subject: =?utf-8?Q?_blank?= first"),
        ("blank last ", "Subject: blank =?utf-8?Q?last_?="),
        ("  ", "Subject: =?utf-8?Q?__?="),
        (
            "looks =?utf-8?Q?encoded?= but is not",
            "Subject: looks =?utf-8?B?PT91dGYtOD9RP2VuY29kZWQ/PQ==?= but is not",
        ),
        ("bell \u{7}", "Subject: bell =?utf-8?Q?=07?="),
        ("escape \u{1b}[31m", "Subject: escape =?utf-8?Q?=1B[31m?="),
    ];
    for (subject, expected) in cases {
        assert_eq!(subject_field(subject), expected);
    }
}

#[test]
fn long_lines_are_folded_at_white_space_that_is_there() {
    let words = "word ".repeat(40);
    for line in subject_field(words.trim_end()).split("\r\n") {
        assert!(line.len() <= 78, "{line}");
    }
    let url = format!("see https://example.com/{} now", "x".repeat(200));
    assert_eq!(
        subject_field(&url),
        format!("Subject: see\r\n https://example.com/{}\r\n now", "x".repeat(200))
    );
    // One word that no line can hold.
    let long = "x".repeat(5000);
    let field = subject_field(&long);
    assert!(field.split("\r\n").all(|line| line.len() <= 78));
    assert_eq!(seen(&compose(&with_subject(&long), NOTHING)).subject.unwrap(), long);
    // White space that no line can hold.
    let gap = format!("a{}b", " ".repeat(2000));
    assert!(subject_field(&gap).split("\r\n").all(|line| line.len() <= 78));
    assert_eq!(seen(&compose(&with_subject(&gap), NOTHING)).subject.unwrap(), gap);
}

#[test]
fn the_longest_fields_take_no_longer_than_their_length_asks() {
    let len = MAX_FIELD - 8;
    let start = std::time::Instant::now();
    for piece in [" ", "\t", "a  ", "é  ", "a", "é", "\u{301}", "\u{200d}", "=?", "a b\t"] {
        let text = piece.repeat(len / piece.len());
        let mut draft = with_subject(&text);
        draft.from[0].name = Some(text.clone());
        draft.keywords = vec![text.clone()];
        draft.attachments = vec![Part::bytes(&text[..4000 / piece.len() * piece.len()], &b"x"[..])];
        compose(&draft, NOTHING);
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    let long = with_subject(&"x".repeat(MAX_FIELD + 1)).encoder(NOTHING);
    assert!(matches!(long, Err(ComposeError::TooLong { what: "a header field", .. })));
}

#[test]
fn encoded_words_are_cut_between_characters() {
    let family = "👩\u{200d}👩\u{200d}👧\u{200d}👦";
    for subject in
        ["中".repeat(200), "é".repeat(200), "e\u{301}".repeat(100), family.repeat(12), "👍🏽".repeat(50)]
    {
        let field = subject_field(&subject);
        let words: Vec<&str> = field.split_ascii_whitespace().skip(1).collect();
        assert!(words.len() > 2);
        for word in words {
            // Read alone, each word is whole characters: nothing is replaced.
            let alone = format!("Subject: {word}\r\n\r\n");
            let text = seen(alone.as_bytes()).subject.unwrap();
            assert!(!text.contains('\u{fffd}') && subject.contains(&text), "{word}");
            let first = text.chars().next().unwrap();
            assert!(!matches!(first, '\u{301}' | '\u{200d}' | '\u{1f3fd}'), "{word} begins with a mark");
        }
    }
}

#[test]
fn encoded_words_stand_one_on_a_line() {
    // mail-parser takes the space between two words of a quoted parameter for part of the name.
    let thumbs = format!("👍{}", "🏽".repeat(7));
    for lead in 0..60 {
        let name = format!("{}{}.png", "a".repeat(lead), thumbs.repeat(3));
        let message = named(&name, Names::EncodedWord);
        assert!(message.split("\r\n").all(|line| line.matches("=?utf-8?").count() <= 1), "{message}");
        assert_eq!(seen(message.as_bytes()).leaves[1].file_name.as_ref(), Some(&name));
    }
}

#[test]
fn names_and_addresses_are_written_as_readers_want_them() {
    let cases = [
        (("", "a@b.example"), "a@b.example"),
        (("Ann Bee", "a@b.example"), "Ann Bee <a@b.example>"),
        (("Bee, Ann", "a@b.example"), "\"Bee, Ann\" <a@b.example>"),
        (("J. \"Q\" \\", "a@b.example"), "\"J. \\\"Q\\\" \\\\\" <a@b.example>"),
        ((" padded ", "a@b.example"), "\" padded \" <a@b.example>"),
        (("王小明", "a@b.example"), "=?utf-8?B?546L5bCP5piO?= <a@b.example>"),
        (("=?utf-8?Q?x?=", "a@b.example"), "=?utf-8?B?PT91dGYtOD9RP3g/PQ==?= <a@b.example>"),
        (("", "\"a b\"@b.example"), "\"a b\"@b.example"),
        (("", "\"a..b\"@docomo.example"), "\"a..b\"@docomo.example"),
        (("", "o'neil=x/y@b.example"), "o'neil=x/y@b.example"),
        (("", "a@[127.0.0.1]"), "a@[127.0.0.1]"),
        (("", "a@例子.example"), "a@xn--fsqu00a.example"),
        (("", "a@Köln.Example"), "a@xn--kln-sna.example"),
    ];
    for ((name, address), expected) in cases {
        let draft = Draft { to: vec![Address::Mailbox(mailbox(name, address))], ..draft() };
        assert_eq!(field(&compose(&draft, NOTHING), "To").unwrap(), expected);
    }
    let group = Address::Group {
        name: "团队".into(),
        members: vec![mailbox("", "a@x.example"), mailbox("B", "b@x.example")],
    };
    let empty = Address::Group { name: "No One".into(), members: Vec::new() };
    let draft = Draft { to: vec![group, empty], ..draft() };
    let expected = "=?utf-8?B?5Zui6Zif?=: a@x.example, B <b@x.example>;, No One:;";
    assert_eq!(field(&compose(&draft, NOTHING), "To").unwrap(), expected);
}

#[test]
fn what_is_no_address_is_refused_by_name() {
    let bad = [
        "",
        "a",
        "@b.example",
        "a@",
        "a b@c.example",
        "a@b c.example",
        "a@b..example",
        "a@.example",
        "a@-b.example",
        "<a@b.example>",
        "a>@b.example",
        "a@b.example>",
        "a> ORCPT=x\"@d.example",
        "a@b@c.example",
        "(c)a@b.example",
        "\"a@b.example",
        "\"a\"b\"@c.example",
        "\"\\\"@c.example",
        "a@[1.2.3.4",
        "a@[]",
        "a@b;c",
        "a,b@c.example",
        "a@b.example,c@d.example",
        "a@\u{202e}b.example",
        "a..b@c.example",
        ".a@b.example",
        "a.@b.example",
        "Ann <a@b.example>",
        " a@b.example",
        "a@b.example ",
        "a@b-.example",
        "a@b+c.example",
    ];
    for address in bad {
        let result = Draft { to: to(address), ..draft() }.encoder(NOTHING);
        match result {
            Err(ComposeError::Address { field: "To", address: named, .. }) => assert_eq!(named, address),
            other => panic!("{address:?}: {other:?}"),
        }
    }
    let long = format!("{}@b.example", "a".repeat(250));
    assert!(matches!(Draft { to: to(&long), ..draft() }.encoder(NOTHING), Err(ComposeError::Address { .. })));
}

#[test]
fn utf8_stands_in_a_header_only_when_an_address_needs_it() {
    let offered = Offered { utf8: true, ..EIGHT };
    let plain = Draft { subject: Some("Grüße".into()), to: to("a@例子.example"), ..draft() };
    assert!(!plain.encoder(offered).unwrap().needs_utf8());
    let local =
        Draft { to: vec![Address::Mailbox(mailbox("Zoë", "用户@例子.example"))], ..plain.clone() };
    let encoder = local.encoder(offered).unwrap();
    assert!(encoder.needs_utf8());
    assert_eq!(encoder.body_kind(), BodyKind::EightBit);
    let message = compose(&local, offered);
    assert_eq!(field(&message, "To").unwrap(), "\"Zoë\" <用户@例子.example>");
    assert_eq!(field(&message, "Subject").unwrap(), "Grüße");
    match local.encoder(NOTHING) {
        Err(ComposeError::NeedsUtf8 { field: "To", address }) => assert_eq!(address, "用户@例子.example"),
        other => panic!("{other:?}"),
    }
    // A blind copy needs it of the server, and not of the header.
    let blind = Draft { bcc: to("用户@x.example"), ..plain };
    assert!(matches!(blind.encoder(NOTHING), Err(ComposeError::NeedsUtf8 { field: "Bcc", .. })));
    assert!(!blind.encoder(offered).unwrap().needs_utf8());
}

#[test]
fn fields_that_a_message_needs_are_asked_for() {
    let missing = |draft: Draft| match draft.encoder(NOTHING) {
        Err(ComposeError::Missing { field }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(missing(Draft { from: Vec::new(), ..draft() }), "From");
    assert_eq!(missing(Draft { date: None, ..draft() }), "Date");
    let two = Draft { from: vec![mailbox("", "a@x.example"), mailbox("", "b@x.example")], ..draft() };
    assert_eq!(missing(two.clone()), "Sender");
    let sent = Draft { sender: Some(mailbox("", "c@x.example")), ..two };
    assert_eq!(field(&compose(&sent, NOTHING), "Sender").unwrap(), "c@x.example");
    let same = Draft { sender: Some(draft().from.remove(0)), ..draft() };
    assert_eq!(field(&compose(&same, NOTHING), "Sender"), None);
    let date = Some(Date { seconds: i64::MAX, offset_minutes: 0 });
    assert!(matches!(Draft { date, ..draft() }.encoder(NOTHING), Err(ComposeError::Date)));
}

#[test]
fn further_fields_are_written_and_structural_ones_refused() {
    let with =
        |name: &str, value: &str| Draft { extra: vec![(name.to_owned(), value.to_owned())], ..draft() };
    let message = compose(&with("X-Mailer", "Hongyan 鸿雁"), NOTHING);
    assert_eq!(field(&message, "X-Mailer").unwrap(), "Hongyan =?utf-8?B?6bi/6ZuB?=");
    for name in [
        "From",
        "to",
        "CC",
        "Bcc",
        "Resent-Bcc",
        "Sender",
        "Reply-To",
        "Subject",
        "Date",
        "Message-ID",
        "In-Reply-To",
        "References",
        "Keywords",
        "MIME-Version",
        "Content-Type",
        "content-transfer-encoding",
        "Content-Anything",
    ] {
        let result = with(name, "x").encoder(NOTHING);
        assert!(matches!(result, Err(ComposeError::ReservedHeader { .. })), "{name}: {result:?}");
    }
    for name in ["", " ", "X Y", "X:", "X-Ü", "X\t", "X\u{7f}", &"x".repeat(77)] {
        let result = with(name, "x").encoder(NOTHING);
        assert!(matches!(result, Err(ComposeError::HeaderName { .. })), "{name:?}: {result:?}");
    }
}

#[test]
fn keywords_are_phrases() {
    let words = ["plain", "two words", "with, comma", "关键词", "a.b"];
    let message = compose(&Draft { keywords: words.map(str::to_owned).to_vec(), ..draft() }, NOTHING);
    let expected = "plain, two words, \"with, comma\", =?utf-8?B?5YWz6ZSu6K+N?=, \"a.b\"";
    assert_eq!(field(&message, "Keywords").unwrap(), expected);
}

#[test]
fn identifiers_are_written_in_brackets_and_checked() {
    let mut draft = Draft { message_id: Some("<a@b>".into()), in_reply_to: vec!["c@d".into()], ..draft() };
    draft.references = (0..40).map(|i| format!("reference.number.{i}@example.com")).collect();
    let message = compose(&draft, NOTHING);
    assert_eq!(field(&message, "Message-ID").unwrap(), "<a@b>");
    assert_eq!(field(&message, "In-Reply-To").unwrap(), "<c@d>");
    assert_eq!(seen(&message).references, draft.references);
    for bad in ["", "<>", "a b@c", "a@b> <c@d", "<a@b", "ü@x", "a\u{7f}@b", &"x".repeat(901)] {
        for field in ["Message-ID", "In-Reply-To", "References"] {
            let mut draft = draft.clone();
            match field {
                "Message-ID" => draft.message_id = Some(bad.to_owned()),
                "In-Reply-To" => draft.in_reply_to.push(bad.to_owned()),
                _ => draft.references.push(bad.to_owned()),
            }
            match draft.encoder(NOTHING) {
                Err(ComposeError::Identifier { field: named, .. }) => assert_eq!(named, field),
                other => panic!("{bad:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_stamp_fills_in_what_is_not_set() {
    use std::time::{Duration, UNIX_EPOCH};
    let now = UNIX_EPOCH + Duration::from_secs(1_763_579_340);
    let stamped = |domain: &str| {
        let mut draft = Draft { date: None, message_id: None, ..draft() };
        draft.stamp(now, 480, domain, [1, 2]);
        compose(&draft, NOTHING);
        draft.message_id.unwrap()
    };
    assert_eq!(stamped("example.com"), "691e15cc.00000000000000010000000000000002@example.com");
    assert!(stamped("例子.example").ends_with("@xn--fsqu00a.example"));
    for bad in ["", "a b", "a\r\nb", "<x>"] {
        assert!(stamped(bad).ends_with("@localhost"), "{bad:?}");
    }
    let mut own = draft();
    own.stamp(now, 0, "example.com", [1, 2]);
    assert_eq!((own.date, own.message_id), (draft().date, draft().message_id));
}

fn named(name: &str, names: Names) -> String {
    let attachments = vec![Part::bytes(name, &b"\0"[..])];
    text_of(&Draft { text: Some("x".into()), attachments, names, ..draft() })
}

#[test]
fn file_names_are_written_as_asked() {
    let plain = named("report 1.pdf", Names::Both);
    assert!(plain.contains("Content-Type: application/pdf; name=\"report 1.pdf\"\r\n"));
    assert!(plain.contains("Content-Disposition: attachment; filename=\"report 1.pdf\"\r\n"));
    let both = named("工资条.pdf", Names::Both);
    assert!(both.contains("Content-Type: application/pdf; name=\"=?utf-8?B?5bel6LWE5p2hLnBkZg==?=\"\r\n"));
    assert!(both.contains(
        "Content-Disposition: attachment;\r\n filename*=utf-8''%E5%B7%A5%E8%B5%84%E6%9D%A1.pdf\r\n"
    ));
    let rfc = named("工资条.pdf", Names::Rfc2231);
    assert!(
        rfc.contains("Content-Type: application/pdf\r\n")
            && rfc.contains("filename*=utf-8''%E5")
            && !rfc.contains("=?")
    );
    let words = named("工资条.pdf", Names::EncodedWord);
    assert!(words.contains("name=\"=?utf-8?B?5bel6LWE5p2hLnBkZg==?=\"\r\n"));
    assert!(words.contains("filename=\"=?utf-8?B?5bel6LWE5p2hLnBkZg==?=\"\r\n") && !words.contains("*="));
}

#[test]
fn file_names_of_any_kind_are_read_back_in_every_mode() {
    let names = [
        "a.txt",
        "a b.txt",
        "quote\".txt",
        "back\\slash",
        "semi;colon",
        "100%.txt",
        "it's",
        "a=b",
        "=?x?=.txt",
        "工资条 2025年11月.xlsx",
        "Übersicht für Zoë.pdf",
        "very long ascii name that does not fit on one line of a header by itself.tar.gz",
        "a\tb.txt",
        "trailing ",
        "🇨🇳👩\u{200d}👧.png",
    ];
    let long = "很长的文件名".repeat(30) + ".docx";
    for name in names.into_iter().chain([&long[..]]) {
        for mode in [Names::Both, Names::Rfc2231, Names::EncodedWord] {
            let message = named(name, mode);
            for line in message.split("\r\n") {
                assert!(line.len() <= 78, "{line}");
            }
            assert_eq!(
                seen(message.as_bytes()).leaves[1].file_name.as_deref(),
                Some(name),
                "{mode:?}\n{message}"
            );
        }
    }
    let too_long = Part::bytes("x".repeat(MAX_FILE_NAME + 1), &b""[..]);
    let result = Draft { attachments: vec![too_long], ..draft() }.encoder(NOTHING);
    assert!(matches!(result, Err(ComposeError::TooLong { what: "a file name", .. })));
}

proptest! {
    #[test]
    fn any_subject_is_read_back(subject in header_text()) {
        let message = compose(&with_subject(&subject), NOTHING);
        prop_assert_eq!(seen(&message).subject.unwrap_or_default(), subject);
    }

    #[test]
    fn unfolding_gives_back_what_was_written(subject in "[ -~\t]{0,300}") {
        let message = compose(&with_subject(&subject), NOTHING);
        let field = field(&message, "Subject").unwrap();
        if !field.contains("=?") {
            prop_assert_eq!(field, subject);
        }
    }

    #[test]
    fn any_name_is_read_back(from in any_mailbox(), list in proptest::collection::vec(any_mailbox(), 1..6)) {
        let to: Vec<Address> = list.into_iter().map(Address::Mailbox).collect();
        let draft = Draft { from: vec![from.clone()], to: to.clone(), ..draft() };
        let seen = seen(&compose(&draft, NOTHING));
        prop_assert_eq!(seen.from, [from]);
        prop_assert_eq!(seen.to, to);
    }

    #[test]
    fn raw_utf8_headers_are_read_back(subject in header_text(), name in name()) {
        let offered = Offered { utf8: true, ..EIGHT };
        let from = Mailbox { name, address: "用户@例子.example".to_owned() };
        let draft = Draft { from: vec![from.clone()], subject: Some(subject.clone()), ..draft() };
        let seen = seen(&compose(&draft, offered));
        prop_assert_eq!(seen.from, [from]);
        prop_assert_eq!(seen.subject.unwrap_or_default(), subject);
    }

    #[test]
    fn any_file_name_is_read_back(name in header_text(), mode in prop_oneof![Just(Names::Both), Just(Names::Rfc2231), Just(Names::EncodedWord)]) {
        prop_assert_eq!(seen(named(&name, mode).as_bytes()).leaves[1].file_name.clone().unwrap_or_default(), name);
    }
}
