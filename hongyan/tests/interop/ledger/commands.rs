//! Whole programs: what a person asks and decides of a campaign that was moved, by its folder and by its database.

use std::time::Duration;

use hongyan_bulk::ledger::{Evidence, Ledger, Letter, Outcome, State, Time};
use hongyan_sandbox::{Config, Sandbox};
use serde_json::Value;

use super::cluster::{Cluster, open, quick};
use super::workers::{moved_with, output, received, worker};
use super::{block_on, ids, recipients};
use crate::program::said;

async fn sandbox() -> Sandbox {
    Sandbox::start(Config { smtp: Some(0), ..Config::default().closed() }).await.expect("a sandbox")
}

/// A worker that refused the first rows and was gone before it knew of the next ones.
async fn leave_behind(cluster: &Cluster, rejected: usize, doubtful: usize) {
    let ledger = open(&cluster.database(), quick()).await;
    let leased: Vec<Letter> = ledger.lease(rejected + doubtful, Time::now()).await.expect("leased");
    let people = recipients(&leased);
    assert_eq!(ledger.begin(ids(&people), Time::now()).await.expect("begun").len(), rejected + doubtful);
    let outcome = |reply: &str, at: usize| Outcome {
        id: people[at].id,
        attempt: people[at].attempt,
        state: State::Rejected,
        due: None,
        evidence: Evidence {
            begun: Time::now(),
            ended: Time::now(),
            reply: reply.into(),
            cause: "refused at RCPT TO".into(),
            ..Evidence::default()
        },
    };
    let refused = (0..rejected).map(|at| outcome("550 5.1.1 no such user", at)).collect();
    ledger.settle(refused).await.expect("settled");
    ledger.leave().await.expect("left");
}

#[test]
fn a_campaign_that_was_moved_is_asked_and_decided_about_by_its_folder_and_by_its_database() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        let sandbox = sandbox().await;
        let dir = moved_with(&cluster, 6, "");
        leave_behind(&cluster, 2, 2).await;
        assert!(worker(&cluster, &sandbox).has_ended(), "it goes on");
        let url = cluster.url();
        let by_folder: &[&str] = &[&dir];
        let by_database: &[&str] = &["--ledger", &url];
        let by_name: &[&str] = &["--ledger", &url, "--campaign", "payslips"];
        let ask = |command: &str, whose: &[&str], further: &[&str]| {
            let output = output(&cluster, &[&["bulk", command], whose, further].concat());
            let code = output.status.code().expect("it ended by itself");
            (code, serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default(), said(&output))
        };
        let states = |whose: &[&str]| {
            let (code, object, all) = ask("status", whose, &["--json"]);
            assert_eq!((code, &object["recipients"]), (0, &6.into()), "{all}");
            let of = |state: &str| object["states"][state].as_u64().expect("a number");
            ["accepted", "rejected", "in_doubt", "pending", "skipped"].map(of)
        };

        for whose in [by_folder, by_database, by_name] {
            assert_eq!(states(whose), [2, 2, 2, 0, 0], "{whose:?}");
            let (code, _, all) = ask("status", whose, &[]);
            assert!(code == 0 && all.contains("hongyan bulk resolve --ledger postgres://owner@"), "{all}");
        }

        let reports = [by_folder, by_database].map(|whose| {
            let report = cluster.path(if whose == by_folder { "folder.csv" } else { "database.csv" });
            let (code, object, all) =
                ask("report", whose, &["-o", report.to_str().expect("UTF-8"), "--json"]);
            assert_eq!((code, &object["outcomes"]["rejected"]), (0, &2.into()), "{all}");
            std::fs::read_to_string(report).expect("a report")
        });
        assert_eq!(reports[0], reports[1]);
        assert_eq!(reports[0].matches("550 5.1.1 no such user").count(), 2, "{}", reports[0]);

        let (code, object, all) = ask("report", by_folder, &["--write-back", "--json"]);
        let copy = object["written_back"].as_str().unwrap_or_default();
        assert!(
            code == 0 && std::fs::read_to_string(copy).is_ok_and(|copy| copy.contains("550 5.1.1")),
            "{all}"
        );
        let (code, _, all) = ask("report", by_database, &["--write-back"]);
        assert!(code == 64 && all.contains("name the folder in place of --ledger"), "{all}");

        let (code, object, all) = ask("retry", by_folder, &["--row", "2", "--json"]);
        assert_eq!((code, &object["changed"], &object["pending"]), (0, &1.into(), &1.into()), "{all}");
        let (code, _, all) = ask("retry", by_database, &["--only", "rejected"]);
        assert!(code == 0 && all.contains(&format!("hongyan worker --ledger {url}")), "{all}");
        let (code, _, all) = ask("retry", by_name, &["--only", "rejected"]);
        assert!(code == 65 && all.contains("nobody is rejected"), "{all}");

        let (code, _, all) = ask("resolve", by_database, &[]);
        assert!(code == 75 && all.contains("r2@example.org") && all.contains("r3@example.org"), "{all}");
        let (code, object, all) = ask("resolve", by_folder, &["--row", "4", "--found", "--json"]);
        assert_eq!((code, &object["decided"], &object["in_doubt"]), (75, &1.into(), &1.into()), "{all}");
        let (code, object, all) = ask("resolve", by_database, &["--all", "--skip", "--json"]);
        assert_eq!((code, &object["decided"], &object["in_doubt"]), (0, &1.into(), &0.into()), "{all}");
        assert_eq!(states(by_folder), [3, 0, 0, 2, 1]);

        let (code, object, all) = ask("pause", by_folder, &["--json"]);
        assert_eq!((code, &object["was_paused"]), (0, &false.into()), "{all}");
        let (code, object, all) = ask("resume", by_database, &["--json"]);
        assert_eq!((code, &object["was_paused"]), (0, &true.into()), "{all}");

        assert!(worker(&cluster, &sandbox).has_ended(), "it goes on");
        assert_eq!(states(by_database), [5, 0, 0, 0, 1]);
        assert_eq!(
            received(&sandbox).len(),
            4,
            "whoever was tried again has it, whoever was skipped has not"
        );
    });
}

#[test]
fn workers_send_again_to_those_in_doubt_where_the_campaign_says_so_but_not_before_a_lease_has_passed() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        let sandbox = sandbox().await;
        moved_with(&cluster, 6, "[retry]\ndoubt = 'resend'\n");
        leave_behind(&cluster, 0, 2).await;
        let began = std::time::Instant::now();
        let mut workers = [worker(&cluster, &sandbox), worker(&cluster, &sandbox)];
        for worker in &mut workers {
            assert!(worker.has_ended(), "it goes on");
        }
        assert!(began.elapsed() >= Duration::from_secs(2), "nobody waited");
        let received = received(&sandbox);
        assert!(received.len() == 6 && received.values().all(|times| *times == 1), "{received:?}");
        let ledger = open(&cluster.database(), quick()).await;
        let tally = ledger.tally().await.expect("a tally");
        assert_eq!((tally.of(State::Accepted), tally.total()), (6, 6));
        let twice = ledger.page(Default::default(), 6, Default::default()).await.expect("a page");
        let attempts: Vec<_> = twice.iter().map(|entry| entry.attempts.len()).collect();
        assert_eq!(attempts, [2, 2, 1, 1, 1, 1]);
    });
}

#[test]
fn what_leads_to_no_database_says_what_to_do() {
    let Some(cluster) = Cluster::start() else { return };
    let dir = moved_with(&cluster, 2, "");
    let url = cluster.url();
    cluster.sql("mail", "DELETE FROM hongyan.campaign");
    for (arguments, code, words) in [
        (vec!["bulk", "status", &dir], 77, "where the move broke off, do it again: hongyan bulk move"),
        (vec!["bulk", "retry", "--ledger", &url], 77, "there is no campaign in this database"),
        (vec!["bulk", "pause", "--ledger", "postgres://owner@127.0.0.1:1/mail"], 75, "127.0.0.1:1"),
        (
            vec!["bulk", "status", "--ledger", "postgres://owner:geheim@127.0.0.1/mail"],
            77,
            "holds a password",
        ),
        (vec!["bulk", "status"], 64, "<DIR>"),
        (vec!["bulk", "status", &dir, "--ledger", &url], 64, "cannot be used with"),
        (vec!["bulk", "status", &dir, "--campaign", "payslips"], 64, "cannot be used with"),
    ] {
        let output = output(&cluster, &arguments);
        let all = said(&output);
        assert!(output.status.code() == Some(code) && all.contains(words), "{arguments:?}: {all}");
        assert!(!all.contains("geheim"), "{all}");
    }
}
