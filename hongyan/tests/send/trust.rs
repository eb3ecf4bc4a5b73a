//! TLS and logins: whom we talk to, who we are, and that no secret is ever shown.

use hongyan::proto::sasl::Secret;
use hongyan::sandbox::{Config, User};
use serde_json::Value;

use crate::place::{Place, Ran, World};

const PASSWORD: &str = "correct horse 密码";
const TOKEN: &str = "ya29.token-that-nobody-may-see";

fn world() -> World {
    let user = User { token: Some(Secret::new(TOKEN)), ..User::new("ann", PASSWORD) };
    World::start(Config { users: vec![user], ..Config::default() })
}

/// A place with the sandbox's certificate in `ca.pem`, and another one's in `other.pem`.
fn place(name: &str, world: &World) -> Place {
    let place = Place::new(name);
    let stranger = World::start(Config::default());
    place.write("ca.pem", &world.ca).write("other.pem", &stranger.ca);
    place
}

fn send(place: &Place, arguments: &[&str]) -> Ran {
    let ran = place.send(&[&["--text", "x", "-f", "f@example.org", "a@example.org"], arguments].concat());
    for secret in [PASSWORD, TOKEN, "wrong-password"] {
        assert!(!ran.all().contains(secret), "{secret} is shown: {ran:?}");
    }
    ran
}

#[test]
fn certificates_are_checked_and_a_wrong_one_is_explained() {
    let world = world();
    let place = place("certificates", &world);
    let (smtp, smtps) = (world.url(), format!("smtps://127.0.0.1:{}", world.smtps));
    let by_name = format!("smtps://localhost:{}", world.smtps);
    for (server, ca) in [(&smtp, "ca.pem"), (&smtps, "ca.pem"), (&by_name, "ca.pem")] {
        let ran = send(&place, &["--server", server, "--ca", ca]);
        assert_eq!(ran.code, 0, "{server} {ca}: {ran:?}");
        assert!(world.last().0.envelope.tls.is_some(), "{server}");
    }
    let count = world.count();
    for (server, more) in [
        (&smtp, &["--ca", "other.pem"][..]),
        (&smtps, &["--ca", "other.pem"][..]),
        (&smtps, &[][..]),
        (&smtp, &["--tls", "required"][..]),
    ] {
        let ran = send(&place, &[&["--server", server], more].concat());
        assert_eq!(ran.code, 77, "{server} {more:?}: {ran:?}");
        assert!(ran.err.starts_with("send: not sent, at setting up TLS ("), "{server} {more:?}: {}", ran.err);
        assert!(ran.err.contains("certificate"), "{server} {more:?}: {}", ran.err);
        assert!(ran.err.contains("--ca"), "{server} {more:?}: {}", ran.err);
    }
    assert_eq!(world.count(), count);
    let no_certificate =
        place.write("empty.pem", "").send(&["--text", "x", "--server", &smtps, "--ca", "empty.pem", "a@b.c"]);
    assert_ne!(no_certificate.code, 0);
    assert!(no_certificate.err.contains("empty.pem"), "{no_certificate:?}");
}

#[test]
fn without_tls_only_where_it_is_this_machine_or_was_said() {
    let world = world();
    let place = place("clear", &world);
    let ran = send(&place, &["--server", &world.url()]);
    assert_eq!((ran.code, &world.last().0.envelope.tls), (0, &None), "{ran:?}");
    let ran = send(&place, &["--server", &world.url(), "--ca", "ca.pem", "--tls", "none"]);
    assert_eq!((ran.code, &world.last().0.envelope.tls), (0, &None), "{ran:?}");
    let bare = World::start(Config { offers: Default::default(), ..Config::default() });
    let ran = send(&place, &["--server", &bare.url(), "--tls", "required"]);
    assert_eq!((ran.code, bare.count()), (69, 0), "{ran:?}");
    assert!(ran.err.contains("does not offer STARTTLS"), "{}", ran.err);
    let smtps = format!("smtps://127.0.0.1:{}", world.smtps);
    let ran = send(&place, &["--server", &smtps, "--tls", "none"]);
    assert_eq!(ran.code, 64, "{ran:?}");
    let ran = send(&place, &["--server", &format!("smtps://127.0.0.1:{}", world.smtp), "--ca", "ca.pem"]);
    assert_eq!(ran.code, 77, "{ran:?}");
    assert!(ran.err.contains("does not speak TLS on this port"), "{}", ran.err);
}

#[test]
fn a_password_comes_from_the_environment_and_is_never_shown() {
    let world = world();
    let server = format!("smtp://ann@127.0.0.1:{}", world.smtp);
    for (ca, how) in [(&["--ca", "ca.pem"][..], "ESMTPSA"), (&[][..], "ESMTPA")] {
        let place = place("password", &world).set("HONGYAN_PASSWORD", PASSWORD);
        for shown in [&["--trace=full"][..], &["--json=transcript"][..]] {
            let ran = send(&place, &[&["--server", &server], ca, shown].concat());
            assert_eq!(ran.code, 0, "{ran:?}");
            assert!(ran.all().contains("secret octets}"), "{ran:?}");
            let envelope = &world.last().0.envelope;
            assert_eq!((envelope.user.as_deref(), envelope.protocol.as_str()), (Some("ann"), how));
        }
        let place = place.set("HONGYAN_PASSWORD", "wrong-password");
        let ran = send(&place, &[&["--server", &server, "--trace"], ca].concat());
        assert_eq!(ran.code, 77, "{ran:?}");
        assert!(ran.err.contains("send: not sent, at AUTH ("), "{}", ran.err);
        assert!(ran.err.contains("535 5.7.8"), "{}", ran.err);
        assert!(ran.err.contains("  next: "), "{}", ran.err);
    }
    let place = place("password", &world).set("HONGYAN_TOKEN", TOKEN);
    let ran = send(&place, &["--server", &server, "--ca", "ca.pem", "--json"]);
    assert_eq!((ran.code, world.last().0.envelope.user.as_deref()), (0, Some("ann")), "{ran:?}");
}

#[test]
fn a_password_that_cannot_be_had_is_said_before_anybody_is_called() {
    let world = world();
    let server = format!("smtp://ann@127.0.0.1:{}", world.smtp);
    let place = place("nopassword", &world);
    let ran = send(&place, &["--server", &server]);
    assert_eq!(ran.code, 78);
    assert_eq!(
        ran.err,
        "send: ann is to log in, but there is no password and no terminal to ask for one\n  \
         next: set HONGYAN_PASSWORD, or give the account a password_command\n"
    );
    let ran = send(&place, &["--server", &format!("smtp://ann:wrong-password@127.0.0.1:{}", world.smtp)]);
    assert_eq!(ran.code, 64);
    assert!(ran.err.contains("process list"), "{}", ran.err);
    let ran = send(&place, &["--server", &world.url(), "--proxy", "socks5://ann:wrong-password@127.0.0.1:9"]);
    assert_eq!(ran.code, 64);
    assert!(ran.err.contains("process list"), "{}", ran.err);
    for evil in ["with\nbreak", "with\rbreak"] {
        let place = Place::new("evilpassword").set("HONGYAN_PASSWORD", evil);
        assert_eq!(send(&place, &["--server", &server]).code, 78);
    }
}

#[test]
fn an_exception_for_one_host_is_loud() {
    let world = world();
    let place = place("insecure", &world);
    let config = |host: &str| {
        format!("[account.default]\nserver = \"smtps://127.0.0.1:{}\"\ninsecure = \"{host}\"\n", world.smtps)
    };
    place.write(".config/hongyan/config.toml", config("127.0.0.1"));
    let ran = send(&place, &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.starts_with("WARNING: the certificate of 127.0.0.1 is not checked"), "{}", ran.err);
    place.write(".config/hongyan/config.toml", config("mail.example.org"));
    let ran = send(&place, &["--json"]);
    assert_eq!(ran.code, 78, "{ran:?}");
    let object: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(object["error"]["what"].as_str().unwrap().contains("insecure"));
}
