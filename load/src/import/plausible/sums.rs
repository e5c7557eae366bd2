//! What Plausible's export says about one day.

use std::collections::BTreeMap;

use super::super::draft::Unreadable;
use super::super::names;
use super::super::rows::Row;
use super::tables::Table;

/// What led to a visit: what Plausible calls the source, the page before, and the campaign's parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lead {
    pub(super) source: String,
    pub(super) referrer: String,
    /// In the order of [`CAMPAIGN`].
    pub(super) campaign: [String; 5],
}

/// The parameters of campaigns, which have columns of their own.
pub(super) const CAMPAIGN: [&str; 5] =
    ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"];

/// What Plausible calls the source of a visit that no page led to.
const DIRECT: &str = "Direct / None";

/// A page and its host.
pub(super) type Page = (String, String);

/// A kind of event: its name, the link that was followed, and the page.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    pub(super) name: String,
    pub(super) link_url: String,
    pub(super) path: String,
}

/// How often a kind of event happened, and to how many visitors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Happened {
    pub(super) events: u64,
    pub(super) visitors: u64,
}

/// The sums of a day. What a visit came with is counted in visits, the rest in views.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub(super) views: u64,
    pub(super) visitors: u64,
    pub(super) visits: u64,
    pub(super) bounces: u64,
    /// How long all visits lasted together.
    pub(super) seconds: u64,
    pub(super) pages: BTreeMap<Page, u64>,
    pub(super) entries: BTreeMap<String, u64>,
    pub(super) leads: BTreeMap<Lead, u64>,
    pub(super) countries: BTreeMap<String, u64>,
    pub(super) devices: BTreeMap<String, u64>,
    pub(super) browsers: BTreeMap<String, u64>,
    pub(super) systems: BTreeMap<String, u64>,
    pub(super) events: BTreeMap<Kind, Happened>,
}

impl Sums {
    /// Adds a row. Values that are not known are left out of their sums.
    pub(super) fn add(&mut self, table: Table, row: &Row) -> Result<(), Unreadable> {
        match table {
            Table::Visitors => return self.add_totals(row),
            Table::Pages => {
                let page = (row.get("page").to_owned(), row.get("hostname").to_owned());
                *self.pages.entry(page).or_default() += number(row, "pageviews")?;
            }
            Table::EntryPages => {
                let entries = number(row, "entrances")?;
                *self.entries.entry(row.get("entry_page").to_owned()).or_default() += entries;
            }
            Table::Sources => {
                *self.leads.entry(lead(row)).or_default() += number(row, "visits")?;
            }
            Table::Locations => {
                count(&mut self.countries, names::country(row.get("country")), row)?
            }
            Table::Devices => count(&mut self.devices, names::device(row.get("device")), row)?,
            Table::Browsers => count(&mut self.browsers, names::browser(row.get("browser")), row)?,
            Table::Systems => {
                count(&mut self.systems, names::os(row.get("operating_system")), row)?;
            }
            Table::CustomEvents => return self.add_events(row),
        }
        Ok(())
    }

    fn add_totals(&mut self, row: &Row) -> Result<(), Unreadable> {
        self.views += number(row, "pageviews")?;
        self.visitors += number(row, "visitors")?;
        self.visits += number(row, "visits")?;
        self.bounces += number(row, "bounces")?;
        self.seconds += number(row, "visit_duration")?;
        Ok(())
    }

    fn add_events(&mut self, row: &Row) -> Result<(), Unreadable> {
        let [name, link_url, path] = ["name", "link_url", "path"].map(|it| row.get(it).to_owned());
        let (events, visitors) = (number(row, "events")?, number(row, "visitors")?);
        let happened = self.events.entry(Kind { name, link_url, path }).or_default();
        happened.events += events;
        happened.visitors += visitors;
        Ok(())
    }
}

/// Counts views; older exports only have visits.
fn count(sums: &mut BTreeMap<String, u64>, value: String, row: &Row) -> Result<(), Unreadable> {
    let column = if row.has("pageviews") { "pageviews" } else { "visits" };
    let views = number(row, column)?;
    if !value.is_empty() {
        *sums.entry(value).or_default() += views;
    }
    Ok(())
}

fn lead(row: &Row) -> Lead {
    let source = Some(row.get("source")).filter(|source| *source != DIRECT).unwrap_or_default();
    let campaign = CAMPAIGN.map(|name| row.get(name).to_owned());
    Lead { source: source.to_owned(), referrer: row.get("referrer").to_owned(), campaign }
}

/// A sum; 0 if the export has no such column.
fn number(row: &Row, column: &'static str) -> Result<u64, Unreadable> {
    match row.get(column) {
        "" => Ok(0),
        text => text.parse().map_err(|_| Unreadable { column, value: text.to_owned() }),
    }
}
