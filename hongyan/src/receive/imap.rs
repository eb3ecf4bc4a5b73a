//! Fetching a folder by IMAP.
//!
//! A UID means one message for as long as UIDVALIDITY stays the same (RFC 9051 §2.3.1.1), so what is known by both is
//! skipped; after a change of UIDVALIDITY everything is fetched and recognised by its content. With CONDSTORE the
//! server is only asked for what is new or has other flags since the last fetch that came to its end, and a folder
//! whose HIGHESTMODSEQ has not moved is not asked at all. Flags follow the server where it says that they changed;
//! a server without CONDSTORE cannot say that, and then flags are only added here, never taken away.

use std::collections::{HashMap, HashSet};
use std::io;

use hongyan_mailbox::maildir::Flags;
use hongyan_mailbox::state::{Change, Id, Key, State};
use hongyan_mailbox::{Lock, Maildir};
use hongyan_net::imap::{self, About, Meta, Mode, Selected, Session, UidSet, What};
use hongyan_net::{MAX_REFUSED, Sink};
use hongyan_proto::outcome::{Failure, Kind, Stage};

use super::keep::{Keeper, Kept, Name, Strays, now};
use super::look::Fingerprints;
use super::{Doubt, Error, Options, Policy, Report, open_state};

/// What is to be done with a folder.
#[derive(Default)]
struct Plan {
    /// Not certainly here.
    fetch: UidSet,
    /// The same, where the server does not name them in their order: a set is slow to take these one by one.
    late: Vec<u32>,
    /// Their octets, as far as the server said.
    octets: u64,
    /// Here, with the flags that the server says they have.
    flags: HashMap<u32, Flags>,
    /// Nobody knows whose flags are newer: they are added to those here.
    only_added: bool,
    doubt: Option<Doubt>,
}

/// Fetches what is new in a folder, and deletes what is to be deleted.
///
/// `account` names login and server, always the same way, and `folder` the folder as the server calls it: what was
/// fetched is recorded under both. `maildir` is where its messages go; the lock is that of the whole mailbox. What
/// was done is in `report`, also where the fetch failed in the middle.
///
/// # Errors
/// The first thing that went wrong. Nothing is lost by it: what is not safe here is still on the server.
pub async fn folder(
    session: &mut Session,
    account: &str,
    folder: &str,
    lock: &Lock,
    maildir: &Maildir,
    options: &Options,
    report: &mut Report,
) -> Result<(), Error> {
    folder.clone_into(&mut report.folder);
    maildir.path().clone_into(&mut report.maildir);
    let key = Key { account: account.to_owned(), folder: folder.to_owned() };
    let mut state = open_state(lock, maildir, &key, report)?;
    let mode = if options.policy == Policy::Keep { Mode::Read } else { Mode::Write };
    let selected = session.select(folder, mode, None).await?;
    report.there = u64::from(selected.exists);

    let plan = plan(session, &selected, &mut state).await?;
    report.doubt = plan.doubt;
    report.skipped = report.there.saturating_sub(plan.fetch.len());
    report.flags_changed = follow_flags(maildir, &state, &selected, &plan)?;
    let (mut state, safe) = keep(session, &selected, &plan, state, maildir, options, report).await?;
    delete(session, &selected, &safe, &mut state, options, report).await?;
    if report.refused.is_empty() {
        remember(&mut state, &selected)?;
    }
    Ok(())
}

fn id(selected: &Selected, uid: u32) -> Option<Id> {
    selected.uid_validity.map(|validity| Id::Uid { validity, uid })
}

/// Learns what there is, and decides what is to be fetched.
async fn plan(session: &mut Session, selected: &Selected, state: &mut State) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    if selected.exists == 0 {
        return Ok(plan);
    }
    if selected.uid_validity.is_none() {
        plan.doubt = Some(Doubt::None);
    }
    let same = selected.uid_validity.is_some() && selected.uid_validity == state.uid_validity();
    let since = state.highest_mod_seq().filter(|_| same && selected.highest_mod_seq.is_some());
    if since.is_some() && since == selected.highest_mod_seq {
        return Ok(plan);
    }
    plan.only_added = since.is_none();
    let (loose, known) = (state.sizes_differ(), &*state);
    let everything = UidSet::starting_at(1);
    let mut renumbered = false;
    let sort = |meta: Meta| {
        let seen = id(selected, meta.uid).and_then(|id| known.get(&id)).filter(|seen| !seen.deleted);
        match seen {
            None => plan.want(&meta),
            Some(seen) => {
                renumbered |= !loose && meta.size.is_some_and(|size| size != seen.size);
                plan.flags.insert(meta.uid, of_server(&meta.flags));
            }
        }
    };
    session.list_each(&everything, About::Everything, since, sort).await?;
    if renumbered {
        // Before anything else: should this fetch be cut off, the next one must not ask only for what changed since.
        state.append(&[Change::HighestModSeq(0)])?;
        let ids: Vec<Id> = state.iter().map(|(id, _)| id).collect();
        state.distrust(ids)?;
        plan = Plan { doubt: Some(Doubt::Renumbered), ..Plan::default() };
        session.list_each(&everything, About::Everything, None, |meta| plan.want(&meta)).await?;
    }
    plan.fetch.union(&std::mem::take(&mut plan.late).into_iter().collect());
    Ok(plan)
}

impl Plan {
    fn want(&mut self, meta: &Meta) {
        if self.fetch.last().is_none_or(|last| last < meta.uid) {
            self.fetch.insert(meta.uid);
        } else {
            self.late.push(meta.uid);
        }
        self.octets = self.octets.saturating_add(meta.size.unwrap_or(0));
    }
}

/// Sets the flags of messages that are here to what the server says; how many that changed. One that the user has
/// removed here has none.
fn follow_flags(maildir: &Maildir, state: &State, selected: &Selected, plan: &Plan) -> io::Result<u64> {
    let mut changed = 0;
    for (&uid, &flags) in &plan.flags {
        if plan.only_added && flags.is_empty() {
            continue;
        }
        let Some(known) = id(selected, uid).map(|id| state.known(&id)).transpose()?.flatten() else {
            continue;
        };
        let Some(entry) = maildir.find(&known.file)? else { continue };
        let before = entry.flags();
        let wanted = before.with_standard(if plan.only_added { before | flags } else { flags });
        if wanted != before {
            match maildir.set_flags(&known.file, wanted) {
                Ok(_) => changed += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(changed)
}

/// A server's flags as a Maildir has them. `\\Deleted` is between the server and whoever set it.
fn of_server(flags: &imap::Flags) -> Flags {
    let forwarded = flags.keywords.iter().any(|keyword| keyword.eq_ignore_ascii_case("$Forwarded"));
    [
        (flags.seen, Flags::SEEN),
        (flags.answered, Flags::REPLIED),
        (flags.flagged, Flags::FLAGGED),
        (flags.draft, Flags::DRAFT),
        (forwarded, Flags::PASSED),
    ]
    .into_iter()
    .filter(|(set, _)| *set)
    .fold(Flags::NONE, |all, (_, flag)| all | flag)
}

/// Fetches, and makes safe; the state afterwards, and the UIDs of what is safe now.
async fn keep(
    session: &mut Session,
    selected: &Selected,
    plan: &Plan,
    state: State,
    maildir: &Maildir,
    options: &Options,
    report: &mut Report,
) -> Result<(State, Vec<u32>), Error> {
    if plan.fetch.is_empty() {
        return Ok((state, Vec::new()));
    }
    let strays =
        if state.is_new() || report.damage.is_some() { Strays::of(maildir)? } else { Strays::default() };
    // What was recorded under a UID that is fetched now is anybody's; under any other it is that message's.
    let here: HashSet<Id> = match plan.doubt {
        None => state.iter().map(|(id, _)| id).filter(|known| listed_still(known, selected)).collect(),
        Some(_) => HashSet::new(),
    };
    options.progress.want(plan.fetch.len(), plan.octets);
    let keeper = Keeper::start(maildir, state, here, strays, options.group, options.progress.clone())?;
    let mut incoming = Incoming { keeper, selected };
    let fetched = session.fetch(&plan.fetch, What::Whole, &mut incoming).await;
    let Incoming { keeper, .. } = incoming;
    let mut kept: Kept =
        tokio::task::spawn_blocking(move || keeper.finish()).await.map_err(io::Error::other)??;
    report.fetched = kept.new;
    report.octets = kept.octets;
    report.recognised = kept.recognised;
    if let Some(error) = kept.error.take() {
        return Err(Error::Keep(error));
    }
    let gone = fetched?;
    if gone.len() > MAX_REFUSED as u64 {
        let text = format!("the server gave nothing for {} messages that it had listed", gone.len());
        return Err(Failure::new(Stage::Fetch, Kind::Refused, text).into());
    }
    report.refused.extend(gone.iter().map(|uid| (uid, Failure::new(Stage::Fetch, Kind::Refused, GONE))));
    if kept.sizes_differ && !kept.state.sizes_differ() {
        kept.state.append(&[Change::SizesDiffer])?;
    }
    Ok((kept.state, kept.safe))
}

const GONE: &str = "the server gave nothing for it: it was deleted meanwhile, or cannot be read there";

/// Whether a record is about a message that the present UIDVALIDITY still names.
fn listed_still(known: &Id, selected: &Selected) -> bool {
    matches!(known, Id::Uid { validity, .. } if selected.uid_validity == Some(*validity))
}

/// Deletes what is to go: what has just been made safe, and what was before and is still the same.
async fn delete(
    session: &mut Session,
    selected: &Selected,
    safe: &[u32],
    state: &mut State,
    options: &Options,
    report: &mut Report,
) -> Result<(), Error> {
    let now = now();
    let mut gone = UidSet::new();
    if options.policy.wants_gone(now, now) {
        safe.iter().for_each(|uid| gone.insert(*uid));
    }
    let mut due = UidSet::new();
    for (known, seen) in state.iter() {
        if let Id::Uid { uid, .. } = known
            && listed_still(&known, selected)
            && !seen.deleted
            && !gone.contains(uid)
            && options.policy.wants_gone(seen.when, now)
        {
            due.insert(uid);
        }
    }
    let mut vanished = UidSet::new();
    if !due.is_empty() {
        let mut seen = Fingerprints::default();
        vanished = session.fetch(&due, What::Header, &mut seen).await?;
        for uid in due.iter().filter(|uid| !vanished.contains(*uid)) {
            let known = id(selected, uid).map(|id| state.known(&id)).transpose()?.flatten();
            let same = seen.done.get(&uid).zip(known).is_some_and(|((_, head), known)| known.head == *head);
            if same {
                gone.insert(uid);
            } else {
                report.left.push(uid);
            }
        }
    }
    // In a command, this one would be `*`: whatever message is the last by then.
    if gone.contains(u32::MAX) {
        gone.remove(u32::MAX);
        report.left.push(u32::MAX);
    }
    if !gone.is_empty() {
        session.delete(&gone).await?;
        report.deleted = gone.len();
    }
    let deleted = gone.iter().chain(vanished.iter()).filter_map(|uid| id(selected, uid)).map(Change::Deleted);
    state.append(&deleted.collect::<Vec<_>>())?;
    Ok(())
}

/// Records up to where everything is known now, so that the next fetch need not ask for it again.
fn remember(state: &mut State, selected: &Selected) -> io::Result<()> {
    let mut changes = Vec::new();
    if selected.uid_validity != state.uid_validity() {
        changes.extend(selected.uid_validity.map(Change::UidValidity));
    }
    if selected.highest_mod_seq != state.highest_mod_seq() {
        changes.extend(selected.highest_mod_seq.map(Change::HighestModSeq));
    }
    state.append(&changes)
}

/// Messages on their way to the keeper.
struct Incoming<'a> {
    keeper: Keeper,
    selected: &'a Selected,
}

impl Sink<Meta> for Incoming<'_> {
    fn begin(&mut self, _: Option<u64>) -> io::Result<()> {
        self.keeper.begin()
    }

    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        self.keeper.take(piece)
    }

    fn end(&mut self, meta: Meta) -> io::Result<()> {
        self.keeper.end(Name {
            id: id(self.selected, meta.uid),
            number: meta.uid,
            flags: of_server(&meta.flags),
            announced: meta.size,
        })
    }
}
