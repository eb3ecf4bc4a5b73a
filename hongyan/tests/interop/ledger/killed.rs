//! `hongyan worker`, killed again and again, at every kind of call by which it touches the world and at random times, while
//! the database is restarted, the way to it cut, and workers sleep until their leases have ended. Nobody is lost, nobody
//! gets the letter twice, and who may have got it without an answer is listed in doubt, never more of them than
//! connections × window for each time that a worker was interrupted.
//!
//! `HONGYAN_KILLS` says how often in all; 1,000 takes a quarter of an hour.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hongyan_bulk::campaign::Campaign;
use hongyan_bulk::ledger::{Entry, Filter, Ledger as _, RecipientId, State};
use hongyan_sandbox::{Config, Sandbox};

use super::block_on;
use super::cluster::{Cluster, open, quick};
use super::proxy::Proxy;
use super::workers::{output, received};
use crate::dying::{Dice, kills, library};
use crate::program::said;

const READERS: usize = 2_000;
const CONNECTIONS: usize = 2;
const WINDOW: usize = 8;
/// So many at a time.
const WORKERS: usize = 2;
const LEASE: Duration = Duration::from_secs(2);
/// One in so many workers is stopped and goes on later.
const SLEEPS: usize = 10;
/// At one in so many deaths the database is restarted.
const RESTARTS: usize = 25;
/// No campaign takes longer.
const PATIENCE: Duration = Duration::from_secs(120);
/// A campaign is left to end by itself after so many kills: hardly anybody would get a letter otherwise.
const MOST: usize = 120;

/// A kind of point at which a worker dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Point {
    SendToDatabase,
    RecvFromDatabase,
    SendToServer,
    RecvFromServer,
    /// While it fetches what the campaign consists of.
    WriteContent,
    FsyncContent,
    /// While the database is away.
    WriteJournal,
    FsyncJournal,
    AnyTime,
}

impl Point {
    const ALL: [Point; 9] = [
        Self::SendToDatabase,
        Self::RecvFromDatabase,
        Self::SendToServer,
        Self::RecvFromServer,
        Self::WriteContent,
        Self::FsyncContent,
        Self::WriteJournal,
        Self::FsyncJournal,
        Self::AnyTime,
    ];

    /// The call, how many of them to choose from, and whether only calls to the database or to the server count.
    fn call(self, database: u16, server: u16) -> Option<(&'static str, u64, Option<u16>)> {
        match self {
            Self::SendToDatabase => Some(("send", 60, Some(database))),
            Self::RecvFromDatabase => Some(("recv", 60, Some(database))),
            Self::SendToServer => Some(("send", 40, Some(server))),
            Self::RecvFromServer => Some(("recv", 40, Some(server))),
            Self::WriteContent => Some(("write", 4, None)),
            Self::FsyncContent => Some(("fsync", 8, None)),
            Self::WriteJournal => Some(("write", 2, None)),
            Self::FsyncJournal => Some(("fsync", 4, None)),
            Self::AnyTime => None,
        }
    }
}

/// What is to become of a worker.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Dies(Point),
    /// Stopped, and let go on when its lease has ended.
    Sleeps,
    GoesOn,
}

/// How often what happened.
#[derive(Debug, Default)]
struct Figures {
    deaths: BTreeMap<Point, usize>,
    slept: usize,
    restarts: usize,
    cuts: usize,
    /// Answers that a killed worker had kept in its journal, and a later one told.
    replayed: u64,
    doubt: usize,
}

impl Figures {
    fn kills(&self) -> usize {
        self.deaths.values().sum()
    }

    /// How often a worker was interrupted: a database that is away interrupts all of them.
    fn interruptions(&self) -> usize {
        self.kills() + self.slept + WORKERS * (self.restarts + self.cuts)
    }
}

#[test]
fn however_often_workers_are_killed_nobody_is_lost_and_nobody_gets_the_letter_twice() {
    let most = kills(30);
    let (mut figures, mut seed) = (Figures::default(), 0);
    while figures.kills() < most {
        seed += 1;
        let Some(mut cluster) = Cluster::start() else { return };
        let left = (most - figures.kills()).min(MOST);
        campaign(&mut cluster, Dice(seed), left, &mut figures);
        eprintln!("{} kills in {seed} campaigns: {figures:?}", figures.kills());
    }
    for point in Point::ALL {
        assert!(figures.deaths.contains_key(&point), "no worker died at {point:?}: {figures:?}");
    }
    assert!(figures.slept > 0 && figures.restarts > 0 && figures.cuts > 0, "{figures:?}");
}

/// One campaign, in which workers are killed up to `most` times.
fn campaign(cluster: &mut Cluster, dice: Dice, most: usize, figures: &mut Figures) {
    block_on(async {
        let config = Config { smtp: Some(0), ..Config::default().closed() };
        let sandbox = Sandbox::start(config).await.expect("a sandbox");
        moved(cluster);
        let before = (figures.interruptions(), figures.doubt);
        let proxy = Proxy::to(cluster.port());
        let library = library(&cluster.path(""));
        let server = sandbox.smtp().expect("a port").port();
        Yard { cluster, proxy, library, server, dice, started: 0, figures }.drive(most);
        figures.doubt += check(cluster, &sandbox, figures.interruptions() - before.0).await;
    });
}

/// Freezes a campaign and brings it into the database.
fn moved(cluster: &Cluster) {
    let dir = cluster.path("letters");
    let settings = format!(
        "[message]\nfrom = 'hr@example.org'\nsubject = '{{{{ name }}}}: October'\ntext = 'letter.txt'\n\n\
         [recipients]\nfile = 'readers.csv'\nto = '{{{{ email }}}}'\n\n[attach]\nshared = ['notice.txt']\n\n\
         [pace]\nconnections = {CONNECTIONS}\nwindow = {WINDOW}\n\n[stop]\nin-a-row = 0\npercent = 0\n"
    );
    let rows = (1..=READERS).map(|n| format!("{n:05},Reader {n},reader{n}@example.com\n"));
    let sheet = format!("id,name,email\n{}", rows.collect::<String>());
    std::fs::create_dir_all(&dir).expect("a folder");
    for (name, text) in [
        ("campaign.toml", settings.as_str()),
        ("letter.txt", "Hello {{ name }}, your number is {{ id }}.\n"),
        ("notice.txt", "The office is closed on Friday.\n"),
        ("readers.csv", &sheet),
    ] {
        std::fs::write(dir.join(name), text).expect("a file");
    }
    let frozen = Campaign::open(&dir).expect("a campaign");
    drop(hongyan_bulk::load::load(&frozen, &super::manifest("").key, None, |_| {}).expect("loaded"));
    let moved = output(cluster, &["bulk", "move", dir.to_str().expect("UTF-8"), "--to", &cluster.url()]);
    assert!(moved.status.success(), "{}", said(&moved));
}

/// Where workers are started and killed.
struct Yard<'a> {
    cluster: &'a mut Cluster,
    proxy: Proxy,
    library: PathBuf,
    server: u16,
    dice: Dice,
    started: usize,
    figures: &'a mut Figures,
}

/// A worker; it ends with the test, or with the thread that started it.
struct Worker {
    child: Child,
    fate: Fate,
    began: Instant,
    /// When something happens to it from outside, in the order in which it comes.
    events: Vec<(Duration, Event)>,
    said: PathBuf,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Kill,
    Stop,
    GoOn,
    Cut,
    Mend,
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Worker {
    fn signal(&self, name: &str) {
        let _ = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap_or_default()
    }

    /// The event whose time has come.
    fn event(&mut self) -> Option<Event> {
        let (at, event) = self.events.first().copied()?;
        (self.began.elapsed() >= at).then(|| {
            self.events.remove(0);
            event
        })
    }
}

impl Yard<'_> {
    /// Until everybody is settled.
    fn drive(&mut self, most: usize) {
        let (began, first) = (Instant::now(), self.figures.kills());
        let mut workers: Vec<Worker> = (0..WORKERS).map(|_| self.next_worker(true)).collect();
        while !workers.is_empty() {
            assert!(began.elapsed() < PATIENCE, "it does not come to an end: {}", self.open());
            let mut next = Vec::new();
            for mut worker in workers {
                while let Some(event) = worker.event() {
                    self.happens(&mut worker, event);
                }
                let Some(status) = worker.child.try_wait().expect("our own child") else {
                    next.push(worker);
                    continue;
                };
                self.proxy.mend();
                self.count_replayed(&worker);
                if let (Some(9), Fate::Dies(point)) = (status.signal(), worker.fate) {
                    *self.figures.deaths.entry(point).or_default() += 1;
                    self.meanwhile();
                } else if status.success() || status.code() == Some(75) && worker.said().contains("in doubt")
                {
                    assert_eq!(self.open(), "0", "it ended while work was left: {}", worker.said());
                    continue;
                } else {
                    // Where the database was away when it started, it says so and ends.
                    assert!(worker.said().contains("127.0.0.1"), "{status}: {}", worker.said());
                    std::thread::sleep(Duration::from_millis(100));
                }
                let again = self.figures.kills() - first < most;
                next.push(self.next_worker(again));
            }
            workers = next;
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Starts a worker; where it may die, the kinds of points that were hit least come first.
    fn next_worker(&mut self, may_die: bool) -> Worker {
        let fate = match self.dice.below(10) {
            _ if !may_die => Fate::GoesOn,
            _ if self.started % SLEEPS == SLEEPS / 2 => Fate::Sleeps,
            0..5 => Fate::Dies(Point::ALL[self.dice.below(Point::ALL.len() as u64) as usize]),
            _ => {
                let hit = |point: &Point| self.figures.deaths.get(point).copied().unwrap_or(0);
                Fate::Dies(Point::ALL.into_iter().min_by_key(hit).unwrap_or(Point::AnyTime))
            }
        };
        let url = self.cluster.url_at(self.proxy.port());
        let lease = LEASE.as_secs().to_string();
        let server = format!("smtp://127.0.0.1:{}", self.server);
        let said = self.cluster.path(&format!("worker-{}", self.started));
        // The same process; it does not outlive the test.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_hongyan"), "worker", "--ledger", &url]);
        command.args(["--lease", &lease, "--server", &server, "--tls", "none", "--json", "--cache"]);
        let is_new = matches!(fate, Fate::Dies(Point::WriteContent | Point::FsyncContent));
        command.arg(self.cluster.path(&if is_new {
            format!("cache-{}", self.started)
        } else {
            "cache".into()
        }));
        command.env("HONGYAN_CONFIG", "/dev/null").env("PGPASSWORD", "geheim").env("LC_ALL", "C.UTF-8");
        command.env("XDG_STATE_HOME", self.cluster.path("state"));
        command.env("XDG_DATA_HOME", self.cluster.path("data-home"));
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(std::fs::File::create(&said).expect("a file"));
        let events = self.events(fate);
        if let Fate::Dies(point) = fate
            && let Some((call, count, port)) = point.call(self.proxy.port(), self.server)
        {
            let port = port.map(|port| format!(",{port}")).unwrap_or_default();
            let wish = format!("{call},{},{}{port}", self.dice.when(), 1 + self.dice.below(count));
            command.env("LD_PRELOAD", &self.library).env("HONGYAN_DIE", wish);
        }
        self.started += 1;
        let child = command.spawn().expect("setpriv, of util-linux");
        Worker { child, fate, began: Instant::now(), events, said }
    }

    /// What happens to it from outside. Whoever does not come to the point at which it was to die is killed later.
    fn events(&mut self, fate: Fate) -> Vec<(Duration, Event)> {
        let at = Duration::from_millis(50 + self.dice.below(700));
        let later = (Duration::from_millis(1_500 + self.dice.below(1_500)), Event::Kill);
        match fate {
            Fate::Dies(Point::AnyTime) => vec![(at, Event::Kill)],
            Fate::Dies(Point::WriteJournal | Point::FsyncJournal) => {
                vec![(at, Event::Cut), (at + Duration::from_millis(300), Event::Mend), later]
            }
            Fate::Sleeps => vec![(at, Event::Stop), (at + LEASE + LEASE / 4, Event::GoOn)],
            Fate::Dies(_) => vec![later],
            Fate::GoesOn => Vec::new(),
        }
    }

    fn happens(&mut self, worker: &mut Worker, event: Event) {
        match event {
            Event::Kill => {
                if worker.child.try_wait().expect("our own child").is_none() {
                    worker.fate = Fate::Dies(Point::AnyTime);
                    worker.signal("KILL");
                }
            }
            Event::Stop => worker.signal("STOP"),
            Event::GoOn => {
                worker.signal("CONT");
                self.figures.slept += 1;
            }
            Event::Cut => {
                self.proxy.cut();
                self.figures.cuts += 1;
            }
            Event::Mend => self.proxy.mend(),
        }
    }

    /// Between a death and the next start, now and then, something happens to the database.
    fn meanwhile(&mut self) {
        match self.dice.below(16) {
            _ if self.figures.kills() % RESTARTS == RESTARTS / 2 => {
                self.cluster.crash();
                self.figures.restarts += 1;
            }
            0 => {
                self.proxy.cut();
                // One in four outlasts the leases.
                let longer = if self.dice.below(4) == 0 { LEASE } else { Duration::ZERO };
                std::thread::sleep(longer + Duration::from_millis(self.dice.below(500)));
                self.proxy.mend();
                self.figures.cuts += 1;
            }
            1 => {
                self.proxy.break_all();
                self.figures.cuts += 1;
            }
            _ => {}
        }
    }

    fn count_replayed(&mut self, worker: &Worker) {
        let said = worker.said();
        let told = said.lines().find_map(|line| line.split_once(" answers that an earlier worker"));
        self.figures.replayed += told.and_then(|(count, _)| count.parse::<u64>().ok()).unwrap_or(0);
    }

    /// How many recipients are neither accepted nor in doubt.
    fn open(&self) -> String {
        self.cluster.sql("mail", "SELECT count(*) FROM hongyan.recipient WHERE state NOT IN (5, 8)")
    }
}

/// Compares the ledger with what arrived; gives how many are in doubt.
async fn check(cluster: &Cluster, sandbox: &Sandbox, interruptions: usize) -> usize {
    let ledger = open(&cluster.database(), quick()).await;
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let after = entries.last().map_or(RecipientId(0), |last| last.id);
        let page = ledger.page(after, 1_000, Filter::default()).await.expect("a page");
        if page.is_empty() {
            break;
        }
        entries.extend(page);
    }
    assert_eq!(entries.len(), READERS);
    let mut arrived = received(sandbox);
    let mut doubt = 0;
    for entry in &entries {
        let address = entry.address.as_str();
        let times = arrived.remove(address).unwrap_or(0);
        match entry.state {
            State::Accepted => assert_eq!(times, 1, "{address} is accepted: {:?}", entry.attempts),
            State::InDoubt => {
                doubt += 1;
                assert!(times <= 1, "{address} is in doubt and got it {times} times: {:?}", entry.attempts);
            }
            // The sandbox refuses nobody.
            state => panic!("{address} is {state}: {:?}", entry.attempts),
        }
    }
    assert!(arrived.is_empty(), "not in the ledger: {arrived:?}");
    assert!(doubt <= interruptions * CONNECTIONS * WINDOW, "{doubt} in doubt, {interruptions} interruptions");
    doubt
}
