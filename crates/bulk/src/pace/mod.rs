//! Pace: how fast mail may go, to whom and when.
//!
//! - [`Bucket`] and [`Rate`]: so many in a time.
//! - [`Hours`]: the time of the day in which mail is sent.
//! - [`Steps`]: when to try again what was deferred.
//! - [`Slower`]: what happens when a provider says "slow down".
//! - [`Provider limits`](ProviderPace): what is known of a provider, where the campaign says nothing.

mod bucket;
mod duration;
mod hours;
mod provider;
mod slower;
mod steps;

pub use bucket::{Bucket, Rate};
pub use duration::duration;
pub use hours::{Hours, HoursError};
pub use provider::ProviderPace;
pub use slower::Slower;
pub use steps::Steps;
