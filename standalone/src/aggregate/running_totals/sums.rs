//! The counts of each tenant, in tables.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use common::rollup::{Dimension, Grain, Key};
use common::tenant::TenantId;
use rusqlite::{Connection, Row, params};

use crate::aggregate::tally::{Counts, Tally};
use crate::aggregate::totals::{ByTenant, Totals};

/// Adds the counts of a part of the archive.
pub(super) fn add(db: &Connection, tally: Tally) -> rusqlite::Result<()> {
    for (tenant, counts) in tally.0 {
        let mut add = db.prepare_cached(
            "INSERT INTO tenants VALUES (?1, ?2) ON CONFLICT DO UPDATE
             SET characters = characters + excluded.characters",
        )?;
        add.execute(params![tenant.as_str(), counts.characters])?;
        add_counts(db, &tenant, &counts)?;
        add_members(db, &tenant, counts)?;
    }
    Ok(())
}

/// A sum saturates at the greatest number, as it does in memory.
fn add_counts(db: &Connection, tenant: &TenantId, counts: &Counts) -> rusqlite::Result<()> {
    let mut add = db.prepare_cached(
        "INSERT INTO counts VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE
         SET count = CASE WHEN count > 9223372036854775807 - excluded.count
                     THEN 9223372036854775807 ELSE count + excluded.count END",
    )?;
    // In the order of the table, neighbours are on the same page.
    for (key, count) in counts.rollups.iter().collect::<BTreeMap<_, _>>() {
        let Key { dimension, value, grain, start } = key;
        let (dimension, grain) = (dimension.as_str(), grain.as_str());
        add.execute(params![tenant.as_str(), dimension, grain, start.timestamp(), value, count])?;
    }
    Ok(())
}

fn add_members(db: &Connection, tenant: &TenantId, counts: Counts) -> rusqlite::Result<()> {
    let mut add = db.prepare_cached("INSERT OR IGNORE INTO visitors VALUES (?1, ?2, ?3)")?;
    for (day, visitors) in counts.visitors {
        for visitor in visitors.into_iter().collect::<BTreeSet<_>>() {
            add.execute(params![tenant.as_str(), day, visitor.to_be_bytes()])?;
        }
    }
    let mut add = db.prepare_cached("INSERT OR IGNORE INTO texts VALUES (?1, ?2)")?;
    for record in counts.texts {
        add.execute(params![tenant.as_str(), record.to_be_bytes()])?;
    }
    Ok(())
}

/// The totals of each tenant.
pub(super) fn by_tenant(db: &Connection) -> rusqlite::Result<ByTenant<'static>> {
    let mut tenants = db.prepare_cached("SELECT tenant, characters FROM tenants")?;
    let mut rows = tenants.query([])?;
    let mut all = ByTenant::new();
    while let Some(row) = rows.next()? {
        let (tenant, characters): (String, i64) = (row.get(0)?, row.get(1)?);
        let totals = totals(db, &tenant, characters)?;
        all.insert(tenant, totals);
    }
    Ok(all)
}

fn totals(db: &Connection, tenant: &str, characters: i64) -> rusqlite::Result<Totals<'static>> {
    let mut rollups = db.prepare_cached(
        "SELECT dimension, grain, start, value, count FROM counts WHERE tenant = ?1",
    )?;
    let rollups = rollups.query_map([tenant], counted)?.filter_map(Result::transpose);
    let rollups = rollups.collect::<Result<_, _>>()?;
    let mut users =
        db.prepare_cached("SELECT day, COUNT(*) FROM visitors WHERE tenant = ?1 GROUP BY day")?;
    let users = users.query_map([tenant], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let users = users.collect::<Result<_, _>>()?;
    let texts = "SELECT COUNT(*) FROM texts WHERE tenant = ?1";
    let texts = db.prepare_cached(texts)?.query_row([tenant], |row| row.get(0))?;
    Ok(Totals { rollups, users, texts, characters })
}

/// Nothing if this version has no such dimension: then the totals are not of this version either.
fn counted(row: &Row<'_>) -> rusqlite::Result<Option<(Cow<'static, Key>, i64)>> {
    let (dimension, grain): (String, String) = (row.get(0)?, row.get(1)?);
    let grain = Grain::ALL.into_iter().find(|known| known.as_str() == grain);
    let start = DateTime::from_timestamp(row.get(2)?, 0);
    let (Some(dimension), Some(grain), Some(start)) = (Dimension::named(&dimension), grain, start)
    else {
        return Ok(None);
    };
    let key = Key { dimension, value: row.get(3)?, grain, start };
    Ok(Some((Cow::Owned(key), row.get(4)?)))
}
