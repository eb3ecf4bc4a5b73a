//! A campaign that is started many times at once runs once.

use std::process::{Child, Stdio};

use crate::place::Place;

const READERS: usize = 300;
const STARTS: usize = 200;
/// Exit code of sysexits.h: not now, somebody else has it.
const TEMPFAIL: i32 = 75;

#[test]
fn two_hundred_starts_at_once_send_each_letter_once() {
    let place = Place::new(READERS, "", &[]);
    let start = |_| {
        let mut command = place.run();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let started: Vec<Child> = (0..STARTS).map(start).collect();
    let ended: Vec<_> = started.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    let mut done = 0;
    for output in &ended {
        let said = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            // Whoever comes after the run has ended finds nothing left to do.
            Some(0) => done += 1,
            Some(TEMPFAIL) => assert!(said.contains("process"), "who has it is not said: {said}"),
            other => panic!("exit {other:?}: {said}"),
        }
    }
    assert!(done >= 1, "nobody ran it");
    let arrived = place.arrived();
    assert_eq!(arrived.len(), READERS);
    assert!(arrived.values().all(|times| *times == 1), "somebody got it twice");
}
