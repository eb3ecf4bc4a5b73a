//! Long output on a terminal goes through `$PAGER`, so that its beginning is what is seen first.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::process::{Command, Stdio};

use console::Term;

/// Prints `text` on standard output: through the pager where that is a terminal on which it does not fit.
///
/// `$PAGER` is a line for the shell; without it `less` is tried. Where no pager can be started, or `PAGER` is empty or
/// `cat`, it is printed as it is.
pub(crate) fn print(text: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    if stdout.is_terminal() && !fits(text) && through_pager(text)? {
        return Ok(());
    }
    stdout.write_all(text)?;
    stdout.flush()
}

fn fits(text: &[u8]) -> bool {
    let (lines, columns) = Term::stdout().size();
    let columns = usize::from(columns).max(1);
    let used = text.split(|octet| *octet == b'\n').map(|line| {
        let width = console::measure_text_width(&String::from_utf8_lossy(line));
        width.div_ceil(columns).max(1)
    });
    // Text ends in a line break, and the prompt has the last line.
    used.take(usize::from(lines) + 1).sum::<usize>() <= usize::from(lines)
}

/// Whether there was a pager to show it.
fn through_pager(text: &[u8]) -> io::Result<bool> {
    let pager = match env::var("PAGER") {
        Ok(pager) if pager.trim().is_empty() || pager.trim() == "cat" => return Ok(false),
        Ok(pager) => pager,
        Err(_) => "less".to_owned(),
    };
    let mut command = Command::new("sh");
    command.arg("-c").arg(&pager).stdin(Stdio::piped());
    if env::var_os("LESS").is_none() {
        // Colours pass, the screen is left as it was.
        command.env("LESS", "-FRX");
    }
    let Ok(mut child) = command.spawn() else { return Ok(false) };
    if let Some(mut pipe) = child.stdin.take()
        && let Err(error) = pipe.write_all(text)
        // Whoever leaves the pager before the end has seen enough.
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        return Err(error);
    }
    // 127: the shell found no such program.
    Ok(child.wait()?.code() != Some(127))
}
