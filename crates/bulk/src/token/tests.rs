//! What holds for tokens: read back what was said, refuse everything else; the key's file; the reverse-path.

use std::fs;

use proptest::prelude::*;

use super::*;

const CAMPAIGN_KEY: &str = "00112233445566778899aabbccddeeff";

fn key() -> Key {
    Key::from_octets([7; 32])
}

#[test]
fn a_token_has_the_form_that_is_written_down() {
    // Links that were sent must stay good: this one may never change.
    let token = key().token(Purpose::Unsubscribe, CAMPAIGN_KEY, 42, "zhang@example.org");
    assert_eq!(token.len(), 34);
    assert!(token.bytes().all(|octet| octet.is_ascii_lowercase() || (b'2'..=b'7').contains(&octet)));
    let claim = key().read(Purpose::Unsubscribe, &token).unwrap();
    assert_eq!(claim.row, 42);
    assert!(claim.is_of(CAMPAIGN_KEY) && !claim.is_of("another"));
    assert_eq!(claim.campaign(), campaign(CAMPAIGN_KEY));
    assert!(key().names(&claim, "Zhang@Example.org") && !key().names(&claim, "li@example.org"));
}

#[test]
fn a_token_is_good_for_one_purpose_and_one_key() {
    let token = key().token(Purpose::Verp, CAMPAIGN_KEY, 1, "zhang@example.org");
    assert!(key().read(Purpose::Verp, &token).is_some());
    assert!(key().read(Purpose::Verp, &token.to_ascii_uppercase()).is_some());
    assert_eq!(key().read(Purpose::Unsubscribe, &token), None);
    assert_eq!(Key::from_octets([8; 32]).read(Purpose::Verp, &token), None);
}

#[test]
fn whatever_is_changed_in_a_token_it_is_refused() {
    let token = key().token(Purpose::Verp, CAMPAIGN_KEY, 70_000, "zhang@example.org");
    for at in 0..token.len() {
        for c in "abcdefghijklmnopqrstuvwxyz234567".chars() {
            let mut other = token.clone();
            other.replace_range(at..=at, c.encode_utf8(&mut [0; 4]));
            assert_eq!(key().read(Purpose::Verp, &other).is_some(), other == token, "{other}");
        }
        assert_eq!(key().read(Purpose::Verp, &token[..at]), None, "cut at {at}");
    }
    for more in ["a", "=", " ", "\n", "aaaaaaaa"] {
        assert_eq!(key().read(Purpose::Verp, &format!("{token}{more}")), None, "{more:?}");
    }
}

proptest! {
    #[test]
    fn what_a_token_says_is_read_back(octets: [u8; 32], campaign in ".{0,40}", row: u64, address in "[a-zé]{1,9}@[a-z]{1,9}") {
        let key = Key::from_octets(octets);
        let token = key.token(Purpose::Unsubscribe, &campaign, row, &address);
        prop_assert!(token.len() <= MAX_TOKEN);
        let claim = key.read(Purpose::Unsubscribe, &token).unwrap();
        prop_assert_eq!(claim.row, row);
        prop_assert!(claim.is_of(&campaign));
        prop_assert!(key.names(&claim, &address.to_uppercase()));
    }

    #[test]
    fn anything_else_is_refused_and_nothing_panics(text in ".{0,80}") {
        prop_assert_eq!(key().read(Purpose::Verp, &text), None);
    }
}

#[test]
fn a_reverse_path_holds_the_token_and_gives_it_back() {
    let verp = Verp::parse("bounces+{token}@Example.org").unwrap();
    let token = key().token(Purpose::Verp, CAMPAIGN_KEY, u64::MAX, "zhang@example.org");
    let address = verp.address(&token).unwrap();
    assert!(address.local().len() <= 64);
    assert_eq!(verp.token(address.as_str()), Some(token.as_str()));
    let upper = address.as_str().to_uppercase();
    assert!(key().read(Purpose::Verp, verp.token(&upper).unwrap()).is_some());
    for other in [
        "bounces@example.org",
        "bounces+@example.org",
        "list+abc@example.org",
        "bounces+a@example.com",
        "x",
        "é@",
    ] {
        assert_eq!(verp.token(other), None, "{other}");
    }
    assert_eq!(
        Verp::parse("{token}.bounce@example.org").unwrap().token("abc.bounce@example.org"),
        Some("abc")
    );
}

#[test]
fn a_template_that_makes_no_reverse_path_is_refused() {
    let given = |text: &str| text.to_owned();
    for (text, expected) in [
        ("bounces@example.org", VerpError::Place { given: given("bounces@example.org") }),
        ("{token}{token}@example.org", VerpError::Place { given: given("{token}{token}@example.org") }),
        ("b@{token}.example.org", VerpError::Place { given: given("b@{token}.example.org") }),
        ("{token}", VerpError::Place { given: given("{token}") }),
        (
            "much-too-long-for-this+{token}@example.org",
            VerpError::TooLong { given: given("much-too-long-for-this+{token}@example.org"), room: 19 },
        ),
    ] {
        assert_eq!(Verp::parse(text).unwrap_err(), expected);
    }
    for text in ["a b{token}@example.org", "{token}@", "{token}@exa\r\nmple.org", "<{token}@example.org"] {
        assert!(matches!(Verp::parse(text), Err(VerpError::Address { .. })), "{text:?}");
    }
}

fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("hongyan-token-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn a_key_is_made_once_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("made");
    let path = folder.join("deep/er/token.key");
    let made = Key::open_or_make(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing unfinished is left");
    assert_eq!(Key::open_or_make(&path).unwrap().0, made.0);
    assert_ne!(made.0, [0; 32]);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn many_at_once_get_the_same_key() {
    let folder = folder("once");
    let path = folder.join("token.key");
    let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(|| Key::open_or_make(&path).unwrap().0)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_key_that_others_can_use_or_that_is_none_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("refused");
    let path = folder.join("token.key");
    for (text, mode, exposed) in [
        ("00".repeat(32), 0o644, true),
        ("00".repeat(32), 0o602, true),
        (String::new(), 0o600, false),
        ("00".repeat(31), 0o600, false),
        ("0g".repeat(32), 0o600, false),
        ("00".repeat(33), 0o600, false),
        ("é0".repeat(32), 0o600, false),
    ] {
        fs::write(&path, &text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = Key::open_or_make(&path).unwrap_err();
        assert_eq!(matches!(error, KeyFileError::Exposed { .. }), exposed, "{text} {mode:o}: {error}");
        assert_eq!(matches!(error, KeyFileError::NotAKey { .. }), !exposed, "{text} {mode:o}: {error}");
        assert!(text.is_empty() || !format!("{error:?}{error}").contains(&text), "the key is not shown");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_path_may_begin_at_home_or_at_the_root() {
    let home = std::env::var("HOME").unwrap();
    for (path, expected) in [
        ("keys/token.key", "/campaign/keys/token.key".to_owned()),
        ("/etc/token.key", "/etc/token.key".to_owned()),
        ("~/token.key", format!("{}/token.key", home.trim_end_matches('/'))),
    ] {
        assert_eq!(whole(std::path::Path::new("/campaign"), path).display().to_string(), expected);
    }
}
