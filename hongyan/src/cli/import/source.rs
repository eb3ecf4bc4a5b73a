//! Where mails come from: files, folders of files, Maildirs, standard input; one after the other, in the order of
//! their names.

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use hongyan_mailbox::Maildir;
use hongyan_mailbox::maildir::{Flags, FolderName};
use hongyan_mailbox::mbox::{MboxError, Message, Reader};

use super::Refusal;
use super::kind::{BEGINNING, Kind};
use super::target::{Failed, Target};
use crate::cli::trouble::Trouble;

/// The octets of a mail in an mbox that its flags are looked for in.
const MAX_HEAD: usize = 64 * 1024;

/// Takes what there is into a target, and names what cannot be taken.
pub(super) struct Sources<'s> {
    pub(super) target: &'s mut Target,
    pub(super) refuse: &'s mut dyn FnMut(&str, Refusal),
}

impl Sources<'_> {
    /// Everything that these paths hold.
    pub(super) fn take(&mut self, paths: &[PathBuf]) -> Result<(), Trouble> {
        for path in paths {
            if path.as_os_str() == "-" {
                let done = self.stream(io::stdin().lock(), "-");
                self.settle("-", done)?;
            } else {
                self.path(path)?;
            }
        }
        Ok(())
    }

    /// A file, or everything in a folder. Folders that are links are not gone into, unless a person named them.
    fn path(&mut self, path: &Path) -> Result<(), Trouble> {
        let mut left = vec![path.to_owned()];
        while let Some(path) = left.pop() {
            let name = path.to_string_lossy().into_owned();
            match fs::metadata(&path) {
                Err(error) => (self.refuse)(&name, Refusal::Unreadable(error)),
                Ok(metadata) if !metadata.is_dir() => {
                    let done = self.file(&path);
                    self.settle(&name, done)?;
                }
                Ok(_) => match Maildir::open(&path) {
                    Ok(maildir) => self.maildir(&maildir)?,
                    Err(_) => match entries(&path) {
                        // The last of them is the next.
                        Ok(found) => left.extend(found.into_iter().rev()),
                        Err(error) => (self.refuse)(&name, Refusal::Unreadable(error)),
                    },
                },
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<(), Failed> {
        let mut file = File::open(path).map_err(unreadable)?;
        if !file.metadata().map_err(unreadable)?.is_file() {
            return self.stream(file, &path.to_string_lossy());
        }
        let mut beginning = Vec::new();
        (&mut file).take(BEGINNING as u64).read_to_end(&mut beginning).map_err(unreadable)?;
        match Kind::of(&beginning).map_err(Failed::Refused)? {
            Kind::Mail => self.target.take(&mut Cursor::new(beginning).chain(file), Flags::NONE),
            Kind::Mbox => {
                file.rewind().map_err(unreadable)?;
                self.mbox(Reader::with_lengths(file), &path.to_string_lossy())
            }
        }
    }

    /// What comes through a pipe.
    fn stream(&mut self, mut from: impl Read, name: &str) -> Result<(), Failed> {
        let mut beginning = Vec::new();
        from.by_ref().take(BEGINNING as u64).read_to_end(&mut beginning).map_err(unreadable)?;
        let kind = Kind::of(&beginning).map_err(Failed::Refused)?;
        let mut whole = Cursor::new(beginning).chain(from);
        match kind {
            Kind::Mail => self.target.take(&mut whole, Flags::NONE),
            Kind::Mbox => self.mbox(Reader::new(whole), name),
        }
    }

    fn mbox<R: Read>(&mut self, mut reader: Reader<R>, name: &str) -> Result<(), Failed> {
        for number in 1u64.. {
            let message = match reader.next_message() {
                Ok(message) => message,
                Err(MboxError::Io(error)) => return Err(unreadable(error)),
                Err(error @ MboxError::NotMbox) => return Err(unreadable(io::Error::other(error))),
            };
            let Some((_, message)) = message else { break };
            match self.of_mbox(message) {
                // The others are whole all the same.
                Err(Failed::Refused(refusal @ Refusal::NoMail(_))) => {
                    (self.refuse)(&format!("{name}: mail {number}"), refusal);
                }
                done => done?,
            }
        }
        Ok(())
    }

    fn of_mbox<R: Read>(&mut self, mut message: Message<'_, R>) -> Result<(), Failed> {
        let mut head = Vec::new();
        message.by_ref().take(MAX_HEAD as u64).read_to_end(&mut head).map_err(unreadable)?;
        let flags = status(&head);
        self.target.take(&mut Cursor::new(head).chain(message), flags)
    }

    /// Each folder of another Maildir, with its flags.
    fn maildir(&mut self, maildir: &Maildir) -> Result<(), Trouble> {
        let mut names = vec![FolderName::inbox()];
        match maildir.folders() {
            Ok(found) => names.extend(found),
            Err(error) => (self.refuse)(&maildir.path().to_string_lossy(), Refusal::Unreadable(error)),
        }
        for name in names {
            let opened = maildir.folder(&name).map_err(io::Error::other);
            match opened.and_then(|folder| Ok((folder.entries()?, folder))) {
                Ok((mut entries, folder)) => {
                    entries.sort_by(|one, other| one.unique().cmp(other.unique()));
                    self.target.open(&name)?;
                    for entry in entries {
                        let path = entry.path(&folder).to_string_lossy().into_owned();
                        let done = folder.read(entry.unique()).map_err(unreadable);
                        let done =
                            done.and_then(|(now, mut file)| self.target.take_here(&mut file, now.flags()));
                        self.settle(&path, done)?;
                    }
                }
                Err(error) => {
                    let path = maildir.path().join(name.directory()).to_string_lossy().into_owned();
                    (self.refuse)(&path, Refusal::Unreadable(error));
                }
            }
        }
        Ok(())
    }

    fn settle(&mut self, name: &str, done: Result<(), Failed>) -> Result<(), Trouble> {
        match done {
            Ok(()) => Ok(()),
            Err(Failed::Refused(refusal)) => {
                (self.refuse)(name, refusal);
                Ok(())
            }
            Err(Failed::Stop(trouble)) => Err(trouble),
        }
    }
}

fn unreadable(error: io::Error) -> Failed {
    Failed::Refused(Refusal::Unreadable(error))
}

/// What a folder holds, in the order of names; not what is hidden, and no folders that are links.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        let link = entry.file_type()?.is_symlink() && entry.path().is_dir();
        if !hidden && !link {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// The flags that mail programs note in an mbox: `Status: RO`, `X-Status: AF`.
fn status(head: &[u8]) -> Flags {
    let mut flags = Flags::NONE;
    for line in head.split(|&byte| byte == b'\n').take_while(|line| !line.trim_ascii().is_empty()) {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        let (name, value) = (&line[..colon], &line[colon..]);
        for &letter in value {
            if name.eq_ignore_ascii_case(b"Status") && letter == b'R' {
                flags |= Flags::SEEN;
            } else if name.eq_ignore_ascii_case(b"X-Status") {
                flags |= match letter {
                    b'A' => Flags::REPLIED,
                    b'F' => Flags::FLAGGED,
                    b'T' => Flags::DRAFT,
                    b'D' => Flags::TRASHED,
                    _ => Flags::NONE,
                };
            }
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_programs_note_in_an_mbox_are_found() {
        for (head, expected) in [
            ("Status: RO\nX-Status: AF\n\n", "FRS"),
            ("status: O\r\n\r\nStatus: R\r\n", ""),
            ("X-Status: DT\nSubject: R\n\n", "DT"),
            ("Subject: x\n\n", ""),
            ("", ""),
        ] {
            assert_eq!(status(head.as_bytes()).to_string(), expected, "{head:?}");
        }
    }
}
