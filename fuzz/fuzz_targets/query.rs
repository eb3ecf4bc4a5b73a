//! What a person types into a search, whatever it is: a query or an error with a place, and never more than was bounded.
#![no_main]

use hongyan_mailbox::query::{MAX_CONDITIONS, Query};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Query::parse(text) {
        Ok(query) => {
            // `on:` is two conditions.
            assert!(conditions(&query) <= 2 * MAX_CONDITIONS, "{text:?}");
        }
        Err(error) => {
            assert!(text.get(error.at.clone()).is_some(), "{text:?}: {error:?}");
            assert!(!error.text().is_empty() && !error.zh().is_empty());
        }
    }
});

fn conditions(query: &Query) -> usize {
    match query {
        Query::Every(list) | Query::Any(list) => list.iter().map(conditions).sum(),
        Query::Not(inner) => conditions(inner),
        Query::Words(words) => {
            assert!(!words.text.is_empty());
            1
        }
        _ => 1,
    }
}
