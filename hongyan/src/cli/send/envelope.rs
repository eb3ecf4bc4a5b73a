//! The options about a mail's way, as its envelope says them: notifications, priority, deadlines.

use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};

use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::proto::address::Address;
use crate::proto::smtp::envelope::{DeliverBy, Hold, Notify, Ret};
use crate::proto::smtp::{Envelope, Recipient};
use crate::said::said;

/// The longest ENVID, in characters (RFC 3461 §4.4).
const MAX_ENVELOPE_ID: usize = 100;

#[derive(Debug, Args)]
#[group(skip)]
#[command(next_help_heading = "On its way")]
pub(super) struct Options {
    /// Ask for delivery status notifications (RFC 3461): `success`, `failure`, `delay`, or `never`
    #[arg(long, value_name = "WHEN", value_delimiter = ',')]
    dsn: Vec<When>,
    /// The identifier that notifications carry (RFC 3461 ENVID)
    #[arg(long, value_name = "TEXT")]
    envid: Option<String>,
    /// How much of the mail a notification of failure returns
    #[arg(long, value_name = "WHAT")]
    ret: Option<Return>,
    /// Rather not deliver it than pass it on without TLS (RFC 8689)
    #[arg(long)]
    require_tls: bool,
    /// From -9 to 9, where the server knows priorities (RFC 6710)
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i8).range(-9..=9))]
    priority: Option<i8>,
    /// Return it to the sender if it has not arrived after so long (RFC 2852)
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(1..=999_999_999))]
    deliver_by: Option<i64>,
    /// Let the server hold it for so long before it goes on (RFC 4865)
    #[arg(long, value_name = "SECONDS", conflicts_with = "hold_until", value_parser = clap::value_parser!(u32).range(1..=999_999_999))]
    hold_for: Option<u32>,
    /// Let the server hold it until then, such as 2026-12-31T08:00:00+08:00 (RFC 4865)
    #[arg(long, value_name = "TIME")]
    hold_until: Option<String>,
}

/// When to notify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum When {
    Success,
    Failure,
    Delay,
    Never,
}

/// How much to return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Return {
    Full,
    Headers,
}

impl Options {
    /// The envelope, but for the content's size and kind.
    pub(super) fn envelope(&self, from: Address, to: Vec<Address>) -> Result<Envelope, Trouble> {
        let notify = self.notify()?;
        let recipient = |address: Address| Recipient {
            original: notify.is_some().then(|| address.clone()),
            address,
            notify,
        };
        Ok(Envelope {
            from: Some(from),
            to: to.into_iter().map(recipient).collect(),
            require_tls: self.require_tls,
            priority: self.priority,
            deliver_by: self.deliver_by.map(|seconds| DeliverBy { seconds, ret: true }),
            hold: self.hold()?,
            ret: self.ret.map(|ret| match ret {
                Return::Full => Ret::Full,
                Return::Headers => Ret::Headers,
            }),
            envelope_id: self.envelope_id()?,
            ..Envelope::default()
        })
    }

    fn notify(&self) -> Result<Option<Notify>, Trouble> {
        let has = |when| self.dsn.contains(&when);
        if has(When::Never) && self.dsn.iter().any(|&when| when != When::Never) {
            return Err(Trouble::new(
                Exit::Usage,
                said("--dsn: `never` excludes the others", "--dsn：never 不能与其他值同用"),
                said("write --dsn never, or leave `never` out", "请只写 --dsn never，或去掉 never"),
            ));
        }
        Ok(match self.dsn[..] {
            [] => None,
            [When::Never, ..] => Some(Notify::Never),
            _ => Some(Notify::On {
                success: has(When::Success),
                failure: has(When::Failure),
                delay: has(When::Delay),
            }),
        })
    }

    fn hold(&self) -> Result<Option<Hold>, Trouble> {
        let Some(text) = &self.hold_until else { return Ok(self.hold_for.map(Hold::For)) };
        match DateTime::parse_from_rfc3339(text) {
            Ok(time) => {
                Ok(Some(Hold::Until(time.with_timezone(&Utc).format("%Y-%m-%dT%H:%M:%SZ").to_string())))
            }
            Err(_) => Err(Trouble::new(
                Exit::Data,
                said(
                    format!("--hold-until: {text:?} is not a time"),
                    format!("--hold-until：{text:?} 不是有效的时间"),
                ),
                said(
                    "write date, time and offset, as in 2026-12-31T08:00:00+08:00",
                    "请写明日期、时间和时区，例如 2026-12-31T08:00:00+08:00",
                ),
            )),
        }
    }

    fn envelope_id(&self) -> Result<Option<String>, Trouble> {
        let Some(id) = &self.envid else { return Ok(None) };
        if id.is_empty() || id.chars().count() > MAX_ENVELOPE_ID || id.chars().any(char::is_control) {
            return Err(Trouble::new(
                Exit::Data,
                said(
                    "--envid is empty, too long or has a control character in it",
                    "--envid 为空、过长或含有控制字符",
                ),
                said("write at most 100 printable characters", "请写不超过 100 个可见字符"),
            ));
        }
        Ok(Some(id.clone()))
    }
}
