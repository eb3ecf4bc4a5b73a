//! The summary, the tree and the lint.

use hongyan_mime::read::{Code, inspect, tree};
use serde_json::json;

use crate::fixtures::{codes, crlf, mail};

fn showcase() -> Vec<u8> {
    crlf(concat!(
        "From: =?utf-8?B?5byg5LiJ?= <zhang@example.cn>\n",
        "To: Team: a@b.example, \"C, D\" <c@d.example>;, e@f.example\n",
        "Cc: g@h.example\n",
        "Subject: =?gb2312?B?1tDOxA==?=\n",
        "Date: Mon, 2 Jun 2025 10:00:00 +0800\n",
        "Message-ID: <1@example.cn>\n",
        "MIME-Version: 1.0\n",
        "Content-Type: multipart/mixed; boundary=b\n",
        "\n",
        "--b\n",
        "Content-Type: text/plain; charset=GBK\n",
        "Content-Transfer-Encoding: base64\n",
        "\n",
        "1tDOxA0K\n",
        "--b\n",
        "Content-Type: application/octet-stream\n",
        "Content-Transfer-Encoding: base64\n",
        "Content-Disposition: attachment; filename*=utf-8''%E5%B7%A5%E8%B5%84.bin\n",
        "\n",
        "AAEC\n",
        "--b--\n",
    ))
}

#[test]
fn the_summary_has_the_documented_shape() {
    let summary = serde_json::to_value(inspect(&showcase())).expect("a summary is serialisable");
    let expected = json!({
        "subject": "中文",
        "from": [{"name": "张三", "address": "zhang@example.cn"}],
        "to": [
            {"name": null, "address": "a@b.example"},
            {"name": "C, D", "address": "c@d.example"},
            {"name": null, "address": "e@f.example"},
        ],
        "cc": [{"name": null, "address": "g@h.example"}],
        "date": "2025-06-02T10:00:00+08:00",
        "message_id": "1@example.cn",
        "parts": [
            {
                "path": "1", "type": "multipart/mixed", "charset": null, "disposition": null, "file": null,
                "len": 260, "sha256": null, "text": null,
            },
            {
                "path": "1.1", "type": "text/plain", "charset": "gbk", "disposition": null, "file": null,
                "len": 6, "sha256": "37e764dbb8dd90beec457a1cca05a87382e57133f564f45cd6cd295ced4d80ba", "text": "中文\r\n",
            },
            {
                "path": "1.2", "type": "application/octet-stream", "charset": null, "disposition": "attachment",
                "file": "工资.bin", "len": 3,
                "sha256": "ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc", "text": null,
            },
        ],
        "defects": [],
        "ambiguous": false,
        "truncated": false,
    });
    assert_eq!(summary, expected);
}

#[test]
fn a_finding_is_listed_with_code_severity_part_text_and_place() {
    let raw = [&mail("Content-Type: text/plain; charset=x-none\n\n")[..], "中".as_bytes()].concat();
    let summary = inspect(&raw);
    let defects = serde_json::to_value(&summary.defects).expect("findings are serialisable");
    let body = raw.len() - 3;
    assert_eq!(
        defects,
        json!([
            {
                "code": "8-bit-in-7bit", "severity": "lint", "part": "1", "at": body,
                "text": "A part holds bytes above 127 but is labelled 7bit.",
            },
            {
                "code": "unknown-charset", "severity": "repair", "part": "1", "at": body,
                "text": "The charset x-none is not known; the text was read as what it looks like.",
            },
        ])
    );
    assert_eq!(summary.defects[1].zh, "未知字符集 x-none；按内容推断解读。");
}

#[test]
fn the_tree_is_drawn() {
    assert_eq!(
        tree(&inspect(&showcase())),
        [
            "1 multipart/mixed, 2 parts, 260 B",
            "├─ 1.1 text/plain; charset=gbk, base64, 6 B",
            "└─ 1.2 application/octet-stream, base64, 3 B, attachment “工资.bin”",
        ]
    );
    let nested = mail(concat!(
        "Content-Type: multipart/mixed; boundary=b\n\n",
        "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\nx\n--c\nContent-Type: text/html\n\n<b>\n--c--\n",
        "--b\nContent-Type: message/rfc822\n\nSubject: in\n\nx\n",
        "--b\nContent-Type: image/png; name=\"a\u{1b}[31m.png\"\n\n",
    ));
    let nested = [nested, vec![b'x'; 3000], crlf("\n--b--\n")].concat();
    assert_eq!(
        tree(&inspect(&nested)),
        [
            "1 multipart/mixed, 3 parts, 3.1 KiB",
            "├─ 1.1 multipart/alternative, 2 parts, 54 B",
            "│  ├─ 1.1.1 text/plain, 7bit, 1 B",
            "│  └─ 1.1.2 text/html, 7bit, 3 B",
            "├─ 1.2 message/rfc822, 1 part, 16 B",
            "│  └─ 1.2.1 text/plain, 7bit, 1 B",
            "└─ 1.3 image/png, 7bit, 2.9 KiB “a\\x1b[31m.png”",
        ]
    );
}

#[test]
fn what_a_message_gets_wrong_is_said() {
    let long = "x".repeat(1000);
    let body_long = format!("\n{long}\n");
    let header_long = format!("X: {}\n\nx\n", "y".repeat(80));
    let header_cjk = format!("X: {}\n\nx\n", "字".repeat(60));
    // (rule, rest of a sound header, a blank line and body; the one finding)
    let cases: &[(&str, &str, &[&str])] = &[
        ("nothing wrong", "\nx\n", &[]),
        ("a body line over 998", &body_long, &["line-too-long"]),
        ("a header line over 78", &header_long, &["header-line-long"]),
        ("60 characters of UTF-8 are not over 78", &header_cjk, &["8-bit-header"]),
        ("two subjects", "Subject: a\nSubject: b\n\nx\n", &["duplicate-field"]),
        ("the same subject twice", "Subject: a\nSubject: a\n\nx\n", &["repeated-field"]),
        ("Bcc", "Bcc: x@y.example\n\nx\n", &["bcc-present"]),
        ("NUL", "\na\0b\n", &["nul-byte"]),
        ("bytes in a header", "Subject: é\n\nx\n", &["8-bit-header"]),
    ];
    for (rule, rest, findings) in cases {
        assert_eq!(codes(&mail(rest)), *findings, "{rule}");
    }
    // (rule, the whole message, the findings)
    let whole: &[(&str, &[u8], &[&str])] = &[
        ("nothing there", b"", &["no-header", "missing-date", "missing-from", "missing-message-id"]),
        ("a header with nothing it needs", b"To: a@b\r\n\r\n", &["missing-date", "missing-from", "missing-message-id"]),
        (
            "no MIME-Version",
            b"From: a@b\r\nDate: Mon, 2 Jun 2025 10:00:00 +0800\r\nMessage-ID: <1@b>\r\nContent-Type: text/plain\r\n\r\n",
            &["no-mime-version"],
        ),
        (
            "a Message-ID of another form",
            b"From: a@b\r\nDate: Mon, 2 Jun 2025 10:00:00 +0800\r\nMessage-ID: 1\r\n\r\n",
            &["bad-message-id"],
        ),
        (
            "two authors and no sender",
            b"From: a@b, c@d\r\nDate: Mon, 2 Jun 2025 10:00:00 +0800\r\nMessage-ID: <1@b>\r\n\r\n",
            &["missing-sender"],
        ),
        (
            "bare LF",
            b"From: a@b\nDate: Mon, 2 Jun 2025 10:00:00 +0800\r\nMessage-ID: <1@b>\r\n\r\n",
            &["bare-lf"],
        ),
        (
            "bare CR in the body",
            b"From: a@b\r\nDate: Mon, 2 Jun 2025 10:00:00 +0800\r\nMessage-ID: <1@b>\r\n\r\na\rb\r\n",
            &["bare-cr"],
        ),
        (
            "bare CR in the header",
            b"From: a@b\r\nX: a\rBcc: c@d\r\nDate: Mon, 2 Jun 2025 10:00:00 +0800\r\nMessage-ID: <1@b>\r\n\r\n",
            &["bare-cr-in-header", "bare-cr"],
        ),
        (
            "bare CR for every line end",
            b"From: a@b\rDate: Mon, 2 Jun 2025 10:00:00 +0800\rMessage-ID: <1@b>\r\rx\r",
            &["bare-cr-line-ends"],
        ),
        (
            "a boundary behind a bare CR",
            b"From: a@b\r\nDate: Mon, 2 Jun 2025 10:00:00 +0800\r\nMessage-ID: <1@b>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r--b\r\r\ny\r\n--b--\r\n",
            &["bare-cr", "boundary-after-bare-cr"],
        ),
    ];
    for (rule, raw, findings) in whole {
        assert_eq!(codes(raw), *findings, "{rule}");
    }
}

#[test]
fn severity_decides_whether_a_message_is_ambiguous() {
    for code in Code::ALL {
        assert!(!code.name().is_empty() && !code.severity().name().is_empty());
    }
    assert!(!inspect(&mail("\na\0b\n")).ambiguous, "a defect is no ambiguity");
    assert!(inspect(&mail("Subject: a\nSubject: b\n\nx\n")).ambiguous);
}
