//! What is said where no rule knows more: by the class of the reply, else by the kind of failure.

use super::rule::{ANY, Rule};
use super::t;
use crate::outcome::Kind::{Auth, Capability, Local, Protocol, Timeout, Tls, Unreachable};

pub(super) static RULES: &[Rule] = &[
    Rule::new(
        "refused.later",
        &[ANY.code(&[4])],
        t(
            "The server refused for now. Its own words say why; try again later.",
            "服务器暂时拒绝，原因见其回复；请稍后再试。",
        ),
    ),
    Rule::new(
        "refused.for-good",
        &[ANY.code(&[5])],
        t(
            "The server refused, and trying the same again will not help. Its own words say why; \
             change what they name.",
            "服务器拒绝了请求，原样重试没有用。原因见其回复，请据此修改。",
        ),
    ),
    Rule::new(
        "kind.local",
        &[ANY.kind(&[Local])],
        t(
            "Something on this computer is not as it must be; the message above names it. Nothing was \
             sent for this message.",
            "本机的某项内容有问题，上面的信息指出了是什么。这封邮件没有发出。",
        ),
    ),
    Rule::new(
        "kind.unreachable",
        &[ANY.kind(&[Unreachable])],
        t(
            "The server could not be reached, or the connection was lost. Check the network, host and \
             port, then try again.",
            "无法连接服务器，或连接中断。请检查网络、主机和端口后重试。",
        ),
    ),
    Rule::new(
        "kind.timeout",
        &[ANY.kind(&[Timeout])],
        t(
            "The server took too long to answer. It may be busy, or the network slow: try again in a \
             few minutes.",
            "服务器答复超时。可能正忙或网络较慢：请过几分钟再试。",
        ),
    ),
    Rule::new(
        "kind.tls",
        &[ANY.kind(&[Tls])],
        t(
            "No safe connection could be made. Check host name and port (465 with smtps://, 587 with \
             STARTTLS, 993 with imaps://, 995 with pop3s://), and whether a firewall or virus scanner meddles with TLS.",
            "无法建立安全连接。请检查主机名和端口（465 用 smtps://，587 用 STARTTLS，993 用 imaps://，995 用 pop3s://），以及防火墙\
             或杀毒软件是否干扰 TLS。",
        ),
    ),
    Rule::new(
        "kind.auth",
        &[ANY.kind(&[Auth])],
        t(
            "The server does not accept this account here. Check login name and password, and the \
             provider's help page.",
            "服务器不接受该账号。请核对登录名和密码，并查阅服务商的帮助页。",
        ),
    ),
    Rule::new(
        "kind.capability",
        &[ANY.kind(&[Capability])],
        t(
            "The server lacks an extension that was asked for. Send without it, or through another \
             server.",
            "服务器缺少所需的扩展。请去掉该要求，或改用其他服务器。",
        ),
    ),
    Rule::new(
        "kind.protocol",
        &[ANY.kind(&[Protocol])],
        t(
            "The server does not keep to the rules of its protocol. Try once more with --trace and report the \
             conversation to whoever runs the server, or to this project.",
            "服务器没有遵守协议。请加 --trace 再试一次，并把对话记录反馈给服务器管理员或本项\
             目。",
        ),
    ),
];

/// The server said no, and nothing else is known.
pub(super) static LAST: Rule = Rule::new(
    "kind.refused",
    &[ANY],
    t(
        "The server said no. Its own words say why; change what they name, or try again later.",
        "服务器拒绝了请求，原因见其回复；请据此修改，或稍后再试。",
    ),
);

/// The message left whole and no answer came ([`Verdict::InDoubt`](crate::outcome::Verdict::InDoubt)).
pub(super) static IN_DOUBT: Rule = Rule::new(
    "in-doubt",
    &[ANY],
    t(
        "The whole message left, and no answer came: the server may have delivered it, or not. Look \
         into the account's Sent folder, or ask the recipient, before you send it again; a second copy \
         may arrive otherwise.",
        "邮件已完整发出，但没有收到答复：可能已送达，也可能没有。重新发送前，请先查看“已发送”文件\
         夹或询问收件人；否则对方可能收到两封。",
    ),
);
