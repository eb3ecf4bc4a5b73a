//! Our messages as Python's `email` reads them, by its present rules and by its old ones.

use crate::support::*;
use hongyan_mime::address::Address;
use hongyan_mime::compose::*;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Prints what is in a message, one thing a line, each value as hex so that nothing needs escaping.
const SCRIPT: &str = r#"
import email, email.policy, hashlib, sys
policy = email.policy.default if sys.argv[1] == "default" else email.policy.compat32
message = email.message_from_binary_file(sys.stdin.buffer, policy=policy)
def show(name, value):
    print(name, (value or "").encode().hex())
if sys.argv[1] == "default":
    show("subject", message["subject"])
    for field in ("from", "to", "cc"):
        for address in (message[field].addresses if message[field] else ()):
            show(field, address.display_name + "|" + address.addr_spec)
    show("date", message["date"].datetime.isoformat())
    show("message-id", message["message-id"])
def walk(part):
    show("type", part.get_content_type())
    if part.get_content_type() == "message/rfc822":
        show("inner", part.get_payload(0)["subject"])
    elif part.is_multipart():
        for inner in part.get_payload():
            walk(inner)
    else:
        show("file", part.get_filename())
        show("id", part["content-id"])
        if part.get_content_type() in ("text/plain", "text/html") and part.get_content_disposition() is None:
            # Its quoted-printable makes LF of CRLF.
            text = part.get_payload(decode=True).decode(part.get_content_charset())
            show("text", text.replace("\r\n", "\n"))
        else:
            show("sha", hashlib.sha256(part.get_payload(decode=True)).hexdigest())
    if part.defects:
        show("defects", repr(part.defects))
walk(message)
"#;

fn python(message: &[u8], policy: &str) -> Option<String> {
    let child = Command::new("python3")
        .args(["-c", SCRIPT, policy])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            eprintln!("SKIPPED: python: python3 cannot be run: {error}");
            return None;
        }
    };
    child.stdin.take().unwrap().write_all(message).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let mut shown = String::new();
    for line in text.lines() {
        let (name, hex) = line.split_once(' ').unwrap();
        let bytes: Vec<u8> =
            (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect();
        writeln!(shown, "{name} {}", String::from_utf8(bytes).unwrap()).unwrap();
    }
    Some(shown)
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn rich() -> Draft {
    let members = vec![mailbox("Bee, Ann", "ann@x.example"), mailbox("", "c@x.example")];
    Draft {
        from: vec![mailbox("Zoë Müller", "zoe@example.com")],
        to: vec![
            Address::Mailbox(mailbox("王小明", "wang@例子.example")),
            Address::Group { name: "团队".into(), members },
        ],
        cc: to("d@x.example"),
        subject: Some(
            "Your order 17 is on its way: 您的订单已经发货，请注意查收 👩‍👩‍👧‍👦 and more words to fold".into(),
        ),
        text: Some("Grüße\nFrom here\n.\n".into()),
        html: Some("<p>您的订单已经发货</p>\n".into()),
        inline: vec![
            Part::bytes("图 1.png", &b"\x89PNG\r\n\x1a\n"[..])
                .with_disposition(Disposition::Inline)
                .with_content_id("image1@x"),
        ],
        attachments: vec![
            Part::bytes("工资条 2025年11月 王小明 财务部.zip", &b"PK\x03\x04"[..]),
            Part::bytes("a \"quoted\" \\ name.bin", vec![0xa5; 100_000]),
            Part::bytes(format!("{}.bin", "long-ascii-name".repeat(12)), &b"x"[..]),
            Part::message(RawMessage::from_bytes(&b"Subject: inner\n\nhello\n"[..])),
        ],
        ..draft()
    }
}

#[test]
fn python_reads_what_was_composed() {
    for names in [Names::Both, Names::Rfc2231, Names::EncodedWord] {
        let Some(shown) = python(&compose(&Draft { names, ..rich() }, NOTHING), "default") else { return };
        let expected = format!(
            "subject {}
from Zoë Müller|zoe@example.com
to 王小明|wang@xn--fsqu00a.example
to Bee, Ann|ann@x.example
to |c@x.example
cc |d@x.example
date 2025-11-20T03:09:00+08:00
message-id <1@example.com>
type multipart/mixed
type multipart/alternative
type text/plain
file 
id 
text Grüße\nFrom here\n.\n
type multipart/related
type text/html
file 
id 
text <p>您的订单已经发货</p>\n
type image/png
file 图 1.png
id <image1@x>
sha {}
type application/zip
file 工资条 2025年11月 王小明 财务部.zip
id 
sha {}
type application/octet-stream
file a \"quoted\" \\ name.bin
id 
sha {}
type application/octet-stream
file {}.bin
id 
sha {}
type message/rfc822
inner inner
",
            rich().subject.unwrap(),
            sha256(b"\x89PNG\r\n\x1a\n"),
            sha256(b"PK\x03\x04"),
            sha256(&[0xa5; 100_000]),
            "long-ascii-name".repeat(12),
            sha256(b"x"),
        );
        assert_eq!(shown, expected, "{names:?}");
    }
}

#[test]
fn programs_with_pythons_old_rules_see_the_file_names() {
    for names in [Names::Both, Names::Rfc2231] {
        let Some(shown) = python(&compose(&Draft { names, ..rich() }, NOTHING), "compat32") else { return };
        let files: Vec<&str> =
            shown.lines().filter_map(|l| l.strip_prefix("file ")).filter(|l| !l.is_empty()).collect();
        let long = format!("{}.bin", "long-ascii-name".repeat(12));
        assert_eq!(
            files,
            ["图 1.png", "工资条 2025年11月 王小明 财务部.zip", "a \"quoted\" \\ name.bin", &long]
        );
    }
}
