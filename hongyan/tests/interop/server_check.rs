//! The servers alone, with a client that is not ours: when these fail, the other tests say nothing about Hongyan.

use crate::place::run;
use crate::servers::{Exim, OpenSmtpd, PASSWORD, Postfix, SmtpServer, USER};
use crate::{Peers, peers};
use std::path::Path;
use std::process::Command;

/// Sends one small message with curl; `more` are further arguments.
fn curl(peers: &Peers, url: &str, more: &[&str]) {
    let file = peers.folder.join(format!("curl-{}.eml", std::process::id()));
    std::fs::write(&file, "Subject: curl\r\n\r\nhello\r\n").expect("the peers' folder can be written");
    let envelope =
        ["--mail-from", "shop@example.org", "--mail-rcpt", "customer@example.org", "--upload-file"];
    run(Command::new("curl").args(["-sS", "--max-time", "20", url]).args(more).args(envelope).arg(&file));
    std::fs::remove_file(file).expect("written above");
}

/// The arguments of a login over a connection that must be secured by `ca`.
fn login(ca: &Path) -> Vec<String> {
    let ca = ca.to_str().expect("temporary paths are UTF-8").to_owned();
    let user = format!("{USER}:{PASSWORD}");
    ["--ssl-reqd", "--cacert", &ca, "--user", &user].map(str::to_owned).to_vec()
}

fn each(of: &[String]) -> Vec<&str> {
    of.iter().map(String::as_str).collect()
}

#[test]
fn postfix_takes_mail_on_every_listener() {
    let Some(peers) = peers() else { return };
    let postfix = Postfix::start();
    curl(&peers, &format!("smtp://localhost:{}", postfix.port), &[]);
    curl(&peers, &format!("smtp://localhost:{}", postfix.submission), &each(&login(&postfix.ca())));
    curl(&peers, &format!("smtps://localhost:{}", postfix.submissions), &each(&login(&postfix.ca())));
    assert!(postfix.arrived(3).iter().all(|m| m.ends_with(b"\nhello\n")));
    assert!(postfix.log().contains("sasl_username=user"), "nobody logged in:\n{}", postfix.log());
}

#[test]
fn exim_takes_mail_on_every_listener() {
    let Some(peers) = peers() else { return };
    let exim = Exim::start(&peers);
    curl(&peers, &format!("smtp://localhost:{}", exim.port), &[]);
    curl(&peers, &format!("smtp://localhost:{}", exim.port), &each(&login(&exim.ca())));
    curl(&peers, &format!("smtps://localhost:{}", exim.smtps), &each(&login(&exim.ca())));
    assert!(exim.arrived(3).iter().all(|m| m.ends_with(b"\nhello\n")));
}

#[test]
fn opensmtpd_takes_mail() {
    let Some(peers) = peers() else { return };
    let opensmtpd = OpenSmtpd::start(&peers);
    curl(&peers, &format!("smtp://localhost:{}", opensmtpd.port), &[]);
    assert!(opensmtpd.arrived(1)[0].ends_with(b"\nhello\n"));
}

#[test]
fn smtp_server_takes_mail_on_every_listener() {
    let Some(peers) = peers() else { return };
    let server = SmtpServer::start(&peers);
    curl(&peers, &format!("smtp://localhost:{}", server.port), &each(&login(&server.ca())));
    curl(&peers, &format!("smtps://localhost:{}", server.smtps), &each(&login(&server.ca())));
    assert!(server.arrived(2).iter().all(|m| m.ends_with(b"\r\nhello\r\n")));
}
