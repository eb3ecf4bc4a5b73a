//! One connection of an account: sends what lies on its desk, and reports what became of each letter.
//!
//! A letter is composed when the session asks for it, for what that server takes. A letter on the desk has been begun;
//! whichever way it leaves the desk, it is settled or given back.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hongyan_net::smtp::{Ended, Mail, Session};
use hongyan_proto::outcome::{Delivery, Failure, Kind, Verdict};
use hongyan_proto::smtp::Capabilities;
use tokio::time::{sleep, timeout};

use super::Shared;
use super::desk::{Begun, Desk};
use super::event::Event;
use super::evidence::Recorder;
use super::fill::fill;
use super::line::{Line, Settled, give_back};
use super::plan::{Compose, Route};
use crate::composed::offered;
use crate::ledger::{Evidence, Ledger, LedgerError, Letter, SessionId, Time};

/// A connection without work is closed after this.
const IDLE: Duration = Duration::from_secs(20);
/// After so many connections in a row without a message taken, the account is given up.
const FRUITLESS: u32 = 10;
/// A refused login is tried once more after this: QQ refuses right ones at times.
const LOGIN_AGAIN: Duration = Duration::from_secs(5);
/// How long to rest where nothing may be sent and letters are still coming in to be given back.
const REST: Duration = Duration::from_millis(20);

/// Sends what the account's line gives until there is no more.
pub(super) async fn run<L: Ledger, C: Compose>(
    shared: Arc<Shared<L, C>>,
    route: Arc<Route>,
    line: Arc<Line>,
) -> Result<(), LedgerError> {
    let desk = Arc::new(Desk::new(shared.options.window));
    let filling = tokio::spawn(fill(shared.clone(), line.clone(), desk.clone()));
    let work = Work { shared: &shared, route: &route, line: &line, desk: &desk };
    let mut fruitless = 0;
    while desk.wants_connection().await {
        if let Some(due) = shared.barred(&line, Time::now()) {
            work.clear_desk(due).await?;
            sleep(REST).await;
            continue;
        }
        let recorder = Recorder::default();
        let fruitful = match work.open(&recorder).await {
            Ok(session) => {
                let opening = recorder.opening();
                let id = shared.ledger.session(Time::now(), &route.name, opening).await?;
                (shared.tell)(Event::Opened { account: &route.name, session: id });
                desk.set_open(true);
                let fruitful = work.serve(session, id, &recorder).await?;
                desk.set_open(false);
                fruitful
            }
            Err(failure) => {
                work.not_opened(failure, fruitless).await;
                false
            }
        };
        fruitless = if fruitful { 0 } else { fruitless + 1 };
    }
    match filling.await {
        Ok(()) => Ok(()),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

struct Work<'a, L, C: Compose> {
    shared: &'a Arc<Shared<L, C>>,
    route: &'a Arc<Route>,
    line: &'a Arc<Line>,
    desk: &'a Arc<Desk<C::Held>>,
}

/// A letter that was handed to the session.
struct Flying<H> {
    letter: Letter,
    held: H,
    begun: Time,
    message: Option<([u8; 32], u64)>,
}

impl<L: Ledger, C: Compose> Work<'_, L, C> {
    async fn open(&self, recorder: &Recorder) -> Result<Session, Failure> {
        let mut options = self.route.options.clone();
        let recorder = recorder.clone();
        options.tap = Some(Arc::new(move || recorder.tap()));
        Session::connect(&self.route.server, &options).await
    }

    /// Waits before the next attempt, or gives the account up.
    async fn not_opened(&self, failure: Failure, fruitless: u32) {
        let now = Time::now();
        let pause = match failure.rate_limit() {
            Some(pause) => {
                self.line.slow_down(now, pause);
                Some(Duration::ZERO)
            }
            None if failure.kind == Kind::Auth && fruitless == 0 => Some(LOGIN_AGAIN),
            None if failure.is_permanent() || fruitless + 1 >= FRUITLESS => None,
            None => Some(Duration::from_secs(1 << fruitless.min(10)).min(self.shared.options.reconnect)),
        };
        let again = pause.map(|pause| now.after(pause));
        (self.shared.tell)(Event::Lost { account: &self.route.name, failure: &failure, again });
        match pause {
            None => self.shared.give_up(self.line, self.route, failure),
            Some(pause) => tokio::select! {
                () = sleep(pause) => {}
                () = self.shared.stop.asked() => {}
            },
        }
    }

    /// Sends until the session ends, has served its time, or nothing is left to do. True where a message was taken.
    async fn serve(
        &self,
        mut session: Session,
        id: SessionId,
        recorder: &Recorder,
    ) -> Result<bool, LedgerError> {
        let fruitful = AtomicBool::new(false);
        while session.is_open()
            && session.submitted() < self.route.per_connection.max(1)
            && self.shared.barred(self.line, Time::now()).is_none()
        {
            if self.desk.is_empty() {
                let waited = timeout(IDLE, self.desk.wants_connection()).await;
                if !matches!(waited, Ok(true)) || !session.is_quiet().await {
                    break;
                }
                continue;
            }
            let ended = self.send(&mut session, id, recorder, &fruitful).await;
            if let Some(failure) = &ended {
                let again = Some(Time::now());
                (self.shared.tell)(Event::Lost { account: &self.route.name, failure, again });
                break;
            }
        }
        session.quit().await;
        if let Some(due) = self.shared.barred(self.line, Time::now()) {
            self.clear_desk(due).await?;
        }
        Ok(fruitful.into_inner())
    }

    /// Sends what lies on the desk until it is empty or the session ends, and says why it ended.
    async fn send(
        &self,
        session: &mut Session,
        id: SessionId,
        recorder: &Recorder,
        fruitful: &AtomicBool,
    ) -> Option<Failure> {
        let mut left = self.route.per_connection.max(1).saturating_sub(session.submitted());
        let flying = Mutex::new(HashMap::new());
        let mut number = 0;
        let source = |capabilities: &Capabilities| {
            left = left.checked_sub(1)?;
            let (mail, one) = self.next(capabilities)?;
            lock(&flying).insert(number, one);
            number += 1;
            Some(mail)
        };
        let settled = |number, delivery: Delivery| {
            let Some(one) = lock(&flying).remove(&number) else { return };
            if delivery.is_accepted() {
                fruitful.store(true, Ordering::Relaxed);
            }
            self.settled(one, delivery, id, recorder);
        };
        let Ended { unsent, failure } = session.send_all(source, settled).await;
        let mut flying = flying.into_inner().unwrap_or_else(PoisonError::into_inner);
        let back = unsent
            .iter()
            .filter_map(|(number, _)| flying.remove(number))
            .map(|one| Begun { letter: one.letter, held: one.held });
        self.desk.put_back(back.collect());
        failure
    }

    /// The next letter as a message. Letters that cannot be one are settled on the way.
    fn next(&self, capabilities: &Capabilities) -> Option<(Mail, Flying<C::Held>)> {
        if self.shared.barred(self.line, Time::now()).is_some() {
            return None;
        }
        loop {
            let Begun { letter, held } = self.desk.take()?;
            let begun = Time::now();
            if Instant::now() >= letter.until {
                let why = Failure::new(
                    hongyan_proto::outcome::Stage::Prepare,
                    Kind::Timeout,
                    "the lease ended before the message was sent",
                );
                self.failed(letter, why, begun);
                continue;
            }
            let offered = offered(capabilities, self.route.options.session.chunking);
            match self.shared.composer.compose(&letter, &held, &self.route.name, offered, begun) {
                Ok(composed) => {
                    let message = composed.message;
                    return Some((composed.mail, Flying { letter, held, begun, message }));
                }
                Err(failure) => self.failed(letter, failure, begun),
            }
        }
    }

    /// A letter that did not become a message.
    fn failed(&self, letter: Letter, failure: Failure, now: Time) {
        let evidence = Evidence { begun: now, ended: now, ..Evidence::default() };
        let desk = Some(self.desk.clone());
        self.shared.settle_all(letter, Verdict::failed(failure), evidence, desk, self.line);
    }

    fn settled(&self, one: Flying<C::Held>, delivery: Delivery, session: SessionId, recorder: &Recorder) {
        let Flying { letter, begun, message, .. } = one;
        let evidence = Evidence {
            begun,
            ended: Time::now(),
            session: Some(session),
            conversation: recorder.next(delivery.each.len()),
            message,
            ..Evidence::default()
        };
        for (_, verdict) in &delivery.each {
            if let Some(pause) = verdict.failure().and_then(Failure::rate_limit) {
                self.line.slow_down(evidence.ended, pause);
            } else if verdict.failure().is_none() {
                self.line.accepted(evidence.ended);
            }
        }
        let outcomes = letter.recipients.iter().zip(delivery.each);
        let outcomes = outcomes
            .map(|(recipient, (_, verdict))| self.shared.outcome(recipient, verdict, evidence.clone()));
        let outcomes = outcomes.collect();
        let desk = Some(self.desk.clone());
        self.shared.record(Settled { letter, outcomes, desk, line: self.line.clone() });
    }

    /// Gives back what was begun and not handed to the server.
    async fn clear_desk(&self, due: Time) -> Result<(), LedgerError> {
        let letters: Vec<_> = self.desk.clear().into_iter().map(|one| one.letter).collect();
        let count = letters.len();
        let given = give_back(self.shared, self.line, letters, due).await;
        self.desk.settled(count);
        given
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
