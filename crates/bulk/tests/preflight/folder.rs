//! A campaign in a folder of its own, which goes when the test does.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use hongyan_bulk::campaign::Campaign;
use hongyan_bulk::ledger::Time;
use hongyan_bulk::preflight::{AccountFacts, Checks, Report, check};

/// Friday, 2026-11-20, 01:46:40 UTC.
pub(crate) const NOW: Time = Time(1_795_139_200_000);

pub(crate) struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays behind in /tmp harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("hongyan-preflight-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn with(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn campaign(&self) -> Campaign {
        Campaign::open(&self.0).unwrap()
    }

    /// Checked through an account that knows no limits, without DNS.
    pub(crate) fn checked(&self) -> Report {
        let config = self.campaign().config().clone();
        let account = AccountFacts::new("default", "127.0.0.1", None, &config);
        self.checked_as(&Checks { accounts: &[account], now: NOW, ..Checks::default() })
    }

    pub(crate) fn checked_as(&self, checks: &Checks<'_>) -> Report {
        check(&self.campaign(), checks, &mut |_| {})
    }
}

/// `address.missing 3 邮箱`, `file.unused - files/x.pdf`: each finding by its code, row, column and, without a row, file
/// and line.
pub(crate) fn found(report: &Report) -> Vec<String> {
    let one = |finding: &hongyan_bulk::preflight::Finding| {
        let place = &finding.place;
        let mut text = finding.code.name().to_owned();
        if let Some(row) = place.row {
            text += &format!(" {row}");
        }
        if let Some(column) = &place.column {
            text += &format!(" {}", column.name);
        }
        if let (None, Some(file)) = (place.row, &place.file) {
            text += &format!(" {file}");
        }
        if let (Some(file), Some(line)) = (&place.file, place.line)
            && file != "campaign.toml"
        {
            text += &format!(":{line}");
        }
        text
    };
    report.findings.iter().map(one).collect()
}
