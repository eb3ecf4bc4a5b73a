//! `hongyan bulk rehearse`: the whole campaign into the embedded sandbox, at full speed; nothing leaves this machine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hongyan_bulk::campaign::{Campaign, LEDGER};
use hongyan_bulk::ledger::{Ledger, Sqlite, State};
use hongyan_bulk::load;
use hongyan_bulk::run::{Composer, Options, Route};
use hongyan_mime::address::Mailbox;
use hongyan_net::smtp;
use hongyan_proto::tls::Tls;
use hongyan_sandbox::{Config, Keep, Sandbox};

use super::accounts;
use super::making;
use super::run::{Purpose, Sending};
use crate::cli::exit::Exit;
use crate::cli::sandbox::not_started;
use crate::cli::server;
use crate::cli::system::{random, shell_word};
use crate::cli::terminal::{Language, tell};
use crate::cli::trouble::Trouble;
use crate::said::said;

/// Send the whole campaign into the sandbox on this machine, and look at what would arrive
///
/// Everything is as in a run, but for the server and the pace. The mails lie in a folder as `.eml` files, as they would
/// be sent. The campaign itself stays as it is: not begun.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hongyan bulk rehearse payslips
  hongyan bulk rehearse payslips -o /tmp/rehearsal && hongyan inspect /tmp/rehearsal/00000001.eml")]
pub(crate) struct Args {
    /// The campaign's folder
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Where the mails are to lie; without this in `rehearsal` in the campaign's folder. A rehearsal that lies there is
    /// replaced
    #[arg(short, long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    output: Option<PathBuf>,
    /// A line of JSON on standard output for each event
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: server::Options,
}

/// A folder with this file in it is a rehearsal of ours, and may be replaced.
const MARK: &str = "rehearsal.txt";

impl Args {
    pub(super) fn run(self) -> Exit {
        self.go().unwrap_or_else(|trouble| trouble.report("bulk rehearse"))
    }

    fn go(&self) -> Result<Exit, Trouble> {
        let campaign = making::campaign(&self.dir)?;
        // Who it is from may stand in an account; where there is none, the rehearsal does without.
        let accounts = accounts::find(campaign.config(), &self.server).unwrap_or_default();
        let sender = accounts.first().and_then(|one| one.sender.clone());
        let output = self.output.clone().unwrap_or_else(|| self.dir.join("rehearsal"));
        make_room(&output)?;
        let ledger = load_into(&campaign, &output, sender.as_ref())?;
        let total = ledger.manifest().recipients;
        let (ledger, shown) = (Arc::new(ledger), shell_word(&output.to_string_lossy()));
        let maker = making::frozen(&campaign, ledger.manifest())?;
        let senders = sender.map(|sender| ("sandbox".to_owned(), sender)).into_iter().collect();
        let composer = Arc::new(Composer::new(campaign, maker, ledger.clone(), senders));
        making::runtime()?.block_on(async {
            let sandbox = Config { smtp: Some(0), keep: Keep::Folder(output.clone()), ..Config::default().closed() };
            let sandbox = Sandbox::start(sandbox).await.map_err(|error| not_started(&error))?;
            let options = Options { once: true, in_a_row: 0, percent: 0, ..Options::default() };
            let sending = Sending { routes: route(&sandbox), options, json: self.json, purpose: Purpose::Rehearsal };
            let ended = sending.send(ledger.clone(), composer).await?;
            sending.report(&ended);
            sandbox.stop().await;
            let tally = ledger.tally().await.map_err(|error| making::ledger(&error))?;
            let arrived = tally.of(State::Accepted);
            let language = Language::of_the_environment();
            tell(&language.choose(
                format!("{arrived} of {total} recipients got their letter in the sandbox; the mails lie in {shown}"),
                format!("沙箱中 {total} 位收件人里有 {arrived} 位收到了邮件；邮件保存在 {shown}"),
            ));
            if arrived == total {
                let dir = shell_word(&self.dir.to_string_lossy());
                tell(&language.choose(
                    format!("  next: `hongyan bulk test {dir} --to YOUR-ADDRESS`, then `hongyan bulk run {dir}`"),
                    format!("  下一步：`hongyan bulk test {dir} --to 自己的地址`，然后 `hongyan bulk run {dir}`"),
                ));
            }
            Ok(if arrived == total { Exit::Ok } else { Exit::Data })
        })
    }
}

fn route(sandbox: &Sandbox) -> Vec<Route> {
    let Some(place) = sandbox.smtp() else { return Vec::new() };
    let server = smtp::Server { host: place.ip().to_string(), port: place.port(), implicit_tls: false };
    let mut options = smtp::Options::default();
    options.session.tls = Tls::Never;
    vec![Route {
        name: "sandbox".into(),
        server,
        options,
        connections: 4,
        per_connection: 10_000,
        rates: Vec::new(),
        provider: None,
    }]
}

/// An empty folder; only a rehearsal is removed for it.
fn make_room(output: &Path) -> Result<(), Trouble> {
    let not_ours = || {
        Trouble::new(
            Exit::CannotCreate,
            said(
                format!("{} is there and is no rehearsal", output.display()),
                format!("{} 已存在，且不是之前的预演结果", output.display()),
            ),
            said("name another folder with -o", "请用 -o 指定另一个文件夹"),
        )
    };
    let failed = |error: io::Error| {
        Trouble::new(
            Exit::CannotCreate,
            said(format!("{}: {error}", output.display()), format!("{}：{error}", output.display())),
            said("look whether the folder can be written", "请检查该文件夹是否可写"),
        )
    };
    match fs::read_dir(output) {
        Ok(mut inside) => {
            if output.join(MARK).is_file() {
                fs::remove_dir_all(output).map_err(failed)?;
            } else if inside.next().is_some() {
                return Err(not_ours());
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    fs::create_dir_all(output).map_err(failed)?;
    fs::write(output.join(MARK), "A rehearsal of `hongyan bulk rehearse`; the next one replaces it.\n")
        .map_err(failed)
}

/// A ledger of its own beside the mails: the campaign is not begun by this.
fn load_into(campaign: &Campaign, output: &Path, sender: Option<&Mailbox>) -> Result<Sqlite, Trouble> {
    let key = random::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    load::load_at(campaign, &output.join(LEDGER), &key, sender, |_| {})
        .map_err(|error| Trouble::from(Exit::Data, error.problem()))
}
