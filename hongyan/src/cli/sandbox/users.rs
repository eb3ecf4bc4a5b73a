//! Who may log in to the sandbox: from a file, the environment, or made up. A password is never an argument,
//! where every user of the machine could read it.

use std::env;
use std::fs;
use std::path::Path;

use hongyan_mime::read::safe;
use hongyan_sandbox::User;

use crate::cli::exit::Exit;
use crate::cli::failed::Failed;

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
    pub(super) fn gather(file: Option<&Path>) -> Result<Self, Failed> {
        if let Some(path) = file {
            let shown = safe::line(&path.to_string_lossy()).into_owned();
            let text = fs::read_to_string(path)
                .map_err(|error| Failed::new(Exit::NoInput, format!("{shown}: {error}")))?;
            return Self::parse(&text, &shown);
        }
        match env::var(VARIABLE) {
            Ok(text) => Self::parse(&text, VARIABLE),
            Err(env::VarError::NotPresent) => Self::made_up(),
            Err(error) => Err(Failed::new(Exit::Config, format!("{VARIABLE}: {error}"))),
        }
    }

    fn parse(text: &str, place: &str) -> Result<Self, Failed> {
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
                    let text = format!("{place}: line {number} is not of the form NAME:PASSWORD");
                    return Err(Failed::new(Exit::Config, text));
                }
            }
        }
        Ok(Self { list, made_up: false })
    }

    fn made_up() -> Result<Self, Failed> {
        let mut random = [0; LENGTH];
        getrandom::getrandom(&mut random)
            .map_err(|error| Failed::new(Exit::Io, format!("no random numbers: {error}")))?;
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

    #[test]
    fn lines_are_names_and_passwords_and_a_wrong_one_is_not_repeated() {
        let users = Users::parse("# who\nalice:a:b c\n\n张三:密码\r\n", "it").ok().unwrap();
        let expected = [("alice", "a:b c"), ("张三", "密码")];
        assert_eq!(users.list, expected.map(|(name, password)| (name.to_owned(), password.to_owned())));
        assert!(users.told().is_none(), "what the user wrote is never shown");
        for wrong in ["secret", "alice:\n", ":secret"] {
            let failed = Users::parse(&format!("a:b\n{wrong}"), "it").err().unwrap();
            assert_eq!(failed.text, "it: line 2 is not of the form NAME:PASSWORD");
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
