//! Takes what a door has read: each hit becomes an event just as on `POST /event`. An invalid
//! record does not affect the others.

use actix_web::HttpRequest;
use common::metrics::LEFT_OUT;
use common::record::RecordId;

use super::hit::Hit;
use crate::accept_events::{accept, name_visitor};
use crate::extractors::new_event::NewEvent;
use crate::extractors::record_id;
use crate::extractors::site_event::{self, Sender};
use crate::extractors::tenant::{self, TenantNames};
use crate::extractors::text_batch::{MAX_ERRORS, MAX_RECORDS};
use crate::problem::{FieldError, Problem, ProblemCode, first_of_each_field};
use crate::state::Gateway;

/// How many records are read before others get a turn.
const AT_ONCE: usize = 64;

/// A record of a client: a hit, nothing that is stored, or what is wrong with it.
pub(super) type Read = Result<Option<Hit>, FieldError>;

/// What distinguishes a door from the others.
pub(crate) struct Door {
    /// The `source` of its events.
    pub(crate) source: &'static str,
    /// Its names for the fields of `POST /event`: errors use the names that the client sent.
    pub(super) names: &'static [(&'static str, &'static str)],
}

/// What became of the records of a request. All that are accepted are durable.
pub(super) struct Taken {
    /// The ids of the events.
    pub(super) ids: Vec<RecordId>,
    /// What is wrong with each invalid record, by its place, from 0.
    pub(super) rejected: Vec<(usize, Vec<FieldError>)>,
    records: usize,
}

impl Door {
    /// Publishes the hits, and returns when each is durable.
    pub(super) async fn take(
        &self,
        request: &HttpRequest,
        gateway: &Gateway,
        records: Vec<Read>,
    ) -> Result<Taken, Problem> {
        check_count(records.len())?;
        let shared = Shared::of(request, gateway, records.len())?;
        let mut taken = Taken { ids: Vec::new(), rejected: Vec::new(), records: records.len() };
        let mut events = Vec::new();
        for (index, record) in records.into_iter().enumerate() {
            if index % AT_ONCE == AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
            match self.event(request, &shared, index, record)? {
                Ok(Some(mut event)) => {
                    name_visitor(&mut event, shared.sender.browser.as_ref(), gateway).await;
                    taken.ids.push(event.id.clone());
                    events.push(event);
                }
                Ok(None) => LEFT_OUT.with_label_values(&[self.source, "ignored"]).inc(),
                Err(errors) => taken.rejected.push((index, errors)),
            }
        }
        tenant::remember_only(request, events.iter().map(|event| &event.tenant));
        if !events.is_empty() {
            accept(events, gateway).await?;
        }
        let rejected = taken.rejected.len() as u64;
        LEFT_OUT.with_label_values(&[self.source, "rejected"]).inc_by(rejected);
        Ok(taken)
    }

    /// The event of a record; otherwise all that is wrong with it.
    fn event(
        &self,
        request: &HttpRequest,
        shared: &Shared,
        index: usize,
        record: Read,
    ) -> Result<Result<Option<NewEvent>, Vec<FieldError>>, Problem> {
        let hit = match record {
            Ok(Some(hit)) => shared.name(hit, index),
            Ok(None) => return Ok(Ok(None)),
            Err(error) => return Ok(Err(vec![error])),
        };
        let mut body = hit.body();
        let event = site_event::of_object(request, &mut body, &shared.sender, self.source)?;
        Ok(match event {
            Some(event) => Ok(Some(event)),
            None => Err(self.renamed(body.errors)),
        })
    }

    fn renamed(&self, mut errors: Vec<FieldError>) -> Vec<FieldError> {
        for error in &mut errors {
            let own = self.names.iter().find(|(field, _)| *field == error.field);
            error.field = own.map_or(&*error.field, |(_, own)| *own).to_owned();
        }
        first_of_each_field(&mut errors);
        errors
    }
}

impl Taken {
    /// Refuses a request that has nothing valid.
    pub(super) fn or_refused(self) -> Result<Self, Problem> {
        if self.rejected.len() < self.records {
            return Ok(self);
        }
        let errors = || self.rejected.iter().flat_map(|(_, errors)| errors.iter().cloned());
        if self.records == 1 {
            return Err(Problem::invalid(errors().collect()));
        }
        let detail = match self.records {
            1 => "1 record is not valid.".to_owned(),
            count => format!("{count} records are not valid."),
        };
        Err(Problem::new(ProblemCode::InvalidEntries, detail).because(self.errors()))
    }

    /// The first errors, with the places of their records.
    pub(super) fn errors(&self) -> Vec<FieldError> {
        let placed = |(index, errors): &(usize, Vec<FieldError>)| {
            let index = Some(*index);
            errors
                .iter()
                .map(move |error| FieldError { index, ..error.clone() })
                .collect::<Vec<_>>()
        };
        self.rejected.iter().flat_map(placed).take(MAX_ERRORS).collect()
    }
}

/// What the records of a request share.
struct Shared {
    sender: Sender,
    /// Whether a header or the query names the tenant: then the client's own key does not.
    names_tenant: bool,
    /// The id of the request, if its key gives one.
    key: Option<RecordId>,
    is_batch: bool,
}

impl Shared {
    fn of(request: &HttpRequest, gateway: &Gateway, records: usize) -> Result<Self, Problem> {
        let key = record_id::named(request).map_err(|error| Problem::invalid(vec![error]))?;
        Ok(Self {
            sender: Sender::of(request, gateway),
            names_tenant: names_tenant(request)?,
            key,
            is_batch: records > 1,
        })
    }

    /// The hit with its tenant, and with its id if it has none of its own.
    fn name(&self, hit: Hit, index: usize) -> Hit {
        let hit = if self.names_tenant { hit.without("site_id") } else { hit };
        if hit.named().is_some() || !self.is_batch {
            return hit;
        }
        let id =
            self.key.as_ref().map_or_else(RecordId::random, |key| RecordId::in_batch(key, index));
        hit.says("event_id", Some(id.as_str().into()))
    }
}

/// Whether a header or the query names the tenant.
pub(super) fn names_tenant(request: &HttpRequest) -> Result<bool, Problem> {
    Ok(!TenantNames::of(request, &["X-Tenant-ID"])?.is_empty())
}

fn check_count(count: usize) -> Result<(), Problem> {
    if count == 0 {
        return Err(Problem::new(ProblemCode::InvalidEntries, "The batch has no records."));
    }
    if count > MAX_RECORDS {
        let detail = format!("The batch has {count} records; the limit is {MAX_RECORDS}.");
        return Err(Problem::new(ProblemCode::TooLarge, detail));
    }
    Ok(())
}
