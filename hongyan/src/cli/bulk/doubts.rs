//! A run to its end, with those in doubt treated as the campaign says (`retry.doubt`).
//!
//! Nobody in doubt is sent to again while the answer may still be on its way. In its folder a campaign has one run, and
//! when that has ended no answer is left to come. In a database a worker that counts as gone may only be cut off, and tells
//! late what it heard; so somebody has to be in doubt for as long as a lease before anything is decided. What comes later
//! still counts: an acceptance ends the doubt, and a letter that was not begun anew meanwhile is not sent.

use std::sync::Arc;
use std::time::Duration;

use hongyan_bulk::campaign::Doubt;
use hongyan_bulk::ledger::{Entry, Filter, Ledger, LedgerError, RecipientId, Resolution, State, Time};
use hongyan_bulk::run::{Compose, Ended, Why};
use tokio::signal::unix::{SignalKind, signal};

use super::making;
use super::run::Sending;
use crate::cli::terminal::{Language, tell};
use crate::cli::trouble::Trouble;

/// How often a run begins anew because of new ones in doubt.
const ROUNDS: usize = 4;
/// How many are decided about at a time.
const TOGETHER: usize = 1_000;

/// When those in doubt are decided about; what becomes of them the run knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doubts {
    /// Only of those who have been in doubt for so long.
    pub(super) age: Duration,
    /// A run does not wait until they have been.
    pub(super) once: bool,
}

impl Doubts {
    /// Runs it until it ends, and again while there are new ones in doubt to be decided about.
    pub(super) async fn send<L: Ledger, C: Compose>(
        self,
        sending: &Sending<'_>,
        ledger: &Arc<L>,
        composer: &Arc<C>,
    ) -> Result<Ended, Trouble> {
        let broken = |error: LedgerError| making::ledger(&error);
        for _ in 1..ROUNDS {
            self.settle(&**ledger, sending.doubt(), Time::now()).await.map_err(broken)?;
            let ended = sending.send(ledger.clone(), composer.clone()).await?;
            let doubt = ended.tally.of(State::InDoubt);
            let is_over = sending.doubt() == Doubt::Hold || doubt == 0 || !matches!(ended.why, Why::Done);
            if is_over || !self.waited(doubt).await {
                return Ok(ended);
            }
        }
        self.settle(&**ledger, sending.doubt(), Time::now()).await.map_err(broken)?;
        sending.send(ledger.clone(), composer.clone()).await
    }

    /// Does with those who have been in doubt long enough what the campaign says.
    async fn settle(self, ledger: &impl Ledger, policy: Doubt, now: Time) -> Result<(), LedgerError> {
        let how = match policy {
            Doubt::Hold => return Ok(()),
            Doubt::Resend => Resolution::Resend,
            Doubt::Skip => Resolution::Skip,
        };
        let wanted = Filter { state: Some(State::InDoubt), row: None };
        let mut after = RecipientId::default();
        loop {
            let doubtful = ledger.page(after, TOGETHER, wanted).await?;
            let Some(last) = doubtful.last() else { return Ok(()) };
            after = last.id;
            let old = doubtful.iter().filter(|entry| now.since(since(entry)) >= self.age);
            let ids: Vec<_> = old.map(|entry| entry.id).collect();
            if !ids.is_empty() {
                ledger.resolve(ids, how, now).await?;
            }
        }
    }

    /// Waits until those who are in doubt now have been for long enough; `false` where that is not wanted.
    async fn waited(self, doubt: u64) -> bool {
        if self.age.is_zero() {
            return true;
        }
        if self.once {
            return false;
        }
        let seconds = self.age.as_secs();
        tell(&Language::of_the_environment().choose(
            format!(
                "{doubt} in doubt: their answers may still come; decided in {seconds} s as the campaign says"
            ),
            format!("{doubt} 位收件人不确定，答复仍可能到达；{seconds} 秒后按活动设置处理"),
        ));
        let Ok(mut terminate) = signal(SignalKind::terminate()) else { return false };
        tokio::select! {
            () = tokio::time::sleep(self.age) => true,
            _ = tokio::signal::ctrl_c() => false,
            _ = terminate.recv() => false,
        }
    }
}

/// Since when somebody is in doubt.
fn since(entry: &Entry) -> Time {
    entry.attempts.last().map_or(Time(0), |last| last.evidence.ended)
}

#[cfg(test)]
mod tests {
    use hongyan_bulk::ledger::{Evidence, LetterToLoad, Manifest, Memory, Outcome, Role, SessionId};
    use hongyan_bulk::row::Row;

    use super::*;
    use crate::proto::address::Address;

    const LEASE: Duration = Duration::from_secs(120);

    /// Two recipients, in doubt since the times 0 and 100 s.
    async fn ledger() -> Memory {
        let letter = |number: u64| LetterToLoad {
            row: Row { number, cells: Vec::new() },
            recipients: vec![(
                Role::To,
                Address::parse(&format!("r{number}@example.org")).expect("an address"),
            )],
            files: Vec::new(),
        };
        let manifest = Manifest {
            version: 1,
            key: "ab".repeat(16),
            name: "工资条".into(),
            frozen: 0,
            campaign: String::new(),
            columns: Vec::new(),
            letters: 2,
            recipients: 2,
            files: Default::default(),
        };
        let ledger = Memory::new(manifest, vec![letter(2), letter(3)]);
        let leased = ledger.lease(2, Time(0)).await.expect("leased");
        for (letter, at) in leased.iter().zip([Time(0), Time(100_000)]) {
            let one = &letter.recipients[0];
            ledger.begin(vec![one.id], Time(0)).await.expect("begun");
            let evidence = Evidence { ended: at, session: Some(SessionId(1)), ..Evidence::default() };
            let outcome =
                Outcome { id: one.id, attempt: one.attempt, state: State::InDoubt, due: None, evidence };
            ledger.settle(vec![outcome]).await.expect("settled");
        }
        ledger
    }

    #[tokio::test]
    async fn only_those_are_decided_about_who_have_been_in_doubt_for_as_long_as_a_lease() {
        for (policy, age, doubt, pending, skipped) in [
            (Doubt::Hold, Duration::ZERO, 2, 0, 0),
            (Doubt::Resend, Duration::ZERO, 0, 2, 0),
            (Doubt::Resend, LEASE, 1, 1, 0),
            (Doubt::Skip, LEASE, 1, 0, 1),
            (Doubt::Skip, LEASE * 2, 2, 0, 0),
        ] {
            let ledger = ledger().await;
            let doubts = Doubts { age, once: false };
            doubts.settle(&ledger, policy, Time(0).after(LEASE)).await.expect("settled");
            let tally = ledger.tally().await.expect("a tally");
            let of = |state| tally.of(state);
            assert_eq!(
                (of(State::InDoubt), of(State::Pending), of(State::Skipped)),
                (doubt, pending, skipped),
                "{policy:?} {age:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_run_that_is_to_end_at_once_waits_for_no_doubt_to_grow_old() {
        let of = |age, once| Doubts { age, once };
        assert!(of(Duration::ZERO, true).waited(1).await);
        assert!(!of(LEASE, true).waited(1).await);
        assert!(of(Duration::from_millis(1), false).waited(1).await);
    }
}
