//! Why a mail cannot be composed, in both languages, in terms of this command's options.

use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::mime::compose::{ComposeError, FileError, FileProblem};
use crate::said::{Said, said};

/// A composing error as what it exits with and says.
pub(crate) fn compose(error: &ComposeError) -> Trouble {
    let data = |what, next| Trouble::new(Exit::Data, what, next);
    match error {
        ComposeError::File(error) => file(error),
        ComposeError::ForbiddenByte { field, byte } => {
            let (en, zh) = match byte {
                b'\r' => ("a carriage return (CR)", "回车符（CR）"),
                b'\n' => ("a line feed (LF)", "换行符（LF）"),
                _ => ("a NUL byte", "NUL 字节"),
            };
            data(
                said(format!("{field} has {en} in it"), format!("{field} 中含有{zh}")),
                said("remove it: a header field is one line", "请将其删除：一个邮件头字段只占一行"),
            )
        }
        ComposeError::Missing { field: "Sender" } => data(
            said("--from names several people", "--from 中有多个地址"),
            said("say with --sender which of them sends", "请用 --sender 指明由谁发送"),
        ),
        ComposeError::HeaderName { name } => data(
            said(
                format!("{name:?} is not the name of a header field"),
                format!("{name:?} 不是有效的邮件头名称"),
            ),
            said(
                "write -H 'Name: value', the name in ASCII letters, digits and hyphens",
                "请写成 -H '名称: 值'，名称用 ASCII 字母、数字和连字符",
            ),
        ),
        ComposeError::ReservedHeader { name } => data(
            said(
                format!("the header field {name} cannot be set by -H"),
                format!("邮件头 {name} 不能用 -H 设置"),
            ),
            said(
                "use the option for it (see --help); Content-… and MIME-Version follow from the content",
                "请使用相应的选项（见 --help）；Content-… 和 MIME-Version 由内容决定",
            ),
        ),
        ComposeError::Address { field, address, why } => data(
            said(
                format!("{field}: {address:?} is not an address: {why}"),
                format!("{field}：{address:?} 不是有效的地址（{why}）"),
            ),
            said("write name@domain, or 'Name <name@domain>'", "请写成 name@domain 或 'Name <name@domain>'"),
        ),
        ComposeError::NeedsUtf8 { field, address } => data(
            said(
                format!(
                    "{field}: {address} can only be sent by a server with SMTPUTF8, which this one does not offer"
                ),
                format!("{field}：{address} 需要服务器支持 SMTPUTF8，而这个服务器不支持"),
            ),
            said(
                "use an ASCII address of that person, or another server",
                "请改用对方的 ASCII 地址，或换一个服务器",
            ),
        ),
        ComposeError::Identifier { field, value } => data(
            said(
                format!("{field}: {value:?} is not an identifier"),
                format!("{field}：{value:?} 不是有效的标识"),
            ),
            said(
                "write left@right in ASCII, with angle brackets or without",
                "请用 ASCII 写成 left@right，可带尖括号",
            ),
        ),
        ComposeError::UnknownCharset { label } => data(
            said(format!("no charset is called {label:?}"), format!("没有名为 {label:?} 的字符集")),
            said(
                "use a name such as utf-8, gb18030, big5 or shift_jis",
                "请使用 utf-8、gb18030、big5、shift_jis 之类的名称",
            ),
        ),
        ComposeError::NotInCharset { charset, named: true } => data(
            said(format!("the text is not valid {charset}"), format!("文本不是有效的 {charset}")),
            said(
                "name the charset that it is really in with --charset",
                "请用 --charset 指明文本真正的字符集",
            ),
        ),
        ComposeError::NotInCharset { charset, named: false } => data(
            said(
                format!("the text is not UTF-8, and its charset cannot be told (nearest guess: {charset})"),
                format!("文本不是 UTF-8，也无法判断其字符集（最接近：{charset}）"),
            ),
            said(
                "name it with --charset, or attach the file with -a instead",
                "请用 --charset 指明，或改用 -a 作为附件发送",
            ),
        ),
        ComposeError::NotText => data(
            said("the text has NUL bytes in it", "文本中含有 NUL 字节"),
            said(
                "name its charset with --charset if it is UTF-16, or attach the file with -a",
                "若为 UTF-16 请用 --charset 指明，否则请用 -a 作为附件发送",
            ),
        ),
        ComposeError::TooLong { what, len, limit } => data(
            said(
                format!("{what} is {len} octets long; at most {limit} are possible"),
                format!("{what} 长 {len} 字节，最多 {limit} 字节"),
            ),
            said(
                "shorten it; a long text can go as an attachment (-a)",
                "请缩短；长文本可作为附件（-a）发送",
            ),
        ),
        other => data(
            said(other.to_string(), other.to_string()),
            said("correct it and send again", "请修改后重新发送"),
        ),
    }
}

/// A file that cannot be read as content.
pub(super) fn file(error: &FileError) -> Trouble {
    let path = error.path.display();
    let is = |en: &str, zh: &str| said(format!("{path}: {en}"), format!("{path}：{zh}"));
    let (exit, what, next): (Exit, Said, Said) = match &error.problem {
        FileProblem::Missing => {
            (Exit::NoInput, is("there is no such file", "文件不存在"), said("check the name", "请检查文件名"))
        }
        FileProblem::Denied => (
            Exit::NoInput,
            is("may not be read", "没有读取权限"),
            said("check its permissions", "请检查文件权限"),
        ),
        FileProblem::Directory => (
            Exit::NoInput,
            is("is a folder", "是一个文件夹"),
            said("pack it (zip, tar) and attach the archive", "请先打包（zip、tar）再作为附件发送"),
        ),
        FileProblem::Fifo => (
            Exit::NoInput,
            is("is a pipe, whose length nobody knows", "是一个管道，长度未知"),
            said("write it to a file first", "请先写入文件"),
        ),
        FileProblem::Socket | FileProblem::Device => (
            Exit::NoInput,
            is("is a device, not a file", "是设备，不是文件"),
            said("copy its content to a file first", "请先把内容复制到文件"),
        ),
        FileProblem::Changed => (
            Exit::Io,
            is(
                "changed while it was being sent; the message was not completed",
                "在发送过程中被修改；邮件没有发完",
            ),
            said("send again when the file is at rest", "请在文件不再变化后重新发送"),
        ),
        problem => {
            let why = match problem {
                FileProblem::Io(error) => error.to_string(),
                _ => error.to_string(),
            };
            (
                Exit::Io,
                is(&format!("cannot be read: {why}"), &format!("无法读取：{why}")),
                said("check the disk and send again", "请检查磁盘后重新发送"),
            )
        }
    };
    Trouble::new(exit, what, next)
}
