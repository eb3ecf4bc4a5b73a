//! Why a command could not go on: a sentence for the person, an exit code for the shell.

use std::fmt;
use std::io;

use super::exit::Exit;

/// An end of a command that is not the one that was wished for.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) exit: Exit,
    /// Says what failed, by name, and what to do next. Safe to print.
    pub(crate) text: String,
}

impl Failed {
    pub(crate) fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self { exit, text: text.into() }
    }

    /// What is printed could not be written. A reader that has seen enough (`… | head`) is no failure.
    pub(crate) fn printing(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(Exit::Ok, "");
        }
        Self::new(Exit::Io, format!("the output could not be written: {error}"))
    }

    /// Says it on standard error, after the command's name, and gives the exit code.
    pub(crate) fn say(&self, command: &str) -> Exit {
        if !self.text.is_empty() {
            eprintln!("{command}: {}", self.text);
        }
        self.exit
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
