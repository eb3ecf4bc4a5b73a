//! Disks that fail: at the n-th operation the program is killed, the disk is full or broken, or the power goes.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use hongyan_mailbox::disk::{Disk, System};

/// What becomes of the n-th operation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// The process is killed; a write is half done.
    Killed,
    /// It fails this once with this error of the system; a write is half done.
    Once(i32),
    /// It and all behind it fail with this error, but what only takes something away.
    FromThen(i32),
    /// The power goes: it and all behind it fail, and then [`Failing::lose_power`] takes what was not safe.
    Power,
}

#[derive(Debug)]
pub(crate) struct Failing {
    fate: Fate,
    at: usize,
    done: AtomicUsize,
    unsafe_yet: Mutex<Unsafe>,
    /// For what is replaced and may come back.
    attic: PathBuf,
}

/// What has been done and would not survive a power failure.
#[derive(Debug, Default)]
struct Unsafe {
    /// Where each file is, by its number, and how much of its content is safe.
    files: HashMap<u64, (PathBuf, u64)>,
    names: Vec<Renamed>,
}

#[derive(Debug)]
struct Renamed {
    /// None for a new file.
    from: Option<PathBuf>,
    to: PathBuf,
    replaced: Option<PathBuf>,
}

impl Failing {
    pub(crate) fn new(fate: Fate, at: usize, attic: &Path) -> Self {
        let (done, unsafe_yet) = (AtomicUsize::new(0), Mutex::default());
        Self { fate, at, done, unsafe_yet, attic: attic.to_owned() }
    }

    /// How many operations there were.
    pub(crate) fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    fn turn(&self, takes_away: bool) -> io::Result<()> {
        let now = self.done.fetch_add(1, Ordering::Relaxed);
        match self.fate {
            Fate::Killed if now == self.at => {
                let _ =
                    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
                unreachable!("killed");
            }
            Fate::Once(error) if now == self.at => Err(io::Error::from_raw_os_error(error)),
            Fate::FromThen(error) if now >= self.at && !takes_away => {
                Err(io::Error::from_raw_os_error(error))
            }
            Fate::Power if now >= self.at => Err(io::Error::other("the power is off")),
            _ => Ok(()),
        }
    }

    fn about_to_fail(&self) -> bool {
        let next = self.done();
        next == self.at || next > self.at && matches!(self.fate, Fate::FromThen(_))
    }

    fn note(&self, note: impl FnOnce(&mut Unsafe)) {
        if matches!(self.fate, Fate::Power) {
            note(&mut self.unsafe_yet.lock().expect("not poisoned"));
        }
    }

    /// Takes away, by the seed's choice, what was not made safe: names that were given come undone, and content is cut
    /// or becomes zeros.
    pub(crate) fn lose_power(&self, mut seed: u64) {
        let mut roll = |sides: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % sides
        };
        let mut lost = self.unsafe_yet.lock().expect("not poisoned");
        for Renamed { from, to, replaced } in std::mem::take(&mut lost.names).into_iter().rev() {
            if roll(2) == 0 {
                continue;
            }
            match from {
                Some(from) => {
                    let _ = fs::rename(&to, &from);
                    lost.files
                        .values_mut()
                        .filter(|(path, _)| *path == to)
                        .for_each(|(path, _)| path.clone_from(&from));
                }
                None => drop(fs::remove_file(&to)),
            }
            if let Some(replaced) = replaced {
                let _ = fs::rename(replaced, &to);
            }
        }
        for (number, (path, safe)) in lost.files.drain() {
            let Ok(file) = OpenOptions::new().write(true).open(&path) else { continue };
            let (there, length) = file.metadata().map(|file| (file.ino(), file.len())).expect("metadata");
            if there != number || length <= safe {
                continue;
            }
            match roll(4) {
                0 => {}
                1 => file.set_len(safe).expect("cuts"),
                2 => file.set_len(safe + roll(length - safe)).expect("cuts"),
                _ => file.write_all_at(&vec![0; (length - safe) as usize], safe).expect("writes"),
            }
        }
    }
}

fn path_of(descriptor: &impl AsRawFd) -> PathBuf {
    fs::read_link(format!("/proc/self/fd/{}", descriptor.as_raw_fd())).expect("a path")
}

impl Disk for Failing {
    fn create(&self, directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<File> {
        self.turn(false)?;
        let file = System.create(directory, name)?;
        self.note(|lost| {
            let path = path_of(&directory).join(name);
            lost.files.insert(file.metadata().expect("metadata").ino(), (path.clone(), 0));
            lost.names.push(Renamed { from: None, to: path, replaced: None });
        });
        Ok(file)
    }

    fn write(&self, file: &File, octets: &[u8]) -> io::Result<()> {
        self.note(|lost| {
            let metadata = file.metadata().expect("metadata");
            lost.files.entry(metadata.ino()).or_insert_with(|| (path_of(file), metadata.len()));
        });
        if self.about_to_fail() {
            System.write(file, &octets[..octets.len() / 2])?;
        }
        self.turn(false)?;
        System.write(file, octets)
    }

    fn sync_file(&self, file: &File) -> io::Result<()> {
        self.turn(false)?;
        self.note(|lost| {
            let metadata = file.metadata().expect("metadata");
            lost.files.insert(metadata.ino(), (path_of(file), metadata.len()));
        });
        Ok(())
    }

    fn sync_file_system(&self, _: BorrowedFd<'_>) -> io::Result<()> {
        self.turn(false)?;
        self.note(|lost| {
            lost.names.clear();
            lost.files.clear();
        });
        Ok(())
    }

    fn sync_directory(&self, directory: BorrowedFd<'_>) -> io::Result<()> {
        self.turn(false)?;
        self.note(|lost| {
            let path = path_of(&directory);
            lost.names.retain(|renamed| renamed.to.parent() != Some(&path));
        });
        Ok(())
    }

    fn rename(&self, from: BorrowedFd<'_>, old: &OsStr, to: BorrowedFd<'_>, new: &OsStr) -> io::Result<()> {
        self.turn(false)?;
        System.rename(from, old, to, new)?;
        self.note(|lost| {
            let (from, to) = (path_of(&from).join(old), path_of(&to).join(new));
            lost.files
                .values_mut()
                .filter(|(path, _)| *path == from)
                .for_each(|(path, _)| path.clone_from(&to));
            lost.names.push(Renamed { from: Some(from), to, replaced: None });
        });
        Ok(())
    }

    fn replace(&self, directory: BorrowedFd<'_>, old: &OsStr, new: &OsStr) -> io::Result<()> {
        self.turn(false)?;
        self.note(|lost| {
            let (from, to) = (path_of(&directory).join(old), path_of(&directory).join(new));
            let replaced = self.attic.join(self.done().to_string());
            let replaced = fs::hard_link(&to, &replaced).is_ok().then_some(replaced);
            lost.files
                .values_mut()
                .filter(|(path, _)| *path == from)
                .for_each(|(path, _)| path.clone_from(&to));
            lost.names.push(Renamed { from: Some(from), to, replaced });
        });
        System.replace(directory, old, new)
    }

    fn cut(&self, file: &File, length: u64) -> io::Result<()> {
        self.turn(true)?;
        System.cut(file, length)
    }

    fn remove(&self, directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
        self.turn(true)?;
        System.remove(directory, name)
    }
}
