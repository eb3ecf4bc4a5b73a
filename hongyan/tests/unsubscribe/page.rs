//! What is asked, what is done, and what is not.

use hongyan::bulk::token::Purpose;
use hongyan::web::door::Limits;
use hongyan::web::unsubscribe::{Happened, MAX_BODY};

use crate::browser::{CAMPAIGN, Server, assert_status, key, token};

const FORM: &str = "application/x-www-form-urlencoded";
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

#[test]
fn a_link_asks_and_changes_nothing_however_often_it_is_opened() {
    let server = Server::start();
    let path = format!("/u/{}", token(2, "zhang.san@example.org"));
    for _ in 0..3 {
        let page = server.get(&path, "en");
        assert_status(&page, 200);
        for part in [
            "<html lang=\"en\">",
            "Z•••@example.org",
            "<form method=\"post\">",
            "value=\"One-Click\"",
            "Unsubscribe</button>",
        ] {
            assert!(page.contains(part), "{part:?} in {page}");
        }
        assert!(!page.contains("Zhang") && !page.contains("lisi"), "{page}");
        assert_status(&server.raw(&format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")), 200);
    }
    assert_eq!(server.taken_off(), Vec::<String>::new());
    assert_eq!(server.told(), []);
}

#[test]
fn a_page_speaks_the_readers_language() {
    let server = Server::start();
    let path = format!("/u/{}", token(3, "wangwu@example.com"));
    let page = server.get(&path, "zh-CN,zh;q=0.9,en;q=0.8");
    for part in ["<html lang=\"zh-CN\">", "要退订吗？", "w•••@example.com", "确认退订"] {
        assert!(page.contains(part), "{part:?} in {page}");
    }
    assert!(server.get("/", "zh").contains("链接无效"));
}

#[test]
fn one_click_takes_the_reader_off_at_once() {
    let multipart =
        "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    for (kind, body) in
        [(FORM, ONE_CLICK), ("multipart/form-data; boundary=x", multipart), ("text/plain", ONE_CLICK)]
    {
        let server = Server::start();
        let answer = server.post(&format!("/u/{}", token(2, "zhang.san@example.org")), kind, body);
        assert_status(&answer, 200);
        assert!(
            answer.contains("You are unsubscribed") && !answer.to_lowercase().contains("set-cookie"),
            "{answer}"
        );
        assert!(!answer.contains("Location:"), "RFC 8058 §3.1: no redirection");
        assert_eq!(server.taken_off(), ["Zhang.San@example.org"]);
        let told =
            Happened::Off { address: "Z•••@example.org".into(), campaign: "newsletter".into(), row: 2 };
        assert_eq!(server.told(), [told]);
    }
}

#[test]
fn a_second_click_is_as_good_as_the_first() {
    let server = Server::start();
    let path = format!("/{}", token(3, "wangwu@example.com").to_uppercase());
    for _ in 0..2 {
        assert_status(&server.post(&path, FORM, ONE_CLICK), 200);
    }
}

#[test]
fn the_path_before_the_token_does_not_matter() {
    let server = Server::start();
    let token = token(3, "wangwu@example.com");
    for path in [format!("/{token}"), format!("/a/b/c/{token}"), format!("/u/{token}?utm_source=x")] {
        assert_status(&server.get(&path, "en"), 200);
    }
}

#[test]
fn a_token_that_is_not_ours_takes_nobody_off_and_says_nothing() {
    let server = Server::start();
    let good = token(2, "zhang.san@example.org");
    let cut = &good[..good.len() - 1];
    let changed = format!("{}{}", cut, if good.ends_with('a') { 'b' } else { 'a' });
    let verp = key().token(Purpose::Verp, CAMPAIGN, 2, "zhang.san@example.org");
    let long = "a".repeat(5_000);
    for path in ["/", "/u/", "/u/x", cut, &changed, &verp, &long, "/u/%00", "/../../etc/passwd", "/u/..%2f"] {
        let path = format!("/u/{}", path.trim_start_matches('/'));
        for answer in [server.get(&path, "en"), server.post(&path, FORM, ONE_CLICK)] {
            assert_status(&answer, 404);
            assert!(answer.contains("This link is not valid") && !answer.contains("example"), "{answer}");
        }
    }
    assert_eq!(server.taken_off(), Vec::<String>::new());
}

#[test]
fn a_post_that_does_not_ask_for_it_changes_nothing() {
    let server = Server::start();
    let path = format!("/u/{}", token(2, "zhang.san@example.org"));
    let large = format!("{}{ONE_CLICK}", "x".repeat(MAX_BODY));
    for body in ["", "List-Unsubscribe", "One-Click", "One-Click List-Unsubscribe", &large] {
        assert_status(&server.post(&path, FORM, body), 400);
    }
    for method in ["PUT", "DELETE", "OPTIONS", "PATCH"] {
        let answer = server.raw(&format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        assert_status(&answer, 405);
        assert!(answer.contains("allow: GET, HEAD, POST"), "{answer}");
    }
    assert_eq!(server.taken_off(), Vec::<String>::new());
}

#[test]
fn a_letter_of_another_campaign_asks_the_reader_to_come_again_and_tells_the_owner() {
    let server = Server::start();
    let elsewhere = key().token(Purpose::Unsubscribe, "another", 9, "zhang.san@example.org");
    // The right campaign and row, but nobody in it has this address.
    let nobody = token(2, "zhaoliu@example.org");
    for (token, row) in [(elsewhere, 9), (nobody, 2)] {
        let answer = server.post(&format!("/u/{token}"), FORM, ONE_CLICK);
        assert_status(&answer, 503);
        assert!(answer.contains("still on the list") && answer.contains("retry-after"), "{answer}");
        let told = server.told();
        assert!(matches!(told.last(), Some(Happened::Absent { row: seen, .. }) if *seen == row), "{told:?}");
    }
    assert_eq!(server.taken_off(), Vec::<String>::new());
}

#[test]
fn a_list_that_cannot_be_written_never_says_that_it_was() {
    let server = Server::start_with(true, Limits::default(), None);
    let answer = server.post(&format!("/u/{}", token(2, "zhang.san@example.org")), FORM, ONE_CLICK);
    assert_status(&answer, 503);
    assert!(answer.contains("still on the list") && !answer.contains("You are unsubscribed"), "{answer}");
    assert!(!answer.contains("disk"), "what is wrong here is nobody else's business: {answer}");
    assert!(matches!(&server.told()[..], [Happened::Failed(why)] if why.en == "the disk is full"));
}

#[test]
fn a_copys_reader_has_the_letters_token_and_their_own_would_work_as_well() {
    let server = Server::start();
    assert_status(&server.post(&format!("/u/{}", token(2, "lisi@example.org")), FORM, ONE_CLICK), 200);
    assert_eq!(server.taken_off(), ["lisi@example.org"]);
}

#[test]
fn a_browser_may_do_nothing_with_a_page_but_show_it_and_send_its_form() {
    let server = Server::start();
    for path in [format!("/u/{}", token(2, "zhang.san@example.org")), "/nothing".to_owned()] {
        let page = server.get(&path, "en").to_lowercase();
        for header in [
            "content-security-policy: default-src 'none'; style-src 'sha256-",
            "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
            "x-content-type-options: nosniff",
            "x-robots-tag: noindex",
            "connection: close",
        ] {
            assert!(page.contains(header), "{header:?} in {page}");
        }
        for outside in ["http://", "https://", "<script", "<link", "<img", "url("] {
            assert!(!page.contains(outside), "{outside:?} in {page}");
        }
    }
}
