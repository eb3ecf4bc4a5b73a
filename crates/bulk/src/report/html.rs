//! HTML: one page that needs nothing else, to be read, searched and printed.
//!
//! Whatever comes from outside is escaped. The page loads nothing and runs one small script of ours, which a policy in
//! the page holds it to (by its hash): without scripts it is whole, only the search is missing. The counts stand above
//! the table, so its rows wait in a temporary file until all are counted.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use encodify::base64::STANDARD;
use hongyan_proto::transcript::is_unsafe;
use sha2::{Digest as _, Sha256};

use super::record::Record;
use super::table::{answered, hex, value};
use super::words::{Voice, role_word, state_word};
use super::{Head, ReportError, Summary, Writer};
use crate::ledger::{Attempt, Manifest, Opening, SessionId, State, Time};

const STYLE: &str = include_str!("html.css");
const SCRIPT: &str = include_str!("html.js");

/// The page.
pub(super) struct Page {
    out: File,
    /// The rows, then the connections.
    rows: BufWriter<File>,
    connections: BufWriter<File>,
    manifest: Manifest,
    made: Time,
    voice: Voice,
}

impl Page {
    pub(super) fn new(head: &Head<'_>, out: File) -> Result<Self, ReportError> {
        let waiting = |name: &str| waiting(head.options.temporary, name).map(BufWriter::new);
        Ok(Self {
            out,
            rows: waiting("rows")?,
            connections: waiting("connections")?,
            manifest: head.manifest.clone(),
            made: head.options.now,
            voice: Voice { language: head.options.language, zone: head.options.zone },
        })
    }

    /// Everything above the rows.
    fn above(&self, summary: &Summary) -> String {
        let (voice, manifest) = (self.voice, &self.manifest);
        let name = escaped(&manifest.name);
        let title = voice.choose("Report", "群发报告");
        let mut page = format!(
            "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{}'; script-src '{}'\">\n\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>{title}: {name}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}: {name}</h1>\n",
            voice.language.tag(),
            hash(STYLE),
            hash(SCRIPT),
        );
        let total = summary.tally.total();
        let made = voice.time(self.made);
        let _ = writeln!(
            page,
            "<p class=\"quiet\">{}</p>",
            voice.choose(
                format!("{total} recipients, {} letters. Made {made} by hongyan.", manifest.letters),
                format!("{total} 位收件人，{} 封邮件。由 hongyan 生成于 {made}。", manifest.letters),
            )
        );
        self.bar(summary, &mut page);
        self.facts(summary, &mut page);
        self.tools(summary, &mut page);
        let column = |title: &str| format!("<th>{}</th>", escaped(title));
        let mut heads = format!("<th class=\"n\">{}</th>", voice.choose("Row", "行号"));
        let before = voice.choose(
            ["Address", "Outcome", "The server said", "Answered"],
            ["地址", "结果", "服务器答复", "答复时间"],
        );
        heads.extend(before.into_iter().map(column));
        heads.extend(manifest.columns.iter().map(|title| column(title)));
        heads.push_str(&column(voice.choose("Evidence", "证据")));
        let _ = writeln!(
            page,
            "<div class=\"scroll\"><table id=\"recipients\">\n<thead><tr>{heads}</tr></thead>\n<tbody>"
        );
        page
    }

    /// How many of all ended how. No style may stand in an attribute under the policy, so it is drawn.
    fn bar(&self, summary: &Summary, page: &mut String) {
        let total = summary.tally.total().max(1) as f64;
        page.push_str(
            "<svg class=\"bar\" viewBox=\"0 0 100 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
        );
        let mut at = 0.0;
        for state in SHOWN {
            let share = summary.tally.of(state) as f64 * 100.0 / total;
            if share > 0.0 {
                let _ = write!(
                    page,
                    "<rect class=\"{}\" x=\"{at:.3}\" width=\"{share:.3}\" height=\"1\"/>",
                    state.name()
                );
                at += share;
            }
        }
        page.push_str("</svg>\n");
    }

    fn facts(&self, summary: &Summary, page: &mut String) {
        let (voice, manifest) = (self.voice, &self.manifest);
        page.push_str("<dl class=\"facts\">");
        let mut fact = |name: &str, value: &str| {
            if !value.is_empty() {
                let _ = write!(page, "<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(value));
            }
        };
        let time = |time: Option<Time>| time.map(|time| voice.time(time)).unwrap_or_default();
        fact(voice.choose("First begun", "最早开始"), &time(summary.begun));
        fact(voice.choose("Last answer", "最后答复"), &time(summary.ended));
        fact(voice.choose("Attempts", "尝试次数"), &summary.attempts.to_string());
        fact(voice.choose("Connections", "连接数"), &summary.connections.to_string());
        fact(voice.choose("Frozen", "冻结时间"), &voice.time(Time(manifest.frozen)));
        fact(voice.choose("Key", "标识"), &manifest.key);
        page.push_str("</dl>\n");
        let title = voice.choose("Frozen files", "冻结的文件");
        let _ = write!(
            page,
            "<details><summary>{title} ({})</summary><dl class=\"facts\">",
            manifest.files.len()
        );
        for (path, file) in &manifest.files {
            let path = escaped(path);
            let _ =
                write!(page, "<dt>{path}</dt><dd><code>{}</code> {}</dd>", escaped(&file.sha256), file.size);
        }
        page.push_str("</dl></details>\n");
    }

    /// The search, which the script shows, and how many ended how.
    fn tools(&self, summary: &Summary, page: &mut String) {
        let voice = self.voice;
        page.push_str("<p>");
        for state in SHOWN.into_iter().filter(|state| summary.tally.of(*state) > 0) {
            let (name, word) = (state.name(), state_word(state, voice.language));
            let _ = write!(page, "<span class=\"word {name}\">{word} {}</span> ", summary.tally.of(state));
        }
        page.push_str("</p>\n<div class=\"tools\" hidden>");
        let search = voice.choose("Search all columns and evidence", "搜索所有列和证据");
        let _ = write!(
            page,
            "<input type=\"search\" id=\"search\" placeholder=\"{search}\" aria-label=\"{search}\">"
        );
        for state in SHOWN.into_iter().filter(|state| summary.tally.of(*state) > 0) {
            let (name, word) = (state.name(), state_word(state, voice.language));
            let _ = write!(page, "<label><input type=\"checkbox\" value=\"{name}\" checked> {word}</label>");
        }
        let shown = voice.choose("shown", "条显示");
        let _ = writeln!(page, "<span class=\"quiet\"><output id=\"shown\"></output> {shown}</span></div>");
    }

    fn row(&self, record: &Record) -> String {
        let (voice, entry) = (self.voice, &record.entry);
        let state = entry.state.name();
        let word = state_word(entry.state, voice.language);
        let last = record.last();
        let reply = last.map_or("", |last| match last.evidence.reply.as_str() {
            "" => last.evidence.cause.as_str(),
            reply => reply,
        });
        let at = last.and_then(|last| answered(&last.evidence, last.state, voice)).unwrap_or_default();
        let mut row = format!(
            "<tr class=\"{state}\"><td class=\"n\">{}</td><td class=\"address\">{}</td><td class=\"nowrap\"><span class=\"word {state}\">{word}</span></td>\
             <td>{}</td><td class=\"nowrap\">{at}</td>",
            entry.row.number,
            escaped(entry.address.as_str()),
            escaped(reply),
        );
        for at in 0..self.manifest.columns.len() {
            let cell = entry.row.cells.get(at).map(value).unwrap_or_default();
            let _ = write!(row, "<td>{}</td>", escaped(&cell));
        }
        row.push_str("<td>");
        self.evidence(record, &mut row);
        row.push_str("</td></tr>\n");
        row
    }

    fn evidence(&self, record: &Record, row: &mut String) {
        let voice = self.voice;
        let title = match record.entry.attempts.len() {
            0 => voice.choose("not sent yet", "尚未发送").to_owned(),
            1 => voice.choose("1 attempt", "1 次").to_owned(),
            number => voice.choose(format!("{number} attempts"), format!("{number} 次")),
        };
        let _ = write!(row, "<details><summary>{title}</summary><dl class=\"facts\">");
        let mut fact = |name: &str, value: &str| {
            if !value.is_empty() {
                let _ = write!(row, "<dt>{name}</dt><dd>{}</dd>", escaped(value));
            }
        };
        fact(voice.choose("As", "身份"), role_word(record.entry.role, voice.language));
        fact("Message-ID", record.message_id.as_deref().unwrap_or_default());
        let due = record.entry.due.map(|due| voice.time(due)).unwrap_or_default();
        fact(voice.choose("Due again", "下次尝试"), &due);
        for file in &record.files {
            let hash = file.frozen.as_ref().map_or("", |frozen| frozen.sha256.as_str());
            fact(voice.choose("Attachment", "附件"), &format!("{} {hash}", file.path));
        }
        row.push_str("</dl>");
        for attempt in &record.entry.attempts {
            self.attempt(attempt, row);
        }
        row.push_str("</details>");
    }

    fn attempt(&self, attempt: &Attempt, row: &mut String) {
        let (voice, evidence) = (self.voice, &attempt.evidence);
        let (number, word) = (attempt.number, state_word(attempt.state, voice.language));
        let title = voice.choose(format!("Attempt {number}: {word}"), format!("第 {number} 次：{word}"));
        let _ = write!(row, "<dl class=\"facts\"><dt>{title}</dt><dd>{}", voice.time(evidence.begun));
        if let Some(at) = answered(evidence, attempt.state, voice) {
            let _ = write!(row, " – {at}");
        }
        row.push_str("</dd>");
        let mut fact = |name: &str, value: &str| {
            if !value.is_empty() {
                let _ = write!(row, "<dt>{name}</dt><dd>{}</dd>", escaped(value));
            }
        };
        fact(voice.choose("The server said", "服务器答复"), &evidence.reply);
        fact(voice.choose("Stage and cause", "阶段与原因"), &evidence.cause);
        if let Some((hash, size)) = &evidence.message {
            fact(voice.choose("SHA-256 of the mail", "邮件 SHA-256"), &format!("{} ({size})", hex(hash)));
        }
        if let Some(SessionId(id)) = evidence.session {
            let title = voice.choose("Connection", "连接");
            let _ = write!(row, "<dt>{title}</dt><dd><a href=\"#c{id}\">{id}</a></dd>");
        }
        row.push_str("</dl>");
        if !evidence.conversation.is_empty() {
            let _ = write!(row, "<pre>{}</pre>", escaped(&evidence.conversation));
        }
    }
}

/// The outcomes in the order in which they are shown.
const SHOWN: [State; 9] = [
    State::Accepted,
    State::Deferred,
    State::InDoubt,
    State::Rejected,
    State::Suppressed,
    State::Skipped,
    State::InData,
    State::Leased,
    State::Pending,
];

impl Writer for Page {
    fn record(&mut self, record: &Record) -> Result<(), ReportError> {
        let row = self.row(record);
        self.rows.write_all(row.as_bytes())?;
        Ok(())
    }

    fn connection(&mut self, SessionId(id): SessionId, opening: &Opening) -> Result<(), ReportError> {
        writeln!(
            self.connections,
            "<section id=\"c{id}\"><h3>{id} · {} · {}</h3><pre>{}</pre></section>",
            escaped(&opening.account),
            self.voice.time(opening.opened),
            escaped(&opening.transcript),
        )?;
        Ok(())
    }

    fn end(self: Box<Self>, summary: &Summary) -> Result<(), ReportError> {
        let above = self.above(summary);
        let Self { out, rows, connections, voice, .. } = *self;
        let mut out = BufWriter::with_capacity(256 * 1024, out);
        out.write_all(above.as_bytes())?;
        pour(rows, &mut out)?;
        let title = voice.choose("Connections", "连接");
        write!(out, "</tbody>\n</table></div>\n<h2>{title}</h2>\n")?;
        pour(connections, &mut out)?;
        write!(out, "<script>{SCRIPT}</script>\n</body>\n</html>\n")?;
        out.flush()?;
        Ok(())
    }
}

/// Copies what waited.
fn pour(waiting: BufWriter<File>, out: &mut impl io::Write) -> io::Result<()> {
    let mut file = waiting.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.seek(SeekFrom::Start(0))?;
    io::copy(&mut file, out).map(drop)
}

/// A file without a name, for the owner's eyes only.
fn waiting(folder: &Path, name: &str) -> io::Result<File> {
    let path = folder.join(format!(".hongyan-report-{}-{name}", std::process::id()));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

/// What the policy knows a style or script by.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// The text as it stands in HTML, in elements and quoted attributes. What a browser would obey, drop or hide of
/// it (control characters, marks that reorder) is shown as its number; what joins emoji stays.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' | '\u{200c}' | '\u{200d}' => out.push(c),
            c if is_unsafe(c) => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        for (text, written) in [
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("\" onclick='x' &amp;", "&quot; onclick=&#39;x&#39; &amp;amp;"),
            ("a\r\nb\tc", "a\\r\nb\tc"),
            ("\0\u{1b}[31m\u{202e}gpj", "\\u{0}\\u{1b}[31m\\u{202e}gpj"),
            ("👨\u{200d}👩 张三", "👨\u{200d}👩 张三"),
        ] {
            assert_eq!(escaped(text), written);
        }
    }
}
