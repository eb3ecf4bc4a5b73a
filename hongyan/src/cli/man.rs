//! `hongyan man`: the manual pages, made from the same definitions as the command line and its help.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap_mangen::Man;

use super::exit::Exit;
use super::system::printed;
use super::trouble::Trouble;
use crate::said::said;

/// Print the manual page, or write one for each command
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  hongyan man | man -l -
  hongyan man ~/.local/share/man/man1")]
pub(crate) struct Args {
    /// Write hongyan.1, hongyan-send.1 and so on into this directory
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Args {
    /// Prints the page, or writes all of them.
    pub(crate) fn run(self) -> Exit {
        let result = match &self.dir {
            None => printed(
                page(super::command().disable_help_subcommand(true))
                    .and_then(|page| io::stdout().write_all(&page)),
            ),
            Some(dir) => write(dir),
        };
        match result {
            Ok(()) => Exit::Ok,
            Err(trouble) => trouble.report("man"),
        }
    }
}

fn write(dir: &Path) -> Result<(), Trouble> {
    let written = fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(super::command(), dir));
    written.map_err(|error| {
        let dir = dir.display();
        Trouble::new(
            Exit::CannotCreate,
            said(format!("{dir}: {error}"), format!("{dir}：{error}")),
            said("name a directory that you may write to", "请指定一个可写的目录"),
        )
    })
}

fn page(command: clap::Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(page)
}
