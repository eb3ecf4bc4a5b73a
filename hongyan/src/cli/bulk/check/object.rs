//! What was found, for programs.

use std::collections::BTreeMap;

use hongyan_bulk::preflight::{Code, Differences, Finding, Place, Report, Severity, Sizes, Takes};
use serde::Serialize;

use crate::cli::bulk::words::exact;
use crate::said::Said;

/// The object that `--json` prints.
#[derive(Serialize)]
pub(super) struct Object<'a> {
    name: &'a str,
    /// Whether a run may begin.
    may_run: bool,
    rows: u64,
    letters: u64,
    recipients: u64,
    suppressed: u64,
    /// In octets.
    sizes: Option<Sizes>,
    pace: Pace,
    errors: u64,
    warnings: u64,
    notes: u64,
    /// How many there are of each code, those that are not listed among them.
    counts: &'a BTreeMap<Code, u64>,
    /// By row and column; the first 100 of each code.
    findings: Vec<Found<'a>>,
    differences: Option<&'a Differences>,
}

/// How long a run takes.
#[derive(Serialize)]
struct Pace {
    /// How many letters the accounts may send in 24 hours; `null` is no limit.
    per_day: Option<u64>,
    /// `as_fast`: nothing limits it; `until`; `never`: more than ten years.
    takes: &'static str,
    /// RFC 3339.
    until: Option<String>,
    seconds: Option<u64>,
}

#[derive(Serialize)]
struct Found<'a> {
    code: Code,
    severity: Severity,
    place: &'a Place,
    what: Words<'a>,
    next: Words<'a>,
}

/// Both languages.
#[derive(Serialize)]
struct Words<'a> {
    en: &'a str,
    zh: &'a str,
}

impl<'a> From<&'a Said> for Words<'a> {
    fn from(said: &'a Said) -> Self {
        Self { en: &said.en, zh: &said.zh }
    }
}

impl<'a> Object<'a> {
    pub(super) fn of(name: &'a str, report: &'a Report) -> Self {
        let found = |finding: &'a Finding| Found {
            code: finding.code,
            severity: finding.severity,
            place: &finding.place,
            what: (&finding.what).into(),
            next: (&finding.next).into(),
        };
        let estimate = &report.estimate;
        let (takes, until) = match estimate.takes {
            Takes::AsFast => ("as_fast", None),
            Takes::Until(then) => ("until", Some(then)),
            Takes::Never => ("never", None),
        };
        Self {
            name,
            may_run: report.may_run(),
            rows: report.rows,
            letters: report.letters,
            recipients: report.recipients,
            suppressed: report.suppressed,
            sizes: report.sizes,
            pace: Pace {
                per_day: estimate.per_day,
                takes,
                until: until.and_then(exact),
                seconds: until.map(|then| then.since(estimate.begins).as_secs()),
            },
            errors: report.count(Severity::Error),
            warnings: report.count(Severity::Warning),
            notes: report.count(Severity::Note),
            counts: &report.counts,
            findings: report.findings.iter().map(found).collect(),
            differences: report.differences.as_ref(),
        }
    }
}
