//! Which tenants have documents.

use std::collections::BTreeSet;

use rusqlite::Connection;

use crate::path::Collection;
use crate::store::StoreError;
use crate::tenant::TenantId;

/// All tenants that have a document. Each is found by the index on the collections, so that the cost
/// grows with the tenants and not with their documents.
pub(super) fn all(db: &Connection) -> Result<BTreeSet<TenantId>, StoreError> {
    let mut tenants = BTreeSet::new();
    for collection in Collection::ALL {
        let table = collection.as_str();
        let sql = format!(
            "WITH RECURSIVE found (path) AS (
                SELECT min(collection) FROM {table}
                UNION ALL
                SELECT (SELECT min(collection) FROM {table} WHERE collection > found.path)
                FROM found WHERE found.path IS NOT NULL
            )
            SELECT path FROM found WHERE path LIKE 'tenants/%'"
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
