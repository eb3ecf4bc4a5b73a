//! `hongyan import` and `hongyan export`: byte for byte in and out, whatever the files are.

mod export;
mod import;
mod killed;
mod place;
