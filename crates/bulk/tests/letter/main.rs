//! Campaigns in folders of their own, and the letters that are made of them.

mod place;

mod any;
mod campaign;
mod golden;
mod template;
