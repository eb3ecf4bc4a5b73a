//! How the reader decodes headers: encoded words, raw bytes, parameters, file names, dates.

use hongyan_mime::read::{Message, inspect};
use proptest::prelude::*;

use crate::fixtures::{codes, mail};

/// A message with `subject` as the raw bytes of its Subject.
fn with_subject(subject: &[u8]) -> Vec<u8> {
    [b"Subject: ", subject, b"\r\n", &mail("\nx\n")].concat()
}

#[test]
fn encoded_words_are_decoded() {
    // (rule, raw Subject, text, findings)
    let cases: &[(&str, &str, &str, &[&str])] = &[
        ("base64", "=?utf-8?B?5Lit5paH?=", "中文", &[]),
        ("Q, with underscores for spaces", "=?iso-8859-1?q?a_b=E9?=", "a bé", &[]),
        ("a language after the charset (RFC 2231 §5)", "=?utf-8*zh?B?5Lit?=", "中", &[]),
        ("text around it", "Re: =?utf-8?B?5Lit?= ok", "Re: 中 ok", &[]),
        ("white space between two words goes", "=?utf-8?Q?a?= \r\n =?utf-8?Q?b?=", "ab", &[]),
        ("white space that is encoded stays", "=?utf-8?Q?a_?= =?utf-8?Q?_b?=", "a  b", &[]),
        ("two charsets", "=?utf-8?B?5Lit?= =?gb2312?B?zsQ=?=", "中文", &[]),
        ("gb2312 means GB18030", "=?gb2312?B?6UY=?=", "镕", &["gb2312-is-gbk"]),
        ("big5", "=?big5?B?pKSk5Q==?=", "中文", &[]),
        (
            "iso-2022-jp, with two shifts in a row",
            "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?= =?iso-2022-jp?B?GyRCOGwbKEI=?=",
            "日本語",
            &[],
        ),
        ("shift_jis", "=?shift_jis?B?k/qWew==?=", "日本", &[]),
        ("koi8-r", "=?koi8-r?B?7cnS?=", "Мир", &[]),
        ("a character split over two words", "=?utf-8?B?5Lg=?= =?utf-8?B?rQ==?=", "中", &["split-character"]),
        ("a character split between B and Q", "=?utf-8?B?5Lg=?= =?utf-8?Q?=AD?=", "中", &["split-character"]),
        ("a GBK character split", "=?gbk?B?1g==?= =?gbk?B?0A==?=", "中", &["split-character"]),
        ("base64 split within a group", "=?utf-8?B?5L?= =?utf-8?B?it?=", "中", &["split-base64-word"]),
        ("touching other text", "x=?utf-8?B?5Lit?=y", "x中y", &["word-not-separate"]),
        ("touching each other", "=?utf-8?Q?a?==?utf-8?Q?b?=", "ab", &["word-not-separate"]),
        ("spaces inside", "=?utf-8?Q?a b?=", "a b", &["word-with-space"]),
        ("folded inside", "=?utf-8?Q?a\r\n b?=", "a b", &["word-with-space"]),
        ("no end", "=?utf-8?B?5Lit", "中", &["broken-word"]),
        ("no end before the next", "=?utf-8?Q?a =?utf-8?Q?b?=", "ab", &["broken-word", "word-not-separate"]),
        ("an escape right at the start", "=?utf-8?Q?=E4=B8=AD?=", "中", &[]),
        ("an escape right at the end", "=?utf-8?Q?a=3D?=", "a=", &[]),
        ("a broken escape is kept", "=?utf-8?Q?a=ZZ?=", "a=ZZ", &["broken-word"]),
        ("bad base64 keeps what it can", "=?utf-8?B?5L!it?=", "中", &["broken-word"]),
        ("an unknown charset is read by its looks", "=?x-unknown?B?5Lit?=", "中", &["unknown-charset"]),
        ("a charset that says nothing", "=?unknown-8bit?B?5Lit?=", "中", &["unknown-charset"]),
        ("a charset that lies", "=?us-ascii?B?5Lit?=", "中", &["charset-lies"]),
        ("an unknown encoding is no word", "=?utf-8?X?abc?=", "=?utf-8?X?abc?=", &[]),
        ("an empty word", "a =?utf-8?Q??= b", "a  b", &[]),
        ("line breaks inside a word never come out", "=?utf-8?Q?a=0D=0AX:_b?=", "a  X: b", &[]),
        ("a question mark alone", "what =?", "what =?", &[]),
    ];
    for (rule, subject, text, findings) in cases {
        let raw = with_subject(subject.as_bytes());
        assert_eq!(Message::parse(&raw).subject().as_deref(), Some(*text), "{rule}");
        assert_eq!(codes(&raw), *findings, "{rule}");
    }
}

#[test]
fn raw_bytes_in_headers_are_read_by_what_they_are() {
    // (rule, raw bytes, charset label in the message, text, finding)
    let cases: &[(&str, &[u8], &str, &str, &str)] = &[
        ("UTF-8", "会议通知".as_bytes(), "us-ascii", "会议通知", "8-bit-header"),
        ("GBK by its looks", b"\xbb\xe1\xd2\xe9\xcd\xa8\xd6\xaa\xd5\xfd\xce\xc4", "us-ascii", "会议通知正文", "raw-header-bytes"),
        ("GBK by the message's own label", b"\xb6\xd4", "gb2312", "对", "raw-header-bytes"),
        ("Big5 by the label", b"\xa4\xa4\xa4\xe5", "big5", "中文", "raw-header-bytes"),
        ("KOI8-R by the label", b"\xed\xc9\xd2", "koi8-r", "Мир", "raw-header-bytes"),
        ("Shift_JIS by the label", b"\x93\xfa\x96\x7b", "shift_jis", "日本", "raw-header-bytes"),
        ("EUC-KR by the label", b"\xc7\xd1\xb1\xdb", "euc-kr", "한글", "raw-header-bytes"),
        ("GB18030 by the label", b"\x81\x39\xef\x30", "gb18030", "㐁", "raw-header-bytes"),
        ("windows-1251 by the label", b"\xcc\xe8\xf0", "windows-1251", "Мир", "raw-header-bytes"),
        ("windows-1250 by the label", b"\xf8\xe8", "windows-1250", "řč", "raw-header-bytes"),
        ("ISO-2022-JP needs no label", b"\x1b$BF|K\\\x1b(B", "us-ascii", "日本", "raw-header-bytes"),
        ("windows-1252", b"Gr\xfc\xdfe aus M\xfcnchen", "us-ascii", "Grüße aus München", "raw-header-bytes"),
        ("UTF-8 with a broken end", b"\xe4\xbc\x9a\xe8\xae\xae\xe9\x80\x9a\xe7\x9f\xa5\xe4\xbc\x9a\xe8\xae\xae\xe9\x80\x9a\xe7\x9f\xa5\xe4\xbc", "us-ascii", "会议通知会议通知\u{fffd}", "undecodable-bytes"),
    ];
    for (rule, bytes, label, text, finding) in cases {
        let rest = mail(&format!("Content-Type: text/plain; charset={label}\n\nx\n"));
        let raw = [b"Subject: ", *bytes, b"\r\n", &rest].concat();
        assert_eq!(Message::parse(&raw).subject().as_deref(), Some(*text), "{rule}");
        assert!(codes(&raw).contains(finding), "{rule}: {:?}", codes(&raw));
    }
}

#[test]
fn file_names_are_read_as_senders_write_them() {
    // (rule, Content-Disposition and further fields, name, findings)
    let cases: &[(&str, &str, Option<&str>, &[&str])] = &[
        ("plain", "attachment; filename=a.txt", Some("a.txt"), &[]),
        ("quoted", "attachment; filename=\"a b; c.txt\"", Some("a b; c.txt"), &[]),
        ("quoted pairs", "attachment; filename=\"a\\\"b\\\\.txt\"", Some("a\"b\\.txt"), &[]),
        ("RFC 2231", "attachment; filename*=utf-8'zh'%E4%B8%AD.txt", Some("中.txt"), &[]),
        ("RFC 2231 in GBK", "attachment; filename*=gb2312''%D6%D0.txt", Some("中.txt"), &[]),
        (
            "pieces in any order, some of them plain",
            "attachment; filename*2=t;\n filename*0*=utf-8''%E4%B8%AD; filename*1=\".tx\"",
            Some("中.txt"),
            &[],
        ),
        (
            "a character split over two pieces",
            "attachment; filename*0*=utf-8''%E4%B8;\n filename*1*=%AD.txt",
            Some("中.txt"),
            &["split-character"],
        ),
        (
            "a GBK character split over two pieces",
            "attachment; filename*0*=gb18030''%D6;\n filename*1*=%D0.txt",
            Some("中.txt"),
            &["split-character"],
        ),
        (
            "pieces counted from 1",
            "attachment; filename*1*=utf-8''a; filename*2*=b.txt",
            Some("ab.txt"),
            &["broken-parameter"],
        ),
        (
            "no charset where one belongs",
            "attachment; filename*=a%20b.txt",
            Some("a b.txt"),
            &["broken-parameter"],
        ),
        (
            "a percent sign that escapes nothing",
            "attachment; filename*=utf-8''100%.txt",
            Some("100%.txt"),
            &["broken-parameter"],
        ),
        (
            "both forms, as compatible senders write",
            "attachment; filename=\"=?utf-8?B?5Lit?=.txt\";\n filename*=utf-8''%E4%B8%AD.txt",
            Some("中.txt"),
            &[],
        ),
        (
            "both forms, of two kinds of file",
            "attachment; filename=\"a.exe\"; filename*=utf-8''a.txt",
            Some("a.txt"),
            &["two-file-names"],
        ),
        (
            "encoded words in quotes",
            "attachment; filename=\"=?utf-8?B?5Lit?=.txt\"",
            Some("中.txt"),
            &["word-in-parameter"],
        ),
        (
            "encoded words split, folded",
            "attachment; filename=\"=?gbk?B?1g==?=\n =?gbk?B?0C50eHQ=?=\"",
            Some("中.txt"),
            &["split-character", "word-in-parameter"],
        ),
        ("unquoted, with spaces", "attachment; filename=a b.txt", Some("a b.txt"), &["unquoted-value"]),
        (
            "unquoted, with a number in parentheses",
            "attachment; filename=a.b (1).txt",
            Some("a.b (1).txt"),
            &["unquoted-value"],
        ),
        ("a comment", "attachment; filename=a (the file)", Some("a"), &[]),
        (
            "the value on the next line",
            "attachment; filename=\n \"a.txt\"",
            Some("a.txt"),
            &["folded-after-equals"],
        ),
        ("a quote that is not closed", "attachment; filename=\"a.txt", Some("a.txt"), &["open-quote"]),
        (
            "a quote that is not closed before a semicolon",
            "attachment; filename=\"a.txt; size=2",
            Some("a.txt"),
            &["open-quote"],
        ),
        ("no disposition", "filename=\"a.txt\"", Some("a.txt"), &[]),
        (
            "a Windows path",
            "attachment; filename=\"C:\\dir\\a.txt\"",
            Some("C:\\dir\\a.txt"),
            &["stray-backslash"],
        ),
        ("given twice, alike", "attachment; filename=a.txt; filename=a.txt", Some("a.txt"), &[]),
        (
            "given twice, unlike",
            "attachment; filename=a.txt; filename=b.txt",
            Some("a.txt"),
            &["duplicate-parameter"],
        ),
        ("in Content-Type only", "attachment\nContent-Type: text/plain; name=\"a.txt\"", Some("a.txt"), &[]),
        (
            "another one in Content-Type",
            "attachment; filename=a.txt\nContent-Type: text/plain; name=b.exe",
            Some("a.txt"),
            &["two-file-names"],
        ),
        ("empty", "attachment; filename=\"\"", None, &[]),
        ("none", "attachment", None, &[]),
        ("stray semicolons", "attachment;; ; filename=a.txt;", Some("a.txt"), &[]),
    ];
    for (rule, fields, name, findings) in cases {
        let raw = mail(&format!("Content-Disposition: {fields}\n\nx\n"));
        assert_eq!(Message::parse(&raw).file_name(0).as_deref(), *name, "{rule}");
        let mut found = codes(&raw);
        found.sort_unstable();
        assert_eq!(found, *findings, "{rule}");
    }
}

#[test]
fn a_raw_gbk_file_name_is_read() {
    let fields = b"Content-Type: text/plain; charset=gb2312\r\nContent-Disposition: attachment; filename=\"\xd6\xd0\xce\xc4.txt\"\r\n";
    let raw = [fields, &mail("\nx\n")[..]].concat();
    assert_eq!(Message::parse(&raw).file_name(0).as_deref(), Some("中文.txt"));
    assert!(codes(&raw).contains(&"raw-header-bytes"));
}

#[test]
fn dates_are_read_with_their_offset() {
    // (Date, RFC 3339, finding)
    let cases: &[(&str, Option<&str>, Option<&str>)] = &[
        ("Mon, 6 Jun 2005 22:21:22 +0200", Some("2005-06-06T22:21:22+02:00"), None),
        ("6 Jun 2005 22:21 -0330", Some("2005-06-06T22:21:00-03:30"), None),
        ("Mon, 6 Jun 2005 22:21:22 -0000", Some("2005-06-06T22:21:22-00:00"), None),
        ("Mon, 6 Jun 2005 22:21:22 GMT", Some("2005-06-06T22:21:22+00:00"), None),
        ("Mon, 6 Jun 2005 22:21:22 EST", Some("2005-06-06T22:21:22-05:00"), None),
        (
            "Mon (day), 6 Jun (a (nested) one) 2005 22:21:22 +0800 (CST)",
            Some("2005-06-06T22:21:22+08:00"),
            None,
        ),
        ("Mon, 6 Jun 05 22:21:22 +0000", Some("2005-06-06T22:21:22+00:00"), Some("odd-date")),
        ("Mon, 6 Jun 99 22:21:22 +0000", Some("1999-06-06T22:21:22+00:00"), Some("odd-date")),
        ("Mon, 6 June 2005 22:21:22 +0000", Some("2005-06-06T22:21:22+00:00"), Some("odd-date")),
        ("Mon Jun  6 22:21:22 2005", Some("2005-06-06T22:21:22-00:00"), Some("odd-date")),
        ("2005-06-06 22:21:22 +0800", Some("2005-06-06T22:21:22+08:00"), Some("odd-date")),
        ("2005-06-06T22:21:22.123Z", Some("2005-06-06T22:21:22+00:00"), Some("odd-date")),
        ("Mon, 06-Jun-2005 22:21:22 UTC", Some("2005-06-06T22:21:22+00:00"), Some("odd-date")),
        ("Mon, 6 Jun 2005 10:21:22 PM +0000", Some("2005-06-06T22:21:22+00:00"), Some("odd-date")),
        ("Mon, 6 Jun 2005 22:21:22", Some("2005-06-06T22:21:22-00:00"), Some("odd-date")),
        ("Tue, 29 Feb 2000 00:00:60 +0000", Some("2000-02-29T00:00:60+00:00"), None),
        ("Thu, 29 Feb 2001 00:00:00 +0000", None, Some("bad-date")),
        ("Mon, 6 Jun 2005 25:21:22 +0000", None, Some("bad-date")),
        ("yesterday", None, Some("bad-date")),
        ("", None, Some("bad-date")),
    ];
    for (value, date, finding) in cases {
        let raw = format!("Date: {value}\r\nFrom: a@b\r\nMessage-ID: <1@b>\r\n\r\nx\r\n").into_bytes();
        let summary = inspect(&raw);
        assert_eq!(summary.date.as_deref(), *date, "{value}");
        assert_eq!(codes(&raw), finding.iter().copied().collect::<Vec<_>>(), "{value}");
    }
}

#[test]
fn a_date_counts_its_seconds_since_1970() {
    for (date, seconds) in [
        ("Thu, 1 Jan 1970 00:00:00 +0000", 0),
        ("Thu, 1 Jan 1970 08:00:00 +0800", 0),
        ("Tue, 29 Feb 2000 12:34:56 -0500", 951_845_696),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 946_684_799),
    ] {
        let raw = format!("Date: {date}\r\n\r\n").into_bytes();
        assert_eq!(Message::parse(&raw).date().map(|date| date.timestamp()), Some(seconds), "{date}");
    }
}

#[test]
fn raw_shift_jis_that_holds_a_backslash_is_read() {
    // 表 ends in the byte of a backslash, here right before the closing quote.
    let fields = b"Content-Disposition: attachment; filename=\"\x94\xad\x95\x5c\"; size=2\r\n";
    let raw = [fields, &mail("Content-Type: text/plain; charset=shift_jis\n\nx\n")[..]].concat();
    assert_eq!(Message::parse(&raw).file_name(0).as_deref(), Some("発表"));
    assert_eq!(Message::parse(&raw).parameter(0, "Content-Disposition", "size").as_deref(), Some("2"));
}

proptest! {
    #[test]
    fn text_in_words_of_any_cut_comes_back(text in "[a-z中文语é😀 ]{1,24}", cuts in prop::collection::vec(1usize..9, 1..6)) {
        // Words cut at any byte, as broken senders do: the text survives.
        let mut rest = text.trim().as_bytes();
        prop_assume!(!rest.is_empty());
        let expected = text.trim();
        let mut words = Vec::new();
        let mut cuts = cuts.into_iter().cycle();
        while !rest.is_empty() {
            let (word, tail) = rest.split_at(cuts.next().unwrap_or(1).min(rest.len()));
            words.push(format!("=?utf-8?Q?{}?=", word.iter().map(|byte| format!("={byte:02X}")).collect::<String>()));
            rest = tail;
        }
        let raw = with_subject(words.join("\r\n ").as_bytes());
        prop_assert_eq!(Message::parse(&raw).subject().unwrap_or_default(), expected);
    }

    #[test]
    fn a_file_name_in_pieces_of_any_cut_comes_back(name in "[a-z中文é ]{1,24}", cut in 1usize..9) {
        let pieces: Vec<_> = name
            .as_bytes()
            .chunks(cut)
            .enumerate()
            .map(|(at, piece)| {
                let start = if at == 0 { "utf-8''" } else { "" };
                let hex: String = piece.iter().map(|byte| format!("%{byte:02X}")).collect();
                format!("filename*{at}*={start}{hex}")
            })
            .collect();
        let raw = mail(&format!("Content-Disposition: attachment; {}\n\nx\n", pieces.join(";\n ")));
        prop_assume!(!name.trim().is_empty());
        prop_assert_eq!(Message::parse(&raw).file_name(0), Some(name));
    }
}
