//! HTML made into text: what people read where a message has no text part, and what is searched.
//!
//! Mail in HTML is a page for the eye, laid out in nested tables. It becomes paragraphs, lists, quotes and rows
//! of cells; where a link leads stands at the end, numbered; what a browser would not show is left out. There
//! is no tree and no recursion, so time and memory grow with the length of the input alone, however it nests.

mod entity;
mod layout;
mod token;

use crate::read::html::entity::decode_into;
use crate::read::html::layout::Layout;
use crate::read::html::token::{Token, Tokens, attribute};

/// The text of `html`: lines without wrapping, ended by LF.
pub fn to_text(html: &str) -> String {
    let mut reader = Reader::new(html.len(), true);
    Tokens::new(html).for_each(|token| reader.token(token));
    if reader.hidden.is_some() {
        // An element that is not shown has no end: all of the page is better than half of it.
        reader = Reader::new(html.len(), false);
        Tokens::new(html).for_each(|token| reader.token(token));
    }
    reader.finish()
}

/// Where links lead.
#[derive(Default)]
struct Links {
    /// The link being read: its target, and how much text stood before it.
    open: Option<(String, usize)>,
    targets: Vec<String>,
    numbers: std::collections::HashMap<String, usize>,
}

struct Reader {
    layout: Layout,
    /// Whether what a browser would not show is left out.
    hides: bool,
    /// The element that a browser would not show, and how many of its name are open.
    hidden: Option<(String, usize)>,
    links: Links,
    scratch: String,
}

impl Reader {
    fn new(len: usize, hides: bool) -> Self {
        Self {
            layout: Layout::new(len),
            hides,
            hidden: None,
            links: Links::default(),
            scratch: String::new(),
        }
    }

    fn token(&mut self, token: Token<'_>) {
        if self.is_hidden(token) {
            return;
        }
        match token {
            Token::Text(text) => {
                self.scratch.clear();
                decode_into(text, &mut self.scratch);
                self.layout.text(&self.scratch);
            }
            Token::Start { name, attributes } => {
                let name = name.to_ascii_lowercase();
                if self.hides && !is_void(&name) && is_unseen(&name, attributes) {
                    self.hidden = Some((name, 1));
                    return;
                }
                self.start(&name, attributes);
            }
            Token::End(name) => self.end(&name.to_ascii_lowercase()),
        }
    }

    /// Whether the token lies in an element that is not shown.
    fn is_hidden(&mut self, token: Token<'_>) -> bool {
        let Some((hidden, depth)) = &mut self.hidden else { return false };
        // Such an element ends where another one begins, also without an end tag.
        let ends_by_itself = matches!(hidden.as_str(), "p" | "li" | "dt" | "dd" | "option");
        match token {
            Token::Start { name, .. }
                if ends_by_itself && (name.eq_ignore_ascii_case(hidden) || is_block(name)) =>
            {
                self.hidden = None;
                return false;
            }
            Token::Start { name, .. } if name.eq_ignore_ascii_case(hidden) => *depth += 1,
            Token::End(name) if name.eq_ignore_ascii_case(hidden) => *depth -= 1,
            _ => {}
        }
        if *depth == 0 {
            self.hidden = None;
        }
        true
    }

    fn start(&mut self, name: &str, attributes: &str) {
        match name {
            "br" => self.layout.line_break(),
            "hr" => self.layout.rule(),
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "dl" => self.layout.paragraph(),
            "pre" | "xmp" | "listing" => self.layout.begin_pre(),
            "blockquote" => self.layout.begin_quote(),
            "ul" | "menu" | "dir" => self.layout.begin_list(None),
            "ol" => {
                let first = attribute(attributes, "start").and_then(|start| start.trim().parse().ok());
                self.layout.begin_list(Some(first.unwrap_or(1)));
            }
            "li" => self.layout.item(),
            "td" | "th" => self.layout.cell(),
            "a" => self.begin_link(attributes),
            "img" => {
                self.scratch.clear();
                decode_into(attribute(attributes, "alt").unwrap_or_default(), &mut self.scratch);
                self.layout.image(&self.scratch);
            }
            name if is_block(name) => self.layout.line(),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            // A lone end tag of a paragraph is an empty paragraph to a browser.
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "dl" => self.layout.paragraph(),
            "pre" | "xmp" | "listing" => self.layout.end_pre(),
            "blockquote" => self.layout.end_quote(),
            "ul" | "ol" | "menu" | "dir" => self.layout.end_list(),
            "a" => self.end_link(),
            "td" | "th" => self.layout.end_cell(),
            name if is_block(name) => self.layout.line(),
            _ => {}
        }
    }

    fn begin_link(&mut self, attributes: &str) {
        self.end_link();
        let mut target = String::new();
        decode_into(attribute(attributes, "href").unwrap_or_default().trim(), &mut target);
        target.retain(|c| !c.is_control());
        if leads_out(&target) {
            self.links.open = Some((target, self.layout.len()));
        }
    }

    /// Numbers the link's target, unless its text is the target.
    fn end_link(&mut self) {
        let Some((target, from)) = self.links.open.take() else { return };
        let text = self.layout.since(from).trim();
        let bare = |uri: &str| {
            let uri = uri.strip_prefix("mailto:").unwrap_or(uri);
            let uri = uri.split_once("://").map_or(uri, |(_, rest)| rest);
            uri.trim_end_matches('/').to_ascii_lowercase()
        };
        // A link without words (an image without a name, most often) leads somewhere that nobody can choose.
        if text.is_empty() || bare(text) == bare(&target) {
            return;
        }
        let next = self.links.targets.len() + 1;
        let number = *self.links.numbers.entry(target.clone()).or_insert(next);
        if number == next {
            self.links.targets.push(target);
        }
        self.layout.mark(number);
    }

    fn finish(mut self) -> String {
        self.end_link();
        self.layout.finish(&self.links.targets)
    }
}

/// Whether a link leads out of the page.
fn leads_out(target: &str) -> bool {
    const SCHEMES: [&str; 6] = ["http:", "https:", "mailto:", "ftp:", "tel:", "sms:"];
    SCHEMES
        .iter()
        .any(|scheme| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "br" | "hr"
            | "img"
            | "input"
            | "meta"
            | "link"
            | "base"
            | "col"
            | "wbr"
            | "area"
            | "embed"
            | "param"
            | "source"
    )
}

/// Elements that begin and end a line.
fn is_block(name: &str) -> bool {
    matches!(
        name,
        "div"
            | "table"
            | "tr"
            | "caption"
            | "thead"
            | "tbody"
            | "tfoot"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "main"
            | "nav"
            | "aside"
            | "address"
            | "center"
            | "form"
            | "fieldset"
            | "legend"
            | "figure"
            | "figcaption"
            | "dt"
            | "dd"
            | "details"
            | "summary"
            | "body"
            | "html"
            | "option"
            | "search"
            | "hgroup"
    )
}

/// Whether a browser shows nothing of the element.
fn is_unseen(name: &str, attributes: &str) -> bool {
    if matches!(name, "template" | "datalist") {
        return true;
    }
    if attributes.is_empty() {
        return false;
    }
    attribute(attributes, "hidden").is_some()
        || attribute(attributes, "style").is_some_and(|style| {
            let style: String =
                style.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
            style.contains("display:none")
                || style.contains("visibility:hidden")
                || style.contains("mso-hide:all")
        })
}
