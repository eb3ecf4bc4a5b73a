//! MAIL, RCPT, RSET: the envelope, and whether what it asks for was offered.

use crate::reply::Reply;
use crate::smtp::Body;
use crate::smtp::command::CommandError;
use crate::smtp::command::params::{MailParams, RcptParams};
use crate::smtp::command::path::Mailbox;
use crate::smtp::envelope::Hold;

use super::faults::Place;
use super::session::{Forward, Transaction};
use super::{Refusal, Server};

impl Server {
    pub(super) fn on_mail(&mut self, from: Option<Mailbox>, params: MailParams) {
        let effect = self.strike(Place::Mail, from.as_ref().map_or("", Mailbox::as_str));
        let outcome = self.check_mail(from.as_ref(), &params);
        let outcome = outcome.map(|()| self.positive(250, 1, 0, "sender ok"));
        if self.settle(effect, outcome) {
            self.transaction = Some(Transaction::new(from, params));
        }
    }

    fn check_mail(&self, from: Option<&Mailbox>, params: &MailParams) -> Result<(), Refusal> {
        self.check_hello()?;
        if self.config.tls_required && self.session.tls.is_none() {
            return Err(Refusal::new(530, 7, 0, "say STARTTLS first"));
        }
        if self.config.login_required && self.session.user.is_none() {
            return Err(Refusal::new(530, 7, 0, "log in first"));
        }
        if self.transaction.is_some() {
            return Err(Refusal::sequence("a sender has been given already"));
        }
        if self.offers.limits.mail_max.is_some_and(|most| self.messages >= most) {
            return Err(Refusal::new(452, 5, 3, "no more messages on this connection"));
        }
        self.check_offered(params)?;
        if !params.utf8 && from.is_some_and(|from| !from.as_str().is_ascii()) {
            return Err(Refusal::new(553, 6, 7, "this sender needs SMTPUTF8"));
        }
        if params.size.is_some_and(|size| size > self.config.declared_limit()) {
            return Err(Refusal::too_big());
        }
        match (&params.hold, self.offers.future_release) {
            (Some(Hold::For(seconds)), Some(longest)) if u64::from(*seconds) > longest => {
                Err(CommandError::Parameter("HOLDFOR", "longer than this server holds messages").into())
            }
            _ => Ok(()),
        }
    }

    /// What was not offered is not known (RFC 5321 §4.1.1.11).
    fn check_offered(&self, params: &MailParams) -> Result<(), Refusal> {
        let offers = &self.offers;
        let body = match params.body {
            None => true,
            Some(Body::SevenBit | Body::EightBit) => offers.eight_bit_mime,
            Some(Body::Binary) => offers.binary_mime && offers.chunking,
        };
        for (keyword, given, offered) in [
            ("SIZE", params.size.is_some(), offers.size.is_some()),
            ("BODY", params.body.is_some(), body),
            ("SMTPUTF8", params.utf8, offers.smtp_utf8),
            // RFC 4954 §5: taken from everyone where logging in is possible; it is not offered again
            // to those who have done so.
            ("AUTH", params.auth.is_some(), !offers.auth.is_empty() || self.session.user.is_some()),
            ("RET", params.ret.is_some(), offers.dsn),
            ("ENVID", params.envelope_id.is_some(), offers.dsn),
            ("REQUIRETLS", params.require_tls, offers.require_tls),
            ("MT-PRIORITY", params.priority.is_some(), offers.mt_priority.is_some()),
            ("BY", params.deliver_by.is_some(), offers.deliver_by.is_some()),
            ("HOLDFOR or HOLDUNTIL", params.hold.is_some(), offers.future_release.is_some()),
        ] {
            if given && !offered {
                return Err(CommandError::UnknownParameter(keyword.into()).into());
            }
        }
        Ok(())
    }

    pub(super) fn on_rcpt(&mut self, to: Mailbox, params: RcptParams) {
        let effect = self.strike(Place::Rcpt, to.as_str());
        let outcome = self.check_rcpt(&to, &params);
        if self.settle(effect, outcome)
            && let Some(transaction) = &mut self.transaction
        {
            transaction.to.push(Forward { mailbox: to, params });
        }
    }

    fn check_rcpt(&self, to: &Mailbox, params: &RcptParams) -> Result<Reply, Refusal> {
        self.check_hello()?;
        let transaction = self.transaction.as_ref().ok_or(Refusal::sequence("say MAIL first"))?;
        if transaction.chunked {
            return Err(Refusal::sequence("the content has begun already"));
        }
        for (keyword, given) in [("NOTIFY", params.notify.is_some()), ("ORCPT", params.original.is_some())] {
            if given && !self.offers.dsn {
                return Err(CommandError::UnknownParameter(keyword.into()).into());
            }
        }
        if !transaction.params.utf8 && !to.as_str().is_ascii() {
            return Err(Refusal::new(553, 6, 7, "this recipient needs SMTPUTF8"));
        }
        if transaction.to.len() >= self.config.recipient_limit() {
            return Err(Refusal::new(452, 5, 3, "too many recipients"));
        }
        let most = self.offers.limits.rcpt_domain_max;
        if most.is_some_and(|most| transaction.domains_with(to) > most as usize) {
            return Err(Refusal::new(452, 5, 3, "too many domains among the recipients"));
        }
        Ok(self.positive(250, 1, 5, "recipient ok"))
    }

    pub(super) fn on_rset(&mut self) {
        let effect = self.strike(Place::Rset, "");
        let reply = self.positive(250, 0, 0, "forgotten");
        if self.settle(effect, Ok(reply)) {
            self.abandon();
        }
    }

    pub(super) fn check_hello(&self) -> Result<(), Refusal> {
        if self.session.helo.is_some() { Ok(()) } else { Err(Refusal::sequence("say EHLO first")) }
    }
}
