//! Getting hold of the bytes of a mail that is to be looked at: from a file or from standard input.
//!
//! What comes through a pipe can only be held, and is bounded for that.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use hongyan_mailbox::Raw;

use super::exit::Exit;
use super::figures::grouped;
use super::trouble::Trouble;
use crate::said::{Said, said};

/// The longest mail, in bytes, that is taken from standard input or another pipe.
pub(crate) const MAX_PIPED: u64 = 256 << 20;

/// The mail in the file `path`, or on standard input where that is `-`.
pub(crate) fn load(path: &Path) -> Result<Raw, Trouble> {
    let name = file_name(path);
    if path.as_os_str() == "-" {
        return piped(io::stdin().lock(), &name, MAX_PIPED);
    }
    open(&File::open(path).map_err(|error| unreadable(&name, &error))?, &name)
}

/// The mail in an open file, or what comes through it where it is a pipe.
pub(crate) fn open(file: &File, name: &Said) -> Result<Raw, Trouble> {
    let metadata = file.metadata().map_err(|error| unreadable(name, &error))?;
    if metadata.is_dir() {
        return Err(unreadable(name, &io::ErrorKind::IsADirectory.into()));
    }
    if !metadata.is_file() {
        return piped(file, name, MAX_PIPED);
    }
    Raw::of(file).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => Trouble::new(
            Exit::Io,
            said(format!("{} grew while it was read", name.en), format!("{} 在读取过程中变大了", name.zh)),
            said("try again when nobody writes to it", "请在没有程序写入它时再试一次"),
        ),
        _ => unreadable(name, &error),
    })
}

/// How a file is called in a sentence.
pub(crate) fn file_name(path: &Path) -> Said {
    if path.as_os_str() == "-" {
        return said("standard input", "标准输入");
    }
    let shown = path.to_string_lossy();
    said(shown.as_ref(), shown.as_ref())
}

pub(crate) fn unreadable(name: &Said, error: &io::Error) -> Trouble {
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

fn piped(from: impl Read, name: &Said, limit: u64) -> Result<Raw, Trouble> {
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
    Ok(Raw::Read(bytes))
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
