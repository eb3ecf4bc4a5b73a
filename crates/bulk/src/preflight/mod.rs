//! Preflight: everything that can be found before the first mail leaves, all at once.
//!
//! [`check`] renders every row, looks at what came out, holds the rows against each other, and asks DNS. It sends nothing
//! and connects to nothing but DNS. What it finds are [`Finding`]s: a [`Code`] that stays the same, a [`Severity`], a
//! [`Place`], and words for people with the next step. An error means that no mail may be sent.
//!
//! The sheet goes by row by row; what is remembered of a row are its letter's size and some hashes of 12 octets: a million
//! rows take 20 MB, and twelve octets a row more for each column that files are named after and for each own file.
//!
//! - `pass`: going over the sheet, rule by rule: `addressees`, `own_files`, `content`, `accounts`.
//! - `against`: rows held against each other; `twice`: what stands in two of them; `naming`: files that name somebody else.
//! - `differ`, `diff`: the rows that differ most from the ordinary one.
//! - `estimate`: when it will be over.
//! - `dns`: SPF, DKIM, DMARC.

mod accounts;
mod addressees;
mod against;
mod code;
mod content;
mod diff;
mod differ;
mod dns;
mod estimate;
mod finding;
mod lookalike;
mod naming;
mod own_files;
mod pass;
mod report;
mod sheet;
mod twice;
mod unsubscribing;

use hongyan_mime::address::Mailbox;
use hongyan_proto::said::{Said, said};

pub use accounts::AccountFacts;
pub use addressees::Suppressed;
pub use code::{Code, UnknownCode};
pub use content::LONG_SUBJECT;
pub use diff::{Line, MOST as MOST_LINES};
pub use differ::{Differences, Different};
pub use dns::{Answer, Dns, Lookup, MOST_DOMAINS, Signing};
pub use estimate::{Estimate, LONGEST, Limits, Takes};
pub use finding::{Column, Finding, KEPT, Place, Severity};
pub use own_files::MOST_LISTED;
pub use pass::LARGE;
pub use report::{Report, Sizes};

use crate::campaign::{Campaign, Destination, FILE};
use crate::dkim::Signer;
use crate::ledger::Time;
use crate::letter::Maker;
use crate::pace::Hours;
use crate::recipients::{Options, Sheet};
use finding::Book;
use pass::{Pass, Seen};

/// What Message-IDs are made of while nothing is frozen: as long as a real one, so that sizes are exact.
const DRAFT: &str = "00000000000000000000000000000000";

/// What is known beside the campaign, and what is wanted.
#[derive(Clone, Copy, Default)]
pub struct Checks<'a> {
    /// The accounts that share the work.
    pub accounts: &'a [AccountFacts],
    /// The account's own sender, where the campaign names none.
    pub from: Option<&'a Mailbox>,
    /// When a run would begin.
    pub now: Time,
    /// Who is asked about SPF, DKIM and DMARC; nobody where this says nothing.
    pub dns: Option<&'a dyn Lookup>,
    /// Who is not to be written to.
    pub suppressed: Option<Suppressed<'a>>,
    /// Codes that a person has accepted: errors of them are warnings, where they are a matter of judgement.
    pub accepted: &'a [Code],
    /// Only this row, as a person counts.
    pub row: Option<u64>,
}

/// Checks a campaign; `progress` is told how many rows were looked at. It may take minutes for a million rows, and must not
/// be called where waiting is not allowed: on a runtime, through `spawn_blocking`.
pub fn check(campaign: &Campaign, checks: &Checks<'_>, progress: &mut dyn FnMut(u64)) -> Report {
    let mut book = Book::new(checks.accepted);
    let seen = look(campaign, checks, &mut book, progress);
    if checks.accounts.is_empty() {
        book.found(Code::AccountMissing, Place::file(FILE), || {
            said("neither its limits nor its sender can be checked", "无法检查其限制和发件人")
        });
    }
    let mut seen = seen.unwrap_or_default();
    unsubscribing::check(&mut book, campaign, &seen.domains);
    if let (Some(dkim), Some(folder)) = (&campaign.config().dkim, campaign.folder()) {
        match Signer::from_config(dkim, folder) {
            Ok(signer) => seen.identity.signing = Some(Signing::from(&signer)),
            Err(error) => book.advised(Code::DkimKey, Place::file(FILE), || {
                let problem = error.problem();
                (problem.what, problem.next)
            }),
        }
    }
    if let Some(dns) = checks.dns {
        dns::check(&mut book, dns, &seen.identity, checks.accounts);
    }
    let estimate = pace(&mut book, campaign, checks, &seen);
    let (findings, counts) = book.close();
    Report {
        findings,
        counts,
        rows: seen.rows,
        letters: seen.letters,
        recipients: seen.addresses.recipients,
        suppressed: seen.addresses.suppressed,
        sizes: Sizes::of(&mut seen.sizes),
        estimate,
        differences: if checks.row.is_none() { seen.furthest.close() } else { None },
    }
}

/// Looks at the sheet and every row; `None` where it cannot be read at all, or no template can be used.
fn look(
    campaign: &Campaign,
    checks: &Checks<'_>,
    book: &mut Book,
    progress: &mut dyn FnMut(u64),
) -> Option<Seen> {
    let recipients = &campaign.config().recipients;
    let path = match campaign.sheet() {
        Ok(path) => path,
        Err(error) => {
            let problem = error.problem();
            let place = Place::file(recipients.file.clone());
            book.advised(Code::SheetUnreadable, place, || (problem.what, problem.next));
            return None;
        }
    };
    let options = Options {
        sheet: recipients.sheet.clone(),
        header: recipients.header,
        delimiter: recipients.delimiter,
        charset: recipients.charset.clone(),
    };
    let sheet = match Sheet::open(&path, &options) {
        Ok(sheet) => sheet,
        Err(error) => {
            pass::unreadable(book, &error);
            return None;
        }
    };
    sheet::findings(book, sheet.findings());
    let maker = match Maker::new(campaign, sheet.columns(), DRAFT) {
        Ok(maker) => maker,
        Err(error) => {
            let line = error.place.line.map(|line| line as u64);
            let place = Place { line, ..Place::file(error.place.file.clone()) };
            book.advised(Code::TemplateWrong, place, || (error.problem.what, error.problem.next));
            return None;
        }
    };
    let pass = Pass::new(campaign, checks, &sheet, &maker);
    let mut seen = pass.first(book, progress);
    if seen.rows == 0 {
        book.found(Code::SheetEmpty, Place::file(recipients.file.clone()), || match checks.row {
            Some(row) => said(format!("it has no row {row}"), format!("没有第 {row} 行")),
            None => said("there is nothing below the header", "表头下面没有内容"),
        });
    }
    pass.second(book, &mut seen);
    if checks.row.is_none() {
        pass.unused(book, &mut seen);
    }
    Some(seen)
}

/// When it will be over.
fn pace(book: &mut Book, campaign: &Campaign, checks: &Checks<'_>, seen: &Seen) -> Estimate {
    let pace = &campaign.config().pace;
    let hours = pace.hours.as_ref().and_then(|window| Hours::new(window).ok());
    let limits: Vec<Limits> = checks.accounts.iter().map(|account| account.limits).collect();
    let of = |limit: &Destination| Limits {
        per_minute: limit.per_minute,
        per_hour: limit.per_hour,
        ..Limits::default()
    };
    let named = |domain: &str| pace.to.iter().find(|(name, _)| name.eq_ignore_ascii_case(domain));
    let limit = |domain: &str| named(domain).or_else(|| named("*")).map(|(_, limit)| of(limit));
    let destinations: Vec<(u64, Limits)> =
        seen.domains.iter().filter_map(|(domain, count)| Some((*count, limit(domain)?))).collect();
    let estimate = Estimate::new(seen.letters, &limits, &destinations, hours.as_ref(), checks.now);
    let letters = seen.letters;
    match (estimate.takes, estimate.per_day) {
        (Takes::Never, _) => book.found(Code::PaceNever, Place::file(FILE), || {
            said(format!("{letters} letters take more than ten years"), format!("{letters} 封信需要十年以上"))
        }),
        (_, Some(per_day)) if letters > per_day => {
            book.found(Code::PaceLong, Place::file(FILE), || quota(letters, per_day));
        }
        _ => {}
    }
    estimate
}

fn quota(letters: u64, per_day: u64) -> Said {
    let days = letters.div_ceil(per_day.max(1));
    said(
        format!("{letters} letters, and the accounts may send {per_day} in 24 hours: it takes {days} days"),
        format!("共 {letters} 封，账户每 24 小时可发 {per_day} 封：需要 {days} 天"),
    )
}
