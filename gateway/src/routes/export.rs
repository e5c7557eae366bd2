//! `GET /tenants/{tenant}/export`: everything that a tenant has in the store.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{ContentEncoding, VARY};
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use common::export::{Export, Exported, Place};
use common::path::Collection;
use common::program::chain;
use common::record::RecordId;
use common::store::StoreError;
use common::tenant::TenantId;
use futures::stream;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

use crate::admin;
use crate::assets::takes_gzip;
use crate::compress::gzipped;
use crate::extractors::{query, tenant};
use crate::listing;
use crate::openapi::responses::responses;
use crate::openapi::{parameters, stored};
use crate::problem::{FieldError, Problem, ProblemCode};
use crate::render;
use crate::state::Gateway;

/// How long one answer is written: less than Cloud Run lets any request take.
const TIME: Duration = Duration::from_secs(10);
/// How long an export waits for others to end.
const WAIT_FOR_TURN: Duration = Duration::from_secs(5);

responses! {
    /// The problems of this route.
    Problems: tenant::CODES, listing::CODES, admin::CODES, [
        ProblemCode::MethodNotAllowed, ProblemCode::Internal, ProblemCode::Unavailable
    ];
}

/// Reads everything that a tenant has
///
/// in the store, one JSON object a line: records with their parts, counts, visitors, quarantine and
/// settings, as they are stored. An answer ends after 10 s at most; if more is left, its last line
/// has the token to continue with. An answer that is cut off is incomplete.
#[utoipa::path(
    get, path = "/tenants/{tenant}/export", tag = "service", operation_id = "exportTenant",
    params(
        parameters::InPath,
        ("page_token" = Option<String>, Query, description = "The `next_page_token` of the last line."),
    ),
    responses(
        (status = 200, description = "The documents.", content_type = "application/x-ndjson",
            body = stored::ExportLine),
        Problems,
    ),
    security(("adminToken" = []), ()),
)]
pub(crate) async fn get(
    request: HttpRequest,
    path: Path<String>,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::in_path(&request, &path)?;
    let token = query::parameter(&request, "page_token")?;
    let place = token.map(|token| read_token(&tenant, &token)).transpose()?;
    let turn = timeout(WAIT_FOR_TURN, Arc::clone(&gateway.exporting).acquire_owned()).await;
    let turn = turn.map_err(|_| Problem::busy())?.map_err(Problem::internal)?;
    let mut export = Export::new(Arc::clone(&gateway.store), tenant.clone(), place);
    // If the store does not answer, the status says so.
    let first = export.next().await?.unwrap_or_default();
    let until = Instant::now() + TIME;
    let lines = Lines { export, tenant, first: Some(first), until, _turn: turn };
    let body = stream::try_unfold(Some(lines), next);
    let mut response = HttpResponse::Ok();
    response.content_type("application/x-ndjson").insert_header((VARY, "accept-encoding"));
    if takes_gzip(&request) {
        return Ok(response.insert_header(ContentEncoding::Gzip).streaming(gzipped(body)));
    }
    Ok(response.streaming(body))
}

/// An answer that is being written.
struct Lines {
    export: Export,
    tenant: TenantId,
    /// What was read before the answer began.
    first: Option<Vec<Exported>>,
    until: Instant,
    _turn: OwnedSemaphorePermit,
}

async fn next(lines: Option<Lines>) -> io::Result<Option<(Bytes, Option<Lines>)>> {
    let Some(mut lines) = lines else { return Ok(None) };
    loop {
        let piece = match lines.piece().await {
            Ok(piece) => piece,
            Err(error) => return lines.end_early(error).map(|last| Some((last, None))),
        };
        let Some(piece) = piece else { return Ok(None) };
        let text: String = piece.into_iter().map(line).collect();
        if Instant::now() >= lines.until
            && let Some(last) = lines.last()
        {
            return Ok(Some(((text + &last).into(), None)));
        }
        if !text.is_empty() {
            return Ok(Some((text.into(), Some(lines))));
        }
    }
}

impl Lines {
    async fn piece(&mut self) -> Result<Option<Vec<Exported>>, StoreError> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => self.export.next().await,
        }
    }

    /// The line that says where another read goes on; `None` between the parts of a text.
    fn last(&self) -> Option<String> {
        let token = write_token(&self.tenant, self.export.place()?);
        Some(format!("{}\n", json!({"next_page_token": token})))
    }

    /// What ends the answer after a fault of the store: if it is passing, another read can go on.
    fn end_early(&self, error: StoreError) -> io::Result<Bytes> {
        match self.last().filter(|_| error.is_passing()) {
            Some(last) => {
                tracing::warn!(error = chain(&error), "an export ended early and can go on");
                Ok(last.into())
            }
            None => {
                tracing::error!(error = chain(&error), "an export was cut off");
                Err(io::Error::other(error))
            }
        }
    }
}

fn line(Exported { collection, document }: Exported) -> String {
    let fields = Value::Object(render::fields_to_the_microsecond(document.fields));
    format!("{}\n", json!({"collection": collection, "id": document.id, "document": fields}))
}

fn write_token(tenant: &TenantId, place: &Place) -> String {
    let after = place.after.as_deref().unwrap_or_default();
    BASE64.encode(format!("{tenant}\n{}\n{after}", place.collection.as_str()))
}

fn read_token(tenant: &TenantId, token: &str) -> Result<Place, Problem> {
    let text = BASE64.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let place = text.as_deref().and_then(|text| place(tenant, text));
    place.ok_or_else(|| {
        let reason = "is not a page token of this export";
        Problem::invalid(vec![FieldError::new(ProblemCode::InvalidPageToken, "page_token", reason)])
    })
}

fn place(tenant: &TenantId, text: &str) -> Option<Place> {
    let rest = text.strip_prefix(tenant.as_str())?.strip_prefix('\n')?;
    let (collection, after) = rest.split_once('\n')?;
    let collection = Collection::ALL.into_iter().find(|known| known.as_str() == collection)?;
    if after.is_empty() {
        return Some(Place { collection, after: None });
    }
    RecordId::parse(after).ok()?;
    Some(Place { collection, after: Some(after.to_owned()) })
}

#[cfg(test)]
mod tests {
    use common::store::embedded::EmbeddedStore;
    use tokio::sync::Semaphore;

    use super::*;

    /// An answer that has begun.
    async fn lines(folder: &tempfile::TempDir) -> Lines {
        let store = Arc::new(EmbeddedStore::open(folder.path()).expect("a store"));
        let tenant = TenantId::parse("acme").expect("a tenant");
        let export = Export::new(store, tenant.clone(), None);
        let turn = Arc::new(Semaphore::new(1)).acquire_owned().await.expect("a turn");
        Lines { export, tenant, first: None, until: Instant::now() + TIME, _turn: turn }
    }

    #[tokio::test]
    async fn after_a_passing_fault_another_read_can_go_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let lines = lines(&folder).await;
        let last = lines.end_early(StoreError::Passing("busy".into())).expect("a last line");
        let last: serde_json::Value = serde_json::from_slice(&last).expect("JSON");
        let token = last["next_page_token"].as_str().expect("a token");
        let place = read_token(&lines.tenant, token).expect("a place");
        assert_eq!(Some(&place), lines.export.place());
        assert!(lines.end_early(StoreError::Invalid("never".into())).is_err());
    }

    #[test]
    fn a_token_is_of_one_tenant() {
        let (acme, beta) = (TenantId::parse("acme"), TenantId::parse("beta"));
        let (acme, beta) = (acme.expect("a tenant"), beta.expect("a tenant"));
        for after in [None, Some("e-1".to_owned())] {
            let place = Place { collection: Collection::Events, after };
            let token = write_token(&acme, &place);
            assert_eq!(read_token(&acme, &token).ok(), Some(place));
            assert!(read_token(&beta, &token).is_err());
        }
        for text in ["acme\nnone\n", "acme\nevents\n../x", "acme\nevents", "", "acme"] {
            assert!(read_token(&acme, &BASE64.encode(text)).is_err(), "{text:?}");
        }
        assert!(read_token(&acme, "%").is_err());
    }
}
