//! The copy's place: beside the sheet, under a name that nobody has, and only when it is complete and safe on disk.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chrono::NaiveDateTime;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::WriteBackError;

/// How many names of one minute are tried.
const NAMES: u32 = 100;

/// Where a copy goes.
pub(super) struct Target {
    folder: PathBuf,
    stem: OsString,
    extension: String,
    path: PathBuf,
}

impl Target {
    pub(super) fn beside(sheet: &Path, label: &str, now: NaiveDateTime, extension: String) -> Self {
        let folder = match sheet.parent() {
            Some(folder) if folder != Path::new("") => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let mut stem = sheet.file_stem().map(OsString::from).unwrap_or_default();
        stem.push(format!("-{label}-{}", now.format("%Y%m%d-%H%M")));
        let mut target = Self { folder, stem, extension, path: PathBuf::new() };
        target.path = target.numbered(1);
        target
    }

    /// The name that is tried first.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut name = self.stem.clone();
        if number > 1 {
            name.push(format!("-{number}"));
        }
        name.push(format!(".{}", self.extension));
        self.folder.join(name)
    }

    /// A new file that only its owner can read, with a name that says that it is not complete.
    pub(super) fn draft(&self) -> Result<Draft, WriteBackError> {
        let failed = |error| WriteBackError::Io(self.path.clone(), error);
        for _ in 0..NAMES {
            let mut random = [0; 8];
            getrandom::getrandom(&mut random).map_err(|error| failed(io::Error::other(error)))?;
            let path = self.folder.join(format!(".hongyan-{:016x}.tmp", u64::from_le_bytes(random)));
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => return Ok(Draft { file, path, published: false }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(WriteBackError::Crowded(self.path.clone()))
    }
}

/// A copy that is being written; it is removed unless it is published.
pub(super) struct Draft {
    file: File,
    path: PathBuf,
    published: bool,
}

impl Draft {
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Makes it safe, and gives it the first name that nobody has.
    pub(super) fn publish(mut self, target: &Target) -> Result<PathBuf, WriteBackError> {
        let failed = |error| WriteBackError::Io(target.path.clone(), error);
        self.file.sync_all().map_err(failed)?;
        for number in 1..=NAMES {
            let name = target.numbered(number);
            match move_to_free_name(&self.path, &name) {
                Ok(()) => {
                    self.published = true;
                    File::open(&target.folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
                    return Ok(name);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(WriteBackError::Crowded(target.path.clone()))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published {
            // Nothing more can be done about it than to leave a file behind whose name says what it is.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Renames without ever replacing a file, also where the file system cannot do both in one step.
fn move_to_free_name(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {
            fs::hard_link(from, to)?;
            fs::remove_file(from)
        }
        other => Ok(other?),
    }
}
