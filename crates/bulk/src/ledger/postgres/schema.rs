//! The tables, in a schema of their own, and whether this user may use them.
//!
//! All of it is made in one transaction: nobody ever sees half a schema. `hongyan.version` says which meaning the tables
//! have; a newer one is refused.
//!
//! What is queued is what has a `due`; the states a letter goes through while it is sent stand in columns that no index
//! holds, so that each step rewrites one row in its page and nothing else. A letter has the number of its first recipient:
//! who leases it locks that row.

use hongyan_proto::said::said;
use tokio_postgres::Client;

use super::fault::Fault;
use crate::ledger::LedgerError;

/// The version of the tables' meaning.
const VERSION: i32 = 1;

/// Keeps two from making the schema at a time ("hongyan" in octets).
const MAKING: i64 = 0x68_6f_6e_67_79_61_6e;

const TABLES: &str = "
CREATE SCHEMA hongyan;
CREATE TABLE hongyan.version (number integer NOT NULL);
CREATE TABLE hongyan.campaign (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL UNIQUE,
    name text NOT NULL,
    manifest text NOT NULL,
    paused boolean NOT NULL DEFAULT false,
    loaded timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE hongyan.letter (
    campaign bigint NOT NULL,
    id bigint NOT NULL,
    last bigint NOT NULL,
    number bigint NOT NULL,
    cells text NOT NULL,
    files text[] NOT NULL,
    PRIMARY KEY (campaign, id)
);
CREATE TABLE hongyan.recipient (
    campaign bigint NOT NULL,
    id bigint NOT NULL,
    letter bigint NOT NULL,
    due bigint,
    worker bigint,
    begun bigint,
    attempt integer NOT NULL DEFAULT 0,
    state smallint NOT NULL DEFAULT 2,
    role smallint NOT NULL,
    address text NOT NULL,
    PRIMARY KEY (campaign, id)
) WITH (fillfactor = 70);
CREATE INDEX queue ON hongyan.recipient (campaign, due, id) WHERE due IS NOT NULL;
CREATE INDEX holder ON hongyan.recipient (worker) WHERE worker IS NOT NULL;
CREATE TABLE hongyan.attempt (
    campaign bigint NOT NULL,
    recipient bigint NOT NULL,
    number integer NOT NULL,
    worker bigint,
    state smallint NOT NULL,
    begun bigint NOT NULL,
    ended bigint NOT NULL,
    session bigint,
    reply text NOT NULL,
    cause text NOT NULL,
    conversation text NOT NULL,
    sha256 bytea,
    size bigint,
    PRIMARY KEY (campaign, recipient, number)
);
CREATE INDEX latest ON hongyan.attempt (campaign, ended);
CREATE TABLE hongyan.session (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign bigint NOT NULL,
    opened bigint NOT NULL,
    account text NOT NULL,
    transcript text NOT NULL
);
CREATE TABLE hongyan.bucket (
    campaign bigint NOT NULL,
    name text NOT NULL,
    level bigint NOT NULL,
    at bigint NOT NULL,
    given bigint NOT NULL,
    PRIMARY KEY (campaign, name)
) WITH (fillfactor = 20);
CREATE TABLE hongyan.worker (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign bigint NOT NULL,
    host text NOT NULL,
    process bigint NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    until timestamptz NOT NULL,
    ended timestamptz,
    swept boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);
CREATE INDEX unswept ON hongyan.worker (campaign) WHERE NOT swept;
CREATE TABLE hongyan.file (
    campaign bigint NOT NULL,
    path text NOT NULL,
    sha256 text NOT NULL,
    size bigint NOT NULL,
    PRIMARY KEY (campaign, path)
);
CREATE TABLE hongyan.content (
    sha256 text NOT NULL PRIMARY KEY,
    size bigint NOT NULL
);
CREATE TABLE hongyan.piece (
    sha256 text NOT NULL,
    number bigint NOT NULL,
    octets bytea NOT NULL,
    PRIMARY KEY (sha256, number)
);
ALTER TABLE hongyan.piece ALTER COLUMN octets SET STORAGE EXTERNAL;
";

/// The tables that a worker writes; each needs the same four rights.
const WRITTEN: &[&str] = &[
    "campaign",
    "letter",
    "recipient",
    "attempt",
    "session",
    "bucket",
    "worker",
    "file",
    "content",
    "piece",
];

/// Makes the schema where there is none.
///
/// # Errors
/// [`LedgerError::Refused`] where this user may not, with the SQL that lets it; then nothing was made.
pub(super) async fn make(client: &mut Client) -> Result<(), Fault> {
    let transaction = client.transaction().await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MAKING]).await?;
    let there: bool =
        transaction.query_one("SELECT to_regnamespace('hongyan') IS NOT NULL", &[]).await?.try_get(0)?;
    if there {
        transaction.rollback().await?;
        return check(client).await;
    }
    let row = transaction
        .query_one(
            "SELECT has_database_privilege(current_database(), 'CREATE'), quote_ident(current_database()), \
             quote_ident(current_user)",
            &[],
        )
        .await?;
    let (may, database, user): (bool, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    if !may {
        return Err(lacking("CREATE", &format!("GRANT CREATE ON DATABASE {database} TO {user};")).into());
    }
    transaction.batch_execute(TABLES).await?;
    transaction.execute("INSERT INTO hongyan.version VALUES ($1)", &[&VERSION]).await?;
    Ok(transaction.commit().await?)
}

/// Looks whether the schema is there, of a version known here, and may be used by this user.
///
/// # Errors
/// [`LedgerError::Refused`] with the missing right and the SQL that grants it, or what to do where no campaign was ever
/// brought here; [`LedgerError::Newer`].
pub(super) async fn check(client: &Client) -> Result<(), Fault> {
    let row = client
        .query_one(
            "SELECT to_regnamespace('hongyan') IS NOT NULL, quote_ident(current_user), \
             CASE WHEN to_regnamespace('hongyan') IS NOT NULL THEN has_schema_privilege('hongyan', 'USAGE') END",
            &[],
        )
        .await?;
    let (there, user): (bool, String) = (row.try_get(0)?, row.try_get(1)?);
    if !there {
        return Err(LedgerError::Refused(said(
            "there is no campaign in this database: bring one there with `hongyan bulk move DIR --to postgres://…`",
            "这个数据库里还没有任何活动：请先用 `hongyan bulk move 目录 --to postgres://…` 把活动搬进来",
        ))
        .into());
    }
    if row.try_get::<_, Option<bool>>(2)? != Some(true) {
        return Err(lacking(
            "USAGE on the schema hongyan",
            &format!("GRANT USAGE ON SCHEMA hongyan TO {user};"),
        )
        .into());
    }
    let tables: Vec<&str> = WRITTEN.to_vec();
    let missing = client
        .query(
            "SELECT t.name, r.name FROM unnest($1::text[]) AS t(name), \
             unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS r(name) \
             WHERE NOT has_table_privilege('hongyan.' || t.name, r.name) \
             UNION ALL SELECT 'version', 'SELECT' WHERE NOT has_table_privilege('hongyan.version', 'SELECT')",
            &[&tables],
        )
        .await?;
    if let Some(row) = missing.first() {
        let (table, right): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let sql = format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA hongyan TO {user};");
        return Err(lacking(&format!("{right} on the table hongyan.{table}"), &sql).into());
    }
    let version: i32 = client.query_one("SELECT max(number) FROM hongyan.version", &[]).await?.try_get(0)?;
    if version > VERSION {
        return Err(LedgerError::Newer(said(
            format!("the ledger in this database is of version {version}, this program knows {VERSION}: use a newer hongyan"),
            format!("这个数据库中的账本版本是 {version}，本程序只认识 {VERSION}：请使用更新的 hongyan"),
        ))
        .into());
    }
    Ok(())
}

fn lacking(right: &str, sql: &str) -> LedgerError {
    LedgerError::Refused(said(
        format!("this user lacks a right in the database, {right}: let the database's owner run {sql}"),
        format!("该用户在数据库中缺少权限（{right}）：请数据库所有者执行 {sql}"),
    ))
}
