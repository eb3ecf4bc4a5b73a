//! The file operations that decide whether a message is safe, and the order in which they reach the disk.
//!
//! Everything that delivers mail or records it goes through [`Disk`], so that a test can stop the program, fill the disk
//! or cut the power at any one of them. [`System`] is the real one. Files are named relative to open directories, so
//! that a folder that is moved or replaced meanwhile cannot lead a half-finished delivery somewhere else.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::BorrowedFd;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

/// What a Maildir and its state ask of a file system. Names are single components, never paths.
pub trait Disk: fmt::Debug + Send + Sync {
    /// A new file for appending, which nobody else can read (mode 0600). An existing name is an error.
    ///
    /// # Errors
    /// As the system says.
    fn create(&self, directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<File>;

    /// Writes all octets at the end of the file.
    ///
    /// # Errors
    /// As the system says; part of the octets may have been written.
    fn write(&self, file: &File, octets: &[u8]) -> io::Result<()>;

    /// Makes a file's content safe (`fdatasync`).
    ///
    /// # Errors
    /// As the system says; the content must then be taken for lost.
    fn sync_file(&self, file: &File) -> io::Result<()>;

    /// Makes everything in the file system of this directory safe: contents and names (`syncfs`).
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`] where there is no such call or where it does not report errors: sync each file
    /// then. Else as the system says; what was written since the last call must then be taken for lost.
    fn sync_file_system(&self, directory: BorrowedFd<'_>) -> io::Result<()>;

    /// Makes the names in a directory safe (`fsync`).
    ///
    /// # Errors
    /// As the system says.
    fn sync_directory(&self, directory: BorrowedFd<'_>) -> io::Result<()>;

    /// Moves a file to a name that nobody has.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] where somebody has it; nothing is ever overwritten.
    fn rename(&self, from: BorrowedFd<'_>, old: &OsStr, to: BorrowedFd<'_>, new: &OsStr) -> io::Result<()>;

    /// Moves a file over another one in the same directory, which is gone then.
    ///
    /// # Errors
    /// As the system says.
    fn replace(&self, directory: BorrowedFd<'_>, old: &OsStr, new: &OsStr) -> io::Result<()>;

    /// Cuts a file to a length.
    ///
    /// # Errors
    /// As the system says.
    fn cut(&self, file: &File, length: u64) -> io::Result<()>;

    /// Removes a name.
    ///
    /// # Errors
    /// As the system says.
    fn remove(&self, directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<()>;
}

/// The operating system's file operations.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Disk for System {
    fn create(&self, directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::APPEND | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(directory, name, flags, Mode::RUSR | Mode::WUSR)?.into())
    }

    fn write(&self, mut file: &File, octets: &[u8]) -> io::Result<()> {
        file.write_all(octets)
    }

    fn sync_file(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn sync_file_system(&self, directory: BorrowedFd<'_>) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if syncfs_reports_errors() {
            return match rustix::fs::syncfs(directory) {
                Err(Errno::NOSYS | Errno::INVAL | Errno::OPNOTSUPP) => Err(io::ErrorKind::Unsupported.into()),
                done => Ok(done?),
            };
        }
        let _ = directory;
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync_directory(&self, directory: BorrowedFd<'_>) -> io::Result<()> {
        match rustix::fs::fsync(directory) {
            // Some network and FUSE file systems cannot sync a directory, and keep names safe by themselves.
            Err(Errno::INVAL) => Ok(()),
            done => Ok(done?),
        }
    }

    fn rename(&self, from: BorrowedFd<'_>, old: &OsStr, to: BorrowedFd<'_>, new: &OsStr) -> io::Result<()> {
        let flags = rustix::fs::RenameFlags::NOREPLACE;
        match rustix::fs::renameat_with(from, old, to, new, flags) {
            Err(Errno::NOSYS | Errno::INVAL | Errno::OPNOTSUPP) => rename_in_steps(from, old, to, new),
            done => Ok(done?),
        }
    }

    fn replace(&self, directory: BorrowedFd<'_>, old: &OsStr, new: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(directory, old, directory, new)?)
    }

    fn cut(&self, file: &File, length: u64) -> io::Result<()> {
        file.set_len(length)
    }

    fn remove(&self, directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(directory, name, AtFlags::empty())?)
    }
}

/// Without `renameat2`: a second name, which fails where it is taken, and then the first one away. Where the file
/// system has no links either, a look and a plain rename: names are unique, so what comes between is no other delivery.
fn rename_in_steps(from: BorrowedFd<'_>, old: &OsStr, to: BorrowedFd<'_>, new: &OsStr) -> io::Result<()> {
    match rustix::fs::linkat(from, old, to, new, AtFlags::empty()) {
        Ok(()) => return Ok(rustix::fs::unlinkat(from, old, AtFlags::empty())?),
        Err(Errno::PERM | Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL | Errno::MLINK) => {}
        Err(other) => return Err(other.into()),
    }
    match rustix::fs::statat(to, new, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => Ok(rustix::fs::renameat(from, old, to, new)?),
        Err(other) => Err(other.into()),
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
    }
}

/// Before Linux 5.8 `syncfs` returned success whatever became of the data (syncfs(2), "Versions").
#[cfg(target_os = "linux")]
fn syncfs_reports_errors() -> bool {
    use std::sync::OnceLock;
    static REPORTS: OnceLock<bool> = OnceLock::new();
    *REPORTS.get_or_init(|| {
        let system = rustix::system::uname();
        let release = system.release().to_string_lossy();
        let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse::<u32>().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (5, 8)
    })
}
