//! The document store on Firestore: each call sends one or a few gRPC requests.

mod encode;
mod error;
mod query;
mod write;

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use firestore::{FirestoreDb, FirestoreDbOptions};
use futures::future::try_join_all;
use gcloud_sdk::google::firestore::v1::firestore_client::FirestoreClient;
use gcloud_sdk::google::firestore::v1::{
    BatchGetDocumentsRequest, CommitRequest, DocumentMask, ListDocumentsRequest,
    batch_get_documents_response,
};
use gcloud_sdk::google_cloud_auth::credentials::anonymous;
use gcloud_sdk::tonic::metadata::MetadataValue;
use gcloud_sdk::tonic::{Request, Streaming};
use gcloud_sdk::{GoogleAuthMiddleware, RequestTimeouts};
use tokio::sync::OnceCell;

use self::error::{no_answer, not_connected, refused};
use super::{Aggregation, CommitLimits, Document, DocumentStore, Query, StoreError, Write, check};
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

type Client = FirestoreClient<GoogleAuthMiddleware>;

/// A database of Firestore, or of its emulator.
///
/// The first call connects, not [`FirestoreStore::new`]: if the database is down when a service
/// starts, calls fail, but the service does not. The connection repairs itself.
#[derive(Debug)]
pub struct FirestoreStore {
    options: FirestoreDbOptions,
    emulated: bool,
    database: OnceCell<FirestoreDb>,
}

impl FirestoreStore {
    /// The database `database` (such as `(default)`) of `project`: on the emulator at
    /// `emulator_host` (`host:port`) if given, or else on Google Cloud with the application default
    /// credentials.
    pub fn new(project: &str, database: &str, emulator_host: Option<&str>) -> Self {
        let options = FirestoreDbOptions::new(project.to_owned())
            .with_database_id(database.to_owned())
            .opt_firebase_api_url(emulator_host.map(|host| format!("http://{host}")));
        Self { options, emulated: emulator_host.is_some(), database: OnceCell::new() }
    }

    async fn database(&self) -> Result<&FirestoreDb, StoreError> {
        self.database.get_or_try_init(|| self.connect()).await.map_err(not_connected)
    }

    async fn connect(&self) -> firestore::FirestoreResult<FirestoreDb> {
        let options = self.options.clone();
        if self.emulated {
            FirestoreDb::with_options_auth(options, anonymous::Builder::new().build()).await
        } else {
            FirestoreDb::with_options(options).await
        }
    }

    async fn read(
        &self,
        names: Vec<String>,
    ) -> Result<impl Iterator<Item = (String, Option<Document>)>, StoreError> {
        let database = self.database().await?;
        let wanted = BatchGetDocumentsRequest {
            database: database.get_database_path().clone(),
            documents: names,
            ..Default::default()
        };
        let answer = client(database).batch_get_documents(request(wanted)).await;
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
        let database = self.database().await?;
        let asked = ListDocumentsRequest {
            parent: database.get_documents_path().clone(),
            collection_id: TENANTS.to_owned(),
            page_size: i32::try_from(page_size).unwrap_or(i32::MAX),
            page_token,
            mask: Some(DocumentMask::default()),
            show_missing: true,
            ..Default::default()
        };
        let mut asked = request(asked);
        if self.emulated {
            let owner = MetadataValue::from_static(OF_THE_OWNER);
            asked.metadata_mut().insert("authorization", owner);
        }
        let answer = client(database).list_documents(asked).await.map_err(refused)?;
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
        let database = self.database().await?;
        let asked = query::aggregation(database.get_documents_path(), selection, aggregation);
        let answer =
            client(database).run_aggregation_query(request(asked)).await.map_err(refused)?;
        let results = collect(answer.into_inner()).await?;
        query::figure(results)
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
            let database = self.database().await?;
            let documents = database.get_documents_path();
            let commit = CommitRequest {
                database: database.get_database_path().clone(),
                writes: writes.iter().map(|one| write::encode(documents, one)).collect(),
                ..Default::default()
            };
            let answer = client(database).commit(request(commit)).await;
            answer.map(drop).map_err(refused)
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
            let documents = self.database().await?.get_documents_path();
            let names: Vec<_> = paths.iter().map(|path| write::name(documents, path)).collect();
            let reads = names.chunks(DOCUMENTS_PER_READ).map(|names| self.read(names.to_vec()));
            let read: HashMap<_, _> = try_join_all(reads).await?.into_iter().flatten().collect();
            Ok(names.iter().map(|name| read.get(name).cloned().flatten()).collect())
        })
        .await
    }

    async fn query(&self, selection: &Query) -> Result<Vec<Document>, StoreError> {
        check::query(selection)?;
        within(REQUEST_LIMIT, async {
            let database = self.database().await?;
            let asked = query::run(database.get_documents_path(), selection);
            let answer = client(database).run_query(request(asked)).await;
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
            let documents = self.database().await?.get_documents_path();
            self.read(vec![format!("{documents}/probe/probe")]).await.map(drop)
        })
        .await
    }
}

fn client(database: &FirestoreDb) -> Client {
    database.client().get()
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
