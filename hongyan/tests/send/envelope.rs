//! Between whom a mail goes, and what is asked of the server about its way.

use hongyan::sandbox::Config;

use crate::place::{Place, World};

#[test]
fn blind_copies_are_in_the_envelope_and_nowhere_else() {
    let world = World::start(Config::default());
    let place = Place::with("bcc", &world);
    let ran = place.send(&[
        "--text",
        "x",
        "--to",
        "A <a@example.org>, b@example.org; c@example.org",
        "--cc",
        "d@example.org",
        "--cc",
        "Team: e@example.org, f@example.org;",
        "--bcc",
        "secret@example.org",
        "a@EXAMPLE.org",
        "g@example.org",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let (kept, mail) = world.last();
    let to: Vec<&str> = kept.envelope.to.iter().map(|to| to.address.as_str()).collect();
    let expected = ["a@EXAMPLE.org", "g", "b", "c", "d", "e", "f", "secret"];
    let expected: Vec<String> = expected
        .iter()
        .map(|name| if name.contains('@') { name.to_string() } else { format!("{name}@example.org") })
        .collect();
    assert_eq!(to, expected);
    let mail = String::from_utf8(mail).unwrap();
    let lines = mail.to_lowercase();
    assert!(!lines.lines().any(|line| line.starts_with("bcc")) && !mail.contains("secret"), "{mail}");
}

#[test]
fn wishes_about_the_way_become_parameters() {
    let world = World::start(Config::default());
    let place = Place::with("wishes", &world).set("SSL_CERT_FILE", "/dev/null");
    place.write("ca.pem", &world.ca);
    let url = format!("smtps://127.0.0.1:{}", world.smtps);
    let base = ["--server", &url, "--ca", "ca.pem", "--text", "x", "-f", "f@example.org", "a@example.org"];
    for (wishes, mail, rcpt) in [
        (
            &["--dsn", "success,delay", "--ret", "headers", "--envid", "id 1"][..],
            "RET=HDRS ENVID=id+201",
            "NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a@example.org",
        ),
        (&["--dsn", "never", "--ret", "full"][..], "RET=FULL", "NOTIFY=NEVER ORCPT=rfc822;a@example.org"),
        (&["--require-tls"][..], "REQUIRETLS", ""),
        (&["--priority", "-3"][..], "MT-PRIORITY=-3", ""),
        (&["--deliver-by", "3600"][..], "BY=3600;R", ""),
        (&["--hold-for", "60"][..], "HOLDFOR=60", ""),
    ] {
        let ran = place.send(&[&base[..], wishes].concat());
        assert_eq!(ran.code, 0, "{wishes:?} {ran:?}");
        let envelope = &world.last().0.envelope;
        let params: Vec<&str> = envelope
            .params
            .iter()
            .map(String::as_str)
            .filter(|p| !p.starts_with("SIZE=") && !p.starts_with("BODY="))
            .collect();
        assert_eq!(params.join(" "), mail, "{wishes:?}");
        assert_eq!(envelope.to[0].params.join(" "), rcpt, "{wishes:?}");
    }
    let ran = place.send(&[&base[..], &["--hold-until", "2027-01-01T08:00:00+08:00"]].concat());
    // The time is in UTC when it leaves; whether it is too far off is the server's to say.
    let said = if ran.code == 0 { format!("{:?}", world.last().0.envelope.params) } else { ran.err };
    assert!(
        said.contains("HOLDUNTIL=2027-01-01T00:00:00Z") || said.contains("501") || said.contains("554"),
        "{said}"
    );
}

#[test]
fn what_a_server_does_not_offer_and_would_change_the_mails_fate_is_an_error() {
    let world = World::start(Config { offers: Default::default(), ..Config::default() });
    let place = Place::with("unmet", &world);
    for (wish, why) in [
        (&["--hold-for", "60"][..], "FUTURERELEASE"),
        (&["--deliver-by", "60"][..], "DELIVERBY"),
        (&["用户@example.org"][..], "SMTPUTF8"),
    ] {
        let ran = place.send(&[&["--text", "x", "a@example.org"], wish].concat());
        assert_ne!(ran.code, 0, "{wish:?}");
        assert!(ran.err.contains(why), "{wish:?} {ran:?}");
        assert_eq!(world.count(), 0);
    }
}

#[test]
fn an_address_in_another_script_arrives_where_it_can() {
    let world = World::start(Config::default());
    let place = Place::with("eai", &world);
    let ran = place.send(&["--text", "x", "-f", "a@example.org", "用户@例子.广告"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.starts_with("Sent to 用户@例子.广告 ("), "{ran:?}");
    let (kept, _) = world.last();
    assert!(kept.envelope.params.contains(&"SMTPUTF8".to_owned()), "{:?}", kept.envelope);
}
