//! Applies what the server says: to the command it belongs to, to the open mailbox, or to nothing.

use std::time::Instant;

use super::command::Command;
use super::data::{Arrived, Folder, Selected, Special};
use super::fetched::{Content, Fetched};
use super::response::{self, Code, Condition, Listed, Response, Words};
use super::writing::{Job, SoFar, Task};
use super::{
    Answer, Client, Event, Id, MAX_CHANGED, MAX_FOLDER_NAMES, MAX_FOLDERS, MAX_MESSAGES, MAX_STRAY,
    MAX_UNASKED, Note, Phase,
};
use crate::imap::UidSet;
use crate::imap::uid_set::MAX_RANGES;
use crate::outcome::{Failure, Kind};

/// The most octets of an unreadable response that are shown.
const SHOWN: usize = 200;
/// Why a set that grows with each response is given up.
const MANY_UIDS: &str = "the server names more messages than there can be";
/// The most names that are remembered as the server writes them.
const MAX_ODD_NAMES: usize = 1000;

impl Client {
    pub(super) fn on_response(&mut self, now: Instant, text: &[u8]) {
        let content_came = std::mem::take(&mut self.content_came);
        match response::parse(text) {
            Some(Response::Fetch(fetched))
                if !content_came || matches!(fetched.content, Some(Content::Streamed(_))) =>
            {
                self.on_fetch(fetched);
            }
            Some(_) if content_came => self.die_of_protocol("the server sends a message where there is none"),
            Some(Response::Tagged(tag, words)) => self.on_tagged(now, tag, words),
            Some(Response::Go(text)) => self.on_go(now, text),
            Some(Response::Words(words)) => self.on_words(words),
            Some(Response::Capability(offered)) => {
                self.learn(offered);
                self.on_stray();
            }
            Some(Response::Enabled(words)) => {
                self.on_enabled(words);
                self.on_stray();
            }
            Some(Response::Listed(listed)) => self.on_listed(&listed),
            Some(Response::Status(_, status)) => match self.so_far() {
                Some(SoFar::Status(so_far)) => *so_far = status,
                _ => self.on_stray(),
            },
            Some(Response::Search(found)) => match self.so_far() {
                Some(SoFar::Found(so_far)) => {
                    so_far.uids.union(&found.uids);
                    so_far.mod_seq = so_far.mod_seq.max(found.mod_seq);
                    if so_far.uids.ranges().len() > MAX_RANGES {
                        return self.die_of_protocol(MANY_UIDS);
                    }
                    self.on_stray();
                }
                _ => self.on_stray(),
            },
            Some(Response::Namespace([personal, others, shared])) => match self.so_far() {
                Some(SoFar::Namespaces(so_far)) => {
                    *so_far = super::Namespaces { personal, others, shared };
                }
                _ => self.on_stray(),
            },
            Some(Response::Exists(number)) => self.on_exists(number),
            Some(Response::Expunge) => self.on_removed(1),
            Some(Response::Vanished { earlier, uids }) => self.on_vanished(earlier, &uids),
            Some(Response::Flags(_) | Response::Fetch(_) | Response::Other) => self.on_stray(),
            None => self.on_unreadable(text),
        }
    }

    /// What has come for the command that is under way, where there is one.
    fn so_far(&mut self) -> Option<&mut SoFar> {
        self.running.front_mut().map(|job| &mut job.so_far)
    }

    /// Answers nothing; there may be many of these, but not without end.
    fn on_stray(&mut self) {
        self.stray += 1;
        if self.stray > MAX_STRAY {
            self.die_of_protocol("the server talks on and on, and answers nothing");
        }
    }

    /// Makes no sense. Where it could hold what was asked for, that would be lost silently, so it ends the session.
    fn on_unreadable(&mut self, text: &[u8]) {
        let shown = response::one_line(&text[..text.len().min(SHOWN)]);
        let could_hold = self.running.iter().any(|job| match &job.so_far {
            SoFar::Fetch(_) | SoFar::Found(_) => true,
            SoFar::Selected(_) => says(text, "FETCH") || says(text, "VANISHED"),
            SoFar::Count(_) => matches!(job.task, Task::User(Command::About { .. })),
            _ => false,
        });
        let is_data =
            says(text, "FETCH") || says(text, "SEARCH") || says(text, "ESEARCH") || says(text, "VANISHED");
        if could_hold && is_data {
            return self
                .die_of_protocol(format!("the server's answer makes no sense: {}", shown.escape_debug()));
        }
        self.events.push_back(Event::Note(Note::Unreadable(shown)));
        self.on_stray();
    }

    fn on_tagged(&mut self, now: Instant, tag: u32, words: Words) {
        let Some(at) = self.running.iter().position(|job| job.tag == tag) else {
            return self.on_stray();
        };
        self.stray = 0;
        if at + 1 == self.running.len() {
            self.end_writing();
        }
        let Some(job) = self.running.remove(at) else { return };
        if words.code == Some(Code::Alert) {
            self.events.push_back(Event::Note(Note::Alert(words.text.clone())));
        }
        if let Some(Code::Capability(offered)) = &words.code {
            self.learn(offered.clone());
        }
        if self.running.is_empty() && self.idle.is_none() && matches!(self.phase, Phase::Open) {
            self.deadline = None;
        }
        match job.task {
            Task::User(_) => self.on_user_answer(job, words),
            Task::Waiting { idle } => self.on_waiting_answer(now, idle, words.condition == Condition::Ok),
            ours => self.on_own_answer(ours, words),
        }
    }

    fn on_user_answer(&mut self, job: Job, words: Words) {
        let Job { tag, task: Task::User(command), so_far } = job else { return };
        if let Command::Logout = command {
            self.phase = Phase::Closed;
        }
        let ok = words.condition == Condition::Ok;
        let answer = match (words.code, so_far) {
            (Some(Code::Modified(uids)), _) => Ok(Answer::Stored(uids)),
            (code, SoFar::Selected(selected)) => {
                if !ok
                    && words.condition == Condition::Bad
                    && (self.dialect.condstore || self.dialect.qresync)
                {
                    // Offered, and not understood: once more without.
                    self.dialect.condstore = false;
                    self.dialect.qresync = false;
                    self.queue.push_front(Job::new(tag, Task::User(command)));
                    return;
                }
                self.selected = None;
                if ok { Ok(self.opened(*selected, code, &command)) } else { Err(()) }
            }
            _ if !ok => Err(()),
            (_, SoFar::Found(found)) => Ok(Answer::Found(found.uids, found.mod_seq)),
            (_, SoFar::Status(status)) => Ok(Answer::Status(status)),
            (_, SoFar::Namespaces(namespaces)) => Ok(Answer::Namespaces(namespaces)),
            (Some(Code::AppendUid(arrived) | Code::CopyUid(arrived)), _) | (_, SoFar::Arrived(arrived)) => {
                Ok(Answer::Arrived(Some(arrived)))
            }
            _ => Ok(match command {
                Command::Append { .. } | Command::Copy { .. } | Command::Move { .. } => Answer::Arrived(None),
                Command::Store { .. } => Answer::Stored(UidSet::new()),
                Command::Noop => Answer::Changes(self.take_changes()),
                _ => Answer::Done,
            }),
        };
        let answer = answer.map_err(|()| Failure::said(command.stage(), words.text));
        self.events.push_back(Event::Done(Id(tag), answer));
    }

    /// A mailbox is open.
    fn opened(&mut self, mut selected: Selected, code: Option<Code>, command: &Command) -> Answer {
        match code {
            Some(Code::ReadOnly) => selected.read_only = true,
            Some(Code::ReadWrite) => selected.read_only = false,
            _ => {}
        }
        // RFC 7162 §3.2.5.1: under another UIDVALIDITY, or without MODSEQs, the server tells nothing.
        selected.resynced = match command {
            Command::Select { resync: Some(resync), .. } => {
                self.dialect.qresync
                    && selected.uid_validity == Some(resync.uid_validity)
                    && selected.highest_mod_seq.is_some()
            }
            _ => false,
        };
        self.changes = super::Changes::default();
        // What changed is told once; it need not be kept.
        self.selected = Some(without_lists(&selected));
        Answer::Selected(Box::new(selected))
    }

    fn on_words(&mut self, words: Words) {
        if words.condition == Condition::Bye {
            return match self.phase {
                Phase::Closing => {}
                _ => {
                    let failure =
                        Failure { kind: Kind::Unreachable, ..Failure::said(self.stage(), words.text) };
                    self.die(failure);
                }
            };
        }
        let opening = match self.running.front_mut().map(|job| &mut job.so_far) {
            Some(SoFar::Selected(selected)) => Some(selected),
            _ => None,
        };
        match (words.code, opening) {
            (Some(Code::Alert), _) => self.events.push_back(Event::Note(Note::Alert(words.text))),
            (Some(Code::Capability(offered)), _) => self.learn(offered),
            (Some(Code::CopyUid(arrived)), None) => self.on_arrived(arrived),
            // What was said before belongs to the mailbox that was open (RFC 7162 §3.2.11).
            (Some(Code::Closed), Some(selected)) => {
                **selected = Selected {
                    name: std::mem::take(&mut selected.name),
                    read_only: selected.read_only,
                    ..Selected::default()
                };
            }
            (Some(code), Some(selected)) => note_code(selected, code),
            (Some(code), None) => {
                if let Some(selected) = &mut self.selected {
                    note_code(selected, code);
                }
            }
            (None, _) => {}
        }
        self.on_stray();
    }

    fn on_arrived(&mut self, arrived: Arrived) {
        if let Some(job) = self.running.front_mut()
            && matches!(job.task, Task::User(Command::Move { .. } | Command::Copy { .. }))
        {
            job.so_far = SoFar::Arrived(arrived);
        }
    }

    fn on_listed(&mut self, listed: &Listed<'_>) {
        let Some(SoFar::Listed { count, octets }) = self.so_far() else { return self.on_stray() };
        *count += 1;
        *octets += listed.name.len();
        if *count > MAX_FOLDERS {
            return self.die_of_protocol(format!("the server names more than {MAX_FOLDERS} mailboxes"));
        }
        if *octets > MAX_FOLDER_NAMES {
            let text =
                format!("the names of the server's mailboxes have more than {MAX_FOLDER_NAMES} octets");
            return self.die_of_protocol(text);
        }
        let has =
            |word: &str| listed.attributes.iter().any(|known| known.eq_ignore_ascii_case(word.as_bytes()));
        let name = response::name(&listed.name, self.dialect.utf8);
        let ours = if self.dialect.utf8 { name.clone() } else { crate::imap::utf7::encode(&name) };
        if ours.as_bytes() != &*listed.name && name != "INBOX" && self.dialect.odd_names.len() < MAX_ODD_NAMES
        {
            self.dialect.odd_names.insert(name.clone(), listed.name.to_vec());
        }
        self.events.push_back(Event::Folder(Folder {
            name,
            delimiter: listed.delimiter,
            special: listed.attributes.iter().find_map(|word| Special::named(word)),
            selectable: !has("\\Noselect") && !has("\\NonExistent"),
            has_children: match (has("\\HasChildren"), has("\\HasNoChildren") || has("\\Noinferiors")) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            },
        }));
    }

    fn on_exists(&mut self, number: u32) {
        if let Some(SoFar::Selected(selected)) = self.so_far() {
            selected.exists = number;
        } else if let Some(selected) = &mut self.selected {
            if number > selected.exists {
                self.changes.exists = Some(number);
            }
            selected.exists = number;
        }
        self.on_stray();
    }

    fn on_removed(&mut self, number: u64) {
        if let Some(selected) = &mut self.selected {
            selected.exists = u32::try_from(u64::from(selected.exists).saturating_sub(number)).unwrap_or(0);
            self.changes.expunged = self.changes.expunged.saturating_add(number);
        }
        self.on_stray();
    }

    fn on_vanished(&mut self, earlier: bool, uids: &UidSet) {
        match self.so_far() {
            Some(SoFar::Selected(selected)) => {
                selected.vanished.union(uids);
                if selected.vanished.ranges().len() > MAX_RANGES {
                    return self.die_of_protocol(MANY_UIDS);
                }
                self.on_stray();
            }
            _ if earlier => self.on_stray(),
            _ => self.on_removed(uids.len()),
        }
    }

    fn on_fetch(&mut self, fetched: Fetched<'_>) {
        let Fetched { meta, has_flags, content, part } = fetched;
        let uid = meta.uid;
        if let (Some(selected), Some(mod_seq)) = (&mut self.selected, meta.mod_seq) {
            selected.highest_mod_seq = selected.highest_mod_seq.max(Some(mod_seq));
        }
        match content {
            Some(content @ (Content::Streamed(_) | Content::Inline(_))) => {
                if uid == 0 {
                    return self.die_of_protocol("the server sends a message and does not say which");
                }
                // Some part of a message must not pass for all of it.
                let asked = self.running.iter_mut().any(|job| match (&job.task, &mut job.so_far) {
                    (Task::User(Command::Fetch { what, .. }), SoFar::Fetch(asked)) => {
                        part == Some(*what) && asked.take(uid)
                    }
                    _ => false,
                });
                if !asked {
                    self.unasked += 1;
                    if self.unasked > MAX_UNASKED {
                        self.die_of_protocol("the server sends messages that nobody asked for");
                    }
                    return;
                }
                self.stray = 0;
                if let Content::Inline(octets) = content {
                    self.events.push_back(Event::Inline(octets.into_owned()));
                }
                self.events.push_back(Event::Message(Box::new(meta)));
            }
            Some(Content::Nil) => self.on_stray(),
            None => match self.running.front_mut() {
                Some(Job {
                    task: Task::User(Command::Select { resync: Some(_), .. }),
                    so_far: SoFar::Selected(selected),
                    ..
                }) if uid > 0 => {
                    selected.changed.push(meta);
                    if selected.changed.len() > MAX_CHANGED {
                        self.die_of_protocol(format!(
                            "the server tells of more than {MAX_CHANGED} changed messages"
                        ));
                    }
                }
                Some(Job {
                    task: Task::User(Command::About { uids, what, .. }),
                    so_far: SoFar::Count(count),
                    ..
                }) if uid > 0
                    && uids.contains(uid)
                    && has_flags
                    && (*what == super::About::Flags || meta.size.is_some() || meta.date.is_some()) =>
                {
                    *count = count.saturating_add(1);
                    let exists = self.selected.as_ref().map_or(0, |selected| selected.exists);
                    if *count > exists.min(MAX_MESSAGES).saturating_add(MAX_STRAY) {
                        return self.die_of_protocol("the server tells of more messages than there are");
                    }
                    self.events.push_back(Event::Meta(Box::new(meta)));
                }
                _ => {
                    if has_flags {
                        self.changes.flags += 1;
                    }
                    self.on_stray();
                }
            },
        }
    }
}

/// The selected mailbox without its lists.
fn without_lists(selected: &Selected) -> Selected {
    Selected {
        name: selected.name.clone(),
        read_only: selected.read_only,
        exists: selected.exists,
        uid_validity: selected.uid_validity,
        uid_next: selected.uid_next,
        highest_mod_seq: selected.highest_mod_seq,
        permanent: selected.permanent.clone(),
        keywords: selected.keywords,
        resynced: selected.resynced,
        ..Selected::default()
    }
}

/// What a code says of a mailbox.
fn note_code(selected: &mut Selected, code: Code) {
    match code {
        Code::ReadOnly => selected.read_only = true,
        Code::ReadWrite => selected.read_only = false,
        Code::UidValidity(number) => selected.uid_validity = Some(number),
        Code::UidNext(number) => selected.uid_next = Some(number),
        Code::HighestModSeq(number) => selected.highest_mod_seq = Some(number),
        Code::NoModSeq => selected.highest_mod_seq = None,
        Code::Permanent { flags, keywords } => {
            selected.permanent = Some(flags);
            selected.keywords = keywords;
        }
        _ => {}
    }
}

/// Whether an untagged response is of this kind, as far as can be told.
fn says(text: &[u8], kind: &str) -> bool {
    let mut words = text.split(|&b| b == b' ').skip(1).take(2);
    words.any(|word| word.eq_ignore_ascii_case(kind.as_bytes()))
}
