//! An answer that must be heard: whoever asked may be gone by the time it is there, or between its arriving and being
//! looked at. What nobody took goes back.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::Shared;
use crate::ledger::{Letter, RecipientId, Time};

/// What is given to a caller, and not yet taken.
pub(super) struct Given<T: Holding> {
    held: Option<T>,
    shared: Arc<Shared>,
    runtime: Handle,
}

/// Something that keeps recipients from others.
pub(super) trait Holding {
    /// Which.
    fn ids(&self) -> Vec<RecipientId>;
}

impl Holding for Vec<RecipientId> {
    fn ids(&self) -> Vec<RecipientId> {
        self.clone()
    }
}

impl Holding for Vec<Letter> {
    fn ids(&self) -> Vec<RecipientId> {
        self.iter().flat_map(|letter| letter.recipients.iter().map(|recipient| recipient.id)).collect()
    }
}

impl<T: Holding + Default> Given<T> {
    pub(super) fn new(held: T, shared: &Arc<Shared>) -> Self {
        Self { held: Some(held), shared: shared.clone(), runtime: Handle::current() }
    }

    /// It is the caller's from here on.
    pub(super) fn take(mut self) -> T {
        self.held.take().unwrap_or_default()
    }
}

impl<T: Holding> Drop for Given<T> {
    fn drop(&mut self) {
        let ids = self.held.take().map(|held| held.ids()).unwrap_or_default();
        if !ids.is_empty() {
            let shared = self.shared.clone();
            // Where that fails it ends with its epoch: leased goes back then, begun is in doubt.
            self.runtime.spawn(async move { shared.release(&ids, Time(1)).await });
        }
    }
}
