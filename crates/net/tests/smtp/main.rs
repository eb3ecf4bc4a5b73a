//! Sessions and pools against the server machine over real connections on the loopback.

mod pool;
mod server;
mod session;
