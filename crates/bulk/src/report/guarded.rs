//! A workbook's writer panics where its temporary file cannot be written (a full disk). Here that is an error again,
//! and nothing is printed about it.

use std::cell::Cell;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use super::ReportError;

thread_local! {
    /// Whether a panic of this thread is expected now.
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// Does the work; a panic in it is the error that a file could not be written. What the work has touched must not be
/// used again then.
pub(super) fn guarded<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<T, ReportError>
where
    ReportError: From<E>,
{
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !EXPECTED.get() {
                before(info);
            }
        }));
    });
    EXPECTED.set(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    EXPECTED.set(false);
    match done {
        Ok(done) => Ok(done?),
        Err(_) => Err(io::Error::from(io::ErrorKind::StorageFull).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_an_error_stays_one() {
        let panics = || -> Result<(), io::Error> { panic!("cannot write") };
        assert!(
            matches!(guarded(panics), Err(ReportError::Write(e)) if e.kind() == io::ErrorKind::StorageFull)
        );
        let fails = || -> Result<(), io::Error> { Err(io::ErrorKind::BrokenPipe.into()) };
        assert!(
            matches!(guarded(fails), Err(ReportError::Write(e)) if e.kind() == io::ErrorKind::BrokenPipe)
        );
        assert_eq!(guarded(|| Ok::<_, io::Error>(1)).unwrap(), 1);
    }
}
