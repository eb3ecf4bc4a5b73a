//! The recipient: unknown, full, closed, moved, or "try again later".

use super::rule::{ANY, Rule};
use super::t;
use crate::outcome::Stage::{Data, End, Rcpt};

pub(super) static RULES: &[Rule] = &[
    Rule::new(
        "sender.domain",
        &[
            ANY.says(&[
                "sender address rejected",
                "sender domain",
                "domain of sender",
                "sender address domain",
            ]),
            ANY.enhanced(&[(0, 1, 8), (0, 1, 7)]),
        ],
        t(
            "The server does not accept the sender's address: its domain does not exist, or the \
             address is wrongly written. Correct From.",
            "服务器不接受发件地址：域名不存在或地址写法有误。请更正 From。",
        ),
    ),
    Rule::new(
        "recipient.full",
        &[
            ANY.enhanced(&[(0, 2, 2)]),
            ANY.says(&[
                "mailbox full",
                "mailbox is full",
                "over quota",
                "quota exceeded",
                "exceeded its quota",
                "out of storage",
                "容量",
            ]),
        ],
        t(
            "The recipient's mailbox is full. Try again in a day or two, or reach the recipient in \
             another way.",
            "收件人的邮箱已满。请过一两天再试，或用其他方式联系对方。",
        ),
    ),
    Rule::new(
        "recipient.disabled",
        &[
            ANY.enhanced(&[(0, 2, 1)]),
            ANY.at(&[Rcpt, End]).says(&["disabled", "suspended", "inactive", "deactivated", "停用"]),
        ],
        t(
            "The recipient's mailbox exists but takes no mail: it is switched off or unused. Ask the \
             recipient for another address.",
            "收件人的邮箱存在但不再收信：已停用或长期未用。请向对方索取其他地址。",
        ),
    ),
    Rule::new(
        "recipient.moved",
        &[ANY.enhanced(&[(0, 1, 6)]), ANY.code(&[551])],
        t(
            "The recipient has moved to another address. If the server's answer names it, send there.",
            "收件人已更换地址。如果服务器的回复中给出了新地址，请发往新地址。",
        ),
    ),
    Rule::new(
        "recipient.takes-no-mail",
        &[ANY.code(&[521, 556]), ANY.enhanced(&[(0, 1, 10)])],
        t(
            "The recipient's domain takes no mail at all. Check the part behind the @ for a typing \
             error.",
            "收件人的域名不接收任何邮件。请检查 @ 后面的部分是否有误。",
        ),
    ),
    Rule::new(
        "recipient.domain",
        &[
            ANY.enhanced(&[(0, 1, 2), (0, 4, 4)]),
            ANY.at(&[Rcpt, End]).says(&[
                "domain not found",
                "unrouteable",
                "unroutable",
                "host unknown",
                "unknown host",
                "no mx",
                "dns query error",
                "domain does not exist",
                "domain name not found",
            ]),
        ],
        t(
            "The recipient's domain does not exist or has no mail server. Check the part behind the @ \
             for a typing error (gmial.com, qq.con).",
            "收件人的域名不存在或没有邮件服务器。请检查 @ 后面的部分是否有误（如 gmial.com、qq.con）。",
        ),
    ),
    Rule::new(
        "recipient.closed",
        &[
            ANY.says(&[
                "rejected by recipient",
                "rejected by the recipient",
                "personal blacklist",
                "blocked by the recipient",
                "blocked by recipient",
            ]),
            ANY.enhanced(&[(0, 7, 2), (0, 7, 13)]),
        ],
        t(
            "The recipient, or the list, does not take mail from this sender. Ask them in another way \
             to let you in.",
            "收件人（或邮件列表）不接受该发件人的邮件。请用其他方式请对方放行。",
        ),
    ),
    Rule::new(
        "recipient.unknown",
        &[
            ANY.enhanced(&[(0, 1, 1)]),
            ANY.at(&[Rcpt, Data, End]).says(&[
                "user unknown",
                "unknown user",
                "no such user",
                "does not exist",
                "user not found",
                "mailbox not found",
                "user not exist",
                "no such recipient",
                "recipient not found",
                "invalid recipient",
                "unknown recipient",
                "recipient unknown",
                "no mailbox",
                "not our customer",
                "unknown local part",
                "不存在",
            ]),
        ],
        t(
            "The server knows no such recipient. Check the address for a typing error; if it came from \
             a list, take it off the list.",
            "服务器上没有这个收件人。请检查地址是否有误；如果来自名单，请将其从名单中移除。",
        ),
    ),
    Rule::new(
        "recipient.unavailable",
        &[ANY.at(&[Rcpt, End]).says(&["mailbox unavailable or access denied"])],
        t(
            "QQ does not take mail for this recipient just now: the mailbox does not exist, refuses \
             the sender, or gets too much mail. Check the address; if it is right, try again after an \
             hour.",
            "QQ 暂不接受发往该收件人的邮件：邮箱不存在、拒收该发件人，或短时间内收信过多。请核对地\
             址；如无误，请一小时后再试。",
        ),
    ),
    Rule::new(
        "recipient.too-many",
        &[
            ANY.enhanced(&[(0, 5, 3)]),
            ANY.says(&["too many recipients", "out of allow rcpt"]),
            ANY.at(&[Rcpt]).code(&[452]),
        ],
        t(
            "The server takes no more recipients in one message. Send the message to fewer recipients \
             at a time.",
            "服务器不再接受同一封邮件的更多收件人。请减少每封邮件的收件人数量，分批发送。",
        ),
    ),
    Rule::new(
        "recipient.greylisted",
        &[
            ANY.says(&["greylist", "graylist", "greylisted"]),
            ANY.at(&[Rcpt]).code(&[450, 451]),
            ANY.at(&[Rcpt, Data, End]).enhanced(&[(4, 7, 1)]),
        ],
        t(
            "The server asks to try again later; many do so once with senders they do not know \
             (greylisting), or the mailbox is busy. Try again after 5 to 15 minutes.",
            "服务器要求稍后再试；许多服务器对陌生发件人会先拒绝一次（灰名单），或邮箱正忙。请 5 到 15 分\
             钟后重试。",
        ),
    ),
    Rule::new(
        "recipient.syntax",
        &[ANY.enhanced(&[(0, 1, 3)]), ANY.at(&[Rcpt]).code(&[501, 553])],
        t(
            "The server does not take the recipient's address as it is written. Check it for spaces, \
             missing parts and typing errors.",
            "服务器认为收件地址的写法有误。请检查空格、缺失的部分和拼写。",
        ),
    ),
    Rule::new(
        "recipient.refused",
        &[ANY.at(&[Rcpt]).code(&[5])],
        t(
            "The server refused this recipient. Its own words say why: most often the address is \
             wrong, or the server takes nothing from this sender for it.",
            "服务器拒绝了该收件人，原因见其回复：多数是地址有误，或不接受该发件人发给此收件人的邮\
             件。",
        ),
    ),
];
