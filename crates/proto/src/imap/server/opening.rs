//! What belongs to no mailbox: greeting, CAPABILITY, ID, STARTTLS, ENABLE, NAMESPACE, COMPRESS.

use imap_codec::imap_types::core::{IString, NString};
use imap_codec::imap_types::extensions::enable::CapabilityEnable;

use crate::faults::{ImapPlace, Manner};
use crate::machine::TlsInfo;

use super::line::{Outcome, nstring, string};
use super::mailboxes::{No, SEPARATOR};
use super::session::Session;
use super::{Effect, Server, State};

/// RFC 2971 §3.3: no more fields, and none longer.
const MAX_ID_FIELDS: usize = 30;

impl Server {
    pub(super) fn enter_connected(&mut self, implicit_tls: bool) {
        let effect = self.strike(ImapPlace::Connect, "");
        if effect.manner != Manner::Whole {
            self.speech.close();
        } else if implicit_tls {
            self.speech.start_tls();
            self.state = State::Handshake { greeting: true };
        } else {
            self.enter_greeting();
        }
    }

    fn enter_greeting(&mut self) {
        self.state = State::Ready;
        let effect = self.strike(ImapPlace::Greeting, "");
        let capabilities = self.config.capabilities(&self.session);
        let text = format!("[CAPABILITY {capabilities}] {} ready", self.config.name);
        self.settle("*", effect, Outcome::Done(text));
    }

    pub(super) fn on_capability(&mut self, tag: &str) {
        let effect = self.strike(ImapPlace::Capability, "");
        if let Some(outcome) = self.forced(&effect) {
            self.settle(tag, effect, outcome);
            return;
        }
        let capabilities = self.config.capabilities(&self.session);
        self.untagged(format_args!("CAPABILITY {capabilities}"));
        self.settle(tag, effect, Outcome::done("that is all"));
    }

    pub(super) fn on_start_tls(&mut self, tag: &str) {
        let effect = self.strike(ImapPlace::StartTls, "");
        let outcome = if self.session.tls.is_some() {
            Outcome::bad("TLS is up already")
        } else if !self.config.start_tls {
            Outcome::bad("STARTTLS is not offered")
        } else if self.session.user.is_some() {
            Outcome::bad("too late, you have logged in")
        } else {
            Outcome::done("begin")
        };
        if self.settle(tag, effect, outcome) {
            self.speech.start_tls();
            self.state = State::Handshake { greeting: false };
        }
    }

    /// RFC 9051 §6.2.1: whatever was said in clear has not been said.
    pub(super) fn on_tls_up(&mut self, info: TlsInfo) {
        let greeting = matches!(self.state, State::Handshake { greeting: true });
        self.session = Session { tls: Some(info), ..Session::default() };
        self.state = State::Ready;
        if greeting {
            self.enter_greeting();
        }
    }

    /// ID (RFC 2971).
    pub(super) fn on_id(&mut self, tag: &str, fields: Option<Vec<(IString<'_>, NString<'_>)>>) {
        let effect = self.strike(ImapPlace::Id, "");
        let outcome = self.forced(&effect).or_else(|| {
            let many = fields.as_ref().is_some_and(|fields| fields.len() > MAX_ID_FIELDS);
            many.then(|| Outcome::bad("thirty fields at most"))
        });
        if let Some(outcome) = outcome {
            self.settle(tag, effect, outcome);
            return;
        }
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let fields = fields.unwrap_or_default();
        let field = |(name, value): &(IString<'_>, NString<'_>)| {
            (text(name.as_ref()), value.0.as_ref().map(|value| text(value.as_ref())))
        };
        self.session.client = Some(fields.iter().map(field).collect());
        let out = self.speech.octets();
        out.extend_from_slice(b"* ID (");
        string(out, b"name", false);
        out.push(b' ');
        nstring(out, Some(b"Hongyan"), false);
        out.extend_from_slice(b")\r\n");
        self.settle(tag, effect, Outcome::done("pleased to meet you"));
    }

    /// ENABLE (RFC 5161): what is not known is passed over.
    pub(super) fn on_enable(&mut self, tag: &str, wanted: &[CapabilityEnable<'_>]) {
        let Some(effect) = self.begin(tag, ImapPlace::Setup, "ENABLE") else { return };
        let mut enabled = String::new();
        for capability in wanted {
            let name = capability.to_string().to_ascii_uppercase();
            let known = match name.as_str() {
                "CONDSTORE" | "QRESYNC" | "UTF8=ACCEPT" => self.config.offers(&name),
                _ => false,
            };
            if !known {
                continue;
            }
            match name.as_str() {
                "UTF8=ACCEPT" => self.session.utf8 = true,
                // RFC 7162 §3.2.3: the one implies the other.
                "QRESYNC" => {
                    self.session.qresync = true;
                    self.enable_condstore();
                }
                _ => self.enable_condstore(),
            }
            enabled.push(' ');
            enabled.push_str(&name);
        }
        self.untagged(format_args!("ENABLED{enabled}"));
        self.settle(tag, effect, Outcome::done("enabled"));
    }

    /// RFC 7162 §3.1: some commands ask for modification sequences by what they are.
    pub(super) fn enable_condstore(&mut self) {
        if std::mem::replace(&mut self.session.condstore, true) {
            return;
        }
        if let Some(selected) = &self.selected {
            let highest = selected.view.highest_mod_seq;
            self.untagged(format_args!("OK [HIGHESTMODSEQ {highest}] from now on they are told"));
        }
    }

    /// COMPRESS (RFC 4978).
    pub(super) fn on_compress(&mut self, tag: &str) {
        let Some(effect) = self.begin(tag, ImapPlace::Setup, "COMPRESS") else { return };
        let outcome = match self.session.compressed {
            true => No::new("COMPRESSIONACTIVE", "it is compressed already").into(),
            false => Outcome::done("compressed from here on"),
        };
        if self.settle(tag, effect, outcome) {
            self.session.compressed = true;
            self.speech.compress();
        }
    }

    pub(super) fn on_namespace(&mut self, tag: &str) {
        let Some(effect) = self.begin(tag, ImapPlace::Setup, "NAMESPACE") else { return };
        self.untagged(format_args!("NAMESPACE ((\"\" \"{SEPARATOR}\")) NIL NIL"));
        self.settle(tag, effect, Outcome::done("that is all"));
    }

    /// What befalls a command; `None` where it has been answered with that.
    pub(super) fn begin(&mut self, tag: &str, place: ImapPlace, subject: &str) -> Option<Effect> {
        let effect = self.strike(place, subject);
        match self.forced(&effect) {
            Some(outcome) => {
                self.settle(tag, effect, outcome);
                None
            }
            None => Some(effect),
        }
    }
}
