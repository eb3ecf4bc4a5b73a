//! The page on which a reader gets off a list, as browsers, mail programs, scanners and attackers come to it.

mod browser;
mod command;
mod door;
mod page;
