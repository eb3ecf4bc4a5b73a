//! The words of a report, in the languages that the program speaks, and how times are written.

use chrono::{DateTime, FixedOffset, Local, SecondsFormat};

use crate::ledger::{Role, State, Time};

/// The language of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// 简体中文.
    Chinese,
}

impl Language {
    /// The one of the two texts that is in this language.
    pub fn choose<T>(self, english: T, chinese: T) -> T {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    /// Its name as HTML writes it (BCP 47).
    pub(super) fn tag(self) -> &'static str {
        self.choose("en", "zh-CN")
    }
}

/// A state in a word or two.
pub fn state_word(state: State, language: Language) -> &'static str {
    let (english, chinese) = match state {
        State::Pending => ("pending", "待发送"),
        State::Leased => ("preparing", "准备中"),
        State::InData => ("sending", "发送中"),
        State::Accepted => ("accepted", "已接受"),
        State::Deferred => ("deferred", "暂缓"),
        State::Rejected => ("rejected", "被拒绝"),
        State::InDoubt => ("in doubt", "不确定"),
        State::Suppressed => ("suppressed", "已屏蔽"),
        State::Skipped => ("skipped", "已跳过"),
    };
    language.choose(english, chinese)
}

/// The field that names a recipient.
pub fn role_word(role: Role, language: Language) -> &'static str {
    match role {
        Role::To => language.choose("To", "收件人"),
        Role::Cc => language.choose("Cc", "抄送"),
        Role::Bcc => language.choose("Bcc", "密送"),
    }
}

/// In which language and zone a report speaks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Voice {
    pub(super) language: Language,
    pub(super) zone: Option<FixedOffset>,
}

impl Voice {
    /// The one of the two texts that is in the language.
    pub(super) fn choose<T>(self, english: T, chinese: T) -> T {
        self.language.choose(english, chinese)
    }

    fn at(self, time: Time) -> Option<DateTime<FixedOffset>> {
        let utc = DateTime::from_timestamp_millis(time.0)?;
        Some(match self.zone {
            Some(zone) => utc.with_timezone(&zone),
            None => utc.with_timezone(&Local).fixed_offset(),
        })
    }

    /// `2026-11-20 17:15:50 +08:00`.
    pub(super) fn time(self, time: Time) -> String {
        self.at(time).map(|at| at.format("%Y-%m-%d %H:%M:%S %:z").to_string()).unwrap_or_default()
    }

    /// RFC 3339 with milliseconds.
    pub(super) fn exact(self, time: Time) -> String {
        self.at(time).map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_name_their_zone() {
        let voice = Voice { language: Language::Chinese, zone: FixedOffset::east_opt(8 * 3600) };
        for (time, shown, exact) in [
            (0, "1970-01-01 08:00:00 +08:00", "1970-01-01T08:00:00.000+08:00"),
            (1_795_165_750_123, "2026-11-20 17:09:10 +08:00", "2026-11-20T17:09:10.123+08:00"),
            (i64::MAX, "", ""),
        ] {
            assert_eq!((voice.time(Time(time)).as_str(), voice.exact(Time(time)).as_str()), (shown, exact));
        }
    }
}
