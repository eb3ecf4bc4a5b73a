//! Reading `campaign.toml`: what is wrong in it, with its line, before anything else is looked at.

use hongyan_proto::said::{Problem, Said, said};
use toml::de::{DeTable, DeValue};

use super::config::Config;
use super::error::{CampaignError, Place};
use super::{FILE, Timing, folder};
use crate::pace::{Hours, Steps, duration};
use crate::token::{Key, Verp};
use crate::unsubscribe::{Unsubscribe, UnsubscribeError};

/// Knows the line of each key.
#[derive(Debug)]
pub(super) struct Written<'t> {
    text: &'t str,
    table: Option<DeTable<'t>>,
}

impl<'t> Written<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, table: DeTable::parse(text).ok().map(toml::Spanned::into_inner) }
    }

    /// The line of a key, given as `["attach", "own", "0"]`; of the nearest one above it that is written.
    pub(super) fn line(&self, keys: &[&str]) -> Option<usize> {
        let mut table = self.table.as_ref()?;
        let mut found = None;
        let mut keys = keys.iter();
        while let Some(key) = keys.next() {
            let Some((name, value)) = table.get_key_value(*key) else { break };
            found = Some(name.span().start);
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                DeValue::Array(items) => {
                    let item = keys.next().and_then(|at| items.get(at.parse::<usize>().ok()?));
                    let Some(item) = item else { break };
                    found = Some(item.span().start);
                    match item.get_ref() {
                        DeValue::Table(inner) => table = inner,
                        _ => break,
                    }
                }
                _ => {
                    // A value over several lines begins where the value does.
                    found = Some(value.span().start);
                    break;
                }
            }
        }
        found.map(|at| line_of(self.text, at))
    }

    pub(super) fn place(&self, keys: &[&str]) -> Place {
        Place::line(FILE, self.line(keys))
    }

    fn wrong(&self, keys: &[&str], what: Said, next: Said) -> CampaignError {
        let key = keys.join(".");
        let what = said(format!("{key}: {}", what.en), format!("{key}：{}", what.zh));
        CampaignError::wrong(self.place(keys), what, next)
    }
}

/// The line, from 1, of an offset.
fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Parses the text of a `campaign.toml`.
pub(super) fn parse(text: &str) -> Result<Config, CampaignError> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, span.start));
        let message = error.message().trim().replace('\n', ", ");
        CampaignError::wrong(
            Place::line(FILE, line),
            said(message.clone(), message),
            said(
                "correct the line; `hongyan bulk new` writes a folder in which every setting is explained",
                "请更正该行；`hongyan bulk new` 会生成一个带有说明的示例文件夹",
            ),
        )
    })
}

/// What the types cannot say.
pub(super) fn check(config: &Config, written: &Written<'_>) -> Result<Timing, CampaignError> {
    if config.message.text.is_none() && config.message.html.is_none() {
        let what = said("neither `text` nor `html` is set", "`text` 和 `html` 都没有设置");
        let next = said(
            "name the file with the letter, as text = \"letter.txt\"",
            "请指定信件文件，例如 text = \"letter.txt\"",
        );
        return Err(written.wrong(&["message"], what, next));
    }
    check_recipients(config, written)?;
    if config.attach.own_names.len() > config.attach.own.len() {
        let what = said("more names than own files", "名称比各自的附件还多");
        let next = said(
            "give one name for each entry of `own`, in the same order",
            "`own` 的每一项对应一个名称，顺序相同",
        );
        return Err(written.wrong(&["attach", "own-names"], what, next));
    }
    check_sending(config, written)?;
    check_lists(config, written)?;
    timing(config, written)
}

fn check_recipients(config: &Config, written: &Written<'_>) -> Result<(), CampaignError> {
    let recipients = &config.recipients;
    if recipients.header == Some(0) {
        let next = said("rows are counted from 1", "行号从 1 开始");
        return Err(written.wrong(&["recipients", "header"], said("there is no row 0", "没有第 0 行"), next));
    }
    if recipients.delimiter.is_some_and(|c| !c.is_ascii() || matches!(c, '\r' | '\n' | '"' | '\0')) {
        let what = said("this cannot separate columns", "该字符不能用作分隔符");
        let next = said("write one of , ; | or \\t", "请使用 , ; | 或 \\t");
        return Err(written.wrong(&["recipients", "delimiter"], what, next));
    }
    for (key, template) in [("to", Some(&recipients.to)), ("file", Some(&recipients.file))] {
        if template.is_none_or(|text| text.trim().is_empty()) {
            let next = match key {
                "to" => said(
                    "name the column with the addresses, as to = \"{{ 邮箱 }}\"",
                    "请指定邮箱所在的列，例如 to = \"{{ 邮箱 }}\"",
                ),
                _ => said(
                    "name the sheet, as file = \"recipients.xlsx\"",
                    "请指定表格文件，例如 file = \"recipients.xlsx\"",
                ),
            };
            return Err(written.wrong(&["recipients", key], said("it is empty", "内容为空"), next));
        }
    }
    Ok(())
}

fn check_sending(config: &Config, written: &Written<'_>) -> Result<(), CampaignError> {
    let pace = &config.pace;
    let at_least_one = || said("write 1 or more, or leave the line out", "请写 1 或更大的数，或删去该行");
    let zero = || said("0 would send nothing", "为 0 时不会发送任何邮件");
    let pace_numbers = [
        ("per-second", pace.per_second),
        ("per-minute", pace.per_minute),
        ("per-hour", pace.per_hour),
        ("per-day", pace.per_day),
        ("connections", pace.connections.map(u32::from)),
        ("per-connection", pace.per_connection),
        ("window", pace.window.map(u32::from)),
    ];
    for (key, number) in pace_numbers {
        if number == Some(0) {
            return Err(written.wrong(&["pace", key], zero(), at_least_one()));
        }
    }
    for (domain, limits) in &pace.to {
        for (key, number) in [("per-minute", limits.per_minute), ("per-hour", limits.per_hour)] {
            if number == Some(0) {
                return Err(written.wrong(&["pace", "to", domain, key], zero(), at_least_one()));
            }
        }
    }
    for (at, account) in config.send.accounts.iter().enumerate() {
        let index = at.to_string();
        let keys = ["send", "accounts", &index];
        for number in [account.per_day, account.per_minute] {
            if number == Some(0) {
                return Err(written.wrong(&keys, zero(), at_least_one()));
            }
        }
        if config.send.accounts[..at].iter().any(|other| other.name == account.name) {
            let what = said(
                format!("the account `{}` stands there twice", account.name.escape_debug()),
                format!("账户 `{}` 出现了两次", account.name.escape_debug()),
            );
            return Err(written.wrong(&keys, what, said("remove one of them", "请删去其中一个")));
        }
    }
    if config.retry.attempts == 0 {
        return Err(written.wrong(&["retry", "attempts"], zero(), at_least_one()));
    }
    if config.stop.percent > 100 {
        let what = said("more than 100 percent", "超过百分之百");
        return Err(written.wrong(
            &["stop", "percent"],
            what,
            said("write 1 to 100, or 0 for never", "请写 1 到 100，或写 0 表示从不停止"),
        ));
    }
    Ok(())
}

fn check_lists(config: &Config, written: &Written<'_>) -> Result<(), CampaignError> {
    let said_there = |keys: &[&str], problem: Problem| {
        CampaignError::wrong(written.place(keys), problem.what, problem.next)
    };
    if let Some(unsubscribe) = &config.unsubscribe {
        // The key plays no part in what is wrong.
        let key = Key::from_octets([0; 32]);
        Unsubscribe::from_config(unsubscribe, &key).map_err(|error| {
            let key = match &error {
                UnsubscribeError::Nowhere => &["unsubscribe"][..],
                UnsubscribeError::Mailto { .. } => &["unsubscribe", "mailto"],
                UnsubscribeError::Url { .. } => &["unsubscribe", "url"],
            };
            said_there(key, error.problem())
        })?;
    }
    if let Some(verp) = config.bounces.as_ref().and_then(|bounces| bounces.verp.as_ref()) {
        Verp::parse(verp).map_err(|error| said_there(&["bounces", "verp"], error.problem()))?;
    }
    Ok(())
}

fn timing(config: &Config, written: &Written<'_>) -> Result<Timing, CampaignError> {
    let read = |key: &str, text: &str, example: &str| {
        duration(text).ok_or_else(|| {
            let text = text.escape_debug();
            let what = said(format!("`{text}` is not a duration"), format!("`{text}` 不是时间长度"));
            let next = said(
                format!("write a whole number and s, m, h or d, as {example}; at most 366d"),
                format!("请写整数加 s、m、h 或 d，例如 {example}；最长 366d"),
            );
            written.wrong(&["retry", key], what, next)
        })
    };
    let steps = Steps {
        attempts: config.retry.attempts,
        first: read("first", &config.retry.first, "5m")?,
        longest: read("longest", &config.retry.longest, "4h")?,
    };
    let hours = config.pace.hours.as_ref().map(|window| {
        Hours::new(window).map_err(|error| {
            let text = error.0.escape_debug();
            let key = [("from", &window.from), ("to", &window.to)]
                .into_iter()
                .find(|(_, value)| **value == error.0);
            let what = said(
                format!("`{text}` is neither a time of the day nor a day of the week"),
                format!("`{text}` 既不是时刻也不是星期"),
            );
            let next = said(
                "write times as 09:00 and days as mon, tue, wed, thu, fri, sat, sun",
                "时刻请写成 09:00，星期请写 mon、tue、wed、thu、fri、sat、sun",
            );
            written.wrong(&["pace", "hours", key.map_or("days", |(key, _)| key)], what, next)
        })
    });
    Ok(Timing { steps, hours: hours.transpose()? })
}

/// The paths that are written in the configuration, with their keys: the sheet, templates, shared files, pictures.
pub(super) fn paths(config: &Config) -> Vec<(Vec<String>, &str)> {
    let key = |section: &str, name: &str| vec![section.to_owned(), name.to_owned()];
    let mut paths = vec![(key("recipients", "file"), config.recipients.file.as_str())];
    paths.extend(config.message.text.iter().map(|path| (key("message", "text"), path.as_str())));
    paths.extend(config.message.html.iter().map(|path| (key("message", "html"), path.as_str())));
    for (name, list) in [("shared", &config.attach.shared), ("inline", &config.attach.inline)] {
        for (at, path) in list.iter().enumerate() {
            paths.push((vec!["attach".to_owned(), name.to_owned(), at.to_string()], path));
        }
    }
    paths
}

/// A path's problem, said of the line in `campaign.toml` where it is written.
pub(super) fn path_error(written: &Written<'_>, keys: &[String], error: &folder::PathError) -> CampaignError {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    super::error::of_path(written.place(&keys), error)
}
