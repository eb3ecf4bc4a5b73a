//! What a forwarded mail brings along: the original's files, or the original itself.
//!
//! Each file is decoded into a folder of our own, piece by piece, and read from there as it is sent, so that its
//! size costs no memory. The folder goes away with this.

use std::fs::{self, DirBuilder, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use hongyan_mailbox::Raw;

use super::paper;
use super::subject::plain;
use crate::cli::exit::Exit;
use crate::cli::send::problem;
use crate::cli::trouble::Trouble;
use crate::mime::compose::{ComposeError, Disposition, MediaType, Part, RawMessage};
use crate::mime::read::Message;
use crate::mime::read::safe::FileNames;
use crate::said::said;

/// Parts that go with a mail, and the folder that they are read from.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    pub(crate) parts: Vec<Part>,
    /// What they are called.
    pub(crate) names: Vec<String>,
    folder: Option<PathBuf>,
}

impl Carried {
    /// The files of `message`.
    pub(crate) fn files(message: &Message<'_>) -> Result<Self, Trouble> {
        let mut carried = Self::default();
        let mut names = FileNames::new();
        for part in message.bodies().attachments {
            let media_type = message.parts()[part].media_type.as_str();
            let is_mail = matches!(media_type, "message/rfc822" | "message/global");
            let wanted = message.file_name(part).map(|name| plain(&name));
            let name = names.make(wanted.as_deref(), if is_mail { "mail.eml" } else { "attachment" });
            let path = carried.decoded(message, part)?;
            let compose = |error: ComposeError| problem::compose(&error);
            let made = if is_mail {
                Part::message(RawMessage::open(path).map_err(compose)?)
            } else {
                Part::attach(path).map_err(compose)?.with_type(content_type(message, part, media_type))
            };
            carried.parts.push(made.with_disposition(Disposition::Attachment).with_file_name(&name));
            carried.names.push(name);
        }
        Ok(carried)
    }

    /// The mail itself, as it is.
    pub(crate) fn whole(raw: &Raw, path: Option<&Path>, subject: &str) -> Result<Self, Trouble> {
        let message = match path {
            Some(path) => RawMessage::open(path).map_err(|error| problem::compose(&error))?,
            None => RawMessage::from_bytes(raw.to_vec()),
        };
        let subject = plain(subject);
        let wanted = if subject.is_empty() { "mail.eml".to_owned() } else { format!("{subject}.eml") };
        let name = FileNames::new().make(Some(&wanted), "mail.eml");
        let parts = vec![Part::message(message).with_file_name(&name)];
        Ok(Self { parts, names: vec![name], folder: None })
    }

    /// The part's content in a file.
    fn decoded(&mut self, message: &Message<'_>, part: usize) -> Result<PathBuf, Trouble> {
        let folder = match &self.folder {
            Some(folder) => folder,
            None => self.folder.insert(make_folder()?),
        };
        let path = folder.join(part.to_string());
        let written = File::create_new(&path).and_then(|file| {
            let mut file = BufWriter::new(file);
            message.decode_to(part, |piece| file.write_all(piece))?;
            file.flush()
        });
        written.map(|()| path).map_err(|error| cannot_write(folder, &error))
    }
}

impl Drop for Carried {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // What cannot be removed is removed by a later run.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// A folder of our own; those of runs that were cut off go away now.
fn make_folder() -> Result<PathBuf, Trouble> {
    let drafts = paper::made_folder()?;
    for folder in paper::abandoned(&drafts, |name| name.ends_with(".parts")) {
        let _ = fs::remove_dir_all(folder);
    }
    let folder = drafts.join(paper::name("forward", 1, "parts"));
    let made = DirBuilder::new().mode(0o700).create(&folder);
    made.map(|()| folder).map_err(|error| cannot_write(&drafts, &error))
}

/// The type that the original gives the part, as far as a part on its own can have it.
fn content_type(message: &Message<'_>, part: usize, essence: &str) -> MediaType {
    /// What changes the meaning of the content. Names are written anew.
    const PARAMETERS: [&str; 5] = ["charset", "format", "delsp", "method", "component"];
    if essence.starts_with("multipart/") || essence.starts_with("message/") {
        return MediaType::new("application/octet-stream");
    }
    PARAMETERS.into_iter().fold(MediaType::new(essence.to_owned()), |made, name| {
        let value = message.parameter(part, "Content-Type", name).map(|value| plain(&value));
        match value.filter(|value| !value.is_empty()) {
            Some(value) => made.with(name, value),
            None => made,
        }
    })
}

fn cannot_write(folder: &Path, error: &io::Error) -> Trouble {
    let folder = folder.display();
    Trouble::new(
        Exit::CannotCreate,
        said(
            format!("the attachments cannot be unpacked in {folder}: {error}"),
            format!("无法在 {folder} 中解出附件：{error}"),
        ),
        said("make room there; nothing was sent", "请腾出空间；邮件没有发送"),
    )
}
