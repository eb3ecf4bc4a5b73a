//! What a cell of a workbook shows: a number under its format code (ECMA-376 Part 1 §18.8.30–31), as Excel in Chinese
//! shows it where a format follows the system's region.
//!
//! Numbers have 15 significant digits, as in Excel, and are rounded by these digits: 2.675 as `0.00` is 2.68, though the
//! next binary fraction lies below. `General` shows whole numbers without exponent, so that a number of 12 or 15 digits
//! stays what somebody typed; fractions are shown to eleven characters as in a cell, but never with fewer than two
//! decimals.

mod builtin;
mod code;
mod date;
mod decimal;
mod number;

use std::collections::HashMap;
use std::sync::Arc;

use builtin::builtin;
pub(crate) use code::NumberFormat;
pub(crate) use date::serial;
pub(crate) use number::general;

/// Where a workbook's days begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Epoch {
    /// 1 is 1900-01-01, and 60 a 29th of February that never was.
    #[default]
    Y1900,
    /// 0 is 1904-01-01.
    Y1904,
}

/// Each format once, however many styles have it.
pub(crate) fn compiled(ids: &[u32], codes: &HashMap<u32, String>) -> Vec<Option<Arc<NumberFormat>>> {
    let mut known: HashMap<u32, Option<Arc<NumberFormat>>> = HashMap::new();
    let format = |id: u32| {
        let code = codes.get(&id).map_or_else(|| builtin(id), String::as_str);
        let general = code.eq_ignore_ascii_case("General") || code.is_empty();
        (!general).then(|| Arc::new(NumberFormat::parse(code)))
    };
    ids.iter().map(|id| known.entry(*id).or_insert_with(|| format(*id)).clone()).collect()
}

/// From here on a whole number has more digits than the 15 that are kept of it.
pub(crate) const IMPRECISE: f64 = 1e15;

/// A whole number that has lost digits in the sheet.
pub(crate) fn is_imprecise(value: f64) -> bool {
    value.abs() >= IMPRECISE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(code: &str, value: f64) -> String {
        NumberFormat::parse(code).show(value, Epoch::Y1900)
    }

    #[test]
    fn numbers_look_as_in_the_sheet() {
        for (code, value, expected) in [
            ("000000", 123.0, "000123"),
            ("000000", 1_234_567.0, "1234567"),
            ("0", 2.5, "3"),
            ("0", -2.5, "-3"),
            ("0.00", 2.675, "2.68"),
            ("0.00", 0.0, "0.00"),
            ("0.00", -1.005, "-1.01"),
            ("#,##0.00", 1_234_567.891, "1,234,567.89"),
            ("#,##0.00", 0.5, "0.50"),
            ("#,##0", 999.0, "999"),
            ("#,###", 0.0, ""),
            ("#.##", 0.5, ".5"),
            ("0.0##", 1.5, "1.5"),
            ("0.0##", 1.0, "1.0"),
            ("00,000", 12.0, "00,012"),
            ("0%", 0.07, "7%"),
            ("0.00%", 0.12345, "12.35%"),
            ("0.00E+00", 12345.678, "1.23E+04"),
            ("0.00E+00", 0.00012, "1.20E-04"),
            ("##0.0E+0", 12345.0, "12.3E+3"),
            ("0.00E+00", 9.999, "1.00E+01"),
            ("#,##0,", 1_234_567.0, "1,235"),
            ("0.0,,\"M\"", 1_234_567.0, "1.2M"),
            ("¥#,##0.00", 12.5, "¥12.50"),
            ("[$¥-804]#,##0.00;[Red]-[$¥-804]#,##0.00", -12.5, "-¥12.50"),
            ("_ \"¥\"* #,##0.00_ ;_ \"¥\"* \\-#,##0.00_ ;_ \"¥\"* \"-\"??_ ;_ @_ ", 1234.5, "¥1,234.50"),
            ("_ \"¥\"* #,##0.00_ ;_ \"¥\"* \\-#,##0.00_ ;_ \"¥\"* \"-\"??_ ;_ @_ ", 0.0, "¥-"),
            ("#,##0.00;(#,##0.00)", -5.0, "(5.00)"),
            ("0;-0;\"无\"", 0.0, "无"),
            ("[>=100]\"多\";[<0]\"负\";0", 100.0, "多"),
            ("[>=100]\"多\";[<0]\"负\";0", 5.0, "5"),
            ("000-0000-0000", 13_800_138_000.0, "138-0013-8000"),
            ("0\"元\"", 12.0, "12元"),
            ("0.00\"元\"", 12.0, "12.00元"),
            ("# ?/?", 1.5, "1 1/2"),
            ("# ??/??", 0.333_333_333, "1/3"),
            ("General", 1.5, "1.5"),
            ("G/通用格式\"分\"", 98.5, "98.5分"),
            ("@", 110_101_199_001_011_234.0, "110101199001011000"),
        ] {
            assert_eq!(shown(code, value), expected, "{code} of {value}");
        }
    }

    #[test]
    fn general_shows_whole_numbers_without_an_exponent() {
        for (value, expected) in [
            (123_456_789_012.0, "123456789012"),
            (999_999_999_999_999.0, "999999999999999"),
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.333333333"),
            (5000.0 / 21.75 * 3.0, "689.6551724"),
            (123_456_789.25, "123456789.25"),
            (-1234.5, "-1234.5"),
            (0.000_1, "0.0001"),
            (0.000_012_345, "1.2345E-05"),
            (1e22, "1E+22"),
            (0.0, "0"),
            (-0.0, "0"),
        ] {
            assert_eq!(general(value), expected);
        }
    }

    #[test]
    fn dates_and_times_look_as_in_the_sheet() {
        // 2026-11-20, a Friday, at 15:04:05.
        let value = 46_346.0 + (15.0 * 3600.0 + 4.0 * 60.0 + 5.0) / 86_400.0;
        for (code, expected) in [
            ("yyyy-mm-dd", "2026-11-20"),
            ("yyyy\"年\"m\"月\"d\"日\"", "2026年11月20日"),
            ("yyyy\"年\"m\"月\"d\"日\";@", "2026年11月20日"),
            ("[$-804]yyyy\"年\"m\"月\"d\"日\" dddd", "2026年11月20日 星期五"),
            ("yy/m/d", "26/11/20"),
            ("yyyy/m/d h:mm", "2026/11/20 15:04"),
            ("d-mmm-yy", "20-Nov-26"),
            ("[$-409]mmmm d, yyyy", "November 20, 2026"),
            ("aaaa", "星期五"),
            ("ddd", "Fri"),
            ("h:mm:ss AM/PM", "3:04:05 PM"),
            ("上午/下午h\"时\"mm\"分\"", "下午3时04分"),
            ("mm:ss", "04:05"),
            ("hh:mm:ss.000", "15:04:05.000"),
            ("m/d/yy", "11/20/26"),
            ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "2026年11月20日"),
            ("[$-F400]h:mm:ss\\ AM/PM", "15:04:05"),
        ] {
            assert_eq!(shown(code, value), expected, "{code}");
        }
        assert_eq!(shown("[h]:mm", 1.5), "36:00");
        assert_eq!(shown("[mm]:ss", 1.0 / 24.0), "60:00");
        assert_eq!(shown("h:mm", 0.999_999_99), "0:00", "rounded to the second, which is tomorrow's first");
    }

    #[test]
    fn both_epochs_and_the_day_that_never_was() {
        let format = NumberFormat::parse("yyyy-mm-dd");
        for (value, epoch, expected) in [
            (1.0, Epoch::Y1900, "1900-01-01"),
            (59.0, Epoch::Y1900, "1900-02-28"),
            (60.0, Epoch::Y1900, "1900-02-29"),
            (61.0, Epoch::Y1900, "1900-03-01"),
            (46_346.0, Epoch::Y1900, "2026-11-20"),
            (44_884.0, Epoch::Y1904, "2026-11-20"),
            (0.0, Epoch::Y1904, "1904-01-01"),
            (-1.0, Epoch::Y1900, "-1"),
            (1e15, Epoch::Y1900, "1000000000000000"),
        ] {
            assert_eq!(format.show(value, epoch), expected);
        }
    }

    #[test]
    fn a_text_is_shown_within_its_section() {
        assert_eq!(NumberFormat::parse("0;-0;0;@\"先生\"").show_text("张三").as_deref(), Some("张三先生"));
        assert_eq!(NumberFormat::parse("@").show_text("张三"), None);
        assert_eq!(NumberFormat::parse("0.00").show_text("张三"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_code_and_no_number_can_do_harm(code in ".{0,40}", value: f64) {
            let _ = NumberFormat::parse(&code).show(value, Epoch::Y1900);
            let _ = NumberFormat::parse(&code).show_text("x");
        }

        #[test]
        fn codes_of_their_own_signs_can_do_no_harm(code in "[0#?.,%;@/*_\\\\\"ymdhsaAMPE+$\\[\\]<>= -]{0,24}", value: f64) {
            let _ = NumberFormat::parse(&code).show(value, Epoch::Y1904);
        }
    }
}
