//! The configuration file: where it is, and reading an account out of it.
//!
//! `HONGYAN_CONFIG` names it, else it is `hongyan/config.toml` in the XDG configuration folder. A key that
//! nobody knows is an error that names it: a setting with a typing error in it would be no setting. Errors
//! never quote the file, in which somebody may have left a password.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Account;
use crate::said::{Problem, said};

/// The largest configuration file, in octets.
pub const MAX_CONFIG: u64 = 1024 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    account: BTreeMap<String, Account>,
}

/// Where the configuration is, whether it exists or not; `None` where not even a home folder is known.
pub fn config_path() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("HONGYAN_CONFIG").or_else(|| {
        let folder = set("XDG_CONFIG_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| set("HOME").map(|home| home.join(".config")));
        Some(folder?.join("hongyan").join("config.toml"))
    })
}

/// The account called `name` in the file at `path`; `None` where the file or the account does not exist.
///
/// # Errors
/// A file that cannot be read, is no TOML, or has a key that is not known.
pub fn load(path: &Path, name: &str) -> Result<Option<Account>, Problem> {
    let unreadable = |error: std::io::Error| {
        Problem::new(
            said(
                format!("the configuration {} cannot be read: {error}", path.display()),
                format!("无法读取配置文件 {}：{error}", path.display()),
            ),
            said("check the file and its permissions", "请检查该文件及其权限"),
        )
    };
    let too_large = || std::io::Error::other(format!("it has more than {MAX_CONFIG} octets"));
    match fs::metadata(path) {
        Ok(metadata) if metadata.len() > MAX_CONFIG => return Err(unreadable(too_large())),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let mut file = parse(&text).map_err(|(line, why)| {
        let place = format!("{}:{line}", path.display());
        Problem::new(said(format!("{place}: {why}"), format!("{place}：{why}")), hint(&why))
    })?;
    let account = file.account.remove(name);
    Ok(account.map(|account| account.beside(path.parent().unwrap_or(Path::new("")))))
}

/// The line (from 1) and what is wrong in it, without what stands there.
fn parse(text: &str) -> Result<File, (usize, String)> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = 1 + text.as_bytes()[..at].iter().filter(|&&b| b == b'\n').count();
        (line, error.message().lines().next().unwrap_or_default().to_owned())
    })
}

fn hint(why: &str) -> crate::said::Said {
    if why.contains("`password`") || why.contains("`token`") {
        return said(
            "no secret belongs in this file: use password_command (or token_command), HONGYAN_PASSWORD, or wait to be asked",
            "此文件中不应写入密码：请使用 password_command（或 token_command）、HONGYAN_PASSWORD，或在提示时输入",
        );
    }
    said("correct this line", "请修改这一行")
}

impl Account {
    /// With paths that are relative to `folder` made whole.
    fn beside(mut self, folder: &Path) -> Self {
        let whole = |path: PathBuf| match (path.strip_prefix("~"), env::var_os("HOME")) {
            (Ok(rest), Some(home)) => PathBuf::from(home).join(rest),
            _ => folder.join(path),
        };
        self.ca = self.ca.map(whole);
        self.certificate = self.certificate.map(whole);
        self.key = self.key.map(whole);
        self.maildir = self.maildir.map(whole);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Command, TlsWish};

    #[test]
    fn an_account_has_its_keys_and_no_others() {
        let file = parse(
            "[account.default]\nfrom = 'a@b'\nserver = 'smtp://h'\ntls = 'none'\nuser = 'u'\n\
             password_command = ['pass', 'mail']\nca = 'ca.pem'\nproxy = 'socks5://p'\ninsecure = 'h'\n\
             [account.work]\ntoken_command = 'oauth2 token'\n",
        )
        .unwrap();
        let account = &file.account["default"];
        assert_eq!(account.tls, Some(TlsWish::None));
        assert_eq!(account.password_command, Some(Command::Program(vec!["pass".into(), "mail".into()])));
        assert_eq!(file.account["work"].token_command, Some(Command::Shell("oauth2 token".into())));
        for (text, line, named) in [
            ("[account.default]\nfrom = 'a@b'\nsever = 'smtp://h'\n", 3, "`sever`"),
            ("[acount.default]\n", 1, "`acount`"),
            ("[account.default]\ntls = 'maybe'\n", 2, "`maybe`"),
        ] {
            let (at, why) = parse(text).err().unwrap();
            assert_eq!(at, line, "{why}");
            assert!(why.contains(named), "{why}");
        }
    }

    #[test]
    fn a_secret_in_the_file_is_refused_and_not_repeated() {
        let (line, why) = parse("[account.default]\npassword = 'hunter2'\n").err().unwrap();
        assert_eq!(line, 2);
        assert!(why.contains("`password`") && !why.contains("hunter2"), "{why}");
        assert!(hint(&why).en.contains("password_command"));
        let (_, why) = parse("[account.default]\npassword = 'hunter2\n").err().unwrap();
        assert!(!why.contains("hunter2"), "{why}");
    }

    #[test]
    fn a_path_is_relative_to_the_file() {
        let account = Account { ca: Some("ca.pem".into()), ..Account::default() };
        assert_eq!(account.beside(Path::new("/etc/hongyan")).ca, Some("/etc/hongyan/ca.pem".into()));
        let account = Account { ca: Some("/ca.pem".into()), ..Account::default() };
        assert_eq!(account.beside(Path::new("/etc/hongyan")).ca, Some("/ca.pem".into()));
    }
}
