//! A campaign's folder that a test fills, and what it makes of a row.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use hongyan_bulk::campaign::{Campaign, CampaignError};
use hongyan_bulk::letter::{Held, Made, Maker, RowError, Sending};
use hongyan_bulk::row::{Columns, Row};
use hongyan_mime::address::Mailbox;
use hongyan_mime::compose::{Date, Offered};
use serde_json::Value;

/// A folder that goes when the test ends.
pub(crate) struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Place {
    /// With a `campaign.toml` and a sheet that nobody reads here.
    pub(crate) fn new(campaign: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("hongyan-letter-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let place = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(&place.0).unwrap();
        place.with("campaign.toml", campaign).with("recipients.csv", "")
    }

    /// With one more file.
    pub(crate) fn with(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(path, content);
        self
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn open(&self) -> Result<Campaign, CampaignError> {
        Campaign::open(&self.0)
    }

    pub(crate) fn maker(&self, columns: &[&str]) -> Result<Maker, CampaignError> {
        Maker::new(&self.open()?, &columns_of(columns), KEY)
    }
}

pub(crate) const KEY: &str = "000102030405060708090a0b0c0d0e0f";

pub(crate) fn columns_of(names: &[&str]) -> Columns {
    Columns::new(names.iter().map(ToString::to_string))
}

pub(crate) fn row(number: u64, cells: &[&str]) -> Row {
    Row { number, cells: cells.iter().map(|cell| Value::from(*cell)).collect() }
}

/// The letter of a row as it is made for any server.
pub(crate) fn letter(maker: &Maker, row: &Row, held: &[Held]) -> Result<Made, RowError> {
    let account = Mailbox::parse("人事部 <hr@example.org>").unwrap();
    // 2026-11-20 17:00 in Beijing.
    let date = Date { seconds: 1_795_165_200, offset_minutes: 480 };
    maker.letter(row, held, &Sending { from: Some(&account), date, offered: Offered::default() })
}

/// Its octets.
pub(crate) fn octets(made: &mut Made) -> Vec<u8> {
    let mut octets = Vec::new();
    made.content.read_to_end(&mut octets).unwrap();
    assert_eq!(octets.len() as u64, made.content.len());
    octets
}
