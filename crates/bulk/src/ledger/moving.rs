//! A campaign moves from its file to a database: all that is known of everybody, every attempt with its proof, connections,
//! buckets, and the contents of all files.
//!
//! At no moment can both be run. The file is held as a run holds it; before the database makes anything visible, the file
//! says where the campaign goes, and cannot be opened for running any more. Whatever breaks off is begun again: what the
//! database shows already was moved wholly.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use hongyan_proto::said::said;

use super::postgres::{Contents, Loader, Place, Postgres};
use super::sqlite::Sqlite;
use super::{Entry, Filter, FrozenFile, Ledger, LedgerError, Manifest, RecipientId, SessionId};
use crate::campaign::Campaign;

/// How many entries are in memory at a time.
const PAGE: usize = 1000;
/// How many paths of rows' own files are remembered, so that a file that many rows share is asked for once.
const REMEMBERED: usize = 100_000;

/// What was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The campaign, with its numbers of letters and recipients.
    pub manifest: Manifest,
    /// So many files were put where contents are kept; others were there.
    pub files: u64,
    /// An earlier move had done it all but the last word.
    pub was_there: bool,
}

/// Moves the campaign of this folder, whose ledger is `ledger`, to a database; `told` hears how many recipients are there
/// so far. Its files go to `contents`.
///
/// # Errors
/// [`LedgerError::Busy`] where somebody runs it; [`LedgerError::Refused`] where rights are missing, the database has the
/// campaign from elsewhere, or a file is not what was frozen. The campaign can be run as before, or, once the move had come
/// to its last step, be moved again.
pub async fn move_to(
    campaign: &Campaign,
    ledger: &Path,
    place: &Place,
    contents: &Contents,
    mut told: impl FnMut(u64),
) -> Result<Moved, LedgerError> {
    let path = ledger.to_owned();
    let opened = tokio::task::spawn_blocking(move || Sqlite::open_to_move(&path)).await;
    let from = opened.unwrap_or_else(|error| Err(interrupted(&error.to_string())))?;
    if let Some(before) = from.moved_to().await? {
        if !place.is_at(&before) {
            return Err(elsewhere(&before));
        }
        let there = Postgres::campaigns(place).await?;
        if let Some(found) = there.into_iter().find(|found| found.manifest.key == from.manifest().key) {
            let manifest = found.manifest;
            from.close().await?;
            return Ok(Moved { manifest, files: 0, was_there: true });
        }
    }
    let mut loader = Postgres::create(place, from.manifest().clone()).await?;
    let mut moving =
        Moving { from: &from, campaign, contents, loader: &mut loader, seen: HashSet::new(), put: 0 };
    moving.files().await?;
    let sessions = moving.sessions().await?;
    moving.letters(&sessions, &mut told).await?;
    let files = moving.put;
    loader.pace(&from.buckets().await?, from.paused().await?).await?;
    from.set_moved(place.url()).await?;
    let manifest = loader.finish().await?;
    from.close().await?;
    Ok(Moved { manifest, files, was_there: false })
}

struct Moving<'a> {
    from: &'a Sqlite,
    campaign: &'a Campaign,
    contents: &'a Contents,
    loader: &'a mut Loader,
    /// Paths of rows' own files that were seen to.
    seen: HashSet<String>,
    put: u64,
}

impl Moving<'_> {
    /// What all letters share: templates, attachments, pictures, and the sheet.
    async fn files(&mut self) -> Result<(), LedgerError> {
        for (path, file) in &self.from.manifest().files {
            self.put(path, file).await?;
        }
        Ok(())
    }

    async fn put(&mut self, path: &str, file: &FrozenFile) -> Result<(), LedgerError> {
        let unreadable = |why: String| LedgerError::Refused(said(why.clone(), why));
        let lies = self.campaign.path(path).map_err(|error| unreadable(error.problem().to_string()))?;
        let content =
            std::fs::File::open(&lies).map_err(|error| unreadable(format!("{}: {error}", lies.display())))?;
        self.put += u64::from(self.contents.put(path, file, content).await?);
        Ok(())
    }

    /// How connections were opened, by the numbers they have in the file.
    async fn sessions(&mut self) -> Result<HashMap<SessionId, SessionId>, LedgerError> {
        let mut sessions = HashMap::new();
        for number in 1.. {
            let Some(opening) = self.from.opening(SessionId(number)).await? else { break };
            sessions.insert(SessionId(number), self.loader.opening(&opening).await?);
        }
        Ok(sessions)
    }

    async fn letters(
        &mut self,
        sessions: &HashMap<SessionId, SessionId>,
        told: &mut impl FnMut(u64),
    ) -> Result<(), LedgerError> {
        let (mut letter, mut after): (Vec<Entry>, _) = (Vec::new(), RecipientId(0));
        loop {
            let page = self.from.page(after, PAGE, Filter::default()).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for entry in page {
                if letter.first().is_some_and(|first| first.row.number != entry.row.number) {
                    self.letter(std::mem::take(&mut letter), sessions).await?;
                }
                letter.push(entry);
            }
            told(u64::try_from(after.0).unwrap_or(0));
        }
        self.letter(letter, sessions).await
    }

    async fn letter(
        &mut self,
        letter: Vec<Entry>,
        sessions: &HashMap<SessionId, SessionId>,
    ) -> Result<(), LedgerError> {
        for path in letter.first().map(|entry| entry.files.clone()).unwrap_or_default() {
            if self.from.manifest().files.contains_key(&path) || self.seen.contains(&path) {
                continue;
            }
            let Some(file) = self.from.frozen(&path).await? else { continue };
            self.put(&path, &file).await?;
            self.loader.files([(path.clone(), file)]).await?;
            if self.seen.len() < REMEMBERED {
                self.seen.insert(path);
            }
        }
        self.loader.take_over(letter, sessions).await
    }
}

fn elsewhere(to: &str) -> LedgerError {
    LedgerError::Refused(said(
        format!("the campaign was moved to {to} already: run `hongyan worker --ledger` with that database"),
        format!("活动已搬到 {to}：请用 `hongyan worker --ledger` 指定该数据库来运行"),
    ))
}

fn interrupted(why: &str) -> LedgerError {
    LedgerError::Failed(said(
        format!("opening the ledger was cut off ({why}): do it again"),
        format!("打开账本时被中断（{why}）：请重试"),
    ))
}
