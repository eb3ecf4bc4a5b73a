//! Which users a mail is for.
//!
//! With users named, a recipient is the user whose name it is, or whose name is its local part; letters in
//! any case. What is for none of them is the first user's. With no users named anybody may log in, under
//! any name, and the accounts are the local parts that mail has come for; past
//! [`OPEN_ACCOUNTS`] of them, further ones share [`POSTMASTER`].

/// The most accounts where no users are named.
pub const OPEN_ACCOUNTS: usize = 10_000;
/// Whose mail it is that is for nobody, where no users are named.
pub const POSTMASTER: &str = "postmaster";

/// The users' names that these recipients mean, each once; never none.
pub(super) fn meant<'a>(
    users: &[String],
    recipients: impl Iterator<Item = &'a str>,
    is_room_for: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut meant: Vec<String> = Vec::new();
    for recipient in recipients {
        let name = if users.is_empty() {
            Some(open(recipient)).filter(|name| is_room_for(name)).unwrap_or_else(|| POSTMASTER.into())
        } else {
            let known = |name: &&String| is_named(name, recipient);
            users.iter().find(known).or(users.first()).cloned().unwrap_or_default()
        };
        if !meant.contains(&name) {
            meant.push(name);
        }
    }
    if meant.is_empty() {
        meant.push(users.first().map_or(POSTMASTER, String::as_str).to_owned());
    }
    meant
}

/// The account that a name means where no users are named.
pub(super) fn open(name: &str) -> String {
    local_part(name).to_lowercase()
}

fn is_named(user: &str, recipient: &str) -> bool {
    let recipient = recipient.to_lowercase();
    let user = user.to_lowercase();
    user == recipient || user == local_part(&recipient)
}

/// What stands before the last `@`, without quotes around it.
fn local_part(address: &str) -> &str {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    local.strip_prefix('"').and_then(|local| local.strip_suffix('"')).unwrap_or(local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_is_a_user_by_name_or_by_local_part_and_else_the_first_one() {
        let users: Vec<String> = ["ann", "bob@example.org", "王"].map(String::from).into();
        for (recipients, expected) in [
            (&["ANN@anywhere"][..], &["ann"][..]),
            (&["Bob@Example.org", "ann@x"], &["bob@example.org", "ann"]),
            (&["bob@elsewhere"], &["ann"]),
            (&["王@例子.cn", "王@x"], &["王"]),
            (&["\"ann\"@x"], &["ann"]),
            (&[], &["ann"]),
        ] {
            assert_eq!(meant(&users, recipients.iter().copied(), |_| true), expected, "{recipients:?}");
        }
    }

    #[test]
    fn without_users_a_recipient_is_its_local_part_while_there_is_room() {
        let meant = |room: bool| meant(&[], ["Ann@x", "ann@y", "bob"].into_iter(), move |_| room);
        assert_eq!(meant(true), ["ann", "bob"]);
        assert_eq!(meant(false), [POSTMASTER]);
    }
}
