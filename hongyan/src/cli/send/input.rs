//! What is read from standard input, and files that cannot be read.

use std::io::{self, IsTerminal, Read};
use std::path::Path;

use super::problem;
use crate::cli::exit::Exit;
use crate::cli::terminal::{Language, tell};
use crate::cli::trouble::Trouble;
use crate::mime::compose::{FileError, FileProblem, MAX_TEXT};
use crate::said::said;

/// Standard input, to its end, within [`MAX_TEXT`].
pub(in crate::cli) fn standard(option: &str) -> Result<Vec<u8>, Trouble> {
    if io::stdin().is_terminal() {
        tell(Language::of_the_environment().choose(
            "send: write the text; a line with Ctrl-D alone ends it",
            "send：请输入正文，以单独一行 Ctrl-D 结束",
        ));
    }
    let mut bytes = Vec::new();
    if let Err(error) = io::stdin().lock().take(MAX_TEXT + 1).read_to_end(&mut bytes) {
        return Err(unreadable(Path::new("-"), &error));
    }
    if bytes.len() as u64 > MAX_TEXT {
        return Err(Trouble::new(
            Exit::Data,
            said(
                format!("{option} -: standard input has more than {MAX_TEXT} octets"),
                format!("{option} -：标准输入超过 {MAX_TEXT} 字节"),
            ),
            said("write it to a file and name that", "请先写入文件，再指定该文件"),
        ));
    }
    Ok(bytes)
}

/// A file that the system does not let us read.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> Trouble {
    let problem = match error.kind() {
        io::ErrorKind::NotFound => FileProblem::Missing,
        io::ErrorKind::PermissionDenied => FileProblem::Denied,
        kind => FileProblem::Io(io::Error::new(kind, error.to_string())),
    };
    problem::file(&FileError { path: path.to_owned(), problem })
}
