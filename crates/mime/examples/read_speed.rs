//! How fast folders of mail are read with everything decoded, ours against mail-parser, round by round.
//!
//! `cargo run --release -p hongyan-mime --example read_speed -- FOLDER [ROUNDS [READER]]`

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;

use hongyan_mime::read::Message;
use mail_parser::{MessageParser, MimeHeaders};

/// A reader's name, what it does with a message, and its times.
type Reader = (&'static str, fn(&[u8]), Vec<f64>);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("usage: read_speed FOLDER [ROUNDS]");
    let rounds: usize = arguments.next().map_or(20, |rounds| rounds.parse().expect("ROUNDS is a number"));
    let mut all = Vec::new();
    collect(Path::new(&folder), &mut all);
    // mail-parser panics on some hostile messages; both read only those that it survives.
    std::panic::set_hook(Box::new(|_| {}));
    all.retain(|raw| {
        catch_unwind(AssertUnwindSafe(|| MessageParser::default().parse(raw).is_some())).unwrap_or(false)
    });
    let bytes: usize = all.iter().map(Vec::len).sum();
    let only = arguments.next();
    let mut readers: Vec<Reader> = vec![
        (
            "structure only",
            |raw| {
                black_box(Message::parse(raw).parts().len());
            },
            Vec::new(),
        ),
        ("hongyan", read_ours, Vec::new()),
        ("mail-parser", read_theirs, Vec::new()),
    ];
    readers.retain(|(name, ..)| only.as_deref().is_none_or(|only| only == *name));
    for _ in 0..rounds {
        for (_, read, times) in &mut readers {
            times.push(timed(&all, *read));
        }
    }
    println!("{} messages, {:.1} MB", all.len(), bytes as f64 / 1e6);
    for (name, _, times) in &mut readers {
        times.sort_by(f64::total_cmp);
        println!("{name:<15} {:7.1} MB/s", bytes as f64 / 1e6 / times[times.len() / 2]);
    }
}

fn collect(folder: &Path, all: &mut Vec<Vec<u8>>) {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").filter_map(Result::ok).map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, all);
        } else if !matches!(
            path.extension().and_then(|e| e.to_str()),
            Some("json" | "tsv" | "xml" | "html" | "md")
        ) {
            all.extend(std::fs::read(&path));
        }
    }
}

fn timed(all: &[Vec<u8>], read: impl Fn(&[u8])) -> f64 {
    let start = Instant::now();
    all.iter().for_each(|raw| read(raw));
    start.elapsed().as_secs_f64()
}

/// Every field decoded by what it holds, every part by its encodings, as mail-parser does unasked.
fn read_ours(raw: &[u8]) {
    let message = Message::parse(raw);
    for (index, part) in message.parts().iter().enumerate() {
        for field in message.fields(index) {
            match kind(&raw[field.name()]) {
                Kind::Addresses => drop(black_box(message.addresses_in(field))),
                Kind::Date => drop(black_box(message.date_in(field))),
                Kind::Text => drop(black_box(message.value_text(field))),
                Kind::Parameters => {}
            }
        }
        black_box(message.file_name(index));
        if part.is_container() {
            continue;
        }
        if part.media_type.is_text() {
            black_box(message.text(index).len());
        } else {
            black_box(message.decoded(index).len());
        }
    }
}

/// What a field holds, by its name.
enum Kind {
    Addresses,
    Date,
    Parameters,
    Text,
}

fn kind(name: &[u8]) -> Kind {
    let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
    match name.len() {
        2 if is("To") || is("Cc") => Kind::Addresses,
        3 if is("Bcc") => Kind::Addresses,
        4 if is("From") => Kind::Addresses,
        4 if is("Date") => Kind::Date,
        6 if is("Sender") => Kind::Addresses,
        8 if is("Reply-To") => Kind::Addresses,
        12 if is("Content-Type") => Kind::Parameters,
        19 if is("Content-Disposition") => Kind::Parameters,
        _ => Kind::Text,
    }
}

fn read_theirs(raw: &[u8]) {
    let Some(message) = MessageParser::default().parse(raw) else { return };
    black_box((message.subject(), message.from(), message.body_text(0), message.body_html(0)));
    for attachment in message.attachments() {
        black_box((attachment.attachment_name(), attachment.contents().len()));
    }
}
