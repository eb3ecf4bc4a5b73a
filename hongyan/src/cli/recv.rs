//! `hongyan recv`, and the program called as `recv`: says that receiving is not part of this version.

use super::exit::Exit;
use super::terminal::Language;

/// Receive mail (not part of this version)
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _anything: Vec<std::ffi::OsString>,
}

impl Args {
    /// Says the one sentence.
    pub(crate) fn run(self) -> Exit {
        let sentence = Language::of_the_environment().choose(
            "recv: receiving mail is not part of this version of hongyan; `hongyan send` and `hongyan inspect` are.",
            "recv：这个版本的 hongyan 还不能收信；可以用 hongyan send 发信，用 hongyan inspect 查看邮件。",
        );
        eprintln!("{sentence}");
        Exit::Unavailable
    }
}
