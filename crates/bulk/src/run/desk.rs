//! What lies between a connection and the ledger: letters that are begun and wait to be sent.
//!
//! Whatever is here may be in doubt after a crash, so there is never more than the window. How much of the window is
//! used grows only while the connection finds its desk empty: a slow account has one or two letters on it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::ledger::Letter;

/// How many letters a connection begins with.
const FIRST: usize = 8;

/// A letter that is begun, with what is at hand of its files.
pub(super) struct Begun<H> {
    pub(super) letter: Letter,
    pub(super) held: H,
}

/// A connection's desk.
pub(super) struct Desk<H> {
    window: usize,
    state: Mutex<State<H>>,
    /// Something was put down, or the way is open, or there is room again.
    news: Notify,
    room: Notify,
}

struct State<H> {
    ready: VecDeque<Begun<H>>,
    /// Begun and not settled: in `ready`, on its way, or waiting to be recorded.
    outstanding: usize,
    /// How many may be outstanding.
    allowed: usize,
    /// The connection found nothing here.
    starved: bool,
    /// Letters are at hand, so that a connection is wanted.
    wanted: bool,
    /// There is a connection.
    open: bool,
    /// Nobody puts anything down any more.
    finished: bool,
}

impl<H> Desk<H> {
    pub(super) fn new(window: usize) -> Self {
        let window = window.max(1);
        let state = State {
            ready: VecDeque::new(),
            outstanding: 0,
            allowed: FIRST.min(window),
            starved: false,
            wanted: false,
            open: false,
            finished: false,
        };
        Self { window, state: Mutex::new(state), news: Notify::new(), room: Notify::new() }
    }

    /// Waits until letters may be begun; how many.
    pub(super) async fn room(&self) -> usize {
        loop {
            let noticed = self.room.notified();
            {
                let mut state = self.lock();
                if std::mem::take(&mut state.starved) {
                    state.allowed = (state.allowed * 2).min(self.window);
                }
                // Half at a time, so that they are made durable in groups.
                if state.outstanding <= state.allowed / 2 {
                    return state.allowed - state.outstanding;
                }
            }
            noticed.await;
        }
    }

    /// Says that letters are at hand, and waits for a connection.
    pub(super) async fn wait_for_connection(&self) {
        loop {
            let noticed = self.room.notified();
            {
                let mut state = self.lock();
                if state.open {
                    return;
                }
                state.wanted = true;
            }
            self.news.notify_one();
            noticed.await;
        }
    }

    /// Waits until letters are at hand that want a connection; false where there will be none any more.
    pub(super) async fn wants_connection(&self) -> bool {
        loop {
            let noticed = self.news.notified();
            {
                let mut state = self.lock();
                if std::mem::take(&mut state.wanted) || !state.ready.is_empty() {
                    return true;
                }
                if state.finished {
                    return false;
                }
            }
            noticed.await;
        }
    }

    /// No more letters will come.
    pub(super) fn finish(&self) {
        self.lock().finished = true;
        self.news.notify_one();
    }

    /// There is a connection, or none any more.
    pub(super) fn set_open(&self, open: bool) {
        let mut state = self.lock();
        state.open = open;
        drop(state);
        self.room.notify_one();
    }

    /// So many are about to be begun.
    pub(super) fn expect(&self, letters: usize) {
        self.lock().outstanding += letters;
    }

    /// These are begun.
    pub(super) fn put(&self, letters: impl IntoIterator<Item = Begun<H>>) {
        self.lock().ready.extend(letters);
        self.news.notify_one();
    }

    /// Those that a connection gave back, the oldest first.
    pub(super) fn put_back(&self, letters: Vec<Begun<H>>) {
        let mut state = self.lock();
        for letter in letters.into_iter().rev() {
            state.ready.push_front(letter);
        }
    }

    /// The next one.
    pub(super) fn take(&self) -> Option<Begun<H>> {
        let mut state = self.lock();
        let letter = state.ready.pop_front();
        if letter.is_none() {
            state.starved = true;
            drop(state);
            self.room.notify_one();
        }
        letter
    }

    /// Everything that was begun and not handed to a server.
    pub(super) fn clear(&self) -> Vec<Begun<H>> {
        self.lock().ready.drain(..).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().ready.is_empty()
    }

    /// So many are settled, durably.
    pub(super) fn settled(&self, letters: usize) {
        let mut state = self.lock();
        state.outstanding = state.outstanding.saturating_sub(letters);
        drop(state);
        self.room.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State<H>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
