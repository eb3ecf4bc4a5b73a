//! Attachments that change or vanish while they are sent: the mail is not completed, and that is said.

use std::fs::{self, File};
use std::io::Write;
use std::time::{Duration, Instant};

use crate::place::{Place, Ran, World};

/// Sends a large attachment; while the server thinks before its go-ahead, `meanwhile` happens.
fn sent(name: &str, meanwhile: impl FnOnce(&Place)) -> (World, Ran) {
    let world = World::failing(&["data=delay 1500"]);
    let place = Place::with(name, &world);
    place.write("large.bin", vec![7_u8; 3_000_000]);
    let arguments = ["--no-chunking", "--trace", "--text", "x", "-a", "large.bin", "a@example.org"];
    let child = place.command(&arguments).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(700));
    meanwhile(&place);
    let ran = Ran::of(child);
    (world, ran)
}

fn is_refused(name: &str, why: &str, code: i32, meanwhile: impl FnOnce(&Place)) {
    let (world, ran) = sent(name, meanwhile);
    assert_eq!(ran.code, code, "{name}: {ran:?}");
    assert!(ran.err.contains("send: not sent, at "), "{name}: {}", ran.err);
    assert!(ran.err.contains(why), "{name}: {}", ran.err);
    assert!(ran.err.contains("large.bin"), "{name}: {}", ran.err);
    assert_eq!(world.count(), 0, "{name}: half a mail was kept");
}

#[test]
fn a_file_that_changes_or_vanishes_is_never_half_a_mail() {
    let path = |place: &Place| place.path("large.bin");
    is_refused("grew", "changed while", 74, |place| {
        File::options().append(true).open(path(place)).unwrap().write_all(b"more").unwrap();
    });
    is_refused("shrank", "changed while", 74, |place| {
        File::options().write(true).open(path(place)).unwrap().set_len(1_000_000).unwrap();
    });
    is_refused("rewritten", "changed while", 74, |place| {
        fs::write(path(place), vec![8_u8; 3_000_000]).unwrap();
    });
    is_refused("vanished", "there is no such file", 74, |place| fs::remove_file(path(place)).unwrap());
}

#[test]
fn a_file_at_rest_arrives() {
    let began = Instant::now();
    let (world, ran) = sent("rest", |_| {});
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(began.elapsed() >= Duration::from_millis(1500), "the server did not think");
    assert_eq!(world.count(), 1);
}
