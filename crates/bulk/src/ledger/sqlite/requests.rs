//! What each request does to the books, inside the transaction of its group.
//!
//! A request that is refused has changed nothing. Anything else that goes wrong ends the whole group, and the writer.

use std::time::{Duration, Instant};

use rusqlite::params;

use super::attempts::{self, MAX_ATTEMPTS};
use super::books::Books;
use super::loaded::{self, Loaded};
use super::meta;
use super::standing::Standing;
use super::sum::{SUM, Sum, Table};
use super::trouble::{Trouble, refused};
use crate::ledger::{
    Answered, Evidence, Letter, Outcome, Recipient, RecipientId, Resolution, SessionId, State, Time,
};

/// How long a lease lasts: nobody else can run the campaign, so it matters only to a task that died.
pub const LEASE: Duration = Duration::from_secs(15 * 60);

/// Recipients that are read at a time when letters are leased.
const PIECE: usize = 64;
/// Why a recipient that was begun in a run that was cut off is in doubt.
const CUT_OFF: &str = "the run ended before an answer was recorded";

impl Books<'_> {
    pub(super) fn lease(&mut self, want: usize, now: Time) -> Result<Vec<Letter>, Trouble> {
        let mut letters = Vec::new();
        if want == 0 {
            return Ok(letters);
        }
        let ripe = (0..).zip(self.soonest()?).filter(|(_, soonest)| soonest.by(now));
        let ripe: Vec<i64> = ripe.map(|(chunk, _)| chunk).collect();
        for chunk in ripe {
            let mut due = self.of_chunk(chunk)?;
            due.retain(|(_, standing)| standing.can_be_leased(now));
            for run in due.chunk_by(|(id, _), (next, _)| id + 1 == *next) {
                if !self.lease_run(run, want, now, &mut letters)? {
                    return Ok(letters);
                }
            }
        }
        Ok(letters)
    }

    /// Leases recipients whose ids follow each other. Gives whether more may be leased.
    fn lease_run(
        &mut self,
        mut run: &[(i64, Standing)],
        want: usize,
        now: Time,
        letters: &mut Vec<Letter>,
    ) -> Result<bool, Trouble> {
        let until = Instant::now() + LEASE;
        let mut loaded = Vec::new();
        while let Some((first, _)) = run.first() {
            // One more than is wanted, since the letter that came last may have more recipients.
            let (piece, rest) = run.split_at(run.len().min(want - letters.len() + 1).min(PIECE));
            let last = first + piece.len() as i64 - 1;
            loaded::recipients(self.connection, *first..=last, &mut loaded)?;
            for (of, (id, standing)) in loaded.drain(..).zip(piece) {
                let same =
                    letters.last().is_some_and(|letter| i64::try_from(letter.row.number) == Ok(of.row));
                if !same {
                    if letters.len() == want {
                        return Ok(false);
                    }
                    let (row, files) = loaded::letter(self.connection, of.row)?;
                    letters.push(Letter { row, recipients: Vec::with_capacity(1), files, until });
                }
                let time = Some(now.after(LEASE));
                self.set(*id, Standing { state: State::Leased, time, attempt: standing.attempt })?;
                if let Some(letter) = letters.last_mut() {
                    letter.recipients.push(recipient(of, *standing));
                }
            }
            run = rest;
        }
        Ok(true)
    }

    pub(super) fn begin(&mut self, ids: &[RecipientId], now: Time) -> Result<Vec<RecipientId>, Trouble> {
        let mut begun = Vec::with_capacity(ids.len());
        for &id in ids {
            let Some(standing) = self.standing(id.0)? else { continue };
            let lasts = standing.time.is_some_and(|end| now < end);
            if standing.state == State::Leased && lasts && standing.attempt < MAX_ATTEMPTS {
                let attempt = standing.attempt + 1;
                self.set(id.0, Standing { state: State::InData, attempt, time: Some(now) })?;
                begun.push(id);
            }
        }
        Ok(begun)
    }

    pub(super) fn settle(&mut self, outcomes: &[Outcome]) -> Result<(), Trouble> {
        use State::{Accepted, Deferred, InDoubt, Rejected, Suppressed};
        let good = |state| matches!(state, Accepted | Deferred | Rejected | InDoubt | Suppressed);
        if let Some(outcome) = outcomes.iter().find(|outcome| !good(outcome.state)) {
            let (id, state) = (outcome.id.0, outcome.state);
            return Err(refused(
                format!("recipient {id} cannot be settled as {state}"),
                format!("第 {id} 号收件人的结果不能是 {state}"),
            ));
        }
        outcomes.iter().try_for_each(|outcome| self.settle_one(outcome))
    }

    fn settle_one(&mut self, outcome: &Outcome) -> Result<(), Trouble> {
        let id = outcome.id.0;
        let (Some(standing), Ok(attempt)) = (self.standing(id)?, u16::try_from(outcome.attempt)) else {
            return Ok(());
        };
        let awaited = match standing.state {
            State::InData | State::InDoubt => attempt == standing.attempt,
            State::Leased => attempt.checked_sub(1) == Some(standing.attempt),
            _ => false,
        };
        if awaited {
            let due = outcome.due.filter(|_| outcome.state == State::Deferred && attempt < MAX_ATTEMPTS);
            self.record(id, attempt, outcome.state, &outcome.evidence)?;
            self.answered(answered(outcome))?;
            return self.set(id, Standing { state: outcome.state, attempt, time: due });
        }
        self.clear_up(outcome, attempt, standing)
    }

    /// What is said of an attempt that has ended counts only against doubt: its record becomes what is said. Whoever
    /// turns out to have got the letter does not get it again.
    fn clear_up(&mut self, outcome: &Outcome, attempt: u16, standing: Standing) -> Result<(), Trouble> {
        use State::{Accepted, Deferred, InDoubt, Leased, Pending, Skipped};
        let id = outcome.id.0;
        let got = outcome.state == Accepted;
        if standing.state == Accepted && !got
            || attempt == 0
            || attempt > standing.attempt
            || attempts::state(self.connection, id, attempt)? != Some(InDoubt)
        {
            return Ok(());
        }
        self.record(id, attempt, outcome.state, &outcome.evidence)?;
        self.answered(answered(outcome))?;
        if got && matches!(standing.state, Pending | Leased | Deferred | InDoubt | Skipped) {
            self.set(id, Standing { state: Accepted, time: None, attempt: standing.attempt })?;
        }
        Ok(())
    }

    fn record(&mut self, id: i64, attempt: u16, state: State, evidence: &Evidence) -> Result<(), Trouble> {
        self.added(evidence.reply.len() + evidence.cause.len() + evidence.conversation.len());
        attempts::record(self.connection, id, attempt, state, evidence)
    }

    pub(super) fn release(&mut self, ids: &[RecipientId], due: Time) -> Result<(), Trouble> {
        for id in ids {
            let Some(standing) = self.standing(id.0)? else { continue };
            let attempt = match standing.state {
                State::Leased => standing.attempt,
                State::InData => standing.attempt.saturating_sub(1),
                _ => continue,
            };
            self.set(id.0, Standing { state: State::Pending, attempt, time: Some(due) })?;
        }
        Ok(())
    }

    pub(super) fn next_due(&mut self) -> Result<Option<Time>, Trouble> {
        Ok(self.soonest()?.iter().filter_map(|soonest| soonest.due).min())
    }

    pub(super) fn resolve(
        &mut self,
        ids: &[RecipientId],
        how: Resolution,
        now: Time,
    ) -> Result<u64, Trouble> {
        let mut changed = 0;
        for id in ids {
            let Some(standing) = self.standing(id.0)? else { continue };
            let (state, time) = match (how, standing.state) {
                (Resolution::Found, State::InDoubt) => (State::Accepted, None),
                (Resolution::Skip, State::InDoubt) => (State::Skipped, None),
                (Resolution::Resend, State::InDoubt | State::Deferred | State::Rejected)
                    if standing.attempt < MAX_ATTEMPTS =>
                {
                    (State::Pending, Some(now))
                }
                _ => continue,
            };
            self.set(id.0, Standing { state, time, attempt: standing.attempt })?;
            changed += 1;
        }
        Ok(changed)
    }

    /// After a run that did not end by itself: who was leased was certainly not sent to, who was in data perhaps was.
    pub(super) fn recover(&mut self, chunks: i64, now: Time) -> Result<(), Trouble> {
        for chunk in 0..chunks {
            for (id, standing) in self.of_chunk(chunk)? {
                let attempt = standing.attempt;
                match standing.state {
                    State::Leased => {
                        self.set(id, Standing { state: State::Pending, time: None, attempt })?;
                    }
                    State::InData => {
                        let begun = standing.time.unwrap_or(now);
                        let evidence =
                            Evidence { begun, ended: now, cause: CUT_OFF.into(), ..Evidence::default() };
                        self.record(id, attempt, State::InDoubt, &evidence)?;
                        self.set(id, Standing { state: State::InDoubt, time: None, attempt })?;
                    }
                    _ => {}
                }
            }
            self.forget_unchanged();
        }
        Ok(())
    }

    pub(super) fn session(
        &mut self,
        opened: Time,
        account: &str,
        transcript: &str,
    ) -> Result<SessionId, Trouble> {
        self.added(transcript.len());
        let id = meta::count(self.connection, meta::SESSIONS)?.saturating_add(1);
        self.connection
            .prepare_cached(
                "INSERT INTO session(id, opened, account, transcript, sum) VALUES(?, ?, ?, ?, ?)",
            )?
            .execute(params![
                id,
                opened.0,
                account,
                transcript,
                session_sum(id, opened, account, transcript)
            ])?;
        meta::set(self.connection, meta::SESSIONS, &id.to_string())?;
        Ok(SessionId(id))
    }
}

/// What the sum of a session is over.
pub(super) fn session_sum(id: i64, opened: Time, account: &str, transcript: &str) -> [u8; SUM] {
    Sum::of(Table::Session).number(id).number(opened.0).text(account).text(transcript).end()
}

fn answered(outcome: &Outcome) -> Answered {
    Answered { id: outcome.id, state: outcome.state, at: outcome.evidence.ended }
}

fn recipient(of: Loaded, standing: Standing) -> Recipient {
    Recipient { id: of.id, address: of.address, role: of.role, attempt: u32::from(standing.attempt) + 1 }
}
