//! Reading messages.
