//! Which command does what, and when it may (RFC 9051 §3).

use imap_codec::imap_types::command::CommandBody;
use imap_codec::imap_types::flag::StoreResponse;
use imap_codec::imap_types::mailbox::Mailbox;

use crate::faults::ImapPlace;
use crate::imap::utf7;

use super::command::Command;
use super::config::MAX_NAME;
use super::line::Outcome;
use super::mailboxes::{No, SEPARATOR, Transfer};
use super::search::Wanted;
use super::{Effect, Server, State};

/// When a command may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Always,
    BeforeLogin,
    AfterLogin,
    Selected,
}

impl Server {
    pub(super) fn execute(&mut self, tag: String, command: Command<'_>) {
        let when = match &command {
            Command::Plain(body) => when(body),
            Command::List(_) | Command::Create(..) => When::AfterLogin,
            Command::Search(..) => When::Selected,
        };
        if let Err(text) = self.check(when) {
            self.settle(&tag, Effect::default(), Outcome::bad(text));
            return;
        }
        match command {
            Command::Plain(body) => self.execute_plain(&tag, body),
            Command::List(list) => self.on_list(&tag, &list),
            Command::Create(name, special) => self.on_create(&tag, &name, special),
            Command::Search(returns, body) => match Wanted::parse(&returns) {
                Some(wanted) if self.config.offers("ESEARCH") => self.on_search(&tag, body, Some(wanted)),
                _ => self.deny(&tag, "RETURN takes MIN, MAX, ALL and COUNT"),
            },
        }
    }

    fn check(&self, when: When) -> Result<(), &'static str> {
        let user = self.session.user.is_some();
        match when {
            When::AfterLogin | When::Selected if !user => Err("log in first"),
            When::Selected if self.selected.is_none() => Err("select a mailbox first"),
            When::BeforeLogin if user => Err("you have logged in already"),
            _ => Ok(()),
        }
    }

    fn deny(&mut self, tag: &str, text: &str) {
        self.settle(tag, Effect::default(), Outcome::bad(text));
    }

    fn execute_plain(&mut self, tag: &str, body: CommandBody<'_>) {
        match body {
            CommandBody::Capability => self.on_capability(tag),
            CommandBody::Noop => self.on_noop(tag, ImapPlace::Noop),
            CommandBody::Check => self.on_noop(tag, ImapPlace::Close),
            CommandBody::Logout => self.on_logout(tag),
            CommandBody::Id { parameters } if self.config.offers("ID") => self.on_id(tag, parameters),
            CommandBody::StartTLS => self.on_start_tls(tag),
            CommandBody::Login { username, password } => {
                self.on_login(tag, username.as_ref(), password.declassify().as_ref());
            }
            CommandBody::Authenticate { mechanism, initial_response } => {
                let initial = initial_response.as_ref().map(|initial| initial.declassify().as_ref());
                self.on_authenticate(tag, mechanism.as_ref(), initial);
            }
            CommandBody::Enable { capabilities } if self.config.offers("ENABLE") => {
                self.on_enable(tag, capabilities.as_ref());
            }
            CommandBody::Namespace if self.config.offers("NAMESPACE") => self.on_namespace(tag),
            CommandBody::Compress { .. } if self.config.offers("COMPRESS=DEFLATE") => self.on_compress(tag),
            CommandBody::Select { mailbox, parameters } => self.on_select(tag, &mailbox, false, &parameters),
            CommandBody::Examine { mailbox, parameters } => self.on_select(tag, &mailbox, true, &parameters),
            CommandBody::Status { mailbox, item_names } => {
                let items: Vec<_> = item_names.iter().filter_map(super::managing::Item::of).collect();
                if items.len() == item_names.len() && !items.is_empty() {
                    self.on_status(tag, &mailbox, &items);
                } else {
                    self.deny(
                        tag,
                        "STATUS takes MESSAGES, UIDNEXT, UIDVALIDITY, UNSEEN, RECENT, DELETED, SIZE",
                    );
                }
            }
            CommandBody::Delete { mailbox } => self.on_delete(tag, &mailbox),
            CommandBody::Rename { from, to } => self.on_rename(tag, &from, &to),
            CommandBody::Subscribe { mailbox } => self.on_subscribe(tag, &mailbox, true),
            CommandBody::Unsubscribe { mailbox } => self.on_subscribe(tag, &mailbox, false),
            CommandBody::Idle if self.config.offers("IDLE") => self.on_idle(tag),
            CommandBody::Close => self.on_close(tag, true),
            CommandBody::Unselect if self.config.offers("UNSELECT") => self.on_close(tag, false),
            CommandBody::Expunge => self.on_expunge(tag, None),
            CommandBody::ExpungeUid { sequence_set } if self.config.offers("UIDPLUS") => {
                self.on_expunge(tag, Some(&sequence_set));
            }
            CommandBody::Fetch { sequence_set, macro_or_item_names, uid, modifiers } => {
                self.on_fetch(tag, &sequence_set, &macro_or_item_names, uid, &modifiers);
            }
            CommandBody::Store { sequence_set, kind, response, flags, uid, modifiers } => {
                let silent = response == StoreResponse::Silent;
                self.on_store(
                    tag,
                    &sequence_set,
                    super::changing::change(&kind, &flags),
                    silent,
                    uid,
                    &modifiers,
                );
            }
            CommandBody::Copy { sequence_set, mailbox, uid } => {
                self.on_transfer(tag, &sequence_set, &mailbox, uid, Transfer::Copy);
            }
            CommandBody::Move { sequence_set, mailbox, uid } if self.config.offers("MOVE") => {
                self.on_transfer(tag, &sequence_set, &mailbox, uid, Transfer::Move);
            }
            body @ CommandBody::Search { .. } => self.on_search(tag, body, None),
            _ => self.deny(tag, "that is not offered"),
        }
    }

    fn on_noop(&mut self, tag: &str, place: ImapPlace) {
        let Some(effect) = self.begin(tag, place, "") else { return };
        self.catch_up_all();
        self.settle(tag, effect, Outcome::done("nothing more"));
    }

    fn on_logout(&mut self, tag: &str) {
        let Some(effect) = self.begin(tag, ImapPlace::Logout, "") else { return };
        self.untagged(format_args!("BYE until next time"));
        if self.settle(tag, effect, Outcome::done("goodbye")) {
            self.speech.close();
        }
    }

    fn on_idle(&mut self, tag: &str) {
        let subject = self.selected().unwrap_or_default().to_string();
        let Some(effect) = self.begin(tag, ImapPlace::Idle, &subject) else { return };
        self.go_ahead();
        // What is new already is told at once.
        self.news = true;
        self.state = State::Idling { tag: tag.to_string(), effect };
    }

    /// A mailbox name as the store has it.
    pub(super) fn mailbox_name(&self, octets: &[u8]) -> Result<String, Outcome> {
        let name =
            if self.session.utf8 { String::from_utf8(octets.to_vec()).ok() } else { utf7::decode(octets) };
        let name = name.ok_or_else(|| {
            Outcome::bad("a mailbox name is in modified UTF-7, or in UTF-8 after ENABLE UTF8=ACCEPT")
        })?;
        checked(&name).map_err(Outcome::from)
    }

    pub(super) fn mailbox(&self, mailbox: &Mailbox<'_>) -> Result<String, Outcome> {
        match mailbox {
            Mailbox::Inbox => Ok("INBOX".into()),
            Mailbox::Other(other) => self.mailbox_name(other.inner().as_ref()),
        }
    }
}

/// INBOX in capitals, also above others; nothing that could not be a name.
fn checked(name: &str) -> Result<String, No> {
    let (first, rest) = match name.find(SEPARATOR) {
        Some(at) => name.split_at(at),
        None => (name, ""),
    };
    let first = if first.eq_ignore_ascii_case("INBOX") { "INBOX" } else { first };
    let name = format!("{first}{rest}");
    if name.len() > MAX_NAME {
        return Err(No::new("CANNOT", "the name is too long"));
    }
    if name.split(SEPARATOR).any(str::is_empty) {
        return Err(No::new("CANNOT", "a level of the name is empty"));
    }
    if name.chars().any(char::is_control) {
        return Err(No::new("CANNOT", "the name holds a control character"));
    }
    Ok(name)
}

fn when(body: &CommandBody<'_>) -> When {
    match body {
        CommandBody::Capability | CommandBody::Noop | CommandBody::Logout | CommandBody::Id { .. } => {
            When::Always
        }
        CommandBody::StartTLS | CommandBody::Login { .. } | CommandBody::Authenticate { .. } => {
            When::BeforeLogin
        }
        CommandBody::Check
        | CommandBody::Close
        | CommandBody::Unselect
        | CommandBody::Expunge
        | CommandBody::ExpungeUid { .. }
        | CommandBody::Search { .. }
        | CommandBody::Fetch { .. }
        | CommandBody::Store { .. }
        | CommandBody::Copy { .. }
        | CommandBody::Move { .. } => When::Selected,
        _ => When::AfterLogin,
    }
}
