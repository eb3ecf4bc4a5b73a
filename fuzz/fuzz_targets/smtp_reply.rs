//! A server's reply, whatever it sends: what is read prints as a reply that reads the same.
#![no_main]

use hongyan_proto::reply::{Collector, Reply};
use libfuzzer_sys::fuzz_target;

/// Well below the limit on a reply's text, which printing may lengthen by an enhanced code a line.
const SMALL: usize = 8 * 1024;

fn first(input: &[u8]) -> Option<Reply> {
    let mut collector = Collector::default();
    input
        .split(|&b| b == b'\n')
        .find_map(|line| collector.line(line.strip_suffix(b"\r").unwrap_or(line)).ok().flatten())
}

fuzz_target!(|input: &[u8]| {
    let Some(mut reply) = first(input) else { return };
    if input.len() > SMALL {
        return;
    }
    let mut printed = Vec::new();
    reply.write_to(&mut printed);
    // What may not stand in a line was printed as a blank.
    reply.text = reply.text.replace(['\r', '\0'], " ");
    assert_eq!(first(&printed), Some(reply), "{:?}", String::from_utf8_lossy(&printed));
});
