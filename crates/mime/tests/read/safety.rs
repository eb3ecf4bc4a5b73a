//! What a message says reaches a terminal and a disk harmlessly.

use std::collections::HashSet;

use hongyan_mime::read::safe::{FileNames, MAX_FILE_NAME, line, text};
use proptest::prelude::*;

#[test]
fn controls_are_written_out() {
    // (rule, text, as one line, as several lines)
    let cases = [
        ("plain text stays", "abc 中文 é 😀", "abc 中文 é 😀", "abc 中文 é 😀"),
        ("an escape sequence", "\u{1b}[31mred", "\\x1b[31mred", "\\x1b[31mred"),
        ("a C1 control", "a\u{9b}31m", "a\\x9b31m", "a\\x9b31m"),
        ("a title sequence", "\u{1b}]0;x\u{7}", "\\x1b]0;x\\x07", "\\x1b]0;x\\x07"),
        ("a line feed", "a\nb", "a\\x0ab", "a\nb"),
        ("CRLF", "a\r\nb", "a\\x0d\\x0ab", "a\r\nb"),
        ("a lone CR", "a\rb", "a\\x0db", "a\\x0db"),
        ("a tab", "a\tb", "a\\x09b", "a\tb"),
        ("a backspace", "a\u{8}b", "a\\x08b", "a\\x08b"),
        ("DEL and NUL", "\u{7f}\0", "\\x7f\\x00", "\\x7f\\x00"),
        ("a right-to-left override", "a\u{202e}gpj.exe", "a\\u{202e}gpj.exe", "a\\u{202e}gpj.exe"),
        ("isolates", "\u{2066}a\u{2069}", "\\u{2066}a\\u{2069}", "\\u{2066}a\\u{2069}"),
        ("zero width space", "a\u{200b}b", "a\\u{200b}b", "a\\u{200b}b"),
        ("byte order mark", "\u{feff}a", "\\u{feff}a", "\\u{feff}a"),
        ("line separator", "a\u{2028}b", "a\\u{2028}b", "a\\u{2028}b"),
        ("soft hyphen", "a\u{ad}b", "a\\xadb", "a\\xadb"),
        ("tags", "a\u{e0041}", "a\\u{e0041}", "a\\u{e0041}"),
        ("a letter that shows as nothing", "a\u{3164}b", "a\\u{3164}b", "a\\u{3164}b"),
    ];
    for (rule, input, one_line, lines) in cases {
        assert_eq!(line(input), one_line, "{rule}");
        assert_eq!(text(input), lines, "{rule}");
    }
}

#[test]
fn file_names_are_made_safe() {
    // (rule, wanted, made)
    let cases: &[(&str, Option<&str>, &str)] = &[
        ("a plain name stays", Some("report.pdf"), "report.pdf"),
        ("Chinese stays", Some("工资条 2025（终版）.xlsx"), "工资条 2025（终版）.xlsx"),
        ("a path up", Some("../../etc/passwd"), "passwd"),
        ("an absolute path", Some("/etc/passwd"), "passwd"),
        ("a Windows path", Some("C:\\Windows\\a.dll"), "a.dll"),
        ("mixed separators", Some("a/..\\b"), "b"),
        ("a name that ends in a separator", Some("dir/"), "dir"),
        ("dots only", Some(".."), "part-1.bin"),
        ("separators only", Some("///"), "part-1.bin"),
        ("a hidden file", Some(".bashrc"), "bashrc"),
        ("dots and blanks around", Some(" . a.txt. . "), "a.txt"),
        ("a drive or stream", Some("a.txt:stream"), "a.txt_stream"),
        ("wildcards and quotes", Some("a*?<>|\".txt"), "a______.txt"),
        ("a device", Some("CON"), "_CON"),
        ("a device with an extension", Some("nul.txt"), "_nul.txt"),
        ("a device with blanks", Some("aux .txt"), "_aux.txt"),
        ("a numbered device", Some("com1.log"), "_com1.log"),
        ("a device by a superscript", Some("LPT².x"), "_LPT².x"),
        ("no device", Some("console.txt"), "console.txt"),
        ("a right-to-left override", Some("a\u{202e}gpj.exe"), "agpj.exe"),
        ("controls", Some("a\u{1b}[2J\0b.txt"), "a[2Jb.txt"),
        ("a line break", Some("a\r\nb.txt"), "a  b.txt"),
        ("an option", Some("-rf"), "_rf"),
        ("bytes that were no text", Some("a\u{fffd}.txt"), "a_.txt"),
        ("empty", Some(""), "part-1.bin"),
        ("none", None, "part-1.bin"),
    ];
    for (rule, wanted, made) in cases {
        assert_eq!(FileNames::new().make(*wanted, "part-1.bin"), *made, "{rule}");
    }
    assert_eq!(FileNames::new().make(None, "/"), "attachment", "the fallback is made safe too");
}

#[test]
fn names_are_unique_letter_case_aside() {
    let mut names = FileNames::new();
    let made: Vec<_> = ["a.txt", "A.TXT", "a (2).txt", "a.txt", "b", "B", "ß", "SS"]
        .map(|name| names.make(Some(name), "x"))
        .into();
    assert_eq!(made, ["a.txt", "A (2).TXT", "a (2) (2).txt", "a (3).txt", "b", "B (2)", "ß", "SS (2)"]);
}

#[test]
fn long_names_are_cut_between_characters_and_keep_their_extension() {
    let mut names = FileNames::new();
    let wanted = format!("{}.tar.gz", "长".repeat(200));
    let first = names.make(Some(&wanted), "x");
    let second = names.make(Some(&wanted), "x");
    for name in [&first, &second] {
        assert!(name.len() <= MAX_FILE_NAME && name.len() > MAX_FILE_NAME - 4, "{}", name.len());
        assert!(name.ends_with(".gz") && name.starts_with('长'));
    }
    assert!(second.ends_with(" (2).gz"));
    let endless = format!("a.{}", "x".repeat(400));
    assert!(names.make(Some(&endless), "x").len() <= MAX_FILE_NAME);
}

#[test]
fn ten_thousand_wishes_for_one_name_take_linear_work() {
    // Each name is tried from where the last one ended, not from 2 again: this would take minutes otherwise.
    let mut names = FileNames::new();
    let made: HashSet<_> = (0..10_000).map(|_| names.make(Some("a.txt"), "x")).collect();
    assert_eq!(made.len(), 10_000);
    assert!(made.contains("a (10000).txt"));
}

/// Names and texts out of what attackers use.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("..".to_owned()),
        Just("/".to_owned()),
        Just("\\".to_owned()),
        Just("con".to_owned()),
        Just(".".to_owned()),
        Just(" ".to_owned()),
        Just("\u{202e}".to_owned()),
        Just("\0".to_owned()),
        "\\PC{0,4}",
        any::<char>().prop_map(String::from),
        "[a-z中]{1,90}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn every_name_stays_in_its_directory(wanted in prop::collection::vec(hostile(), 1..6), fallback in hostile()) {
        let mut names = FileNames::new();
        let mut seen = HashSet::new();
        for wish in &wanted {
            let name = names.make(Some(wish), &fallback);
            prop_assert!(!name.is_empty() && name.len() <= MAX_FILE_NAME);
            prop_assert!(!name.starts_with(['.', ' ', '-']) && !name.ends_with(['.', ' ']), "{name:?}");
            prop_assert!(!name.contains(|c: char| c.is_control() || "/\\:*?\"<>|".contains(c)), "{name:?}");
            prop_assert_eq!(&line(&name), &name, "nothing in it has to be made visible");
            prop_assert_eq!(std::path::Path::new(&name).components().count(), 1);
            prop_assert!(seen.insert(name.to_lowercase()), "{name:?} was made twice");
        }
    }

    #[test]
    fn shown_text_controls_nothing(input in hostile()) {
        prop_assert!(!line(&input).contains(char::is_control));
        prop_assert!(!text(&input).contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t' | '\r')));
        prop_assert!(!text(&input).replace("\r\n", "").contains('\r'));
        let shown = line(&input);
        prop_assert_eq!(line(&shown), shown.as_ref(), "what is shown is shown again as it is");
    }
}
