//! One part of a mail, decoded.

use std::io::Write;

use hongyan_mime::read::{Message, safe};

use crate::cli::exit::Exit;
use crate::cli::extract::select::{Selection, each, no_part};
use crate::cli::system::printed;
use crate::cli::trouble::Trouble;
use crate::said::said;

/// The longest text of a part, in octets, that is shown on a terminal.
const MAX_SHOWN: usize = 16 << 20;

/// Writes the part with this path, decoded; on a terminal as text.
pub(super) fn write(
    out: &mut impl Write,
    message: &Message<'_>,
    path: &str,
    terminal: bool,
) -> Result<(), Trouble> {
    let selection = Selection::new(&[path.to_owned()], false)?;
    let mut found = false;
    each(message, &selection, &mut |part| {
        found = true;
        if !terminal {
            return printed(part.content(&mut |piece| out.write_all(piece)));
        }
        match part.text(MAX_SHOWN) {
            Some(text) => printed(out.write_all(safe::text(&text).as_bytes())),
            None => Err(no_text(path, part.media_type())),
        }
    })?;
    if found { Ok(()) } else { Err(no_part(path)) }
}

fn no_text(path: &str, media_type: &str) -> Trouble {
    Trouble::new(
        Exit::Usage,
        said(
            format!("part {path} is {media_type}, or too long: nothing for a terminal"),
            format!("第 {path} 部分是 {media_type}，或者过长，不适合在终端显示"),
        ),
        said("write it to a file with -o FILE, or put it into a pipe", "请用 -o FILE 写入文件，或接管道"),
    )
}
