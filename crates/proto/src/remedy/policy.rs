//! Policy: who may send as whom and from where, and what the server takes for spam.

use super::rule::{ANY, Rule};
use super::t;
use crate::outcome::Stage::{End, Hello, Mail, Rcpt};
use crate::provider::Quirk;

pub(super) static RULES: &[Rule] = &[
    Rule::new(
        "sender.empty",
        &[ANY.says(&["null sender"])],
        t(
            "The server takes no message with an empty sender. Give a sender address.",
            "服务器不接受空发件人的邮件。请填写发件地址。",
        ),
    ),
    Rule::new(
        "sender.not-login",
        &[
            ANY.says(&[
                "must equal authorized user",
                "must be same as authorization user",
                "must be the same as authorization",
                "mismatch with login user",
                "not owned by",
                "conform with authentication",
                "send as this sender",
                "sendasdenied",
                "from address is not one of your addresses",
                "not local sender",
                "sender address does not match",
            ]),
            ANY.enhanced(&[(5, 7, 60), (5, 2, 252)]),
            ANY.at(&[Mail, Rcpt, End])
                .code(&[501, 550, 553])
                .says(&["mail from", "sender"])
                .provider(|p| p.has(Quirk::SenderIsLogin)),
        ],
        t(
            "The sender is not the account that logged in, and this server takes no other. Set From to \
             the login's own address; a different name before it, and a Reply-To, are free.",
            "发件人与登录账号不一致，而该服务器只接受本账号。请把发件人（From）改为登录邮箱地址；\
             显示名称和 Reply-To 可以自由设置。",
        ),
    ),
    Rule::new(
        "sender.header",
        &[ANY.says(&[
            "\"from\" header is missing or invalid",
            "from header is missing",
            "'from' header",
            "dt:sum",
        ])],
        t(
            "The server does not like the From line of the message: it is missing, written in an \
             unusual way, or another address than the sender's. Use exactly one From with the login's \
             own address.",
            "服务器不接受邮件的 From 行：缺失、写法不规范，或与发件地址不一致。请只写一个 From，并\
             使用登录邮箱自己的地址。",
        ),
    ),
    Rule::new(
        "account.blocked",
        &[ANY.says(&[
            "outboundspam",
            "wascl",
            "bad outbound sender",
            "account has been blocked",
            "account is blocked",
            "account is abnormal",
            "user suspended",
            "user is locked",
            "suspected spam sender",
            "unusual activity",
        ])],
        t(
            "The provider has blocked sending from this account, because it took it for a source of \
             spam. Log in on its web page, confirm the account, and send less and slower afterwards.",
            "服务商认为该账号在发送垃圾邮件，已禁止其发信。请登录网页确认账号，之后减少数量、放慢\
             速度发送。",
        ),
    ),
    Rule::new(
        "policy.outlook-bulk",
        &[ANY.enhanced(&[(5, 7, 515)]), ANY.says(&["5.7.515", "required authentication level"])],
        t(
            "Outlook.com takes mail of large senders only with SPF, DKIM and DMARC. Publish all three \
             for the sender's domain and let them agree with the From address, or send through a \
             provider that does so for you.",
            "Outlook.com 要求大量发信的域名同时通过 SPF、DKIM 和 DMARC。请为发件域名发布这三项并与 From 地\
             址对齐，或改用已为你配置好的服务商。",
        ),
    ),
    Rule::new(
        "policy.dmarc",
        &[ANY.enhanced(&[(5, 7, 509), (5, 7, 26)]), ANY.says(&["5.7.509", "dmarc", "unauthenticated"])],
        t(
            "The message failed DMARC: the domain in From does not vouch for the server that sends. \
             Send through that domain's own server, or let whoever runs the domain add this server to \
             SPF and sign with DKIM.",
            "邮件未通过 DMARC：From 中的域名没有授权这台服务器发信。请通过该域名自己的服务器发送，\
             或请域名管理员把这台服务器加入 SPF 并启用 DKIM 签名。",
        ),
    ),
    Rule::new(
        "policy.spf",
        &[ANY.enhanced(&[(0, 7, 23), (0, 7, 24)]), ANY.says(&["spf ", "mi:spf", "sender policy framework"])],
        t(
            "The sender's domain does not list this server in its SPF record. Send through the \
             domain's own server, or let whoever runs the domain add this one.",
            "发件域名的 SPF 记录中没有这台服务器。请通过该域名自己的服务器发送，或请域名管理员添加。",
        ),
    ),
    Rule::new(
        "policy.dkim",
        &[ANY.enhanced(&[(0, 7, 20), (0, 7, 21), (0, 7, 22)]), ANY.says(&["dkim"])],
        t(
            "The message has no DKIM signature that counts. Send through a server that signs for the \
             domain in From.",
            "邮件没有有效的 DKIM 签名。请通过为 From 域名签名的服务器发送。",
        ),
    ),
    Rule::new(
        "policy.reverse-dns",
        &[
            ANY.enhanced(&[(0, 7, 25)]),
            ANY.says(&[
                "reverse dns",
                "ptr record",
                "reverse lookup",
                "cannot find your hostname",
                "cannot find your reverse hostname",
            ]),
        ],
        t(
            "This computer's IP address has no matching name (reverse DNS), so the server takes no \
             mail from it. Send through your provider's server with a login instead of directly.",
            "本机 IP 没有匹配的反向解析（PTR），服务器不接受其邮件。请登录服务商的发信服务器发送，\
             而不要直接投递。",
        ),
    ),
    Rule::new(
        "policy.address-blocked",
        &[
            ANY.says(&[
                "spamhaus",
                "blocklist",
                "block list",
                "blacklist",
                "black list",
                "dnsbl",
                "rbl",
                "banned sending ip",
                "hl:ipb",
                "hl:ihu",
                "hl:rep",
                "hl:mep",
                "wm:bli",
                "is listed",
                "ip is rejected",
                "black ip",
            ]),
            ANY.enhanced(&[(0, 7, 606), (0, 7, 708), (0, 7, 511)]),
        ],
        t(
            "This computer's IP address stands on a list of addresses from which the server takes no \
             mail; with home and mobile connections that is usual. Send through your provider's server \
             with a login (port 465 or 587) instead of directly.",
            "本机 IP 在服务器的拒收名单上；家庭宽带和移动网络常见。请登录服务商的发信服务器（465 或 587 端\
             口）发送，而不要直接投递。",
        ),
    ),
    Rule::new(
        "policy.helo",
        &[
            ANY.says(&["helo command rejected", "invalid helo", "helo/ehlo", "ehlo argument", "helohost"]),
            ANY.at(&[Hello]).code(&[5]),
        ],
        t(
            "The server does not accept the name by which this computer greets it (EHLO). Set a host \
             name that exists in DNS.",
            "服务器不接受本机的问候名（EHLO）。请设置一个在 DNS 中存在的主机名。",
        ),
    ),
    Rule::new(
        "policy.relay",
        &[ANY.says(&[
            "relay",
            "local user only",
            "not one of my domains",
            "domain isn't in my list",
            "no smtp mx only",
        ])],
        t(
            "The server delivers only to its own users for strangers. Log in (login name and password \
             of an account there), or hand the message to your own provider's server.",
            "服务器不为未登录者转发到外部地址。请用该服务器的账号登录后发送，或改用自己邮箱服务商\
             的发信服务器。",
        ),
    ),
    Rule::new(
        "policy.spam",
        &[ANY.says(&[
            "spam",
            "dt:spm",
            "unsolicited",
            "junk",
            "content denied",
            "content rejected",
            "content reject",
            "poor reputation",
            "low reputation",
            "message looks like",
            "too many same",
        ])],
        t(
            "The server takes the message for spam. Change wording and links, send it to fewer people \
             at once, and check SPF, DKIM and DMARC of the sender's domain; ask the recipient to allow \
             the sender.",
            "服务器把邮件判为垃圾邮件。请修改措辞和链接、减少一次发送的人数，并检查发件域名的 SPF、\
             DKIM、DMARC；也可请收件人将发件人加入白名单。",
        ),
    ),
    Rule::new(
        "policy.attachment",
        &[ANY.says(&[
            "potential security issue",
            "virus",
            "malware",
            "attachment type",
            "attachment is not allowed",
            "file type",
            "executable",
        ])],
        t(
            "The server refuses an attachment of this kind. Programs and archives with programs are \
             often refused; put the file on a share and send the link.",
            "服务器拒绝这类附件。可执行文件以及含有可执行文件的压缩包常被拒收；请上传到网盘后发送\
             链接。",
        ),
    ),
];
