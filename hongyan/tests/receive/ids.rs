//! Servers that give messages other ids than before: no message is skipped that is not here, and none is deleted that
//! is not.

use std::time::Duration;

use hongyan::receive::{Doubt, Options, Policy};

use crate::place::{Bag, By, Place, USER, mails};

/// Mails of one size each, so that sizes tell nothing.
fn alike(names: &str) -> Vec<Vec<u8>> {
    let mail = |name| format!("Subject: {name}\r\nMessage-ID: <{name}@example.org>\r\n\r\nThe same.\r\n");
    names.chars().map(|name| mail(name).into_bytes()).collect()
}

fn bag(mails: &[Vec<u8>]) -> Bag {
    mails.iter().cloned().collect()
}

/// Makes the maildrop give its mails these unique-ids, in order.
fn name(place: &Place, ids: &[&str]) {
    let there = place.accounts().mails(USER, "INBOX").unwrap();
    assert_eq!(there.len(), ids.len());
    for (mail, id) in there.iter().zip(ids) {
        place.accounts().set_unique_id(USER, "INBOX", mail.uid, Some(id)).unwrap();
    }
}

async fn replace(place: &Place, with: &[Vec<u8>]) {
    let uids: Vec<u32> = place.accounts().mails(USER, "INBOX").unwrap().iter().map(|mail| mail.uid).collect();
    place.accounts().remove(USER, "INBOX", &uids).unwrap();
    for mail in with {
        place.put(mail).await;
    }
}

#[tokio::test]
async fn whatever_a_server_does_with_its_unique_ids_nothing_is_skipped_or_deleted_wrongly() {
    /// What it is, mails and ids at first, mails and ids then, the doubt
    type Row<'a> = (&'a str, &'a str, &'a [&'a str], &'a str, &'a [&'a str], Option<Doubt>);
    let rows: &[Row<'_>] = &[
        ("the same", "abc", &["1", "2", "3"], "abc", &["1", "2", "3"], None),
        ("one more", "ab", &["1", "2"], "abc", &["1", "2", "3"], None),
        ("one less", "abc", &["1", "2", "3"], "bc", &["2", "3"], None),
        ("swapped", "abc", &["1", "2", "3"], "abc", &["2", "1", "3"], Some(Doubt::Reused)),
        ("repeated", "abc", &["1", "2", "3"], "abc", &["1", "1", "3"], Some(Doubt::Incomplete)),
        (
            "repeated from the start",
            "abc",
            &["1", "1", "1"],
            "abcd",
            &["1", "1", "1", "1"],
            Some(Doubt::Incomplete),
        ),
        ("emptied", "abc", &["1", "2", "3"], "abc", &["", "", ""], Some(Doubt::Incomplete)),
        ("all new", "abc", &["1", "2", "3"], "abc", &["x", "y", "z"], None),
        (
            "numbered anew after one is gone",
            "abc",
            &["1", "2", "3"],
            "bcd",
            &["1", "2", "3"],
            Some(Doubt::Reused),
        ),
        ("numbered anew before a new one", "bc", &["1", "2"], "abc", &["1", "2", "3"], Some(Doubt::Reused)),
        ("an id of one that is gone, again", "ab", &["1", "2"], "bc", &["2", "1"], Some(Doubt::Reused)),
        (
            "other mails under the same ids",
            "abc",
            &["1", "2", "3"],
            "xyz",
            &["1", "2", "3"],
            Some(Doubt::Reused),
        ),
        ("two of the same", "aab", &["1", "2", "3"], "aab", &["2", "3", "4"], Some(Doubt::Reused)),
    ];
    let mut place = Place::new(&[]).await;
    for (what, first, ids, then, ids_then, doubt) in rows {
        let (first, then) = (alike(first), alike(then));
        place.again(&first).await;
        name(&place, ids);
        let (_, done) = place.fetch(By::Pop3, &Options::default()).await;
        done.unwrap();
        assert_eq!(place.here(), bag(&first), "{what}");

        replace(&place, &then).await;
        name(&place, ids_then);
        let (report, done) = place.fetch(By::Pop3, &Options::default()).await;
        done.unwrap();
        assert_eq!(report.doubt, *doubt, "{what}");
        let all = place.here();
        assert_eq!(Bag::missing(&bag(&then), &all, &Bag::default()), Vec::<String>::new(), "{what}: skipped");
        assert_eq!(Bag::missing(&bag(&first), &all, &Bag::default()), Vec::<String>::new(), "{what}: lost");
        assert!(
            all.len() <= bag(&first).union(&bag(&then)).len(),
            "{what}: more copies than messages: {all:?}"
        );

        let options = Options { policy: Policy::Delete, ..Options::default() };
        place.fetch(By::Pop3, &options).await.1.unwrap();
        assert_eq!(place.there(), Bag::default(), "{what}: left on the server");
        assert_eq!(place.here(), all, "{what}: changed by deleting");
    }
}

#[tokio::test]
async fn a_mail_that_came_to_an_old_id_is_not_deleted_in_its_place() {
    // More mails than a sample looks at, all of one size; the one that is exchanged is in the middle.
    let names = "abcdefghijklmnopqrstuvwxyz";
    let before = alike(names);
    let place = Place::new(&before).await;
    let ids: Vec<String> = (0..before.len()).map(|n| format!("id{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    name(&place, &ids);
    place.fetch(By::Pop3, &Options::default()).await.1.unwrap();

    let mut after = before.clone();
    after[11] = alike("X").remove(0);
    replace(&place, &after).await;
    name(&place, &ids);
    let options = Options { policy: Policy::DeleteAfter(Duration::ZERO), ..Options::default() };
    let (report, done) = place.fetch(By::Pop3, &options).await;
    done.unwrap();
    let lost = Bag::missing(&bag(&after), &place.here(), &place.there());
    assert_eq!(lost, Vec::<String>::new(), "{report:?}");
    // Found by the sample, by chance, or else by the look before deleting.
    assert!(report.doubt == Some(Doubt::Reused) || report.left == [12], "{report:?}");
}

#[tokio::test]
async fn another_uidvalidity_means_a_second_look_and_no_second_copy() {
    let mails = mails(9);
    let place = Place::new(&mails).await;
    place.fetch(By::Imap, &Options::default()).await.1.unwrap();
    place.accounts().renumber(USER, "INBOX").unwrap();
    let new = alike("n").remove(0);
    place.put(&new).await;
    let (report, done) = place.fetch(By::Imap, &Options::default()).await;
    done.unwrap();
    assert_eq!((report.fetched, report.recognised), (1, 9), "{report:?}");
    assert_eq!(place.here(), mails.iter().cloned().chain([new]).collect());
    let (report, done) = place.fetch(By::Imap, &Options::default()).await;
    done.unwrap();
    assert_eq!((report.fetched, report.recognised, report.skipped), (0, 0, 10), "{report:?}");
}
