//! The reply journal: what servers answered while the database was away, on this machine's disk until it is back.
//!
//! An append-only file of records, each a length, a checksum and JSON. A record is durable (`fdatasync`) before anybody is
//! told so. What a crash has torn off at the end is cut and reported; a checksum that is wrong in the middle is damage,
//! and refused. Once the database has taken a journal's records, the file is emptied.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hongyan_proto::said::said;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ledger::{Evidence, LedgerError, Outcome, RecipientId, SessionId, State, Time};

/// The most that is kept while the database is away, in octets: some hundred thousand answers.
pub const MAX_JOURNAL: u64 = 256 << 20;
/// The longest record, in octets.
const MAX_RECORD: u32 = 64 << 20;
/// The file's first line; the campaign's key follows, then a line end.
const HEADER: &str = "hongyan reply journal 1 ";
/// How much of the SHA-256 stands before each record.
const CHECKSUM: usize = 16;

/// An open journal, held by this process alone.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// Where the records begin.
    start: u64,
    /// Where the next one goes.
    end: u64,
}

/// An answer, with the epoch under which the letter was begun.
#[derive(Clone, Debug)]
pub(super) struct Settled {
    pub(super) outcome: Outcome,
    pub(super) epoch: Option<i64>,
}

/// An answer as it stands in the file.
#[derive(Serialize, Deserialize)]
struct Kept {
    id: i64,
    attempt: u32,
    epoch: Option<i64>,
    state: u8,
    due: Option<i64>,
    begun: i64,
    ended: i64,
    session: Option<i64>,
    reply: String,
    cause: String,
    conversation: String,
    message: Option<([u8; 32], u64)>,
}

impl Journal {
    /// Opens or makes the file; gives what was torn off its end, in octets.
    ///
    /// # Errors
    /// [`LedgerError::Busy`] where another process holds it; [`LedgerError::Refused`] where it belongs to another
    /// campaign; [`LedgerError::Damaged`]; [`LedgerError::Failed`] where it cannot be read or written.
    pub(super) fn open(path: &Path, campaign: &str) -> Result<(Self, u64), LedgerError> {
        let failed = |error: io::Error| unusable(path, &error);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(LedgerError::Busy { process: None });
        }
        let header = format!("{HEADER}{campaign}\n");
        let start = header.len() as u64;
        let length = file.metadata().map_err(failed)?.len();
        let mut first = vec![0; header.len().min(usize::try_from(length).unwrap_or(usize::MAX))];
        file.read_exact(&mut first).map_err(failed)?;
        if !header.as_bytes().starts_with(&first) {
            return Err(not_ours(path));
        }
        if length < start {
            file.set_len(0).map_err(failed)?;
            file.seek(SeekFrom::Start(0)).map_err(failed)?;
            file.write_all(header.as_bytes()).map_err(failed)?;
            file.sync_all().map_err(failed)?;
            let folder =
                path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
            return Ok((Self { path: path.to_owned(), file, start, end: start }, 0));
        }
        let mut journal = Self { path: path.to_owned(), file, start, end: start };
        let torn = journal.find_end(length)?;
        if torn > 0 {
            journal.file.set_len(journal.end).map_err(failed)?;
            journal.file.sync_all().map_err(failed)?;
        }
        Ok((journal, torn))
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.end == self.start
    }

    /// Sets `end` behind the last whole record; gives what lies behind that.
    fn find_end(&mut self, length: u64) -> Result<u64, LedgerError> {
        let mut at = self.start;
        while let Some((_, next)) = self.record(at, length)? {
            at = next;
        }
        self.end = at;
        Ok(length - at)
    }

    /// The record at an offset, and where the next one begins; `None` where the file ends before the record does.
    fn record(&mut self, at: u64, length: u64) -> Result<Option<(Vec<u8>, u64)>, LedgerError> {
        const HEAD: u64 = 4 + CHECKSUM as u64;
        if length.saturating_sub(at) < HEAD {
            return Ok(None);
        }
        let mut head = [0; 4 + CHECKSUM];
        self.file.seek(SeekFrom::Start(at)).map_err(|error| unusable(&self.path, &error))?;
        self.file.read_exact(&mut head).map_err(|error| unusable(&self.path, &error))?;
        let [a, b, c, d, checksum @ ..] = head;
        let size = u32::from_be_bytes([a, b, c, d]);
        let next = at + HEAD + u64::from(size);
        if size > MAX_RECORD || next > length {
            return Ok(None);
        }
        let mut record = vec![0; size as usize];
        self.file.read_exact(&mut record).map_err(|error| unusable(&self.path, &error))?;
        if checksum_of(&record) == checksum {
            return Ok(Some((record, next)));
        }
        // The last record may have been torn; one with others behind it was whole once.
        if next == length { Ok(None) } else { Err(damaged(&self.path, at)) }
    }

    /// Adds answers, durably.
    ///
    /// # Errors
    /// [`LedgerError::Failed`] where the disk does not take it, or it is full ([`MAX_JOURNAL`]). It is then as it was before.
    pub(super) fn append(&mut self, settled: &[Settled]) -> Result<(), LedgerError> {
        let kept: Vec<Kept> = settled.iter().map(Kept::from).collect();
        let record =
            serde_json::to_vec(&kept).map_err(|error| unusable(&self.path, &io::Error::other(error)))?;
        let size = u32::try_from(record.len()).ok().filter(|size| *size <= MAX_RECORD);
        let end = self.end + 4 + CHECKSUM as u64 + record.len() as u64;
        let Some(size) = size.filter(|_| end <= MAX_JOURNAL) else { return Err(full(&self.path)) };
        let mut octets = Vec::with_capacity(record.len() + 4 + CHECKSUM);
        octets.extend_from_slice(&size.to_be_bytes());
        octets.extend_from_slice(&checksum_of(&record));
        octets.extend_from_slice(&record);
        let wrote = self
            .file
            .seek(SeekFrom::Start(self.end))
            .and_then(|_| self.file.write_all(&octets))
            .and_then(|()| self.file.sync_data());
        if let Err(error) = wrote {
            let _ = self.file.set_len(self.end);
            return Err(unusable(&self.path, &error));
        }
        self.end = end;
        Ok(())
    }

    /// The answers of the record at an offset, and the offset of the next; `None` behind the last. Begin with 0.
    pub(super) fn read(&mut self, at: u64) -> Result<Option<(Vec<Settled>, u64)>, LedgerError> {
        let at = at.max(self.start);
        let Some((record, next)) = self.record(at, self.end)? else { return Ok(None) };
        let kept: Vec<Kept> = serde_json::from_slice(&record).map_err(|_| damaged(&self.path, at))?;
        let settled: Option<Vec<Settled>> = kept.into_iter().map(Kept::settled).collect();
        Ok(Some((settled.ok_or_else(|| damaged(&self.path, at))?, next)))
    }

    /// Empties it, durably: the database has everything.
    pub(super) fn clear(&mut self) -> Result<(), LedgerError> {
        self.file
            .set_len(self.start)
            .and_then(|()| self.file.sync_data())
            .map_err(|error| unusable(&self.path, &error))?;
        self.end = self.start;
        Ok(())
    }
}

impl From<&Settled> for Kept {
    fn from(Settled { outcome, epoch }: &Settled) -> Self {
        let evidence = outcome.evidence.clone();
        Self {
            id: outcome.id.0,
            attempt: outcome.attempt,
            epoch: *epoch,
            state: outcome.state as u8,
            due: outcome.due.map(|time| time.0),
            begun: evidence.begun.0,
            ended: evidence.ended.0,
            session: evidence.session.map(|session| session.0),
            reply: evidence.reply,
            cause: evidence.cause,
            conversation: evidence.conversation,
            message: evidence.message,
        }
    }
}

impl Kept {
    fn settled(self) -> Option<Settled> {
        let evidence = Evidence {
            begun: Time(self.begun),
            ended: Time(self.ended),
            session: self.session.map(SessionId),
            reply: self.reply,
            cause: self.cause,
            conversation: self.conversation,
            message: self.message,
        };
        let outcome = Outcome {
            id: RecipientId(self.id),
            attempt: self.attempt,
            state: State::from_number(i64::from(self.state))?,
            due: self.due.map(Time),
            evidence,
        };
        Some(Settled { outcome, epoch: self.epoch })
    }
}

fn checksum_of(record: &[u8]) -> [u8; CHECKSUM] {
    let mut checksum = [0; CHECKSUM];
    checksum.copy_from_slice(&Sha256::digest(record)[..CHECKSUM]);
    checksum
}

fn unusable(path: &Path, error: &io::Error) -> LedgerError {
    LedgerError::Failed(said(
        format!(
            "the reply journal {} cannot be used, {error}: make room or name another file with --journal",
            path.display()
        ),
        format!(
            "无法使用应答日志 {}（{error}）：请腾出磁盘空间，或用 --journal 指定另一个文件",
            path.display()
        ),
    ))
}

fn full(path: &Path) -> LedgerError {
    let mebibytes = MAX_JOURNAL >> 20;
    LedgerError::Failed(said(
        format!(
            "the reply journal {} has reached {mebibytes} MiB while the database was away: bring the database back, then \
             start the worker again",
            path.display()
        ),
        format!(
            "数据库断开期间，应答日志 {} 已达到 {mebibytes} MiB：请先恢复数据库，再启动 worker",
            path.display()
        ),
    ))
}

fn not_ours(path: &Path) -> LedgerError {
    LedgerError::Refused(said(
        format!(
            "{} is not the reply journal of this campaign: name another file with --journal",
            path.display()
        ),
        format!("{} 不是本活动的应答日志：请用 --journal 指定另一个文件", path.display()),
    ))
}

fn damaged(path: &Path, at: u64) -> LedgerError {
    LedgerError::Damaged(said(
        format!(
            "the reply journal {} is damaged at octet {at}: move it away and start again; what it held counts as in doubt",
            path.display()
        ),
        format!(
            "应答日志 {} 在第 {at} 字节处损坏：请移走该文件后重新启动；其中的记录按“存疑”处理",
            path.display()
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("hongyan-journal-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).expect("a folder");
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn answer(id: i64) -> Settled {
        let evidence = Evidence {
            begun: Time(1),
            ended: Time(2),
            session: Some(SessionId(3)),
            reply: "250 ok 收到".into(),
            cause: String::new(),
            conversation: "S: 250 ok".into(),
            message: Some(([7; 32], 9)),
        };
        let outcome =
            Outcome { id: RecipientId(id), attempt: 1, state: State::Accepted, due: Some(Time(5)), evidence };
        Settled { outcome, epoch: Some(4) }
    }

    fn ids(journal: &mut Journal) -> Vec<i64> {
        let (mut at, mut ids) = (0, Vec::new());
        while let Some((settled, next)) = journal.read(at).expect("readable") {
            ids.extend(settled.iter().map(|settled| settled.outcome.id.0));
            at = next;
        }
        ids
    }

    #[test]
    fn what_was_written_is_read_in_order_after_opening_it_again() {
        let folder = Folder::new("order");
        let path = folder.0.join("deep/journal");
        let (mut journal, torn) = Journal::open(&path, "k").expect("made");
        assert!(journal.is_empty() && torn == 0);
        journal.append(&[answer(1), answer(2)]).expect("written");
        journal.append(&[answer(3)]).expect("written");
        drop(journal);
        let (mut journal, torn) = Journal::open(&path, "k").expect("opened");
        assert_eq!((ids(&mut journal), torn), (vec![1, 2, 3], 0));
        let (read, _) = journal.read(0).expect("readable").expect("a record");
        assert_eq!(format!("{:?}", read[0]), format!("{:?}", answer(1)));
        journal.clear().expect("emptied");
        journal.append(&[answer(4)]).expect("written");
        assert_eq!(ids(&mut journal), [4]);
    }

    #[test]
    fn a_tail_torn_at_any_octet_is_cut_and_the_rest_stays() {
        let folder = Folder::new("torn");
        let path = folder.0.join("journal");
        let (mut journal, _) = Journal::open(&path, "k").expect("made");
        journal.append(&[answer(1)]).expect("written");
        let whole = journal.end;
        journal.append(&[answer(2)]).expect("written");
        drop(journal);
        let octets = std::fs::read(&path).expect("readable");
        for length in whole..octets.len() as u64 {
            std::fs::write(&path, &octets[..usize::try_from(length).expect("small")]).expect("ours");
            let (mut journal, torn) = Journal::open(&path, "k").expect("opened");
            assert_eq!((ids(&mut journal), torn), (vec![1], length - whole), "cut at {length}");
            journal.append(&[answer(3)]).expect("written");
            assert_eq!(ids(&mut journal), [1, 3]);
        }
        for length in 0..HEADER.len() + 2 {
            std::fs::write(&path, &octets[..length]).expect("ours");
            let (mut journal, _) = Journal::open(&path, "k").expect("a header that was torn");
            assert_eq!(ids(&mut journal), Vec::<i64>::new());
        }
    }

    #[test]
    fn a_changed_octet_is_damage_unless_it_is_in_the_last_record() {
        let folder = Folder::new("changed");
        let path = folder.0.join("journal");
        let (mut journal, _) = Journal::open(&path, "k").expect("made");
        journal.append(&[answer(1)]).expect("written");
        let (start, whole) = (journal.start, journal.end);
        journal.append(&[answer(2)]).expect("written");
        drop(journal);
        let octets = std::fs::read(&path).expect("readable");
        for at in start + 4..octets.len() as u64 {
            if (whole..whole + 4).contains(&at) {
                continue; // the length of the last record: the file then ends before it does, or is cut there
            }
            let mut changed = octets.clone();
            changed[usize::try_from(at).expect("small")] ^= 1;
            std::fs::write(&path, &changed).expect("ours");
            match Journal::open(&path, "k") {
                Ok((mut journal, torn)) => {
                    assert!(at >= whole && torn > 0, "octet {at} was not noticed");
                    assert_eq!(ids(&mut journal), [1]);
                }
                Err(error) => {
                    assert!(at < whole && matches!(error, LedgerError::Damaged(_)), "octet {at}: {error}");
                }
            }
        }
    }

    #[test]
    fn it_belongs_to_one_process_and_one_campaign() {
        let folder = Folder::new("one");
        let path = folder.0.join("journal");
        let (journal, _) = Journal::open(&path, "k").expect("made");
        assert!(matches!(Journal::open(&path, "k"), Err(LedgerError::Busy { .. })));
        drop(journal);
        assert!(matches!(Journal::open(&path, "other"), Err(LedgerError::Refused(_))));
    }
}
