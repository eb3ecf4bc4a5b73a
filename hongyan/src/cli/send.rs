//! `hongyan send`, and the program called as `send`: its arguments.

use super::exit::Exit;

/// Write a mail and send it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The recipients
    #[arg(value_name = "ADDRESS")]
    recipients: Vec<String>,
}

impl Args {
    /// Sends the mail.
    pub(crate) fn run(self) -> Exit {
        if self.recipients.is_empty() { Exit::Usage } else { Exit::Unavailable }
    }
}
