//! What POP3 and IMAP servers have been seen to say, and which rule answers it.

use std::io::ErrorKind::StorageFull;

use super::examples::Example;
use super::{os, seen};
use crate::outcome::Failure;
use crate::outcome::Kind::{self, Capability, Local, Protocol, Refused, Timeout, Tls, Unreachable};
use crate::outcome::Stage::{self, *};

pub(super) fn examples() -> Vec<Example> {
    let whose = |domain: &'static str| (!domain.is_empty()).then_some(domain);
    let words =
        SAID.iter().map(|&(id, stage, words, provider)| (id, Failure::said(stage, words), whose(provider)));
    let later = [
        ("receive.in-use", Auth, "[IN-USE] maildrop already locked"),
        ("receive.too-often", Auth, "[LOGIN-DELAY] wait 15 minutes between logins"),
        ("receive.contact-admin", Auth, "[SYS/PERM] account suspended"),
    ];
    let later =
        later.map(|(id, stage, words)| (id, Failure { kind: Refused, ..Failure::said(stage, words) }, None));
    let tls = Failure { kind: Tls, ..Failure::said(StartTls, "no certificate") };
    let sentences = SEEN.iter().map(|&(id, stage, kind, cause)| (id, seen(stage, kind, cause), None));
    let disk = os(Fetch, Local, StorageFull, "No space left on device");
    words
        .chain(later)
        .chain(sentences)
        .chain([("receive.tls-only", tls, None), ("receive.disk-full", disk, None)])
        .collect()
}

/// The server's words, and whose server it was.
const SAID: &[(&str, Stage, &str, &str)] = &[
    ("receive.in-use", Auth, "[IN-USE] Do you have another POP session running?", ""),
    ("receive.in-use", Auth, "unable to lock maildrop: mailbox is locked by POP server", ""),
    ("receive.in-use", Select, "[INUSE] Mailbox in use", ""),
    ("receive.too-often", Auth, "login too frequently, please try later", "163.com"),
    ("receive.connections", Auth, "[ALERT] Too many simultaneous connections. (Failure)", "gmail.com"),
    ("receive.connections", Auth, "[LIMIT] Maximum number of connections from user+IP exceeded", ""),
    ("receive.unsafe-login", Select, "SELECT Unsafe Login. Please contact kefu@188.com for help", "163.com"),
    (
        "receive.not-enabled",
        Auth,
        "[SYS/PERM] Your account is not enabled for POP access. Please visit your Gmail settings page and enable your account for POP access.",
        "gmail.com",
    ),
    ("receive.not-enabled", Auth, "[ALERT] Your account is not enabled for IMAP use (Failure)", "gmail.com"),
    ("receive.not-enabled", Auth, "ERR.LOGIN.USERNOPOP3 user has no permission", "163.com"),
    (
        "receive.service-or-code",
        Auth,
        "Login fail. Account is abnormal, service is not open, password is incorrect, login frequency limited, or system is busy. More information at https://help.mail.qq.com/detail/108/1023",
        "qq.com",
    ),
    ("receive.code", Auth, "Unable to log on", "163.com"),
    ("receive.code", Auth, "Login Fail. Please enter your authorization code to login.", "qq.com"),
    ("receive.code-wanted", Auth, "LOGIN Login error or 请使用授权码登录", ""),
    (
        "receive.web",
        Auth,
        "[ALERT] Please log in via your web browser: https://support.google.com/mail/accounts/answer/78754",
        "",
    ),
    (
        "receive.web",
        Auth,
        "[WEBALERT https://accounts.google.com/signin/continue] Web login required.",
        "gmail.com",
    ),
    ("receive.app", Auth, "[AUTH] Username and password not accepted.", "gmail.com"),
    ("receive.app", Auth, "[AUTHENTICATIONFAILED] Invalid credentials (Failure)", "gmail.com"),
    (
        "receive.app-wanted",
        Auth,
        "[ALERT] Application-specific password required: https://support.google.com",
        "",
    ),
    ("receive.oauth2-only", Auth, "Logon failure: unknown user name or bad password.", "outlook.com"),
    ("receive.oauth2-only", Auth, "LOGIN failed. BasicAuthBlocked", ""),
    ("receive.token", Auth, "[AUTH] AUTHENTICATE failed (400)", ""),
    (
        "receive.tls-only",
        Auth,
        "[PRIVACYREQUIRED] Plaintext authentication disallowed on non-secure (SSL/TLS) connections.",
        "",
    ),
    (
        "receive.tls-only",
        Auth,
        "[AUTH] Plaintext authentication disallowed on non-secure (SSL/TLS) connections.",
        "",
    ),
    ("receive.tls-only", Auth, "must issue a STARTTLS command first", ""),
    ("receive.trouble", Greeting, "[SYS/TEMP] try again later", ""),
    ("receive.trouble", Auth, "[UNAVAILABLE] Temporary authentication failure.", ""),
    (
        "receive.trouble",
        List,
        "[SERVERBUG] Internal error occurred. Refer to server log for more information.",
        "",
    ),
    ("receive.contact-admin", Select, "[CONTACTADMIN] this mailbox needs repair", ""),
    ("receive.password", Auth, "[AUTH] Authentication failed.", ""),
    ("receive.password", Auth, "[AUTHENTICATIONFAILED] Authentication failed.", ""),
    ("receive.utf8", Fetch, "[UTF8] this message needs it", ""),
    ("receive.over-quota", Store, "[OVERQUOTA] Quota exceeded (mailbox for user is full)", ""),
    ("receive.no-mailbox", Select, "[NONEXISTENT] Unknown Mailbox: x (Failure)", "gmail.com"),
    ("receive.no-mailbox", Select, "Mailbox doesn't exist: x", ""),
    ("receive.no-mailbox", Select, "SELECT The folder not exist!", ""),
    ("receive.no-mailbox", Store, "[TRYCREATE] Mailbox doesn't exist: Sent", ""),
    ("receive.no-right", Store, "[NOPERM] Permission denied", ""),
    ("receive.message-gone", Fetch, "There's no message 7.", ""),
    ("receive.message-gone", Fetch, "no such message, only 2 messages in maildrop", ""),
    ("receive.message-gone", Delete, "message 2 already deleted", ""),
    ("receive.message-gone", Fetch, "the message is marked as deleted", ""),
    ("receive.idle", Idle, "Disconnected for inactivity.", ""),
    ("receive.idle", Idle, "Autologout; idle for too long", ""),
    ("receive.refused-greeting", Greeting, "we do not like your address", ""),
    ("receive.not-deleted", Quit, "some deleted messages not removed", ""),
    ("receive.refused", List, "what", ""),
];

/// Seen on this side.
const SEEN: &[(&str, Stage, Kind, &str)] = &[
    ("receive.no-mailbox", Select, Local, "there is no folder \"Nope\"; there are: INBOX, Sent"),
    ("receive.no-starttls", StartTls, Capability, "the server does not offer STLS, and TLS is required"),
    ("receive.smtp-port", Greeting, Protocol, "what answers there is an SMTP server, no POP3 server"),
    ("receive.smtp-port", Greeting, Protocol, "what answers there is an SMTP server, no IMAP server"),
    ("receive.other-protocol", Greeting, Protocol, "what answers there is an IMAP server, no POP3 server"),
    ("receive.other-protocol", Greeting, Protocol, "what answers there is a POP3 server, no IMAP server"),
    ("receive.not-a-server", Greeting, Protocol, "what answers there is a web server, no POP3 server"),
    ("receive.not-a-server", Greeting, Protocol, "what answers there is no IMAP server"),
    ("receive.not-deleted", Quit, Unreachable, "the server closed the connection"),
    ("receive.not-deleted", Quit, Protocol, "what the server said is no POP3 reply"),
    ("receive.cut", Fetch, Timeout, "the server did not answer in time"),
    ("receive.cut", Fetch, Unreachable, "the server closed the connection"),
    ("receive.too-long", List, Protocol, "the list has more than 1000000 lines"),
];
