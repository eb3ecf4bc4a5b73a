//! What each line of a POP3 conversation means, in a few words for a learner, in both languages.

use std::collections::VecDeque;

use super::meaning::Text;

/// Follows a conversation.
#[derive(Debug, Default)]
pub(super) struct Meanings {
    /// The commands that wait for their replies.
    waiting: VecDeque<String>,
    greeted: bool,
    /// Further lines of this command's reply come.
    within: Option<String>,
}

impl Meanings {
    pub(super) fn command(&mut self, line: &str) -> Option<Text> {
        let mut words = line.split(' ');
        let verb = words.next().unwrap_or_default().to_ascii_uppercase();
        let single = words.next().is_some();
        let text = match verb.as_str() {
            "CAPA" => ("what can you do?", "询问服务器支持什么"),
            "STLS" => ("let us encrypt from here on", "请求从这里开始加密"),
            "AUTH" => ("log in; the secret is not shown", "登录；密码不显示"),
            "APOP" => ("log in with a digest of the password", "用密码摘要登录"),
            "USER" => ("who logs in", "登录用户名"),
            "PASS" => ("the password, which is not shown", "密码（不显示）"),
            "UTF8" => ("headers may come in UTF-8", "信头可以使用 UTF-8"),
            "LANG" => ("answer in this language, please", "请用这种语言回复"),
            "STAT" => ("how many messages are there?", "有多少封邮件？"),
            "LIST" => ("how large are they?", "邮件有多大？"),
            "UIDL" => ("what are their lasting names?", "邮件的永久标识是什么？"),
            "RETR" => ("this message, please", "取回这封邮件"),
            "TOP" => ("the beginning of this message, please", "取回这封邮件的开头"),
            "DELE" => ("mark this message as deleted", "给这封邮件加删除标记"),
            "RSET" => ("take the marks back", "撤销删除标记"),
            "NOOP" => ("are you still there?", "服务器还在吗？"),
            "QUIT" => ("delete what is marked; goodbye", "删除已标记的邮件，再见"),
            _ if line.is_empty() || line.starts_with('{') || line == "*" => {
                // A line of a login, which is answered as AUTH.
                self.waiting.push_back("AUTH".into());
                return Some(("the login goes on", "登录继续"));
            }
            _ => return None,
        };
        let many = matches!(verb.as_str(), "CAPA" | "RETR" | "TOP")
            || (!single && matches!(verb.as_str(), "LIST" | "UIDL"));
        self.waiting.push_back(if many { format!("{verb}…") } else { verb });
        Some(text)
    }

    pub(super) fn reply(&mut self, line: &str) -> Option<Text> {
        if let Some(verb) = &self.within {
            if line == "." {
                self.within = None;
                return Some(("that is all", "列表结束"));
            }
            if line.starts_with("{content:") {
                let text = if verb == "RETR…" || verb == "TOP…" {
                    ("the message itself", "邮件本身")
                } else {
                    ("the list", "列表")
                };
                self.within = None;
                return Some(text);
            }
            return None;
        }
        if !self.greeted {
            self.greeted = true;
            return Some(match line.starts_with("+OK") {
                true => ("the server is ready", "服务器已就绪"),
                false => ("the server does not want to talk to us", "服务器拒绝与我们通信"),
            });
        }
        let verb = self.waiting.pop_front().unwrap_or_default();
        if line.starts_with("-ERR") {
            return Some(match verb.as_str() {
                "PASS" | "AUTH" | "APOP" => ("name or password are not accepted", "用户名或密码不被接受"),
                "QUIT" => ("not everything was deleted", "没有全部删除"),
                _ => ("no", "拒绝"),
            });
        }
        if verb.ends_with('…') {
            self.within = Some(verb.clone());
        }
        Some(match verb.as_str() {
            "AUTH" if line.starts_with("+ ") || line == "+" => ("go on with the login", "请继续登录"),
            "AUTH" | "PASS" | "APOP" => ("logged in", "登录成功"),
            "CAPA…" => ("this is what it offers:", "以下是服务器支持的功能："),
            "STLS" => ("yes; the handshake comes now", "同意，接下来握手"),
            "USER" => ("now the password", "请接着输入密码"),
            "STAT" => ("messages and octets", "邮件数和字节数"),
            "LIST…" | "UIDL…" => ("here they are", "列表如下"),
            "RETR…" | "TOP…" => ("here it comes", "邮件如下"),
            "DELE" => ("marked; deleted at QUIT", "已标记，QUIT 时删除"),
            "RSET" => ("no message is marked any more", "已撤销所有标记"),
            "NOOP" => ("yes", "在"),
            "QUIT" => ("goodbye; what was marked is deleted", "再见；已标记的邮件已删除"),
            "UTF8" | "LANG" => ("yes", "可以"),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_told_by_the_commands_they_answer_also_where_several_are_under_way() {
        let mut meanings = Meanings::default();
        assert_eq!(meanings.reply("+OK ready").unwrap().0, "the server is ready");
        for command in ["STAT", "LIST", "RETR 1", "LIST 1", "DELE 1"] {
            assert!(meanings.command(command).is_some(), "{command}");
        }
        let replies = [
            ("+OK 1 9", Some("messages and octets")),
            ("+OK", Some("here they are")),
            ("1 9", None),
            (".", Some("that is all")),
            ("+OK 9 octets", Some("here it comes")),
            ("{content: 9 octets}", Some("the message itself")),
            ("-ERR no", Some("no")),
            ("+OK", Some("marked; deleted at QUIT")),
        ];
        for (line, text) in replies {
            assert_eq!(meanings.reply(line).map(|text| text.0), text, "{line}");
        }
    }
}
