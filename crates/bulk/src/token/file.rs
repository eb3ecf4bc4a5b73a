//! The file that holds the key of tokens: made where there is none, for its owner's eyes only.
//!
//! Several programs may want it at the same moment, so it is written whole under another name and linked into its
//! place: whoever comes second reads what the first one made.

use std::env;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use hongyan_proto::said::{Problem, said};

use super::Key;

/// Why there is no key.
#[derive(Debug)]
pub enum KeyFileError {
    /// The file cannot be read.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It cannot be made.
    NotMade {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Others on this machine can read or write it.
    Exposed {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It holds something else than 64 hexadecimal digits.
    NotAKey {
        /// Which.
        path: PathBuf,
    },
    /// Not even a home folder is known to look for it in.
    NoHome,
}

impl KeyFileError {
    /// What is wrong and what to do next, in both languages.
    pub fn problem(&self) -> Problem {
        let check = || said("check the folder and its permissions", "请检查该文件夹及其权限");
        let (what, next) = match self {
            Self::Unreadable { path, error } => (
                said(
                    format!("the token key {} cannot be read: {error}", path.display()),
                    format!("无法读取令牌密钥 {}：{error}", path.display()),
                ),
                check(),
            ),
            Self::NotMade { path, error } => (
                said(
                    format!("the token key {} cannot be made: {error}", path.display()),
                    format!("无法创建令牌密钥 {}：{error}", path.display()),
                ),
                check(),
            ),
            Self::Exposed { path, mode } => (
                said(
                    format!(
                        "others on this machine can use the token key {} (mode {mode:04o})",
                        path.display()
                    ),
                    format!("本机其他用户能使用令牌密钥 {}（权限 {mode:04o}）", path.display()),
                ),
                said(format!("chmod 600 {}", path.display()), format!("请执行 chmod 600 {}", path.display())),
            ),
            Self::NotAKey { path } => (
                said(
                    format!("{} holds no token key (64 hexadecimal digits)", path.display()),
                    format!("{} 中不是令牌密钥（64 个十六进制数字）", path.display()),
                ),
                said(
                    "name the right file; links that were sent are good only with the key they were made with",
                    "请指定正确的文件；已发出的链接只有用原来的密钥才有效",
                ),
            ),
            Self::NoHome => (
                said("no home folder is known for the token key", "不知道主目录，无法存放令牌密钥"),
                said("set HOME, or name the file", "请设置 HOME，或指定文件"),
            ),
        };
        Problem::new(what, next)
    }
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem().what.en)
    }
}

impl std::error::Error for KeyFileError {}

/// Where the key is if nothing names it: `hongyan/token.key` in the XDG configuration folder. `None` where not even a
/// home folder is known.
pub fn default_path() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("XDG_CONFIG_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| set("HOME").map(|home| home.join(".config")));
    Some(folder?.join("hongyan").join("token.key"))
}

/// A path of a campaign's settings for a secret: with `~/` or `/` as it is, else inside the folder.
pub(crate) fn whole(folder: &Path, path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), env::var_os("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => folder.join(path),
    }
}

impl Key {
    /// The key that a campaign's settings name, or the one at [`default_path`]. Made where there is none.
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn of_campaign(named: Option<&str>, folder: &Path) -> Result<Self, KeyFileError> {
        Self::open_or_make(&of_campaign(named, folder)?)
    }

    /// The same of a campaign that was sent: a key that is not there is not made, since it would fit no link.
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn existing_of_campaign(named: Option<&str>, folder: &Path) -> Result<Self, KeyFileError> {
        Self::open(&of_campaign(named, folder)?)
    }

    /// Reads the key, or makes one (mode 0600, its folders 0700) where there is none.
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn open_or_make(path: &Path) -> Result<Self, KeyFileError> {
        match Self::open(path) {
            Err(KeyFileError::Unreadable { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                make(path).map_err(|error| KeyFileError::NotMade { path: path.to_owned(), error })?;
                Self::open(path)
            }
            other => other,
        }
    }

    /// Reads the key.
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn open(path: &Path) -> Result<Self, KeyFileError> {
        let unreadable = |error| KeyFileError::Unreadable { path: path.to_owned(), error };
        let file = File::open(path).map_err(unreadable)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o7777;
            if mode & 0o007 != 0 {
                return Err(KeyFileError::Exposed { path: path.to_owned(), mode });
            }
        }
        let not_a_key = || KeyFileError::NotAKey { path: path.to_owned() };
        let mut text = Vec::new();
        file.take(80).read_to_end(&mut text).map_err(unreadable)?;
        let digits = text.trim_ascii();
        if digits.len() != 64 {
            return Err(not_a_key());
        }
        let mut octets = [0; 32];
        for (octet, digits) in octets.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |at: usize| char::from(digits[at]).to_digit(16);
            let (high, low) = (digit(0).ok_or_else(not_a_key)?, digit(1).ok_or_else(not_a_key)?);
            *octet = (high << 4 | low) as u8;
        }
        Ok(Self(octets))
    }
}

fn of_campaign(named: Option<&str>, folder: &Path) -> Result<PathBuf, KeyFileError> {
    match named {
        Some(path) => Ok(whole(folder, path)),
        None => default_path().ok_or(KeyFileError::NoHome),
    }
}

/// Makes a key there, unless another program has done so meanwhile.
fn make(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folders(folder)?;
    let mut random = [0; 40];
    getrandom::getrandom(&mut random).map_err(io::Error::other)?;
    let (octets, suffix) = random.split_at(32);
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(format!(".{}", super::hex(suffix)));
    let unfinished = folder.join(name);
    let made = write(&unfinished, &format!("{}\n", super::hex(octets))).and_then(|()| {
        match fs::hard_link(&unfinished, path) {
            // Somebody else was quicker, and theirs is the key.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
            Ok(()) => File::open(folder)?.sync_all(),
        }
    });
    let removed = fs::remove_file(&unfinished);
    made.and(removed)
}

fn make_folders(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
