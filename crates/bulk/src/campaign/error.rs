//! Why a campaign cannot be begun: where in which file, what is wrong there, and what to do next.

use std::fmt;

use hongyan_proto::said::{Problem, Said, said};

use super::folder::{PathError, PathProblem};

/// A place in a campaign's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file's path inside the folder; empty where it is the folder itself.
    pub file: String,
    /// The line in it, from 1, where known.
    pub line: Option<usize>,
}

impl Place {
    /// A file as a whole.
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: file.into(), line: None }
    }

    /// A line of a file, where it is known.
    pub fn line(file: impl Into<String>, line: Option<usize>) -> Self {
        Self { file: file.into(), line }
    }

    /// `letter.txt:12` and `letter.txt 第 12 行`.
    pub fn said(&self) -> Said {
        match self.line {
            Some(line) => said(format!("{}:{line}", self.file), format!("{} 第 {line} 行", self.file)),
            None => said(self.file.clone(), self.file.clone()),
        }
    }
}

/// What sort of error it is, for an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CampaignErrorKind {
    /// Something is written wrongly.
    Wrong,
    /// A file is missing or may not be read.
    Missing,
    /// Reading failed.
    Failed,
    /// A file is not what it was when the campaign was begun.
    Changed,
}

/// Why a campaign cannot be begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignError {
    /// What sort of error it is.
    pub kind: CampaignErrorKind,
    /// Where.
    pub place: Place,
    /// What is wrong, place included, and what to do next.
    pub problem: Box<Problem>,
}

impl CampaignError {
    /// `what` does not name the place yet.
    pub(crate) fn new(kind: CampaignErrorKind, place: Place, what: Said, next: Said) -> Self {
        let at = place.said();
        let what = match place.file.is_empty() {
            true => what,
            false => said(format!("{}: {}", at.en, what.en), format!("{}：{}", at.zh, what.zh)),
        };
        Self { kind, place, problem: Box::new(Problem::new(what, next)) }
    }

    pub(crate) fn wrong(place: Place, what: Said, next: Said) -> Self {
        Self::new(CampaignErrorKind::Wrong, place, what, next)
    }
}

impl fmt::Display for CampaignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl std::error::Error for CampaignError {}

/// A path's problem, said of the place where the path is written.
pub(crate) fn of_path(place: Place, error: &PathError) -> CampaignError {
    let kind = match error.problem {
        PathProblem::Missing(_) | PathProblem::Denied => CampaignErrorKind::Missing,
        PathProblem::Failed(_) => CampaignErrorKind::Failed,
        PathProblem::Changed => CampaignErrorKind::Changed,
        _ => CampaignErrorKind::Wrong,
    };
    let Problem { what, next } = error.problem();
    CampaignError::new(kind, place, what, next)
}
