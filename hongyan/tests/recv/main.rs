//! `hongyan recv` against the sandbox, with a script and at a terminal.

mod place;
mod prompt;
mod script;
