//! Happy eyeballs (RFC 8305): addresses of both families in turn, the next one begun while the ones before
//! it are still silent, and the first that answers wins.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// How long an address is alone before the next is tried beside it (RFC 8305 §8).
pub const STAGGER: Duration = Duration::from_millis(250);

type Attempt<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// Connects to the first address that answers, each within `each`.
///
/// # Errors
/// Each address that was tried, with why not, in the order tried.
pub(super) async fn race<T, F>(
    addresses: Vec<SocketAddr>,
    each: Duration,
    connect: impl Fn(SocketAddr) -> F,
) -> Result<(T, SocketAddr), Vec<(SocketAddr, io::Error)>>
where
    F: Future<Output = io::Result<T>> + Send,
    T: Send,
{
    let mut waiting = interleave(addresses);
    let mut running: Vec<(SocketAddr, Attempt<'_, T>)> = Vec::new();
    let mut failed = Vec::new();
    let mut next = pin!(sleep(Duration::ZERO));
    poll_fn(|cx| {
        loop {
            // A failure makes way for the next address at once.
            let mut one_failed = false;
            let mut at = 0;
            while let Some((address, attempt)) = running.get_mut(at) {
                match attempt.as_mut().poll(cx) {
                    Poll::Pending => at += 1,
                    Poll::Ready(Ok(connected)) => return Poll::Ready(Ok((connected, *address))),
                    Poll::Ready(Err(error)) => {
                        failed.push((*address, error));
                        one_failed = true;
                        drop(running.remove(at));
                    }
                }
            }
            let due = one_failed || running.is_empty() || next.as_mut().poll(cx).is_ready();
            match waiting.pop_front() {
                Some(address) if due => {
                    let attempt = connect(address);
                    running.push((
                        address,
                        Box::pin(async move {
                            let late = || io::Error::new(io::ErrorKind::TimedOut, "no answer");
                            timeout(each, attempt).await.unwrap_or_else(|_| Err(late()))
                        }),
                    ));
                    next.as_mut().reset(Instant::now() + STAGGER);
                }
                Some(address) => {
                    waiting.push_front(address);
                    return Poll::Pending;
                }
                None if running.is_empty() => return Poll::Ready(Err(std::mem::take(&mut failed))),
                None => return Poll::Pending,
            }
        }
    })
    .await
}

/// The families in turn, the one that the resolver prefers first (RFC 8305 §4).
fn interleave(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (preferred, other): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut preferred, mut other) = (preferred.into_iter(), other.into_iter());
    let mut order = VecDeque::new();
    loop {
        let pair = (preferred.next(), other.next());
        if pair == (None, None) {
            return order;
        }
        order.extend([pair.0, pair.1].into_iter().flatten());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn families_take_turns_beginning_with_the_preferred_one() {
        let all = ["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"].map(address);
        let order = ["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"].map(address);
        assert_eq!(interleave(all.to_vec()), order);
        assert_eq!(interleave(vec![all[3], all[0]]), [all[3], all[0]]);
    }

    /// What an address does: answers (true) or refuses, after so many milliseconds.
    async fn run(
        plan: &[(&str, u64, bool)],
    ) -> (Result<SocketAddr, Vec<String>>, Vec<(SocketAddr, u64)>, u64) {
        let start = Instant::now();
        let begun = Mutex::new(Vec::new());
        let all = plan.iter().map(|(text, ..)| address(text)).collect();
        let outcome = race(all, Duration::from_secs(10), |to| {
            begun.lock().unwrap().push((to, start.elapsed().as_millis() as u64));
            let &(_, after, answers) = plan.iter().find(|(text, ..)| address(text) == to).unwrap();
            async move {
                sleep(Duration::from_millis(after)).await;
                if answers { Ok(()) } else { Err(io::ErrorKind::ConnectionRefused.into()) }
            }
        });
        let outcome = outcome.await;
        let outcome = outcome.map(|((), winner)| winner).map_err(|tried| {
            tried.iter().map(|(address, error)| format!("{address} {:?}", error.kind())).collect()
        });
        (outcome, begun.into_inner().unwrap(), start.elapsed().as_millis() as u64)
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_that_answers_wins_and_a_silent_one_costs_a_quarter_of_a_second() {
        let (six, four) = ("[::1]:25", "127.0.0.1:25");
        // Prompt: nobody else is bothered.
        let (won, begun, _) = run(&[(six, 10, true), (four, 10, true)]).await;
        assert_eq!((won, begun.len()), (Ok(address(six)), 1));
        // Silent: the other begins beside it.
        let (won, begun, took) = run(&[(six, 60_000, true), (four, 10, true)]).await;
        assert_eq!(won, Ok(address(four)));
        assert_eq!(begun, [(address(six), 0), (address(four), 250)]);
        assert!((260..270).contains(&took), "{took}");
        // Slow, but still before the other: it wins after all.
        let (won, ..) = run(&[(six, 300, true), (four, 100, true)]).await;
        assert_eq!(won, Ok(address(six)));
        // Refused: the other begins at once.
        let (won, begun, _) = run(&[(six, 5, false), (four, 10, true)]).await;
        assert_eq!((won, begun[1].1 < 10), (Ok(address(four)), true));
    }

    #[tokio::test(start_paused = true)]
    async fn when_nobody_answers_each_address_is_told_with_its_reason() {
        let (outcome, _, took) = run(&[("[::1]:25", 60_000, true), ("127.0.0.1:25", 5, false)]).await;
        let reasons = ["127.0.0.1:25 ConnectionRefused", "[::1]:25 TimedOut"].map(String::from);
        assert_eq!(outcome, Err(reasons.to_vec()));
        assert!((10_000..10_010).contains(&took), "{took}");
        assert_eq!(run(&[]).await.0, Err(vec![]));
    }
}
