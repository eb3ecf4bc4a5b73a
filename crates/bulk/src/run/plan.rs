//! What a run is told: through which accounts, how fast, when to try again and when to stop.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use hongyan_mime::compose::Offered;
use hongyan_net::smtp;
use hongyan_proto::address::Address;
use hongyan_proto::outcome::Failure;
use hongyan_proto::provider::Provider;

use crate::ledger::{LedgerError, Letter, Time};
use crate::pace::{Hours, Rate, Steps};

/// How many messages of a connection may be in doubt after a crash, where the campaign does not say. A connection
/// works its way up to it only while the ledger is what it waits for.
pub const WINDOW: usize = 256;

/// An account, and how it may be used.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its name in the configuration.
    pub name: String,
    /// Where it is.
    pub server: smtp::Server,
    /// How to speak with it. The tap is replaced by what collects evidence.
    pub options: smtp::Options,
    /// Connections at a time.
    pub connections: usize,
    /// Messages over one connection.
    pub per_connection: u32,
    /// What its messages are held to, all at once.
    pub rates: Vec<Rate>,
    /// Whose server it is, where that is known.
    pub provider: Option<&'static Provider>,
}

/// What holds for all accounts.
#[derive(Clone)]
pub struct Options {
    /// The most messages of a connection that are begun and not settled.
    pub window: usize,
    /// When mail is sent at all.
    pub hours: Option<Hours>,
    /// When to try again.
    pub retry: Steps,
    /// Limits for recipients in a domain; `*` holds for each domain that is not named.
    pub destinations: BTreeMap<String, Vec<Rate>>,
    /// Stop after so many refusals in a row; 0 never.
    pub in_a_row: u32,
    /// Stop when so many percent of the last messages were refused; 0 never.
    pub percent: u8,
    /// Do not wait for what is due later, for the hours, or for a provider that has said "slow down": end when nothing can
    /// be sent now.
    pub once: bool,
    /// Who is not to be written to.
    pub suppressed: Suppressed,
    /// How long to wait between attempts to connect, at most.
    pub reconnect: Duration,
}

/// Says why an address is not to be written to, if it is not. Where that cannot be known, the run ends.
pub type Suppressed = Arc<dyn Fn(&Address) -> Result<Option<String>, LedgerError> + Send + Sync>;

/// Writes to everybody.
pub const NEVER_SUPPRESSED: fn(&Address) -> Result<Option<String>, LedgerError> = |_| Ok(None);

impl Default for Options {
    fn default() -> Self {
        Self {
            window: WINDOW,
            hours: None,
            retry: Steps {
                attempts: 6,
                first: Duration::from_secs(5 * 60),
                longest: Duration::from_secs(4 * 60 * 60),
            },
            destinations: BTreeMap::new(),
            in_a_row: 20,
            percent: 30,
            once: false,
            suppressed: Arc::new(NEVER_SUPPRESSED),
            reconnect: Duration::from_secs(60),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("window", &self.window)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

/// Makes letters into messages.
pub trait Compose: Send + Sync + 'static {
    /// What is at hand of a letter's own files.
    type Held: Send + 'static;

    /// Sees to it that the row's own files are here. Called before the letter is begun.
    ///
    /// # Errors
    /// Why they are not: the letter is not sent.
    fn fetch(&self, letter: &Letter) -> impl Future<Output = Result<Self::Held, Failure>> + Send;

    /// The message for a server that takes what `offered` says, through this account. The envelope's recipients are the
    /// letter's.
    ///
    /// # Errors
    /// Why it cannot be made: it is not sent.
    fn compose(
        &self,
        letter: &Letter,
        held: &Self::Held,
        account: &str,
        offered: Offered,
        now: Time,
    ) -> Result<Composed, Failure>;
}

/// A message to be sent.
#[derive(Debug)]
pub struct Composed {
    /// Envelope and content.
    pub mail: smtp::Mail,
    /// What proves later that it was this message, and its length in octets: [`Maker::fingerprint`](crate::letter::Maker::fingerprint).
    pub message: Option<([u8; 32], u64)>,
}
