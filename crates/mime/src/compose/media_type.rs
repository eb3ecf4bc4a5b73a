//! A media type with parameters (RFC 2045 §5.1).

use super::ComposeError;
use super::check;
use std::borrow::Cow;

/// `type/subtype`, with parameters other than the ones that composing writes itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MediaType {
    /// `type/subtype`.
    pub essence: Cow<'static, str>,
    /// Parameters in order; values may be any text (written by RFC 2231 where they need it).
    pub parameters: Vec<(String, String)>,
}

impl MediaType {
    /// A type without parameters. It is checked when the message is made.
    pub fn new(essence: impl Into<Cow<'static, str>>) -> Self {
        MediaType { essence: essence.into(), parameters: Vec::new() }
    }

    /// Adds a parameter, such as `charset` or `method`.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Refuses what is not `token/token`, and parameters that are not tokens or are written here.
    pub(super) fn check(&self) -> Result<(), ComposeError> {
        let refuse = |why| Err(ComposeError::MediaType { value: self.essence.to_string(), why });
        check::text("Content-Type", &self.essence)?;
        match self.essence.split_once('/') {
            Some((kind, sub)) if check::is_token(kind) && check::is_token(sub) => {}
            _ => return refuse("it must be type/subtype"),
        }
        for (name, value) in &self.parameters {
            check::text("Content-Type", name)?;
            check::text("Content-Type", value)?;
            if !check::is_token(name) || name.len() > MAX_NAME {
                return refuse("a parameter's name is not a word of at most 32 letters");
            }
            if ["name", "boundary", "type", "start"].iter().any(|own| name.eq_ignore_ascii_case(own)) {
                return refuse("its parameters name, boundary, type and start are written by the composer");
            }
        }
        Ok(())
    }
}

/// The longest name of a parameter.
const MAX_NAME: usize = 32;

/// Whether the top-level type of `essence` is `kind`, in any case.
pub(super) fn is(essence: &str, kind: &str) -> bool {
    essence.split('/').next().is_some_and(|found| found.eq_ignore_ascii_case(kind))
}
