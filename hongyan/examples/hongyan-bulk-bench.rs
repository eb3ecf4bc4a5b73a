//! What `bench/run` measures of a campaign's run beside the program itself: the same run with a ledger that is forgotten
//! with the process, to see what being durable costs.
//!
//! ```text
//! hongyan-bulk-bench dir=FOLDER port=2525 conns=8 ledger=memory|sqlite [chunking=0]
//! hongyan-bulk-bench dir=FOLDER ledger=only
//! ```
//! Loads the campaign anew, then runs it to 127.0.0.1 and prints how long the run alone took. Fails unless every message
//! was accepted. With `only`, the ledger is made and nothing is sent.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use hongyan::bulk::campaign::{Campaign, LEDGER};
use hongyan::bulk::ledger::{Ledger, LetterToLoad, Memory, Sqlite, State, Time};
use hongyan::bulk::letter::Maker;
use hongyan::bulk::load;
use hongyan::bulk::run::{Composer, Options, Route, Stop, run};
use hongyan::net::smtp::{self, Server};
use hongyan::proto::tls::Tls;

/// What goes wrong here ends the program.
type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let dir = PathBuf::from(argument("dir").ok_or("dir=FOLDER")?);
    let campaign = Campaign::open(&dir)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match argument("ledger").as_deref() {
        Some("memory") => {
            let ledger = in_memory(&campaign)?;
            runtime.block_on(measured(campaign, ledger))
        }
        Some("sqlite") => {
            let ledger = in_sqlite(&campaign, &dir)?;
            runtime.block_on(measured(campaign, ledger))
        }
        Some("only") => {
            drop(in_sqlite(&campaign, &dir)?);
            Ok(())
        }
        _ => Err("ledger=memory|sqlite|only".into()),
    }
}

/// The value of `key=value` on the command line.
fn argument(key: &str) -> Option<String> {
    env::args().find_map(|one| one.strip_prefix(key)?.strip_prefix('=').map(str::to_owned))
}

fn in_memory(campaign: &Campaign) -> Result<Memory, Failure> {
    let sheet = load::sheet(campaign)?;
    let mut manifest = campaign.freeze(&"5e".repeat(16), Time::now(), sheet.columns().names())?;
    let maker = Maker::frozen(campaign, &manifest)?;
    let mut letters = Vec::new();
    for row in sheet.rows() {
        let row = row?;
        let files = maker.own_files(&row)?;
        for path in &files {
            manifest.files.insert(path.clone(), campaign.frozen(path)?);
        }
        let recipients = load::recipients(maker.addressed(&row, None)?, &row)?;
        letters.push(LetterToLoad { row, recipients, files });
    }
    manifest.recipients = letters.iter().map(|one| one.recipients.len() as u64).sum();
    Ok(Memory::new(manifest, letters))
}

fn in_sqlite(campaign: &Campaign, dir: &Path) -> Result<Sqlite, Failure> {
    for name in [LEDGER.to_owned(), format!("{LEDGER}-wal"), format!("{LEDGER}-shm")] {
        let _ = fs::remove_file(dir.join(name));
    }
    Ok(load::load(campaign, &"5e".repeat(16), None, |_| {})?)
}

async fn measured<L: Ledger>(campaign: Campaign, ledger: L) -> Result<(), Failure> {
    let maker = Maker::frozen(&campaign, ledger.manifest())?;
    let ledger = Arc::new(ledger);
    let total = ledger.tally().await?.total();
    let composer = Arc::new(Composer::new(campaign, maker, ledger.clone(), BTreeMap::new()));
    let began = Instant::now();
    let ended = run(ledger, composer, vec![route()?], Options::default(), Stop::default(), Arc::new(|_| {}));
    let ended = ended.await?;
    println!("measured: {} s", began.elapsed().as_secs_f64());
    match ended.tally.of(State::Accepted) {
        accepted if accepted == total => Ok(()),
        accepted => Err(format!("{accepted} of {total} were accepted: {:?}", ended.why).into()),
    }
}

fn route() -> Result<Route, Failure> {
    let port = argument("port").ok_or("port=N")?.parse()?;
    let mut options = smtp::Options::default();
    options.session.tls = Tls::Never;
    options.session.hello = "bench.example.com".into();
    options.session.chunking = argument("chunking").as_deref() != Some("0");
    Ok(Route {
        name: "bench".into(),
        server: Server { host: "127.0.0.1".into(), port, implicit_tls: false },
        options,
        connections: argument("conns").ok_or("conns=N")?.parse()?,
        per_connection: u32::MAX,
        rates: Vec::new(),
        provider: None,
    })
}
