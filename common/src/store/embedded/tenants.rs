//! Which tenants have documents.

use std::collections::BTreeSet;

use rusqlite::Connection;

use crate::path::{Collection, TENANTS};
use crate::store::StoreError;
use crate::tenant::TenantId;

/// All tenants that have a document. The cost grows with the tenants and not with their documents.
pub(super) fn all(db: &Connection) -> Result<BTreeSet<TenantId>, StoreError> {
    let mut tenants = BTreeSet::new();
    for table in Collection::ALL.map(Collection::as_str) {
        let sql = format!(
            "SELECT path FROM collections WHERE path LIKE '{TENANTS}/%/{table}'
             AND EXISTS (SELECT 1 FROM {table} WHERE collection = number)"
        );
        let mut statement = db.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let path: String = row.get(0)?;
            tenants.extend(path.split('/').nth(1).and_then(|id| TenantId::parse(id).ok()));
        }
    }
    Ok(tenants)
}
