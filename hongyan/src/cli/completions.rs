//! `hongyan completions`: what a shell needs to complete the command line.

use std::io::{self, Write};

use clap_complete::{Shell, generate};

use super::exit::Exit;
use super::system::printed;

/// Print a shell's completion script
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  hongyan completions bash > ~/.local/share/bash-completion/completions/hongyan
  hongyan completions zsh  > \"${fpath[1]}/_hongyan\"
  hongyan completions fish > ~/.config/fish/completions/hongyan.fish")]
pub(crate) struct Args {
    /// For which shell
    shell: Shell,
}

impl Args {
    /// Prints the script.
    pub(crate) fn run(self) -> Exit {
        let mut script = Vec::new();
        generate(self.shell, &mut super::command(), "hongyan", &mut script);
        match printed(io::stdout().write_all(&script)) {
            Ok(()) => Exit::Ok,
            Err(trouble) => trouble.report("completions"),
        }
    }
}
