//! Getting hold of the bytes of a mail that is to be looked at: from a file or from standard input.
//!
//! A small file is read, and so cannot change under the reader; a large one is mapped, so that it need not
//! fit into memory. What comes through a pipe can only be held, and is bounded for that.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Deref;
use std::path::Path;

use hongyan_mime::read::safe;
use memmap2::Mmap;

use super::exit::Exit;
use super::failed::Failed;
use super::figures::grouped;

/// The longest mail, in bytes, that is taken from standard input or another pipe.
pub(crate) const MAX_PIPED: u64 = 256 << 20;

/// Files longer than this, in bytes, are mapped.
const MAPPED_FROM: u64 = 8 << 20;

/// The bytes of a mail.
pub(crate) enum RawMail {
    Read(Vec<u8>),
    Mapped(Mmap),
}

impl Deref for RawMail {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Read(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

impl RawMail {
    /// The mail in the file `path`, or on standard input where that is `-`.
    pub(crate) fn load(path: &Path) -> Result<Self, Failed> {
        if path.as_os_str() == "-" {
            return piped(io::stdin().lock(), "standard input", MAX_PIPED);
        }
        let shown = safe::line(&path.to_string_lossy()).into_owned();
        let cannot = |error: &io::Error| {
            let exit = match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => Exit::NoInput,
                io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => Exit::NoInput,
                _ => Exit::Io,
            };
            Failed::new(exit, format!("{shown}: {error}"))
        };
        let mut file = File::open(path).map_err(|error| cannot(&error))?;
        let metadata = file.metadata().map_err(|error| cannot(&error))?;
        if metadata.is_dir() {
            return Err(Failed::new(Exit::NoInput, format!("{shown} is a directory; name one mail in it")));
        }
        if !metadata.is_file() {
            return piped(file, &shown, MAX_PIPED);
        }
        if metadata.len() > MAPPED_FROM {
            return map(&file).map(Self::Mapped).map_err(|error| cannot(&error));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
        (&mut file).take(MAPPED_FROM + 1).read_to_end(&mut bytes).map_err(|error| cannot(&error))?;
        if bytes.len() as u64 > MAPPED_FROM {
            return Err(Failed::new(Exit::Io, format!("{shown} grew while it was read; try again")));
        }
        Ok(Self::Read(bytes))
    }
}

fn piped(from: impl Read, what: &str, limit: u64) -> Result<RawMail, Failed> {
    let mut bytes = Vec::new();
    from.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failed::new(Exit::Io, format!("{what}: {error}")))?;
    if bytes.len() as u64 > limit {
        let text =
            format!("{what} gave more than {} bytes; save the mail to a file and name that", grouped(limit));
        return Err(Failed::new(Exit::Data, text));
    }
    Ok(RawMail::Read(bytes))
}

/// A mapped view of a regular file.
#[expect(unsafe_code, reason = "there is no safe way to look at a mail that is larger than memory")]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the map is read only, and nobody writes through it. Another program that writes to the file
    // meanwhile shows us other bytes; one that cuts it off ends this process with SIGBUS. Mail at rest is not
    // written to, and this is a process that looks at one mail and holds nothing that could be lost.
    unsafe { Mmap::map(file) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_is_read_up_to_its_limit_and_not_cut_off_there() {
        assert_eq!(&*piped(&b"12345"[..], "it", 5).ok().unwrap(), b"12345");
        let beyond = piped(&b"123456"[..], "it", 5).err().unwrap();
        assert_eq!(beyond.exit, Exit::Data);
        assert_eq!(beyond.text, "it gave more than 5 bytes; save the mail to a file and name that");
    }
}
