//! Getting hold of the bytes of a mail that is to be looked at: from a file or from standard input.
//!
//! A small file is read, and so cannot change under the reader; a large one is mapped, so that it need not
//! fit into memory. What comes through a pipe can only be held, and is bounded for that.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

use super::exit::Exit;
use super::figures::grouped;
use super::trouble::Trouble;
use crate::said::{Said, said};

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
    pub(crate) fn load(path: &Path) -> Result<Self, Trouble> {
        let name = file_name(path);
        if path.as_os_str() == "-" {
            return piped(io::stdin().lock(), &name, MAX_PIPED);
        }
        let mut file = File::open(path).map_err(|error| unreadable(&name, &error))?;
        let metadata = file.metadata().map_err(|error| unreadable(&name, &error))?;
        if metadata.is_dir() {
            return Err(unreadable(&name, &io::ErrorKind::IsADirectory.into()));
        }
        if !metadata.is_file() {
            return piped(file, &name, MAX_PIPED);
        }
        if metadata.len() > MAPPED_FROM {
            return map(&file).map(Self::Mapped).map_err(|error| unreadable(&name, &error));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
        (&mut file)
            .take(MAPPED_FROM + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(&name, &error))?;
        if bytes.len() as u64 > MAPPED_FROM {
            let Said { en, zh } = name;
            return Err(Trouble::new(
                Exit::Io,
                said(format!("{en} grew while it was read"), format!("{zh} 在读取过程中变大了")),
                said("try again when nobody writes to it", "请在没有程序写入它时再试一次"),
            ));
        }
        Ok(Self::Read(bytes))
    }
}

/// How a file is called in a sentence.
pub(crate) fn file_name(path: &Path) -> Said {
    if path.as_os_str() == "-" {
        return said("standard input", "标准输入");
    }
    let shown = path.to_string_lossy();
    said(shown.as_ref(), shown.as_ref())
}

fn unreadable(name: &Said, error: &io::Error) -> Trouble {
    let (exit, next) = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            (Exit::NoInput, said("check the file's name", "请检查文件名"))
        }
        io::ErrorKind::IsADirectory => (Exit::NoInput, said("name one mail in it", "请指定其中的一封邮件")),
        io::ErrorKind::PermissionDenied => {
            (Exit::NoInput, said("ask for the right to read it", "请先取得读取它的权限"))
        }
        _ => (Exit::Io, said("try again; the disk may have to be looked at", "请重试，或检查磁盘")),
    };
    let (en, zh) = (format!("{} cannot be read: {error}", name.en), format!("无法读取 {}：{error}", name.zh));
    Trouble::new(exit, said(en, zh), next)
}

fn piped(from: impl Read, name: &Said, limit: u64) -> Result<RawMail, Trouble> {
    let mut bytes = Vec::new();
    from.take(limit + 1).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    if bytes.len() as u64 > limit {
        let (Said { en, zh }, limit) = (name, grouped(limit));
        return Err(Trouble::new(
            Exit::Data,
            said(format!("{en} gave more than {limit} bytes"), format!("{zh} 超过了 {limit} 字节")),
            said("save the mail to a file and name that", "请先把邮件存成文件，再指定该文件"),
        ));
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
    use crate::cli::terminal::Language;

    #[test]
    fn a_pipe_is_read_up_to_its_limit_and_not_cut_off_there() {
        let name = said("it", "它");
        assert_eq!(&*piped(&b"12345"[..], &name, 5).ok().unwrap(), b"12345");
        let beyond = piped(&b"123456"[..], &name, 5).err().unwrap();
        let (exit, what, _) = beyond.parts(Language::English);
        assert_eq!((exit, what), (Exit::Data, "it gave more than 5 bytes"));
    }
}
