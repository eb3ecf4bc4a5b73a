//! What the client writes is IMAP: an independent parser (imap-codec) reads every command of the transcripts.

use imap_codec::decode::{CommandDecodeError, Decoder as _};
use imap_codec::{AuthenticateDataCodec, CommandCodec, IdleDoneCodec};

use super::harness::Replay;
use super::{script, transcripts};

/// Commands of extensions that the parser does not know, as the client writes them.
const UNKNOWN: &[&str] = &["UID SEARCH RETURN (ALL)", "LIST \"\" \"*\" RETURN (SPECIAL-USE)"];

#[test]
fn every_command_can_be_read_by_another_parser() {
    let (mut wrong, mut commands) = (Vec::new(), 0);
    for (name, text) in transcripts::all() {
        let (_, written) = Replay::new(script::parse(&text), false).run();
        let mut rest = written.as_slice();
        while !rest.is_empty() {
            let line =
                String::from_utf8_lossy(rest.split(|&b| b == b'\n').next().unwrap_or_default()).into_owned();
            let tagged = line.split_once(' ').map_or("", |(_, command)| command);
            commands += 1;
            if let Ok((after, _)) = CommandCodec::default().decode(rest) {
                rest = after;
            } else if let Ok((after, _)) = IdleDoneCodec::default().decode(rest) {
                rest = after;
            } else if let Ok((after, _)) = AuthenticateDataCodec::default().decode(rest) {
                rest = after;
            } else {
                let end = rest.iter().position(|&b| b == b'\n').map_or(rest.len(), |lf| lf + 1);
                let (first, after) = rest.split_at(end);
                // The server refused the literal, or its content failed: the command stays without it.
                let cut = matches!(
                    CommandCodec::default().decode(first),
                    Err(CommandDecodeError::LiteralFound { .. })
                );
                if !cut && !UNKNOWN.iter().any(|known| tagged.starts_with(known)) {
                    wrong.push(format!("{name}: {line}"));
                }
                rest = after;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(commands > 150, "{commands} commands");
}
