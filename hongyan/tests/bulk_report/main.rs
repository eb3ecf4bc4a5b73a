//! `hongyan bulk status`, `report`, `retry`, `resolve`, `pause` and `resume`, over ledgers made through their own interface.

mod deciding;
#[path = "../../../crates/bulk/tests/report/made.rs"]
mod made;
mod memory;
mod place;
mod reporting;
