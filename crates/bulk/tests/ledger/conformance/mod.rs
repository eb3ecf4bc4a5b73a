//! What every store of a ledger must do, each rule named by the sentence it holds.
//!
//! A store's tests include this folder, implement [`Place`], and say `conformance::suite!(its place)`: each rule
//! becomes a test of its own, and a model with random operations and reopenings another.

pub(crate) mod deciding;
pub(crate) mod leasing;
pub(crate) mod model;
pub(crate) mod reading;
pub(crate) mod reopening;
pub(crate) mod settling;

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use hongyan_bulk::ledger::{
    Entry, Evidence, Filter, FrozenFile, Ledger, Letter, LetterToLoad, Manifest, Outcome, Recipient,
    RecipientId, Role, SessionId, State, Tally, Time,
};
use hongyan_bulk::row::Row;
use hongyan_proto::address::Address;
use serde_json::Value;

/// Where a test's ledgers are.
pub(crate) trait Place {
    /// What is made there.
    type Ledger: Ledger;

    /// Loads a campaign with these rows' own files, and opens it for running.
    fn load(
        &self,
        manifest: Manifest,
        files: &BTreeMap<String, FrozenFile>,
        letters: &[LetterToLoad],
    ) -> impl Future<Output = Self::Ledger>;

    /// Ends the run as a crash would, and opens the campaign for running by somebody else.
    fn reopen(&self, ledger: Self::Ledger) -> impl Future<Output = Self::Ledger>;
}

/// All rules as tests, for the place that the expression makes.
#[macro_export]
macro_rules! suite {
    ($place:expr) => {
        $crate::suite!(@ $place;
            leasing: everybody_is_pending_at_first,
                letters_come_in_the_order_of_the_sheet,
                a_letter_comes_as_it_was_loaded,
                a_letter_comes_with_all_of_its_recipients,
                a_letter_comes_again_with_those_who_are_due,
                leases_never_overlap,
                nothing_wanted_is_nothing_leased,
                a_lease_that_has_ended_goes_to_somebody_else,
                what_is_given_back_comes_again_when_it_is_due,
                the_next_time_is_the_earliest_of_those_whom_nobody_has;
            settling: only_who_is_leased_can_be_begun,
                who_is_settled_stays_so,
                what_was_deferred_comes_back_when_it_is_due_and_not_before,
                who_was_given_up_never_comes_back,
                whoever_was_not_begun_can_be_settled_too,
                late_knowledge_wins_over_doubt,
                an_older_attempt_counts_only_against_doubt,
                what_was_certain_stays_whatever_is_said_later,
                a_state_that_is_no_outcome_is_refused;
            reopening: what_was_confirmed_is_there_after_a_crash,
                who_was_leased_is_pending_after_a_crash,
                who_was_in_data_is_in_doubt_after_a_crash,
                late_knowledge_wins_over_doubt_after_a_crash,
                buckets_survive_a_crash;
            deciding: decisions_are_taken_only_from_the_states_named,
                who_is_sent_to_again_keeps_what_was_tried,
                buckets_are_shared,
                a_pause_is_seen_and_kept;
            reading: pages_are_in_order_and_complete,
                pages_are_filtered_by_state_and_row,
                a_tally_sums_up_to_everybody,
                evidence_is_read_as_it_was_written,
                a_connection_is_found_by_its_number,
                the_latest_answers_come_newest_first,
                frozen_files_are_found_by_their_path;
            model: random_operations_do_what_a_simple_model_does;
        );
    };
    (@ $place:expr; $($module:ident: $($rule:ident),+;)+) => {
        $(mod $module {
            use super::*;
            $(
                #[test]
                fn $rule() {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                    let place = $place;
                    runtime.expect("a runtime").block_on($crate::conformance::$module::$rule(&place));
                }
            )+
        })+
    };
}

/// When the tests begin.
pub(crate) const NOW: Time = Time(1_700_000_000_000);

/// So many seconds later.
pub(crate) fn later(seconds: u64) -> Time {
    NOW.after(Duration::from_secs(seconds))
}

pub(crate) fn manifest() -> Manifest {
    let sheet = FrozenFile { sha256: "5e".repeat(32), size: 1_234 };
    Manifest {
        version: 1,
        key: "00112233445566778899aabbccddeeff".into(),
        name: "工资条 十一月".into(),
        frozen: NOW.0,
        campaign: "[message]\nsubject = \"{{ 姓名 }}\"\n".into(),
        columns: vec!["姓名".into(), "邮箱".into(), "工号".into()],
        letters: 0,
        recipients: 0,
        files: BTreeMap::from([("名单.xlsx".into(), sheet)]),
    }
}

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).expect("an address")
}

/// Letters from row 2 on, each to so many recipients.
pub(crate) fn letters(recipients: &[usize]) -> Vec<LetterToLoad> {
    let role = |n| [Role::To, Role::Cc, Role::Bcc][n % 3];
    let letter = |(row, count): (u64, &usize)| LetterToLoad {
        row: Row {
            number: row,
            cells: vec![Value::from("张三"), Value::from(format!("row{row}")), Value::from(7)],
        },
        recipients: (0..*count).map(|n| (role(n), address(&format!("r{row}n{n}@example.org")))).collect(),
        files: Vec::new(),
    };
    (2..).zip(recipients).map(letter).collect()
}

/// A campaign with so many recipients for each of its letters.
pub(crate) async fn campaign<P: Place>(place: &P, recipients: &[usize]) -> P::Ledger {
    place.load(manifest(), &BTreeMap::new(), &letters(recipients)).await
}

pub(crate) async fn lease<L: Ledger>(ledger: &L, want: usize, now: Time) -> Vec<Letter> {
    ledger.lease(want, now).await.expect("leased")
}

/// Who was leased, by number.
pub(crate) async fn leased<L: Ledger>(ledger: &L, want: usize, now: Time) -> Vec<i64> {
    ids(&recipients(&lease(ledger, want, now).await))
}

pub(crate) fn recipients(letters: &[Letter]) -> Vec<Recipient> {
    letters.iter().flat_map(|letter| letter.recipients.clone()).collect()
}

pub(crate) fn ids(recipients: &[Recipient]) -> Vec<i64> {
    recipients.iter().map(|recipient| recipient.id.0).collect()
}

pub(crate) fn numbers(ids: &[RecipientId]) -> Vec<i64> {
    ids.iter().map(|id| id.0).collect()
}

pub(crate) async fn begin<L: Ledger>(ledger: &L, ids: &[i64], now: Time) -> Vec<i64> {
    let ids = ids.iter().map(|id| RecipientId(*id)).collect();
    numbers(&ledger.begin(ids, now).await.expect("begun"))
}

pub(crate) fn outcome(id: i64, attempt: u32, state: State, due: Option<Time>) -> Outcome {
    let accepted = state == State::Accepted;
    let evidence = Evidence {
        begun: NOW,
        ended: later(1),
        session: Some(SessionId(1)),
        reply: if accepted { format!("250 2.0.0 Ok: {id}.{attempt}") } else { String::new() },
        cause: if accepted { String::new() } else { format!("{state} {id}.{attempt}") },
        conversation: format!("C: DATA\nS: 354 go ahead\nS: {id}.{attempt}\n"),
        message: Some(([id as u8; 32], 2_048)),
    };
    Outcome { id: RecipientId(id), attempt, state, due, evidence }
}

pub(crate) async fn settle<L: Ledger>(ledger: &L, id: i64, attempt: u32, state: State, due: Option<Time>) {
    ledger.settle(vec![outcome(id, attempt, state, due)]).await.expect("settled");
}

pub(crate) async fn entries<L: Ledger>(ledger: &L, filter: Filter) -> Vec<Entry> {
    ledger.page(RecipientId(0), 10_000, filter).await.expect("a page")
}

/// Everybody's state, in order.
pub(crate) async fn states<L: Ledger>(ledger: &L) -> Vec<State> {
    entries(ledger, Filter::default()).await.into_iter().map(|entry| entry.state).collect()
}

/// The state and the attempts of one.
pub(crate) async fn one<L: Ledger>(ledger: &L, id: i64) -> (State, Vec<(u32, State)>) {
    let page = ledger.page(RecipientId(id - 1), 1, Filter::default()).await.expect("a page");
    let entry = page.into_iter().next().expect("an entry");
    (entry.state, entry.attempts.iter().map(|attempt| (attempt.number, attempt.state)).collect())
}

pub(crate) async fn tally<L: Ledger>(ledger: &L) -> Tally {
    ledger.tally().await.expect("a tally")
}
