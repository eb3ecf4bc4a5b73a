//! LIST and LSUB (RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154), and the names that fit.

use std::collections::BTreeMap;

use crate::imap::utf7;

use super::config::MAX_NAME;
use super::line::mailbox;
use super::mailboxes::{Mailbox, SEPARATOR};
use super::words::Words;

/// A LIST or LSUB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct List {
    pub(super) lsub: bool,
    reference: Vec<u8>,
    patterns: Vec<Vec<u8>>,
    /// Only those that are subscribed to.
    subscribed: bool,
    /// Those above one that fits otherwise, too.
    recursive: bool,
    /// Only those that are for something.
    special: bool,
    /// STATUS of each, these items.
    pub(super) status: Option<Vec<String>>,
}

impl List {
    /// Reads what stands behind the command's name.
    pub(super) fn parse(rest: &[u8], lsub: bool) -> Option<Self> {
        let mut list = Self { lsub, ..Self::default() };
        let mut words = Words::new(rest);
        words.space()?;
        if !lsub && words.rest.first() == Some(&b'(') {
            let options = words.list(|words| words.atom().map(str::to_ascii_uppercase))?;
            for option in options {
                match option.as_str() {
                    "SUBSCRIBED" => list.subscribed = true,
                    "RECURSIVEMATCH" => list.recursive = true,
                    "SPECIAL-USE" => list.special = true,
                    "REMOTE" => {}
                    _ => return None,
                }
            }
            // RFC 5258 §3: it must not be the only one.
            if list.recursive && !list.subscribed && !list.special {
                return None;
            }
            words.space()?;
        }
        list.reference = words.astring()?.into_owned();
        words.space()?;
        list.patterns = if !lsub && words.rest.first() == Some(&b'(') {
            words.list(|words| words.pattern().map(std::borrow::Cow::into_owned))?
        } else {
            vec![words.pattern()?.into_owned()]
        };
        if !lsub && words.eat(" RETURN ") {
            words.list(|words| list.returns(words))?;
        }
        let short = list.patterns.iter().all(|pattern| pattern.len() <= MAX_NAME);
        (short && words.ended()).then_some(list)
    }

    fn returns(&mut self, words: &mut Words<'_>) -> Option<()> {
        match words.atom()?.to_ascii_uppercase().as_str() {
            // What these ask for is always told.
            "SUBSCRIBED" | "CHILDREN" | "SPECIAL-USE" => Some(()),
            "STATUS" => {
                words.space()?;
                self.status = Some(words.list(|words| words.atom().map(str::to_ascii_uppercase))?);
                Some(())
            }
            _ => None,
        }
    }

    /// For faults: the first pattern.
    pub(super) fn subject(&self) -> String {
        String::from_utf8_lossy(self.patterns.first().map_or(b"", Vec::as_slice)).into_owned()
    }

    /// The lines, and the mailboxes that are there among them; `None` where a pattern is no mailbox name.
    pub(super) fn answer(&self, known: Vec<Mailbox>, utf8: bool) -> Option<(Vec<u8>, Vec<String>)> {
        let mut out = Vec::new();
        if self.patterns.iter().all(Vec::is_empty) && !self.patterns.is_empty() {
            // RFC 9051 §6.3.9: the separator is asked for.
            out.extend_from_slice(format!("* LIST (\\Noselect) \"{SEPARATOR}\" \"\"\r\n").as_bytes());
            return Some((out, Vec::new()));
        }
        let read = |octets: &[u8]| {
            if utf8 { String::from_utf8(octets.to_vec()).ok() } else { utf7::decode(octets) }
        };
        let reference = read(&self.reference)?;
        let mut patterns = Vec::new();
        for pattern in &self.patterns {
            patterns.push(format!("{reference}{}", read(pattern)?));
        }
        let names = Names::new(known);
        let mut there = Vec::new();
        for (name, node) in &names.0 {
            let asked_for = |name: &str| patterns.iter().any(|pattern| fits(pattern, name));
            if !asked_for(name) {
                continue;
            }
            let Some((attributes, info)) = self.attributes(&names, name, node, &asked_for) else { continue };
            let verb = if self.lsub { "LSUB" } else { "LIST" };
            out.extend_from_slice(format!("* {verb} ({}) \"{SEPARATOR}\" ", attributes.join(" ")).as_bytes());
            mailbox(&mut out, name, utf8);
            out.extend_from_slice(if info { b" (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n" } else { b"\r\n" });
            if node.mailbox.exists {
                there.push(name.clone());
            }
        }
        Some((out, there))
    }

    /// What is said of a name that fits; `None`: nothing.
    fn attributes(
        &self,
        names: &Names,
        name: &str,
        node: &Node,
        asked_for: &dyn Fn(&str) -> bool,
    ) -> Option<(Vec<&'static str>, bool)> {
        let Mailbox { exists, subscribed, special, .. } = node.mailbox;
        let mut all = Vec::new();
        let below = names.below(name);
        let mut info = false;
        if self.lsub || self.subscribed {
            // A level above a name that is subscribed to and does not fit itself (RFC 3501 §6.3.9, RFC 5258
            // §3.5).
            let above =
                || names.below(name).any(|(below, node)| node.mailbox.subscribed && !asked_for(below));
            match subscribed {
                true => {}
                false if self.lsub && above() => return Some((vec!["\\Noselect"], false)),
                false if self.recursive && above() => {}
                false => return None,
            }
            info = self.recursive && names.below(name).any(|(_, node)| node.mailbox.subscribed);
        }
        if self.special && special.is_none() {
            return None;
        }
        if !self.lsub && !self.subscribed && !exists && !node.implied {
            // Only subscribed to.
            return None;
        }
        if !exists {
            all.push(if node.implied || self.lsub { "\\Noselect" } else { "\\NonExistent" });
        }
        if !self.lsub {
            if subscribed {
                all.push("\\Subscribed");
            }
            let parent = { below }.any(|(_, node)| node.mailbox.exists);
            all.push(if parent { "\\HasChildren" } else { "\\HasNoChildren" });
            all.extend(special.map(|special| special.attribute()));
        }
        Some((all, info))
    }
}

/// All names, those that are only levels above others among them.
struct Names(BTreeMap<String, Node>);

struct Node {
    mailbox: Mailbox,
    /// It stands here because something that exists lies below it.
    implied: bool,
}

impl Names {
    fn new(known: Vec<Mailbox>) -> Self {
        let mut all = BTreeMap::new();
        for mailbox in &known {
            for (at, _) in mailbox.name.match_indices(SEPARATOR) {
                let name = &mailbox.name[..at];
                let above = Mailbox { name: name.into(), ..Mailbox::default() };
                let node = all.entry(name.to_string()).or_insert(Node { mailbox: above, implied: false });
                node.implied |= mailbox.exists;
            }
        }
        for mailbox in known {
            let implied = all.get(&mailbox.name).is_some_and(|node: &Node| node.implied) && !mailbox.exists;
            all.insert(mailbox.name.clone(), Node { mailbox, implied });
        }
        Self(all)
    }

    fn below(&self, name: &str) -> impl Iterator<Item = (&String, &Node)> {
        let prefix = format!("{name}{SEPARATOR}");
        let end = prefix.clone();
        self.0.range(prefix..).take_while(move |(name, _)| name.starts_with(&end))
    }
}

/// `*` is anything, `%` anything but the separator; INBOX in any case of letters.
fn fits(pattern: &str, name: &str) -> bool {
    if name == "INBOX" && pattern.eq_ignore_ascii_case(name) {
        return true;
    }
    let upper = name == "INBOX";
    let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let same = |a: char, b: char| a == b || (upper && a.eq_ignore_ascii_case(&b));
    // Which places of the pattern what was read of the name can stand at.
    let mut at = vec![false; p.len() + 1];
    at[0] = true;
    let spread = |at: &mut Vec<bool>| {
        for i in 0..p.len() {
            if at[i] && matches!(p[i], '*' | '%') {
                at[i + 1] = true;
            }
        }
    };
    spread(&mut at);
    for c in t {
        let mut next = vec![false; p.len() + 1];
        for i in 0..p.len() {
            if at[i] {
                match p[i] {
                    '*' => next[i] = true,
                    '%' if c != SEPARATOR => next[i] = true,
                    '%' => {}
                    literal if same(literal, c) => next[i + 1] = true,
                    _ => {}
                }
            }
        }
        spread(&mut next);
        at = next;
    }
    at[p.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::server::mailboxes::SpecialUse;

    fn mailboxes() -> Vec<Mailbox> {
        let there =
            |name: &str, subscribed| Mailbox { name: name.into(), exists: true, subscribed, special: None };
        vec![
            there("INBOX", true),
            Mailbox { special: Some(SpecialUse::Sent), ..there("已发送", false) },
            there("a/b/c", true),
            there("a/b/d", false),
            Mailbox { name: "gone/x".into(), subscribed: true, ..Mailbox::default() },
        ]
    }

    fn listed(command: &str) -> Vec<String> {
        let (verb, rest) = command.split_at(4);
        let list = List::parse(format!("{rest}\r\n").as_bytes(), verb == "LSUB").expect(command);
        let (out, _) = list.answer(mailboxes(), false).expect("names");
        String::from_utf8_lossy(&out).lines().map(|line| line[7..].to_string()).collect()
    }

    #[test]
    fn patterns_fit_names_as_the_standard_has_it() {
        for (pattern, name, expected) in [
            ("*", "a/b", true),
            ("%", "a/b", false),
            ("%/%", "a/b", true),
            ("a%", "ab", true),
            ("a*b", "a/x/b", true),
            ("inbox", "INBOX", true),
            ("In*", "INBOX", true),
            ("in*", "INBOX/x", false),
            ("", "a", false),
            ("*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn names_are_listed_with_their_attributes() {
        assert_eq!(
            listed("LIST \"\" *"),
            [
                "(\\Subscribed \\HasNoChildren) \"/\" INBOX",
                "(\\Noselect \\HasChildren) \"/\" a",
                "(\\Noselect \\HasChildren) \"/\" a/b",
                "(\\Subscribed \\HasNoChildren) \"/\" a/b/c",
                "(\\HasNoChildren) \"/\" a/b/d",
                "(\\HasNoChildren \\Sent) \"/\" &XfJT0ZAB-",
            ]
        );
        assert_eq!(listed("LIST a/b/ %").len(), 2);
        assert_eq!(listed("LIST \"\" \"\""), ["(\\Noselect) \"/\" \"\""]);
        assert_eq!(listed("LIST \"\" (INBOX a)").len(), 2);
        assert_eq!(listed("LIST (SPECIAL-USE) \"\" *").len(), 1);
        assert_eq!(
            listed("LIST (SUBSCRIBED) \"\" * RETURN (CHILDREN)"),
            [
                "(\\Subscribed \\HasNoChildren) \"/\" INBOX",
                "(\\Subscribed \\HasNoChildren) \"/\" a/b/c",
                "(\\NonExistent \\Subscribed \\HasNoChildren) \"/\" gone/x",
            ]
        );
        assert_eq!(
            listed("LIST (SUBSCRIBED RECURSIVEMATCH) \"\" %"),
            [
                "(\\Subscribed \\HasNoChildren) \"/\" INBOX",
                "(\\Noselect \\HasChildren) \"/\" a (\"CHILDINFO\" (\"SUBSCRIBED\"))",
                "(\\NonExistent \\HasNoChildren) \"/\" gone (\"CHILDINFO\" (\"SUBSCRIBED\"))",
            ]
        );
    }

    #[test]
    fn subscriptions_are_listed_with_the_levels_above_them() {
        assert_eq!(listed("LSUB \"\" *"), ["() \"/\" INBOX", "() \"/\" a/b/c", "(\\Noselect) \"/\" gone/x"]);
        assert_eq!(
            listed("LSUB \"\" %"),
            ["() \"/\" INBOX", "(\\Noselect) \"/\" a", "(\\Noselect) \"/\" gone"]
        );
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for rest in [
            "\r\n",
            " \"\"\r\n",
            " (FROB) \"\" *\r\n",
            " (RECURSIVEMATCH) \"\" *\r\n",
            " \"\" * RETURN (STATUS)\r\n",
            " \"\" * RETURN\r\n",
            " \"\" (a\r\n",
        ] {
            assert_eq!(List::parse(rest.as_bytes(), false), None, "{rest}");
        }
    }
}
