//! What HTML in a message refers to: other parts, by Content-ID (RFC 2392) or Content-Location (RFC 2557).
//!
//! A reference is looked up first among the parts that stand together in the nearest `multipart/related`, then
//! in the whole message: real mail also refers to images beside it in a `multipart/mixed`.

use std::collections::HashMap;

use crate::read::message::Message;
use crate::read::uri;

/// The parts that one HTML part can show, found by the references in it.
#[derive(Clone, Debug)]
pub struct Related {
    /// What relative references of the HTML are relative to; empty where nothing says so.
    base: String,
    ids: HashMap<String, usize>,
    locations: HashMap<String, usize>,
}

impl Message<'_> {
    /// What `cid:` and location references in the part `html` can mean.
    pub fn related(&self, html: usize) -> Related {
        let mut found = Related { base: self.base(html), ids: HashMap::new(), locations: HashMap::new() };
        let near = self.nearest_related(html);
        let inside = |part: &usize| near.is_some_and(|multipart| self.is_inside(*part, multipart));
        let all = 0..self.parts().len();
        // What stands nearer comes first, and the first of a name counts.
        for part in all.clone().filter(inside).chain(all.filter(|part| !inside(part))) {
            if let Some(id) = self.content_id(part) {
                found.ids.entry(id).or_insert(part);
            }
            if let Some(location) = self.absolute_location(part) {
                found.locations.entry(location).or_insert(part);
            }
        }
        found
    }

    /// A part's Content-ID without its brackets.
    pub fn content_id(&self, part: usize) -> Option<String> {
        let text = self.value_text(self.field(part, "Content-ID")?);
        let id = text.trim().trim_start_matches('<').trim_end_matches('>').trim();
        (!id.is_empty()).then(|| id.to_owned())
    }

    /// A part's Content-Location, white space from folding removed (RFC 2557 §4.4.2).
    fn location(&self, part: usize) -> Option<String> {
        self.uri_in(part, "Content-Location")
    }

    /// A part's Content-Location, made absolute by its own Content-Base or by what stands around it.
    fn absolute_location(&self, part: usize) -> Option<String> {
        let location = self.location(part)?;
        let own = self.uri_in(part, "Content-Base").unwrap_or_default();
        let around = self.parts()[part].parent.map_or(String::new(), |parent| self.base(parent));
        Some(uri::resolve(&around, &uri::resolve(&own, &location)))
    }

    fn uri_in(&self, part: usize, name: &str) -> Option<String> {
        let text = self.value_text(self.field(part, name)?);
        let uri: String = text.chars().filter(|c| !c.is_whitespace() && *c != '"').collect();
        (!uri.is_empty()).then_some(uri)
    }

    /// What relative references in a part are relative to: its Content-Base (RFC 2110 §4.2) or
    /// Content-Location, or the nearest of a multipart around it (RFC 2557 §5).
    fn base(&self, part: usize) -> String {
        let mut at = Some(part);
        let mut relative: Option<String> = None;
        while let Some(part) = at {
            if let Some(found) = self.uri_in(part, "Content-Base").or_else(|| self.location(part)) {
                let resolved = relative.map_or(found.clone(), |relative| uri::resolve(&found, &relative));
                if resolved.contains(':') {
                    return resolved;
                }
                relative = Some(resolved);
            }
            at = self.parts()[part].parent;
        }
        relative.unwrap_or_default()
    }

    fn nearest_related(&self, part: usize) -> Option<usize> {
        let mut at = self.parts()[part].parent;
        while let Some(part) = at {
            if self.parts()[part].media_type.as_str() == "multipart/related" {
                return Some(part);
            }
            at = self.parts()[part].parent;
        }
        None
    }

    fn is_inside(&self, part: usize, container: usize) -> bool {
        let mut at = Some(part);
        while let Some(part) = at {
            if part == container {
                return true;
            }
            at = self.parts()[part].parent;
        }
        false
    }
}

impl Related {
    /// The part that `reference`, the value of a `src`, `href` or `url()`, stands for; `None` where it leads
    /// out of the message.
    pub fn resolve(&self, reference: &str) -> Option<usize> {
        let reference = reference.trim();
        if let Some(id) = strip_scheme(reference, "cid:") {
            let id = percent_decoded(id);
            let bare = id.trim().trim_start_matches('<').trim_end_matches('>');
            return self.ids.get(bare).copied();
        }
        if let Some(rest) = strip_scheme(reference, "mid:") {
            let id = percent_decoded(rest.split_once('/')?.1);
            return self.ids.get(&id).copied();
        }
        if reference.is_empty() || reference.starts_with('#') {
            return None;
        }
        let plain = reference.split('#').next().unwrap_or_default();
        let absolute = uri::resolve(&self.base, reference);
        self.locations.get(&absolute).or_else(|| self.locations.get(plain)).copied()
    }

    /// As [`Related::resolve`], where the HTML itself names its base (`<base href>`), which goes before all.
    pub fn resolve_in(&self, base: &str, reference: &str) -> Option<usize> {
        let absolute = uri::resolve(&uri::resolve(&self.base, base), reference.trim());
        self.locations.get(&absolute).copied().or_else(|| self.resolve(reference))
    }
}

fn strip_scheme<'r>(reference: &'r str, scheme: &str) -> Option<&'r str> {
    let start = reference.get(..scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then(|| &reference[scheme.len()..])
}

/// `%XX` decoded; what is no UTF-8 then is replaced.
fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let pair = match tail {
            [high, low, ..] if *first == b'%' => {
                char::from(*high).to_digit(16).zip(char::from(*low).to_digit(16))
            }
            _ => None,
        };
        match pair {
            Some((high, low)) => {
                out.push((high << 4 | low) as u8);
                rest = &tail[2..];
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
