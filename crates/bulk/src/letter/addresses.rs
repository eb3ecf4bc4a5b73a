//! What an address template made, as mailboxes.
//!
//! In `{{ 姓名 }} <{{ 邮箱 }}>` the template says what is a name and what an address; what a cell holds cannot change that.
//! A name of `x@example.org>, <y@example.org` stays a name, however odd. Where a cell stands alone it may hold anything that
//! people write into a cell: several addresses, with names.

use hongyan_mime::address::Mailbox;
use hongyan_proto::said::{Said, said};

use crate::recipients::addresses;
use crate::template::VALUE;

/// Why there are no mailboxes in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoMailboxes {
    /// What stands where an address should.
    pub(super) text: String,
    /// What is wrong with it.
    pub(super) what: Said,
}

/// One entry of the list, what is a cell's and what the template's told apart.
#[derive(Default)]
struct Entry {
    /// What stands before a `<` of the template's, or all of it.
    before: String,
    /// What stands between the template's `<` and `>`.
    inside: Option<String>,
    /// What follows that.
    after: String,
}

/// Reads what a template of the kind `Address` made.
pub(super) fn mailboxes(rendered: &str) -> Result<Vec<Mailbox>, NoMailboxes> {
    let mut found = Vec::new();
    for entry in entries(rendered) {
        match entry.inside {
            Some(address) => found.push(mailbox(&entry.before, &address, &entry.after)?),
            None => found.extend(list(entry.before.trim())?),
        }
    }
    Ok(found)
}

fn entries(rendered: &str) -> Vec<Entry> {
    let mut entries = vec![Entry::default()];
    let (mut value, mut quoted, mut closed) = (false, false, false);
    for c in rendered.chars() {
        let Some(entry) = entries.last_mut() else { break };
        match c {
            c if c == VALUE[0] => value = true,
            c if c == VALUE[1] => value = false,
            '"' if !value && entry.inside.is_none() => {
                quoted = !quoted;
                // A template's own quotes only say where a name ends; in a list of its own they are read again.
                entry.before.push(c);
            }
            ',' | ';' | '，' | '；' if !value && !quoted => {
                entries.push(Entry::default());
                closed = false;
            }
            '<' if !value && !quoted && entry.inside.is_none() => entry.inside = Some(String::new()),
            '>' if !value && !quoted && entry.inside.is_some() && !closed => closed = true,
            c => match &mut entry.inside {
                Some(_) if closed => entry.after.push(c),
                Some(inside) => inside.push(c),
                None => entry.before.push(c),
            },
        }
    }
    entries
}

/// A name and an address that the template holds apart.
fn mailbox(name: &str, address: &str, after: &str) -> Result<Mailbox, NoMailboxes> {
    let address = address.trim();
    let fail = |en: &str, zh: &str| {
        let shown = address.escape_debug();
        Err(NoMailboxes {
            text: address.to_owned(),
            what: said(format!("“{shown}” {en}"), format!("“{shown}”{zh}")),
        })
    };
    if address.is_empty() {
        return Err(NoMailboxes {
            text: String::new(), what: said("there is no address", "没有邮箱地址")
        });
    }
    if !after.trim().is_empty() {
        return fail("is followed by something in the template", "之后模板中还有内容");
    }
    let mut all = list(address)?;
    let mailbox = match (all.pop(), all.is_empty()) {
        (Some(mailbox), true) if mailbox.name.is_none() && !address.contains(['<', '>']) => mailbox,
        _ => return fail("holds more than one address, without a name", "不是单独一个不带姓名的地址"),
    };
    let name = name.trim();
    let bare = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name).trim();
    if bare.chars().any(char::is_control) {
        let shown = bare.escape_debug();
        let what = said(
            format!("the name “{shown}” holds a line break or another control character"),
            format!("姓名“{shown}”含有换行或其他控制字符"),
        );
        return Err(NoMailboxes { text: bare.to_owned(), what });
    }
    Ok(Mailbox { name: (!bare.is_empty()).then(|| bare.to_owned()), address: mailbox.address })
}

/// What stands in a cell.
fn list(text: &str) -> Result<Vec<Mailbox>, NoMailboxes> {
    addresses(text).map_err(|error| NoMailboxes { text: text.to_owned(), what: error.said() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `«` and `»` stand around what is a cell's.
    fn read(text: &str) -> Result<Vec<String>, NoMailboxes> {
        let rendered = text.replace('«', &VALUE[0].to_string()).replace('»', &VALUE[1].to_string());
        let shown =
            |mailbox: &Mailbox| format!("{}|{}", mailbox.name.as_deref().unwrap_or(""), mailbox.address);
        mailboxes(&rendered).map(|all| all.iter().map(shown).collect())
    }

    #[test]
    fn a_cell_alone_may_hold_a_list() {
        for (text, expected) in [
            ("«a@example.org»", &["|a@example.org"][..]),
            (" « 张三 <a@example.org>； b@example.org » ", &["张三|a@example.org", "|b@example.org"]),
            ("«a@example.org»,«b@example.org»", &["|a@example.org", "|b@example.org"]),
            ("«»", &[]),
            ("«a@example.org»,«»", &["|a@example.org"]),
            ("团队 <team@example.org>, «a@example.org»", &["团队|team@example.org", "|a@example.org"]),
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_cell_in_the_place_of_a_name_stays_a_name() {
        for name in ["张三", "李, 四", "\"x\" <eve@example.org>, y", "a@b>, <c@d", "x; y", "王<五>", "\""]
        {
            let expected = format!("{}|a@example.org", name.trim());
            assert_eq!(
                read(&format!("«{name}» <«a@example.org»>")).unwrap(),
                std::slice::from_ref(&expected),
                "{name}"
            );
            assert_eq!(read(&format!("\"«{name}»\" <«a@example.org»>")).unwrap(), [expected], "{name}");
        }
        assert_eq!(read("«» <«a@example.org»>").unwrap(), ["|a@example.org"]);
    }

    #[test]
    fn a_cell_in_the_place_of_an_address_is_one_address() {
        for address in [
            "a@example.org, b@example.org",
            "a@example.org> <b@example.org",
            "张三 <a@example.org>",
            "<a@example.org>",
            "",
            "a",
            "a@example.org\r\nBcc: b@example.org",
        ] {
            assert!(read(&format!("张三 <«{address}»>")).is_err(), "{address}");
        }
        assert!(read("«张\r\n三» <«a@example.org»>").is_err());
        assert!(read("«a\r\n@example.org»").is_err());
        assert!(read("张三 <«a@example.org»> x").is_err());
    }
}
