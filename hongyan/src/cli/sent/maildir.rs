//! A copy into the Maildir's folder for sent mail.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use hongyan_mailbox::Maildir;
use hongyan_mailbox::maildir::{Flags, FolderName};

/// What the folder may be called; the first is made where there is none of them.
pub(super) const NAMES: [&str; 6] =
    ["Sent", "已发送", "已发送邮件", "Sent Messages", "Sent Items", "Sent Mail"];

/// Puts the mail in `path` into the folder, safe on disk; says the folder's path.
pub(super) fn file(maildir: &Path, path: &Path) -> Result<String, String> {
    let maildir = Maildir::create(maildir).map_err(|error| error.to_string())?;
    let there = maildir.folders().map_err(|error| error.to_string())?;
    let names = NAMES.map(|name| FolderName::from_parts([name]));
    let name = names.iter().find(|name| there.contains(name)).unwrap_or(&names[0]);
    let folder = maildir.create_folder(name).map_err(|error| error.to_string())?;
    let copy = || -> io::Result<_> {
        let mut incoming = folder.begin()?;
        io::copy(&mut File::open(path)?, &mut incoming)?;
        incoming.flush()?;
        incoming.finish()
    };
    let written = copy().map_err(|error| error.to_string())?;
    folder.commit(vec![(written, Flags::SEEN)]).map_err(|error| error.to_string())?;
    Ok(folder.path().display().to_string())
}
