//! The message itself: its size, its form, and commands that the server does not take.

use super::rule::{ANY, Rule};
use super::t;

pub(super) static RULES: &[Rule] = &[
    Rule::new(
        "size.refused",
        &[
            ANY.enhanced(&[(0, 3, 4), (0, 2, 3)]),
            ANY.says(&[
                "size limit",
                "too large",
                "too big",
                "mailsize limit",
                "maximum message size",
                "message size exceeds",
                "message is too long",
                "attachment is too long",
                "larger than",
            ]),
            ANY.code(&[552]),
        ],
        t(
            "The message is too large for the server or the recipient. Note that attachments grow by a \
             third on the way. Make them smaller, send them in several messages, or put them on a \
             share and send the link.",
            "邮件超过服务器或收件人允许的大小（附件编码后会增大约三分之一）。请压缩附件、分多封发\
             送，或上传到网盘后发送链接。",
        ),
    ),
    Rule::new(
        "server.storage",
        &[ANY.enhanced(&[(4, 3, 1)]), ANY.code(&[452])],
        t(
            "The server has no room left for the moment. Try again later.",
            "服务器暂时没有存储空间。请稍后再试。",
        ),
    ),
    Rule::new(
        "content.form",
        &[
            ANY.enhanced(&[(0, 6, 0), (0, 6, 1), (0, 6, 3), (0, 6, 5), (0, 5, 6)]),
            ANY.says(&[
                "line too long",
                "lines too long",
                "bare lf",
                "bare cr",
                "bare newline",
                "rfc 5322",
                "rfc5322",
                "rfc 2822",
                "malformed",
            ]),
        ],
        t(
            "The server does not accept how the message is built (a header, a line length, an \
             encoding). Run `hongyan inspect` on it to see what is unusual; if it is a raw .eml file, \
             let the program compose it.",
            "服务器不接受邮件的格式（邮件头、行长或编码）。请用 hongyan inspect 查看异常之处；如果\
             是原始 .eml 文件，请让程序生成邮件。",
        ),
    ),
    Rule::new(
        "content.loop",
        &[ANY.enhanced(&[(0, 4, 6)]), ANY.says(&["too many hops", "mail loop", "looping", "hop count"])],
        t(
            "The message goes in circles between servers: a forwarding points back to itself. Whoever \
             runs the recipient's mailbox must mend the forwarding.",
            "邮件在服务器之间循环转发。需要收件方管理员修正转发设置。",
        ),
    ),
    Rule::new(
        "protocol.command",
        &[ANY.code(&[500, 502, 503, 504, 555]), ANY.enhanced(&[(5, 5, 1), (5, 5, 2), (5, 5, 4)])],
        t(
            "The server does not understand a command or a parameter, though it said it would, or \
             wants another order. Send once more with --trace and report the conversation to whoever \
             runs the server, or to this project.",
            "服务器不理解某个命令或参数，或要求不同的顺序。请加 --trace 再发一次，并把对话记录反馈\
             给服务器管理员或本项目。",
        ),
    ),
    Rule::new(
        "protocol.syntax",
        &[ANY.code(&[501])],
        t(
            "The server finds a command wrongly written; most often it means an address. Check the \
             addresses of sender and recipients.",
            "服务器认为某个命令写法有误，多数与地址有关。请检查发件人和收件人地址。",
        ),
    ),
];
