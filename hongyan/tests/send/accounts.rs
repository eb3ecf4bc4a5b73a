//! Where the server comes from: option, environment, account; and what is said when there is none.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use hongyan::sandbox::{Config, User};

use crate::place::{Place, World};

const MAIL: [&str; 3] = ["--text", "x", "a@example.org"];

#[test]
fn the_account_called_default_is_used_when_nothing_else_is_named() {
    let world =
        World::start(Config { users: vec![User::new("ann@example.org", "secret")], ..Config::default() });
    let place = Place::new("default");
    place.write("conf/ca.pem", &world.ca).write(
        "conf/config.toml",
        format!(
            "[account.default]\nfrom = \"Ann <ann@example.org>\"\nserver = \"{}\"\nuser = \"ann@example.org\"\n\
             password_command = \"printf 'secret\\\\nmore'\"\nca = \"ca.pem\"\n\n\
             [account.bare]\nserver = \"{}\"\ntls = \"none\"\n",
            world.url(),
            world.url()
        ),
    );
    let config = place.path("conf/config.toml");
    let place = place.set("HONGYAN_CONFIG", config.to_str().unwrap());
    let ran = place.send(&MAIL);
    assert_eq!(ran.code, 0, "{ran:?}");
    let envelope = &world.last().0.envelope;
    assert_eq!(
        (envelope.user.as_deref(), envelope.from.as_str()),
        (Some("ann@example.org"), "ann@example.org")
    );
    assert!(envelope.tls.is_some());
    assert!(String::from_utf8(world.last().1).unwrap().contains("\nFrom: Ann <ann@example.org>\r\n"));
    let ran = place.send(&[&MAIL[..], &["--account", "bare"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let envelope = &world.last().0.envelope;
    assert_eq!((&envelope.user, &envelope.tls), (&None, &None));
    // A server that is named takes the account's place, and none of its secrets.
    let ran = place.send(&[&MAIL[..], &["--server", &world.url()]].concat());
    assert_eq!((ran.code, &world.last().0.envelope.user), (0, &None), "{ran:?}");
}

#[test]
fn the_login_name_is_who_the_mail_is_from() {
    let world =
        World::start(Config { users: vec![User::new("ann@example.org", "secret")], ..Config::default() });
    let place = Place::new("login").set("HONGYAN_PASSWORD", "secret");
    let server = format!("smtp://ann@example.org@127.0.0.1:{}", world.smtp);
    let ran = place.send(&[&MAIL[..], &["--server", &server]].concat());
    assert_eq!((ran.code, world.last().0.envelope.from.as_str()), (0, "ann@example.org"), "{ran:?}");
}

#[test]
fn what_is_wrong_in_the_configuration_is_named_with_its_line() {
    let place = Place::new("wrong");
    for (config, arguments, what) in [
        ("[account.default]\nserver = 'smtp://h'\nsever = 'x'\n", &[][..], ":3: unknown field `sever`"),
        ("[account.default]\npassword = 'hunter2'\n", &[][..], ":2: unknown field `password`"),
        (
            "[account.default]\nserver = 'hunter2'\n",
            &[][..],
            "the account's `server`: that is not the address of a server",
        ),
        ("[account.default]\nserver = \n", &[][..], ":2: "),
        (
            "[account.default]\nfrom = 'x'\nserver = 'smtp://127.0.0.1'\n",
            &[][..],
            "the account's `from`: \"x\" is not an address",
        ),
        (
            "[account.default]\nuser = \"a\\u0000b\"\nserver = 'smtp://127.0.0.1'\n",
            &[][..],
            "the login name has a control character",
        ),
        ("[account.default]\nuser = 'ann'\n", &[][..], "the account has no server"),
        ("[account.other]\nuser = 'ann'\n", &["--account", "work"][..], "there is no account \"work\" in "),
        (
            "[account.default]\nserver = 'smtp://127.0.0.1'\nproxy = 'ftp://h'\n",
            &[][..],
            "the account's `proxy`: ",
        ),
        ("[account.default]\nserver = 'smtp://127.0.0.1'\nca = 'none.pem'\n", &[][..], "the certificates "),
        (
            "[account.default]\nserver = 'smtp://127.0.0.1'\nuser = 'a'\npassword_command = 'exit 3'\n",
            &[][..],
            "the account's password_command failed (exit status: 3)",
        ),
    ] {
        place.write(".config/hongyan/config.toml", config);
        let ran = place.send(&[&MAIL[..], arguments].concat());
        assert!(matches!(ran.code, 66 | 78), "{config}: {ran:?}");
        assert!(ran.err.contains(what), "{config}: {}", ran.err);
        assert!(!ran.err.contains("hunter2"), "{}", ran.err);
        assert!(ran.err.lines().nth(1).is_some_and(|next| next.starts_with("  next: ")), "{}", ran.err);
    }
    let hint =
        place.write(".config/hongyan/config.toml", "[account.default]\npassword = 'hunter2'\n").send(&MAIL);
    assert!(hint.err.contains("password_command"), "{}", hint.err);
}

#[test]
fn without_any_server_the_next_step_is_shown() {
    let place = Place::new("nowhere");
    let ran = place.send(&MAIL);
    assert_eq!((ran.code, ran.out.as_str()), (78, ""));
    let mut lines = ran.err.lines();
    assert_eq!(lines.next(), Some("send: no server is configured, so there is nowhere to send the mail to"));
    assert!(ran.err.contains("--server smtp"), "{}", ran.err);
    // What is only shown needs none.
    let shown = place.send(&[&MAIL[..], &["--dry-run"]].concat());
    assert_eq!(shown.code, 0, "{shown:?}");
    let place = Place::new("nowhere").set("HONGYAN_SERVER", "imap://h");
    let ran = place.send(&MAIL);
    assert_eq!(ran.code, 78);
    assert!(ran.err.starts_with("send: HONGYAN_SERVER: that is not the address of a server"), "{}", ran.err);
}

/// Takes one connection, answers CONNECT and passes everything on; gives what was asked for.
fn http_proxy() -> (u16, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let mut client = listener.accept().unwrap().0;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut octet = [0];
            client.read_exact(&mut octet).unwrap();
            head.push(octet[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let mut server = TcpStream::connect(head.split(' ').nth(1).unwrap()).unwrap();
        client.write_all(b"HTTP/1.1 200 go ahead\r\n\r\n").unwrap();
        let (mut up, mut down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let back = std::thread::spawn(move || std::io::copy(&mut down, &mut client));
        let _ = std::io::copy(&mut up, &mut server);
        let _ = server.shutdown(std::net::Shutdown::Write);
        let _ = back.join();
        head
    });
    (port, thread)
}

#[test]
fn a_proxy_is_gone_through_whoever_names_it() {
    let world = World::start(Config::default());
    for by_option in [true, false] {
        let (port, proxy) = http_proxy();
        let url = format!("http://127.0.0.1:{port}");
        let place = Place::with("proxy", &world);
        let ran = if by_option {
            place.send(&[&MAIL[..], &["--trace", "--proxy", &url]].concat())
        } else {
            let secret = format!("http://me:hunter2@127.0.0.1:{port}");
            place.set("HONGYAN_PROXY", &secret).send(&[&MAIL[..], &["--trace"]].concat())
        };
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.err.contains(&format!("through {url}")) && !ran.err.contains("hunter2"), "{}", ran.err);
        assert!(proxy.join().unwrap().starts_with(&format!("CONNECT 127.0.0.1:{} ", world.smtp)));
    }
    assert_eq!(world.count(), 2);
}
