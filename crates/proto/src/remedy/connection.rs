//! The way to the server: names, ports, proxies, silence, and connections that break.

use super::rule::{ANY, Rule};
use super::t;
use crate::outcome::Kind::{Protocol, Timeout, Unreachable};
use crate::outcome::Stage::{Connect, Content, End, Greeting, Mail, Rcpt, Resolve};

pub(super) static RULES: &[Rule] = &[
    Rule::new(
        "resolve.not-a-name",
        &[ANY.cause(&["is not a host name"])],
        t(
            "That is no host name. Write the server as smtps://HOST:465 or smtp://HOST:587 for sending, \
             imaps://HOST or pop3s://HOST for fetching, without spaces.",
            "这不是有效的主机名。请按 smtps://主机:465 或 smtp://主机:587（发信）、imaps://主机 或 pop3s://主机（收信）的\
             格式填写，不要含空格。",
        ),
    ),
    Rule::new(
        "resolve.failed",
        &[
            ANY.at(&[Resolve]).kind(&[Unreachable]).cause(&["temporary failure", "try again", "timed out"]),
            ANY.at(&[Resolve]).kind(&[Timeout]),
        ],
        t(
            "The name of the server could not be looked up: the DNS server did not answer or has no \
             answer now. Check the network and the DNS settings of this computer, then try again.",
            "无法解析服务器名称：DNS 服务器没有响应或暂时无法回答。请检查本机网络和 DNS 设置后重试。",
        ),
    ),
    Rule::new(
        "resolve.unknown",
        &[ANY.at(&[Resolve]).kind(&[Unreachable])],
        t(
            "There is no host of this name. Check the server's name for a typing error; for a \
             provider's address it is often smtp., imap. or pop. and the domain.",
            "找不到这个主机名。请检查服务器名称的拼写；服务商的服务器通常是 smtp.、imap. 或 pop. 加域名。",
        ),
    ),
    Rule::new(
        "connect.proxy",
        &[ANY.at(&[Connect]).cause(&["proxy", "socks"])],
        t(
            "The proxy did not make the connection. Check its address and login, and whether it lets \
             ports 465, 587, 993 and 995 through; many web proxies allow port 443 only.",
            "代理没有建立连接。请检查代理地址和登录信息，以及它是否放行 465、587、993 和 995 端口；许多网页\
             代理只允许 443。",
        ),
    ),
    Rule::new(
        "connect.refused-provider",
        &[ANY.at(&[Connect]).cause(&["connection refused"]).provider(|_| true)],
        t(
            "Nothing answers on that host and port. {name} takes mail at {smtp}, and gives it \
             out at {fetch}.",
            "该主机和端口没有服务。{name}的发信服务器是 {smtp}，收信服务器是 {fetch}。",
        ),
    ),
    Rule::new(
        "connect.refused",
        &[ANY.at(&[Connect]).cause(&["connection refused"])],
        t(
            "The host is there, but nothing answers on that port. Check the port: 465 (smtps://) or \
             587 (smtp:// with STARTTLS) for handing in mail, 25 between servers, 993 (imaps://) or \
             995 (pop3s://) for fetching it. If it is a server of \
             your own, see that it runs and listens on this address.",
            "主机存在，但该端口没有服务。请检查端口：发信用 465（smtps://）或 587（smtp:// 加 STARTTLS），\
             25 用于服务器之间；收信用 993（imaps://）或 995（pop3s://）。如果是自己的服务器，请确认它已启动并监听该地址。",
        ),
    ),
    Rule::new(
        "connect.no-route",
        &[ANY.cause(&["network is unreachable", "host is unreachable", "no route to host"])],
        t(
            "There is no way to the server from here. Check the network connection; without IPv6 the \
             server needs an IPv4 address.",
            "从本机无法到达服务器。请检查网络连接；如果没有 IPv6，服务器需要有 IPv4 地址。",
        ),
    ),
    Rule::new(
        "connect.timeout",
        &[ANY.at(&[Connect]).kind(&[Timeout]), ANY.at(&[Connect]).cause(&["no answer", "timed out"])],
        t(
            "The server did not answer at all. A firewall may swallow the connection: many networks \
             and cloud hosts block port 25. Try ports 465 and 587 (for fetching: 993 and 995), or another network.",
            "服务器完全没有响应。可能被防火墙拦截：许多网络和云主机封锁 25 端口。请尝试 465 和 587 端\
             口（收信用 993 和 995），或换一个网络。",
        ),
    ),
    Rule::new(
        "greeting.silent",
        &[ANY.at(&[Greeting]).kind(&[Timeout])],
        t(
            "The connection stands, but the server says nothing. If the port is 465, 993 or 995, the \
             server waits for TLS: use smtps://, imaps:// or pop3s://. Otherwise it may be overloaded: try again later.",
            "已连接，但服务器没有发出问候。如果是 465、993 或 995 端口，服务器在等待 TLS：请使用 smtps://、imaps:// 或 \
             pop3s://。否\
             则可能负载过高：请稍后再试。",
        ),
    ),
    Rule::new(
        "greeting.not-smtp",
        &[ANY.at(&[Greeting]).kind(&[Protocol])],
        t(
            "What answers there is no SMTP server. Check host and port: 465 wants smtps://, 587 and 25 \
             want smtp://; 110, 143, 993 and 995 are for reading mail.",
            "该端口上不是 SMTP 服务器。请检查主机和端口：465 用 smtps://，587 和 25 用 smtp://；\
             110、143、993、995 是收信端口。",
        ),
    ),
    Rule::new(
        "greeting.closed",
        &[ANY.at(&[Greeting]).kind(&[Unreachable])],
        t(
            "The server closed the connection without a word. It may not want this IP address, or the \
             port wants TLS at once (smtps://, port 465; imaps://, 993; pop3s://, 995).",
            "服务器没有问候就关闭了连接。可能不接受本机 IP，或该端口要求直接使用 TLS（smtps://，\
             465 端口；imaps://，993；pop3s://，995）。",
        ),
    ),
    Rule::new(
        "greeting.refused",
        &[ANY.at(&[Greeting]).code(&[5])],
        t(
            "The server wants no connection from this IP address. Send through your own provider's \
             server with a login (port 465 or 587), not directly to the recipient's.",
            "服务器拒绝来自本机 IP 的连接。请登录自己服务商的发信服务器（465 或 587 端口）发送，而\
             不要直接连接收件方服务器。",
        ),
    ),
    Rule::new(
        "server.closing",
        &[ANY.code(&[421])],
        t(
            "The server ends the connection: it is busy, shuts down, or has had enough for now. Try \
             again in a few minutes.",
            "服务器关闭了连接：正忙、正在停机，或暂时不再接受更多邮件。请过几分钟再试。",
        ),
    ),
    Rule::new(
        "connection.lost-at-end",
        &[ANY.at(&[End]).kind(&[Unreachable, Timeout])],
        t(
            "No answer came to the message. Where it had left whole, the server may have taken it: \
             look into the Sent folder or ask the recipient before sending it again.",
            "没有收到对邮件的答复。如果邮件已完整发出，服务器可能已经接收：重新发送前，请先查看“已\
             发送”文件夹或询问收件人。",
        ),
    ),
    Rule::new(
        "content.stalled",
        &[ANY.at(&[Content]).kind(&[Timeout, Unreachable])],
        t(
            "The connection broke or stood still while the message was on its way; it was not taken. \
             Check the network (a virus scanner may hold up large mails) and send again.",
            "邮件传送途中连接中断或停滞，邮件未被接收。请检查网络（杀毒软件可能拖住大邮件）后重新\
             发送。",
        ),
    ),
    Rule::new(
        "timeout.address",
        &[ANY.at(&[Mail, Rcpt]).kind(&[Timeout])],
        t(
            "The server did not answer in time when it was told sender or recipients. Some servers \
             make strangers wait, or check the address somewhere slow. Try again after some minutes.",
            "服务器在核对发件人或收件人时没有及时答复。有些服务器会故意拖延陌生发件人，或查询较慢。\
             请过几分钟再试。",
        ),
    ),
];
