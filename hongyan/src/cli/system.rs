//! What a command needs of the system, and what it says where it does not get it: an event queue, random
//! numbers, an output that can be written; and how it was called.

use std::io;

use tokio::runtime::{Builder, Runtime};

use super::exit::Exit;
use super::trouble::Trouble;
use crate::said::said;

/// An event queue, and the one thread that waits for it.
pub(crate) fn runtime() -> Result<Runtime, Trouble> {
    Builder::new_current_thread().enable_all().build().map_err(|error| {
        Trouble::new(
            Exit::Io,
            said(
                format!("the system gives no event queue: {error}"),
                format!("系统无法提供事件队列：{error}"),
            ),
            said("look whether too many files are open", "请检查打开的文件是否过多"),
        )
    })
}

/// Fills `bytes` with random numbers that nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Trouble> {
    let mut bytes = [0; N];
    getrandom::getrandom(&mut bytes).map(|()| bytes).map_err(|error| {
        Trouble::new(
            Exit::Io,
            said(
                format!("the system gives no random numbers: {error}"),
                format!("系统无法提供随机数：{error}"),
            ),
            said("look whether /dev/urandom can be read", "请检查 /dev/urandom 是否可读"),
        )
    })
}

/// How this program was called, so that lines to be copied work where it is not on the search path. A name
/// that a shell would read otherwise is not repeated.
pub(crate) fn called() -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    let name = std::env::args_os().next().and_then(|name| name.into_string().ok());
    name.filter(|name| name.ends_with("/hongyan") && name.chars().all(plain))
        .unwrap_or_else(|| "hongyan".to_owned())
}

/// A word as a shell reads it again: in quotation marks where it has anything but plain characters.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+@:,=%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// What became of writing to standard output. A reader that has seen enough (`… | head`) is no trouble.
pub(crate) fn printed(result: io::Result<()>) -> Result<(), Trouble> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Trouble::new(
            Exit::Io,
            said(format!("the output could not be written: {error}"), format!("无法写出结果：{error}")),
            said("look whether the disk is full", "请检查磁盘是否已满"),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_for_a_shell_is_that_word() {
        for word in [
            "plain/path-1.eml",
            "",
            "two words",
            "it's",
            "<1@example.org>",
            "$(rm x)",
            "a;b",
            "报告.eml",
            "`x`",
        ] {
            let line = format!("printf %s {}", shell_word(word));
            let output = std::process::Command::new("sh").args(["-c", &line]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), word, "{line}");
        }
        assert_eq!(shell_word("plain/path-1.eml"), "plain/path-1.eml");
    }
}
