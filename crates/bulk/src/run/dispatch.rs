//! For each account: leases letters as fast as its pace allows, and opens connections while letters wait for one.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::event::{Event, Waiting};
use super::line::{Line, Settled, give_back};
use super::plan::{Compose, Route};
use super::{Shared, connection};
use crate::ledger::{Evidence, Ledger, LedgerError, Letter, Outcome, Recipient, State, Time};

/// The most letters that are leased and not begun, for each account. It works its way up to it while its connections take
/// all that there is, so that an account which is slow, or cannot even log in, leaves the work to the others.
const LEASED: usize = 512;
/// How many it begins with.
const FIRST_LOT: u32 = 16;
/// How long to look away at most: somebody may have paused, resumed or stopped.
const LOOK: Duration = Duration::from_secs(1);

/// Runs one account until nothing is due any more.
pub(super) async fn account<L: Ledger, C: Compose>(
    shared: Arc<Shared<L, C>>,
    route: Arc<Route>,
) -> Result<(), LedgerError> {
    let (sender, receiver) = mpsc::channel(LEASED);
    let line = Arc::new(Line::new(receiver, shared.outstanding.clone()));
    let mut feeder =
        Feeder { shared: &shared, route: &route, line: &line, credit: 0, lot: FIRST_LOT, waiting: None };
    let mut connections = JoinSet::new();
    let fed = feeder.feed(sender, &mut connections).await;
    while let Some(ended) = connections.join_next().await {
        match ended {
            Ok(ended) => ended?,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    fed
}

struct Feeder<'a, L, C: Compose> {
    shared: &'a Arc<Shared<L, C>>,
    route: &'a Arc<Route>,
    line: &'a Arc<Line>,
    /// Tokens that were taken and not used.
    credit: u32,
    /// How many letters to lease at a time.
    lot: u32,
    /// What was told last.
    waiting: Option<Waiting>,
}

impl<L: Ledger, C: Compose> Feeder<'_, L, C> {
    async fn feed(
        &mut self,
        letters: mpsc::Sender<Letter>,
        connections: &mut JoinSet<Result<(), LedgerError>>,
    ) -> Result<(), LedgerError> {
        loop {
            let now = Time::now();
            if self.shared.stop.is_asked() || self.line.is_dead() {
                return Ok(());
            }
            if let Some((why, until)) = self.barred(now).await? {
                if self.shared.options.once {
                    return Ok(());
                }
                self.wait(why, until).await;
                continue;
            }
            if self.waiting.take_if(|why| !matches!(why, Waiting::Pace | Waiting::Due)).is_some() {
                (self.shared.tell)(Event::Going { account: &self.route.name });
            }
            let room = self.room(&letters).await?;
            let want = match self.tokens(room, now).await? {
                Ok(want) => want,
                Err(wait) => {
                    self.wait(Waiting::Pace, Some(now.after(wait))).await;
                    continue;
                }
            };
            let leased = self.shared.ledger.lease(want as usize, now).await?;
            if leased.is_empty() {
                if self.is_done(now).await? {
                    return Ok(());
                }
                continue;
            }
            if self.waiting.take().is_some() {
                (self.shared.tell)(Event::Going { account: &self.route.name });
            }
            self.line.leased(leased.len());
            self.credit = self.credit.saturating_sub(u32::try_from(leased.len()).unwrap_or(u32::MAX));
            for letter in self.destined(leased, now).await? {
                let Some(letter) = self.unsuppressed(letter, now)? else { continue };
                if let Err(unsent) = letters.send(letter).await {
                    give_back(self.shared, self.line, vec![unsent.0], now).await?;
                }
            }
            // Another connection where more letters wait than those that there are would begin with.
            let waiting = LEASED - letters.capacity();
            if connections.is_empty()
                || connections.len() < self.route.connections
                    && waiting >= connections.len() * FIRST_LOT as usize
            {
                let (shared, route) = (self.shared.clone(), self.route.clone());
                connections.spawn(connection::run(shared, route, self.line.clone()));
            }
        }
    }

    /// Why nothing may be sent now, and until when, where that is known.
    async fn barred(&self, now: Time) -> Result<Option<(Waiting, Option<Time>)>, LedgerError> {
        if self.look().await? {
            return Ok(Some((Waiting::Paused, None)));
        }
        if let Some(opens) = self.shared.options.hours.as_ref().and_then(|hours| hours.opens(now)) {
            return Ok(Some((Waiting::Hours, Some(opens))));
        }
        Ok(self.line.cooling(now).map(|until| (Waiting::SlowDown, Some(until))))
    }

    /// Whether the campaign is paused. Letters that are leased and not begun are given back then.
    async fn look(&self) -> Result<bool, LedgerError> {
        let paused = self.shared.ledger.paused().await?;
        self.line.pause(paused);
        Ok(paused)
    }

    /// Waits until there is room for letters; for how many.
    async fn room(&mut self, letters: &mpsc::Sender<Letter>) -> Result<u32, LedgerError> {
        let taken = LEASED - letters.capacity();
        if taken == 0 {
            self.lot = (self.lot * 2).min(LEASED as u32);
        }
        // Half a lot at a time: fewer, larger transactions.
        let wanted = LEASED - (self.lot as usize / 2).min(LEASED - 1);
        loop {
            tokio::select! {
                room = letters.reserve_many(wanted) => {
                    drop(room);
                    return Ok(self.lot);
                }
                // There may be none for long, where a server is slow.
                () = sleep(LOOK) => drop(self.look().await?),
            }
        }
    }

    /// Up to `room` tokens, or how long until there is one.
    async fn tokens(&mut self, room: u32, now: Time) -> Result<Result<u32, Duration>, LedgerError> {
        if self.credit == 0 {
            let mut want = room;
            let slower = self.line.slower(want, now);
            let mut wait = slower.1;
            want = slower.0;
            for (number, rate) in self.route.rates.iter().enumerate() {
                if want == 0 {
                    break;
                }
                let bucket = format!("account/{}/{number}", self.route.name);
                let (given, more) = self.shared.ledger.take(&bucket, *rate, want, now).await?;
                if given < want {
                    wait = wait.max(more);
                }
                want = given;
            }
            if want == 0 {
                return Ok(Err(wait.max(Duration::from_millis(1))));
            }
            self.credit = want;
        }
        Ok(Ok(self.credit.min(room)))
    }

    /// Nothing was due: whether that stays so. Else waits.
    async fn is_done(&mut self, now: Time) -> Result<bool, LedgerError> {
        let outstanding = &self.shared.outstanding;
        let changed = outstanding.changed.notified();
        if outstanding.letters.load(Ordering::Acquire) > 0 {
            // What is on its way may come back.
            let _ = tokio::time::timeout(LOOK, changed).await;
            return Ok(false);
        }
        match self.shared.ledger.next_due().await? {
            Some(due) if due <= now => Ok(false),
            Some(_) if self.shared.options.once => Ok(true),
            Some(due) => {
                self.wait(Waiting::Due, Some(due)).await;
                Ok(false)
            }
            None => Ok(true),
        }
    }

    /// Gives back those whose destination has had enough for now.
    async fn destined(&mut self, leased: Vec<Letter>, now: Time) -> Result<Vec<Letter>, LedgerError> {
        let limits = &self.shared.options.destinations;
        if limits.is_empty() {
            return Ok(leased);
        }
        let mut full: HashMap<String, Duration> = HashMap::new();
        let mut going = Vec::with_capacity(leased.len());
        let mut waiting: HashMap<Duration, Vec<Letter>> = HashMap::new();
        for letter in leased {
            let domain =
                letter.recipients.first().map_or("", |one| one.address.domain()).to_ascii_lowercase();
            let rates = limits.get(&domain).or_else(|| limits.get("*"));
            let mut wait = full.get(&domain).copied();
            for (number, rate) in rates.into_iter().flatten().enumerate() {
                if wait.is_none() {
                    let bucket = format!("to/{domain}/{number}");
                    let (given, more) = self.shared.ledger.take(&bucket, *rate, 1, now).await?;
                    wait = (given == 0).then_some(more);
                }
            }
            match wait {
                None => going.push(letter),
                Some(wait) => {
                    full.insert(domain, wait);
                    waiting.entry(wait).or_default().push(letter);
                }
            }
        }
        for (wait, letters) in waiting {
            self.credit = self.credit.saturating_add(u32::try_from(letters.len()).unwrap_or(0));
            give_back(self.shared, self.line, letters, now.after(wait)).await?;
        }
        Ok(going)
    }

    /// The letter without those who are not to be written to; `None` where nobody is left.
    fn unsuppressed(&mut self, mut letter: Letter, now: Time) -> Result<Option<Letter>, LedgerError> {
        let why = |one: &Recipient| (self.shared.options.suppressed)(&one.address);
        let causes = letter.recipients.iter().map(why).collect::<Result<Vec<_>, _>>()?;
        if causes.iter().all(Option::is_none) {
            return Ok(Some(letter));
        }
        let mut left_out = Letter { recipients: Vec::new(), ..letter.clone() };
        let mut outcomes = Vec::new();
        for (recipient, cause) in std::mem::take(&mut letter.recipients).into_iter().zip(causes) {
            let Some(cause) = cause else {
                letter.recipients.push(recipient);
                continue;
            };
            let evidence = Evidence { begun: now, ended: now, cause, ..Evidence::default() };
            let (id, attempt) = (recipient.id, recipient.attempt);
            outcomes.push((Outcome { id, attempt, state: State::Suppressed, due: None, evidence }, None));
            left_out.recipients.push(recipient);
        }
        let is_left = !letter.recipients.is_empty();
        if is_left {
            // The letter goes on its way, and is counted once more for the part that does not.
            self.line.leased(1);
        }
        self.shared.record(Settled { letter: left_out, outcomes, desk: None, line: self.line.clone() });
        Ok(is_left.then_some(letter))
    }

    /// Waits, but looks up now and then.
    async fn wait(&mut self, why: Waiting, until: Option<Time>) {
        if self.waiting.replace(why) != Some(why) {
            (self.shared.tell)(Event::Waiting { account: &self.route.name, why, until });
        }
        let left = until.map_or(LOOK, |until| until.since(Time::now()).min(LOOK));
        tokio::select! {
            () = sleep(left.max(Duration::from_millis(1))) => {}
            () = self.shared.stop.asked() => {}
        }
    }
}
