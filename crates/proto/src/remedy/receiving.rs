//! Fetching mail by POP3 and IMAP: logins, locked maildrops, mailboxes that are not there, servers that are none.
//!
//! These protocols know no reply codes, only words and, since RFC 2449 and RFC 5530, response codes in brackets. The
//! rules here ask for that ([`When::said`](super::rule::When::said)), so that none of them speaks for SMTP.

use std::io::ErrorKind;

use super::rule::{ANY, Rule};
use super::t;
use crate::outcome::Kind::{
    Auth as AuthKind, Capability, Local, Protocol, Refused, Timeout, Tls, Unreachable,
};
use crate::outcome::Stage::{Auth, Delete, Fetch, Greeting, Idle, List, Quit, Select, StartTls, Store};
use crate::provider::PasswordKind;

pub(super) static RULES: &[Rule] = &[
    Rule::new(
        "receive.service-or-code",
        &[ANY.at(&[Auth]).said().says(&["account is abnormal"])],
        t(
            "The server names several reasons at once. Most often POP3/IMAP is not switched on for the account, or \
             the password is not an authorization code (授权码): open the mailbox on the web, turn on the service in \
             its settings, make a code and use it as the password.",
            "服务器一次列出了多种原因。最常见的是账号没有开通 POP3/IMAP，或密码不是授权码：请登录网页邮箱，在设置中\
             开启服务，生成授权码并用作密码。",
        ),
    ),
    Rule::new(
        "receive.in-use",
        &[ANY.said().says(&[
            "[in-use",
            "[inuse",
            "already locked",
            "is locked",
            "maildrop locked by",
            "mailbox in use",
            "already in use",
            "lock busy",
        ])],
        t(
            "Another program has this mailbox open, and the server lets in only one at a time. Close it (a phone \
             or a second fetch, perhaps), or wait some minutes: after a lost connection the lock stays for a while.",
            "另一个程序正在使用这个邮箱，而服务器一次只允许一个。请关闭它（可能是手机或另一个收信程序），或等几分\
             钟：连接中断后锁定会保留一段时间。",
        ),
    ),
    Rule::new(
        "receive.too-often",
        &[ANY
            .said()
            .says(&[
                "[login-delay",
                "login too frequently",
                "too frequent",
                "frequency limit",
                "too many login",
                "too many failed",
                "too many bad auth",
            ])
            .at(&[Auth, Greeting, Idle])],
        t(
            "This account logs in too often, so the server makes it wait. Leave at least 15 minutes between two \
             fetches, and check that no other program fetches the same mailbox every minute.",
            "该账号登录过于频繁，服务器要求等待。两次收信之间请至少间隔 15 分钟，并检查是否有其他程序在频繁收取同一\
             邮箱。",
        ),
    ),
    Rule::new(
        "receive.connections",
        &[ANY.said().says(&[
            "too many simultaneous",
            "maximum number of connections",
            "too many connections",
            "[limit]",
        ])],
        t(
            "The server allows only so many connections at a time for one account or address, and all are taken. \
             Close other mail programs, or wait some minutes and try again.",
            "服务器限制了同一账号或同一地址的连接数，现已用满。请关闭其他邮件程序，或过几分钟再试。",
        ),
    ),
    Rule::new(
        "receive.unsafe-login",
        &[ANY.said().says(&["unsafe login"])],
        t(
            "NetEase takes this login for unsafe: it wants to know which program speaks (IMAP ID) before any folder \
             is opened. Hongyan says so by itself; if the refusal stays, open the mailbox on the web, look for a \
             security notice, and make a new authorization code (授权码).",
            "网易认为这次登录不安全（Unsafe Login）：打开文件夹之前，服务器要求程序先用 IMAP ID 表明身份。鸿雁会自动\
             这样做；如果仍被拒绝，请登录网页邮箱查看安全提示，并重新生成授权码。",
        ),
    ),
    Rule::new(
        "receive.not-enabled",
        &[ANY.said().says(&[
            "not enabled for pop",
            "not enabled for imap",
            "is not open",
            "no permission",
            "pop3 is disabled",
            "pop is disabled",
            "imap is disabled",
            "imap access is disabled",
            "pop3 access is disabled",
            "access to this service",
        ])],
        t(
            "Fetching mail is not switched on for this account. Open the mailbox on the web and turn on POP3 or IMAP \
             in its settings (QQ, 163: there an authorization code is made, too), then try again.",
            "该账号没有开通 POP3/IMAP 服务。请登录网页邮箱，在设置中开启 POP3 或 IMAP（QQ、163 同时在那里生成授权\
             码），然后重试。",
        ),
    ),
    Rule::new(
        "receive.code",
        &[ANY
            .at(&[Auth])
            .kind(&[AuthKind])
            .said()
            .provider(|p| p.password == PasswordKind::AuthorizationCode)],
        t(
            "{name} did not accept the login. The password here is not the one of the web page but an \
             authorization code (授权码), and the POP3/IMAP service must be switched on: {where}. If you use a code \
             already, it may be wrong or expired: wait a few minutes, try once more, then make a new one.",
            "{name}拒绝了登录。这里的密码不是网页登录密码，而是授权码，并且需要先开通 POP3/IMAP 服务：{where}。如果\
             已经在用授权码，它可能有误或已失效：请等几分钟再试一次，仍不行就重新生成。",
        ),
    ),
    Rule::new(
        "receive.code-wanted",
        &[ANY.at(&[Auth]).said().says(&["authorization code", "authorized code", "授权码"])],
        t(
            "The server wants an authorization code (授权码) instead of the account's password. Open the mailbox on \
             the web, turn on the POP3/IMAP service in its settings, make a code, and use it as the password.",
            "服务器要求使用授权码，而不是账号密码。请登录网页邮箱，在设置中开启 POP3/IMAP 服务，生成授权码并用作密\
             码。",
        ),
    ),
    Rule::new(
        "receive.web",
        &[ANY.at(&[Auth]).said().says(&["web browser", "web login required", "[webalert"])],
        t(
            "The provider wants you to log in on its web page first. Do so in a browser, confirm that it was you, \
             then try again; an app password or OAuth2 avoids this.",
            "服务商要求先在网页上登录一次。请用浏览器登录并确认是本人操作，然后重试；使用应用专用密码或 OAuth2 可避\
             免此问题。",
        ),
    ),
    Rule::new(
        "receive.app",
        &[ANY.at(&[Auth]).kind(&[AuthKind]).said().provider(|p| p.password == PasswordKind::App)],
        t(
            "{name} did not accept the login. It wants an app password instead of the account's password: {where}. \
             POP3 or IMAP may also have to be switched on in the settings of the mailbox.",
            "{name}拒绝了登录。这里需要使用应用专用密码，而不是账号密码：{where}。可能还需要在邮箱设置中开启 POP3 或 \
             IMAP。",
        ),
    ),
    Rule::new(
        "receive.app-wanted",
        &[ANY.at(&[Auth]).said().says(&["application-specific", "app password", "application password"])],
        t(
            "The server wants an app password instead of the account's password. Make one on the security page of \
             your account and use it here.",
            "服务器要求使用应用专用密码，而不是账号密码。请在账号的“安全”页面生成一个并在此使用。",
        ),
    ),
    Rule::new(
        "receive.oauth2-only",
        &[
            ANY.at(&[Auth]).said().says(&[
                "basic authentication is disabled",
                "basicauthblocked",
                "basic auth",
            ]),
            ANY.at(&[Auth]).kind(&[AuthKind]).said().provider(|p| p.password == PasswordKind::OAuth2Only),
        ],
        t(
            "The server takes no passwords any more. Log in with OAuth2: set up the account with an access token \
             (token_command) instead of a password. If you did so already, the token has expired, or gives no right \
             to read mail: get a new one.",
            "服务器已不再接受密码登录。请改用 OAuth2：为账号配置访问令牌（token_command），而不是密码。如果已经这样\
             做，则令牌已过期或没有收信权限：请获取新的令牌。",
        ),
    ),
    Rule::new(
        "receive.token",
        &[ANY.at(&[Auth]).said().says(&["token", "oauth", "(400)", "(401)"])],
        t(
            "The server does not accept the access token. It has expired (most live one hour), or was made for \
             another account or without permission to read mail. Get a new one and try again.",
            "服务器不接受该访问令牌。令牌可能已过期（多数有效期为一小时）、属于其他账号，或没有收信权限。请获取新的\
             令牌后重试。",
        ),
    ),
    Rule::new(
        "receive.tls-only",
        &[
            ANY.said().says(&[
                "[privacyrequired",
                "plaintext authentication disallowed",
                "cleartext",
                "must issue a starttls",
                "stls first",
                "starttls first",
                "ssl required",
                "ssl connection",
                "tls required",
                "needs tls",
                "under tls",
            ]),
            ANY.at(&[StartTls]).kind(&[Tls]).said(),
        ],
        t(
            "The server wants TLS before a login, or could not set it up. Use its address with TLS from the start: \
             pop3s://HOST (port 995) or imaps://HOST (port 993).",
            "服务器要求先建立 TLS 再登录，或未能建立 TLS。请使用一开始就加密的地址：pop3s://主机（995 端口）或 \
             imaps://主机（993 端口）。",
        ),
    ),
    Rule::new(
        "receive.no-starttls",
        &[ANY.at(&[StartTls]).kind(&[Capability]).cause(&["stls"])],
        t(
            "The server cannot encrypt this connection (no STLS), so password and mail would go in clear. Use \
             pop3s://HOST (port 995), which is encrypted from the start. If it is a server of your own in a trusted \
             network, --tls none goes on without.",
            "服务器无法加密该连接（不支持 STLS），密码和邮件会以明文传送。请改用一开始就加密的 pop3s://主机（995 端\
             口）。如果是可信网络中自己的服务器，可用 --tls none 明文继续。",
        ),
    ),
    Rule::new(
        "receive.trouble",
        &[ANY.said().says(&[
            "[sys/temp",
            "[unavailable",
            "[serverbug",
            "temporarily",
            "temporary",
            "try again later",
            "internal error",
            "internal server error",
            "server busy",
            "system busy",
        ])],
        t(
            "Something is wrong on the server's side, and will most likely pass. Nothing was deleted. Try again in a \
             few minutes.",
            "服务器端出现问题，多半会自行恢复。没有删除任何邮件。请过几分钟再试。",
        ),
    ),
    Rule::new(
        "receive.contact-admin",
        &[ANY.said().says(&[
            "[sys/perm",
            "[contactadmin",
            "[corruption",
            "[cannot",
            "[expired",
            "account is locked",
            "account disabled",
            "suspended",
        ])],
        t(
            "The server needs a person to put something right before this account can be used: its own words say \
             what. Look at the mailbox on the web, or write to whoever runs the server.",
            "该账号需要人工处理后才能使用，具体原因见服务器的回复。请登录网页邮箱查看，或联系服务器管理员。",
        ),
    ),
    Rule::new(
        "receive.password",
        &[ANY.at(&[Auth]).kind(&[AuthKind]).said()],
        t(
            "The server does not accept this login name and password. Check both (many servers want the whole \
             address as the name), whether POP3 or IMAP is switched on for the account, and whether the provider \
             wants an app password or authorization code (授权码) in place of the usual one.",
            "服务器不接受该登录名或密码。请核对两者（许多服务器要求用完整的邮箱地址登录），确认账号已开通 POP3 或 IMAP，\
             以及服务商是否要求使用授权码或应用专用密码。",
        ),
    ),
    Rule::new(
        "receive.utf8",
        &[ANY.said().says(&["[utf8"])],
        t(
            "The message has addresses or headers in UTF-8, and the server gives it only to a program that asks for \
             UTF8. Fetch it over IMAP, or read it on the web.",
            "邮件头含有 UTF-8 字符，服务器只把它交给启用了 UTF8 的程序。请改用 IMAP 收取，或在网页上查看。",
        ),
    ),
    Rule::new(
        "receive.over-quota",
        &[ANY.said().says(&[
            "[overquota",
            "over quota",
            "quota exceeded",
            "exceeded quota",
            "mailbox full",
            "not enough space",
        ])],
        t(
            "The mailbox on the server is full, so nothing can be put into it. Delete or fetch mail there, or get \
             more room from the provider.",
            "服务器上的邮箱已满，无法再存入邮件。请删除或取走部分邮件，或向服务商申请更多空间。",
        ),
    ),
    Rule::new(
        "receive.no-mailbox",
        &[
            ANY.said().says(&[
                "[nonexistent",
                "[trycreate",
                "unknown mailbox",
                "no such mailbox",
                "no such folder",
                "folder not exist",
                "folder not found",
                "mailbox doesn't exist",
                "mailbox does not exist",
                "mailbox not found",
            ]),
            ANY.at(&[Select]).said().says(&["not exist", "doesn't exist", "not found"]),
            ANY.at(&[Select]).kind(&[Local]).cause(&["there is no folder"]),
        ],
        t(
            "There is no such folder on the server. Folder names differ from server to server, and in many only \
             INBOX is sure: list them, and write the name exactly as it is shown there.",
            "服务器上没有这个文件夹。各家服务器的文件夹名称不同，只有 INBOX 一定存在：请先列出文件夹，再按显示的名称\
             填写。",
        ),
    ),
    Rule::new(
        "receive.no-right",
        &[ANY.said().says(&["[noperm", "permission denied", "access denied", "read-only", "not permitted"])],
        t(
            "This account may not do that in this folder: it is shared, or can only be read. Ask its owner for the \
             right, or choose another folder.",
            "该账号在此文件夹中没有这样做的权限：它可能是共享的或只读的。请向其所有者申请权限，或换一个文件夹。",
        ),
    ),
    Rule::new(
        "receive.message-gone",
        &[ANY.at(&[Fetch, Delete, List]).said().says(&[
            "no such message",
            "there's no message",
            "marked as deleted",
            "already deleted",
            "[expungeissued",
            "message is deleted",
            "does not exist",
            "doesn't exist",
            "not exist",
            "out of range",
            "invalid message",
            "bad message number",
            "deleted message",
        ])],
        t(
            "There is no such message any more: another program has deleted it, or it was marked as deleted in this \
             session. The others are not affected; list what there is and go on.",
            "这封邮件已经不存在：可能被其他程序删除，或在本次会话中已标记删除。其他邮件不受影响；请重新列出邮件后继\
             续。",
        ),
    ),
    Rule::new(
        "receive.idle",
        &[ANY.at(&[Idle]).said()],
        t(
            "The server ended the session, most likely because nothing was asked for a while. Nothing was deleted. \
             Connect again.",
            "服务器结束了会话，多半是因为长时间没有操作。没有删除任何邮件。请重新连接。",
        ),
    ),
    Rule::new(
        "receive.refused-greeting",
        &[ANY.at(&[Greeting]).said()],
        t(
            "The server wants no session now: its own words say why. Wait some minutes and try again; if it stays, \
             look at the mailbox on the web, or ask whoever runs the server.",
            "服务器现在不接受连接，原因见其回复。请过几分钟再试；如果一直如此，请登录网页邮箱查看，或联系服务器管理员。",
        ),
    ),
    Rule::new(
        "receive.smtp-port",
        &[ANY.at(&[Greeting]).cause(&["is an smtp server, no"])],
        t(
            "What answers there is a server for sending mail. Mail is fetched at other ports, often from another \
             host: pop3s://HOST (port 995) or imaps://HOST (port 993).",
            "该端口上是发信（SMTP）服务器。收信使用其他端口，主机名也常常不同：pop3s://主机（995 端口）或 imaps://主机\
             （993 端口）。",
        ),
    ),
    Rule::new(
        "receive.other-protocol",
        &[ANY.at(&[Greeting]).cause(&["is an imap server, no", "is a pop3 server, no"])],
        t(
            "The server speaks the other of the two protocols for fetching mail. Write the address as imap:// or \
             imaps:// where it is IMAP (ports 143, 993), pop3:// or pop3s:// where it is POP3 (ports 110, 995).",
            "该服务器使用的是另一种收信协议。IMAP（143、993 端口）请写 imap:// 或 imaps://，POP3（110、995 端口）请写 \
             pop3:// 或 pop3s://。",
        ),
    ),
    Rule::new(
        "receive.not-a-server",
        &[ANY.at(&[Greeting]).kind(&[Protocol]).cause(&["no pop3 server", "no imap server"])],
        t(
            "What answers there is no server that mail can be fetched from. Check host and port: POP3 is at 995 \
             (pop3s://) and 110 (pop3://), IMAP at 993 (imaps://) and 143 (imap://).",
            "该端口上不是收信服务器。请检查主机和端口：POP3 用 995（pop3s://）和 110（pop3://），IMAP 用 993（imaps://）\
             和 143（imap://）。",
        ),
    ),
    Rule::new(
        "receive.not-deleted",
        &[ANY.at(&[Quit]).kind(&[Refused, Unreachable, Timeout, Protocol])],
        t(
            "The server did not confirm the end of the session, so nobody knows whether it has deleted what was \
             marked: all, some or none. What was fetched is safe here; list the mailbox again to see what is left.",
            "服务器没有确认会话结束，因此无法得知标记的邮件是否已删除：可能全部、部分或都没有。已取回的邮件安全地保存在本\
             机；请重新列出邮箱查看剩余的邮件。",
        ),
    ),
    Rule::new(
        "receive.disk-full",
        &[ANY.at(&[Fetch]).kind(&[Local]).io(&[ErrorKind::StorageFull, ErrorKind::QuotaExceeded])],
        t(
            "The disk of this computer is full, so the message could not be kept. Nothing was deleted on the server. \
             Make room, then fetch again.",
            "本机磁盘已满，邮件无法保存。服务器上没有删除任何邮件。请清理空间后重新收取。",
        ),
    ),
    Rule::new(
        "receive.cut",
        &[ANY.at(&[Fetch]).kind(&[Unreachable, Timeout])],
        t(
            "The connection broke or stood still while a message was on its way. What had come whole is kept, and \
             nothing was deleted on the server. Fetch again: only what is missing will come.",
            "下载途中连接中断或停滞。已完整取回的邮件会保留，服务器上没有删除任何邮件。请重新收取：只会取回缺少的邮件。",
        ),
    ),
    Rule::new(
        "receive.too-long",
        &[ANY.at(&[List]).kind(&[Protocol]).cause(&["more than"])],
        t(
            "The mailbox lists more messages than this program takes in at once, or the server sends a list without \
             end. Move old mail to other folders on the web page, and try again.",
            "邮箱列出的邮件数超过了本程序一次能处理的数量，或服务器发送了没有尽头的列表。请在网页上把旧邮件移到其他文件\
             夹后重试。",
        ),
    ),
    Rule::new(
        "receive.refused",
        &[ANY.at(&[List, Fetch, Delete, Select, Store]).said()],
        t(
            "The server said no to this command; the session goes on. Its own words say why. Nothing was deleted.",
            "服务器拒绝了这条命令，会话仍然继续，原因见其回复。没有删除任何邮件。",
        ),
    ),
];
