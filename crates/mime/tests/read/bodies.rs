//! How the reader decodes bodies: transfer encodings and charsets, sound and broken.

use std::convert::Infallible;

use hongyan_mime::read::{Message, inspect};
use proptest::prelude::*;

use crate::fixtures::{codes, mail};

/// A part with the transfer encoding `encoding` and the body's raw bytes.
fn encoded(encoding: &str, body: &[u8]) -> Vec<u8> {
    [&mail(&format!("Content-Type: image/png\nContent-Transfer-Encoding: {encoding}\n\n"))[..], body].concat()
}

#[test]
fn transfer_encodings_are_decoded_and_what_is_broken_is_said() {
    // (rule, encoding, raw body, content, findings)
    type Case = (&'static str, &'static str, &'static [u8], &'static [u8], &'static [&'static str]);
    let cases: &[Case] = &[
        ("base64", "base64", b"aGVs\r\nbG8=\r\n", b"hello", &[]),
        ("base64 without padding", "base64", b"aGVsbG8\r\n", b"hello", &["base64-not-padded"]),
        ("base64 with half its padding", "base64", b"aGVsbA=\r\n", b"hell", &["base64-not-padded"]),
        ("base64 that ends within a byte", "base64", b"aGVsb\r\n", b"hel", &["base64-dangling"]),
        (
            "bytes that are no base64",
            "base64",
            b"aGVsbG8gd29ybGQ\xa0gYWdhaW4!=\r\n",
            b"hello world again",
            &["base64-bad-bytes"],
        ),
        (
            "base64 joined to base64",
            "base64",
            b"aGVsbA==\r\naGVsbA==\r\n",
            b"hellhell",
            &["base64-after-padding"],
        ),
        (
            "a footer behind base64",
            "base64",
            b"aGVsbA==\r\n\r\n-- \r\nlist footer\r\n",
            b"hell",
            &["base64-trailing-text"],
        ),
        ("the alphabet of URLs", "base64", b"-_-_\r\n", b"\xfb\xff\xbf", &["base64-url-alphabet"]),
        (
            "text that is no base64",
            "base64",
            b"Hello there, you.\r\n",
            b"Hello there, you.\r\n",
            &["not-base64"],
        ),
        ("base64 of nothing", "base64", b"\r\n", b"", &[]),
        ("blanks around lines of base64", "base64", b" aGVs\t\r\n\t bG8= \r\n", b"hello", &[]),
        ("quoted-printable", "quoted-printable", b"a=3Db=\r\nc=e9\r\n", b"a=bc\xe9\r\n", &[]),
        ("blanks at a line's end go", "quoted-printable", b"a \t\r\nb=20 \r\n", b"a\r\nb \r\n", &[]),
        ("a soft break with blanks", "quoted-printable", b"a= \t\r\nb", b"ab", &[]),
        ("a soft break at the end", "quoted-printable", b"a=", b"a", &[]),
        (
            "an escape of nothing",
            "quoted-printable",
            b"a=zz b=\xff",
            b"a=zz b=\xff",
            &["quoted-printable-bad-escape"],
        ),
        ("bare LF and CR stay", "quoted-printable", b"a\nb\rc=\nd", b"a\nb\rcd", &["bare-lf", "bare-cr"]),
        ("uuencode", "x-uuencode", b"begin 644 a\r\n%:&5L;&\\\r\n`\r\nend\r\n", b"hello", &[]),
        (
            "uuencode without an end",
            "x-uuencode",
            b"begin 644 a\r\n%:&5L;&\\\r\n",
            b"hello",
            &["uuencode-no-end"],
        ),
        (
            "uuencode with another line",
            "x-uuencode",
            b"begin 644 a\r\nthis is not it\r\n%:&5L;&\\\r\n`\r\nend\r\n",
            b"hello",
            &["uuencode-bad-line"],
        ),
        ("no uuencode", "x-uuencode", b"hello\r\n", b"hello\r\n", &["uuencode-no-begin"]),
        ("8bit", "8bit", "é".as_bytes(), "é".as_bytes(), &[]),
        ("binary, which is not made of lines", "BINARY", b"a\0b\nc\rd", b"a\0b\nc\rd", &[]),
        (
            "a NUL byte and bare line ends in what is",
            "8bit",
            b"a\0b\nc\rd",
            b"a\0b\nc\rd",
            &["nul-byte", "bare-lf", "bare-cr"],
        ),
        ("bytes above 127 in 7bit", "7bit", "é".as_bytes(), "é".as_bytes(), &["8-bit-in-7bit"]),
        ("a misspelt name", "Base-64", b"aGVsbG8=", b"hello", &["odd-encoding-name"]),
        ("a name with a tail", "quoted-printable; charset=utf-8", b"=41", b"A", &["odd-encoding-name"]),
        ("a name in quotes", "\"8bit\"", b"x", b"x", &["odd-encoding-name"]),
        ("no name", "", b"=41", b"=41", &["odd-encoding-name"]),
        ("an unknown name", "utf-8", b"=41", b"=41", &["unknown-encoding"]),
        ("a comment", "base64 (the usual)", b"aGVsbG8=", b"hello", &["odd-encoding-name"]),
    ];
    for (rule, encoding, body, content, findings) in cases {
        let raw = encoded(encoding, body);
        let message = Message::parse(&raw);
        assert_eq!(message.decoded(0), *content, "{rule}");
        let mut streamed = Vec::new();
        message
            .decode_to(0, |piece| {
                streamed.extend_from_slice(piece);
                Ok::<(), Infallible>(())
            })
            .expect("the sink takes all");
        assert_eq!(streamed, *content, "{rule}, streamed");
        let found: Vec<_> = codes(&raw);
        assert!(findings.iter().all(|code| found.contains(code)), "{rule}: {found:?}");
        assert_eq!(found.len(), findings.len(), "{rule}: {found:?}");
    }
}

#[test]
fn uuencode_leaves_out_blanks_that_were_stripped() {
    // `#` announces three bytes; the zero group in blanks lost its end on the way.
    let raw = encoded("x-uuencode", b"begin 644 a\n#    \n#\n`\nend\n");
    assert_eq!(*Message::parse(&raw).decoded(0), [0; 6]);
}

#[test]
fn the_first_error_of_a_sink_ends_the_decoding() {
    let raw = encoded("base64", &b"QUJD".repeat(100_000));
    let mut calls = 0;
    let result = Message::parse(&raw).decode_to(0, |_| {
        calls += 1;
        Err("full")
    });
    assert_eq!((result, calls), (Err("full"), 1));
}

#[test]
fn a_piece_is_cut_where_nothing_is_cut_in_two() {
    for (encoding, pattern) in [
        ("quoted-printable", "=41"),
        ("quoted-printable", "a= \t\r\n"),
        ("quoted-printable", "a \t \r\n"),
        ("quoted-printable", "=3D=\r\n"),
        ("base64", "QUJD"),
        ("base64", "QUJDR\r\n"),
        ("base64", "QQ==\r\n"),
        ("base64", "QU!JD"),
    ] {
        for shift in 0..pattern.len() {
            // Far more than one piece, the pattern beginning at every place within it.
            let body = format!(
                "{}{}",
                "QUJDRE".repeat(2).get(..shift).unwrap_or(""),
                pattern.repeat(300_000 / pattern.len())
            );
            let raw = encoded(encoding, body.as_bytes());
            let message = Message::parse(&raw);
            let mut streamed = Vec::new();
            let sink = |piece: &[u8]| {
                streamed.extend_from_slice(piece);
                Ok::<(), Infallible>(())
            };
            message.decode_to(0, sink).expect("the sink takes all");
            assert!(streamed == *message.decoded(0), "{encoding} {pattern:?}, {shift} bytes in");
        }
    }
}

#[test]
fn text_is_read_in_the_charset_it_is_in() {
    // (rule, Content-Type, content, text, finding)
    type Case = (&'static str, &'static str, &'static [u8], &'static str, Option<&'static str>);
    let cases: &[Case] = &[
        ("UTF-8", "text/plain; charset=utf-8", "中文é".as_bytes(), "中文é", None),
        ("a byte order mark goes", "text/plain; charset=utf-8", "\u{feff}中".as_bytes(), "中", None),
        (
            "gb2312 is GB18030",
            "text/plain; charset=gb2312",
            b"\xe9\x46\x81\x39\xef\x30",
            "镕㐁",
            Some("gb2312-is-gbk"),
        ),
        ("GBK", "text/plain; charset=\"GBK\"", b"\xd6\xd0\xce\xc4", "中文", None),
        ("Big5", "text/plain; charset=big5", b"\xa4\xa4\xa4\xe5", "中文", None),
        ("EUC-KR by an old name", "text/plain; charset=ks_c_5601-1987", b"\xc7\xd1", "한", None),
        ("ISO-2022-JP", "text/plain; charset=iso-2022-jp", b"\x1b$BF|K\\\x1b(B.", "日本.", None),
        ("Shift_JIS by Windows' name", "text/plain; charset=cp932", b"\x93\xfa", "日", None),
        ("HZ", "text/plain; charset=hz-gb-2312", b"a ~{VPND~} ~~b", "a 中文 ~b", None),
        ("UTF-7", "text/plain; charset=utf-7", b"+Ti1lhw-!", "中文!", None),
        ("latin1 is windows-1252", "text/plain; charset=iso-8859-1", b"\x80 \xe9", "€ é", None),
        ("koi8-r", "text/plain; charset=koi8-r", b"\xed\xc9\xd2", "Мир", None),
        ("UTF-16 with a mark", "text/plain; charset=utf-16", b"\xff\xfe\x2d\x4e", "中", None),
        (
            "us-ascii that is UTF-8",
            "text/plain; charset=us-ascii",
            "中文".as_bytes(),
            "中文",
            Some("charset-lies"),
        ),
        (
            "latin1 that is UTF-8",
            "text/plain; charset=iso-8859-1",
            "中文".as_bytes(),
            "中文",
            Some("charset-lies"),
        ),
        (
            "GBK that is UTF-8",
            "text/plain; charset=gbk",
            "语言文字工作委员会。".as_bytes(),
            "语言文字工作委员会。",
            Some("charset-lies"),
        ),
        (
            "UTF-8 that is GBK",
            "text/plain; charset=utf-8",
            b"\xbb\xe1\xd2\xe9\xcd\xa8\xd6\xaa\xd5\xfd\xce\xc4",
            "会议通知正文",
            Some("charset-lies"),
        ),
        (
            "UTF-8 with a little broken",
            "text/plain; charset=utf-8",
            b"\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xff.",
            "中文中文\u{fffd}.",
            Some("undecodable-bytes"),
        ),
        (
            "an unknown charset",
            "text/plain; charset=x-none",
            b"\xd6\xd0\xce\xc4\xd5\xfd\xce\xc4",
            "中文正文",
            Some("unknown-charset"),
        ),
        ("no charset, UTF-8", "text/plain", "中文".as_bytes(), "中文", Some("charset-missing")),
        (
            "no charset, GBK",
            "text/plain",
            b"\xbb\xe1\xd2\xe9\xcd\xa8\xd6\xaa\xd5\xfd\xce\xc4",
            "会议通知正文",
            Some("charset-missing"),
        ),
        ("no charset, ASCII", "text/plain", b"plain", "plain", None),
        (
            "the charset of the HTML itself",
            "text/html",
            b"<meta charset=gbk><p>\xd6\xd0</p>",
            "<meta charset=gbk><p>中</p>",
            Some("charset-from-html"),
        ),
        (
            "the HTML names another charset",
            "text/html; charset=gbk",
            b"<meta http-equiv=Content-Type content=\"text/html; charset=utf-8\">\xd6\xd0",
            "<meta http-equiv=Content-Type content=\"text/html; charset=utf-8\">中",
            Some("html-charset-differs"),
        ),
    ];
    for (rule, content_type, content, text, finding) in cases {
        let raw = [
            &mail(&format!("Content-Transfer-Encoding: binary\nContent-Type: {content_type}\n\n"))[..],
            content,
        ]
        .concat();
        assert_eq!(Message::parse(&raw).text(0), *text, "{rule}");
        assert_eq!(inspect(&raw).parts[0].text.as_deref(), Some(*text), "{rule}, in the summary");
        let found: Vec<_> = codes(&raw).into_iter().filter(|code| *code != "nul-byte").collect();
        assert_eq!(found, finding.iter().copied().collect::<Vec<_>>(), "{rule}");
    }
}

#[test]
fn a_summary_carries_bounded_text_and_the_whole_length() {
    let body = "中文ab\r\n".repeat(300_000);
    let raw = [
        &mail("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n")[..],
        body.as_bytes(),
    ]
    .concat();
    let summary = inspect(&raw);
    let text = summary.parts[0].text.as_deref().unwrap_or_default();
    assert!(text.len() <= 1 << 20 && text.len() > (1 << 20) - 8);
    assert!(body.starts_with(text));
    assert_eq!(summary.parts[0].len, body.len() as u64);
    assert!(summary.truncated);
    assert_eq!(codes(&raw), ["text-cut"]);
}

#[test]
fn a_summary_carries_bounded_text_over_all_parts() {
    let part = format!("--b\n\n{}\n", "x".repeat(1 << 20));
    let raw = mail(&format!("Content-Type: multipart/mixed; boundary=b\n\n{}--b--\n", part.repeat(18)));
    let summary = inspect(&raw);
    let text: usize = summary.parts.iter().filter_map(|part| part.text.as_ref()).map(String::len).sum();
    assert_eq!(text, 16 << 20);
    assert!(summary.truncated);
    assert_eq!(summary.parts.len(), 19);
}

proptest! {
    #[test]
    fn base64_of_any_bytes_in_any_lines_comes_back(
        content in prop::collection::vec(any::<u8>(), 0..600),
        width in 1usize..90,
        line_end in prop::sample::select(vec!["\r\n", "\n", "\r", " \n"]),
    ) {
        let encoded_text = encodify::base64::STANDARD.encode(&content);
        let lines: Vec<_> = encoded_text.as_bytes().chunks(width).map(|line| String::from_utf8_lossy(line)).collect();
        let raw = encoded("base64", (lines.join(line_end) + line_end).as_bytes());
        prop_assert_eq!(&*Message::parse(&raw).decoded(0), &content[..]);
        prop_assert!(!codes(&raw).iter().any(|code| code.starts_with("base64") || *code == "not-base64"));
    }

    #[test]
    fn quoted_printable_of_any_bytes_comes_back(content in prop::collection::vec(any::<u8>(), 0..600)) {
        let text = encodify::qp::BINARY.encode(&content);
        let raw = encoded("quoted-printable", text.as_bytes());
        prop_assert_eq!(&*Message::parse(&raw).decoded(0), &content[..]);
        prop_assert!(!codes(&raw).contains(&"quoted-printable-bad-escape"));
    }

    #[test]
    fn streaming_gives_the_same_as_decoding_whole(
        encoding in prop::sample::select(vec!["base64", "quoted-printable", "x-uuencode", "8bit"]),
        seed in prop::collection::vec(prop::sample::select(b"QUJD=4 \t\r\n-_!\xff".to_vec()), 1..40),
        size in 90_000usize..220_000,
    ) {
        // Larger than one piece, so that pieces are cut somewhere within the pattern.
        let body: Vec<u8> = seed.iter().copied().cycle().take(size).collect();
        let raw = encoded(encoding, &body);
        let message = Message::parse(&raw);
        let mut streamed = Vec::new();
        message.decode_to(0, |piece| { streamed.extend_from_slice(piece); Ok::<(), Infallible>(()) }).expect("the sink takes all");
        prop_assert!(streamed == *message.decoded(0));
    }
}

#[test]
fn what_is_encoded_without_saying_so_is_decoded_where_it_can_be_nothing_else() {
    let line = "SGVsbG8sIHRoaXMgaXMgYSB0ZXh0IHRoYXQgaXMgZW5jb2RlZCBpbiBiYXNlNjQgYnV0IGRvZXMg\n";
    let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9\nawAAAABJRU5ErkJggg==\n";
    let broken = "The quick brown fox jumps over the lazy dog, and the line goes on and =\non.\n";
    let text = "Content-Type: text/plain; charset=utf-8\n";
    let image = "Content-Type: image/png\nContent-Transfer-Encoding: 7bit\n";
    // (rule, header, body, whether it is decoded)
    let cases: &[(&str, &str, &str, bool)] = &[
        ("base64 that is text", text, &format!("{line}bm90IHNheSBzbw==\n"), true),
        ("base64 that is an image", image, png, true),
        ("base64 in lines of two lengths", text, &format!("{line}bm90\n{line}"), false),
        ("one word of base64", text, "SGVsbG8=\n", false),
        ("base64 that is no text", text, png, false),
        (
            "a key, whose content is nothing known",
            "Content-Type: application/octet-stream\n",
            "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAn\n",
            false,
        ),
        ("quoted-printable of UTF-8", text, "=E4=B8=AD=E6=96=87 is Chinese=2E\n", true),
        ("a character broken over lines", text, "=E4=B8=\n=AD\n", true),
        ("full lines broken again and again", text, &format!("{broken}{broken}=20\n"), true),
        ("an address with a parameter", text, "See http://x.example/?token=abc123 now.\n", false),
        ("an address in capitals", text, "See http://x.example/?a=AB&b=C3 now.\n", false),
        ("HTML", "Content-Type: text/html\n", "<a href=\"x\" id=E9>\n", false),
        ("one = too many", text, "=E4=B8=AD a=b\n", false),
        (
            "what says that it is 8bit and is",
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n",
            "=E4=B8=AD 中\n",
            false,
        ),
    ];
    for (rule, header, body, decoded) in cases {
        let raw = mail(&format!("{header}\n{body}"));
        let found = codes(&raw);
        assert_eq!(found.contains(&"undeclared-encoding"), *decoded, "{rule}: {found:?}");
        let message = Message::parse(&raw);
        assert_eq!(message.decoded(0) != message.body(0), *decoded, "{rule}");
    }
    let raw = mail(&format!("{text}\n=E4=B8=AD\n"));
    assert_eq!(Message::parse(&raw).text(0), "中\r\n");
}

#[test]
fn words_under_base64_are_left_as_words() {
    let raw = encoded("base64", b"Just some words without any mark\r\n");
    assert_eq!(&*Message::parse(&raw).decoded(0), b"Just some words without any mark\r\n");
    assert_eq!(codes(&raw), ["not-base64"]);
}
