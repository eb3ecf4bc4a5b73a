//! The figures of `docs/bounces.md`: hard or soft, reason and failed address against the labels of the collection, over all files
//! and over the half that the classifier was not written with.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hongyan_bulk::bounce::{Action, Effect, Kind, Reading, Reason, Report};
use serde_json::Value;

use crate::corpus;

/// What must be reached, of a hundred.
const HARD_OR_SOFT: f64 = 95.0;
const REASON: f64 = 90.0;
const ADDRESS: f64 = 97.0;

/// The mapping of names, as `docs/bounces.md` has it: the same table for people and for this test.
fn mapping() -> BTreeMap<String, String> {
    let page = include_str!("../../../../docs/bounces.md");
    let (_, table) = page.split_once("| Sisimai | here |").expect("the table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        (cells.next().unwrap().to_owned(), cells.next().unwrap().to_owned())
    })
    .collect()
}

#[test]
fn every_name_in_the_mapping_is_a_reason() {
    let mapping = mapping();
    assert!(mapping.len() > 30);
    for (theirs, ours) in mapping {
        assert!(ours.starts_with('(') || Reason::named(&ours).is_some(), "{theirs}: {ours}");
    }
}

/// Whether a file is of the half that the classifier was written with: by a hash of its name, so that the copies of a mail with
/// other line ends are in the same half.
fn is_known(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash >> 17) & 1 == 0
}

/// One recipient of a label.
struct Wanted {
    hard: bool,
    reason: String,
}

fn label(path: &Path) -> Option<Vec<Wanted>> {
    let text = fs::read(path.with_file_name(format!("{}.label.json", path.file_name()?.to_str()?))).ok()?;
    let value: Value = serde_json::from_slice(&text).unwrap();
    let recipients = value["recipients"].as_array().unwrap();
    let wanted = |each: &Value| Wanted {
        hard: each["hardbounce"].as_bool().unwrap(),
        reason: each["reason"].as_str().unwrap().to_owned(),
    };
    Some(recipients.iter().map(wanted).collect())
}

#[derive(Default)]
struct Count {
    right: usize,
    of: usize,
}

impl Count {
    fn add(&mut self, right: bool) {
        self.of += 1;
        self.right += usize::from(right);
    }

    fn percent(&self) -> f64 {
        100.0 * self.right as f64 / self.of.max(1) as f64
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{} = {:.1} %", self.right, self.of, self.percent())
    }
}

#[derive(Default)]
struct Figures {
    hard: Count,
    reason: Count,
    address: Count,
}

/// Which of the recipients read a labelled one is: the same place, where there are as many; else the best that is left.
fn matched<'r>(
    reading: &'r Reading,
    wanted: &[Wanted],
    mapping: &BTreeMap<String, String>,
) -> Vec<Option<&'r Report>> {
    let mut left: Vec<&Report> = reading.recipients.iter().collect();
    let mut found: Vec<Option<&Report>> = vec![None; wanted.len()];
    for strict in [true, false] {
        for (at, want) in wanted.iter().enumerate() {
            let fits = |report: &&Report| {
                !strict || mapping.get(&want.reason).is_some_and(|name| name == report.reason.name())
            };
            if found[at].is_none()
                && let Some(place) = left.iter().position(fits)
            {
                found[at] = Some(left.remove(place));
            }
        }
    }
    found
}

#[test]
fn labelled_bounces_are_understood() {
    let Some(folder) = corpus::folder("bounce") else { return };
    let mapping = mapping();
    let addresses = addresses();
    let (mut all, mut unseen) = (Figures::default(), Figures::default());
    let mut misses = Vec::new();
    let mut wrongly_suppressed = Vec::new();
    for path in corpus::files(&folder) {
        let Some(wanted) = label(&path) else { continue };
        let reading = corpus::read(&path);
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        for (want, report) in wanted.iter().zip(matched(&reading, &wanted, &mapping)) {
            let hard = report.is_some_and(|report| report.hard && report.action == Action::Failed);
            let reason = match want.reason.as_str() {
                "vacation" => reading.kind == Kind::Reply,
                "delivered" => reading.kind == Kind::Delivered,
                "feedback" => reading.kind == Kind::Complaint,
                other => report.is_some_and(|report| mapping[other] == report.reason.name()),
            };
            // Delayed: soft, whatever the reason.
            let hard_right = hard == want.hard
                && (report.is_some() || matches!(want.reason.as_str(), "vacation" | "delivered"));
            let sides = if is_known(&path) { vec![&mut all] } else { vec![&mut all, &mut unseen] };
            for figures in sides {
                figures.hard.add(hard_right);
                figures.reason.add(reason);
            }
            let half = if is_known(&path) { "known " } else { "unseen" };
            if !hard_right || !reason {
                let got = report.map_or(reading.kind.name(), |report| report.reason.name());
                let words = report.map_or("", |report| report.diagnostic.as_str());
                let words: String = words.chars().take(if is_known(&path) { 200 } else { 0 }).collect();
                misses.push(format!(
                    "{half} {name}: {}{} but {got}{} {words}",
                    want.reason,
                    if want.hard { "!" } else { "" },
                    if hard { "!" } else { "" }
                ));
            }
            if report.is_some_and(|report| report.effect() == Effect::AtOnce) && !want.hard {
                wrongly_suppressed.push(format!("{name}: {}", want.reason));
            }
        }
        if let Some(wanted) = addresses.get(path.file_name().unwrap().to_str().unwrap()) {
            for want in wanted {
                let right = reading.recipients.iter().any(|report| {
                    report.address.eq_ignore_ascii_case(want) || report.sent_to().eq_ignore_ascii_case(want)
                });
                all.address.add(right);
                if !is_known(&path) {
                    unseen.address.add(right);
                }
                if !right {
                    let got: Vec<&str> =
                        reading.recipients.iter().map(|report| report.address.as_str()).collect();
                    misses.push(format!("address {name}: {want} but {got:?}"));
                }
            }
        }
    }
    for miss in &misses {
        eprintln!("miss: {miss}");
    }
    for (what, figures) in [("all", &all), ("the half not written with", &unseen)] {
        eprintln!(
            "{what}: hard/soft {}, reason {}, address {}",
            figures.hard, figures.reason, figures.address
        );
    }
    eprintln!("suppressed at once though the label says soft: {wrongly_suppressed:?}");
    assert!(all.hard.of > 400 && all.address.of > 400);
    assert!(all.hard.percent() >= HARD_OR_SOFT);
    assert!(all.reason.percent() >= REASON);
    assert!(all.address.percent() >= ADDRESS);
}

/// Who failed, by file name: read off the files by hand and by another program, not by the code that is tested.
fn addresses() -> BTreeMap<String, Vec<String>> {
    let table = include_str!("addresses.tsv");
    let rows = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|row| {
        let mut cells = row.split('\t');
        let name = cells.next().unwrap().to_owned();
        (name, cells.map(str::to_owned).collect())
    })
    .collect()
}
