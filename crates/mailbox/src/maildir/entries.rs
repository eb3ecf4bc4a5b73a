//! What is in a Maildir, while other programs move it about.
//!
//! Names alone are read, no file is looked at, so a listing of 100,000 messages costs a few directory reads. Other
//! programs rename a message when they change its flags or move it from `new` to `cur`; its unique name stays. A name
//! read a moment ago may be gone, so everything here that touches a file finds it again by its unique name, and a
//! directory that changed while it was read is read once more.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::{Flags, Inner, Maildir, name};

/// How often something is tried again that another program's renaming got in the way of.
pub const MAX_RETRIES: usize = 8;
/// A file in `tmp/` that nobody has written to for this long was given up (<https://cr.yp.to/proto/maildir.html>).
pub const STALE: Duration = Duration::from_secs(36 * 60 * 60);

/// No file system's clock in use is coarser, but FAT's, which cannot hold a Maildir anyway.
const TICK: Duration = Duration::from_millis(20);

/// What tells whether the two folders were changed meanwhile.
struct Changed {
    folders: [Duration; 2],
    now: Duration,
}

/// Which of the two folders a message is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// `new`: no mail reader has seen it.
    New,
    /// `cur`: its name may carry flags.
    Cur,
}

/// A message's file, as it was named when it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    place: Place,
    name: OsString,
}

impl Entry {
    pub(super) fn new(place: Place, name: OsString) -> Self {
        Self { place, name }
    }

    /// The folder.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// The file's name.
    #[must_use]
    pub fn name(&self) -> &OsStr {
        &self.name
    }

    /// What no program changes of the name: all before the first `:`.
    #[must_use]
    pub fn unique(&self) -> &OsStr {
        name::unique(&self.name)
    }

    /// The flags in the name. In `new` there are none.
    #[must_use]
    pub fn flags(&self) -> Flags {
        match self.place {
            Place::New => Flags::NONE,
            Place::Cur => name::flags(&self.name),
        }
    }

    /// The size in octets that the name states, if it does. Anybody may have written the name.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        name::size(&self.name)
    }

    /// Where the file is in a Maildir.
    #[must_use]
    pub fn path(&self, maildir: &Maildir) -> PathBuf {
        self.path_in(maildir.path())
    }

    pub(super) fn path_in(&self, maildir: &Path) -> PathBuf {
        let folder = match self.place {
            Place::New => "new",
            Place::Cur => "cur",
        };
        maildir.join(folder).join(&self.name)
    }
}

impl Maildir {
    /// All messages, in no order. One that is there all the while is listed exactly once, whatever other programs
    /// rename meanwhile; one that comes or goes may or may not be listed. Names that begin with a dot are no messages.
    ///
    /// # Errors
    /// As the system says.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        let before = self.inner.changed()?;
        let mut entries = self.inner.read_all()?;
        if self.inner.unchanged_since(&before)? {
            return Ok(entries);
        }
        let mut newest: HashMap<OsString, Entry> = HashMap::new();
        for _ in 0..MAX_RETRIES {
            newest.extend(entries.into_iter().map(|entry| (entry.unique().to_owned(), entry)));
            let before = self.inner.changed()?;
            entries = self.inner.read_all()?;
            if self.inner.unchanged_since(&before)? {
                return Ok(entries);
            }
        }
        newest.extend(entries.into_iter().map(|entry| (entry.unique().to_owned(), entry)));
        Ok(newest.into_values().collect())
    }

    /// The message of this unique name, however its file is named now.
    ///
    /// # Errors
    /// As the system says.
    pub fn find(&self, unique: impl AsRef<OsStr>) -> io::Result<Option<Entry>> {
        let unique = unique.as_ref();
        if !is_name(unique) {
            return Ok(None);
        }
        for _ in 0..MAX_RETRIES {
            if let Some(entry) = self.inner.guess(unique)? {
                return Ok(Some(entry));
            }
            let before = self.inner.changed()?;
            for place in [Place::New, Place::Cur] {
                let mut found = None;
                self.inner.read(place, |name| {
                    if name::unique(name) == unique {
                        found = Some(Entry::new(place, name.to_owned()));
                    }
                })?;
                if found.is_some() {
                    return Ok(found);
                }
            }
            if self.inner.unchanged_since(&before)? {
                break;
            }
        }
        Ok(None)
    }

    /// Opens a message for reading.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] where it is not there; else as the system says.
    pub fn read(&self, unique: impl AsRef<OsStr>) -> io::Result<(Entry, File)> {
        self.with_entry(unique.as_ref(), |entry| {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
            let at = self.inner.directory(entry.place);
            let file = rustix::fs::openat(at, entry.name(), flags, Mode::empty())?;
            Ok((entry, file.into()))
        })
    }

    /// Sets the six standard flags of a message to exactly these and keeps what other letters it has. In `new` it
    /// moves to `cur`, as flags have no place there. Flags are not made safe on disk: a power failure may undo it.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] where it is not there; else as the system says.
    pub fn set_flags(&self, unique: impl AsRef<OsStr>, flags: Flags) -> io::Result<Entry> {
        let unique = unique.as_ref();
        self.with_entry(unique, |entry| {
            let wanted = Entry::new(Place::Cur, name::with_flags(unique, entry.flags().with_standard(flags)));
            if wanted != entry {
                let (from, to) = (self.inner.directory(entry.place), self.inner.directory(wanted.place));
                self.inner.disk.rename(from, entry.name(), to, wanted.name())?;
            }
            Ok(wanted)
        })
    }

    /// Removes a message. Whether it was there.
    ///
    /// # Errors
    /// As the system says.
    pub fn remove(&self, unique: impl AsRef<OsStr>) -> io::Result<bool> {
        let removed = self.with_entry(unique.as_ref(), |entry| {
            self.inner.disk.remove(self.inner.directory(entry.place), entry.name())
        });
        match removed {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            done => done.map(|()| true),
        }
    }

    /// Removes what deliveries, ours and other programs', left in `tmp/` and nobody has written to since `now` minus
    /// [`STALE`]. How many files that were.
    ///
    /// # Errors
    /// As the system says.
    pub fn sweep(&self, now: SystemTime) -> io::Result<usize> {
        let oldest = since_epoch(now).saturating_sub(STALE).as_secs();
        let mut removed = 0;
        for entry in rustix::fs::Dir::read_from(&self.inner.tmp)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            let stat = match rustix::fs::statat(&self.inner.tmp, name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => continue,
                stat => stat?,
            };
            let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
            if is_file && u64::try_from(stat.st_mtime).is_ok_and(|written| written < oldest) {
                self.inner.disk.remove(self.inner.tmp.as_fd(), name)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Does something with a message's file, again with its new name where another program renamed it just then.
    fn with_entry<T>(&self, unique: &OsStr, mut act: impl FnMut(Entry) -> io::Result<T>) -> io::Result<T> {
        let gone = || io::Error::new(io::ErrorKind::NotFound, "the message is no longer in the Maildir");
        for _ in 0..MAX_RETRIES {
            let entry = self.find(unique)?.ok_or_else(gone)?;
            match act(entry) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                done => return done,
            }
        }
        Err(gone())
    }
}

impl Inner {
    /// When the two folders were last changed, and what time it is.
    fn changed(&self) -> io::Result<Changed> {
        let mut changed = Changed { folders: [Duration::ZERO; 2], now: since_epoch(SystemTime::now()) };
        for (time, folder) in changed.folders.iter_mut().zip([&self.new, &self.cur]) {
            let stat = rustix::fs::fstat(folder)?;
            let seconds = u64::try_from(stat.st_mtime).unwrap_or_default();
            *time = Duration::new(seconds, u32::try_from(stat.st_mtime_nsec).unwrap_or_default());
        }
        Ok(changed)
    }

    /// Whether nothing was renamed in the two folders since then. Two changes within one tick of the file system's clock
    /// cannot be told apart, so a folder that had been changed just before does not count as unchanged.
    fn unchanged_since(&self, before: &Changed) -> io::Result<bool> {
        let settled = before.folders.iter().all(|&time| time + TICK < before.now);
        Ok(settled && self.changed()?.folders == before.folders)
    }

    /// `new` before `cur`, so that what moves from one to the other meanwhile is seen at least once.
    fn read_all(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for place in [Place::New, Place::Cur] {
            self.read(place, |name| entries.push(Entry::new(place, name.to_owned())))?;
        }
        Ok(entries)
    }

    fn read(&self, place: Place, mut each: impl FnMut(&OsStr)) -> io::Result<()> {
        for entry in rustix::fs::Dir::read_from(self.directory(place))? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            let may_be_file =
                matches!(entry.file_type(), FileType::RegularFile | FileType::Symlink | FileType::Unknown);
            if may_be_file && is_name(name) {
                each(name);
            }
        }
        Ok(())
    }

    /// The names that a message most often has, tried before a folder is read.
    fn guess(&self, unique: &OsStr) -> io::Result<Option<Entry>> {
        let cur = |flags| Entry::new(Place::Cur, name::with_flags(unique, flags));
        let guesses = [
            Entry::new(Place::New, unique.to_owned()),
            cur(Flags::SEEN),
            cur(Flags::NONE),
            cur(Flags::REPLIED | Flags::SEEN),
            Entry::new(Place::Cur, unique.to_owned()),
        ];
        for entry in guesses {
            match rustix::fs::statat(self.directory(entry.place), entry.name(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(_) => return Ok(Some(entry)),
                Err(Errno::NOENT | Errno::NAMETOOLONG) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Whether this can be a message's name: one path component that does not begin with a dot.
fn is_name(name: &OsStr) -> bool {
    let octets = name.as_bytes();
    !octets.is_empty() && octets[0] != b'.' && !octets.contains(&b'/') && !octets.contains(&0)
}
