//! The faults of [`crate::faults`] as SMTP speaks them.

pub use crate::faults::{Action, Faults, Nth, Place, Rule, RuleError, rule};
pub(super) use crate::faults::{Manner, Strikes};
use crate::reply::Reply;

/// What is done to a reply.
pub(super) type Effect = crate::faults::Effect<Reply>;
