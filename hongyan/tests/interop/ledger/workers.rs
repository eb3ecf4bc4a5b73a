//! Whole programs: a campaign is begun in its folder, moved into the database, and sent by several workers.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use hongyan_bulk::campaign::Campaign;
use hongyan_bulk::ledger::{Ledger, State};
use hongyan_sandbox::{Config, Sandbox};

use super::cluster::{Cluster, open, quick};
use super::{block_on, pause};
use crate::process::eventually;
use crate::program::said;

/// A campaign of so many rows, each with a file of its own, and one that all share; with further settings.
fn campaign(dir: &Path, rows: usize, further: &str) {
    let files = dir.join("files");
    std::fs::create_dir_all(&files).expect("a folder");
    let mut sheet = String::from("姓名,邮箱,工号\n");
    for row in 0..rows {
        sheet += &format!("张三,r{row}@example.org,E{row:04}\n");
        std::fs::write(files.join(format!("E{row:04}.txt")), format!("工资 {row}")).expect("a file");
    }
    let settings = "\
[message]
from = '财务 <pay@example.com>'
subject = '{{ 姓名 }} 的工资条'
text = 'letter.txt'
[recipients]
file = 'people.csv'
to = '{{ 邮箱 }}'
[attach]
shared = ['notice.txt']
own = ['files/{{ 工号 }}.txt']
[pace]
window = 8
[stop]
in-a-row = 0
percent = 0
";
    let settings = format!("{settings}{further}");
    for (name, text) in [
        ("people.csv", sheet.as_str()),
        ("campaign.toml", settings.as_str()),
        ("letter.txt", "您好，{{ 姓名 }}。\n"),
        ("notice.txt", "通知"),
    ] {
        std::fs::write(dir.join(name), text).expect("a file");
    }
}

fn program(cluster: &Cluster, arguments: &[&str]) -> Command {
    let mut command = Command::new("timeout");
    command.args(["100", env!("CARGO_BIN_EXE_hongyan")]).args(arguments);
    command.env("HONGYAN_CONFIG", "/dev/null").env("PGPASSWORD", "geheim").env("LC_ALL", "C.UTF-8");
    command.env("XDG_STATE_HOME", cluster.path("state")).env("XDG_CACHE_HOME", cluster.path("cache"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(super) fn output(cluster: &Cluster, arguments: &[&str]) -> Output {
    program(cluster, arguments).output().expect("the program was built with this test")
}

/// Freezes a campaign, so that it has a ledger, and moves it.
fn moved(cluster: &Cluster, rows: usize) -> String {
    moved_with(cluster, rows, "")
}

pub(super) fn moved_with(cluster: &Cluster, rows: usize, further: &str) -> String {
    let dir = cluster.path("payslips");
    campaign(&dir, rows, further);
    let dir = dir.to_str().expect("UTF-8").to_owned();
    let key = super::manifest("").key;
    let frozen = Campaign::open(&dir).expect("a campaign");
    drop(hongyan_bulk::load::load(&frozen, &key, None, |_| {}).expect("loaded"));
    let moved = output(cluster, &["bulk", "move", &dir, "--to", &cluster.url(), "--json"]);
    assert!(moved.status.success(), "{}", said(&moved));
    let told: serde_json::Value = serde_json::from_slice(&moved.stdout).expect("JSON");
    assert_eq!((&told["recipients"], &told["files"]), (&rows.into(), &(rows + 3).into()), "{told}");
    dir
}

/// A worker; it ends with the test.
pub(super) struct Worker(Child);

impl Worker {
    /// Sends a signal to the program itself; `timeout` waits for it.
    fn signal(&self, name: &str) {
        let itself = Command::new("pgrep").args(["-P", &self.0.id().to_string()]).output().expect("pgrep");
        let itself = String::from_utf8_lossy(&itself.stdout).trim().to_owned();
        if !itself.is_empty() {
            let _ = Command::new("kill").args(["-s", name, &itself]).status();
        }
    }

    pub(super) fn has_ended(&mut self) -> bool {
        eventually(|| self.0.try_wait().expect("our own child").is_some())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.signal("KILL");
        let _ = self.0.wait();
    }
}

pub(super) fn worker(cluster: &Cluster, sandbox: &Sandbox) -> Worker {
    let server = format!("smtp://{}", sandbox.smtp().expect("a port"));
    let url = cluster.url();
    let mut command =
        program(cluster, &["worker", "--ledger", &url, "--lease", "3", "--server", &server, "--json"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    Worker(command.spawn().expect("the program was built with this test"))
}

/// How often each recipient got the letter, by the sandbox.
pub(super) fn received(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let mut received = BTreeMap::new();
    for id in sandbox.store().ids().expect("a list") {
        let message = sandbox.store().get(id).expect("readable").expect("there");
        for to in &message.envelope.to {
            *received.entry(to.address.to_string()).or_default() += 1;
        }
    }
    received
}

#[test]
fn a_campaign_is_moved_once_and_sent_by_workers_without_its_folder() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        let sandbox =
            Sandbox::start(Config { smtp: Some(0), ..Config::default().closed() }).await.expect("a sandbox");
        let dir = moved(&cluster, 60);
        let again = output(&cluster, &["bulk", "run", &dir, "--once", "--server", "smtp://127.0.0.1:1"]);
        assert!(!again.status.success() && said(&again).contains("hongyan worker"), "{}", said(&again));
        let twice = output(&cluster, &["bulk", "move", &dir, "--to", &cluster.url(), "--json"]);
        assert!(twice.status.success() && said(&twice).contains("\"was_there\":true"), "{}", said(&twice));
        std::fs::remove_dir_all(&dir).expect("the folder is not needed any more");
        let mut workers = [worker(&cluster, &sandbox), worker(&cluster, &sandbox)];
        for worker in &mut workers {
            assert!(worker.has_ended(), "it goes on");
        }
        let received = received(&sandbox);
        assert_eq!(received.len(), 60);
        assert!(received.values().all(|times| *times == 1), "{received:?}");
        let message =
            sandbox.store().get(sandbox.store().ids().expect("a list")[0]).expect("readable").expect("there");
        let content = String::from_utf8_lossy(&message.content().expect("readable")).into_owned();
        assert!(content.contains("notice.txt") && content.contains("E00"), "{content}");
        let tally = open(&cluster.database(), quick()).await.tally().await.expect("a tally");
        assert_eq!((tally.of(State::Accepted), tally.total()), (60, 60));
    });
}

#[test]
fn workers_killed_and_stopped_and_a_database_restarted_cost_no_letter_and_send_none_twice() {
    const ROWS: usize = 1_500;
    let Some(mut cluster) = Cluster::start() else { return };
    block_on(async {
        let sandbox =
            Sandbox::start(Config { smtp: Some(0), ..Config::default().closed() }).await.expect("a sandbox");
        moved(&cluster, ROWS);
        let mut sleeping = worker(&cluster, &sandbox);
        let mut killed = worker(&cluster, &sandbox);
        let mut lasting = worker(&cluster, &sandbox);
        let began = |count| eventually(|| sandbox.store().ids().expect("a list").len() >= count);
        assert!(began(60), "nobody sends");
        sleeping.signal("STOP");
        assert!(began(300), "nobody sends any more");
        killed.signal("KILL");
        assert!(began(600), "nobody sends any more");
        cluster.crash();
        pause(4_000).await;
        sleeping.signal("CONT");
        let mut last = worker(&cluster, &sandbox);
        for worker in [&mut sleeping, &mut killed, &mut lasting, &mut last] {
            assert!((0..4).any(|_| worker.has_ended()), "it goes on");
        }
        let ledger = open(&cluster.database(), quick()).await;
        let tally = ledger.tally().await.expect("a tally");
        let received = received(&sandbox);
        let twice: Vec<_> = received.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "sent twice: {twice:?}");
        let (accepted, doubt) = (tally.of(State::Accepted), tally.of(State::InDoubt));
        eprintln!("{accepted} accepted, {doubt} in doubt, {} received", received.len());
        assert_eq!(accepted + doubt, ROWS as u64, "{tally:?}");
        assert!(
            (accepted..=accepted + doubt).contains(&(received.len() as u64)),
            "{} received, {tally:?}",
            received.len()
        );
        // At most what four workers with a few connections each had in the window.
        assert!(doubt <= 4 * 4 * 8, "{doubt} in doubt");
    });
}

#[test]
fn a_worker_that_is_asked_to_end_does_not_wait_for_a_database_that_is_away() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        let sandbox =
            Sandbox::start(Config { smtp: Some(0), ..Config::default().closed() }).await.expect("a sandbox");
        moved(&cluster, 400);
        let mut worker = worker(&cluster, &sandbox);
        assert!(eventually(|| !sandbox.store().ids().expect("a list").is_empty()), "nobody sends");
        drop(cluster);
        pause(1_000).await;
        worker.signal("TERM");
        assert!((0..2).any(|_| worker.has_ended()), "it goes on");
    });
}
