//! Shows a sheet as a campaign sees it, or measures reading it: `sheet_show [--count] FILE`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use hongyan_bulk::recipients::{Findings, Options, Sheet, SheetError};

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let count = arguments.first().is_some_and(|first| first == "--count");
    if count {
        arguments.remove(0);
    }
    let [path] = arguments.as_slice() else {
        eprintln!("sheet_show [--count] FILE");
        return ExitCode::from(64);
    };
    match show(Path::new(path), count) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(65)
        }
    }
}

fn show(path: &Path, count: bool) -> Result<(), SheetError> {
    let begun = Instant::now();
    let sheet = Sheet::open(path, &Options::default())?;
    let opened = begun.elapsed();
    println!("{} {:?}", sheet.format().name(), sheet.columns().names());
    tell(sheet.findings());
    let mut rows = sheet.rows();
    let mut all = 0_u64;
    for row in rows.by_ref() {
        let row = row?;
        all += 1;
        if !count {
            println!("{} {}", row.number, serde_json::Value::from(row.cells));
        }
    }
    tell(rows.findings());
    let rate = all as f64 / (begun.elapsed() - opened).as_secs_f64();
    println!("{all} rows, opened in {opened:.2?}, {rate:.0} rows a second, {} MB at most", peak() / 1024);
    Ok(())
}

fn tell(findings: &Findings) {
    for finding in findings.list() {
        println!("{:?}: {}", finding.weight(), finding.said().en);
    }
}

/// The most memory that this process ever had, in KiB; 0 where the system does not say.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}
