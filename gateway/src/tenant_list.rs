//! A list of tenants in a setting.

use std::collections::BTreeSet;
use std::str::FromStr;

use common::tenant::{TenantError, TenantId};
use thiserror::Error;

/// Some tenants, or all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantList {
    /// `*`.
    All,
    /// Those of a comma-separated list, which may be empty.
    Some(BTreeSet<TenantId>),
}

/// A name in the list is not the id of a tenant.
#[derive(Debug, Error)]
#[error("{name:?} is not a tenant: it {source}")]
pub struct NotATenant {
    name: String,
    source: TenantError,
}

impl TenantList {
    /// Whether the list names `tenant`.
    pub fn names(&self, tenant: &TenantId) -> bool {
        match self {
            Self::All => true,
            Self::Some(tenants) => tenants.contains(tenant),
        }
    }
}

impl FromStr for TenantList {
    type Err = NotATenant;

    fn from_str(text: &str) -> Result<Self, NotATenant> {
        if text.trim() == "*" {
            return Ok(Self::All);
        }
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        names.map(tenant).collect::<Result<_, _>>().map(Self::Some)
    }
}

fn tenant(name: &str) -> Result<TenantId, NotATenant> {
    TenantId::parse(name).map_err(|source| NotATenant { name: name.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_some_tenants_or_all() {
        let cases = [("", false, false), ("*", true, true), (" acme , shop", true, false)];
        for (text, acme, beta) in cases {
            let list: TenantList = text.parse().expect("a list");
            let names = |tenant| list.names(&TenantId::parse(tenant).expect("a tenant"));
            assert_eq!((names("acme"), names("beta")), (acme, beta), "{text:?}");
        }
        let error = "acme,a/b".parse::<TenantList>().expect_err("a slash");
        assert!(error.to_string().starts_with("\"a/b\" is not a tenant: it must contain only"));
    }
}
