//! Every rule has an example that only it answers, and every failure gets a remedy in both languages.

mod examples;
mod receiving;

use std::collections::{BTreeSet, HashSet};
use std::io::{Error, ErrorKind};

use super::*;
use crate::outcome::Kind::{
    self, Auth as AuthKind, Capability, Local, Protocol, Refused, Timeout, Tls, Unreachable,
};
use crate::outcome::Stage::{self, *};
use crate::reply::{Collector, Reply};

const STAGES: [Stage; 20] = [
    Prepare,
    Resolve,
    Connect,
    Greeting,
    Hello,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    Content,
    End,
    Stage::Capability,
    Select,
    List,
    Fetch,
    Delete,
    Store,
    Idle,
    Quit,
];
const KINDS: [Kind; 8] = [Local, Unreachable, Timeout, Tls, AuthKind, Capability, Refused, Protocol];

fn reply(wire: &str) -> Reply {
    let mut collector = Collector::default();
    let mut replies = wire.lines().map(|line| collector.line(line.as_bytes()).expect("a reply line"));
    replies.find_map(|reply| reply).expect("a whole reply")
}

/// The server said this.
fn said(stage: Stage, wire: &str) -> Failure {
    Failure::refused(stage, reply(wire))
}

/// This was seen here.
fn seen(stage: Stage, kind: Kind, cause: &str) -> Failure {
    Failure::new(stage, kind, cause)
}

/// The operating system, or the TLS layer through it, said this.
fn os(stage: Stage, kind: Kind, error: ErrorKind, text: &str) -> Failure {
    Failure::io(stage, kind, Error::new(error, text))
}

/// Nothing more than stage and kind is known.
fn bare(stage: Stage, kind: Kind) -> Failure {
    Failure { stage, kind, reply: None, cause: None }
}

fn rules() -> impl Iterator<Item = &'static Rule> {
    TOPICS.into_iter().flatten().chain([&fallback::LAST, &fallback::IN_DOUBT])
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

fn check(remedy: &Remedy) {
    assert!(remedy.en.len() > 40 && remedy.zh.chars().filter(|c| is_han(*c)).count() > 10, "{remedy:?}");
    for text in [&remedy.en, &remedy.zh] {
        assert!(!text.contains(['{', '}', '\n']) && !text.contains("  "), "{remedy:?}");
    }
    assert!(remedy.en.ends_with(['.', ')']) || remedy.en.contains("Help: https://"), "{remedy:?}");
}

#[test]
fn every_example_is_answered_by_its_rule() {
    let mut answered = BTreeSet::from([fallback::IN_DOUBT.id]);
    let all = examples::with_replies().into_iter().chain(examples::without_replies());
    for (id, failure, provider) in all.chain(receiving::examples()) {
        let provider = provider.map(|domain| Provider::of_domain(domain).expect("a provider"));
        let remedy = failure.remedy(provider);
        assert_eq!(remedy.id, id, "{failure}");
        check(&remedy);
        answered.insert(id);
    }
    let all: BTreeSet<_> = rules().map(|rule| rule.id).collect();
    assert_eq!(
        all.difference(&answered).collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "rules that nothing reaches"
    );
}

#[test]
fn every_stage_and_kind_has_a_remedy_in_both_languages_for_every_provider() {
    for stage in STAGES {
        for kind in KINDS {
            for provider in crate::provider::PROVIDERS.iter().map(Some).chain([None]) {
                check(&bare(stage, kind).remedy(provider));
            }
        }
    }
}

#[test]
fn every_code_at_every_stage_has_a_remedy() {
    for stage in STAGES {
        for code in 400..600 {
            let remedy = said(stage, &format!("{code} words")).remedy(None);
            check(&remedy);
            assert_eq!(remedy.temporary, code < 500, "{stage} {code}");
        }
    }
}

#[test]
fn names_are_unique_and_facts_of_a_provider_are_only_spoken_where_it_is_known() {
    let mut names = HashSet::new();
    for rule in rules() {
        assert!(names.insert(rule.id), "{}", rule.id);
        assert_eq!(rule.text.en.contains('{'), rule.text.zh.contains('{'), "{}", rule.id);
        if rule.text.en.contains('{') {
            assert!(rule.when.iter().all(|when| when.needs_provider()), "{}", rule.id);
        }
        let limit = rule.id.starts_with("limit.");
        assert_eq!(rule.pause > 0, limit, "{}", rule.id);
        let all = ["every server", "all servers", "any certificate", "insecure", "所有服务器"];
        assert!(
            !all.iter().any(|word| rule.text.en.contains(word) || rule.text.zh.contains(word)),
            "{}",
            rule.id
        );
    }
}

#[test]
fn facts_of_the_provider_are_filled_in() {
    let qq = Provider::of_domain("qq.com");
    let login = said(Auth, "535 Login Fail.").remedy(qq);
    assert!(
        login.en.contains("QQ Mail did not accept the login") && login.en.contains("mail.qq.com"),
        "{login:?}"
    );
    assert!(login.zh.contains("授权码") && login.zh.contains("设置 → 账号"), "{login:?}");
    assert!(login.zh.contains("https://service.mail.qq.com/"), "{login:?}");
    let refused = seen(Connect, Unreachable, "no connection: Connection refused").remedy(qq);
    assert!(
        refused.en.contains("smtps://smtp.qq.com:465 or smtp://smtp.qq.com:587 (STARTTLS)"),
        "{refused:?}"
    );
    assert!(refused.zh.contains("smtps://smtp.qq.com:465 或 smtp://smtp.qq.com:587"), "{refused:?}");
}

#[test]
fn slow_down_is_temporary_whatever_its_code() {
    let minutes = |failure: &Failure| failure.rate_limit().map(|pause| pause.as_secs() / 60);
    for (stage, wire, pause) in [
        (End, "550 Ip frequency limited", Some(15)),
        (Mail, "451 MI:SFQ 163 smtp1", Some(15)),
        (End, "451 DT:SPM ,please try again", Some(2)),
        (Rcpt, "550 RP:ORQ 163 smtp1", Some(24 * 60)),
        (Mail, "450 MI:DMC 163 smtp1", Some(1)),
        (End, "550 5.4.5 Daily user sending limit exceeded.", Some(24 * 60)),
        // These are none: a wrong password, spam, an unknown recipient, a full mailbox.
        (Auth, "535 Login fail. password is incorrect, login frequency limited, or system is busy.", None),
        (End, "554 DT:SPM 163 smtp1", None),
        (Rcpt, "550 5.1.1 User unknown", None),
        (Rcpt, "552 5.2.2 over quota", None),
    ] {
        let failure = said(stage, wire);
        assert_eq!(minutes(&failure), pause, "{wire}");
        assert_eq!(is_rate_limit(&failure), pause.is_some(), "{wire}");
        let permanent = pause.is_none();
        assert_eq!(failure.is_permanent(), permanent, "{wire}");
        assert_eq!(failure.remedy(None).temporary, !permanent, "{wire}");
        let deferred = matches!(Verdict::failed(failure), Verdict::Deferred(_));
        assert_eq!(deferred, !permanent, "{wire}");
    }
    assert_eq!(seen(Mail, Timeout, "frequency limited").rate_limit(), None, "our own words are no reply");
}

#[test]
fn a_verdict_says_more_than_its_failure() {
    let lost = || seen(End, Unreachable, "the server closed the connection");
    let remedy = Verdict::InDoubt(lost()).remedy(None).expect("a remedy");
    assert_eq!((remedy.id, remedy.temporary), ("in-doubt", false));
    check(&remedy);
    assert_eq!(Verdict::failed(lost()).remedy(None), Some(lost().remedy(None)));
    assert_eq!(Verdict::Accepted(reply("250 ok").into()).remedy(None), None);
}
