//! The index over Maildirs of the tests' own making: what it finds, keeps up with and survives.

mod damage;
mod place;
mod refresh;
mod searching;
