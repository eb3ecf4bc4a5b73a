//! Lines out of running text: white space as browsers collapse it, paragraphs, lists, quotes, cells.

use std::fmt::Write as _;

/// Quotes and lists nested deeper look like this depth.
const MAX_DEPTH: usize = 16;

/// What text is laid out into.
pub(super) struct Layout {
    out: String,
    /// Line ends due before the next text.
    breaks: usize,
    /// A blank due before the next text of the line.
    space: bool,
    /// A cell begins: its text is set off from the one before.
    cell: bool,
    /// Whether text stands on the line already.
    on_line: bool,
    pre: usize,
    quotes: usize,
    lists: Vec<Option<i64>>,
    /// Lists beyond [`MAX_DEPTH`], only counted.
    deeper: usize,
    /// What stands before the line's first text: the bullet of an item.
    bullet: Option<String>,
}

impl Layout {
    /// A layout for HTML of `len` bytes.
    pub(super) fn new(len: usize) -> Self {
        Self {
            out: String::with_capacity(len / 4),
            breaks: 0,
            space: false,
            cell: false,
            on_line: false,
            pre: 0,
            quotes: 0,
            lists: Vec::new(),
            deeper: 0,
            bullet: None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    pub(super) fn since(&self, at: usize) -> &str {
        self.out.get(at..).unwrap_or_default()
    }

    /// Text, its character references decoded.
    pub(super) fn text(&mut self, text: &str) {
        if self.pre > 0 {
            return self.preformatted(text);
        }
        let mut rest = text;
        loop {
            let word_at = rest.find(|c| !is_blank(c));
            let (blanks, word) = rest.split_at(word_at.unwrap_or(rest.len()));
            self.space |= !blanks.is_empty();
            if word.is_empty() {
                return;
            }
            let end = word.find(is_blank).unwrap_or(word.len());
            self.word(&word[..end]);
            rest = &word[end..];
        }
    }

    fn word(&mut self, word: &str) {
        self.begin_text();
        for c in word.chars() {
            match c {
                '\u{a0}' => self.out.push(' '),
                // Invisible fillers, which mails hide their beginnings behind.
                '\u{200b}'..='\u{200c}' | '\u{feff}' | '\u{ad}' | '\u{34f}' => {}
                c => self.out.push(c),
            }
        }
    }

    /// Puts out what is due before text.
    fn begin_text(&mut self) {
        if self.breaks > 0 {
            self.end_line();
            // Nothing stands above the first line.
            if !self.out.is_empty() {
                for _ in 0..self.breaks {
                    self.out.push('\n');
                }
            }
            self.breaks = 0;
        }
        if !self.on_line {
            (self.space, self.cell, self.on_line) = (false, false, true);
            for _ in 0..self.quotes.min(MAX_DEPTH) {
                self.out.push_str("> ");
            }
            let depth = self.lists.len().saturating_sub(1);
            for _ in 0..depth {
                self.out.push_str("  ");
            }
            match self.bullet.take() {
                Some(bullet) => self.out.push_str(&bullet),
                None if !self.lists.is_empty() => self.out.push_str("  "),
                None => {}
            }
        }
        if std::mem::take(&mut self.cell) {
            self.trim_line_end();
            self.out.push_str(" | ");
            self.space = false;
        }
        if std::mem::take(&mut self.space) && !self.out.ends_with([' ', '\n']) {
            self.out.push(' ');
        }
    }

    fn preformatted(&mut self, text: &str) {
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                self.line_break();
            }
            let line = line.strip_suffix('\r').unwrap_or(line);
            if !line.is_empty() {
                self.begin_text();
                self.out.push_str(line);
            }
        }
    }

    fn trim_line_end(&mut self) {
        self.out.truncate(self.out.trim_end_matches(' ').len());
    }

    fn end_line(&mut self) {
        self.trim_line_end();
        self.on_line = false;
    }

    /// The next text begins a line.
    pub(super) fn line(&mut self) {
        if self.on_line {
            self.breaks = self.breaks.max(1);
        }
        self.cell = false;
    }

    /// The next text begins a paragraph.
    pub(super) fn paragraph(&mut self) {
        if self.bullet.is_some() && !self.on_line {
            return;
        }
        self.breaks = self.breaks.max(2);
        self.cell = false;
    }

    /// `<br>`: the line ends here, also an empty one; of many empty ones one is kept.
    pub(super) fn line_break(&mut self) {
        /// Empty lines kept of several.
        const MOST: usize = 2;
        self.breaks = (self.breaks + 1).min(MOST + 1);
        self.cell = false;
    }

    pub(super) fn rule(&mut self) {
        self.line();
        self.begin_text();
        self.out.push_str("----------");
        self.line();
    }

    pub(super) fn begin_pre(&mut self) {
        self.paragraph();
        self.pre += 1;
    }

    pub(super) fn end_pre(&mut self) {
        self.pre = self.pre.saturating_sub(1);
        self.paragraph();
    }

    pub(super) fn begin_quote(&mut self) {
        self.paragraph();
        self.finish_line();
        self.quotes += 1;
    }

    pub(super) fn end_quote(&mut self) {
        self.paragraph();
        self.finish_line();
        self.quotes = self.quotes.saturating_sub(1);
    }

    /// The line that is open belongs to what was before.
    fn finish_line(&mut self) {
        self.bullet = None;
    }

    /// A list, numbered from `first` or not at all.
    pub(super) fn begin_list(&mut self, first: Option<i64>) {
        if self.lists.is_empty() {
            self.paragraph()
        } else {
            self.line()
        }
        if self.lists.len() < MAX_DEPTH { self.lists.push(first) } else { self.deeper += 1 }
    }

    pub(super) fn end_list(&mut self) {
        self.bullet = None;
        if self.deeper > 0 {
            self.deeper -= 1;
        } else {
            self.lists.pop();
        }
        if self.lists.is_empty() { self.paragraph() } else { self.line() }
    }

    pub(super) fn item(&mut self) {
        self.line();
        self.bullet = Some(match self.lists.last_mut() {
            Some(Some(number)) => {
                let bullet = format!("{number}. ");
                *number = number.saturating_add(1);
                bullet
            }
            _ => "- ".to_owned(),
        });
        if self.lists.is_empty() {
            self.paragraph_if_text();
        }
    }

    fn paragraph_if_text(&mut self) {
        if self.on_line {
            self.breaks = self.breaks.max(1);
        }
    }

    /// A cell begins: set off from another one on the same line.
    pub(super) fn cell(&mut self) {
        if self.on_line && self.breaks == 0 {
            self.cell = true;
        }
    }

    /// A cell ends: what follows is another cell or the row's end.
    pub(super) fn end_cell(&mut self) {
        self.space = true;
    }

    pub(super) fn image(&mut self, alt: &str) {
        let alt = alt.split_whitespace().collect::<Vec<_>>().join(" ");
        if !alt.is_empty() {
            self.begin_text();
            self.out.push('[');
            self.out.push_str(&alt);
            self.out.push(']');
        }
    }

    /// The number of a link behind its text.
    pub(super) fn mark(&mut self, number: usize) {
        // Writing to a string does not fail.
        let _ = write!(self.out, " [{number}]");
    }

    /// The text, with where the links lead behind it.
    pub(super) fn finish(mut self, targets: &[String]) -> String {
        self.end_line();
        if !targets.is_empty() {
            self.out.push_str("\n\n");
            for (at, target) in targets.iter().enumerate() {
                let _ = writeln!(self.out, "[{}] {target}", at + 1);
            }
        } else if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out
    }
}

/// White space that HTML collapses; a no-break space is none.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}
