//! Where a person writes: the editor, and the question that follows it.
//!
//! The editor is $VISUAL, $EDITOR, or vi. A draft that cannot become a mail goes back to the person together with
//! what is wrong; only what they decide to send is sent.

use std::io::{self, BufRead, IsTerminal};
use std::path::Path;
use std::process::Command;

use super::paper::Paper;
use crate::cli::exit::Exit;
use crate::cli::paint::{Color, Paint, Style};
use crate::cli::terminal::{Language, safe, tell};
use crate::cli::trouble::Trouble;
use crate::said::said;

/// A person, or somebody who stands in for one.
pub(crate) trait Person {
    /// Lets them write; returns when they are done.
    fn edit(&mut self, path: &Path) -> Result<(), Trouble>;

    /// Tells them something.
    fn told(&mut self, text: &str);

    /// Their answer; `None` where they are gone.
    fn asked(&mut self, question: &str) -> Option<String>;
}

/// What is to become of a draft.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decision<M> {
    /// It goes as this mail.
    Send(M),
    Keep,
    Discard,
    /// Nothing was written.
    Unchanged,
}

/// Lets the person write on the paper until they have decided. `mail` makes a mail of the text, with a line that
/// says what would go; `unchanged` is whether a draft that was not touched may go.
pub(crate) fn written<M>(
    person: &mut impl Person,
    paper: &Paper,
    unchanged: bool,
    command: &str,
    mut mail: impl FnMut(&str) -> Result<(M, String), Trouble>,
) -> Result<Decision<M>, Trouble> {
    let language = Language::of_the_environment();
    let before = paper.read()?;
    loop {
        person.edit(paper.path())?;
        let text = paper.read()?;
        if text == before && !unchanged {
            return Ok(Decision::Unchanged);
        }
        let made = mail(&text);
        let question = match &made {
            Ok((_, summary)) => {
                person.told(summary);
                language.choose(
                    "[s]end it, [e]dit it again, [k]eep it for later, [d]iscard it? ",
                    "发送 [s]、继续编辑 [e]、保留草稿 [k]、丢弃 [d]？",
                )
            }
            Err(trouble) => {
                trouble.report(command);
                language.choose(
                    "[e]dit it again, [k]eep it for later, [d]iscard it? ",
                    "继续编辑 [e]、保留草稿 [k]、丢弃 [d]？",
                )
            }
        };
        let mut made = made.ok();
        loop {
            let Some(answer) = person.asked(question) else { return Ok(Decision::Keep) };
            match (answer.trim().chars().next().map(|c| c.to_ascii_lowercase()), made.take()) {
                (Some('s'), Some((mail, _))) => return Ok(Decision::Send(mail)),
                (Some('k'), _) => return Ok(Decision::Keep),
                (Some('d'), _) => return Ok(Decision::Discard),
                (Some('e'), _) => break,
                (_, again) => made = again,
            }
        }
    }
}

/// Whoever sits at the terminal.
pub(crate) struct AtTheTerminal;

impl AtTheTerminal {
    /// Whether anybody does.
    pub(crate) fn is_there() -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }
}

impl Person for AtTheTerminal {
    fn edit(&mut self, path: &Path) -> Result<(), Trouble> {
        let set = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let editor = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| "vi".to_owned());
        // The editor's name may have arguments with it; the path is one argument, whatever is in it.
        let ran = Command::new("sh").arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(path).status();
        let failed = |en: String, zh: String| {
            Trouble::new(
                Exit::Config,
                said(format!("the editor {editor} {en}"), format!("编辑器 {editor} {zh}")),
                said(
                    "name another by EDITOR, or write with -m or --text",
                    "请用 EDITOR 指定其他编辑器，或使用 -m、--text",
                ),
            )
        };
        match ran {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(failed(format!("failed ({status})"), format!("出错（{status}）"))),
            Err(error) => Err(failed(format!("cannot be run: {error}"), format!("无法运行：{error}"))),
        }
    }

    fn told(&mut self, text: &str) {
        tell(text);
    }

    fn asked(&mut self, question: &str) -> Option<String> {
        let paint = Paint::on(&io::stderr(), Color::Auto);
        eprint!("{}", paint.the(Style::Strong, safe(question)));
        let mut answer = String::new();
        match io::stdin().lock().read_line(&mut answer) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(answer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes these texts, one each time, and gives these answers; then they are gone.
    struct Scripted {
        texts: Vec<&'static str>,
        answers: Vec<&'static str>,
        told: Vec<String>,
    }

    impl Person for Scripted {
        fn edit(&mut self, path: &Path) -> Result<(), Trouble> {
            let text = self.texts.remove(0);
            std::fs::write(path, text).expect("the test's own file");
            Ok(())
        }

        fn told(&mut self, text: &str) {
            self.told.push(text.to_owned());
        }

        fn asked(&mut self, _question: &str) -> Option<String> {
            (!self.answers.is_empty()).then(|| self.answers.remove(0).to_owned())
        }
    }

    /// A draft that says `bad` is no mail.
    fn mail(text: &str) -> Result<(String, String), Trouble> {
        if text.contains("bad") {
            return Err(Trouble::new(Exit::Data, said("bad", "错"), said("mend it", "请修改")));
        }
        Ok((text.to_owned(), format!("about {text}")))
    }

    #[test]
    fn what_the_person_decides_is_done_and_hanging_up_keeps_the_draft() {
        let folder = std::env::temp_dir().join(format!("hongyan-desk-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("draft.txt");
        let send = |text: &str| Decision::Send(text.to_owned());
        for (texts, answers, unchanged, expected) in [
            (vec!["good"], vec!["s"], false, send("good")),
            (vec!["good"], vec!["Send\n"], false, send("good")),
            (vec!["good"], vec!["", "x", "s"], false, send("good")),
            (vec!["good"], vec!["k"], false, Decision::Keep),
            (vec!["good"], vec!["d"], false, Decision::Discard),
            (vec!["good"], vec![], false, Decision::Keep),
            (vec!["one", "two"], vec!["e", "s"], false, send("two")),
            // What is no mail cannot be sent, whatever the answer.
            (vec!["bad"], vec!["s", "s"], false, Decision::Keep),
            (vec!["bad", "good"], vec!["s", "e", "s"], false, send("good")),
            (vec!["bad", "bad"], vec!["e", "d"], false, Decision::Discard),
            (vec!["first"], vec!["s"], false, Decision::Unchanged),
            (vec!["first"], vec!["s"], true, send("first")),
        ] {
            std::fs::write(&path, "first").unwrap();
            let mut person = Scripted { texts, answers, told: Vec::new() };
            let decision = written(&mut person, &Paper::kept(&path), unchanged, "reply", mail).unwrap();
            assert_eq!(decision, expected, "{:?}", person.told);
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
