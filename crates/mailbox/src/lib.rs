//! Received mail on disk: Maildir, mbox, what has been fetched from where, and the index that searches it.
