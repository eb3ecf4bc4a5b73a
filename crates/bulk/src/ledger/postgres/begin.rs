//! `begin`: what may be sent to is on the database's disk as such, before it is.
//!
//! Requests that come while one is on its way to the disk go together in the next: one statement, one commit. The rows
//! decide: only what this worker's epoch still holds is begun, whoever else may be at it.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::Shared;
use super::given::Given;
use super::held::Epoch;
use crate::ledger::{LedgerError, RecipientId, Time};

/// The most recipients of one commit.
pub(super) const MAX_GROUP: usize = 1024;

/// `$5` is true where it is asked once more because the answer did not come: what is already begun was begun by that.
const BEGIN: &str = "
UPDATE hongyan.recipient r SET state = 4, begun = a.begun
FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS a(id, epoch, begun) JOIN hongyan.worker w ON w.id = a.epoch
WHERE r.campaign = $1 AND r.id = a.id AND r.worker + 0 = a.epoch AND (r.state = 3 OR $5 AND r.state = 4)
  AND w.ended IS NULL AND w.until > clock_timestamp()
RETURNING r.id";

/// Where the answer goes.
type Answer = oneshot::Sender<Result<Given<Vec<RecipientId>>, LedgerError>>;

/// One caller's request.
pub(super) struct Request {
    pub(super) ids: Vec<RecipientId>,
    pub(super) now: Time,
    pub(super) answer: Answer,
}

/// Serves requests until nobody can send any more.
pub(super) async fn serve(shared: Arc<Shared>, mut requests: mpsc::UnboundedReceiver<Request>) {
    while let Some(first) = requests.recv().await {
        let mut size = first.ids.len();
        let mut group = vec![first];
        while size < MAX_GROUP
            && let Ok(next) = requests.try_recv()
        {
            size += next.ids.len();
            group.push(next);
        }
        answer(&shared, group).await;
    }
}

async fn answer(shared: &Arc<Shared>, group: Vec<Request>) {
    let mut asked: Vec<(i64, Epoch, i64)> = Vec::new();
    for Request { ids, now, .. } in &group {
        asked.extend(ids.iter().filter_map(|id| Some((id.0, shared.held.may_begin(id.0, *now)?, now.0))));
    }
    asked.sort_unstable();
    asked.dedup_by_key(|(id, _, _)| *id);
    let begun = if asked.is_empty() { Ok(Vec::new()) } else { begin(shared, &asked).await };
    for Request { ids, now, answer } in group {
        let begun = match &begun {
            Ok(begun) => begun,
            Err(error) => {
                let _ = answer.send(Err(error.clone())); // what was begun after all, nobody sends
                continue;
            }
        };
        let may = |id: &RecipientId| begun.binary_search(&id.0).is_ok() && shared.held.has_begun(id.0, now);
        let (granted, mut not): (Vec<_>, Vec<_>) = ids.into_iter().partition(may);
        not.retain(|id| shared.held.epoch_of(id.0).is_some() && !shared.held.is_begun(id.0));
        let granted = Given::new(granted, shared);
        if not.is_empty() {
            let _ = answer.send(Ok(granted)); // unheard, it goes back
        } else {
            give_back(shared, not, granted, answer);
        }
    }
}

/// The leases of these have ended: nothing of it is ever sent. What is still ours goes back; then it is told what may be
/// sent.
fn give_back(shared: &Arc<Shared>, ids: Vec<RecipientId>, granted: Given<Vec<RecipientId>>, answer: Answer) {
    let shared = shared.clone();
    tokio::spawn(async move {
        let _ = shared.release(&ids, Time(1)).await; // else it ends with its epoch, as a doubt
        let _ = answer.send(Ok(granted));
    });
}

/// The ids that were begun, sorted.
async fn begin(shared: &Shared, asked: &[(i64, Epoch, i64)]) -> Result<Vec<i64>, LedgerError> {
    let ids: Vec<i64> = asked.iter().map(|(id, _, _)| *id).collect();
    let epochs: Vec<Epoch> = asked.iter().map(|(_, epoch, _)| *epoch).collect();
    let times: Vec<i64> = asked.iter().map(|(_, _, time)| *time).collect();
    let (ids, epochs, times) = (&ids, &epochs, &times);
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let tries = &tries;
    let mut begun = shared
        .begins
        .ask(shared.options.patience, |live| {
            let again = tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 0;
            async move {
                let statement = live.statement(BEGIN).await?;
                let rows =
                    live.client.query(&statement, &[&shared.campaign, ids, epochs, times, &again]).await?;
                let begun: Result<Vec<i64>, _> = rows.iter().map(|row| row.try_get(0)).collect();
                Ok(begun?)
            }
        })
        .await?;
    begun.sort_unstable();
    Ok(begun)
}
