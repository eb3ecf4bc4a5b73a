//! Who is tried again, and what becomes of those in doubt.

use std::fs;

use hongyan::sandbox::{Config, Sandbox, User};
use hongyan_bulk::ledger::{Filter, Ledger as _, State};
use serde_json::Value;

use crate::made::{CAMPAIGN, KEY, campaign_of};
use crate::place::{Place, runtime};

fn count(place: &Place, state: State) -> u64 {
    runtime().block_on(place.ledger().tally()).unwrap().of(state)
}

#[test]
fn who_is_tried_again_is_counted_and_told_how_to_be_sent_to() {
    let place = Place::new("retry");
    for (arguments, code, said) in [
        (&["retry", "c", "--row", "2"][..], 65, "bulk retry: nobody of these rows is deferred or rejected"),
        (
            &["retry", "c", "--only", "deferred", "--row", "3"],
            65,
            "bulk retry: nobody of these rows is deferred\n",
        ),
        (
            &["retry", "c", "--only", "rejected"],
            0,
            "1 put back among those to be sent to. To send: hongyan bulk run c",
        ),
        (&["retry", "c", "--only", "rejected"], 65, "bulk retry: nobody is rejected\n"),
        (&["retry", "c", "--json"], 0, "{\"changed\":1,\"pending\":5}"),
    ] {
        let ran = place.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {ran:?}");
        assert!(format!("{}{}", ran.out, ran.err).starts_with(said), "{arguments:?}: {ran:?}");
    }
    assert_eq!((count(&place, State::Pending), count(&place, State::InDoubt)), (5, 2));
}

#[test]
fn a_campaign_that_is_paused_stays_so_until_it_is_resumed() {
    let place = Place::new("pause");
    assert_eq!(
        place.run(&["pause", "c", "--json"]).out,
        "{\"paused\":true,\"was_paused\":false,\"running\":false}\n"
    );
    assert!(place.run(&["status", "c"]).out.contains("  paused, not running\n"));
    assert!(place.run(&["pause", "c"]).out.starts_with("Paused. Nothing was running"));
    assert!(place.run(&["resume", "c"]).out.starts_with("No longer paused. Nothing is running; to go on: "));
    assert!(place.run(&["status", "c"]).out.contains("  not running\n"));
}

#[test]
fn those_in_doubt_are_listed_and_decided_about_only_by_name() {
    let place = Place::new("resolve");
    let ran = place.run(&["resolve", "c"]);
    assert_eq!((ran.code, ran.err.as_str()), (75, ""));
    for line in [
        "row 5  row5@example.org\n",
        "  seen          the answer to the message: the server closed the connection\n",
        &format!("  Message-ID    <5.{KEY}@example.org>\n"),
        "2 in doubt: they may have the mail or not.",
    ] {
        assert!(ran.out.contains(line), "{line:?} in {}", ran.out);
    }
    let ran = place.run(&["resolve", "c", "--json", "--row", "7"]);
    let one: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&one["address"], &one["account"]), (&"boss@example.org".into(), &"default".into()));
    let ran = place.run(&["resolve", "c", "--resend"]);
    assert_eq!((ran.code, count(&place, State::InDoubt)), (64, 2), "nobody was named: {ran:?}");
    let ran = place.run(&["resolve", "c", "--row", "5", "--found"]);
    assert_eq!((ran.code, count(&place, State::Accepted)), (75, 3), "one is left: {ran:?}");
    let ran = place.run(&["resolve", "c", "--all", "--resend"]);
    assert_eq!((ran.code, count(&place, State::Pending)), (0, 4), "{ran:?}");
    assert!(ran.out.ends_with("Nobody is in doubt.\n"), "{}", ran.out);
    assert_eq!(place.run(&["resolve", "c"]).out, "Nobody is in doubt.\n");
}

/// The sender is the account's here, whose IMAP server is the sandbox's.
#[test]
fn a_mail_among_the_sent_ends_the_doubt_and_one_that_is_not_there_does_not() {
    let place = Place::empty("search");
    let toml = CAMPAIGN.replace("from = \"人事部 <hr@example.org>\"\n", "");
    let runtime = runtime();
    let (sandbox, uid) = runtime.block_on(async {
        campaign_of(&place.path("c/ledger.sqlite"), &toml).await;
        let users = vec![User::new("me@example.org", "secret")];
        let sandbox = Sandbox::start(Config { users, ..Config::default() }).await.unwrap();
        let mail = format!("Message-ID: <5.{KEY}@example.com>\r\nSubject: x\r\n\r\nsent\r\n");
        let uid = sandbox.store().put("me@example.org", "Sent", mail.as_bytes()).await.unwrap();
        (sandbox, uid)
    });
    let port = sandbox.imap().unwrap().port();
    fs::create_dir_all(place.path(".config/hongyan")).unwrap();
    let account = |imap: &str| {
        format!(
            "[account.default]\nfrom = \"me@example.com\"\nuser = \"me@example.org\"\n{imap}tls = \"none\"\n"
        )
    };
    let config = place.path(".config/hongyan/config.toml");
    fs::write(&config, account("server = \"smtp://127.0.0.1\"\n")).unwrap();
    let ran = place.run(&["resolve", "c", "--search-sent"]);
    assert_eq!(ran.code, 78, "nobody knows where to look: {ran:?}");
    fs::write(&config, account(&format!("imap = \"imap://127.0.0.1:{port}\"\n"))).unwrap();
    let mut command = place.command(&["resolve", "c", "--search-sent", "--wait", "0"]);
    command.env("HONGYAN_PASSWORD", "secret");
    // The sandbox answers on this thread's runtime.
    let ran = runtime.block_on(async {
        tokio::task::spawn_blocking(move || crate::place::Ran::from(command.output().unwrap())).await.unwrap()
    });
    assert_eq!(ran.code, 75, "{ran:?}");
    assert_eq!(
        ran.out,
        format!(
            "Sent at imap://127.0.0.1:{port}:\n  found  row 5  row5@example.org  UID {uid}\n  \
             not found  row 7  boss@example.org\n1 still in doubt: hongyan bulk resolve c\n"
        )
    );
    assert!(ran.err.contains("Not found proves nothing here"), "{}", ran.err);
    let filter = Filter { state: None, row: Some(5) };
    let entry = runtime.block_on(place.ledger().page(Default::default(), 1, filter)).unwrap().remove(0);
    assert_eq!(entry.state, State::Accepted);
    let cause = &entry.attempts[0].evidence.cause;
    assert!(cause.starts_with(&format!("found in the folder for sent mail: Sent, UID {uid}")), "{cause}");
    runtime.block_on(sandbox.stop());
}
