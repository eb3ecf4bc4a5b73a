//! Anything that came back: no panic, within the bounds, on one line, and nobody suppressed without a failure that is certain.
#![no_main]

use hongyan_bulk::bounce::{self, Action, Effect, Kind, MAX_DIAGNOSTIC, MAX_RECIPIENTS};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| {
    let reading = bounce::read(raw, None);
    assert!(reading.recipients.len() <= MAX_RECIPIENTS);
    assert!(!reading.proven, "without a key nothing is proven");
    for report in &reading.recipients {
        assert!(!report.diagnostic.contains(['\r', '\n', '\0']));
        assert!(report.diagnostic.len() <= MAX_DIAGNOSTIC * 8, "escaping makes it longer, but not without end");
        if report.effect() == Effect::AtOnce {
            assert!(report.hard && report.certain && !report.temporary && report.action == Action::Failed);
            assert!(report.address.contains('@'));
        }
    }
    if matches!(reading.kind, Kind::Reply | Kind::Other | Kind::Feedback) {
        assert!(reading.recipients.is_empty() && reading.people.is_empty());
    }
});
