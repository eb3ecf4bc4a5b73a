//! Both sides against the RFCs' examples, each other, an independent implementation, and garbage.

mod examples;
mod hostile;
mod oracle;
mod pairs;

use std::sync::Arc;

use super::*;

/// One user, one password, one token; its certificate is good for itself.
pub(super) struct One {
    pub(super) user: &'static str,
    pub(super) secret: &'static str,
}

impl Users for One {
    fn password(&self, user: &str) -> Option<Secret> {
        (user == self.user).then(|| Secret::new(self.secret))
    }

    fn token(&self, user: &str) -> Option<Secret> {
        self.password(user)
    }

    fn certificate(&self, wanted: &str) -> Option<String> {
        (wanted.is_empty() || wanted == self.user).then(|| self.user.to_string())
    }
}

pub(super) fn one(user: &'static str, secret: &'static str) -> Arc<dyn Users> {
    Arc::new(One { user, secret })
}

pub(super) fn password(user: &str, password: &str) -> Credentials {
    Credentials { user: user.into(), proof: Proof::Password(Secret::new(password)) }
}

pub(super) fn token(user: &str, token: &str) -> Credentials {
    Credentials { user: user.into(), proof: Proof::Token(Secret::new(token)) }
}
