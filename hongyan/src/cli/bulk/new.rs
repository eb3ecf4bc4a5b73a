//! `hongyan bulk new`: a folder with a campaign that works, to be made one's own.

use std::path::PathBuf;

use clap::ValueEnum;
use hongyan_bulk::example::{self, ExampleError};

use crate::cli::exit::Exit;
use crate::cli::system::{called, shell_word};
use crate::cli::terminal::{Language, say};
use crate::cli::trouble::Trouble;
use crate::said::said;

/// Make a folder with a campaign to begin with: payslips for three people, each with a file
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The folder holds campaign.toml with every setting explained, a sheet, a letter as text and as HTML
with a picture, and a PDF for each row. It can be checked, previewed and rehearsed as it is.

  hongyan bulk new payslips
  hongyan bulk preview payslips --row 2")]
pub(super) struct Args {
    /// The folder, which must be empty or not there yet
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    /// The language of the example; that of the locale where this says nothing
    #[arg(long, value_enum)]
    lang: Option<Lang>,
}

/// A language of the example.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Lang {
    /// English
    En,
    /// 简体中文
    Zh,
}

impl Args {
    pub(super) fn run(self) -> Exit {
        match self.make() {
            Ok(()) => Exit::Ok,
            Err(trouble) => trouble.report("bulk new"),
        }
    }

    fn make(&self) -> Result<(), Trouble> {
        let language = Language::of_the_environment();
        let example = match (self.lang, language) {
            (Some(Lang::En), _) | (None, Language::English) => example::Language::English,
            (Some(Lang::Zh), _) | (None, Language::Chinese) => example::Language::Chinese,
        };
        let files = example::write(&self.dir, example).map_err(not_made)?;
        let dir = self.dir.display().to_string();
        say(&language.choose(format!("Made {dir}:"), format!("已新建 {dir}：")));
        for file in files {
            say(&format!("  {file}"));
        }
        let (program, word) = (called(), shell_word(&dir));
        say(language.choose("Next:", "下一步："));
        let steps = [
            ("preview", "see the letters", "查看信件"),
            ("check", "find out what is wrong before anything is sent", "发送前检查"),
            ("rehearse", "send all of it into a sandbox on this machine", "发送到本机沙箱预演"),
            ("run", "send it", "正式发送"),
        ]
        .map(|(step, en, zh)| (format!("{program} bulk {step} {word}"), language.choose(en, zh)));
        let width = steps.iter().map(|(line, _)| console::measure_text_width(line)).max().unwrap_or(0);
        for (line, meaning) in steps {
            let blanks = " ".repeat(width - console::measure_text_width(&line));
            say(&format!("  {line}{blanks}   {meaning}"));
        }
        Ok(())
    }
}

fn not_made(error: ExampleError) -> Trouble {
    match error {
        ExampleError::NotEmpty(path) => Trouble::new(
            Exit::CannotCreate,
            said(
                format!("the folder {} is not empty", path.display()),
                format!("文件夹 {} 不是空的", path.display()),
            ),
            said("name one that is empty or not there yet", "请指定一个空文件夹，或尚不存在的文件夹"),
        ),
        ExampleError::Io { path, error } => Trouble::new(
            Exit::CannotCreate,
            said(
                format!("{} cannot be written: {error}", path.display()),
                format!("无法写入 {}：{error}", path.display()),
            ),
            said("name another folder, or make room", "请指定另一个文件夹，或腾出空间"),
        ),
    }
}
