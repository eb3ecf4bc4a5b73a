//! The run against the sandbox's SMTP server: who got a letter, what the ledger says, and when it stops.

mod everybody;
mod pacing;
mod refusals;

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hongyan_bulk::ledger::{
    Entry, Filter, Ledger, Letter, LetterToLoad, Manifest, Memory, RecipientId, Role, State, Time,
};
use hongyan_bulk::row::Row;
use hongyan_bulk::run::{Compose, Composed, Ended, Event, Options, Route, Stop, Tell, run};
use hongyan_mime::compose::Offered;
use hongyan_net::smtp::{self, Mail};
use hongyan_proto::address::Address;
use hongyan_proto::outcome::{Failure, Kind, Stage};
use hongyan_proto::sasl::{Credentials, Proof, Secret};
use hongyan_proto::smtp::Envelope;
use hongyan_sandbox::{Config, Sandbox};

/// Writes `Hello` to each recipient.
struct Plain;

impl Compose for Plain {
    type Held = ();

    async fn fetch(&self, letter: &Letter) -> Result<(), Failure> {
        match letter.files.first() {
            Some(file) => Err(Failure::new(Stage::Prepare, Kind::Local, format!("{file} is not there"))),
            None => Ok(()),
        }
    }

    fn compose(&self, letter: &Letter, (): &(), _: &str, _: Offered, _: Time) -> Result<Composed, Failure> {
        let content = format!("Subject: row {}\r\n\r\nHello\r\n", letter.row.number).into_bytes();
        let envelope = Envelope {
            from: Some(address("sender@example.org")),
            to: letter.recipients.iter().map(|one| one.address.clone().into()).collect(),
            size: content.len() as u64,
            ..Envelope::default()
        };
        Ok(Composed { mail: Mail { envelope, body: Box::new(Cursor::new(content)) }, message: None })
    }
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// A letter for each, in the rows from 2.
fn letters<T: AsRef<str>>(recipients: impl IntoIterator<Item = T>) -> Vec<LetterToLoad> {
    let letter = |(row, to): (usize, T)| LetterToLoad {
        row: Row { number: row as u64 + 2, cells: Vec::new() },
        recipients: to.as_ref().split(' ').map(|one| (Role::To, address(one))).collect(),
        files: Vec::new(),
    };
    recipients.into_iter().enumerate().map(letter).collect()
}

fn numbered(count: usize) -> Vec<LetterToLoad> {
    letters((0..count).map(|n| format!("reader{n}@example.com")))
}

fn memory(letters: Vec<LetterToLoad>) -> Arc<Memory> {
    let manifest = Manifest {
        version: 1,
        key: "00".repeat(16),
        name: "test".into(),
        frozen: 0,
        campaign: String::new(),
        columns: Vec::new(),
        letters: letters.len() as u64,
        recipients: letters.iter().map(|one| one.recipients.len() as u64).sum(),
        files: BTreeMap::new(),
    };
    Arc::new(Memory::new(manifest, letters))
}

async fn sandbox(faults: &[&str]) -> Sandbox {
    let faults = faults.iter().map(|rule| rule.parse().unwrap()).collect();
    Sandbox::start(Config { faults, ..Config::default() }).await.unwrap()
}

fn route(sandbox: &Sandbox) -> Route {
    let place = sandbox.smtp().unwrap();
    let server = smtp::Server { host: place.ip().to_string(), port: place.port(), implicit_tls: false };
    let mut options = smtp::Options::default();
    options.session.tls = hongyan_proto::tls::Tls::Never;
    Route {
        name: "default".into(),
        server,
        options,
        connections: 4,
        per_connection: 1000,
        rates: Vec::new(),
        provider: None,
    }
}

fn login(mut route: Route, user: &str, password: &str) -> Route {
    route.name = user.into();
    let proof = Proof::Password(Secret::new(password));
    route.options.session.credentials = Some(Credentials { user: user.into(), proof });
    route.options.session.plaintext_auth = true;
    route
}

/// Nothing due later is waited for; retries come at once.
fn options() -> Options {
    let mut options = Options { once: true, ..Options::default() };
    options.retry.first = Duration::from_secs(3600);
    options.reconnect = Duration::from_millis(5);
    options
}

/// What a run told, as text.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn tell(&self) -> Tell {
        let told = self.0.clone();
        Arc::new(move |event: Event<'_>| {
            let line = match event {
                Event::Settled { address, state, .. } => format!("{} {state}", address.as_str()),
                Event::Opened { account, .. } => format!("opened {account}"),
                Event::Lost { account, failure, .. } => format!("lost {account}: {failure}"),
                Event::Waiting { account, why, .. } => format!("{account} waits: {why:?}"),
                Event::Going { account } => format!("{account} goes on"),
                Event::GivenUp { account, failure } => format!("given up {account}: {failure}"),
            };
            told.lock().unwrap().push(line);
        })
    }

    fn count(&self, beginning: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|line| line.starts_with(beginning)).count()
    }

    fn has(&self, part: &str) -> bool {
        self.0.lock().unwrap().iter().any(|line| line.contains(part))
    }
}

/// Runs it, and holds it to what is true of every run: nobody is left between two states, and whoever the ledger says
/// was accepted is whoever the sandbox has mail for, once each.
async fn run_and_check(
    sandbox: &Sandbox,
    ledger: &Arc<Memory>,
    routes: Vec<Route>,
    options: Options,
    stop: Stop,
    told: &Told,
) -> Ended {
    let running = run(ledger.clone(), Arc::new(Plain), routes, options, stop, told.tell());
    let ended = tokio::time::timeout(Duration::from_secs(60), running).await.expect("the run ends").unwrap();
    assert_eq!(ended.tally.of(State::Leased) + ended.tally.of(State::InData), 0, "{:?}", ended.tally);
    let accepted = names(ledger, State::Accepted).await;
    let mut arrived = Vec::new();
    for id in sandbox.store().ids().unwrap() {
        let message = sandbox.store().get(id).unwrap().unwrap();
        arrived.extend(message.envelope.to.iter().map(|forward| forward.address.to_string()));
    }
    arrived.sort();
    let doubtful = names(ledger, State::InDoubt).await;
    arrived.retain(|one| !doubtful.contains(one));
    assert_eq!(arrived, accepted);
    ended
}

async fn names(ledger: &Memory, state: State) -> Vec<String> {
    let mut names: Vec<_> =
        entries(ledger, state).await.iter().map(|one| one.address.as_str().to_owned()).collect();
    names.sort();
    names
}

async fn entries(ledger: &Memory, state: State) -> Vec<Entry> {
    ledger.page(RecipientId(0), usize::MAX, Filter { state: Some(state), row: None }).await.unwrap()
}
