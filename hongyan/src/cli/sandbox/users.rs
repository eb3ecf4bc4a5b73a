//! Who may log in to the sandbox: from a file, the environment, or made up. A password is never an argument,
//! where every user of the machine could read it.

use std::env;
use std::fs;
use std::path::Path;

use hongyan_sandbox::User;

use crate::cli::exit::Exit;
use crate::cli::system::random;
use crate::cli::trouble::Trouble;
use crate::said::said;

/// Where users may stand instead of in a file.
const VARIABLE: &str = "HONGYAN_SANDBOX_USERS";

/// Characters of a password that is made up, and how many it has: they cannot be mistaken for each other.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const LENGTH: usize = 12;

/// Names and passwords.
pub(super) struct Users {
    list: Vec<(String, String)>,
    /// The password was made up just now, and nobody knows it yet.
    made_up: bool,
}

impl Users {
    /// Those in the file, else those in the environment, else `test`.
    pub(super) fn gather(file: Option<&Path>) -> Result<Self, Trouble> {
        if let Some(path) = file {
            let shown = path.to_string_lossy();
            let text = fs::read_to_string(path).map_err(|error| {
                Trouble::new(
                    Exit::NoInput,
                    said(
                        format!("the users in {shown} cannot be read: {error}"),
                        format!("无法读取用户文件 {shown}：{error}"),
                    ),
                    said("check --users", "请检查 --users"),
                )
            })?;
            return Self::parse(&text, &shown);
        }
        match env::var(VARIABLE) {
            Ok(text) => Self::parse(&text, VARIABLE),
            Err(env::VarError::NotPresent) => Self::made_up(),
            Err(env::VarError::NotUnicode(_)) => Err(Trouble::new(
                Exit::Config,
                said(format!("{VARIABLE} is not UTF-8"), format!("{VARIABLE} 不是 UTF-8")),
                said("set it again", "请重新设置"),
            )),
        }
    }

    fn parse(text: &str, place: &str) -> Result<Self, Trouble> {
        let mut list = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            match line.split_once(':') {
                Some((name, password)) if !name.is_empty() && !password.is_empty() => {
                    list.push((name.to_owned(), password.to_owned()));
                }
                // The line is not shown: it may be a password.
                _ => {
                    return Err(Trouble::new(
                        Exit::Config,
                        said(
                            format!("{place}: line {number} is not of the form NAME:PASSWORD"),
                            format!("{place}：第 {number} 行不是“名字:密码”的形式"),
                        ),
                        said("correct that line; # begins a comment", "请改正该行；# 开头的行是注释"),
                    ));
                }
            }
        }
        Ok(Self { list, made_up: false })
    }

    fn made_up() -> Result<Self, Trouble> {
        let random: [u8; LENGTH] = random()?;
        let password = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
        Ok(Self { list: vec![("test".to_owned(), password)], made_up: true })
    }

    /// For the server.
    pub(super) fn accounts(&self) -> Vec<User> {
        self.list.iter().map(|(name, password)| User::new(name, password)).collect()
    }

    /// Their names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|(name, _)| name.as_str())
    }

    /// Name and password, where the password was made up to be told.
    pub(super) fn told(&self) -> Option<(&str, &str)> {
        let (name, password) = self.list.first().filter(|_| self.made_up)?;
        Some((name, password))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::terminal::Language;

    #[test]
    fn lines_are_names_and_passwords_and_a_wrong_one_is_not_repeated() {
        let users = Users::parse("# who\nalice:a:b c\n\n张三:密码\r\n", "it").ok().unwrap();
        let expected = [("alice", "a:b c"), ("张三", "密码")];
        assert_eq!(users.list, expected.map(|(name, password)| (name.to_owned(), password.to_owned())));
        assert!(users.told().is_none(), "what the user wrote is never shown");
        for wrong in ["secret", "alice:\n", ":secret"] {
            let trouble = Users::parse(&format!("a:b\n{wrong}"), "it").err().unwrap();
            let (exit, what, next) = trouble.parts(Language::English);
            assert_eq!((exit, what), (Exit::Config, "it: line 2 is not of the form NAME:PASSWORD"));
            assert!(!next.contains("secret"));
        }
    }

    #[test]
    fn a_made_up_password_is_new_each_time() {
        let (one, other) = (Users::made_up().ok().unwrap(), Users::made_up().ok().unwrap());
        let (name, password) = one.told().unwrap();
        assert_eq!((name, password.len()), ("test", LENGTH));
        assert_ne!(Some((name, password)), other.told());
    }
}
