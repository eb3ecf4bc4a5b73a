//! Sheets of any format and addresses in cells: whatever is in a file, its rows have a cell for each name and grow in
//! number, reading it twice gives the same, and no address holds what could end a header.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use hongyan_bulk::recipients::{Options, Sheet, addresses};
use hongyan_proto::address::Address;
use libfuzzer_sys::fuzz_target;

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("hongyan-fuzz-sheet-{}", std::process::id())));

fuzz_target!(|octets: &[u8]| {
    if let Ok(cell) = std::str::from_utf8(octets)
        && let Ok(list) = addresses(cell)
    {
        for mailbox in list {
            assert!(Address::parse(&mailbox.address).is_ok(), "{mailbox:?}");
            assert!(!mailbox.name.unwrap_or_default().contains(char::is_control));
        }
    }
    if std::fs::write(&*FILE, octets).is_err() {
        return;
    }
    let Ok(sheet) = Sheet::open(&FILE, &Options::default()) else { return };
    let (mut last, mut first) = (sheet.header_row(), Vec::new());
    for row in sheet.rows() {
        if let Ok(row) = &row {
            assert_eq!(row.cells.len(), sheet.columns().names().len());
            assert!(row.number > last);
            last = row.number;
        }
        first.push(row);
    }
    assert_eq!(first, sheet.rows().collect::<Vec<_>>());
});
