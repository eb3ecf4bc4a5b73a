//! What is compared of a message, and how each reader sees it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use hongyan_mime::read::{MAX_TEXT, Message, Person, inspect};
use mail_parser::{MessageParser, MimeHeaders, PartType};
use serde_json::Value;

/// The content of a leaf, as text or as a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Text(String),
    Sha256(String),
}

/// A message as one reader sees it; `None` is no opinion.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) subject: Option<String>,
    pub(crate) from: Option<Vec<(String, String)>>,
    pub(crate) to: Option<Vec<(String, String)>>,
    pub(crate) cc: Option<Vec<(String, String)>>,
    /// Seconds since 1970.
    pub(crate) date: Option<i64>,
    /// The media types of all parts, in order.
    pub(crate) tree: Option<Vec<String>>,
    /// The file names of all leaves, empty where there is none.
    pub(crate) names: Option<Vec<String>>,
    pub(crate) leaves: Option<Vec<Option<Content>>>,
    /// The codes of what was found, where the reader says such things.
    pub(crate) codes: Vec<&'static str>,
}

/// Text without what readers are free to keep or drop: how lines end, and how many blank ones end it.
pub(crate) fn normal(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace('\r', "\n")
        .trim_end_matches('\n')
        .trim_start_matches('\u{feff}')
        .to_owned()
}

/// A subject, a name: runs of white space are one blank, as a person sees them.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn person(name: &str, address: &str) -> (String, String) {
    (one_line(name), one_line(address))
}

pub(crate) fn ours(raw: &[u8]) -> View {
    let summary = inspect(raw);
    let people = |list: &[Person]| {
        Some(list.iter().map(|one| person(one.name.as_deref().unwrap_or_default(), &one.address)).collect())
    };
    let leaves = || summary.parts.iter().filter(|part| part.children == 0);
    View {
        subject: Some(one_line(summary.subject.as_deref().unwrap_or_default())),
        from: people(&summary.from),
        to: people(&summary.to),
        cc: people(&summary.cc),
        date: Message::parse(raw).date().map(|date| date.timestamp()),
        tree: Some(summary.parts.iter().map(|part| part.media_type.clone()).collect()),
        names: Some(leaves().map(|part| part.file.clone().unwrap_or_default()).collect()),
        leaves: Some(
            leaves()
                .map(|part| match (&part.text, &part.sha256) {
                    // A summary bounds its texts; what is cut is not compared.
                    (Some(text), _) => (text.len() < MAX_TEXT).then(|| Content::Text(normal(text))),
                    (None, hash) => hash.clone().map(Content::Sha256),
                })
                .collect(),
        ),
        codes: summary.defects.iter().map(|defect| defect.code).collect(),
    }
}

/// mail-parser's view; no opinion at all where it gives up or panics.
pub(crate) fn of_mail_parser(raw: &[u8]) -> View {
    let parsed = catch_unwind(AssertUnwindSafe(|| MessageParser::default().parse(raw)));
    let Ok(Some(message)) = parsed else { return View::default() };
    let people = |list: Option<&mail_parser::Address<'_>>| {
        let list = list.map(|list| list.clone().into_list()).unwrap_or_default();
        let text = |text: Option<std::borrow::Cow<'_, str>>| text.unwrap_or_default().into_owned();
        Some(list.into_iter().map(|one| person(&text(one.name), &text(one.address))).collect())
    };
    let (mut tree, mut names, mut leaves) = (Vec::new(), Vec::new(), Vec::new());
    walk_mail_parser(&message, 0, &mut tree, &mut names, &mut leaves, false);
    View {
        subject: Some(one_line(message.subject().unwrap_or_default())),
        from: people(message.from()),
        to: people(message.to()),
        cc: people(message.cc()),
        date: message.date().map(|date| date.to_timestamp()),
        tree: Some(tree),
        names: Some(names),
        leaves: Some(leaves),
        codes: Vec::new(),
    }
}

fn walk_mail_parser(
    message: &mail_parser::Message<'_>,
    at: u32,
    tree: &mut Vec<String>,
    names: &mut Vec<String>,
    leaves: &mut Vec<Option<Content>>,
    in_digest: bool,
) {
    let Some(part) = message.parts.get(at as usize) else { return };
    let default = if in_digest { "message/rfc822" } else { "text/plain" };
    let media_type = part.content_type().map_or(default.to_owned(), |found| {
        format!("{}/{}", found.ctype(), found.subtype().unwrap_or_default()).to_ascii_lowercase()
    });
    tree.push(media_type.clone());
    let content = match &part.body {
        PartType::Multipart(children) => {
            for child in children {
                walk_mail_parser(message, *child, tree, names, leaves, media_type == "multipart/digest");
            }
            return;
        }
        PartType::Message(inner) => return walk_mail_parser(inner, 0, tree, names, leaves, false),
        PartType::Text(text) | PartType::Html(text) if text.contains('\u{fffd}') => None,
        PartType::Text(text) | PartType::Html(text) => Some(Content::Text(normal(text))),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => Some(Content::Sha256(sha256(bytes))),
    };
    names.push(part.attachment_name().unwrap_or_default().to_owned());
    leaves.push(content);
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The view that Python's `email` wrote as JSON.
pub(crate) fn of_python(value: &Value) -> View {
    let texts = |value: &Value| {
        let list = value.as_array()?;
        Some(list.iter().map(|text| text.as_str().unwrap_or_default().to_owned()).collect())
    };
    let people = |value: &Value| {
        let list = value.as_array()?;
        let text = |one: &Value| one.as_str().unwrap_or_default().to_owned();
        Some(list.iter().map(|one| person(&text(&one[0]), &text(&one[1]))).collect())
    };
    let leaf = |leaf: &Value| match (&leaf["text"], &leaf["sha256"]) {
        (Value::String(text), _) => Some(Content::Text(normal(text))),
        (_, Value::String(hash)) => Some(Content::Sha256(hash.clone())),
        _ => None,
    };
    View {
        subject: value["subject"].as_str().map(one_line),
        from: people(&value["from"]),
        to: people(&value["to"]),
        cc: people(&value["cc"]),
        date: value["date"].as_i64(),
        tree: texts(&value["tree"]),
        names: texts(&value["names"]),
        leaves: value["leaves"].as_array().map(|leaves| leaves.iter().map(leaf).collect()),
        codes: Vec::new(),
    }
}
