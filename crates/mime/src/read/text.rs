//! The text of a part: which charset its bytes are in, by its label, by the HTML itself, or by their looks.

use std::borrow::Cow;

use crate::read::charset;
use crate::read::finding::{Code, Notes};

/// Decodes content labelled `label`; for HTML its own declaration stands in for a missing label.
pub(crate) fn decode<'b>(
    bytes: Cow<'b, [u8]>,
    label: Option<&str>,
    html: bool,
    notes: &mut Notes,
) -> Cow<'b, str> {
    let declared = if html && !bytes.is_ascii() { charset::label_in_html(&bytes) } else { None };
    let label = match (label, declared) {
        (Some(label), declared) => {
            if let Some(declared) = declared.filter(|declared| !charset::same(label, declared)) {
                notes.add(Code::HtmlCharsetDiffers, Some(&format!("{label} / {declared}")));
            }
            Some(Cow::Borrowed(label))
        }
        (None, Some(declared)) => {
            notes.add(Code::CharsetFromHtml, Some(&declared));
            Some(Cow::Owned(declared))
        }
        (None, None) => None,
    };
    match bytes {
        Cow::Borrowed(bytes) => decode_slice(bytes, label.as_deref(), notes),
        Cow::Owned(bytes) => match already_text(bytes, label.as_deref()) {
            Ok(text) => Cow::Owned(text),
            Err(bytes) => Cow::Owned(decode_slice(&bytes, label.as_deref(), notes).into_owned()),
        },
    }
}

/// The bytes as they are, where their charset is UTF-8 or they are ASCII without escape sequences.
fn already_text(bytes: Vec<u8>, label: Option<&str>) -> Result<String, Vec<u8>> {
    let utf8 = label.is_some_and(|label| label.eq_ignore_ascii_case("utf-8"));
    if !utf8 || bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(bytes);
    }
    String::from_utf8(bytes).map_err(std::string::FromUtf8Error::into_bytes)
}

fn decode_slice<'b>(bytes: &'b [u8], label: Option<&str>, notes: &mut Notes) -> Cow<'b, str> {
    if let Some(label) = label {
        return charset::decode_labelled(bytes, label, notes);
    }
    let (text, name) = charset::decode_detected(bytes);
    if !bytes.is_ascii() || text.len() != bytes.len() {
        notes.add(Code::CharsetMissing, Some(name));
    }
    text
}
