//! The events that have the sums of a day.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use common::event::is_view;
use common::hash;
use serde_json::{Map, Value};

use super::super::draft::{Draft, known};
use super::super::item::{Item, Place};
use super::deck::Deck;
use super::schedule::{Schedule, Slot};
use super::sums::{CAMPAIGN, Happened, Kind, Lead, Page, Sums};

/// Plausible's own measure of how long pages are read.
const ENGAGEMENT: &str = "engagement";

/// The items of a day: views, other events, and what has no place among them. They are made one by one.
pub(super) fn items(day: NaiveDate, sums: Sums) -> impl Iterator<Item = Item> {
    let schedule = Schedule::of(day, &sums);
    let events = events(day, &sums, schedule);
    let mut views = Views::new(day, sums, schedule);
    let mut slots = schedule.slots();
    let mut is_over = false;
    let views = std::iter::from_fn(move || match slots.next() {
        Some(slot) => Some(views.next(slot)),
        None if is_over => None,
        None => {
            is_over = true;
            Some(Item::Beyond(views.left()))
        }
    });
    views.chain(events)
}

/// The views of a day, to which the values are dealt.
struct Views {
    day: NaiveDate,
    made: u64,
    entries: Deck<Page>,
    others: Deck<Page>,
    leads: Deck<Lead>,
    /// How many more leads there are than entries.
    spare_leads: u64,
    dimensions: [(&'static str, Deck<String>); 4],
    /// Entrances to pages that nobody viewed.
    unseen_entries: u64,
}

impl Views {
    fn new(day: NaiveDate, sums: Sums, schedule: Schedule) -> Self {
        let (entries, others, unseen_entries) = split(sums.pages, sums.entries, schedule.visits);
        let dimensions = [
            ("browser", Deck::new(sums.browsers)),
            ("os", Deck::new(sums.systems)),
            ("device", Deck::new(sums.devices)),
            ("country", Deck::new(sums.countries)),
        ];
        let [entries, others] = [entries, others].map(Deck::new);
        let leads = Deck::new(sums.leads);
        let spare_leads = leads.left().saturating_sub(entries.left());
        Self { day, made: 0, entries, others, leads, spare_leads, dimensions, unseen_entries }
    }

    fn next(&mut self, slot: Slot) -> Item {
        let entry = if slot.is_first { self.entries.next() } else { None };
        let is_entry = entry.is_some();
        let page = entry.or_else(|| self.others.next());
        let lead = self.lead(is_entry);
        let (path, host) = page.unwrap_or_default();
        let mut payload = known([("host", host)]);
        payload.extend(led(lead, is_entry));
        let dimensions = self.dimensions.iter_mut();
        let dimensions = dimensions.filter_map(|(name, deck)| Some((*name, deck.next()?)));
        let draft = Draft {
            id: format!("plausible:{}:{}", self.day, self.made),
            event_type: "page_view".to_owned(),
            path,
            user_id: slot.visitor.map(|visitor| user(self.day, visitor)).unwrap_or_default(),
            timestamp: timestamp(slot.at),
            payload,
            dimensions: known(dimensions),
            excluded: None,
        };
        self.made += 1;
        Item::Event(Place::Made(draft.id.clone()), Box::new(draft))
    }

    /// What led to a view: to an entry, or to any other view if there are more leads than entries.
    fn lead(&mut self, is_entry: bool) -> Option<Lead> {
        if !is_entry {
            self.spare_leads = self.spare_leads.checked_sub(1)?;
        }
        self.leads.next()
    }

    /// How much was not dealt.
    fn left(&self) -> u64 {
        let dimensions: u64 = self.dimensions.iter().map(|(_, deck)| deck.left()).sum();
        let pages = self.entries.left() + self.others.left() + self.unseen_entries;
        dimensions + pages + self.leads.left()
    }
}

/// The pages that visits begin with, the pages of the other views, and how many entrances are to no
/// page that was viewed, or more than there are visits.
fn split(
    mut pages: BTreeMap<Page, u64>,
    mut entries: BTreeMap<String, u64>,
    visits: u64,
) -> (BTreeMap<Page, u64>, BTreeMap<Page, u64>, u64) {
    let (mut of_entries, mut room) = (BTreeMap::new(), visits);
    for (page, views) in &mut pages {
        let Some(wanted) = entries.get_mut(&page.0) else { continue };
        let taken = (*wanted).min(*views).min(room);
        of_entries.insert(page.clone(), taken);
        *views -= taken;
        *wanted -= taken;
        room -= taken;
    }
    (of_entries, pages, entries.values().sum())
}

/// What led to a view. Only the page before makes it an entry; elsewhere its source is named.
fn led(lead: Option<Lead>, is_entry: bool) -> Map<String, Value> {
    let Lead { source, referrer, campaign } = lead.unwrap_or_default();
    let mut said = known(CAMPAIGN.into_iter().zip(campaign));
    if is_entry {
        said.insert("referrer".to_owned(), address(&referrer).into());
    }
    let is_named_by_page = is_entry && !referrer.is_empty();
    if !source.is_empty() && !is_named_by_page {
        said.insert("ref".to_owned(), source.into());
    }
    said
}

/// The address of a page that Plausible stores without its scheme.
fn address(referrer: &str) -> String {
    if referrer.is_empty() || referrer.contains("://") {
        referrer.to_owned()
    } else {
        format!("https://{referrer}")
    }
}

/// The events that are no views. Visitors who saw no page come first.
fn events(day: NaiveDate, sums: &Sums, schedule: Schedule) -> impl Iterator<Item = Item> + use<> {
    let (visitors, mut next, at) = (sums.visitors, schedule.visitors, schedule.begins());
    let kinds = sums.events.clone().into_iter();
    kinds.flat_map(move |(kind, happened)| {
        let first = next;
        next += happened.visitors;
        of_kind(day, kind, happened, at, move |number| {
            let visitor = first + number % happened.visitors.max(1);
            (happened.visitors > 0 && visitors > 0).then(|| user(day, visitor % visitors))
        })
    })
}

fn of_kind(
    day: NaiveDate,
    kind: Kind,
    happened: Happened,
    at: DateTime<Utc>,
    user: impl Fn(u64) -> Option<String>,
) -> impl Iterator<Item = Item> {
    let is_left_out = kind.name == ENGAGEMENT || kind.name.is_empty();
    let hash = hash::short(&[&kind.name, &kind.link_url, &kind.path]);
    let events = if is_left_out { 0 } else { happened.events };
    let left_out = is_left_out.then_some(Item::LeftOut);
    let drafts = (0..events).map(move |number| {
        let draft = Draft {
            id: format!("plausible:{day}:{hash:032x}:{number}"),
            event_type: event_type(&kind.name),
            path: kind.path.clone(),
            user_id: user(number).unwrap_or_default(),
            timestamp: timestamp(at),
            payload: known([("link_url", kind.link_url.as_str())]),
            dimensions: Map::new(),
            excluded: None,
        };
        Item::Event(Place::Made(draft.id.clone()), Box::new(draft))
    });
    drafts.chain(left_out)
}

/// The type of a goal. One that only has the name of a view must not count as a view.
fn event_type(name: &str) -> String {
    if is_view(name.trim()) { format!("event:{name}") } else { name.to_owned() }
}

fn user(day: NaiveDate, visitor: u64) -> String {
    format!("plausible:{day}:{visitor}")
}

fn timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
