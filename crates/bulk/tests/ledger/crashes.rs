//! Killed at any moment, and begun again, until all is done: what was confirmed is there, nobody is sent to twice, and
//! who may have been sent to is in doubt.

use std::thread;
use std::time::{Duration, Instant};

use crate::child::{self, Confirmed, PEOPLE};
use crate::folder::Folder;

/// Kills, unless `HONGYAN_LEDGER_KILLS` says otherwise; and for how long at most.
const KILLS: usize = 200;
const LONGEST: Duration = Duration::from_secs(25);
/// What can be begun and not settled at a time: four tasks with eight letters to two each.
const DOUBT: u64 = 4 * 8 * 2;

#[test]
fn what_was_confirmed_survives_every_kill() {
    if child::is_child() {
        return;
    }
    let wanted = std::env::var("HONGYAN_LEDGER_KILLS").ok().and_then(|kills| kills.parse().ok());
    let (began, longest) = (Instant::now(), if wanted.is_some() { Duration::MAX } else { LONGEST });
    let (mut kills, mut campaigns, mut loading) = (0, 0, 0);
    let mut random = 88_172_645_463_325_252u64;
    while kills < wanted.unwrap_or(KILLS) && began.elapsed() < longest {
        let folder = Folder::in_memory();
        let path = folder.path().join("ledger.sqlite");
        let mut confirmed = Confirmed::default();
        let mut doubts = 0;
        while !confirmed.done {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let mut child = child::start("crashes::what_was_confirmed_survives_every_kill", &path, &[]);
            // After so many lines and a moment more; before the first line it is loading, or opening.
            let lines = if random.is_multiple_of(4) { 0 } else { (random >> 8) % 120 } as usize;
            let moment = Duration::from_micros((random >> 20) % if lines == 0 { 40_000 } else { 4_000 });
            confirmed.listen_and(&mut child, lines, |child| {
                thread::sleep(moment);
                child.kill().expect("killed");
            });
            kills += usize::from(!child.wait().expect("ended").success());
            let Some(in_doubt) = confirmed.check(&path) else {
                loading += 1;
                continue;
            };
            assert!(in_doubt <= doubts + DOUBT, "{in_doubt} in doubt, {doubts} before");
            doubts = in_doubt;
        }
        confirmed.check_quota(&path);
        let known = confirmed.settled.len() as u64 + doubts;
        assert!(known >= PEOPLE, "everybody has an outcome or is in doubt");
        campaigns += 1;
    }
    println!(
        "{kills} kills, {loading} of them while loading, {campaigns} campaigns in {:?}",
        began.elapsed()
    );
    assert!(campaigns > 0 && kills > campaigns, "no run was killed in the middle");
}
