//! Buckets that all workers share: one row each, filled and emptied in one statement.
//!
//! The rules are those of [`Bucket`](crate::pace::Bucket). Workers' clocks differ, so each counts by the database's: the
//! difference is measured once when the ledger is opened. What is left of it must not fill a bucket twice, so a clock that
//! is behind by less than a minute neither fills nor turns the bucket back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Shared;
use super::line::Live;
use crate::ledger::{LedgerError, Time};
use crate::pace::Rate;

/// `$3` now, `$4` tokens in `$5` milliseconds, `$6` the most that is saved up, `$7` wanted. Levels in millionths.
const TAKE: &str = "
INSERT INTO hongyan.bucket AS b (campaign, name, level, at, given)
VALUES ($1, $2, $6::bigint * 1000000 - least($6::bigint, $7::bigint) * 1000000, $3, least($6::bigint, $7::bigint))
ON CONFLICT (campaign, name) DO UPDATE SET (level, at, given) = (
    SELECT filled.level - taken.given * 1000000, filled.at, taken.given
    FROM (SELECT trunc(greatest($3::bigint - b.at, 0)::numeric * $4::bigint * 1000000 / $5::bigint) AS flown) AS time,
    LATERAL (SELECT
        CASE WHEN time.flown > 0 OR $3 < b.at - 60000
             THEN least(b.level + time.flown, $6::bigint * 1000000)::bigint ELSE b.level END AS level,
        CASE WHEN time.flown > 0 OR $3 < b.at - 60000 THEN $3 ELSE b.at END AS at) AS filled,
    LATERAL (SELECT least(greatest(filled.level / 1000000, 0), $7::bigint) AS given) AS taken
)
RETURNING given, level";

impl Shared {
    /// Takes up to `want` tokens.
    pub(super) async fn take(
        &self,
        bucket: &str,
        rate: Rate,
        want: u32,
        now: Time,
    ) -> Result<(u32, Duration), LedgerError> {
        let now = now.0.saturating_add(self.ahead);
        let tokens = i64::from(rate.tokens.max(1));
        let period = i64::try_from(rate.period.as_millis()).unwrap_or(i64::MAX).max(1);
        let (burst, wanted) = (i64::from(rate.burst.max(1)), i64::from(want));
        let (given, level) = self
            .passing
            .ask(self.options.patience, |live| async move {
                let statement = live.statement(TAKE).await?;
                let row = live
                    .client
                    .query_one(
                        &statement,
                        &[&self.campaign, &bucket, &now, &tokens, &period, &burst, &wanted],
                    )
                    .await?;
                Ok((row.try_get::<_, i64>(0)?, row.try_get::<_, i64>(1)?))
            })
            .await?;
        let given = u32::try_from(given).unwrap_or(0).min(want);
        Ok((given, if given == want { Duration::ZERO } else { wait(level, tokens, period) }))
    }
}

/// How long until the next token.
fn wait(level: i64, tokens: i64, period: i64) -> Duration {
    let missing = i128::from(1_000_000 - level) * i128::from(period);
    let each = i128::from(tokens) * 1_000_000;
    Duration::from_millis(u64::try_from(((missing + each - 1) / each).max(1)).unwrap_or(u64::MAX))
}

/// How far the database's clock is ahead of ours, in milliseconds, to half the time of a request.
pub(super) async fn ahead(live: &Live) -> Result<i64, tokio_postgres::Error> {
    const CLOCK: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    let statement = live.statement(CLOCK).await?;
    let before = milliseconds();
    let theirs: i64 = live.client.query_one(&statement, &[]).await?.try_get(0)?;
    let ours = i64::midpoint(before, milliseconds());
    Ok(theirs - ours)
}

fn milliseconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
