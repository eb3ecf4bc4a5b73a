//! The ledger in PostgreSQL, in clusters of the tests' own.

mod away;
mod cluster;
mod commands;
mod contents;
mod gone;
mod killed;
mod loading;
mod proxy;
mod reaching;
mod rules;
mod sharing;
mod workers;

use std::time::Duration;

use hongyan_bulk::ledger::postgres::{self, Postgres};
use hongyan_bulk::ledger::{
    Evidence, FrozenFile, Ledger, Letter, LetterToLoad, Manifest, Outcome, Recipient, RecipientId, Role,
    SessionId, State, Time,
};
use hongyan_bulk::row::Row;
use hongyan_proto::address::Address;
use serde_json::Value;

/// Runs a test's future on a runtime of its own.
pub(crate) fn block_on<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(test)
}

/// A campaign of nobody's.
pub(crate) fn manifest(name: &str) -> Manifest {
    let sheet = FrozenFile { sha256: "5e".repeat(32), size: 1_234 };
    let mut key = [0; 16];
    getrandom::getrandom(&mut key).expect("random octets");
    Manifest {
        version: 1,
        key: key.iter().map(|octet| format!("{octet:02x}")).collect(),
        name: name.into(),
        frozen: 0,
        campaign: "[message]\nsubject = \"{{ 姓名 }}\"\n".into(),
        columns: vec!["姓名".into(), "邮箱".into()],
        letters: 0,
        recipients: 0,
        files: [("名单.csv".to_owned(), sheet)].into(),
    }
}

/// The letter of a row, to one person.
pub(crate) fn letter(row: u64) -> LetterToLoad {
    let address = format!("r{row}@example.org");
    LetterToLoad {
        row: Row { number: row, cells: vec![Value::from("张三"), Value::from(address.as_str())] },
        recipients: vec![(Role::To, Address::parse(&address).expect("an address"))],
        files: Vec::new(),
    }
}

/// Loads a campaign of so many letters.
pub(crate) async fn load(place: &postgres::Place, manifest: Manifest, letters: u64) -> Manifest {
    let mut loader = Postgres::create(place, manifest).await.unwrap_or_else(|error| panic!("{error}"));
    for row in 0..letters {
        loader.add(letter(row + 2)).await.expect("added");
    }
    loader.finish().await.expect("loaded")
}

pub(crate) fn recipients(letters: &[Letter]) -> Vec<Recipient> {
    letters.iter().flat_map(|letter| letter.recipients.clone()).collect()
}

pub(crate) fn ids(recipients: &[Recipient]) -> Vec<RecipientId> {
    recipients.iter().map(|recipient| recipient.id).collect()
}

/// That the server took it.
pub(crate) fn accepted(recipient: &Recipient) -> Outcome {
    let evidence = Evidence {
        begun: Time::now(),
        ended: Time::now(),
        session: Some(SessionId(1)),
        reply: "250 2.0.0 Ok".into(),
        cause: String::new(),
        conversation: "C: MAIL FROM:<a@example.org>\nS: 250 2.1.0 Ok\nC: DATA\nS: 354 go\nS: 250 2.0.0 Ok\n"
            .into(),
        message: Some(([7; 32], 2048)),
    };
    Outcome { id: recipient.id, attempt: recipient.attempt, state: State::Accepted, due: None, evidence }
}

/// Sends to nobody until nothing is due: leases lots of `lot`, begins and settles each letter by itself, `tasks` at a time.
/// Gives who was begun.
pub(crate) async fn work(ledger: std::sync::Arc<Postgres>, lot: usize, tasks: usize) -> Vec<RecipientId> {
    let mut working = tokio::task::JoinSet::new();
    for _ in 0..tasks {
        let ledger = ledger.clone();
        working.spawn(async move {
            let mut begun = Vec::new();
            loop {
                let leased = recipients(&ledger.lease(lot, Time::now()).await.expect("leased"));
                if leased.is_empty() {
                    return begun;
                }
                for one in leased {
                    let granted = ledger.begin(vec![one.id], Time::now()).await.expect("begun");
                    if granted == [one.id] {
                        begun.push(one.id);
                        ledger.settle(vec![accepted(&one)]).await.expect("settled");
                    }
                }
            }
        });
    }
    let mut all = Vec::new();
    while let Some(begun) = working.join_next().await {
        all.extend(begun.expect("no panic"));
    }
    all
}

pub(crate) async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}
