//! Replays the transcripts, whole and split at every octet.

use super::harness::Replay;
use super::script;

/// Every transcript with its name.
pub(crate) fn all() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcripts");
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .expect("transcripts")
        .map(|entry| entry.expect("an entry").path())
        .filter_map(|path| {
            let name = path.file_name()?.to_string_lossy().into_owned();
            name.starts_with("imap-client-")
                .then(|| (name, std::fs::read_to_string(&path).expect("a transcript")))
        })
        .collect();
    all.sort();
    assert!(all.len() > 20, "the transcripts are gone");
    all
}

#[test]
fn every_conversation_goes_as_written() {
    let mut wrong = Vec::new();
    for (name, text) in all() {
        for split in [false, true] {
            let expected = script::parse(&text).sees;
            match std::panic::catch_unwind(|| Replay::new(script::parse(&text), split).run()) {
                Ok((sees, _)) if sees == expected => {}
                Ok((sees, _)) => wrong.push(format!("{name} (split: {split}): sees\n{}", sees.join("\n"))),
                Err(panic) => {
                    let what = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                    wrong.push(format!("{name} (split: {split}): {what}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
