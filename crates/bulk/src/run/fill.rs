//! Puts letters on a connection's desk: taken from the account's line, and begun, durably, once there is a connection.

use std::sync::Arc;
use std::time::Duration;

use hongyan_proto::outcome::Verdict;
use tokio::time::sleep;

use super::Shared;
use super::desk::{Begun, Desk};
use super::line::{Line, give_back};
use super::plan::Compose;
use crate::ledger::{Evidence, Ledger, LedgerError, Letter, RecipientId, Time};

/// How often to look whether letters that wait for a connection are still wanted.
const LOOK: Duration = Duration::from_millis(200);

/// Fills the desk until the line has no more letters.
pub(super) async fn fill<L: Ledger, C: Compose>(
    shared: Arc<Shared<L, C>>,
    line: Arc<Line>,
    desk: Arc<Desk<C::Held>>,
) {
    let filler = Filler { shared: &shared, line: &line, desk: &desk };
    if let Err(error) = filler.run().await {
        shared.stop.failed(error);
    }
    desk.finish();
}

struct Filler<'a, L, C: Compose> {
    shared: &'a Arc<Shared<L, C>>,
    line: &'a Arc<Line>,
    desk: &'a Arc<Desk<C::Held>>,
}

impl<L: Ledger, C: Compose> Filler<'_, L, C> {
    async fn run(&self) -> Result<(), LedgerError> {
        let mut letters = Vec::new();
        loop {
            let room = self.desk.room().await;
            if self.line.take(&mut letters, room).await == 0 {
                return Ok(());
            }
            let at_hand = self.fetched(&mut letters).await;
            self.begin(at_hand).await?;
        }
    }

    /// Those whose files are here and as they were; the others are settled.
    async fn fetched(&self, letters: &mut Vec<Letter>) -> Vec<Begun<C::Held>> {
        let mut at_hand = Vec::with_capacity(letters.len());
        for letter in letters.drain(..) {
            match self.shared.composer.fetch(&letter).await {
                Ok(held) => at_hand.push(Begun { letter, held }),
                Err(failure) => {
                    let now = Time::now();
                    let evidence = Evidence { begun: now, ended: now, ..Evidence::default() };
                    self.shared.settle_all(letter, Verdict::failed(failure), evidence, None, self.line);
                }
            }
        }
        at_hand
    }

    /// Makes them `in_data` and puts them down; those that lost their lease are somebody else's now.
    async fn begin(&self, letters: Vec<Begun<C::Held>>) -> Result<(), LedgerError> {
        loop {
            let now = Time::now();
            if let Some(due) = self.shared.barred(self.line, now) {
                let letters = letters.into_iter().map(|one| one.letter).collect();
                return give_back(self.shared, self.line, letters, due).await;
            }
            tokio::select! {
                biased;
                () = self.desk.wait_for_connection() => break,
                () = sleep(LOOK) => {}
            }
        }
        let ids: Vec<RecipientId> =
            letters.iter().flat_map(|one| one.letter.recipients.iter().map(|to| to.id)).collect();
        let asked = ids.len();
        self.desk.expect(letters.len());
        let begun = match self.shared.ledger.begin(ids, Time::now()).await {
            Ok(begun) => begun,
            Err(error) => {
                // Whether they are begun is not known here; on the next start they are, at worst, in doubt.
                self.desk.settled(letters.len());
                self.line.done(letters.len());
                return Err(error);
            }
        };
        if begun.len() == asked {
            self.desk.put(letters);
            return Ok(());
        }
        let begun: std::collections::HashSet<_> = begun.into_iter().collect();
        let (mut held, mut lost) = (Vec::new(), 0);
        for mut one in letters {
            one.letter.recipients.retain(|to| begun.contains(&to.id));
            if one.letter.recipients.is_empty() {
                lost += 1;
            } else {
                held.push(one);
            }
        }
        self.desk.put(held);
        self.desk.settled(lost);
        self.line.done(lost);
        Ok(())
    }
}
