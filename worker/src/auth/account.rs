//! The one account that may push.

use super::refusal::PushRefusal;

/// Who may push, and the audience that a token must be made out to.
pub struct Account {
    pub(super) email: String,
    pub(super) audience: String,
}

impl Account {
    /// Compares the account with the one that a token names.
    pub(super) fn is(&self, email: Option<String>, is_verified: bool) -> Result<(), PushRefusal> {
        match email {
            None => Err(PushRefusal::NoEmail),
            Some(_) if !is_verified => Err(PushRefusal::EmailNotVerified),
            Some(email) if email != self.email => Err(PushRefusal::OtherAccount(email)),
            Some(_) => Ok(()),
        }
    }
}
