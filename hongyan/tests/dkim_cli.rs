//! `hongyan dkim`, run as a person runs it; the DNS is a server of the test's own.

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A folder for one test, made anew.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dkim").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn dkim(folder: &Path, locale: &str, arguments: &[&str]) -> Output {
    Command::new("timeout")
        .args(["60", env!("CARGO_BIN_EXE_hongyan"), "dkim"])
        .args(arguments)
        .env("LC_ALL", locale)
        .env("HONGYAN_CONFIG", "/dev/null")
        .current_dir(folder)
        .output()
        .unwrap()
}

#[track_caller]
fn says(output: &Output, code: i32) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("what is printed is UTF-8");
    let all = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{all}");
    all
}

/// A DNS server that answers every question for TXT with these records, each in strings of at most 255 octets, and with
/// NXDOMAIN where there are none. It lives as long as the test.
fn dns(records: Vec<String>) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((length, peer)) = socket.recv_from(&mut query) {
            let _ = socket.send_to(&answer(&query[..length], &records), peer);
        }
    });
    address
}

fn answer(query: &[u8], records: &[String]) -> Vec<u8> {
    // Header of 12 octets, then the one question: a name that ends with an empty label, type and class.
    let end = 12 + query[12..].iter().position(|octet| *octet == 0).expect("a name") + 5;
    let flags: [u8; 2] = if records.is_empty() { [0x81, 0x83] } else { [0x81, 0x80] };
    let count = u8::try_from(records.len()).unwrap();
    let mut out = [&query[..2], &flags, &[0, 1, 0, count, 0, 0, 0, 0], &query[12..end]].concat();
    for record in records {
        let data: Vec<u8> = record
            .as_bytes()
            .chunks(255)
            .flat_map(|string| [&[u8::try_from(string.len()).unwrap()][..], string].concat())
            .collect();
        out.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60]);
        out.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        out.extend(data);
    }
    out
}

#[test]
fn a_key_is_made_for_its_owner_and_its_record_is_told_in_every_form() {
    let folder = folder("keygen");
    let arguments = ["keygen", "--domain", "Example.org", "--selector", "s1", "-o", "key.pem"];
    let told = says(&dkim(&folder, "C", &arguments), 0);
    let key = folder.join("key.pem");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let pem = fs::read_to_string(&key).unwrap();
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    for part in [
        "RSA 2048",
        "host    s1._domainkey\n",
        "name    s1._domainkey.example.org\n",
        "value   v=DKIM1; k=rsa; p=MII",
        "s1._domainkey.example.org. 3600 IN TXT ( \"v=DKIM1; k=rsa; p=MII",
        "selector = \"s1\"",
        "dkim check --domain example.org --selector s1 --key key.pem",
    ] {
        assert!(told.contains(part), "{part:?} in {told}");
    }
    let secret: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    assert!(!told.contains(&secret[40..100]), "the private key is not printed");

    // openssl reads it, and sees the same public key.
    match Command::new("openssl").args(["pkey", "-in", "key.pem", "-pubout"]).current_dir(&folder).output() {
        Ok(public) => {
            let public = String::from_utf8(public.stdout).unwrap();
            let p: String = public.lines().filter(|line| !line.starts_with('-')).collect();
            assert!(p.len() > 300 && told.contains(&p), "{p}");
        }
        Err(_) => eprintln!("SKIPPED: openssl reads our keys (no openssl here)"),
    }

    // A key that is there stays.
    let refused = says(&dkim(&folder, "C", &arguments), 73);
    assert!(refused.contains("key.pem is there already"), "{refused}");
    assert_eq!(fs::read_to_string(&key).unwrap(), pem);
}

#[test]
fn a_key_speaks_chinese_and_json() {
    let folder = folder("languages");
    let told = says(
        &dkim(
            &folder,
            "zh_CN.UTF-8",
            &["keygen", "--domain", "example.org", "--type", "ed25519", "-o", "a.pem"],
        ),
        0,
    );
    for part in ["主机记录", "记录值", "hongyan20", "阿里云", "下一步", "v=DKIM1; k=ed25519; p="]
    {
        assert!(told.contains(part), "{part:?} in {told}");
    }
    let made = dkim(
        &folder,
        "C",
        &[
            "keygen",
            "--domain",
            "鸿雁.example",
            "--selector",
            "s1",
            "--type",
            "ed25519",
            "-o",
            "b.pem",
            "--json",
        ],
    );
    let made: Value = serde_json::from_str(&says(&made, 0)).unwrap();
    assert_eq!(made["algorithm"], "ed25519-sha256");
    assert_eq!(made["name"], "s1._domainkey.xn--9n5an1m.example");
    assert_eq!(made["host"], "s1._domainkey");
    assert_eq!(made["strings"][0], made["value"]);
}

#[test]
fn what_makes_no_key_is_refused_and_leaves_no_file() {
    let folder = folder("refused");
    for (arguments, code, why) in [
        (&["--domain", "localhost"][..], 64, "no domain"),
        (&["--domain", "example.org", "--selector", "a b"], 64, "cannot be a DKIM selector"),
        (&["--domain", "example.org", "--bits", "1024"], 78, "2048 to 4096"),
        (&["--domain", "example.org", "--bits", "100000"], 78, "2048 to 4096"),
    ] {
        let arguments = [&["keygen", "--type", "rsa", "-o", "key.pem"], arguments].concat();
        let told = says(&dkim(&folder, "C", &arguments), code);
        assert!(told.contains(why), "{why:?} in {told}");
        assert!(!folder.join("key.pem").exists());
    }
    let told = says(
        &dkim(
            &folder,
            "C",
            &["keygen", "--domain", "example.org", "--type", "ed25519", "-o", "no/such/key.pem"],
        ),
        73,
    );
    assert!(told.contains("no/such/key.pem"), "{told}");
}

#[test]
fn the_dns_is_compared_with_the_key() {
    let folder = folder("check");
    let make = |file: &str| {
        let arguments = ["keygen", "--domain", "example.org", "--selector", "s1", "-o", file, "--json"];
        let made: Value = serde_json::from_str(&says(&dkim(&folder, "C", &arguments), 0)).unwrap();
        made["value"].as_str().unwrap().to_owned()
    };
    let (ours, other) = (make("key.pem"), make("other.pem"));
    for (records, code, result) in [
        (vec![ours.clone()], 0, "ok"),
        (vec!["v=spf1 -all".to_owned(), ours.clone()], 0, "ok"),
        (vec![ours.replacen("k=rsa", "k=rsa; t=y", 1)], 0, "ok"),
        (vec![], 69, "missing"),
        (vec![other.clone()], 65, "other-key"),
        (vec![ours.clone(), other], 65, "several"),
        (vec!["v=DKIM1; p=".to_owned()], 65, "revoked"),
        (vec![ours[..200].to_owned()], 65, "damaged"),
        (vec!["v=spf1 -all".to_owned()], 65, "no-record"),
    ] {
        let server = dns(records.clone());
        let check = |more: &[&str]| {
            let fixed = [
                "check",
                "--domain",
                "example.org",
                "--selector",
                "s1",
                "--key",
                "key.pem",
                "--dns",
                &server,
            ];
            dkim(&folder, "C", &[&fixed[..], more].concat())
        };
        let found: Value = serde_json::from_str(&says(&check(&["--json"]), code)).unwrap();
        assert_eq!(found["result"], result, "{found}");
        assert_eq!(found["name"], "s1._domainkey.example.org");
        assert_eq!(found["expected"], ours);
        assert_eq!(found["why"] == "", code == 0 && !records[0].contains("t=y"), "{found}");
        let told = says(&check(&[]), code);
        assert_eq!(told.contains("the record fits the key"), code == 0, "{told}");
        assert_eq!(told.contains("host   s1._domainkey"), code != 0, "{told}");
    }
}

#[test]
fn without_a_key_the_record_alone_is_looked_at() {
    let folder = folder("alone");
    let server = dns(vec!["v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".to_owned()]);
    let arguments = ["check", "--domain", "example.org", "--selector", "s1", "--dns", &server];
    assert!(says(&dkim(&folder, "C", &arguments), 0).contains("the record can be used"));
}

#[test]
fn a_key_that_others_can_read_and_a_dead_server_are_told() {
    let folder = folder("trouble");
    says(
        &dkim(&folder, "C", &["keygen", "--domain", "example.org", "--type", "ed25519", "-o", "key.pem"]),
        0,
    );
    let arguments = ["check", "--domain", "example.org", "--selector", "s1", "--key", "key.pem"];
    fs::set_permissions(folder.join("key.pem"), fs::Permissions::from_mode(0o644)).unwrap();
    let told = says(&dkim(&folder, "C", &arguments), 78);
    assert!(told.contains("mode 0644") && told.contains("chmod 600"), "{told}");
    fs::set_permissions(folder.join("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();

    // A port that answers nothing.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let told = says(&dkim(&folder, "C", &[&arguments[..], &["--dns", &address]].concat()), 75);
    assert!(told.contains("could not be looked up"), "{told}");
    let told = says(&dkim(&folder, "C", &[&arguments[..], &["--dns", "nowhere"]].concat()), 64);
    assert!(told.contains("write an IP address"), "{told}");
}
