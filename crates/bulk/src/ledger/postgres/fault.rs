//! What an error of the database means: gone for a while, worth a second try, or final, with what to do.

use std::error::Error as _;
use std::io;

use hongyan_proto::said::said;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::ledger::LedgerError;

/// What an error means for whoever asked.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// The database is not there, or not ready. The request may have been carried out or not.
    Away(String),
    /// The request was rolled back for the sake of another one; the same request may work now.
    Again(String),
    /// Asking again would change nothing.
    Final(LedgerError),
}

impl Fault {
    /// For whoever does not wait.
    pub(super) fn into_error(self, place: &str) -> LedgerError {
        match self {
            Self::Away(why) => away(place, &why),
            Self::Again(why) => failed(&why),
            Self::Final(error) => error,
        }
    }
}

impl From<LedgerError> for Fault {
    fn from(error: LedgerError) -> Self {
        Self::Final(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let words = words(&error);
        let Some(code) = error.code() else { return without_code(&error, words) };
        if again(code) {
            return Self::Again(words);
        }
        if gone(code) {
            return Self::Away(words);
        }
        Self::Final(refused(code, &words).unwrap_or_else(|| failed(&words)))
    }
}

/// The database's own words with its hint, on one line.
fn words(error: &Error) -> String {
    let text = match error.as_db_error() {
        Some(said) => {
            let more = [said.detail(), said.hint()].into_iter().flatten();
            more.fold(said.message().to_owned(), |all, more| format!("{all} ({more})"))
        }
        None => match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the driver says by itself: the way to the database, or how one proves who one is.
fn without_code(error: &Error, words: String) -> Fault {
    if let Some(cause) = error.source().and_then(|cause| cause.downcast_ref::<io::Error>()) {
        if cause.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
            || cause.kind() == io::ErrorKind::InvalidInput
        {
            return Fault::Final(tls(&words));
        }
        return Fault::Away(words);
    }
    if error.is_closed() || words.starts_with("timeout") || words.starts_with("error connecting") {
        Fault::Away(words)
    } else if words.starts_with("error performing TLS handshake") {
        Fault::Final(tls(&words))
    } else if words.contains("password missing") {
        Fault::Final(password(&words))
    } else {
        Fault::Final(failed(&words))
    }
}

fn again(code: &SqlState) -> bool {
    [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
    ]
    .contains(code)
}

/// Class 08, a server that starts or stops, and one that has no room for a connection.
fn gone(code: &SqlState) -> bool {
    code.code().starts_with("08")
        || [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::TOO_MANY_CONNECTIONS,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        ]
        .contains(code)
}

fn refused(code: &SqlState, words: &str) -> Option<LedgerError> {
    let (en, zh) = match *code {
        SqlState::INVALID_PASSWORD => return Some(password(words)),
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION => (
            "the database does not let this user in: look at the user in the URL, at pg_hba.conf on the server, and \
             whether it wants TLS (sslmode=require)",
            "数据库不允许该用户登录：请检查 URL 中的用户名、服务器上的 pg_hba.conf，以及它是否要求 TLS（sslmode=require）",
        ),
        SqlState::INVALID_CATALOG_NAME => (
            "there is no such database on the server: make it with createdb, or name another one in the URL",
            "服务器上没有这个数据库：请用 createdb 创建，或在 URL 中写另一个数据库",
        ),
        SqlState::READ_ONLY_SQL_TRANSACTION => (
            "this server may only be read, as a standby: name the primary in the URL",
            "这台服务器是只读的（例如备库）：请在 URL 中改写主库",
        ),
        SqlState::INSUFFICIENT_PRIVILEGE => (
            "the database refuses: ask its owner for rights on the schema hongyan",
            "数据库拒绝：请向管理员申请 hongyan 模式的权限",
        ),
        SqlState::DISK_FULL => {
            return Some(LedgerError::Failed(said(
                format!(
                    "the disk of the database is full ({words}): make room there, then run again; nothing is lost"
                ),
                format!("数据库所在磁盘已满（{words}）：请腾出空间后重新运行；没有丢失任何内容"),
            )));
        }
        _ => return None,
    };
    Some(LedgerError::Refused(said(format!("{en} ({words})"), format!("{zh}（{words}）"))))
}

fn password(words: &str) -> LedgerError {
    LedgerError::Refused(said(
        format!(
            "the database wants another password ({words}): set PGPASSWORD, or write it into ~/.pgpass (chmod 600)"
        ),
        format!("数据库密码不对或缺失（{words}）：请设置环境变量 PGPASSWORD，或写入 ~/.pgpass（chmod 600）"),
    ))
}

fn tls(words: &str) -> LedgerError {
    LedgerError::Refused(said(
        format!(
            "no trusted TLS connection to the database ({words}): let the server have a certificate for its name, name \
             its authority with sslrootcert=FILE in the URL, or write sslmode=disable where the network is your own"
        ),
        format!(
            "无法与数据库建立可信的 TLS 连接（{words}）：请给服务器配置与其名字相符的证书，或在 URL 中用 sslrootcert=文件 \
             指定其签发者；若网络完全属于您自己，可写 sslmode=disable"
        ),
    ))
}

/// The database is not there.
pub(super) fn away(place: &str, why: &str) -> LedgerError {
    LedgerError::Away(said(
        format!(
            "the database {place} cannot be reached ({why}): nothing is lost; when it is back, start the worker again \
             and it goes on"
        ),
        format!("连接不上数据库 {place}（{why}）：没有丢失任何内容；数据库恢复后重新启动即可继续"),
    ))
}

/// Something that was not expected.
pub(super) fn failed(why: &str) -> LedgerError {
    LedgerError::Failed(said(
        format!("the database cannot do it ({why}): look at its log; what was confirmed stays true"),
        format!("数据库无法完成操作（{why}）：请查看数据库日志；已确认的内容不受影响"),
    ))
}

/// What a row holds has no meaning in this version.
pub(super) fn damaged(what: &str) -> LedgerError {
    LedgerError::Damaged(said(
        format!(
            "the ledger in the database holds what was never written there: {what}. Restore it from a backup"
        ),
        format!("数据库中的账本含有程序从未写入过的内容：{what}。请从备份恢复"),
    ))
}
