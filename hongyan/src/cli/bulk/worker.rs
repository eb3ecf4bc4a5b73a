//! `hongyan worker`: sends a campaign whose ledger is in PostgreSQL, together with as many others as wanted, on any machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::ValueHint;
use hongyan_bulk::campaign::Campaign;
use hongyan_bulk::ledger::Ledger as _;
use hongyan_bulk::ledger::postgres::{Contents, Keep, Options, Place, Postgres};
use hongyan_bulk::run::{Composer, Fetching};

use tokio::signal::unix::{SignalKind, signal};

use super::doubts::Doubts;
use super::opened::Called;
use super::run::{Purpose, Sending};
use super::{accounts, making, run};
use crate::cli::exit::Exit;
use crate::cli::server;
use crate::cli::terminal::{Language, tell};
use crate::cli::trouble::Trouble;
use crate::said::said;

/// Where contents are unless a folder is named.
pub(super) const DATABASE: &str = "database";
/// How long to wait for a database that is away.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);

/// Send a campaign together with other machines, its ledger being in PostgreSQL
///
/// Bring a campaign there with `hongyan bulk move`, then start a worker on each machine. No two of them send the same
/// letter. What a worker that is gone had leased goes to the others after two minutes; what it may have sent is in doubt:
/// held, or, where the campaign says so (retry.doubt), sent again or skipped two minutes after that.
///
/// The password comes from PGPASSWORD or ~/.pgpass, never from the URL. A database on another machine is reached by TLS
/// with its certificate verified, unless the URL says sslmode=disable. Accounts are those of this machine's configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hongyan worker --ledger postgres://mail@db.example.org/mail
  hongyan worker --ledger postgres:///mail --campaign 工资条 --contents /srv/contents")]
pub(in crate::cli) struct Args {
    /// The database: postgres://user@host:port/database
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    ledger: String,
    /// The campaign, by its name or its key; the only one there is where this says nothing
    #[arg(long, value_name = "NAME")]
    campaign: Option<String>,
    /// Where templates and attachments are: `database`, or a folder that all machines see
    #[arg(long, value_name = "DIR|database", default_value = DATABASE, value_hint = ValueHint::DirPath)]
    contents: PathBuf,
    /// Where they are kept on this machine; a folder of the user's cache where this says nothing
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    cache: Option<PathBuf>,
    /// The file that takes servers' answers while the database is away; one of the user's own where this says nothing
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    journal: Option<PathBuf>,
    /// How long, in seconds, other workers leave alone what this one has leased when nothing is heard of it
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    lease: u64,
    /// End when nothing can be sent now: do not wait for the hours, for a later try, or for other workers
    #[arg(long)]
    once: bool,
    /// A line of JSON on standard output for each event; also where standard error is no terminal
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: server::Options,
}

impl Args {
    pub(in crate::cli) fn run(self) -> Exit {
        self.go().unwrap_or_else(|trouble| trouble.report("worker"))
    }

    fn go(&self) -> Result<Exit, Trouble> {
        let place = Place::parse(&self.ledger).map_err(|error| making::ledger(&error))?;
        making::runtime()?.block_on(async {
            let wanted = self.campaign.as_deref();
            let opened = Postgres::connect(&place, wanted, self.options()?).await;
            let ledger = Arc::new(opened.map_err(|error| making::ledger(&error))?);
            tell_recovered(&ledger);
            tokio::spawn(hurry(ledger.clone()));
            let sent = self.send(&ledger).await;
            // What is still leased goes to the others at once; where that cannot be said, after the lease.
            let left = ledger.leave().await.map_err(|error| making::ledger(&error));
            let exit = sent?;
            left.map(|()| exit)
        })
    }

    async fn send(&self, ledger: &Arc<Postgres>) -> Result<Exit, Trouble> {
        let manifest = ledger.manifest();
        let cache = self.cache()?;
        let contents = if self.contents == Path::new(DATABASE) {
            ledger.contents(cache.clone())
        } else {
            Contents::folder(self.contents.clone(), cache.clone())
        };
        for file in manifest.files.values() {
            contents.hold(file).await.map_err(|error| making::ledger(&error))?;
        }
        let campaign = Campaign::from_manifest(manifest, cache).map_err(|error| making::wrong(&error))?;
        let accounts = accounts::find(campaign.config(), &self.server)?;
        let maker = making::frozen(&campaign, manifest)?;
        let routes = accounts.iter().map(|one| one.route(campaign.config())).collect::<Result<_, _>>()?;
        let mut options = run::options(&campaign);
        options.once = self.once;
        options.suppressed = making::suppressed()?;
        let doubts = Doubts { age: self.lease(), once: self.once };
        let doubt = campaign.config().retry.doubt;
        let composer = Composer::new(campaign, maker, ledger.clone(), accounts::senders(&accounts));
        let composer = Fetching::new(composer, ledger.clone(), contents);
        let called = Called::database(&self.ledger, self.campaign.as_deref());
        let sending =
            Sending { routes, options, json: self.json, purpose: Purpose::Campaign(&called, doubt) };
        let ended = doubts.send(&sending, ledger, &Arc::new(composer)).await?;
        Ok(sending.report(&ended))
    }

    fn options(&self) -> Result<Options, Trouble> {
        let journal = match &self.journal {
            Some(file) => Keep::File(file.clone()),
            None => Keep::Folder(own_folder("XDG_STATE_HOME", ".local/state", "--journal")?.join("journals")),
        };
        Ok(Options { lease: self.lease(), patience: PATIENCE, journal, ..Options::default() })
    }

    fn lease(&self) -> Duration {
        Duration::from_secs(self.lease)
    }

    fn cache(&self) -> Result<PathBuf, Trouble> {
        match &self.cache {
            Some(folder) => Ok(folder.clone()),
            None => Ok(own_folder("XDG_CACHE_HOME", ".cache", "--cache")?.join("contents")),
        }
    }
}

/// A folder of this user's for this program (XDG Base Directory).
fn own_folder(variable: &str, below_home: &str, option: &str) -> Result<PathBuf, Trouble> {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = set(variable).or_else(|| set("HOME").map(|home| home.join(below_home)));
    folder.map(|folder| folder.join("hongyan")).ok_or_else(|| {
        Trouble::new(
            Exit::Config,
            said("there is no home folder to keep things in", "没有可用的主目录"),
            said(format!("name a place with {option}"), format!("请用 {option} 指定位置")),
        )
    })
}

/// Who is asked to end does not wait for a database that is away.
async fn hurry(ledger: Arc<Postgres>) {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    ledger.hurry();
}

fn tell_recovered(ledger: &Postgres) {
    let recovered = ledger.recovered();
    let (answers, torn) = (recovered.answers, recovered.torn);
    let language = Language::of_the_environment();
    if answers > 0 {
        tell(&language.choose(
            format!("{answers} answers that an earlier worker had kept were told to the database"),
            format!("已把先前 worker 保存的 {answers} 个应答写入数据库"),
        ));
    }
    if torn > 0 {
        tell(&language.choose(
            format!("the reply journal ended in {torn} octets of an unfinished record: they were cut off"),
            format!("应答日志末尾有 {torn} 字节未写完的记录，已截去"),
        ));
    }
}
