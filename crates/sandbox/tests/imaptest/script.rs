//! ImapTest's scripts, as far as the corpus has them: a header, then commands with what they are answered with.

use crate::matching::{self, Node, Values};

/// A script.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) connections: usize,
    pub(crate) state: String,
    /// How many messages to append; `None`: all.
    pub(crate) messages: Option<usize>,
    pub(crate) steps: Vec<Step>,
}

/// A command, and what must and must not come of it.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) connection: usize,
    pub(crate) command: Vec<u8>,
    pub(crate) status: Status,
    /// What the text of the answer begins with.
    pub(crate) text: String,
    /// Whether it must come, and what.
    pub(crate) untagged: Vec<(bool, Vec<Node>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Any,
    Is(String),
}

fn status(word: &str) -> Option<Status> {
    match word.to_ascii_lowercase().as_str() {
        "\"\"" => Some(Status::Any),
        status @ ("ok" | "no" | "bad") => Some(Status::Is(status.to_string())),
        _ => None,
    }
}

/// Lines, with `{{{ … }}}` over several of them as one.
fn logical(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.split('\n') {
        if open {
            let last = all.last_mut().expect("one is open");
            last.push('\n');
            last.push_str(line);
        } else {
            all.push(line.to_string());
        }
        let last = all.last().expect("one was pushed");
        open = last.matches("{{{").count() > last.matches("}}}").count();
    }
    all
}

impl Script {
    pub(crate) fn parse(text: &str) -> Self {
        let mut script = Self { connections: 1, state: "selected".into(), messages: None, steps: Vec::new() };
        let lines = logical(text);
        // Without a header, the commands begin at once.
        let mut lines = lines.iter().map(|line| line.trim_start()).peekable();
        while let Some(line) = lines.next_if(|line| !line.is_empty() && header(line).is_some()) {
            let (key, value) = header(line).expect("it was one");
            match key {
                "connections" => script.connections = value.parse().expect("a number"),
                "state" => script.state = value.into(),
                "messages" => script.messages = value.parse().ok(),
                _ => {}
            }
        }
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            script.add(line);
        }
        script
    }

    fn add(&mut self, line: &str) {
        let of_answer = line
            .strip_prefix("* ")
            .map(|rest| (true, rest))
            .or(line.strip_prefix("! ").map(|rest| (false, rest)));
        if let Some((wanted, rest)) = of_answer {
            let step = self.steps.last_mut().expect("a command comes first");
            step.untagged.push((wanted, matching::read(rest.as_bytes())));
            return;
        }
        // "May come" says nothing.
        if line.starts_with("? ") {
            return;
        }
        let (connection, rest) = match line.split_once(' ') {
            Some((n, rest)) if self.connections > 1 && n.parse::<usize>().is_ok() => {
                (n.parse::<usize>().expect("it is one") - 1, rest)
            }
            _ => (0, line),
        };
        let (word, behind) = rest.split_once(' ').unwrap_or((rest, ""));
        match status(word) {
            // The answer to a command that was written without one.
            Some(status) if behind.is_empty() || behind.starts_with('[') => {
                let step = self.steps.last_mut().expect("a command comes first");
                (step.status, step.text) = (status, behind.to_string());
            }
            Some(status) => self.push(connection, behind, status),
            None => self.push(connection, rest, Status::Any),
        }
    }

    fn push(&mut self, connection: usize, command: &str, status: Status) {
        let command = command.as_bytes().to_vec();
        self.steps.push(Step { connection, command, status, text: String::new(), untagged: Vec::new() });
    }
}

fn header(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(": ")?;
    ["connections", "state", "messages", "capabilities", "ignore_extra_untagged"]
        .contains(&key)
        .then_some((key, value.trim()))
}

/// A command with its variables and literals filled in.
pub(crate) fn expand(command: &[u8], values: &Values) -> Vec<u8> {
    let text = String::from_utf8_lossy(command).into_owned();
    let mut out = Vec::new();
    let mut rest = text.as_str();
    while let Some((before, behind)) = rest.split_once("{{{\n") {
        let (literal, behind) = behind.split_once("}}}").expect("it ends");
        let literal = literal.replace('\n', "\r\n");
        out.extend_from_slice(matching::substituted(before, values).as_bytes());
        out.extend_from_slice(format!("{{{}+}}\r\n{literal}", literal.len()).as_bytes());
        rest = behind;
    }
    out.extend_from_slice(matching::substituted(rest, values).as_bytes());
    out
}
