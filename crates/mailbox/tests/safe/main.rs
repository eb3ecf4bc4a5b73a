//! Mail on disk: what is delivered is whole and stays, whatever happens to the program, the disk or the power, and
//! whatever other programs do to the Maildir meanwhile.

mod crashes;
mod disks;
mod folders;
mod lock;
mod maildir;
mod scratch;
mod state;
