//! The campaign's letters as a run wants them: each of a row's own files is held against what it was when the campaign was
//! frozen, then the letter is made for the server at hand.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use chrono::{Local, Offset, TimeZone};
use hongyan_mime::address::Mailbox;
use hongyan_mime::compose::{Date, Offered};
use hongyan_proto::outcome::{Failure, Kind, Stage};
use hongyan_proto::smtp::Envelope;

use super::plan::{Compose, Composed};
use crate::campaign::Campaign;
use crate::ledger::{FrozenFile, Ledger, Letter, Time};
use crate::letter::{Held, Maker, Sending};

/// Makes a campaign's letters.
#[derive(Debug)]
pub struct Composer<L> {
    campaign: Campaign,
    maker: Maker,
    ledger: Arc<L>,
    /// The sender of each account, where the campaign names none.
    senders: BTreeMap<String, Mailbox>,
}

impl<L: Ledger> Composer<L> {
    /// For a campaign as its ledger has frozen it. `senders` are the accounts' own addresses, by their names.
    pub fn new(campaign: Campaign, maker: Maker, ledger: Arc<L>, senders: BTreeMap<String, Mailbox>) -> Self {
        Self { campaign, maker, ledger, senders }
    }

    fn held(&self, letter: &Letter, frozen: &[FrozenFile]) -> Result<Vec<Held>, Failure> {
        let files = letter.files.iter().zip(frozen);
        let held = files.map(|(path, frozen)| match self.campaign.source(path, Some(frozen)) {
            Ok(source) => Ok(Held { path: path.clone(), source, frozen: Some(frozen.clone()) }),
            Err(error) => {
                let problem = self.maker.own_file_error(&letter.row, path, &error).said();
                Err(local(problem.to_string()))
            }
        });
        held.collect()
    }
}

impl<L: Ledger> Compose for Composer<L> {
    /// What each of the row's own files was.
    type Held = Vec<FrozenFile>;

    async fn fetch(&self, letter: &Letter) -> Result<Self::Held, Failure> {
        let mut frozen = Vec::with_capacity(letter.files.len());
        for path in &letter.files {
            match self.ledger.frozen(path).await {
                Ok(Some(file)) => frozen.push(file),
                Ok(None) => return Err(local(format!("{path} was not frozen with the campaign"))),
                // Not the letter's fault: it is tried again.
                Err(error) => return Err(Failure::new(Stage::Prepare, Kind::Unreachable, error.to_string())),
            }
        }
        Ok(frozen)
    }

    fn compose(
        &self,
        letter: &Letter,
        frozen: &Self::Held,
        account: &str,
        offered: Offered,
        now: Time,
    ) -> Result<Composed, Failure> {
        let held = self.held(letter, frozen)?;
        let sending = Sending { from: self.senders.get(account), date: date(now), offered };
        let made = self.maker.letter(&letter.row, &held, &sending);
        let made = made.map_err(|error| local(error.said().to_string()))?;
        let envelope = Envelope {
            from: Some(made.envelope_from.clone()),
            to: letter.recipients.iter().map(|one| one.address.clone().into()).collect(),
            ..Envelope::default()
        };
        let message = self.maker.fingerprint(&made, &held);
        let message = message.map_err(|error| Failure::io(Stage::Prepare, Kind::Local, error))?;
        Ok(Composed { mail: made.content.mail(envelope), message: Some(message) })
    }
}

fn local(cause: String) -> Failure {
    Failure::new(Stage::Prepare, Kind::Local, cause)
}

/// The time as `Date` has it, in the system's time zone.
pub fn date(now: Time) -> Date {
    let offset =
        Local.timestamp_millis_opt(now.0).single().map_or(0, |now| now.offset().fix().local_minus_utc());
    let since = Duration::from_millis(u64::try_from(now.0).unwrap_or(0));
    Date::new(UNIX_EPOCH + since, i16::try_from(offset / 60).unwrap_or(0))
}
