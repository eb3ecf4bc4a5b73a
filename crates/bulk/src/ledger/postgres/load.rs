//! A campaign into the database, by COPY, in one transaction: it is there wholly or not at all.
//!
//! Letters and recipients go into two tables, and a connection copies into one at a time, so they go in turns, a block each:
//! memory holds one block.

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
use crate::ledger::{FrozenFile, LedgerError, LetterToLoad, Manifest};

/// How many recipients or files one block holds.
const BLOCK: usize = 4096;
/// How many octets of cells one block holds at most, but for its last letter.
const BLOCK_OCTETS: usize = 4 << 20;

const LETTERS: &str =
    "COPY hongyan.letter (campaign, id, last, number, cells, files) FROM STDIN (FORMAT binary)";
const RECIPIENTS: &str =
    "COPY hongyan.recipient (campaign, id, letter, due, role, address) FROM STDIN (FORMAT binary)";
const FILES: &str = "COPY hongyan.file (campaign, path, sha256, size) FROM STDIN (FORMAT binary)";

/// A campaign on its way into the database. Dropped before [`finish`](Self::finish), nothing of it is there.
pub struct Loader {
    live: Live,
    shown: String,
    campaign: i64,
    manifest: Manifest,
    letters: Vec<(i64, i64, i64, String, Vec<String>)>,
    recipients: Vec<(i64, i64, i16, String)>,
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
        let (letters, recipients, files) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { live, shown, campaign, manifest, letters, recipients, files, octets: 0, loaded: (0, 0) })
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
        for (at, (role, address)) in (first..).zip(letter.recipients) {
            self.recipients.push((at, first, role_number(role), address.as_str().to_owned()));
        }
        self.loaded.0 += 1;
        self.loaded.1 = last.unsigned_abs();
        if self.recipients.len() >= BLOCK || self.octets >= BLOCK_OCTETS {
            self.write().await?;
        }
        Ok(())
    }

    /// The number of the next recipient.
    fn next(&self) -> i64 {
        i64::try_from(self.loaded.1).unwrap_or(i64::MAX - 1) + 1
    }

    /// Adds files of rows' own, as they were frozen; each path once.
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
        let files = std::mem::take(&mut self.files);
        self.octets = 0;
        const BIG: Type = Type::INT8;
        let write = async {
            let types = [BIG, BIG, BIG, BIG, Type::TEXT, Type::TEXT_ARRAY];
            let rows = letters.iter().map(|(id, last, number, cells, files)| -> [&(dyn ToSql + Sync); 6] {
                [&campaign, id, last, number, cells, files]
            });
            copy(&self.live, LETTERS, &types, rows).await?;
            let types = [BIG, BIG, BIG, BIG, Type::INT2, Type::TEXT];
            let rows = recipients.iter().map(|(id, letter, role, address)| -> [&(dyn ToSql + Sync); 6] {
                [&campaign, id, letter, &0_i64, role, address]
            });
            copy(&self.live, RECIPIENTS, &types, rows).await?;
            let types = [BIG, Type::TEXT, Type::TEXT, BIG];
            let rows = files
                .iter()
                .map(|(path, sha256, size)| -> [&(dyn ToSql + Sync); 4] { [&campaign, path, sha256, size] });
            copy(&self.live, FILES, &types, rows).await
        };
        write.await.map_err(|error| Fault::from(error).into_error(&self.shown))
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
