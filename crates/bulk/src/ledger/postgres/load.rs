//! A campaign into the database, by COPY, in one transaction: it is there wholly or not at all.
//!
//! Letters and recipients go into two tables, and a connection copies into one at a time, so they go in turns, a block each:
//! memory holds one block.

use std::collections::HashMap;
use std::pin::pin;

use hongyan_proto::said::said;
use serde_json::Value;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use super::fault::Fault;
use super::line::{Live, Purpose};
use super::place::Place;
use super::{role_number, schema, storable};
use crate::ledger::{
    Attempt, Entry, Evidence, FrozenFile, LedgerError, LetterToLoad, Manifest, Opening, SessionId, State,
};
use crate::pace::Bucket;

/// How many recipients or files one block holds.
const BLOCK: usize = 4096;
/// How many octets of cells one block holds at most, but for its last letter.
const BLOCK_OCTETS: usize = 4 << 20;

/// When somebody is due to whom nothing was ever tried: all of the letter is so.
const NEVER_LEASED: i64 = 0;

const LETTERS: &str =
    "COPY hongyan.letter (campaign, id, last, number, cells, files) FROM STDIN (FORMAT binary)";
const RECIPIENTS: &str = "COPY hongyan.recipient (campaign, id, letter, due, attempt, state, role, address) FROM STDIN (FORMAT binary)";
const ATTEMPTS: &str = "COPY hongyan.attempt (campaign, recipient, number, state, begun, ended, session, reply, cause, \
                        conversation, sha256, size) FROM STDIN (FORMAT binary)";
/// Not by COPY: many rows may name one file.
const FILES: &str = "
INSERT INTO hongyan.file (campaign, path, sha256, size)
SELECT $1, path, sha256, size FROM unnest($2::text[], $3::text[], $4::bigint[]) AS a(path, sha256, size)
ON CONFLICT DO NOTHING";

/// A recipient's row.
struct Standing {
    id: i64,
    letter: i64,
    due: Option<i64>,
    attempt: i32,
    state: i16,
    role: i16,
    address: String,
}

/// An attempt's row.
struct Tried {
    recipient: i64,
    number: i32,
    state: i16,
    evidence: Evidence,
    sha256: Option<Vec<u8>>,
    size: Option<i64>,
    session: Option<i64>,
}

/// A campaign on its way into the database. Dropped before [`finish`](Self::finish), nothing of it is there.
pub struct Loader {
    live: Live,
    shown: String,
    campaign: i64,
    manifest: Manifest,
    letters: Vec<(i64, i64, i64, String, Vec<String>)>,
    recipients: Vec<Standing>,
    attempts: Vec<Tried>,
    files: Vec<(String, String, i64)>,
    octets: usize,
    loaded: (u64, u64),
}

impl Loader {
    pub(super) async fn begin(place: &Place, manifest: Manifest) -> Result<Self, LedgerError> {
        let shown = place.shown().to_owned();
        let begin = async {
            let mut live = Live::connect(place, Purpose::Bulk).await?;
            schema::make(&mut live.client).await?;
            // Reading a huge sheet takes its time between two blocks.
            live.client.batch_execute("SET idle_in_transaction_session_timeout = 0; BEGIN").await?;
            let json = serde_json::to_string(&manifest).map_err(|error| super::failed(&error.to_string()))?;
            let inserted = live
                .client
                .query_one(
                    "INSERT INTO hongyan.campaign (key, name, manifest) VALUES ($1, $2, $3) RETURNING id",
                    &[&storable(&manifest.key), &storable(&manifest.name), &json],
                )
                .await;
            let campaign: i64 = match inserted {
                Ok(row) => row.try_get(0)?,
                Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                    return Err(there(&manifest).into());
                }
                Err(error) => return Err(error.into()),
            };
            Ok::<_, Fault>((live, campaign))
        };
        let (live, campaign) = begin.await.map_err(|fault| fault.into_error(&shown))?;
        let (letters, recipients, attempts, files) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (octets, loaded) = (0, (0, 0));
        Ok(Self { live, shown, campaign, manifest, letters, recipients, attempts, files, octets, loaded })
    }

    /// Adds a letter; its recipients get the next numbers.
    ///
    /// # Errors
    /// Where the database does not take it: then nothing of the campaign is there.
    pub async fn add(&mut self, letter: LetterToLoad) -> Result<(), LedgerError> {
        let first = self.next();
        let last = first - 1 + i64::try_from(letter.recipients.len()).unwrap_or(0);
        if last < first {
            return Ok(()); // a letter to nobody is none
        }
        let cells = cells(&letter.row.cells)?;
        self.octets += cells.len();
        let number = i64::try_from(letter.row.number).unwrap_or(i64::MAX);
        self.letters.push((
            first,
            last,
            number,
            cells,
            letter.files.iter().map(|file| storable(file)).collect(),
        ));
        for (id, (role, address)) in (first..).zip(letter.recipients) {
            let (role, address) = (role_number(role), address.as_str().to_owned());
            let (due, state) = (Some(NEVER_LEASED), i16::from(State::Pending as u8));
            self.recipients.push(Standing { id, letter: first, due, attempt: 0, state, role, address });
        }
        self.added(last).await
    }

    /// Adds a letter as it stands in another ledger: its entries, which must be the next ones. Nobody is at work on it.
    /// `sessions` gives the numbers that connections have here.
    pub(in crate::ledger) async fn take_over(
        &mut self,
        letter: Vec<Entry>,
        sessions: &HashMap<SessionId, SessionId>,
    ) -> Result<(), LedgerError> {
        let (Some(first), Some(last)) = (letter.first(), letter.last()) else { return Ok(()) };
        let (first, last) = (first.id.0, last.id.0);
        if first != self.next() {
            return Err(super::failed(&format!("recipient {first} comes where {} should", self.next())));
        }
        let never_leased = letter
            .iter()
            .all(|one| one.state == State::Pending && one.due.is_none() && one.attempts.is_empty());
        for (at, entry) in letter.into_iter().enumerate() {
            if at == 0 {
                let cells = cells(&entry.row.cells)?;
                self.octets += cells.len();
                let number = i64::try_from(entry.row.number).unwrap_or(i64::MAX);
                let files = entry.files.iter().map(|file| storable(file)).collect();
                self.letters.push((first, last, number, cells, files));
            }
            let due = match entry.state {
                State::Pending if never_leased => Some(NEVER_LEASED),
                State::Pending => Some(entry.due.map_or(1, |due| due.0.max(1))),
                State::Deferred => entry.due.map(|due| due.0.max(1)),
                _ => None,
            };
            self.recipients.push(Standing {
                id: entry.id.0,
                letter: first,
                due,
                attempt: entry
                    .attempts
                    .last()
                    .map_or(0, |last| i32::try_from(last.number).unwrap_or(i32::MAX)),
                state: i16::from(entry.state as u8),
                role: role_number(entry.role),
                address: entry.address.as_str().to_owned(),
            });
            for Attempt { number, state, mut evidence } in entry.attempts {
                self.octets += evidence.conversation.len() + evidence.reply.len();
                for text in [&mut evidence.reply, &mut evidence.cause, &mut evidence.conversation] {
                    *text = storable(text);
                }
                let message = evidence.message.take();
                self.attempts.push(Tried {
                    recipient: entry.id.0,
                    number: i32::try_from(number).unwrap_or(i32::MAX),
                    state: i16::from(state as u8),
                    sha256: message.map(|(hash, _)| hash.to_vec()),
                    size: message.map(|(_, size)| i64::try_from(size).unwrap_or(i64::MAX)),
                    session: evidence
                        .session
                        .and_then(|session| sessions.get(&session))
                        .map(|session| session.0),
                    evidence,
                });
            }
        }
        self.added(last).await
    }

    /// A letter was added; blocks that are full are written.
    async fn added(&mut self, last: i64) -> Result<(), LedgerError> {
        self.loaded.0 += 1;
        self.loaded.1 = last.unsigned_abs();
        let rows = self.recipients.len().max(self.attempts.len());
        if rows >= BLOCK || self.octets >= BLOCK_OCTETS {
            self.write().await?;
        }
        Ok(())
    }

    /// Adds how a connection was opened; gives the number that it has here.
    pub(in crate::ledger) async fn opening(&mut self, opening: &Opening) -> Result<SessionId, LedgerError> {
        const SESSION: &str = "
            INSERT INTO hongyan.session (campaign, opened, account, transcript) VALUES ($1, $2, $3, $4) RETURNING id";
        let (account, transcript) = (storable(&opening.account), storable(&opening.transcript));
        let add = async {
            let statement = self.live.statement(SESSION).await?;
            let values: [&(dyn ToSql + Sync); 4] = [&self.campaign, &opening.opened.0, &account, &transcript];
            self.live.client.query_one(&statement, &values).await?.try_get(0).map(SessionId)
        };
        add.await.map_err(|error| Fault::from(error).into_error(&self.shown))
    }

    /// Adds a bucket as it stands by this machine's clock, and whether the campaign is paused.
    pub(in crate::ledger) async fn pace(
        &mut self,
        buckets: &[(String, Bucket)],
        paused: bool,
    ) -> Result<(), LedgerError> {
        const BUCKET: &str = "
            INSERT INTO hongyan.bucket (campaign, name, level, at, given) VALUES ($1, $2, $3, $4, 0)";
        let add = async {
            let client = &self.live.client;
            let ahead = super::bucket::ahead(&self.live).await?;
            let statement = self.live.statement(BUCKET).await?;
            for (name, bucket) in buckets {
                let at = bucket.at.0.saturating_add(ahead);
                client.execute(&statement, &[&self.campaign, &storable(name), &bucket.level, &at]).await?;
            }
            client
                .execute("UPDATE hongyan.campaign SET paused = $2 WHERE id = $1", &[&self.campaign, &paused])
                .await?;
            Ok(())
        };
        add.await.map_err(|error: tokio_postgres::Error| Fault::from(error).into_error(&self.shown))
    }

    /// The number of the next recipient.
    fn next(&self) -> i64 {
        i64::try_from(self.loaded.1).unwrap_or(i64::MAX - 1) + 1
    }

    /// Adds files of rows' own, as they were frozen.
    ///
    /// # Errors
    /// As [`Loader::add`].
    pub async fn files(
        &mut self,
        files: impl IntoIterator<Item = (String, FrozenFile)> + Send,
    ) -> Result<(), LedgerError> {
        let files: Vec<_> = files.into_iter().collect();
        for (path, FrozenFile { sha256, size }) in files {
            self.files.push((storable(&path), sha256, i64::try_from(size).unwrap_or(i64::MAX)));
            if self.files.len() >= BLOCK {
                self.write().await?;
            }
        }
        Ok(())
    }

    /// Makes it all visible, durably. The manifest then says how many letters and recipients there are.
    ///
    /// # Errors
    /// As [`Loader::add`].
    pub async fn finish(mut self) -> Result<Manifest, LedgerError> {
        self.write().await?;
        (self.manifest.letters, self.manifest.recipients) = self.loaded;
        let json =
            serde_json::to_string(&self.manifest).map_err(|error| super::failed(&error.to_string()))?;
        let finish = async {
            let client = &self.live.client;
            client
                .execute("UPDATE hongyan.campaign SET manifest = $2 WHERE id = $1", &[&self.campaign, &json])
                .await?;
            client.batch_execute("ANALYZE hongyan.letter; ANALYZE hongyan.recipient; COMMIT").await
        };
        finish.await.map_err(|error| Fault::from(error).into_error(&self.shown))?;
        Ok(self.manifest)
    }

    /// Writes the blocks.
    async fn write(&mut self) -> Result<(), LedgerError> {
        let campaign = self.campaign;
        let letters = std::mem::take(&mut self.letters);
        let recipients = std::mem::take(&mut self.recipients);
        let attempts = std::mem::take(&mut self.attempts);
        let files = std::mem::take(&mut self.files);
        self.octets = 0;
        const BIG: Type = Type::INT8;
        let write = async {
            let types = [BIG, BIG, BIG, BIG, Type::TEXT, Type::TEXT_ARRAY];
            let rows = letters.iter().map(|(id, last, number, cells, files)| -> [&(dyn ToSql + Sync); 6] {
                [&campaign, id, last, number, cells, files]
            });
            copy(&self.live, LETTERS, &types, rows).await?;
            let types = [BIG, BIG, BIG, BIG, Type::INT4, Type::INT2, Type::INT2, Type::TEXT];
            let rows = recipients.iter().map(|one| -> [&(dyn ToSql + Sync); 8] {
                [&campaign, &one.id, &one.letter, &one.due, &one.attempt, &one.state, &one.role, &one.address]
            });
            copy(&self.live, RECIPIENTS, &types, rows).await?;
            let types = [
                BIG,
                BIG,
                Type::INT4,
                Type::INT2,
                BIG,
                BIG,
                BIG,
                Type::TEXT,
                Type::TEXT,
                Type::TEXT,
                Type::BYTEA,
                BIG,
            ];
            let rows = attempts.iter().map(|one| -> [&(dyn ToSql + Sync); 12] {
                let Evidence { begun, ended, reply, cause, conversation, .. } = &one.evidence;
                [
                    &campaign,
                    &one.recipient,
                    &one.number,
                    &one.state,
                    &begun.0,
                    &ended.0,
                    &one.session,
                    reply,
                    cause,
                    conversation,
                    &one.sha256,
                    &one.size,
                ]
            });
            copy(&self.live, ATTEMPTS, &types, rows).await?;
            if !files.is_empty() {
                let paths: Vec<&str> = files.iter().map(|(path, _, _)| path.as_str()).collect();
                let hashes: Vec<&str> = files.iter().map(|(_, sha256, _)| sha256.as_str()).collect();
                let sizes: Vec<i64> = files.iter().map(|(_, _, size)| *size).collect();
                let statement = self.live.statement(FILES).await?;
                self.live.client.execute(&statement, &[&campaign, &paths, &hashes, &sizes]).await?;
            }
            Ok(())
        };
        write.await.map_err(|error: tokio_postgres::Error| Fault::from(error).into_error(&self.shown))
    }
}

impl std::fmt::Debug for Loader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loader").field("place", &self.shown).field("loaded", &self.loaded).finish()
    }
}

async fn copy<'a, const N: usize>(
    live: &Live,
    sql: &'static str,
    types: &[Type; N],
    rows: impl ExactSizeIterator<Item = [&'a (dyn ToSql + Sync); N]>,
) -> Result<(), tokio_postgres::Error> {
    if rows.len() == 0 {
        return Ok(());
    }
    let sink = live.client.copy_in(&live.statement(sql).await?).await?;
    let mut writer = pin!(BinaryCopyInWriter::new(sink, types));
    for row in rows {
        writer.as_mut().write(&row).await?;
    }
    writer.finish().await?;
    Ok(())
}

/// A row's cells as JSON.
fn cells(cells: &[Value]) -> Result<String, LedgerError> {
    serde_json::to_string(cells).map_err(|error| super::failed(&error.to_string()))
}

fn there(manifest: &Manifest) -> LedgerError {
    let (name, key) = (manifest.name.escape_debug(), &manifest.key);
    LedgerError::Refused(said(
        format!(
            "the campaign {name} ({key}) is in this database already: run `hongyan worker --ledger … --campaign {key}`"
        ),
        format!(
            "活动 {name}（{key}）已经在这个数据库里：请运行 `hongyan worker --ledger … --campaign {key}`"
        ),
    ))
}
