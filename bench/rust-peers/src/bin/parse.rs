//! mail-parser over every file of `dir=`, `n=` times; the texts and attachments that it has decoded are touched.

use std::fs;
use std::hint::black_box;

use mail_parser::{MessageParser, MimeHeaders};
use rust_peers::arg;

fn main() {
    let entries = fs::read_dir(arg("dir", String::new())).expect("dir= is a folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    paths.sort();
    let all: Vec<_> = paths.iter().map(|path| fs::read(path).expect("a file of it can be read")).collect();
    for _ in 0..arg("n", 1usize) {
        for raw in &all {
            let Some(message) = MessageParser::default().parse(raw) else { continue };
            black_box((message.subject(), message.from(), message.body_text(0), message.body_html(0)));
            for attachment in message.attachments() {
                black_box((attachment.attachment_name(), attachment.contents().len()));
            }
        }
    }
}
