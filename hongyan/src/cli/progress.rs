//! A bar on a terminal's standard error while something takes long: a large mail leaves, many are read. What is
//! small is done before a bar could be read.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Mails below this many octets go without a bar.
pub(crate) const WORTH_A_BAR: u64 = 4 * 1024 * 1024;

/// A bar; it is no part of what stays on the terminal.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// For a content of `length` octets. Where standard error is no terminal, nothing is shown.
    pub(crate) fn new(length: u64) -> Self {
        Self::styled(length, "{bar:30.cyan/dim} {bytes}/{total_bytes}  {bytes_per_sec}  ETA {eta}")
    }

    /// For so many mails.
    pub(crate) fn of_mails(number: u64) -> Self {
        Self::styled(number, "{bar:30.cyan/dim} {human_pos}/{human_len}  {per_sec:.0}  ETA {eta}")
    }

    /// For mails of which nobody knows how many there are.
    pub(crate) fn counting() -> Self {
        Self::styled(0, "{spinner:.cyan} {human_pos}  {per_sec:.0}  {elapsed}")
    }

    fn styled(length: u64, template: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━━─"));
        }
        Self(bar)
    }

    /// So much is done.
    pub(crate) fn stands_at(&self, done: u64) {
        self.0.set_position(done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
