//! What queries find.

use hongyan_mailbox::index::{Index, Order};
use hongyan_mailbox::{Query, maildir::Flags};
use proptest::prelude::*;

use crate::place::{Place, found, mail, subjects};

/// A mailbox as somebody might have it.
fn mailbox(name: &str) -> (Place, Index) {
    let place = Place::new(name);
    place.put(
        "cur/1.x:2,S",
        &mail("季度报告", "王伟 <wang@example.cn>", 5, "附上第三季度的销售报告，请查收。"),
    );
    place.put(
        "cur/2.x:2,FRS",
        &mail("Café meeting", "Müller <mueller@example.de>", 10, "See you at the Zürich café."),
    );
    place.put(
        "new/3.x",
        &mail("会議の件", "田中 <tanaka@example.jp>", 15, "明日の会議はオンラインです。ﾃﾞｰﾀも送ります。"),
    );
    place.put(
        "cur/4.x:2,D",
        b"From: shop@example.com\r\nTo: Goose <goose@example.org>\r\nCc: copy@example.net\r\nSubject: Invoice\r\n\
          Date: 20 Jan 2026 00:30:00 +0800\r\nMessage-ID: <inv@shop>\r\nList-Id: News <news.shop.example>\r\n\
          References: <root@x> <mid@x>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
          --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Your <b>monthly</b> bill <script>evil()</script></p>\r\n\
          --b\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\n\
          Content-Disposition: attachment; filename*=utf-8''%E5%8F%91%E7%A5%A8.pdf\r\n\r\nx\r\n--b--\r\n",
    );
    place.put(
        ".Sent/cur/5.x:2,S",
        b"From: goose@example.org\r\nTo: wang@example.cn\r\nSubject: Re: thread\r\nDate: 21 Jan 2026 12:00:00 +0800\r\n\
          Message-ID: <reply@x>\r\nIn-Reply-To: <root@x>\r\n\r\nshort\r\n",
    );
    place.put(".Sent.2025/cur/6.x:2,S", &mail("last year", "goose@example.org", 1, "old 한국어 메일"));
    let (index, refreshed) = place.refreshed();
    assert_eq!((refreshed.added, refreshed.unread, refreshed.cut), (6, 0, 0));
    (place, index)
}

#[test]
fn each_condition_finds_what_it_says() {
    let (_place, index) = mailbox("conditions");
    for (query, subjects) in [
        ("", &["Re: thread", "Invoice", "会議の件", "Café meeting", "季度报告", "last year"][..]),
        ("报告", &["季度报告"]),
        ("销售报告", &["季度报告"]),
        ("告", &["季度报告"]),
        ("报", &["季度报告"]),
        ("售报", &["季度报告"]),
        ("报销", &[]),
        ("cafe", &["Café meeting"]),
        ("CAFÉ", &["Café meeting"]),
        ("zurich", &["Café meeting"]),
        ("caf", &[]),
        ("caf*", &["Café meeting"]),
        ("\"you at the\"", &["Café meeting"]),
        ("\"at you the\"", &[]),
        ("会議", &["会議の件"]),
        ("データ", &["会議の件"]),
        ("オンライン", &["会議の件"]),
        ("한국", &["last year"]),
        ("메", &["last year"]),
        ("monthly", &["Invoice"]),
        ("evil", &[]),
        ("subject:报告", &["季度报告"]),
        ("subject:销售", &[]),
        ("body:销售", &["季度报告"]),
        ("from:王", &["季度报告"]),
        ("from:muller", &["Café meeting"]),
        ("from:example.de", &["Café meeting"]),
        ("from:goose", &["Re: thread", "last year"]),
        ("to:goose", &["Invoice"]),
        ("to:copy@example.net", &["Invoice"]),
        ("cc:copy", &["Invoice"]),
        ("cc:goose", &[]),
        ("file:发票", &["Invoice"]),
        ("file:pdf", &["Invoice"]),
        ("list:news.shop", &["Invoice"]),
        ("has:attachment", &["Invoice"]),
        ("is:unread", &["Invoice", "会議の件"]),
        ("is:read -folder:Sent", &["Café meeting", "季度报告"]),
        ("is:flagged", &["Café meeting"]),
        ("is:answered", &["Café meeting"]),
        ("is:draft", &["Invoice"]),
        ("is:trashed", &[]),
        ("folder:Sent", &["Re: thread", "last year"]),
        ("folder:sent/2025", &["last year"]),
        ("folder:INBOX", &["Invoice", "会議の件", "Café meeting", "季度报告"]),
        ("folder:nowhere", &[]),
        ("id:inv@shop", &["Invoice"]),
        ("id:<inv@shop>", &["Invoice"]),
        ("id:INV@shop", &[]),
        ("thread:inv@shop", &["Re: thread", "Invoice"]),
        ("thread:root@x", &["Re: thread", "Invoice"]),
        ("larger:500", &["Invoice"]),
        ("smaller:180", &["Re: thread"]),
        ("from:wang OR from:shop", &["Invoice", "季度报告"]),
        ("-example", &[]),
        ("-is:unread -folder:Sent -cafe", &["季度报告"]),
        ("报告 OR is:flagged", &["Café meeting", "季度报告"]),
        ("(报告 OR cafe) from:example -from:王", &["Café meeting"]),
        ("-(报告 OR cafe) folder:INBOX", &["Invoice", "会議の件"]),
        ("NOT -报告", &["季度报告"]),
    ] {
        assert_eq!(found(&index, query), subjects, "{query}");
        let parsed = Query::parse(query).unwrap();
        let relevant = index.search(&parsed, Order::Relevance, 0, 100).unwrap();
        let mut sorted = (self::subjects(&relevant), subjects.to_vec());
        sorted.0.sort_unstable();
        sorted.1.sort_unstable();
        assert_eq!(sorted.0, sorted.1, "{query}, by relevance");
        assert_eq!(relevant.total, subjects.len() as u64, "{query}");
    }
}

#[test]
fn dates_are_days_of_the_local_zone() {
    let (_place, index) = mailbox("dates");
    let beijing = chrono::FixedOffset::east_opt(8 * 3600).unwrap();
    let now = chrono::DateTime::from_timestamp(1_768_917_600, 0).unwrap().with_timezone(&beijing);
    for (query, subjects) in [
        ("on:2026-01-20", &["Invoice"][..]),
        ("on:2026-01-19", &[]),
        ("after:2026-01-20", &["Re: thread", "Invoice"]),
        ("before:2026-01-20 after:2026-01-10", &["会議の件", "Café meeting"]),
        ("after:5d -folder:Sent", &["Invoice", "会議の件"]),
        ("on:2026-01 from:王", &["季度报告"]),
        ("before:2026", &[]),
    ] {
        let page = index.search(&Query::parse_at(query, &now).unwrap(), Order::Date, 0, 10).unwrap();
        assert_eq!(self::subjects(&page), subjects, "{query}");
    }
}

#[test]
fn a_mail_is_listed_with_what_a_list_shows() {
    let (_place, index) = mailbox("listed");
    let page = index.search(&Query::parse("id:inv@shop").unwrap(), Order::Date, 0, 1).unwrap();
    let mail = &page.mails[0];
    assert_eq!(mail.subject.as_deref(), Some("Invoice"));
    assert_eq!(mail.from.as_ref().map(|from| from.address.as_str()), Some("shop@example.com"));
    assert_eq!(mail.to.as_ref().and_then(|to| to.name.as_deref()), Some("Goose"));
    assert_eq!((mail.recipients, mail.attachments, mail.flags), (2, 1, Flags::DRAFT));
    assert_eq!((mail.date, mail.zone), (1_768_840_200, Some(480)));
    assert_eq!((mail.folder.as_str(), mail.message_id.as_deref()), ("INBOX", Some("inv@shop")));
    assert_eq!(mail.size, std::fs::metadata(&mail.path).unwrap().len());
}

#[test]
fn pages_follow_one_another() {
    let place = Place::new("pages");
    for number in 0..25 {
        place.put(&format!("new/{number:02}.x"), &mail(&format!("{number:02}"), "a@b", 1 + number, "x"));
    }
    let (index, _) = place.refreshed();
    for query in ["", "x", "is:unread", "folder:INBOX"] {
        let query = Query::parse(query).unwrap();
        let mut all = Vec::new();
        for offset in (0..30).step_by(10) {
            let page = index.search(&query, Order::Date, offset, 10).unwrap();
            assert_eq!(page.total, 25);
            all.extend(subjects(&page));
        }
        let expected: Vec<String> = (0..25).rev().map(|number| format!("{number:02}")).collect();
        assert_eq!(all, expected);
    }
}

#[test]
fn relevance_prefers_what_says_it_more() {
    let place = Place::new("relevance");
    place.put("new/1.x", &mail("once", "a@b", 20, &format!("budget {}", "filler ".repeat(200))));
    place.put("new/2.x", &mail("budget", "a@b", 1, "budget budget budget"));
    let (index, _) = place.refreshed();
    let query = Query::parse("budget").unwrap();
    assert_eq!(subjects(&index.search(&query, Order::Relevance, 0, 9).unwrap()), ["budget", "once"]);
    assert_eq!(subjects(&index.search(&query, Order::Date, 0, 9).unwrap()), ["once", "budget"]);
}

#[test]
fn relevance_costs_one_look_at_the_words_and_not_one_for_each_mail() {
    let place = Place::new("relevance-cost");
    for number in 0..10_000 {
        place.put(&format!("new/{number}.x"), &mail("s", "a@b", 1, "frequent words"));
    }
    let (index, _) = place.refreshed();
    let took = |order| {
        let begun = std::time::Instant::now();
        let query = Query::parse("frequent OR is:flagged").unwrap();
        assert_eq!(index.search(&query, order, 0, 10).unwrap().total, 10_000);
        begun.elapsed()
    };
    let (by_date, by_relevance) = (took(Order::Date), took(Order::Relevance));
    assert!(
        by_relevance < by_date * 20 + std::time::Duration::from_millis(500),
        "{by_relevance:?}, {by_date:?}"
    );
}

#[test]
fn any_text_is_answered_or_refused_and_never_reaches_sql() {
    let (_place, index) = mailbox("any");
    let piece = prop_oneof![
        "\\PC{0,8}",
        "[\"'`;(){}\\[\\]*^:+\\-~%_\\\\,.<>=|&!]{1,6}",
        Just("OR ".to_owned()),
        Just("NEAR(a b)".to_owned()),
        Just("\" OR 1=1 --".to_owned()),
        Just("subject:\"a\" b".to_owned()),
        Just("'; DROP TABLE mail; --".to_owned()),
        Just("rowid:1".to_owned()),
        Just("folder:'%".to_owned()),
        Just("id:\u{0}'".to_owned()),
        Just("报告".to_owned()),
    ];
    let query = proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.join(" "));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(2_000));
    let mut answered = std::cell::Cell::new(0);
    runner
        .run(&query, |text| {
            if let Ok(query) = Query::parse(&text) {
                for order in [Order::Date, Order::Relevance] {
                    let page = index.search(&query, order, 0, 100);
                    prop_assert!(page.is_ok(), "{:?}", page.err());
                }
                answered.set(answered.get() + 1);
            }
            Ok(())
        })
        .unwrap();
    assert!(*answered.get_mut() > 100, "{answered:?}");
    assert_eq!(found(&index, "").len(), 6);
}
