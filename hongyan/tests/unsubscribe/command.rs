//! `hongyan bulk unsubscribe-server`, started and ended as a person does, over a campaign on disk.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use hongyan::bulk::ledger::{LetterToLoad, Manifest, Role, Sqlite};
use hongyan::bulk::row::Row;
use hongyan::bulk::suppression::{Cause, Suppressions};
use hongyan::bulk::token::{Key, Purpose};
use hongyan::proto::address::Address;
use serde_json::Value;

use crate::browser::{CAMPAIGN, assert_status, exchange};

const WITH_LINK: &str = "[message]\nsubject = \"s\"\n[recipients]\nfile = \"p.csv\"\nto = \"{{ a }}\"\n\
                         [unsubscribe]\nurl = \"https://lists.example.org/u\"\nkey = \"token.key\"\n";

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("unsubscribe").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// A campaign that was begun, with a letter to 张三 in row 2.
fn campaign(folder: &Path, settings: &str) {
    let manifest = Manifest {
        version: 1,
        key: CAMPAIGN.into(),
        name: "newsletter".into(),
        frozen: 0,
        campaign: settings.into(),
        columns: vec!["a".into()],
        letters: 1,
        recipients: 1,
        files: Default::default(),
    };
    let mut loader = Sqlite::create(&folder.join("ledger.sqlite"), manifest).unwrap();
    let letter = LetterToLoad {
        row: Row { number: 2, cells: vec!["zhangsan@example.org".into()] },
        recipients: vec![(Role::To, Address::parse("zhangsan@example.org").unwrap())],
        files: vec![],
    };
    loader.add(&letter).unwrap();
    drop(loader.finish().unwrap());
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    command_at("127.0.0.1:0", folder, arguments)
}

fn command_at(address: &str, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("timeout");
    command
        .args(["30", env!("CARGO_BIN_EXE_hongyan"), "bulk", "unsubscribe-server", "--listen", address])
        .args(arguments)
        .env("LC_ALL", "C")
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder.join("config"))
        .env("XDG_DATA_HOME", folder.join("data"))
        .current_dir(folder);
    command
}

/// A server that runs, and where.
fn start(folder: &Path) -> (Child, SocketAddr, BufReader<std::process::ChildStdout>) {
    let mut child = command(folder, &["--campaign", ".", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let news: Value = serde_json::from_str(&line).expect(&line);
    assert_eq!(
        (&news["event"], &news["tls"], &news["campaigns"]),
        (&"listening".into(), &false.into(), &1.into())
    );
    (child, news["address"].as_str().unwrap().parse().unwrap(), lines)
}

fn refused(output: &Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

#[test]
fn a_link_takes_its_reader_off_the_list_that_a_run_looks_at() {
    let folder = folder("works");
    campaign(&folder, WITH_LINK);
    let key = Key::open_or_make(&folder.join("token.key")).unwrap();
    let token = key.token(Purpose::Unsubscribe, CAMPAIGN, 2, "zhangsan@example.org");
    let (mut server, address, mut lines) = start(&folder);
    let list = || {
        let list = Suppressions::open(&folder.join("data/hongyan/suppressions.sqlite")).unwrap();
        list.find("zhangsan@example.org", hongyan::bulk::ledger::Time::now()).unwrap()
    };

    let request = |method: &str, body: &str| {
        let length = body.len();
        exchange(
            address,
            &format!(
                "{method} /u/{token} HTTP/1.1\r\nHost: lists.example.org\r\nContent-Length: {length}\r\n\r\n{body}"
            ),
        )
    };
    assert_status(&request("GET", ""), 200);
    assert_eq!(list(), None);
    assert_status(&request("POST", "List-Unsubscribe=One-Click"), 200);
    let entry = list().expect("it is durable when the answer has come");
    assert_eq!((entry.cause, entry.campaign.as_str(), entry.until), (Cause::Unsubscribed, CAMPAIGN, None));
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let news: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(news["event"], "unsubscribed");
    assert_eq!(news["address"], "z•••@example.org");

    // Ctrl-C ends it in good order; `timeout` passes it on.
    let killed = Command::new("kill").args(["-INT", &server.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(server.wait().unwrap().code(), Some(0));
}

#[test]
fn what_cannot_serve_a_link_is_told_before_it_listens() {
    let folder = folder("refused");
    let run = |arguments: &[&str]| command(&folder, arguments).output().unwrap();
    let said = refused(&run(&["--campaign", "."]), 66);
    assert!(said.contains("no campaign that was begun"), "{said}");
    campaign(&folder, WITH_LINK);
    let said = refused(&run(&["--campaign", "."]), 66);
    assert!(said.contains("token.key") && !folder.join("token.key").exists(), "no key is made: {said}");

    fs::write(folder.join("token.key"), "0".repeat(64)).unwrap();
    let said = refused(&run(&["--campaign", "."]), 78);
    assert!(said.contains("chmod 600"), "{said}");
    fs::remove_file(folder.join("token.key")).unwrap();
    Key::open_or_make(&folder.join("token.key")).unwrap();
    fs::write(folder.join("none.pem"), "no certificate").unwrap();
    let tls = ["--campaign", ".", "--tls-cert", "none.pem", "--tls-key", "none.pem"];
    let said = refused(&run(&tls), 78);
    assert!(said.contains("none.pem cannot be used for TLS"), "{said}");
    refused(&run(&["--campaign", ".", "--tls-cert", "none.pem"]), 64);
    refused(&run(&[]), 64);

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refused(&command_at(&address, &folder, &["--campaign", "."]).output().unwrap(), 69);
    assert!(said.contains(&format!("nothing can listen at {address}")), "{said}");
    let without = folder.join("without");
    fs::create_dir_all(&without).unwrap();
    campaign(&without, &WITH_LINK[..WITH_LINK.find("[unsubscribe]").unwrap()]);
    let said = refused(&run(&["--campaign", "without"]), 78);
    assert!(said.contains("no link to unsubscribe"), "{said}");
}
