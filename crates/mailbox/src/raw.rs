//! The bytes of a mail on disk: a small one is read, and so cannot change under the reader; a large one is
//! mapped, so that it need not fit into memory.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Deref;

use memmap2::Mmap;

/// Files of more octets than this are mapped.
pub const MAPPED_FROM: u64 = 8 << 20;

/// The bytes of a mail.
#[derive(Debug)]
pub enum Raw {
    /// Held.
    Read(Vec<u8>),
    /// Looked at where they are.
    Mapped(Mmap),
}

impl Deref for Raw {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Read(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

impl Raw {
    /// The content of a regular file.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::InvalidData`] where the file grew beyond [`MAPPED_FROM`] while it was
    /// read.
    pub fn of(file: &File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        if len > MAPPED_FROM {
            return map(file).map(Self::Mapped);
        }
        let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or(0) + 1);
        file.take(MAPPED_FROM + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAPPED_FROM {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it grew while it was read"));
        }
        Ok(Self::Read(bytes))
    }
}

/// A mapped view of a regular file.
#[expect(unsafe_code, reason = "there is no safe way to look at a mail that is larger than memory")]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the map is read only, and nobody writes through it. Another program that writes to the file
    // meanwhile shows us other bytes; one that cuts it off ends this process with SIGBUS. Mail at rest is not
    // written to, and whoever reads holds nothing that could be lost: an index can be made again.
    unsafe { Mmap::map(file) }
}
