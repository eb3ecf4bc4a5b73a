//! What a ledger keeps of a failure, as a failure again: so that advice can be given long after it happened.

use std::sync::Arc;

use hongyan_proto::outcome::{Cause, Failure, Kind, Stage};
use hongyan_proto::reply::{Code, Enhanced, Reply};

use crate::ledger::Evidence;

const STAGES: [Stage; 12] = [
    Stage::Prepare,
    Stage::Resolve,
    Stage::Connect,
    Stage::Greeting,
    Stage::Hello,
    Stage::StartTls,
    Stage::Auth,
    Stage::Mail,
    Stage::Rcpt,
    Stage::Data,
    Stage::Content,
    Stage::End,
];

/// Why a recipient got nothing; `None` where the evidence names no failure.
///
/// The kind of what was seen on this side is concluded from its stage and words, as the ledger keeps only these.
pub fn failure(evidence: &Evidence) -> Option<Failure> {
    let reply = reply(&evidence.reply).map(Arc::new);
    let (stage, cause) = STAGES.into_iter().find_map(|stage| {
        match evidence.cause.strip_prefix(&stage.to_string())? {
            // A run writes the stage alone where the server's words say everything.
            "" => reply.is_some().then_some((stage, "")),
            words => Some((stage, words.strip_prefix(": ")?)),
        }
    })?;
    // "the server said …" repeats the reply.
    let seen = Some(cause)
        .filter(|cause| !cause.is_empty() && (reply.is_none() || !cause.starts_with("the server said ")));
    let kind = match (&reply, stage) {
        (Some(_), Stage::Auth) => Kind::Auth,
        (Some(_), _) if seen.is_none() => Kind::Refused,
        _ => kind(stage, cause),
    };
    Some(Failure { stage, kind, reply, cause: seen.map(|seen| Cause::Text(seen.to_owned())) })
}

/// The reply that stands on one line.
fn reply(line: &str) -> Option<Reply> {
    let (code, text) = line.split_at_checked(3)?;
    let code = Code::new(code.parse().ok()?)?;
    let text = text.trim_start();
    let (enhanced, text) =
        Enhanced::split(text).map_or((None, text), |(enhanced, rest)| (Some(enhanced), rest));
    Some(Reply::new(code, enhanced, text))
}

/// What sort of thing these words tell of.
fn kind(stage: Stage, words: &str) -> Kind {
    let words = words.to_ascii_lowercase();
    let has = |any: &[&str]| any.iter().any(|one| words.contains(one));
    match stage {
        Stage::Prepare => Kind::Local,
        _ if has(&["timed out", "no answer", "took too long"]) => Kind::Timeout,
        Stage::Resolve | Stage::Connect => Kind::Unreachable,
        Stage::StartTls => Kind::Tls,
        Stage::Auth => Kind::Auth,
        _ if has(&["closed", "reset", "broken pipe", "connection", "gone"]) => Kind::Unreachable,
        _ if has(&["offer", "support"]) => Kind::Capability,
        _ => Kind::Protocol,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_is_that_of_the_failure_itself() {
        let no = |stage, code, enhanced: Option<(u8, u16, u16)>, text: &str| {
            let enhanced = enhanced.map(|(class, subject, detail)| Enhanced { class, subject, detail });
            Failure::refused(stage, Reply::new(Code::new(code).unwrap(), enhanced, text))
        };
        for failure in [
            no(Stage::Rcpt, 550, Some((5, 1, 1)), "No such user"),
            no(Stage::Rcpt, 452, Some((4, 2, 2)), "Mailbox full"),
            no(Stage::Mail, 550, None, "User frequency limited"),
            no(Stage::Auth, 535, Some((5, 7, 8)), "Error: authentication failed"),
            no(Stage::End, 554, Some((5, 7, 1)), "DT:SPM looks like spam"),
            no(Stage::Data, 451, None, "try again later"),
            no(Stage::Mail, 552, Some((5, 3, 4)), "message size exceeds"),
            Failure::new(Stage::Prepare, Kind::Local, "files/1001.pdf: not found"),
            Failure::new(Stage::Resolve, Kind::Unreachable, "no such host"),
            Failure::new(Stage::Connect, Kind::Unreachable, "Connection refused (os error 111)"),
            Failure::new(Stage::Connect, Kind::Timeout, "no answer within 30 seconds"),
            Failure::new(Stage::StartTls, Kind::Tls, "invalid peer certificate: UnknownIssuer"),
            Failure::new(Stage::Content, Kind::Unreachable, "the server closed the connection"),
        ] {
            let reply = failure.reply.as_ref().map(|reply| reply.to_string()).unwrap_or_default();
            let evidence = Evidence { reply, cause: failure.to_string(), ..Evidence::default() };
            let again = super::failure(&evidence).unwrap();
            assert_eq!(again.to_string(), failure.to_string());
            assert_eq!(again.remedy(None), failure.remedy(None), "{failure}");
            // As a run writes it.
            let cause = match &failure.cause {
                Some(cause) => format!("{}: {cause}", failure.stage),
                None => failure.stage.to_string(),
            };
            let again = super::failure(&Evidence { cause, ..evidence }).unwrap();
            assert_eq!(again.to_string(), failure.to_string());
            assert_eq!(again.remedy(None), failure.remedy(None), "{failure}");
        }
    }

    #[test]
    fn what_names_no_failure_gives_none() {
        for (reply, cause) in
            [("250 2.0.0 Ok", ""), ("", ""), ("", "found in Sent"), ("25", "RCPT TO"), ("", "RCPT TO")]
        {
            let evidence = Evidence { reply: reply.into(), cause: cause.into(), ..Evidence::default() };
            assert!(super::failure(&evidence).is_none(), "{reply} {cause}");
        }
    }
}
