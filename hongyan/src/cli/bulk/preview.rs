//! `hongyan bulk preview`: the letters as they would be sent, as files or on the terminal; nothing is sent.
//!
//! They are made of what the folder holds now, without a signature, and what stands in them to get off a list is good for
//! nothing: both need keys, which a look at a letter does not.

use std::fs;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use hongyan_bulk::campaign::Campaign;
use hongyan_bulk::ledger::Time;
use hongyan_bulk::letter::{Held, Made, Maker, RowError, Sending};
use hongyan_bulk::row::Row;
use hongyan_bulk::run::date;
use hongyan_mime::address::Mailbox;
use hongyan_mime::compose::Offered;
use hongyan_mime::read::Message;

use crate::cli::exit::Exit;
use crate::cli::figures::counted;
use crate::cli::paint::{Color, Paint};
use crate::cli::show::Reading;
use crate::cli::system::printed;
use crate::cli::terminal::{Language, safe, say, tell};
use crate::cli::trouble::Trouble;
use crate::said::{Problem, said};

/// What Message-IDs of letters that are only looked at are made of.
const KEY: &str = "preview";
/// So many rows that no letter can be made of are told; the others are counted.
const MAX_TOLD: usize = 20;

/// Look at the letters without sending any
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With --row alone one letter is shown here. Otherwise each letter becomes a file ROW.eml in the folder
that -o names (DIR/preview where nothing does), which any mail program opens. Files that are there
are not overwritten.

  hongyan bulk preview payslips --row 2
  hongyan bulk preview payslips -o letters")]
pub(super) struct Args {
    /// The campaign's folder
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,

    /// This row only, as the sheet counts; the row with the names of the columns counts, too
    #[arg(long, value_name = "N")]
    row: Option<u64>,

    /// Write files into this folder, which must be empty or not there yet
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,

    /// Who it is from, where the campaign leaves that to the account
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,

    /// When to colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

impl Args {
    pub(super) fn run(self) -> Exit {
        match self.look() {
            Ok(exit) => exit,
            Err(trouble) => trouble.report("bulk preview"),
        }
    }

    fn look(&self) -> Result<Exit, Trouble> {
        let data = |problem: Problem| Trouble::from(Exit::Data, problem);
        let campaign = Campaign::open(&self.dir).map_err(|error| data(*error.problem))?;
        let sheet = campaign.recipients().map_err(data)?;
        let maker = Maker::new(&campaign, sheet.columns(), KEY).map_err(|error| data(*error.problem))?;
        let from = self.from.as_deref().map(sender).transpose()?;
        let letters = Letters { campaign: &campaign, maker: &maker, from };
        let rows = sheet.rows().map(|row| row.map_err(|error| data(error.problem())));
        match (self.row, &self.output) {
            (Some(number), None) => self.show(&letters, rows, number).map(|()| Exit::Ok),
            (number, output) => {
                let output = output.clone().unwrap_or_else(|| self.dir.join("preview"));
                write_files(&letters, rows, number, &output)
            }
        }
    }

    /// Shows one letter.
    fn show(
        &self,
        letters: &Letters<'_>,
        rows: impl Iterator<Item = Result<Row, Trouble>>,
        number: u64,
    ) -> Result<(), Trouble> {
        let row = find(rows, number)?;
        let mut made = letters.made(&row).map_err(|error| Trouble::from(Exit::Data, error.said()))?;
        let mut octets = Vec::new();
        made.content.read_to_end(&mut octets).map_err(|error| unreadable(&row, &error))?;
        let stdout = io::stdout();
        let reading = Reading {
            path: None,
            language: Language::of_the_environment(),
            paint: Paint::on(&stdout, self.color),
            terminal: stdout.is_terminal(),
        };
        printed(reading.write(&mut stdout.lock(), &Message::parse(&octets)))
    }
}

/// Makes letters of rows.
struct Letters<'c> {
    campaign: &'c Campaign,
    maker: &'c Maker,
    from: Option<Mailbox>,
}

impl Letters<'_> {
    fn made(&self, row: &Row) -> Result<Made, RowError> {
        let mut held: Vec<Held> = Vec::new();
        for path in self.maker.own_files(row)? {
            let file = self.campaign.hold(&path, None);
            held.push(file.map_err(|error| self.maker.own_file_error(row, &path, &error))?);
        }
        let date = date(Time::now());
        let sending = Sending { from: self.from.as_ref(), date, offered: Offered::default() };
        self.maker.letter(row, &held, &sending)
    }
}

/// The row that a person means by this number.
fn find(mut rows: impl Iterator<Item = Result<Row, Trouble>>, number: u64) -> Result<Row, Trouble> {
    let found = rows.find(|row| row.as_ref().map_or(true, |row| row.number >= number));
    match found.transpose()?.filter(|row| row.number == number) {
        Some(row) => Ok(row),
        None => Err(Trouble::new(
            Exit::Data,
            said(
                format!("the sheet has no row {number} with a letter"),
                format!("表格中第 {number} 行没有收件人"),
            ),
            said(
                "rows are counted as the sheet shows them; the first letter is usually in row 2",
                "行号与表格中显示的一致；第一封信通常在第 2 行",
            ),
        )),
    }
}

/// Writes each letter, or that of one row, into a folder.
fn write_files(
    letters: &Letters<'_>,
    rows: impl Iterator<Item = Result<Row, Trouble>>,
    number: Option<u64>,
    folder: &Path,
) -> Result<Exit, Trouble> {
    let cannot = |error: io::Error| not_written(folder, &error);
    fs::create_dir_all(folder).map_err(cannot)?;
    if number.is_none() && fs::read_dir(folder).map_err(cannot)?.next().is_some() {
        return Err(Trouble::new(
            Exit::CannotCreate,
            said(
                format!("the folder {} is not empty", folder.display()),
                format!("文件夹 {} 不是空的", folder.display()),
            ),
            said(
                "name another one with -o, or take away what earlier previews left there",
                "请用 -o 指定另一个文件夹，或删去以前预览留下的文件",
            ),
        ));
    }
    let language = Language::of_the_environment();
    let (mut written, mut failed) = (0_usize, 0_usize);
    let mut one = |row: Row| -> Result<(), Trouble> {
        match letters.made(&row) {
            Ok(mut made) => {
                let path = folder.join(format!("{}.eml", row.number));
                let mut file = fs::File::create_new(&path).map_err(|error| not_written(&path, &error))?;
                copy(&mut made, &mut file).map_err(|error| not_written(&path, &error))?;
                written += 1;
            }
            Err(error) => {
                failed += 1;
                if failed <= MAX_TOLD {
                    let problem = error.said();
                    tell(&safe(language.of(&problem.what)));
                    tell(&format!(
                        "  {}{}",
                        language.choose("next: ", "下一步："),
                        safe(language.of(&problem.next))
                    ));
                }
            }
        }
        Ok(())
    };
    match number {
        Some(number) => one(find(rows, number)?)?,
        None => rows.into_iter().try_for_each(|row| one(row?))?,
    }
    let shown = folder.display();
    say(&language.choose(
        format!("{} in {shown}", counted(written, "letter", "letters")),
        format!("{shown} 中有 {written} 封信"),
    ));
    if failed == 0 {
        return Ok(Exit::Ok);
    }
    tell(&language.choose(
        format!("no letter could be made of {}", counted(failed, "row", "rows")),
        format!("有 {failed} 行无法生成信件"),
    ));
    Ok(Exit::Data)
}

fn copy(made: &mut Made, file: &mut fs::File) -> io::Result<()> {
    loop {
        let piece = made.content.fill_buf()?;
        if piece.is_empty() {
            return Ok(());
        }
        file.write_all(piece)?;
        let taken = piece.len();
        made.content.consume(taken);
    }
}

fn sender(text: &str) -> Result<Mailbox, Trouble> {
    Mailbox::parse(text).map_err(|error| {
        Trouble::new(
            Exit::Usage,
            said(format!("--from {text}: {error}"), format!("--from {text} 不是邮箱地址：{error}")),
            said("write an address, as name@example.org", "请写一个邮箱地址，例如 name@example.org"),
        )
    })
}

fn unreadable(row: &Row, error: &io::Error) -> Trouble {
    let number = row.number;
    Trouble::new(
        Exit::Io,
        said(
            format!("the letter of row {number} cannot be read: {error}"),
            format!("无法读取第 {number} 行的信件：{error}"),
        ),
        said("look at the row's files", "请检查该行的文件"),
    )
}

fn not_written(path: &Path, error: &io::Error) -> Trouble {
    let shown = path.display();
    Trouble::new(
        Exit::CannotCreate,
        said(format!("{shown} cannot be written: {error}"), format!("无法写入 {shown}：{error}")),
        said("name another folder with -o, or make room", "请用 -o 指定另一个文件夹，或腾出空间"),
    )
}
