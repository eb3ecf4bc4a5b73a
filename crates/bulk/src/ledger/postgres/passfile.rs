//! The password file of PostgreSQL's own programs: `host:port:database:user:password` lines, `*` for any, `\` before a
//! `:` or `\` that is meant. The first line that fits counts. A file that others may read is not used, and that is said.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use hongyan_proto::said::said;

use crate::ledger::LedgerError;

/// The longest file that is read, in octets.
const MAX_PASSFILE: u64 = 1 << 20;

/// Whose password is looked for.
pub(super) struct Wanted<'a> {
    pub(super) host: &'a str,
    pub(super) port: &'a str,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// The password, where there is such a file with such a line.
pub(super) fn find(path: &Path, wanted: &Wanted<'_>) -> Result<Option<String>, LedgerError> {
    let unreadable = |error: std::io::Error| {
        LedgerError::Refused(said(
            format!(
                "the password file {} cannot be read, {error}: make it readable, or set PGPASSWORD",
                path.display()
            ),
            format!("无法读取密码文件 {}（{error}）：请让它可读，或设置环境变量 PGPASSWORD", path.display()),
        ))
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(error)),
    };
    let about = file.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Ok(None); // as /dev/null, by which people say that they have none
    }
    if about.mode() & 0o077 != 0 {
        return Err(LedgerError::Refused(said(
            format!("the password file {0} can be read by other users: run chmod 600 {0}", path.display()),
            format!("密码文件 {0} 可被其他用户读取：请运行 chmod 600 {0}", path.display()),
        )));
    }
    let mut text = String::new();
    file.take(MAX_PASSFILE).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text.lines().find_map(|line| password_in(line, wanted)))
}

fn password_in(line: &str, wanted: &Wanted<'_>) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let (mut fields, mut field, mut characters) = (Vec::new(), String::new(), line.chars());
    while let Some(character) = characters.next() {
        match character {
            '\\' => field.push(characters.next()?),
            ':' if fields.len() < 4 => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    let expected = [wanted.host, wanted.port, wanted.database, wanted.user];
    let fits =
        fields.len() == 4 && fields.iter().zip(expected).all(|(field, value)| field == "*" || field == value);
    (fits && !field.is_empty()).then_some(field)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const WANTED: Wanted<'_> = Wanted { host: "db.example.org", port: "5432", database: "mail", user: "li" };

    #[test]
    fn a_line_fits_by_value_or_by_star() {
        let cases = [
            ("db.example.org:5432:mail:li:geheim", Some("geheim")),
            ("*:*:*:li:geheim", Some("geheim")),
            (r"*:*:*:*:a\:b\\c", Some(r"a:b\c")),
            ("*:*:*:*:a:b", Some("a:b")),
            ("*:*:*:zhang:geheim", None),
            ("*:5433:*:li:geheim", None),
            ("# *:*:*:*:geheim", None),
            ("*:*:*:*:", None),
            ("*:*", None),
        ];
        for (line, password) in cases {
            assert_eq!(password_in(line, &WANTED).as_deref(), password, "{line}");
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_command_that_helps() {
        let path = std::env::temp_dir().join(format!("hongyan-pgpass-{}", std::process::id()));
        std::fs::write(&path, "*:*:*:*:other\ndb.example.org:5432:mail:li:late\n").expect("a file");
        let allow =
            |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("ours");
        allow(0o644);
        let error = find(&path, &WANTED).expect_err("open to others").to_string();
        assert!(error.contains("chmod 600"), "{error}");
        allow(0o600);
        assert_eq!(find(&path, &WANTED).expect("readable").as_deref(), Some("other"));
        std::fs::remove_file(&path).expect("ours");
        assert_eq!(find(&path, &WANTED).expect("no file is no error"), None);
    }
}
