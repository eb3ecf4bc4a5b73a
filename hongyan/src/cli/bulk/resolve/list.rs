//! Those in doubt, with all that is known of them.

use std::io::{self, Write as _, stdout};

use console::measure_text_width;
use hongyan_bulk::ledger::{Entry, Ledger, LedgerError, SessionId, State};
use hongyan_bulk::report::Entries;
use hongyan_bulk::resolve::Whom;
use serde::Serialize;

use crate::cli::bulk::message_id::MessageIds;
use crate::cli::bulk::opened::{Called, Named};
use crate::cli::bulk::words::{exact, moment};
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::paint::{Color, Paint, Style};
use crate::cli::system::{printed, runtime};
use crate::cli::terminal::{Language, safe, wrapped};
use crate::cli::trouble::Trouble;

/// Somebody in doubt, a line for programs.
#[derive(Serialize)]
struct Person<'a> {
    row: u64,
    address: &'a str,
    attempt: u32,
    begun: Option<String>,
    ended: Option<String>,
    account: Option<&'a str>,
    connection: Option<i64>,
    message_id: Option<&'a str>,
    message_size: Option<u64>,
    cause: &'a str,
    conversation: &'a str,
}

/// Prints them, one after the other as they come from the ledger.
pub(super) fn print(campaign: &Named, whom: &Whom, as_json: bool) -> Result<Exit, Trouble> {
    let runtime = runtime()?;
    let opened = campaign.read(&runtime)?;
    let ledger = &opened.ledger;
    let ids = MessageIds::of(ledger.manifest());
    ids.tell_unknown();
    let mut out = stdout().lock();
    let mut printed_all: io::Result<()> = Ok(());
    let mut count = 0_u64;
    let mut interrupted = 0;
    let read: Result<(), LedgerError> = runtime.block_on(async {
        for filter in whom.filters() {
            let mut entries = Entries::new(ledger, filter);
            while let Some(entry) = entries.next().await? {
                let account = account(ledger, &entry).await?;
                let id = ids.of_entry(&entry, account.as_deref());
                printed_all = if as_json {
                    json::line(&mut out, &person(&entry, account.as_deref(), id.as_deref()))
                } else {
                    out.write_all(told(&entry, account.as_deref(), id.as_deref()).as_bytes())
                };
                count += 1;
                if printed_all.is_err() {
                    return Ok(());
                }
            }
        }
        if ledger.runners().await?.is_empty() {
            interrupted = ledger.tally().await?.of(State::InData);
        }
        Ok(())
    });
    read.map_err(|error| campaign.trouble(&error))?;
    if !as_json && printed_all.is_ok() {
        printed_all = out.write_all(after(count, interrupted, &opened.called).as_bytes());
    }
    printed(printed_all)?;
    Ok(if count + interrupted > 0 { Exit::TempFail } else { Exit::Ok })
}

/// The account of the last attempt.
pub(super) async fn account(ledger: &impl Ledger, entry: &Entry) -> Result<Option<String>, LedgerError> {
    let Some(session) = entry.attempts.last().and_then(|last| last.evidence.session) else { return Ok(None) };
    Ok(ledger.opening(session).await?.map(|opening| opening.account))
}

fn person<'a>(entry: &'a Entry, account: Option<&'a str>, id: Option<&'a str>) -> Person<'a> {
    let last = entry.attempts.last();
    let evidence = last.map(|last| &last.evidence);
    Person {
        row: entry.row.number,
        address: entry.address.as_str(),
        attempt: last.map_or(0, |last| last.number),
        begun: evidence.and_then(|evidence| exact(evidence.begun)),
        ended: evidence.and_then(|evidence| exact(evidence.ended)),
        account,
        connection: evidence.and_then(|evidence| evidence.session).map(|SessionId(id)| id),
        message_id: id,
        message_size: evidence.and_then(|evidence| evidence.message).map(|(_, size)| size),
        cause: evidence.map_or("", |evidence| &evidence.cause),
        conversation: evidence.map_or("", |evidence| &evidence.conversation),
    }
}

/// A few lines for people.
fn told(entry: &Entry, account: Option<&str>, id: Option<&str>) -> String {
    let language = Language::of_the_environment();
    let paint = Paint::on(&stdout(), Color::Auto);
    let evidence = entry.attempts.last().map(|last| &last.evidence);
    let number = entry.row.number;
    let row = language.choose(format!("row {number}"), format!("第 {number} 行"));
    let mut text = format!(
        "{}  {}\n",
        paint.the(Style::Name, row),
        paint.the(Style::Strong, safe(entry.address.as_str()))
    );
    let mut line = |title: &str, value: &str| {
        if !value.is_empty() {
            let gap = " ".repeat(14_usize.saturating_sub(measure_text_width(title)));
            let value = wrapped(&safe(value), 16, &console::Term::stdout());
            text.push_str(&format!("  {title}{gap}{value}\n"));
        }
    };
    if let Some(evidence) = evidence {
        let when = format!("{} – {}", moment(evidence.begun), moment(evidence.ended));
        line(language.choose("sent", "发送时间"), &when);
        line(language.choose("seen", "原因"), &evidence.cause);
        let last = evidence.conversation.lines().last().unwrap_or_default();
        line(language.choose("last line", "最后一行"), last);
    }
    line(language.choose("account", "账户"), account.unwrap_or_default());
    line("Message-ID", id.unwrap_or_default());
    text
}

/// What can be done.
fn after(count: u64, interrupted: u64, called: &Called) -> String {
    let Called { named, go_on } = called;
    let language = Language::of_the_environment();
    let mut text = String::new();
    if interrupted > 0 {
        text.push_str(&language.choose(
            format!(
                "{interrupted} were being sent when the run was interrupted. They become in doubt with the next: \
                 {go_on}, or hongyan bulk resolve {named} --search-sent\n"
            ),
            format!(
                "有 {interrupted} 封在发送时运行被中断，下次执行以下命令时列为不确定：{go_on}，\
                 或 hongyan bulk resolve {named} --search-sent\n"
            ),
        ));
    }
    if count == 0 {
        if interrupted == 0 {
            text.push_str(language.choose("Nobody is in doubt.\n", "没有不确定的收件人。\n"));
        }
        return text;
    }
    text.push_str(&language.choose(
        format!(
            "\n{count} in doubt: they may have the mail or not. To decide:\n\
             \x20 hongyan bulk resolve {named} --search-sent     look in the account's folder for sent mail\n\
             \x20 hongyan bulk resolve {named} --all --resend    send the same letter again\n\
             \x20 hongyan bulk resolve {named} --all --skip      leave it so\n\
             \x20 hongyan bulk resolve {named} --row N --found   you know that they have it\n"
        ),
        format!(
            "\n{count} 位不确定：可能已收到，也可能没有。处理方法：\n\
             \x20 hongyan bulk resolve {named} --search-sent     在账户的已发送文件夹中查找\n\
             \x20 hongyan bulk resolve {named} --all --resend    重新发送同一封邮件\n\
             \x20 hongyan bulk resolve {named} --all --skip      不再处理\n\
             \x20 hongyan bulk resolve {named} --row N --found   您确认对方已收到\n"
        ),
    ));
    text
}
