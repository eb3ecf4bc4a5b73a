//! Files inside a campaign's folder, and nothing else: a path comes from a sheet, and a sheet from anybody.
//!
//! A path is walked one name at a time, each opened relative to the folder that was opened before it and never through a
//! link. What is checked is therefore what is read, whatever somebody renames meanwhile.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use hongyan_proto::said::{Problem, Said, said};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

/// The longest path inside a folder, in octets.
pub const MAX_PATH: usize = 1024;

/// A folder, held open.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    handle: OwnedFd,
}

/// Why a path leads to no file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathError {
    /// The path as it was given.
    pub path: String,
    /// What is wrong with it.
    pub problem: PathProblem,
}

/// What is wrong with a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathProblem {
    /// It is empty, or names no file.
    Empty,
    /// It is longer than [`MAX_PATH`].
    TooLong,
    /// It holds a line break or another control character.
    Control,
    /// It begins at the root of the file system, a drive or a home folder.
    Absolute,
    /// It holds `..`.
    Leaves,
    /// This beginning of it is a symbolic link.
    Link(String),
    /// This beginning of it does not exist.
    Missing(String),
    /// It is a folder, a pipe, a device.
    NoFile,
    /// It may not be read.
    Denied,
    /// Reading it failed.
    Failed(String),
    /// It is not what it was when the campaign was begun.
    Changed,
    /// It would be another one for each row, where one is for all.
    Differs,
}

impl Folder {
    /// Opens a folder; its own path may go through links.
    ///
    /// # Errors
    /// Where there is none, or it may not be read.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = rustix::fs::open(&path, flags, Mode::empty())?;
        Ok(Self { path, handle })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a regular file of the folder for reading.
    ///
    /// # Errors
    /// [`PathError`]: wherever the path does not lead to a regular file inside the folder without a link on the way.
    pub fn file(&self, path: &str) -> Result<File, PathError> {
        let normal = normal(path)?;
        let fail = |problem| PathError { path: path.to_owned(), problem };
        let mut above: Option<OwnedFd> = None;
        let mut end = 0;
        loop {
            let rest = &normal[end..];
            let name = rest.split('/').next().unwrap_or(rest);
            let folder = above.as_ref().unwrap_or(&self.handle);
            let last = name.len() == rest.len();
            let kind = if last { OFlags::NONBLOCK } else { OFlags::DIRECTORY };
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | kind;
            let opened = rustix::fs::openat(folder, name, flags, Mode::empty())
                .map_err(|errno| fail(why_not(folder, name, &normal[..end + name.len()], errno)))?;
            if !last {
                end += name.len() + 1;
                above = Some(opened);
                continue;
            }
            let stat = rustix::fs::fstat(&opened).map_err(|e| fail(PathProblem::Failed(e.to_string())))?;
            if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
                return Err(fail(PathProblem::NoFile));
            }
            return Ok(File::from(opened));
        }
    }

    /// Where a path inside the folder leads to, for messages and for those who open it by [`Folder::file`] as well.
    ///
    /// # Errors
    /// [`PathError`] where it would leave the folder by what is written in it; links are seen by [`Folder::file`].
    pub fn join(&self, path: &str) -> Result<PathBuf, PathError> {
        Ok(self.path.join(normal(path)?))
    }
}

/// Why `name` in `folder` was not opened.
fn why_not(folder: &OwnedFd, name: &str, so_far: &str, errno: Errno) -> PathProblem {
    // What stands there now is only said; whatever it is, it was not opened.
    let kind = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
        .map(|stat| FileType::from_raw_mode(stat.st_mode));
    match (errno, kind) {
        (_, Ok(FileType::Symlink)) => PathProblem::Link(so_far.to_owned()),
        (Errno::NOENT, _) => PathProblem::Missing(so_far.to_owned()),
        (Errno::NOTDIR, Ok(FileType::RegularFile)) => PathProblem::Missing(so_far.to_owned()),
        (Errno::NXIO | Errno::NOTDIR | Errno::ISDIR, _) => PathProblem::NoFile,
        (Errno::ACCESS | Errno::PERM, _) => PathProblem::Denied,
        (Errno::NAMETOOLONG, _) => PathProblem::TooLong,
        (errno, _) => PathProblem::Failed(io::Error::from(errno).to_string()),
    }
}

/// The path without `.` and doubled slashes, so that a file has one name.
///
/// # Errors
/// Where it would leave the folder, or cannot be a path.
pub fn normal(path: &str) -> Result<String, PathError> {
    let fail = |problem| Err(PathError { path: path.to_owned(), problem });
    if path.len() > MAX_PATH {
        return fail(PathProblem::TooLong);
    }
    if path.chars().any(char::is_control) {
        return fail(PathProblem::Control);
    }
    let bytes = path.as_bytes();
    let drive = bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
    if path.starts_with('/') || path.starts_with("\\\\") || path.starts_with("~/") || drive {
        return fail(PathProblem::Absolute);
    }
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => return fail(PathProblem::Leaves),
            name if name.split('\\').any(|piece| piece == "..") => return fail(PathProblem::Leaves),
            name => names.push(name),
        }
    }
    if names.is_empty() || path.ends_with('/') {
        return fail(PathProblem::Empty);
    }
    Ok(names.join("/"))
}

impl PathError {
    /// What is wrong with the path, and what to do next.
    pub fn problem(&self) -> Problem {
        let shown = self.path.escape_debug();
        let path = &shown;
        let (what, next) = match &self.problem {
            PathProblem::Empty => (
                said(format!("`{path}` names no file"), format!("`{path}` 没有指明文件")),
                said("write a file's path, such as files/001.pdf", "请写出文件的路径，例如 files/001.pdf"),
            ),
            PathProblem::TooLong => (
                said(
                    format!(
                        "the path is longer than {MAX_PATH} octets, or a name in it too long: `{}`",
                        start(&self.path)
                    ),
                    format!("路径超过 {MAX_PATH} 字节，或其中的名称过长：`{}`", start(&self.path)),
                ),
                said("give the file a shorter name", "请给文件起一个短一些的名称"),
            ),
            PathProblem::Control => (
                said(
                    format!("the path `{path}` holds a line break or another control character"),
                    format!("路径 `{path}` 含有换行或其他控制字符"),
                ),
                said("take it out of the cell or the template", "请从单元格或模板中删去该字符"),
            ),
            PathProblem::Absolute => (
                said(
                    format!("`{path}` is not a path inside the campaign's folder"),
                    format!("`{path}` 不是活动文件夹内的路径"),
                ),
                inside(),
            ),
            PathProblem::Leaves => (
                said(
                    format!("`{path}` would lead out of the campaign's folder"),
                    format!("`{path}` 会指向活动文件夹之外"),
                ),
                inside(),
            ),
            PathProblem::Link(link) => (
                said(
                    format!("`{path}` goes through the symbolic link `{}`", link.escape_debug()),
                    format!("`{path}` 经过符号链接 `{}`", link.escape_debug()),
                ),
                said(
                    "put the file itself in place of the link: only what lies in the folder is sent",
                    "请用文件本身替换该链接：只发送文件夹内的文件",
                ),
            ),
            PathProblem::Missing(missing) => (missing_what(path, missing), missing_next(&self.path)),
            PathProblem::NoFile => (
                said(format!("`{path}` is not a regular file"), format!("`{path}` 不是普通文件")),
                said(
                    "name a file; pack a folder into an archive first",
                    "请指定文件；文件夹请先打包成压缩文件",
                ),
            ),
            PathProblem::Denied => (
                said(format!("`{path}` may not be read"), format!("没有权限读取 `{path}`")),
                said("change its permissions", "请修改它的权限"),
            ),
            PathProblem::Failed(cause) => (
                said(format!("`{path}` cannot be read: {cause}"), format!("无法读取 `{path}`：{cause}")),
                said("look at the disk, then try again", "请检查磁盘后重试"),
            ),
            PathProblem::Changed => (
                said(
                    format!("`{path}` is not what it was when the campaign was begun"),
                    format!("`{path}` 与活动开始时的内容不同"),
                ),
                put_back(),
            ),
            PathProblem::Differs => (
                said(
                    format!(
                        "`{path}` would be another picture for each row, and pictures are shared by all letters"
                    ),
                    format!("`{path}` 每一行各不相同，而内嵌图片由所有信件共用"),
                ),
                said(
                    "send it as one of the row's own files (attach.own), or name a picture on the web",
                    "请把它作为各自的附件（attach.own）发送，或使用网络图片",
                ),
            ),
        };
        Problem::new(what, next)
    }
}

/// What to do about a file that was edited after the start.
pub(crate) fn put_back() -> Said {
    said(
        "put it back as it was, or begin a new campaign for what is left",
        "请恢复原来的文件，或为剩余的收件人新建一个活动",
    )
}

fn inside() -> Said {
    said(
        "copy the file into the folder and write its path from there, such as files/001.pdf",
        "请把文件复制到该文件夹内，并写相对路径，例如 files/001.pdf",
    )
}

fn missing_what(path: &impl fmt::Display, missing: &str) -> Said {
    let missing = missing.escape_debug();
    let plain = path.to_string() == missing.to_string();
    match plain {
        true => said(format!("there is no file `{path}`"), format!("没有文件 `{path}`")),
        false => said(
            format!("there is no file `{path}`: already `{missing}` is missing"),
            format!("没有文件 `{path}`：缺少 `{missing}`"),
        ),
    }
}

fn missing_next(path: &str) -> Said {
    if path.contains('\\') {
        return said("write / in place of \\ between folders", "文件夹之间请用 / 而不是 \\");
    }
    said(
        "put the file there, or correct the name; upper and lower case count",
        "请放入该文件或更正名称；注意大小写",
    )
}

/// The beginning of what is too long to be shown.
fn start(path: &str) -> String {
    path.chars().take(60).flat_map(char::escape_debug).chain("…".chars()).collect()
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem().fmt(f)
    }
}

impl std::error::Error for PathError {}
