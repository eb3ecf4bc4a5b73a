//! mbox files as they come, and that what is written reads back as what it was.

use std::io::{self, Cursor, Read};
use std::path::Path;

use hongyan_mailbox::mbox::{MboxError, Postmark, Reader, Writer};
use proptest::prelude::*;

/// A stream that gives only so many octets at a time.
struct Dribble<'a>(&'a [u8], usize);

impl Read for Dribble<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.0.len().min(self.1).min(out.len());
        out[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

fn read_all<R: Read>(mut reader: Reader<R>) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    while let Some((postmark, mut message)) = reader.next_message().expect("an mbox") {
        let mut content = Vec::new();
        message.read_to_end(&mut content).expect("reads");
        all.push((postmark.sender().to_owned(), content));
    }
    all
}

/// The messages of an mbox, read in pieces of several sizes, and with its lengths believed.
fn messages(mbox: &[u8]) -> Vec<String> {
    let whole = read_all(Reader::new(mbox));
    for step in [1, 7, 4096] {
        assert_eq!(read_all(Reader::new(Dribble(mbox, step))), whole, "in pieces of {step}");
    }
    whole.into_iter().map(|(_, content)| String::from_utf8_lossy(&content).into_owned()).collect()
}

fn with_lengths(mbox: &[u8]) -> Vec<String> {
    let read = read_all(Reader::with_lengths(Cursor::new(mbox)));
    read.into_iter().map(|(_, content)| String::from_utf8_lossy(&content).into_owned()).collect()
}

fn written(contents: &[Vec<u8>], step: usize) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for content in contents {
        let size = writer.append(&Postmark::new("a@b.example", 7), Dribble(content, step)).expect("writes");
        assert_eq!(size, content.len() as u64);
    }
    writer.finish().expect("finishes")
}

const P: &str = "From a@b.example Thu Jan  1 00:00:00 1970\n";

#[test]
fn files_of_other_programs_are_divided_where_their_messages_are() {
    let case = |name: &str, mbox: String, expected: &[&str]| {
        assert_eq!(messages(mbox.as_bytes()), expected, "{name}");
    };
    case("empty", String::new(), &[]);
    case("empty lines only", "\n\r\n\n".into(), &[]);
    case("one, with the file's empty line", format!("{P}A: 1\n\nx\n\n"), &["A: 1\n\nx\n"]);
    case("one, without it: its line end is its own", format!("{P}A: 1\n\nx\n"), &["A: 1\n\nx\n"]);
    case("no line end at all", format!("{P}A: 1\n\nx"), &["A: 1\n\nx"]);
    case("two", format!("{P}A: 1\n\nx\n\n{P}B: 2\n\ny\n\n"), &["A: 1\n\nx\n", "B: 2\n\ny\n"]);
    case("no empty line between", format!("{P}A: 1\n\nx\n{P}B: 2\n\ny\n"), &["A: 1\n\nx\n", "B: 2\n\ny\n"]);
    case("two empty lines between: one is the message's", format!("{P}x\n\n\n{P}y\n\n"), &["x\n\n", "y\n"]);
    case("nothing in between", format!("{P}{P}\n{P}x\n"), &["", "", "x\n"]);
    case("byte order mark", format!("\u{feff}{P}x\n\n"), &["x\n"]);
    case("empty lines before", format!("\n\n{P}x\n\n"), &["x\n"]);
    let crlf = P.replace('\n', "\r\n");
    case(
        "CRLF all over",
        format!("{crlf}A: 1\r\n\r\nx\r\n\r\n{crlf}y\r\n\r\n"),
        &["A: 1\r\n\r\nx\r\n", "y\r\n"],
    );
    case(
        "CRLF in messages only",
        format!("{P}A: 1\r\n\r\nx\r\n\n{P}y\r\n\r\n\n"),
        &["A: 1\r\n\r\nx\r\n", "y\r\n\r\n"],
    );
    case(
        "text that only looks like a postmark",
        format!("{P}A: 1\n\nFrom Russia with love\n\nFrom now on\n\n"),
        &["A: 1\n\nFrom Russia with love\n\nFrom now on\n"],
    );
    case(
        "mboxo and mboxrd quotes",
        format!("{P}>From x\n>>From y\n>>>>From z\n>from\n>Frome\n> From\n>>\n>\n\n"),
        &["From x\n>From y\n>>>From z\n>from\n>Frome\n> From\n>>\n>\n"],
    );
    case("a quote at the end", format!("{P}x\n>"), &["x\n>"]);
    case("half a postmark at the end", format!("{P}x\n\nFrom "), &["x\n\nFrom "]);
    case("Netscape's", "From - \nA: 1\n\nx\nFrom - \ny\n".into(), &["A: 1\n\nx\n", "y\n"]);
}

#[test]
fn a_long_line_and_a_long_row_of_quotes_pass_through() {
    let line = "x".repeat(300_000);
    let quotes = ">".repeat(200_000);
    let mbox = format!("{P}{line}\n{quotes}From a\n{quotes}\nFrom {line}\n\n{P}y\n");
    let expected = format!("{line}\n{}From a\n{quotes}\nFrom {line}\n", &quotes[1..]);
    assert_eq!(messages(mbox.as_bytes()), [expected, "y\n".into()]);
}

#[test]
fn a_stated_length_is_believed_where_a_postmark_or_the_end_is_there() {
    let postmark_in_text = format!("{P}Subject: forwarded\n\n>From x\n");
    let length = postmark_in_text.len();
    let right = format!("{P}Content-Length: {length}\n\n{postmark_in_text}\n{P}B: 2\n\ny\n\n");
    let first = format!("Content-Length: {length}\n\n{postmark_in_text}");
    assert_eq!(with_lengths(right.as_bytes()), [first.clone(), "B: 2\n\ny\n".into()]);
    assert_eq!(
        with_lengths(format!("{P}Content-length:  {length} \n\n{postmark_in_text}").as_bytes()),
        [first.replace(&format!("Length: {length}"), &format!("length:  {length} "))],
        "at the end of the file"
    );
    for wrong in ["0", "1", "3", "99999", "18446744073709551615", "-1", "x", ""] {
        let mbox = format!("{P}Content-Length: {wrong}\n\nx\n>From y\n\n{P}z\n\n");
        let expected = [format!("Content-Length: {wrong}\n\nx\nFrom y\n"), "z\n".into()];
        assert_eq!(with_lengths(mbox.as_bytes()), expected, "{wrong}");
    }
}

#[test]
fn what_is_no_mbox_is_refused() {
    for other in ["Subject: x\n\nFrom me\n", "x", "\u{feff}Subject: x\n", "From\n", ">From a@b\n"] {
        assert!(matches!(Reader::new(other.as_bytes()).next_message(), Err(MboxError::NotMbox)), "{other:?}");
    }
}

#[test]
fn a_message_that_is_not_read_is_skipped() {
    let mbox = written(&[b"one\n".to_vec(), vec![b'>'; 100_000], b"three".to_vec()], 4096);
    let mut reader = Reader::new(&mbox[..]);
    for _ in 0..2 {
        assert!(reader.next_message().expect("an mbox").is_some());
    }
    let (_, mut message) = reader.next_message().expect("an mbox").expect("a third message");
    let mut content = String::new();
    message.read_to_string(&mut content).expect("reads");
    assert_eq!(content, "three");
    assert!(reader.next_message().expect("an mbox").is_none());
}

#[test]
fn content_that_states_a_length_or_looks_like_a_postmark_reads_back_as_it_was() {
    let contents: Vec<Vec<u8>> = [
        "",
        "\n",
        "\r\n",
        "\r",
        "x",
        "x\n\n",
        "x\r\n",
        "From ",
        "From - \n\nFrom a@b.example Thu Jan  1 00:00:00 1970 -0000\n",
        ">From ",
        ">>>From \r\nFrom\nFro",
        "\nFrom x\n",
        "Content-Length: 1\n\nabc\n",
        "\u{feff}From x\n",
    ]
    .iter()
    .map(|content| content.as_bytes().to_vec())
    .collect();
    let mbox = written(&contents, 3);
    let read = |all: Vec<(String, Vec<u8>)>| all.into_iter().map(|(_, content)| content).collect::<Vec<_>>();
    assert_eq!(read(read_all(Reader::new(&mbox[..]))), contents);
    assert_eq!(read(read_all(Reader::with_lengths(Cursor::new(&mbox)))), contents);
}

proptest! {
    #[test]
    fn export_then_import_gives_the_same_messages(
        contents in prop::collection::vec("([>]{0,3}F?r?o?m? ?[xF>]?(\r?\n){0,2}|[\\x00-\\xff]{0,3}){0,12}", 0..6),
        write_step in 1..40usize,
        read_step in 1..40usize,
    ) {
        let contents: Vec<Vec<u8>> = contents.into_iter().map(String::into_bytes).collect();
        let mbox = written(&contents, write_step);
        prop_assert_eq!(&mbox, &written(&contents, 1 << 20), "however the pieces fall");
        let read: Vec<Vec<u8>> =
            read_all(Reader::new(Dribble(&mbox, read_step))).into_iter().map(|(_, content)| content).collect();
        prop_assert_eq!(read, contents);
    }

    #[test]
    fn whatever_is_read_is_read_the_same_in_pieces_and_written_reads_back(
        mbox in "(From (-|a@b|x)?( Sun Jan 23 20:41:55 2022)?( -0000)?\r?\n|[>]{0,2}From [a-z]{0,2}|Content-Length: [0-9]\n|x?\r?\n){0,14}",
        step in 1..9usize,
    ) {
        let mbox = format!("From a@b.example\n{mbox}").into_bytes();
        let whole = read_all(Reader::new(&mbox[..]));
        prop_assert_eq!(&read_all(Reader::new(Dribble(&mbox, step))), &whole);
        read_all(Reader::with_lengths(Cursor::new(&mbox)));
        let contents: Vec<Vec<u8>> = whole.into_iter().map(|(_, content)| content).collect();
        let again: Vec<Vec<u8>> =
            read_all(Reader::new(&written(&contents, 64)[..])).into_iter().map(|(_, content)| content).collect();
        prop_assert_eq!(again, contents);
    }
}

/// The corpus's mbox files: how many messages each has, and that no octet of them gets lost on the way.
#[test]
fn real_mbox_files_are_read_and_written_again() {
    let Some(corpus) = std::env::var_os("HONGYAN_CORPUS") else {
        eprintln!("SKIPPED: real mbox files: HONGYAN_CORPUS is not set");
        return;
    };
    let folder = Path::new(&corpus).join("mbox-maildir");
    for (file, count) in [
        ("apache+spamassassin/nice.mbox", 3),
        ("jstedfast+MimeKit/mbox/content-length.mbox.txt", 29),
        ("jstedfast+MimeKit/mbox/unmunged.mbox.txt", 2),
        ("mjl-+mox/importtest.mbox", 2),
    ] {
        let mbox = std::fs::read(folder.join(file)).expect("a file of the corpus");
        for all in [read_all(Reader::new(&mbox[..])), read_all(Reader::with_lengths(Cursor::new(&mbox)))] {
            assert_eq!(all.len(), count, "{file}");
            // Each message stands in the file as it was read, but for quotes.
            for (n, (_, content)) in all.iter().enumerate() {
                let quoted = content.windows(5).any(|window| window == b"From ");
                let there = memchr::memmem::find(&mbox, content).is_some();
                assert!(there || quoted, "{file}: message {n}");
            }
            let contents: Vec<Vec<u8>> = all.into_iter().map(|(_, content)| content).collect();
            let again: Vec<Vec<u8>> = read_all(Reader::new(&written(&contents, 999)[..]))
                .into_iter()
                .map(|(_, content)| content)
                .collect();
            assert!(again == contents, "{file}");
        }
    }
}
