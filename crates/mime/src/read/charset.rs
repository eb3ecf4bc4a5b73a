//! Bytes to text: charset labels as mail uses them, labels that lie, and text without any label.
//!
//! A label is believed while its bytes decode. The exceptions are what real mail gets wrong: `gb2312` means
//! GB18030 (its superset), `us-ascii` with bytes above 127 means nothing, and text that is valid UTF-8 with
//! characters beyond ASCII is not the single-byte charset that it claims. Each departure is noted.

use std::borrow::Cow;
use std::sync::OnceLock;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, EUC_KR, Encoding, GB18030, GBK, ISO_2022_JP, SHIFT_JIS, UTF_8, WINDOWS_1252};
use memchr::{memchr, memchr_iter, memmem};

use crate::read::finding::{Code, Notes};

/// Bytes beyond ASCII, with their neighbours, that charset detection looks at; more hardly change its mind.
const DETECT_SAMPLE: usize = 2 << 10;
/// Bytes of a message searched for charset labels when its header has raw bytes.
const LABEL_WINDOW: usize = 256 << 10;
/// Labels tried there.
const LABELS_TRIED: usize = 8;

/// Where to look for what charset raw header bytes may be in; looked at once, when first needed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hint<'h> {
    /// The whole message: its parts' charset labels are likely the header's charset.
    raw: &'h [u8],
    /// The root's header section: more text to detect from than one field.
    section: &'h [u8],
    found: OnceLock<Vec<&'static Encoding>>,
}

impl<'h> Hint<'h> {
    pub(crate) fn of(raw: &'h [u8], section: &'h [u8]) -> Self {
        Self { raw, section, found: OnceLock::new() }
    }

    /// The charsets to try, the likeliest first.
    fn candidates(&self) -> &[&'static Encoding] {
        self.found.get_or_init(|| {
            let mut found: Vec<_> = labels_of(self.raw)
                .filter(|encoding| *encoding != WINDOWS_1252 && *encoding != UTF_8)
                .collect();
            if !is_plain(self.section) {
                found.push(detect(self.section));
            }
            found
        })
    }
}

enum Charset {
    Known(&'static Encoding),
    Ascii,
    Utf7,
    Hz,
    /// A label that says nothing (`unknown-8bit`) or is not known.
    Unknown,
}

/// What a label means in mail.
fn lookup(label: &str) -> Charset {
    if label.eq_ignore_ascii_case("utf-8") {
        return Charset::Known(UTF_8);
    }
    let label = label.trim().trim_matches(|c| c == '"' || c == '\'').to_ascii_lowercase();
    let label = label.strip_prefix("charset=").unwrap_or(&label);
    match label {
        "us-ascii" | "ascii" | "ansi_x3.4-1968" | "iso646-us" | "us" => Charset::Ascii,
        "utf-7" | "unicode-1-1-utf-7" | "x-unicode-2-0-utf-7" | "csunicode11utf7" => Charset::Utf7,
        "hz-gb-2312" | "hz" => Charset::Hz,
        "gb18030" | "cp936" | "ms936" | "windows-936" | "gb_2312" | "cn-gb" | "euc-cn" | "x-euc-cn"
        | "euccn" => Charset::Known(GB18030),
        "cp932" | "x-ms-cp932" | "sjis-win" => Charset::Known(SHIFT_JIS),
        "cp949" | "uhc" | "ks_c_5601" | "ksc5601" | "x-windows-949" => Charset::Known(EUC_KR),
        "cp950" | "big5hkscs" | "x-big5" | "windows-950" | "cn-big5" => Charset::Known(BIG5),
        "iso-2022-jp-1" | "iso-2022-jp-2" | "iso-2022-jp-3" | "iso-2022-jp-ms" | "cp50220" | "cp50221" => {
            Charset::Known(ISO_2022_JP)
        }
        "utf8mb4" | "utf-8mb4" | "utf_8" | "uft-8" | "uft8" | "utf-8-sig" => Charset::Known(UTF_8),
        _ => match Encoding::for_label(label.as_bytes()) {
            Some(encoding) if encoding == GBK => Charset::Known(GB18030),
            // WHATWG maps charsets that it refuses to decode to the replacement encoding.
            Some(encoding) if encoding == encoding_rs::REPLACEMENT => Charset::Unknown,
            Some(encoding) => Charset::Known(encoding),
            None => Charset::Unknown,
        },
    }
}

/// Decodes `bytes` that carry the label `label`.
pub(crate) fn decode_labelled<'b>(bytes: &'b [u8], label: &str, notes: &mut Notes) -> Cow<'b, str> {
    match lookup(label) {
        Charset::Known(encoding) => decode_known(bytes, encoding, label, notes),
        Charset::Ascii => match ascii(bytes) {
            Some(text) => Cow::Borrowed(text),
            None => {
                let (text, name) = decode_detected(bytes);
                notes.add(Code::CharsetLies, Some(&format!("{label} / {name}")));
                text
            }
        },
        Charset::Utf7 => Cow::Owned(encodify::utf7::MAIL.decode_lossy(bytes)),
        Charset::Hz => Cow::Owned(decode_hz(bytes, notes)),
        Charset::Unknown => {
            notes.add(Code::UnknownCharset, Some(label));
            decode_detected(bytes).0
        }
    }
}

fn decode_known<'b>(
    bytes: &'b [u8],
    encoding: &'static Encoding,
    label: &str,
    notes: &mut Notes,
) -> Cow<'b, str> {
    let encoding = Encoding::for_bom(bytes).map_or(encoding, |(found, _)| found);
    if encoding == UTF_8
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text));
    }
    if encoding.is_single_byte()
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        if !text.is_ascii() {
            notes.add(Code::CharsetLies, Some(&format!("{label} / UTF-8")));
        }
        return Cow::Borrowed(text);
    }
    let (text, errors) = encoding.decode_with_bom_removal(bytes);
    if !errors {
        if encoding == GB18030 && claims_gb2312(label) && !is_gb2312(bytes) {
            notes.add(Code::Gb2312IsGbk, Some(label));
        }
        return text;
    }
    if encoding == ISO_2022_JP && bytes.is_ascii() {
        return decode_iso_2022_jp(bytes, text, notes);
    }
    if let Ok(utf8) = std::str::from_utf8(bytes) {
        notes.add(Code::CharsetLies, Some(&format!("{label} / UTF-8")));
        return Cow::Borrowed(utf8);
    }
    // A few broken characters are broken characters; many are another charset.
    let marks = text.matches('\u{fffd}').count();
    let above = bytes.iter().filter(|byte| **byte >= 0x80).count();
    if marks * 8 > above {
        let guess = detect(bytes);
        if guess != encoding
            && let Some(other) = guess.decode_without_bom_handling_and_without_replacement(bytes)
        {
            notes.add(Code::CharsetLies, Some(&format!("{label} / {}", guess.name())));
            return other;
        }
    }
    notes.add(Code::Undecodable, Some(label));
    text
}

/// Decodes ISO-2022-JP once more, without escape sequences that the next one follows at once: senders write
/// them, decoders take them for errors.
fn decode_iso_2022_jp<'b>(bytes: &'b [u8], first: Cow<'b, str>, notes: &mut Notes) -> Cow<'b, str> {
    let mut kept = Vec::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        kept.push(*byte);
        if *byte == 0x1b && kept.len() >= 4 && kept[kept.len() - 4] == 0x1b && at + 2 < bytes.len() {
            kept.drain(kept.len() - 4..kept.len() - 1);
        }
    }
    if let Some(text) = ISO_2022_JP.decode_without_bom_handling_and_without_replacement(&kept) {
        return Cow::Owned(text.into_owned());
    }
    notes.add(Code::Undecodable, Some("iso-2022-jp"));
    first
}

/// Decodes bytes without a label: UTF-8 where valid, otherwise what they look like, with its name.
pub(crate) fn decode_detected(bytes: &[u8]) -> (Cow<'_, str>, &'static str) {
    if memchr(0x1b, bytes).is_none()
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return (Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)), "UTF-8");
    }
    if mostly_utf8(bytes) {
        return (String::from_utf8_lossy(bytes), "UTF-8");
    }
    let guess = Encoding::for_bom(bytes).map_or_else(|| detect(bytes), |(found, _)| found);
    (guess.decode_with_bom_removal(bytes).0, guess.name())
}

fn claims_gb2312(label: &str) -> bool {
    ["gb2312", "gb_2312-80", "gb_2312", "csgb2312", "euc-cn", "cn-gb", "x-euc-cn", "euccn"]
        .iter()
        .any(|name| label.trim().eq_ignore_ascii_case(name))
}

/// Whether bytes keep within GB 2312-80: ASCII, and pairs of which both bytes lie in 0xA1 to 0xFE.
fn is_gb2312(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte >= 0x80) {
        match rest[at..] {
            [0xa1..=0xf7, 0xa1..=0xfe, ..] => rest = &rest[at + 2..],
            _ => return false,
        }
    }
    true
}

/// Whether bytes are UTF-8 with little that is broken, which no other charset looks like.
fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut broken) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    good >= 4 && good >= 8 * broken
}

fn detect(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    if bytes.is_ascii() {
        let start = memchr(0x1b, bytes).unwrap_or(0);
        detector.feed(&bytes[start..bytes.len().min(start + DETECT_SAMPLE)], true);
    } else {
        detector.feed(&sample(bytes), true);
    }
    widest(detector.guess(None, Utf8Detection::Allow))
}

/// The words with bytes beyond ASCII, each with the bytes around it that tell letters from marks.
fn sample(bytes: &[u8]) -> Vec<u8> {
    const BEFORE: usize = 2;
    let mut out = Vec::with_capacity(DETECT_SAMPLE + 64);
    let mut at = 0;
    while out.len() < DETECT_SAMPLE {
        let Some(found) = bytes[at..].iter().position(|byte| *byte >= 0x80) else { break };
        let start = at.max((at + found).saturating_sub(BEFORE));
        // A double-byte character may end in an ASCII byte: the run ends where two follow each other.
        let run = bytes[at + found..].windows(2).position(|pair| pair.is_ascii());
        let end = run.map_or(bytes.len(), |length| at + found + length + 1);
        let end = end.min(start + DETECT_SAMPLE);
        out.extend_from_slice(&bytes[start..end]);
        at = end;
    }
    out
}

/// GB18030 for GBK: its superset, decoded by the same tables.
fn widest(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == GBK { GB18030 } else { encoding }
}

/// Text of header bytes that stand there raw: ASCII or UTF-8 as it is, otherwise in the charset that the
/// message's own labels or the bytes suggest.
pub(crate) fn decode_raw_header<'b>(bytes: &'b [u8], hint: &Hint<'_>, notes: &mut Notes) -> Cow<'b, str> {
    if memchr(0x1b, bytes).is_none()
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return Cow::Borrowed(text);
    }
    if mostly_utf8(bytes) {
        notes.add(Code::Undecodable, Some("UTF-8"));
        return String::from_utf8_lossy(bytes);
    }
    // A lone ESC is a control character, not a charset.
    if bytes.is_ascii() && memmem::find(bytes, b"\x1b$").is_none() && memmem::find(bytes, b"\x1b(").is_none()
    {
        return String::from_utf8_lossy(bytes);
    }
    let own = std::iter::once_with(|| detect(bytes));
    for encoding in hint.candidates().iter().copied().chain(own) {
        if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes)
            && !text.contains('\u{1b}')
        {
            notes.add(Code::RawHeaderBytes, Some(encoding.name()));
            return text;
        }
    }
    notes.add(Code::RawHeaderBytes, Some("UTF-8"));
    notes.add(Code::Undecodable, Some("UTF-8"));
    String::from_utf8_lossy(bytes)
}

/// The charsets that labels in `raw` name, in order.
fn labels_of(raw: &[u8]) -> impl Iterator<Item = &'static Encoding> {
    let window = &raw[..raw.len().min(LABEL_WINDOW)];
    memmem::find_iter(window, b"harset=").take(LABELS_TRIED).filter_map(move |at| {
        let label = label_at(&window[at + 7..]);
        match lookup(&String::from_utf8_lossy(label)) {
            Charset::Known(encoding) => Some(encoding),
            _ => None,
        }
    })
}

/// The charset label at the start of `bytes`, quotes dropped.
fn label_at(bytes: &[u8]) -> &[u8] {
    let start = usize::from(matches!(bytes.first(), Some(b'"' | b'\'')));
    let rest = &bytes[start..];
    let end = rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"-_.:+".contains(byte)));
    &rest[..end.unwrap_or(rest.len())]
}

fn ends_with(bytes: &[u8], name: &[u8]) -> bool {
    bytes.len() >= name.len() && bytes[bytes.len() - name.len()..].eq_ignore_ascii_case(name)
}

/// The charset that HTML names in its first kilobytes (`<meta charset=…>`, `http-equiv` or an XML head).
pub(crate) fn label_in_html(html: &[u8]) -> Option<String> {
    const WINDOW: usize = 4 << 10;
    let window = &html[..html.len().min(WINDOW)];
    let is_xml = window.starts_with(b"<?xml");
    let names = |at: &usize| {
        ends_with(&window[..*at], b"charset") || (is_xml && ends_with(&window[..*at], b"encoding"))
    };
    let at = memchr_iter(b'=', window).find(names)? + 1;
    let label = label_at(&window[at..]);
    (!label.is_empty()).then(|| String::from_utf8_lossy(label).to_ascii_lowercase())
}

/// Whether two labels mean the same charset.
pub(crate) fn same(a: &str, b: &str) -> bool {
    match (lookup(a), lookup(b)) {
        (Charset::Known(a), Charset::Known(b)) => a == b,
        (Charset::Ascii, Charset::Ascii) | (Charset::Utf7, Charset::Utf7) | (Charset::Hz, Charset::Hz) => {
            true
        }
        // Every charset that HTML may name agrees with ASCII on ASCII.
        (Charset::Ascii, Charset::Known(_)) | (Charset::Known(_), Charset::Ascii) => true,
        _ => a.eq_ignore_ascii_case(b),
    }
}

/// Whether bytes are whole text in the charset that `label` names.
pub(crate) fn is_sound(bytes: &[u8], label: &str) -> bool {
    match lookup(label) {
        Charset::Known(encoding) => !encoding.decode_without_bom_handling(bytes).1,
        _ => true,
    }
}

/// Whether bytes are ASCII and hold no escape sequence: the same text in every charset of mail but UTF-7.
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    bytes.is_ascii() && memchr(0x1b, bytes).is_none()
}

fn ascii(bytes: &[u8]) -> Option<&str> {
    if bytes.is_ascii() { std::str::from_utf8(bytes).ok() } else { None }
}

/// HZ (RFC 1843): `~{` begins two-byte characters in seven bits, `~}` ends them, `~~` is a tilde.
fn decode_hz(bytes: &[u8], notes: &mut Notes) -> String {
    let mut eight = Vec::with_capacity(bytes.len());
    let mut double = false;
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'~', Some(b'{')) if !double => (double, at) = (true, at + 2),
            (b'~', Some(b'}')) if double => (double, at) = (false, at + 2),
            (b'~', Some(b'~')) if !double => {
                eight.push(b'~');
                at += 2;
            }
            (b'~', Some(b'\n')) if !double => at += 2,
            (b'\n', _) => {
                eight.push(b'\n');
                (double, at) = (false, at + 1);
            }
            (first, Some(second)) if double => {
                eight.extend_from_slice(&[first | 0x80, second | 0x80]);
                at += 2;
            }
            (byte, _) => {
                eight.push(byte);
                at += 1;
            }
        }
    }
    let (text, errors) = GB18030.decode_without_bom_handling(&eight);
    if errors {
        notes.add(Code::Undecodable, Some("HZ-GB-2312"));
    }
    text.into_owned()
}
