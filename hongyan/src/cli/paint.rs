//! Colour: on a terminal, unless the person or their environment says otherwise.

use std::env;
use std::fmt;
use std::io::IsTerminal;

/// When to colour: `Auto` is on a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    // Without doc comments: they would spread the help of every command over twice the lines.
    #[default]
    Auto,
    Always,
    Never,
}

/// What a piece of text is; how that looks is decided in [`Style::code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Nothing special.
    Plain,
    /// A title.
    Title,
    /// What things are called by: paths of parts, field names.
    Name,
    /// What is looked at most.
    Strong,
    /// What is there for completeness.
    Quiet,
    /// What holds things together: boundaries.
    Seam,
    /// It went well.
    Good,
    /// Worth a look.
    Notice,
    /// It went wrong.
    Bad,
}

impl Style {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "0",
            Self::Title | Self::Strong => "1",
            Self::Name => "36",
            Self::Quiet => "2",
            Self::Seam => "35",
            Self::Good => "32",
            Self::Notice => "33",
            Self::Bad => "1;31",
        }
    }
}

/// Paints text, or leaves it as it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(bool);

impl Paint {
    /// For what is written to `stream`.
    pub(crate) fn on(stream: &impl IsTerminal, color: Color) -> Self {
        Self(match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
                let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
                stream.is_terminal() && !set("NO_COLOR") && !dumb
            }
        })
    }

    /// `text` in a style. The text must be safe to print.
    pub(crate) fn the<T: fmt::Display>(self, style: Style, text: T) -> Painted<T> {
        Painted { style: Some(style).filter(|style| self.0 && *style != Style::Plain), text }
    }
}

/// Text and how it looks.
pub(crate) struct Painted<T> {
    style: Option<Style>,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.style {
            None => self.text.fmt(f),
            Some(style) => {
                write!(f, "\x1b[{}m", style.code())?;
                self.text.fmt(f)?;
                f.write_str("\x1b[0m")
            }
        }
    }
}
