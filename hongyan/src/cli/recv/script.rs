//! A script of commands from a pipe: each is answered with the server's lines, and the first thing that goes wrong
//! decides the exit code.
//!
//! The first line of a reply is printed with an LF at its end; further lines and messages as they came, octet by
//! octet, their dots undone and without the line of one dot that ends them on the wire.

use std::cell::RefCell;
use std::io::{self, BufRead, Write};
use std::path::Path;

use super::command::{Command, Line, parse};
use super::kept::{Passed, Saved};
use super::talk::{Talk, refusal};
use crate::cli::exit::Exit;
use crate::cli::figures::counted;
use crate::cli::outcome::{self, Manner};
use crate::cli::paint::{Color, Paint};
use crate::cli::system::printed;
use crate::cli::terminal::{Language, safe, tell};
use crate::cli::trouble::Trouble;
use crate::proto::outcome::{Failure, Kind};
use crate::said::said;

/// The longest line of a script that is read, in octets.
const MAX_LINE: usize = 4096;

struct Script<W> {
    talk: Talk,
    /// Shared by what prints the first line of a reply and what prints the rest.
    out: RefCell<W>,
    /// What the first thing that went wrong exits with.
    exit: Exit,
    language: Language,
}

/// Runs the script to its end, to QUIT, or to the end of the session.
pub(super) async fn run(talk: Talk, input: impl BufRead, out: impl Write) -> Result<Exit, Trouble> {
    let language = Language::of_the_environment();
    let mut script = Script { talk, out: RefCell::new(out), exit: Exit::Ok, language };
    script.lines(input).await?;
    let marked = script.talk.leave().await;
    if marked > 0 {
        tell(&language.choose(
            format!(
                "recv: {} not deleted: QUIT was not said",
                counted(marked, "marked message", "marked messages")
            ),
            format!("recv：没有执行 QUIT，标记的 {marked} 封邮件没有删除"),
        ));
    }
    printed(script.out.borrow_mut().flush())?;
    Ok(script.exit)
}

impl<W: Write> Script<W> {
    async fn lines(&mut self, mut input: impl BufRead) -> Result<(), Trouble> {
        let mut line = Vec::new();
        while self.talk.is_open() {
            line.clear();
            let read = io::Read::take(&mut input, MAX_LINE as u64).read_until(b'\n', &mut line);
            let read = read.map_err(|error| {
                Trouble::new(
                    Exit::Io,
                    said(format!("the script cannot be read: {error}"), format!("无法读取命令脚本：{error}")),
                    said("look where standard input comes from", "请检查标准输入的来源"),
                )
            })?;
            if read == 0 {
                return Ok(());
            }
            let parsed = match std::str::from_utf8(&line) {
                Ok(text) if read < MAX_LINE || text.ends_with('\n') => parse(text),
                _ => Err(crate::said::Problem::new(
                    said("a line of the script is too long or not UTF-8", "脚本中有一行过长或不是 UTF-8"),
                    said("write one command on each line", "请每行写一条命令"),
                )),
            };
            let parsed = match parsed {
                Ok(parsed) => parsed,
                Err(problem) => {
                    let trouble = Trouble::from(Exit::Usage, problem);
                    let exit = trouble.report("recv");
                    self.failed(exit);
                    continue;
                }
            };
            let quit = matches!(&parsed, Line::Command(command) if command.keyword == "QUIT");
            self.line(parsed).await?;
            if quit {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn line(&mut self, line: Line) -> Result<(), Trouble> {
        match line {
            Line::Empty => Ok(()),
            Line::Help(_) => {
                let text = super::explain::help(None, self.language, Paint::on(&io::stdout(), Color::Never));
                self.print(text.as_bytes())
            }
            Line::Command(command) if command.keyword == "QUIT" => self.quit().await,
            Line::Command(command) => self.command(&command, true).await,
            Line::Raw(number) => self.command(&Command::new("RETR", number.to_string()), false).await,
            Line::Save(number, file) => self.save(number, &file).await,
        }
    }

    /// A command whose reply is printed; without its first line for `raw`.
    async fn command(&mut self, command: &Command, with_status: bool) -> Result<(), Trouble> {
        let out = &self.out;
        let mut status = Ok(());
        let mut passed = Passed(Shared(out));
        let first = |words: &str| {
            if with_status {
                status = write_status(&mut *out.borrow_mut(), "+OK", words);
            }
        };
        let answer = self.talk.say(command, first, &mut passed).await;
        printed(status)?;
        match answer {
            Ok(_) => printed(self.out.borrow_mut().flush()),
            Err(failure) => self.refused(&failure),
        }
    }

    async fn save(&mut self, number: u32, file: &Path) -> Result<(), Trouble> {
        let mut saved = Saved::new(file);
        let command = Command::new("RETR", number.to_string());
        match self.talk.say(&command, |_| (), &mut saved).await {
            Ok(_) => Ok(()),
            Err(failure) => self.refused(&failure),
        }
    }

    async fn quit(&mut self) -> Result<(), Trouble> {
        match self.talk.quit().await {
            Ok(()) => {
                self.talk.marked.clear();
                self.print(b"+OK\n")
            }
            Err(failure) => {
                self.talk.marked.clear();
                self.refused(&failure)
            }
        }
    }

    /// The server's no is a reply like others; anything else is told on standard error.
    fn refused(&mut self, failure: &Failure) -> Result<(), Trouble> {
        if let Some(words) = refusal(failure) {
            let exit = if failure.kind == Kind::Auth { Exit::NoPerm } else { Exit::Unavailable };
            self.failed(exit);
            return printed(write_status(&mut *self.out.borrow_mut(), "-ERR", words));
        }
        printed(self.out.borrow_mut().flush())?;
        let manner = Manner { language: self.language, paint: Paint::on(&io::stderr(), Color::Auto) };
        let what = self.language.choose("the session failed", "会话失败");
        let text = outcome::failed(what, failure, &self.talk.url, self.talk.provider, "recv", manner);
        tell(text.trim_end());
        self.failed(Exit::of_failure(failure));
        Ok(())
    }

    fn failed(&mut self, exit: Exit) {
        if self.exit == Exit::Ok {
            self.exit = exit;
        }
    }

    fn print(&self, bytes: &[u8]) -> Result<(), Trouble> {
        let mut out = self.out.borrow_mut();
        printed(out.write_all(bytes).and_then(|()| out.flush()))
    }
}

fn write_status(out: &mut impl Write, indicator: &str, words: &str) -> io::Result<()> {
    match words {
        "" => writeln!(out, "{indicator}"),
        _ => writeln!(out, "{indicator} {}", safe(words)),
    }
}

/// The output, for the while of one write.
struct Shared<'a, W>(&'a RefCell<W>);

impl<W: Write> Write for Shared<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }
}
