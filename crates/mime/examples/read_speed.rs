//! How fast folders of mail are read with everything decoded, ours against mail-parser, round by round.
//!
//! `cargo run --release -p hongyan-mime --example read_speed -- FOLDER [ROUNDS]`

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;

use hongyan_mime::read::Message;
use mail_parser::{MessageParser, MimeHeaders};

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
    let (mut ours, mut structure, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        structure.push(timed(&all, |raw| {
            black_box(Message::parse(raw).parts().len());
        }));
        ours.push(timed(&all, read_ours));
        theirs.push(timed(&all, read_theirs));
    }
    println!("{} messages, {:.1} MB", all.len(), bytes as f64 / 1e6);
    for (name, times) in [("structure only", structure), ("hongyan", ours), ("mail-parser", theirs)] {
        let mut times = times;
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

fn read_ours(raw: &[u8]) {
    let message = Message::parse(raw);
    black_box((message.subject(), message.from()));
    for (index, part) in message.parts().iter().enumerate() {
        if part.is_container() {
            continue;
        }
        black_box(message.file_name(index));
        if part.media_type.is_text() {
            black_box(message.text(index).len());
        } else {
            black_box(message.decoded(index).len());
        }
    }
}

fn read_theirs(raw: &[u8]) {
    let Some(message) = MessageParser::default().parse(raw) else { return };
    black_box((message.subject(), message.from(), message.body_text(0), message.body_html(0)));
    for attachment in message.attachments() {
        black_box((attachment.attachment_name(), attachment.contents().len()));
    }
}
