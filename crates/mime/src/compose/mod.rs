//! Composing messages.
