//! The expected outputs that lie beside messages in the corpus, as views: mime4j's XML, mail-parser's JSON and
//! what imap_tools made of a message.

use std::path::Path;

use serde_json::Value;

use super::view::{Content, View, normal, one_line, person, sha256};

/// The expected views beside the message `path`, each with the name of its source.
pub(crate) fn beside(path: &Path) -> Vec<(&'static str, View)> {
    let shown = path.to_string_lossy();
    let stem = path.with_extension("");
    let mut found = Vec::new();
    if let Ok(text) = std::fs::read_to_string(format!("{shown}.imap_tools.json"))
        // Python writes undecodable bytes as lone surrogates, which are no JSON.
        && let Ok(value) = serde_json::from_str(&text)
    {
        found.push(("imap_tools", of_imap_tools(&value)));
    }
    if let Ok(text) = std::fs::read_to_string(format!("{}_decoded.xml", stem.display())) {
        found.push(("mime4j", of_mime4j(&text, path.parent().expect("it lies in a folder"))));
    }
    if let Ok(text) = std::fs::read_to_string(path.with_extension("json"))
        && let Ok(value) = serde_json::from_str::<Value>(&text)
        && value["parts"].is_array()
    {
        found.push(("mail-parser's JSON", of_mail_parser_json(&value)));
    }
    found
}

fn of_imap_tools(value: &Value) -> View {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let people = |list: &Value| {
        let list = list.as_array()?;
        Some(list.iter().map(|one| person(&text(&one["name"]), &text(&one["email"]))).collect())
    };
    View {
        subject: value["subject"].as_str().map(one_line),
        to: people(&value["to_values"]),
        cc: people(&value["cc_values"]),
        ..View::default()
    }
}

/// mime4j's XML: elements for messages, parts and header fields; contents lie in files of their own.
fn of_mime4j(xml: &str, folder: &Path) -> View {
    let (mut tree, mut leaves) = (Vec::new(), Vec::new());
    // The types of the parts that are open, to know what stands in a digest.
    let mut open: Vec<String> = Vec::new();
    let mut rest = xml;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        let content = &rest[..rest.find('<').unwrap_or(rest.len())];
        match tag.split_whitespace().next().unwrap_or_default() {
            "message" | "body-part" => {
                let in_digest = open.last().is_some_and(|around| around == "multipart/digest");
                let default = if in_digest { "message/rfc822" } else { "text/plain" };
                open.push(default.to_owned());
                tree.push(default.to_owned());
            }
            "/message" | "/body-part" => drop(open.pop()),
            "field" => {
                let (name, value) = content.split_once(':').unwrap_or((content, ""));
                if name.trim().eq_ignore_ascii_case("content-type") {
                    let media_type = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
                    // The part that is open is the last one that was begun, while its header is read.
                    *tree.last_mut().expect("a field stands in a part") = media_type.clone();
                    *open.last_mut().expect("a field stands in a part") = media_type;
                }
            }
            "text-body" | "binary-body" => {
                let name = tag.split('"').nth(1).expect("a body has a name");
                let bytes = std::fs::read(folder.join(name)).ok();
                leaves.push(bytes.map(|bytes| match tag.starts_with("text") {
                    true => Content::Text(normal(&String::from_utf8_lossy(&bytes))),
                    false => Content::Sha256(sha256(&bytes)),
                }));
            }
            _ => {}
        }
    }
    View { tree: Some(tree), leaves: Some(leaves), ..View::default() }
}

fn of_mail_parser_json(value: &Value) -> View {
    let mut view = View { tree: Some(Vec::new()), leaves: Some(Vec::new()), ..View::default() };
    walk(value, 0, false, &mut view);
    let headers = value["parts"][0]["headers"].as_array().cloned().unwrap_or_default();
    let last = |name: &str| headers.iter().rfind(|field| field["name"] == name).map(|field| &field["value"]);
    view.subject =
        Some(one_line(last("subject").and_then(|value| value["Text"].as_str()).unwrap_or_default()));
    view
}

fn walk(message: &Value, at: usize, in_digest: bool, view: &mut View) {
    let part = &message["parts"][at];
    let headers = part["headers"].as_array().cloned().unwrap_or_default();
    let media_type = headers.iter().find(|field| field["name"] == "content_type");
    let media_type = media_type.map(|field| &field["value"]["ContentType"]);
    let default = if in_digest { "message/rfc822" } else { "text/plain" };
    let media_type = media_type.filter(|value| value.is_object()).map_or(default.to_owned(), |value| {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_ascii_lowercase();
        format!("{}/{}", text("c_type"), text("c_subtype"))
    });
    let (Some(tree), Some(leaves)) = (&mut view.tree, &mut view.leaves) else { return };
    tree.push(media_type.clone());
    let Some((kind, body)) = part["body"].as_object().and_then(|body| body.iter().next()) else { return };
    let bytes = || body.as_array().into_iter().flatten().filter_map(|byte| Some(byte.as_u64()? as u8));
    match kind.as_str() {
        "Multipart" => {
            for child in body.as_array().into_iter().flatten().filter_map(Value::as_u64) {
                walk(message, child as usize, media_type == "multipart/digest", view);
            }
        }
        "Message" => walk(body, 0, false, view),
        "Text" | "Html" => {
            let text = body.as_str().unwrap_or_default();
            leaves.push((!text.contains('\u{fffd}')).then(|| Content::Text(normal(text))));
        }
        _ => leaves.push(Some(Content::Sha256(sha256(&bytes().collect::<Vec<_>>())))),
    }
}
