//! A mail that is there already and is sent as it is: what its own header says of sender and recipients.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::input;
use super::message::mailboxes;
use super::problem;
use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::mime::compose::RawMessage;
use crate::mime::read::Message;
use crate::said::said;

/// The longest header section that recipients are looked for in, in octets.
const MAX_HEADER: usize = 1024 * 1024;

/// A mail and what its header says.
pub(super) struct Raw {
    pub(super) message: RawMessage,
    pub(super) from: Option<String>,
    pub(super) to: Vec<String>,
    pub(super) message_id: Option<String>,
}

/// Opens a file, or with `-` reads standard input.
pub(super) fn open(path: &Path) -> Result<Raw, Trouble> {
    let (message, start) = if path == Path::new("-") {
        let bytes = input::standard("--raw")?;
        let start = bytes[..bytes.len().min(MAX_HEADER)].to_vec();
        (RawMessage::from_bytes(bytes), start)
    } else {
        let message = RawMessage::open(path).map_err(|error| problem::compose(&error))?;
        (message, beginning(path).map_err(|error| input::unreadable(path, &error))?)
    };
    let header = &start[..end_of_header(&start).ok_or_else(|| too_long(path))?];
    let read = Message::parse(header);
    if read.fields(0).is_empty() {
        return Err(Trouble::new(
            Exit::Data,
            said(
                format!("{}: does not begin with a mail header", path.display()),
                format!("{}：开头不是邮件头", path.display()),
            ),
            said(
                "--raw sends a whole mail; a text is sent with -m",
                "--raw 用于发送完整的邮件；发送文本请用 -m",
            ),
        ));
    }
    if read.field(0, "Bcc").is_some() {
        return Err(Trouble::new(
            Exit::Data,
            said(
                format!("{}: has a Bcc field, and sent as it is would show it to everybody", path.display()),
                format!("{}：含有 Bcc 字段，原样发送会让所有人看到密送收件人", path.display()),
            ),
            said(
                "take the field out of the file, and name those people with --bcc",
                "请从文件中删除该字段，并用 --bcc 指定这些收件人",
            ),
        ));
    }
    let list = |name: &str| -> Vec<String> {
        mailboxes(&read.address_list(0, name)).map(|mailbox| mailbox.address.clone()).collect()
    };
    let from = list("Sender").into_iter().chain(list("From")).next();
    let to = list("To").into_iter().chain(list("Cc")).collect();
    let message_id = read.message_id();
    Ok(Raw { message, from, to, message_id })
}

fn beginning(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut start = Vec::new();
    File::open(path)?.take(MAX_HEADER as u64).read_to_end(&mut start)?;
    Ok(start)
}

/// Where the header section ends; `None` where that is beyond what was read.
fn end_of_header(start: &[u8]) -> Option<usize> {
    let mut at = 0;
    for line in start.split_inclusive(|&b| b == b'\n') {
        at += line.len();
        if matches!(line, b"\n" | b"\r\n") {
            return Some(at);
        }
    }
    (start.len() < MAX_HEADER).then_some(start.len())
}

fn too_long(path: &Path) -> Trouble {
    Trouble::new(
        Exit::Data,
        said(
            format!("{}: its header has more than {MAX_HEADER} octets", path.display()),
            format!("{}：邮件头超过 {MAX_HEADER} 字节", path.display()),
        ),
        said("is it a mail? No server takes such a header", "这是一封邮件吗？没有服务器会接受这样的邮件头"),
    )
}
