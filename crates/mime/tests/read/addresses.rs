//! How address lists are read: leniently from received mail, strictly from what a person types.

use hongyan_mime::address::{Address, AddressErrorKind, Mailbox, parse_list_strict};
use hongyan_mime::read::addresses;
use proptest::prelude::*;

use crate::fixtures::corpus;

/// A list in one line: `name <address>`, groups as `name:[…]`.
fn shown(list: &[Address]) -> String {
    let mailbox = |mailbox: &Mailbox| match &mailbox.name {
        Some(name) => format!("{name} <{}>", mailbox.address),
        None => format!("<{}>", mailbox.address),
    };
    let each = list.iter().map(|address| match address {
        Address::Mailbox(one) => mailbox(one),
        Address::Group { name, members } => {
            format!("{name}:[{}]", members.iter().map(mailbox).collect::<Vec<_>>().join(", "))
        }
    });
    each.collect::<Vec<_>>().join(", ")
}

#[test]
fn lists_of_real_mail_are_read() {
    // (rule, field value, what is read, findings)
    let cases: &[(&str, &str, &str, &[&str])] = &[
        ("a bare address", "a@b.c", "<a@b.c>", &[]),
        ("a name", "A B <a@b>", "A B <a@b>", &[]),
        ("a quoted name", "\"B, A\" <a@b>, c@d", "B, A <a@b>, <c@d>", &[]),
        ("quoted pairs", r#""A \"x\" \\" <a@b>"#, r#"A "x" \ <a@b>"#, &[]),
        ("words and quotes mixed", "A \"B. C\" D <a@b>", "A B. C D <a@b>", &[]),
        ("dots in a name (RFC 5322 §4.1)", "A. B. C <a@b>", "A. B. C <a@b>", &[]),
        ("raw UTF-8", "张三 <a@b.cn>, 李四 <李四@例子.中国>", "张三 <a@b.cn>, 李四 <李四@例子.中国>", &[]),
        ("an encoded word", "=?utf-8?B?5byg5LiJ?= <a@b>", "张三 <a@b>", &[]),
        ("encoded words joined", "=?utf-8?B?5byg?=\r\n =?utf-8?B?5LiJ?= <a@b>", "张三 <a@b>", &[]),
        ("an encoded word with a comma in it", "=?utf-8?Q?B,_A?= <a@b>", "B, A <a@b>", &[]),
        ("an encoded address adds no address", "=?utf-8?Q?x@y,_<z@w>?= <a@b>", "x@y, <z@w> <a@b>", &[]),
        ("an encoded word in quotes", "\"=?utf-8?B?5byg5LiJ?=\" <a@b>", "张三 <a@b>", &["word-in-quotes"]),
        ("a comment for a name (RFC 822)", "a@b (A B)", "A B <a@b>", &[]),
        ("comments anywhere, nested", "(x) A (y (z)) <a(c)@(d)b>", "A <a@b>", &[]),
        ("blanks around dots and at sign (§4.4)", "a . b @ c . d", "<a.b@c.d>", &[]),
        ("folding", "A\r\n B\r\n <a@b>", "A B <a@b>", &[]),
        ("a quoted local part", "\"a b\"@c", "<\"a b\"@c>", &[]),
        ("a quoted local part in brackets", "X <\"a>b\"@c>", "X <\"a>b\"@c>", &[]),
        ("a domain literal", "a@[127.0.0.1]", "<a@[127.0.0.1]>", &[]),
        ("an IPv6 literal", "<a@[IPv6:::1]>", "<a@[IPv6:::1]>", &[]),
        ("an empty path", "<>", "<>", &[]),
        ("a group", "G: A <a@b>, c@d;", "G:[A <a@b>, <c@d>]", &[]),
        ("an empty group", "undisclosed-recipients:;", "undisclosed-recipients:[]", &[]),
        ("a group among others", "x@y, G H: a@b;, z@w", "<x@y>, G H:[<a@b>], <z@w>", &[]),
        ("a group without an end", "G: a@b, c@d", "G:[<a@b>, <c@d>]", &[]),
        ("empty elements (§4.4)", ", a@b,, c@d,", "<a@b>, <c@d>", &[]),
        ("a route (§4.4)", "A <@x,@y:a@b>", "A <a@b>", &["address-route"]),
        ("semicolons for commas", "a@b; c@d", "<a@b>, <c@d>", &["address-semicolon"]),
        ("a bracket that is not closed", "A <a@b, c@d", "A <a@b>, <c@d>", &["address-brackets"]),
        ("a bracket too many", "A <a@b>>, c@d", "A <a@b>, <c@d>", &["address-brackets"]),
        ("doubled brackets", "A <<a@b>>", "A <a@b>", &["address-brackets"]),
        ("no brackets", "A B a@b", "A B <a@b>", &["address-brackets"]),
        ("no comma between two", "A <a@b> C <c@d>", "A <a@b>, C <c@d>", &["address-syntax"]),
        ("no comma between two bare ones", "a@b c@d", "<a@b>, <c@d>", &["address-syntax"]),
        ("a quote that is not closed", "\"A <a@b>, c@d", "A <a@b>, <c@d>", &["open-quote"]),
        ("a comment that is not closed", "A (x <a@b>", "A x <a@b>", &["address-syntax"]),
        ("the name behind", "<a@b> A", "A <a@b>", &[]),
        ("a name that is another address", "x@y <a@b>", "x@y <a@b>", &["address-two"]),
        ("a quoted name that is another address", "\"x@y\" <a@b>", "x@y <a@b>", &[]),
        ("no domain", "root", "<root>", &["address-no-domain"]),
        ("only a name", "\"A B\"", "A B <>", &["address-no-domain"]),
        ("mailto", "<mailto:a@b>", "<a@b>", &[]),
        ("nothing", " \r\n ", "", &[]),
    ];
    for (rule, value, expected, findings) in cases {
        let (list, codes) = addresses(value);
        assert_eq!(shown(&list), *expected, "{rule}");
        assert_eq!(codes.iter().map(|code| code.name()).collect::<Vec<_>>(), *findings, "{rule}");
    }
}

#[test]
fn what_a_person_types_is_read_strictly() {
    // (input, what is read)
    let accepted: &[(&str, &str)] = &[
        ("a@b", "<a@b>"),
        ("  a@b.example  ", "<a@b.example>"),
        ("<a@b>", "<a@b>"),
        ("张三 <a@b.cn>", "张三 <a@b.cn>"),
        ("\"Q, R\" <x@y>", "Q, R <x@y>"),
        ("J. R. Smith <x@y>", "J. R. Smith <x@y>"),
        ("O'Neil-1 <x@y>", "O'Neil-1 <x@y>"),
        ("\"a \\\"b\\\"\" < x@y >", "a \"b\" <x@y>"),
        ("\"a b\"@c", "<\"a b\"@c>"),
        ("李四@例子.中国", "<李四@例子.中国>"),
        ("a+tag=1@b-c.d_e", "<a+tag=1@b-c.d_e>"),
        ("a@[192.0.2.1]", "<a@[192.0.2.1]>"),
        ("a@[IPv6:2001:db8::1]", "<a@[IPv6:2001:db8::1]>"),
    ];
    for (input, expected) in accepted {
        let mailbox = Mailbox::parse(input).unwrap_or_else(|error| panic!("{input}: {error}"));
        assert_eq!(shown(&[Address::Mailbox(mailbox)]), *expected, "{input}");
    }
    // (input, what is wrong, at which character)
    let refused: &[(&str, AddressErrorKind, usize)] = &[
        ("", AddressErrorKind::Empty, 1),
        ("   ", AddressErrorKind::Empty, 4),
        ("a", AddressErrorKind::NoDomain, 2),
        ("张三", AddressErrorKind::NoDomain, 3),
        ("@b", AddressErrorKind::BadLocal, 1),
        ("a.@b", AddressErrorKind::BadLocal, 3),
        ("a..b@c", AddressErrorKind::BadLocal, 3),
        ("a b@c", AddressErrorKind::NoDomain, 2),
        ("a@", AddressErrorKind::BadDomain, 3),
        ("a@b.", AddressErrorKind::BadDomain, 5),
        ("a@.b", AddressErrorKind::BadDomain, 3),
        ("a@-b", AddressErrorKind::BadDomain, 3),
        ("a@b c", AddressErrorKind::Trailing, 5),
        ("a@b, c@d", AddressErrorKind::Trailing, 4),
        ("a@b> RCPT", AddressErrorKind::Trailing, 4),
        ("<a@b", AddressErrorKind::OpenBracket, 1),
        ("x <a@b> y", AddressErrorKind::Trailing, 9),
        ("Q, R <x@y>", AddressErrorKind::NoDomain, 2),
        ("Q (x) <x@y>", AddressErrorKind::NeedsQuotes, 3),
        ("\"Q <x@y>", AddressErrorKind::OpenQuote, 1),
        ("a@[1.2.3.4", AddressErrorKind::BadDomain, 11),
        ("a@b\r\nBcc: c@d", AddressErrorKind::Control, 4),
        ("张三\n <a@b>", AddressErrorKind::Control, 3),
        ("\"a\0\" <a@b>", AddressErrorKind::Control, 3),
        ("a@b\u{85}", AddressErrorKind::Control, 4),
        ("a\u{7f}@b", AddressErrorKind::Control, 2),
    ];
    for (input, kind, position) in refused {
        let error = Mailbox::parse(input).expect_err(input);
        assert_eq!((error.kind, error.position), (*kind, *position), "{input:?}");
        assert!(error.to_string().ends_with(&format!("(at character {position})")), "{input:?}");
    }
    let long = format!("{}@b", "a".repeat(65));
    assert_eq!(Mailbox::parse(&long).map_err(|error| error.kind), Err(AddressErrorKind::LocalTooLong));
    let long = format!("a@{}", "b.".repeat(150) + "c");
    assert_eq!(Mailbox::parse(&long).map_err(|error| error.kind), Err(AddressErrorKind::DomainTooLong));
    let long = format!("a@{}.c", "b".repeat(64));
    assert_eq!(Mailbox::parse(&long).map_err(|error| error.kind), Err(AddressErrorKind::DomainTooLong));
}

#[test]
fn lists_that_a_person_types() {
    for (input, expected) in [
        ("a@b, 张三 <c@d>", "<a@b>, 张三 <c@d>"),
        ("a@b; c@d", "<a@b>, <c@d>"),
        ("a@b，c@d；", "<a@b>, <c@d>"),
        ("a@b,", "<a@b>"),
        ("Team: a@b, \"C, D\" <c@d>;", "Team:[<a@b>, C, D <c@d>]"),
        ("x@y, Team: a@b;, z@w", "<x@y>, Team:[<a@b>], <z@w>"),
    ] {
        let list = parse_list_strict(input).unwrap_or_else(|error| panic!("{input}: {error}"));
        assert_eq!(shown(&list), expected, "{input}");
    }
    for (input, kind, position) in [
        ("", AddressErrorKind::Empty, 1),
        ("a@b,,c@d", AddressErrorKind::Empty, 5),
        ("a@b, c", AddressErrorKind::NoDomain, 7),
        ("Team: a@b", AddressErrorKind::OpenGroup, 10),
        ("a@b c@d", AddressErrorKind::Trailing, 5),
    ] {
        let error = parse_list_strict(input).expect_err(input);
        assert_eq!((error.kind, error.position), (kind, position), "{input:?}");
    }
}

#[test]
fn published_lists_of_addresses_are_told_apart() {
    let Some(folder) = corpus("published_lists_of_addresses_are_told_apart") else { return };
    // (file, what is appended to each line, lines told otherwise than the file has them)
    for (file, domain, valid, otherwise) in [
        // Four with comments outside the address, and a domain with an exclamation mark.
        ("mailbox_valid.txt", "", true, 5),
        // A domain of which only the decoding of its xn-- label would tell that it is none.
        ("mailbox_invalid.txt", "", false, 1),
        ("abridged_localpart_valid.txt", "@b.example", true, 0),
        ("abridged_localpart_invalid.txt", "@b.example", false, 0),
    ] {
        let text = std::fs::read_to_string(folder.join("address/mailgun+flanker").join(file))
            .expect("a list can be read");
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        let told = |line: &&str| Mailbox::parse(&format!("{line}{domain}")).is_ok() != valid;
        let wrong: Vec<_> = lines.filter(told).collect();
        assert_eq!(wrong.len(), otherwise, "{file}: {wrong:?}");
    }
}

proptest! {
    #[test]
    fn what_is_accepted_has_no_control_and_survives_being_shown(text in "[ -~张\r\n\0@<>,;:\"\\\\.()]{0,30}") {
        if let Ok(mailbox) = Mailbox::parse(&text) {
            prop_assert!(!mailbox.address.chars().any(char::is_control));
            prop_assert!(!mailbox.name.iter().any(|name| name.chars().any(char::is_control)));
            let again = Mailbox::parse(&mailbox.to_string());
            prop_assert_eq!(again.as_ref(), Ok(&mailbox), "{}", mailbox);
            // The lenient reader sees the same in what the strict one accepts.
            let (list, _) = addresses(&mailbox.to_string());
            prop_assert_eq!(list, vec![Address::Mailbox(mailbox)]);
        }
    }

    #[test]
    fn any_text_is_read_leniently(text in "(\\PC|[\r\n\t \"<>,;:@().=?\\\\]){0,60}") {
        addresses(&text);
        let _ = parse_list_strict(&text);
    }
}
