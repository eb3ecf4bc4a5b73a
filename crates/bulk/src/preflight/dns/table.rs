//! DNS as a table, for tests.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use super::lookup::{Answer, Lookup};

/// Records by their names; whatever is not in it does not exist.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    texts: HashMap<String, Vec<String>>,
    addresses: HashMap<String, Vec<IpAddr>>,
    exchangers: HashMap<String, Vec<String>>,
    silent: HashSet<String>,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn txt(mut self, name: &str, text: &str) -> Self {
        self.texts.entry(name.into()).or_default().push(text.into());
        self
    }

    pub(crate) fn address(mut self, name: &str, address: &str) -> Self {
        self.addresses.entry(name.into()).or_default().push(address.parse().unwrap());
        self
    }

    pub(crate) fn exchanger(mut self, name: &str, host: &str) -> Self {
        self.exchangers.entry(name.into()).or_default().push(host.into());
        self
    }

    /// Nobody answers for this name.
    pub(crate) fn silent(mut self, name: &str) -> Self {
        self.silent.insert(name.into());
        self
    }

    fn answer<T: Clone>(&self, name: &str, records: &HashMap<String, Vec<T>>) -> Answer<T> {
        if self.silent.contains(name) {
            return Answer::Unanswered("silence".into());
        }
        records.get(name).map_or(Answer::Nothing, |found| Answer::Found(found.clone()))
    }
}

impl Lookup for Table {
    fn txt(&self, name: &str) -> Answer<String> {
        self.answer(name, &self.texts)
    }

    fn addresses(&self, name: &str) -> Answer<IpAddr> {
        self.answer(name, &self.addresses)
    }

    fn exchangers(&self, name: &str) -> Answer<String> {
        self.answer(name, &self.exchangers)
    }
}
