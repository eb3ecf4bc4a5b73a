//! What commands do and what replies mean, in a few words of the reader's language.

use std::fmt::Write as _;

use super::command::Command;
use crate::cli::figures::grouped;
use crate::cli::outcome::octets;
use crate::cli::paint::{Paint, Style};
use crate::cli::terminal::Language;

/// How a command is written, and what it does, in English and 简体中文.
const COMMANDS: [(&str, &str, &str, &str); 16] = [
    ("USER", "USER name", "says who logs in", "指定登录用户名"),
    (
        "PASS",
        "PASS [password]",
        "the password; without one it is asked for, unseen",
        "输入密码或授权码；不带参数时隐藏输入",
    ),
    ("APOP", "APOP name digest", "logs in with a digest in place of the password", "用摘要代替密码登录"),
    ("STAT", "STAT", "how many messages there are, and their size", "查看邮件总数和总大小"),
    ("LIST", "LIST [n]", "the size of each message, or of message n", "列出所有邮件（或第 n 封）的大小"),
    ("UIDL", "UIDL [n]", "the lasting name of each message, or of message n", "列出邮件的永久标识"),
    ("RETR", "RETR n", "fetches message n and shows it", "取回第 n 封邮件并显示"),
    ("TOP", "TOP n lines", "its header and so many lines of its text", "查看信头和正文前几行"),
    (
        "DELE",
        "DELE n",
        "marks message n; it is deleted by QUIT, not before",
        "给第 n 封邮件加删除标记，QUIT 时才删除",
    ),
    ("RSET", "RSET", "takes all marks back", "撤销所有删除标记"),
    ("NOOP", "NOOP", "does nothing, but the server hears from us", "空操作，保持连接"),
    ("CAPA", "CAPA", "what the server can do", "查看服务器支持的功能"),
    ("QUIT", "QUIT", "deletes what is marked, and ends the session", "删除已标记的邮件并结束会话"),
    ("RAW", "raw n", "message n as it came, line by line", "按原文显示第 n 封邮件"),
    ("SAVE", "save n FILE", "writes message n to a new file, as it came", "把第 n 封邮件原样保存到新文件"),
    ("HELP", "help [command]", "this list", "显示本说明"),
];

/// All commands, or the one that is named.
pub(super) fn help(only: Option<&str>, language: Language, paint: Paint) -> String {
    let mut out = String::new();
    let known = |name: &&str| COMMANDS.iter().any(|(keyword, ..)| keyword == name);
    let only = only.filter(|name| known(name));
    for (_, form, en, zh) in COMMANDS.iter().filter(|(keyword, ..)| only.is_none_or(|only| only == *keyword))
    {
        let gap = 18 - form.len();
        let _ = writeln!(out, "  {}{:gap$}{}", paint.the(Style::Name, form), "", language.choose(en, zh));
    }
    if only.is_none() {
        let more = language.choose(
            "  Tab completes, the arrow keys bring back what was typed (never passwords). Ctrl-D ends without deleting.",
            "  Tab 补全命令，方向键找回历史命令（不含密码）。Ctrl-D 结束会话，不删除任何邮件。",
        );
        let _ = writeln!(out, "{}", paint.the(Style::Quiet, more));
    }
    out
}

/// What a yes to this command means. `words` is what the server said with it.
pub(super) fn yes(command: &Command, words: &str, language: Language) -> String {
    let text = match (command.keyword, command.number()) {
        ("USER", _) => ("now the password: PASS", "请接着用 PASS 输入密码（授权码）"),
        ("PASS" | "APOP", _) => {
            ("logged in; the maildrop is ours until QUIT", "登录成功；QUIT 之前邮箱由本会话独占")
        }
        ("STAT", _) => return totals(words, language),
        ("LIST", Some(_)) => return size(words, language),
        ("UIDL", Some(_)) => ("a name that stays the same in every session", "这个标识在每次会话中都不变"),
        ("DELE", _) => {
            ("marked; QUIT deletes it, RSET takes the mark back", "已标记；QUIT 时删除，RSET 可撤销")
        }
        ("RSET", _) => ("no message is marked any more", "已撤销所有删除标记"),
        ("NOOP", _) => ("the server is there", "服务器在线"),
        _ => return String::new(),
    };
    language.choose(text.0, text.1).to_owned()
}

fn totals(words: &str, language: Language) -> String {
    let mut numbers = words.split_ascii_whitespace().map(str::parse::<u64>);
    let (Some(Ok(messages)), Some(Ok(size))) = (numbers.next(), numbers.next()) else { return String::new() };
    maildrop(messages, size, language)
}

/// `15 messages, 424.6 KB`.
pub(super) fn maildrop(messages: u64, size: u64, language: Language) -> String {
    let (count, size) = (grouped(messages), octets(size, language));
    match (language, messages) {
        (Language::English, 0) => "no messages".to_owned(),
        (Language::English, 1) => format!("1 message, {size}"),
        (Language::English, _) => format!("{count} messages, {size}"),
        (Language::Chinese, 0) => "没有邮件".to_owned(),
        (Language::Chinese, _) => format!("{count} 封邮件，共 {size}"),
    }
}

fn size(words: &str, language: Language) -> String {
    let mut numbers = words.split_ascii_whitespace().map(str::parse::<u64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(number)), Some(Ok(size))) => {
            let size = octets(size, language);
            language
                .choose(format!("message {number} has {size}"), format!("第 {number} 封邮件大小为 {size}"))
        }
        _ => String::new(),
    }
}

/// What a capability means (RFC 2449 and others).
pub(super) fn capability(line: &str, language: Language) -> Option<&'static str> {
    let (en, zh) = match line.split_ascii_whitespace().next()?.to_ascii_uppercase().as_str() {
        "TOP" => ("shows the beginning of a message", "可以只看邮件开头"),
        "USER" => ("takes name and password", "可用用户名和密码登录"),
        "SASL" => ("other ways to log in", "其他登录方式"),
        "UIDL" => ("lasting names of messages", "支持邮件的永久标识"),
        "STLS" => ("can go over to TLS", "可升级为 TLS 加密"),
        "RESP-CODES" => ("says in brackets why it refuses", "拒绝时用方括号给出原因代码"),
        "AUTH-RESP-CODE" => ("tells wrong passwords from other trouble", "能区分密码错误和其他问题"),
        "PIPELINING" => ("takes several commands at once", "可一次接收多条命令"),
        "UTF8" => ("headers may be in UTF-8", "信头可以使用 UTF-8"),
        "LANG" => ("can answer in other languages", "可用其他语言回复"),
        "EXPIRE" => ("how many days mail stays here", "邮件在服务器上保留的天数"),
        "LOGIN-DELAY" => ("seconds between two logins", "两次登录之间至少间隔的秒数"),
        "IMPLEMENTATION" => ("what program it is", "服务器程序名称"),
        _ => return None,
    };
    Some(language.choose(en, zh))
}

#[cfg(test)]
mod tests {
    use super::super::command::{KEYWORDS, OURS};
    use super::*;

    #[test]
    fn every_command_is_explained() {
        let explained: Vec<_> = COMMANDS.iter().map(|(keyword, ..)| *keyword).collect();
        assert!(KEYWORDS.iter().chain(&OURS).all(|keyword| explained.contains(keyword)));
        assert_eq!(explained.len(), KEYWORDS.len() + OURS.len());
    }

    #[test]
    fn figures_are_made_readable() {
        let stat = Command::new("STAT", "");
        assert_eq!(yes(&stat, "15 424587", Language::English), "15 messages, 424.6 KB");
        assert_eq!(yes(&stat, "1 999", Language::Chinese), "1 封邮件，共 999 字节");
        assert_eq!(yes(&stat, "what", Language::English), "");
        assert_eq!(yes(&Command::new("LIST", "2"), "2 634", Language::English), "message 2 has 634 bytes");
    }
}
