//! Which format a file is in: by its first octets, and only then by its name. Portals hand out text and web pages
//! called `.xls`, so a name alone proves nothing.

use std::path::Path;

use hongyan_proto::said::{Said, said};

/// What the first octets say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Looks {
    /// A ZIP archive: XLSX or ODS, if anything.
    Zip,
    /// A compound file: XLS, or an encrypted workbook.
    Compound,
    /// An XLS from before 1997, which has no compound file around it.
    OldXls,
    /// HTML.
    WebPage,
    /// Excel's XML of 2003.
    Xml,
    /// Objects on lines.
    JsonLines,
    /// A JSON array.
    JsonArray,
    /// Text.
    Text,
    /// Something else that has a name.
    Other(Said),
    /// Nothing.
    Nothing,
}

/// How many octets [`looks`] wants to see.
pub(crate) const SEEN: usize = 4096;

/// Judges the first octets (up to [`SEEN`]) of the file.
pub(crate) fn looks(start: &[u8], path: &Path) -> Looks {
    const MAGIC: &[(&[u8], &str, &str)] = &[
        (b"%PDF-", "a PDF document", " PDF 文档"),
        (b"\x89PNG", "a picture", "图片"),
        (b"\xff\xd8\xff", "a picture", "图片"),
        (b"GIF8", "a picture", "图片"),
        (b"{\\rtf", "an RTF document", " RTF 文档"),
        (b"\x1f\x8b", "a compressed file (gzip)", "压缩文件（gzip）"),
        (b"7z\xbc\xaf\x27\x1c", "a compressed file (7z)", "压缩文件（7z）"),
        (b"Rar!", "a compressed file (RAR)", "压缩文件（RAR）"),
        (b"SQLite format 3\0", "a database", "数据库"),
        (b"\x7fELF", "a program", "程序"),
        (b"MZ", "a program", "程序"),
    ];
    if start.is_empty() {
        return Looks::Nothing;
    }
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        return Looks::Zip;
    }
    if start.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Looks::Compound;
    }
    if [
        &b"\x09\x00\x04\x00"[..],
        b"\x09\x02\x06\x00",
        b"\x09\x04\x06\x00",
        b"\x09\x08\x10\x00",
        b"\x09\x08\x08\x00",
    ]
    .iter()
    .any(|magic| start.starts_with(magic))
    {
        return Looks::OldXls;
    }
    for (magic, en, zh) in MAGIC {
        // `MZ` may well begin a text: a program has NUL octets soon.
        if start.starts_with(magic) && (*magic != b"MZ" || start.contains(&0)) {
            return Looks::Other(said(*en, *zh));
        }
    }
    as_text(start, path)
}

fn as_text(start: &[u8], path: &Path) -> Looks {
    let named_lines = matches!(extension(path).as_str(), "jsonl" | "ndjson");
    // Tags and brackets are ASCII in every charset but UTF-16, where NUL octets stand between them.
    let ascii: Vec<u8> = start.iter().copied().filter(|octet| *octet != 0).collect();
    let text = String::from_utf8_lossy(&ascii);
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\u{fffd}');
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("<?xml") || lower.starts_with("<workbook") {
        return if lower.contains("<html") { Looks::WebPage } else { Looks::Xml };
    }
    if ["<!doctype", "<html", "<table", "<meta", "<head", "<body", "<style", "<div", "<!--"]
        .iter()
        .any(|tag| lower.starts_with(tag))
    {
        return Looks::WebPage;
    }
    if text.starts_with('[') && (named_lines || json_array_of_objects(text)) {
        return Looks::JsonArray;
    }
    if named_lines || first_line_is_object(text) {
        return Looks::JsonLines;
    }
    Looks::Text
}

fn json_array_of_objects(text: &str) -> bool {
    text[1..].trim_start().strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with('"'))
}

/// `{` and a key in quotation marks: no row of a CSV begins so.
fn first_line_is_object(text: &str) -> bool {
    text.strip_prefix('{').is_some_and(|rest| {
        let rest = rest.trim_start();
        rest.starts_with('"') && rest.contains("\":") || rest.starts_with('"') && rest.contains("\" :")
    })
}

/// The file name's extension in small letters; empty where there is none.
pub(crate) fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// What a file's name says that it is, for the names of workbooks.
pub(crate) fn named_as_workbook(path: &Path) -> Option<&'static str> {
    match extension(path).as_str() {
        "xlsx" => Some(".xlsx"),
        "xlsm" => Some(".xlsm"),
        "xls" => Some(".xls"),
        "et" => Some(".et"),
        "ods" => Some(".ods"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_before_the_name() {
        let cases: &[(&[u8], &str, Looks)] = &[
            (b"", "a.csv", Looks::Nothing),
            (b"PK\x03\x04....", "a.csv", Looks::Zip),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xlsx", Looks::Compound),
            (b"\x09\x08\x10\x00\x00\x06", "a.xls", Looks::OldXls),
            (b"\xef\xbb\xbf\r\n<HTML><table>", "a.xls", Looks::WebPage),
            (b"<?xml version=\"1.0\"?><Workbook>", "a.xls", Looks::Xml),
            (b"{\"a\": 1}\n", "a.txt", Looks::JsonLines),
            (b"[{\"a\": 1}]", "a.json", Looks::JsonArray),
            (b"name,mail\n", "a.xlsx", Looks::Text),
            (b"MZ,name\n", "a.csv", Looks::Text),
            (b"name,mail\n", "a.jsonl", Looks::JsonLines),
        ];
        for (start, name, expected) in cases {
            assert_eq!(looks(start, Path::new(name)), *expected, "{name} {start:?}");
        }
        assert!(matches!(looks(b"%PDF-1.7", Path::new("a.csv")), Looks::Other(_)));
    }
}
