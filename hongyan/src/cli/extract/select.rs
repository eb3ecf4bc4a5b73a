//! Which parts of a mail are files to be written, and under which name they ask to be.

use std::borrow::Cow;
use std::io;

use hongyan_mime::read::{
    MAX_DEPTH, MAX_EMBEDDED, MAX_EMBEDDED_BYTES, Message, Unpacked, UnpackedFile, UnpackedKind,
};

use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::said::said;

/// The parts that were asked for.
#[derive(Debug)]
pub(crate) enum Selection {
    /// What a mail program would show as a file.
    Files,
    /// These, by their paths.
    Parts(Vec<String>),
    /// Every part that is not just a container.
    All,
}

impl Selection {
    /// By the command line.
    pub(crate) fn new(parts: &[String], all: bool) -> Result<Self, Trouble> {
        let is_path = |path: &&String| path.split('.').all(|number| number.parse::<u32>().is_ok());
        if let Some(wrong) = parts.iter().find(|path| !is_path(path)) {
            return Err(Trouble::new(
                Exit::Usage,
                said(
                    format!("--part {wrong}: a part's path is like 1.2"),
                    format!("--part {wrong}：编号的形式如 1.2"),
                ),
                said("see the paths by `hongyan inspect`", "请用 hongyan inspect 查看各部分的编号"),
            ));
        }
        Ok(match (parts, all) {
            ([], false) => Self::Files,
            ([], true) => Self::All,
            (parts, _) => Self::Parts(parts.to_vec()),
        })
    }

    /// A part that was asked for by name and is not among `written`.
    pub(crate) fn missing<'w>(&self, written: impl Iterator<Item = &'w str> + Clone) -> Option<&str> {
        let Self::Parts(parts) = self else { return None };
        parts.iter().find(|path| written.clone().all(|one| one != *path)).map(String::as_str)
    }

    fn wants(&self, found: &Found<'_, '_>) -> bool {
        match self {
            Self::Files => found.is_file(),
            Self::Parts(parts) => parts.contains(&found.path),
            Self::All => found.is_leaf() || found.is_message(),
        }
    }

    /// Whether anything below the part is wanted.
    fn enters(&self, found: &Found<'_, '_>) -> bool {
        match self {
            // A mail inside the mail is one file.
            Self::Files => !found.is_message(),
            Self::Parts(parts) => {
                parts.iter().any(|part| part.strip_prefix(&found.path).is_some_and(|r| r.starts_with('.')))
            }
            Self::All => true,
        }
    }
}

/// A part was asked for that the mail has not.
pub(crate) fn no_part(path: &str) -> Trouble {
    Trouble::new(
        Exit::Data,
        said(format!("the mail has no part {path}"), format!("邮件中没有编号为 {path} 的部分")),
        said("see which it has by `hongyan inspect`", "请用 hongyan inspect 查看有哪些部分"),
    )
}

/// A part of the mail, or of a mail inside of it; or a file inside such a part (a winmail.dat, uuencode).
pub(crate) struct Found<'m, 'a> {
    message: &'m Message<'a>,
    part: usize,
    /// The file inside the part that is meant.
    inside: Option<&'m UnpackedFile>,
    /// Its path in the whole mail.
    pub(crate) path: String,
}

impl Found<'_, '_> {
    pub(crate) fn media_type(&self) -> &str {
        match self.inside {
            Some(file) => &file.media_type,
            None => self.message.parts()[self.part].media_type.as_str(),
        }
    }

    /// The name that the mail gives it.
    pub(crate) fn name(&self) -> Option<String> {
        match self.inside {
            Some(file) => file.name.clone(),
            None => self.message.file_name(self.part),
        }
    }

    /// A name for where it has none.
    pub(crate) fn fallback(&self) -> String {
        format!("part-{}.{}", self.path, extension(self.media_type()))
    }

    /// Its content, decoded; of a container its body as it stands.
    pub(crate) fn content(&self, sink: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        match self.inside {
            Some(file) => sink(&file.content),
            None => self.message.decode_to(self.part, sink),
        }
    }

    /// Its text, if it is text and no longer than `most` octets.
    pub(crate) fn text(&self, most: usize) -> Option<Cow<'_, str>> {
        if let Some(file) = self.inside {
            let is_text = file.media_type.starts_with("text/") && file.content.len() <= most;
            return is_text.then(|| Cow::Owned(file.text()));
        }
        let part = &self.message.parts()[self.part];
        let is_text = part.media_type.is_text() && self.message.body(self.part).len() <= most;
        is_text.then(|| self.message.text(self.part))
    }

    fn is_leaf(&self) -> bool {
        self.inside.is_some() || !self.message.parts()[self.part].is_container()
    }

    fn is_message(&self) -> bool {
        self.media_type() == "message/rfc822" || self.media_type() == "message/global"
    }

    fn is_file(&self) -> bool {
        if let Some(file) = self.inside {
            return file.kind == UnpackedKind::Attachment;
        }
        if !self.is_leaf() && !self.is_message() {
            return false;
        }
        let says_so = self.message.disposition(self.part).as_deref() == Some("attachment");
        let is_mail_itself = self.path == "1" && self.is_message();
        let is_body = matches!(self.media_type(), "text/plain" | "text/html") || is_mail_itself;
        // A multipart without parts is broken, and a finding; what it holds is text.
        let is_text = is_body || self.media_type().starts_with("multipart/");
        says_so || self.name().is_some() || !is_text
    }
}

/// Shows each part that is selected to `visit`, in the mail's order.
pub(crate) fn each(
    message: &Message<'_>,
    selection: &Selection,
    visit: &mut dyn FnMut(Found<'_, '_>) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    Walk { selection, visit, embedded: 0, embedded_bytes: 0 }.message(message, "", 0)
}

struct Walk<'w> {
    selection: &'w Selection,
    visit: &'w mut dyn FnMut(Found<'_, '_>) -> Result<(), Trouble>,
    /// Messages inside transfer encodings, and their bytes: bounded as the reader bounds them.
    embedded: usize,
    embedded_bytes: usize,
}

impl Walk<'_> {
    /// Walks `message`, whose root's path is `prefix` + `1`, inside `depth` encoded parts.
    fn message(&mut self, message: &Message<'_>, prefix: &str, depth: usize) -> Result<(), Trouble> {
        // Parts come in the mail's order, so those below a part that is not entered follow it at once.
        let mut closed: Option<String> = None;
        for (part, about) in message.parts().iter().enumerate() {
            let path = format!("{prefix}{}", message.path(part));
            if closed.as_deref().is_some_and(|above| is_below(&path, above)) {
                continue;
            }
            let found = Found { message, part, inside: None, path };
            let enters = self.selection.enters(&found);
            let path = found.path.clone();
            let unpacked = enters.then(|| message.unpack(part)).flatten();
            // Where files are asked for, those in a winmail.dat stand for it.
            let replaced = matches!(self.selection, Selection::Files)
                && unpacked
                    .as_ref()
                    .is_some_and(|unpacked| unpacked.text.is_none() && !unpacked.files.is_empty());
            if self.selection.wants(&found) && !replaced {
                (self.visit)(found)?;
            }
            if let Some(unpacked) = &unpacked {
                self.unpacked(message, part, &path, unpacked)?;
            }
            if !enters {
                closed = Some(path);
            } else if about.is_embedded() {
                self.embedded(message, part, &path, depth)?;
            }
        }
        Ok(())
    }

    /// Shows the files inside a part.
    fn unpacked(
        &mut self,
        message: &Message<'_>,
        part: usize,
        path: &str,
        unpacked: &Unpacked,
    ) -> Result<(), Trouble> {
        for (numbers, file) in unpacked.numbered() {
            let found = Found { message, part, inside: Some(file), path: format!("{path}.{numbers}") };
            if self.selection.wants(&found) {
                (self.visit)(found)?;
            }
        }
        Ok(())
    }

    fn embedded(
        &mut self,
        message: &Message<'_>,
        part: usize,
        path: &str,
        depth: usize,
    ) -> Result<(), Trouble> {
        let depth = depth + message.parts()[part].depth + 1;
        self.embedded += 1;
        self.embedded_bytes = self.embedded_bytes.saturating_add(message.body(part).len());
        if self.embedded > MAX_EMBEDDED || self.embedded_bytes > MAX_EMBEDDED_BYTES || depth > MAX_DEPTH {
            let mib = MAX_EMBEDDED_BYTES >> 20;
            return Err(Trouble::new(
                Exit::Data,
                said(
                    format!(
                        "the mail in part {path} is not opened: {MAX_EMBEDDED} encoded mails, {mib} MiB together, \
                         {MAX_DEPTH} levels deep, are the limit"
                    ),
                    format!(
                        "第 {path} 部分中的邮件没有展开：最多展开 {MAX_EMBEDDED} 封编码的邮件，共 {mib} MiB，{MAX_DEPTH} 层"
                    ),
                ),
                said(
                    format!("extract it with --part {path}, and then from that file"),
                    format!("请先用 --part {path} 取出它，再从该文件中取"),
                ),
            ));
        }
        let decoded = message.decoded(part);
        self.message(&Message::parse(&decoded), &format!("{path}."), depth)
    }
}

fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.starts_with('.'))
}

/// The usual end of the name of a file of this type.
fn extension(media_type: &str) -> &'static str {
    match media_type {
        "text/plain" => "txt",
        "text/html" => "html",
        "text/calendar" => "ics",
        "text/csv" => "csv",
        "text/vcard" | "text/x-vcard" => "vcf",
        "message/rfc822" | "message/global" => "eml",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        "image/svg+xml" => "svg",
        "image/webp" => "webp",
        "audio/mpeg" => "mp3",
        "audio/wav" | "audio/x-wav" | "audio/vnd.wave" => "wav",
        "video/mp4" => "mp4",
        "application/pdf" => "pdf",
        "application/zip" => "zip",
        "application/json" => "json",
        "application/pgp-signature" => "asc",
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => "p7s",
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => "p7m",
        "application/ms-tnef" => "dat",
        _ if media_type.starts_with("text/") || media_type.starts_with("message/") => "txt",
        _ => "bin",
    }
}
