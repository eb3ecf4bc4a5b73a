//! `hongyan fetch --delete`, killed: the program itself, by SIGKILL, at moments spread over a whole run, and at those when
//! there is something in tmp/ or new/, in the record or gone from the server. No message is missing from server and
//! disk together, nothing partial is in new/, and the next run leaves each message exactly once.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::place::{Bag, By, PASSWORD, Place, USER, mails};

/// Messages of one maildrop: enough that putting them in place takes a moment.
const MAILS: usize = 120;
/// Times that the program has to be killed, for each protocol.
const KILLS: usize = 55;
/// No run takes longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Exit code of sysexits.h: not now. The server may not know yet that the run before has gone, whose maildrop it is.
const TEMPFAIL: i32 = 75;
const TRIES: usize = 20;

/// When to kill.
#[derive(Clone, Copy, Debug)]
enum When {
    /// So long after the start.
    After(Duration),
    /// There are so many files in a part of the Maildir.
    Files(&'static str, usize),
    /// The record of what was fetched has so many octets.
    Recorded(u64),
    /// So many messages are gone from the server.
    Gone(usize),
}

impl When {
    fn is_now(self, place: &Place, began: Instant) -> bool {
        match self {
            Self::After(time) => began.elapsed() >= time,
            Self::Files(part, count) => {
                fs::read_dir(place.maildir().join(part)).is_ok_and(|files| files.count() >= count)
            }
            Self::Recorded(octets) => recorded(&place.maildir()).is_some_and(|there| there >= octets),
            Self::Gone(count) => {
                place.accounts().mails(USER, "INBOX").unwrap().len() <= MAILS.saturating_sub(count)
            }
        }
    }
}

/// Octets of the record, once there is one.
fn recorded(maildir: &Path) -> Option<u64> {
    let mut own = fs::read_dir(maildir.join("hongyan")).ok()?.flatten();
    let record = own.find(|entry| entry.file_name().to_string_lossy().starts_with("fetched-"))?;
    Some(record.metadata().ok()?.len())
}

/// The program, which does not outlive the test.
struct Run(Child);

impl Run {
    fn start(place: &Place, by: By) -> Self {
        let scheme = if by == By::Pop3 { "pop3" } else { "imap" };
        let server = format!("{scheme}://{USER}@{}", place.server(by));
        let child = Command::new(env!("CARGO_BIN_EXE_hongyan"))
            .args(["fetch", "--delete", "--quiet", "--tls", "none", "--server", &server, "--to"])
            .arg(place.maildir())
            .env("HONGYAN_CONFIG", "/dev/null")
            .env("HONGYAN_PASSWORD", PASSWORD)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// Waits until it is to be killed, kills it, and says whether that was before its end.
    fn killed(mut self, place: &Place, when: When) -> bool {
        let began = Instant::now();
        while !when.is_now(place, began) && self.0.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < PATIENCE, "{when:?} never comes");
            std::thread::sleep(Duration::from_micros(100));
        }
        let _ = self.0.kill();
        self.0.wait().unwrap().signal() == Some(9)
    }

    fn finished(mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Moments between 0 and 1, the same ones each time.
fn moments() -> impl Iterator<Item = f64> {
    let mut state: u32 = 1980;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state) / f64::from(u32::MAX)
    })
}

fn kill_again_and_again(by: By, place: &mut Place, mails: &[Vec<u8>], next: impl Fn(&mut Place)) {
    let all: Bag = mails.iter().cloned().collect();
    next(place);
    let began = Instant::now();
    assert!(Run::start(place, by).finished().success());
    let whole = began.elapsed();
    assert_eq!((place.there(), place.here()), (Bag::default(), all.clone()), "without a kill");

    let seen = [
        When::Files("tmp", 1),
        When::Files("tmp", MAILS / 2),
        When::Files("tmp", MAILS),
        When::Recorded(1),
        When::Recorded(4096),
        When::Files("new", 1),
        When::Files("new", MAILS / 3),
        When::Files("new", MAILS - 1),
        When::Files("new", MAILS),
        When::Gone(1),
    ];
    // Most of a run's time goes by before the first message, so two of three are tied to what there is here.
    let spread =
        moments().zip(0_usize..).map(|(part, turn)| match (turn % 3, (part * MAILS as f64) as usize) {
            (0, _) => When::After(whole.mul_f64(part)),
            (1, count) => When::Files("tmp", count),
            (_, count) => When::Files("new", count),
        });
    let (mut kills, mut rounds) = (0, 0);
    for when in seen.into_iter().chain(spread) {
        next(place);
        rounds += 1;
        assert!(rounds < 3 * KILLS, "it mostly ends before it is killed: {kills} of {rounds}");
        let in_time = Run::start(place, by).killed(place, when);
        let (there, here) = (place.there(), place.here());
        assert_eq!(Bag::missing(&all, &there, &here), Vec::<String>::new(), "{by:?}, {when:?}: lost");
        assert_eq!(here.too_many(&all), Some(0), "{by:?}, {when:?}: partial, or twice");
        let mut again = (0..TRIES).map(|_| Run::start(place, by).finished());
        let status = again.find(|status| status.code() != Some(TEMPFAIL));
        assert_eq!(status.and_then(|status| status.code()), Some(0), "{by:?}, {when:?}: the next run fails");
        assert_eq!(place.there(), Bag::default(), "{by:?}, {when:?}: left on the server");
        assert_eq!(place.here(), all, "{by:?}, {when:?}: not each exactly once");
        kills += usize::from(in_time);
        if kills == KILLS {
            return;
        }
    }
}

/// The sandbox works on threads of its own while the test waits.
async fn killed(by: By) {
    let mails = mails(MAILS);
    let mut place = Place::new(&[]).await;
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let next = |place: &mut Place| runtime.block_on(place.again(&mails));
        kill_again_and_again(by, &mut place, &mails, next);
    })
    .await
    .unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()));
}

#[tokio::test]
async fn a_program_that_is_killed_while_it_fetches_by_pop3_loses_nothing() {
    killed(By::Pop3).await;
}

#[tokio::test]
async fn a_program_that_is_killed_while_it_fetches_by_imap_loses_nothing() {
    killed(By::Imap).await;
}
