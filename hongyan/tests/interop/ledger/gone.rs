//! Workers that are gone, for good or for a while.

use hongyan_bulk::ledger::{Ledger, Outcome, State, Time};

use tokio::runtime::Handle;

use super::cluster::{Cluster, at, open, quick};
use super::proxy::Proxy;
use super::{accepted, block_on, ids, load, manifest, pause, recipients};
use crate::process::eventually;

#[test]
fn what_a_worker_left_comes_back_when_its_lease_has_ended() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        load(&cluster.database(), manifest("离开"), 4).await;
        let gone = open(&cluster.database(), quick()).await;
        let leased = recipients(&gone.lease(3, Time::now()).await.expect("leased"));
        gone.begin(ids(&leased[..1]), Time::now()).await.expect("begun");
        drop(gone); // nobody prolongs its lease any more
        let other = open(&cluster.database(), quick()).await;
        assert_eq!(
            ids(&recipients(&other.lease(9, Time::now()).await.expect("leased"))).len(),
            1,
            "the fourth"
        );
        let due = other.next_due().await.expect("a time").expect("when the other one's lease ends");
        assert!(due > Time::now() && due.since(Time::now()) <= quick().lease);
        assert_eq!(other.runners().await.expect("a list").len(), 1, "two workers of one process");
        pause(2_300).await;
        let back = recipients(&other.lease(9, Time::now()).await.expect("leased"));
        assert_eq!(ids(&back), ids(&leased[1..]), "what was not begun is leased again");
        assert_eq!(back[0].attempt, 1, "as if nothing had been");
        let tally = other.tally().await.expect("a tally");
        assert_eq!((tally.of(State::InDoubt), tally.of(State::Leased)), (1, 3), "what was begun is in doubt");
    });
}

#[test]
fn a_lease_is_prolonged_while_something_is_held() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        load(&cluster.database(), manifest("续租"), 1).await;
        let (slow, other) =
            (open(&cluster.database(), quick()).await, open(&cluster.database(), quick()).await);
        let leased = recipients(&slow.lease(1, Time::now()).await.expect("leased"));
        slow.begin(ids(&leased), Time::now()).await.expect("begun");
        for _ in 0..10 {
            pause(500).await;
            assert!(other.lease(1, Time::now()).await.expect("leased").is_empty());
        }
        assert_eq!(other.tally().await.expect("a tally").of(State::InData), 1, "in 5 s with a lease of 2 s");
        slow.settle(vec![accepted(&leased[0])]).await.expect("settled");
        assert_eq!(other.tally().await.expect("a tally").of(State::Accepted), 1);
    });
}

#[test]
fn a_worker_that_wakes_after_its_lease_has_ended_begins_nothing_and_settles_only_doubt() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        load(&cluster.database(), manifest("醒来"), 3).await;
        let proxy = Proxy::to(cluster.port());
        let slept = open(&at(&cluster.url_at(proxy.port())), quick()).await;
        let leased = recipients(&slept.lease(3, Time::now()).await.expect("leased"));
        let [sent, unsent, lost] = &leased[..] else { panic!("three letters") };
        assert_eq!(slept.begin(vec![sent.id], Time::now()).await.expect("begun"), [sent.id]);
        proxy.hold(); // whatever it asks for now arrives when it is too late
        let late = tokio::spawn({
            let id = lost.id;
            let begin = std::sync::Arc::new(slept);
            let asking = begin.clone();
            async move { (asking.begin(vec![id], Time::now()).await, begin) }
        });
        pause(2_300).await;
        let other = open(&cluster.database(), quick()).await;
        let taken = recipients(&other.lease(9, Time::now()).await.expect("leased"));
        assert_eq!(ids(&taken), [unsent.id, lost.id]);
        assert_eq!(other.tally().await.expect("a tally").of(State::InDoubt), 1);
        assert_eq!(other.begin(ids(&taken), Time::now()).await.expect("begun"), ids(&taken));
        proxy.mend();
        let (late, slept) = late.await.expect("no panic");
        assert_eq!(late.expect("an answer"), [], "it is somebody else's");
        assert_eq!(slept.begin(vec![unsent.id, lost.id], Time::now()).await.expect("an answer"), []);
        // The server's answer for what it had sent comes late, and clears the doubt; what it says of others' letters is void.
        slept.settle(vec![accepted(sent)]).await.expect("settled");
        slept.settle(vec![Outcome { state: State::Rejected, ..accepted(unsent) }]).await.expect("settled");
        let tally = other.tally().await.expect("a tally");
        assert_eq!((tally.of(State::Accepted), tally.of(State::InData)), (1, 2), "{tally:?}");
        other.settle(taken.iter().map(accepted).collect()).await.expect("settled");
        assert_eq!(other.tally().await.expect("a tally").of(State::Accepted), 3);
    });
}

#[test]
fn an_answer_clears_no_doubt_of_somebody_elses_attempt() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        load(&cluster.database(), manifest("别人"), 1).await;
        let proxy = Proxy::to(cluster.port());
        let first = open(&at(&cluster.url_at(proxy.port())), quick()).await;
        let mine = recipients(&first.lease(1, Time::now()).await.expect("leased"));
        proxy.cut();
        pause(2_300).await;
        let second = open(&cluster.database(), quick()).await;
        let theirs = recipients(&second.lease(1, Time::now()).await.expect("leased"));
        assert_eq!(
            (theirs[0].id, theirs[0].attempt),
            (mine[0].id, mine[0].attempt),
            "the first one never began"
        );
        second.begin(ids(&theirs), Time::now()).await.expect("begun");
        second.leave().await.expect("left");
        proxy.mend();
        // Its row could not be rendered, say. That is no news of the letter that the second one may have sent.
        first.settle(vec![Outcome { state: State::Rejected, ..accepted(&mine[0]) }]).await.expect("settled");
        assert_eq!(first.tally().await.expect("a tally").of(State::InDoubt), 1);
    });
}

#[test]
fn nobody_is_done_while_somebody_else_is_taking_over_what_a_worker_left() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        load(&cluster.database(), manifest("接管"), 1).await;
        let gone = open(&cluster.database(), quick()).await;
        let leased = recipients(&gone.lease(1, Time::now()).await.expect("leased"));
        drop(gone);
        let other = open(&cluster.database(), quick()).await;
        cluster.sql("mail", "UPDATE hongyan.worker SET ended = clock_timestamp()");
        // As a third worker does that sweeps what the first one left, slowly.
        let slowly = "SELECT id FROM hongyan.worker FOR UPDATE; SELECT pg_sleep(2)";
        std::thread::scope(|scope| {
            scope.spawn(|| cluster.sql("mail", slowly));
            let locked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
            assert!(eventually(|| cluster.sql("mail", locked) == "1"), "nobody sweeps");
            let due = tokio::task::block_in_place(|| Handle::current().block_on(other.next_due()));
            assert!(due.expect("a time").is_some(), "what it held will be back");
        });
        assert!(other.next_due().await.expect("a time").is_some(), "it is back");
        assert_eq!(ids(&recipients(&other.lease(1, Time::now()).await.expect("leased"))), ids(&leased));
    });
}
