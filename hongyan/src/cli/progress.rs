//! A bar on a terminal's standard error while a large mail leaves. Small ones are gone before it could be read.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Mails below this many octets go without a bar.
pub(crate) const WORTH_A_BAR: u64 = 4 * 1024 * 1024;

/// A bar; it is no part of what stays on the terminal.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// For a content of `length` octets. Where standard error is no terminal, nothing is shown.
    pub(crate) fn new(length: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(10));
        let template = "{bar:30.cyan/dim} {bytes}/{total_bytes}  {bytes_per_sec}  ETA {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━━─"));
        }
        Self(bar)
    }

    /// So many octets are on their way.
    pub(crate) fn stands_at(&self, octets: u64) {
        self.0.set_position(octets);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
