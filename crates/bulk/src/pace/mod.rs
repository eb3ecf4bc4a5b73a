//! Pace: how fast mail may go, to whom and when.

mod bucket;

pub use bucket::{Bucket, Rate};
