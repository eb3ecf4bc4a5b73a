//! Fetching a maildrop by POP3.

use std::collections::{HashMap, HashSet};
use std::io;

use hongyan_mailbox::maildir::Flags;
use hongyan_mailbox::state::{Change, Id, Key, State};
use hongyan_mailbox::{Lock, Maildir};
use hongyan_net::Sink;
use hongyan_net::pop3::{Refused, Session};
use hongyan_proto::outcome::Kind;

use super::keep::{Keeper, Kept, Name, Strays, now};
use super::look::Fingerprints;
use super::plan::{Have, Plan};
use super::{Doubt, Error, Options, Policy, Report, open_state};

/// Messages up to this size are compared as a whole in a sample, larger ones by their heads: 64 KiB.
const COMPARED_WHOLE: u64 = 64 * 1024;

/// Fetches what is new in a maildrop, deletes what is to be deleted, and takes leave of the server.
///
/// `account` names login and server, always the same way: what was fetched is recorded under it. The lock is one
/// for `maildir`. What was done is in `report`, also where the fetch failed in the middle.
///
/// # Errors
/// The first thing that went wrong. Nothing is lost by it: what is not safe here is still on the server.
pub async fn maildrop(
    mut session: Session,
    account: &str,
    lock: &Lock,
    maildir: &Maildir,
    options: &Options,
    report: &mut Report,
) -> Result<(), Error> {
    maildir.path().clone_into(&mut report.maildir);
    let key = Key { account: account.to_owned(), folder: String::new() };
    // The record is read while the server answers.
    let (surveyed, state) = tokio::join!(session.survey(), async { open_state(lock, maildir, &key, report) });
    let (mut state, (sizes, ids)) = (state?, surveyed?);
    let mut numbers = HashSet::new();
    let sizes: Vec<(u32, u64)> = sizes
        .iter()
        .filter(|listed| numbers.insert(listed.number))
        .map(|listed| (listed.number, listed.size))
        .collect();
    drop(numbers);
    let ids: Option<Vec<(u32, &str)>> = ids.as_ref().map(|ids| ids.iter().collect());
    let listed: HashMap<u32, u64> = sizes.iter().copied().collect();
    report.there = sizes.len() as u64;

    let loose = state.sizes_differ();
    let mut plan = Plan::new(&sizes, ids.as_deref(), |id, size| {
        let seen = state.get(&uidl(id)).filter(|seen| !seen.deleted)?;
        Some(loose || seen.size == size)
    });
    if !sample_holds(&mut session, &plan, &state, &listed).await? {
        plan.believe_nothing();
    }
    if matches!(plan.doubt, Some(Doubt::Renumbered | Doubt::Reused)) {
        let ids: Vec<Id> = state.iter().map(|(id, _)| id).collect();
        state.distrust(ids)?;
    }
    report.doubt = plan.doubt;
    report.skipped = plan.have.len() as u64;
    if plan.fetch.is_empty() && options.policy == Policy::Keep && state.len() == plan.have.len() {
        // The record says what the server says, and nothing is to go.
        return Ok(session.quit().await?);
    }

    let here: HashSet<Id> = plan.have.iter().map(|have| uidl(have.id)).collect();
    let strays = if plan.fetch.is_empty() || !(state.is_new() || state.damage().is_some()) {
        Strays::default()
    } else {
        Strays::of(maildir)?
    };
    let of_number = trusted(ids.as_deref());
    let octets =
        plan.fetch.iter().filter_map(|n| listed.get(n)).fold(0, |sum: u64, size| sum.saturating_add(*size));
    options.progress.want(plan.fetch.len() as u64, octets);
    let keeper = Keeper::start(maildir, state, here, strays, options.group, options.progress.clone())?;
    let mut incoming = Incoming { keeper, of_number, listed: &listed };
    let fetched = session.fetch(&plan.fetch, &mut incoming).await;
    let Incoming { keeper, of_number, .. } = incoming;
    let mut kept = tokio::task::spawn_blocking(move || keeper.finish()).await.map_err(io::Error::other)??;
    report.fetched = kept.new;
    report.octets = kept.octets;
    report.recognised = kept.recognised;
    if let Some(error) = kept.error.take() {
        return Err(Error::Keep(error));
    }
    let done = match fetched {
        Ok(refused) => {
            report.refused.extend(refused.into_iter().map(told));
            remember(&mut kept, &plan, ids.as_deref())?;
            delete_and_leave(session, &plan, &kept, &listed, options, report).await
        }
        Err(failure) => Err(failure.into()),
    };
    if let Err(Error::Server(failure)) = &done
        && failure.kind == Kind::Protocol
    {
        // A server that talks on behind a message may have cut it short with a line that is only a dot: it is here,
        // but what it was fetched under does not count for it.
        let last = kept.safe.last().and_then(|number| of_number.get(number)).map(|id| uidl(id));
        kept.state.distrust(last)?;
    }
    let gone = done?;
    let deleted = gone.iter().filter_map(|number| of_number.get(number).map(|id| uidl(id)));
    let deleted: Vec<Change> = deleted.map(Change::Deleted).collect();
    report.deleted = gone.len() as u64;
    kept.state.append(&deleted)?;
    Ok(())
}

/// The numbers of the messages that the server has deleted.
async fn delete_and_leave(
    mut session: Session,
    plan: &Plan<'_>,
    kept: &Kept,
    listed: &HashMap<u32, u64>,
    options: &Options,
    report: &mut Report,
) -> Result<Vec<u32>, Error> {
    let gone = delete(&mut session, plan, kept, listed, options, report).await?;
    session.quit().await?;
    Ok(gone)
}

fn uidl(id: &str) -> Id {
    Id::Uidl(id.to_owned())
}

fn told(refused: Refused) -> (u32, hongyan_proto::outcome::Failure) {
    (refused.number, refused.failure)
}

/// The ids by which messages may be called from now on: those that stand once in the listing.
fn trusted<'a>(ids: Option<&[(u32, &'a str)]>) -> HashMap<u32, &'a str> {
    let mut numbers: HashMap<&str, Option<u32>> = HashMap::new();
    let mut of_number: HashMap<u32, Option<&str>> = HashMap::new();
    for &(number, id) in ids.unwrap_or_default().iter().filter(|(_, id)| !id.is_empty()) {
        numbers.entry(id).and_modify(|number| *number = None).or_insert(Some(number));
        of_number.entry(number).and_modify(|id| *id = None).or_insert(Some(id));
    }
    let once = |(number, id): (u32, Option<&'a str>)| Some((number, id.filter(|id| numbers[id].is_some())?));
    of_number.into_iter().filter_map(once).collect()
}

/// Whether a few of the messages that are known by their ids have the content that was fetched under them.
async fn sample_holds(
    session: &mut Session,
    plan: &Plan<'_>,
    state: &State,
    listed: &HashMap<u32, u64>,
) -> Result<bool, Error> {
    let sample = plan.sample(now());
    let small = |have: &&Have<'_>| listed.get(&have.number).is_some_and(|size| *size <= COMPARED_WHOLE);
    let (whole, heads): (Vec<_>, Vec<_>) = sample.iter().partition(small);
    let whole = others(session, &whole, state, Compared::Whole).await?;
    Ok(whole.is_empty() && others(session, &heads, state, Compared::Head).await?.is_empty())
}

/// What of a message is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compared {
    Whole,
    Head,
}

/// Those of the messages that are not what was fetched under their ids. One that the server does not give is
/// taken for another one, too: nobody knows.
async fn others(
    session: &mut Session,
    messages: &[&Have<'_>],
    state: &State,
    compared: Compared,
) -> Result<Vec<u32>, Error> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    // Without TOP, and where it is refused, everything is compared.
    let compared = if session.capabilities().top { compared } else { Compared::Whole };
    let numbers: Vec<u32> = messages.iter().map(|have| have.number).collect();
    let mut seen = Fingerprints::default();
    match compared {
        Compared::Whole => session.fetch(&numbers, &mut seen).await?,
        Compared::Head => session.top(&numbers, 0, &mut seen).await?,
    };
    let mut others = Vec::new();
    for have in messages {
        let known = state.known(&uidl(have.id))?;
        let same =
            seen.done.get(&have.number).zip(known).is_some_and(|((whole, head), known)| match compared {
                Compared::Whole => known.hash == *whole,
                Compared::Head => known.head == *head,
            });
        if !same {
            others.push(have.number);
        }
    }
    Ok(others)
}

/// Marks for deletion what is to go: what has just been made safe, and what was before and is still the same.
async fn delete(
    session: &mut Session,
    plan: &Plan<'_>,
    kept: &Kept,
    listed: &HashMap<u32, u64>,
    options: &Options,
    report: &mut Report,
) -> Result<Vec<u32>, Error> {
    let now = now();
    let mut gone: Vec<u32> = if options.policy.wants_gone(now, now) { kept.safe.clone() } else { Vec::new() };
    let due = |have: &&Have<'_>| {
        let seen = kept.state.get(&uidl(have.id));
        listed.contains_key(&have.number)
            && seen.is_some_and(|seen| options.policy.wants_gone(seen.when, now))
    };
    let due: Vec<&Have<'_>> = plan.have.iter().filter(due).collect();
    report.left = others(session, &due, &kept.state, Compared::Head).await?;
    gone.extend(due.iter().map(|have| have.number).filter(|number| !report.left.contains(number)));
    gone.sort_unstable();
    if gone.is_empty() {
        return Ok(gone);
    }
    let refused = session.delete(&gone).await?;
    let numbers: HashSet<u32> = refused.iter().map(|refused| refused.number).collect();
    report.refused.extend(refused.into_iter().map(told));
    gone.retain(|number| !numbers.contains(number));
    Ok(gone)
}

/// Brings the record up to what the server listed: an id that it lists no more is believed no more, should it come back.
fn remember(kept: &mut Kept, plan: &Plan<'_>, ids: Option<&[(u32, &str)]>) -> io::Result<()> {
    if kept.sizes_differ && !kept.state.sizes_differ() {
        kept.state.append(&[Change::SizesDiffer])?;
    }
    let (Some(ids), None) = (ids, plan.doubt) else { return Ok(()) };
    let listed: HashSet<&str> = ids.iter().map(|(_, id)| *id).collect();
    let unlisted = |(id, seen): (Id, hongyan_mailbox::state::Seen)| match &id {
        Id::Uidl(uidl) if !seen.deleted && !listed.contains(uidl.as_str()) => Some(id),
        _ => None,
    };
    let unlisted: Vec<Id> = kept.state.iter().filter_map(unlisted).collect();
    kept.state.distrust(unlisted)
}

/// Messages on their way to the keeper.
struct Incoming<'a> {
    keeper: Keeper,
    of_number: HashMap<u32, &'a str>,
    listed: &'a HashMap<u32, u64>,
}

impl Sink<u32> for Incoming<'_> {
    fn begin(&mut self, _: Option<u64>) -> io::Result<()> {
        self.keeper.begin()
    }

    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        self.keeper.take(piece)
    }

    fn end(&mut self, number: u32) -> io::Result<()> {
        let id = self.of_number.get(&number).map(|id| uidl(id));
        let announced = self.listed.get(&number).copied();
        self.keeper.end(Name { id, number, flags: Flags::NONE, announced })
    }
}
