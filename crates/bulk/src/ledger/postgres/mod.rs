//! The ledger in PostgreSQL: many workers on many machines at one campaign.
//!
//! Truth is in the rows. A recipient is leased to the epoch of one worker, and every step asks for that: whoever holds a
//! row no more changes nothing, however late it wakes up. So no two workers ever begin the same recipient, whatever clocks,
//! connections and machines do; clocks and deadlines decide only how soon work comes back from a worker that is gone.
//!
//! - [`Place`]: which database, and how the way there is protected.
//! - `schema`: the tables, and the rights they need.
//! - `held`, `leasing`: epochs, leases, taking over from workers that are gone.
//! - `begin`, `settle`: groups of requests, one commit each; `journal`: answers while the database is away.
//! - [`Loader`]: a campaign into the database, wholly or not at all.
//! - [`Contents`]: templates and attachments by their hashes, for workers without the campaign's folder.
//!
//! A worker uses up to four connections. They need sessions of their own: a pooler between must pool by session.

mod begin;
mod bucket;
mod campaigns;
mod contents;
mod deciding;
mod fault;
mod given;
mod held;
mod journal;
mod leasing;
mod line;
mod load;
mod passfile;
mod place;
mod reading;
mod schema;
mod settle;
mod tls;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hongyan_proto::said::said;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

pub use campaigns::Campaign;
pub use contents::{Contents, PIECE};
pub use journal::MAX_JOURNAL;
pub use load::Loader;
pub use place::Place;

use self::fault::{damaged, failed};
use self::given::Given;
use self::held::Held;
use self::journal::Journal;
use self::line::{Line, Live, Purpose};
use crate::ledger::{
    Answered, Entry, Filter, FrozenFile, Ledger, LedgerError, Letter, Manifest, Opening, Outcome,
    RecipientId, Resolution, Role, Runner, SessionId, State, Tally, Time,
};
use crate::pace::Rate;

/// How a worker works.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a lease holds unless it is prolonged: 2 minutes. What a worker that is gone has leased comes back after
    /// that. At least a second.
    pub lease: Duration,
    /// How long a call waits for a database that is away before it is [`LedgerError::Away`]: 10 minutes.
    pub patience: Duration,
    /// What takes answers while the database is away. Without a journal `settle` waits as the other calls do.
    pub journal: Keep,
    /// The machine's name, for people.
    pub host: String,
    /// The process, for people.
    pub process: u32,
}

impl Default for Options {
    fn default() -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self {
            lease: Duration::from_secs(120),
            patience: Duration::from_secs(600),
            journal: Keep::Nowhere,
            host,
            process: std::process::id(),
        }
    }
}

/// Where a worker keeps its reply journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It has none.
    Nowhere,
    /// In this file.
    File(PathBuf),
    /// In this folder, in a file that no other worker of this machine has. What workers that are gone left there of the
    /// same campaign is told to the database, too.
    Folder(PathBuf),
}

/// The most workers of one campaign that can keep their journals in one folder.
pub const MAX_JOURNALS: usize = 64;

/// What an earlier worker left in the journal, and what became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// So many answers were told to the database now.
    pub answers: u64,
    /// So many octets of a record that was never confirmed were cut off.
    pub torn: u64,
}

/// A campaign's ledger in PostgreSQL, opened by one worker.
///
/// Dropping it leaves what it holds to the other workers, once the lease has ended; [`leave`](Self::leave) at once.
pub struct Postgres {
    shared: Arc<Shared>,
    begins: mpsc::UnboundedSender<begin::Request>,
    settles: mpsc::UnboundedSender<settle::Request>,
    recovered: Recovered,
    renewing: AbortHandle,
}

/// What all tasks of a worker share.
struct Shared {
    place: Arc<Place>,
    options: Options,
    /// Its number in this database.
    campaign: i64,
    manifest: Manifest,
    /// The database's clock before ours, in milliseconds.
    ahead: i64,
    /// Nobody waits for a database that is away any more.
    hurried: Arc<AtomicBool>,
    begins: Line,
    settles: Line,
    passing: Line,
    bulk: Line,
    held: Held,
    leasing: tokio::sync::Mutex<()>,
    swept: Mutex<Option<Instant>>,
}

impl Postgres {
    /// Opens a campaign, named by its key or its name; the only one there is where nothing is named. What an earlier
    /// worker left in the journal is told to the database first.
    ///
    /// # Errors
    /// [`LedgerError::Away`] where the database cannot be reached now; [`LedgerError::Refused`] with the next step where
    /// the campaign is not there or a right is missing; what [`Options::journal`] may be: busy, damaged, unusable.
    pub async fn connect(
        place: &Place,
        campaign: Option<&str>,
        options: Options,
    ) -> Result<Self, LedgerError> {
        let place = Arc::new(place.clone());
        let live =
            Live::connect(&place, Purpose::Bulk).await.map_err(|fault| fault.into_error(place.shown()))?;
        let opening = async {
            schema::check(&live.client).await?;
            let campaign = campaigns::find(&live.client, campaign).await?;
            Ok((campaign, bucket::ahead(&live).await?))
        };
        let (campaign, ahead) =
            opening.await.map_err(|fault: fault::Fault| fault.into_error(place.shown()))?;
        let options = Options { lease: options.lease.max(Duration::from_secs(1)), ..options };
        let hurried = Arc::new(AtomicBool::new(false));
        let line = |purpose| Line::new(place.clone(), purpose, hurried.clone());
        let shared = Arc::new(Shared {
            begins: line(Purpose::Durable),
            settles: line(Purpose::Durable),
            passing: line(Purpose::Passing),
            bulk: line(Purpose::Bulk),
            held: Held::default(),
            leasing: tokio::sync::Mutex::default(),
            swept: Mutex::default(),
            campaign: campaign.id,
            manifest: campaign.manifest,
            ahead,
            hurried,
            options,
            place,
        });
        let (journal, recovered) = shared.journal().await?;
        let (begins, asked) = mpsc::unbounded_channel();
        tokio::spawn(begin::serve(shared.clone(), asked));
        let (settles, told) = mpsc::unbounded_channel();
        tokio::spawn(settle::serve(shared.clone(), journal, told));
        let renewing = shared.clone();
        let renewing = tokio::spawn(async move { renewing.keep_renewing().await }).abort_handle();
        Ok(Self { shared, begins, settles, recovered, renewing })
    }

    /// Begins to load a campaign; makes the schema where there is none.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] where this user may not, or the campaign is there already; [`LedgerError::Away`].
    pub async fn create(place: &Place, manifest: Manifest) -> Result<Loader, LedgerError> {
        Loader::begin(place, manifest).await
    }

    /// The campaigns of a database, newest first.
    ///
    /// # Errors
    /// As [`Postgres::connect`].
    pub async fn campaigns(place: &Place) -> Result<Vec<Campaign>, LedgerError> {
        let look = async {
            let live = Live::connect(place, Purpose::Bulk).await?;
            schema::check(&live.client).await?;
            campaigns::all(&live.client).await
        };
        look.await.map_err(|fault| fault.into_error(place.shown()))
    }

    /// What was in the journal when it was opened.
    pub fn recovered(&self) -> Recovered {
        self.recovered
    }

    /// The contents that are in the same database, with a cache on this machine; as patient as the ledger.
    pub fn contents(&self, cache: PathBuf) -> Contents {
        let Shared { place, options, hurried, .. } = &*self.shared;
        Contents::database_until(place, cache, options.patience, hurried.clone())
    }

    /// From now on nobody waits for a database that is away: calls that would are [`LedgerError::Away`] soon, and `settle`
    /// still has the journal. For a run that was asked to end.
    pub fn hurry(&self) {
        self.shared.hurried.store(true, Ordering::Relaxed);
    }

    /// Ends this worker's leases: what it holds and has not begun goes back at once, what it has begun and not settled is
    /// in doubt. Afterwards it may be dropped.
    ///
    /// # Errors
    /// Where the database is away; the leases then end by themselves.
    pub async fn leave(&self) -> Result<(), LedgerError> {
        self.shared.end(self.shared.held.take_all()).await
    }
}

impl Shared {
    /// Opens this worker's journal. What is in it goes to the database first.
    async fn journal(&self) -> Result<(Option<Journal>, Recovered), LedgerError> {
        let (mut own, mut recovered) = (None, Recovered::default());
        let key = &self.manifest.key;
        let paths: Vec<PathBuf> = match &self.options.journal {
            Keep::Nowhere => return Ok((None, recovered)),
            Keep::File(path) => vec![path.clone()],
            Keep::Folder(folder) => {
                let name = key.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
                (1..=MAX_JOURNALS).map(|n| folder.join(format!("{name}.{n}.journal"))).collect()
            }
        };
        let alone = paths.len() == 1;
        for path in paths {
            if own.is_some() && !path.exists() {
                continue;
            }
            let (mut journal, torn) = match Journal::open(&path, key) {
                Err(LedgerError::Busy { .. }) if !alone => continue,
                opened => opened?,
            };
            recovered.answers += settle::replay(self, &mut journal).await?;
            recovered.torn += torn;
            own.get_or_insert(journal);
        }
        match own {
            None => Err(LedgerError::Busy { process: None }),
            own => Ok((own, recovered)),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres")
            .field("place", &self.shared.place)
            .field("campaign", &self.shared.campaign)
            .finish()
    }
}

impl Ledger for Postgres {
    fn manifest(&self) -> &Manifest {
        &self.shared.manifest
    }

    async fn lease(&self, want: usize, now: Time) -> Result<Vec<Letter>, LedgerError> {
        if want == 0 {
            return Ok(Vec::new());
        }
        // In a task of its own: what is leased for a caller that left meanwhile goes back.
        let (answer, answered) = oneshot::channel();
        let shared = self.shared.clone();
        tokio::spawn(async move {
            let leased = shared.lease(want, now).await;
            let _ = answer.send(leased.map(|letters| Given::new(letters, &shared)));
        });
        answered.await.unwrap_or_else(|_| Err(gone())).map(Given::take)
    }

    async fn begin(&self, ids: Vec<RecipientId>, now: Time) -> Result<Vec<RecipientId>, LedgerError> {
        let (answer, answered) = oneshot::channel();
        self.begins.send(begin::Request { ids, now, answer }).map_err(|_| gone())?;
        answered.await.unwrap_or_else(|_| Err(gone())).map(Given::take)
    }

    async fn settle(&self, outcomes: Vec<Outcome>) -> Result<(), LedgerError> {
        if outcomes.is_empty() {
            return Ok(());
        }
        if let Some(wrong) = outcomes.iter().find(|outcome| !is_outcome(outcome.state)) {
            return Err(no_outcome(wrong.state));
        }
        let (answer, answered) = oneshot::channel();
        self.settles.send(settle::Request { outcomes, answer }).map_err(|_| gone())?;
        answered.await.unwrap_or_else(|_| Err(gone()))
    }

    async fn release(&self, ids: Vec<RecipientId>, due: Time) -> Result<(), LedgerError> {
        self.shared.release(&ids, due).await
    }

    async fn next_due(&self) -> Result<Option<Time>, LedgerError> {
        self.shared.next_due().await
    }

    async fn take(
        &self,
        bucket: &str,
        rate: Rate,
        want: u32,
        now: Time,
    ) -> Result<(u32, Duration), LedgerError> {
        self.shared.take(bucket, rate, want, now).await
    }

    async fn session(
        &self,
        opened: Time,
        account: &str,
        transcript: String,
    ) -> Result<SessionId, LedgerError> {
        self.shared.session(opened, account, &transcript).await
    }

    async fn tally(&self) -> Result<Tally, LedgerError> {
        self.shared.tally().await
    }

    async fn page(
        &self,
        after: RecipientId,
        limit: usize,
        filter: Filter,
    ) -> Result<Vec<Entry>, LedgerError> {
        self.shared.page(after, limit, filter).await
    }

    async fn opening(&self, id: SessionId) -> Result<Option<Opening>, LedgerError> {
        self.shared.opening(id).await
    }

    async fn latest(&self, limit: usize) -> Result<Vec<Answered>, LedgerError> {
        self.shared.latest(limit).await
    }

    async fn frozen(&self, path: &str) -> Result<Option<FrozenFile>, LedgerError> {
        self.shared.frozen(path).await
    }

    async fn runners(&self) -> Result<Vec<Runner>, LedgerError> {
        self.shared.runners().await
    }

    async fn resolve(&self, ids: Vec<RecipientId>, how: Resolution, now: Time) -> Result<u64, LedgerError> {
        self.shared.resolve(&ids, how, now).await
    }

    async fn paused(&self) -> Result<bool, LedgerError> {
        self.shared.paused().await
    }

    async fn pause(&self, paused: bool) -> Result<(), LedgerError> {
        self.shared.pause(paused).await
    }
}

fn is_outcome(state: State) -> bool {
    use State::{Accepted, Deferred, InDoubt, Rejected, Suppressed};
    matches!(state, Accepted | Deferred | Rejected | InDoubt | Suppressed)
}

fn no_outcome(state: State) -> LedgerError {
    LedgerError::Refused(said(
        format!("`{state}` is not how an attempt can end: nothing of this was recorded"),
        format!("“{state}”不是一次投递的结果：本次内容均未记录"),
    ))
}

/// A task of the ledger's ended, which happens when the runtime is being shut down.
fn gone() -> LedgerError {
    failed("this ledger is being closed")
}

/// A column that does not hold what it should.
fn stored(error: tokio_postgres::Error) -> LedgerError {
    damaged(&error.to_string())
}

/// Texts of PostgreSQL hold no NUL; where a server sent one it is shown as its picture.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{2400}")
}

fn role(number: i16) -> Result<Role, LedgerError> {
    match number {
        1 => Ok(Role::To),
        2 => Ok(Role::Cc),
        3 => Ok(Role::Bcc),
        other => Err(damaged(&format!("the role {other}"))),
    }
}

fn role_number(role: Role) -> i16 {
    match role {
        Role::To => 1,
        Role::Cc => 2,
        Role::Bcc => 3,
    }
}
