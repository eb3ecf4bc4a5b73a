//! One timer per connection, moved as seldom as can be.
//!
//! Deadlines nearly always move later (each reply starts the next patience). The timer is then left where
//! it stands: it wakes the connection once too early, and is set anew. So a connection in full swing
//! touches the runtime's timers once in minutes, not once per read.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

/// The time, on the runtime's clock (which tests can stop and advance).
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[derive(Debug, Default)]
pub(crate) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    armed: Option<Instant>,
}

impl Timer {
    /// Ready once `deadline` has passed; never without one.
    pub(crate) fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Option<Instant>) -> Poll<()> {
        let Some(deadline) = deadline else { return Poll::Pending };
        loop {
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline.into())));
            if self.armed.is_none_or(|armed| armed > deadline) {
                sleep.as_mut().reset(deadline.into());
                self.armed = Some(deadline);
            }
            ready!(sleep.as_mut().poll(cx));
            if self.armed.take() == Some(deadline) {
                return Poll::Ready(());
            }
        }
    }
}
