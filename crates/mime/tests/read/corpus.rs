//! The reader over a folder of real mail (`HONGYAN_CORPUS`): nothing panics, nothing is lost, nothing hangs.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use hongyan_mime::read::{Message, PartSummary, Person, inspect, tree};
use serde_json::Value;

use crate::fixtures::{assert_lossless, corpus, files_below};

#[test]
fn every_file_of_the_corpus_is_read_whole_and_in_bounded_time() {
    let Some(folder) = corpus("every_file_of_the_corpus_is_read_whole_and_in_bounded_time") else { return };
    let (mut files, mut bytes, mut findings, mut parts, mut slowest) =
        (0, 0, 0, 0, (Duration::ZERO, PathBuf::new()));
    for path in files_below(&folder) {
        let raw = std::fs::read(&path).expect("a corpus file can be read");
        let start = Instant::now();
        let summary = inspect(&raw);
        let taken = start.elapsed();
        Message::parse(&raw).best_text();
        let lines = tree(&summary);
        assert_eq!(lines.len(), summary.parts.len(), "{}", path.display());
        assert_lossless(&raw);
        assert!(taken < Duration::from_secs(20), "{} took {taken:?}", path.display());
        if taken > slowest.0 {
            slowest = (taken, path);
        }
        files += 1;
        bytes += raw.len();
        findings += summary.defects.len();
        parts += summary.parts.len();
    }
    eprintln!(
        "corpus: {files} files, {:.1} MB, {parts} parts, {findings} findings; slowest {:?} {}",
        bytes as f64 / 1e6,
        slowest.0,
        slowest.1.display()
    );
    assert!(files > 0, "the corpus folder holds no file");
}

/// What Python's imap_tools makes of a message, beside it in the corpus.
#[test]
fn messages_with_expected_outputs_are_read_as_expected() {
    let Some(folder) = corpus("messages_with_expected_outputs_are_read_as_expected") else { return };
    let mut files = 0;
    let mut alike = [("subject", 0), ("date", 0), ("to", 0), ("cc", 0), ("attachments", 0)];
    for path in files_below(&folder) {
        let name = path.to_string_lossy().into_owned();
        let Some(input) = name.strip_suffix(".imap_tools.json") else { continue };
        let raw = std::fs::read(input).expect("an expected output has its input");
        let expected = std::fs::read_to_string(&path).expect("an expected output can be read");
        // Python writes undecodable bytes as lone surrogates, which are no JSON.
        let Ok(expected) = serde_json::from_str::<Value>(&expected) else { continue };
        let summary = inspect(&raw);
        let date = expected["date"].as_str().filter(|date| !date.starts_with("1900-"));
        let ours = summary.date.as_deref().map(|date| date.trim_end_matches("-00:00"));
        let same = [
            expected["subject"].as_str().unwrap_or_default()
                == summary.subject.as_deref().unwrap_or_default(),
            date == ours,
            people(&expected["to_values"]) == pairs(&summary.to),
            people(&expected["cc_values"]) == pairs(&summary.cc),
            has_attachments(&expected["attachments"], &summary.parts),
        ];
        files += 1;
        for ((_, count), same) in alike.iter_mut().zip(same) {
            *count += usize::from(same);
        }
    }
    eprintln!("against imap_tools: {files} messages, alike: {alike:?}");
    assert!(files > 0, "the corpus holds no expected output");
    for (what, count) in alike {
        // Recipients differ in six messages with broken lists or headers, where Python drops or splits names.
        assert!(count * 100 >= files * 85, "{what}: only {count} of {files} as expected");
    }
}

fn people(expected: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    expected.as_array().into_iter().flatten().map(|one| (text(&one["name"]), text(&one["email"]))).collect()
}

fn pairs(people: &[Person]) -> Vec<(String, String)> {
    people.iter().map(|one| (one.name.clone().unwrap_or_default(), one.address.clone())).collect()
}

/// Whether every attachment is among the parts, by its content and name. Messages are left out: Python writes
/// them anew instead of giving their bytes.
fn has_attachments(expected: &Value, parts: &[PartSummary]) -> bool {
    let attachments = expected.as_array().into_iter().flatten();
    attachments.filter(|one| one["content_type"] != "message/rfc822").all(|one| {
        parts.iter().any(|part| {
            part.sha256.as_deref() == one["payload"]["sha256"].as_str()
                && part.file.as_deref().unwrap_or_default() == one["filename"].as_str().unwrap_or_default()
        })
    })
}
