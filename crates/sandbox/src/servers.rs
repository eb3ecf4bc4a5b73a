//! What the servers of each protocol are told: the same users, limits, faults and seed for all. Each protocol
//! counts its connections for itself, so that what is drawn for one does not depend on another.

use std::collections::HashMap;
use std::sync::Arc;

use hongyan_proto::faults::Faults;
use hongyan_proto::imap::server as imap;
use hongyan_proto::pop3::server as pop3;
use hongyan_proto::sasl::{Secret, Users};
use hongyan_proto::smtp::server as smtp;

use crate::config::{Config, User};
use crate::like::Like;

/// Those who may log in.
struct Named(HashMap<String, User>);

impl Users for Named {
    fn password(&self, user: &str) -> Option<Secret> {
        self.0.get(user).map(|user| user.password.clone())
    }

    fn token(&self, user: &str) -> Option<Secret> {
        self.0.get(user).and_then(|user| user.token.clone())
    }
}

/// Everybody, with any password.
struct Anybody;

impl Users for Anybody {
    /// Nothing that a proof could be held against.
    fn password(&self, _: &str) -> Option<Secret> {
        None
    }

    fn accepts(&self, user: &str, _: &str) -> bool {
        !user.is_empty()
    }
}

/// The mechanisms by which a password comes that is not known beforehand.
const ANY_PASSWORD: [&str; 2] = ["PLAIN", "LOGIN"];

fn named(config: &Config) -> Option<Arc<dyn Users>> {
    let named: HashMap<_, _> = config.users.iter().map(|user| (user.name.clone(), user.clone())).collect();
    (!named.is_empty()).then(|| Arc::new(Named(named)) as Arc<dyn Users>)
}

/// Those asked for before those of the personality: of several answers, the first counts.
fn faults(config: &Config) -> Arc<Faults> {
    let own = config.like.into_iter().flat_map(Like::faults);
    Faults::new(config.faults.iter().cloned().chain(own), config.seed)
}

pub(crate) fn smtp(config: &Config) -> smtp::Config {
    let limits = config.limits;
    smtp::Config {
        name: config.name.clone(),
        offers: config.offers.clone(),
        max_size: limits.message,
        recipients: limits.recipients,
        errors: limits.errors,
        idle: limits.idle,
        users: named(config),
        login_required: config.login_required,
        clear_login: config.clear_login,
        tls_required: config.tls_required,
        faults: faults(config),
    }
}

pub(crate) fn pop3(config: &Config) -> pop3::Config {
    let users = named(config);
    let mut offers = pop3::config::everything();
    // Nobody is asked for a client certificate, so nobody could log in by one.
    offers.sasl.retain(|mechanism| mechanism != "EXTERNAL");
    if users.is_none() {
        offers.sasl.retain(|mechanism| ANY_PASSWORD.contains(&mechanism.as_str()));
    }
    pop3::Config {
        name: config.name.clone(),
        offers,
        apop: users.is_some(),
        users: Some(users.unwrap_or_else(|| Arc::new(Anybody))),
        clear_login: config.clear_login,
        tls_required: config.tls_required,
        errors: config.limits.errors,
        idle: config.limits.idle.saturating_mul(2),
        faults: faults(config),
        ..pop3::Config::default()
    }
}

pub(crate) fn imap(config: &Config) -> imap::Config {
    let users = named(config);
    let mut defaults = imap::Config::default();
    defaults.mechanisms.retain(|mechanism| mechanism != "EXTERNAL");
    if users.is_none() {
        defaults.mechanisms.retain(|mechanism| ANY_PASSWORD.contains(&mechanism.as_str()));
    }
    imap::Config {
        name: config.name.clone(),
        users: Some(users.unwrap_or_else(|| Arc::new(Anybody))),
        clear_login: config.clear_login,
        without: config.like.map(Like::without).unwrap_or_default(),
        quirks: config.like.map(Like::quirks).unwrap_or_default(),
        max_size: config.limits.message,
        errors: config.limits.errors,
        idle: config.limits.idle.saturating_mul(6),
        faults: faults(config),
        ..defaults
    }
}
