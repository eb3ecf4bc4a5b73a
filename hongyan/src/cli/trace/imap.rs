//! What each line of an IMAP conversation means, in a few words for a learner, in both languages.
//!
//! Tagged replies name the command that they answer; what the server says besides needs no command to be understood.

use super::meaning::Text;

/// A line of the client, its `C: ` taken off.
pub(super) fn command(line: &str) -> Option<Text> {
    let mut words = line.split(' ').skip(1);
    let mut verb = words.next().unwrap_or_default().to_ascii_uppercase();
    if verb.is_empty() {
        return (line == "DONE").then_some(("that is enough waiting", "不再等待"));
    }
    if verb == "UID" {
        verb = words.next().unwrap_or_default().to_ascii_uppercase();
    }
    Some(match verb.as_str() {
        "CAPABILITY" => ("what can you do?", "询问服务器支持什么"),
        "STARTTLS" => ("let us encrypt from here on", "请求从这里开始加密"),
        "AUTHENTICATE" | "LOGIN" => ("log in; the secret is not shown", "登录；密码不显示"),
        "ID" => ("who we are", "说明客户端身份"),
        "ENABLE" => ("use these extensions", "启用这些扩展"),
        "COMPRESS" => ("compress from here on", "从这里开始压缩"),
        "NAMESPACE" => ("where are the mailboxes?", "邮箱文件夹在哪里？"),
        "LIST" => ("which folders are there?", "有哪些文件夹？"),
        "STATUS" => ("how does this folder stand?", "这个文件夹的状态如何？"),
        "SELECT" => ("open this folder", "打开这个文件夹"),
        "EXAMINE" => ("open this folder, only to look", "以只读方式打开这个文件夹"),
        "FETCH" if line.contains("BODY.PEEK[]") => {
            ("these messages, whole; nothing is marked as read", "取回这些邮件全文（不标记为已读）")
        }
        "FETCH" => ("what is known of these messages?", "这些邮件的信息是什么？"),
        "SEARCH" => ("which messages fit?", "哪些邮件符合条件？"),
        "STORE" => ("change the flags of these messages", "修改这些邮件的标记"),
        "COPY" => ("copy these messages", "复制这些邮件"),
        "MOVE" => ("move these messages", "移动这些邮件"),
        "APPEND" => ("put this message into a folder", "把这封邮件放入文件夹"),
        "EXPUNGE" => ("remove what is marked as deleted", "清除已标记删除的邮件"),
        "IDLE" => ("tell me when something changes", "有变化时请通知"),
        "NOOP" => ("is there anything new?", "有什么新情况吗？"),
        "LOGOUT" => ("goodbye", "再见"),
        _ => return None,
    })
}

/// A line of the server, its `S: ` taken off.
pub(super) fn reply(line: &str) -> Option<Text> {
    let (tag, rest) = line.split_once(' ')?;
    let word = |rest: &str| rest.split(' ').next().unwrap_or_default().to_ascii_uppercase();
    Some(match (tag, word(rest).as_str()) {
        ("+", _) => ("go on", "请继续"),
        ("*", "OK") => return None,
        ("*", "PREAUTH") => ("you are logged in already", "已经登录"),
        ("*", "BYE") => ("the server ends the connection", "服务器结束连接"),
        ("*", "CAPABILITY") => ("what the server can do", "服务器支持的功能"),
        ("*", "FLAGS") => ("the flags of this folder", "这个文件夹可用的标记"),
        ("*", "LIST") => ("a folder", "一个文件夹"),
        ("*", "SEARCH" | "ESEARCH") => ("the messages that fit", "符合条件的邮件"),
        ("*", "VANISHED") => ("these messages are gone", "这些邮件已不存在"),
        ("*", "STATUS") => ("how the folder stands", "文件夹的状态"),
        ("*", number) if number.bytes().all(|b| b.is_ascii_digit()) => {
            match word(rest.split_once(' ')?.1).as_str() {
                "EXISTS" => ("so many messages are there", "邮件总数"),
                "EXPUNGE" => ("this message is gone", "这封邮件已不存在"),
                "FETCH" => ("about this message", "关于这封邮件"),
                _ => return None,
            }
        }
        ("*", _) => return None,
        (_, "OK") => ("done", "完成"),
        (_, "NO") => ("the server says no", "服务器拒绝了"),
        (_, "BAD") => ("the server does not understand this", "服务器不理解这条命令"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_explained_by_what_they_say() {
        for (line, expected) in [
            ("a1 CAPABILITY", Some("what can you do?")),
            ("a2 UID FETCH 1:* (FLAGS)", Some("what is known of these messages?")),
            ("a3 UID FETCH 1 (BODY.PEEK[])", Some("these messages, whole; nothing is marked as read")),
            ("DONE", Some("that is enough waiting")),
            ("", None),
            ("a4 XOWN", None),
        ] {
            assert_eq!(command(line).map(|(en, _)| en), expected, "{line}");
        }
        for (line, expected) in [
            ("* 5 EXISTS", Some("so many messages are there")),
            ("* OK [UIDVALIDITY 1] fine", None),
            ("+ go ahead", Some("go on")),
            ("a1 NO [AUTHENTICATIONFAILED] no", Some("the server says no")),
            ("*", None),
        ] {
            assert_eq!(reply(line).map(|(en, _)| en), expected, "{line}");
        }
    }
}
