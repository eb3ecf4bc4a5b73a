//! What preflight gives back.

use std::collections::BTreeMap;

use serde::Serialize;

use super::code::Code;
use super::differ::Differences;
use super::estimate::Estimate;
use super::finding::{Finding, Severity};

/// How large the letters are, in octets as they are sent, without a DKIM signature (about 700).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// The smallest.
    pub min: u64,
    /// Half of them are not larger.
    pub median: u64,
    /// The largest.
    pub max: u64,
    /// All together.
    pub total: u64,
}

impl Sizes {
    /// Of all letters; `None` where there are none. Sorts them.
    pub(super) fn of(sizes: &mut [u64]) -> Option<Self> {
        sizes.sort_unstable();
        let (min, max) = (*sizes.first()?, *sizes.last()?);
        let median = sizes[(sizes.len() - 1) / 2];
        let total = sizes.iter().fold(0_u64, |total, size| total.saturating_add(*size));
        Some(Self { min, median, max, total })
    }
}

/// Everything that was found, and what would be sent.
#[derive(Clone, Debug)]
pub struct Report {
    /// By row, then by column; what concerns all of the campaign comes first. At most [`KEPT`](super::KEPT) of a code.
    pub findings: Vec<Finding>,
    /// How many there are of each code.
    pub counts: BTreeMap<Code, u64>,
    /// Rows of the sheet that were looked at.
    pub rows: u64,
    /// Letters that can be sent.
    pub letters: u64,
    /// Their recipients, those on the suppression list among them.
    pub recipients: u64,
    /// Recipients that will be left out.
    pub suppressed: u64,
    /// How large the letters are.
    pub sizes: Option<Sizes>,
    /// How long it takes.
    pub estimate: Estimate,
    /// The rows that differ most from the ordinary one.
    pub differences: Option<Differences>,
}

impl Report {
    /// How many findings there are of a severity, those that were not kept among them.
    pub fn count(&self, severity: Severity) -> u64 {
        let of_code = |code: &Code| self.findings.iter().find(|finding| finding.code == *code);
        let these =
            self.counts.iter().filter(|(code, _)| of_code(code).is_some_and(|one| one.severity == severity));
        these.map(|(_, count)| count).sum()
    }

    /// Whether a run may begin.
    pub fn may_run(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity != Severity::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_a_size_that_occurs() {
        for (mut sizes, expected) in [
            (vec![3, 1, 2], Some((1, 2, 3, 6))),
            (vec![4, 1, 2, 3], Some((1, 2, 4, 10))),
            (vec![7], Some((7, 7, 7, 7))),
            (vec![], None),
        ] {
            let sizes = Sizes::of(&mut sizes).map(|s| (s.min, s.median, s.max, s.total));
            assert_eq!(sizes, expected);
        }
    }
}
