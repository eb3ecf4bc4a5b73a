//! The file that a draft is written on, in a folder that only we may look into.
//!
//! It is there from before the editor opens until the mail was taken: whatever happens in between, nothing that
//! somebody wrote is lost. Beside it stands, under the same name, the mail that goes to the server
//! ([`Waiting`](crate::cli::sent::Waiting)).

use std::env;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::Local;
use rustix::process::{Pid, test_kill_process};

use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::mime::compose::{MAX_TEXT, Text};
use crate::said::said;

/// How many names are tried where others are writing in the same second.
const MAX_TRIES: usize = 100;

/// A draft's file.
#[derive(Debug)]
pub(crate) struct Paper {
    path: PathBuf,
    /// Whether it lies in our folder, and is ours to remove.
    ours: bool,
}

impl Paper {
    /// A new file with this text, safe on disk; `kind` is what it is called by.
    pub(crate) fn new(kind: &str, text: &str) -> Result<Self, Trouble> {
        let folder = made_folder()?;
        let failed = |error: &io::Error| cannot_write(&folder, error);
        for number in 1..=MAX_TRIES {
            let path = folder.join(name(kind, number, "txt"));
            match whole(&path, text).and_then(|()| sync(&folder)) {
                Ok(()) => return Ok(Self { path, ours: true }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(&error)),
            }
        }
        Err(failed(&io::ErrorKind::AlreadyExists.into()))
    }

    /// A draft that was kept before.
    pub(crate) fn kept(path: &Path) -> Self {
        let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let ours = folder().ok().and_then(|folder| folder.canonicalize().ok());
        Self { ours: ours.is_some_and(|ours| whole.parent() == Some(&ours)), path: whole }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What stands on it now, in whatever charset the editor left.
    pub(crate) fn read(&self) -> Result<String, Trouble> {
        let mut bytes = Vec::new();
        let read = File::open(&self.path).and_then(|file| file.take(MAX_TEXT + 1).read_to_end(&mut bytes));
        let shown = self.path.display();
        read.map_err(|error| {
            Trouble::new(
                Exit::NoInput,
                said(
                    format!("the draft {shown} cannot be read: {error}"),
                    format!("无法读取草稿 {shown}：{error}"),
                ),
                said("check the file's name and its permissions", "请检查文件名和权限"),
            )
        })?;
        let text = Text::decode(bytes, None).ok().filter(|text| text.as_str().len() as u64 <= MAX_TEXT);
        text.map(|text| text.as_str().to_owned()).ok_or_else(|| {
            Trouble::new(
                Exit::Data,
                said(format!("the draft {shown} is not text"), format!("草稿 {shown} 不是文本")),
                said("save it as text in UTF-8", "请保存为 UTF-8 文本"),
            )
        })
    }

    /// Removes it: the mail was sent, or is not wanted.
    pub(crate) fn remove(self) {
        if self.ours {
            // What could not be removed is told of as a kept draft the next time.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Where drafts are kept.
pub(crate) fn folder() -> Result<PathBuf, Trouble> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = set("XDG_STATE_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| set("HOME").map(|home| home.join(".local/state")));
    state.map(|state| state.join("hongyan/drafts")).ok_or_else(|| {
        Trouble::new(
            Exit::Config,
            said("no home folder is known to keep the draft in", "找不到存放草稿的主目录"),
            said("set HOME, or XDG_STATE_HOME", "请设置 HOME 或 XDG_STATE_HOME"),
        )
    })
}

/// Where drafts are kept, made where it is not there: for its owner alone.
pub(crate) fn made_folder() -> Result<PathBuf, Trouble> {
    let folder = folder()?;
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
    made.map_err(|error| cannot_write(&folder, &error)).map(|()| folder)
}

/// What runs that were cut off left behind: sent mails whose copy is not filed, and drafts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) copies: Vec<PathBuf>,
    pub(crate) drafts: Vec<PathBuf>,
}

/// What cut-off runs left in the folder of drafts.
pub(crate) fn left() -> Left {
    let Ok(folder) = folder() else { return Left::default() };
    Left {
        copies: abandoned(&folder, |name| name.ends_with(".sent.eml")),
        drafts: abandoned(&folder, |name| name.ends_with(".txt")),
    }
}

/// The name of a file that this process makes.
pub(crate) fn name(kind: &str, number: usize, extension: &str) -> String {
    let time = Local::now().format("%Y%m%d-%H%M%S");
    format!("{kind}-{time}-{}-{number}.{extension}", std::process::id())
}

/// What lies in `folder`, has a name that is `wanted`, and belongs to no process that still runs.
pub(super) fn abandoned(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.split('-').nth(3).and_then(|pid| Pid::from_raw(pid.parse().ok()?));
        if wanted(&name) && process.is_some_and(|process| test_kill_process(process).is_err()) {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

/// Makes a file that is there with all of its text or not at all.
fn whole(path: &Path, text: &str) -> io::Result<()> {
    let part = path.with_extension("part");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.and_then(|()| fs::rename(&part, path)).inspect_err(|_| {
        // The error that matters is the one above.
        let _ = fs::remove_file(&part);
    })
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn cannot_write(path: &Path, error: &io::Error) -> Trouble {
    let path = path.display();
    Trouble::new(
        Exit::CannotCreate,
        said(format!("no draft can be written to {path}: {error}"), format!("无法写入草稿 {path}：{error}")),
        said(
            "make room, or name another folder by XDG_STATE_HOME; nothing was sent",
            "请腾出空间，或用 XDG_STATE_HOME 指定其他目录；邮件没有发送",
        ),
    )
}
