//! A message, whatever it is: no byte is lost, no part hidden, and nothing of it gets at a terminal or a disk.
#![no_main]

use std::path::{Component, Path};

use hongyan_mime::read::safe::{self, FileNames, MAX_FILE_NAME};
use hongyan_mime::read::{Duplicates, Limits, Message, inspect, tree};
use libfuzzer_sys::fuzz_target;

fn check(message: &Message<'_>) {
    let mut at = 0;
    for segment in message.segments() {
        assert_eq!(segment.range.start, at, "a gap or an overlap");
        assert!(segment.part < message.parts().len());
        at = segment.range.end;
    }
    assert_eq!(at, message.raw().len(), "the end is missing");

    let mut names = FileNames::new();
    for part in 0..message.parts().len() {
        assert_eq!(message.part_at(&message.path(part)), Some(part));
        let name = names.make(message.file_name(part).as_deref(), "part");
        let mut components = Path::new(&name).components();
        assert!(
            matches!(components.next(), Some(Component::Normal(_))) && components.next().is_none(),
            "{name:?}"
        );
        assert!(name.len() <= MAX_FILE_NAME && !name.chars().any(char::is_control), "{name:?}");
    }
}

fuzz_target!(|raw: &[u8]| {
    check(&Message::parse(raw));
    check(&Message::parse_with(raw, Limits::default(), Duplicates::Last));
    let message = Message::parse(raw);
    message.best_text();
    for part in 0..message.parts().len() {
        message.unpack(part);
    }
    let summary = inspect(raw);
    for line in tree(&summary) {
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
    if let Some(subject) = &summary.subject {
        assert!(!safe::line(subject).chars().any(char::is_control), "{subject:?}");
    }
});
