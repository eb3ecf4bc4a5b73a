//! Durations as people write them in `campaign.toml`: `90s`, `15m`, `4h`, `2d`.

use std::time::Duration;

/// The longest that can be written: 366 days.
const LONGEST: u64 = 366 * 24 * 60 * 60;

/// Reads a whole number with its unit; `None` where it is anything else, or longer than 366 days.
pub fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit = text.chars().next_back()?;
    let number: u64 = text[..text.len() - unit.len_utf8()].trim_end().parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    let whole = number.checked_mul(seconds).filter(|&whole| whole <= LONGEST)?;
    Some(Duration::from_secs(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        for (text, seconds) in [
            ("90s", Some(90)),
            ("15m", Some(900)),
            (" 4 h ", Some(14_400)),
            ("2d", Some(172_800)),
            ("0s", Some(0)),
        ] {
            assert_eq!(duration(text), seconds.map(Duration::from_secs), "{text}");
        }
        for text in ["", "5", "m", "1.5h", "-1s", "5分", "367d", "99999999999999999999s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
