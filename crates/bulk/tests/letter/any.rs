//! Whatever stands in a cell, the letter has the fields and parts that its templates give it.

use std::sync::LazyLock;

use hongyan_bulk::letter::Maker;
use hongyan_mime::read::{Message, inspect};
use proptest::prelude::*;

use crate::place::{Place, letter, octets, row};

const CAMPAIGN: &str = "[message]\nsubject = \"工资 {{ a }}\"\ntext = \"t\"\nhtml = \"h\"\nreply-to = \"{{ b }} <r@example.org>\"\n\
[recipients]\nfile = \"recipients.csv\"\nto = \"{{ b }} <{{ c }}>\"\n[headers]\nX-A = \"{{ d }}\"\n";

static MAKER: LazyLock<Maker> = LazyLock::new(|| {
    let place = Place::new(CAMPAIGN)
        .with("t", "{{ a }}\n{{ b }}{{ c }}{{ d }}\n")
        .with("h", "<p title=\"{{ a }}\" id='{{ b }}'>{{ c }}</p><i>{{ d }}</i>");
    place.maker(&["a", "b", "c", "d"]).unwrap()
});

/// Texts that mean something somewhere.
fn cell() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        "[a-z0-9]{1,3}",
        "[{}%#<>\"'&;,:@=?\\\\ \\t\\r\\n.\\-_/()\\[\\]]",
        prop::sample::select(vec![
            "{{",
            "}}",
            "{%",
            "%}",
            "{{7*7}}",
            "{% include 'x' %}",
            "\r\n",
            "\r\nBcc: eve@example.org",
            "--=_hy_",
            "=?utf-8?Q?",
            "?=",
            "\0",
            "张三",
            "</p>",
            "<script>",
            "@example.org",
            " <eve@example.org>",
            ", ",
            "\u{f0000}",
            "\u{f0001}",
            "\u{202e}",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn no_cell_alters_a_letters_structure_or_its_fields(a in cell(), b in cell(), c in cell(), d in cell(), good in any::<bool>()) {
        let address = if good { "a@example.org" } else { &c };
        let row = row(5, &[&a, &b, address, &d]);
        let Ok(mut made) = letter(&MAKER, &row, &[]) else { return Ok(()) };
        let octets = octets(&mut made);
        let message = Message::parse(&octets);
        let mut names: Vec<String> = message
            .fields(0)
            .iter()
            .map(|field| String::from_utf8_lossy(&octets[field.name()]).into_owned())
            .filter(|name| name != "X-A")
            .collect();
        names.sort();
        prop_assert_eq!(names, ["Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Reply-To", "Subject", "To"]);
        let types: Vec<String> = message.parts().iter().map(|part| part.media_type.as_str().to_owned()).collect();
        prop_assert_eq!(types, ["multipart/alternative", "text/plain", "text/html"]);
        for (list, expected) in [(message.to(), None), (message.address_list(0, "Reply-To"), Some("r@example.org"))] {
            prop_assert_eq!(list.len(), 1);
            prop_assert_eq!(list[0].mailboxes().len(), 1);
            prop_assert!(expected.is_none_or(|expected| list[0].mailboxes()[0].address == expected));
        }
        if good {
            prop_assert!(message.to()[0].mailboxes()[0].address == "a@example.org");
        }
        // HTML keeps its two elements, whatever was put into them.
        let html = message.text(2);
        prop_assert_eq!(html.matches('<').count(), 4);
        prop_assert!(inspect(&octets).other_reading.is_none());
    }

    #[test]
    fn no_cell_leads_out_of_the_folder(path in cell()) {
        if let Ok(normal) = hongyan_bulk::campaign::normal(&path) {
            prop_assert!(!normal.starts_with('/') && normal.split('/').all(|name| !matches!(name, "" | "." | "..")));
            prop_assert!(!normal.chars().any(char::is_control));
        }
    }
}
