//! The login: what the password really is, and what else keeps an account out.

use super::rule::{ANY, Rule};
use super::t;
use crate::outcome::Kind;
use crate::outcome::Stage::{Auth, Data, End, Hello, Idle, Mail, Rcpt};
use crate::provider::PasswordKind;

pub(super) static RULES: &[Rule] = &[
    Rule::new(
        "login.too-often",
        &[
            ANY.at(&[Auth]).says(&[
                "too many login",
                "too many bad auth",
                "too many failed",
                "too many auth",
                "too much fail auth",
                "auth error limit",
            ]),
            ANY.says(&["smtp auth error limit", "too much fail authentication"]),
        ],
        t(
            "Too many logins failed, so the server refuses further ones for a while. Wait at least 15 \
             minutes, check the login name and password, then try once.",
            "登录失败次数过多，服务器暂时禁止登录。请至少等 15 分钟，核对登录名和密码后再试一次。",
        ),
    ),
    Rule::new(
        "login.smtp-switched-off",
        &[ANY.says(&["smtpclientauthentication is disabled"])],
        t(
            "SMTP login is switched off for this Microsoft 365 organisation or mailbox. Its \
             administrator must allow \"Authenticated SMTP\" for the mailbox \
             (https://aka.ms/smtp_auth_disabled); then log in with OAuth2.",
            "该 Microsoft 365 组织或邮箱关闭了 SMTP 登录。请管理员为该邮箱启用“经过身份验证的 SMTP”\
             （https://aka.ms/smtp_auth_disabled），然后用 OAuth2 登录。",
        ),
    ),
    Rule::new(
        "login.token",
        &[ANY.at(&[Auth]).code(&[5]).says(&["token", "oauth"])],
        t(
            "The server does not accept the access token. It has expired (most live one hour), or was \
             made for another account or without permission to send mail. Get a new one and try again.",
            "服务器不接受该访问令牌。令牌可能已过期（多数有效期为一小时）、属于其他账号，或没有发\
             信权限。请获取新的令牌后重试。",
        ),
    ),
    Rule::new(
        "login.oauth2-only",
        &[
            ANY.at(&[Auth]).says(&["basic authentication is disabled"]),
            ANY.at(&[Auth]).enhanced(&[(5, 7, 139)]),
            ANY.at(&[Auth]).code(&[5]).provider(|p| p.password == PasswordKind::OAuth2Only),
        ],
        t(
            "The server takes no passwords any more (basic authentication is disabled). Log in with \
             OAuth2: set up the account with an access token instead of a password. If you did so \
             already, the token has expired: get a new one.",
            "服务器已不再接受密码登录（基本身份验证已禁用）。请改用 OAuth2：为账号配置访问令牌，而\
             不是密码。如果已经这样做，则令牌已过期：请获取新的令牌。",
        ),
    ),
    Rule::new(
        "login.no-permission",
        &[ANY.says(&["user has no permission"])],
        t(
            "SMTP is not switched on for this account. Open the mailbox on the web, turn on the \
             POP3/SMTP/IMAP service in its settings, make an authorization code, and use it as the \
             password.",
            "该账号没有开通 SMTP 服务。请登录网页邮箱，在设置中开启 POP3/SMTP/IMAP 服务并生成授权\
             码，用授权码作为密码。",
        ),
    ),
    Rule::new(
        "login.code",
        &[ANY.at(&[Auth]).code(&[5]).provider(|p| p.password == PasswordKind::AuthorizationCode)],
        t(
            "{name} did not accept the login. The password here is not the one of the web page but an \
             authorization code (授权码): {where}. If you use one already, it may be wrong or expired, \
             or you logged in too often: wait a few minutes, try once more, then make a new one.",
            "{name}拒绝了登录。这里的密码不是网页登录密码，而是授权码：{where}。如果已经在用授权码，\
             它可能有误、已失效，或登录过于频繁：请等几分钟再试一次，仍不行就重新生成。",
        ),
    ),
    Rule::new(
        "login.code-wanted",
        &[ANY.at(&[Auth]).says(&["authorization code", "authorized code", "授权码"])],
        t(
            "The server wants an authorization code (授权码) instead of the account's password. Open \
             the mailbox on the web, turn on the POP3/IMAP/SMTP service in its settings, make a code, \
             and use it as the password.",
            "服务器要求使用授权码，而不是账号密码。请登录网页邮箱，在设置中开启 POP3/IMAP/SMTP 服\
             务，生成授权码并用作密码。",
        ),
    ),
    Rule::new(
        "login.web",
        &[
            ANY.at(&[Auth]).says(&["via your web browser", "web login required", "web browser"]),
            ANY.at(&[Auth]).enhanced(&[(5, 7, 14)]),
        ],
        t(
            "The provider wants you to log in on its web page first. Do so in a browser, confirm that \
             it was you, then try again; an app password or OAuth2 avoids this.",
            "服务商要求先在网页上登录一次。请用浏览器登录并确认是本人操作，然后重试；使用应用专用\
             密码或 OAuth2 可避免此问题。",
        ),
    ),
    Rule::new(
        "login.app",
        &[ANY.at(&[Auth]).code(&[534, 535]).provider(|p| p.password == PasswordKind::App)],
        t(
            "{name} did not accept the login. It wants an app password instead of the account's \
             password: {where}.",
            "{name}拒绝了登录。这里需要使用应用专用密码，而不是账号密码：{where}。",
        ),
    ),
    Rule::new(
        "login.app-wanted",
        &[ANY.at(&[Auth]).says(&[
            "application-specific",
            "application password",
            "app password",
            "app-specific",
            "parol prilozheniya",
        ])],
        t(
            "The server wants an app password instead of the account's password. Make one on the \
             security page of the account (2-step verification may have to be on) and use it here.",
            "服务器要求使用应用专用密码，而不是账号密码。请在账号的安全页面生成（可能需要先开启两\
             步验证），并在此使用。",
        ),
    ),
    Rule::new(
        "login.transition",
        &[ANY.at(&[Auth]).code(&[432]), ANY.at(&[Auth]).enhanced(&[(4, 7, 12)])],
        t(
            "The server must renew how it keeps your password first. Log in once on its web page or \
             with PLAIN over TLS, then try again.",
            "服务器需要先更新你的密码存储方式。请先在网页上登录一次，或用 TLS 下的 PLAIN 方式登录，\
             然后重试。",
        ),
    ),
    Rule::new(
        "login.clear",
        &[
            ANY.at(&[Auth]).kind(&[Kind::Tls]).cause(&["no tls"]),
            ANY.code(&[538]),
            ANY.enhanced(&[(5, 7, 11)]),
        ],
        t(
            "The connection is not encrypted, so the password was not sent: anybody on the way could \
             read it. Use a server address with TLS: smtps://HOST:465, or smtp://HOST:587 with \
             STARTTLS.",
            "连接没有加密，为避免密码被窃听，没有发送密码。请使用带 TLS 的服务器地址：smtps://主机\
             :465，或使用 STARTTLS 的 smtp://主机:587。",
        ),
    ),
    Rule::new(
        "login.too-weak",
        &[ANY.at(&[Auth]).code(&[534])],
        t(
            "The server wants a stronger way to log in than the one that was used. Use an app password \
             or OAuth2 if the provider has them, and TLS.",
            "服务器要求更强的登录方式。如果服务商支持，请改用应用专用密码或 OAuth2，并使用 TLS。",
        ),
    ),
    Rule::new(
        "login.temporary",
        &[ANY.at(&[Auth]).code(&[4])],
        t(
            "The server cannot check the login just now. The password may well be right: try again in \
             a few minutes.",
            "服务器暂时无法验证登录。密码可能没有问题：请过几分钟再试。",
        ),
    ),
    Rule::new(
        "login.mechanism",
        &[ANY.at(&[Auth]).code(&[500, 501, 502, 503, 504])],
        t(
            "The server does not understand this way to log in, or not here. Check that host and port \
             are those for sending mail (465 or 587), and whether the provider wants OAuth2.",
            "服务器不支持这种登录方式，或不允许在此登录。请确认主机和端口是发信用的（465 或 587），\
             以及服务商是否要求 OAuth2。",
        ),
    ),
    Rule::new(
        "login.impostor",
        &[ANY.at(&[Auth]).cause(&["did not prove that it knows the password"])],
        t(
            "The server said yes, but could not prove that it knows your password: it may be an \
             impostor, so nothing was sent. Check the host name and the network; if the server is your \
             own, its SCRAM login is broken.",
            "服务器声称登录成功，却无法证明它知道你的密码：它可能是冒充的，因此没有发送任何邮件。\
             请检查主机名和网络；如果是自己的服务器，则其 SCRAM 登录有缺陷。",
        ),
    ),
    Rule::new(
        "login.rounds",
        &[ANY.at(&[Auth]).cause(&["rounds of hashing"])],
        t(
            "The server asks for so much computing at login that it looks like an attack. Check the \
             host name; if the server is your own, lower its SCRAM iteration count.",
            "服务器在登录时要求的计算量过大，像是攻击。请检查主机名；如果是自己的服务器，请降低 SCRAM 迭\
             代次数。",
        ),
    ),
    Rule::new(
        "login.credentials",
        &[ANY.at(&[Auth]).cause(&[
            "login name is empty",
            "login name holds",
            "password or token is empty",
            "password holds",
            "token holds",
            "kind of credentials",
        ])],
        t(
            "The login name or password cannot be used as it is: it is empty, or holds a line break or \
             another character that no login can carry. Check where they come from (a password file \
             may end in an extra line).",
            "登录名或密码无法使用：为空，或含有换行等登录协议无法传送的字符。请检查其来源（例如密\
             码文件末尾多了一行）。",
        ),
    ),
    Rule::new(
        "login.wrong",
        &[
            ANY.at(&[Auth]).code(&[535]),
            ANY.at(&[Auth]).enhanced(&[(5, 7, 8), (5, 7, 3)]),
            ANY.at(&[Auth]).cause(&["wrong password", "refused (invalid-proof)", "refused (unknown-user)"]),
        ],
        t(
            "The server did not accept the login name or the password. Check both; the login name is \
             often the whole address. Many providers want an app password or an authorization code \
             (授权码) instead of the account's password.",
            "服务器拒绝了登录名或密码。请核对两者；登录名通常是完整的邮箱地址。许多服务商要求使用\
             授权码或应用专用密码，而不是账号密码。",
        ),
    ),
    Rule::new(
        "login.no-common-way",
        &[ANY.at(&[Auth]).kind(&[Kind::Capability]).cause(&["ways to log in"])],
        t(
            "The server offers no way to log in that fits what you gave: a password, or an OAuth2 \
             token. Give it the other one, or ask the provider which it takes.",
            "服务器提供的登录方式与你给出的凭据（密码或 OAuth2 令牌）不匹配。请改用另一种，或向服\
             务商确认支持哪种方式。",
        ),
    ),
    Rule::new(
        "login.not-offered",
        &[ANY.at(&[Auth]).kind(&[Kind::Capability])],
        t(
            "The server offers no login here. Check host and port: mail is handed in at port 465 (TLS) \
             or 587 (STARTTLS); some servers offer a login only under TLS. If the server needs none, \
             leave out the login name.",
            "服务器在此不提供登录。请检查主机和端口：发信端口通常是 465（TLS）或 587（STARTTLS）；\
             有些服务器只在 TLS 下允许登录。如果服务器不需要登录，请不要填登录名。",
        ),
    ),
    Rule::new(
        "tls.required",
        &[ANY.at(&[Hello, Auth, Mail, Rcpt, Data, End, Idle]).says(&[
            "starttls",
            "must use tls",
            "tls required",
            "requires tls",
            "require tls",
            "encryption required",
            "encrypted connection",
            "secure connection",
        ])],
        t(
            "The server takes nothing without TLS. Use STARTTLS on this port (--tls required), or \
             smtps://HOST:465.",
            "服务器要求先启用 TLS。请在该端口使用 STARTTLS（--tls required），或改用 smtps://主机\
             :465。",
        ),
    ),
    Rule::new(
        "login.required",
        &[
            ANY.code(&[530]),
            ANY.enhanced(&[(5, 7, 57)]),
            ANY.says(&[
                "authentication required",
                "authentication is required",
                "not authenticated",
                "must be authenticated",
                "must authenticate",
                "need auth",
                "auth first",
                "please login",
                "login first",
            ]),
        ],
        t(
            "The server takes mail only after a login. Give the login name and password of the account \
             (the name in the server address, the password through HONGYAN_PASSWORD, the account's \
             password_command or the prompt).",
            "服务器要求登录后才能发信。请提供账号的登录名和密码（登录名写在服务器地址中，密码通过\
             HONGYAN_PASSWORD、账号的 password_command 或提示符提供）。",
        ),
    ),
    Rule::new(
        "login.refused",
        &[ANY.at(&[Auth]).code(&[5]), ANY.at(&[Auth]).kind(&[Kind::Auth])],
        t(
            "The server refused the login. Check login name and password, and whether the account is \
             blocked or must be opened for programs on the provider's web page.",
            "服务器拒绝了登录。请核对登录名和密码，并检查账号是否被封禁，或需要在服务商网页上开通\
             客户端访问。",
        ),
    ),
];
