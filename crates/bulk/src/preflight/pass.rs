//! Going over the sheet, row by row, with every rule that looks at a row alone.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, UNIX_EPOCH};

use hongyan_mime::address::Mailbox;
use hongyan_mime::compose::{Date, Offered};
use hongyan_proto::said::said;
use serde_json::Value;

use super::Checks;
use super::addressees::{Addressees, Addresses, Columns};
use super::code::Code;
use super::content::{self, Content};
use super::differ::{Furthest, Letter};
use super::dns::Identity;
use super::finding::{Book, Column, Place};
use super::naming::{Sample, Scheme};
use super::own_files::{OwnFiles, code_of};
use crate::campaign::{Campaign, PathError};
use crate::letter::{Held, Maker, RowError, Sending};
use crate::recipients::{Sheet, SheetError};
use crate::row::Row;

/// What is larger than this (in octets) is refused by many of those who receive mail.
pub const LARGE: u64 = 25_000_000;
/// The most pairs of domains of From and reverse-path that are remembered.
const MOST_IDENTITIES: usize = 64;
/// The most domains of recipients that are counted one by one.
const MOST_DOMAINS: usize = 10_000;
/// How often somebody is told how far it is: every so many rows.
const STEP: u64 = 64;

/// Everything that was seen while the rows went by.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) rows: u64,
    pub(super) letters: u64,
    pub(super) addresses: Addresses,
    pub(super) sizes: Vec<u64>,
    pub(super) furthest: Furthest,
    pub(super) identity: Identity,
    /// Recipients by their domains.
    pub(super) domains: HashMap<String, u64>,
    pub(super) files: OwnFiles,
    pub(super) scheme: Scheme,
    pub(super) doubts: bool,
}

/// What is looked at, and how.
pub(super) struct Pass<'a> {
    pub(super) campaign: &'a Campaign,
    pub(super) checks: &'a Checks<'a>,
    pub(super) sheet: &'a Sheet,
    pub(super) maker: &'a Maker,
    pub(super) columns: Columns,
    own: Option<Column>,
    from: Option<Column>,
    attached: bool,
    /// The largest message that every account takes, and who says so.
    largest: Option<(u64, String)>,
    date: Date,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        campaign: &'a Campaign,
        checks: &'a Checks<'a>,
        sheet: &'a Sheet,
        maker: &'a Maker,
    ) -> Self {
        let config = campaign.config();
        let names = sheet.columns().names();
        let of = |template: Option<&str>| template.and_then(|template| column_of(template, names));
        let recipients = &config.recipients;
        let largest = checks.accounts.iter().filter_map(|account| account.largest());
        let now = u64::try_from(checks.now.0).unwrap_or(0);
        Self {
            campaign,
            checks,
            sheet,
            maker,
            columns: Columns {
                to: of(Some(&recipients.to)),
                cc: of(recipients.cc.as_deref()),
                bcc: of(recipients.bcc.as_deref()),
            },
            own: of(config.attach.own.first().map(String::as_str)),
            from: of(config.message.from.as_deref()),
            attached: !config.attach.shared.is_empty(),
            largest: largest.min_by_key(|(size, _)| *size).map(|(size, by)| (size, by.into_owned())),
            date: Date::new(UNIX_EPOCH + Duration::from_millis(now), 0),
        }
    }

    /// Whether a row is to be looked at.
    pub(super) fn wants(&self, row: u64) -> bool {
        self.checks.row.is_none_or(|only| only == row)
    }

    /// The first time.
    pub(super) fn first(&self, book: &mut Book, progress: &mut dyn FnMut(u64)) -> Seen {
        let mut seen = Seen { scheme: self.scheme(), ..Seen::default() };
        let mut rows = self.sheet.rows();
        for next in rows.by_ref() {
            match next {
                Ok(row) => {
                    seen.scheme.add(row.number, |column| text(&row, column));
                    if self.wants(row.number) {
                        seen.rows += 1;
                        self.row(book, &mut seen, &row);
                    }
                    if seen.rows.is_multiple_of(STEP) {
                        progress(seen.rows);
                    }
                }
                Err(error) => unreadable(book, &error),
            }
        }
        progress(seen.rows);
        super::sheet::findings(book, rows.findings());
        seen
    }

    /// How files are called here, from the first rows.
    fn scheme(&self) -> Scheme {
        let mut sample = Sample::default();
        if self.campaign.config().attach.own.is_empty() {
            return Scheme::default();
        }
        for row in self.sheet.rows().flatten() {
            let files = self.maker.own_files(&row).unwrap_or_default();
            let cells = (0..row.cells.len()).map(|column| text(&row, column));
            if !sample.add(cells, &files) {
                break;
            }
        }
        Scheme::learn(&sample)
    }

    /// Everything about one row.
    fn row(&self, book: &mut Book, seen: &mut Seen, row: &Row) {
        let number = row.number;
        let mut whole = true;
        let mut failed = |book: &mut Book, code: Code, error: RowError| {
            whole = false;
            self.row_error(book, code, error);
        };
        let who = match self.maker.addressed(row, self.checks.from) {
            Ok(addressed) => Some(addressed),
            Err(error) => {
                let empty =
                    self.columns.to.as_ref().is_some_and(|to| text(row, to.position).trim().is_empty());
                let code = if empty { Code::AddressMissing } else { Code::AddressInvalid };
                failed(book, code, error);
                None
            }
        };
        let files = match self.maker.own_files(row) {
            Ok(files) => files,
            Err(error) => {
                failed(book, Code::FileOutside, error);
                Vec::new()
            }
        };
        let rendered = match self.maker.rendered(row, who.as_ref().map_or(&[][..], |who| &who.to)) {
            Ok(rendered) => Some(rendered),
            Err(error) => {
                failed(book, Code::TemplateRow, error);
                None
            }
        };
        let held = self.files(book, seen, row, &files);
        let to = who.as_ref().map(|who| bare(&who.to)).unwrap_or_default();
        if let Some(who) = &who {
            let all = Addressees { to: to.clone(), cc: bare(&who.cc), bcc: bare(&who.bcc) };
            let cell = self.columns.to.as_ref().map(|to| text(row, to.position));
            seen.addresses.row(book, number, &all, &self.columns, cell.as_deref(), self.checks.suppressed);
            count_domains(&mut seen.domains, &all);
        }
        let Some(rendered) = rendered else { return };
        let attached = self.attached || !files.is_empty();
        let html = rendered.html.as_deref().unwrap_or_default();
        let said = rendered.text.as_deref().unwrap_or_default();
        content::check(book, number, &Content { subject: &rendered.subject, text: said, html, attached });
        let first = to.first().map_or("", String::as_str);
        seen.furthest.add(&Letter {
            row: number,
            to: first,
            subject: &rendered.subject,
            text: said,
            files: &files,
        });
        let (Some(held), Some(who)) = (held.filter(|_| whole), who) else { return };
        // Whether a server takes addresses that need SMTPUTF8 is not known here; each of them is a finding.
        let offered = Offered { utf8: true, ..Offered::default() };
        let sending = Sending { from: self.checks.from, date: self.date, offered };
        let from = who.from.address.clone();
        match self.maker.letter_of(row, who, rendered, &held, &sending) {
            Ok(made) => {
                seen.letters += 1;
                self.made(book, seen, number, made.content.len(), &from, made.envelope_from.as_str());
            }
            Err(error) => self.row_error(book, Code::LetterRefused, error),
        }
    }

    /// What a whole letter is held against.
    fn made(&self, book: &mut Book, seen: &mut Seen, row: u64, size: u64, from: &str, path: &str) {
        seen.sizes.push(size);
        match &self.largest {
            Some((most, by)) if size > *most => book.found(Code::SizeOver, Place::row(row), || {
                said(
                    format!("the letter has {size} octets; {by} takes {most}"),
                    format!("邮件有 {size} 字节，{by} 最多接受 {most} 字节"),
                )
            }),
            _ if size > LARGE => book.found(Code::SizeLarge, Place::row(row), || {
                said(format!("the letter has {size} octets"), format!("邮件有 {size} 字节"))
            }),
            _ => {}
        }
        for account in self.checks.accounts {
            account.sender(book, row, self.from.clone(), from, path);
        }
        let domain = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
        if let (Some(from), Some(path)) = (domain(from), domain(path))
            && seen.identity.domains.len() < MOST_IDENTITIES
        {
            seen.identity.domains.insert((from, path));
        }
    }

    /// The row's own files, ready to be sent; `None` where one is not.
    fn files(&self, book: &mut Book, seen: &mut Seen, row: &Row, files: &[String]) -> Option<Vec<Held>> {
        let mut held = Vec::with_capacity(files.len());
        for path in files {
            seen.doubts |= seen.scheme.doubts(|column| text(row, column), path);
            let opened =
                self.campaign.hold(path, None).and_then(|held| Ok((held, self.campaign.path(path)?)));
            let (file, place) = match opened {
                Ok(opened) => opened,
                Err(error) => {
                    self.file_error(book, row.number, &error);
                    continue;
                }
            };
            if file.source.is_empty() {
                book.found(Code::FileEmpty, self.own_place(row.number, path), || said(path, path));
            }
            if let Err(error) = seen.files.add(row.number, path, &place) {
                book.found(Code::FileUnreadable, self.own_place(row.number, path), || {
                    said(format!("`{path}` cannot be read: {error}"), format!("无法读取 {path}：{error}"))
                });
                continue;
            }
            held.push(file);
        }
        (held.len() == files.len()).then_some(held)
    }

    pub(super) fn own_place(&self, row: u64, path: &str) -> Place {
        Place::cell(row, self.own.clone()).with_file(path)
    }

    fn file_error(&self, book: &mut Book, row: u64, error: &PathError) {
        let place = self.own_place(row, &error.path);
        book.advised(code_of(&error.problem), place, || {
            let problem = error.problem();
            (problem.what, problem.next)
        });
    }

    fn row_error(&self, book: &mut Book, code: Code, error: RowError) {
        let names = self.sheet.columns();
        let column = error
            .column
            .as_deref()
            .and_then(|name| Some(Column { position: names.position(name)?, name: name.to_owned() }));
        let mut place = Place::cell(error.row, column);
        if !error.place.file.is_empty() {
            place.file = Some(error.place.file);
            place.line = error.place.line.map(|line| line as u64);
        }
        book.advised(code, place, || (error.problem.what, error.problem.next));
    }

    /// Files beside those that are used.
    pub(super) fn unused(&self, book: &mut Book, seen: &mut Seen) {
        let config = self.campaign.config();
        let Some(folder) = self.campaign.folder() else { return };
        let attach = &config.attach;
        let message = &config.message;
        let mut used: BTreeSet<String> = attach.shared.iter().chain(&attach.inline).cloned().collect();
        used.extend(message.text.iter().chain(&message.html).chain([&config.recipients.file]).cloned());
        seen.files.unused(book, folder, attach, &used);
    }
}

/// An error of the sheet itself.
pub(super) fn unreadable(book: &mut Book, error: &SheetError) {
    let place = error.place.as_ref().map_or_else(Place::campaign, |place| Place::row(place.row));
    book.advised(Code::SheetUnreadable, place, || {
        let problem = error.problem();
        (problem.what, problem.next)
    });
}

pub(super) fn bare(list: &[Mailbox]) -> Vec<String> {
    list.iter().map(|mailbox| mailbox.address.clone()).collect()
}

fn count_domains(domains: &mut HashMap<String, u64>, who: &Addressees) {
    for address in who.to.iter().chain(&who.cc).chain(&who.bcc) {
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase();
        if domains.len() < MOST_DOMAINS || domains.contains_key(&domain) {
            *domains.entry(domain).or_default() += 1;
        }
    }
}

/// A cell as text.
pub(super) fn text(row: &Row, column: usize) -> String {
    match row.cells.get(column) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

/// The first column that a template names between its marks.
fn column_of(template: &str, names: &[String]) -> Option<Column> {
    // What is wrong with `{{ name }} <{{ address }}>` is hardly ever the name.
    let angle =
        template.rsplit_once('<').and_then(|(_, rest)| rest.rsplit_once('>')).map(|(inside, _)| inside);
    angle.and_then(|inside| first_column(inside, names)).or_else(|| first_column(template, names))
}

/// The first of the sheet's columns that is named in a template.
fn first_column(template: &str, names: &[String]) -> Option<Column> {
    let named = |name: &&String| {
        template.split("{{").skip(1).chain(template.split("{%").skip(1)).any(|rest| {
            let inside = rest.split(['}', '%']).next().unwrap_or_default();
            inside.match_indices(name.as_str()).any(|(at, found)| {
                let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                let (before, after) =
                    (inside[..at].chars().next_back(), inside[at + found.len()..].chars().next());
                !word(before) && !word(after)
            })
        })
    };
    let position = names.iter().position(|name| named(&name))?;
    Some(Column { position, name: names[position].clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_s_column_is_the_one_between_its_marks() {
        let names: Vec<String> =
            ["姓名", "邮箱", "邮箱2", "a"].iter().map(|name| (*name).to_owned()).collect();
        for (template, expected) in [
            ("{{ 邮箱 }}", Some("邮箱")),
            ("{{邮箱2}}", Some("邮箱2")),
            ("姓名 <{{ 邮箱 }}>", Some("邮箱")),
            ("{{ 姓名 }} <{{ 邮箱 }}>", Some("邮箱")),
            ("{{ 姓名 }} <user@example.org>", Some("姓名")),
            ("{{ row[\"邮箱\"] }}", Some("邮箱")),
            ("a@example.org", None),
            ("{{ ab }}", None),
        ] {
            assert_eq!(
                column_of(template, &names).map(|column| column.name).as_deref(),
                expected,
                "{template}"
            );
        }
    }
}
