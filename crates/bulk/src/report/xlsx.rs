//! XLSX: a summary, the recipients, the evidence of each attempt, the connections.
//!
//! Every cell that comes from outside is a string cell, never a formula or a link. Rows go to temporary files as they
//! come, so memory stays flat; a sheet that is full goes on in the next one. What is longer than a cell may be goes on
//! in the next row (evidence), or is named as such (a value of the sheet: the other formats have it whole).

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatPattern, Worksheet};

use super::guarded::guarded;
use super::record::Record;
use super::table::{AFTER, BEFORE, Cell, answered, cells, titles};
use super::words::{Voice, state_word};
use super::{Head, ReportError, Summary, Writer};
use crate::ledger::{Manifest, Opening, SessionId, State};

/// The most rows of a sheet.
pub const ROWS: u32 = 1_048_576;
/// The most characters of a cell, in UTF-16 units.
pub const CELL: usize = 32_767;
/// The most columns of a sheet.
const COLUMNS: usize = 16_384;
/// How high a line is, in points.
const LINE: f64 = 15.0;
/// The most lines that a row shows at first; a row can be 409 points high.
const LINES: usize = 20;
/// So many rows of a sheet get the height that they need, as each costs memory; below them Excel does it by itself.
const HEIGHTENED: u32 = 5_000;
/// How wide a column of the sheet's own is shown.
const WIDTH: u16 = 16;

/// The workbook as it is being made.
pub(super) struct Workbook {
    book: rust_xlsxwriter::Workbook,
    out: File,
    voice: Voice,
    manifest: Manifest,
    made: String,
    styles: Styles,
    recipients: Place,
    evidence: Place,
    connections: Option<Place>,
    /// How many rows a sheet takes: [`ROWS`], fewer in tests.
    rows: u32,
}

/// Where the next row goes.
struct Place {
    /// Which sheet of the workbook.
    sheet: usize,
    row: u32,
    /// How many sheets of this kind there are.
    number: usize,
}

struct Styles {
    title: Format,
    head: Format,
    wrapped: Format,
    states: Vec<(State, Format)>,
}

/// What a kind of sheet is.
struct Kind {
    name: &'static str,
    titles: Vec<String>,
    widths: Vec<u16>,
    frozen: u16,
}

impl Workbook {
    pub(super) fn new(head: &Head<'_>, out: File) -> Result<Self, ReportError> {
        Self::with_rows(head, out, ROWS)
    }

    fn with_rows(head: &Head<'_>, out: File, rows: u32) -> Result<Self, ReportError> {
        let voice = Voice { language: head.options.language, zone: head.options.zone };
        let manifest = head.manifest.clone();
        let columns = manifest.columns.len() + BEFORE.len() + AFTER.len();
        if columns > COLUMNS {
            return Err(ReportError::TooManyColumns { columns });
        }
        let mut book = rust_xlsxwriter::Workbook::new();
        let temporary = PathBuf::from(head.options.temporary);
        guarded(|| book.set_tempdir(&temporary).map(|_| ()))?;
        book.add_worksheet().set_name(voice.choose("Summary", "概要"))?;
        let place = || Place { sheet: 0, row: rows, number: 0 };
        Ok(Self {
            book,
            out,
            voice,
            manifest,
            made: voice.time(head.options.now),
            styles: Styles::new(),
            recipients: place(),
            evidence: place(),
            connections: None,
            rows,
        })
    }

    /// What the recipients' sheets are.
    fn recipients(&self) -> Kind {
        let ours = |columns: &[super::table::Column]| columns.iter().map(|one| one.width).collect::<Vec<_>>();
        let sheet = vec![WIDTH; self.manifest.columns.len()];
        Kind {
            name: self.voice.choose("Recipients", "收件人"),
            titles: titles(&self.manifest.columns, self.voice),
            widths: [ours(&BEFORE), sheet, ours(&AFTER)].concat(),
            frozen: 2,
        }
    }

    fn evidence(&self) -> Kind {
        let titles = self.voice.choose(
            [
                "Row",
                "Address",
                "Attempt",
                "Outcome",
                "Begun",
                "Answered",
                "Connection",
                "Part",
                "Conversation",
            ],
            ["行号", "地址", "第几次", "结果", "开始时间", "答复时间", "连接", "部分", "会话记录"],
        );
        Kind {
            name: self.voice.choose("Evidence", "证据"),
            titles: titles.map(str::to_owned).into(),
            widths: vec![7, 30, 9, 10, 26, 26, 10, 7, 100],
            frozen: 2,
        }
    }

    fn connections(&self) -> Kind {
        let titles = self.voice.choose(
            ["Connection", "Opened", "Account", "Part", "Opening"],
            ["连接", "建立时间", "账户", "部分", "建立过程"],
        );
        Kind {
            name: self.voice.choose("Connections", "连接"),
            titles: titles.map(str::to_owned).into(),
            widths: vec![11, 26, 16, 7, 100],
            frozen: 1,
        }
    }

    /// A sheet with a row to write to: the last one, or a new one where that is full.
    fn room(&mut self, mut place: Place, kind: impl Fn(&Self) -> Kind) -> Result<Place, ReportError> {
        if place.row < self.rows {
            return Ok(place);
        }
        let kind = kind(self);
        let number = place.number + 1;
        let name = if number == 1 { kind.name.to_owned() } else { format!("{} {number}", kind.name) };
        let head = self.styles.head.clone();
        let (book, rows) = (&mut self.book, self.rows);
        guarded(|| {
            let sheet = book.add_worksheet_with_constant_memory()?;
            sheet.set_name(name)?.set_freeze_panes(1, kind.frozen)?;
            for (at, title) in kind.titles.iter().enumerate() {
                let at = u16::try_from(at).unwrap_or(u16::MAX);
                string(sheet, 0, at, title, Some(&head))?;
                sheet.set_column_width(at, kind.widths.get(usize::from(at)).copied().unwrap_or(WIDTH))?;
            }
            let last = u16::try_from(kind.titles.len().saturating_sub(1)).unwrap_or(u16::MAX);
            sheet.autofilter(0, 0, rows - 1, last).map(|_| ())
        })?;
        place = Place { sheet: book.worksheets().len() - 1, row: 1, number };
        Ok(place)
    }

    fn recipient(&mut self, record: &Record) -> Result<(), ReportError> {
        let old = std::mem::replace(&mut self.recipients, Place { sheet: 0, row: 0, number: 0 });
        self.recipients = self.room(old, Self::recipients)?;
        let (columns, voice) = (self.manifest.columns.len(), self.voice);
        let outcome = self.styles.of(record.entry.state).cloned();
        let wrapped = &self.styles.wrapped;
        let place = &mut self.recipients;
        let row = place.row;
        place.row += 1;
        let sheet = self.book.worksheet_from_index(place.sheet)?;
        guarded(|| {
            let mut lines = 1;
            for (at, cell) in cells(record, columns, voice).enumerate() {
                let column = u16::try_from(at).unwrap_or(u16::MAX);
                match cell {
                    Cell::Number(number) => {
                        sheet.write_number(row, column, number as f64)?;
                    }
                    Cell::Text(text) if at == OUTCOME => string(sheet, row, column, &text, outcome.as_ref())?,
                    Cell::Text(text) if text.contains('\n') => {
                        lines = lines.max(text.lines().count());
                        string(sheet, row, column, &fitting(text, voice), Some(wrapped))?;
                    }
                    Cell::Text(text) => string(sheet, row, column, &fitting(text, voice), None)?,
                }
            }
            heighten(sheet, row, lines)
        })
    }

    /// A text in as many rows as it needs, behind the same cells.
    fn parts(
        &mut self,
        place: Place,
        kind: fn(&Self) -> Kind,
        before: &[Cell],
        state: Option<State>,
        text: &str,
    ) -> Result<Place, ReportError> {
        let parts = pieces(text);
        let mut place = place;
        for (number, part) in parts.iter().enumerate() {
            place = self.room(place, kind)?;
            let row = place.row;
            place.row += 1;
            let style = state.and_then(|state| self.styles.of(state)).cloned();
            let wrapped = &self.styles.wrapped;
            let sheet = self.book.worksheet_from_index(place.sheet)?;
            guarded(|| {
                let mut at = 0;
                for cell in before {
                    match cell {
                        Cell::Number(number) => {
                            sheet.write_number(row, at, *number as f64)?;
                        }
                        Cell::Text(text) => {
                            let style = style.as_ref().filter(|_| at == STATE);
                            string(sheet, row, at, text, style)?;
                        }
                    }
                    at += 1;
                }
                string(sheet, row, at, &format!("{}/{}", number + 1, parts.len()), None)?;
                string(sheet, row, at + 1, part, Some(wrapped))?;
                heighten(sheet, row, part.lines().count())
            })?;
        }
        Ok(place)
    }

    fn summary(&mut self, summary: &Summary) -> Result<(), ReportError> {
        let voice = self.voice;
        let mut lines: Vec<(String, Cell, Option<Format>)> = Vec::new();
        let mut line = |name: &str, cell: Cell| lines.push((name.to_owned(), cell, None));
        let time = |time| voice.time(time).into();
        line(voice.choose("Campaign", "活动"), self.manifest.name.as_str().into());
        line(voice.choose("Key", "标识"), self.manifest.key.as_str().into());
        line(voice.choose("Frozen", "冻结时间"), time(crate::ledger::Time(self.manifest.frozen)));
        line(voice.choose("Report made", "报告时间"), self.made.as_str().into());
        line(voice.choose("Letters", "邮件数"), Cell::Number(self.manifest.letters));
        line(voice.choose("Recipients", "收件人数"), Cell::Number(summary.tally.total()));
        line(voice.choose("Attempts", "尝试次数"), Cell::Number(summary.attempts));
        line(voice.choose("Connections", "连接数"), Cell::Number(summary.connections));
        line(voice.choose("First begun", "最早开始"), summary.begun.map_or("".into(), time));
        line(voice.choose("Last answer", "最后答复"), summary.ended.map_or("".into(), time));
        for state in State::ALL {
            let style = self.styles.of(state).cloned();
            let count = Cell::Number(summary.tally.of(state));
            lines.push((state_word(state, voice.language).to_owned(), count, style));
        }
        let (title, head, files) = (&self.styles.title, &self.styles.head, &self.manifest.files);
        let left = &Format::new().set_align(FormatAlign::Left).set_num_format("#,##0");
        let sheet = self.book.worksheet_from_index(0)?;
        guarded(|| {
            string(sheet, 0, 0, voice.choose("Report of a campaign", "群发报告"), Some(title))?;
            let mut row = 2;
            for (name, cell, style) in &lines {
                string(sheet, row, 0, name, style.as_ref())?;
                match cell {
                    Cell::Number(number) => {
                        sheet.write_number_with_format(row, 1, *number as f64, left)?;
                    }
                    Cell::Text(text) => string(sheet, row, 1, &fitting(text.clone(), voice), None)?,
                }
                row += 1;
            }
            row += 1;
            let titles =
                voice.choose(["File", "SHA-256", "Size (octets)"], ["文件", "SHA-256", "大小（字节）"]);
            for (at, title) in (0..).zip(titles) {
                string(sheet, row, at, title, Some(head))?;
            }
            for (path, file) in files {
                row += 1;
                string(sheet, row, 0, &fitting(path.clone(), voice), None)?;
                string(sheet, row, 1, &file.sha256, None)?;
                sheet.write_number(row, 2, file.size as f64)?;
            }
            sheet.set_column_width(0, 26)?.set_column_width(1, 68)?.set_column_width(2, 14).map(|_| ())
        })
    }
}

/// Where the outcome stands among the recipients' cells.
const OUTCOME: usize = 3;
/// Where it stands among those of the evidence.
const STATE: u16 = 3;

impl Writer for Workbook {
    fn record(&mut self, record: &Record) -> Result<(), ReportError> {
        self.recipient(record)?;
        for attempt in &record.entry.attempts {
            let (evidence, voice) = (&attempt.evidence, self.voice);
            let before = [
                Cell::Number(record.entry.row.number),
                record.entry.address.as_str().into(),
                Cell::Number(attempt.number.into()),
                state_word(attempt.state, voice.language).into(),
                voice.time(evidence.begun).into(),
                answered(evidence, attempt.state, voice).into(),
                evidence.session.map_or("".into(), number),
            ];
            let text =
                if evidence.conversation.is_empty() { &evidence.cause } else { &evidence.conversation };
            let place = std::mem::replace(&mut self.evidence, Place { sheet: 0, row: 0, number: 0 });
            self.evidence = self.parts(place, Self::evidence, &before, Some(attempt.state), text)?;
        }
        Ok(())
    }

    fn connection(&mut self, id: SessionId, opening: &Opening) -> Result<(), ReportError> {
        let before = [number(id), self.voice.time(opening.opened).into(), opening.account.as_str().into()];
        let place = self.connections.take().unwrap_or(Place { sheet: 0, row: self.rows, number: 0 });
        self.connections = Some(self.parts(place, Self::connections, &before, None, &opening.transcript)?);
        Ok(())
    }

    fn end(mut self: Box<Self>, summary: &Summary) -> Result<(), ReportError> {
        // A campaign of nobody has its titles, too.
        if self.recipients.number == 0 {
            let place = Place { sheet: 0, row: self.rows, number: 0 };
            self.recipients = self.room(place, Self::recipients)?;
        }
        self.summary(summary)?;
        let Self { book, out, .. } = &mut *self;
        guarded(|| {
            let mut out = BufWriter::with_capacity(256 * 1024, out);
            book.save_to_writer(&mut out)?;
            std::io::Write::flush(&mut out).map_err(rust_xlsxwriter::XlsxError::IoError)
        })
    }
}

/// Writes a string cell.
fn string(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    text: &str,
    style: Option<&Format>,
) -> Result<(), rust_xlsxwriter::XlsxError> {
    match style {
        Some(style) => sheet.write_string_with_format(row, column, text, style).map(drop),
        None if text.is_empty() => Ok(()),
        None => sheet.write_string(row, column, text).map(drop),
    }
}

/// Makes room for so many lines, where LibreOffice would not.
fn heighten(sheet: &mut Worksheet, row: u32, lines: usize) -> Result<(), rust_xlsxwriter::XlsxError> {
    if lines < 2 || row > HEIGHTENED {
        return Ok(());
    }
    sheet.set_row_height(row, LINE * lines.min(LINES) as f64).map(drop)
}

/// A connection's number.
fn number(SessionId(id): SessionId) -> Cell {
    u64::try_from(id).map_or_else(|_| id.to_string().into(), Cell::Number)
}

/// A text that a cell takes: what is longer is named in its place.
fn fitting(text: String, voice: Voice) -> String {
    let units = text.encode_utf16().count();
    if units <= CELL {
        return text;
    }
    voice.choose(
        format!("({units} characters: too long for a cell; the report as CSV, HTML or JSON has it)"),
        format!("（{units} 个字符，超出单元格上限；完整内容见 CSV、HTML 或 JSON 报告）"),
    )
}

/// The text in pieces that cells take, cut at line ends where there are any; at least one.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    loop {
        let (mut units, mut line) = (0, 0);
        let over = rest.char_indices().find(|(at, c)| {
            units += c.len_utf16();
            if units <= CELL && *c == '\n' {
                line = at + 1;
            }
            units > CELL
        });
        let Some((over, _)) = over else { break };
        let (piece, behind) = rest.split_at(if line > 0 { line } else { over });
        pieces.push(piece);
        rest = behind;
    }
    pieces.push(rest);
    pieces
}

impl Styles {
    fn new() -> Self {
        let colour = |background: u32, ink: u32| {
            Format::new()
                .set_background_color(Color::RGB(background))
                .set_font_color(Color::RGB(ink))
                .set_pattern(FormatPattern::Solid)
        };
        let (good, bad, notice) =
            (colour(0xC6_EF_CE, 0x00_61_00), colour(0xFF_C7_CE, 0x9C_00_06), colour(0xFF_EB_9C, 0x7F_60_00));
        let quiet = colour(0xE7_E6_E6, 0x40_40_40);
        Self {
            title: Format::new().set_bold().set_font_size(16),
            head: Format::new().set_bold().set_background_color(Color::RGB(0xD9_E1_F2)).set_text_wrap(),
            wrapped: Format::new().set_text_wrap().set_align(FormatAlign::Top),
            states: vec![
                (State::Accepted, good),
                (State::Rejected, bad),
                (State::Deferred, notice.clone()),
                (State::InDoubt, notice),
                (State::Suppressed, quiet.clone()),
                (State::Skipped, quiet),
            ],
        }
    }

    fn of(&self, state: State) -> Option<&Format> {
        self.states.iter().find(|(known, _)| *known == state).map(|(_, style)| style)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Language;

    #[test]
    fn a_long_conversation_is_cut_at_line_ends_and_nothing_is_lost() {
        let line = format!("C: {}\n", "字".repeat(996));
        for (text, number) in [
            (String::new(), 1),
            ("C: QUIT".to_owned(), 1),
            ("a".repeat(CELL), 1),
            ("a".repeat(CELL + 1), 2),
            (line.repeat(100), 4),
            ("😀".repeat(CELL), 3),
        ] {
            let parts = pieces(&text);
            assert_eq!((parts.len(), &parts.concat()), (number, &text));
            assert!(parts.iter().all(|part| part.encode_utf16().count() <= CELL));
        }
        assert!(pieces(&line.repeat(100)).iter().all(|part| part.ends_with('\n')));
    }

    #[test]
    fn a_value_that_no_cell_takes_is_named() {
        let voice = Voice { language: Language::English, zone: None };
        assert_eq!(fitting("a".repeat(CELL), voice).len(), CELL);
        assert!(fitting("a".repeat(CELL + 1), voice).starts_with("(32768 characters: too long"));
    }

    #[test]
    fn a_sheet_that_is_full_goes_on_in_the_next_one() {
        use calamine::Reader as _;
        let manifest = Manifest {
            version: 1,
            key: String::new(),
            name: "x".to_owned(),
            frozen: 0,
            campaign: String::new(),
            columns: Vec::new(),
            letters: 5,
            recipients: 5,
            files: Default::default(),
        };
        let temporary = std::env::temp_dir();
        let options = super::super::Options {
            language: Language::English,
            zone: None,
            now: crate::ledger::Time(0),
            message_id: &|_, _| None,
            progress: &|_| {},
            temporary: &temporary,
        };
        let path = temporary.join(format!("hongyan-sheets-{}.xlsx", std::process::id()));
        let out = File::create(&path).unwrap();
        let head = Head { manifest: &manifest, options: &options };
        let mut book = Box::new(Workbook::with_rows(&head, out, 3).unwrap());
        for number in 1..=5 {
            let entry = crate::ledger::Entry {
                id: crate::ledger::RecipientId(number),
                address: "a@example.org".parse().unwrap(),
                role: crate::ledger::Role::To,
                row: crate::row::Row { number: number as u64, cells: Vec::new() },
                files: Vec::new(),
                state: State::Pending,
                due: None,
                attempts: Vec::new(),
            };
            book.record(&Record { entry, message_id: None, files: Vec::new(), account: None }).unwrap();
        }
        book.end(&Summary::default()).unwrap();
        let mut book: calamine::Xlsx<_> = calamine::open_workbook(&path).unwrap();
        let rows = |book: &mut calamine::Xlsx<_>, name: &str| -> Vec<f64> {
            let range = book.worksheet_range(name).unwrap();
            range.rows().skip(1).filter_map(|row| calamine::DataType::get_float(&row[0])).collect()
        };
        let sheets = ["Recipients", "Recipients 2", "Recipients 3"].map(|name| rows(&mut book, name));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(sheets, [vec![1.0, 2.0], vec![3.0, 4.0], vec![5.0]]);
    }
}
