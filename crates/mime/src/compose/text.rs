//! Text in any charset in, UTF-8 out.
//!
//! What the caller names wins, except over a byte order mark; unnamed bytes are UTF-8 if they are valid
//! UTF-8, else in the charset that they declare as HTML, else what their statistics look like most (GBK,
//! Big5, Shift_JIS, windows-125x …).

use super::declared;
use super::{ComposeError, FileError, FileProblem};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};
use std::borrow::Cow;
use std::path::Path;

/// The longest text of a body, in bytes of its file; longer ones are for attaching.
pub const MAX_TEXT: u64 = 64 * 1024 * 1024;

/// A text body. Line ends may be of any kind; they are written as CRLF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    text: String,
    charset: &'static str,
    source: CharsetSource,
}

/// How the charset of a text was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CharsetSource {
    /// The text was given as characters.
    Given,
    /// The caller named it.
    Named,
    /// A byte order mark.
    Mark,
    /// The bytes are valid UTF-8.
    Valid,
    /// It is HTML and says so in its `<meta>`.
    Declared,
    /// Nothing said so; it is the likeliest.
    Guessed,
}

impl Text {
    /// Text that is already characters.
    pub fn new(text: impl Into<String>) -> Self {
        Text { text: text.into(), charset: UTF_8.name(), source: CharsetSource::Given }
    }

    /// Decodes `bytes` from the charset called `label`, or from the one they seem to be in.
    ///
    /// # Errors
    /// `UnknownCharset`; `NotInCharset` when bytes are invalid in the charset named or guessed; `NotText`
    /// for NUL bytes in what is not named (UTF-16 without a mark, or no text at all).
    pub fn decode(bytes: Vec<u8>, label: Option<&str>) -> Result<Self, ComposeError> {
        let (encoding, mark, source) = match (Encoding::for_bom(&bytes), label) {
            (Some((encoding, mark)), _) => (encoding, mark, CharsetSource::Mark),
            (None, Some(label)) => match Encoding::for_label_no_replacement(label.as_bytes()) {
                Some(encoding) => (encoding, 0, CharsetSource::Named),
                None => return Err(ComposeError::UnknownCharset { label: label.to_owned() }),
            },
            (None, None) if bytes.contains(&0) => return Err(ComposeError::NotText),
            (None, None) => match String::from_utf8(bytes) {
                Ok(text) => return Ok(Text { text, charset: UTF_8.name(), source: CharsetSource::Valid }),
                Err(error) => return Self::guess(&error.into_bytes()),
            },
        };
        Self::in_charset(&bytes[mark..], encoding, source)
    }

    /// The text of a file, decoded as [`Text::decode`] does.
    ///
    /// # Errors
    /// As there, and `File` when it cannot be read or is not a file; `TooLong` beyond 64 MiB.
    pub fn from_path(path: impl AsRef<Path>, label: Option<&str>) -> Result<Self, ComposeError> {
        let path = path.as_ref();
        let metadata = super::file::regular(path)?;
        if metadata.len() > MAX_TEXT {
            return Err(ComposeError::TooLong { what: "the text", len: metadata.len(), limit: MAX_TEXT });
        }
        let bytes = std::fs::read(path).map_err(|e| FileError::from_io(path.to_owned(), e))?;
        if bytes.len() as u64 > MAX_TEXT {
            return Err(FileError { path: path.to_owned(), problem: FileProblem::Changed }.into());
        }
        Self::decode(bytes, label)
    }

    fn guess(bytes: &[u8]) -> Result<Self, ComposeError> {
        if let Some(declared) = declared::declared(bytes)
            && let Ok(text) = Self::in_charset(bytes, declared, CharsetSource::Declared)
        {
            return Ok(text);
        }
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
        detector.feed(bytes, true);
        Self::in_charset(bytes, detector.guess(None, Utf8Detection::Deny), CharsetSource::Guessed)
    }

    fn in_charset(
        bytes: &[u8],
        encoding: &'static Encoding,
        source: CharsetSource,
    ) -> Result<Self, ComposeError> {
        match encoding.decode_without_bom_handling_and_without_replacement(bytes) {
            Some(text) => Ok(Text { text: text.into_owned(), charset: encoding.name(), source }),
            None => Err(ComposeError::NotInCharset {
                charset: encoding.name().to_owned(),
                named: source != CharsetSource::Guessed,
            }),
        }
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The characters as HTML that goes out as UTF-8: a `<meta>` that said otherwise is corrected.
    pub fn html(&self) -> Cow<'_, str> {
        match self.source {
            CharsetSource::Given | CharsetSource::Valid => Cow::Borrowed(&self.text),
            _ => declared::corrected(&self.text),
        }
    }

    /// The charset that the text was read from (the WHATWG name), and how it was found.
    pub fn charset(&self) -> (&'static str, CharsetSource) {
        (self.charset, self.source)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Text::new(text)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Text::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{BIG5, GBK, SHIFT_JIS, WINDOWS_1252};

    const META: &str = "<meta charset=gbk>";
    const CHINESE: &str = "尊敬的客户：您的订单已经发货，请注意查收。谢谢您的支持与信任！";

    #[test]
    fn a_charset_is_found_by_name_mark_validity_or_likelihood() {
        let gbk = GBK.encode(CHINESE).0.into_owned();
        let html = [META.as_bytes(), &gbk].concat();
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain(CHINESE.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let utf16_unmarked = utf16[2..].to_vec();
        let marked = [b"\xef\xbb\xbf", CHINESE.as_bytes()].concat();
        use CharsetSource::*;
        let cases = [
            (gbk.clone(), None, "GBK", Guessed),
            (gbk.clone(), Some("gb2312"), "GBK", Named),
            (gbk, Some("GB18030"), "gb18030", Named),
            (CHINESE.as_bytes().to_vec(), None, "UTF-8", Valid),
            (marked.clone(), None, "UTF-8", Mark),
            (marked, Some("gbk"), "UTF-8", Mark),
            (html.clone(), None, "GBK", Declared),
            (utf16, None, "UTF-16LE", Mark),
            (utf16_unmarked, Some("utf-16le"), "UTF-16LE", Named),
        ];
        for (bytes, label, charset, source) in cases {
            let text = Text::decode(bytes, label).unwrap();
            assert_eq!(text.as_str().trim_start_matches(META), CHINESE, "{label:?}");
            assert_eq!(text.charset(), (charset, source), "{label:?}");
        }
    }

    #[test]
    fn other_east_asian_and_european_texts_are_guessed() {
        let cases = [
            ("感謝您的來信，我們會盡快與您聯絡並提供協助。", BIG5),
            ("ご注文ありがとうございます。商品は明日発送いたします。", SHIFT_JIS),
            ("Zoë Müller déjà vu garçon fenêtre", WINDOWS_1252),
        ];
        for (text, encoding) in cases {
            let decoded = Text::decode(encoding.encode(text).0.into_owned(), None).unwrap();
            assert_eq!((decoded.as_str(), decoded.charset().0), (text, encoding.name()));
        }
    }

    #[test]
    fn what_is_not_text_in_its_charset_is_refused_by_name() {
        let named = Text::decode(vec![0xff, 0xff], Some("gbk")).unwrap_err();
        assert!(matches!(&named, ComposeError::NotInCharset { charset, named: true } if charset == "GBK"));
        assert!(named.to_string().contains("not valid GBK"));
        let utf8 = Text::decode(vec![b'a', 0xe4, 0xb8], Some("utf-8")).unwrap_err();
        assert!(matches!(utf8, ComposeError::NotInCharset { named: true, .. }));
        let unknown = Text::decode(b"a".to_vec(), Some("klingon")).unwrap_err();
        assert!(matches!(&unknown, ComposeError::UnknownCharset { label } if label == "klingon"));
        assert!(matches!(Text::decode(b"a\0b".to_vec(), None).unwrap_err(), ComposeError::NotText));
    }
}
