//! What becomes of those in doubt, and of those who are to be tried again.
//!
//! Nothing here guesses: a doubt ends because the mail was found in the account's folder for sent mail ([`sent`]), or
//! because somebody decided so ([`decide`]). That a mail was not found there proves nothing, and changes nothing.

pub mod sent;

use crate::ledger::{
    Entry, Evidence, Filter, Ledger, LedgerError, Outcome, RecipientId, Resolution, State, Time,
};
use crate::report::Entries;

/// How many recipients are decided about at a time.
const TOGETHER: usize = 1_000;

/// Whom something is decided about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whom {
    /// In one of these states.
    pub states: Vec<State>,
    /// Of these rows, as a person counts; of any where there are none.
    pub rows: Vec<u64>,
}

impl Whom {
    /// The filters that together let everybody through, nobody twice.
    pub fn filters(&self) -> Vec<Filter> {
        let mut rows: Vec<Option<u64>> = self.rows.iter().copied().map(Some).collect();
        rows.sort_unstable();
        rows.dedup();
        if rows.is_empty() {
            rows.push(None);
        }
        let of = |row| self.states.iter().map(move |state| Filter { state: Some(*state), row });
        rows.into_iter().flat_map(of).collect()
    }
}

/// Decides about all of them. Gives how many were changed.
///
/// # Errors
/// The ledger cannot be read or written; what was decided before that is kept.
pub async fn decide(
    ledger: &impl Ledger,
    whom: &Whom,
    how: Resolution,
    now: Time,
) -> Result<u64, LedgerError> {
    let mut changed = 0;
    for filter in whom.filters() {
        let mut entries = Entries::new(ledger, filter);
        let mut ids: Vec<RecipientId> = Vec::with_capacity(TOGETHER);
        loop {
            let entry = entries.next().await?;
            let ended = entry.is_none();
            ids.extend(entry.map(|entry| entry.id));
            if ids.len() == TOGETHER || (ended && !ids.is_empty()) {
                changed += ledger.resolve(std::mem::take(&mut ids), how, now).await?;
            }
            if ended {
                break;
            }
        }
    }
    Ok(changed)
}

/// A mail that was found in a folder for sent mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The server and the account's login, as `imaps://imap.example.org (me@example.org)`.
    pub place: String,
    /// The folder.
    pub folder: String,
    /// Its UIDVALIDITY, where the server has one.
    pub validity: Option<u32>,
    /// The mail's UID in it.
    pub uid: u32,
}

impl Found {
    /// As it stands in the ledger.
    fn words(&self) -> String {
        let Self { place, folder, uid, .. } = self;
        let validity = self.validity.map(|validity| format!(", UIDVALIDITY {validity}")).unwrap_or_default();
        // What a server calls a folder is no line of its own.
        let folder = folder.escape_debug();
        format!("found in the folder for sent mail: {folder}, UID {uid}{validity}, at {place}")
    }
}

/// What a found mail means for somebody in doubt: it was taken. `None` for whoever is not in doubt.
pub fn accepted(entry: &Entry, found: &Found, now: Time) -> Option<Outcome> {
    let last = entry.attempts.last().filter(|_| entry.state == State::InDoubt)?;
    let words = found.words();
    let mut conversation = last.evidence.conversation.clone();
    if !conversation.is_empty() && !conversation.ends_with('\n') {
        conversation.push('\n');
    }
    conversation.push_str(&format!("-- {words}\n"));
    let evidence = Evidence { ended: now, cause: words, conversation, ..last.evidence.clone() };
    Some(Outcome { id: entry.id, attempt: last.number, state: State::Accepted, due: None, evidence })
}
