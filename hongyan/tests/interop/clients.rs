//! Clients of other makers against `hongyan sandbox`: in clear, after STARTTLS and under TLS, with every login they know.

use crate::peers;
use crate::process::eventually;
use crate::program::argument;
use crate::sandbox::{ASCII_PASSWORD, ASCII_USER, Sandbox};
use crate::servers::{PASSWORD, USER};
use std::process::Command;

/// A message whose lines of dots a client must stuff and the sandbox must not keep stuffed.
const MESSAGE: &str =
    "From: shop@example.org\r\nTo: one@example.org\r\nSubject: dots\r\n\r\n.\r\n..\r\n.dot\r\n\r\nend\r\n";
const FROM: &str = "shop@example.org";
const TO: [&str; 2] = ["one@example.org", "two@example.org"];

/// Holds what arrived against what every client here was told to send: who to whom, as whom, over TLS or not.
#[track_caller]
fn assert_kept(sandbox: &Sandbox, expected: &[(Option<&str>, bool)]) {
    let kept = sandbox.kept(expected.len());
    for (at, (message, (user, tls))) in kept.iter().zip(expected).enumerate() {
        assert_eq!(message.field("from"), FROM, "message {at}");
        assert_eq!(message.recipients(), TO, "message {at}");
        assert_eq!(message.envelope["user"].as_str(), *user, "message {at}");
        assert_eq!(message.envelope["tls"].is_object(), *tls, "message {at}");
        let text = message.text();
        assert!(text.contains("\n\n.\n..\n.dot\n\nend\n"), "message {at}: {text}");
    }
}

#[test]
fn curl() {
    let Some(_peers) = peers() else { return };
    let sandbox = Sandbox::start(&[]);
    let (ca, file) = (sandbox.ca(), sandbox.place.write("message.eml", MESSAGE));
    let curl = |url: &str, more: &[&str]| {
        let envelope = ["--mail-from", FROM, "--mail-rcpt", TO[0], "--mail-rcpt", TO[1], "--upload-file"];
        let mut command = Command::new("curl");
        command.args(["-sS", url, "--cacert", argument(&ca)]).args(more).args(envelope).arg(&file);
        sandbox.client(&mut command);
    };
    let (plain, tls) =
        (format!("smtp://localhost:{}", sandbox.port), format!("smtps://localhost:{}", sandbox.smtps));
    let login = format!("{USER}:{PASSWORD}");
    let mut expected = vec![(None, false), (None, true), (None, true)];
    curl(&plain, &[]);
    curl(&plain, &["--ssl-reqd"]);
    curl(&tls, &[]);
    for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5"] {
        curl(&plain, &["--ssl-reqd", "--user", &login, "--login-options", &format!("AUTH={mechanism}")]);
        expected.push((Some(USER), true));
    }
    assert_kept(&sandbox, &expected);
}

#[test]
fn swaks() {
    let Some(_peers) = peers() else { return };
    let sandbox = Sandbox::start(&[]);
    let file = sandbox.place.write("message.eml", MESSAGE.replace("\r\n", "\n"));
    let swaks = |port: u16, more: &[&str]| {
        let mut command = Command::new("swaks");
        command.args(["--server", "localhost", "--port", &port.to_string(), "-f", FROM, "-t", &TO.join(",")]);
        command.args(["--data", &format!("@{}", argument(&file))]).args(more);
        sandbox.client(&mut command);
    };
    let login = ["--auth-user", USER, "--auth-password", PASSWORD];
    let mut expected = vec![(None, false), (None, false), (None, true), (None, true)];
    swaks(sandbox.port, &[]);
    swaks(sandbox.port, &["--pipeline"]);
    swaks(sandbox.port, &["--tls", "--tls-ca-path", argument(&sandbox.ca()), "--tls-verify"]);
    swaks(sandbox.smtps, &["--tls-on-connect"]);
    for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5"] {
        swaks(sandbox.port, &[&["--tls", "--auth", mechanism][..], &login].concat());
        expected.push((Some(USER), true));
    }
    assert_kept(&sandbox, &expected);
}

#[test]
fn msmtp() {
    let Some(_peers) = peers() else { return };
    let sandbox = Sandbox::start(&[]);
    let (ca, file) = (sandbox.ca(), sandbox.place.write("message.eml", MESSAGE.replace("\r\n", "\n")));
    let password = sandbox.place.write("password", PASSWORD);
    let msmtp = |port: u16, more: &[&str]| {
        let line = "exec msmtp --file=/dev/null --host=localhost \"$@\" < \"$0\"";
        let mut command = Command::new("sh");
        command.args(["-c", line, argument(&file), &format!("--port={port}"), "--from", FROM]);
        command.args(["--tls-trust-file", argument(&ca)]).args(more).args(TO);
        sandbox.client(&mut command);
    };
    let mut expected = vec![(None, false), (None, true), (None, true)];
    msmtp(sandbox.port, &["--tls=off"]);
    msmtp(sandbox.port, &["--tls=on", "--tls-starttls=on"]);
    msmtp(sandbox.smtps, &["--tls=on", "--tls-starttls=off"]);
    let eval = format!("--passwordeval=cat {}", argument(&password));
    for mechanism in ["plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"] {
        let auth = format!("--auth={mechanism}");
        msmtp(sandbox.port, &["--tls=on", "--tls-starttls=on", &auth, "--user", USER, &eval]);
        expected.push((Some(USER), true));
    }
    assert_kept(&sandbox, &expected);
}

#[test]
fn python_smtplib() {
    let Some(_peers) = peers() else { return };
    // smtplib takes passwords in ASCII only.
    let sandbox = Sandbox::start(&[]);
    let script = sandbox.place.write("client.py", include_str!("clients/smtplib_client.py"));
    let ports = [sandbox.port.to_string(), sandbox.smtps.to_string()];
    let mut command = Command::new("python3");
    command.arg(script).args(&ports).arg(sandbox.ca()).args([
        ASCII_USER,
        ASCII_PASSWORD,
        FROM,
        TO[0],
        TO[1],
        MESSAGE,
    ]);
    sandbox.client(&mut command);
    let login = (Some(ASCII_USER), true);
    let expected = [(None, false), (None, true), (None, true), login, login, login, (None, false)];
    assert_kept(&sandbox, &expected);
}

#[test]
fn nodemailer() {
    let Some(peers) = peers() else { return };
    let sandbox = Sandbox::start(&[]);
    let script = sandbox.place.write("client.js", include_str!("clients/nodemailer_client.js"));
    let ports = [sandbox.port.to_string(), sandbox.smtps.to_string()];
    let mut command = Command::new("node");
    command.env("NODE_PATH", peers.folder.join("node/node_modules")).arg(script).args(&ports);
    command.arg(sandbox.ca()).args([USER, PASSWORD, FROM, TO[0], TO[1], MESSAGE]);
    sandbox.client(&mut command);
    let login = (Some(USER), true);
    let expected = [(None, false), (None, true), (None, true), login, login, login];
    assert_kept(&sandbox, &expected);
}

#[test]
fn postfix_as_a_client_of_its_relay_host() {
    let Some(_peers) = peers() else { return };
    let sandbox = Sandbox::start(&[]);
    let relay = format!("[localhost]:{}", sandbox.port);
    let passwords = format!("inline:{{ {{ {relay} = {USER}:{PASSWORD} }} }}");
    let postfix = crate::servers::Postfix::relaying(&format!(
        "relayhost = {relay}\nsmtp_host_lookup = native\n\
             smtp_tls_security_level = secure\nsmtp_tls_CAfile = {}\nsmtp_tls_secure_cert_match = localhost\n\
             smtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps = {passwords}\nsmtp_sasl_security_options =\n\
             smtp_sasl_tls_security_options =",
        argument(&sandbox.ca())
    ));
    hand_over(&sandbox, postfix.port);
    assert_kept(&sandbox, &[(Some(USER), true)]);
}

#[test]
fn exim_as_a_client_that_sends_chunks() {
    let Some(peers) = peers() else { return };
    let sandbox = Sandbox::start(&[]);
    let exim = crate::servers::Exim::relaying(&peers, sandbox.port);
    hand_over(&sandbox, exim.port);
    assert_kept(&sandbox, &[(None, true)]);
    assert!(eventually(|| exim.log().contains("Completed")), "{}", exim.log());
    assert!(exim.log().contains(" K "), "Exim marks a delivery in chunks with K:\n{}", exim.log());
}

/// Gives the message to a server on this port, which is to pass it on.
fn hand_over(sandbox: &Sandbox, port: u16) {
    let file = sandbox.place.write("message.eml", MESSAGE);
    let mut command = Command::new("curl");
    command.args(["-sS", &format!("smtp://127.0.0.1:{port}"), "--mail-from", FROM]);
    command.args(["--mail-rcpt", TO[0], "--mail-rcpt", TO[1], "--upload-file"]).arg(file);
    sandbox.client(&mut command);
}

#[test]
fn a_fault_is_what_a_client_sees() {
    let Some(_peers) = peers() else { return };
    let sandbox = Sandbox::start(&["--fault", "rcpt:2=450 4.2.1 the mailbox rests"]);
    let file = sandbox.place.write("message.eml", MESSAGE);
    let send = || {
        let mut command = Command::new("curl");
        command.args([
            "-sS",
            "--max-time",
            "20",
            &format!("smtp://127.0.0.1:{}", sandbox.port),
            "--mail-from",
            FROM,
        ]);
        command.args(["--mail-rcpt", TO[0], "--mail-rcpt", TO[1], "--upload-file"]).arg(&file);
        command.output().expect("curl is installed")
    };
    let refused = send();
    assert!(!refused.status.success(), "curl was content");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("450"), "{refused:?}");
    assert!(send().status.success(), "the fault was to come once");
    assert_kept(&sandbox, &[(None, false)]);
}
