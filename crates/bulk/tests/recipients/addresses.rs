//! Addresses as people write them into cells.

use hongyan_bulk::recipients::{AddressProblem, Repair, addresses, addresses_with_repairs};
use hongyan_proto::address::Address;
use proptest::prelude::*;

fn read(cell: &str) -> Vec<(String, String)> {
    let list = addresses(cell).unwrap_or_else(|error| panic!("{cell:?}: {error}"));
    list.into_iter().map(|mailbox| (mailbox.name.unwrap_or_default(), mailbox.address)).collect()
}

fn problem(cell: &str) -> AddressProblem {
    addresses(cell).expect_err(cell).kind
}

#[test]
fn one_address_in_every_dress() {
    for (cell, name, address) in [
        ("zhang@example.org", "", "zhang@example.org"),
        ("  zhang@example.org\u{3000}", "", "zhang@example.org"),
        ("<zhang@example.org>", "", "zhang@example.org"),
        ("张三 <zhang@例子.example>", "张三", "zhang@例子.example"),
        ("张三<zhang@example.org>", "张三", "zhang@example.org"),
        ("张三＜zhang@example.org＞", "张三", "zhang@example.org"),
        ("\"Zhang, San\" <zhang@example.org>", "Zhang, San", "zhang@example.org"),
        ("“张三” <zhang@example.org>", "张三", "zhang@example.org"),
        ("\"A \\\"B\\\" C\" <a@example.org>", "A \"B\" C", "a@example.org"),
        ("张三 zhang@example.org", "张三", "zhang@example.org"),
        ("ｚｈａｎｇ＠example．org", "", "zhang@example.org"),
        ("zhang@example。org", "", "zhang@example.org"),
        ("mailto:zhang@example.org?subject=x", "", "zhang@example.org"),
        ("<mailto:zhang@example.org>", "", "zhang@example.org"),
        ("zhang@example.org.", "", "zhang@example.org"),
        ("zhang@example.org。", "", "zhang@example.org"),
        ("\u{200b}zhang@example.org\u{feff}", "", "zhang@example.org"),
        ("'zhang@example.org'", "", "zhang@example.org"),
        ("\"zhang@example.org\"", "", "zhang@example.org"),
        ("\"zhang san\"@example.org", "", "\"zhang san\"@example.org"),
        ("用户@例子.广告", "", "用户@例子.广告"),
        ("zhang@example.org,", "", "zhang@example.org"),
        ("zhang@[192.0.2.1]", "", "zhang@[192.0.2.1]"),
    ] {
        assert_eq!(read(cell), [(name.to_owned(), address.to_owned())], "{cell:?}");
    }
}

#[test]
fn several_addresses_with_every_separator() {
    for cell in [
        "a@example.org,b@example.org",
        "a@example.org; b@example.org;",
        "a@example.org，b@example.org",
        "a@example.org；b@example.org",
        "a@example.org、b@example.org",
        "a@example.org\nb@example.org",
        "a@example.org\r\n\r\nb@example.org",
        " , a@example.org ;; <b@example.org>",
    ] {
        let found: Vec<_> = read(cell).into_iter().map(|(_, address)| address).collect();
        assert_eq!(found, ["a@example.org", "b@example.org"], "{cell:?}");
    }
    assert_eq!(read(" \u{3000}\n"), [], "nothing is an empty list");
}

#[test]
fn what_is_no_address_is_said_so() {
    for (cell, expected) in [
        ("张三", AddressProblem::NoAt),
        ("zhang", AddressProblem::NoAt),
        ("a@example.org b@example.org", AddressProblem::NotSeparated),
        ("a@b@example.org", AddressProblem::NotSeparated),
        ("zhang@", AddressProblem::BadDomain),
        ("@example.org", AddressProblem::BadLocal),
        ("zhang@example..org", AddressProblem::BadDomain),
        ("zhang@-example.org", AddressProblem::BadDomain),
        ("zhang@exam ple.org", AddressProblem::Space),
        ("zhang @example.org", AddressProblem::Space),
        ("zhang..san@example.org", AddressProblem::BadLocal),
        ("\"zhang <a@example.org>", AddressProblem::OpenQuote),
        ("张三 <a@example.org", AddressProblem::OpenBracket),
        ("张三 a@example.org>", AddressProblem::OpenBracket),
        ("<a@example.org> 张三", AddressProblem::Trailing),
        ("a\0@example.org", AddressProblem::Control),
        ("a\u{7}@example.org", AddressProblem::Control),
        ("<a@exam\r\nple.org>", AddressProblem::OpenBracket),
        ("\"a\r\nBcc: x\" <a@example.org>", AddressProblem::OpenQuote),
    ] {
        assert_eq!(problem(cell), expected, "{cell:?}");
    }
    assert_eq!(problem(&format!("{}@example.org", "a".repeat(65))), AddressProblem::TooLong);
    assert_eq!(problem(&vec!["a@example.org"; 1001].join(",")), AddressProblem::TooMany);
    let error = addresses("好的, 张三").unwrap_err();
    assert!(error.said().zh.contains("好的") && error.said().en.contains("no @"), "{error}");
}

#[test]
fn every_repair_is_told_once() {
    for (cell, expected) in [
        ("a@example.org", vec![]),
        ("ａ＠example.org,ｂ＠example.org", vec![Repair::FullWidth]),
        ("mailto:a@example.org.", vec![Repair::MailTo, Repair::AtTheEnd]),
        ("\u{200b}张三 a@example.org", vec![Repair::Invisible, Repair::Brackets]),
        ("'a@example.org'", vec![Repair::Quotes]),
    ] {
        assert_eq!(addresses_with_repairs(cell).unwrap().1, expected, "{cell:?}");
    }
}

#[test]
fn an_international_domain_stays_and_goes_as_a_labels() {
    let address = &addresses("张三 <zhang@例子.example>").unwrap()[0].address;
    let address = Address::parse(address).unwrap();
    assert_eq!(address.to_ascii().unwrap(), "zhang@xn--fsqu00a.example");
}

proptest! {
    /// What comes out can stand in a header and in a command, whatever went in.
    #[test]
    fn whatever_is_read_is_an_address(cell in "(\\PC|[\r\n\0\t<>\"@,;，；、. \\\\]|zhang@example.org|张三){0,12}") {
        if let Ok(list) = addresses(&cell) {
            for mailbox in list {
                prop_assert!(Address::parse(&mailbox.address).is_ok(), "{:?}", mailbox);
                prop_assert!(!mailbox.name.unwrap_or_default().contains(char::is_control));
            }
        }
    }

    /// A list of plain mailboxes as we write them is read back as it was.
    #[test]
    fn what_was_written_is_read_back(names in proptest::collection::vec("[a-z\u{4e00}-\u{4e20}]{1,8}", 1..5)) {
        let cell: Vec<String> =
            names.iter().enumerate().map(|(at, name)| format!("{name} <a{at}@example.org>")).collect();
        let list = addresses(&cell.join("; ")).unwrap();
        let found: Vec<_> = list.into_iter().map(|mailbox| mailbox.name.unwrap()).collect();
        prop_assert_eq!(found, names);
    }
}
