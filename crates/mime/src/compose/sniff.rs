//! Media types: by a file's name, then by its first bytes.
//!
//! The table has what people attach, with the names that IANA has registered where there is one. Types
//! that a mail would treat as more than a file (`message/*`, `multipart/*`) are left out on purpose: an
//! attached `.eml` arrives byte for byte, and forwarding is another thing.

/// For what has no better type.
const UNKNOWN: &str = "application/octet-stream";

/// The media type of a file called `name` that begins with `head`.
pub fn media_type_of(name: &str, head: &[u8]) -> &'static str {
    type_by_name(name).unwrap_or_else(|| type_by_content(head))
}

/// The media type of a file by the end of its name, in any case.
pub fn type_by_name(name: &str) -> Option<&'static str> {
    let (stem, extension) = name.rsplit_once('.')?;
    if stem.is_empty() {
        return None;
    }
    let extension = extension.to_ascii_lowercase();
    let found = TYPES.iter().find(|(_, extensions)| extensions.split(' ').any(|known| known == extension));
    found.map(|(media_type, _)| *media_type)
}

/// The media type of a file by how it begins; `application/octet-stream` where that says nothing. The more
/// of the file `head` has, up to a few hundred bytes, the better.
pub fn type_by_content(head: &[u8]) -> &'static str {
    let signed = SIGNATURES
        .iter()
        .find(|(offset, signature, _)| head.get(*offset..).is_some_and(|rest| rest.starts_with(signature)));
    if let Some((_, _, media_type)) = signed {
        return media_type;
    }
    if !head.is_empty() && looks_like_text(head) {
        return "text/plain";
    }
    UNKNOWN
}

/// UTF-8 (perhaps cut in the middle of a character) without control characters that text does not have.
fn looks_like_text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    valid && !head.iter().any(|b| *b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b))
}

#[rustfmt::skip]
const SIGNATURES: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypqt  ", "video/quicktime"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp3gp", "video/3gpp"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video/matroska"),
    (8, b"AVI ", "video/x-msvideo"),
    (8, b"WAVE", "audio/vnd.wave"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"OggS", "application/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"#!AMR", "audio/AMR"),
    (0, b"MThd", "audio/midi"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"%!PS", "application/postscript"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (257, b"ustar", "application/x-tar"),
];

#[rustfmt::skip]
const TYPES: &[(&str, &str)] = &[
    ("application/pdf", "pdf"),
    ("application/zip", "zip"),
    ("application/gzip", "gz tgz"),
    ("application/x-bzip2", "bz2"),
    ("application/x-xz", "xz txz"),
    ("application/zstd", "zst"),
    ("application/x-tar", "tar"),
    ("application/x-7z-compressed", "7z"),
    ("application/vnd.rar", "rar"),
    ("application/msword", "doc dot"),
    ("application/vnd.ms-excel", "xls xlt"),
    ("application/vnd.ms-powerpoint", "ppt pps"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
    ("application/vnd.ms-excel.sheet.macroEnabled.12", "xlsm"),
    ("application/vnd.oasis.opendocument.text", "odt"),
    ("application/vnd.oasis.opendocument.spreadsheet", "ods"),
    ("application/vnd.oasis.opendocument.presentation", "odp"),
    ("application/vnd.visio", "vsd"),
    ("application/vnd.ms-outlook", "msg"),
    ("application/kswps", "wps"),
    ("application/kset", "et"),
    ("application/ksdps", "dps"),
    ("application/ofd", "ofd"),
    ("application/rtf", "rtf"),
    ("application/postscript", "ps eps ai"),
    ("application/epub+zip", "epub"),
    ("application/json", "json"),
    ("application/xml", "xml xsd xsl"),
    ("application/yaml", "yaml yml"),
    ("application/toml", "toml"),
    ("application/sql", "sql"),
    ("application/wasm", "wasm"),
    ("application/x-sh", "sh"),
    ("application/vnd.sqlite3", "sqlite sqlite3"),
    ("application/vnd.android.package-archive", "apk"),
    ("application/java-archive", "jar"),
    ("application/x-iso9660-image", "iso"),
    ("application/vnd.debian.binary-package", "deb"),
    ("application/x-rpm", "rpm"),
    ("application/vnd.microsoft.portable-executable", "exe dll"),
    ("application/pkcs7-signature", "p7s"),
    ("application/pkcs7-mime", "p7m"),
    ("application/pkix-cert", "cer"),
    ("application/x-pkcs12", "p12 pfx"),
    ("application/pgp-encrypted", "pgp gpg"),
    ("application/geo+json", "geojson"),
    ("application/vnd.google-earth.kml+xml", "kml"),
    ("application/gpx+xml", "gpx"),
    ("application/ogg", "ogx"),
    ("application/x-latex", "latex"),
    ("application/x-ipynb+json", "ipynb"),
    ("image/jpeg", "jpg jpeg jpe jfif"),
    ("image/png", "png"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("image/svg+xml", "svg"),
    ("image/bmp", "bmp"),
    ("image/tiff", "tif tiff"),
    ("image/heic", "heic"),
    ("image/heif", "heif"),
    ("image/avif", "avif"),
    ("image/jxl", "jxl"),
    ("image/vnd.microsoft.icon", "ico"),
    ("image/vnd.adobe.photoshop", "psd"),
    ("image/vnd.dwg", "dwg"),
    ("image/vnd.dxf", "dxf"),
    ("audio/mpeg", "mp3 mp2"),
    ("audio/mp4", "m4a"),
    ("audio/aac", "aac"),
    ("audio/ogg", "ogg oga opus"),
    ("audio/flac", "flac"),
    ("audio/vnd.wave", "wav"),
    ("audio/midi", "mid midi"),
    ("audio/AMR", "amr"),
    ("audio/x-ms-wma", "wma"),
    ("video/mp4", "mp4 m4v"),
    ("video/quicktime", "mov qt"),
    ("video/webm", "webm"),
    ("video/matroska", "mkv"),
    ("video/x-msvideo", "avi"),
    ("video/x-ms-wmv", "wmv"),
    ("video/mpeg", "mpg mpeg"),
    ("video/3gpp", "3gp"),
    ("video/x-flv", "flv"),
    ("font/ttf", "ttf"),
    ("font/woff2", "woff2"),
    ("text/plain", "txt text log ini conf cfg md c h cc cpp rs go py rb java kt ts tsx diff patch tex bat ps1 srt asc pem"),
    ("text/html", "html htm"),
    ("text/csv", "csv"),
    ("text/css", "css"),
    ("text/javascript", "js mjs"),
    ("text/calendar", "ics"),
    ("text/vcard", "vcf"),
    ("application/octet-stream", "bin eml mht mhtml"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides_then_the_content() {
        let cases: [(&str, &[u8], &str); 16] = [
            ("工资条.PDF", b"PK\x03\x04", "application/pdf"),
            ("a.docx", b"", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            ("archive.tar.gz", b"", "application/gzip"),
            ("song.mp3", b"", "audio/mpeg"),
            ("photo", b"\xff\xd8\xff\xe0", "image/jpeg"),
            ("photo.unknown", b"\x89PNG\r\n\x1a\n....", "image/png"),
            ("clip", b"\0\0\0\x20ftypisom", "video/mp4"),
            ("sound", b"RIFF\0\0\0\0WAVEfmt ", "audio/vnd.wave"),
            ("README", b"# Title\n", "text/plain"),
            ("README", "中文".as_bytes(), "text/plain"),
            ("README", &"中文".as_bytes()[..5], "text/plain"),
            ("blob", b"a\0b", "application/octet-stream"),
            ("empty", b"", "application/octet-stream"),
            (".png", b"", "application/octet-stream"),
            ("mail.eml", b"From: a@b\r\n", "application/octet-stream"),
            ("latin1", b"caf\xe9 au lait", "application/octet-stream"),
        ];
        for (name, head, expected) in cases {
            assert_eq!(media_type_of(name, head), expected, "{name} {}", head.escape_ascii());
        }
    }

    #[test]
    fn each_name_has_one_type() {
        let mut all: Vec<&str> = TYPES.iter().flat_map(|(_, names)| names.split(' ')).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
