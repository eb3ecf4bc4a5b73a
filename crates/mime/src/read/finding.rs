//! What the reader noticed: one table of codes, each with its severity and its sentence in both languages.
//!
//! A code is stable and may be relied upon by programs; the sentences are for people. `{}` in a sentence is
//! the finding's detail: data of the message, bounded and with control characters made visible.

use std::ops::Range;

use crate::read::safe;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// A departure from the standards or from good practice that changes no reader's understanding.
    Lint,
    /// Something was broken and has been put right; the text says how.
    Repair,
    /// Something is broken, and content may be missing or wrong for it.
    Defect,
    /// Two readers may see two different messages.
    Ambiguity,
}

impl Severity {
    /// The stable lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Lint => "lint",
            Severity::Repair => "repair",
            Severity::Defect => "defect",
            Severity::Ambiguity => "ambiguity",
        }
    }
}

/// Bytes of message data quoted in one finding's detail.
const MAX_DETAIL: usize = 160;

/// One thing noticed about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was noticed.
    pub code: Code,
    /// Index of the part it was noticed in.
    pub part: usize,
    /// Bytes of the raw message that it is about.
    pub range: Range<usize>,
    detail: Option<Box<str>>,
}

impl Finding {
    /// A finding about `range` in `part`; `detail` is made terminal-safe and bounded.
    pub fn new(code: Code, part: usize, range: Range<usize>, detail: Option<&str>) -> Self {
        let detail = detail.map(|text| {
            let cut = floor_char_boundary(text, MAX_DETAIL);
            let mut shown = safe::line(&text[..cut]).into_owned();
            if cut < text.len() {
                shown.push('…');
            }
            shown.into_boxed_str()
        });
        Self { code, part, range, detail }
    }

    /// How much it matters.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// The English sentence; safe to print on a terminal.
    pub fn text(&self) -> String {
        self.fill(self.code.english())
    }

    /// The sentence in simplified Chinese; safe to print on a terminal.
    pub fn zh(&self) -> String {
        self.fill(self.code.chinese())
    }

    fn fill(&self, sentence: &str) -> String {
        sentence.replacen("{}", self.detail.as_deref().unwrap_or("?"), 1)
    }
}

/// The largest index not above `at` where `text` may be cut.
pub(crate) fn floor_char_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Findings of one message, bounded: beyond the bound they are only counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    bound: usize,
    beyond: usize,
}

impl Findings {
    pub(crate) fn bounded(bound: usize) -> Self {
        Self { list: Vec::new(), bound, beyond: 0 }
    }

    pub(crate) fn add(&mut self, code: Code, part: usize, range: Range<usize>, detail: Option<&str>) {
        if self.list.len() < self.bound {
            self.list.push(Finding::new(code, part, range, detail));
        } else {
            self.beyond += 1;
        }
    }

    pub(crate) fn overflowed(&self) -> bool {
        self.beyond > 0
    }

    pub(crate) fn as_slice(&self) -> &[Finding] {
        &self.list
    }

    /// The findings, with one more that counts those beyond the bound.
    pub(crate) fn finish(mut self) -> Vec<Finding> {
        if self.beyond > 0 {
            let count = self.beyond.to_string();
            self.list.push(Finding::new(Code::MoreFindings, 0, 0..0, Some(&count)));
        }
        self.list
    }
}

/// What a decoder noticed, before it is known where in the message the bytes lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) code: Code,
    pub(crate) detail: Option<Box<str>>,
}

/// Notes of decoding one value; the same code is kept once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Vec<Note>);

impl Notes {
    pub(crate) fn add(&mut self, code: Code, detail: Option<&str>) {
        if self.0.iter().all(|note| note.code != code) {
            self.0.push(Note { code, detail: detail.map(Into::into) });
        }
    }

    pub(crate) fn has(&self, code: Code) -> bool {
        self.0.iter().any(|note| note.code == code)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Note> {
        self.0.iter()
    }

    /// Adds every note to `notes`.
    pub(crate) fn file_into(self, notes: &mut Notes) {
        for note in self.0 {
            notes.add(note.code, note.detail.as_deref());
        }
    }

    /// Files every note as a finding about `range` of `part`.
    pub(crate) fn file(self, part: usize, range: Range<usize>, findings: &mut Findings) {
        for note in self.0 {
            findings.add(note.code, part, range.clone(), note.detail.as_deref());
        }
    }
}

macro_rules! codes {
    ($($name:ident $severity:ident $code:literal $english:literal $chinese:literal)*) => {
        /// What can be noticed about a message. The names in lower case are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code { $(#[doc = $english] $name,)* }

        impl Code {
            /// Every code, in the table's order.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The stable name, in lower case with hyphens.
            pub fn name(self) -> &'static str {
                match self { $(Code::$name => $code,)* }
            }

            /// How much it matters.
            pub fn severity(self) -> Severity {
                match self { $(Code::$name => Severity::$severity,)* }
            }

            fn english(self) -> &'static str {
                match self { $(Code::$name => $english,)* }
            }

            fn chinese(self) -> &'static str {
                match self { $(Code::$name => $chinese,)* }
            }
        }
    };
}

codes! {
    // Bounds.
    MoreFindings Defect "more-findings" "Further findings, not listed: {}." "另有未列出的发现：{} 条。"
    TooDeep Defect "too-deep" "The parts nest deeper than {} levels; what lies deeper is left as one body." "嵌套超过 {} 层；更深的内容未再拆分。"
    TooManyParts Defect "too-many-parts" "There are more than {} parts; the rest is left unsplit." "部分超过 {} 个；其余内容未再拆分。"
    TooManyFields Defect "too-many-fields" "There are more than {} header fields; the rest are not listed." "头字段超过 {} 个；其余未列出。"
    TooManyParameters Defect "too-many-parameters" "A field has more than {} parameters; the rest are not read." "一个字段的参数超过 {} 个；其余未读。"
    TooManyAddresses Defect "too-many-addresses" "A field has more than {} addresses; the rest are not read." "一个字段的地址超过 {} 个；其余未读。"
    ValueTooLong Defect "value-too-long" "A header field is longer than {} bytes; only its beginning is decoded." "一个头字段超过 {} 字节；只解码了开头。"
    TextCut Defect "text-cut" "The text is longer than {} bytes; the summary carries its beginning." "正文超过 {} 字节；摘要只含开头部分。"
    TooManyEmbedded Defect "too-many-embedded" "Too many encoded messages lie inside this one; this one is not opened." "内含的已编码邮件过多；此处未再打开。"

    // Line ends and the frame of the message.
    BareCrLines Repair "bare-cr-line-ends" "Lines end in a bare CR; each is read as a line end." "行以单独的 CR 结尾；已按换行处理。"
    BareLf Lint "bare-lf" "Lines that end in a bare LF, where mail on the wire has CRLF: {}." "有 {} 行以单独的 LF 结尾，传输中的邮件应为 CRLF。"
    BareCr Lint "bare-cr" "CR without LF in the message (RFC 5322 §2.3 forbids it): {}." "邮件中有 {} 个 CR 后面没有 LF（RFC 5322 §2.3 禁止）。"
    BareCrInHeader Ambiguity "bare-cr-in-header" "A CR without LF stands in a header; some programs take it for a line end." "头部有单独的 CR；有的程序会把它当作换行。"
    NulByte Defect "nul-byte" "NUL bytes in the message (RFC 5322 §3.5 forbids them): {}." "邮件中有 {} 个 NUL 字节（RFC 5322 §3.5 禁止）。"
    LineTooLong Lint "line-too-long" "Lines longer than the 998 bytes of RFC 5322 §2.1.1: {}." "有 {} 行超过 998 字节（RFC 5322 §2.1.1）。"
    HeaderLineLong Lint "header-line-long" "Header lines longer than the 78 characters that RFC 5322 §2.1.1 recommends: {}." "有 {} 行头部超过建议的 78 个字符（RFC 5322 §2.1.1）。"
    ByteOrderMark Repair "byte-order-mark" "A byte order mark stands before the header; it is passed over." "邮件头前有字节顺序标记，已略过。"
    LeadingBlankLine Ambiguity "leading-blank-line" "Blank lines stand before the header; strictly the header is empty and all the rest body." "邮件头前有空行；严格说邮件头为空，其余都是正文。"
    MboxFromLine Lint "mbox-from-line" "A From_ line of an mbox file stands before the header; it is no header field." "邮件头前有 mbox 的 From_ 行，它不是头字段。"

    // Header sections.
    NoHeader Defect "no-header" "There is no header field at all." "没有任何头字段。"
    MissingBlankLine Ambiguity "missing-blank-line" "No blank line ends the header; the body is taken to begin at {}." "邮件头后没有空行；从 {} 处起视为正文。"
    HeaderJunkLine Ambiguity "header-junk-line" "A header line is no field: {}. Some programs end the header there." "头部有一行不是字段：{}。有的程序会在此结束头部。"
    HeaderBlankish Ambiguity "header-blank-looking-line" "A header line holds only spaces; some programs end the header there." "头部有一行只含空白；有的程序会在此结束头部。"
    ContinuationFirst Repair "continuation-first" "The header begins with a continuation line." "头部以续行开始。"
    SpaceBeforeColon Lint "space-before-colon" "A space stands before the colon of {}." "{} 的冒号前有空格。"
    EightBitHeader Lint "8-bit-header" "The field {} holds bytes above 127 (only RFC 6532 mail may, as UTF-8)." "字段 {} 含有 127 以上的字节（只有 RFC 6532 邮件可用 UTF-8）。"
    MissingDate Lint "missing-date" "There is no Date field (RFC 5322 §3.6 requires one)." "没有 Date 字段（RFC 5322 §3.6 要求）。"
    MissingFrom Lint "missing-from" "There is no From field (RFC 5322 §3.6 requires one)." "没有 From 字段（RFC 5322 §3.6 要求）。"
    MissingMessageId Lint "missing-message-id" "There is no Message-ID field (RFC 5322 §3.6.4 wants one)." "没有 Message-ID 字段（RFC 5322 §3.6.4 建议）。"
    MissingSender Lint "missing-sender" "From names several people, so a Sender is required (RFC 5322 §3.6.2)." "From 有多人，必须有 Sender（RFC 5322 §3.6.2）。"
    DuplicateField Ambiguity "duplicate-field" "A field stands more than once, programs differ in which they take: {}." "一个字段出现多次，各程序取用的不同：{}。"
    RepeatedField Lint "repeated-field" "The field {} stands more than once with the same value." "字段 {} 以相同内容重复出现。"
    BccPresent Lint "bcc-present" "A Bcc field names hidden recipients to everyone who gets this message." "含有 Bcc 字段：每个收件人都能看到密送名单。"
    BadDate Defect "bad-date" "The date cannot be read: {}." "无法读出日期：{}。"
    OddDate Repair "odd-date" "The date is not in the form of RFC 5322 §3.3 but can be read: {}." "日期不合 RFC 5322 §3.3 的写法，但仍可读出：{}。"
    BadMessageId Lint "bad-message-id" "The Message-ID is not of the form <left@right>: {}." "Message-ID 不是 <左@右> 的形式：{}。"
    NoMimeVersion Lint "no-mime-version" "MIME fields are used without MIME-Version: 1.0 (RFC 2045 §4)." "使用了 MIME 字段，但没有 MIME-Version: 1.0（RFC 2045 §4）。"

    // Encoded words and raw bytes in headers.
    SplitCharacter Repair "split-character" "A character was split over two encoded words or pieces; they were joined." "一个字符被拆在两个编码词或分段中，已合并。"
    SplitBase64 Repair "split-base64-word" "Base64 was split inside a group over two encoded words; they were joined." "base64 在组的中间被拆到两个编码词，已合并。"
    WordNotSeparate Repair "word-not-separate" "An encoded word touches other text (RFC 2047 §5 wants space around); it was decoded." "编码词与其他文字相连（RFC 2047 §5 要求隔开），已解码。"
    WordInQuotes Repair "word-in-quotes" "An encoded word stands in a quoted string (RFC 2047 §5 forbids it); it was decoded." "编码词在引号内（RFC 2047 §5 禁止），已解码。"
    WordInParameter Repair "word-in-parameter" "An encoded word stands in a parameter (RFC 2231 replaces it); it was decoded." "参数里用了编码词（应按 RFC 2231），已解码。"
    BrokenWord Defect "broken-word" "An encoded word is malformed; it is left or decoded as far as it goes: {}." "编码词不完整，已尽量解码：{}。"
    WordWithSpace Repair "word-with-space" "An encoded word holds spaces; it was decoded all the same." "编码词里有空格，仍已解码。"
    RawHeaderBytes Repair "raw-header-bytes" "Raw bytes stand in a header without a charset; they were read as {}." "头部有未标明字符集的原始字节，按 {} 解读。"

    // Addresses.
    AddressSyntax Defect "address-syntax" "An address cannot be read whole: {}." "地址无法完整读出：{}。"
    AddressBrackets Repair "address-brackets" "An address lacks an angle bracket: {}." "地址缺少尖括号：{}。"
    AddressTwo Ambiguity "address-two" "A display name is itself an address, unlike the one in brackets: {}." "显示名本身是另一个地址，与尖括号内的不同：{}。"
    AddressRoute Lint "address-route" "An address carries an obsolete route (RFC 5322 §4.4); it was dropped." "地址带有过时的路由（RFC 5322 §4.4），已略去。"
    AddressSemicolon Repair "address-semicolon" "Addresses are separated by semicolons instead of commas." "地址之间用了分号而不是逗号。"
    AddressNoDomain Lint "address-no-domain" "An address has no domain: {}." "地址没有域名：{}。"

    // Content-Type and other structured fields.
    TwoContentTypes Ambiguity "two-content-types" "Two Content-Types are given: {}." "给出了两个 Content-Type：{}。"
    TwoEncodings Ambiguity "two-encodings" "Two Content-Transfer-Encodings are given: {}." "给出了两个 Content-Transfer-Encoding：{}。"
    BadContentType Defect "bad-content-type" "The Content-Type cannot be read and counts as text/plain: {}." "无法读出 Content-Type，按 text/plain 处理：{}。"
    DuplicateParameter Ambiguity "duplicate-parameter" "A parameter is given twice: {}." "一个参数给了两次：{}。"
    OpenQuote Repair "open-quote" "A quoted string has no end." "引号没有结束。"
    UnquotedValue Repair "unquoted-value" "A parameter's value should be quoted: {}." "参数值应加引号：{}。"
    StrayBackslash Repair "stray-backslash" "A backslash in a quoted string escapes nothing; it was kept." "引号内的反斜杠没有转义任何字符，已保留。"
    FoldedValue Repair "folded-after-equals" "A parameter's value stands on another line than its name: {}." "参数值与参数名不在同一行：{}。"
    BrokenParameter Repair "broken-parameter" "A parameter's pieces or percent signs (RFC 2231) are malformed; read as far as they go: {}." "参数的分段或百分号（RFC 2231）不规范，已尽量读出：{}。"
    TwoFileNames Ambiguity "two-file-names" "Two file names are given: {}." "给出了两个文件名：{}。"

    // Structure.
    NoBoundary Defect "no-boundary" "A multipart names no boundary." "multipart 没有给出 boundary。"
    BoundaryGuessed Repair "boundary-guessed" "The boundary given never occurs; the parts are split at {}." "给出的 boundary 没有出现；按 {} 拆分。"
    BoundaryTooLong Lint "boundary-too-long" "A boundary is longer than the 70 characters of RFC 2046 §5.1.1." "boundary 超过 70 个字符（RFC 2046 §5.1.1）。"
    BoundaryBlankEnd Ambiguity "boundary-blank-end" "A boundary ends with a blank, which RFC 2046 §5.1.1 forbids; programs differ in whether it counts." "boundary 以空白结尾（RFC 2046 §5.1.1 禁止）；各程序是否计入并不一致。"
    BoundaryReused Ambiguity "boundary-reused" "A multipart uses the boundary of one around it: {}." "multipart 用了外层的 boundary：{}。"
    BoundaryPrefix Ambiguity "boundary-prefix" "A line begins with a boundary but goes on; RFC 2046 readers split there, most others do not: {}." "一行以 boundary 开头但后面还有内容；有的程序会在此拆分：{}。"
    BoundaryAfterCr Ambiguity "boundary-after-bare-cr" "A boundary follows a bare CR; some programs split there." "boundary 前是单独的 CR；有的程序会在此拆分。"
    NoParts Defect "no-parts" "A multipart holds no part." "multipart 里没有任何部分。"
    MissingClose Ambiguity "missing-close-delimiter" "A multipart has no closing boundary; it ends with what holds it." "multipart 没有结束 boundary；随外层一起结束。"
    PartAfterClose Ambiguity "part-after-close" "A part follows the closing boundary of its multipart; many programs do not show it." "结束 boundary 之后还有部分；许多程序不会显示。"
    TextAfterClose Lint "text-after-close" "Text follows the closing boundary of the multipart." "结束 boundary 之后还有文字。"
    EncodedContainer Ambiguity "encoded-container" "A {} is transfer-encoded, which RFC 2045 §6.4 forbids; some programs decode it, some do not." "{} 做了传输编码（RFC 2045 §6.4 禁止）；有的程序解码，有的不解码。"

    PartialMessage Defect "partial-message" "This is a piece of a larger message, whose other pieces came by themselves (RFC 2046 §5.2.2): {}." "这是一封大邮件的一段，其余各段另行寄送（RFC 2046 §5.2.2）：{}。"
    ExternalBody Defect "external-body" "The content is not in this mail but elsewhere (RFC 2046 §5.2.3): {}." "内容不在邮件里，而在别处（RFC 2046 §5.2.3）：{}。"

    // Files inside parts.
    Tnef Repair "winmail-dat" "Outlook packed the attachments into a winmail.dat; they were taken out: {}." "Outlook 把附件打包成 winmail.dat，已取出：{}。"
    TnefBroken Defect "winmail-dat-broken" "The winmail.dat is broken; it was read up to byte {}." "winmail.dat 已损坏，只读到第 {} 字节。"
    UuInText Repair "uuencode-in-text" "A uuencoded file stands within the text; it was taken out: {}." "正文里夹有 uuencode 编码的文件，已取出：{}。"
    TooMuchUnpacked Defect "too-much-unpacked" "More lies inside this part than is taken out: over {} files, or over 256 MiB." "该部分内含的文件过多（超过 {} 个或 256 MiB），其余未取出。"

    // Transfer encodings.
    UnknownEncoding Defect "unknown-encoding" "The transfer encoding {} is unknown; the body is left as it is." "未知的传输编码 {}；正文保持原样。"
    OddEncodingName Repair "odd-encoding-name" "The transfer encoding is written {}." "传输编码写作 {}。"
    UndeclaredEncoding Repair "undeclared-encoding" "The part is encoded although it does not say so; it was decoded: {}." "该部分已编码却没有标明，已解码：{}。"
    Base64BadBytes Defect "base64-bad-bytes" "Bytes that are no base64, passed over: {}." "有 {} 个字节不属于 base64，已略过。"
    Base64NotPadded Repair "base64-not-padded" "Base64 ends without its padding." "base64 结尾缺少填充。"
    Base64Dangling Defect "base64-dangling" "Base64 ends in the middle of a byte; its last character was lost." "base64 在一个字节中间结束；最后一个字符丢失。"
    Base64AfterPadding Ambiguity "base64-after-padding" "Base64 goes on after its padding: {}." "base64 在填充之后仍有数据：{}。"
    Base64Trailing Defect "base64-trailing-text" "Bytes of other text behind the base64, not decoded: {}." "base64 之后有 {} 字节其他文字，未解码。"
    Base64NotBase64 Ambiguity "not-base64" "The body is labelled base64 but is none; it is left as it is." "正文标为 base64 但并不是，保持原样。"
    Base64Url Ambiguity "base64-url-alphabet" "Base64 uses - and _; they were read as + and /." "base64 用了 - 和 _；按 + 和 / 解读。"
    QpBadEscape Defect "quoted-printable-bad-escape" "Signs = that no hexadecimal pair follows, kept as they are: {}." "有 {} 处 = 后面不是十六进制数，已保留原样。"
    UuBadLine Defect "uuencode-bad-line" "Lines that are no uuencode, not decoded: {}." "有 {} 行不是 uuencode，未解码。"
    UuNoEnd Defect "uuencode-no-end" "The uuencoded data has no end line." "uuencode 数据没有结束行。"
    UuNoBegin Ambiguity "uuencode-no-begin" "The body is labelled uuencode but has no begin line; it is left as it is." "正文标为 uuencode 但没有 begin 行，保持原样。"
    EightBitIn7Bit Lint "8-bit-in-7bit" "A part holds bytes above 127 but is labelled {}." "部分内容含 127 以上的字节，却标为 {}。"

    // Charsets.
    UnknownCharset Repair "unknown-charset" "The charset {} is not known; the text was read as what it looks like." "未知字符集 {}；按内容推断解读。"
    Gb2312IsGbk Repair "gb2312-is-gbk" "The text names {} but uses characters of GBK; it was read as GB18030." "文字标为 {}，却用了 GBK 的字符；已按 GB18030 解读。"
    CharsetMissing Repair "charset-missing" "The text names no charset; it was read as {}." "正文没有标明字符集；按 {} 解读。"
    CharsetLies Ambiguity "charset-lies" "The text is not in the charset it names: {}." "正文并不是所标的字符集：{}。"
    CharsetFromHtml Repair "charset-from-html" "The charset was taken from the HTML itself: {}." "字符集取自 HTML 本身：{}。"
    Undecodable Defect "undecodable-bytes" "Some bytes are no text in {}; a mark stands in their place." "有些字节在 {} 中不成文字，以标记代替。"
    HtmlCharsetDiffers Ambiguity "html-charset-differs" "The HTML names another charset than the part: {}." "HTML 标明的字符集与该部分不同：{}。"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_kebab_case_and_speak_both_languages() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.name()), "{} stands twice", code.name());
            assert!(code.name().bytes().all(|b| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit()));
            assert_eq!(code.english().contains("{}"), code.chinese().contains("{}"), "{}", code.name());
            assert!(code.chinese().chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)));
        }
    }

    #[test]
    fn details_are_bounded_and_made_visible() {
        let finding = Finding::new(Code::BadDate, 0, 0..0, Some(&"\u{1b}[31m年".repeat(100)));
        assert!(finding.text().contains("\\x1b[31m"));
        assert!(!finding.text().contains('\u{1b}'));
        assert!(finding.text().len() < 1000);
    }

    #[test]
    fn findings_beyond_the_bound_are_counted() {
        let mut findings = Findings::bounded(2);
        for at in 0..5 {
            findings.add(Code::MissingDate, 0, at..at, None);
        }
        let list = findings.finish();
        assert_eq!(list.len(), 3);
        assert_eq!(list[2].text(), "Further findings, not listed: 3.");
    }
}
