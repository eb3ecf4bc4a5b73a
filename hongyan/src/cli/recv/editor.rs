//! The line that is being typed: history, completion, and passwords that are not shown.
//!
//! The editor waits for keys in a thread of its own, so that the session can be kept alive meanwhile.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::mpsc as blocking;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{ColorMode, Config, Context, ExternalPrinter, Helper};
use tokio::sync::mpsc;

use super::command::{KEYWORDS, OURS, secret_from};
use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::said::said;

/// The most lines that the history keeps.
const MAX_HISTORY: usize = 1000;

/// What came of a prompt.
#[derive(Debug)]
pub(super) enum Heard {
    Line(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D, or the terminal is gone.
    End,
}

/// The editor's end of the conversation with its thread.
pub(super) struct Editor {
    prompts: blocking::Sender<String>,
    heard: mpsc::UnboundedReceiver<Heard>,
    printer: Box<dyn ExternalPrinter + Send>,
}

impl Editor {
    pub(super) fn start() -> Result<Self, Trouble> {
        // "Colour" is what hides a password while it is typed; nothing is coloured.
        let config = Config::builder().auto_add_history(false).color_mode(ColorMode::Forced);
        let config = config.max_history_size(MAX_HISTORY);
        let config = config.map_err(|error| no_terminal(&error))?.build();
        let mut editor = rustyline::Editor::<Typing, DefaultHistory>::with_config(config)
            .map_err(|error| no_terminal(&error))?;
        editor.set_helper(Some(Typing));
        let history = history_path();
        if let Some(path) = &history {
            // There is none before the first session.
            let _ = editor.load_history(path);
        }
        let printer = editor.create_external_printer().map_err(|error| no_terminal(&error))?;
        let (prompts, asked) = blocking::channel::<String>();
        let (told, heard) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            while let Ok(prompt) = asked.recv() {
                let line = editor.readline(&prompt);
                if let Ok(line) = &line
                    && !line.trim().is_empty()
                    && secret_from(line).is_none()
                    && editor.add_history_entry(line.as_str()).is_ok()
                    && let Some(path) = &history
                {
                    save(&mut editor, path);
                }
                let heard = match line {
                    Ok(line) => Heard::Line(line),
                    Err(ReadlineError::Interrupted) => Heard::Interrupted,
                    Err(_) => Heard::End,
                };
                if told.send(heard).is_err() {
                    return;
                }
            }
        });
        Ok(Self { prompts, heard, printer: Box::new(printer) })
    }

    /// Begins to ask; what was typed comes by [`heard`](Self::heard).
    pub(super) fn ask(&self, prompt: &str) {
        // Where the thread is gone, `heard` says so.
        let _ = self.prompts.send(prompt.to_owned());
    }

    /// Waits for what is typed. Nothing is lost where the future is dropped.
    pub(super) async fn heard(&mut self) -> Heard {
        self.heard.recv().await.unwrap_or(Heard::End)
    }

    /// Prints above the line that is being typed.
    pub(super) fn print_above(&mut self, text: &str) {
        let _ = self.printer.print(format!("{text}\n"));
    }
}

fn no_terminal(error: &ReadlineError) -> Trouble {
    Trouble::new(
        Exit::Io,
        said(format!("the terminal cannot be used: {error}"), format!("无法使用终端：{error}")),
        said(
            "give the commands by a pipe: printf 'list\\nquit\\n' | recv",
            "请用管道输入命令：printf 'list\\nquit\\n' | recv",
        ),
    )
}

/// Only this user can read it: it tells whose mail was looked at.
fn save(editor: &mut rustyline::Editor<Typing, DefaultHistory>, path: &PathBuf) {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    if let Some(folder) = path.parent() {
        let _ = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    }
    let _ = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    // A history that cannot be written is no reason to end the session.
    let _ = editor.save_history(path);
}

/// `recv-history` in the user's state folder (XDG Base Directory).
fn history_path() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("XDG_STATE_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| set("HOME").map(|home| home.join(".local/state")));
    Some(folder?.join("hongyan").join("recv-history"))
}

/// Completes commands, and masks what is secret.
struct Typing;

impl Helper for Typing {}
impl Validator for Typing {}

impl Hinter for Typing {
    type Hint = String;
}

impl Completer for Typing {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(candidates(&line[..pos]))
    }
}

/// Where the word begins that is being typed, and what it could be; in the case of letters that it is typed in.
fn candidates(line: &str) -> (usize, Vec<String>) {
    let start = line.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let word = &line[start..];
    let before = line[..start].trim();
    if !before.is_empty() && !before.eq_ignore_ascii_case("help") {
        return (start, Vec::new());
    }
    let upper = word.chars().any(|c| c.is_ascii_uppercase());
    let fits = |known: &&str| known.starts_with(&word.to_ascii_uppercase());
    let form = |known: &str| if upper { known.to_owned() } else { known.to_ascii_lowercase() };
    (start, KEYWORDS.iter().chain(&OURS).copied().filter(fits).map(form).collect())
}

impl Highlighter for Typing {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        match secret_from(line) {
            Some(from) => Cow::Owned(masked(line, from)),
            None => Cow::Borrowed(line),
        }
    }

    fn highlight_char(&self, line: &str, _: usize, _: CmdKind) -> bool {
        secret_from(line).is_some()
    }
}

/// The line with as many asterisks as the secret is wide.
fn masked(line: &str, from: usize) -> String {
    let width = console::measure_text_width(&line[from..]);
    format!("{}{}", &line[..from], "*".repeat(width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_completed_in_the_case_they_are_typed_in() {
        for (line, start, words) in [
            ("re", 0, vec!["retr"]),
            ("R", 0, vec!["RETR", "RSET", "RAW"]),
            ("help t", 5, vec!["top"]),
            ("retr 1", 5, vec![]),
            ("x", 0, vec![]),
        ] {
            let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
            assert_eq!(candidates(line), (start, words), "{line}");
        }
    }

    #[test]
    fn a_password_that_is_typed_is_not_shown() {
        for (line, shown) in [
            ("pass tanstaaf", "pass ********"),
            ("PASS 密码", "PASS ****"),
            ("apop mrose c4c9", "apop mrose ****"),
            ("pass", "pass"),
            ("user mrose", "user mrose"),
        ] {
            assert_eq!(Typing.highlight(line, 0), shown, "{line}");
            assert_eq!(Typing.highlight_char(line, 0, CmdKind::Other), line != shown);
        }
    }
}
