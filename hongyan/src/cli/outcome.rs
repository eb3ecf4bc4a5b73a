//! What became of a mail, for people: a line when all is well; what happened, why, and what to do next when
//! not; a small table when recipients fared differently.

use std::fmt::Write as _;

use super::paint::{Paint, Style};
use super::terminal::{Language, safe, wrapped};
use crate::proto::outcome::{Cause, Delivery, Failure, Stage, Verdict};
use crate::proto::provider::Provider;
use crate::proto::remedy::Remedy;

/// How to write it.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) language: Language,
    pub(crate) paint: Paint,
}

/// All that there is to say.
pub(crate) struct Outcome<'a> {
    pub(crate) delivery: &'a Delivery,
    /// The mail's length in octets, once it is known.
    pub(crate) size: Option<u64>,
    /// As a person would write it.
    pub(crate) server: &'a str,
    pub(crate) provider: Option<&'a Provider>,
}

/// A verdict in a word, and how that looks.
fn word(verdict: &Verdict, language: Language) -> (&'static str, Style) {
    let (en, zh, manner) = match verdict {
        Verdict::Accepted(_) => ("accepted", "已接受", Style::Good),
        Verdict::Deferred(_) => ("deferred", "暂缓", Style::Notice),
        Verdict::Rejected(_) => ("rejected", "被拒绝", Style::Bad),
        Verdict::InDoubt(_) => ("in doubt", "不确定", Style::Notice),
    };
    (language.choose(en, zh), manner)
}

impl Outcome<'_> {
    /// The text, with its last line ended; `command` is who speaks when something went wrong.
    pub(crate) fn text(&self, command: &str, manner: Manner) -> String {
        match self.same_failure() {
            _ if self.delivery.is_accepted() => self.success(manner),
            Some(verdict) => self.failure(verdict, command, manner),
            None => self.mixed(command, manner),
        }
    }

    fn success(&self, manner: Manner) -> String {
        let zh = manner.language == Language::Chinese;
        let size = self.size.map(|size| octets(size, manner.language)).unwrap_or_default();
        let each = &self.delivery.each;
        let done = manner.paint.the(Style::Good, manner.language.choose("Sent", "已发送"));
        match &each[..] {
            [(address, Verdict::Accepted(reply))] => {
                let (address, reply) = (safe(address.as_str()), safe(&reply.to_string()));
                if zh {
                    format!("{done}给 {address}（{size}）：{reply}\n")
                } else {
                    format!("{done} to {address} ({size}): {reply}\n")
                }
            }
            _ => {
                let count = each.len();
                let mut out = if zh {
                    format!("{done}给 {count} 位收件人（{size}）\n")
                } else {
                    format!("{done} to {count} recipients ({size})\n")
                };
                self.table(manner, &mut out);
                out
            }
        }
    }

    /// Where nobody was served, and everybody for the same reason.
    fn same_failure(&self) -> Option<&Verdict> {
        let told = |verdict: &Verdict| Some((verdict.name(), verdict.failure()?.to_string()));
        let (_, first) = self.delivery.each.first()?;
        let same = told(first)?;
        self.delivery.each.iter().all(|(_, verdict)| told(verdict).as_ref() == Some(&same)).then_some(first)
    }

    fn failure(&self, verdict: &Verdict, command: &str, manner: Manner) -> String {
        let Some(failure) = verdict.failure() else { return String::new() };
        let language = manner.language;
        let what = match verdict {
            Verdict::InDoubt(_) => {
                language.choose("it is in doubt whether the mail was taken", "无法确定邮件是否已被接收")
            }
            Verdict::Deferred(_) => language.choose("not sent now", "暂未发送"),
            _ => language.choose("not sent", "未发送"),
        };
        let remedy = verdict.remedy(self.provider);
        let mut out = told(what, failure, remedy.as_ref(), self.server, command, manner);
        if self.delivery.each.len() > 1 {
            let all =
                self.delivery.each.iter().map(|(address, _)| safe(address.as_str())).collect::<Vec<_>>();
            let for_is = language.choose("  for:  ", "  收件人：");
            out.push_str(&long(for_is, &all.join(", "), wide(for_is)));
        }
        out
    }

    fn mixed(&self, command: &str, manner: Manner) -> String {
        let language = manner.language;
        let each = &self.delivery.each;
        let accepted = each.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Accepted(_))).count();
        let count = each.len();
        let what = match language {
            Language::English => format!("{accepted} of {count} recipients accepted"),
            Language::Chinese => format!("{count} 位收件人中有 {accepted} 位已接受"),
        };
        let mut out = format!(
            "{} {} ({})\n",
            manner.paint.the(Style::Strong, format_args!("{command}:")),
            manner.paint.the(Style::Bad, &what),
            safe(self.server)
        );
        self.table(manner, &mut out);
        let mut said: Vec<String> = Vec::new();
        for (_, verdict) in each {
            let Some(next) = self.remedy(verdict, language).filter(|next| !said.contains(next)) else {
                continue;
            };
            let of = each.iter().filter(|(_, other)| self.remedy(other, language).as_ref() == Some(&next));
            let of = of.map(|(address, _)| safe(address.as_str())).collect::<Vec<_>>().join(", ");
            let text = language.choose(format!("next, for {of}: {next}"), format!("下一步（{of}）：{next}"));
            out.push_str(&long("  ", &text, 4));
            said.push(next);
        }
        out
    }

    fn table(&self, manner: Manner, out: &mut String) {
        let each = &self.delivery.each;
        let rows: Vec<_> = each.iter().map(|(address, verdict)| (safe(address.as_str()), verdict)).collect();
        let names = rows.iter().map(|(address, _)| wide(address)).max().unwrap_or(0);
        let verdicts =
            rows.iter().map(|(_, verdict)| wide(word(verdict, manner.language).0)).max().unwrap_or(0);
        for (address, verdict) in rows {
            let (word, style) = word(verdict, manner.language);
            let word = format!("{}{}", manner.paint.the(style, word), " ".repeat(verdicts - wide(word)));
            let gap = " ".repeat(names - wide(&address));
            let why = match verdict {
                Verdict::Accepted(reply) => safe(&reply.to_string()),
                Verdict::Deferred(failure) | Verdict::Rejected(failure) | Verdict::InDoubt(failure) => {
                    let colon = manner.language.choose(": ", "：");
                    format!(
                        "{}{colon}{}",
                        stage(failure.stage, manner.language),
                        why(failure, manner.language)
                    )
                }
            };
            let _ = writeln!(out, "  {word}  {address}{gap}  {why}");
        }
    }

    fn remedy(&self, verdict: &Verdict, language: Language) -> Option<String> {
        let remedy = verdict.remedy(self.provider)?;
        Some(safe(language.choose(&remedy.en, &remedy.zh)))
    }
}

/// What there is to say of a task that failed as a whole: `what` in the reader's language. Its last line is ended.
pub(crate) fn failed(
    what: &str,
    failure: &Failure,
    server: &str,
    provider: Option<&Provider>,
    command: &str,
    manner: Manner,
) -> String {
    told(what, failure, Some(&failure.remedy(provider)), server, command, manner)
}

fn told(
    what: &str,
    failure: &Failure,
    remedy: Option<&Remedy>,
    server: &str,
    command: &str,
    manner: Manner,
) -> String {
    let language = manner.language;
    let (command, what) = (format!("{command}:"), manner.paint.the(Style::Bad, what));
    let command = manner.paint.the(Style::Strong, command);
    let (stage, server, why) = (stage(failure.stage, language), safe(server), why(failure, language));
    let (head, why_is, next_is) = match language {
        Language::English => (format!("{command} {what}, at {stage} ({server})\n"), "  why:  ", "  next: "),
        Language::Chinese => {
            (format!("{command} {what}，阶段：{stage}（{server}）\n"), "  原因：", "  下一步：")
        }
    };
    let mut out = head;
    out.push_str(&long(why_is, &why, wide(why_is)));
    if let Some(remedy) = remedy {
        let next = safe(language.choose(&remedy.en, &remedy.zh));
        out.push_str(&long(next_is, &next, wide(next_is)));
    }
    out
}

/// A line that may be long, with those that follow it indented.
fn long(before: &str, text: &str, indent: usize) -> String {
    format!("{before}{}\n", wrapped(text, indent, &console::Term::stderr()))
}

fn wide(text: &str) -> usize {
    console::measure_text_width(text)
}

/// What the server said, or what was seen on this side.
pub(crate) fn why(failure: &Failure, language: Language) -> String {
    let reply = failure.reply.as_ref().map(|reply| safe(&reply.to_string()));
    let (reply, cause) = match &failure.cause {
        Some(Cause::Said(words)) => (reply.or_else(|| Some(safe(words))), None),
        cause => (reply, cause.as_ref().map(|cause| safe(&cause.to_string()))),
    };
    match (reply, cause) {
        (Some(reply), None) => match language {
            Language::English => format!("the server said {reply}"),
            Language::Chinese => format!("服务器回复：{reply}"),
        },
        (Some(reply), Some(cause)) => match language {
            Language::English => format!("{cause} (the server said {reply})"),
            Language::Chinese => format!("{cause}（服务器回复：{reply}）"),
        },
        (None, Some(cause)) => cause,
        (None, None) => format!("{:?}", failure.kind),
    }
}

/// Where in the conversation, for people.
fn stage(stage: Stage, language: Language) -> String {
    if language == Language::English {
        return stage.to_string();
    }
    match stage {
        Stage::Prepare => "准备邮件",
        Stage::Resolve => "查找主机",
        Stage::Connect => "建立连接",
        Stage::Greeting => "等待服务器问候",
        Stage::Hello => "EHLO（问候）",
        Stage::StartTls => "建立 TLS 加密",
        Stage::Auth => "AUTH（登录）",
        Stage::Mail => "MAIL FROM（发件人）",
        Stage::Rcpt => "RCPT TO（收件人）",
        Stage::Data => "DATA（开始发送内容）",
        Stage::Content => "发送内容",
        Stage::End => "服务器对邮件的答复",
        Stage::Capability => "询问服务器的功能",
        Stage::Select => "打开邮箱文件夹",
        Stage::List => "列出邮件",
        Stage::Fetch => "下载邮件",
        Stage::Delete => "删除邮件",
        Stage::Store => "修改邮箱",
        Stage::Idle => "两封邮件之间",
        Stage::Quit => "QUIT（结束）",
    }
    .to_owned()
}

/// A length for people.
pub(crate) fn octets(size: u64, language: Language) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if size < 1000 {
        return format!("{size} {}", language.choose("bytes", "字节"));
    }
    let mut scaled = size as f64 / 1000.0;
    let mut unit = 0;
    while scaled >= 999.95 && unit + 1 < UNITS.len() {
        scaled /= 1000.0;
        unit += 1;
    }
    format!("{scaled:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::paint::Color;
    use crate::proto::address::Address;
    use crate::proto::outcome::Kind;
    use crate::proto::reply::{Code, Enhanced, Reply};

    fn reply(code: u16, enhanced: Option<(u8, u16, u16)>, text: &str) -> Reply {
        let enhanced = enhanced.map(|(class, subject, detail)| Enhanced { class, subject, detail });
        Reply::new(Code::new(code).unwrap(), enhanced, text)
    }

    fn accepted() -> Verdict {
        Verdict::Accepted(reply(250, Some((2, 0, 0)), "queued as 4711").into())
    }

    fn text(each: &[(&str, Verdict)], language: Language) -> String {
        let each = each.iter().map(|(a, v)| (Address::parse(a).unwrap(), v.clone())).collect();
        let delivery = Delivery { each };
        let outcome =
            Outcome { delivery: &delivery, size: Some(2634), server: "smtp://mx.example:25", provider: None };
        outcome.text("send", Manner { language, paint: Paint::on(&std::io::stderr(), Color::Never) })
    }

    #[test]
    fn when_all_is_well_one_line_says_so() {
        assert_eq!(
            text(&[("a@example.org", accepted())], Language::English),
            "Sent to a@example.org (2.6 KB): 250 2.0.0 queued as 4711\n"
        );
        assert_eq!(
            text(&[("a@example.org", accepted()), ("longer@example.org", accepted())], Language::Chinese),
            "已发送给 2 位收件人（2.6 KB）\n\
             \x20 已接受  a@example.org       250 2.0.0 queued as 4711\n\
             \x20 已接受  longer@example.org  250 2.0.0 queued as 4711\n"
        );
    }

    #[test]
    fn one_failure_of_all_is_told_once_with_stage_words_and_next_step() {
        let refused =
            Verdict::Rejected(Failure::refused(Stage::End, reply(554, Some((5, 7, 1)), "no \u{1b}[31mspam")));
        let told = text(&[("a@example.org", refused.clone()), ("b@example.org", refused)], Language::English);
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[0], "send: not sent, at the answer to the message (smtp://mx.example:25)");
        assert_eq!(lines[1], "  why:  the server said 554 5.7.1 no \\u{1b}[31mspam");
        assert!(lines[2].starts_with("  next: "), "{told}");
        assert_eq!(lines[3], "  for:  a@example.org, b@example.org");
    }

    #[test]
    fn different_fates_are_a_table() {
        let nobody =
            Verdict::Rejected(Failure::refused(Stage::Rcpt, reply(550, Some((5, 1, 1)), "no such user")));
        let later =
            Verdict::Deferred(Failure::refused(Stage::Rcpt, reply(451, Some((4, 7, 1)), "greylisted")));
        let told = text(
            &[("a@example.org", accepted()), ("nobody@example.org", nobody), ("c@example.org", later)],
            Language::English,
        );
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(
            lines[..4],
            [
                "send: 1 of 3 recipients accepted (smtp://mx.example:25)",
                "  accepted  a@example.org       250 2.0.0 queued as 4711",
                "  rejected  nobody@example.org  RCPT TO: the server said 550 5.1.1 no such user",
                "  deferred  c@example.org       RCPT TO: the server said 451 4.7.1 greylisted",
            ]
        );
        assert!(lines[4].starts_with("  next, for nobody@example.org: "), "{told}");
        assert!(lines[5].starts_with("  next, for c@example.org: "), "{told}");
    }

    #[test]
    fn doubt_is_named_doubt() {
        let lost = Failure::new(Stage::End, Kind::Unreachable, "the server closed the connection");
        let told = text(&[("a@example.org", Verdict::InDoubt(lost))], Language::English);
        assert!(told.starts_with("send: it is in doubt whether the mail was taken, at "), "{told}");
    }

    #[test]
    fn lengths_are_short() {
        for (size, expected) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1000, "1.0 KB"),
            (2634, "2.6 KB"),
            (999_949, "999.9 KB"),
            (999_950, "1.0 MB"),
            (1_073_741_824, "1.1 GB"),
        ] {
            assert_eq!(octets(size, Language::English), expected);
        }
    }
}
