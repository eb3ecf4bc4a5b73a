//! `hongyan bulk run`, killed again and again, at every kind of call by which it touches the world and at random times, and
//! gone on with until everybody is settled. Nobody is lost, nobody gets the letter twice, and who may have got it without
//! an answer is listed in doubt, never more of them than connections × window for each kill.
//!
//! `HONGYAN_KILLS` says how often in all; 1,000 takes some minutes.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use hongyan::bulk::ledger::State;

use crate::dying::{Dice, kills, library};
use crate::place::{Place, scratch};

const READERS: usize = 2_000;
const CONNECTIONS: usize = 2;
const WINDOW: usize = 8;
/// No run takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a run dies.
#[derive(Clone, Debug)]
enum Death {
    /// At the n-th call of a kind: `fsync,before,3`.
    At(String),
    /// So long after its start.
    After(Duration),
}

fn death(dice: &mut Dice) -> Death {
    const CALLS: [(&str, u64); 4] = [("fsync", 12), ("pwrite", 40), ("send", 40), ("recv", 30)];
    match dice.below(5) {
        4 => Death::After(Duration::from_millis(5 + dice.below(120))),
        kind => {
            let (name, most) = CALLS[kind as usize];
            Death::At(format!("{name},{},{}", dice.when(), 1 + dice.below(most)))
        }
    }
}

#[test]
fn however_often_a_run_is_killed_nobody_is_lost_and_nobody_gets_the_letter_twice() {
    let kills = kills(100);
    let dir = scratch("killed");
    let library = library(&dir);
    let (mut done, mut seed, mut places) = (0, 1, BTreeMap::new());
    while done < kills {
        done += campaign(&library, Dice(seed), kills - done, &mut places);
        seed += 1;
    }
    let _ = std::fs::remove_dir_all(&dir);
    eprintln!("{done} kills in {} campaigns: {places:?}", seed - 1);
    for call in ["fsync", "pwrite", "send", "recv", "time"] {
        assert!(places.contains_key(call), "no run died at {call}: {places:?}");
    }
}

/// One campaign, killed up to `most` times; how often it was.
fn campaign(library: &Path, mut dice: Dice, most: usize, places: &mut BTreeMap<String, usize>) -> usize {
    let pace = format!(
        "[pace]\nconnections = {CONNECTIONS}\nwindow = {WINDOW}\n[stop]\nin-a-row = 0\npercent = 0\n"
    );
    let place = Place::new(READERS, &pace, &[]);
    let mut kills = 0;
    loop {
        let death = (kills < most).then(|| death(&mut dice));
        let (killed, text) = run(&place, library, death.as_ref());
        if killed {
            kills += 1;
            let name = match &death {
                Some(Death::At(call)) => call.split(',').next().unwrap_or_default().to_owned(),
                _ => "time".to_owned(),
            };
            *places.entry(name).or_default() += 1;
            continue;
        }
        let open = place.ledger().exists().then(|| place.entries()).map_or(READERS, |entries| {
            entries
                .iter()
                .filter(|one| matches!(one.state, State::Pending | State::Leased | State::InData))
                .count()
        });
        if open == 0 {
            check(&place, kills, &text);
            return kills;
        }
        assert!(death.is_some(), "a run that nobody killed left {open} open: {text}");
    }
}

/// Runs it until it ends or dies; whether it died, and what it said.
fn run(place: &Place, library: &Path, death: Option<&Death>) -> (bool, String) {
    let mut command = place.run();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    if let Some(Death::At(call)) = death {
        command.env("LD_PRELOAD", library).env("HONGYAN_DIE", call);
    }
    let began = Instant::now();
    let mut child = command.spawn().unwrap();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        let is_time = matches!(death, Some(Death::After(time)) if began.elapsed() >= *time);
        if is_time {
            child.kill().unwrap();
            break child.wait().unwrap();
        }
        if began.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("a run took longer than {PATIENCE:?}: {death:?}");
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        std::io::Read::read_to_string(&mut stderr, &mut said).unwrap();
    }
    (status.signal() == Some(9), said)
}

fn check(place: &Place, kills: usize, text: &str) {
    let entries = place.entries();
    assert_eq!(entries.len(), READERS);
    let arrived = place.arrived();
    let mut doubt = 0;
    for entry in &entries {
        let times = arrived.get(entry.address.as_str()).copied().unwrap_or(0);
        match entry.state {
            State::Accepted => assert_eq!(times, 1, "{} is accepted: {text}", entry.address.as_str()),
            State::InDoubt => {
                doubt += 1;
                assert!(times <= 1, "{} is in doubt and got it {times} times", entry.address.as_str());
            }
            // The sandbox refuses nobody; a connection that died with its run defers nobody either.
            state => panic!("{} is {state}: {:?}", entry.address.as_str(), entry.attempts),
        }
    }
    assert!(doubt <= kills * CONNECTIONS * WINDOW, "{doubt} in doubt after {kills} kills");
    assert_eq!(arrived.keys().filter(|name| !name.starts_with("reader")).count(), 0);
}
