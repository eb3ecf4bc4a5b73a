//! Addresses as people write them into a cell: with names, several at a time, in full-width characters, copied from
//! web pages with what nobody sees.
//!
//! What can be read in one way only is repaired and told; what could be read in two ways is refused with its place in
//! the cell. A line break separates addresses; inside of one, and every other control character anywhere, it is refused,
//! so that what comes out can stand in a header and in a command.

use std::fmt;

use hongyan_mime::address::{AddressErrorKind as Grammar, Mailbox};
use hongyan_proto::address::Address;
use hongyan_proto::said::{Said, said};

use super::grid::{is_blank, is_invisible};
use super::limits::MAX_ADDRESSES;

/// Why a cell's text is no list of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError {
    /// The address, or what stands in its place, with anything unprintable escaped; shortened to 80 characters.
    pub given: String,
    /// What is wrong with it.
    pub kind: AddressProblem,
}

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressProblem {
    /// NUL or another control character, or a line break inside of an address.
    Control,
    /// There is no `@`.
    NoAt,
    /// Two addresses with nothing between them that separates them.
    NotSeparated,
    /// A quotation mark is not closed.
    OpenQuote,
    /// A `<` without `>`, or the other way round.
    OpenBracket,
    /// Something follows the address.
    Trailing,
    /// The part before the `@` is not valid.
    BadLocal,
    /// The part behind the `@` is not a domain.
    BadDomain,
    /// Longer than addresses can be (254 octets; 64 before the `@`).
    TooLong,
    /// A space within the address.
    Space,
    /// More than [`MAX_ADDRESSES`] in a cell.
    TooMany,
}

impl AddressError {
    fn new(given: &str, kind: AddressProblem) -> Self {
        let shown: String = given.trim().chars().take(80).flat_map(char::escape_debug).collect();
        Self { given: shown, kind }
    }

    /// For people.
    pub fn said(&self) -> Said {
        let given = &self.given;
        let (en, zh) = match self.kind {
            AddressProblem::Control => ("holds a control character", "含有控制字符"),
            AddressProblem::NoAt => ("is no mail address: there is no @", "不是邮箱地址：缺少 @"),
            AddressProblem::NotSeparated => {
                ("holds two addresses; put a comma between them", "包含两个地址，请用逗号分隔")
            }
            AddressProblem::OpenQuote => ("has a quotation mark that is not closed", "的引号没有结束"),
            AddressProblem::OpenBracket => (
                "has a bracket that is not closed; write Name <name@example.org>",
                "的尖括号不成对，应写成 姓名 <name@example.org>",
            ),
            AddressProblem::Trailing => ("goes on after the address", "的地址之后还有内容"),
            AddressProblem::BadLocal => ("is not valid before the @", "的 @ 前部分无效"),
            AddressProblem::BadDomain => ("is not valid behind the @", "的 @ 后部分不是有效域名"),
            AddressProblem::TooLong => ("is longer than an address can be", "超过邮箱地址的最大长度"),
            AddressProblem::Space => ("holds a space", "中间有空格"),
            AddressProblem::TooMany => {
                ("is one of more than 1,000 addresses in the cell", "所在单元格的地址超过 1,000 个")
            }
        };
        said(format!("“{given}” {en}"), format!("“{given}”{zh}"))
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said().en)
    }
}

impl std::error::Error for AddressError {}

/// What was repaired in a cell's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Repair {
    /// Full-width characters became ordinary ones: `＠`, `．`, letters.
    FullWidth,
    /// Characters that nobody sees were left out.
    Invisible,
    /// `mailto:` was left out.
    MailTo,
    /// A dot or another sign at the end was left out.
    AtTheEnd,
    /// Quotation marks around the address were left out.
    Quotes,
    /// The name stood before the address without `<` and `>`.
    Brackets,
}

impl Repair {
    /// For people.
    pub fn said(self) -> Said {
        match self {
            Self::FullWidth => said("full-width characters were made ordinary ones", "全角字符已改为半角"),
            Self::Invisible => said("invisible characters were left out", "已去掉看不见的字符"),
            Self::MailTo => said("mailto: was left out", "已去掉 mailto:"),
            Self::AtTheEnd => said("a sign at the end was left out", "已去掉末尾的标点"),
            Self::Quotes => said("quotation marks around the address were left out", "已去掉地址两边的引号"),
            Self::Brackets => said("the address stood without < and >", "地址两边缺少尖括号，已补上"),
        }
    }
}

/// Reads the addresses of a cell: `张三 <zhang@example.org>; li@例子.example`. Separators are `,` `;` `，` `；` `、` and
/// line breaks. A domain stays as it was written; [`Address::to_ascii`] has it as A-labels. Nothing but blanks is an
/// empty list.
///
/// # Errors
/// The first one that is no address: [`AddressError`].
pub fn addresses(cell: &str) -> Result<Vec<Mailbox>, AddressError> {
    addresses_with_repairs(cell).map(|(list, _)| list)
}

/// The same with what was repaired, each kind once.
///
/// # Errors
/// As [`addresses`].
pub fn addresses_with_repairs(cell: &str) -> Result<(Vec<Mailbox>, Vec<Repair>), AddressError> {
    let mut repairs = Vec::new();
    let visible: String = cell.chars().filter(|c| !is_invisible(*c)).collect();
    if visible.len() != cell.len() {
        repairs.push(Repair::Invisible);
    }
    if let Some(line) =
        visible.split(['\n', '\r']).find(|line| line.chars().any(|c| c.is_control() && c != '\t'))
    {
        return Err(AddressError::new(line, AddressProblem::Control));
    }
    let mut list = Vec::new();
    for piece in pieces(&visible)? {
        if list.len() == MAX_ADDRESSES {
            return Err(AddressError::new(piece, AddressProblem::TooMany));
        }
        list.push(mailbox(piece, &mut repairs)?);
    }
    repairs.sort_unstable();
    repairs.dedup();
    Ok((list, repairs))
}

/// What stands between separators, outside of quotation marks and brackets; without empty ones.
fn pieces(text: &str) -> Result<Vec<&str>, AddressError> {
    let mut pieces = Vec::new();
    let (mut start, mut quoted, mut bracketed, mut escaped) = (0, false, false, false);
    for (at, c) in text.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match c {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '\n' | '\r' if quoted || bracketed => {
                let kind = if quoted { AddressProblem::OpenQuote } else { AddressProblem::OpenBracket };
                return Err(AddressError::new(&text[start..at], kind));
            }
            '<' | '＜' if !quoted => bracketed = true,
            '>' | '＞' if !quoted => bracketed = false,
            ',' | ';' | '，' | '；' | '、' | '\n' | '\r' if !quoted && !bracketed => {
                pieces.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    if quoted {
        return Err(AddressError::new(&text[start..], AddressProblem::OpenQuote));
    }
    if bracketed {
        return Err(AddressError::new(&text[start..], AddressProblem::OpenBracket));
    }
    pieces.push(&text[start..]);
    pieces.retain(|piece| !piece.chars().all(is_blank));
    Ok(pieces)
}

fn mailbox(piece: &str, repairs: &mut Vec<Repair>) -> Result<Mailbox, AddressError> {
    let fail = |kind| AddressError::new(piece, kind);
    let text = piece.trim_matches(is_blank);
    let (name, address) = match outside_quotes(text, &['<', '＜']) {
        Some(open) => {
            let open_len = text[open..].chars().next().map_or(1, char::len_utf8);
            let inside = &text[open + open_len..];
            let close = inside.find(['>', '＞']).ok_or_else(|| fail(AddressProblem::OpenBracket))?;
            let after = inside[close..].chars().skip(1).collect::<String>();
            if !after.trim_matches(|c| is_blank(c) || is_end_sign(c)).is_empty() {
                return Err(fail(AddressProblem::Trailing));
            }
            (unquoted_name(&text[..open]).ok_or_else(|| fail(AddressProblem::OpenQuote))?, &inside[..close])
        }
        None if text.contains('>') || text.contains('＞') => return Err(fail(AddressProblem::OpenBracket)),
        None => name_without_brackets(text, repairs).map_err(fail)?,
    };
    let address = repaired(address, repairs);
    checked(&address).map_err(fail)?;
    Ok(Mailbox { name: Some(name).filter(|name| !name.is_empty() && *name != address), address })
}

/// Where one of these characters stands first outside of quotation marks.
fn outside_quotes(text: &str, wanted: &[char]) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    text.char_indices().find_map(|(at, c)| {
        if std::mem::take(&mut escaped) {
            return None;
        }
        match c {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if !quoted && wanted.contains(&c) => return Some(at),
            _ => {}
        }
        None
    })
}

/// `张三 zhang@example.org`, or an address alone.
fn name_without_brackets<'t>(
    text: &'t str,
    repairs: &mut Vec<Repair>,
) -> Result<(String, &'t str), AddressProblem> {
    if text.starts_with('"') && outside_quotes(text, &['@', '＠']).is_some() {
        // A quoted local part, or a quoted name: the grammar tells.
        let blank = outside_quotes(text, &[' ', '\t', '\u{3000}', '\u{a0}']);
        let Some(blank) = blank else { return Ok((String::new(), text)) };
        let name = unquoted_name(&text[..blank]).ok_or(AddressProblem::OpenQuote)?;
        repairs.push(Repair::Brackets);
        return Ok((name, text[blank..].trim_matches(is_blank)));
    }
    let words: Vec<&str> = text.split(is_blank).filter(|word| !word.is_empty()).collect();
    let with_at = words.iter().filter(|word| word.contains(['@', '＠'])).count();
    match (words.as_slice(), with_at) {
        (_, 0) => Err(AddressProblem::NoAt),
        ([_], _) => Ok((String::new(), text)),
        (_, 2..) => Err(AddressProblem::NotSeparated),
        ([name @ .., last], 1) if last.contains(['@', '＠']) && !last.starts_with(['@', '＠']) => {
            if name.iter().any(|word| word.contains([':', '：', '"', '<', '>', '(', ')', '[', ']', '\\'])) {
                return Err(AddressProblem::Space);
            }
            repairs.push(Repair::Brackets);
            Ok((name.join(" "), last))
        }
        _ => Err(AddressProblem::Space),
    }
}

/// The name without quotation marks and doubled blanks; `None` where a quotation mark is not closed.
fn unquoted_name(text: &str) -> Option<String> {
    let text = text.trim_matches(is_blank);
    let text = match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?.to_owned(),
        None => text.trim_matches(['“', '”', '\'', '‘', '’']).to_owned(),
    };
    let mut out = String::with_capacity(text.len());
    let mut escaped = false;
    for c in text.chars() {
        if c == '\\' && !escaped {
            escaped = true;
            continue;
        }
        escaped = false;
        if !(is_blank(c) && (out.is_empty() || out.ends_with(' '))) {
            out.push(if is_blank(c) { ' ' } else { c });
        }
    }
    Some(out.trim_end().to_owned())
}

/// Signs that end a sentence or a list, never an address.
fn is_end_sign(c: char) -> bool {
    matches!(c, '.' | '。' | '．' | ':' | '：' | '!' | '！' | '、')
}

/// The address without what came along with it.
fn repaired(text: &str, repairs: &mut Vec<Repair>) -> String {
    let mut text = text.trim_matches(is_blank);
    let quotes: &[char] = &['“', '”', '\'', '‘', '’', '`'];
    let bare = text.trim_matches(quotes);
    let bare = match bare.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        // `"zhang@example.org"`, not `"zhang"@example.org`.
        Some(inside) if !inside.contains('"') => inside,
        _ => bare,
    };
    if bare.len() != text.len() {
        repairs.push(Repair::Quotes);
        text = bare.trim_matches(is_blank);
    }
    let head = text.get(..7).filter(|head| head.eq_ignore_ascii_case("mailto:"));
    if head.is_some() {
        repairs.push(Repair::MailTo);
        text = text[7..].split('?').next().unwrap_or_default();
    }
    let ended = text.trim_end_matches(|c| is_end_sign(c) || is_blank(c));
    if ended.len() != text.len() {
        repairs.push(Repair::AtTheEnd);
    }
    let narrow: String = ended.chars().map(narrow).collect();
    if narrow != ended {
        repairs.push(Repair::FullWidth);
    }
    narrow
}

/// The ordinary form of a full-width character, and the dot of a Chinese full stop.
fn narrow(c: char) -> char {
    match c {
        '。' | '｡' => '.',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// An address that can stand in a header and in a command.
fn checked(address: &str) -> Result<(), AddressProblem> {
    if address.contains(is_blank) && !address.starts_with('"') {
        return Err(AddressProblem::Space);
    }
    let parsed = Mailbox::parse(address).map_err(|error| match error.kind {
        Grammar::Control => AddressProblem::Control,
        Grammar::Empty | Grammar::NoDomain => AddressProblem::NoAt,
        Grammar::OpenQuote => AddressProblem::OpenQuote,
        Grammar::OpenBracket => AddressProblem::OpenBracket,
        Grammar::BadDomain => AddressProblem::BadDomain,
        Grammar::LocalTooLong | Grammar::DomainTooLong => AddressProblem::TooLong,
        Grammar::Trailing if address.matches('@').count() > 1 => AddressProblem::NotSeparated,
        Grammar::Trailing => AddressProblem::BadDomain,
        _ => AddressProblem::BadLocal,
    })?;
    if parsed.name.is_some() || parsed.address != address {
        return Err(AddressProblem::BadLocal);
    }
    if address.len() > hongyan_proto::address::MAX_ADDRESS {
        return Err(AddressProblem::TooLong);
    }
    let (_, domain) = address.rsplit_once('@').ok_or(AddressProblem::NoAt)?;
    Address::parse(address).map(|_| ()).map_err(|_| {
        if Address::parse(&format!("a@{domain}")).is_err() {
            AddressProblem::BadDomain
        } else {
            AddressProblem::BadLocal
        }
    })
}
