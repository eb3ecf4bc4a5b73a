//! Notices that are JSON in a mail: what Amazon SES tells by SNS, where somebody has it sent as mail.

use serde_json::Value;

use super::fields::{Action, Group, MAX_RECIPIENTS};

/// What a notice says.
#[derive(Debug)]
pub(super) enum Notice {
    /// Of each recipient, what became of it.
    Delivery(Vec<Group>),
    /// Who complained.
    Complaint(Vec<String>),
}

/// The notice that the words are, if they are one.
pub(super) fn read(words: &str) -> Option<(Notice, Option<String>)> {
    let start = words.find('{')?;
    if !words[..start].trim().is_empty() {
        return None;
    }
    // Sendmail breaks lines that are too long, and says so with an exclamation mark.
    let whole = words[start..].replace("!\n ", "");
    let mut stream = serde_json::Deserializer::from_str(&whole).into_iter::<Value>();
    let mut value = stream.next()?.ok()?;
    // SNS puts the notice into a string of its own.
    if let Some(inner) = value.get("Message").and_then(Value::as_str) {
        value = serde_json::from_str(inner).ok()?;
    }
    let kind =
        value.get("notificationType").or_else(|| value.get("eventType"))?.as_str()?.to_ascii_lowercase();
    let message_id = message_id(&value);
    let notice = match kind.as_str() {
        "bounce" => {
            let recipients = value.pointer("/bounce/bouncedRecipients")?.as_array()?;
            Notice::Delivery(recipients.iter().take(MAX_RECIPIENTS).filter_map(bounced).collect())
        }
        "complaint" => {
            let recipients = value.pointer("/complaint/complainedRecipients")?.as_array()?;
            let addresses = recipients.iter().take(MAX_RECIPIENTS);
            Notice::Complaint(addresses.filter_map(|each| text(each, "emailAddress")).collect())
        }
        "delivery" => {
            let recipients = value.pointer("/delivery/recipients")?.as_array()?;
            let answer = value.pointer("/delivery/smtpResponse").and_then(Value::as_str).unwrap_or_default();
            let delivered = |address: &Value| {
                Some(Group {
                    address: Some(address.as_str()?.to_owned()),
                    action: Some(Action::Delivered),
                    diagnostic: answer.to_owned(),
                    ..Group::default()
                })
            };
            Notice::Delivery(recipients.iter().take(MAX_RECIPIENTS).filter_map(delivered).collect())
        }
        _ => return None,
    };
    Some((notice, message_id))
}

fn bounced(recipient: &Value) -> Option<Group> {
    let status = text(recipient, "status").unwrap_or_default();
    let action = text(recipient, "action").unwrap_or_default();
    let diagnostic = text(recipient, "diagnosticCode").unwrap_or_default();
    Some(Group {
        address: Some(text(recipient, "emailAddress")?),
        action: Some(if action.eq_ignore_ascii_case("delayed") { Action::Delayed } else { Action::Failed }),
        status: super::codes::statuses(&status).first().copied(),
        diagnostic: diagnostic.strip_prefix("smtp;").unwrap_or(&diagnostic).trim().to_owned(),
        ..Group::default()
    })
}

/// The `Message-ID` of what was sent, where the notice carries its header.
fn message_id(value: &Value) -> Option<String> {
    let headers = value.pointer("/mail/headers")?.as_array()?;
    let field = headers
        .iter()
        .find(|header| text(header, "name").is_some_and(|name| name.eq_ignore_ascii_case("Message-ID")))?;
    text(field, "value")
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(str::to_owned)
}
