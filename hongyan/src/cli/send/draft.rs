//! The mail that the options describe.

use std::path::Path;
use std::time::SystemTime;

use chrono::{DateTime, Local, Offset};

use super::inline::{self, Named};
use super::message::{Options, Sender, addresses, mailboxes};
use super::{input, problem};
use crate::cli::exit::Exit;
use crate::cli::terminal::{Language, safe, tell};
use crate::cli::trouble::Trouble;
use crate::mime::address::{Address as Listed, Mailbox};
use crate::mime::compose::{CharsetSource, Date, Draft, Part, RawMessage, Text};
use crate::said::said;

/// Reads the files and addresses, and stamps the mail with the time and an identifier.
pub(super) fn draft(options: &Options, sender: &Sender<'_>) -> Result<Draft, Trouble> {
    let mut draft = Draft {
        subject: options.subject.clone(),
        message_id: options.message_id.clone(),
        in_reply_to: options.in_reply_to.clone(),
        references: options.references.clone(),
        keywords: options.keywords.clone(),
        names: options.names.into(),
        ..Draft::default()
    };
    if draft.references.is_empty() {
        draft.references.clone_from(&draft.in_reply_to);
    }
    people(&mut draft, options, sender)?;
    for field in &options.header {
        draft.extra.push(header(field)?);
    }
    content(&mut draft, options)?;
    date(&mut draft, options.date.as_deref())?;
    stamp(&mut draft)?;
    Ok(draft)
}

fn people(draft: &mut Draft, options: &Options, sender: &Sender<'_>) -> Result<(), Trouble> {
    let list = |option: &str, texts: &[String]| -> Result<Vec<Listed>, Trouble> {
        let mut all = Vec::new();
        for text in texts {
            all.extend(addresses(option, text)?);
        }
        Ok(all)
    };
    draft.from = match &options.from {
        Some(text) => mailboxes(&addresses("--from", text)?).cloned().collect(),
        None => vec![default_from(sender)?],
    };
    if let Some(text) = &options.sender {
        draft.sender = mailboxes(&addresses("--sender", text)?).next().cloned();
    }
    draft.to = list("the recipient", &options.recipients)?;
    draft.to.extend(list("--to", &options.to)?);
    draft.cc = list("--cc", &options.cc)?;
    draft.bcc = list("--bcc", &options.bcc)?;
    draft.reply_to = list("--reply-to", &options.reply_to)?;
    Ok(())
}

/// The account's, else the login name if it is an address, else USER@hostname.
pub(in crate::cli) fn default_from(sender: &Sender<'_>) -> Result<Mailbox, Trouble> {
    let written = |text: &str, of: &str| {
        Mailbox::parse(text).map_err(|error| {
            Trouble::new(
                Exit::Config,
                said(
                    format!("{of}: {text:?} is not an address: {error}"),
                    format!("{of}：{text:?} 不是有效的地址：{error}"),
                ),
                said("give one with --from, or correct it there", "请用 --from 指定，或改正该处"),
            )
        })
    };
    if let Some(text) = sender.account {
        return written(text, "the account's `from`");
    }
    if let Some(mailbox) = sender.login.and_then(|login| Mailbox::parse(login).ok()) {
        return Ok(mailbox);
    }
    let user = user_name().unwrap_or_default();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Mailbox::parse(&format!("{user}@{host}")).map_err(|_| {
        Trouble::new(
            Exit::Config,
            said("nothing says who the mail is from", "没有说明发件人"),
            said("give an address with --from, or `from` in the account", "请用 --from 或账户中的 from 指定"),
        )
    })
}

/// `USER` or `LOGNAME`; else, as in a container or a service, the name that the system has for this user.
fn user_name() -> Option<String> {
    let named = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    named.filter(|name| !name.is_empty()).or_else(|| {
        let uid = rustix::process::getuid().to_string();
        let users = std::fs::read_to_string("/etc/passwd").ok()?;
        let line = users.lines().find(|line| line.split(':').nth(2) == Some(&uid))?;
        line.split(':').next().map(str::to_owned)
    })
}

fn header(field: &str) -> Result<(String, String), Trouble> {
    match field.split_once(':') {
        Some((name, value)) => Ok((name.trim_end().to_owned(), value.trim_matches([' ', '\t']).to_owned())),
        None => Err(Trouble::new(
            Exit::Data,
            said(format!("-H {field:?} has no colon"), format!("-H {field:?} 中没有冒号")),
            said("write -H 'Name: value'", "请写成 -H '名称: 值'"),
        )),
    }
}

fn content(draft: &mut Draft, options: &Options) -> Result<(), Trouble> {
    let charset = options.charset.as_deref();
    let standard = |path: &Option<std::path::PathBuf>| path.as_deref() == Some(Path::new("-"));
    if standard(&options.message) && standard(&options.html) {
        return Err(Trouble::new(
            Exit::Usage,
            said("-m and --html cannot both be standard input", "-m 和 --html 不能同时读取标准输入"),
            said("write one of them to a file", "请把其中之一写入文件"),
        ));
    }
    draft.text = match (&options.message, &options.text) {
        (Some(path), _) => Some(text(path, charset, "-m")?),
        (None, Some(text)) => Some(Text::new(text.clone())),
        (None, None) => None,
    };
    let mut named: Vec<Named> = Vec::new();
    for path in &options.inline {
        let part = Part::inline(path).map_err(|error| problem::compose(&error))?;
        let name = part.headers.file_name.clone().unwrap_or_default();
        if named.iter().any(|(other, _)| *other == name) {
            return Err(Trouble::new(
                Exit::Data,
                said(
                    format!("--inline: two files are called {name}"),
                    format!("--inline：有两个文件都叫 {name}"),
                ),
                said(
                    "give them different names: the HTML finds them by name",
                    "请改名：HTML 是按文件名引用的",
                ),
            ));
        }
        named.push((name, part.headers.content_id.clone().unwrap_or_default()));
        draft.inline.push(part);
    }
    if let Some(path) = &options.html {
        let html = text(path, charset, "--html")?;
        draft.html = Some(Text::new(inline::refer(html.as_str(), &named)));
    }
    for path in &options.attach {
        draft.attachments.push(Part::attach(path).map_err(|error| problem::compose(&error))?);
    }
    for path in &options.forward {
        let message = RawMessage::open(path).map_err(|error| problem::compose(&error))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        draft.attachments.push(Part::message(message).with_file_name(name));
    }
    if draft.text.is_none() && draft.html.is_none() && draft.inline.is_empty() && draft.attachments.is_empty()
    {
        return Err(Trouble::new(
            Exit::Usage,
            said("there is nothing to send", "没有要发送的内容"),
            said(
                "give a text with -m FILE, -m - or --text, or --html, -a, --forward, --raw; --text '' sends an empty mail",
                "请用 -m 文件、-m - 或 --text 给出正文，或使用 --html、-a、--forward、--raw；--text '' 发送空邮件",
            ),
        ));
    }
    Ok(())
}

/// The text of a file; one that is not UTF-8 is converted, and that is said.
fn text(path: &Path, charset: Option<&str>, option: &str) -> Result<Text, Trouble> {
    let text = if path == Path::new("-") {
        Text::decode(input::standard(option)?, charset)
    } else {
        Text::from_path(path, charset)
    };
    let text = text.map_err(|error| problem::compose(&error).about(&path.display().to_string()))?;
    if let (charset, CharsetSource::Guessed) = text.charset() {
        let path = safe(&path.display().to_string());
        let note = Language::of_the_environment().choose(
            format!(
                "{path}: read as {charset}, sent as UTF-8 (if that is wrong, name its charset with --charset)"
            ),
            format!("{path}：按 {charset} 读取，以 UTF-8 发送（如不正确，请用 --charset 指明字符集）"),
        );
        tell(&format!("send: {note}"));
    }
    Ok(text)
}

/// The time that `--date` gives.
fn date(draft: &mut Draft, date: Option<&str>) -> Result<(), Trouble> {
    if let Some(text) = date {
        let parsed = DateTime::parse_from_rfc2822(text).or_else(|_| DateTime::parse_from_rfc3339(text));
        let date = parsed.map_err(|_| {
            Trouble::new(
                Exit::Data,
                said(format!("--date: {text:?} is not a time"), format!("--date：{text:?} 不是有效的时间")),
                said(
                    "write 'Thu, 20 Nov 2025 03:09:00 +0800' or 2025-11-20T03:09:00+08:00",
                    "请写成 'Thu, 20 Nov 2025 03:09:00 +0800' 或 2025-11-20T03:09:00+08:00",
                ),
            )
        })?;
        let offset_minutes = (date.offset().local_minus_utc() / 60) as i16;
        draft.date = Some(Date { seconds: date.timestamp(), offset_minutes });
    }
    Ok(())
}

/// Gives the mail a time and an identifier where it has none.
pub(in crate::cli) fn stamp(draft: &mut Draft) -> Result<(), Trouble> {
    let offset = match draft.date {
        Some(date) => date.offset_minutes,
        None => (Local::now().offset().fix().local_minus_utc() / 60) as i16,
    };
    let mut random = [0; 16];
    getrandom::getrandom(&mut random).map_err(|error| {
        Trouble::new(
            Exit::Io,
            said(
                format!("the system has no random numbers: {error}"),
                format!("系统无法提供随机数：{error}"),
            ),
            said("give the mail an identifier with --message-id", "请用 --message-id 指定邮件标识"),
        )
    })?;
    let (high, low) = random.split_at(8);
    let word = |bytes: &[u8]| bytes.iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
    let domain =
        draft.from.first().and_then(|from| from.address.rsplit_once('@')).map_or("", |(_, domain)| domain);
    let domain = domain.to_owned();
    draft.stamp(SystemTime::now(), offset, &domain, [word(high), word(low)]);
    Ok(())
}
