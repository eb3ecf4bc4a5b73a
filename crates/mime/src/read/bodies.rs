//! Which parts are the message's own words and which are attachments: the rule of RFC 8621 §4.1.4.
//!
//! What a mail program shows first is nowhere said in MIME itself; JMAP wrote down what programs agree on, and
//! that is followed, with three additions: images and their like are never text; of an alternative whose plain
//! text is blank the HTML is taken; and where nothing at all would be left to read, any text is, then a message
//! inside the message.

use crate::read::media::MediaType;
use crate::read::message::Message;

/// The leaves of a message by what they are there for, each as indices of parts in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bodies {
    /// The words, preferring plain text: parts of type `text/plain`, or `text/html` where there is no other.
    pub text: Vec<usize>,
    /// The words, preferring HTML: parts of type `text/html`, or `text/plain` where there is no other.
    pub html: Vec<usize>,
    /// All other leaves and messages inside the message, whatever their disposition; those that HTML shows too.
    pub attachments: Vec<usize>,
}

impl Message<'_> {
    /// Sorts the parts into words and attachments (RFC 8621 §4.1.4).
    pub fn bodies(&self) -> Bodies {
        let mut sort = Sort { message: self, found: Bodies::default() };
        sort.parts(&[0], Place { kind: "mixed", in_alternative: false, text: true, html: true });
        let mut found = sort.found;
        self.anything_to_read(&mut found);
        found
    }

    /// Where no part is words by the rule: the first other text, however it is labelled.
    fn anything_to_read(&self, found: &mut Bodies) {
        if !found.text.is_empty() || !found.html.is_empty() {
            return;
        }
        let is_text = |part: &usize| is_readable(&self.parts()[*part].media_type);
        if let Some(at) = found.attachments.iter().position(is_text) {
            let part = found.attachments.remove(at);
            found.text.push(part);
            found.html.push(part);
        }
    }
}

/// Text that people read as it is, unlike `text/calendar` or `text/vcard`.
fn is_readable(media_type: &MediaType) -> bool {
    matches!(
        media_type.as_str(),
        "text/plain" | "text/html" | "text/enriched" | "text/richtext" | "text/markdown" | "text/x-markdown"
    )
}

struct Sort<'m, 'a> {
    message: &'m Message<'a>,
    found: Bodies,
}

/// Where in the tree a part stands, as far as the rule asks.
#[derive(Clone, Copy)]
struct Place<'k> {
    /// The subtype of the multipart around it.
    kind: &'k str,
    in_alternative: bool,
    /// Whether words in plain text, and in HTML, are still looked for here.
    text: bool,
    html: bool,
}

impl Sort<'_, '_> {
    /// Sorts the parts of one multipart.
    fn parts(&mut self, parts: &[usize], mut place: Place<'_>) {
        let before = (self.found.text.len(), self.found.html.len());
        for (at, part) in parts.iter().copied().enumerate() {
            let media_type = &self.message.parts()[part].media_type;
            let children = &self.message.parts()[part].children;
            if media_type.is_multipart() && !children.is_empty() {
                let kind = media_type.sub();
                let in_alternative = place.in_alternative || kind == "alternative";
                self.parts(&self.root_first(part, children), Place { kind, in_alternative, ..place });
            } else if self.is_words(part, at, place.kind) {
                self.words(part, &mut place);
            } else {
                self.found.attachments.push(part);
            }
        }
        if place.kind == "alternative" && place.text && place.html {
            self.only_one_kind(before);
        }
    }

    /// The parts of a `multipart/related` with its root first (RFC 2387 §3.2).
    fn root_first(&self, multipart: usize, children: &[usize]) -> Vec<usize> {
        let mut ordered = children.to_vec();
        let related = self.message.parts()[multipart].media_type.as_str() == "multipart/related";
        let start = related.then(|| self.message.parameter(multipart, "Content-Type", "start")).flatten();
        if let Some(start) = start {
            let start = start.trim().trim_matches(['<', '>']);
            let is_root = |part: &usize| self.message.content_id(*part).as_deref() == Some(start);
            if let Some(at) = ordered.iter().position(is_root) {
                ordered[..=at].rotate_right(1);
            }
        }
        ordered
    }

    fn is_words(&self, part: usize, at: usize, kind: &str) -> bool {
        let media_type = &self.message.parts()[part].media_type;
        // A multipart in which no part was found is what it looks like: text.
        let words = matches!(media_type.as_str(), "text/plain" | "text/html") || media_type.is_multipart();
        let attached = || self.message.disposition(part).is_some_and(|said| said == "attachment");
        words && !attached() && (at == 0 || (kind != "related" && self.message.file_name(part).is_none()))
    }

    fn words(&mut self, part: usize, place: &mut Place<'_>) {
        let html = self.message.parts()[part].media_type.as_str() == "text/html";
        if place.kind == "alternative" {
            match html {
                true => self.found.html.push(part),
                false if self.is_blank(part) => {}
                false => self.found.text.push(part),
            }
            return;
        }
        if place.in_alternative {
            // Within one of several alternatives the words are of one kind only.
            place.text &= !html;
            place.html &= html;
        }
        if place.text {
            self.found.text.push(part);
        }
        if place.html {
            self.found.html.push(part);
        }
    }

    /// What an alternative has in one kind only stands for the other kind too.
    fn only_one_kind(&mut self, (texts, htmls): (usize, usize)) {
        let Bodies { text, html, .. } = &mut self.found;
        if text.len() == texts {
            text.extend_from_slice(&html[htmls..]);
        } else if html.len() == htmls {
            html.extend_from_slice(&text[texts..]);
        }
    }

    /// Whether a part's content is nothing but blanks.
    fn is_blank(&self, part: usize) -> bool {
        self.message.body(part).len() <= MAX_BLANK && self.message.text(part).trim().is_empty()
    }
}

/// A longer body is taken to say something.
const MAX_BLANK: usize = 1 << 10;
