//! What is frozen when a run begins, and what has been changed since.

use std::collections::{BTreeMap, BTreeSet};

use hongyan_proto::said::{Problem, said};

use super::error::{self, Place};
use super::folder::{PathError, normal, put_back};
use super::written::{Written, path_error, paths};
use super::{Campaign, CampaignError, FILE};
use crate::ledger::{FrozenFile, Manifest, Time};
use crate::letter::pictures;

/// The version of what a manifest means.
const VERSION: u32 = 1;

/// A file that is not what it was when the campaign was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its path inside the folder.
    pub file: String,
    /// What became of it.
    pub how: Changed,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Its content is another one.
    Edited,
    /// The campaign did not use it then.
    Added,
    /// It is gone, or cannot be read.
    Missing(PathError),
}

impl Change {
    /// What has happened, and what to do next.
    pub fn problem(&self) -> Problem {
        let file = self.file.escape_debug();
        let what = match &self.how {
            Changed::Edited => said(
                format!("`{file}` was edited after the campaign was begun"),
                format!("活动开始之后，`{file}` 被修改过"),
            ),
            Changed::Added => said(
                format!("`{file}` was added after the campaign was begun"),
                format!("`{file}` 是在活动开始之后加入的"),
            ),
            Changed::Missing(error) => error.problem().what,
        };
        Problem::new(what, put_back())
    }
}

impl Campaign {
    /// Notes what every file is now that the campaign is made of: the sheet, templates, shared attachments, and pictures,
    /// those that are found in the HTML too. How many letters and recipients there are, the loader knows.
    ///
    /// # Errors
    /// [`CampaignError`] naming the file that cannot be read.
    pub fn freeze(&self, key: &str, now: Time, columns: &[String]) -> Result<Manifest, CampaignError> {
        let written = Written::new(&self.text);
        let mut files = BTreeMap::new();
        for (keys, path) in paths(&self.config) {
            let frozen = self.frozen(path).map_err(|error| path_error(&written, &keys, &error))?;
            files.insert(normal(path).map_err(|error| path_error(&written, &keys, &error))?, frozen);
        }
        for (path, place) in self.found_pictures(Some(&files))? {
            let frozen = self.frozen(&path).map_err(|error| error::of_path(place, &error))?;
            files.insert(path, frozen);
        }
        Ok(Manifest {
            version: VERSION,
            key: key.to_owned(),
            name: self.name(),
            frozen: now.0,
            campaign: self.text.clone(),
            columns: columns.to_vec(),
            letters: 0,
            recipients: 0,
            files,
        })
    }

    /// The files that are not what they were when the campaign was frozen: none, and it goes on.
    pub fn changed_since(&self, manifest: &Manifest) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut add = |file: &str, how| changes.push(Change { file: file.to_owned(), how });
        if self.text != manifest.campaign {
            add(FILE, Changed::Edited);
        }
        for (path, frozen) in &manifest.files {
            match self.frozen(path) {
                Ok(now) if now == *frozen => {}
                Ok(_) => add(path, Changed::Edited),
                Err(error) => add(path, Changed::Missing(error)),
            }
        }
        let used = paths(&self.config).into_iter().filter_map(|(_, path)| normal(path).ok());
        let pictures = self.found_pictures(None).unwrap_or_default().into_iter().map(|(path, _)| path);
        let used: BTreeSet<String> = used.chain(pictures).collect();
        for path in used.into_iter().filter(|path| !manifest.files.contains_key(path)) {
            add(&path, Changed::Added);
        }
        changes
    }

    /// The pictures that the HTML names, by their paths, and where it does.
    fn found_pictures(
        &self,
        frozen: Option<&BTreeMap<String, FrozenFile>>,
    ) -> Result<Vec<(String, Place)>, CampaignError> {
        let Some(html) = &self.config.message.html else { return Ok(Vec::new()) };
        let text = self.template(html, frozen)?;
        let found = pictures::found(text.as_str());
        found
            .into_iter()
            .map(|picture| {
                let place = Place::line(html, Some(picture.line));
                let path = picture.path.map_err(|error| error::of_path(place.clone(), &error))?;
                Ok((path, place))
            })
            .collect()
    }
}
