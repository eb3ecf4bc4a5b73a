//! What the list promises: concurrency, precedence, counting once, damage told apart from emptiness.

use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::bounce::Reason;

/// A folder of its own, gone when dropped.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hongyan-suppression-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("list.sqlite")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn soft(message: &str, at: Time) -> Event {
    let entry = Entry::new("a@example.org", Cause::Bounce(Reason::MailboxFull));
    Event::Count(Entry { at, message_id: message.into(), ..entry })
}

fn hash(number: u64) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    hash
}

#[test]
fn who_is_on_the_list_is_found_however_it_is_written() {
    let place = Place::new("found");
    let list = Suppressions::open(&place.file()).unwrap();
    assert!(list.add(&Entry::new("Zhang.San@例子.测试", Cause::Unsubscribed)).unwrap());
    assert_eq!(list.contains("zhang.san@xn--fsqu00a.XN--0ZWM56D").unwrap(), Some(Cause::Unsubscribed));
    assert_eq!(list.contains("li.si@例子.测试").unwrap(), None);
    assert_eq!(list.page("", 10).unwrap()[0].address, "Zhang.San@例子.测试", "kept as it was written");
    assert!(list.remove("zhang.san@例子.测试").unwrap());
    assert!(!list.remove("zhang.san@例子.测试").unwrap());
    assert_eq!(list.contains("zhang.san@例子.测试").unwrap(), None);
}

#[test]
fn what_a_person_decided_stays() {
    let place = Place::new("stays");
    let list = Suppressions::open(&place.file()).unwrap();
    assert!(list.add(&Entry::new("a@example.org", Cause::Unsubscribed)).unwrap());
    assert!(!list.add(&Entry::new("a@example.org", Cause::Bounce(Reason::NoSuchUser))).unwrap());
    assert_eq!(list.contains("a@example.org").unwrap(), Some(Cause::Unsubscribed));
    assert!(list.add(&Entry::new("b@example.org", Cause::Bounce(Reason::NoSuchUser))).unwrap());
    assert!(list.add(&Entry::new("b@example.org", Cause::Complaint)).unwrap());
    assert_eq!(list.contains("b@example.org").unwrap(), Some(Cause::Complaint));
}

#[test]
fn soft_bounces_count_by_letters_and_days() {
    let start = Time(1_800_000_000_000);
    type Case = (&'static str, &'static [(&'static str, u32)], bool);
    let cases: &[Case] = &[
        ("three letters on two days", &[("1", 0), ("2", 0), ("3", 1)], true),
        ("three letters on one day", &[("1", 0), ("2", 0), ("3", 0)], false),
        ("two letters", &[("1", 0), ("2", 1)], false),
        ("one letter, reported three times", &[("1", 0), ("1", 1), ("1", 2)], false),
        ("three letters over a year", &[("1", 0), ("2", 180), ("3", 365)], false),
    ];
    for (number, (what, bounces, listed)) in cases.iter().enumerate() {
        let place = Place::new(&format!("soft{number}"));
        let list = Suppressions::open(&place.file()).unwrap();
        let mut last = start;
        for (at, (letter, day)) in bounces.iter().enumerate() {
            last = start.after(DAY * *day);
            list.record(&hash(at as u64), &[soft(letter, last)], Rule::default(), last).unwrap().unwrap();
        }
        let found = list.find("a@example.org", last).unwrap();
        assert_eq!(found.is_some(), *listed, "{what}");
        assert_eq!(list.find("a@example.org", last.after(EXPIRY)).unwrap(), None, "{what}: it expires");
    }
}

#[test]
fn a_rule_of_none_never_counts() {
    let place = Place::new("none");
    let list = Suppressions::open(&place.file()).unwrap();
    for day in 0..9 {
        let at = Time(1_800_000_000_000).after(DAY * day);
        let event = soft(&day.to_string(), at);
        assert_eq!(
            list.record(&hash(u64::from(day)), &[event], Rule { soft: 0 }, at).unwrap(),
            Some(Vec::new())
        );
    }
}

#[test]
fn a_mail_counts_once_however_often_it_is_read() {
    let place = Place::new("once");
    let list = Suppressions::open(&place.file()).unwrap();
    let event = Event::Suppress(Entry::new("a@example.org", Cause::Complaint));
    let now = Time::now();
    assert!(!list.has_seen(&hash(1)).unwrap());
    let listed = list.record(&hash(1), std::slice::from_ref(&event), Rule::default(), now).unwrap();
    assert_eq!(listed.map(|listed| listed.len()), Some(1));
    assert!(list.remove("a@example.org").unwrap());
    assert_eq!(list.record(&hash(1), &[event], Rule::default(), now).unwrap(), None);
    assert_eq!(
        list.contains("a@example.org").unwrap(),
        None,
        "who was taken off by hand is not put back by the same mail"
    );
}

#[test]
fn several_writers_at_a_time_lose_nothing() {
    let place = Place::new("many");
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let path = place.file();
            std::thread::spawn(move || {
                let list = Suppressions::open(&path).unwrap();
                for number in 0..25 {
                    list.add(&Entry::new(format!("a{thread}-{number}@example.org"), Cause::Manual)).unwrap();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let list = Suppressions::open(&place.file()).unwrap();
    assert_eq!(list.page("", 1_000).unwrap().len(), 100);
}

#[test]
fn a_damaged_file_is_not_an_empty_list() {
    let place = Place::new("damaged");
    std::fs::write(place.file(), b"address\na@example.org\n".repeat(100)).unwrap();
    let error = Suppressions::open(&place.file()).unwrap_err();
    assert!(matches!(error, SuppressionError::Damaged { .. }), "{error:?}");

    let place = Place::new("torn");
    let list = Suppressions::open(&place.file()).unwrap();
    for number in 0..500 {
        list.add(&Entry::new(format!("a{number}@example.org"), Cause::Manual)).unwrap();
    }
    drop(list);
    let mut bytes = std::fs::read(place.file()).unwrap();
    let length = bytes.len();
    bytes[4096..length].fill(0x5a);
    std::fs::write(place.file(), bytes).unwrap();
    let found = Suppressions::open(&place.file()).and_then(|list| list.contains("a1@example.org"));
    assert!(matches!(found, Err(SuppressionError::Damaged { .. })), "{found:?}");
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    let place = Place::new("foreign");
    let other = Connection::open(place.file()).unwrap();
    other.execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert!(matches!(Suppressions::open(&place.file()), Err(SuppressionError::Damaged { .. })));
    other.execute_batch("SELECT x FROM theirs").unwrap();
}

#[test]
fn a_list_of_a_newer_version_is_refused() {
    let place = Place::new("newer");
    drop(Suppressions::open(&place.file()).unwrap());
    Connection::open(place.file()).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Suppressions::open(&place.file()), Err(SuppressionError::Newer { .. })));
}

#[test]
fn only_the_user_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new("rights");
    let path = place.0.join("made/for/it/list.sqlite");
    drop(Suppressions::open(&path).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
    assert_eq!(std::fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o077, 0);
}

#[test]
fn what_is_exported_comes_back_and_is_no_formula() {
    let place = Place::new("csv");
    let list = Suppressions::open(&place.file()).unwrap();
    let entries = [
        Entry { evidence: "=cmd|' /C calc'!A0".into(), ..Entry::new("+a@example.org", Cause::Manual) },
        Entry {
            until: Some(Time(1_900_000_000_000)),
            ..Entry::new("b@example.org", Cause::Bounce(Reason::MailboxFull))
        },
        Entry {
            campaign: "工资条".into(),
            message_id: "1.x@y".into(),
            ..Entry::new("张三@例子.测试", Cause::Unsubscribed)
        },
        Entry { evidence: "'=x, \"quoted\"".into(), ..Entry::new("-d@example.org", Cause::Complaint) },
    ];
    for entry in &entries {
        list.add(entry).unwrap();
    }
    let mut csv = Vec::new();
    assert_eq!(list.export(&mut csv).unwrap(), 4);
    let text = String::from_utf8(csv.clone()).unwrap();
    for line in text.lines() {
        assert!(
            line.split(',').all(|cell| !cell.trim_start_matches('"').starts_with(['=', '+', '-', '@'])),
            "{line}"
        );
    }
    let other = Place::new("csv-back");
    let back = Suppressions::open(&other.file()).unwrap();
    assert_eq!(back.import(csv.as_slice(), Time::now()).unwrap(), Imported { rows: 4, added: 4 });
    assert_eq!(back.page("", 10).unwrap(), list.page("", 10).unwrap());
}

#[test]
fn an_import_is_whole_or_not_at_all() {
    let place = Place::new("import");
    let list = Suppressions::open(&place.file()).unwrap();
    let bad = "address,reason\na@example.org,\nb example.org,\nc@example.org,because\n";
    let error = list.import(bad.as_bytes(), Time::now()).unwrap_err();
    let SuppressionError::Import { faults, count } = error else { panic!("{error:?}") };
    assert_eq!(count, 2);
    assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(list.page("", 10).unwrap(), []);

    let good = [
        "address\na@example.org\n\nb@example.org\n",
        "\u{feff}Address,Reason,Since\r\na@example.org,bounce:no_such_user,2026-01-02\r\nb@example.org,complaint,2026-01-02T03:04:05+08:00\r\n",
        "a@example.org\nb@example.org\n",
    ];
    for text in good {
        list.remove("a@example.org").unwrap();
        list.remove("b@example.org").unwrap();
        assert_eq!(
            list.import(text.as_bytes(), Time::now()).unwrap(),
            Imported { rows: 2, added: 2 },
            "{text}"
        );
    }
    assert!(matches!(
        list.import(&b"address\n\xff\xfe@x\n"[..], Time::now()),
        Err(SuppressionError::Csv { .. })
    ));
}
