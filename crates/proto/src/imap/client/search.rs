//! What SEARCH looks for (RFC 3501 §6.4.4).

use super::command::{Dialect, Pieces};
use crate::imap::{Flags, UidSet};
use crate::outcome::{Failure, Kind, Stage};

/// The deepest nesting of NOT and OR.
pub(super) const MAX_DEPTH: usize = 32;

/// One condition. Texts are looked for in any case, as parts of words as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Criterion {
    /// Every message.
    All,
    /// These.
    Uids(UidSet),
    /// Has this flag: `\Seen`, `$Forwarded`.
    Flag(String),
    /// From this person.
    From(String),
    /// To this person.
    To(String),
    /// In the subject.
    Subject(String),
    /// In the body.
    Body(String),
    /// In the header or the body.
    Text(String),
    /// This header field has this text; an empty text: it is there.
    Header(String, String),
    /// Got on this day or later, by the server's calendar: year, month, day.
    Since(u16, u8, u8),
    /// Got before this day.
    Before(u16, u8, u8),
    /// Longer than so many octets.
    Larger(u32),
    /// Shorter than so many octets.
    Smaller(u32),
    /// Changed since this MODSEQ, which counts as well (RFC 7162).
    ModSeq(u64),
    /// Not this.
    Not(Box<Criterion>),
    /// One of the two.
    Or(Box<Criterion>, Box<Criterion>),
}

impl Criterion {
    fn texts(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match self {
            Self::From(text) | Self::To(text) | Self::Subject(text) | Self::Body(text) | Self::Text(text) => {
                Box::new(std::iter::once(text.as_str()))
            }
            Self::Header(name, text) => Box::new([name.as_str(), text.as_str()].into_iter()),
            Self::Not(one) => one.texts(),
            Self::Or(one, other) => Box::new(one.texts().chain(other.texts())),
            _ => Box::new(std::iter::empty()),
        }
    }

    fn depth(&self) -> usize {
        // Not recursive beyond what is allowed: a chain of NOTs has as many steps as it has depth.
        let (mut deepest, mut todo) = (0, vec![(self, 1)]);
        while let Some((one, depth)) = todo.pop() {
            deepest = deepest.max(depth);
            if deepest > MAX_DEPTH {
                break;
            }
            match one {
                Self::Not(inner) => todo.push((inner, depth + 1)),
                Self::Or(a, b) => todo.extend([(&**a, depth + 1), (&**b, depth + 1)]),
                _ => {}
            }
        }
        deepest
    }
}

pub(super) fn write(criteria: &[Criterion], dialect: &Dialect, out: &mut Pieces) -> Result<(), Failure> {
    let local = |why: &str| Err(Failure::new(Stage::Prepare, Kind::Local, why));
    if criteria.iter().any(|one| one.depth() > MAX_DEPTH) {
        return local("the search is nested too deeply");
    }
    if criteria.iter().flat_map(Criterion::texts).any(|text| text.contains(['\0', '\r', '\n'])) {
        return local("a text to search for holds a line break or NUL");
    }
    out.text("UID SEARCH");
    if dialect.esearch {
        out.text(" RETURN (ALL)");
    }
    // RFC 6855 §3: with UTF8=ACCEPT, no charset may be named.
    if !dialect.utf8 && criteria.iter().flat_map(Criterion::texts).any(|text| !text.is_ascii()) {
        out.text(" CHARSET UTF-8");
    }
    if criteria.is_empty() {
        out.text(" ALL");
    }
    criteria.iter().try_for_each(|one| key(one, dialect, out))
}

fn key(criterion: &Criterion, dialect: &Dialect, out: &mut Pieces) -> Result<(), Failure> {
    let local = |why: String| Err(Failure::new(Stage::Prepare, Kind::Local, why));
    let mut string = |name: &str, text: &str| {
        out.text(&format!(" {name} "));
        out.string(text.as_bytes(), dialect.utf8, false);
    };
    match criterion {
        Criterion::All => out.text(" ALL"),
        Criterion::Uids(uids) if uids.is_empty() => return local("no message was named".into()),
        Criterion::Uids(uids) => out.text(&format!(" UID {uids}")),
        Criterion::Flag(flag) => {
            if !Flags::is_name(flag) {
                return local(format!("`{}` cannot be a flag", flag.escape_debug()));
            }
            match flag.strip_prefix('\\') {
                Some(system) => out.text(&format!(" {}", system.to_ascii_uppercase())),
                None => out.text(&format!(" KEYWORD {flag}")),
            }
        }
        Criterion::From(text) => string("FROM", text),
        Criterion::To(text) => string("TO", text),
        Criterion::Subject(text) => string("SUBJECT", text),
        Criterion::Body(text) => string("BODY", text),
        Criterion::Text(text) => string("TEXT", text),
        Criterion::Header(name, text) => {
            string("HEADER", name);
            out.text(" ");
            out.string(text.as_bytes(), dialect.utf8, false);
        }
        Criterion::Since(year, month, day) => out.text(&format!(" SINCE {}", date(*year, *month, *day)?)),
        Criterion::Before(year, month, day) => out.text(&format!(" BEFORE {}", date(*year, *month, *day)?)),
        Criterion::Larger(octets) => out.text(&format!(" LARGER {octets}")),
        Criterion::Smaller(octets) => out.text(&format!(" SMALLER {octets}")),
        Criterion::ModSeq(mod_seq) => out.text(&format!(" MODSEQ {mod_seq}")),
        Criterion::Not(one) => {
            out.text(" NOT");
            key(one, dialect, out)?;
        }
        Criterion::Or(one, other) => {
            out.text(" OR");
            key(one, dialect, out)?;
            key(other, dialect, out)?;
        }
    }
    Ok(())
}

fn date(year: u16, month: u8, day: u8) -> Result<String, Failure> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    match MONTHS.get(usize::from(month).wrapping_sub(1)) {
        Some(month) if (1..=31).contains(&day) && year <= 9999 => Ok(format!("{day}-{month}-{year:04}")),
        _ => Err(Failure::new(Stage::Prepare, Kind::Local, format!("{year}-{month}-{day} is no date"))),
    }
}
