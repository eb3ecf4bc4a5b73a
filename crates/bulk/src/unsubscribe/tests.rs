//! What stands in the fields, and what is read out of a subject.

use super::*;

const CAMPAIGN: &str = "00112233445566778899aabbccddeeff";

fn config(mailto: Option<&str>, url: Option<&str>) -> campaign::Unsubscribe {
    campaign::Unsubscribe { mailto: mailto.map(str::to_owned), url: url.map(str::to_owned), key: None }
}

fn key() -> Key {
    Key::from_octets([7; 32])
}

fn fields(mailto: Option<&str>, url: Option<&str>) -> Vec<(&'static str, String)> {
    Unsubscribe::from_config(&config(mailto, url), &key()).unwrap().fields(CAMPAIGN, 42, "zhang@example.org")
}

#[test]
fn a_letter_says_what_is_configured_and_nothing_else() {
    let token = key().token(Purpose::Unsubscribe, CAMPAIGN, 42, "zhang@example.org");
    let mail = format!("<mailto:leave@example.org?subject=unsubscribe%20{token}>");
    let link = format!("<https://example.org/u/{token}>");
    let post = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned());
    assert_eq!(fields(Some("leave@example.org"), None), [("List-Unsubscribe", mail.clone())]);
    for url in ["https://example.org/u", " https://example.org/u/ ", "HTTPS://example.org/u//"] {
        assert_eq!(fields(None, Some(url)), [("List-Unsubscribe", link.clone()), post.clone()], "{url}");
    }
    let both = fields(Some("mailto:leave@example.org"), Some("https://example.org/u"));
    assert_eq!(both, [("List-Unsubscribe", format!("{link}, {mail}")), post]);
}

#[test]
fn an_address_that_a_uri_cannot_hold_is_escaped() {
    let fields = fields(Some("leave&?%x@example.org"), None);
    assert!(fields[0].1.starts_with("<mailto:leave%26%3F%25x@example.org?subject="), "{fields:?}");
}

#[test]
fn settings_that_lead_nowhere_are_refused() {
    for (mailto, url) in [
        (None, None),
        (Some("nobody"), None),
        (Some("a@example.org>\r\nBcc: b@example.org"), None),
        (None, Some("http://example.org/u")),
        (None, Some("https://")),
        (None, Some("https:///u")),
        (None, Some("https://example.org/u?t=")),
        (None, Some("https://example.org/u#t")),
        (None, Some("https://example.org/<u>")),
        (None, Some("https://example.org/u\r\nX: y")),
        (None, Some("https://用户@example.org/")),
        (None, Some("鸿雁鸿雁")),
    ] {
        let error = Unsubscribe::from_config(&config(mailto, url), &key()).unwrap_err();
        assert!(!error.problem().next.zh.is_empty(), "{mailto:?} {url:?}");
    }
}

#[test]
fn the_token_is_found_in_a_subject_whatever_stands_around_it() {
    let token = key().token(Purpose::Unsubscribe, CAMPAIGN, 42, "zhang@example.org");
    for subject in [
        format!("unsubscribe {token}"),
        format!("Re: Unsubscribe {}", token.to_uppercase()),
        format!("退订：unsubscribe {token}。"),
        format!("unsubscribe%20{token}").replace("%20", "\u{a0}"),
        format!("[list] <{token}>"),
    ] {
        assert_eq!(asked(&key(), &subject).map(|claim| claim.row), Some(42), "{subject}");
    }
    let verp = key().token(Purpose::Verp, CAMPAIGN, 42, "zhang@example.org");
    for subject in [
        "unsubscribe",
        "",
        &format!("unsubscribe {verp}"),
        &format!("unsubscribe {token}x"),
        &" ".repeat(5000),
    ] {
        assert_eq!(asked(&key(), subject), None, "{subject}");
    }
}

#[test]
fn the_link_for_a_text_is_the_one_of_the_field() {
    let unsubscribe = Unsubscribe::from_config(&config(None, Some("https://example.org/u")), &key()).unwrap();
    let link = unsubscribe.link(CAMPAIGN, 1, "zhang@example.org").unwrap();
    assert!(unsubscribe.fields(CAMPAIGN, 1, "zhang@example.org")[0].1.contains(&format!("<{link}>")));
    let mail_only = Unsubscribe::from_config(&config(Some("leave@example.org"), None), &key()).unwrap();
    assert_eq!(mail_only.link(CAMPAIGN, 1, "zhang@example.org"), None);
}
