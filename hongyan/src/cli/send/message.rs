//! The options about the mail itself, and the mail that they make: everything is read and checked here,
//! before any server is spoken to.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::draft;
use super::raw;
use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::mime::address::{Address as Listed, Mailbox, parse_list_strict};
use crate::mime::compose::{ComposeError, Draft, Encoder, Names, Offered, RawMessage};
use crate::proto::address::Address;
use crate::said::said;

#[derive(Debug, Args)]
#[group(skip)]
#[command(next_help_heading = "The mail")]
pub(super) struct Options {
    /// To whom, as with --to
    #[arg(value_name = "ADDRESS", help_heading = "From and to")]
    pub(super) recipients: Vec<String>,
    /// The subject
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(super) subject: Option<String>,
    /// The text, from a file, or with - from standard input; in any charset
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) message: Option<PathBuf>,
    /// The text itself
    #[arg(long, value_name = "STRING", conflicts_with = "message", allow_hyphen_values = true)]
    pub(super) text: Option<String>,
    /// The same as HTML, from a file or with - from standard input; with a text, readers choose
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) html: Option<PathBuf>,
    /// The charset of the text and HTML files, where it is not UTF-8 and not to be guessed
    #[arg(long, value_name = "NAME")]
    pub(super) charset: Option<String>,
    /// A file to go with it; may be repeated
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) attach: Vec<PathBuf>,
    /// A picture or other file that the HTML shows; may be repeated
    ///
    /// The HTML names it by its file name: src="cid:logo.png", or just src="logo.png", which becomes that. Its
    /// Content-ID is the file name, or for a name that needs escapes one that is made from it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) inline: Vec<PathBuf>,
    /// A mail to be attached whole; may be repeated
    #[arg(long, value_name = "FILE.eml", value_hint = ValueHint::FilePath)]
    pub(super) forward: Vec<PathBuf>,
    /// Send this file (or with - standard input) as it is
    ///
    /// Sender and recipients are those of --from, --to, --cc, --bcc, or where none are given those in the mail's
    /// own header. Only line ends become CRLF.
    #[arg(long, value_name = "FILE.eml", value_hint = ValueHint::FilePath, conflicts_with_all = [
        "subject", "message", "text", "html", "charset", "attach", "inline", "forward", "sender", "reply_to", "header",
        "names", "date", "message_id", "in_reply_to", "references", "keywords",
    ])]
    pub(super) raw: Option<PathBuf>,

    /// Who it is from: 'Name <address>'. By default the account's; else the login name, or USER@hostname
    #[arg(short, long, value_name = "ADDRESS", help_heading = "From and to")]
    pub(super) from: Option<String>,
    /// Who sends it, where --from names several
    #[arg(long, value_name = "ADDRESS", help_heading = "From and to")]
    pub(super) sender: Option<String>,
    /// To whom; this and the next three may be repeated, and take lists
    #[arg(long, value_name = "ADDRESS", help_heading = "From and to")]
    pub(super) to: Vec<String>,
    /// Who gets a copy
    #[arg(long, value_name = "ADDRESS", help_heading = "From and to")]
    pub(super) cc: Vec<String>,
    /// Who gets a copy that the others do not see
    #[arg(long, value_name = "ADDRESS", help_heading = "From and to")]
    pub(super) bcc: Vec<String>,
    /// Where answers go
    #[arg(long, value_name = "ADDRESS", help_heading = "From and to")]
    pub(super) reply_to: Vec<String>,

    /// A further header field; may be repeated
    #[arg(short = 'H', long, value_name = "'Name: value'", help_heading = "Header fields")]
    pub(super) header: Vec<String>,
    /// When it was written, such as 'Thu, 20 Nov 2025 03:09:00 +0800' or 2025-11-20T03:09:00+08:00
    #[arg(long, value_name = "TIME", help_heading = "Header fields")]
    pub(super) date: Option<String>,
    /// Its own identifier
    #[arg(long, value_name = "ID", help_heading = "Header fields")]
    pub(super) message_id: Option<String>,
    /// The mail that it answers
    #[arg(long, value_name = "ID", help_heading = "Header fields")]
    pub(super) in_reply_to: Vec<String>,
    /// The mails that it follows, oldest first
    #[arg(long, value_name = "ID", help_heading = "Header fields")]
    pub(super) references: Vec<String>,
    /// Words to find it by
    #[arg(long, value_name = "WORD", value_delimiter = ',', help_heading = "Header fields")]
    pub(super) keywords: Vec<String>,
    /// How file names with other than ASCII letters are written
    #[arg(
        long,
        value_name = "HOW",
        help_heading = "Header fields",
        default_value = "both",
        hide_default_value = true
    )]
    pub(super) names: NameForm,
}

/// How file names are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum NameForm {
    /// As the standard has it
    Rfc2231,
    /// As old Outlook and QQ readers look for it
    EncodedWord,
    /// Both, so that every reader finds one (the default)
    #[default]
    Both,
}

impl From<NameForm> for Names {
    fn from(form: NameForm) -> Self {
        match form {
            NameForm::Rfc2231 => Self::Rfc2231,
            NameForm::EncodedWord => Self::EncodedWord,
            NameForm::Both => Self::Both,
        }
    }
}

/// A mail that is ready to be encoded, and between whom it goes.
pub(in crate::cli) struct Mail {
    content: Content,
    pub(in crate::cli) from: Address,
    pub(in crate::cli) to: Vec<Address>,
    pub(in crate::cli) message_id: Option<String>,
}

enum Content {
    Draft(Box<Draft>),
    Raw(RawMessage),
}

/// Who a mail is from where no option says it.
pub(in crate::cli) struct Sender<'a> {
    /// The account's `from`.
    pub(in crate::cli) account: Option<&'a str>,
    /// The login name.
    pub(in crate::cli) login: Option<&'a str>,
}

impl Options {
    /// Reads and checks everything that was given.
    pub(super) fn mail(&self, sender: &Sender<'_>) -> Result<Mail, Trouble> {
        let Some(path) = &self.raw else {
            return Mail::of(draft::draft(self, sender)?);
        };
        let raw = raw::open(path)?;
        let from = self.from.as_deref().map(|text| addresses("--from", text)).transpose()?;
        let from = from.map_or(raw.from, |list| mailboxes(&list).map(|m| m.address.clone()).next());
        let from = match from {
            Some(address) => address,
            None => draft::default_from(sender)?.address,
        };
        let given = [
            ("the recipient", &self.recipients),
            ("--to", &self.to),
            ("--cc", &self.cc),
            ("--bcc", &self.bcc),
        ];
        let mut to = Vec::new();
        for (option, texts) in given {
            for text in texts {
                to.extend(mailboxes(&addresses(option, text)?).map(|m| m.address.clone()));
            }
        }
        if to.is_empty() {
            to = raw.to;
        }
        let mut mail = Mail {
            content: Content::Raw(raw.message),
            from: envelope_address("--from", &from)?,
            to: Vec::with_capacity(to.len()),
            message_id: raw.message_id,
        };
        for address in to {
            let address = envelope_address("--to", &address)?;
            if !mail.to.contains(&address) {
                mail.to.push(address);
            }
        }
        mail.addressed()
    }
}

impl Mail {
    /// A draft whose sender and recipients are those of its header. Whatever is wrong with it, and is not the
    /// server's to decide, is found now.
    pub(in crate::cli) fn of(draft: Draft) -> Result<Self, Trouble> {
        let from = draft.sender.as_ref().or(draft.from.first()).map_or("", |mailbox| &mailbox.address);
        let from = envelope_address("--from", from)?;
        let to = draft.envelope_recipients().into_iter().map(|m| envelope_address("--to", &m.address));
        let to = to.collect::<Result<_, _>>()?;
        draft.check().map_err(|error| super::problem::compose(&error))?;
        let message_id = draft.message_id.clone();
        Self { from, to, message_id, content: Content::Draft(Box::new(draft)) }.addressed()
    }

    fn addressed(self) -> Result<Self, Trouble> {
        if self.to.is_empty() {
            return Err(Trouble::new(
                Exit::Data,
                said("nobody is named to send it to", "没有指定收件人"),
                said(
                    "write the address at the end of the line, or use --to, --cc or --bcc",
                    "请在命令末尾写上地址，或使用 --to、--cc、--bcc",
                ),
            ));
        }
        Ok(self)
    }

    /// The message as every server takes it; where an address needs SMTPUTF8, every server that has that.
    pub(in crate::cli) fn plainly(&self) -> Result<Encoder, ComposeError> {
        match self.encoder(Offered::default()) {
            Err(ComposeError::NeedsUtf8 { .. }) => self.encoder(Offered { utf8: true, ..Offered::default() }),
            encoder => encoder,
        }
    }

    /// The message for a server that takes what `offered` says.
    pub(super) fn encoder(&self, offered: Offered) -> Result<Encoder, ComposeError> {
        match &self.content {
            Content::Draft(draft) => draft.encoder(offered),
            Content::Raw(raw) => Ok(raw.encoder()),
        }
    }
}

/// The addresses that an option gives.
pub(in crate::cli) fn addresses(option: &str, text: &str) -> Result<Vec<Listed>, Trouble> {
    parse_list_strict(text).map_err(|error| bad_address(option, text, &error.to_string()))
}

/// All of a list, those in groups too.
pub(in crate::cli) fn mailboxes(list: &[Listed]) -> impl Iterator<Item = &Mailbox> {
    list.iter().flat_map(Listed::mailboxes)
}

fn envelope_address(option: &str, text: &str) -> Result<Address, Trouble> {
    Address::parse(text).map_err(|error| bad_address(option, text, error.problem))
}

fn bad_address(option: &str, text: &str, why: &str) -> Trouble {
    Trouble::new(
        Exit::Data,
        said(
            format!("{option}: {text:?} is not a mail address: {why}"),
            format!("{option}：{text:?} 不是有效的邮件地址：{why}"),
        ),
        said(
            "write name@domain, or 'Name <name@domain>'; separate several by commas",
            "请写成 name@domain 或 '姓名 <name@domain>'；多个地址用逗号分隔",
        ),
    )
}
