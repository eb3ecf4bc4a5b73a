//! From a sheet to a sent mail: written on, composed, sent, filed. Whatever goes wrong on the way, the draft is
//! kept, and it is said where.

use std::path::{Path, PathBuf};

use super::carried::Carried;
use super::desk::{AtTheTerminal, Decision, written};
use super::paper::{self, Paper};
use super::sheet::Sheet;
use super::thread::Thread;
use crate::cli::exit::Exit;
use crate::cli::send::message::Mail;
use crate::cli::send::run::{Done, Run};
use crate::cli::send::{Output, draft, output, problem, report};
use crate::cli::sent::{self, Waiting, Way};
use crate::cli::server::Target;
use crate::cli::system::shell_word;
use crate::cli::terminal::{Language, safe, tell};
use crate::cli::trouble::Trouble;
use crate::mime::address::{Address as Listed, Mailbox};
use crate::mime::compose::{Draft, Part, Text};
use crate::proto::outcome::Verdict;
use crate::proto::smtp::{Envelope, Recipient};
use crate::said::said;

/// A mail to be written and sent.
pub(crate) struct Letter<'a> {
    /// Who speaks: `reply` or `forward`.
    pub(crate) command: &'static str,
    pub(crate) sheet: Sheet,
    pub(crate) thread: Thread,
    pub(crate) carried: Carried,
    /// What to say, where nobody is to be asked for it.
    pub(crate) words: Option<String>,
    /// A draft that was kept, in place of the sheet.
    pub(crate) kept: Option<&'a Path>,
    /// Whether it says something without a word being added.
    pub(crate) complete: bool,
    /// The command that goes on with a kept draft, but for the draft's path.
    pub(crate) again: String,
    pub(crate) target: Option<Target>,
    pub(crate) way: Way,
    pub(crate) shown: &'a Output,
}

/// What became of it.
enum Fate {
    Sent(Done),
    Shown,
    Kept,
    Dropped(Exit),
}

impl Letter<'_> {
    /// Writes, sends and files it, and tells what happened. `taken` is called when a recipient's server has it.
    pub(crate) fn finish(mut self, taken: impl FnOnce()) -> Exit {
        self.remind();
        if let Some(words) = self.words.take() {
            self.sheet.text = above(&words, &self.sheet.text);
            self.words = Some(words);
        }
        let paper = match self.paper() {
            Ok(paper) => paper,
            Err(trouble) => return self.shown.tell(self.command, &trouble),
        };
        let before = paper.read().unwrap_or_default();
        match self.on(&paper, taken) {
            Ok(Fate::Sent(done)) if done.exit == Exit::Ok => {
                paper.remove();
                Exit::Ok
            }
            Ok(Fate::Sent(done)) => {
                self.keep(&paper);
                if done.delivery.each.iter().any(|(_, verdict)| matches!(verdict, Verdict::Accepted(_))) {
                    self.say(
                        "before you send the draft again, take those out of it who have the mail already",
                        "再次发送草稿之前，请删去已经收到邮件的收件人",
                    );
                }
                done.exit
            }
            Ok(Fate::Shown) => {
                paper.remove();
                Exit::Ok
            }
            Ok(Fate::Kept) => {
                self.keep(&paper);
                Exit::Ok
            }
            Ok(Fate::Dropped(exit)) => {
                paper.remove();
                exit
            }
            Err(trouble) => {
                let exit = self.shown.tell(self.command, &trouble);
                // What nobody has written on holds nothing that could be lost.
                let untouched = self.words.is_none() && paper.read().is_ok_and(|text| text == before);
                if untouched && self.kept.is_none() {
                    paper.remove();
                } else {
                    self.keep(&paper);
                }
                exit
            }
        }
    }

    fn paper(&self) -> Result<Paper, Trouble> {
        match self.kept {
            Some(path) => {
                let paper = Paper::kept(path);
                paper.read().map(|_| paper)
            }
            None => Paper::new(self.command, &self.sheet.write()),
        }
    }

    fn on(&mut self, paper: &Paper, taken: impl FnOnce()) -> Result<Fate, Trouble> {
        let mail = match self.decided(paper)? {
            Decision::Send(mail) => mail,
            Decision::Keep => return Ok(Fate::Kept),
            Decision::Discard => {
                self.say("discarded; nothing was sent", "已丢弃；没有发送");
                return Ok(Fate::Dropped(Exit::Ok));
            }
            Decision::Unchanged => {
                self.say("nothing was written, so nothing was sent", "没有写任何内容，因此没有发送");
                return Ok(Fate::Dropped(Exit::Data));
            }
        };
        let envelope = envelope(&mail);
        if self.shown.dry_run {
            return self.show(&mail, &envelope);
        }
        let done = self.send(paper, mail, envelope)?;
        if done.delivery.each.iter().any(|(_, verdict)| matches!(verdict, Verdict::Accepted(_))) {
            taken();
        }
        let filed = self.way.settle(&Waiting::beside(paper.path()), &done.delivery, self.command, self.shown);
        if self.shown.json.is_some() {
            done.report(filed.as_ref());
        }
        Ok(Fate::Sent(done))
    }

    /// The mail that the person, or whoever gave the words, wants sent.
    fn decided(&self, paper: &Paper) -> Result<Decision<Mail>, Trouble> {
        let interactive = self.words.is_none() && AtTheTerminal::is_there() && !self.shown.dry_run;
        if interactive {
            let unchanged = self.complete || self.kept.is_some();
            return written(&mut AtTheTerminal, paper, unchanged, self.command, |text| self.made(text));
        }
        let empty = self.words.as_deref().is_some_and(|words| words.trim().is_empty());
        if empty && !self.complete && !self.shown.dry_run {
            return Ok(Decision::Unchanged);
        }
        self.made(&paper.read()?).map(|(mail, _)| Decision::Send(mail))
    }

    /// The mail of a sheet, and a line about it.
    pub(super) fn made(&self, text: &str) -> Result<(Mail, String), Trouble> {
        let sheet = Sheet::read(text)?;
        if sheet.text.trim().is_empty() && !self.complete {
            return Err(Trouble::new(
                Exit::Data,
                said("the draft says nothing", "草稿没有正文"),
                said("write something below the empty line", "请在空行下面写正文"),
            ));
        }
        let mut attachments: Vec<Part> = Vec::new();
        for path in &sheet.attach {
            attachments.push(Part::attach(at_home(path)).map_err(|error| problem::compose(&error))?);
        }
        let files = sheet.attach.len() + self.carried.parts.len();
        attachments.extend(self.carried.parts.iter().cloned());
        let mut draft = Draft {
            from: sheet.from,
            reply_to: sheet.reply_to,
            to: sheet.to,
            cc: sheet.cc,
            bcc: sheet.bcc,
            subject: Some(sheet.subject).filter(|subject| !subject.is_empty()),
            in_reply_to: self.thread.in_reply_to.clone(),
            references: self.thread.references.clone(),
            extra: sheet.extra,
            text: Some(Text::new(sheet.text)),
            attachments,
            ..Draft::default()
        };
        // The author's own identity is needed where several are named.
        if draft.from.len() > 1 {
            draft.sender = draft.from.first().cloned();
        }
        draft::stamp(&mut draft)?;
        let summary = summary(&draft, files);
        Ok((Mail::of(draft)?, summary))
    }

    fn show(&self, mail: &Mail, envelope: &Envelope) -> Result<Fate, Trouble> {
        let mut encoder = mail.plainly().map_err(|error| problem::compose(&error))?;
        if let Some(copy) = self.shown.copy()? {
            copy.write(&mut encoder)?;
            encoder.restart().map_err(output::reading)?;
        }
        output::print(&mut encoder)?;
        if !self.shown.quiet {
            report::envelope(self.command, envelope);
        }
        Ok(Fate::Shown)
    }

    fn send(&mut self, paper: &Paper, mail: Mail, envelope: Envelope) -> Result<Done, Trouble> {
        let Some(mut target) = self.target.take() else { return Err(no_server()) };
        let mut copies: Vec<_> = self.shown.copy()?.into_iter().collect();
        if self.way.is_somewhere() {
            copies.push(output::Copy::create(Waiting::beside(paper.path()).path())?);
        }
        let credentials = target.credentials()?;
        self.way.prepare(&mut target, credentials.as_ref());
        let run =
            Run { command: self.command, mail, envelope, target, credentials, copies, shown: self.shown };
        run.run()
    }

    /// Says where the draft is, and how to go on with it.
    fn keep(&self, paper: &Paper) {
        let path = paper.path().display().to_string();
        let again = safe(&format!("{} --draft {}", self.again, shell_word(&path)));
        let path = safe(&path);
        self.say(
            &format!("the draft is kept in {path}\n  next: {again}"),
            &format!("草稿保存在 {path}\n  下一步：{again}"),
        );
        let leaving = Waiting::beside(paper.path());
        if leaving.path().exists() {
            let path = safe(&leaving.path().display().to_string());
            self.say(
                &format!("the mail that may have been taken is in {path}"),
                &format!("可能已被接收的邮件在 {path}"),
            );
        }
    }

    /// Says what runs that were cut off have left behind.
    fn remind(&self) {
        if self.shown.quiet {
            return;
        }
        let left = paper::left();
        for path in &left.copies {
            let (path, next) = (path.display().to_string(), sent::to_file(path));
            let path = safe(&path);
            self.say(
                &format!("a mail was sent, and its copy not filed: {path}\n  next: {next}"),
                &format!("有一封邮件已发送，但副本没有归档：{path}\n  下一步：{next}"),
            );
        }
        if let Some(last) = left.drafts.last()
            && self.kept.is_none()
            && AtTheTerminal::is_there()
        {
            let (number, last) = (left.drafts.len(), safe(&last.display().to_string()));
            self.say(
                &format!("drafts that were kept: {number}, the latest is {last}"),
                &format!("保留的草稿：{number} 份，最近一份是 {last}"),
            );
        }
    }

    fn say(&self, en: &str, zh: &str) {
        let command = self.command;
        let language = Language::of_the_environment();
        tell(&language.choose(format!("{command}: {en}"), format!("{command}：{zh}")));
    }
}

/// The words, and below them what stood on the sheet.
fn above(words: &str, text: &str) -> String {
    let words = words.replace("\r\n", "\n");
    let words = words.trim_end();
    match text.trim_start_matches('\n') {
        "" => format!("{words}\n"),
        text => format!("{words}\n\n{text}"),
    }
}

fn envelope(mail: &Mail) -> Envelope {
    let recipient = |address: &crate::proto::address::Address| Recipient {
        address: address.clone(),
        original: None,
        notify: None,
    };
    Envelope {
        from: Some(mail.from.clone()),
        to: mail.to.iter().map(recipient).collect(),
        ..Envelope::default()
    }
}

/// Whom it would go to, and with what.
fn summary(draft: &Draft, files: usize) -> String {
    const NAMED: usize = 5;
    let people: Vec<&Mailbox> =
        [&draft.to, &draft.cc, &draft.bcc].into_iter().flatten().flat_map(Listed::mailboxes).collect();
    let mut to = people.iter().take(NAMED).map(|who| safe(&who.to_string())).collect::<Vec<_>>().join(", ");
    let more = people.len().saturating_sub(NAMED);
    let language = Language::of_the_environment();
    if more > 0 {
        to.push_str(&language.choose(format!(" and {more} more"), format!(" 等，另有 {more} 人")));
    }
    let subject = safe(draft.subject.as_deref().unwrap_or_default());
    let with = match files {
        0 => String::new(),
        1 => language.choose(", 1 attachment".into(), "，1 个附件".into()),
        _ => language.choose(format!(", {files} attachments"), format!("，{files} 个附件")),
    };
    language.choose(format!("“{subject}” to {to}{with}"), format!("“{subject}”发给 {to}{with}"))
}

/// `~/` as a shell would read it: what stands on a sheet passes through none.
fn at_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::var_os("HOME")) {
        (Ok(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => path.to_owned(),
    }
}

fn no_server() -> Trouble {
    Trouble::new(
        Exit::Config,
        said("no server is named to send it through", "没有指定发送用的服务器"),
        said("name one with --server or --account", "请用 --server 或 --account 指定"),
    )
}
