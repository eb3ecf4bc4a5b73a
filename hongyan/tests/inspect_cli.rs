//! `hongyan inspect`, run as a person runs it.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Where tests put their files: a folder for each, made anew.
fn place(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("inspect").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn inspect(arguments: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hongyan"))
        .arg("inspect")
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let stdin = stdin.to_vec();
    // A program that does not read its input to the end is no fault of the test's.
    let writer = std::thread::spawn(move || pipe.write_all(&stdin));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    output
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("what is printed is UTF-8")
}

const MAIL: &str = "From: Goose <goose@example.org>\r
To: reader@example.net\r
Subject: =?utf-8?B?6bi/6ZuB?=\r
Date: Thu, 20 Nov 2025 03:09:00 +0800\r
Message-ID: <1@example.org>\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/plain; charset=utf-8\r
\r
hello\r
--b\r
Content-Type: application/pdf\r
Content-Disposition: attachment; filename=\"a.pdf\"\r
Content-Transfer-Encoding: base64\r
\r
YWJj\r
--b--\r
";

#[test]
fn the_exit_code_says_what_the_file_is() {
    let place = place("exit");
    let file = |name: &str, bytes: &str| {
        let path = place.join(name);
        fs::write(&path, bytes).unwrap();
        path.to_string_lossy().into_owned()
    };
    let cases = [
        (file("good.eml", MAIL), 0, ""),
        (file("findings.eml", "Subject: no date, no sender\n\nx"), 0, ""),
        (file("empty.eml", ""), 65, "is not a mail: it is empty"),
        (file("prose.txt", "hello world\n"), 65, "is not a mail: it has no header field"),
        (place.to_string_lossy().into_owned(), 66, "is a directory"),
        (place.join("none.eml").to_string_lossy().into_owned(), 66, "none.eml"),
    ];
    for (path, code, said) in cases {
        for mode in [&[][..], &["--json"], &["--source"]] {
            let output = inspect(&[mode, &[path.as_str()]].concat(), b"");
            assert_eq!(output.status.code(), Some(code), "{path} {mode:?}");
            assert!(text(&output.stderr).contains(said), "{path}: {}", text(&output.stderr));
            assert_eq!(said.is_empty(), output.stderr.is_empty(), "{path}");
        }
    }
}

#[test]
fn a_mail_is_shown_as_headline_tree_and_findings() {
    let output = inspect(&["-"], MAIL.replace("Message-ID: <1@example.org>\r\n", "").as_bytes());
    assert_eq!(
        text(&output.stdout),
        "\
Subject     鸿雁
From        Goose <goose@example.org>
To          reader@example.net
Date        2025-11-20T03:09:00+08:00
Size        383 bytes

1 multipart/mixed, 2 parts, 192 B
├─ 1.1 text/plain; charset=utf-8, 7bit, 5 B
└─ 1.2 application/pdf, base64, 3 B, attachment “a.pdf”

1 finding:
  lint       1  There is no Message-ID field (RFC 5322 §3.6.4 wants one). [missing-message-id, 0]
"
    );
}

#[test]
fn the_source_view_marks_every_line_with_its_part() {
    let output = inspect(&["--source", "-"], MAIL.as_bytes());
    assert_eq!(
        text(&output.stdout),
        "\
1   header     │ From: Goose <goose@example.org>
               │ To: reader@example.net
               │ Subject: =?utf-8?B?6bi/6ZuB?=
               │ Date: Thu, 20 Nov 2025 03:09:00 +0800
               │ Message-ID: <1@example.org>
               │ MIME-Version: 1.0
               │ Content-Type: multipart/mixed; boundary=b
1   blank line │ 
1   boundary   │ --b
1.1 header     │ Content-Type: text/plain; charset=utf-8
1.1 blank line │ 
1.1 body       │ hello
1   boundary   │ --b
1.2 header     │ Content-Type: application/pdf
               │ Content-Disposition: attachment; filename=\"a.pdf\"
               │ Content-Transfer-Encoding: base64
1.2 blank line │ 
1.2 body       │ YWJj
1   boundary   │ --b--
"
    );
}

#[test]
fn a_line_that_ends_otherwise_than_the_first_says_so() {
    let cases = [
        ("A: b\r\nC: d\n\r\nx\ry\r\n", "C: d [LF]", "x\\x0dy\n"),
        ("A: b\nC: d\r\n\nx", "C: d [CRLF]", "x [no line end]"),
    ];
    for (mail, first, second) in cases {
        let output = inspect(&["--source", "-"], mail.as_bytes());
        let shown = text(&output.stdout);
        assert!(shown.contains(first) && shown.contains(second), "{shown}");
    }
}

#[test]
fn brief_leaves_out_the_middle_of_encoded_bodies_only() {
    let lines = |n: usize, line: &str| (0..n).map(|i| format!("{line}{i:04}\r\n")).collect::<String>();
    let mail = format!(
        "A: b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n{}--b\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}--b\r\nContent-Transfer-Encoding: base64\r\n\r\n{}--b--\r\n",
        lines(50, "text"),
        lines(50, "long"),
        lines(4, "short"),
    );
    let whole = inspect(&["--source", "-"], mail.as_bytes());
    assert_eq!(text(&whole.stdout).lines().count(), mail.lines().count());
    let brief = inspect(&["--source", "--brief", "-"], mail.as_bytes());
    let shown = text(&brief.stdout);
    let count = |what: &str| shown.lines().filter(|line| line.contains(what)).count();
    assert_eq!((count("│ text"), count("│ long"), count("│ short")), (50, 4, 4), "{shown}");
    assert!(shown.contains("… 46 more lines of base64 …") && shown.contains("long0049"), "{shown}");
}

#[test]
fn brief_shows_short_encoded_bodies_whole_whatever_ends_them() {
    for lines in 0..8 {
        for (end, closing) in [("\n", "--x--\n"), ("\r\n", "--x--\r\n"), ("\n", "")] {
            let body = format!("AAAA{end}").repeat(lines);
            let mail = format!(
                "From: a@b.example{end}Content-Type: multipart/mixed; boundary=x{end}{end}--x{end}\
                 Content-Transfer-Encoding: base64{end}{end}{body}{closing}"
            );
            let brief = inspect(&["--source", "--brief", "-"], mail.as_bytes());
            assert_eq!(brief.status.code(), Some(0), "{mail:?}: {}", text(&brief.stderr));
            let shown = text(&brief.stdout).lines().count();
            assert!(shown == mail.lines().count() || lines > 5, "{mail:?}: {}", text(&brief.stdout));
        }
    }
}

#[test]
fn the_json_object_has_the_promised_shape() {
    let output = inspect(&["--json", "-"], MAIL.as_bytes());
    let whole: Value = serde_json::from_slice(&output.stdout).unwrap();
    let keys = |value: &Value| {
        let mut keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys.join(" ")
    };
    assert_eq!(keys(&whole), "ambiguous cc date defects from message_id parts subject to truncated");
    assert_eq!(keys(&whole["parts"][0]), "charset disposition file len path sha256 text type");
    assert_eq!(whole["subject"], "鸿雁");
    assert_eq!(whole["from"][0]["address"], "goose@example.org");
    assert_eq!(whole["message_id"], "1@example.org");
    assert_eq!(whole["parts"][1]["text"], "hello");
    let pdf = &whole["parts"][2];
    assert_eq!((&pdf["path"], &pdf["file"], &pdf["len"]), (&"1.2".into(), &"a.pdf".into(), &3.into()));
    assert_eq!(pdf["sha256"], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!((&whole["ambiguous"], &whole["truncated"]), (&false.into(), &false.into()));
}

/// What a terminal may not be shown: controls other than the line break, and marks that reorder or hide.
fn is_harmful(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[test]
fn nothing_in_a_mail_reaches_a_terminal_raw() {
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}gpj\u{2066}\u{200f}\u{9b}31m\u{7f}\u{8}\u{feff}\0";
    let mail = format!(
        "From: \"{evil}\" <a{evil}@example.org>\r\nTo: {evil}\r\nSubject: {evil} =?utf-8?Q?=1B[31m=E2=80=AE?=\r\n\
         X-{evil}: {evil}\r\nDate: {evil}\r\nMessage-ID: <{evil}>\r\n\
         Content-Type: multipart/mixed; boundary=\"b{evil}\"\r\n\r\n--b{evil}\r\n\
         Content-Type: text/x-{evil}; charset=\"{evil}\"; name=\"{evil}\"\r\nContent-Disposition: {evil}; \
         filename=\"{evil}\"\r\nContent-Transfer-Encoding: {evil}\r\n\r\n{evil}\r\n--b{evil}--\r\n"
    );
    let mut mail = mail.into_bytes();
    mail.extend_from_slice(b"\xff\x9b31m\x90\r\n");
    for mode in [&["-"][..], &["--json", "-"], &["--source", "-"]] {
        let output = inspect(mode, &mail);
        let shown = [text(&output.stdout), text(&output.stderr)].concat();
        let harmful: Vec<char> = shown.chars().filter(|c| is_harmful(*c)).collect();
        assert!(harmful.is_empty() && shown.len() > 100, "{mode:?}: {harmful:?}");
        // Coloured, nothing but our own colours is added.
        let output = inspect(&[&["--color", "always"], mode].concat(), &mail);
        let mut plain = [text(&output.stdout), text(&output.stderr)].concat();
        for code in ["0", "1", "2", "32", "33", "35", "36", "1;31"] {
            plain = plain.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert_eq!(plain, shown, "{mode:?}");
    }
}

#[test]
fn what_nobody_reads_to_its_end_is_shortened_for_people_and_whole_for_programs() {
    let list = vec!["a@example.org"; 30].join(", ");
    let mail = format!("Subject: {}\r\nTo: {list}\r\n\r\nx", "鸿".repeat(600));
    let output = inspect(&["-"], mail.as_bytes());
    let shown = text(&output.stdout);
    assert!(shown.contains(&format!("Subject     {}…\n", "鸿".repeat(500))), "{shown}");
    assert!(shown.contains("a@example.org, … +10\n"), "{shown}");
    let output = inspect(&["--json", "-"], mail.as_bytes());
    let whole: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(whole["subject"].as_str().unwrap().chars().count(), 600);
    assert_eq!(whole["to"].as_array().unwrap().len(), 30);
}

#[test]
fn a_pipe_gets_no_colour_unless_asked() {
    assert!(!inspect(&["-"], MAIL.as_bytes()).stdout.contains(&0x1b));
    assert!(inspect(&["--color", "always", "-"], MAIL.as_bytes()).stdout.contains(&0x1b));
}

#[test]
fn a_large_file_is_looked_at_where_it_lies() {
    // 12 MB: beyond what is read into memory.
    let line = "A".repeat(76) + "\r\n";
    let body = line.repeat(160_000);
    let path = place("large").join("large.eml");
    fs::write(&path, format!("Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}")).unwrap();
    let output = inspect(&["--json", &path.to_string_lossy()], b"");
    let whole: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(whole["parts"][0]["len"], 160_000 * 57);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let path = place("pipe").join("long.eml");
    fs::write(&path, format!("Subject: x\r\n\r\n{}", "line\r\n".repeat(100_000))).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_hongyan"))
        .args(["inspect", "--source"])
        .arg(&path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 10];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

/// No mail of the corpus may take longer; the largest takes a second or two in a debug build.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn every_mail_of_the_corpus_is_inspected() {
    let Some(corpus) = std::env::var_os("HONGYAN_CORPUS") else {
        eprintln!("SKIPPED: set HONGYAN_CORPUS to the folder of real mail to run this test");
        return;
    };
    let mut files = Vec::new();
    walk(Path::new(&corpus), &mut files);
    assert!(!files.is_empty(), "HONGYAN_CORPUS has no mail");
    for path in files {
        let began = Instant::now();
        let output = inspect(&["--json", &path.to_string_lossy()], b"");
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 65)), "{}: {code:?} {}", path.display(), text(&output.stderr));
        let whole: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(!whole["parts"].as_array().unwrap().is_empty(), "{}", path.display());
        assert!(began.elapsed() < PATIENCE, "{} took {:?}", path.display(), began.elapsed());
    }
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path
            .extension()
            .is_some_and(|extension| ["eml", "msg", "raw", "mbox"].iter().any(|mail| extension == *mail))
        {
            files.push(path);
        }
    }
}
