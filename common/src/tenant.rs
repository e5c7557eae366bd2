//! The tenant: the name under which everything of one customer lies, and nothing of another.

use std::fmt;

use thiserror::Error;

/// Longest tenant id, in bytes.
pub const MAX_TENANT_BYTES: usize = 128;

/// A tenant's id: `[A-Za-z0-9][A-Za-z0-9._-]{0,127}`, so that it is one segment of a path in any
/// store, whatever a client sends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(String);

/// Why a text is no tenant id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TenantError {
    /// There is no character in it.
    #[error("must not be empty")]
    Empty,
    /// It is longer than [`MAX_TENANT_BYTES`].
    #[error("must have at most 128 characters")]
    TooLong,
    /// It begins with something else than a letter or digit.
    #[error("must begin with one of A-Z, a-z, 0-9")]
    BadStart,
    /// It has a character outside the alphabet.
    #[error("must have only characters of A-Z, a-z, 0-9, '.', '_', '-'")]
    BadCharacter,
}

impl Default for TenantId {
    /// The tenant of requests that name none, where they may.
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

impl TenantId {
    /// The id of [`TenantId::default`].
    pub const DEFAULT: &str = "default";

    /// Takes `id` when it has the form of a tenant id.
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

    /// The id as it stands in paths and messages.
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
    fn ordinary_names_are_tenants() {
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
