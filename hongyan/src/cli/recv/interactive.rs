//! The prompt: commands are typed, replies are shown and explained, the connection is kept alive meanwhile.

use std::io::{Write as _, stdout};
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::command::{Command, Line, parse};
use super::editor::{Editor, Heard};
use super::explain;
use super::kept::{MAX_SHOWN, Saved, Shown};
use super::mail;
use super::talk::{Talk, refusal};
use crate::cli::exit::Exit;
use crate::cli::figures::counted;
use crate::cli::outcome::{self, Manner, octets};
use crate::cli::paint::Style;
use crate::cli::terminal::{Language, safe, wrapped};
use crate::cli::trouble::Trouble;
use crate::mime::read::safe as safely;
use crate::proto::outcome::Failure;

/// How often it is looked whether the server has closed the connection.
const LOOK: Duration = Duration::from_secs(2);

pub(super) struct Prompt {
    talk: Talk,
    editor: Editor,
    manner: Manner,
    keep_alive: Option<Duration>,
}

impl Prompt {
    pub(super) fn new(talk: Talk, manner: Manner, keep_alive: Option<Duration>) -> Result<Self, Trouble> {
        Ok(Self { talk, editor: Editor::start()?, manner, keep_alive })
    }

    /// Asks for commands until QUIT, the end of the input or of the session.
    pub(super) async fn run(mut self) -> Exit {
        self.welcome().await;
        loop {
            if !self.talk.is_open() {
                return self.ended();
            }
            let prompt = match self.talk.marked.len() {
                0 => "pop3> ".to_owned(),
                marked => {
                    self.choose(format!("pop3 ({marked} marked)> "), format!("pop3（已标记 {marked} 封）> "))
                }
            };
            self.editor.ask(&prompt);
            let line = match self.heard().await {
                Heard::Line(line) => line,
                Heard::Interrupted => continue,
                Heard::End => return self.leave().await,
            };
            match parse(&line) {
                Ok(Line::Command(command)) if command.keyword == "QUIT" => return self.quit().await,
                Ok(line) => self.line(line).await,
                Err(problem) => {
                    let (what, next) = (self.of(&problem.what), self.of(&problem.next));
                    let what = safe(&what);
                    self.print(&format!("  {}", self.manner.paint.the(Style::Bad, what)));
                    self.print(&format!("  {}", safe(&next)));
                }
            }
        }
    }

    async fn welcome(&mut self) {
        let Some(session) = self.talk.session() else { return };
        let secured = match session.tls() {
            Some(tls) => tls.version.clone(),
            None => self.choose("not encrypted".into(), "未加密".into()),
        };
        let (place, greeting) = (safe(session.place()), safe(session.greeting()));
        let line =
            self.choose(format!("Connected to {place} ({secured})"), format!("已连接 {place}（{secured}）"));
        self.print(&line);
        self.reply("+OK", &greeting, self.manner.language.choose("the server is ready", "服务器已就绪"));
        if let Some(user) = self.talk.user.clone() {
            let line =
                self.choose(format!("Logged in as {}", safe(&user)), format!("已登录：{}", safe(&user)));
            self.print(&line);
            self.command(&Command::new("STAT", "")).await;
        } else {
            let hint = self.choose(
                "Log in: USER and your name, then PASS (it asks, and shows nothing)".into(),
                "请登录：先输入 USER 用户名，再输入 PASS（会提示输入密码，不显示）".into(),
            );
            self.print(&hint);
        }
        let hint = self.choose(
            "LIST shows what is there, RETR 1 reads a message, QUIT ends; HELP explains the rest".into(),
            "LIST 列出邮件，RETR 1 读第一封，QUIT 结束；输入 HELP 查看说明".into(),
        );
        self.quietly(&hint);
    }

    /// Waits for a line; meanwhile the session is kept alive.
    async fn heard(&mut self) -> Heard {
        let mut told = false;
        let mut next = self.keep_alive.map(|pause| Instant::now() + pause);
        loop {
            let due = async {
                match next {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                heard = self.editor.heard() => return heard,
                () = due, if !told => {
                    next = self.keep_alive.map(|pause| Instant::now() + pause);
                    told = self.talk.keep_alive().await.is_err();
                }
                () = sleep(LOOK), if !told => told = !self.talk.is_quiet().await,
            }
            if told {
                let text = self.choose(
                    "the server has closed the connection; press Enter".into(),
                    "服务器已关闭连接；请按回车键".into(),
                );
                let text = self.manner.paint.the(Style::Bad, text).to_string();
                self.editor.print_above(&text);
            }
        }
    }

    async fn line(&mut self, line: Line) {
        match line {
            Line::Empty => {}
            Line::Help(only) => {
                let text = explain::help(only.as_deref(), self.manner.language, self.manner.paint);
                self.print(text.trim_end());
            }
            Line::Command(mut command) => {
                if command.keyword == "PASS" && command.argument.is_empty() {
                    match self.password() {
                        Some(password) => command.argument = password,
                        None => return,
                    }
                }
                self.command(&command).await;
            }
            Line::Raw(number) => self.raw(number).await,
            Line::Save(number, file) => self.save(number, &file).await,
        }
    }

    /// Asks for the password without showing it.
    fn password(&self) -> Option<String> {
        let terminal = console::Term::stderr();
        let question = self.manner.language.choose("Password (not shown): ", "密码或授权码（不显示）：");
        terminal.write_str(question).ok()?;
        terminal.read_secure_line().ok().filter(|password| !password.is_empty())
    }

    async fn command(&mut self, command: &Command) {
        let mut shown = Shown::default();
        let answer = match self.talk.say(command, |_| (), &mut shown).await {
            Ok(answer) => answer,
            Err(failure) => return self.refused(&failure),
        };
        let words = safe(&answer.words);
        if answer.octets.is_none() {
            let meaning = explain::yes(command, &answer.words, self.manner.language);
            return self.reply("+OK", &words, &meaning);
        }
        self.reply("+OK", &words, "");
        if shown.is_too_long() {
            return self.too_long(command, shown.octets);
        }
        match command.keyword {
            "RETR" | "TOP" => {
                let text = mail::readable(&shown.bytes, command.keyword == "TOP", self.manner);
                self.print(&format!("\n{}", text.trim_end()));
                if let (Some(number), "RETR") = (command.number(), command.keyword) {
                    let hint = self.choose(
                        format!("raw {number} shows it as it came; save {number} FILE keeps it"),
                        format!("raw {number} 显示原文；save {number} 文件名 保存到文件"),
                    );
                    self.print("");
                    self.quietly(&hint);
                }
            }
            "LIST" => self.list(&shown.bytes),
            _ => self.lines(command, &shown.bytes),
        }
    }

    /// The lines of LIST, with sizes that a person reads.
    fn list(&self, bytes: &[u8]) {
        let (mut messages, mut total) = (0, 0);
        let mut out = String::new();
        for line in String::from_utf8_lossy(bytes).lines() {
            let mut words = line.split_ascii_whitespace();
            let number = words.next().unwrap_or_default().to_owned();
            match words.next().and_then(|size| size.parse::<u64>().ok()) {
                Some(size) => {
                    (messages, total) = (messages + 1, total + size);
                    let human = octets(size, self.manner.language);
                    let human = if size < 1000 { String::new() } else { human };
                    let human = self.manner.paint.the(Style::Quiet, human);
                    out.push_str(&format!("  {:>6}  {size:>10}  {human}\n", safe(&number)));
                }
                None => out.push_str(&format!("  {}\n", safe(line))),
            }
        }
        if messages > 0 {
            self.print(out.trim_end_matches('\n'));
        }
        let total = explain::maildrop(messages, total, self.manner.language);
        self.quietly(&total);
    }

    /// The lines of UIDL and CAPA.
    fn lines(&self, command: &Command, bytes: &[u8]) {
        for line in String::from_utf8_lossy(bytes).lines() {
            let line = safe(line);
            let meaning = match command.keyword {
                "CAPA" => explain::capability(&line, self.manner.language),
                _ => None,
            };
            self.print(&format!("  {}", self.beside(&line, meaning.unwrap_or_default(), 2)));
        }
    }

    async fn raw(&mut self, number: u32) {
        let command = Command::new("RETR", number.to_string());
        let mut shown = Shown::default();
        match self.talk.say(&command, |_| (), &mut shown).await {
            Err(failure) => self.refused(&failure),
            Ok(_) if shown.is_too_long() => self.too_long(&command, shown.octets),
            Ok(_) => {
                let text = crate::proto::reply::decode(&shown.bytes);
                self.print(safely::text(text.replace("\r\n", "\n").trim_end()).as_ref());
            }
        }
    }

    async fn save(&mut self, number: u32, file: &Path) {
        let command = Command::new("RETR", number.to_string());
        if file.exists() {
            let file = safe(&file.display().to_string());
            let text = self.choose(
                format!("{file} is there already; name another file"),
                format!("{file} 已存在；请换一个文件名"),
            );
            return self.print(&format!("  {}", self.manner.paint.the(Style::Bad, text)));
        }
        let mut saved = Saved::new(file);
        match self.talk.say(&command, |_| (), &mut saved).await {
            Err(failure) => self.refused(&failure),
            Ok(answer) => {
                let size = octets(answer.octets.unwrap_or_default(), self.manner.language);
                let file = safe(&file.display().to_string());
                let text = self.choose(
                    format!("message {number} is in {file} ({size})"),
                    format!("第 {number} 封邮件已保存到 {file}（{size}）"),
                );
                self.print(&format!("  {}", self.manner.paint.the(Style::Good, text)));
            }
        }
    }

    async fn quit(&mut self) -> Exit {
        let marked = std::mem::take(&mut self.talk.marked).len();
        match self.talk.quit().await {
            Ok(()) => {
                let meaning = match marked {
                    0 => self.choose("goodbye".into(), "再见".into()),
                    _ => self.choose(
                        format!("goodbye; {}", counted(marked, "message deleted", "messages deleted")),
                        format!("再见；已标记的 {marked} 封邮件已删除"),
                    ),
                };
                self.reply("+OK", "", &meaning);
                Exit::Ok
            }
            Err(failure) => {
                self.refused(&failure);
                if marked == 0 { Exit::Ok } else { Exit::of_failure(&failure) }
            }
        }
    }

    /// The end of the input: nothing is deleted.
    async fn leave(&mut self) -> Exit {
        let marked = self.talk.leave().await;
        let text = match marked {
            0 => self.choose("goodbye".into(), "再见".into()),
            _ => self.choose(
                format!(
                    "goodbye; {} not deleted (QUIT would have)",
                    counted(marked, "marked message", "marked messages")
                ),
                format!("再见；标记的 {marked} 封邮件没有删除（QUIT 才会删除）"),
            ),
        };
        self.print(&text);
        Exit::Ok
    }

    /// The session ended without QUIT.
    fn ended(&self) -> Exit {
        let failure = self.talk.session().and_then(|session| session.failure().cloned());
        let Some(failure) = failure else { return Exit::TempFail };
        Exit::of_failure(&failure)
    }

    /// The server's no, or a session that failed: what it means and what to do next.
    fn refused(&self, failure: &Failure) {
        let Manner { language, paint } = self.manner;
        let Some(words) = refusal(failure) else {
            let what = language.choose("the session failed", "会话失败");
            let text =
                outcome::failed(what, failure, &self.talk.url, self.talk.provider, "recv", self.manner);
            return self.print(text.trim_end());
        };
        self.print(&format!("{} {}", paint.the(Style::Bad, "-ERR"), safe(words)));
        let remedy = failure.remedy(self.talk.provider);
        let text = safe(language.choose(&remedy.en, &remedy.zh));
        self.quietly(&wrapped(&text, 2, &console::Term::stdout()));
    }

    fn too_long(&self, command: &Command, length: u64) {
        let number = command.number().unwrap_or_default();
        let language = self.manner.language;
        let (size, limit) = (octets(length, language), octets(MAX_SHOWN, language));
        let text = self.choose(
            format!("it has {size}; no more than {limit} is shown here: save {number} FILE"),
            format!("大小为 {size}，这里最多显示 {limit}：请用 save {number} 文件名"),
        );
        self.print(&format!("  {}", self.manner.paint.the(Style::Notice, text)));
    }

    /// The first line of a reply, and what it means.
    fn reply(&self, indicator: &str, words: &str, meaning: &str) {
        let painted = self.manner.paint.the(Style::Good, indicator);
        let words = if words.is_empty() { String::new() } else { format!(" {words}") };
        let rest = self.beside(&words, meaning, indicator.len());
        self.print(&format!("{painted}{rest}"));
    }

    /// A text with a quiet remark, begun at a margin where there is room.
    fn beside(&self, text: &str, remark: &str, before: usize) -> String {
        const MARGIN: usize = 40;
        if remark.is_empty() {
            return text.to_owned();
        }
        let gap = MARGIN.saturating_sub(before + console::measure_text_width(text)).max(3);
        format!("{text}{:gap$}{}", "", self.manner.paint.the(Style::Quiet, remark))
    }

    fn quietly(&self, text: &str) {
        self.print(&format!("  {}", self.manner.paint.the(Style::Quiet, text)));
    }

    fn print(&self, text: &str) {
        // Where nobody can see it there is nobody to tell.
        let _ = writeln!(stdout().lock(), "{text}");
    }

    fn choose(&self, english: String, chinese: String) -> String {
        self.manner.language.choose(english, chinese)
    }

    fn of(&self, text: &crate::said::Said) -> String {
        Language::of(self.manner.language, text).to_owned()
    }
}
