//! What a command says to the shell with its exit code: those of sysexits.h, so that scripts, cron and
//! mail programs know what to do next.

use std::process::{ExitCode, Termination};

use crate::proto::outcome::{Cause, Delivery, Failure, Kind, Stage, Verdict};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All that was asked for was done.
    Ok = 0,
    /// What was asked has the answer no; nothing went wrong.
    No = 1,
    /// The command line is wrong (EX_USAGE).
    Usage = 64,
    /// What was given is wrong: an address, a message, a field (EX_DATAERR).
    Data = 65,
    /// A file to be read is missing or cannot be read (EX_NOINPUT).
    NoInput = 66,
    /// The host is unknown (EX_NOHOST).
    NoHost = 68,
    /// The server cannot be reached, or refused (EX_UNAVAILABLE).
    Unavailable = 69,
    /// A file to be written cannot be (EX_CANTCREAT).
    CannotCreate = 73,
    /// Reading or writing failed on the way (EX_IOERR).
    Io = 74,
    /// Not now, or nobody knows whether; look again later (EX_TEMPFAIL).
    TempFail = 75,
    /// The other side does not keep to the protocol (EX_PROTOCOL).
    Protocol = 76,
    /// The login was refused, or the server could not show who it is (EX_NOPERM).
    NoPerm = 77,
    /// The configuration is wrong or something in it is missing (EX_CONFIG).
    Config = 78,
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}

impl Exit {
    /// What a delivery exits with. Where recipients fared differently: [`Exit::TempFail`] if it is worth to look
    /// again for anybody, else [`Exit::Unavailable`].
    pub fn of(delivery: &Delivery) -> Self {
        let mut failed = delivery.each.iter().filter_map(|(_, verdict)| Some((verdict, verdict.failure()?)));
        let Some((verdict, failure)) = failed.next() else { return Self::Ok };
        let first = Self::of_one(verdict, failure);
        let all_failed = !delivery.each.iter().any(|(_, verdict)| verdict.failure().is_none());
        let again = first == Self::TempFail;
        let rest: Vec<Self> = failed.map(|(verdict, failure)| Self::of_one(verdict, failure)).collect();
        if all_failed && rest.iter().all(|exit| *exit == first) {
            first
        } else if again || rest.contains(&Self::TempFail) {
            Self::TempFail
        } else {
            Self::Unavailable
        }
    }

    /// What a task exits with that failed as a whole.
    pub fn of_failure(failure: &Failure) -> Self {
        Self::of_one(&Verdict::failed(failure.clone()), failure)
    }

    fn of_one(verdict: &Verdict, failure: &Failure) -> Self {
        if matches!(verdict, Verdict::InDoubt(_)) {
            return Self::TempFail;
        }
        let reply = failure.reply.as_ref().map(|reply| reply.code.get());
        match (failure.kind, failure.stage, reply) {
            (Kind::Auth, ..) | (Kind::Tls, ..) => Self::NoPerm,
            (Kind::Protocol, ..) => Self::Protocol,
            (Kind::Local, ..) if matches!(failure.cause, Some(Cause::Io(_))) => Self::Io,
            (Kind::Local, ..) => Self::Data,
            (Kind::Capability, ..) => Self::Unavailable,
            (Kind::Unreachable, Stage::Resolve, _) => Self::NoHost,
            (Kind::Unreachable | Kind::Timeout, Stage::Resolve | Stage::Connect, _) => Self::Unavailable,
            (_, _, Some(530)) => Self::NoPerm,
            _ if matches!(verdict, Verdict::Deferred(_)) => Self::TempFail,
            // What is refused now is the mail itself, not whom it is for.
            (Kind::Refused, Stage::Data | Stage::Content | Stage::End, _) => Self::Data,
            (Kind::Refused, Stage::Mail, Some(552)) => Self::Data,
            _ => Self::Unavailable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::address::Address;
    use crate::proto::reply::{Code, Reply};

    fn no(stage: Stage, code: u16) -> Verdict {
        Verdict::failed(Failure::refused(stage, Reply::new(Code::new(code).unwrap(), None, "no")))
    }

    fn seen(stage: Stage, kind: Kind) -> Verdict {
        Verdict::failed(Failure::new(stage, kind, "seen"))
    }

    fn exit(verdicts: &[Verdict]) -> Exit {
        let address = || Address::parse("a@b").unwrap();
        Exit::of(&Delivery { each: verdicts.iter().map(|verdict| (address(), verdict.clone())).collect() })
    }

    #[test]
    fn an_exit_code_says_what_a_script_should_do() {
        let ok = || Verdict::Accepted(Reply::new(Code::new(250).unwrap(), None, "ok").into());
        let doubt = || Verdict::InDoubt(Failure::new(Stage::End, Kind::Timeout, "seen"));
        for (verdicts, expected) in [
            (vec![ok(), ok()], Exit::Ok),
            (vec![ok(), no(Stage::Rcpt, 451)], Exit::TempFail),
            (vec![no(Stage::Rcpt, 550), no(Stage::Rcpt, 451)], Exit::TempFail),
            (vec![ok(), no(Stage::Rcpt, 550)], Exit::Unavailable),
            (vec![no(Stage::Rcpt, 550)], Exit::Unavailable),
            (vec![doubt()], Exit::TempFail),
            (vec![doubt(), no(Stage::Rcpt, 550)], Exit::TempFail),
            (vec![no(Stage::End, 554)], Exit::Data),
            (vec![no(Stage::Mail, 552)], Exit::Data),
            (vec![no(Stage::Mail, 530)], Exit::NoPerm),
            (vec![no(Stage::Auth, 535)], Exit::NoPerm),
            (vec![no(Stage::Auth, 454)], Exit::NoPerm),
            (vec![no(Stage::Greeting, 554)], Exit::Unavailable),
            (vec![no(Stage::Greeting, 421)], Exit::TempFail),
            (vec![seen(Stage::StartTls, Kind::Tls)], Exit::NoPerm),
            (vec![seen(Stage::Resolve, Kind::Unreachable)], Exit::NoHost),
            (vec![seen(Stage::Connect, Kind::Unreachable)], Exit::Unavailable),
            (vec![seen(Stage::Connect, Kind::Timeout)], Exit::Unavailable),
            (vec![seen(Stage::Rcpt, Kind::Unreachable)], Exit::TempFail),
            (vec![seen(Stage::Mail, Kind::Timeout)], Exit::TempFail),
            (vec![seen(Stage::Greeting, Kind::Protocol)], Exit::Protocol),
            (vec![seen(Stage::Content, Kind::Local)], Exit::Data),
            (vec![seen(Stage::Mail, Kind::Capability)], Exit::Unavailable),
        ] {
            assert_eq!(exit(&verdicts), expected, "{verdicts:?}");
        }
    }
}
