//! Bounces of real servers against labels, and ordinary mail against being taken for them: `HONGYAN_CORPUS`.

mod corpus;
mod labels;
mod ordinary;
