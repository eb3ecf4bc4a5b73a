//! What letters need beside the filters of the template language.
//!
//! `money` and `number` work on the digits as they stand in the sheet, so that an amount never passes through a binary
//! fraction; `date` reads the dates that sheets show. Each leaves an empty text empty, so that `default` can follow.
//! `default` here is for empty cells as well, since a field that does not exist is an error long before.

use std::fmt::Write as _;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use minijinja::value::{Rest, Value};
use minijinja::{Environment, Error, ErrorKind};

/// The most decimals that `number` writes.
const MAX_DECIMALS: usize = 20;

/// Those that letters use most, for an error's advice.
pub(super) const NAMES: &str = "money, number, date, default, upper, lower, trim, replace, round";

pub(super) fn add(environment: &mut Environment<'_>) {
    environment.add_filter("money", |value: Value| number_of(&value, Some(2)));
    environment.add_filter("number", |value: Value, decimals: Option<usize>| number_of(&value, decimals));
    environment.add_filter("date", date_of);
    environment.add_filter("default", default_for);
    environment.add_filter("d", default_for);
}

fn wrong(what: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}

/// The other value, where there is none or an empty text.
fn default_for(value: Value, rest: Rest<Value>) -> Value {
    let empty =
        value.is_undefined() || value.is_none() || value.as_str().is_some_and(|text| text.trim().is_empty());
    match empty {
        true => rest.first().cloned().unwrap_or_else(|| Value::from("")),
        false => value,
    }
}

/// `12345.6` as `12,345.60`.
fn number_of(value: &Value, decimals: Option<usize>) -> Result<String, Error> {
    if decimals.is_some_and(|decimals| decimals > MAX_DECIMALS) {
        return Err(wrong(format!("at most {MAX_DECIMALS} decimals")));
    }
    let text = value.to_string();
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    let decimal = Decimal::read(&text).ok_or_else(|| wrong(format!("`{text}` is not a number")))?;
    Ok(decimal.write(decimals))
}

/// A number in decimal digits.
struct Decimal {
    negative: bool,
    whole: String,
    fraction: String,
}

impl Decimal {
    /// Reads `-1,234.50`, `1 234.5`, `￥12`, `12元`, `1.2e4` as JSON writes it.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches(['¥', '￥', '$', '€', '£']).trim_end_matches('元').trim();
        let (negative, rest) = match text.strip_prefix(['-', '−']) {
            Some(rest) => (true, rest.trim_start().trim_start_matches(['¥', '￥', '$', '€', '£'])),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (digits, exponent) = match rest.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok().filter(|e| e.abs() <= 400)?),
            None => (rest, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let mut whole = without_separators(whole)?;
        let mut fraction = fraction.to_owned();
        if !fraction.bytes().all(|b| b.is_ascii_digit()) || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        for _ in 0..exponent {
            whole.push(if fraction.is_empty() { '0' } else { fraction.remove(0) });
        }
        for _ in exponent..0 {
            fraction.insert(0, whole.pop().unwrap_or('0'));
        }
        let whole = whole.trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole }.to_owned();
        Some(Self { negative, whole, fraction })
    }

    /// Rounded half away from zero, as people round money.
    fn write(mut self, decimals: Option<usize>) -> String {
        if let Some(decimals) = decimals {
            let up = self.fraction.as_bytes().get(decimals).is_some_and(|digit| *digit >= b'5');
            self.fraction.truncate(decimals);
            while self.fraction.len() < decimals {
                self.fraction.push('0');
            }
            if up {
                self.add_one();
            }
        }
        let nothing = self.whole == "0" && self.fraction.bytes().all(|b| b == b'0');
        let mut out = String::from(if self.negative && !nothing { "-" } else { "" });
        for (at, digit) in self.whole.char_indices() {
            if at > 0 && (self.whole.len() - at).is_multiple_of(3) {
                out.push(',');
            }
            out.push(digit);
        }
        if !self.fraction.is_empty() {
            out.push('.');
            out.push_str(&self.fraction);
        }
        out
    }

    /// Adds one to the last digit that is kept.
    fn add_one(&mut self) {
        let mut carry = true;
        let mut add = |digits: &mut String| {
            let added: Vec<char> = digits
                .chars()
                .rev()
                .map(|digit| match (carry, digit) {
                    (true, '9') => '0',
                    (true, digit) => {
                        carry = false;
                        char::from(digit as u8 + 1)
                    }
                    (false, digit) => digit,
                })
                .collect();
            *digits = added.into_iter().rev().collect();
        };
        add(&mut self.fraction);
        add(&mut self.whole);
        if carry {
            self.whole.insert(0, '1');
        }
    }
}

/// Digits without what separates thousands; `None` where groups are not of three digits.
fn without_separators(whole: &str) -> Option<String> {
    let mut groups = whole.split([',', '，', '\'', '\u{a0}', '\u{202f}', ' ']);
    let first = groups.next().unwrap_or_default();
    let mut digits = first.to_owned();
    for group in groups {
        if group.len() != 3 || first.is_empty() || first.len() > 3 {
            return None;
        }
        digits.push_str(group);
    }
    digits.bytes().all(|b| b.is_ascii_digit()).then_some(digits)
}

/// A date of the sheet in another form: `{{ 日期 | date("%Y年%m月%d日") }}`, by the letters of strftime.
fn date_of(value: Value, format: Option<String>) -> Result<String, Error> {
    let text = value.to_string();
    let text = text.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    let date = read_date(text).ok_or_else(|| wrong(format!("`{text}` is not a date, such as 2026-11-20")))?;
    let format = format.as_deref().unwrap_or("%Y-%m-%d");
    let mut out = String::new();
    write!(out, "{}", date.format(format))
        .map_err(|_| wrong(format!("`{format}` is not a form of a date")))?;
    Ok(out)
}

fn read_date(text: &str) -> Option<NaiveDateTime> {
    let (day, time) = match text.find(|c: char| c.is_whitespace() || c == 'T') {
        Some(at) => (&text[..at], text[at..].trim_start_matches(|c: char| c.is_whitespace() || c == 'T')),
        None => (text, ""),
    };
    let day = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d"]
        .iter()
        .find_map(|form| NaiveDate::parse_from_str(day, form).ok())?;
    let time = match time.trim_end_matches('Z') {
        "" => NaiveTime::MIN,
        time => {
            ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|form| NaiveTime::parse_from_str(time, form).ok())?
        }
    };
    Some(day.and_time(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(template: &str, value: &str) -> Result<String, Error> {
        let mut environment = Environment::new();
        add(&mut environment);
        environment.render_str(template, minijinja::context!(v => value))
    }

    #[test]
    fn money_has_separators_and_two_decimals() {
        for (text, shown) in [
            ("12345.6", "12,345.60"),
            ("0", "0.00"),
            ("", ""),
            ("  ", ""),
            ("999.995", "1,000.00"),
            ("0.004", "0.00"),
            ("-0.004", "0.00"),
            ("-1234567.891", "-1,234,567.89"),
            ("12,345", "12,345.00"),
            ("￥8 000.5元", "8,000.50"),
            ("9007199254740993.01", "9,007,199,254,740,993.01"),
            (".5", "0.50"),
            ("007", "7.00"),
            ("1.2e4", "12,000.00"),
            ("12e-3", "0.01"),
        ] {
            assert_eq!(render("{{ v | money }}", text).unwrap(), shown, "{text}");
        }
        for wrong in ["abc", "1.2.3", "1,2", "1,2345", "--1", "1e9999", "一千", ".", "12%"] {
            assert!(render("{{ v | money }}", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_keep_their_decimals_unless_told_otherwise() {
        for (template, text, shown) in [
            ("{{ v | number }}", "1234567.125", "1,234,567.125"),
            ("{{ v | number(0) }}", "1234.5", "1,235"),
            ("{{ v | number(1) }}", "9.95", "10.0"),
        ] {
            assert_eq!(render(template, text).unwrap(), shown);
        }
        assert!(render("{{ v | number(21) }}", "1").is_err());
    }

    #[test]
    fn dates_are_read_as_sheets_show_them() {
        for text in [
            "2026-11-05",
            "2026/11/5",
            "2026.11.05",
            "2026年11月5日",
            "20261105",
            "2026-11-05 09:30:00",
            "2026-11-05T09:30",
        ] {
            assert_eq!(render("{{ v | date('%Y年%-m月%-d日') }}", text).unwrap(), "2026年11月5日", "{text}");
        }
        assert_eq!(render("{{ v | date('%H:%M') }}", "2026-11-05 9:30").unwrap(), "09:30");
        assert_eq!(render("{{ v | date }}", "").unwrap(), "");
        assert!(render("{{ v | date }}", "2026-13-01").is_err());
        assert!(render("{{ v | date('%Q') }}", "2026-11-05").is_err());
    }

    #[test]
    fn an_empty_cell_has_a_default() {
        assert_eq!(render("{{ v | default('朋友') }}", "").unwrap(), "朋友");
        assert_eq!(render("{{ v | default('朋友', true) }}", " ").unwrap(), "朋友");
        assert_eq!(render("{{ v | money | default('—') }}", "").unwrap(), "—");
        assert_eq!(render("{{ v | d('朋友') }}", "张三").unwrap(), "张三");
    }
}
