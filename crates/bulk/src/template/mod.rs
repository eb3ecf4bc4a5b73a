//! Templates: compiled once against the sheet's columns, rendered for each row.
//!
//! A name that is no column is an error before the first row is looked at. What a cell holds is a value and is never read as
//! a template. Nothing is loaded from anywhere: a template is its own text. Steps and output of a rendering are bounded, so
//! that a mistake in a template ends with an error that names it.

mod explain;
mod fields;
mod filters;
mod scan;

use std::io::{self, Write};
use std::sync::Arc;

use hongyan_proto::said::said;
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

pub(crate) use fields::Fields;

use crate::campaign::{CampaignError, Place};
use crate::letter::RowError;
use crate::row::{Columns, Row};
use fields::{LINK, Places, ROW};
use scan::Scan;

/// The most steps that rendering one template for one row may take. A page of text takes some hundred.
pub const MAX_STEPS: u64 = 500_000;
/// The longest text or HTML of one letter, in octets.
pub const MAX_BODY: usize = 8 * 1024 * 1024;
/// The longest of the short ones: a subject, a header field, a list of addresses, a path; in octets.
pub const MAX_LINE: usize = 64 * 1024;

/// Names that templates know beside the columns.
const GLOBALS: [&str; 3] = ["range", "dict", "namespace"];
/// Statements that would need another template.
const LOADING: [&str; 5] = ["include", "import", "from", "extends", "block"];

/// What rendering does to a value from a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing: texts.
    Text,
    /// Nothing: what becomes one line.
    Line,
    /// It is escaped.
    Html,
    /// It is put between [`VALUE`] marks, so that what is a cell's and what is the template's can be told apart.
    Address,
}

/// Stand around what comes from a cell in a rendered [`Kind::Address`]; never in it.
pub(crate) const VALUE: [char; 2] = ['\u{f0000}', '\u{f0001}'];

/// One of the compiled templates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Id(usize);

/// The compiled templates of a campaign.
pub(crate) struct Templates {
    environment: Environment<'static>,
    addresses: Environment<'static>,
    columns: Columns,
    places: Arc<Places>,
    each: Vec<One>,
    /// Whether letters have a link to get off the list by.
    link: bool,
}

struct One {
    name: String,
    kind: Kind,
    place: Place,
    /// The text, where nothing in it is to be rendered.
    fixed: Option<String>,
    /// The columns that it uses.
    uses: Vec<usize>,
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Templates").field("columns", &self.columns).finish_non_exhaustive()
    }
}

impl Templates {
    /// `link`: templates may name the link by which a reader gets off the list.
    pub(crate) fn new(columns: &Columns, link: bool) -> Self {
        let mut addresses = environment();
        addresses.set_formatter(|out, _, value| {
            let text = value.to_string().replace(VALUE, "\u{fffd}");
            write!(out, "{}{text}{}", VALUE[0], VALUE[1])?;
            Ok(())
        });
        Self {
            environment: environment(),
            addresses,
            columns: columns.clone(),
            places: Places::of(columns),
            each: Vec::new(),
            link,
        }
    }

    /// Compiles a template; `place` is where it begins.
    pub(crate) fn add(&mut self, source: &str, kind: Kind, place: Place) -> Result<Id, CampaignError> {
        let scan = Scan::of(source);
        let at = |line: Option<usize>| match (line, place.line) {
            (Some(line), from) => {
                Place::line(place.file.clone(), Some(line + from.map_or(0, |from| from - 1)))
            }
            (None, _) => place.clone(),
        };
        if let Some((word, line)) = scan.statement(&LOADING) {
            return Err(explain::loading(word, at(Some(line))));
        }
        let name = format!("{}{}", self.each.len(), if kind == Kind::Html { ".html" } else { ".txt" });
        let environment = match kind {
            Kind::Address => &mut self.addresses,
            _ => &mut self.environment,
        };
        environment
            .add_template_owned(name.clone(), source.to_owned())
            .map_err(|error| explain::syntax(&error, at(error.line())))?;
        let mut used: Vec<String> = match environment.get_template(&name) {
            Ok(template) => template.undeclared_variables(false).into_iter().collect(),
            Err(error) => return Err(explain::syntax(&error, at(error.line()))),
        };
        let ours = |name: &str| name == ROW || GLOBALS.contains(&name) || (self.link && name == LINK);
        used.retain(|name| name != ROW && (self.places.has(name) || !ours(name)));
        let mut used: Vec<(String, Option<usize>)> = used
            .into_iter()
            .map(|name| (scan.line_of(&name), name))
            .map(|(line, name)| (name, line))
            .collect();
        used.extend(scan.asked.iter().map(|(name, line)| (name.clone(), Some(*line))));
        used.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
        if let Some((name, line)) = used.iter().find(|(name, _)| !self.places.has(name)) {
            return Err(explain::no_such_column(name, &self.columns, at(*line)));
        }
        let uses = used.iter().filter_map(|(name, _)| self.columns.position(name)).collect();
        let fixed = (!source.contains(['{', '}']) && kind != Kind::Address).then(|| source.to_owned());
        self.each.push(One { name, kind, place, fixed, uses });
        Ok(Id(self.each.len() - 1))
    }

    /// What templates see of a row.
    pub(crate) fn fields(&self, row: &Row) -> Fields {
        Fields::new(&self.places, row)
    }

    /// Where a template is written.
    pub(crate) fn place(&self, id: Id) -> &Place {
        &self.each[id.0].place
    }

    /// The column among those that a template uses whose cell holds a text that `wrong` says so of.
    pub(crate) fn column_with(&self, id: Id, row: &Row, wrong: impl Fn(&str) -> bool) -> Option<String> {
        let uses = self.each[id.0].uses.iter();
        let mut bad =
            uses.filter(|at| row.cells.get(**at).and_then(|cell| cell.as_str()).is_some_and(&wrong));
        bad.next().and_then(|at| self.columns.names().get(*at)).cloned()
    }

    /// The only column that a template uses, where there is one.
    pub(crate) fn only_column(&self, id: Id) -> Option<&str> {
        match self.each[id.0].uses[..] {
            [at] => self.columns.names().get(at).map(String::as_str),
            _ => None,
        }
    }

    /// Renders a template for a row.
    pub(crate) fn render(&self, id: Id, fields: &Fields, row: u64) -> Result<String, RowError> {
        let one = &self.each[id.0];
        if let Some(fixed) = &one.fixed {
            return Ok(fixed.clone());
        }
        let environment = match one.kind {
            Kind::Address => &self.addresses,
            _ => &self.environment,
        };
        let limit = match one.kind {
            Kind::Text | Kind::Html => MAX_BODY,
            Kind::Line | Kind::Address => MAX_LINE,
        };
        let mut out = Limited { bytes: Vec::with_capacity(512), limit, over: false };
        let rendered = environment
            .get_template(&one.name)
            .and_then(|template| template.render_captured_to(fields.value(), &mut out).map(drop));
        match rendered {
            Ok(()) => String::from_utf8(out.bytes).map_err(|_| {
                let what = said("the template made something that is no text", "模板生成的内容不是文字");
                RowError::new(row, one.place.clone(), None, what, said("correct the template", "请更正模板"))
            }),
            Err(_) if out.over => Err(explain::too_long(row, one.place.clone(), limit)),
            Err(error) => Err(explain::failed(row, &one.place, &error)),
        }
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(MAX_STEPS));
    environment.set_debug(false);
    environment.remove_global("debug");
    environment.set_auto_escape_callback(|name| match name.ends_with(".html") {
        true => AutoEscape::Html,
        false => AutoEscape::None,
    });
    // A line with nothing but a statement leaves no empty line in a letter.
    let mut syntax = SyntaxConfig::builder();
    if let Ok(syntax) = syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build() {
        environment.set_syntax(syntax);
    }
    filters::add(&mut environment);
    environment
}

/// A buffer that does not grow beyond a limit.
struct Limited {
    bytes: Vec<u8>,
    limit: usize,
    over: bool,
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.limit {
            self.over = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
