//! What we read against what other readers read of the same real mail: Python's `email`, mail-parser, and the
//! expected outputs that other projects keep beside their test messages.
//!
//! Where the others agree with each other, we agree with them in at least 99 of 100 cases; the classes of
//! disagreement, and who is right, are in `docs/reading.md`. `HONGYAN_DISAGREEMENTS=FOLDER` has them written out.

mod expected;
mod view;

use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::fixtures::corpus;
use view::{Content, View, of_mail_parser, of_python, ours};

/// Kinds of the corpus whose inputs are messages.
const MAIL: [&str; 12] = [
    "bounce",
    "calendar",
    "charset",
    "dkim-auth",
    "eai",
    "encodings",
    "headers",
    "malformed",
    "mime",
    "reports",
    "spam-phish",
    "tnef-smime-pgp",
];

/// The messages of the corpus.
fn messages(folder: &Path) -> Vec<PathBuf> {
    let manifest = std::fs::read_to_string(folder.join("MANIFEST.tsv")).expect("the corpus has a manifest");
    let columns = manifest.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    let inputs = columns.filter(|columns| columns[2] == "input" && MAIL.contains(&columns[1]));
    inputs.map(|columns| folder.join(columns[0])).filter(|path| is_message(path)).collect()
}

/// Whether a file begins as a message does: the corpus holds lists and tables beside them.
fn is_message(path: &Path) -> bool {
    let raw = std::fs::read(path).expect("a file of the manifest can be read");
    let message = hongyan_mime::read::Message::parse(&raw);
    // mail-parser and Python do not know a bare CR as a line end.
    raw.contains(&b'\n') && message.fields(0).len() >= 2
}

/// Python's view of each message, or `None` with a loud line where it cannot be run.
fn python(paths: &[PathBuf]) -> Option<Vec<View>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/read/oracles/python_email.py");
    let child = Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            eprintln!("SKIPPED: oracles: python3 cannot be run: {error}");
            return None;
        }
    };
    let list: String = paths.iter().map(|path| format!("{}\n", path.display())).collect();
    let mut stdin = child.stdin.take().expect("it is piped");
    let writer = std::thread::spawn(move || stdin.write_all(list.as_bytes()));
    let output = child.wait_with_output().expect("Python ends");
    writer.join().expect("the writer ends").expect("Python reads all paths");
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    Some(lines.lines().map(|line| of_python(&serde_json::from_str(line).unwrap_or(Value::Null))).collect())
}

/// Where we knowingly read otherwise: the field, the finding that says why. See `docs/reading.md`.
const OTHERWISE: [(&str, &str); 25] = [
    // Parts that others hide are shown.
    ("tree", "boundary-guessed"),
    ("names", "boundary-guessed"),
    ("text", "boundary-guessed"),
    ("content", "boundary-guessed"),
    ("text", "no-boundary"),
    ("content", "no-boundary"),
    ("tree", "part-after-close"),
    ("names", "part-after-close"),
    // What a winmail.dat or a text with uuencode holds is shown.
    ("tree", "winmail-dat"),
    ("names", "winmail-dat"),
    ("content", "winmail-dat"),
    // What is encoded without saying so is decoded.
    ("text", "undeclared-encoding"),
    ("content", "undeclared-encoding"),
    ("tree", "uuencode-in-text"),
    ("names", "uuencode-in-text"),
    // Others end the header there, or do not see that one is there.
    ("subject", "leading-blank-line"),
    ("from", "leading-blank-line"),
    ("to", "leading-blank-line"),
    ("to", "byte-order-mark"),
    // Of several fields all count.
    ("from", "duplicate-field"),
    // Others replace bytes, or give them as they stand.
    ("subject", "raw-header-bytes"),
    ("subject", "charset-lies"),
    ("text", "charset-missing"),
    ("names", "broken-word"),
    // "12:29:13 AM" is half past midnight.
    ("date", "odd-date"),
];

/// How often what was the case.
#[derive(Default)]
struct Score {
    /// The others have an opinion, and the same.
    agreed: usize,
    /// We have it too.
    alike: usize,
    /// We have not, for a reason that is written down.
    otherwise: usize,
}

#[derive(Default)]
struct Report {
    scores: BTreeMap<&'static str, Score>,
    disagreements: String,
}

impl Report {
    /// Holds ours against two others that may agree.
    fn compare<T: PartialEq + Debug>(
        &mut self,
        field: &'static str,
        path: &Path,
        codes: &[&str],
        ours: Option<&T>,
        (a, b): (Option<&T>, Option<&T>),
    ) {
        let (Some(a), Some(b), Some(ours)) = (a, b, ours) else { return };
        if a != b {
            return;
        }
        let score = self.scores.entry(field).or_default();
        score.agreed += 1;
        if ours == a {
            score.alike += 1;
            return;
        }
        let reason = OTHERWISE.iter().find(|(of, code)| *of == field && codes.contains(code));
        score.otherwise += usize::from(reason.is_some());
        let reason = reason.map_or("?", |(_, code)| code);
        let cut = |text: String| text.chars().take(400).collect::<String>();
        let (ours, theirs) = (cut(format!("{ours:?}")), cut(format!("{a:?}")));
        let path = path.display();
        // Writing to a string does not fail.
        let _ = writeln!(self.disagreements, "{field}\t{reason}\t{path}\n  ours   {ours}\n  theirs {theirs}");
    }

    fn message(&mut self, path: &Path, ours: &View, a: &View, b: &View) {
        let codes = &ours.codes;
        self.compare("subject", path, codes, ours.subject.as_ref(), (a.subject.as_ref(), b.subject.as_ref()));
        self.compare("from", path, codes, ours.from.as_ref(), (a.from.as_ref(), b.from.as_ref()));
        self.compare("to", path, codes, ours.to.as_ref(), (a.to.as_ref(), b.to.as_ref()));
        self.compare("cc", path, codes, ours.cc.as_ref(), (a.cc.as_ref(), b.cc.as_ref()));
        self.compare("date", path, codes, ours.date.as_ref(), (a.date.as_ref(), b.date.as_ref()));
        self.compare("tree", path, codes, ours.tree.as_ref(), (a.tree.as_ref(), b.tree.as_ref()));
        self.compare("names", path, codes, ours.names.as_ref(), (a.names.as_ref(), b.names.as_ref()));
        self.leaves(path, ours, a, b);
    }

    /// Leaf by leaf, where all see as many.
    fn leaves(&mut self, path: &Path, ours: &View, a: &View, b: &View) {
        let codes = &ours.codes;
        let (Some(ours), Some(a), Some(b)) = (&ours.leaves, &a.leaves, &b.leaves) else { return };
        if ours.len() != a.len() || a.len() != b.len() {
            return;
        }
        for ((ours, a), b) in ours.iter().zip(a).zip(b) {
            let field = if matches!(a, Some(Content::Text(_))) { "text" } else { "content" };
            self.compare(field, path, codes, ours.as_ref(), (a.as_ref(), b.as_ref()));
        }
    }

    fn print(&self, against: &str) {
        eprintln!("against {against}, where they have an opinion and agree:");
        for (field, score) in &self.scores {
            let Score { agreed, alike, otherwise } = score;
            let percent = 100.0 * *alike as f64 / (*agreed).max(1) as f64;
            eprintln!(
                "  {field:<8} {alike:>5} of {agreed:>5} alike, {percent:6.2} %; knowingly otherwise: {otherwise}"
            );
        }
        if let Some(folder) = std::env::var_os("HONGYAN_DISAGREEMENTS") {
            let file = PathBuf::from(folder).join(format!("{}.txt", against.replace(' ', "-")));
            std::fs::write(file, &self.disagreements).expect("the disagreements can be written");
        }
    }
}

/// How one other reader and we compare, where it has an opinion.
fn alone(report: &mut Report, path: &Path, ours: &View, theirs: &View) {
    report.message(path, ours, theirs, theirs);
}

#[test]
fn where_python_and_mail_parser_agree_so_do_we() {
    let Some(folder) = corpus("where_python_and_mail_parser_agree_so_do_we") else { return };
    let paths = messages(&folder);
    let Some(pythons) = python(&paths) else { return };
    assert_eq!(pythons.len(), paths.len(), "Python answers for every message");
    std::panic::set_hook(Box::new(|_| {}));
    let mut both = Report::default();
    let mut each: BTreeMap<&str, Report> = BTreeMap::new();
    for (path, python) in paths.iter().zip(&pythons) {
        let raw = std::fs::read(path).expect("a file of the manifest can be read");
        let (ours, mail_parser) = (ours(&raw), of_mail_parser(&raw));
        both.message(path, &ours, python, &mail_parser);
        alone(each.entry("Python's email alone").or_default(), path, &ours, python);
        alone(each.entry("mail-parser alone").or_default(), path, &ours, &mail_parser);
        for (name, view) in expected::beside(path) {
            alone(each.entry(name).or_default(), path, &ours, &view);
        }
    }
    let _ = std::panic::take_hook();
    eprintln!("{} messages", paths.len());
    both.print("Python's email and mail-parser");
    for (name, report) in &each {
        report.print(name);
    }
    for (field, Score { agreed, alike, otherwise }) in &both.scores {
        // Where every disagreement has its reason, and there are few of them.
        assert!(alike * 1000 >= agreed * 985, "{field}: {alike} of {agreed}");
        assert!((alike + otherwise) * 1000 >= agreed * 995, "{field}: {alike} and {otherwise} of {agreed}");
    }
}
