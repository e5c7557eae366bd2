//! The counts as rows: NDJSON, one line for each count, which DuckDB and pandas read as a table.

use std::io::{self, Write as _};
use std::path::Path;

use chrono::SecondsFormat;
use common::rollup::{Grain, Key};
use serde::Serialize;

use super::totals::{ByTenant, Totals};
use super::whole_file;

/// The value of a dimension that has only one; the rollup of requests uses it too.
const SINGLE: &str = "all";

/// One count. Each row has all columns, so that a table has them whatever was counted.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Row<'a> {
    tenant: &'a str,
    dimension: &'a str,
    grain: &'static str,
    /// When the window begins; none for all time.
    start: Option<String>,
    /// [`SINGLE`] where a dimension has one value only.
    value: &'a str,
    count: i64,
}

/// Writes the rows of all tenants, in the same order for the same counts.
pub(super) fn write(totals: &ByTenant<'_>, path: &Path) -> io::Result<()> {
    whole_file::replace(path, |file| {
        for (tenant, totals) in totals {
            for row in rows(tenant, totals) {
                serde_json::to_writer(&mut *file, &row)?;
                file.write_all(b"\n")?;
            }
        }
        Ok(())
    })
}

fn rows<'a>(tenant: &'a str, totals: &'a Totals<'_>) -> Vec<Row<'a>> {
    let mut rows: Vec<_> =
        totals.rollups.iter().map(|(key, count)| row(tenant, key, *count)).collect();
    rows.extend(totals.users.iter().map(|(day, users)| {
        let is_day = day != Grain::All.as_str();
        let grain = if is_day { Grain::Day } else { Grain::All };
        let start = is_day.then(|| format!("{day}T00:00:00Z"));
        Row { start, ..of(tenant, "unique_users", grain, length(*users)) }
    }));
    if totals.texts > 0 {
        rows.push(of(tenant, "characters", Grain::All, totals.characters));
        rows.push(of(tenant, "texts", Grain::All, length(totals.texts)));
    }
    rows.sort_unstable();
    rows
}

fn row<'a>(tenant: &'a str, key: &'a Key, count: i64) -> Row<'a> {
    let start = key.start.to_rfc3339_opts(SecondsFormat::Secs, true);
    Row {
        start: (key.grain != Grain::All).then_some(start),
        value: &key.value,
        ..of(tenant, key.dimension.as_str(), key.grain, count)
    }
}

/// A row of all time, of a dimension with one value only.
fn of<'a>(tenant: &'a str, dimension: &'a str, grain: Grain, count: i64) -> Row<'a> {
    Row { tenant, dimension, grain: grain.as_str(), start: None, value: SINGLE, count }
}

fn length(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
