//! Where mails go: an mbox, standard output, or a directory of files.

use std::fs::File;
use std::io::{self, BufWriter, Read, Stdout};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use hongyan_mailbox::mbox::{Postmark, Writer};
use serde::Serialize;

use crate::cli::exit::Exit;
use crate::cli::extract::directory::{Directory, Partial};
use crate::cli::trouble::Trouble;
use crate::mime::read::Message;
use crate::said::said;

/// How much is written at once, in octets.
const BUFFER: usize = 256 * 1024;

/// So many octets of a mail are looked at for its date, sender and subject.
const BEGINNING: u64 = 64 * 1024;

/// Where mails go.
pub(super) enum Output {
    Mbox(Box<Mbox>),
    Stream(Writer<BufWriter<Stdout>>),
    Files(Box<Directory>),
}

/// A file that becomes an mbox.
pub(super) struct Mbox {
    writer: Writer<BufWriter<File>>,
    partial: Partial,
    place: PathBuf,
}

/// A file of one mail.
#[derive(Debug, Serialize)]
pub(super) struct Written {
    file: String,
    len: u64,
    sha256: String,
}

impl Output {
    /// The mbox, `-` for standard output, or else the directory.
    pub(super) fn open(mbox: Option<&Path>, dir: Option<&Path>) -> Result<Self, Trouble> {
        match (mbox, dir) {
            (Some(path), _) if path.as_os_str() == "-" => {
                Ok(Self::Stream(Writer::new(BufWriter::with_capacity(BUFFER, io::stdout()))))
            }
            (Some(path), _) => Mbox::create(path).map(|mbox| Self::Mbox(Box::new(mbox))),
            (None, dir) => {
                Directory::open(dir.unwrap_or(Path::new("."))).map(|dir| Self::Files(Box::new(dir)))
            }
        }
    }

    /// How it is called.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Mbox(mbox) => mbox.place.to_string_lossy().into_owned(),
            Self::Stream(_) => "-".to_owned(),
            Self::Files(directory) => directory.shown(),
        }
    }

    pub(super) fn is_stream(&self) -> bool {
        matches!(self, Self::Stream(_))
    }

    /// Writes a mail. `None` where nobody reads any more; else its octets, and its file where it has one of its own.
    pub(super) fn put(&mut self, mail: Mail, label: &str) -> Result<Option<(u64, Option<Written>)>, Trouble> {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        match self {
            Self::Mbox(mbox) => {
                let appended = mbox.writer.append(&Postmark::of_head(mail.header(), now()), mail.whole());
                let size = appended.map_err(|error| cannot(&mbox.place, Exit::Io, &error))?;
                Ok(Some((size, None)))
            }
            Self::Stream(writer) => {
                match writer.append(&Postmark::of_head(mail.header(), now()), mail.whole()) {
                    Ok(size) => Ok(Some((size, None))),
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(None),
                    Err(error) => Err(cannot(Path::new("-"), Exit::Io, &error)),
                }
            }
            Self::Files(directory) => {
                let name = name(mail.header());
                let kept = directory.put(name.as_deref(), &format!("mail {label}.eml"), |sink| {
                    let (mut whole, mut buffer) = (mail.whole(), vec![0; BUFFER]);
                    loop {
                        match whole.read(&mut buffer)? {
                            0 => return Ok(()),
                            length => sink(&buffer[..length])?,
                        }
                    }
                })?;
                let written = Written { file: kept.name, len: kept.len, sha256: kept.sha256 };
                Ok(Some((kept.len, Some(written))))
            }
        }
    }

    /// Makes safe on disk what was written, and gives an mbox its name.
    pub(super) fn finish(self) -> Result<(), Trouble> {
        match self {
            Self::Mbox(mbox) => mbox.finish(),
            Self::Stream(writer) => match writer.finish() {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                    Err(cannot(Path::new("-"), Exit::Io, &error))
                }
                _ => Ok(()),
            },
            Self::Files(directory) => directory.sync(),
        }
    }
}

impl Mbox {
    fn create(place: &Path) -> Result<Self, Trouble> {
        let failed = |error: &io::Error| cannot(place, Exit::CannotCreate, error);
        if place.symlink_metadata().is_ok() {
            return Err(failed(&io::ErrorKind::AlreadyExists.into()));
        }
        let mut name = std::ffi::OsString::from(".");
        name.push(place.file_name().ok_or_else(|| failed(&io::ErrorKind::InvalidFilename.into()))?);
        name.push(format!(".{}.part", std::process::id()));
        let partial = Partial::create(place.with_file_name(name)).map_err(|error| failed(&error))?;
        let file = partial.file.try_clone().map_err(|error| failed(&error))?;
        let writer = Writer::new(BufWriter::with_capacity(BUFFER, file));
        Ok(Self { writer, partial, place: place.to_owned() })
    }

    fn finish(self) -> Result<(), Trouble> {
        let Self { writer, partial, place } = self;
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        writer
            .finish()
            .and_then(|_| partial.file.sync_all())
            .and_then(|()| partial.rename_new(&place))
            .and_then(|()| File::open(folder)?.sync_all())
            .map_err(|error| cannot(&place, Exit::Io, &error))
    }
}

/// A mail that is being read: never more of it than its beginning is held.
pub(super) struct Mail {
    beginning: Vec<u8>,
    rest: File,
}

impl Mail {
    /// Reads its beginning.
    pub(super) fn begin(mut file: File) -> io::Result<Self> {
        let mut beginning = Vec::new();
        (&mut file).take(BEGINNING).read_to_end(&mut beginning)?;
        Ok(Self { beginning, rest: file })
    }

    /// The header section without the empty line, as far as it is in the beginning.
    fn header(&self) -> &[u8] {
        let mut end = 0;
        for line in self.beginning.split_inclusive(|&byte| byte == b'\n') {
            if matches!(line, b"\n" | b"\r\n") {
                break;
            }
            end += line.len();
        }
        &self.beginning[..end]
    }

    /// All of its octets.
    fn whole(&self) -> impl Read + use<'_> {
        self.beginning.chain(&self.rest)
    }
}

/// What a mail's file is called: its day and its subject, as far as it has them.
fn name(header: &[u8]) -> Option<String> {
    let message = Message::parse(header);
    let day = message.date().map(|date| format!("{:04}-{:02}-{:02}", date.year, date.month, date.day));
    // What stands before a separator belongs to the name here, and is no folder.
    let subject = message.subject().map(|subject| subject.replace(['/', '\\'], "_").trim().to_owned());
    let subject = subject.filter(|subject| !subject.is_empty());
    match (day, subject) {
        (Some(day), Some(subject)) => Some(format!("{day} {subject}.eml")),
        (Some(only), None) | (None, Some(only)) => Some(format!("{only}.eml")),
        (None, None) => None,
    }
}

fn cannot(place: &Path, exit: Exit, error: &io::Error) -> Trouble {
    let shown = place.display();
    if error.kind() == io::ErrorKind::AlreadyExists {
        return Trouble::new(
            Exit::CannotCreate,
            said(format!("{shown} is there already"), format!("{shown} 已存在")),
            said("name a new file: nothing is written over", "请指定一个新文件：不会覆盖已有的文件"),
        );
    }
    Trouble::new(
        exit,
        said(format!("{shown} cannot be written: {error}"), format!("无法写入 {shown}：{error}")),
        said(
            "make room, or name another place; nothing partial is left",
            "请腾出空间，或指定其他位置；没有留下残缺的文件",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_after_day_and_subject() {
        for (header, expected) in [
            ("Date: Thu, 20 Nov 2025 03:09:00 +0800\r\nSubject: Lunch", Some("2025-11-20 Lunch.eml")),
            ("Subject: =?utf-8?B?5oql5ZGK?= 1/2", Some("报告 1_2.eml")),
            ("Date: 1 Jan 2026 00:00:00 +0000\r\nSubject:  ", Some("2026-01-01.eml")),
            ("Subject: ../../etc/passwd", Some(".._.._etc_passwd.eml")),
            ("From: a@b", None),
        ] {
            assert_eq!(name(header.as_bytes()).as_deref(), expected, "{header}");
        }
    }
}
