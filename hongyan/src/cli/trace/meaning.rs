//! What each line of an SMTP conversation means, in a few words for a learner, in both languages.
//!
//! Replies come in the order of the commands, also where several commands were under way (RFC 2920), so a
//! queue of commands tells what a reply answers.

use std::collections::VecDeque;

use super::{imap, pop3};
use crate::proto::transcript::Who;

/// English and 简体中文.
pub(super) type Text = (&'static str, &'static str);

/// Follows a conversation.
#[derive(Debug, Default)]
pub(super) struct Meanings {
    /// The verbs of commands that wait for their replies.
    waiting: VecDeque<String>,
    greeted: bool,
    /// A multi-line reply has begun.
    within: bool,
    /// Lines of the client are content until its end is told.
    in_content: bool,
    /// The server's first line was POP3's.
    pop3: Option<pop3::Meanings>,
    /// The server's first line was IMAP's.
    imap: bool,
}

impl Meanings {
    /// What a line (with its `C: ` or `S: `) means, where there is something to say.
    pub(super) fn of(&mut self, who: Who, line: &str) -> Option<Text> {
        let said = (line.strip_prefix("C: "), line.strip_prefix("S: "));
        if let (None, Some("+OK" | "-ERR"), false) = (said.0, said.1.and_then(first_word), self.greeted) {
            self.pop3.get_or_insert_default();
        }
        self.imap |= !self.greeted && said.1.and_then(first_word) == Some("*");
        if self.imap {
            return match said {
                (Some(command), _) => imap::command(command),
                (_, Some(reply)) => imap::reply(reply),
                _ => note(line),
            };
        }
        if let Some(pop3) = &mut self.pop3 {
            return match said {
                (Some(command), _) => pop3.command(command),
                (_, Some(reply)) => pop3.reply(reply),
                _ => note(line),
            };
        }
        match said {
            (Some(command), _) if who == Who::Client => self.command(command),
            (_, Some(reply)) if who == Who::Server => self.reply(reply),
            _ => note(line),
        }
    }

    fn command(&mut self, line: &str) -> Option<Text> {
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let in_content = std::mem::replace(&mut self.in_content, verb == "BDAT");
        if line.starts_with("{content:") {
            // BDAT announced it, and is answered; DATA is answered twice.
            if self.waiting.back().is_none_or(|last| last != "BDAT") {
                self.waiting.push_back("CONTENT".into());
            }
            return Some(("the mail itself: header and body", "邮件本身：信头和正文"));
        }
        if in_content {
            self.in_content = true;
            return None;
        }
        let text = match verb.as_str() {
            "EHLO" => ("who we are; what can you do?", "自我介绍，并询问服务器支持什么"),
            "HELO" => ("who we are, the old way", "自我介绍（旧式）"),
            "STARTTLS" => ("let us encrypt from here on", "请求从这里开始加密"),
            "AUTH" => ("log in; the secret is not shown", "登录；密码不显示"),
            "MAIL" => ("a new mail, from this address", "开始一封新邮件，这是发件人"),
            "RCPT" => ("to this address", "这是收件人"),
            "DATA" => ("the content comes now", "接下来是邮件内容"),
            "BDAT" => ("so many octets of content follow at once", "紧接着发送这么多字节的内容"),
            "RSET" => ("forget the mail that was begun", "放弃刚才开始的邮件"),
            "NOOP" => ("are you still there?", "服务器还在吗？"),
            "QUIT" => ("that was all, goodbye", "发完了，再见"),
            // What is left is a line of a login.
            _ if is_response(line) => ("the login goes on", "登录继续"),
            _ => return None,
        };
        let answers = if is_response(line) { "AUTH".to_owned() } else { verb };
        self.waiting.push_back(answers);
        Some(text)
    }

    fn reply(&mut self, line: &str) -> Option<Text> {
        let more = line.as_bytes().get(3) == Some(&b'-');
        let first = !std::mem::replace(&mut self.within, more);
        let rest = line.get(4..).unwrap_or_default();
        let asked = if self.greeted { self.waiting.front().cloned() } else { Some("GREETING".into()) };
        if !more && !self.greeted {
            self.greeted = true;
        } else if !more {
            self.waiting.pop_front();
        }
        let verb = asked.as_deref().unwrap_or_default();
        self.in_content |= verb == "DATA" && line.starts_with("354");
        if verb == "EHLO" && line.starts_with("250") {
            return if first {
                Some(("hello; this is what it offers:", "你好；以下是服务器支持的功能："))
            } else {
                offered(rest)
            };
        }
        if more {
            return None;
        }
        meaning_of(verb, line.get(..3)?)
    }
}

fn first_word(line: &str) -> Option<&str> {
    line.split(' ').next()
}

/// A secret, or the empty answer to a server's last word (SCRAM).
fn is_response(line: &str) -> bool {
    line.is_empty() || line.starts_with('{')
}

/// What a reply code means as the answer to a command.
fn meaning_of(verb: &str, code: &str) -> Option<Text> {
    Some(match (verb, code) {
        (_, "421") => ("the server closes the connection", "服务器要关闭连接"),
        ("GREETING", "220") => ("the server is ready", "服务器已就绪"),
        ("GREETING", "554") => ("the server does not want to talk to us", "服务器拒绝与我们通信"),
        ("STARTTLS", "220") => ("yes; the handshake comes now", "同意，接下来握手"),
        ("AUTH", "334") => ("go on with the login", "请继续登录"),
        ("AUTH", "235") => ("logged in", "登录成功"),
        ("AUTH", "535") => ("name or password are not accepted", "用户名或密码不被接受"),
        ("MAIL", "250") => ("the sender is accepted", "接受发件人"),
        ("MAIL" | "RCPT", "530") => ("log in first", "请先登录"),
        ("RCPT", "250") => ("the recipient is accepted", "接受收件人"),
        ("RCPT", "251") => ("not here, but it will be passed on", "用户不在本地，但会转发"),
        ("RCPT", "252") => ("cannot be checked, but will be tried", "无法核实，但会尝试投递"),
        ("RCPT", "450" | "451") => ("not now; try again later", "暂时不行，请稍后再试"),
        ("RCPT", "550") => ("no such mailbox, or not for us", "没有这个邮箱，或不接受"),
        ("DATA", "354") => ("go ahead; end with a line of one dot", "请发送；以单独一个点的行结束"),
        ("CONTENT" | "BDAT", "250") => {
            ("taken: from now on it is the server's duty", "邮件已接收：从此由服务器负责")
        }
        ("RSET" | "NOOP", "250") => ("yes", "好"),
        ("QUIT", "221") => ("goodbye", "再见"),
        (_, code) => match code.as_bytes().first()? {
            b'4' => ("not now; the same may work later", "暂时失败，稍后可能成功"),
            b'5' => ("no, and the same will not work later", "永久失败，重试也无用"),
            _ => return None,
        },
    })
}

/// What an extension that the server offers is good for.
fn offered(line: &str) -> Option<Text> {
    let keyword = line.split([' ', '=']).next().unwrap_or_default();
    Some(match keyword.to_ascii_uppercase().as_str() {
        "PIPELINING" => ("commands without waiting in between", "可连续发送多条命令而无需等待"),
        "SIZE" => ("the largest mail it takes, in octets", "可接收的最大邮件（字节）"),
        "8BITMIME" => ("content need not be ASCII", "内容不限于 ASCII"),
        "SMTPUTF8" => ("addresses and header in any script", "地址和信头可用任何文字"),
        "STARTTLS" => ("encryption on request", "可以加密"),
        "AUTH" => ("ways to log in", "登录方式"),
        "CHUNKING" => ("content by length, without a dot at the end", "按长度发送内容，无需以点结束"),
        "BINARYMIME" => ("content may be binary, without base64", "内容可为二进制，无需 base64"),
        "ENHANCEDSTATUSCODES" => {
            ("replies say more exactly why (5.1.1)", "答复中带有更精确的状态码（5.1.1）")
        }
        "DSN" => ("reports about the delivery", "投递状态通知"),
        "REQUIRETLS" => ("a mail may insist on TLS to its end", "邮件可要求全程加密"),
        "LIMITS" => ("how much at a time", "数量限制"),
        "MT-PRIORITY" => ("urgent mails first", "紧急邮件优先"),
        "DELIVERBY" => ("a mail may have a deadline", "邮件可有送达期限"),
        "FUTURERELEASE" => ("it can hold a mail until later", "可推迟发送邮件"),
        "VRFY" => ("asking whether an address exists", "可查询地址是否存在"),
        "ETRN" => ("for servers: fetch waiting mail", "服务器之间：取走等待的邮件"),
        "HELP" => ("a help text", "帮助文本"),
        _ => return None,
    })
}

fn note(line: &str) -> Option<Text> {
    line.starts_with("-- TLS").then_some(("encrypted from here on", "从这里开始已加密"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meanings(lines: &[&str]) -> Vec<Option<&'static str>> {
        let mut meanings = Meanings::default();
        let who = |line: &str| if line.starts_with("C:") { Who::Client } else { Who::Server };
        lines.iter().map(|line| meanings.of(who(line), line).map(|(en, _)| en)).collect()
    }

    #[test]
    fn replies_are_explained_by_what_they_answer_also_when_pipelined() {
        let told = meanings(&[
            "S: 220 mx.example ESMTP",
            "C: EHLO [127.0.0.1]",
            "S: 250-mx.example",
            "S: 250-X-OWN",
            "S: 250 PIPELINING",
            "C: MAIL FROM:<a@b>",
            "C: RCPT TO:<c@d>",
            "C: RCPT TO:<e@f>",
            "C: DATA",
            "S: 250 ok",
            "S: 250-ok",
            "S: 250 ok",
            "S: 550 no",
            "S: 354 go",
            "C: {content: 20 octets}",
            "S: 250 ok",
            "C: QUIT",
            "S: 221 bye",
        ]);
        let after = |n: usize| told[n].unwrap_or_default();
        assert_eq!((after(0), after(3)), ("the server is ready", ""));
        assert_eq!(after(4), "commands without waiting in between");
        assert_eq!(
            (after(9), after(10), after(11)),
            ("the sender is accepted", "", "the recipient is accepted")
        );
        assert_eq!(after(12), "no such mailbox, or not for us");
        assert!(after(13).starts_with("go ahead"));
        assert!(after(15).starts_with("taken"));
        assert_eq!(after(17), "goodbye");
    }

    #[test]
    fn content_that_looks_like_commands_is_content() {
        for opening in [&["C: DATA", "S: 354 go"][..], &["C: BDAT 20 LAST"][..]] {
            let mut lines = vec!["S: 220 x"];
            lines.extend(opening);
            lines.extend([
                "C: QUIT",
                "C: DATA",
                "C: {content: 20 octets}",
                "S: 250 ok",
                "C: QUIT",
                "S: 221 bye",
            ]);
            let told = meanings(&lines);
            let from = 1 + opening.len();
            assert_eq!(told[from..from + 2], [None, None], "{opening:?}");
            assert!(told[from + 3].is_some_and(|text| text.starts_with("taken")));
            assert_eq!(told[from + 5], Some("goodbye"));
        }
    }

    #[test]
    fn a_chunk_is_answered_once_and_a_login_step_by_step() {
        let told = meanings(&[
            "S: 220 x",
            "C: AUTH LOGIN",
            "S: 334 VXNlcm5hbWU6",
            "C: ",
            "S: 235 ok",
            "C: BDAT 20 LAST",
            "C: {content: 20 octets}",
            "S: 250 ok",
            "C: QUIT",
            "S: 221 bye",
        ]);
        assert_eq!(told[2], Some("go on with the login"));
        assert_eq!(told[4], Some("logged in"));
        assert!(told[7].is_some_and(|text| text.starts_with("taken")));
        assert_eq!(told[9], Some("goodbye"));
    }
}
