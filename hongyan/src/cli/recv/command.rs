//! What a person typed: a command for the server, or one for this program.

use std::path::PathBuf;

use crate::said::{Problem, said};

/// The commands of POP3 that are typed, in the order in which they are explained.
pub(super) const KEYWORDS: [&str; 13] =
    ["USER", "PASS", "APOP", "STAT", "LIST", "UIDL", "RETR", "TOP", "DELE", "RSET", "NOOP", "CAPA", "QUIT"];

/// What this program adds to them.
pub(super) const OURS: [&str; 3] = ["RAW", "SAVE", "HELP"];

/// A line that was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Nothing, or a remark.
    Empty,
    /// For the server.
    Command(Command),
    /// RETR, shown as it comes.
    Raw(u32),
    /// RETR, into a file.
    Save(u32, PathBuf),
    /// An explanation of all commands, or of one.
    Help(Option<String>),
}

/// A command of POP3 as typed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// In upper case, one of [`KEYWORDS`].
    pub(super) keyword: &'static str,
    /// What follows it.
    pub(super) argument: String,
}

impl Command {
    pub(super) fn new(keyword: &'static str, argument: impl Into<String>) -> Self {
        Self { keyword, argument: argument.into() }
    }

    /// The line for the server, and where in it the part begins that nobody may see.
    pub(super) fn line(&self) -> (String, Option<usize>) {
        let line = match self.argument.as_str() {
            "" => self.keyword.to_owned(),
            argument => format!("{} {argument}", self.keyword),
        };
        let secret = secret_from(&line);
        (line, secret)
    }

    /// The message's number, where the command names one.
    pub(super) fn number(&self) -> Option<u32> {
        self.argument.split_ascii_whitespace().next()?.parse().ok()
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Command").field(&self.keyword).finish()
    }
}

/// Where in a line a password or digest begins; no such line is remembered or shown.
pub(super) fn secret_from(line: &str) -> Option<usize> {
    let start = line.len() - line.trim_start().len();
    let (keyword, rest) = line[start..].split_once(char::is_whitespace)?;
    let from = line.len() - rest.len();
    match keyword.to_ascii_uppercase().as_str() {
        "PASS" => (!rest.is_empty()).then_some(from),
        "APOP" => {
            let name = rest.len() - rest.trim_start().len();
            let gap = rest[name..].find(char::is_whitespace)?;
            Some(from + name + gap + 1)
        }
        _ => None,
    }
}

/// Reads a line.
///
/// # Errors
/// What is wrong with it, for a person.
pub(super) fn parse(line: &str) -> Result<Line, Problem> {
    let line = line.trim_start();
    // The blanks behind a password may belong to it.
    let line =
        if secret_from(line).is_some() { line.trim_end_matches(['\r', '\n']) } else { line.trim_end() };
    if line.is_empty() || line.starts_with('#') {
        return Ok(Line::Empty);
    }
    let (word, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let keyword = word.to_ascii_uppercase();
    if let Some(known) = KEYWORDS.into_iter().find(|known| *known == keyword) {
        let argument = if known == "PASS" { argument } else { argument.trim() };
        return Ok(Line::Command(Command::new(known, argument)));
    }
    let argument = argument.trim();
    match keyword.as_str() {
        "RAW" => Ok(Line::Raw(number(argument, "raw 1")?)),
        "SAVE" => {
            let (first, file) = argument.split_once(char::is_whitespace).unwrap_or((argument, ""));
            let file = file.trim();
            if file.is_empty() {
                return Err(wrong("save 1 letter.eml"));
            }
            Ok(Line::Save(number(first, "save 1 letter.eml")?, PathBuf::from(file)))
        }
        "HELP" | "?" => Ok(Line::Help((!argument.is_empty()).then(|| argument.to_ascii_uppercase()))),
        "STLS" => Err(Problem::new(
            said("TLS is set up before the first command", "TLS 在第一条命令之前就已建立"),
            said(
                "it is there already, unless --tls none was asked for",
                "除非使用了 --tls none，否则连接已经加密",
            ),
        )),
        "AUTH" => Err(Problem::new(
            said("AUTH is spoken by the program itself", "AUTH 由程序自己完成"),
            said(
                "name the user in --server or the account and leave --no-login out, or type USER and PASS",
                "请在 --server 或账户中写上用户名并去掉 --no-login，或输入 USER 和 PASS",
            ),
        )),
        _ => Err(Problem::new(
            said(format!("there is no command {word:?}"), format!("没有 {word:?} 这条命令")),
            said("HELP lists the commands", "输入 help 查看所有命令"),
        )),
    }
}

fn number(text: &str, example: &str) -> Result<u32, Problem> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| wrong(example))
}

fn wrong(example: &str) -> Problem {
    Problem::new(
        said("this command wants other arguments", "这条命令的参数不对"),
        said(format!("write for example: {example}"), format!("例如：{example}")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_in_any_case_and_passwords_as_they_are() {
        for (line, sent, secret) in [
            ("stat", "STAT", None),
            ("  list  3 ", "LIST 3", None),
            ("Retr 1\r\n", "RETR 1", None),
            ("user wang@example.org", "USER wang@example.org", None),
            ("pass  a b ", "PASS  a b ", Some(5)),
            ("pass", "PASS", None),
            ("apop mrose c4c9", "APOP mrose c4c9", Some(11)),
        ] {
            let Ok(Line::Command(command)) = parse(line) else { panic!("{line:?}") };
            assert_eq!(command.line(), (sent.to_owned(), secret), "{line:?}");
        }
    }

    #[test]
    fn our_own_commands_are_read() {
        assert_eq!(parse("raw 2"), Ok(Line::Raw(2)));
        assert_eq!(parse("save 2 my letter.eml"), Ok(Line::Save(2, "my letter.eml".into())));
        assert_eq!(parse("help retr"), Ok(Line::Help(Some("RETR".into()))));
        assert_eq!(parse("?"), Ok(Line::Help(None)));
        assert_eq!((parse(""), parse("  # remark")), (Ok(Line::Empty), Ok(Line::Empty)));
        for line in ["raw", "raw 0", "raw x", "save 1", "save x y", "frob", "stls", "auth plain"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn no_password_is_shown_by_debug() {
        assert_eq!(format!("{:?}", parse("pass tanstaaf").unwrap()), "Command(Command(\"PASS\"))");
    }
}
