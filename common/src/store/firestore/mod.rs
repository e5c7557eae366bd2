//! The document store on Firestore: each call sends one or a few gRPC requests.

mod connection;
mod encode;
mod encode_write;
mod error;
mod query;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::try_join_all;
use gcloud_sdk::RequestTimeouts;
use gcloud_sdk::google::firestore::v1::{
    BatchGetDocumentsRequest, CommitRequest, DocumentMask, ListDocumentsRequest,
    batch_get_documents_response,
};
use gcloud_sdk::tonic::metadata::MetadataValue;
use gcloud_sdk::tonic::{Request, Streaming};
use tokio::sync::OnceCell;

use self::connection::Client;
use self::error::{no_answer, not_connected, refused, refused_as_found};
use super::{Aggregation, CommitLimits, Document, DocumentStore, Query, StoreError, Write, check};
use crate::google_address::GoogleAddress;
use crate::path::{DocumentPath, TENANTS};
use crate::tenant::TenantId;

/// Longest that a call takes, including the connection. A commit of Spillway's size takes well
/// under a second; ten seconds is what Firestore needs when it moves a range of documents.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// Longest that a probe takes, so that it ends before the caller gives up.
const PROBE_LIMIT: Duration = Duration::from_secs(2);

/// Most documents in one read, so that it ends within the limit.
const DOCUMENTS_PER_READ: usize = 1_000;

/// A request takes at most 10 MiB, and a document at most 500 transforms. [`Write::size`] leaves out
/// what a request adds to each document, such as the database's name: less than 1 KiB. The emulator takes
/// 4 MiB. A document takes about one write a second for long, and more for a while.
const LIMITS: CommitLimits = CommitLimits {
    units: 1_000,
    documents: 2_000,
    bytes: 3 << 20,
    transforms: 500,
    at_once: 8,
    interval: Duration::from_millis(250),
};

/// The emulator lists missing documents to this token only; on Google Cloud it is a read like others.
const OF_THE_OWNER: &str = "Bearer owner";

/// A database of Firestore, or of its emulator.
///
/// The first call connects, not [`FirestoreStore::new`]: if the database is down when a service
/// starts, calls fail, but the service does not. The connection repairs itself.
pub struct FirestoreStore {
    address: GoogleAddress,
    database: String,
    documents: String,
    client: OnceCell<Client>,
}

impl FirestoreStore {
    /// The database `database` (such as `(default)`) of `project` at `address`.
    pub fn new(project: &str, database: &str, address: GoogleAddress) -> Self {
        let database = format!("projects/{project}/databases/{database}");
        let documents = format!("{database}/documents");
        Self { address, database, documents, client: OnceCell::new() }
    }

    async fn client(&self) -> Result<Client, StoreError> {
        let connect = || connection::connect(&self.address, &self.database);
        self.client.get_or_try_init(connect).await.cloned().map_err(not_connected)
    }

    async fn read(
        &self,
        names: Vec<String>,
    ) -> Result<impl Iterator<Item = (String, Option<Document>)>, StoreError> {
        let wanted = BatchGetDocumentsRequest {
            database: self.database.clone(),
            documents: names,
            ..Default::default()
        };
        let answer = self.client().await?.batch_get_documents(request(wanted)).await;
        let results = collect(answer.map_err(refused)?.into_inner()).await?;
        let read = results.into_iter().filter_map(|answer| answer.result);
        let read: Vec<_> = read.map(found).collect::<Result<_, _>>()?;
        Ok(read.into_iter())
    }

    /// A page of tenants, and the token of the next page, which is empty after the last one. A tenant
    /// has no document of its own, only collections, so Firestore calls it missing.
    async fn tenants_from(
        &self,
        page_token: String,
        page_size: usize,
    ) -> Result<(Vec<TenantId>, String), StoreError> {
        let asked = ListDocumentsRequest {
            parent: self.documents.clone(),
            collection_id: TENANTS.to_owned(),
            page_size: i32::try_from(page_size).unwrap_or(i32::MAX),
            page_token,
            mask: Some(DocumentMask::default()),
            show_missing: true,
            ..Default::default()
        };
        let mut asked = request(asked);
        if self.address.is_emulator() {
            let owner = MetadataValue::from_static(OF_THE_OWNER);
            asked.metadata_mut().insert("authorization", owner);
        }
        let answer = self.client().await?.list_documents(asked).await.map_err(refused)?;
        let answer = answer.into_inner();
        let id = |name: &str| TenantId::parse(name.rsplit('/').next()?).ok();
        let tenants = answer.documents.iter().filter_map(|document| id(&document.name));
        Ok((tenants.collect(), answer.next_page_token))
    }

    async fn aggregate_one(
        &self,
        selection: &Query,
        aggregation: Aggregation,
    ) -> Result<i64, StoreError> {
        let asked = query::aggregation(&self.documents, selection, aggregation);
        let answer = self.client().await?.run_aggregation_query(request(asked)).await;
        let results = collect(answer.map_err(refused)?.into_inner()).await?;
        query::figure(results)
    }
}

impl fmt::Debug for FirestoreStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("FirestoreStore");
        shown.field("address", &self.address).field("database", &self.database);
        shown.finish_non_exhaustive()
    }
}

#[async_trait]
impl DocumentStore for FirestoreStore {
    async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.commit_shared(Arc::new(writes)).await
    }

    async fn commit_shared(&self, writes: Arc<Vec<Write>>) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        check::writes(&writes)?;
        within(REQUEST_LIMIT, async {
            let commit = CommitRequest {
                database: self.database.clone(),
                writes: writes
                    .iter()
                    .map(|one| encode_write::encode(&self.documents, one))
                    .collect(),
                ..Default::default()
            };
            let answer = self.client().await?.commit(request(commit)).await;
            answer.map(drop).map_err(if deletes_found(&writes) {
                refused_as_found
            } else {
                refused
            })
        })
        .await
    }

    fn commit_limits(&self) -> CommitLimits {
        LIMITS
    }

    async fn get_many(&self, paths: &[DocumentPath]) -> Result<Vec<Option<Document>>, StoreError> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        within(REQUEST_LIMIT, async {
            let names: Vec<_> =
                paths.iter().map(|path| encode_write::name(&self.documents, path)).collect();
            let reads = names.chunks(DOCUMENTS_PER_READ).map(|names| self.read(names.to_vec()));
            let read: HashMap<_, _> = try_join_all(reads).await?.into_iter().flatten().collect();
            Ok(names.iter().map(|name| read.get(name).cloned().flatten()).collect())
        })
        .await
    }

    async fn query(&self, selection: &Query) -> Result<Vec<Document>, StoreError> {
        check::query(selection)?;
        within(REQUEST_LIMIT, async {
            let asked = query::run(&self.documents, selection);
            let answer = self.client().await?.run_query(request(asked)).await;
            let results = collect(answer.map_err(refused)?.into_inner()).await?;
            results.into_iter().filter_map(|answer| answer.document).map(encode::document).collect()
        })
        .await
    }

    /// Sends one request for each figure: in a request with a sum, Firestore leaves documents
    /// without the summed field out of every figure, even the count.
    async fn aggregate(
        &self,
        selection: &Query,
        aggregations: &[Aggregation],
    ) -> Result<Vec<i64>, StoreError> {
        check::query(selection)?;
        let figures =
            aggregations.iter().map(|aggregation| self.aggregate_one(selection, *aggregation));
        within(REQUEST_LIMIT, try_join_all(figures)).await
    }

    async fn tenants(&self, most: usize) -> Result<Vec<TenantId>, StoreError> {
        within(REQUEST_LIMIT, async {
            let (mut tenants, mut page_token) = self.tenants_from(String::new(), most).await?;
            while !page_token.is_empty() && tenants.len() < most {
                let (more, next) = self.tenants_from(page_token, most - tenants.len()).await?;
                tenants.extend(more);
                page_token = next;
            }
            Ok(tenants)
        })
        .await
    }

    /// Reads a document that does not exist, with `BatchGetDocuments`. For this method a missing
    /// document is a normal answer, and only a missing database is an error.
    async fn probe(&self) -> Result<(), StoreError> {
        within(PROBE_LIMIT, async {
            self.read(vec![format!("{}/probe/probe", self.documents)]).await.map(drop)
        })
        .await
    }
}

fn deletes_found(writes: &[Write]) -> bool {
    writes.iter().any(|write| matches!(write, Write::DeleteFound { .. }))
}

/// A request with a deadline, which the server learns too, so that it does not work in vain.
fn request<M>(message: M) -> Request<M> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(RequestTimeouts::new().with_total(REQUEST_LIMIT));
    request
}

async fn collect<M>(mut answers: Streaming<M>) -> Result<Vec<M>, StoreError> {
    let mut all = Vec::new();
    while let Some(answer) = answers.message().await.map_err(refused)? {
        all.push(answer);
    }
    Ok(all)
}

/// Limits a whole call. Callers queue for the first connection, and none of them may have to wait
/// for the time-outs of all before it.
async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    tokio::time::timeout(limit, call).await.unwrap_or_else(|elapsed| Err(no_answer(elapsed)))
}

fn found(
    result: batch_get_documents_response::Result,
) -> Result<(String, Option<Document>), StoreError> {
    match result {
        batch_get_documents_response::Result::Found(document) => {
            let name = document.name.clone();
            Ok((name, Some(encode::document(document)?)))
        }
        batch_get_documents_response::Result::Missing(name) => Ok((name, None)),
    }
}
