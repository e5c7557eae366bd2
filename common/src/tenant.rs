//! A tenant: one customer, whose data is kept apart from everyone else's.

use std::fmt;

use thiserror::Error;

/// Longest tenant id, in bytes.
pub const MAX_TENANT_BYTES: usize = 128;

/// A tenant's id: `[A-Za-z0-9][A-Za-z0-9._-]{0,127}`. Every such id is a valid path segment in any
/// store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(String);

/// Why a text is not a valid tenant id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TenantError {
    /// It is empty.
    #[error("must not be empty")]
    Empty,
    /// It is longer than [`MAX_TENANT_BYTES`].
    #[error("must be at most 128 characters long")]
    TooLong,
    /// It does not begin with a letter or a digit.
    #[error("must begin with one of A-Z, a-z, 0-9")]
    BadStart,
    /// It contains a character that is not allowed.
    #[error("must contain only A-Z, a-z, 0-9, '.', '_', '-'")]
    BadCharacter,
}

impl Default for TenantId {
    /// The tenant of requests that leave the tenant out, where that is allowed.
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

impl TenantId {
    /// The id of [`TenantId::default`].
    pub const DEFAULT: &str = "default";

    /// Checks `id` and wraps it.
    pub fn parse(id: &str) -> Result<Self, TenantError> {
        let first = id.bytes().next().ok_or(TenantError::Empty)?;
        if !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
            return Err(TenantError::BadCharacter);
        }
        if !first.is_ascii_alphanumeric() {
            return Err(TenantError::BadStart);
        }
        if id.len() > MAX_TENANT_BYTES {
            return Err(TenantError::TooLong);
        }
        Ok(Self(id.to_owned()))
    }

    /// The id as text, as in paths and messages.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_valid() {
        for id in ["acme", "cus-axon", "a", "0", "example.com", "A_b-c.9", &"x".repeat(128)] {
            assert_eq!(TenantId::parse(id).map(|t| t.to_string()), Ok(id.to_owned()));
        }
    }

    #[test]
    fn hostile_names_are_refused_with_the_reason() {
        let cases = [
            ("", TenantError::Empty),
            (".", TenantError::BadStart),
            ("..", TenantError::BadStart),
            ("__x__", TenantError::BadStart),
            ("-a", TenantError::BadStart),
            ("../beta", TenantError::BadCharacter),
            ("a/b", TenantError::BadCharacter),
            ("%2e%2e", TenantError::BadCharacter),
            ("a\0b", TenantError::BadCharacter),
            ("аcme", TenantError::BadCharacter), // a Cyrillic a
            ("a b", TenantError::BadCharacter),
        ];
        for (id, reason) in cases {
            assert_eq!(TenantId::parse(id), Err(reason), "{id:?}");
        }
        assert_eq!(TenantId::parse(&"x".repeat(129)), Err(TenantError::TooLong));
    }
}
