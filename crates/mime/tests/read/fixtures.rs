//! What the reader's tests share: fixtures written with LF, and findings by their codes.

use std::path::{Path, PathBuf};

use hongyan_mime::read::{Message, Summary, inspect};

/// Text written with LF as it stands on the wire, with CRLF.
pub(crate) fn crlf(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

/// The codes of all findings that inspecting `raw` gives, without repetitions, in order of first appearance.
pub(crate) fn codes(raw: &[u8]) -> Vec<&'static str> {
    let mut codes = Vec::new();
    for defect in inspect(raw).defects {
        if !codes.contains(&defect.code) {
            codes.push(defect.code);
        }
    }
    codes
}

/// A message of one part with the header fields a message needs, then `rest` (more fields, a blank line, body).
pub(crate) fn mail(rest: &str) -> Vec<u8> {
    crlf(&format!(
        "From: a@b.example\nDate: Mon, 2 Jun 2025 10:00:00 +0800\nMessage-ID: <1@b.example>\nMIME-Version: 1.0\n{rest}"
    ))
}

/// `path type` of every part, in order.
pub(crate) fn outline(raw: &[u8]) -> Vec<String> {
    parts_of(&inspect(raw))
}

/// `path type` of every part of a summary, in order.
pub(crate) fn parts_of(summary: &Summary) -> Vec<String> {
    summary.parts.iter().map(|part| format!("{} {}", part.path, part.media_type)).collect()
}

/// Panics unless the segments of `raw` are its bytes and every range lies where it belongs.
pub(crate) fn assert_lossless(raw: &[u8]) {
    let message = Message::parse(raw);
    let mut at = 0;
    for segment in message.segments() {
        assert_eq!(segment.range.start, at, "a gap or overlap at {at} in {:?}", String::from_utf8_lossy(raw));
        assert!(segment.range.end > at, "an empty segment at {at}");
        assert!(segment.part < message.parts().len());
        at = segment.range.end;
    }
    assert_eq!(at, raw.len(), "the segments end before the message");
    for (index, part) in message.parts().iter().enumerate() {
        assert!(part.header.start <= part.header.end && part.header.end <= part.body.start);
        assert!(part.body.start <= part.body.end && part.body.end <= raw.len());
        assert_eq!(message.part_at(&message.path(index)), Some(index));
        match part.parent {
            None => assert_eq!(index, 0, "only the first part has no parent"),
            Some(parent) => {
                let parent = &message.parts()[parent];
                assert_eq!(parent.children[part.number - 1], index);
                assert!(parent.body.start <= part.header.start && part.body.end <= parent.body.end);
            }
        }
        for field in message.fields(index) {
            assert!(part.header.start <= field.range().start && field.range().end <= part.header.end);
        }
    }
    for finding in message.findings() {
        assert!(finding.range.end <= raw.len() && finding.part < message.parts().len());
    }
}

/// The folder of real mail, or `None` with a loud line.
pub(crate) fn corpus(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("HONGYAN_CORPUS");
    if folder.is_none() {
        eprintln!("SKIPPED: {test}: HONGYAN_CORPUS is not set");
    }
    folder.map(PathBuf::from)
}

/// Files below `folder`, in order of path.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the corpus folder can be listed") {
            let path = entry.expect("its entries can be read").path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
