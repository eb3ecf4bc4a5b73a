//! What `status` and `report` say and write.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;

use hongyan_bulk::campaign::Campaign;
use hongyan_bulk::ledger::sqlite::Sqlite;
use hongyan_bulk::ledger::{Ledger as _, State};
use hongyan_bulk::load::load;
use serde_json::Value;

use crate::made::{BEGUN, KEY, outcome};
use crate::place::{Place, Ran, runtime};

#[test]
fn a_status_shows_numbers_in_a_column_and_what_to_do() {
    let place = Place::new("status");
    let Ran { code, out, err } = place.run(&["status", "c"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "工资条 & <十一月>  not running");
    assert!(lines[1].ends_with("─  60 %"), "{out}");
    assert!(lines[3].starts_with("  deferred     1  tried again from "), "{out}");
    let counts: Vec<&str> =
        lines.iter().copied().skip(2).take(7).filter(|line| !line.contains("deferred")).collect();
    assert_eq!(
        counts,
        [
            "  accepted     2",
            "  rejected     1",
            "  in doubt     2",
            "  suppressed   1",
            "  pending      3",
            "  all         10"
        ]
    );
    assert!(out.contains("550 5.1.1 <row3@example.org>: no such user\n"), "{out}");
    assert!(out.contains("  next: The server knows no such recipient."), "{out}");
    assert!(out.ends_with(
        "\n  hongyan bulk run c  to go on\n  hongyan bulk resolve c  to decide about those in doubt\n"
    ));
}

#[test]
fn a_status_in_chinese_keeps_its_columns() {
    let place = Place::new("status-zh");
    let ran = Ran::from(place.command(&["status", "c"]).env("LC_ALL", "zh_CN.UTF-8").output().unwrap());
    for line in ["  已接受   2\n", "  被拒绝   1\n", "  不确定   2\n", "  合计    10\n"] {
        assert!(ran.out.contains(line), "{line:?} in {}", ran.out);
    }
    assert!(ran.out.contains("第 3 行  row3@example.org"), "{}", ran.out);
}

#[test]
fn a_status_for_programs_has_the_same_in_numbers() {
    let place = Place::new("status-json");
    let object: Value = serde_json::from_str(&place.run(&["status", "c", "--json"]).out).unwrap();
    assert_eq!(
        (&object["running"], &object["states"]["accepted"], &object["open"]),
        (&false.into(), &2.into(), &4.into())
    );
    assert_eq!(object["refusals"][0]["remedy"]["id"], "recipient.greylisted");
    assert_eq!(object["in_doubt"][1]["address"], "boss@example.org");
    assert_eq!(object["in_doubt"][0]["at"], "2026-11-20T17:00:04.250+08:00");
}

#[test]
fn a_campaign_that_is_being_run_says_by_whom() {
    let place = Place::new("running");
    let ledger = Sqlite::open(&place.path("c/ledger.sqlite")).unwrap();
    let ran = place.run(&["status", "c"]);
    let me = format!("running (process {})", std::process::id());
    assert!(ran.out.lines().next().unwrap().ends_with(&me), "{}", ran.out);
    let report = place.run(&["report", "c", "-o", "r.json"]);
    assert_eq!(report.code, 0, "a report is made beside a run: {report:?}");
    let search = place.run(&["resolve", "c", "--search-sent"]);
    assert_eq!(search.code, 75, "{search:?}");
    assert!(search.err.starts_with("bulk resolve: the campaign is being run (process "), "{}", search.err);
    drop(ledger);
}

#[test]
fn a_report_is_whole_for_its_owner_only_and_never_over_a_file() {
    let place = Place::new("report");
    for format in ["xlsx", "csv", "html", "json", "jsonl"] {
        let name = format!("r.{format}");
        let ran = place.run(&["report", "c", "-o", &name]);
        assert_eq!(
            (ran.code, ran.out.as_str(), ran.err.as_str()),
            (
                0,
                format!(
                    "{name}: 10 recipients (3 pending, 2 accepted, 1 deferred, 1 rejected, 2 in doubt, 1 suppressed)\n"
                )
                .as_str(),
                ""
            )
        );
        let metadata = fs::metadata(place.path(&name)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        let before = fs::read(place.path(&name)).unwrap();
        let ran = place.run(&["report", "c", "-o", &name]);
        assert_eq!((ran.code, ran.err.lines().count()), (73, 2), "{ran:?}");
        assert_eq!(fs::read(place.path(&name)).unwrap(), before);
        assert_eq!(place.run(&["report", "c", "-o", &name, "--force"]).code, 0);
    }
    let object: Value = serde_json::from_slice(&fs::read(place.path("r.json")).unwrap()).unwrap();
    let id = "<2.00112233445566778899aabbccddeeff@example.org>";
    assert_eq!(object["recipients"][0]["message_id"], id, "as campaign.toml names the sender");
    let left = fs::read_dir(&place.folder).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.filter(|name| name.to_string_lossy().contains(".part")).count() == 0);
}

#[test]
fn a_report_goes_to_a_pipe_and_an_output_that_is_full_is_told() {
    let place = Place::new("pipe");
    let ran = place.run(&["report", "c", "-o", "-", "--format", "jsonl", "--json"]);
    assert_eq!((ran.code, ran.out.lines().count(), ran.err.lines().count()), (0, 13, 1), "{ran:?}");
    let mut full = place.command(&["report", "c", "-o", "-", "--format", "csv"]);
    let ran = Ran::from(full.stdout(File::create("/dev/full").unwrap()).output().unwrap());
    assert_eq!((ran.code, ran.err.lines().count()), (74, 2), "{ran:?}");
}

#[test]
fn the_sheet_is_written_back_as_a_copy_as_long_as_it_is_what_was_sent() {
    let place = Place::empty("back");
    let sheet = "姓名,邮箱\n张三,zhang@example.org\n李四,li@example.org\n王五,wang@example.org\n";
    fs::write(place.path("c/people.csv"), sheet).unwrap();
    fs::write(place.path("c/letter.txt"), "{{ 姓名 }}\n").unwrap();
    let toml = "[message]\nfrom = \"hr@example.org\"\nsubject = \"x\"\ntext = \"letter.txt\"\n\
                [recipients]\nfile = \"people.csv\"\nto = \"{{ 邮箱 }}\"\n";
    fs::write(place.path("c/campaign.toml"), toml).unwrap();
    let campaign = Campaign::open(place.path("c")).unwrap();
    let ledger = load(&campaign, KEY, None, |_| {}).unwrap();
    runtime().block_on(async {
        let leased = ledger.lease(2, BEGUN).await.unwrap();
        let ids = leased.iter().map(|letter| letter.recipients[0].id).collect();
        ledger.begin(ids, BEGUN).await.unwrap();
        let session = Some(ledger.session(BEGUN, "default", String::new()).await.unwrap());
        let accepted = outcome(1, State::Accepted, session, "250 ok", "");
        let rejected = outcome(2, State::Rejected, session, "=550 no", "RCPT TO: the server said 550 no");
        ledger.settle(vec![accepted, rejected]).await.unwrap();
        ledger.close().await.unwrap();
    });
    let ran = place.run(&["report", "c", "--write-back"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let copy = ran.out.strip_suffix(": the sheet with its outcomes\n").unwrap();
    assert!(copy.starts_with("c/people-outcome-"), "{copy}");
    assert_eq!(
        fs::read_to_string(place.path(copy)).unwrap().lines().collect::<Vec<_>>(),
        [
            "姓名,邮箱,Outcome,Time,Server's words,Message-ID",
            &format!(
                "张三,zhang@example.org,accepted,2026-11-20 17:00:01 +08:00,250 ok,<2.{KEY}@example.org>"
            ),
            &format!(
                "李四,li@example.org,rejected,2026-11-20 17:00:02 +08:00,'=550 no,<3.{KEY}@example.org>"
            ),
            &format!("王五,wang@example.org,pending,,,<4.{KEY}@example.org>"),
        ]
    );
    assert_eq!(fs::read_to_string(place.path("c/people.csv")).unwrap(), sheet);
    fs::write(place.path("c/people.csv"), sheet.replace("张三", "张四")).unwrap();
    let ran = place.run(&["report", "c", "--write-back"]);
    assert_eq!(ran.code, 65, "{ran:?}");
    assert!(ran.err.starts_with("bulk report: people.csv has been changed since"), "{}", ran.err);
}

#[test]
fn what_cannot_be_is_told_with_the_next_step() {
    let place = Place::new("wrong");
    fs::create_dir(place.path("fresh")).unwrap();
    fs::write(place.path("fresh/campaign.toml"), "").unwrap();
    fs::create_dir(place.path("broken")).unwrap();
    fs::write(place.path("broken/ledger.sqlite"), "no ledger at all").unwrap();
    for (arguments, code, what) in [
        (&["report", "c", "-o", "r.pdf"][..], 64, "bulk report: r.pdf does not say in which format"),
        (
            &["report", "c", "-o", "nowhere/r.csv"],
            73,
            "bulk report: nowhere/r.csv cannot be written: No such file",
        ),
        (&["status", "nowhere"], 66, "bulk status: there is no folder nowhere"),
        (&["status", "fresh"], 66, "bulk status: the campaign in fresh was not started yet"),
        (&["status", "."], 66, "bulk status: . is no campaign's folder"),
        (&["report", "broken", "-o", "r.csv"], 65, "bulk report: the ledger broken/ledger.sqlite"),
    ] {
        let ran = place.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {ran:?}");
        assert!(ran.err.starts_with(what) && ran.err.contains("\n  next: "), "{arguments:?}: {}", ran.err);
    }
    assert!(!place.path("r.csv").exists());
}
