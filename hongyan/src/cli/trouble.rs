//! Why a command could not do what it was asked for, as two lines on standard error: what is wrong, and what
//! to do next.

use std::io::stderr;

use super::exit::Exit;
use super::paint::{Color, Paint, Style};
use super::terminal::{Language, safe, tell, wrapped};
use crate::said::{Problem, Said};

/// A problem, and what the command exits with.
#[derive(Debug)]
pub(crate) struct Trouble {
    exit: Exit,
    problem: Problem,
}

impl Trouble {
    pub(crate) fn new(exit: Exit, what: Said, next: Said) -> Self {
        Self { exit, problem: Problem::new(what, next) }
    }

    /// A problem that was found elsewhere.
    pub(crate) fn from(exit: Exit, problem: Problem) -> Self {
        Self { exit, problem }
    }

    /// Names the thing that it is about, unless it does so already.
    pub(crate) fn about(mut self, thing: &str) -> Self {
        let Said { en, zh } = &mut self.problem.what;
        if !en.starts_with(thing) {
            *en = format!("{thing}: {en}");
            *zh = format!("{thing}：{zh}");
        }
        self
    }

    /// Exit code, what is wrong and what to do next, in this language.
    pub(crate) fn parts(&self, language: Language) -> (Exit, &str, &str) {
        (self.exit, language.of(&self.problem.what), language.of(&self.problem.next))
    }

    /// Prints it; `command` is who speaks.
    pub(crate) fn report(&self, command: &str) -> Exit {
        let language = Language::of_the_environment();
        let (exit, what, next) = self.parts(language);
        // An advice may show lines to be written somewhere; they are ours.
        let before = language.choose("  next: ", "  下一步：");
        let line =
            |line: &str| wrapped(&safe(line), console::measure_text_width(before), &console::Term::stderr());
        let next = next.split('\n').map(line).collect::<Vec<_>>().join("\n");
        let paint = Paint::on(&stderr(), Color::Auto);
        let command = format!("{command}:");
        tell(&format!("{} {}", paint.the(Style::Strong, command), paint.the(Style::Bad, safe(what))));
        tell(&format!("{before}{next}"));
        exit
    }
}
