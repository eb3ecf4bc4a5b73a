//! `hongyan extract`, run as a person runs it, on mails that a person would rather not have got.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A folder for a test, made anew, with a mail in it; files are to go to `out` inside of it.
struct Place(PathBuf);

impl Place {
    fn new(name: &str, mail: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("extract").join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("mail.eml"), mail).unwrap();
        Self(path)
    }

    fn out(&self) -> PathBuf {
        self.0.join("out")
    }

    fn extract(&self, more: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongyan"));
        command.current_dir(&self.0).env("LC_ALL", "C").args(["extract", "mail.eml", "-d", "out"]).args(more);
        command.output().unwrap()
    }

    /// Extracts, and gives the names in the mail with those on the disk.
    fn names(&self, more: &[&str]) -> Vec<(String, String)> {
        let output = self.extract(&[more, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let files = report["files"].as_array().unwrap().iter();
        let pair = |file: &Value| {
            (file["part"].as_str().unwrap().to_owned(), file["file"].as_str().unwrap().to_owned())
        };
        files.map(pair).collect()
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("what is printed is UTF-8")
}

/// Every path below `dir`, sorted.
fn tree(dir: &Path) -> Vec<String> {
    fn below(dir: &Path, prefix: &str, found: &mut Vec<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                below(&entry.path(), &format!("{name}/"), found);
            } else {
                found.push(name);
            }
        }
    }
    let mut found = Vec::new();
    below(dir, "", &mut found);
    found.sort();
    found
}

/// A mail with a text and these attachments: name, content.
fn mail(attachments: &[(&str, &str)]) -> String {
    let mut mail =
        "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n".to_owned();
    for (name, content) in attachments {
        let name: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        mail += &format!(
            "--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; \
             filename*=utf-8''{name}\r\n\r\n{content}\r\n"
        );
    }
    mail + "--b--\r\n"
}

#[test]
fn attachments_are_written_with_their_sizes_and_checksums() {
    let place = Place::new("plain", &mail(&[("工资条.pdf", "abc")]));
    let output = place.extract(&[]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    assert!(shown.contains("out/工资条.pdf"), "{shown}");
    assert!(
        shown.contains("3 bytes, sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    );
    assert!(shown.ends_with("1 file, 3 bytes\n"), "{shown}");
    assert_eq!(fs::read(place.out().join("工资条.pdf")).unwrap(), b"abc");
}

#[test]
fn no_name_leads_out_of_the_directory_or_hides_in_it() {
    let evil = [
        "../evil",
        "/etc/passwd",
        "..\\..\\evil",
        "C:\\evil",
        "a/../../evil",
        "..",
        ".",
        "",
        "/",
        ".bashrc",
        "-rf",
        "CON",
        "nul.txt",
        "a\0b",
        "a\nb",
        "\u{202e}gpj.exe",
        "name.",
        " ",
        "~",
        "*",
        "file://x",
        "mail.eml",
    ];
    let attachments: Vec<(&str, &str)> = evil.iter().map(|name| (*name, "x")).collect();
    let place = Place::new("evil", &mail(&attachments));
    let written = place.names(&[]);
    assert_eq!(written.len(), evil.len());
    let mut expected: Vec<String> = written.iter().map(|(_, file)| format!("out/{file}")).collect();
    expected.push("mail.eml".to_owned());
    expected.sort();
    assert_eq!(tree(&place.0), expected, "written inside of `out`, nothing more, nothing of ours left");
    for (_, file) in written {
        let c = |c: char| c.is_control() || "/\\:*".contains(c) || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!file.starts_with(['.', '-']) && !file.contains(c), "{file:?}");
    }
}

#[test]
fn what_is_in_the_directory_is_never_written_over_or_followed() {
    let place =
        Place::new("taken", &mail(&[("a.txt", "new"), ("b.txt", "new"), ("c.txt", "new"), ("d.txt", "new")]));
    fs::create_dir_all(place.out().join("d.txt")).unwrap();
    fs::write(place.out().join("a.txt"), "old").unwrap();
    fs::write(place.0.join("outside"), "old").unwrap();
    symlink(place.0.join("outside"), place.out().join("b.txt")).unwrap();
    symlink(place.0.join("nowhere"), place.out().join("c.txt")).unwrap();
    let names: Vec<String> = place.names(&[]).into_iter().map(|(_, file)| file).collect();
    assert_eq!(names, ["a (2).txt", "b (2).txt", "c (2).txt", "d (2).txt"]);
    assert_eq!(fs::read(place.out().join("a.txt")).unwrap(), b"old");
    assert_eq!(fs::read(place.0.join("outside")).unwrap(), b"old");
    assert!(!place.0.join("nowhere").exists());
    // And again: still nothing is written over.
    let names: Vec<String> = place.names(&[]).into_iter().map(|(_, file)| file).collect();
    assert_eq!(names, ["a (3).txt", "b (3).txt", "c (3).txt", "d (3).txt"]);
}

#[test]
fn a_file_that_cannot_be_completed_is_not_left_half() {
    let place =
        Place::new("full", &mail(&[("small.txt", "x"), ("large.txt", &"y".repeat(200_000)), ("z.txt", "x")]));
    // A limit on the size of files stands for a disk that is full: both fail in the middle of writing.
    let output = Command::new("sh")
        .current_dir(&place.0)
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" extract mail.eml -d out"])
        .arg(env!("CARGO_BIN_EXE_hongyan"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(74), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("large.txt could not be written"), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("small.txt"), "what was written before is told");
    assert_eq!(tree(&place.out()), ["small.txt"]);
}

/// A mail with a text, a nameless picture, a mail inside it, and another in base64.
fn nested() -> String {
    use std::fmt::Write;
    let inner = "Subject: inner\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\ntext\r\n--i\r\n\
                 Content-Type: application/zip; name=a.zip\r\n\r\nzip\r\n--i--\r\n";
    // Quoted-printable, so that it can be written here.
    let mut encoded = String::new();
    inner.bytes().for_each(|byte| write!(encoded, "={byte:02X}").unwrap());
    format!(
        "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n\
         Content-Type: image/png\r\n\r\npng\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b\r\n\
         Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{encoded}\r\n--b--\r\n"
    )
}

#[test]
fn parts_are_chosen_by_what_they_are_by_path_or_all() {
    let place = Place::new("choice", &nested());
    let parts = |more: &[&str]| {
        let _ = fs::remove_dir_all(place.out());
        place.names(more).into_iter().map(|(part, file)| format!("{part} {file}")).collect::<Vec<_>>()
    };
    assert_eq!(parts(&[]), ["1.2 part-1.2.png", "1.3 part-1.3.eml", "1.4 part-1.4.eml"]);
    assert_eq!(parts(&["--part", "1.1"]), ["1.1 part-1.1.txt"]);
    assert_eq!(parts(&["--part", "1.4.1.2", "--part", "1.3.1.2"]), ["1.3.1.2 a.zip", "1.4.1.2 a (2).zip"]);
    assert_eq!(fs::read(place.out().join("a (2).zip")).unwrap(), b"zip");
    assert_eq!(
        parts(&["--all"]),
        [
            "1.1 part-1.1.txt",
            "1.2 part-1.2.png",
            "1.3 part-1.3.eml",
            "1.3.1.1 part-1.3.1.1.txt",
            "1.3.1.2 a.zip",
            "1.4 part-1.4.eml",
            "1.4.1.1 part-1.4.1.1.txt",
            "1.4.1.2 a (2).zip",
        ]
    );
}

#[test]
fn what_cannot_be_done_is_said_with_its_exit_code() {
    let place = Place::new("refused", &nested());
    fs::write(place.0.join("file"), "").unwrap();
    let cases: [(&[&str], i32, &str); 6] = [
        (&["mail.eml", "-d", "out", "--part", "1.9"], 65, "no part 1.9"),
        (&["mail.eml", "-d", "out", "--part", "x"], 64, "a part's path is like 1.2"),
        (&["none.eml", "-d", "out"], 66, "none.eml"),
        (&["mail.eml", "-d", "file"], 73, "the directory file"),
        (&["mail.eml", "-d", "file/below"], 73, "the directory file/below"),
        (&["mail.eml"], 64, "--dir"),
    ];
    for (arguments, code, said) in cases {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongyan"));
        let output = command.current_dir(&place.0).arg("extract").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(said), "{arguments:?}: {}", text(&output.stderr));
    }
    assert!(!place.out().exists(), "a directory is made when there is something to put into it");
}

#[test]
fn files_in_a_winmail_dat_or_in_text_stand_for_themselves() {
    let text = "hello\r\nbegin 644 b.txt\r\n#:&5Y\r\n`\r\nend\r\n";
    // TNEF: signature and key, then of one attachment its beginning, its title and its data.
    let tnef = "eJ8+IgEAAgKQAgAOAAAAAAAAAAAAAAAAAAAAAAAAAAIQgAIABgAAAGEudHh0AO8BAg+AAgACAAAAaGnRAA==";
    let mail = format!(
        "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n{text}--b\r\n\
         Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n{tnef}\r\n\
         --b--\r\n"
    );
    let place = Place::new("packed", &mail);
    let pair = |part: &str, file: &str| (part.to_owned(), file.to_owned());
    assert_eq!(place.names(&[]), [pair("1.1.1", "b.txt"), pair("1.2.1", "a.txt")]);
    assert_eq!(fs::read(place.out().join("a.txt")).unwrap(), b"hi");
    assert_eq!(fs::read(place.out().join("b.txt")).unwrap(), b"hey");
    assert_eq!(
        place.names(&["--part", "1.2"]),
        [pair("1.2", "winmail.dat")],
        "the package itself, by its path"
    );
    fs::remove_file(place.out().join("a.txt")).unwrap();
    assert_eq!(place.names(&["--part", "1.2.1"]), [pair("1.2.1", "a.txt")], "one file of it, by its path");
}
