//! Makes letters of rows.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use hongyan_mime::address::{Address as Named, Mailbox};
use hongyan_mime::compose::{ComposeError, Disposition, Draft, Offered, Part, Text};
use hongyan_mime::read::html_to_text;
use hongyan_proto::address::Address;
use hongyan_proto::said::{Said, said};

use super::addresses::mailboxes;
use super::fingerprint::Known;
use super::message_id::message_id;
use super::shared::{Shared, file_part, name_of};
use super::{Addressed, Content, Held, Made, Rendered, RowError, Sending};
use crate::campaign::{Campaign, CampaignError, FILE, PathError, Place, normal};
use crate::dkim::Signer;
use crate::ledger::{FrozenFile, Manifest};
use crate::row::{Columns, Row};
use crate::template::{Fields, Id, Kind, Templates};
use crate::token::{Key, Purpose, Verp};
use crate::unsubscribe::Unsubscribe;

/// Signs nothing that counts: for a look at letters before a run.
const DRAFT: Key = Key::from_octets([0; 32]);

/// Makes letters of rows; shared by all who do.
pub struct Maker {
    templates: Templates,
    from: Option<Id>,
    to: Id,
    cc: Option<Id>,
    bcc: Option<Id>,
    reply_to: Option<Id>,
    envelope_from: Option<Id>,
    subject: Id,
    text: Option<Id>,
    html: Option<Id>,
    headers: Vec<(String, Id)>,
    own: Vec<(Id, Option<Id>)>,
    shared: Shared,
    known: Known,
    key: String,
    verp: Option<Verp>,
    /// What tokens are signed with; none, and letters carry none.
    tokens: Option<Key>,
    unsubscribe: Option<Unsubscribe>,
    signer: Option<Signer>,
}

impl fmt::Debug for Maker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Maker")
            .field("templates", &self.templates)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Maker {
    /// A maker for what the campaign's folder holds now. `key` is what Message-IDs are made of, as
    /// [`Manifest::key`].
    ///
    /// # Errors
    /// [`CampaignError`] with file and line: a template that cannot be read, a name in it that is no column, a picture or
    /// shared attachment that is not there.
    pub fn new(campaign: &Campaign, columns: &Columns, key: &str) -> Result<Self, CampaignError> {
        Self::of(campaign, columns, key, None)
    }

    /// A maker for a campaign that was begun: each file must still be what it was.
    ///
    /// # Errors
    /// As [`Maker::new`], and a file that has been changed.
    pub fn frozen(campaign: &Campaign, manifest: &Manifest) -> Result<Self, CampaignError> {
        let columns = Columns::new(manifest.columns.iter().cloned());
        Self::of(campaign, &columns, &manifest.key, Some(&manifest.files))
    }

    fn of(
        campaign: &Campaign,
        columns: &Columns,
        key: &str,
        frozen: Option<&BTreeMap<String, FrozenFile>>,
    ) -> Result<Self, CampaignError> {
        let config = campaign.config();
        let mut templates =
            Templates::new(columns, config.unsubscribe.as_ref().is_some_and(|with| with.url.is_some()));
        let mut written =
            |source: &str, kind, keys: &[&str]| templates.add(source, kind, campaign.place(keys));
        let message = &config.message;
        let recipients = &config.recipients;
        let to = written(&recipients.to, Kind::Address, &["recipients", "to"])?;
        let mut optional = |source: &Option<String>, keys: &[&str]| {
            source.as_deref().map(|source| written(source, Kind::Address, keys)).transpose()
        };
        let from = optional(&message.from, &["message", "from"])?;
        let cc = optional(&recipients.cc, &["recipients", "cc"])?;
        let bcc = optional(&recipients.bcc, &["recipients", "bcc"])?;
        let reply_to = optional(&message.reply_to, &["message", "reply-to"])?;
        let envelope_from = optional(&config.send.envelope_from, &["send", "envelope-from"])?;
        let subject = written(&message.subject, Kind::Line, &["message", "subject"])?;
        let mut headers = Vec::new();
        for (name, value) in &config.headers {
            check_header(name, campaign.place(&["headers", name]))?;
            headers.push((name.clone(), written(value, Kind::Line, &["headers", name])?));
        }
        let mut own = Vec::new();
        for (at, path) in config.attach.own.iter().enumerate() {
            let at_text = at.to_string();
            let path = written(path, Kind::Line, &["attach", "own", &at_text])?;
            let name = config.attach.own_names.get(at);
            let name =
                name.map(|name| written(name, Kind::Line, &["attach", "own-names", &at_text])).transpose()?;
            own.push((path, name));
        }
        let text = match &message.text {
            Some(path) => {
                let text = campaign.template(path, frozen)?;
                Some(templates.add(text.as_str(), Kind::Text, Place::line(path, Some(1)))?)
            }
            None => None,
        };
        let html = match &message.html {
            Some(path) => Some((path.as_str(), campaign.template(path, frozen)?.html().into_owned())),
            None => None,
        };
        let html_place = html.as_ref().map(|(path, _)| Place::line(*path, Some(1)));
        let (shared, html) = Shared::new(campaign, html, frozen)?;
        let html = match html.zip(html_place) {
            Some((html, place)) => Some(templates.add(&html, Kind::Html, place)?),
            None => None,
        };
        Ok(Self {
            templates,
            from,
            to,
            cc,
            bcc,
            reply_to,
            envelope_from,
            subject,
            text,
            html,
            headers,
            own,
            known: Known::of(shared.attachments.iter().chain(&shared.inline)),
            shared,
            key: key.to_owned(),
            // What is wrong in it was said when the campaign was opened.
            verp: config.bounces.as_ref().and_then(|bounces| Verp::parse(bounces.verp.as_deref()?).ok()),
            tokens: None,
            unsubscribe: config
                .unsubscribe
                .as_ref()
                .and_then(|with| Unsubscribe::from_config(with, &DRAFT).ok()),
            signer: None,
        })
    }

    /// With a signature in each letter.
    #[must_use]
    pub fn with_signer(mut self, signer: Signer) -> Self {
        self.signer = Some(signer);
        self
    }

    /// With this key's tokens in what the campaign has a place for them in: the reverse-path, `List-Unsubscribe`, and
    /// `{{ unsubscribe_link }}`. Without it, letters have the sender's reverse-path, and their links are good for nothing.
    #[must_use]
    pub fn with_tokens(mut self, campaign: &Campaign, key: &Key) -> Self {
        let unsubscribe = campaign.config().unsubscribe.as_ref();
        self.unsubscribe = unsubscribe.and_then(|with| Unsubscribe::from_config(with, key).ok());
        self.tokens = Some(key.clone());
        self
    }

    /// To whom the letter of a row goes, and from whom. `account` is the sender where the campaign names none.
    ///
    /// # Errors
    /// [`RowError`]: nobody in `To`, what is no address, no sender.
    pub fn addressed(&self, row: &Row, account: Option<&Mailbox>) -> Result<Addressed, RowError> {
        self.addresses(row, &self.templates.fields(row), account)
    }

    fn addresses(
        &self,
        row: &Row,
        fields: &Fields,
        account: Option<&Mailbox>,
    ) -> Result<Addressed, RowError> {
        let list = |id: Option<Id>| id.map_or(Ok(Vec::new()), |id| self.mailboxes(id, row, fields));
        let to = self.mailboxes(self.to, row, fields)?;
        if to.is_empty() {
            return Err(self.error(
                self.to,
                row,
                self.templates.only_column(self.to).map(str::to_owned),
                said("there is no address", "没有邮箱地址"),
                said(
                    "fill in the cell, or take the row out of the sheet",
                    "请填写该单元格，或从表格中删去这一行",
                ),
            ));
        }
        let from = match (self.from, account) {
            (Some(id), _) => {
                let mut from = self.mailboxes(id, row, fields)?;
                match (from.len(), from.pop()) {
                    (1, Some(from)) => from,
                    (count, _) => {
                        let what = said(
                            format!("{count} senders, where one is needed"),
                            format!("有 {count} 个发件人，应当只有一个"),
                        );
                        let next = said("write one address", "请写一个邮箱地址");
                        return Err(self.error(id, row, None, what, next));
                    }
                }
            }
            (None, Some(account)) => account.clone(),
            (None, None) => {
                let what = said("nobody says who sends it", "没有发件人");
                let next = said(
                    "set from in the section [message], or name an account",
                    "请在 [message] 一节设置 from，或指定账户",
                );
                return Err(RowError::new(row.number, Place::file(FILE), None, what, next));
            }
        };
        Ok(Addressed { to, cc: list(self.cc)?, bcc: list(self.bcc)?, reply_to: list(self.reply_to)?, from })
    }

    fn mailboxes(&self, id: Id, row: &Row, fields: &Fields) -> Result<Vec<Mailbox>, RowError> {
        let rendered = self.templates.render(id, fields, row.number)?;
        mailboxes(&rendered).map_err(|wrong| {
            let column = self
                .templates
                .column_with(id, row, |cell| !wrong.text.is_empty() && cell.contains(&wrong.text));
            let column = column.or_else(|| self.templates.only_column(id).map(str::to_owned));
            let next = said(
                "correct the cell: name@example.org, several separated by commas",
                "请更正单元格：name@example.org，多个地址用逗号分隔",
            );
            self.error(id, row, column, wrong.what, next)
        })
    }

    /// The row's own files, as paths inside the campaign's folder; whether they are there, [`Campaign::source`] knows.
    ///
    /// # Errors
    /// [`RowError`]: a path that would leave the folder.
    pub fn own_files(&self, row: &Row) -> Result<Vec<String>, RowError> {
        if self.own.is_empty() {
            return Ok(Vec::new());
        }
        let fields = self.templates.fields(row);
        self.own.iter().filter_map(|(id, _)| self.own_file(*id, row, &fields).transpose()).collect()
    }

    /// One of them; `None` where its path becomes empty.
    fn own_file(&self, id: Id, row: &Row, fields: &Fields) -> Result<Option<String>, RowError> {
        let path = self.templates.render(id, fields, row.number)?;
        let path = path.trim();
        if path.is_empty() {
            return Ok(None);
        }
        normal(path).map(Some).map_err(|error| self.path_error(id, row, &error))
    }

    /// What is wrong with the path of one of a row's own files, said of the row, its column and the template: for those who
    /// found out that the file is not there.
    pub fn own_file_error(&self, row: &Row, path: &str, error: &PathError) -> RowError {
        let fields = self.templates.fields(row);
        let named = |id: &&(Id, Option<Id>)| {
            self.own_file(id.0, row, &fields).ok().flatten().as_deref() == Some(path)
        };
        match self.own.iter().find(named).or(self.own.first()) {
            Some((id, _)) => self.path_error(*id, row, error),
            None => {
                let problem = error.problem();
                RowError::new(row.number, Place::file(FILE), None, problem.what, problem.next)
            }
        }
    }

    fn path_error(&self, id: Id, row: &Row, error: &PathError) -> RowError {
        let problem = error.problem();
        let suspicious =
            |cell: &str| cell.contains("..") || cell.starts_with('/') || cell.chars().any(char::is_control);
        let column = self.templates.column_with(id, row, suspicious);
        let column = column.or_else(|| self.templates.only_column(id).map(str::to_owned));
        self.error(id, row, column, problem.what, problem.next)
    }

    /// Makes the letter of a row. `held` are the row's own files, in the order of [`Maker::own_files`].
    ///
    /// # Errors
    /// [`RowError`].
    pub fn letter(&self, row: &Row, held: &[Held], sending: &Sending<'_>) -> Result<Made, RowError> {
        let fields = self.templates.fields(row);
        let addressed = self.addresses(row, &fields, sending.from)?;
        let fields = self.with_link(fields, row, &addressed.to);
        let rendered = self.render(row, &fields)?;
        self.make(row, &fields, addressed, rendered, held, sending)
    }

    /// What a row's letter says, before it becomes a message; `to` are its readers, as far as they are known.
    ///
    /// # Errors
    /// [`RowError`]: a template that fails for this row.
    pub fn rendered(&self, row: &Row, to: &[Mailbox]) -> Result<Rendered, RowError> {
        self.render(row, &self.with_link(self.templates.fields(row), row, to))
    }

    fn render(&self, row: &Row, fields: &Fields) -> Result<Rendered, RowError> {
        let subject = self.line(self.subject, row, fields)?;
        let html = self.html.map(|id| self.templates.render(id, fields, row.number)).transpose()?;
        let text = match (self.text, &html) {
            (Some(id), _) => Some(self.templates.render(id, fields, row.number)?),
            (None, Some(html)) => Some(html_to_text(html)),
            (None, None) => None,
        };
        Ok(Rendered { subject, text, html })
    }

    /// Makes the letter of a row of what it says and to whom it goes, as [`Maker::letter`] does.
    ///
    /// # Errors
    /// [`RowError`].
    pub fn letter_of(
        &self,
        row: &Row,
        addressed: Addressed,
        rendered: Rendered,
        held: &[Held],
        sending: &Sending<'_>,
    ) -> Result<Made, RowError> {
        let fields = self.with_link(self.templates.fields(row), row, &addressed.to);
        self.make(row, &fields, addressed, rendered, held, sending)
    }

    fn make(
        &self,
        row: &Row,
        fields: &Fields,
        addressed: Addressed,
        rendered: Rendered,
        held: &[Held],
        sending: &Sending<'_>,
    ) -> Result<Made, RowError> {
        let Rendered { subject, text, html } = rendered;
        let envelope_from = self.reverse_path(row, fields, &addressed)?;
        let message_id = message_id(row.number, &self.key, &addressed.from.address);
        let mut extra = Vec::with_capacity(self.headers.len() + 2);
        for (name, id) in &self.headers {
            let value = self.line(*id, row, fields)?;
            if !value.is_empty() {
                extra.push((name.clone(), value));
            }
        }
        let named = |list: Vec<Mailbox>| list.into_iter().map(Named::Mailbox).collect();
        if let Some((unsubscribe, to)) = self.unsubscribe.as_ref().zip(addressed.to.first()) {
            let fields = unsubscribe.fields(&self.key, row.number, &to.address);
            extra.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
        }
        let attachments = self.attachments(row, fields, held)?;
        let inline = self.shared.inline.iter().map(|part| Part::encoded(Arc::clone(part))).collect();
        let draft = Draft {
            from: vec![addressed.from],
            reply_to: named(addressed.reply_to),
            to: named(addressed.to),
            cc: named(addressed.cc),
            subject: Some(subject),
            date: Some(sending.date),
            message_id: Some(message_id),
            extra,
            text: text.map(Text::new),
            html: html.map(Text::new),
            inline,
            attachments,
            ..Draft::default()
        };
        let encoder = draft
            .encoder(self.coded_for(sending.offered))
            .map_err(|error| self.compose_error(row, &error))?;
        let mut content = Content::new(encoder);
        if let Some(signer) = &self.signer {
            content.sign(signer, sending.date.seconds).map_err(|error| {
                let next = said(
                    "look at the section [dkim] and the row's files",
                    "请检查 [dkim] 一节以及该行的文件",
                );
                RowError::new(row.number, Place::file(FILE), None, error.said(), next)
            })?;
        }
        let (subject, message_id) = (draft.subject.unwrap_or_default(), draft.message_id.unwrap_or_default());
        Ok(Made { content, envelope_from, message_id, subject })
    }

    /// What proves later that it was this letter, and its length in octets. It is SHA-256 over the letter, in which shared
    /// attachments and pictures, files read while they are sent and files above 16 KiB stand by their own SHA-256.
    ///
    /// # Errors
    /// Where a file that was not frozen cannot be read.
    pub fn fingerprint(&self, made: &Made, held: &[Held]) -> std::io::Result<([u8; 32], u64)> {
        Ok((self.known.fingerprint(&made.content, held)?, made.content.len()))
    }

    fn with_link(&self, fields: Fields, row: &Row, to: &[Mailbox]) -> Fields {
        let to = to.first().map(|to| to.address.as_str()).unwrap_or_default();
        match self.unsubscribe.as_ref().and_then(|with| with.link(&self.key, row.number, to)) {
            Some(link) => fields.with_link(link),
            None => fields,
        }
    }

    /// What a letter may be coded in. One that is signed goes in seven bits: a server that may pass on nothing else would
    /// recode it, and break the signature (RFC 6376 §5.3).
    fn coded_for(&self, offered: Offered) -> Offered {
        match self.signer {
            Some(_) => Offered { eight_bit: false, binary: false, ..offered },
            None => offered,
        }
    }

    /// A template that becomes one line of a header.
    fn line(&self, id: Id, row: &Row, fields: &Fields) -> Result<String, RowError> {
        let mut line = self.templates.render(id, fields, row.number)?;
        let ends = line.trim_end().len();
        line.truncate(ends);
        line.drain(..line.len() - line.trim_start().len());
        if !line.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return Ok(line);
        }
        let column = self.templates.column_with(id, row, |cell| cell.contains(['\r', '\n', '\0']));
        let what = said(
            "there is a line break in it, and a header field is one line",
            "其中有换行，而邮件头字段只能是一行",
        );
        let next = said("take the line break out of the cell or the template", "请从单元格或模板中删去换行");
        Err(self.error(id, row, column, what, next))
    }

    fn reverse_path(&self, row: &Row, fields: &Fields, addressed: &Addressed) -> Result<Address, RowError> {
        let first = addressed.to.first().map_or("", |to| to.address.as_str());
        if let Some((verp, key)) = self.verp.as_ref().zip(self.tokens.as_ref()) {
            let token = key.token(Purpose::Verp, &self.key, row.number, first);
            return verp.address(&token).map_err(|error| {
                let what = said(format!("bounces.verp: {error}"), format!("bounces.verp：{error}"));
                let next = said("write a shorter address for bounces", "请使用短一些的退信地址");
                RowError::new(row.number, Place::file(FILE), None, what, next)
            });
        }
        let (id, mailbox) = match self.envelope_from {
            Some(id) => (Some(id), self.mailboxes(id, row, fields)?.into_iter().next()),
            None => (self.from, Some(addressed.from.clone())),
        };
        let text = mailbox.map(|mailbox| mailbox.address).unwrap_or_default();
        Address::parse(&text).map_err(|error| {
            let what = said(error.to_string(), format!("`{}` 不是邮箱地址", text.escape_debug()));
            let next = said("write an address", "请写一个邮箱地址");
            match id {
                Some(id) => self.error(id, row, None, what, next),
                None => RowError::new(row.number, Place::default(), None, what, next),
            }
        })
    }

    /// The row's own files first, then what everybody gets.
    fn attachments(&self, row: &Row, fields: &Fields, held: &[Held]) -> Result<Vec<Part>, RowError> {
        let mut parts = Vec::with_capacity(self.own.len() + self.shared.attachments.len());
        let mut held = held.iter();
        for (id, name) in &self.own {
            let Some(path) = self.own_file(*id, row, fields)? else { continue };
            // Nobody else's file: what is handed over must be what this row names.
            let Some(held) = held.next().filter(|held| held.path == path) else {
                let what = said(
                    format!("the file `{path}` of this row was not brought along"),
                    format!("没有带上这一行的文件 `{path}`"),
                );
                return Err(self.error(
                    *id,
                    row,
                    None,
                    what,
                    said("begin the campaign anew", "请重新开始该活动"),
                ));
            };
            let shown = match name {
                Some(name) => self.file_name(*name, row, fields)?,
                None => String::new(),
            };
            let shown = if shown.is_empty() { name_of(&path).to_owned() } else { shown };
            let part = file_part(&held.source, &path).with_disposition(Disposition::Attachment);
            parts.push(part.with_file_name(shown));
        }
        parts.extend(self.shared.attachments.iter().map(|part| Part::encoded(Arc::clone(part))));
        Ok(parts)
    }

    fn file_name(&self, id: Id, row: &Row, fields: &Fields) -> Result<String, RowError> {
        let name = self.line(id, row, fields)?;
        if !name.contains(['/', '\\']) && !name.chars().any(char::is_control) {
            return Ok(name);
        }
        let column = self.templates.column_with(id, row, |cell| cell.contains(['/', '\\']));
        let shown = name.escape_debug();
        let what = said(format!("`{shown}` cannot be a file's name"), format!("`{shown}` 不能用作文件名"));
        let next = said(
            "take out / and \\, as by {{ 月份 | replace(\"/\", \"-\") }}",
            "请去掉 / 和 \\，例如写成 {{ 月份 | replace(\"/\", \"-\") }}",
        );
        Err(self.error(id, row, column, what, next))
    }

    fn compose_error(&self, row: &Row, error: &ComposeError) -> RowError {
        let what = said(error.to_string(), format!("无法生成邮件：{error}"));
        let next = said("correct the cell or the campaign", "请更正单元格或活动设置");
        RowError::new(row.number, Place::default(), None, what, next)
    }

    fn error(&self, id: Id, row: &Row, column: Option<String>, what: Said, next: Said) -> RowError {
        RowError::new(row.number, self.templates.place(id).clone(), column, what, next)
    }
}

/// Refuses a header field that composing writes itself, or whose name cannot be one.
fn check_header(name: &str, place: Place) -> Result<(), CampaignError> {
    let draft = Draft {
        from: vec![Mailbox { name: None, address: "a@example.org".to_owned() }],
        date: Some(hongyan_mime::compose::Date { seconds: 0, offset_minutes: 0 }),
        extra: vec![(name.to_owned(), String::new())],
        ..Draft::default()
    };
    draft.check().map_err(|error| {
        CampaignError::wrong(
            place,
            said(error.to_string(), format!("不能设置这个邮件头字段：{error}")),
            said("remove it, or give it another name", "请删去该行或更换名称"),
        )
    })
}
