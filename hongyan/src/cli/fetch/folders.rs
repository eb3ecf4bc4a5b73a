//! Which folders are fetched, and which folders of the Maildir they go to.

use super::Mail;
use crate::mailbox::maildir::FolderName;
use crate::net::imap::{Folder, Session, Special};
use crate::proto::outcome::{Failure, Kind, Stage};

/// The most folders that an error names.
const NAMED: usize = 20;

/// The folders' names as the server has them, and as the Maildir will. For a watcher INBOX is the last of them, or
/// else the first that was named: a server tells news of the folder that was opened last.
pub(super) async fn wanted(session: &mut Session, mail: &Mail) -> Result<Vec<(String, FolderName)>, Failure> {
    let mut folders = listed(session, mail).await?;
    if mail.watch.is_some() && !folders.is_empty() {
        let inbox = folders.iter().position(|(_, name)| name.is_inbox());
        let watched = folders.remove(inbox.unwrap_or(0));
        folders.push(watched);
    }
    Ok(folders)
}

async fn listed(session: &mut Session, mail: &Mail) -> Result<Vec<(String, FolderName)>, Failure> {
    if !mail.all_folders && mail.folders.is_empty() {
        return Ok(vec![("INBOX".into(), FolderName::inbox())]);
    }
    let there = session.folders("*").await?;
    let named = |folder: &Folder| (folder.name.clone(), FolderName::parse(&folder.name, folder.delimiter));
    if mail.all_folders {
        // What shows the mail of other folders once more is left out.
        let own = |folder: &&Folder| {
            folder.selectable
                && !matches!(folder.special, Some(Special::All | Special::Flagged | Special::Important))
        };
        return Ok(there.iter().filter(own).map(named).collect());
    }
    let find = |wanted: &String| {
        let same = |folder: &&Folder| {
            folder.name == *wanted
                || (wanted.eq_ignore_ascii_case("INBOX") && folder.name.eq_ignore_ascii_case("INBOX"))
        };
        there.iter().find(same).map(named).ok_or_else(|| missing(wanted, &there))
    };
    mail.folders.iter().map(find).collect()
}

fn missing(wanted: &str, there: &[Folder]) -> Failure {
    let mut names: Vec<&str> = there.iter().map(|folder| folder.name.as_str()).take(NAMED).collect();
    if there.len() > NAMED {
        names.push("…");
    }
    Failure::new(
        Stage::Select,
        Kind::Local,
        format!("there is no folder {wanted:?}; there are: {}", names.join(", ")),
    )
}
