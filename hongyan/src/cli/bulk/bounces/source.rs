//! The mails: files, mbox files, folders of them, Maildirs, an account's.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use hongyan_mailbox::Maildir;
use hongyan_mailbox::maildir::FolderName;
use hongyan_mailbox::mbox::{MboxError, Reader};

use crate::cli::exit::Exit;
use crate::cli::fetch;
use crate::cli::server::Receiving;
use crate::cli::trouble::Trouble;
use crate::said::{Said, said};

/// Octets of a mail that is read; a bounce that returns something larger is named and left alone.
const MAX_MAIL: u64 = 64 << 20;

/// Takes a mail: its name for people, and its octets.
type Take<'t> = &'t mut dyn FnMut(&str, &[u8]) -> Result<(), Trouble>;
/// Is told what cannot be read, and why.
type Refuse<'t> = &'t mut dyn FnMut(&str, &Said);

/// Hands over each mail of these paths, one at a time.
pub(super) fn each(paths: &[PathBuf], take: Take<'_>, refuse: Refuse<'_>) -> Result<(), Trouble> {
    for path in paths {
        let mut left = vec![path.clone()];
        while let Some(path) = left.pop() {
            if !path.is_dir() {
                file(&path, take, refuse)?;
            } else if let Ok(maildir) = Maildir::open(&path) {
                folders(&maildir, take, refuse)?;
            } else {
                match entries(&path) {
                    Ok(found) => left.extend(found.into_iter().rev()),
                    Err(error) => refuse(&path.to_string_lossy(), &because(&error)),
                }
            }
        }
    }
    Ok(())
}

fn because(error: &io::Error) -> Said {
    said(error.to_string(), error.to_string())
}

fn too_large() -> Said {
    let most = MAX_MAIL >> 20;
    said(format!("larger than {most} MiB, not read"), format!("大于 {most} MiB，未读取"))
}

fn file(path: &Path, take: Take<'_>, refuse: Refuse<'_>) -> Result<(), Trouble> {
    let name = path.to_string_lossy();
    let opened = File::open(path).and_then(|mut file| {
        let mut beginning = [0; 5];
        let read = file.read(&mut beginning)?;
        io::Seek::rewind(&mut file)?;
        Ok((beginning[..read].to_vec(), file))
    });
    match opened {
        Err(error) => refuse(&name, &because(&error)),
        Ok((beginning, file)) if beginning == b"From " => {
            return mbox(Reader::with_lengths(file), &name, take, refuse);
        }
        Ok((_, file)) => return mail(file, &name, take, refuse),
    }
    Ok(())
}

fn mail(from: impl Read, name: &str, take: Take<'_>, refuse: Refuse<'_>) -> Result<(), Trouble> {
    let mut raw = Vec::new();
    match from.take(MAX_MAIL + 1).read_to_end(&mut raw) {
        Err(error) => refuse(name, &because(&error)),
        Ok(_) if raw.len() as u64 > MAX_MAIL => refuse(name, &too_large()),
        Ok(_) => return take(name, &raw),
    }
    Ok(())
}

fn mbox<R: Read>(
    mut reader: Reader<R>,
    name: &str,
    take: Take<'_>,
    refuse: Refuse<'_>,
) -> Result<(), Trouble> {
    for number in 1u64.. {
        let found = match reader.next_message() {
            Ok(found) => found,
            Err(MboxError::Io(error)) => {
                refuse(name, &because(&error));
                break;
            }
            Err(error @ MboxError::NotMbox) => {
                refuse(name, &said(error.to_string(), "不是 mbox 文件"));
                break;
            }
        };
        let Some((_, message)) = found else { break };
        mail(message, &format!("{name}: {number}"), take, refuse)?;
    }
    Ok(())
}

fn folders(maildir: &Maildir, take: Take<'_>, refuse: Refuse<'_>) -> Result<(), Trouble> {
    let mut names = vec![FolderName::inbox()];
    names.extend(maildir.folders().unwrap_or_default());
    for name in names {
        let opened = maildir.folder(&name).map_err(io::Error::other);
        let found = opened.and_then(|folder| Ok((folder.entries()?, folder)));
        let (mut entries, folder) = match found {
            Ok(found) => found,
            Err(error) => {
                refuse(&maildir.path().join(name.directory()).to_string_lossy(), &because(&error));
                continue;
            }
        };
        entries.sort_by(|one, other| one.unique().cmp(other.unique()));
        for entry in entries {
            let path = entry.path(&folder);
            match folder.read(entry.unique()) {
                Ok((_, file)) => mail(file, &path.to_string_lossy(), take, refuse)?,
                Err(error) => refuse(&path.to_string_lossy(), &because(&error)),
            }
        }
    }
    Ok(())
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

/// Fetches what is new in an account into a Maildir that is kept for this, and leaves the server as it is.
pub(super) fn fetched(server: &Receiving, folders: Vec<String>) -> Result<PathBuf, Trouble> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = set("XDG_DATA_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| set("HOME").map(|home| home.join(".local/share")));
    let data = data.ok_or_else(|| {
        Trouble::new(
            Exit::Config,
            said("no home folder is known to keep fetched mail in", "不知道主目录，无法存放收取的邮件"),
            said(
                "set HOME, or fetch by `hongyan fetch --to MAILDIR` and name that",
                "请设置 HOME，或先用 `hongyan fetch --to MAILDIR` 收取再指定该目录",
            ),
        )
    })?;
    let target = server.target()?;
    let place: String = target
        .account_key()
        .chars()
        .map(|c| if c.is_alphanumeric() || "-_.@".contains(c) { c } else { '_' })
        .collect();
    let maildir = data.join("hongyan").join("bounces").join(place.trim_start_matches('.'));
    fetch::Args::into_maildir(server.clone(), folders, maildir.clone()).fetch()?;
    Ok(maildir)
}
