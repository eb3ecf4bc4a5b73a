//! The sheet that a draft is written on: a few header fields, an empty line, the text.
//!
//! ```text
//! From: Ann <ann@example.org>
//! To: Bob <bob@example.org>
//! Cc:
//! Subject: Re: Lunch
//!
//! Yes!
//! ```
//! A line that begins with a blank goes on with the field above. What cannot be understood is an error that
//! names its line; nothing is dropped.

use std::path::PathBuf;

use super::wrap::{COLUMNS, columns_of};
use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::mime::address::{Address, Mailbox, parse_list_strict};
use crate::said::{Said, said};

/// What a person decides about a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sheet {
    pub(crate) from: Vec<Mailbox>,
    pub(crate) reply_to: Vec<Address>,
    pub(crate) to: Vec<Address>,
    pub(crate) cc: Vec<Address>,
    pub(crate) bcc: Vec<Address>,
    pub(crate) subject: String,
    /// Files to go with it.
    pub(crate) attach: Vec<PathBuf>,
    /// Fields that have no place of their own.
    pub(crate) extra: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Sheet {
    /// The sheet as text. To, Cc and Subject are there to be filled in even where they are empty.
    pub(crate) fn write(&self) -> String {
        let mut out = String::with_capacity(self.text.len() + 512);
        let from: Vec<Address> = self.from.iter().cloned().map(Address::Mailbox).collect();
        for (name, list, always) in [
            ("From", &from, true),
            ("Reply-To", &self.reply_to, false),
            ("To", &self.to, true),
            ("Cc", &self.cc, true),
            ("Bcc", &self.bcc, false),
        ] {
            if always || !list.is_empty() {
                addresses(name, list, &mut out);
            }
        }
        out.push_str(format!("Subject: {}", self.subject).trim_end());
        out.push('\n');
        for path in &self.attach {
            out.push_str(&format!("Attach: {}\n", path.display()));
        }
        for (name, value) in &self.extra {
            out.push_str(&format!("{name}: {value}\n"));
        }
        out.push('\n');
        out.push_str(&self.text);
        out
    }

    /// Reads a sheet that somebody has written on.
    ///
    /// # Errors
    /// A line of the header that is no field, an address that is none, a field that stands twice: with its line.
    pub(crate) fn read(text: &str) -> Result<Self, Trouble> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
        let mut sheet = Self::default();
        let mut rest = text.as_str();
        let mut field: Option<Field> = None;
        for number in 1.. {
            let (line, behind) = rest.split_once('\n').unwrap_or((rest, ""));
            if line.trim().is_empty() {
                rest = behind;
                break;
            }
            if let (true, Some(field)) = (line.starts_with([' ', '\t']), &mut field) {
                field.value.push(' ');
                field.value.push_str(line.trim());
            } else {
                sheet.take(field.replace(Field::read(number, line)?))?;
            }
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        sheet.take(field)?;
        sheet.text = rest.to_owned();
        Ok(sheet)
    }

    fn take(&mut self, field: Option<Field>) -> Result<(), Trouble> {
        let Some(field) = field else { return Ok(()) };
        match field.name.to_ascii_lowercase().as_str() {
            "from" => {
                let list = field.addresses()?;
                self.from.extend(list.iter().flat_map(Address::mailboxes).cloned());
            }
            "reply-to" => self.reply_to.extend(field.addresses()?),
            "to" => self.to.extend(field.addresses()?),
            "cc" => self.cc.extend(field.addresses()?),
            "bcc" => self.bcc.extend(field.addresses()?),
            "subject" if !self.subject.is_empty() => {
                return Err(field.wrong(said("Subject stands twice", "Subject 出现了两次")));
            }
            "subject" => self.subject = field.value,
            "attach" if field.value.is_empty() => {}
            "attach" => self.attach.push(PathBuf::from(field.value)),
            _ => self.extra.push((field.name, field.value)),
        }
        Ok(())
    }
}

/// A field, with the number of the line that it begins on.
struct Field {
    line: usize,
    name: String,
    value: String,
}

impl Field {
    fn read(number: usize, line: &str) -> Result<Self, Trouble> {
        let field = line.split_once(':').map(|(name, value)| Self {
            line: number,
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
        });
        let Some(field) = field else {
            return Err(wrong(number, said("is neither a field nor empty", "既不是邮件头字段，也不是空行")));
        };
        if line.chars().any(|c| c.is_control() && c != '\t') {
            return Err(field.wrong(said("a control character in it", "含有控制字符")));
        }
        Ok(field)
    }

    fn addresses(&self) -> Result<Vec<Address>, Trouble> {
        if self.value.is_empty() {
            return Ok(Vec::new());
        }
        parse_list_strict(&self.value).map_err(|error| {
            let why = error.to_string();
            self.wrong(said(why.clone(), why))
        })
    }

    fn wrong(&self, why: Said) -> Trouble {
        let name = &self.name;
        wrong(self.line, said(format!("{name}: {}", why.en), format!("{name}：{}", why.zh)))
    }
}

fn wrong(line: usize, why: Said) -> Trouble {
    Trouble::new(
        Exit::Data,
        said(format!("line {line} of the draft: {}", why.en), format!("草稿第 {line} 行：{}", why.zh)),
        said(
            "the draft begins with fields (From, To, Cc, Bcc, Subject, Attach), then an empty line, then the text",
            "草稿开头是字段（From、To、Cc、Bcc、Subject、Attach），然后是一个空行，然后是正文",
        ),
    )
}

/// A field of addresses, continued on further lines where it is long.
fn addresses(name: &str, list: &[Address], out: &mut String) {
    out.push_str(name);
    out.push(':');
    let mut column = name.len() + 1;
    for (at, address) in list.iter().enumerate() {
        let comma = if at + 1 < list.len() { "," } else { "" };
        let text = format!(" {}{comma}", written(address));
        if column > name.len() + 1 && column + columns_of(&text) > COLUMNS {
            out.push_str("\n ");
            column = 1;
        }
        column += columns_of(&text);
        out.push_str(&text);
    }
    out.push('\n');
}

fn written(address: &Address) -> String {
    match address {
        Address::Mailbox(mailbox) => mailbox_text(mailbox),
        Address::Group { name, members } => {
            let members: Vec<String> = members.iter().map(mailbox_text).collect();
            format!("{}: {};", phrase(name), members.join(", "))
        }
    }
}

fn mailbox_text(mailbox: &Mailbox) -> String {
    match mailbox.name.as_deref() {
        None | Some("") => mailbox.address.clone(),
        Some(name) => format!("{} <{}>", phrase(name), mailbox.address),
    }
}

/// A name as it is read again: in quotation marks where it has anything but words.
fn phrase(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_'));
    if plain && !name.contains("  ") && name.trim() == name {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::terminal::Language;
    use proptest::prelude::*;

    fn error(text: &str) -> String {
        let trouble = Sheet::read(text).expect_err("it is refused");
        trouble.parts(Language::English).1.to_owned()
    }

    #[test]
    fn a_sheet_is_fields_an_empty_line_and_the_text() {
        let sheet = Sheet::read(
            "\u{feff}From: Ann <a@x.example>\r\nto: b@x.example,\r\n  \"C, D\" <c@x.example>\r\nCC:\r\nBcc: e@x.example\r\n\
             Subject: Re: a:b\r\nAttach: my file.pdf\r\nX-Mood: fine\r\n \t\r\n\r\ntext: y\r\n",
        )
        .unwrap();
        assert_eq!(sheet.from[0].to_string(), "Ann <a@x.example>");
        assert_eq!(sheet.to.len(), 2);
        assert_eq!((sheet.cc.len(), sheet.bcc.len()), (0, 1));
        assert_eq!(sheet.subject, "Re: a:b");
        assert_eq!(sheet.attach, [PathBuf::from("my file.pdf")]);
        assert_eq!(sheet.extra, [("X-Mood".to_owned(), "fine".to_owned())]);
        assert_eq!(sheet.text, "\ntext: y\n");
        assert_eq!(Sheet::read("To: a@x.example").unwrap().text, "");
        assert_eq!(Sheet::read("").unwrap(), Sheet::default());
    }

    #[test]
    fn what_cannot_be_understood_is_named_with_its_line() {
        for (text, expected) in [
            ("From: a@x.example\nHello\n\nx", "line 2 of the draft: is neither a field nor empty"),
            ("From: a@x.example\nTo: b\n\nx", "line 2 of the draft: To: @ and a domain are missing"),
            ("To: a@x.example,\n b@x.example, c d\nSubject: x\n\n", "line 1 of the draft: To: "),
            ("Subject: a\nSubject: b\n\n", "line 2 of the draft: Subject: Subject stands twice"),
            ("Subject: a\rBcc: b\n\n", "line 1 of the draft: Subject: a control character in it"),
            ("Subject: a\0b\n\n", "line 1 of the draft: Subject: a control character in it"),
        ] {
            assert!(error(text).starts_with(expected), "{text:?}: {}", error(text));
        }
    }

    #[test]
    fn thousands_of_addresses_come_back_over_many_lines() {
        let address = |n| Address::Mailbox(Mailbox { name: None, address: format!("person{n}@x.example") });
        let sheet = Sheet { cc: (0..5_000).map(address).collect(), ..Sheet::default() };
        let text = sheet.write();
        assert!(text.lines().all(|line| line.len() <= COLUMNS));
        assert_eq!(Sheet::read(&text).unwrap(), sheet);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            names in prop::collection::vec(prop::option::of("[a-zé王，；,;:<>@\"\\\\ .()'-]{1,12}"), 0..6),
            subject in "[!-~图]{0,20}",
            text in "(?s).{0,80}",
        ) {
            let person = |(n, name): (usize, Option<String>)| Address::Mailbox(Mailbox { name, address: format!("p{n}@x.example") });
            let to: Vec<Address> = names.into_iter().enumerate().map(person).collect();
            let text = text.replace('\r', "");
            let sheet = Sheet { to, subject, text, ..Sheet::default() };
            prop_assert_eq!(Sheet::read(&sheet.write()).unwrap(), sheet);
        }
    }
}
