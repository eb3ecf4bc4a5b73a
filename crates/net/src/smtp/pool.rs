//! Several sessions with one server, kept for the next message.
//!
//! A connection that was idle may be dead without anybody having said so. Before it is used again it is
//! looked at for a goodbye that has come in, and asked by NOOP when it was idle for longer; if it dies all
//! the same before the server has answered MAIL, the message goes once more, over a fresh connection.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use hongyan_proto::outcome::{Delivery, Failure, Kind, Stage, Verdict};
use hongyan_proto::smtp::Capabilities;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::session::{One, recipients};
use super::{Mail, Options, Server, Session};

/// A session that was idle for longer is asked whether the server is still there.
pub const CHECK_AFTER: Duration = Duration::from_secs(15);
/// How many sessions in a row may end without an accepted message before [`Pool::send_all`] gives up.
pub const FRUITLESS: u32 = 3;

/// How much a pool holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time: 4.
    pub connections: usize,
    /// Messages over one connection: 1,000.
    pub messages: u32,
    /// How long a connection is kept without work: 60 seconds.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 4, messages: 1_000, idle: Duration::from_secs(60) }
    }
}

/// Sessions with one server. Cheap to clone; the clones share the sessions.
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    server: Server,
    options: Options,
    limits: Limits,
    room: Semaphore,
    idle: Mutex<Kept>,
    /// The server has shown that it does not know the BDAT it offers.
    plainly: AtomicBool,
}

#[derive(Default)]
struct Kept {
    /// The one that was used last stands last, and is used first.
    sessions: Vec<(Session, Instant)>,
    /// Somebody looks after those that are idle for too long.
    is_swept: bool,
}

impl Pool {
    /// A pool without any connection as yet.
    pub fn new(server: Server, options: Options, limits: Limits) -> Self {
        let room = Semaphore::new(limits.connections.max(1));
        let (idle, plainly) = (Mutex::default(), AtomicBool::new(false));
        Self(Arc::new(Shared { server, options, limits, room, idle, plainly }))
    }

    /// Sends a message, made for what the server offers, over a kept connection or a new one; waits for
    /// room where all are in use.
    ///
    /// # Errors
    /// Where there is no session to be had; the message was not made then.
    pub async fn send(&self, make: impl FnOnce(&Capabilities) -> Mail) -> Result<Delivery, Failure> {
        let shared = &self.0;
        let _room = shared.room.acquire().await.expect("the semaphore is never closed");
        let (mut session, was_kept) = match shared.kept(CHECK_AFTER).await {
            Some(session) => (session, true),
            None => (shared.connect().await?, false),
        };
        let mail = make(session.capabilities());
        let envelope = mail.envelope.clone();
        let again = match session.one(mail).await {
            One::Settled(delivery, Some(mut body)) if was_kept && is_stale(&delivery) => {
                if body.restart().is_err() {
                    return Ok(delivery);
                }
                Mail { envelope, body }
            }
            One::Settled(delivery, _) => {
                shared.keep(session);
                return Ok(delivery);
            }
            One::Unsent(mail) => {
                shared.learn(session.failure());
                session.quit().await;
                mail
            }
        };
        match shared.connect().await {
            Ok(fresh) => session = fresh,
            Err(failure) => return Ok(Delivery::failed(recipients(again.envelope), &failure)),
        }
        let delivery = session.send(again).await;
        shared.keep(session);
        Ok(delivery)
    }

    /// Sends all that `source` gives over as many connections as there is room for; as
    /// [`Session::send_all`], but messages settle in any order. The first connection is alone until there
    /// is a second message.
    ///
    /// # Errors
    /// Where no connection could be had or held; what is left in the source was not touched, and what was
    /// taken from it has been settled.
    pub async fn send_all(
        &self,
        source: impl FnMut(&Capabilities) -> Option<Mail> + Send + 'static,
        settled: impl FnMut(u64, Delivery) + Send + 'static,
    ) -> Result<(), Failure> {
        let work = Arc::new(Work {
            state: Mutex::new(Queue {
                source: Box::new(source),
                taken: 0,
                is_dry: false,
                returned: VecDeque::new(),
            }),
            settled: Mutex::new(Box::new(settled)),
            second: Notify::new(),
        });
        let mut workers = JoinSet::new();
        workers.spawn(self.0.clone().work_on(work.clone()));
        let mut failure = None;
        let mut alone = true;
        loop {
            tokio::select! {
                () = work.second.notified(), if alone => {
                    alone = false;
                    for _ in 1..self.0.limits.connections {
                        workers.spawn(self.0.clone().work_on(work.clone()));
                    }
                }
                ended = workers.join_next() => match ended {
                    Some(Ok(ended)) => failure = failure.or(ended.err()),
                    Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
                    None => break,
                }
            }
        }
        let (is_dry, returned) = {
            let mut queue = lock(&work.state);
            (queue.is_dry, std::mem::take(&mut queue.returned))
        };
        match failure {
            Some(failure) if !is_dry || !returned.is_empty() => {
                for (number, mail) in returned {
                    work.settle(number, Delivery::failed(recipients(mail.envelope), &failure));
                }
                Err(failure)
            }
            _ => Ok(()),
        }
    }

    /// Takes leave of the server on all connections that are idle.
    pub async fn close(&self) {
        let sessions = std::mem::take(&mut lock(&self.0.idle).sessions);
        let mut leaving = JoinSet::new();
        for (session, _) in sessions {
            leaving.spawn(session.quit());
        }
        while leaving.join_next().await.is_some() {}
    }
}

/// What the connections of one [`Pool::send_all`] share.
struct Work {
    state: Mutex<Queue>,
    settled: Mutex<Box<dyn FnMut(u64, Delivery) + Send>>,
    /// There is a second message.
    second: Notify,
}

type Source = Box<dyn FnMut(&Capabilities) -> Option<Mail> + Send>;

struct Queue {
    source: Source,
    taken: u64,
    is_dry: bool,
    /// Taken from the source, but not begun by the session that took them.
    returned: VecDeque<(u64, Mail)>,
}

impl Work {
    fn next(&self, capabilities: &Capabilities) -> Option<(u64, Mail)> {
        let mut queue = lock(&self.state);
        if let Some(returned) = queue.returned.pop_front() {
            return Some(returned);
        }
        if queue.is_dry {
            return None;
        }
        let Some(mail) = (queue.source)(capabilities) else {
            queue.is_dry = true;
            return None;
        };
        queue.taken += 1;
        if queue.taken == 2 {
            self.second.notify_one();
        }
        Some((queue.taken - 1, mail))
    }

    fn is_done(&self) -> bool {
        let queue = lock(&self.state);
        queue.is_dry && queue.returned.is_empty()
    }

    fn settle(&self, number: u64, delivery: Delivery) {
        lock(&self.settled)(number, delivery);
    }
}

impl Shared {
    async fn work_on(self: Arc<Self>, work: Arc<Work>) -> Result<(), Failure> {
        let mut fruitless = 0;
        while !work.is_done() {
            let _room = self.room.acquire().await.expect("the semaphore is never closed");
            // A message that dies with a stale connection may be in doubt; asking costs one round trip.
            let mut session = match self.kept(Duration::ZERO).await {
                Some(session) => session,
                None => self.connect().await?,
            };
            let mut accepted = false;
            let mut left = self.limits.messages.saturating_sub(session.submitted()).max(1);
            let ended = session.stream(
                |capabilities| {
                    left = left.checked_sub(1)?;
                    work.next(capabilities)
                },
                |number, delivery| {
                    accepted |= delivery.is_accepted();
                    work.settle(number, delivery);
                },
            );
            let ended = ended.await;
            let is_full = !ended.unsent.is_empty();
            self.learn(ended.failure.as_ref());
            lock(&work.state).returned.extend(ended.unsent);
            match ended.failure {
                Some(failure) => {
                    fruitless = if accepted { 0 } else { fruitless + 1 };
                    if fruitless == FRUITLESS {
                        return Err(failure);
                    }
                }
                // A limit is at least one message, so each session of this kind gets on.
                None if is_full => session.quit().await,
                None => {
                    fruitless = 0;
                    self.keep(session);
                }
            }
        }
        Ok(())
    }

    async fn connect(&self) -> Result<Session, Failure> {
        if self.plainly.load(Ordering::Relaxed) {
            return Session::connect(&self.server, &self.options.plainly()).await;
        }
        Session::connect(&self.server, &self.options).await
    }

    /// From now on without the extension that a session has failed for.
    fn learn(&self, failure: Option<&Failure>) {
        if failure.is_some_and(|failure| failure.kind == Kind::Capability && failure.stage == Stage::Data) {
            self.plainly.store(true, Ordering::Relaxed);
        }
    }

    /// A session that was kept, and is good as far as can be told; asked by NOOP where it was idle for
    /// longer than this.
    async fn kept(&self, ask_after: Duration) -> Option<Session> {
        loop {
            let (mut session, since) = lock(&self.idle).sessions.pop()?;
            let idle = since.elapsed();
            if idle < self.limits.idle
                && session.is_quiet().await
                && (idle < ask_after || session.check().await.is_ok())
            {
                return Some(session);
            }
        }
    }

    /// Puts a session aside for the next message, unless it has ended or served its time.
    fn keep(self: &Arc<Self>, session: Session) {
        if !session.is_open() {
            return;
        }
        if session.submitted() >= self.limits.messages || self.limits.idle.is_zero() {
            tokio::spawn(session.quit());
            return;
        }
        let mut idle = lock(&self.idle);
        idle.sessions.push((session, Instant::now()));
        if !idle.is_swept {
            idle.is_swept = true;
            tokio::spawn(sweep(Arc::downgrade(self), Instant::now() + self.limits.idle));
        }
    }
}

/// Closes sessions that were idle for too long, until none is left.
async fn sweep(shared: Weak<Shared>, mut next: Instant) {
    loop {
        sleep_until(next).await;
        let Some(shared) = shared.upgrade() else { return };
        let (expired, is_last) = {
            let mut idle = lock(&shared.idle);
            let now = Instant::now();
            // They stand in the order in which they were put aside.
            let stay = idle.sessions.partition_point(|(_, since)| *since + shared.limits.idle <= now);
            let expired = idle.sessions.drain(..stay).collect::<Vec<_>>();
            if let Some((_, since)) = idle.sessions.first() {
                next = *since + shared.limits.idle;
            } else {
                idle.is_swept = false;
            }
            (expired, !idle.is_swept)
        };
        drop(shared);
        for (session, _) in expired {
            session.quit().await;
        }
        if is_last {
            return;
        }
    }
}

/// The connection was dead before the server could answer MAIL: the message was certainly not taken, and
/// the server has not said anything about it.
fn is_stale(delivery: &Delivery) -> bool {
    !delivery.each.is_empty()
        && delivery.each.iter().all(|(_, verdict)| match verdict {
            Verdict::Deferred(failure) => {
                let closed = failure.reply.as_ref().is_some_and(|reply| reply.code.get() == 421);
                matches!(failure.stage, Stage::Idle | Stage::Mail)
                    && (closed || failure.kind == Kind::Unreachable)
            }
            _ => false,
        })
}

/// What a panicking callback of the user's leaves behind is as good as it was before.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
