//! A copy of JSON Lines. Lines stay as they were written, up to their last brace.

use std::io::Write;

use super::encode::Encoded;
use super::{Ask, Job, WriteBackError};
use crate::recipients::text::charset::Charset;
use crate::recipients::text::lines::Lines;
use crate::recipients::{Place, SheetErrorKind};

pub(super) fn write(
    job: &Job<'_>,
    charset: Charset,
    out: impl Write,
    outcome_of: Ask<'_>,
) -> Result<(), WriteBackError> {
    let mut out = Encoded::new(out, charset).map_err(|error| job.io(error))?;
    let mut lines = Lines::open(job.sheet.path(), charset).map_err(|fault| job.fault(fault))?;
    let mut written = String::new();
    while let Some((number, line)) = lines.next_line().map_err(|fault| job.fault(fault))? {
        let line = line.trim();
        let inside = line.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        written.clear();
        match inside {
            _ if line.is_empty() => {}
            Some(inside) => {
                let outcome = outcome_of(number).map_err(WriteBackError::Outcome)?.unwrap_or_default();
                let keys = job.columns.iter().zip(outcome.cells());
                let added = keys.map(|(key, value)| format!("{}:{}", quoted(key), quoted(value)));
                let added = added.collect::<Vec<_>>().join(",");
                let comma = if inside.trim().is_empty() { "" } else { "," };
                written = format!("{{{inside}{comma}{added}}}");
            }
            None => {
                let fault = crate::recipients::grid::Fault {
                    place: Some(Place::row(number)),
                    kind: SheetErrorKind::NotAnObject,
                };
                return Err(job.fault(fault));
            }
        }
        written.push('\n');
        out.write(&written).map_err(|error| job.io(error))?;
    }
    out.flush().map_err(|error| job.io(error))
}

/// A JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
