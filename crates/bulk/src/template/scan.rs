//! What a template's source refers to, and in which line: what compiling does not tell.
//!
//! Only what stands inside `{{ }}` and `{% %}` is looked at, as tokens: names, strings, and marks.

/// What was found in one template.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Names that stand by themselves, not after a dot, with their lines.
    names: Vec<(String, usize)>,
    /// What `row["…"]` and `row.…` ask for, with their lines.
    pub(super) asked: Vec<(String, usize)>,
    /// Statements by their first word, with their lines.
    statements: Vec<(String, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'s> {
    Blank,
    Name(&'s str),
    /// What stands in quotes; `None` where escapes make it something else.
    Text(Option<&'s str>),
    Mark(char),
}

impl Scan {
    pub(super) fn of(source: &str) -> Self {
        let mut scan = Self::default();
        let (mut rest, mut line) = (source, 1);
        let mut raw = false;
        while let Some(at) = rest.find('{') {
            line += lines(&rest[..at]);
            rest = &rest[at..];
            let len = match rest.as_bytes().get(1) {
                Some(b'#') if !raw => rest.find("#}").map_or(rest.len(), |end| end + 2),
                Some(b'{') if !raw => scan.tag(&rest[2..], line, "}}") + 2,
                Some(b'%') => {
                    let word = first_word(&rest[2..]);
                    if word == "raw" || word == "endraw" {
                        raw = word == "raw";
                        2
                    } else if raw {
                        1
                    } else {
                        scan.tag(&rest[2..], line, "%}") + 2
                    }
                }
                _ => 1,
            };
            line += lines(&rest[..len]);
            rest = &rest[len..];
        }
        scan
    }

    /// The line in which a name stands first.
    pub(super) fn line_of(&self, name: &str) -> Option<usize> {
        self.names.iter().find(|(known, _)| known == name).map(|(_, line)| *line)
    }

    /// The first of these statements, and its line.
    pub(super) fn statement(&self, words: &[&str]) -> Option<(&str, usize)> {
        let found = self.statements.iter().find(|(word, _)| words.contains(&word.as_str()));
        found.map(|(word, line)| (word.as_str(), *line))
    }

    /// Reads to the tag's end, and gives how long that was.
    fn tag(&mut self, inside: &str, mut line: usize, end: &str) -> usize {
        let (mut older, mut newer) = (Token::Blank, Token::Blank);
        let mut first = end == "%}";
        let mut at = 0;
        while at < inside.len() && !inside[at..].starts_with(end) {
            let (token, len) = token(&inside[at..]);
            match (older, newer, token) {
                (Token::Name("row"), Token::Mark('['), Token::Text(Some(text))) => {
                    self.asked.push((text.to_owned(), line));
                }
                (Token::Name("row"), Token::Mark('.'), Token::Name(name)) => {
                    self.asked.push((name.to_owned(), line));
                }
                (_, Token::Mark('.'), Token::Name(_)) => {}
                (_, _, Token::Name(name)) if first => self.statements.push((name.to_owned(), line)),
                (_, _, Token::Name(name)) => self.names.push((name.to_owned(), line)),
                _ => {}
            }
            if token != Token::Blank {
                first &= token == Token::Mark('-') || token == Token::Mark('+');
                // In `x.row`, `row` is not the row.
                let hidden = newer == Token::Mark('.') && matches!(token, Token::Name(_));
                (older, newer) = (newer, if hidden { Token::Mark('.') } else { token });
            }
            line += lines(&inside[at..at + len]);
            at += len;
        }
        (at + end.len()).min(inside.len())
    }
}

fn lines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

fn first_word(inside: &str) -> &str {
    let inside = inside.trim_start_matches(['-', '+']).trim_start();
    &inside[..inside.find(|c: char| !is_name(c)).unwrap_or(inside.len())]
}

fn is_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The first token and its length, which is never 0.
fn token(text: &str) -> (Token<'_>, usize) {
    let Some(c) = text.chars().next() else { return (Token::Blank, 0) };
    let until = |wanted: fn(char) -> bool| text.find(|c| !wanted(c)).unwrap_or(text.len());
    if c.is_whitespace() {
        return (Token::Blank, until(char::is_whitespace));
    }
    if is_name(c) {
        let len = until(is_name);
        return (Token::Name(&text[..len]), len);
    }
    if c != '"' && c != '\'' {
        return (Token::Mark(c), c.len_utf8());
    }
    let mut escaped = false;
    for (at, inner) in text.char_indices().skip(1) {
        match inner {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            inner if inner == c => {
                let inside = &text[1..at];
                return (Token::Text((!inside.contains('\\')).then_some(inside)), at + 1);
            }
            _ => {}
        }
    }
    (Token::Text(None), text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_what_is_asked_of_the_row_are_found_with_their_lines() {
        let scan = Scan::of(
            "你好 {{ 姓名 }},\n{# {{ 注释 }} #}{% raw %}{{ 原样 }}{% endraw %}\n{% if 工资 > \"{{ 假 }}\" -%}\n\
             {{ row[\"工 号\"] ~ row.部门 ~ x.row[\"no\"] }}\n{%- endif %}{{ a\n.b | money }}{{ row[ 'q' ] }}",
        );
        let names: Vec<_> = scan.names.iter().map(|(name, line)| (name.as_str(), *line)).collect();
        assert_eq!(
            names,
            [("姓名", 1), ("工资", 3), ("row", 4), ("row", 4), ("x", 4), ("a", 5), ("money", 6), ("row", 6)]
        );
        let asked: Vec<_> = scan.asked.iter().map(|(name, line)| (name.as_str(), *line)).collect();
        assert_eq!(asked, [("工 号", 4), ("部门", 4), ("q", 6)]);
        assert_eq!(scan.statement(&["if"]), Some(("if", 3)));
        assert_eq!(scan.line_of("部门"), None);
    }

    #[test]
    fn statements_are_known_by_their_first_word() {
        for (source, found) in [
            ("{% include 'a' %}", Some(("include", 1))),
            ("\n{%- import 'a' as b %}", Some(("import", 2))),
            ("{% raw %}{% include 'a' %}{% endraw %}", None),
            ("{{ include }}", None),
            ("{# {% include 'a' %} #}", None),
            ("{%", None),
            ("{% include", Some(("include", 1))),
            ("{{ \"", None),
        ] {
            assert_eq!(Scan::of(source).statement(&["include", "import"]), found, "{source}");
        }
    }
}
