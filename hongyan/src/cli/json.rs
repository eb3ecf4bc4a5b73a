//! JSON that is safe on a terminal: what a mail says stays the same value, but control characters, bidi marks
//! and characters that show as nothing are written as `\uXXXX`.

use std::borrow::Cow;
use std::io::{self, Write};

use hongyan_mime::read::safe;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

/// Writes `value` in several lines, and a line break.
pub(crate) fn pretty(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let formatter = Safe(PrettyFormatter::new());
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, formatter))?;
    out.write_all(b"\n")
}

/// Writes `value` in one line, and a line break.
pub(crate) fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let formatter = Safe(CompactFormatter);
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, formatter))?;
    out.write_all(b"\n")
}

/// Another form, with strings made safe.
struct Safe<F>(F);

/// Every method but the one is the inner form's.
macro_rules! inner {
    ($($name:ident ( $($arg:ident : $type:ty),* ))*) => {
        $(fn $name<W: ?Sized + Write>(&mut self, writer: &mut W $(, $arg: $type)*) -> io::Result<()> {
            self.0.$name(writer $(, $arg)*)
        })*
    };
}

impl<F: Formatter> Formatter for Safe<F> {
    inner! {
        begin_array() end_array() begin_array_value(first: bool) end_array_value()
        begin_object() end_object() begin_object_key(first: bool) end_object_key()
        begin_object_value() end_object_value()
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        if matches!(safe::line(text), Cow::Borrowed(_)) {
            return writer.write_all(text.as_bytes());
        }
        let mut bytes = [0; 4];
        for c in text.chars() {
            let one = c.encode_utf8(&mut bytes);
            if matches!(safe::line(one), Cow::Borrowed(_)) {
                writer.write_all(one.as_bytes())?;
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_could_obey_is_escaped_and_the_value_is_the_same() {
        let value = "鸿雁 \u{1b}[31m \u{9b}0m \u{202e}gpj.exe \u{7f} \u{e0041} é\n";
        let mut out = Vec::new();
        pretty(&mut out, &value).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.trim_end(), r#""鸿雁 \u001b[31m \u009b0m \u202egpj.exe \u007f \udb40\udc41 é\n""#);
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), value);
    }
}
