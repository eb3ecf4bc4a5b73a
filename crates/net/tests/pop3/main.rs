//! POP3 sessions against the server machine, and against hostile servers, over real connections on the loopback.

mod hostile;
mod server;
mod session;
