//! A run in a process of its own, which can be killed, or whose disk can fail: it says each thing after it was
//! confirmed, and what was said must be in the ledger whatever happened then.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hongyan_bulk::ledger::sqlite::Sqlite;
use hongyan_bulk::ledger::{Filter, Ledger, LedgerError, Outcome, RecipientId, SessionId, State, Time};
use hongyan_bulk::pace::Rate;

use crate::conformance::{NOW, letters, manifest, outcome, recipients};

/// Says to a child which ledger is its.
const LEDGER: &str = "HONGYAN_TEST_LEDGER";
/// In a campaign of these letters.
pub(crate) const LETTERS: usize = 900;
/// Recipients: each fifth letter has two.
pub(crate) const PEOPLE: u64 = 1_080;
/// Tasks of a child, and letters in their groups.
const TASKS: usize = 4;
const GROUP: usize = 8;
/// For a year, so that nothing flows in while a test runs.
const QUOTA: Rate = Rate { tokens: 1, period: Duration::from_secs(365 * 86_400), burst: 50_000 };
/// Some outcomes are longer than a page of the file.
const LONG: usize = 9_000;

/// Where this process is a child, does what children do.
pub(crate) fn is_child() -> bool {
    let Some(path) = std::env::var_os(LEDGER) else { return false };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(work(Path::new(&path)));
    true
}

/// Starts this program again, for one test, as a child.
pub(crate) fn start(test: &str, ledger: &Path, environment: &[(&str, &str)]) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(LEDGER, ledger)
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("started")
}

fn say(line: &str) {
    // One write for each line, so that a line is said wholly or not at all.
    std::io::stdout().write_all(format!("@{line}\n").as_bytes()).expect("said");
}

async fn work(path: &Path) {
    let opened = match path.exists() {
        true => Sqlite::open(path),
        false => make(path),
    };
    let ledger = match opened {
        Ok(ledger) => ledger,
        Err(error) => return say(&format!("stopped {}", words(&error))),
    };
    say("loaded");
    let tasks = (0..TASKS).map(|_| task(&ledger));
    let mut stopped = false;
    for failed in join(tasks.collect()).await {
        if let Err(error) = failed {
            stopped = true;
            say(&format!("stopped {}", words(&error)));
        }
    }
    if stopped {
        let again = [
            ledger.settle(vec![outcome(1, 1, State::Accepted, None)]).await.is_err(),
            ledger.lease(1, NOW).await.is_err(),
            ledger.session(NOW, "later", String::new()).await.is_err(),
        ];
        say(&format!("refused {}", again.into_iter().filter(|refused| *refused).count()));
    }
    match ledger.close().await {
        Ok(()) => say("done"),
        Err(error) => say(&format!("stopped {}", words(&error))),
    }
}

/// All of them at once, on one thread.
async fn join<T>(tasks: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut tasks: Vec<_> = tasks.into_iter().map(|task| (Box::pin(task), None)).collect();
    std::future::poll_fn(|context| {
        let mut all = std::task::Poll::Ready(());
        for (task, done) in tasks.iter_mut().filter(|(_, done)| done.is_none()) {
            match task.as_mut().poll(context) {
                std::task::Poll::Ready(value) => *done = Some(value),
                std::task::Poll::Pending => all = std::task::Poll::Pending,
            }
        }
        all
    })
    .await;
    tasks.into_iter().filter_map(|(_, done)| done).collect()
}

fn make(path: &Path) -> Result<Sqlite, LedgerError> {
    let mut loader = Sqlite::create(path, manifest())?;
    let counts: Vec<usize> = (0..LETTERS).map(|n| 1 + usize::from(n % 5 == 0)).collect();
    for letter in letters(&counts) {
        loader.add(&letter)?;
    }
    loader.finish()
}

fn words(error: &LedgerError) -> String {
    match error {
        LedgerError::Failed(_) => format!("failed {error}"),
        LedgerError::Busy { .. } => format!("busy {error}"),
        _ => format!("otherwise {error}"),
    }
}

async fn task(ledger: &Sqlite) -> Result<(), LedgerError> {
    let session = ledger.session(NOW, "默认", "S: 220 ready\n".repeat(20)).await?;
    say(&format!("session {}", session.0));
    loop {
        let mut leased = recipients(&ledger.lease(GROUP, NOW).await?);
        if leased.is_empty() {
            return Ok(());
        }
        let (taken, _) = ledger.take("默认/day", QUOTA, leased.len() as u32, NOW).await?;
        say(&format!("taken {taken}"));
        // Some are given back once.
        let back = leased.iter().filter(|one| one.attempt == 2 && one.id.0 % 5 == 0).map(|one| one.id);
        let back: Vec<RecipientId> = back.filter(|_| leased.len() > 1).take(1).collect();
        leased.retain(|one| !back.contains(&one.id));
        ledger.release(back, NOW).await?;
        let begun = ledger.begin(leased.iter().map(|one| one.id).collect(), NOW).await?;
        leased.retain(|one| begun.contains(&one.id));
        for one in &leased {
            say(&format!("begun {} {}", one.id.0, one.attempt));
        }
        let outcomes: Vec<_> = leased.iter().map(|one| ended(one.id.0, one.attempt)).collect();
        for group in outcomes.chunks(5) {
            ledger.settle(group.to_vec()).await?;
            for one in group {
                say(&format!("settled {} {}", one.id.0, one.attempt));
            }
        }
    }
}

/// What becomes of an attempt: always the same.
fn ended(id: i64, attempt: u32) -> Outcome {
    let (state, due) = match (id + i64::from(attempt)) % 13 {
        0..=3 if attempt < 4 => (State::Deferred, Some(NOW)),
        4 => (State::Rejected, None),
        _ => (State::Accepted, None),
    };
    let mut outcome = outcome(id, attempt, state, due);
    if id % 9 == 0 {
        outcome.evidence.conversation.push_str(&"S: 250-more\n".repeat(LONG / 12));
    }
    outcome
}

/// What children have said of one ledger.
#[derive(Default)]
pub(crate) struct Confirmed {
    loaded: bool,
    pub(crate) begun: HashSet<(i64, u32)>,
    pub(crate) settled: HashSet<(i64, u32)>,
    sessions: HashSet<i64>,
    taken: u32,
    pub(crate) done: bool,
    /// Why it stopped by itself, and how many of the three requests after that were refused.
    pub(crate) stopped: Option<String>,
    pub(crate) refused: Option<u32>,
}

impl Confirmed {
    /// Reads all that a child says until it ends. Nothing may be said twice, whichever child says it.
    pub(crate) fn listen(&mut self, child: &mut Child) {
        self.listen_and(child, usize::MAX, |_| {});
    }

    /// The same; something is done to the child after so many lines.
    pub(crate) fn listen_and(&mut self, child: &mut Child, lines: usize, then: impl FnOnce(&mut Child)) {
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let (mut line, mut heard, mut then) = (String::new(), 0, Some(then));
        loop {
            if heard >= lines
                && let Some(then) = then.take()
            {
                then(child);
            }
            line.clear();
            if !output.read_line(&mut line).is_ok_and(|octets| octets > 0) {
                return;
            }
            if let Some(said) = line.strip_suffix('\n').and_then(|line| line.split_once('@')) {
                self.hear(said.1);
                heard += 1;
            }
        }
    }

    fn hear(&mut self, said: &str) {
        let (what, rest) = said.split_once(' ').unwrap_or((said, ""));
        let number = |text: &str| text.parse::<i64>().expect("a number");
        let pair =
            || rest.split_once(' ').map(|(id, attempt)| (number(id), number(attempt) as u32)).expect("two");
        match what {
            "loaded" => self.loaded = true,
            "session" => {
                assert!(self.sessions.insert(number(rest)), "a connection's number came twice: {rest}")
            }
            "taken" => self.taken += number(rest) as u32,
            "begun" => assert!(self.begun.insert(pair()), "sent twice: {rest}"),
            "settled" => assert!(self.settled.insert(pair()), "settled twice: {rest}"),
            "done" => self.done = true,
            "stopped" => self.stopped = Some(rest.to_owned()),
            "refused" => self.refused = Some(number(rest) as u32),
            _ => panic!("{said}"),
        }
    }

    /// Opens the ledger and holds it against what was said. Gives how many are in doubt; `None` where there is no
    /// ledger, which is right as long as nobody said that there is.
    pub(crate) fn check(&self, path: &Path) -> Option<u64> {
        if !path.exists() {
            assert!(!self.loaded, "what was loaded is gone");
            return None;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Some(runtime.block_on(self.compare(&Sqlite::open(path).expect("opened"))))
    }

    async fn compare(&self, ledger: &Sqlite) -> u64 {
        assert_eq!(ledger.manifest().recipients, PEOPLE);
        let entries = ledger.page(RecipientId(0), usize::MAX, Filter::default()).await.expect("all of it");
        assert_eq!(entries.len() as u64, PEOPLE);
        let mut attempts = BTreeMap::new();
        for entry in &entries {
            let end = entry.attempts.len().saturating_sub(1);
            for (n, attempt) in entry.attempts.iter().enumerate() {
                assert!(
                    n == end || attempt.state == State::Deferred,
                    "sent again without a reason: {entry:?}"
                );
                attempts.insert((entry.id.0, attempt.number), attempt);
            }
        }
        for key in &self.begun {
            assert!(attempts.contains_key(key), "forgotten that {key:?} was begun");
        }
        for key in &self.settled {
            let expected = ended(key.0, key.1);
            let kept = attempts.get(key).unwrap_or_else(|| panic!("forgotten what became of {key:?}"));
            assert_eq!((kept.state, &kept.evidence), (expected.state, &expected.evidence), "{key:?}");
        }
        for &id in &self.sessions {
            let opening = ledger.opening(SessionId(id)).await.expect("read").expect("a connection");
            assert_eq!((opening.opened, opening.account.as_str()), (NOW, "默认"));
        }
        let tally = ledger.tally().await.expect("a tally");
        assert_eq!((tally.total(), tally.of(State::InData), tally.of(State::Leased)), (PEOPLE, 0, 0));
        tally.of(State::InDoubt)
    }

    /// At the very end: the quota was never exceeded, however often a run began anew.
    pub(crate) fn check_quota(&self, path: &Path) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let ledger = Sqlite::open(path).expect("opened");
        let left = runtime.block_on(ledger.take("默认/day", QUOTA, u32::MAX, Time(NOW.0))).expect("taken").0;
        assert!(self.taken + left <= QUOTA.burst, "{} were taken, {left} are left", self.taken);
    }
}
