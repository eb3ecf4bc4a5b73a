//! Builds one message with an attachment into bytes, `n=` times, without a network: `with=` lettre,
//! mail-builder, or a floor (base64-simd, base64, lines (base64-simd and CRLF lines), memcpy).
use base64::Engine;
use base64_simd::{Out, STANDARD};
use lettre::message::{Attachment, Message, MultiPart, header::ContentType};
use mail_builder::MessageBuilder;
use rust_peers::{arg, attachment};
use std::hint::black_box;

fn main() {
    let (n, with, bytes) =
        (arg("n", 1usize), arg("with", "lettre".to_string()), attachment().expect("attach="));
    let mut out = vec![0u8; bytes.len() * 3 / 2];
    let mut lines: Vec<u8> = Vec::with_capacity(bytes.len() * 3 / 2);
    for _ in 0..n {
        match with.as_str() {
            "lettre" => {
                let part = Attachment::new("report.bin".into())
                    .body(bytes.clone(), ContentType::parse("application/octet-stream").unwrap());
                let m = Message::builder()
                    .from("a@example.com".parse().unwrap())
                    .to("b@example.com".parse().unwrap())
                    .subject("big")
                    .multipart(
                        MultiPart::mixed()
                            .singlepart(lettre::message::SinglePart::plain("hello".to_string()))
                            .singlepart(part),
                    )
                    .unwrap();
                black_box(m.formatted());
            }
            "mail-builder" => {
                black_box(
                    MessageBuilder::new()
                        .from("a@example.com")
                        .to("b@example.com")
                        .subject("big")
                        .text_body("hello")
                        .attachment("application/octet-stream", "report.bin", &bytes[..])
                        .write_to_vec()
                        .unwrap(),
                );
            }
            "base64-simd" => {
                black_box(STANDARD.encode(&bytes, Out::from_slice(&mut out)));
            }
            "base64" => {
                black_box(base64::engine::general_purpose::STANDARD.encode_slice(&bytes, &mut out).unwrap());
            }
            "lines" => {
                // By blocks that stay in the cache: encode, then lay the lines out with their CRLF.
                lines.clear();
                let mut tmp = [0u8; 76 * 256];
                for block in bytes.chunks(57 * 256) {
                    let len = STANDARD.encoded_length(block.len());
                    let _ = STANDARD.encode(block, Out::from_slice(&mut tmp[..]));
                    for line in tmp[..len].chunks(76) {
                        lines.extend_from_slice(line);
                        lines.extend_from_slice(b"\r\n");
                    }
                }
                black_box(&lines);
            }
            "memcpy" => {
                out[..bytes.len()].copy_from_slice(&bytes);
                black_box(&out);
            }
            _ => panic!("with={with}"),
        }
    }
}
