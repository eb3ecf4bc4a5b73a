//! A copy at the IMAP server: into the folder that the server says is for sent mail (RFC 6154), else into one
//! that is called so.
//!
//! The folder is asked for the mail first: some servers put a copy there by themselves, and a copy that was filed
//! just before the connection broke need not be filed again.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::maildir::NAMES;
use crate::cli::outcome::why;
use crate::cli::server::Target;
use crate::cli::system::runtime;
use crate::cli::terminal::Language;
use crate::mime::read::Message;
use crate::net::imap::{Criterion, Flags, Folder, Mode, Session, Special};
use crate::proto::outcome::{Failure, Kind, Stage};
use crate::proto::sasl::Credentials;

/// The octets in which the mail's own identifier is looked for.
const BEGINNING: u64 = 64 * 1024;

/// Puts the mail in `path` there; says the folder.
pub(super) fn file(target: &Target, credentials: Option<Credentials>, path: &Path) -> Result<String, String> {
    let language = Language::of_the_environment();
    let runtime = runtime().map_err(|trouble| trouble.parts(language).1.to_owned())?;
    let filed = runtime.block_on(async {
        let mut session = Session::connect(&target.place(), &target.imap(credentials)).await?;
        let filed = append(&mut session, path).await;
        session.logout().await;
        filed
    });
    filed.map(|folder| format!("{folder} ({})", target.server)).map_err(|failure| {
        let (server, why) = (target.server.to_string(), why(&failure, language));
        language.choose(format!("{server}: {why}"), format!("{server}：{why}"))
    })
}

async fn append(session: &mut Session, path: &Path) -> Result<String, Failure> {
    let folders = session.folders("*").await?;
    let folder = match for_sent(&folders) {
        Some(folder) => folder.name.clone(),
        None => {
            session.create(NAMES[0]).await?;
            NAMES[0].to_owned()
        }
    };
    let local = |error: std::io::Error| Failure::new(Stage::Store, Kind::Local, error.to_string());
    let mut file = File::open(path).map_err(local)?;
    let len = file.metadata().map_err(local)?.len();
    let mut beginning = Vec::new();
    file.by_ref().take(BEGINNING).read_to_end(&mut beginning).map_err(local)?;
    if let Some(id) = Message::parse(&beginning).message_id() {
        session.select(&folder, Mode::Read, None).await?;
        match session.search(&[Criterion::Header("Message-ID".to_owned(), id)]).await {
            Ok(found) if !found.is_empty() => return Ok(folder),
            // A server that cannot search still gets its copy.
            Err(failure) if !session.is_open() => return Err(failure),
            _ => {}
        }
    }
    let mut file = BufReader::new(File::open(path).map_err(local)?);
    session.append(&folder, &Flags::seen(), None, len, &mut file).await?;
    Ok(folder)
}

/// The folder for sent mail.
pub(crate) fn for_sent(folders: &[Folder]) -> Option<&Folder> {
    let usable = || folders.iter().filter(|folder| folder.selectable);
    let called = |name: &'static str| {
        usable().find(move |folder| {
            let last = match folder.delimiter {
                Some(delimiter) => folder.name.rsplit(delimiter).next().unwrap_or(&folder.name),
                None => &folder.name,
            };
            last.eq_ignore_ascii_case(name)
        })
    };
    usable()
        .find(|folder| folder.special == Some(Special::Sent))
        .or_else(|| NAMES.into_iter().find_map(called))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Server;
    use crate::net::imap::Options;
    use crate::proto::imap::client::Config;
    use crate::proto::sasl::{Proof, Secret};
    use crate::sandbox::{self, Sandbox};

    #[tokio::test]
    async fn a_copy_that_is_there_is_not_filed_again() {
        let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
        let port = sandbox.imap().unwrap().port();
        let login = Credentials { user: "me".to_owned(), proof: Proof::Password(Secret::new("x")) };
        let tls = crate::proto::tls::Tls::Never;
        let session = Config { credentials: Some(login), plaintext_auth: true, tls, ..Config::default() };
        let options = Options { session, ..Options::default() };
        let server = Server { host: "127.0.0.1".to_owned(), port, implicit_tls: false };
        let path = std::env::temp_dir().join(format!("hongyan-copy-{}.eml", std::process::id()));
        std::fs::write(&path, "Message-ID: <1@example.org>\r\n\r\nsent\r\n").unwrap();
        for _ in 0..2 {
            let mut session = Session::connect(&server, &options).await.unwrap();
            assert_eq!(append(&mut session, &path).await.unwrap(), "Sent");
            session.logout().await;
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(sandbox.store().accounts().mails("me", "Sent").unwrap().len(), 1);
        sandbox.stop().await;
    }

    #[test]
    fn the_folder_is_the_one_that_the_server_names_or_one_called_so() {
        let folder = |name: &str, special, selectable| Folder {
            name: name.to_owned(),
            delimiter: Some('.'),
            special,
            selectable,
            ..Folder::default()
        };
        let found = |folders: &[Folder]| for_sent(folders).map(|folder| folder.name.clone());
        let (named, other) =
            (folder("Gesendet", Some(Special::Sent), true), folder("INBOX.Sent", None, true));
        assert_eq!(found(&[other.clone(), named.clone()]).as_deref(), Some("Gesendet"));
        assert_eq!(found(std::slice::from_ref(&other)).as_deref(), Some("INBOX.Sent"));
        assert_eq!(
            found(&[folder("已发送", None, true), folder("Absent", None, true)]).as_deref(),
            Some("已发送")
        );
        assert_eq!(
            found(&[folder("Sent Items", None, true), folder("sent", None, true)]).as_deref(),
            Some("sent")
        );
        assert_eq!(
            found(&[folder("Sent", None, false), folder("Drafts", Some(Special::Drafts), true)]),
            None
        );
    }
}
