//! The MIME tree as lines of text: for each part its path, type, charset, encoding, name and size.

use crate::read::inspect::{PartSummary, Summary};
use crate::read::safe;

/// The tree of a summary's parts, one line a part, without colour and safe to print on a terminal.
pub fn tree(summary: &Summary) -> Vec<String> {
    let depths: Vec<usize> = summary.parts.iter().map(|part| part.path.matches('.').count()).collect();
    let mut lines = Vec::with_capacity(depths.len());
    // At each level, whether a further part of that level follows before the level ends.
    let mut open = vec![false; depths.iter().copied().max().unwrap_or(0) + 1];
    let lasts = last_of_level(&depths);
    for (at, part) in summary.parts.iter().enumerate() {
        let depth = depths[at];
        open[depth] = !lasts[at];
        let mut line = String::new();
        for goes_on in open.iter().take(depth).skip(1) {
            line.push_str(if *goes_on { "│  " } else { "   " });
        }
        if depth > 0 {
            line.push_str(if lasts[at] { "└─ " } else { "├─ " });
        }
        line.push_str(&label(part));
        lines.push(line);
    }
    lines
}

/// For each part whether no sibling follows it.
fn last_of_level(depths: &[usize]) -> Vec<bool> {
    let mut lasts = vec![true; depths.len()];
    // Going backwards: the levels at which a part has been seen since a shallower one.
    let mut seen = vec![false; depths.iter().copied().max().unwrap_or(0) + 1];
    for (at, depth) in depths.iter().enumerate().rev() {
        lasts[at] = !seen[*depth];
        seen[*depth] = true;
        seen[depth + 1..].fill(false);
    }
    lasts
}

fn label(part: &PartSummary) -> String {
    let mut line = format!("{} {}", part.path, part.media_type);
    if let Some(charset) = &part.charset {
        line.push_str(&format!("; charset={charset}"));
    }
    if part.children > 0 {
        let plural = if part.children == 1 { "part" } else { "parts" };
        line.push_str(&format!(", {} {plural}", part.children));
    } else {
        line.push_str(&format!(", {}", part.encoding));
    }
    line.push_str(&format!(", {}", size(part.len)));
    if let Some(disposition) = &part.disposition {
        line.push_str(&format!(", {disposition}"));
    }
    if let Some(file) = &part.file {
        line.push_str(&format!(" “{file}”"));
    }
    safe::line(&line).into_owned()
}

/// Bytes as people read them; binary multiples, one decimal.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}
