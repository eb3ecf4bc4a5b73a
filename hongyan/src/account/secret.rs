//! Where a password comes from, in this order: the environment, the account's command, the terminal. An account
//! with a certificate of its own and no command needs none.
//!
//! Never from an argument, which every user of the machine can read in the process list. What a command
//! prints is its first line; the rest is not looked at.

use std::env;
use std::io;
use std::process::{Output, Stdio};

use super::{Account, Command};
use crate::proto::sasl::{Credentials, Proof, Secret};
use crate::said::{Problem, Said, said};

/// Asks the person at the terminal for a password, without showing it; `None` where there is no terminal.
pub type Asked<'a> = &'a dyn Fn(&str) -> io::Result<Option<String>>;

/// What `user` logs in with: `HONGYAN_TOKEN`, `HONGYAN_PASSWORD`, the account's `token_command` or
/// `password_command`, its certificate, or what `ask` answers.
///
/// # Errors
/// A command that fails or prints nothing; no source of a password at all.
pub fn credentials(user: String, account: Option<&Account>, ask: Asked<'_>) -> Result<Credentials, Problem> {
    let proof = match (environment("HONGYAN_TOKEN")?, environment("HONGYAN_PASSWORD")?) {
        (Some(token), _) => Proof::Token(token),
        (None, Some(password)) => Proof::Password(password),
        (None, None) => match account.map(|a| (&a.token_command, &a.password_command)) {
            Some((Some(command), _)) => Proof::Token(command.secret("token_command")?),
            Some((None, Some(command))) => Proof::Password(command.secret("password_command")?),
            _ if account.is_some_and(|account| account.certificate.is_some()) => Proof::Certificate,
            _ => Proof::Password(asked(&user, ask)?),
        },
    };
    Ok(Credentials { user, proof })
}

fn environment(name: &str) -> Result<Option<Secret>, Problem> {
    let Some(value) = env::var_os(name).filter(|value| !value.is_empty()) else { return Ok(None) };
    match value.into_string() {
        Ok(text) => {
            whole(text, &format!("the environment variable {name}"), &format!("环境变量 {name}")).map(Some)
        }
        Err(_) => Err(Problem::new(
            said(
                format!("the environment variable {name} is not UTF-8"),
                format!("环境变量 {name} 不是 UTF-8"),
            ),
            said("set it in a UTF-8 locale", "请在 UTF-8 环境中设置它"),
        )),
    }
}

fn asked(user: &str, ask: Asked<'_>) -> Result<Secret, Problem> {
    match ask(user) {
        Ok(Some(password)) if !password.is_empty() => Ok(Secret::new(password)),
        Ok(Some(_)) => Err(Problem::new(said("no password was given", "没有输入密码"), how())),
        Ok(None) => Err(Problem::new(
            said(
                format!("{user} is to log in, but there is no password and no terminal to ask for one"),
                format!("{user} 需要登录，但没有密码，也没有可以提示输入的终端"),
            ),
            how(),
        )),
        Err(error) => Err(Problem::new(
            said(
                format!("the password cannot be read from the terminal: {error}"),
                format!("无法从终端读取密码：{error}"),
            ),
            how(),
        )),
    }
}

fn how() -> Said {
    said(
        "set HONGYAN_PASSWORD, or give the account a password_command",
        "请设置 HONGYAN_PASSWORD，或为账户设置 password_command",
    )
}

/// A secret that goes into one line of a protocol.
fn whole(text: String, en: &str, zh: &str) -> Result<Secret, Problem> {
    if text.contains(['\r', '\n', '\0']) {
        return Err(Problem::new(
            said(format!("{en} has a line break or a NUL in it"), format!("{zh}含有换行或 NUL")),
            said("a password is one line", "密码应为一行"),
        ));
    }
    Ok(Secret::new(text))
}

impl Command {
    /// The first line that the command prints.
    fn secret(&self, key: &str) -> Result<Secret, Problem> {
        let failed = |en: String, zh: String| {
            Problem::new(
                said(format!("the account's {key} {en}"), format!("账户的 {key} {zh}")),
                said(
                    "run it by hand and look; it must print the secret as its first line",
                    "请手动运行它检查；它应在第一行输出密码",
                ),
            )
        };
        let output =
            self.run().map_err(|e| failed(format!("cannot be run: {e}"), format!("无法运行：{e}")))?;
        if !output.status.success() {
            return Err(failed(
                format!("failed ({})", output.status),
                format!("运行失败（{}）", output.status),
            ));
        }
        let first = output.stdout.split(|&b| b == b'\n').next().unwrap_or_default();
        let first = first.strip_suffix(b"\r").unwrap_or(first).to_vec();
        match String::from_utf8(first) {
            Ok(line) if !line.is_empty() => {
                whole(line, &format!("what {key} prints"), &format!("{key} 的输出"))
            }
            Ok(_) => Err(failed("printed nothing".into(), "没有任何输出".into())),
            Err(_) => Err(failed("printed what is not UTF-8".into(), "的输出不是 UTF-8".into())),
        }
    }

    fn run(&self) -> io::Result<Output> {
        let mut command = match self {
            Self::Shell(line) => {
                let mut shell = std::process::Command::new("sh");
                shell.args(["-c", line]);
                shell
            }
            Self::Program(words) => {
                let (program, arguments) = words
                    .split_first()
                    .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the list is empty"))?;
                let mut command = std::process::Command::new(program);
                command.args(arguments);
                command
            }
        };
        command.stdin(Stdio::inherit()).stderr(Stdio::inherit()).output()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(command: &str) -> Account {
        Account { password_command: Some(Command::Shell(command.into())), ..Account::default() }
    }

    fn password(command: &str) -> Result<String, String> {
        match credentials("u".into(), Some(&account(command)), &|_| Ok(None)) {
            Ok(Credentials { proof: Proof::Password(secret), .. }) => Ok(secret.reveal().to_owned()),
            Ok(other) => Err(format!("{other:?}")),
            Err(problem) => Err(problem.what.en),
        }
    }

    #[test]
    fn a_commands_first_line_is_the_password() {
        assert_eq!(password("printf 'hunter2\\nlogin: x\\n'"), Ok("hunter2".into()));
        assert_eq!(password("printf 'with space \\r\\n'"), Ok("with space ".into()));
        assert_eq!(password("true"), Err("the account's password_command printed nothing".into()));
        assert_eq!(
            password("echo hunter2; exit 3"),
            Err("the account's password_command failed (exit status: 3)".into())
        );
    }

    #[test]
    fn without_any_source_the_terminal_is_asked() {
        let asked = credentials("u".into(), None, &|user| Ok(Some(format!("secret of {user}")))).unwrap();
        assert!(matches!(asked.proof, Proof::Password(secret) if secret.reveal() == "secret of u"));
        assert!(credentials("u".into(), None, &|_| Ok(Some(String::new()))).is_err());
        let with_certificate = Account { certificate: Some("own.pem".into()), ..Account::default() };
        let own = credentials("u".into(), Some(&with_certificate), &|_| Ok(None)).unwrap();
        assert!(matches!(own.proof, Proof::Certificate));
        let nobody = credentials("u".into(), None, &|_| Ok(None)).unwrap_err();
        assert!(nobody.what.en.contains("no terminal") && nobody.next.en.contains("HONGYAN_PASSWORD"));
    }
}
