//! A worker without the campaign's folder: each of a row's own files is fetched by its hash before the letter is begun.

use std::sync::Arc;

use hongyan_mime::compose::Offered;
use hongyan_proto::outcome::{Failure, Kind, Stage};

use super::plan::{Compose, Composed};
use crate::ledger::postgres::Contents;
use crate::ledger::{Ledger, LedgerError, Letter, Time};

/// Makes letters as another composer does, once their files are here.
#[derive(Debug)]
pub struct Fetching<C, L> {
    composer: C,
    ledger: Arc<L>,
    contents: Contents,
}

impl<C: Compose, L: Ledger> Fetching<C, L> {
    /// The files are those that the ledger has frozen; the composer looks for them in the contents' cache.
    pub fn new(composer: C, ledger: Arc<L>, contents: Contents) -> Self {
        Self { composer, ledger, contents }
    }
}

impl<C: Compose, L: Ledger> Compose for Fetching<C, L> {
    type Held = C::Held;

    async fn fetch(&self, letter: &Letter) -> Result<Self::Held, Failure> {
        for path in &letter.files {
            // What was never frozen, the composer names.
            if let Some(file) = self.ledger.frozen(path).await.map_err(|error| failure(path, &error))? {
                self.contents.hold(&file).await.map_err(|error| failure(path, &error))?;
            }
        }
        self.composer.fetch(letter).await
    }

    fn compose(
        &self,
        letter: &Letter,
        held: &Self::Held,
        account: &str,
        offered: Offered,
        now: Time,
    ) -> Result<Composed, Failure> {
        self.composer.compose(letter, held, account, offered, now)
    }
}

/// What is wrong with a content is wrong for every letter that needs it; all else may be mended by then.
fn failure(path: &str, error: &LedgerError) -> Failure {
    let kind = match error {
        LedgerError::Damaged(_) => Kind::Local,
        _ => Kind::Unreachable,
    };
    Failure::new(Stage::Prepare, kind, format!("{path}: {error}"))
}
