//! An mbox, whatever is in it: read the same in whatever pieces it comes, and its messages written and read again are
//! the same.
#![no_main]

use std::io::{Cursor, Read};

use hongyan_mailbox::mbox::{Postmark, Reader, Writer};
use libfuzzer_sys::fuzz_target;

/// Gives only so many octets at a time.
struct Dribble<'a>(&'a [u8], usize);

impl Read for Dribble<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let piece = &self.0[..self.0.len().min(self.1)];
        let read = (&*piece).read(out)?;
        self.0 = &self.0[read..];
        Ok(read)
    }
}

fn messages<R: Read>(mut reader: Reader<R>) -> Option<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    while let Some((_, mut message)) = reader.next_message().ok()? {
        let mut content = Vec::new();
        message.read_to_end(&mut content).expect("octets in memory can be read");
        all.push(content);
    }
    Some(all)
}

fuzz_target!(|input: &[u8]| {
    let Some((&step, mbox)) = input.split_first() else { return };
    let step = usize::from(step) + 1;
    messages(Reader::with_lengths(Cursor::new(mbox)));
    let all = messages(Reader::new(mbox));
    assert_eq!(messages(Reader::new(Dribble(mbox, step))), all);
    // The input as one message, too.
    let mut all = all.unwrap_or_default();
    all.push(mbox.to_vec());
    let mut writer = Writer::new(Vec::new());
    for message in &all {
        writer
            .append(&Postmark::new("a@b.example", 0), Dribble(message, step))
            .expect("memory can be written");
    }
    let written = writer.finish().expect("memory can be written");
    assert_eq!(messages(Reader::new(&written[..])), Some(all.clone()));
    assert_eq!(messages(Reader::with_lengths(Cursor::new(&written))), Some(all));
});
