//! A winmail.dat, whatever it is: files within the bounds, in order, and no panic.
#![no_main]

use hongyan_mime::read::{MAX_DEPTH, MAX_UNPACKED, Message};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let head = b"Content-Type: application/ms-tnef\r\nContent-Transfer-Encoding: binary\r\n\r\n";
    let raw = [&head[..], &[0x78, 0x9f, 0x3e, 0x22, 0, 0], content].concat();
    let message = Message::parse(&raw);
    let Some(unpacked) = message.unpack(0) else { return };
    assert!(unpacked.files.len() <= MAX_UNPACKED);
    let mut before = 0;
    for file in &unpacked.files {
        assert!(file.depth <= MAX_DEPTH && file.depth <= before + 1, "a level is missing");
        before = file.depth;
        file.text();
    }
    assert_eq!(unpacked.numbered().count(), unpacked.files.len());
    message.best_text();
});
