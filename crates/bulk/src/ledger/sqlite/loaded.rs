//! What was loaded and never changes: letters, their recipients, and the rows' own files.

use std::ops::RangeInclusive;

use hongyan_proto::address::Address;
use rusqlite::{Connection, Row, params};

use super::meta;

use super::sum::{SUM, Sum, Table};
use super::trouble::{Trouble, damaged};
use crate::ledger::{FrozenFile, RecipientId, Role};
use crate::row;

/// A recipient as loaded.
pub(super) struct Loaded {
    pub(super) id: RecipientId,
    pub(super) role: Role,
    pub(super) address: Address,
    /// The number of the row that its letter is of.
    pub(super) row: i64,
}

/// A letter as kept.
pub(super) struct Kept<'a> {
    /// The row's number.
    pub(super) row: i64,
    /// The first of its recipients, whose ids follow each other.
    pub(super) first: i64,
    pub(super) recipients: i64,
    /// A JSON array.
    pub(super) cells: &'a str,
    /// A JSON array; `None` for none.
    pub(super) files: Option<&'a str>,
}

impl Kept<'_> {
    fn sum(&self) -> [u8; SUM] {
        let sum = Sum::of(Table::Letter).number(self.row).number(self.first).number(self.recipients);
        let sum = sum.text(self.cells);
        self.files.into_iter().fold(sum, Sum::text).end()
    }

    pub(super) fn insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        let sql = "INSERT INTO letter(row, first, recipients, cells, files, sum) VALUES(?, ?, ?, ?, ?, ?)";
        let values = params![self.row, self.first, self.recipients, self.cells, self.files, self.sum()];
        connection.prepare_cached(sql)?.execute(values).map(drop)
    }

    /// The ids of its recipients.
    fn ids(self, sum: &[u8]) -> Result<RangeInclusive<i64>, Trouble> {
        self.open(sum)?;
        Ok(self.first..=self.first.saturating_add(self.recipients - 1))
    }

    /// The row and its own files.
    fn open(&self, sum: &[u8]) -> Result<(row::Row, Vec<String>), Trouble> {
        let bad =
            || damaged(format!("row {} is damaged", self.row), format!("第 {} 行的记录已损坏", self.row));
        if self.sum() != *sum {
            return Err(bad());
        }
        let cells = serde_json::from_str(self.cells).map_err(|_| bad())?;
        let files = self.files.map(serde_json::from_str).transpose().map_err(|_| bad())?.unwrap_or_default();
        let number = u64::try_from(self.row).map_err(|_| bad())?;
        Ok((row::Row { number, cells }, files))
    }
}

fn role_number(role: Role) -> i64 {
    match role {
        Role::To => 0,
        Role::Cc => 1,
        Role::Bcc => 2,
    }
}

fn recipient_sum(id: i64, row: i64, role: i64, address: &str) -> [u8; SUM] {
    Sum::of(Table::Recipient).number(id).number(row).number(role).text(address).end()
}

pub(super) fn insert_recipient(connection: &Connection, loaded: &Loaded) -> rusqlite::Result<()> {
    let (id, role, address) = (loaded.id.0, role_number(loaded.role), loaded.address.as_str());
    let sql = "INSERT INTO recipient(id, row, role, address, sum) VALUES(?, ?, ?, ?, ?)";
    let sum = recipient_sum(id, loaded.row, role, address);
    connection.prepare_cached(sql)?.execute(params![id, loaded.row, role, address, sum]).map(drop)
}

/// The recipients with these ids, in order: all of them, or the ledger is damaged.
pub(super) fn recipients(
    connection: &Connection,
    ids: RangeInclusive<i64>,
    into: &mut Vec<Loaded>,
) -> Result<(), Trouble> {
    let sql = "SELECT id, row, role, address, sum FROM recipient WHERE id BETWEEN ? AND ? ORDER BY id";
    let mut select = connection.prepare_cached(sql)?;
    let mut rows = select.query([ids.start(), ids.end()])?;
    for expected in ids {
        let bad = || {
            damaged(format!("recipient {expected} is damaged"), format!("第 {expected} 号收件人的记录已损坏"))
        };
        let record = rows.next()?.ok_or_else(bad)?;
        let (id, row, number) = (record.get(0)?, record.get(1)?, record.get(2)?);
        let address = record.get_ref(3)?.as_str()?;
        if id != expected || record.get_ref(4)?.as_blob()? != recipient_sum(id, row, number, address) {
            return Err(bad());
        }
        let role = match number {
            0 => Role::To,
            1 => Role::Cc,
            2 => Role::Bcc,
            _ => return Err(bad()),
        };
        let address = Address::parse(address).map_err(|_| bad())?;
        into.push(Loaded { id: RecipientId(id), role, address, row });
    }
    Ok(())
}

/// The row of this number and its own files.
pub(super) fn letter(connection: &Connection, row: i64) -> Result<(row::Row, Vec<String>), Trouble> {
    let found = find(connection, row, |kept, sum| kept.open(sum))?;
    found.ok_or_else(|| damaged(format!("row {row} is missing"), format!("缺少第 {row} 行的记录")))
}

/// The ids of a row's recipients; `None` where there is no letter of it, which its neighbours confirm.
pub(super) fn ids_of_row(
    connection: &Connection,
    row: u64,
    recipients: i64,
) -> Result<Option<RangeInclusive<i64>>, Trouble> {
    let Ok(row) = i64::try_from(row) else { return Ok(None) };
    if let Some(ids) = find(connection, row, |kept, sum| kept.ids(sum))? {
        return Ok(Some(ids));
    }
    let neighbour = |sql: &str| -> Result<Option<RangeInclusive<i64>>, Trouble> {
        let row: Option<i64> = connection.prepare_cached(sql)?.query_row([row], |found| found.get(0))?;
        row.map(|row| find(connection, row, |kept, sum| kept.ids(sum))).transpose().map(Option::flatten)
    };
    let before = neighbour("SELECT max(row) FROM letter WHERE row < ?")?;
    let behind = neighbour("SELECT min(row) FROM letter WHERE row > ?")?;
    let (last, next) =
        (before.map_or(0, |ids| *ids.end()), behind.map_or(recipients + 1, |ids| *ids.start()));
    if last + 1 != next {
        return Err(damaged(
            format!("letters around row {row} are missing"),
            format!("第 {row} 行附近的记录缺失"),
        ));
    }
    Ok(None)
}

fn find<T>(
    connection: &Connection,
    row: i64,
    then: impl FnOnce(Kept<'_>, &[u8]) -> Result<T, Trouble>,
) -> Result<Option<T>, Trouble> {
    let sql = "SELECT first, recipients, cells, files, sum FROM letter WHERE row = ?";
    let mut select = connection.prepare_cached(sql)?;
    let mut rows = select.query([row])?;
    let Some(record) = rows.next()? else { return Ok(None) };
    let kept = Kept {
        row,
        first: record.get(0)?,
        recipients: record.get(1)?,
        cells: record.get_ref(2)?.as_str()?,
        files: record.get_ref(3)?.as_str_or_null()?,
    };
    then(kept, record.get_ref(4)?.as_blob()?).map(Some)
}

fn file_sum(path: &str, file: &FrozenFile) -> Option<([u8; SUM], i64)> {
    let size = i64::try_from(file.size).ok()?;
    Some((Sum::of(Table::File).text(path).text(&file.sha256).number(size).end(), size))
}

/// `false` where there is one of this path, or it is too large to be true.
pub(super) fn insert_file(connection: &Connection, path: &str, frozen: &FrozenFile) -> Result<bool, Trouble> {
    let Some((sum, size)) = file_sum(path, frozen) else { return Ok(false) };
    let sql = "INSERT INTO file(path, sha256, size, sum) VALUES(?, ?, ?, ?) ON CONFLICT DO NOTHING";
    let new = connection.prepare_cached(sql)?.execute(params![path, frozen.sha256, size, sum])?;
    Ok(new == 1)
}

/// A row's own file as it was frozen. One that is not found may be there nevertheless, in a damaged file: see
/// [`all_files_are_there`].
pub(super) fn file(connection: &Connection, path: &str) -> Result<Option<FrozenFile>, Trouble> {
    let mut select = connection.prepare_cached("SELECT path, sha256, size, sum FROM file WHERE path = ?")?;
    let mut rows = select.query([path])?;
    rows.next()?.map(read_file).transpose()
}

fn read_file(record: &Row<'_>) -> Result<FrozenFile, Trouble> {
    let path = record.get_ref(0)?.as_str()?;
    let bad =
        || damaged(format!("the record of the file {path} is damaged"), format!("文件 {path} 的记录已损坏"));
    let size = u64::try_from(record.get::<_, i64>(2)?).map_err(|_| bad())?;
    let frozen = FrozenFile { sha256: record.get(1)?, size };
    let (expected, _) = file_sum(path, &frozen).ok_or_else(bad)?;
    if *record.get_ref(3)?.as_blob()? != expected {
        return Err(bad());
    }
    Ok(frozen)
}

/// Whether as many files are there as were loaded, in their order: else one that is not found is not missing but
/// damaged.
pub(super) fn all_files_are_there(connection: &Connection) -> Result<(), Trouble> {
    let mut select = connection.prepare_cached("SELECT path, sha256, size, sum FROM file ORDER BY path")?;
    let mut rows = select.query([])?;
    let (mut last, mut count) = (None, 0);
    while let Some(record) = rows.next()? {
        read_file(record)?;
        let path: String = record.get(0)?;
        if last.is_some_and(|last| last >= path) {
            break;
        }
        (last, count) = (Some(path), count + 1);
    }
    if count != meta::count(connection, meta::FILES)? {
        return Err(damaged("records of frozen files are missing", "缺少冻结文件的记录"));
    }
    Ok(())
}
