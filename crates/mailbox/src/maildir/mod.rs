//! A Maildir: one file a message, delivered so that other programs may read, move and deliver at the same time.
//!
//! `tmp/` holds what is being written, `new/` what nobody has looked at, `cur/` the rest with its flags in the name
//! (<https://cr.yp.to/proto/maildir.html>). Subfolders are `.Name` beside them (Maildir++). What is ours, the lock, the
//! state and the index, is in `hongyan/`, where other programs do not look.
//!
//! A message is written octet for octet as the server sent it; lines keep the ends they have.
//!
//! - [`Maildir::begin`] and [`Maildir::commit`]: delivering, in groups that are safe together.
//! - [`Maildir::entries`], [`Maildir::find`], [`Maildir::set_flags`], [`Maildir::remove`]: what is there.
//! - [`FolderName`]: folders of any name, hostile ones included.

mod commit;
mod entries;
mod error;
mod flags;
mod folder;
mod incoming;
mod name;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use rustix::fs::{FileType, Mode, OFlags};

use crate::disk::{Disk, System};

pub use commit::{FEW, Kept};
pub use entries::{Entry, MAX_RETRIES, Place, STALE};
pub use error::{CommitError, OpenError};
pub use flags::Flags;
pub use folder::{FolderName, MAX_DIRECTORY};
pub use incoming::{BUFFER, Incoming, Written};

/// The three folders of every Maildir.
const PARTS: [&str; 3] = ["tmp", "new", "cur"];
/// Our own folder in a Maildir.
const OWN: &str = "hongyan";
/// The file in it with a folder's whole name, where the directory's was cut.
const NAME: &str = "name";
/// The longest such name that is read back, in octets.
const MAX_STATED: u64 = 64 * 1024;

/// An open Maildir. Cheap to clone; clones share what is open.
#[derive(Clone, Debug)]
pub struct Maildir {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    root: OwnedFd,
    tmp: OwnedFd,
    new: OwnedFd,
    cur: OwnedFd,
    names: name::Names,
    disk: Arc<dyn Disk>,
    /// Files of finished messages that are held open.
    open: AtomicUsize,
}

impl Maildir {
    /// Opens an existing Maildir.
    ///
    /// # Errors
    /// Where there is none, and why that is.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_on(path, Arc::new(System))
    }

    /// As [`open`](Self::open), on a disk of the caller's.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_on(path: impl AsRef<Path>, disk: Arc<dyn Disk>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => OpenError::Missing(path.to_owned()),
            io::ErrorKind::NotADirectory => OpenError::NotAFolder(path.to_owned()),
            _ => OpenError::Io { path: path.to_owned(), error },
        };
        let root = open_folder(rustix::fs::CWD, path.as_os_str()).map_err(failed)?;
        let mut folders = Vec::with_capacity(PARTS.len());
        let mut lacks = Vec::new();
        for part in PARTS {
            match open_folder(&root, OsStr::new(part)) {
                Ok(folder) => folders.push(folder),
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
                {
                    lacks.push(part);
                }
                Err(error) => return Err(OpenError::Io { path: path.join(part), error }),
            }
        }
        let Ok([tmp, new, cur]) = <[OwnedFd; 3]>::try_from(folders) else {
            return Err(OpenError::NotAMaildir { path: path.to_owned(), lacks });
        };
        let names = name::Names::new();
        let path = path.to_owned();
        Ok(Self {
            inner: Arc::new(Inner { path, root, tmp, new, cur, names, disk, open: AtomicUsize::new(0) }),
        })
    }

    /// Opens a Maildir, and makes it where there is nothing, an empty folder, or one with part of a Maildir in it.
    /// Folders are made for their owner alone (mode 0700).
    ///
    /// # Errors
    /// [`OpenError::Occupied`] where the folder holds something else; else as the system says.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::create_on(path, Arc::new(System))
    }

    /// As [`create`](Self::create), on a disk of the caller's.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_on(path: impl AsRef<Path>, disk: Arc<dyn Disk>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        match Self::open_on(path, Arc::clone(&disk)) {
            Err(OpenError::Missing(_)) => {}
            Err(OpenError::NotAMaildir { lacks, .. }) if lacks.len() == PARTS.len() => vacant(path)?,
            Err(OpenError::NotAMaildir { .. }) => {}
            opened => return opened,
        }
        make_folders(path).map_err(|error| OpenError::Io { path: path.to_owned(), error })?;
        Self::open_on(path, disk)
    }

    /// A folder of this mailbox, as a Maildir of its own.
    ///
    /// # Errors
    /// [`OpenError::NoFolder`] where there is none of this name; else as [`open`](Self::open).
    pub fn folder(&self, name: &FolderName) -> Result<Self, OpenError> {
        if name.is_inbox() {
            return Ok(self.clone());
        }
        match Self::open_on(self.path().join(name.directory()), Arc::clone(&self.inner.disk)) {
            Err(OpenError::Missing(path)) => Err(OpenError::NoFolder { name: name.to_string(), path }),
            opened => opened,
        }
    }

    /// A folder of this mailbox, made where it is not there yet.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_folder(&self, name: &FolderName) -> Result<Self, OpenError> {
        if name.is_inbox() {
            return Ok(self.clone());
        }
        match self.folder(name) {
            Err(OpenError::NoFolder { .. } | OpenError::NotAMaildir { .. }) => {}
            opened => return opened,
        }
        let path = self.path().join(name.directory());
        let io = |error| OpenError::Io { path: path.clone(), error };
        make_folders(&path).map_err(io)?;
        // Maildir++'s mark of a subfolder.
        File::create(path.join("maildirfolder")).map_err(io)?;
        let folder = Self::open_on(&path, Arc::clone(&self.inner.disk))?;
        if let Some(stated) = name.stated() {
            let own = folder.own().map_err(io)?;
            let mut file = File::create(folder.own_path().join(NAME)).map_err(io)?;
            file.write_all(stated.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
            rustix::fs::fsync(&own).map_err(|error| io(error.into()))?;
        }
        rustix::fs::fsync(&self.inner.root).map_err(|error| io(error.into()))?;
        Ok(folder)
    }

    /// The folders of this mailbox that are Maildirs, without the inbox, sorted by name. One whose directory is not
    /// UTF-8 is left out.
    ///
    /// # Errors
    /// As the system says.
    pub fn folders(&self) -> io::Result<Vec<FolderName>> {
        let mut found = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.inner.root)? {
            let entry = entry?;
            let Ok(directory) = entry.file_name().to_str() else { continue };
            let Some(name) = FolderName::of_directory(directory) else { continue };
            if !matches!(entry.file_type(), FileType::Directory | FileType::Symlink | FileType::Unknown) {
                continue;
            }
            let path = self.path().join(directory);
            if PARTS.iter().all(|part| path.join(part).is_dir()) {
                found.push(if name.is_cut() { stated_name(&path, directory).unwrap_or(name) } else { name });
            }
        }
        found.sort();
        Ok(found)
    }

    /// The Maildir's folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Where our own files of this Maildir are: the lock, the state, the index. It may not be there yet.
    #[must_use]
    pub fn own_path(&self) -> PathBuf {
        self.path().join(OWN)
    }

    /// Our own folder of this Maildir, made where it is not there yet, for its owner alone.
    ///
    /// # Errors
    /// As the system says.
    pub fn own(&self) -> io::Result<OwnedFd> {
        match open_folder(&self.inner.root, OsStr::new(OWN)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        match rustix::fs::mkdirat(&self.inner.root, OWN, Mode::RWXU) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        self.inner.disk.sync_directory(self.inner.root.as_fd())?;
        open_folder(&self.inner.root, OsStr::new(OWN))
    }

    /// The disk that it is on.
    pub(crate) fn disk(&self) -> &Arc<dyn Disk> {
        &self.inner.disk
    }
}

fn open_folder(at: impl AsFd, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(at, name, flags, Mode::empty())?)
}

/// Whether a Maildir may be made of this folder: there is nothing in it.
fn vacant(path: &Path) -> Result<(), OpenError> {
    let io = |error| OpenError::Io { path: path.to_owned(), error };
    match fs::read_dir(path).map_err(io)?.next() {
        None => Ok(()),
        Some(entry) => Err(OpenError::Occupied {
            path: path.to_owned(),
            by: entry.map_err(io)?.file_name().to_string_lossy().escape_debug().to_string(),
        }),
    }
}

/// Makes the folder and its three parts, and makes their names safe.
fn make_folders(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(path)?;
    for part in PARTS {
        builder.create(path.join(part))?;
    }
    File::open(path)?.sync_all()?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

/// The whole name of a folder whose directory was cut.
fn stated_name(path: &Path, directory: &str) -> Option<FolderName> {
    let mut stated = String::new();
    File::open(path.join(OWN).join(NAME)).ok()?.take(MAX_STATED).read_to_string(&mut stated).ok()?;
    FolderName::of_long(directory, &stated)
}
