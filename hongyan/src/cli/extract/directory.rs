//! The one directory that files go into: new files only, whole or not at all.
//!
//! A file is written under a name of ours and gets its own when it is complete. Both are created exclusively
//! (`O_EXCL`), which follows no link and opens no file that is there; a name that is taken is left alone, and
//! the next one tried.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use hongyan_mime::read::safe::FileNames;
use sha2::{Digest, Sha256};

use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::said::said;

/// How many names are tried for one file where all of them are taken.
const MAX_TRIES: usize = 10_000;

/// A directory to put files into.
pub(in crate::cli) struct Directory {
    /// Absolute and without links, so that one that is changed meanwhile leads nowhere else.
    path: PathBuf,
    names: FileNames,
    begun: usize,
}

/// A file that is complete.
pub(in crate::cli) struct Kept {
    pub(in crate::cli) name: String,
    pub(in crate::cli) len: u64,
    pub(in crate::cli) sha256: String,
}

impl Directory {
    /// The directory `path`, made (with those above it) where it is not there.
    pub(in crate::cli) fn open(path: &Path) -> Result<Self, Trouble> {
        let cannot = |error: io::Error| {
            let path = path.display();
            Trouble::new(
                Exit::CannotCreate,
                said(
                    format!("nothing can be put into the directory {path}: {error}"),
                    format!("无法写入目录 {path}：{error}"),
                ),
                said("name another with -d", "请用 -d 指定另一个目录"),
            )
        };
        fs::create_dir_all(path).map_err(cannot)?;
        Ok(Self { path: path.canonicalize().map_err(cannot)?, names: FileNames::new(), begun: 0 })
    }

    /// Its absolute path.
    pub(in crate::cli) fn shown(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }

    /// Puts a file there, called `wanted` (else `fallback`) as far as that is safe and not taken.
    pub(in crate::cli) fn put(
        &mut self,
        wanted: Option<&str>,
        fallback: &str,
        content: impl FnOnce(&mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()>,
    ) -> Result<Kept, Trouble> {
        let failed = |exit, error: io::Error| {
            let (name, dir) = (wanted.unwrap_or(fallback), self.path.display());
            Trouble::new(
                exit,
                said(
                    format!("{name} could not be written into {dir}: {error}"),
                    format!("{name} 无法写入 {dir}：{error}"),
                ),
                said(
                    "nothing of it is left there; make room, or name another directory with -d",
                    "没有留下残缺的文件；请腾出空间，或用 -d 指定另一个目录",
                ),
            )
        };
        self.begun += 1;
        let temporary = format!(".hongyan-{}-{}.part", std::process::id(), self.begun);
        let part = Partial::create(self.path.join(temporary)).map_err(|e| failed(Exit::CannotCreate, e))?;
        let mut hashed = Hashed::new(&part.file);
        let filled = content(&mut |piece| hashed.write(piece)).and_then(|()| hashed.finish());
        let (len, sha256) = filled.map_err(|error| failed(Exit::Io, error))?;
        for _ in 0..MAX_TRIES {
            let name = self.names.make(wanted, fallback);
            match part.rename_new(&self.path.join(&name)) {
                Ok(()) => return Ok(Kept { name, len, sha256 }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(Exit::CannotCreate, error)),
            }
        }
        Err(failed(Exit::CannotCreate, io::Error::other("every name like it is taken")))
    }

    /// Makes safe on disk what was put there.
    pub(in crate::cli) fn sync(&self) -> Result<(), Trouble> {
        // All at once: a file at a time costs a wait for the disk each.
        let synced = File::open(&self.path).and_then(|folder| Ok(rustix::fs::syncfs(&folder)?));
        synced.map_err(|error| {
            let dir = self.path.display();
            Trouble::new(
                Exit::Io,
                said(
                    format!("{dir} is not safe on disk: {error}"),
                    format!("{dir} 未能安全写入磁盘：{error}"),
                ),
                said("look at the disk, and do it again", "请检查磁盘后重试"),
            )
        })
    }
}

/// Counts and hashes what goes into a file.
struct Hashed<'f> {
    out: BufWriter<&'f File>,
    len: u64,
    hash: Sha256,
}

impl<'f> Hashed<'f> {
    fn new(file: &'f File) -> Self {
        Self { out: BufWriter::with_capacity(64 << 10, file), len: 0, hash: Sha256::new() }
    }

    fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.len += piece.len() as u64;
        self.hash.update(piece);
        self.out.write_all(piece)
    }

    fn finish(mut self) -> io::Result<(u64, String)> {
        self.out.flush()?;
        Ok((self.len, format!("{:x}", self.hash.finalize())))
    }
}

/// A file under its first name, which goes away with this.
pub(in crate::cli) struct Partial {
    path: PathBuf,
    pub(in crate::cli) file: File,
}

impl Partial {
    /// A new file.
    pub(in crate::cli) fn create(path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok(Self { path, file })
    }

    /// Gives the file the name `to` too, if that is free.
    pub(in crate::cli) fn rename_new(&self, to: &Path) -> io::Result<()> {
        match fs::hard_link(&self.path, to) {
            Err(error) if is_without_links(&error) => {
                // Taken exclusively, then replaced by what it was taken for.
                OpenOptions::new().write(true).create_new(true).open(to)?;
                fs::rename(&self.path, to).inspect_err(|_| {
                    // The error that matters is the one above.
                    let _ = fs::remove_file(to);
                })
            }
            result => result,
        }
    }

    /// Gives the file the name `to`, in place of whatever has it.
    pub(in crate::cli) fn replace(&self, to: &Path) -> io::Result<()> {
        fs::rename(&self.path, to)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Not there any more where it was renamed; otherwise there is nobody to tell.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether the file system has no hard links (FAT, some network file systems).
fn is_without_links(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied)
}
