//! A long sheet: what is remembered of a row is a few hashes.

use std::fmt::Write as _;
use std::fs;

use crate::folder::Folder;

/// In kB, as the kernel counts it; `None` where it does not say.
fn most_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[test]
fn a_hundred_thousand_rows_take_little_memory_and_every_fault_is_counted() {
    const ROWS: u64 = 100_000;
    let mut csv = String::from("工号,姓名,邮箱\n");
    for row in 0..ROWS {
        let address = if row % 10 == 3 { "nobody".to_owned() } else { format!("a{row}@example.org") };
        writeln!(csv, "{row:06},员工{row:06},{address}").unwrap();
    }
    let folder = Folder::new()
        .with(
            "campaign.toml",
            "[message]\nfrom = \"hr@example.org\"\nsubject = \"{{ 姓名 }}\"\ntext = \"a.txt\"\n\
             [recipients]\nfile = \"a.csv\"\nto = \"{{ 邮箱 }}\"\n",
        )
        .with("a.txt", "{{ 姓名 }}，您好！\n")
        .with("a.csv", &csv);
    drop(csv);
    let before = most_memory();
    let report = folder.checked();
    assert_eq!((report.rows, report.letters), (ROWS, ROWS * 9 / 10));
    let code = hongyan_bulk::preflight::Code::AddressInvalid;
    assert_eq!(report.counts[&code], ROWS / 10);
    let kept = report.findings.iter().filter(|finding| finding.code == code).count();
    assert_eq!(kept, hongyan_bulk::preflight::KEPT);
    if let Some((before, after)) = before.zip(most_memory()) {
        assert!(after - before < 16 * 1024, "{} kB more", after - before);
    }
}
