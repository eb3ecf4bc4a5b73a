//! A campaign is a folder with a `campaign.toml`: what is to be sent, to whom, how fast, and what to do in doubt.
//!
//! [`Campaign::open`] reads it and refuses what is wrong, with the line. [`Campaign::freeze`] notes what every file is when a
//! run begins; from then on each file that is read is held against that. [`Campaign::from_manifest`] is the same campaign
//! where there is no such folder: on another machine, with the contents by their hashes.

mod config;
mod error;
mod files;
mod folder;
mod freeze;
mod written;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hongyan_mime::compose::{FileSource, Text};
use hongyan_proto::said::{Problem, said};

pub use config::{
    Account, Attach, Bounces, Config, Destination, Dkim, Doubt, Kind, Message, Pace, Recipients, Retry, Send,
    Stop, Unsubscribe, Window,
};
pub(crate) use error::of_path as error_of_path;
pub use error::{CampaignError, CampaignErrorKind, Place};
pub(crate) use files::changed;
pub use files::sha256_of;
pub use folder::{Folder, MAX_PATH, PathError, PathProblem, normal};
pub use freeze::{Change, Changed};

use crate::ledger::{FrozenFile, Manifest};
use crate::letter::Held;
use crate::pace::{Hours, Steps};
use crate::recipients::{Options, Sheet};
use files::Files;
use written::Written;

/// The name of a campaign's description in its folder.
pub const FILE: &str = "campaign.toml";
/// The name of a campaign's ledger in its folder.
pub const LEDGER: &str = "ledger.sqlite";
/// The longest `campaign.toml`, in octets.
pub const MAX_CAMPAIGN: u64 = 256 * 1024;
/// The longest template, in octets.
pub const MAX_TEMPLATE: u64 = 4 * 1024 * 1024;

/// What `campaign.toml` says of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// When to try again what was deferred.
    pub steps: Steps,
    /// The hours of the day in which mail is sent; `None`: always.
    pub hours: Option<Hours>,
}

/// A campaign that has been read and makes sense.
#[derive(Debug)]
pub struct Campaign {
    config: Config,
    text: String,
    timing: Timing,
    files: Files,
}

impl Campaign {
    /// Reads the campaign in a folder.
    ///
    /// # Errors
    /// [`CampaignError`] with the line of what is wrong: a key that nobody knows, a value that cannot be, a path that leads
    /// out of the folder or to no file. What templates say is looked at when letters are made.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, CampaignError> {
        let dir = dir.into();
        let folder = Folder::open(&dir).map_err(|error| {
            let shown = dir.display();
            CampaignError::new(
                CampaignErrorKind::Missing,
                Place::default(),
                said(
                    format!("the folder {shown} cannot be opened: {error}"),
                    format!("无法打开文件夹 {shown}：{error}"),
                ),
                said(
                    "name the campaign's folder; `hongyan bulk new DIR` makes one",
                    "请指定活动文件夹；用 `hongyan bulk new DIR` 可新建一个",
                ),
            )
        })?;
        Self::of(Files::Folder(folder))
    }

    /// A campaign as it was frozen, its contents lying in `contents` as files called by their SHA-256.
    ///
    /// # Errors
    /// As [`Campaign::open`].
    pub fn from_manifest(manifest: &Manifest, contents: impl Into<PathBuf>) -> Result<Self, CampaignError> {
        let contents = Files::contents(contents.into(), manifest.files.clone());
        let campaign = Self::with_text(manifest.campaign.clone(), contents)?;
        Ok(campaign)
    }

    fn of(files: Files) -> Result<Self, CampaignError> {
        let bytes = files.read(FILE, MAX_CAMPAIGN).map_err(|error| {
            let mut error = error::of_path(Place::default(), &error);
            if error.kind == CampaignErrorKind::Missing {
                error.problem.next = said(
                    "name the campaign's folder; `hongyan bulk new DIR` makes one",
                    "请指定活动文件夹；用 `hongyan bulk new DIR` 可新建一个",
                );
            }
            error
        })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let upto = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = upto.iter().filter(|byte| **byte == b'\n').count() + 1;
            CampaignError::wrong(
                Place::line(FILE, Some(line)),
                said("this is not UTF-8", "不是 UTF-8 编码"),
                said("save the file as UTF-8", "请将文件保存为 UTF-8 编码"),
            )
        })?;
        // Editors on Windows put a mark before the text.
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        Self::with_text(text, files)
    }

    fn with_text(text: String, files: Files) -> Result<Self, CampaignError> {
        let config = written::parse(&text)?;
        let written = Written::new(&text);
        let timing = written::check(&config, &written)?;
        for (keys, path) in written::paths(&config) {
            files.file(path).map_err(|error| written::path_error(&written, &keys, &error))?;
        }
        Ok(Self { config, text, timing, files })
    }

    /// What `campaign.toml` says.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// `campaign.toml` as it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says of time.
    pub fn timing(&self) -> &Timing {
        &self.timing
    }

    /// What the campaign is called.
    pub fn name(&self) -> String {
        let folder = self.folder().and_then(|path| path.canonicalize().ok());
        match self.config.name.trim() {
            "" => folder
                .and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
                .unwrap_or_default(),
            name => name.to_owned(),
        }
    }

    /// The campaign's folder; `None` where there is none, since the campaign came from its manifest.
    pub fn folder(&self) -> Option<&Path> {
        match &self.files {
            Files::Folder(folder) => Some(folder.path()),
            Files::Contents { .. } => None,
        }
    }

    /// Where a key of `campaign.toml` is written, given as `["attach", "own", "0"]`.
    pub fn place(&self, keys: &[&str]) -> Place {
        Written::new(&self.text).place(keys)
    }

    /// Where the sheet lies.
    ///
    /// # Errors
    /// [`PathError`] where it is no longer there.
    pub fn sheet(&self) -> Result<PathBuf, PathError> {
        self.path(&self.config.recipients.file)
    }

    /// The sheet, opened as `campaign.toml` says.
    ///
    /// # Errors
    /// What is wrong, and what to do next.
    pub fn recipients(&self) -> Result<Sheet, Problem> {
        let recipients = &self.config.recipients;
        let options = Options {
            sheet: recipients.sheet.clone(),
            header: recipients.header,
            delimiter: recipients.delimiter,
            charset: recipients.charset.clone(),
        };
        let path = self.sheet().map_err(|error| error.problem())?;
        Sheet::open(&path, &options).map_err(|error| error.problem())
    }

    /// Where a file of the campaign lies, after a look at every step of the way. To read it, prefer
    /// [`Campaign::source`], which reads what was looked at.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn path(&self, path: &str) -> Result<PathBuf, PathError> {
        self.files.file(path)?;
        self.files.join(path)
    }

    /// A file of the campaign as content of a mail. With `frozen`, one that is no longer what it was is an error.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn source(&self, path: &str, frozen: Option<&FrozenFile>) -> Result<FileSource, PathError> {
        let (file, lies) = match frozen {
            Some(frozen) => {
                let (file, lies) = self.files.frozen(path, frozen)?;
                files::unchanged(path, &file, frozen)?;
                (file, lies)
            }
            None => (self.files.file(path)?, self.files.join(path)?),
        };
        FileSource::from_file(file, lies).map_err(|error| files::failed(path, &error))
    }

    /// One of a row's own files, to be sent.
    ///
    /// # Errors
    /// As [`Campaign::source`].
    pub fn hold(&self, path: &str, frozen: Option<&FrozenFile>) -> Result<Held, PathError> {
        Ok(Held { path: normal(path)?, source: self.source(path, frozen)?, frozen: frozen.cloned() })
    }

    /// What a file of the campaign is now: read as a stream, so that it may be as large as it likes.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn frozen(&self, path: &str) -> Result<FrozenFile, PathError> {
        files::hash(path, self.files.file(path)?)
    }

    /// A template of the campaign as text, from whatever charset it is in.
    pub(crate) fn template(
        &self,
        path: &str,
        frozen: Option<&BTreeMap<String, FrozenFile>>,
    ) -> Result<Text, CampaignError> {
        let bytes = self.bytes(path, frozen).map_err(|error| error::of_path(Place::file(path), &error))?;
        Text::decode(bytes, None).map_err(|error| {
            CampaignError::wrong(
                Place::file(path),
                said(error.to_string(), format!("无法识别文字编码（{error}）")),
                said("save the file as UTF-8", "请将文件保存为 UTF-8 编码"),
            )
        })
    }

    /// The whole of a small file, held against what was frozen.
    fn bytes(&self, path: &str, frozen: Option<&BTreeMap<String, FrozenFile>>) -> Result<Vec<u8>, PathError> {
        let bytes = self.files.read(path, MAX_TEMPLATE)?;
        if let Some(frozen) = frozen {
            files::same(path, &bytes, frozen)?;
        }
        Ok(bytes)
    }
}
