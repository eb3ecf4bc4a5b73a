//! For each rule, failures as they were seen on the wire and on this side.

use std::io::ErrorKind::{
    self, InvalidData, IsADirectory, NotFound, PermissionDenied, StorageFull, TimedOut, UnexpectedEof,
};

use super::{bare, os, said, seen};
use crate::outcome::Failure;
use crate::outcome::Kind::{
    self, Auth as AuthKind, Capability, Local, Protocol, Refused, Timeout, Tls, Unreachable,
};
use crate::outcome::Stage::{self, *};

/// The rule that must answer, the failure, and whose server it was.
pub(super) type Example = (&'static str, Failure, Option<&'static str>);

pub(super) fn with_replies() -> Vec<Example> {
    let example = |(id, stage, wire, provider): (&'static str, Stage, &str, &'static str)| {
        (id, said(stage, wire), (!provider.is_empty()).then_some(provider))
    };
    let on_the_wire = [
        // Rate limits.
        (
            "limit.frequency",
            End,
            "550 Ip frequency limited [MK1f2]. http://service.mail.qq.com/cgi-bin/help",
            "qq.com",
        ),
        ("limit.frequency", Mail, "550 Sender frequency limited", ""),
        ("limit.frequency", Rcpt, "550 Domain frequency limited", ""),
        (
            "limit.connections",
            Greeting,
            "421 HL:ICC 163 smtp1,abc http://mail.163.com/help/help_spam_16.htm",
            "163.com",
        ),
        (
            "limit.connections",
            Idle,
            "421 4.7.0 Too many concurrent SMTP connections; please try again later.",
            "",
        ),
        (
            "limit.connections",
            End,
            "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
            "outlook.com",
        ),
        ("limit.netease-address", Greeting, "421 HL:IFC 163 smtp1,abc", "163.com"),
        ("limit.netease-session", Mail, "450 MI:DMC 163 smtp1,abc", "163.com"),
        ("limit.netease-quarter", Mail, "451 MI:SFQ 163 smtp1,abc", "163.com"),
        ("limit.netease-recipients", Rcpt, "451 RP:QRC 163 smtp1,abc", "163.com"),
        ("limit.netease-day", Rcpt, "550 RP:ORQ 163 smtp1,abc", "163.com"),
        ("limit.netease-suspect", End, "451 DT:SPM ,please try again 163 smtp1,abc", "163.com"),
        (
            "limit.day",
            End,
            "550 5.4.5 Daily user sending limit exceeded. For more information on Gmail",
            "gmail.com",
        ),
        ("limit.day", Mail, "454 Throttling failure: Daily message quota exceeded.", ""),
        ("limit.rate", End, "454 Throttling failure: Maximum sending rate exceeded.", ""),
        (
            "limit.rate",
            Rcpt,
            "450 4.2.1 The user you are trying to contact is receiving mail too quickly.",
            "gmail.com",
        ),
        (
            "limit.rate",
            End,
            "421-4.7.28 Our system has detected an unusual rate of\n421 4.7.28 unsolicited mail",
            "gmail.com",
        ),
        ("limit.rate", Mail, "451 4.7.500 Server busy. Please try again later from [192.0.2.1]", ""),
        // Logging in.
        ("login.code", Auth, "535 Login Fail. Please enter your authorization code to login.", "qq.com"),
        (
            "login.code",
            Auth,
            "535 Login fail. Account is abnormal, service is not open, password is incorrect, login frequency limited, or system is busy.",
            "qq.com",
        ),
        ("login.code", Auth, "535 Error: authentication failed", "163.com"),
        ("login.code-wanted", Auth, "535 Error: 请使用授权码登录。", ""),
        ("login.no-permission", Auth, "550 User has no permission", "163.com"),
        (
            "login.too-often",
            Auth,
            "451 Requested mail action not taken: too much fail authentication",
            "163.com",
        ),
        ("login.too-often", Auth, "454 4.7.0 Too many login attempts, please try again later.", "gmail.com"),
        (
            "login.app",
            Auth,
            "535-5.7.8 Username and Password not accepted.\n535 5.7.8 https://support.google.com/mail/?p=BadCredentials",
            "gmail.com",
        ),
        (
            "login.app",
            Auth,
            "534-5.7.9 Application-specific password required.\n534 5.7.9 https://support.google.com",
            "gmail.com",
        ),
        (
            "login.app-wanted",
            Auth,
            "535 5.7.0 NEOBHODIM parol prilozheniya / Application password is REQUIRED",
            "",
        ),
        (
            "login.web",
            Auth,
            "534-5.7.14 <https://accounts.google.com/signin/continue> Please\n534-5.7.14 log in via your web browser and then try again.\n534 5.7.14 Learn more",
            "gmail.com",
        ),
        (
            "login.oauth2-only",
            Auth,
            "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
            "",
        ),
        ("login.oauth2-only", Auth, "535 5.7.3 Authentication unsuccessful", "outlook.com"),
        ("login.token", Auth, "535 5.7.8 Error: access token expired", ""),
        (
            "login.smtp-switched-off",
            Auth,
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
            "office365.com",
        ),
        ("login.wrong", Auth, "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6", ""),
        ("login.wrong", Auth, "535 5.7.3 Authentication unsuccessful", ""),
        ("login.too-weak", Auth, "534 5.7.9 Authentication mechanism is too weak", ""),
        ("login.transition", Auth, "432 4.7.12 A password transition is needed", ""),
        ("login.temporary", Auth, "454 4.7.0 Temporary authentication failure", ""),
        ("login.mechanism", Auth, "504 5.7.4 Unrecognized authentication type", ""),
        ("login.clear", Auth, "538 5.7.11 Encryption required for requested authentication mechanism", ""),
        ("login.refused", Auth, "554 5.7.0 no", ""),
        ("login.required", Mail, "530 5.7.0 Authentication Required.", "gmail.com"),
        ("login.required", Rcpt, "550 5.7.57 Client not authenticated to send mail.", ""),
        ("login.required", Mail, "553 authentication is required,163 smtp1", "163.com"),
        ("tls.required", Mail, "530 5.7.0 Must issue a STARTTLS command first.", ""),
        ("tls.required", Rcpt, "421 4.7.0 TLS required for RCPT domain, closing connection.", ""),
        // TLS.
        ("tls.unavailable", StartTls, "454 4.7.0 TLS not available due to local problem", ""),
        ("tls.refused", StartTls, "502 5.5.1 STARTTLS not here", ""),
        // The sender and policy.
        ("sender.not-login", Mail, "501 mail from address must be same as authorization user.", "qq.com"),
        ("sender.not-login", Mail, "553 Mail from must equal authorized user", "163.com"),
        ("sender.not-login", Mail, "440 mail from account doesn't conform with authentication", "aliyun.com"),
        (
            "sender.not-login",
            Rcpt,
            "553 5.7.1 <a@example.org>: Sender address rejected: not owned by user b",
            "",
        ),
        (
            "sender.not-login",
            End,
            "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
            "",
        ),
        ("sender.not-login", Mail, "550 Sender refused", "qq.com"),
        (
            "sender.header",
            End,
            "550 The \"From\" header is missing or invalid. Please follow RFC5322",
            "qq.com",
        ),
        ("sender.empty", Mail, "553 Requested action not taken: NULL sender is not allowed", "163.com"),
        (
            "sender.domain",
            Rcpt,
            "450 4.1.8 <a@nowhere.example>: Sender address rejected: Domain not found",
            "",
        ),
        ("account.blocked", Mail, "550 5.1.8 Access denied, bad outbound sender", ""),
        (
            "policy.outlook-bulk",
            End,
            "550 5.7.515 Access denied, sending domain example.org doesn't meet the required authentication level.",
            "outlook.com",
        ),
        (
            "policy.dmarc",
            End,
            "550 5.7.509: Access denied, sending domain example.org does not pass DMARC verification",
            "",
        ),
        (
            "policy.dmarc",
            End,
            "550-5.7.26 This mail has been blocked because the sender is unauthenticated.\n550 5.7.26 Gmail requires",
            "gmail.com",
        ),
        (
            "policy.spf",
            Mail,
            "550 5.7.23 The message was rejected because of Sender Policy Framework violation",
            "",
        ),
        ("policy.spf", Mail, "553 MI:SPF 163 mx1", "163.com"),
        ("policy.dkim", End, "550 5.7.20 No passing DKIM signature found", ""),
        ("policy.reverse-dns", Mail, "550 5.7.25 Client host rejected: no reverse DNS", ""),
        (
            "policy.address-blocked",
            Greeting,
            "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
            "",
        ),
        (
            "policy.address-blocked",
            Rcpt,
            "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP.",
            "",
        ),
        ("policy.helo", Rcpt, "504 5.5.2 <pc>: Helo command rejected: need fully-qualified hostname", ""),
        ("policy.relay", Rcpt, "554 5.7.1 <a@example.org>: Relay access denied", ""),
        ("policy.relay", Rcpt, "553 Local user only,163 smtp5", "163.com"),
        ("policy.spam", End, "554 DT:SPM 163 smtp1,abc", "163.com"),
        ("policy.spam", End, "550 Mail content denied. http://service.mail.qq.com", "qq.com"),
        (
            "policy.attachment",
            End,
            "552-5.7.0 This message was blocked because its content presents a potential security issue.\n552 5.7.0 review",
            "gmail.com",
        ),
        // Recipients.
        (
            "recipient.unknown",
            Rcpt,
            "550-5.1.1 The email account that you tried to reach does not exist.\n550 5.1.1 no",
            "gmail.com",
        ),
        ("recipient.unknown", Rcpt, "550 User not found: nobody@163.com", "163.com"),
        ("recipient.unknown", End, "550 Mailbox not found.", "qq.com"),
        (
            "recipient.unavailable",
            Rcpt,
            "550 Mailbox unavailable or access denied [abc IP: 192.0.2.1]",
            "qq.com",
        ),
        (
            "recipient.full",
            End,
            "452 4.2.2 The email account that you tried to reach is over quota.",
            "gmail.com",
        ),
        ("recipient.full", Rcpt, "552 5.2.2 Mailbox full", ""),
        (
            "recipient.disabled",
            Rcpt,
            "550 5.2.1 The email account that you tried to reach is disabled.",
            "gmail.com",
        ),
        ("recipient.moved", Rcpt, "551 5.1.6 User not local; please try <new@example.org>", ""),
        ("recipient.takes-no-mail", Rcpt, "556 5.1.10 Domain does not accept mail (nullMX)", ""),
        ("recipient.domain", Rcpt, "550 5.1.2 Host unknown", ""),
        ("recipient.closed", Rcpt, "550 Mail is rejected by recipients", "qq.com"),
        ("recipient.too-many", Rcpt, "452 4.5.3 Too many recipients", ""),
        (
            "recipient.greylisted",
            Rcpt,
            "450 4.2.0 <a@example.org>: Recipient address rejected: Greylisted",
            "",
        ),
        ("recipient.greylisted", Rcpt, "451 4.7.1 Please try again later", ""),
        ("recipient.syntax", Rcpt, "501 5.1.3 Bad recipient address syntax", ""),
        ("recipient.refused", Rcpt, "550 no", ""),
        // The message.
        ("size.refused", Mail, "552 5.3.4 Message size exceeds fixed limit", ""),
        ("size.refused", End, "552 Requested mail action aborted: exceeded mailsize limit", "163.com"),
        ("server.storage", Mail, "452 4.3.1 Insufficient system storage", ""),
        ("capability.utf8", Rcpt, "553 5.6.7 Address requires SMTPUTF8", ""),
        ("capability.requiretls", End, "550 5.7.30 REQUIRETLS support required", ""),
        ("content.form", End, "550 5.6.0 Lines too long", ""),
        ("content.form", End, "554 5.5.0 bare <LF> received: bare LF", ""),
        ("content.loop", End, "554 5.4.6 Too many hops", ""),
        ("protocol.command", Mail, "555 5.5.4 Unsupported option: BODY=8BITMIME", ""),
        ("protocol.command", Data, "503 5.5.1 Bad sequence of commands", ""),
        ("protocol.syntax", Mail, "501 Syntax error", ""),
        // Connections and the rest.
        ("greeting.refused", Greeting, "554 No SMTP service here", ""),
        ("server.closing", Idle, "421 4.4.2 mx.example Error: timeout exceeded", ""),
        ("refused.later", End, "451 4.3.0 Error: queue file write error", ""),
        ("refused.for-good", End, "554 5.7.1 No", ""),
    ];
    on_the_wire.into_iter().map(example).collect()
}

pub(super) fn without_replies() -> Vec<Example> {
    let sentences = SENTENCES.iter().map(|&(id, stage, kind, cause)| (id, seen(stage, kind, cause), None));
    let errors =
        ERRORS.iter().map(|&(id, stage, kind, error, text)| (id, os(stage, kind, error, text), None));
    let nothing = NOTHING.iter().map(|&(id, stage, kind)| (id, bare(stage, kind), None));
    let refused = "no connection to smtp.qq.com port 25: 192.0.2.1:25: Connection refused";
    let known = ("connect.refused-provider", seen(Connect, Unreachable, refused), Some("qq.com"));
    sentences.chain(errors).chain(nothing).chain([known]).collect()
}

/// Sentences of ours.
const SENTENCES: &[(&str, Stage, Kind, &str)] = &[
    (
        "login.impostor",
        Auth,
        AuthKind,
        "SCRAM-SHA-1: the server did not prove that it knows the password; 235",
    ),
    ("login.rounds", Auth, AuthKind, "SCRAM-SHA-1: the server asks for more than 2000000 rounds of hashing"),
    ("login.credentials", Auth, AuthKind, "PLAIN: the password holds a line break or NUL"),
    ("login.credentials", Auth, AuthKind, "LOGIN: the login name is empty"),
    ("login.wrong", Auth, AuthKind, "SCRAM-SHA-256: the server refused (invalid-proof)"),
    ("login.no-common-way", Auth, Capability, "none of the server's ways to log in can be used: NTLM"),
    ("login.not-offered", Auth, Capability, "the server offers no login here (AUTH)"),
    ("login.clear", Auth, Tls, "the connection has no TLS: the password would be readable on the way"),
    ("tls.not-offered", StartTls, Capability, "the server does not offer STARTTLS, and TLS is required"),
    ("tls.requiretls", Mail, Tls, "REQUIRETLS was asked for, and this connection has no TLS"),
    ("local.no-recipient", Prepare, Local, "the message has no recipient"),
    ("local.ended", Quit, Local, "the session was ended"),
    ("size.offered", Mail, Capability, "the message has 90000000 octets, the server takes at most 73400320"),
    (
        "capability.eight-bit",
        Mail,
        Capability,
        "the server does not offer 8BITMIME, which 8-bit content needs",
    ),
    (
        "capability.utf8",
        Rcpt,
        Capability,
        "the server does not offer SMTPUTF8, which the address 张三@x needs",
    ),
    (
        "capability.requiretls",
        Mail,
        Capability,
        "the server does not offer REQUIRETLS, which a message needs",
    ),
    ("capability.hold", Mail, Capability, "the server does not offer FUTURERELEASE, which a message needs"),
    ("capability.hold", Mail, Capability, "the message is to be held 90 s, the server holds at most 60 s"),
    ("capability.deliver-by", Mail, Capability, "the server cannot promise delivery within 5 s"),
    ("resolve.not-a-name", Resolve, Local, "`a b` is not a host name"),
    (
        "resolve.unknown",
        Resolve,
        Unreachable,
        "the host `smtp.exmaple.org` was not found: Name or service not known",
    ),
    ("resolve.failed", Resolve, Unreachable, "the host `a.example` was not found: Temporary failure in name"),
    (
        "connect.proxy",
        Connect,
        Unreachable,
        "the proxy socks5://a:1 did not connect to b:25: its rules do not",
    ),
    ("connect.proxy", Connect, AuthKind, "the proxy http://a:1 refused the login: it asks for a user name"),
    ("connect.refused", Connect, Unreachable, "no connection to a port 25: 192.0.2.1:25: Connection refused"),
    (
        "connect.no-route",
        Connect,
        Unreachable,
        "no connection to a port 25: [2001:db8::1]:25: Network is unreachable",
    ),
    ("connect.timeout", Connect, Timeout, "no connection to a port 25 within 60 seconds"),
    ("connect.timeout", Connect, Unreachable, "no connection to a port 25: 192.0.2.1:25: no answer"),
    ("greeting.silent", Greeting, Timeout, "the server did not answer in time"),
    ("greeting.not-smtp", Greeting, Protocol, "a line of the server has no end"),
    ("greeting.closed", Greeting, Unreachable, "the server closed the connection"),
    ("connection.lost-at-end", End, Unreachable, "the server closed the connection"),
    ("content.stalled", Content, Timeout, "the server did not answer in time"),
    ("timeout.address", Rcpt, Timeout, "the server did not answer in time"),
];

/// Errors of the system and of the layers below, in their words and in those of the TLS library.
const ERRORS: &[(&str, Stage, Kind, ErrorKind, &str)] = &[
    ("tls.ca-file", StartTls, Tls, InvalidData, "ca.der does not hold a certificate in PEM form"),
    (
        "tls.expired",
        StartTls,
        Tls,
        InvalidData,
        "the server's certificate is not good: it expired on 2026-01-31",
    ),
    (
        "tls.expired",
        StartTls,
        Tls,
        InvalidData,
        "invalid peer certificate: certificate expired: verification",
    ),
    ("tls.expired", Connect, Tls, InvalidData, "invalid peer certificate: Expired"),
    (
        "tls.not-yet-valid",
        StartTls,
        Tls,
        InvalidData,
        "it is valid from 2999-01-01 on; is this machine's clock",
    ),
    ("tls.not-yet-valid", StartTls, Tls, InvalidData, "invalid peer certificate: certificate not valid yet"),
    ("tls.name", StartTls, Tls, InvalidData, "it is not for `localhost`, but for `mx.example`"),
    (
        "tls.name",
        StartTls,
        Tls,
        InvalidData,
        "invalid peer certificate: certificate not valid for name \"mx\"",
    ),
    ("tls.revoked", StartTls, Tls, InvalidData, "the server's certificate is not good: it was revoked"),
    ("tls.issuer", StartTls, Tls, InvalidData, "it was issued by `My CA`, which is not trusted here"),
    ("tls.issuer", StartTls, Tls, InvalidData, "the server's certificate is not good: it is self-signed"),
    ("tls.issuer", StartTls, Tls, InvalidData, "invalid peer certificate: UnknownIssuer"),
    (
        "tls.purpose",
        StartTls,
        Tls,
        InvalidData,
        "the server's certificate is not good: it was not issued for servers",
    ),
    ("tls.client-certificate", StartTls, Tls, InvalidData, "the server asks for a client certificate"),
    ("tls.client-certificate", StartTls, Tls, InvalidData, "received fatal alert: BadCertificate"),
    (
        "tls.not-tls",
        StartTls,
        Tls,
        InvalidData,
        "the server answered in clear: it does not speak TLS on this port",
    ),
    ("tls.version", StartTls, Tls, InvalidData, "the other side speaks no TLS version that we do"),
    ("tls.version", StartTls, Tls, InvalidData, "the other side refused the TLS handshake: HandshakeFailure"),
    (
        "tls.cut",
        StartTls,
        Tls,
        UnexpectedEof,
        "the other side closed the connection during the TLS handshake",
    ),
    ("tls.cut", StartTls, Tls, TimedOut, "the TLS handshake took too long"),
    ("local.not-found", Content, Local, NotFound, "report.pdf: No such file or directory"),
    ("local.not-found", StartTls, Tls, NotFound, "/etc/ca.pem: No such file or directory"),
    ("local.permission", Prepare, Local, PermissionDenied, "report.pdf: Permission denied"),
    ("local.directory", Prepare, Local, IsADirectory, "photos: Is a directory"),
    ("local.disk-full", Prepare, Local, StorageFull, "No space left on device"),
    ("local.changed", Content, Local, UnexpectedEof, "the content ended 7 octets short of the 90 announced"),
    (
        "local.changed",
        Content,
        Local,
        InvalidData,
        "the content is longer than the 90 octets announced; did it change?",
    ),
    ("local.line-ends", Content, Local, InvalidData, "the content holds a bare LF, which SMTP cannot carry"),
    ("content.stalled", Content, Unreachable, TimedOut, "the other side took no data for 180 seconds"),
];

/// Stage and kind alone.
const NOTHING: &[(&str, Stage, Kind)] = &[
    ("resolve.failed", Resolve, Timeout),
    ("kind.local", Prepare, Local),
    ("kind.unreachable", Idle, Unreachable),
    ("kind.timeout", Hello, Timeout),
    ("kind.tls", StartTls, Tls),
    ("kind.auth", Mail, AuthKind),
    ("kind.capability", Mail, Capability),
    ("kind.protocol", Data, Protocol),
    ("kind.refused", Data, Refused),
];
