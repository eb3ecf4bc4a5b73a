//! Clients that people use, and that know nothing of this project.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use hongyan_sandbox::{Config, Sandbox, User};

use crate::client::{Folder, start};

/// No client needs longer for its few messages.
const PATIENCE: Duration = Duration::from_secs(60);

/// A sandbox with a user, and its certificate in a file.
async fn sandbox(folder: &Folder) -> (Sandbox, PathBuf) {
    std::fs::create_dir_all(&folder.0).expect("it can be made");
    let ca = folder.0.join("ca.pem");
    let config = Config {
        users: vec![User::new("ann", "secret 密码")],
        ca_file: Some(ca.clone()),
        ..Config::default()
    };
    (start(config).await, ca)
}

/// Whether the program is there; says so loudly where it is not.
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|out| out.status.success());
    if !found {
        eprintln!("SKIPPED: {program} as a client (it is not installed)");
    }
    found
}

/// Runs a client beside the sandbox.
async fn run(mut command: Command) -> Output {
    let ran = tokio::task::spawn_blocking(move || command.output());
    let ran = tokio::time::timeout(PATIENCE, ran).await.expect("it ends");
    ran.expect("no panic").expect("it runs")
}

fn succeeded(out: &Output) {
    let (said, complained) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{said}\n{complained}");
}

const PYTHON: &str = r#"
import base64, smtplib, ssl, sys
host, smtp, smtps, ca = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
text = b"Subject: python\r\n\r\n.dot\r\n..\r\n" + "中文\r\n".encode()

# In clear, with PIPELINING unused, 8BITMIME and SIZE used, one recipient refused.
with smtplib.SMTP(host, smtp, timeout=20) as s:
    refused = s.sendmail("a@x.example", ["b@y.example", "no@bad.example"], text, ["BODY=8BITMIME"])
    assert list(refused) == ["no@bad.example"] and refused["no@bad.example"][0] == 550, refused
    assert s.verify("someone")[0] == 252

# STARTTLS with the certificate checked; a right login (smtplib itself cannot say a password in Chinese), a wrong one.
context = ssl.create_default_context(cafile=ca)
with smtplib.SMTP("localhost", smtp, timeout=20) as s:
    s.starttls(context=context)
    s.ehlo()
    for mechanism in [s.auth_cram_md5, s.auth_plain, s.auth_login]:
        s.user, s.password = "ann", "wrong"
        try:
            s.auth(mechanism.__name__.removeprefix("auth_").replace("_", "-").upper(), mechanism)
            raise SystemExit("a wrong password was taken")
        except smtplib.SMTPAuthenticationError as e:
            assert e.smtp_code == 535, e
    s.sendmail("a@x.example", ["b@y.example"], text)
    login = base64.b64encode("\0ann\0secret 密码".encode()).decode()
    assert s.docmd("AUTH", "PLAIN " + login)[0] == 235
    s.sendmail("a@x.example", ["b@y.example"], text)
for mechanism in ["CRAM-MD5", "PLAIN", "LOGIN"]:
    with smtplib.SMTP("localhost", smtp, timeout=20) as s:
        s.ehlo()
        s.esmtp_features["auth"] = mechanism
        s.login("bob", "ascii")
        s.sendmail("a@x.example", ["b@y.example"], text)

# TLS from the first octet, SMTPUTF8, DSN.
context = ssl.create_default_context(cafile=ca)
with smtplib.SMTP_SSL("localhost", smtps, timeout=20, context=context) as s:
    s.sendmail("用户@例子.广告", ["b@y.example"], text, ["SMTPUTF8", "BODY=8BITMIME", "RET=HDRS"], ["NOTIFY=NEVER"])

# A certificate that nobody said to trust is not trusted.
try:
    smtplib.SMTP_SSL("localhost", smtps, timeout=20, context=ssl.create_default_context())
    raise SystemExit("an unknown certificate was taken")
except ssl.SSLCertVerificationError:
    pass
"#;

#[tokio::test]
async fn pythons_smtplib_is_content() {
    if !has("python3") {
        return;
    }
    let folder = Folder::new("python");
    std::fs::create_dir_all(&folder.0).expect("it can be made");
    let ca = folder.0.join("ca.pem");
    let config = Config {
        users: vec![User::new("ann", "secret 密码"), User::new("bob", "ascii")],
        faults: vec!["rcpt:*@bad.example=550 5.1.1 no such user".parse().expect("a rule")],
        ca_file: Some(ca.clone()),
        ..Config::default()
    };
    let sandbox = start(config).await;
    let port = |at: Option<SocketAddr>| at.expect("a port").port().to_string();
    let mut python = Command::new("python3");
    python.args(["-c", PYTHON, "127.0.0.1", &port(sandbox.smtp()), &port(sandbox.smtps())]).arg(&ca);
    succeeded(&run(python).await);

    let content = "Subject: python\r\n\r\n.dot\r\n..\r\n中文\r\n".as_bytes();
    let store = sandbox.store();
    let messages: Vec<_> = store.ids().expect("no error").into_iter().map(|id| store.get(id)).collect();
    let messages: Vec<_> = messages.into_iter().map(|m| m.expect("no error").expect("listed")).collect();
    let protocols: Vec<_> = messages.iter().map(|m| m.envelope.protocol.as_str()).collect();
    assert_eq!(protocols, ["ESMTP", "ESMTPS", "ESMTPSA", "ESMTPA", "ESMTPA", "ESMTPA", "UTF8SMTPS"]);
    for message in &messages {
        assert_eq!(&*message.content().expect("it is there"), content);
    }
    assert_eq!(messages[0].envelope.to.len(), 1);
    assert_eq!(messages[2].envelope.user.as_deref(), Some("ann"));
    let last = &messages[6].envelope;
    assert_eq!(
        (last.from.as_str(), last.to[0].params.as_slice()),
        ("用户@例子.广告", &["NOTIFY=NEVER".into()][..])
    );
    assert_eq!(last.tls.as_ref().map(|tls| tls.version.as_str()), Some("TLSv1.3"));
}

/// curl, with what it is told besides; the message that arrived.
async fn curl(
    sandbox: &Sandbox,
    folder: &Path,
    url: &str,
    more: &[&str],
) -> std::sync::Arc<hongyan_sandbox::Message> {
    let mail = folder.join("mail.eml");
    std::fs::write(&mail, "Subject: curl\r\n\r\n.\r\nbody\r\n").expect("it can be written");
    let mut news = sandbox.store().subscribe();
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "20", url, "--upload-file"]).arg(mail);
    command
        .args(["--mail-from", "a@x.example", "--mail-rcpt", "b@y.example", "--mail-rcpt", "c@y.example"])
        .args(more);
    succeeded(&run(command).await);
    let message = news.try_recv().expect("a message came");
    assert_eq!(&*message.content().expect("it is there"), b"Subject: curl\r\n\r\n.\r\nbody\r\n");
    message
}

#[tokio::test]
async fn curl_is_content() {
    if !has("curl") {
        return;
    }
    let folder = Folder::new("curl");
    let (sandbox, ca) = sandbox(&folder).await;
    let (smtp, smtps) = (sandbox.smtp().expect("a port"), sandbox.smtps().expect("a port"));
    let ca = ca.to_str().expect("UTF-8");

    let clear = curl(&sandbox, &folder.0, &format!("smtp://{smtp}/client.example"), &[]).await;
    assert_eq!((clear.envelope.protocol.as_str(), clear.envelope.helo.as_str()), ("ESMTP", "client.example"));
    assert_eq!(clear.envelope.to.len(), 2);

    let starttls = format!("smtp://localhost:{}", smtp.port());
    let login = ["--ssl-reqd", "--cacert", ca, "--user", "ann:secret 密码"];
    let message = curl(&sandbox, &folder.0, &starttls, &login).await;
    assert_eq!(
        (message.envelope.protocol.as_str(), message.envelope.user.as_deref()),
        ("ESMTPSA", Some("ann"))
    );

    let implicit = format!("smtps://localhost:{}", smtps.port());
    for mechanism in ["AUTH=PLAIN", "AUTH=LOGIN", "AUTH=CRAM-MD5"] {
        let login = ["--cacert", ca, "--user", "ann:secret 密码", "--login-options", mechanism];
        let message = curl(&sandbox, &folder.0, &implicit, &login).await;
        assert_eq!(message.envelope.protocol, "ESMTPSA", "{mechanism}");
    }
}
