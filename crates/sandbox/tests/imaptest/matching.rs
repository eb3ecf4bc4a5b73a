//! What a server says as lists and words, and whether it is what a script expects.

use std::collections::HashMap;

/// Variables that have a value.
pub(crate) type Values = HashMap<String, String>;

/// A word, or a list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Word(String),
    /// In round or square brackets.
    List(char, Vec<Node>),
}

/// Reads a line; strings, literals and atoms are all words. `BODY[…]` is one word.
pub(crate) fn read(line: &[u8]) -> Vec<Node> {
    let mut at = 0;
    nodes(line, &mut at, None)
}

fn nodes(line: &[u8], at: &mut usize, end: Option<u8>) -> Vec<Node> {
    let mut all = Vec::new();
    while let Some(&b) = line.get(*at) {
        *at += 1;
        match b {
            _ if Some(b) == end => break,
            b' ' | b'\r' | b'\n' => {}
            b'(' => all.push(Node::List('(', nodes(line, at, Some(b')')))),
            b'[' => all.push(Node::List('[', nodes(line, at, Some(b']')))),
            b'"' => all.push(Node::Word(quoted(line, at))),
            b'{' if line[*at - 1..].starts_with(b"{{{\n") => {
                all.push(Node::Word(block(line, at).replace('\n', "\r\n")));
            }
            b'~' if line[*at..].starts_with(b"{{{\n") => {
                *at += 1;
                all.push(Node::Word(block(line, at)));
            }
            b'{' if literal(line, *at).is_some() => {
                let (from, to) = literal(line, *at).expect("it is one");
                *at = to;
                all.push(Node::Word(String::from_utf8_lossy(&line[from..to]).into_owned()));
            }
            _ => {
                let from = *at - 1;
                let mut depth = usize::from(b == b'[');
                while let Some(&b) = line.get(*at) {
                    match b {
                        b'[' => depth += 1,
                        b']' if depth > 0 => depth -= 1,
                        b' ' | b')' | b'(' | b'\r' | b'\n' if depth == 0 => break,
                        b']' if end == Some(b']') => break,
                        _ => {}
                    }
                    *at += 1;
                }
                all.push(Node::Word(String::from_utf8_lossy(&line[from..*at]).into_owned()));
            }
        }
    }
    all
}

fn quoted(line: &[u8], at: &mut usize) -> String {
    let mut octets = Vec::new();
    while let Some(&b) = line.get(*at) {
        *at += 1;
        match b {
            b'"' => break,
            b'\\' => {
                octets.push(line[*at]);
                *at += 1;
            }
            _ => octets.push(b),
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// A script's `{{{`, lines, `}}}`; with `~` before it, its line ends are as they are.
fn block(line: &[u8], at: &mut usize) -> String {
    let from = *at + 3;
    let end = line[from..].windows(3).position(|three| three == b"}}}").expect("it ends") + from;
    *at = end + 3;
    // The line end before the mark belongs to it.
    let text = String::from_utf8_lossy(&line[from..end]);
    text.strip_suffix('\n').unwrap_or(&text).to_string()
}

fn literal(line: &[u8], at: usize) -> Option<(usize, usize)> {
    let close = line[at..].windows(3).position(|three| three == b"}\r\n")? + at;
    let len: usize = std::str::from_utf8(&line[at..close]).ok()?.parse().ok()?;
    Some((close + 3, close + 3 + len))
}

/// A text with its variables' values; `$$` is a dollar.
pub(crate) fn substituted(text: &str, values: &Values) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix('$') {
            out.push('$');
            rest = behind;
            continue;
        }
        let (name, behind) = variable(rest);
        rest = behind;
        let sequence = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
        match values.get(name) {
            Some(value) => out.push_str(value),
            None if sequence => out.push_str(name),
            None => {
                out.push('$');
                out.push_str(name);
            }
        }
    }
    out + rest
}

fn variable(rest: &str) -> (&str, &str) {
    if let Some((name, behind)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        return (name, behind);
    }
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    rest.split_at(end)
}

/// How a list is compared.
struct Way {
    /// Chains of so many are looked for in any order; `None`: all in their order.
    chain: Option<usize>,
    extra: bool,
    ignored: Vec<String>,
    banned: Vec<String>,
}

/// Whether a line is the one that is expected; variables without a value get one.
/// `$3` is the message that had this number when the command was said: `number` is the line's.
pub(crate) fn fits_line(
    expected: &[Node],
    heard: &[Node],
    number: Option<usize>,
    values: &mut Values,
) -> bool {
    if let (Some(Node::Word(first)), Some(number)) = (expected.first(), number)
        && let Some(wanted) = first.strip_prefix('$').and_then(|digits| digits.parse::<usize>().ok())
    {
        let (mut expected, mut heard) = (expected.to_vec(), heard.to_vec());
        (expected[0], heard[0]) = (Node::Word(wanted.to_string()), Node::Word(number.to_string()));
        return fits_line(&expected, &heard, None, values);
    }
    let word = |node: Option<&Node>| match node {
        Some(Node::Word(word)) => word.to_ascii_uppercase(),
        _ => String::new(),
    };
    let kind = match (word(expected.first()).as_str(), word(expected.get(1)).as_str()) {
        (_, "FETCH") => "FETCH",
        ("LIST" | "LSUB", _) => "LIST",
        ("STATUS", _) => "STATUS",
        ("SEARCH", _) => return fits_all(expected, heard, values, ""),
        _ => "",
    };
    // What is said behind what is expected does not matter (texts for people).
    let heard =
        if kind.is_empty() && heard.len() > expected.len() { &heard[..expected.len()] } else { heard };
    fits_all(expected, heard, values, kind)
}

fn fits_all(expected: &[Node], heard: &[Node], values: &mut Values, kind: &str) -> bool {
    expected.len() == heard.len()
        && expected.iter().zip(heard).all(|(expected, heard)| fits(expected, heard, values, kind))
}

fn fits(expected: &Node, heard: &Node, values: &mut Values, kind: &str) -> bool {
    match (expected, heard) {
        (Node::Word(word), _) if word == "$" => true,
        (Node::Word(expected), Node::Word(heard)) => fits_word(expected, heard, values),
        (Node::List(a, expected), Node::List(b, heard)) => a == b && fits_list(expected, heard, values, kind),
        _ => false,
    }
}

fn fits_word(expected: &str, heard: &str, values: &mut Values) -> bool {
    let known = substituted(expected, values);
    if known.eq_ignore_ascii_case(heard) {
        return true;
    }
    match expected.strip_prefix('$').map(variable) {
        Some((name, "")) if !name.is_empty() && !values.contains_key(name) => {
            if name.bytes().all(|b| b.is_ascii_digit()) {
                return false;
            }
            values.insert(name.to_string(), heard.to_string());
            true
        }
        _ => false,
    }
}

fn fits_list(expected: &[Node], heard: &[Node], values: &mut Values, kind: &str) -> bool {
    let is_directive = |node: &&Node| matches!(node, Node::Word(word) if word.starts_with("$!"));
    let directives: Vec<&str> = expected
        .iter()
        .filter(is_directive)
        .filter_map(|node| if let Node::Word(word) = node { Some(&word[2..]) } else { None })
        .collect();
    let expected: Vec<&Node> = expected.iter().filter(|node| !is_directive(node)).collect();
    let mut way = match kind {
        "FETCH" | "STATUS" => Way { chain: Some(2), extra: true, ignored: vec![], banned: vec![] },
        "LIST" => Way { chain: Some(1), extra: true, ignored: vec![], banned: vec![] },
        "FLAGS" => Way { chain: Some(1), extra: false, ignored: vec!["\\recent".into()], banned: vec![] },
        _ => Way { chain: None, extra: false, ignored: vec![], banned: vec![] },
    };
    if !directives.is_empty() {
        way = Way { chain: None, extra: false, ignored: vec![], banned: vec![] };
        for directive in directives {
            match directive.split_once('=').unwrap_or((directive, "")) {
                ("unordered", "") => (way.chain, way.extra) = (Some(1), true),
                ("unordered", n) => (way.chain, way.extra) = (n.parse().ok(), true),
                ("noextra", _) => way.extra = false,
                ("extra", _) => way.extra = true,
                ("ignore", what) => way.ignored.push(what.into()),
                ("ban", what) => way.banned.push(what.into()),
                _ => {}
            }
        }
    }
    let Some(chain) = way.chain else {
        return expected.len() == heard.len()
            && expected.iter().zip(heard).all(|(expected, heard)| fits(expected, heard, values, ""));
    };
    let mut left: Vec<&[Node]> = heard.chunks(chain).collect();
    for wanted in expected.chunks(chain) {
        // The value of FLAGS is a list of its own kind.
        let is_flags =
            kind == "FETCH" && matches!(wanted[0], Node::Word(word) if word.eq_ignore_ascii_case("flags"));
        let found = left.iter().position(|heard| {
            let mut tried = values.clone();
            let all = wanted.len() == heard.len()
                && wanted.iter().zip(heard.iter()).all(|(wanted, heard)| {
                    fits(wanted, heard, &mut tried, if is_flags { "FLAGS" } else { "" })
                });
            if all {
                *values = tried;
            }
            all
        });
        match found {
            Some(at) => {
                left.remove(at);
            }
            None => return false,
        }
    }
    let is_one = |node: &Node, names: &[String]| matches!(node, Node::Word(word) if names.iter().any(|name| name.eq_ignore_ascii_case(word)));
    left.iter().all(|rest| {
        rest.iter().all(|node| !is_one(node, &way.banned) && (way.extra || is_one(node, &way.ignored)))
    })
}
