//! The look that goes before a run: silent where nothing is wrong, and the end of the matter where something is.

use std::io::stderr;

use hongyan_bulk::campaign::Campaign;
use hongyan_bulk::preflight::{Code, Severity};

use super::{Look, columns, look, text};
use crate::cli::bulk::accounts::Account;
use crate::cli::exit::Exit;
use crate::cli::paint::{Color, Paint};
use crate::cli::system::shell_word;
use crate::cli::terminal::{Language, tell};
use crate::cli::trouble::Trouble;
use crate::said::said;

/// Looks a campaign over before its first mail; `accepted` are the codes that a person accepts.
///
/// # Errors
/// Something is wrong: it is told on standard error, and nothing may be sent.
pub(in crate::cli::bulk) fn before(
    campaign: &Campaign,
    accounts: &[Account],
    accepted: &[Code],
) -> Result<(), Trouble> {
    let report = look(campaign, accounts, &Look { row: None, offline: false, accepted })?;
    let folder = campaign.folder().map(|folder| shell_word(&folder.to_string_lossy())).unwrap_or_default();
    let (errors, warnings) = (report.count(Severity::Error), report.count(Severity::Warning));
    let language = Language::of_the_environment();
    if errors == 0 {
        if warnings > 0 {
            tell(&language.choose(
                format!("{} before the run; see hongyan bulk check {folder}", text::warnings(warnings)),
                format!("发送前有 {warnings} 条警告；详见 hongyan bulk check {folder}"),
            ));
        }
        return Ok(());
    }
    let shown = text::Text {
        language,
        paint: Paint::on(&stderr(), Color::Auto),
        columns: columns(),
        dir: &folder,
        shown: text::SHOWN,
    };
    tell(shown.groups(&report, &[Severity::Error]).trim_end());
    Err(Trouble::new(
        Exit::Data,
        said(
            format!("{}; nothing was sent", text::errors(errors)),
            format!("有 {errors} 处错误；没有发送任何邮件"),
        ),
        said(
            format!("correct them; hongyan bulk check {folder} shows everything"),
            format!("请逐一修正；hongyan bulk check {folder} 可查看全部"),
        ),
    ))
}
