//! Content off the wire: wherever the link cuts it, it decodes to the same octets and ends at the same place.
#![no_main]

use hongyan_proto::Coding;
use hongyan_proto::framer::Decoder;
use libfuzzer_sys::fuzz_target;

/// Decodes `input` in pieces of these lengths, over and over: the content, and how much was used, if it ended.
fn decode(coding: Coding, input: &[u8], lengths: &[u8]) -> (Vec<u8>, Option<usize>) {
    let (mut decoder, mut content, mut at) = (Decoder::new(coding), Vec::new(), 0);
    for length in lengths.iter().cycle() {
        let end = (at + usize::from(*length).max(1)).min(input.len());
        let (used, done) = decoder.decode(&input[at..end], &mut |piece| content.extend_from_slice(piece));
        if done {
            return (content, Some(at + used));
        }
        at = end;
        if at == input.len() {
            break;
        }
    }
    (content, None)
}

fuzz_target!(|input: (u64, [u8; 3], &[u8])| {
    let (len, lengths, bytes) = input;
    for coding in [Coding::Dot, Coding::Exact(len % 64)] {
        let whole = decode(coding, bytes, &[255]);
        assert_eq!(decode(coding, bytes, &lengths), whole);
        assert_eq!(decode(coding, bytes, &[1]), whole);
    }
});
