//! Two texts, line by line: what is only in one, what only in the other, with a little of what both have around it.

use serde::Serialize;

/// A line of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "is", content = "text", rename_all = "lowercase")]
pub enum Line {
    /// In both.
    Same(String),
    /// Only in the ordinary one.
    Less(String),
    /// Only in this one.
    More(String),
    /// So many lines are left out that both have, or, at the end, that are beyond what is compared.
    Skipped(usize),
}

/// Texts with more lines than this are compared to here; the rest is counted.
pub const MOST: usize = 400;
/// Lines of both around what is different.
const AROUND: usize = 1;

/// What is different; empty where nothing is.
pub(super) fn lines(old: &[String], new: &[String]) -> Vec<Line> {
    let beyond = old.len().saturating_sub(MOST).max(new.len().saturating_sub(MOST));
    let whole = script(&old[..old.len().min(MOST)], &new[..new.len().min(MOST)]);
    let changed: Vec<bool> = whole.iter().map(|line| !matches!(line, Line::Same(_))).collect();
    let near = |at: usize| {
        let from = at.saturating_sub(AROUND);
        changed[from..(at + AROUND + 1).min(changed.len())].contains(&true)
    };
    let mut out = Vec::new();
    let mut skipped = 0;
    for (at, line) in whole.into_iter().enumerate() {
        if near(at) {
            if skipped > 0 {
                out.push(Line::Skipped(std::mem::take(&mut skipped)));
            }
            out.push(line);
        } else {
            skipped += 1;
        }
    }
    if out.is_empty() && beyond == 0 {
        return out;
    }
    if skipped + beyond > 0 {
        out.push(Line::Skipped(skipped + beyond));
    }
    out
}

/// The whole way from one to the other, by the longest common subsequence: at most [`MOST`]² steps.
fn script(old: &[String], new: &[String]) -> Vec<Line> {
    let width = new.len() + 1;
    let mut common = vec![0_u16; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = if old[i] == new[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            out.push(Line::Same(new[j].clone()));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1]
        {
            out.push(Line::Less(old[i].clone()));
            i += 1;
        } else {
            out.push(Line::More(new[j].clone()));
            j += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(old: &str, new: &str) -> String {
        let split = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
        let all = lines(&split(old), &split(new));
        let one = |line: &Line| match line {
            Line::Same(text) => text.clone(),
            Line::Less(text) => format!("-{text}"),
            Line::More(text) => format!("+{text}"),
            Line::Skipped(n) => format!("…{n}"),
        };
        all.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_both_have_is_left_out_but_for_a_line_around() {
        for (old, new, expected) in [
            ("abc", "abc", ""),
            ("abcdefg", "abcXefg", "…2 c -d +X e …2"),
            ("abc", "abcd", "…2 c +d"),
            ("abc", "bc", "-a b …1"),
            ("", "ab", "+a +b"),
            ("abcdefgh", "aXcdefYh", "a -b +X c …2 f -g +Y h"),
        ] {
            assert_eq!(shown(old, new), expected, "{old} {new}");
        }
    }

    #[test]
    fn what_is_beyond_the_limit_is_counted() {
        let long: Vec<String> = (0..MOST + 7).map(|n| n.to_string()).collect();
        let mut other = long.clone();
        other[0] = "x".into();
        let all = lines(&long, &other);
        assert_eq!(all.last(), Some(&Line::Skipped(MOST - 2 + 7)));
    }
}
