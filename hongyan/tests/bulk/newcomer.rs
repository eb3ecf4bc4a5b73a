//! What somebody meets who begins, makes mistakes, and looks what to do next.

use std::fs;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use hongyan::bulk::ledger::State;

use crate::place::Place;

fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Adds to a campaign's text template.
fn edit(place: &Place) {
    fs::write(place.dir.join("letter.txt"), "Hello {{ name }}, this is new.\n").unwrap();
}

#[test]
fn an_account_without_a_password_does_not_begin_the_campaign() {
    let place = Place::new(3, "", &[]);
    let server = format!("smtp://me@example.org@{}", place.sandbox.smtp().unwrap());
    let output =
        place.command(&["bulk", "run"]).args(["--tls", "none", "--server", &server]).output().unwrap();
    assert_eq!(output.status.code(), Some(78), "{}", words(&output));
    assert!(words(&output).contains("HONGYAN_PASSWORD"), "{}", words(&output));
    assert!(!place.ledger().exists(), "frozen, though nothing could be sent");
}

#[test]
fn what_was_edited_after_letters_left_is_refused() {
    let place = Place::new(3, "", &[]);
    assert!(place.run().output().unwrap().status.success());
    edit(&place);
    let text = words(&place.run().output().unwrap());
    assert!(text.contains("`letter.txt` was edited") && !text.contains("`rm "), "{text}");
    assert_eq!(place.arrived().values().sum::<u32>(), 3);
}

#[test]
fn what_was_edited_before_anybody_was_written_to_may_begin_anew() {
    let place = Place::new(3, "", &[]);
    let mut run = place.command(&["bulk", "run"]);
    let mut child = run.args(["--tls", "none", "--server", "smtp://127.0.0.1:1"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    child.kill().unwrap();
    child.wait().unwrap();
    edit(&place);
    let text = words(&place.run().output().unwrap());
    assert!(text.contains("nobody was written to yet") && text.contains("`rm "), "{text}");
    fs::remove_file(place.ledger()).unwrap();
    assert!(place.run().output().unwrap().status.success());
    assert_eq!(place.arrived().values().sum::<u32>(), 3);
}

#[test]
fn status_says_what_to_do_about_refusals_and_its_bar_is_full_where_all_is_done() {
    let place = Place::new(3, "", &["rcpt:*reader2@*=550 5.1.1 no such user"]);
    let output = place.run().output().unwrap();
    assert_eq!(output.status.code(), Some(69));
    assert!(words(&output).contains("hongyan bulk status"), "{}", words(&output));
    assert!(place.entries().iter().any(|one| one.state == State::Rejected));
    let text = words(&place.command(&["bulk", "status"]).output().unwrap());
    assert!(text.contains(&"━".repeat(60)), "{text}");
    assert!(text.contains("550 5.1.1 no such user") && text.contains("next: "), "{text}");
}

#[test]
fn rehearsals_and_tests_do_not_speak_of_a_proof() {
    let place = Place::new(3, "", &[]);
    let text = words(&place.command(&["bulk", "rehearse"]).output().unwrap());
    assert!(text.contains("3 of 3") && text.contains("bulk test"), "{text}");
    assert!(!text.contains("bulk report"), "{text}");
    let server = format!("smtp://{}", place.sandbox.smtp().unwrap());
    let mut test = place.command(&["bulk", "test", "--to", "me@example.org"]);
    let text = words(&test.args(["--tls", "none", "--server", &server]).output().unwrap());
    assert!(text.contains("hongyan bulk run") && !text.contains("bulk report"), "{text}");
    assert!(!place.ledger().exists());
}

#[test]
fn a_pause_holds_also_what_a_run_has_taken_already() {
    const READERS: usize = 200;
    let pace = "[pace]\nconnections = 1\nwindow = 4\n";
    let place = Place::new(READERS, pace, &["end=delay 20"]);
    let mut run = place.run().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while place.arrived().len() < 5 {
        assert!(began.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(place.command(&["bulk", "pause"]).output().unwrap().status.success());
    std::thread::sleep(Duration::from_millis(1200));
    let paused = place.arrived().len();
    std::thread::sleep(Duration::from_millis(1000));
    assert_eq!(place.arrived().len(), paused);
    assert!(paused < READERS, "it went on");
    assert!(place.command(&["bulk", "resume"]).output().unwrap().status.success());
    assert!(run.wait().unwrap().success());
    assert_eq!(place.arrived().len(), READERS);
    assert!(place.arrived().values().all(|times| *times == 1));
}
