//! A campaign in a folder of its own, and a sandbox that takes its mails.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use hongyan::bulk::campaign::LEDGER;
use hongyan::bulk::ledger::{Entry, Filter, Ledger, RecipientId, Sqlite};
use hongyan::sandbox::{Config, Sandbox};
use tokio::runtime::Runtime;

/// A campaign and a server, gone with this.
pub(crate) struct Place {
    pub(crate) dir: PathBuf,
    pub(crate) sandbox: Sandbox,
    pub(crate) runtime: Runtime,
}

impl Place {
    /// So many readers; `more` stands at the end of campaign.toml.
    pub(crate) fn new(readers: usize, more: &str, faults: &[&str]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("hongyan-bulk-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        let campaign = format!(
            "[message]\nfrom = 'hr@example.org'\nsubject = '{{{{ name }}}}: October'\ntext = 'letter.txt'\n\n\
             [recipients]\nfile = 'readers.csv'\nto = '{{{{ email }}}}'\n\n{more}\n"
        );
        fs::write(dir.join("campaign.toml"), campaign).unwrap();
        fs::write(dir.join("letter.txt"), "Hello {{ name }}, your number is {{ id }}.\n").unwrap();
        let rows = (1..=readers).map(|n| format!("{n:05},Reader {n},reader{n}@example.com\n"));
        fs::write(dir.join("readers.csv"), format!("id,name,email\n{}", rows.collect::<String>())).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let faults = faults.iter().map(|rule| rule.parse().unwrap()).collect();
        let config = Config { smtp: Some(0), faults, ..Config::default().closed() };
        let sandbox = runtime.block_on(Sandbox::start(config)).unwrap();
        Self { dir, sandbox, runtime }
    }

    /// `hongyan bulk run` on it, to be started.
    pub(crate) fn run(&self) -> Command {
        let mut command = self.command(&["bulk", "run"]);
        command.args([
            "--json",
            "--tls",
            "none",
            "--server",
            &format!("smtp://{}", self.sandbox.smtp().unwrap()),
        ]);
        command
    }

    /// A command about it.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongyan"));
        command.args(words).arg(&self.dir).env("HONGYAN_CONFIG", "/dev/null").env("LC_ALL", "C.UTF-8");
        command.env("XDG_DATA_HOME", self.dir.join(".data")).env_remove("HONGYAN_PASSWORD");
        command
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.dir.join(LEDGER)
    }

    /// What the ledger says of everybody.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let ledger = Sqlite::read(&self.ledger()).unwrap();
        self.runtime.block_on(async {
            let mut all: Vec<Entry> = Vec::new();
            loop {
                let after = all.last().map_or(RecipientId(0), |last| last.id);
                let page = ledger.page(after, 1000, Filter::default()).await.unwrap();
                if page.is_empty() {
                    return all;
                }
                all.extend(page);
            }
        })
    }

    /// How often the sandbox has mail for each.
    pub(crate) fn arrived(&self) -> BTreeMap<String, u32> {
        let store = self.sandbox.store();
        let mut arrived = BTreeMap::new();
        for id in store.ids().unwrap() {
            for forward in &store.get(id).unwrap().unwrap().envelope.to {
                *arrived.entry(forward.address.to_string()).or_default() += 1;
            }
        }
        arrived
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// A folder for what a test makes beside campaigns.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("hongyan-bulk-{name}-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    dir
}
