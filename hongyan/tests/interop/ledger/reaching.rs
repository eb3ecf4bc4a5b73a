//! Which database one gets into, how, and with which rights.

use hongyan_bulk::ledger::postgres::Postgres;
use hongyan_bulk::ledger::{Ledger, LedgerError};

use super::cluster::{Cluster, at, open, quick, with_password};
use super::{block_on, load, manifest};

async fn refused(url: &str) -> String {
    match Postgres::connect(&at(url), None, quick()).await {
        Err(LedgerError::Refused(said)) => said.en,
        other => panic!("{url}: {other:?}"),
    }
}

#[test]
fn a_missing_right_is_named_with_the_sql_that_grants_it_and_nothing_is_half_made() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        cluster.sql("postgres", "CREATE ROLE \"Guest\" LOGIN PASSWORD 'geheim'");
        cluster.sql("mail", "REVOKE CREATE ON DATABASE mail FROM PUBLIC");
        let guest = format!("postgres://Guest@127.0.0.1:{}/mail", cluster.port());
        let granted = |refusal: &str| {
            let sql = refusal.split("run ").nth(1).expect("what to do").to_owned();
            cluster.sql("mail", &sql);
            sql
        };
        // Each refusal names the right that is missing; what it says is run, and the next one is met.
        let none =
            Postgres::create(&at(&guest), manifest("没有权限")).await.expect_err("no rights").to_string();
        assert!(none.contains("CREATE"), "{none}");
        assert_eq!(cluster.sql("mail", "SELECT to_regnamespace('hongyan') IS NULL"), "t", "half made");
        assert!(refused(&guest).await.contains("hongyan bulk move"));
        load(&cluster.database(), manifest("所有者"), 1).await;
        let usage = refused(&guest).await;
        assert_eq!(granted(&usage), "GRANT USAGE ON SCHEMA hongyan TO \"Guest\";", "{usage}");
        let tables = refused(&guest).await;
        assert!(tables.contains("hongyan.campaign"), "{tables}");
        assert!(granted(&tables).starts_with("GRANT SELECT, INSERT, UPDATE, DELETE"), "{tables}");
        open(&at(&guest), quick()).await.tally().await.expect("these rights are enough");
        load(&at(&guest), manifest("客人"), 2).await;
    });
}

#[test]
fn a_schema_is_made_by_the_sql_that_the_refusal_gives() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        cluster.sql("postgres", "CREATE ROLE guest LOGIN PASSWORD 'geheim'");
        let guest = at(&format!("postgres://guest@127.0.0.1:{}/mail", cluster.port()));
        let none = Postgres::create(&guest, manifest("一")).await.expect_err("no rights").to_string();
        cluster.sql("mail", none.split("run ").nth(1).expect("what to do"));
        load(&guest, manifest("一"), 2).await;
        // Two who make it at a time do not meet half of it.
        cluster.sql("mail", "DROP SCHEMA hongyan CASCADE");
        let (a, b) = tokio::join!(load(&guest, manifest("甲"), 1), load(&guest, manifest("乙"), 1));
        assert_ne!(a.key, b.key);
        assert_eq!(Postgres::campaigns(&guest).await.expect("a list").len(), 2);
    });
}

#[test]
fn a_newer_ledger_is_left_alone() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        load(&cluster.database(), manifest("新"), 1).await;
        cluster.sql("mail", "UPDATE hongyan.version SET number = 99");
        let newer = Postgres::connect(&cluster.database(), None, quick()).await.expect_err("newer");
        assert!(matches!(&newer, LedgerError::Newer(said) if said.en.contains("99")), "{newer}");
    });
}

#[test]
fn what_keeps_one_out_is_told_with_the_next_step() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        let port = cluster.port();
        let wrong = with_password(&cluster.url(), "falsch").expect("a place");
        let wrong = Postgres::connect(&wrong, None, quick()).await.expect_err("a wrong password").to_string();
        assert!(wrong.contains("PGPASSWORD") && !wrong.contains("falsch"), "{wrong}");
        let cases = [
            (format!("postgres://owner@127.0.0.1:{port}/nowhere"), "createdb"),
            (format!("postgres://nobody@127.0.0.1:{port}/mail"), "PGPASSWORD"),
            (format!("postgres://owner@127.0.0.1:{port}/mail?sslmode=require"), "sslmode=disable"),
        ];
        for (url, next) in cases {
            let said = refused(&url).await;
            assert!(said.contains(next) && !said.contains("geheim"), "{url}: {said}");
        }
        let closed = crate::process::free_port();
        let away =
            Postgres::connect(&at(&cluster.url_at(closed)), None, quick()).await.expect_err("nobody there");
        assert!(matches!(away, LedgerError::Away(_)), "{away}");
    });
}

#[test]
fn a_socket_in_the_file_system_will_do() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        let sockets = cluster.path("sockets");
        let url = format!("postgres:///mail?host={}&port={}&user=owner", sockets.display(), cluster.port());
        load(&at(&url), manifest("本机"), 3).await;
        assert_eq!(open(&at(&url), quick()).await.tally().await.expect("a tally").total(), 3);
    });
}

#[test]
fn tls_is_verified_by_name_and_authority() {
    let Some(mut cluster) = Cluster::start() else { return };
    let authority = cluster.with_tls();
    block_on(async {
        let port = cluster.port();
        let base = format!("postgres://owner@localhost:{port}/mail");
        let trusted = format!("{base}?sslmode=verify-full&sslrootcert={}", authority.display());
        load(&at(&trusted), manifest("加密"), 1).await;
        let version = cluster.sql("mail", "SHOW ssl");
        assert_eq!(version, "on");
        // Encrypted and bound to the certificate, whoever answers.
        open(&at(&format!("{base}?sslmode=require")), quick()).await.tally().await.expect("a tally");
        let stranger = refused(&format!("{base}?sslmode=verify-full")).await;
        assert!(stranger.contains("sslrootcert"), "{stranger}");
        let named = format!(
            "postgres://owner@other.example:{port}/mail?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={}",
            authority.display()
        );
        let other = refused(&named).await;
        assert!(other.contains("certificate"), "{other}");
        cluster.sql("mail", "SELECT 1");
        let ledger = open(&at(&trusted), quick()).await;
        ledger.tally().await.expect("a tally");
        let encrypted = "SELECT count(*) > 0 FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
                         WHERE s.ssl AND a.usename = 'owner'";
        assert_eq!(cluster.sql("mail", encrypted), "t");
    });
}
