//! Where a campaign's files come from, the folder or a store of contents, and what they are.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use hongyan_mime::compose::FileError;
use sha2::{Digest, Sha256};

use super::folder::{Folder, PathError, PathProblem, normal};
use crate::ledger::FrozenFile;

/// Where files come from.
#[derive(Debug)]
pub(super) enum Files {
    /// A campaign's folder.
    Folder(Folder),
    /// A folder of contents, each called by its SHA-256, and what the paths were.
    Contents { folder: PathBuf, files: BTreeMap<String, FrozenFile> },
}

impl Files {
    pub(super) fn contents(folder: PathBuf, files: BTreeMap<String, FrozenFile>) -> Self {
        Self::Contents { folder, files }
    }

    /// Opens a regular file.
    pub(super) fn file(&self, path: &str) -> Result<File, PathError> {
        match self {
            Self::Folder(folder) => folder.file(path),
            Self::Contents { .. } => File::open(self.join(path)?).map_err(|error| failed(path, &error)),
        }
    }

    /// Where it lies.
    pub(super) fn join(&self, path: &str) -> Result<PathBuf, PathError> {
        match self {
            Self::Folder(folder) => folder.join(path),
            Self::Contents { folder, files } => {
                let normal = normal(path)?;
                let missing =
                    || PathError { path: path.to_owned(), problem: PathProblem::Missing(normal.clone()) };
                let frozen = files.get(&normal).ok_or_else(missing)?;
                // A manifest comes from a store: what is called a hash there is held to be one before it is a path.
                let hash = frozen.sha256.len() == 64 && frozen.sha256.bytes().all(|b| b.is_ascii_hexdigit());
                hash.then(|| folder.join(&frozen.sha256)).ok_or_else(missing)
            }
        }
    }

    /// Opens what was frozen, and says where it lies: in a store of contents by its hash alone, whoever's file it is.
    pub(super) fn frozen(&self, path: &str, frozen: &FrozenFile) -> Result<(File, PathBuf), PathError> {
        let Self::Contents { folder, .. } = self else { return Ok((self.file(path)?, self.join(path)?)) };
        let one = BTreeMap::from([(normal(path)?, frozen.clone())]);
        let store = Self::Contents { folder: folder.clone(), files: one };
        Ok((store.file(path)?, store.join(path)?))
    }

    /// The whole of a file of at most `limit` octets.
    pub(super) fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, PathError> {
        let mut bytes = Vec::new();
        let file = self.file(path)?;
        file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| failed(path, &error))?;
        if bytes.len() as u64 > limit {
            let why = format!("it is longer than {limit} octets");
            return Err(PathError { path: path.to_owned(), problem: PathProblem::Failed(why) });
        }
        Ok(bytes)
    }
}

/// SHA-256 in hexadecimal digits.
pub fn sha256_of(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What a file is, read as a stream.
pub(super) fn hash(path: &str, mut file: File) -> Result<FrozenFile, PathError> {
    const BLOCK: usize = 256 * 1024;
    let mut sha256 = Sha256::new();
    let mut block = vec![0; BLOCK];
    let mut size = 0;
    loop {
        match file.read(&mut block) {
            Ok(0) => return Ok(FrozenFile { sha256: hexadecimal(&sha256.finalize()), size }),
            Ok(read) => {
                sha256.update(&block[..read]);
                size += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(path, &error)),
        }
    }
}

/// The file is not what it was.
pub(crate) fn changed(path: &str) -> PathError {
    PathError { path: path.to_owned(), problem: PathProblem::Changed }
}

/// Refuses an open file that is not what it was.
pub(super) fn unchanged(path: &str, file: &File, frozen: &FrozenFile) -> Result<(), PathError> {
    let size = file.metadata().map_err(|error| failed(path, &error))?.len();
    let again = file.try_clone().map_err(|error| failed(path, &error))?;
    if size != frozen.size || hash(path, again)? != *frozen {
        return Err(changed(path));
    }
    io::Seek::rewind(&mut &*file).map_err(|error| failed(path, &error))
}

/// Refuses content that is not what was frozen under this path.
pub(super) fn same(path: &str, bytes: &[u8], frozen: &BTreeMap<String, FrozenFile>) -> Result<(), PathError> {
    let known = frozen.get(&normal(path)?);
    let same =
        known.is_some_and(|known| known.size == bytes.len() as u64 && known.sha256 == sha256_of(bytes));
    same.then_some(()).ok_or_else(|| changed(path))
}

/// Why a file that was opened cannot be read.
pub(super) fn failed(path: &str, error: &(dyn std::error::Error + 'static)) -> PathError {
    let error = match error.downcast_ref::<FileError>() {
        Some(file) => match &file.problem {
            hongyan_mime::compose::FileProblem::Io(error) => error.to_string(),
            _ => file.to_string(),
        },
        None => error.to_string(),
    };
    PathError { path: path.to_owned(), problem: PathProblem::Failed(error) }
}
