//! The table of providers: facts only, one entry each.

use super::{LoginName, PasswordKind, Provider, Quirk, Security, Server};
use crate::remedy::{Text, t};

const fn tls(host: &'static str, port: u16) -> Server {
    Server { host, port, security: Security::Implicit }
}

const fn starttls(host: &'static str, port: u16) -> Server {
    Server { host, port, security: Security::StartTls }
}

/// What holds where an entry says nothing else.
const PLAIN: Provider = Provider {
    name: t("", ""),
    domains: &[],
    zones: &[],
    imap: None,
    pop3: None,
    smtp: &[],
    login: LoginName::Address,
    password: PasswordKind::Account,
    oauth2: false,
    password_from: t("", ""),
    help: None,
    quirks: &[],
};

/// What NetEase's domains have in common.
const NETEASE: Provider = Provider {
    password: PasswordKind::AuthorizationCode,
    password_from: t(
        "open mail.163.com (126, yeah: their own page), go to 设置 → POP3/SMTP/IMAP, \
             turn on the service and make an authorization code",
        "打开网页邮箱 → 设置 → POP3/SMTP/IMAP，开启服务并新增授权码",
    ),
    quirks: &[Quirk::IdBeforeSelect, Quirk::SaslIrRejected, Quirk::GarbageAfterQuit, Quirk::SenderIsLogin],
    ..PLAIN
};

/// Where app passwords are made, in the words that fit most providers.
const SECURITY_PAGE: Text = t("make one on the security page of your account", "在账号的“安全”页面生成");

/// Every provider that is known.
pub static PROVIDERS: &[Provider] = &[
    Provider {
        name: t("QQ Mail", "QQ 邮箱"),
        domains: &["qq.com", "vip.qq.com", "foxmail.com"],
        imap: Some(tls("imap.qq.com", 993)),
        pop3: Some(tls("pop.qq.com", 995)),
        smtp: &[tls("smtp.qq.com", 465), starttls("smtp.qq.com", 587)],
        password: PasswordKind::AuthorizationCode,
        password_from: t(
            "open mail.qq.com, go to 设置 → 账号, turn on POP3/IMAP/SMTP 服务 \
             and make an authorization code (16 letters)",
            "打开 mail.qq.com → 设置 → 账号 → 开启 POP3/IMAP/SMTP 服务，生成授权码（16 位字母）",
        ),
        help: Some("https://service.mail.qq.com/cgi-bin/help?subtype=1&&id=28&&no=1001256"),
        quirks: &[
            Quirk::GarbageAfterQuit,
            Quirk::GbkReplies,
            Quirk::SenderIsLogin,
            Quirk::FrequencyLimitIs550,
            Quirk::UidRangesRefused,
            Quirk::Pop3Last30Days,
        ],
        ..PLAIN
    },
    Provider {
        name: t("Tencent company mail", "腾讯企业邮箱"),
        domains: &["exmail.qq.com"],
        zones: &["mxbiz1.qq.com", "mxbiz2.qq.com"],
        imap: Some(tls("imap.exmail.qq.com", 993)),
        pop3: Some(tls("pop.exmail.qq.com", 995)),
        smtp: &[tls("smtp.exmail.qq.com", 465)],
        ..PLAIN
    },
    Provider {
        name: t("NetEase 163", "网易 163"),
        domains: &["163.com"],
        zones: &["netease.com"],
        imap: Some(tls("imap.163.com", 993)),
        pop3: Some(tls("pop.163.com", 995)),
        smtp: &[tls("smtp.163.com", 465), tls("smtp.163.com", 994)],
        ..NETEASE
    },
    Provider {
        name: t("NetEase 126", "网易 126"),
        domains: &["126.com"],
        imap: Some(tls("imap.126.com", 993)),
        pop3: Some(tls("pop.126.com", 995)),
        smtp: &[tls("smtp.126.com", 465), tls("smtp.126.com", 994)],
        ..NETEASE
    },
    Provider {
        name: t("NetEase yeah.net", "网易 yeah.net"),
        domains: &["yeah.net"],
        imap: Some(tls("imap.yeah.net", 993)),
        pop3: Some(tls("pop.yeah.net", 995)),
        smtp: &[tls("smtp.yeah.net", 465), tls("smtp.yeah.net", 994)],
        ..NETEASE
    },
    Provider {
        name: t("Aliyun Mail", "阿里云邮箱"),
        domains: &["aliyun.com"],
        imap: Some(tls("imap.aliyun.com", 993)),
        pop3: Some(tls("pop3.aliyun.com", 995)),
        smtp: &[tls("smtp.aliyun.com", 465)],
        ..PLAIN
    },
    Provider {
        name: t("Sina Mail", "新浪邮箱"),
        domains: &["sina.com"],
        imap: Some(tls("imap.sina.com", 993)),
        pop3: Some(tls("pop.sina.com", 995)),
        smtp: &[tls("smtp.sina.com", 465)],
        ..PLAIN
    },
    Provider {
        name: t("Sohu Mail", "搜狐邮箱"),
        domains: &["sohu.com"],
        imap: Some(tls("imap.sohu.com", 993)),
        pop3: Some(tls("pop.sohu.com", 995)),
        smtp: &[tls("smtp.sohu.com", 465)],
        ..PLAIN
    },
    Provider {
        name: t("139 Mail (China Mobile)", "139 邮箱"),
        domains: &["139.com"],
        imap: Some(tls("imap.139.com", 993)),
        pop3: Some(tls("pop.139.com", 995)),
        smtp: &[tls("smtp.139.com", 465)],
        ..PLAIN
    },
    Provider {
        name: t("189 Mail (China Telecom)", "189 邮箱"),
        domains: &["189.cn"],
        imap: Some(tls("imap.189.cn", 993)),
        pop3: Some(tls("pop.189.cn", 995)),
        smtp: &[tls("smtp.189.cn", 465)],
        ..PLAIN
    },
    Provider {
        name: t("Gmail", "Gmail"),
        domains: &["gmail.com", "googlemail.com", "google.com", "jazztel.es", "nyu.edu"],
        imap: Some(tls("imap.gmail.com", 993)),
        pop3: Some(tls("pop.gmail.com", 995)),
        smtp: &[tls("smtp.gmail.com", 465)],
        oauth2: true,
        password: PasswordKind::App,
        password_from: t(
            "turn on 2-step verification, then make an app password on the \
             security page of your Google account",
            "先在 Google 账号的“安全性”页面开启两步验证，再创建应用专用密码",
        ),
        help: Some("https://support.google.com/accounts/answer/185833"),
        quirks: &[Quirk::LabelsAsFolders, Quirk::KeepsSent],
        ..PLAIN
    },
    Provider {
        name: t("Outlook.com", "Outlook.com"),
        domains: &["hotmail.com", "live.com", "msn.com", "outlook.com", "windowslive.com", "outlook.at"],
        imap: Some(tls("outlook.office365.com", 993)),
        pop3: Some(tls("outlook.office365.com", 995)),
        smtp: &[starttls("smtp-mail.outlook.com", 587)],
        oauth2: true,
        password: PasswordKind::OAuth2Only,
        quirks: &[Quirk::KeepsSent],
        ..PLAIN
    },
    Provider {
        name: t("Microsoft 365", "Microsoft 365"),
        domains: &["office365.com", "onmicrosoft.com", "mail.protection.outlook.com"],
        imap: Some(tls("outlook.office365.com", 993)),
        pop3: Some(tls("outlook.office365.com", 995)),
        smtp: &[starttls("smtp.office365.com", 587)],
        oauth2: true,
        password: PasswordKind::OAuth2Only,
        help: Some("https://aka.ms/smtp_auth_disabled"),
        quirks: &[Quirk::KeepsSent],
        ..PLAIN
    },
    Provider {
        name: t("Yahoo Mail", "雅虎邮箱"),
        domains: &["yahoo.com", "yahoo.ca", "yahoo.de", "yahoo.it", "yahoo.fr", "yahoo.es"],
        imap: Some(tls("imap.mail.yahoo.com", 993)),
        pop3: Some(tls("pop.mail.yahoo.com", 995)),
        smtp: &[tls("smtp.mail.yahoo.com", 465)],
        oauth2: true,
        password: PasswordKind::App,
        password_from: SECURITY_PAGE,
        zones: &["yahoodns.net"],
        ..PLAIN
    },
    Provider {
        name: t("iCloud Mail", "iCloud 邮箱"),
        domains: &["mac.com", "me.com", "icloud.com"],
        imap: Some(tls("imap.mail.me.com", 993)),
        smtp: &[starttls("smtp.mail.me.com", 587)],
        login: LoginName::LocalPart,
        password: PasswordKind::App,
        password_from: SECURITY_PAGE,
        ..PLAIN
    },
    Provider {
        name: t("Zoho Mail", "Zoho 邮箱"),
        domains: &["zoho.com", "zohomail.com"],
        imap: Some(tls("imap.zoho.com", 993)),
        pop3: Some(tls("pop.zoho.com", 995)),
        smtp: &[tls("smtp.zoho.com", 465)],
        ..PLAIN
    },
    Provider {
        name: t("Yandex Mail", "Yandex 邮箱"),
        domains: &["yandex.ru", "yandex.com", "yandex.net", "yandex.by", "yandex.kz", "yandex.ua"],
        imap: Some(tls("imap.yandex.com", 993)),
        pop3: Some(tls("pop.yandex.com", 995)),
        smtp: &[tls("smtp.yandex.com", 465)],
        password: PasswordKind::App,
        password_from: SECURITY_PAGE,
        help: Some("https://yandex.com/support/passport/authorization/app-passwords.html"),
        ..PLAIN
    },
    Provider {
        name: t("Mail.ru", "Mail.ru"),
        domains: &["mail.ru", "inbox.ru", "list.ru", "bk.ru", "corp.mail.ru"],
        imap: Some(tls("imap.mail.ru", 993)),
        pop3: Some(tls("pop.mail.ru", 995)),
        smtp: &[tls("smtp.mail.ru", 465)],
        oauth2: true,
        password: PasswordKind::App,
        password_from: SECURITY_PAGE,
        ..PLAIN
    },
    Provider {
        name: t("GMX (gmx.net)", "GMX（gmx.net）"),
        domains: &["gmx.net", "gmx.de", "gmx.at", "gmx.ch", "gmx.eu", "gmx.biz"],
        imap: Some(tls("imap.gmx.net", 993)),
        pop3: Some(tls("pop.gmx.net", 995)),
        smtp: &[tls("mail.gmx.net", 465)],
        ..PLAIN
    },
    Provider {
        name: t("GMX (gmx.com)", "GMX（gmx.com）"),
        domains: &["gmx.com", "gmx.tm", "gmx.us", "gmx.co.uk", "gmx.es", "gmx.fr"],
        imap: Some(tls("imap.gmx.com", 993)),
        pop3: Some(tls("pop.gmx.com", 995)),
        smtp: &[tls("mail.gmx.com", 465)],
        ..PLAIN
    },
    Provider {
        name: t("WEB.DE", "WEB.DE"),
        domains: &["web.de"],
        imap: Some(tls("imap.web.de", 993)),
        pop3: Some(tls("pop3.web.de", 995)),
        smtp: &[tls("smtp.web.de", 465)],
        login: LoginName::LocalPart,
        ..PLAIN
    },
    Provider {
        name: t("T-Online", "T-Online"),
        domains: &["t-online.de", "magenta.de"],
        imap: Some(tls("secureimap.t-online.de", 993)),
        pop3: Some(tls("securepop.t-online.de", 995)),
        smtp: &[tls("securesmtp.t-online.de", 465)],
        ..PLAIN
    },
    Provider {
        name: t("Posteo", "Posteo"),
        domains: &["posteo.de", "posteo.at", "posteo.be", "posteo.ca", "posteo.ch", "posteo.cl"],
        imap: Some(tls("posteo.de", 993)),
        pop3: Some(tls("posteo.de", 995)),
        smtp: &[tls("posteo.de", 465)],
        ..PLAIN
    },
    Provider {
        name: t("Fastmail", "Fastmail"),
        domains: &["fastmail.com"],
        imap: Some(tls("imap.fastmail.com", 993)),
        pop3: Some(tls("pop.fastmail.com", 995)),
        smtp: &[tls("smtp.fastmail.com", 465)],
        oauth2: true,
        password: PasswordKind::App,
        password_from: SECURITY_PAGE,
        zones: &["messagingengine.com"],
        ..PLAIN
    },
    Provider {
        name: t("AOL Mail", "AOL 邮箱"),
        domains: &["aol.com", "aim.com", "netscape.net", "netscape.com", "compuserve.com", "cs.com"],
        imap: Some(tls("imap.aol.com", 993)),
        pop3: Some(tls("pop.aol.com", 995)),
        smtp: &[tls("smtp.aol.com", 465)],
        oauth2: true,
        password: PasswordKind::App,
        password_from: SECURITY_PAGE,
        ..PLAIN
    },
    Provider {
        name: t("Comcast", "Comcast"),
        domains: &["comcast.net"],
        imap: Some(tls("imap.comcast.net", 993)),
        pop3: Some(tls("mail.comcast.net", 995)),
        smtp: &[tls("smtp.comcast.net", 465)],
        oauth2: true,
        ..PLAIN
    },
    Provider {
        name: t("Naver", "Naver"),
        domains: &["naver.com"],
        imap: Some(tls("imap.naver.com", 993)),
        pop3: Some(tls("pop.naver.com", 995)),
        smtp: &[tls("smtp.naver.com", 465)],
        ..PLAIN
    },
    Provider {
        name: t("Daum", "Daum"),
        domains: &["daum.net"],
        imap: Some(tls("imap.daum.net", 993)),
        smtp: &[tls("smtp.daum.net", 465)],
        ..PLAIN
    },
    Provider {
        name: t("Yahoo! Japan", "雅虎日本"),
        domains: &["yahoo.co.jp"],
        pop3: Some(tls("pop.mail.yahoo.co.jp", 995)),
        smtp: &[tls("smtp.mail.yahoo.co.jp", 465)],
        login: LoginName::LocalPart,
        ..PLAIN
    },
    Provider {
        name: t("Free", "Free"),
        domains: &["free.fr"],
        imap: Some(tls("imap.free.fr", 993)),
        pop3: Some(tls("pop.free.fr", 995)),
        smtp: &[tls("smtp.free.fr", 465)],
        login: LoginName::LocalPart,
        ..PLAIN
    },
    Provider {
        name: t("Orange", "Orange"),
        domains: &["orange.fr", "wanadoo.fr"],
        imap: Some(tls("imap.orange.fr", 993)),
        pop3: Some(tls("pop.orange.fr", 995)),
        smtp: &[tls("smtp.orange.fr", 465)],
        ..PLAIN
    },
    Provider {
        name: t("La Poste", "La Poste"),
        domains: &["laposte.net"],
        imap: Some(tls("imap.laposte.net", 993)),
        pop3: Some(tls("pop.laposte.net", 995)),
        smtp: &[tls("smtp.laposte.net", 465)],
        login: LoginName::LocalPart,
        ..PLAIN
    },
    Provider {
        name: t("Libero", "Libero"),
        domains: &["libero.it", "iol.it", "blu.it", "inwind.it", "giallo.it"],
        imap: Some(tls("imapmail.libero.it", 993)),
        pop3: Some(tls("popmail.libero.it", 995)),
        smtp: &[tls("smtp.libero.it", 465)],
        ..PLAIN
    },
    Provider {
        name: t("mail.com", "mail.com"),
        domains: &["mail.com", "mail.org", "email.com", "post.com", "usa.com", "accountant.com"],
        imap: Some(tls("imap.mail.com", 993)),
        pop3: Some(tls("pop.mail.com", 995)),
        smtp: &[tls("smtp.mail.com", 465)],
        ..PLAIN
    },
    Provider {
        name: t("Gandi", "Gandi"),
        domains: &["gandi.net"],
        imap: Some(tls("mail.gandi.net", 993)),
        pop3: Some(tls("mail.gandi.net", 995)),
        smtp: &[tls("mail.gandi.net", 465)],
        ..PLAIN
    },
    Provider {
        name: t("OVH", "OVH"),
        domains: &["ovh.net"],
        imap: Some(tls("ssl0.ovh.net", 993)),
        pop3: Some(tls("ssl0.ovh.net", 995)),
        smtp: &[tls("ssl0.ovh.net", 465)],
        ..PLAIN
    },
    Provider {
        name: t("one.com", "one.com"),
        domains: &["one.com"],
        imap: Some(tls("imap.one.com", 993)),
        smtp: &[tls("send.one.com", 465)],
        ..PLAIN
    },
    Provider {
        name: t("Seznam", "Seznam"),
        domains: &["seznam.cz", "email.cz", "post.cz", "spoluzaci.cz"],
        imap: Some(tls("imap.seznam.cz", 993)),
        pop3: Some(tls("pop3.seznam.cz", 995)),
        smtp: &[tls("smtp.seznam.cz", 465)],
        ..PLAIN
    },
    Provider {
        name: t("WP", "WP"),
        domains: &["wp.pl"],
        imap: Some(tls("imap.wp.pl", 993)),
        pop3: Some(tls("pop3.wp.pl", 995)),
        smtp: &[tls("smtp.wp.pl", 465)],
        login: LoginName::LocalPart,
        ..PLAIN
    },
];
