//! `hongyan bulk run`: looks everything over, freezes the campaign, and sends it; or goes on where it stood.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hongyan_bulk::campaign::{Campaign, Doubt, LEDGER};
use hongyan_bulk::ledger::{Ledger, LedgerError, Sqlite, State};
use hongyan_bulk::load::{self, LoadError};
use hongyan_bulk::run;
use hongyan_bulk::run::{Compose, Composer, Ended, Options, Route, Stop, Why};

use super::accounts::{self, Account};
use super::doubts::Doubts;
use super::making;
use super::opened::Called;
use super::watching::{Watching, counts};
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::paint::{Color, Paint, Style};
use crate::cli::server;
use crate::cli::system::random;
use crate::cli::terminal::{Language, safe, tell};
use crate::cli::trouble::Trouble;
use crate::proto::outcome::Failure;
use crate::said::{Said, said};

/// Send the campaign, or go on with it
///
/// The first time, everything is checked as `bulk check` does, and nothing is sent where something is wrong; then the
/// campaign is frozen: what is edited later is not sent. Whatever ends a run, the next one goes on where it stood, and
/// nobody gets the letter twice: who may have got it is held and listed by `bulk resolve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hongyan bulk run payslips
  hongyan bulk run payslips --once              # from cron: do what can be done now
  hongyan bulk run payslips --server smtp://127.0.0.1:2525")]
pub(crate) struct Args {
    /// The campaign's folder
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// End when nothing can be sent now: do not wait for the hours, for a later try, or for a provider that says "slow down"
    #[arg(long)]
    once: bool,
    /// This error of `bulk check` is right as it is: address.doubled, file.doubled, file.other; may be repeated
    #[arg(long, value_name = "CODE")]
    accept: Vec<hongyan_bulk::preflight::Code>,
    /// A line of JSON on standard output for each event; also where standard error is no terminal
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: server::Options,
}

impl Args {
    pub(super) fn run(self) -> Exit {
        self.go().unwrap_or_else(|trouble| trouble.report("bulk run"))
    }

    fn go(&self) -> Result<Exit, Trouble> {
        let campaign = making::campaign(&self.dir)?;
        let accounts = accounts::find(campaign.config(), &self.server)?;
        let (ledger, routes) = self.ledger(&campaign, &accounts)?;
        let maker = making::frozen(&campaign, ledger.manifest())?;
        let mut options = options(&campaign);
        options.once = self.once;
        options.suppressed = making::suppressed()?;
        // No answer is left to come of the run that is over.
        let doubts = Doubts { age: Duration::ZERO, once: self.once };
        let doubt = campaign.config().retry.doubt;
        let ledger = Arc::new(ledger);
        let composer = Composer::new(campaign, maker, ledger.clone(), accounts::senders(&accounts));
        let called = Called::folder(&self.dir);
        let purpose = Purpose::Campaign(&called, doubt);
        let sending = Sending { routes, options, json: self.json, purpose };
        making::runtime()?.block_on(async {
            let ended = doubts.send(&sending, &ledger, &Arc::new(composer)).await?;
            Ok(sending.report(&ended))
        })
    }

    /// The campaign's ledger: the one that there is, or a new one once all is well, and every account has its password.
    fn ledger(&self, campaign: &Campaign, accounts: &[Account]) -> Result<(Sqlite, Vec<Route>), Trouble> {
        let path = self.dir.join(LEDGER);
        let routes = || accounts.iter().map(|one| one.route(campaign.config())).collect::<Result<_, _>>();
        if path.exists() {
            return Ok((going_on(campaign, &path)?, routes()?));
        }
        making::checked(campaign, accounts, &self.accept)?;
        let routes = routes()?;
        let key = random::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let sender = accounts.first().and_then(|one| one.sender.as_ref());
        match load::load(campaign, &key, sender, |_| {}) {
            Ok(ledger) => Ok((ledger, routes)),
            // Somebody else was quicker.
            Err(LoadError::Ledger(LedgerError::Refused(_))) if path.exists() => {
                Ok((going_on(campaign, &path)?, routes))
            }
            Err(LoadError::Ledger(error)) => Err(making::ledger(&error)),
            Err(error) => Err(Trouble::from(Exit::Data, error.problem())),
        }
    }
}

/// The ledger of a campaign that was begun, unless something of it was edited since.
fn going_on(campaign: &Campaign, path: &Path) -> Result<Sqlite, Trouble> {
    let ledger = Sqlite::open(path).map_err(|error| making::ledger(&error))?;
    let changes = campaign.changed_since(ledger.manifest());
    match changes.first() {
        None => Ok(ledger),
        Some(_) => {
            let is_untouched = making::runtime()?.block_on(untouched(&ledger));
            let is_untouched = is_untouched.map_err(|error| making::ledger(&error))?;
            Err(making::changed(&changes, is_untouched.then_some(path)))
        }
    }
}

/// Whether nobody was written to yet: everybody is pending, and nobody has an attempt behind them.
async fn untouched(ledger: &Sqlite) -> Result<bool, LedgerError> {
    let tally = ledger.tally().await?;
    if tally.of(State::Pending) != tally.total() {
        return Ok(false);
    }
    let mut after = Default::default();
    loop {
        let page = ledger.page(after, 1000, Default::default()).await?;
        let Some(last) = page.last() else { return Ok(true) };
        after = last.id;
        if page.iter().any(|one| !one.attempts.is_empty()) {
            return Ok(false);
        }
    }
}

/// What the campaign says of a run.
pub(super) fn options(campaign: &Campaign) -> Options {
    let (config, timing) = (campaign.config(), campaign.timing());
    let defaults = Options::default();
    Options {
        window: config.pace.window.map_or(defaults.window, usize::from),
        hours: timing.hours.clone(),
        retry: timing.steps,
        destinations: accounts::destinations(config),
        in_a_row: config.stop.in_a_row,
        percent: config.stop.percent,
        ..defaults
    }
}

/// A run that is ready to begin.
pub(super) struct Sending<'a> {
    pub(super) routes: Vec<Route>,
    pub(super) options: Options,
    pub(super) json: bool,
    pub(super) purpose: Purpose<'a>,
}

/// What a run is for, which decides what to do after it.
#[derive(Clone, Copy)]
pub(super) enum Purpose<'a> {
    /// The campaign that is called so, or a worker's share of it; and what becomes of those in doubt.
    Campaign(&'a Called, Doubt),
    /// One letter of it, to oneself.
    Test(&'a Path),
    /// The sandbox; the rehearsal itself says what is next.
    Rehearsal,
}

impl Sending<'_> {
    /// Runs it until it ends or somebody presses Ctrl-C.
    pub(super) async fn send<L: Ledger, C: Compose>(
        &self,
        ledger: Arc<L>,
        composer: Arc<C>,
    ) -> Result<Ended, Trouble> {
        let stop = Stop::default();
        let watching =
            Watching::new(ledger.tally().await.map_err(|error| making::ledger(&error))?, self.json);
        let drawing = tokio::spawn(watching.clone().draw());
        let heeding = tokio::spawn(heed(stop.clone(), watching.clone()));
        let (routes, options) = (self.routes.clone(), self.options.clone());
        let ended = run::run(ledger, composer, routes, options, stop, watching.tell()).await;
        heeding.abort();
        drawing.abort();
        watching.end(matches!(self.purpose, Purpose::Test(_)));
        ended.map_err(|error| making::ledger(&error))
    }

    /// What becomes of those in doubt.
    pub(super) fn doubt(&self) -> Doubt {
        match self.purpose {
            Purpose::Campaign(_, doubt) => doubt,
            Purpose::Test(_) | Purpose::Rehearsal => Doubt::Hold,
        }
    }

    /// Says how it ended; with what to exit.
    pub(super) fn report(&self, ended: &Ended) -> Exit {
        report(ended, self.purpose, self.json || !io::stderr().is_terminal())
    }
}

/// The first Ctrl-C (or TERM) ends the run cleanly, the second one at once: the ledger can take that, too.
async fn heed(stop: Stop, watching: Watching) {
    let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
        return;
    };
    for is_first in [true, false] {
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => if pressed.is_err() { return },
            _ = terminate.recv() => {}
        }
        if !is_first {
            watching.end(false);
            std::process::exit(130);
        }
        stop.ask(Why::Asked);
        let language = Language::of_the_environment();
        watching.ending(language.choose(
            "ending: what is on its way is settled first; press Ctrl-C again to end at once",
            "正在结束：先等待已发出的邮件得到答复；再按一次 Ctrl-C 立即结束",
        ));
    }
}

/// Says how it ended, and what to do next.
fn report(ended: &Ended, purpose: Purpose<'_>, wants_json: bool) -> Exit {
    let exit = exit(ended);
    if wants_json {
        let states = State::ALL.map(|state| (state.name().to_owned(), ended.tally.of(state).into()));
        let counts: serde_json::Map<String, serde_json::Value> = states.into_iter().collect();
        let object = serde_json::json!({ "event": "ended", "why": name(&ended.why), "counts": counts });
        let _ = json::line(&mut io::stdout().lock(), &object);
    }
    let language = Language::of_the_environment();
    let paint = Paint::on(&io::stderr(), Color::Auto);
    tell(&counts(&ended.tally, language, paint));
    let word = |dir: &Path| crate::cli::system::shell_word(&dir.to_string_lossy());
    let (mut what, mut next) = match purpose {
        Purpose::Campaign(called, doubt) => words(ended, called, doubt),
        Purpose::Test(_) | Purpose::Rehearsal => words(ended, &Called::default(), Doubt::Hold),
    };
    if matches!(ended.why, Why::Done | Why::Asked) {
        match purpose {
            Purpose::Campaign(..) => {}
            Purpose::Test(dir) if ended.tally.of(State::Accepted) == ended.tally.total() => {
                let dir = word(dir);
                (what, next) = (
                    said("", ""),
                    said(
                        format!("look at it in your mailbox, then `hongyan bulk run {dir}`"),
                        format!("在邮箱中查看，然后执行 `hongyan bulk run {dir}`"),
                    ),
                );
            }
            Purpose::Test(_) | Purpose::Rehearsal => next = said("", ""),
        }
    }
    if !what.en.is_empty() {
        let style = match ended.why {
            Why::Done | Why::Asked => Style::Notice,
            Why::TooManyRefused { .. } | Why::NoAccount { .. } => Style::Bad,
        };
        tell(&paint.the(style, safe(language.of(&what))).to_string());
    }
    if !next.en.is_empty() {
        tell(&format!("{}{}", language.choose("  next: ", "  下一步："), safe(language.of(&next))));
    }
    exit
}

fn exit(ended: &Ended) -> Exit {
    let of = |state| ended.tally.of(state);
    let is_open = of(State::Pending) + of(State::Deferred) + of(State::InDoubt) > 0;
    match &ended.why {
        Why::NoAccount { failure, .. } => Exit::of_failure(failure),
        Why::TooManyRefused { .. } => Exit::Unavailable,
        Why::Done | Why::Asked if is_open => Exit::TempFail,
        _ if of(State::Rejected) > 0 => Exit::Unavailable,
        _ => Exit::Ok,
    }
}

fn name(why: &Why) -> &'static str {
    match why {
        Why::Done => "done",
        Why::Asked => "asked",
        Why::TooManyRefused { .. } => "too_many_refused",
        Why::NoAccount { .. } => "no_account",
    }
}

/// Why it ended, and what to do next; empty where there is nothing to say.
fn words(ended: &Ended, called: &Called, policy: Doubt) -> (Said, Said) {
    let Called { named, go_on } = called;
    let of = |state| ended.tally.of(state);
    let doubt = of(State::InDoubt);
    match &ended.why {
        Why::TooManyRefused { refused, of, last } => (
            said(
                format!("stopped by itself: {refused} of the last {of} were refused; the last: {last}"),
                format!("已自动停止：最近 {of} 封中有 {refused} 封被拒绝，最后一次：{last}"),
            ),
            remedy(last),
        ),
        Why::NoAccount { account, failure } => (
            said(
                format!("stopped: no account can be used any more; {account}: {failure}"),
                format!("已停止：没有可用的账户；{account}：{failure}"),
            ),
            remedy(failure),
        ),
        Why::Asked => (
            said(
                "ended as asked; everything that was on its way is settled",
                "已按要求结束，已发出的邮件都有了结果",
            ),
            said(format!("go on with `{go_on}`"), format!("用 `{go_on}` 继续")),
        ),
        Why::Done if doubt > 0 && policy != Doubt::Hold => (
            said(
                format!("{doubt} may have got the letter: nobody knows"),
                format!("有 {doubt} 位收件人可能已收到邮件，无法确定"),
            ),
            said(
                format!(
                    "`{go_on}` decides as the campaign says (retry.doubt); or decide with `hongyan bulk resolve {named}`"
                ),
                format!(
                    "`{go_on}` 会按活动设置（retry.doubt）处理；也可用 `hongyan bulk resolve {named}` 处理"
                ),
            ),
        ),
        Why::Done if doubt > 0 => (
            said(
                format!(
                    "{doubt} may have got the letter: nobody knows, and they do not get it again by themselves"
                ),
                format!("有 {doubt} 位收件人可能已收到邮件，无法确定；不会自动重发"),
            ),
            said(
                format!("decide with `hongyan bulk resolve {named}`"),
                format!("用 `hongyan bulk resolve {named}` 处理"),
            ),
        ),
        Why::Done if of(State::Pending) + of(State::Deferred) > 0 => {
            let open = of(State::Pending) + of(State::Deferred);
            (
                said(
                    format!("{open} did not get the letter yet"),
                    format!("还有 {open} 位收件人没有收到邮件"),
                ),
                said(
                    format!("`hongyan bulk status {named}` says why; go on with `{go_on}`"),
                    format!("用 `hongyan bulk status {named}` 查看原因，用 `{go_on}` 继续"),
                ),
            )
        }
        Why::Done if of(State::Rejected) > 0 => (
            said("", ""),
            said(
                format!(
                    "what to do about the refusals: `hongyan bulk status {named}`; \
                     the proof: `hongyan bulk report {named} -o report.xlsx`"
                ),
                format!(
                    "被拒绝的如何处理：`hongyan bulk status {named}`；导出结果：`hongyan bulk report {named} -o report.xlsx`"
                ),
            ),
        ),
        Why::Done => (
            said("", ""),
            said(
                format!("the proof: `hongyan bulk report {named} -o report.xlsx`"),
                format!("导出结果：`hongyan bulk report {named} -o report.xlsx`"),
            ),
        ),
    }
}

fn remedy(failure: &Failure) -> Said {
    let remedy = failure.remedy(None);
    said(remedy.en, remedy.zh)
}
