//! Where a mail goes besides a server: a file (`-o`, what is kept for the folder of sent mail), standard output
//! (`--dry-run`).
//!
//! The file is written beside its place and takes it when it is whole, so that nobody finds half a mail there.

use std::fs::{self, File};
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use super::problem;
use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::mime::compose::{Encoder, FileError};
use crate::said::said;

/// A file that is to hold the mail. Dropped before it is whole, it leaves nothing.
pub(in crate::cli) struct Copy {
    file: File,
    place: PathBuf,
    /// Where it is written until it is whole; `None` where the place is no regular file, such as a device.
    beside: Option<PathBuf>,
}

impl Copy {
    /// Makes sure that the file can be written.
    pub(in crate::cli) fn create(place: &Path) -> Result<Self, Trouble> {
        let created = match fs::metadata(place) {
            Ok(metadata) if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(metadata) if !metadata.is_file() => {
                File::options().write(true).open(place).map(|file| (file, None))
            }
            _ => {
                let mut name = std::ffi::OsString::from(".");
                name.push(place.file_name().unwrap_or_default());
                name.push(format!(".{}.part", std::process::id()));
                let beside = place.with_file_name(name);
                File::options().write(true).create_new(true).open(&beside).map(|file| (file, Some(beside)))
            }
        };
        match created {
            Ok((file, beside)) => Ok(Self { file, place: place.to_owned(), beside }),
            Err(error) => Err(Self::cannot(place, Exit::CannotCreate, &error)),
        }
    }

    /// Writes the mail, and puts the file in its place.
    pub(in crate::cli) fn write(mut self, mail: &mut Encoder) -> Result<(), Trouble> {
        pour(mail, &mut self.file, |error| Self::cannot(&self.place, Exit::Io, &error))?;
        if let Some(beside) = &self.beside {
            self.file
                .sync_all()
                .and_then(|()| fs::rename(beside, &self.place))
                .map_err(|error| Self::cannot(&self.place, Exit::CannotCreate, &error))?;
            self.beside = None;
        }
        Ok(())
    }

    fn cannot(place: &Path, exit: Exit, error: &io::Error) -> Trouble {
        let place = place.display();
        Trouble::new(
            exit,
            said(format!("{place}: cannot be written: {error}"), format!("{place}：无法写入：{error}")),
            said(
                "name another file with -o, or make room; nothing was sent",
                "请用 -o 指定其他文件，或腾出空间；邮件没有发送",
            ),
        )
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            // What could not be removed is hidden, small trouble, and told by nobody.
            let _ = fs::remove_file(beside);
        }
    }
}

/// Writes the mail to standard output.
pub(in crate::cli) fn print(mail: &mut Encoder) -> Result<(), Trouble> {
    let cannot = |error: io::Error| {
        Trouble::new(
            Exit::Io,
            said(format!("the mail cannot be printed: {error}"), format!("无法输出邮件：{error}")),
            said("look at where the output goes", "请检查输出的去处"),
        )
    };
    let mut out = io::stdout().lock();
    pour(mail, &mut out, cannot)?;
    out.flush().or_else(enough).map_err(cannot)
}

/// Octet for octet; who reads has perhaps seen enough (`… | head`).
fn pour(
    mail: &mut Encoder,
    out: &mut impl Write,
    cannot: impl Fn(io::Error) -> Trouble,
) -> Result<(), Trouble> {
    loop {
        let piece = mail.fill_buf().map_err(reading)?;
        let length = piece.len();
        if length == 0 {
            return Ok(());
        }
        match out.write_all(piece) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written.map_err(&cannot)?,
        }
        mail.consume(length);
    }
}

fn enough(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}

/// A file of the mail that could not be read after all.
pub(in crate::cli) fn reading(error: io::Error) -> Trouble {
    match error.downcast::<FileError>() {
        Ok(error) => problem::file(&error),
        Err(error) => Trouble::new(
            Exit::Io,
            said(format!("the mail cannot be read: {error}"), format!("无法读取邮件：{error}")),
            said("check its files and send again", "请检查其文件后重新发送"),
        ),
    }
}
