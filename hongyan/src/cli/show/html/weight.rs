//! How much work a page is for whoever makes a tree of it: that grows with the square of how deep it nests, and with
//! how many elements of style are never closed, because each paragraph opens them all again (HTML §13.2.4.3). A mail
//! of one megabyte can so become gigabytes. What is counted here is no less than what a tree would take.

use std::cell::RefCell;
use std::collections::HashMap;

use html5ever::LocalName;
use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::{Rawtext, Rcdata, ScriptData};
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};

/// Steps through open elements: for each tag as many as are open there.
const MAX_STEPS: u64 = 50_000_000;
/// Elements of style that are opened again, at most.
const MAX_REOPENED: u64 = 2_000_000;

/// Whether a tree of the page can be made in reasonable time and memory.
pub(super) fn is_bearable(html: &str) -> bool {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    let tokenizer = Tokenizer::new(Weigher(RefCell::default()), Default::default());
    let _ = tokenizer.feed(&input);
    let weight = tokenizer.sink.0.borrow();
    !weight.is_doubtful && weight.steps <= MAX_STEPS && weight.reopened <= MAX_REOPENED
}

struct Weigher(RefCell<Weight>);

#[derive(Default)]
struct Weight {
    /// How many elements of each name are open, and of all.
    open: HashMap<LocalName, u64>,
    depth: u64,
    /// Of those the elements of style.
    styles: u64,
    steps: u64,
    reopened: u64,
    /// Whether an element is open in which others mean something else.
    is_foreign: bool,
    /// Whether a browser may see tags where we see text.
    is_doubtful: bool,
}

impl TokenSink for Weigher {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) => self.0.borrow_mut().tag(&tag),
            _ => TokenSinkResult::Continue,
        }
    }
}

impl Weight {
    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let is_style = is_style(&tag.name);
        self.steps += self.depth + 1;
        if tag.kind == TagKind::EndTag {
            if let Some(open) = self.open.get_mut(&tag.name).filter(|open| **open > 0) {
                *open -= 1;
                self.depth -= 1;
                self.styles -= u64::from(is_style);
            }
            return TokenSinkResult::Continue;
        }
        self.reopened += self.styles;
        if is_void(&tag.name) {
            return TokenSinkResult::Continue;
        }
        self.is_foreign |=
            matches!(&*tag.name, "svg" | "math" | "select" | "noscript" | "frameset" | "plaintext");
        let content = match &*tag.name {
            "title" | "textarea" => Some(Rcdata),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => Some(Rawtext),
            "script" => Some(ScriptData),
            _ => None,
        };
        if let Some(content) = content {
            // What is no markup to us may be some to a browser there, and hide any number of tags from us.
            self.is_doubtful |= self.is_foreign;
            return TokenSinkResult::RawData(content);
        }
        *self.open.entry(tag.name.clone()).or_insert(0) += 1;
        self.depth += 1;
        self.styles += u64::from(is_style);
        TokenSinkResult::Continue
    }
}

/// Elements that are opened again in the next paragraph (HTML §13.2.4.3, "formatting").
fn is_style(name: &str) -> bool {
    matches!(
        name,
        "a" | "b"
            | "big"
            | "code"
            | "em"
            | "font"
            | "i"
            | "nobr"
            | "s"
            | "small"
            | "strike"
            | "strong"
            | "tt"
            | "u"
    )
}

/// Elements without content.
fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_as_mail_has_them_are_bearable() {
        let row = "<tr><td style=\"x\"><p><b>bold</b> <a href='y'>link</a><br><img src=z></p></td></tr>\n";
        for html in [
            String::new(),
            "<p>unclosed<p>unclosed<li>".repeat(300),
            format!("<html><head><style>a > b {{}}</style></head><table>{}</table>", row.repeat(20_000)),
            format!("{}x{}", "<div>".repeat(200), "</div>".repeat(200)),
            "<font size=2>".repeat(50) + &"<p>x</p>".repeat(5_000),
            "<svg><path/></svg><p>x</p>".repeat(100),
        ] {
            assert!(is_bearable(&html), "{:.100}", html);
        }
    }

    #[test]
    fn pages_that_are_made_to_be_a_burden_are_not() {
        let styles: String = (0..400).map(|number| format!("<b id={number}>")).collect();
        for html in [
            "<div>".repeat(100_000),
            "<div title='</div>'>".repeat(100_000),
            "<div><script></div></script>".repeat(100_000),
            "<div><!--</div>-->".repeat(100_000),
            "<table><tr><td>".repeat(20_000),
            format!("<p>{styles}</p>{}", "<p>x</p>".repeat(100_000)),
            format!("<svg><style>{styles}</svg>{}", "<p>x</p>".repeat(100_000)),
            format!("<select><style></select>{styles}{}", "<p>x</p>".repeat(100_000)),
        ] {
            assert!(!is_bearable(&html), "{:.100}", html);
        }
    }
}
