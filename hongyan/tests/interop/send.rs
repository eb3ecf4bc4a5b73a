//! `hongyan send` to servers of other makers: what was sent arrives whole, over every way they offer.

use crate::peers;
use crate::program::{Mail, argument, hongyan, hongyan_with, said};
use crate::servers::{Exim, OpenSmtpd, Postfix, SmtpServer, USER};

/// Exit code of sysexits.h: the login was refused.
const NOPERM: i32 = 77;

#[track_caller]
fn assert_sent(output: &std::process::Output) {
    assert!(output.status.success(), "{}", said(output));
}

#[test]
fn postfix_plain_takes_a_chunk_for_two_recipients() {
    let Some(_peers) = peers() else { return };
    let postfix = Postfix::start();
    let mail = Mail::new();
    let server = format!("smtp://127.0.0.1:{}", postfix.port);
    assert_sent(&mail.send(&server, &["--to", "one@example.org", "--bcc", "two@example.org"]));
    for copy in postfix.arrived(2) {
        mail.assert_whole(&copy);
        let header = String::from_utf8_lossy(&copy).into_owned();
        let header = header.split("\n\n").next().expect("a header").to_owned();
        assert!(!header.to_lowercase().contains("bcc:"), "{header}");
    }
    assert!(postfix.log().contains("mail=1 rcpt=2 bdat=1 quit=1"), "not one chunk:\n{}", postfix.log());
}

#[test]
fn postfix_without_extensions_gets_the_same_mail() {
    let Some(_peers) = peers() else { return };
    for (keywords, how) in [
        ("chunking", "mail=1 rcpt=2 data=1 quit=1"),
        ("chunking, pipelining", "mail=1 rcpt=2 data=1 quit=1"),
        ("chunking, pipelining, 8bitmime, size, smtputf8, dsn, enhancedstatuscodes", "data=1"),
    ] {
        let postfix = Postfix::with("plain", &format!("smtpd_discard_ehlo_keywords = {keywords}"));
        let mail = Mail::new();
        let server = format!("smtp://127.0.0.1:{}", postfix.port);
        let output = mail.send(&server, &["--trace", "--to", "one@example.org", "--to", "two@example.org"]);
        assert_sent(&output);
        postfix.arrived(2).iter().for_each(|copy| mail.assert_whole(copy));
        assert!(postfix.log().contains(how), "without {keywords}, not {how}:\n{}", postfix.log());
        let said = said(&output);
        let lines: Vec<&str> = said.lines().collect();
        let flight = lines.windows(2).any(|w| w[0].contains("C: RCPT TO:<two@") && w[1].contains("C: DATA"));
        assert_eq!(flight, !keywords.contains("pipelining"), "{said}");
    }
}

#[test]
fn postfix_starttls_with_a_ca_of_its_own() {
    let Some(_peers) = peers() else { return };
    let postfix = Postfix::start();
    let (mail, ca) = (Mail::new(), postfix.ca());
    let server = format!("smtp://localhost:{}", postfix.port);
    assert_sent(&mail.send(&server, &["--ca", argument(&ca), "--to", "one@example.org"]));
    mail.assert_whole(&postfix.arrived(1)[0]);
    assert!(postfix.log().contains("TLS connection established"), "{}", postfix.log());
    // The same without the CA: nothing is sent to a server whose certificate nobody vouches for.
    let output = mail.send(&server, &["--tls", "required", "--to", "two@example.org"]);
    assert!(!output.status.success(), "{}", said(&output));
    postfix.arrived(1);
}

#[test]
fn postfix_logs_in_by_every_mechanism_that_dovecot_has() {
    let Some(_peers) = peers() else { return };
    for (mechanisms, chosen) in [
        ("plain", "PLAIN"),
        ("login", "LOGIN"),
        ("cram-md5", "CRAM-MD5"),
        ("scram-sha-1", "SCRAM-SHA-1"),
        ("scram-sha-256", "SCRAM-SHA-256"),
        ("login plain cram-md5 scram-sha-1 scram-sha-256", "SCRAM-SHA-256"),
    ] {
        let postfix = Postfix::with(mechanisms, "");
        let (mail, ca) = (Mail::new(), postfix.ca());
        for server in [
            format!("smtp://{USER}@localhost:{}", postfix.submission),
            format!("smtps://{USER}@localhost:{}", postfix.submissions),
        ] {
            assert_sent(&mail.send(&server, &["--ca", argument(&ca), "--to", "one@example.org"]));
        }
        postfix.arrived(2).iter().for_each(|copy| mail.assert_whole(copy));
        let method = format!("sasl_method={chosen}, sasl_username={USER}");
        assert_eq!(postfix.log().matches(&method).count(), 2, "not {chosen}:\n{}", postfix.log());
    }
}

#[test]
fn a_wrong_password_is_said_and_nothing_is_sent() {
    let Some(_peers) = peers() else { return };
    let postfix = Postfix::start();
    let ca = postfix.ca();
    let server = format!("smtp://{USER}@localhost:{}", postfix.submission);
    let output = hongyan_with(
        "not the password",
        &[
            "send",
            "--server",
            &server,
            "--ca",
            argument(&ca),
            "-f",
            "a@example.org",
            "--to",
            "b@example.org",
            "--text",
            "x",
        ],
    );
    assert_eq!(output.status.code(), Some(NOPERM), "{}", said(&output));
    assert!(!said(&output).contains("not the password"), "{}", said(&output));
    assert!(said(&output).contains("AUTH"), "the stage is not named: {}", said(&output));
    postfix.arrived(0);
}

#[test]
fn postfix_refuses_one_recipient_puts_off_another_and_takes_the_third() {
    let Some(_peers) = peers() else { return };
    let postfix = Postfix::start();
    let mail = Mail::new();
    let server = format!("smtp://127.0.0.1:{}", postfix.port);
    let to = "refused@example.org, later@example.org, one@example.org";
    let output = mail.send(&server, &["--to", to]);
    assert!(!output.status.success(), "{}", said(&output));
    for words in ["nobody of this name", "the mailbox rests"] {
        assert!(said(&output).contains(words), "{}", said(&output));
    }
    mail.assert_whole(&postfix.arrived(1)[0]);
}

#[test]
fn postfix_takes_an_address_that_is_not_ascii() {
    let Some(_peers) = peers() else { return };
    let postfix = Postfix::start();
    let mail = Mail::new();
    let server = format!("smtp://127.0.0.1:{}", postfix.port);
    assert_sent(&mail.send(&server, &["--to", "用户@例子.广告"]));
    let copy = postfix.arrived(1).remove(0);
    mail.assert_whole(&copy);
    assert!(
        String::from_utf8_lossy(&copy).contains("Delivered-To: 用户@"),
        "{}",
        String::from_utf8_lossy(&copy)
    );
}

#[test]
fn exim_in_clear_after_starttls_and_under_tls() {
    let Some(peers) = peers() else { return };
    let exim = Exim::start(&peers);
    let (mail, ca) = (Mail::new(), exim.ca());
    let plain = format!("smtp://127.0.0.1:{}", exim.port);
    assert_sent(&mail.send(&plain, &["--to", "one@example.org"]));
    for server in
        [format!("smtp://{USER}@localhost:{}", exim.port), format!("smtps://{USER}@localhost:{}", exim.smtps)]
    {
        assert_sent(&mail.send(&server, &["--ca", argument(&ca), "--to", "用户@例子.广告"]));
    }
    exim.arrived(3).iter().for_each(|copy| mail.assert_whole(copy));
}

#[test]
fn opensmtpd_which_has_neither_pipelining_nor_chunking() {
    let Some(peers) = peers() else { return };
    let opensmtpd = OpenSmtpd::start(&peers);
    let mail = Mail::new();
    let server = format!("smtp://127.0.0.1:{}", opensmtpd.port);
    let output = mail.send(&server, &["--to", "one@example.org, refused@example.org, two@example.org"]);
    assert!(!output.status.success() && said(&output).contains("refused@example.org"), "{}", said(&output));
    opensmtpd.arrived(2).iter().for_each(|copy| mail.assert_whole(copy));
}

#[test]
fn smtp_server_after_starttls_and_under_tls() {
    let Some(peers) = peers() else { return };
    let node = SmtpServer::start(&peers);
    let (mail, ca) = (Mail::new(), node.ca());
    for server in
        [format!("smtp://{USER}@localhost:{}", node.port), format!("smtps://{USER}@localhost:{}", node.smtps)]
    {
        assert_sent(
            &mail.send(&server, &["--ca", argument(&ca), "--to", "one@example.org, two@example.org"]),
        );
    }
    node.arrived(2).iter().for_each(|copy| mail.assert_whole(copy));
}

#[test]
fn a_message_sent_as_it_is_arrives_as_it_is() {
    let Some(peers) = peers() else { return };
    // What ends a message, what looks like it, and what some servers take for it.
    const BODY: &str = ".\n..\n.dot\n\nFrom the start of a line\n.\n.\n\nQUIT\n";
    let place = crate::place::Place::new("raw");
    let file = place
        .write("raw.eml", format!("From: a@example.org\nTo: b@example.org\nSubject: as it is\n\n{BODY}"));
    let send = |port: u16| {
        let server = format!("smtp://127.0.0.1:{port}");
        assert_sent(&hongyan(&["send", "--server", &server, "--raw", argument(&file)]));
    };
    let assert_body = |copy: Vec<u8>| {
        let text = String::from_utf8_lossy(&copy).into_owned();
        assert_eq!(text.split_once("\n\n").map(|(_, body)| body), Some(BODY));
    };
    for further in ["", "smtpd_discard_ehlo_keywords = chunking"] {
        let postfix = Postfix::with("plain", further);
        send(postfix.port);
        postfix.arrived(1).into_iter().for_each(assert_body);
    }
    let exim = Exim::start(&peers);
    send(exim.port);
    exim.arrived(1).into_iter().for_each(assert_body);
    let opensmtpd = OpenSmtpd::start(&peers);
    send(opensmtpd.port);
    opensmtpd.arrived(1).into_iter().for_each(assert_body);
}
