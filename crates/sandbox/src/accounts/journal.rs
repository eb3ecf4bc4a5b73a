//! The accounts' file beside the mails: `.mailboxes`, a JSON object on each line, appended as things happen.
//!
//! It is written anew (elsewhere, then renamed) at a start that finds it longer than it needs to be, and
//! after a write that failed. What cannot be read of it ends it: the file is set aside as
//! `.mailboxes.broken`, and whoever reads it must not trust the UIDs that it gave.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::record::{FORMAT, Record};

/// The file's name.
pub(super) const NAME: &str = ".mailboxes";
/// What a broken one is called from then on.
pub(super) const BROKEN: &str = ".mailboxes.broken";
/// Where it is written anew.
const NEW: &str = ".mailboxes.new";
/// The longest line that is read, in octets.
const MAX_LINE: u64 = 16 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    /// `None` after a write that failed: what was last written may be half a line.
    file: Option<File>,
}

/// What a journal said.
pub(super) struct Replayed {
    /// How many records.
    pub(super) records: usize,
    /// All of it could be read.
    pub(super) whole: bool,
}

impl Journal {
    /// Reads what was written, each record in turn; nothing where there is no file.
    pub(super) fn read(folder: &Path, mut apply: impl FnMut(Record)) -> io::Result<Replayed> {
        let path = folder.join(NAME);
        let mut lines = match File::open(&path) {
            Ok(file) => BufReader::new(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Replayed { records: 0, whole: true });
            }
            Err(error) => return Err(error),
        };
        let (mut line, mut records) = (Vec::new(), 0);
        loop {
            line.clear();
            io::Read::take(&mut lines, MAX_LINE).read_until(b'\n', &mut line)?;
            if line.is_empty() {
                return Ok(Replayed { records, whole: true });
            }
            let read = line.ends_with(b"\n").then(|| serde_json::from_slice(&line).ok()).flatten();
            let begun = |record: &Record| records > 0 || *record == Record::Format { version: FORMAT };
            match read.filter(begun) {
                Some(record) => apply(record),
                None => {
                    fs::rename(&path, folder.join(BROKEN))?;
                    return Ok(Replayed { records, whole: false });
                }
            }
            records += 1;
        }
    }

    /// Goes on writing behind what is there.
    pub(super) fn append_to(folder: &Path) -> io::Result<Self> {
        let path = folder.join(NAME);
        let file = OpenOptions::new().append(true).open(&path)?;
        Ok(Self { path, file: Some(file) })
    }

    /// Writes this and nothing else.
    pub(super) fn written_anew(folder: &Path, records: impl Iterator<Item = Record>) -> io::Result<Self> {
        let mut journal = Self { path: folder.join(NAME), file: None };
        journal.write_anew(records)?;
        Ok(journal)
    }

    pub(super) fn write_anew(&mut self, records: impl Iterator<Item = Record>) -> io::Result<()> {
        self.file = None;
        let new = self.path.with_file_name(NEW);
        let written = File::create(&new).and_then(|file| {
            let mut file = BufWriter::new(file);
            for record in records {
                write(&mut file, &record)?;
            }
            file.flush()?;
            fs::rename(&new, &self.path)
        });
        if let Err(error) = written {
            // The first error is the one to be told.
            let _ = fs::remove_file(&new);
            return Err(error);
        }
        self.file = Some(OpenOptions::new().append(true).open(&self.path)?);
        Ok(())
    }

    /// Whether [`append`](Self::append) would find something to append to.
    pub(super) fn is_sound(&self) -> bool {
        self.file.is_some()
    }

    /// Adds records, in one write. After an error the file is to be written anew.
    pub(super) fn append(&mut self, records: &[Record]) -> io::Result<()> {
        let mut text = Vec::new();
        for record in records {
            write(&mut text, record)?;
        }
        let file = self.file.as_mut().ok_or_else(|| io::Error::other("the journal is not sound"))?;
        file.write_all(&text).inspect_err(|_| self.file = None)
    }
}

fn write(to: &mut impl Write, record: &Record) -> io::Result<()> {
    serde_json::to_writer(&mut *to, record)?;
    to.write_all(b"\n")
}
