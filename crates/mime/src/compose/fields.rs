//! The header fields of a draft (RFC 5322 §3.6), in a fixed order. `Bcc` is not among them.

use super::check;
use super::header::Header;
use super::mailboxes::{check_mailbox, needs_utf8};
use super::{ComposeError, Draft, Offered};
use crate::address::Address;

/// Refuses what a field may not hold. Says whether an address in the header needs UTF-8.
pub(super) fn check(draft: &Draft, offered: Offered) -> Result<bool, ComposeError> {
    if draft.from.is_empty() {
        return Err(ComposeError::Missing { field: "From" });
    }
    if draft.from.len() > 1 && draft.sender.is_none() {
        return Err(ComposeError::Missing { field: "Sender" });
    }
    let mut utf8 = false;
    let lists = [("To", &draft.to), ("Cc", &draft.cc), ("Bcc", &draft.bcc), ("Reply-To", &draft.reply_to)];
    let single = draft.from.iter().map(|m| ("From", m)).chain(draft.sender.iter().map(|m| ("Sender", m)));
    let listed =
        lists.iter().flat_map(|(field, list)| list.iter().flat_map(Address::mailboxes).map(|m| (*field, m)));
    for (field, mailbox) in single.chain(listed) {
        check_mailbox(field, mailbox, offered)?;
        utf8 |= field != "Bcc" && needs_utf8(&mailbox.address);
    }
    for (field, list) in lists {
        for address in list {
            if let Address::Group { name, .. } = address {
                check::text(field, name)?;
            }
        }
    }
    if let Some(subject) = &draft.subject {
        check::text("Subject", subject)?;
    }
    for keyword in &draft.keywords {
        check::text("Keywords", keyword)?;
    }
    for (name, value) in &draft.extra {
        check::header_name(name)?;
        check::text(name, value)?;
    }
    Ok(utf8)
}

/// Writes the fields of a draft that has been checked.
pub(super) fn write(draft: &Draft, header: &mut Header<'_>) -> Result<(), ComposeError> {
    header.name("Date");
    header.raw(" ");
    draft.date.ok_or(ComposeError::Missing { field: "Date" })?.write(header.out)?;
    header.end();
    header.mailboxes("From", draft.from.iter());
    if let Some(sender) = draft.sender.as_ref().filter(|sender| draft.from != [(*sender).clone()]) {
        header.mailboxes("Sender", std::iter::once(sender));
    }
    for (name, list) in [("Reply-To", &draft.reply_to), ("To", &draft.to), ("Cc", &draft.cc)] {
        if !list.is_empty() {
            header.addresses(name, list.iter());
        }
    }
    if draft.to.is_empty() && draft.cc.is_empty() && !draft.bcc.is_empty() {
        header.short("To", "undisclosed-recipients:;");
    }
    if let Some(id) = &draft.message_id {
        identifiers(header, "Message-ID", std::slice::from_ref(id))?;
    }
    for (name, ids) in [("In-Reply-To", &draft.in_reply_to), ("References", &draft.references)] {
        if !ids.is_empty() {
            identifiers(header, name, ids)?;
        }
    }
    if let Some(subject) = &draft.subject {
        header.unstructured("Subject", subject);
    }
    if !draft.keywords.is_empty() {
        header.name("Keywords");
        for (i, keyword) in draft.keywords.iter().enumerate() {
            if i > 0 {
                header.raw(",");
            }
            header.phrase(keyword);
        }
        header.end();
    }
    for (name, value) in &draft.extra {
        header.unstructured(name, value);
    }
    header.short("MIME-Version", "1.0");
    Ok(())
}

fn identifiers(header: &mut Header<'_>, name: &'static str, ids: &[String]) -> Result<(), ComposeError> {
    header.name(name);
    for id in ids {
        let id = check::identifier(name, id)?;
        header.gap(id.len() + 2);
        header.raw("<");
        header.raw(id);
        header.raw(">");
    }
    header.end();
    Ok(())
}
