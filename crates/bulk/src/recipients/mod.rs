//! Recipients from a sheet: XLSX, XLS, ODS, CSV and TSV, JSON Lines. Every cell is what the sheet shows: leading zeros,
//! dates, percentages and currencies as they are formatted.
//!
//! - [`Sheet`] finds out what a file is, which row holds the names, and reads the [rows](Sheet::rows) as often as wanted.
//! - [`Finding`]s tell what was found out, repaired or left out; a [`SheetError`] tells the place and the next step.
//! - [`addresses`] reads what people write into a cell for addresses.
//!
//! Formats are read row by row. What is kept in memory of a file: nothing but the row at hand of a text file or an ODS,
//! the texts that its cells share of an XLSX, all of an XLS (65,536 rows at most). The [limits] are errors, never a cut.

mod address;
mod error;
mod finding;
mod format;
pub(crate) mod grid;
mod header;
pub mod limits;
mod place;
mod rows;
pub(crate) mod sheet;
pub(crate) mod shown;
pub(crate) mod text;
pub(crate) mod workbook;

pub use address::{AddressError, AddressProblem, Repair, addresses, addresses_with_repairs};
pub use error::{SheetError, SheetErrorKind};
pub use finding::{Finding, FindingKind, Findings, Weight};
pub use grid::cell_error;
pub use place::{Place, letters};
pub use rows::Rows;
pub use sheet::{Format, Options, Sheet};
