//! A folder with a campaign for each test, and the program run beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use hongyan_bulk::ledger::sqlite::Sqlite;
use tokio::runtime::Runtime;

use crate::made;

/// A campaign's folder called `c`, in a folder that is also the home of who runs the program.
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
}

/// What a run left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

impl Place {
    /// With no campaign yet.
    pub(crate) fn empty(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bulk_report").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("c")).unwrap();
        Self { folder }
    }

    /// With a campaign of every outcome.
    pub(crate) fn new(name: &str) -> Self {
        let place = Self::empty(name);
        runtime().block_on(made::campaign(&place.path("c/ledger.sqlite")));
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn ledger(&self) -> Sqlite {
        Sqlite::read(&self.path("c/ledger.sqlite")).unwrap()
    }

    /// `hongyan bulk …`, in English, eight hours east of Greenwich.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongyan"));
        command.arg("bulk").args(arguments).current_dir(&self.folder).env_clear();
        command.env("HOME", &self.folder).env("LC_ALL", "C").env("TZ", "<+08>-8");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what is printed is UTF-8");
        let code = output.status.code().expect("it ends by itself");
        Self { code, out: text(output.stdout), err: text(output.stderr) }
    }
}
