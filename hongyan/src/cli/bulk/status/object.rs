//! A campaign's status as an object for programs.

use std::collections::BTreeMap;

use hongyan_bulk::ledger::{Entry, State};
use hongyan_bulk::report;
use serde::Serialize;

use super::Told;
use crate::cli::bulk::words::exact;

#[derive(Serialize)]
pub(super) struct Object<'a> {
    name: &'a str,
    key: &'a str,
    letters: u64,
    recipients: u64,
    running: bool,
    runners: Vec<Runner<'a>>,
    paused: bool,
    states: BTreeMap<&'static str, u64>,
    open: u64,
    /// `in_data` of a run that ended without a word.
    interrupted: u64,
    per_minute: Option<f64>,
    seconds_left: Option<u64>,
    next_due: Option<String>,
    /// How many of those deferred are tried again.
    tried_again: u64,
    refusals: Vec<Person<'a>>,
    in_doubt: Vec<Person<'a>>,
}

#[derive(Serialize)]
struct Runner<'a> {
    host: &'a str,
    process: Option<u32>,
}

#[derive(Serialize)]
struct Person<'a> {
    row: u64,
    address: &'a str,
    outcome: &'static str,
    attempts: u32,
    at: Option<String>,
    due: Option<String>,
    reply: &'a str,
    cause: &'a str,
    remedy: Option<Remedy>,
}

#[derive(Serialize)]
struct Remedy {
    id: &'static str,
    en: String,
    zh: String,
}

/// The object.
pub(super) fn of<'a>(told: &'a Told<'_>) -> Object<'a> {
    let (status, manifest) = (&told.status, told.manifest);
    let person = |entry: &'a Entry| {
        let evidence = entry.attempts.last().map(|last| &last.evidence);
        let remedy = evidence.and_then(report::failure).map(|failure| failure.remedy(told.provider));
        Person {
            row: entry.row.number,
            address: entry.address.as_str(),
            outcome: entry.state.name(),
            attempts: entry.attempts.last().map_or(0, |last| last.number),
            at: evidence.and_then(|evidence| exact(evidence.ended)),
            due: entry.due.and_then(exact),
            reply: evidence.map_or("", |evidence| &evidence.reply),
            cause: evidence.map_or("", |evidence| &evidence.cause),
            remedy: remedy.map(|remedy| Remedy { id: remedy.id, en: remedy.en, zh: remedy.zh }),
        }
    };
    Object {
        name: &manifest.name,
        key: &manifest.key,
        letters: manifest.letters,
        recipients: manifest.recipients,
        running: !status.runners.is_empty(),
        runners: status
            .runners
            .iter()
            .map(|runner| Runner { host: &runner.host, process: runner.process })
            .collect(),
        paused: status.paused,
        states: State::ALL.into_iter().map(|state| (state.name(), status.tally.of(state))).collect(),
        open: status.open(),
        interrupted: status.interrupted(),
        per_minute: status.rate.map(|rate| (rate.per_minute() * 10.0).round() / 10.0),
        seconds_left: status.left().map(|left| left.as_secs()),
        next_due: status.next_due.and_then(exact),
        tried_again: status.again,
        refusals: status.refusals.iter().map(person).collect(),
        in_doubt: status.doubt.iter().map(person).collect(),
    }
}
