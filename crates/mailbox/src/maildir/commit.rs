//! Making a group of messages safe and putting them in place.
//!
//! The order, and why: first the contents (one `syncfs` for a group, `fdatasync` for each of a [`FEW`]), so that no
//! name in `new/` can ever come back from a power failure with less than the whole message behind it; then the names,
//! each moved in one step that overwrites nothing; then the folders that got them, so that the names are there too.
//! Only when all of that is done does [`Maildir::commit`] return, and only then may a server be told to delete.
//!
//! `syncfs` makes the whole file system safe and reports a failed write of any file in it since the folder was opened
//! or last synced (Linux 5.8 and later). A group can thereby fail for another program's file; it is then fetched
//! again, which is the harmless side to err on.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};

use super::incoming::Held;
use super::{CommitError, Entry, Flags, Inner, Maildir, Place, Written, name};
use crate::fingerprint::Hash;

/// How many messages are made safe one by one; more of them, all at once.
pub const FEW: usize = 4;

/// A message in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its unique name, by which it is found again whatever becomes of its flags.
    pub unique: String,
    /// The file, as it was delivered.
    pub path: PathBuf,
    /// Octets.
    pub size: u64,
    /// SHA-256 of all octets.
    pub hash: Hash,
    /// SHA-256 of the head.
    pub head: Hash,
}

impl Maildir {
    /// Makes a group of messages safe and puts each into `new/`, or, with flags, into `cur/`. When this returns, they
    /// are there after a power failure too. The result is in the order of the group.
    ///
    /// # Errors
    /// What became of each message is in the error; nothing partial is ever in place.
    pub fn commit(&self, group: Vec<(Written, Flags)>) -> Result<Vec<Kept>, CommitError> {
        self.commit_with(group, None)
    }

    /// The same, with another file made safe before any message is in place.
    pub(crate) fn commit_with(
        &self,
        group: Vec<(Written, Flags)>,
        also: Option<&File>,
    ) -> Result<Vec<Kept>, CommitError> {
        if group.iter().any(|(written, _)| !Arc::ptr_eq(&written.held.maildir, &self.inner)) {
            let error =
                io::Error::new(io::ErrorKind::InvalidInput, "a message was written for another Maildir");
            return Err(CommitError::nothing(group.len(), "deliver mail", error));
        }
        if group.is_empty() {
            return Ok(Vec::new());
        }
        if let Err(error) = self.inner.sync_contents(&group, also) {
            return Err(CommitError::nothing(group.len(), "make mail safe on disk", error));
        }
        self.move_into_place(group)
    }

    fn move_into_place(&self, group: Vec<(Written, Flags)>) -> Result<Vec<Kept>, CommitError> {
        let (all, mut used) = (group.len(), Vec::with_capacity(2));
        let mut kept = Vec::with_capacity(all);
        let mut failed = None;
        for (mut written, flags) in group {
            match self.inner.place(&mut written, flags) {
                Ok((place, delivered)) => {
                    if !used.contains(&place) {
                        used.push(place);
                    }
                    kept.push(delivered);
                }
                Err(error) => {
                    failed = Some(("put mail into the Maildir", error));
                    break;
                }
            }
        }
        for place in used {
            if let Err(error) = self.inner.disk.sync_directory(self.inner.directory(place)) {
                let lost = all - kept.len();
                let doing = "make the names of mail safe on disk";
                return Err(CommitError { kept: Vec::new(), doubtful: kept, lost, doing, error });
            }
        }
        match failed {
            None => Ok(kept),
            Some((doing, error)) => {
                let lost = all - kept.len();
                Err(CommitError { kept, doubtful: Vec::new(), lost, doing, error })
            }
        }
    }
}

impl Inner {
    /// The directory of a place.
    pub(super) fn directory(&self, place: Place) -> BorrowedFd<'_> {
        match place {
            Place::New => self.new.as_fd(),
            Place::Cur => self.cur.as_fd(),
        }
    }

    fn sync_contents(&self, group: &[(Written, Flags)], also: Option<&File>) -> io::Result<()> {
        if group.len() > FEW {
            match self.disk.sync_file_system(self.tmp.as_fd()) {
                Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    // Our own folder may be a link to another file system.
                    let elsewhere = match also {
                        Some(file) => rustix::fs::fstat(file)?.st_dev != rustix::fs::fstat(&self.tmp)?.st_dev,
                        None => false,
                    };
                    return also.filter(|_| elsewhere).map_or(Ok(()), |file| self.disk.sync_file(file));
                }
            }
        }
        if let Some(file) = also {
            self.disk.sync_file(file)?;
        }
        group.iter().try_for_each(|(written, _)| self.sync_one(&written.held))
    }

    /// A file that was closed meanwhile is opened again: an error of writing it back is reported to whoever asks
    /// first, also through a later descriptor (Linux 4.13 and later).
    fn sync_one(&self, held: &Held) -> io::Result<()> {
        if let Some(file) = &held.file {
            return self.disk.sync_file(file);
        }
        let flags = OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = File::from(rustix::fs::openat(&self.tmp, held.name.as_str(), flags, Mode::empty())?);
        self.disk.sync_file(&file)
    }

    fn place(&self, written: &mut Written, flags: Flags) -> io::Result<(Place, Kept)> {
        let unique = written.unique();
        let (place, name) = if flags.is_empty() {
            (Place::New, OsString::from(&unique))
        } else {
            (Place::Cur, name::with_flags(OsStr::new(&unique), flags))
        };
        let old = OsStr::new(&written.held.name);
        self.disk.rename(self.tmp.as_fd(), old, self.directory(place), &name)?;
        written.held.moved = true;
        let path = Entry::new(place, name).path_in(&self.path);
        Ok((place, Kept { unique, path, size: written.size, hash: written.hash, head: written.head }))
    }
}
