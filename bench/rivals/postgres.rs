//! Do it yourself: actix-web and PostgreSQL. An event is a row, unique by site and id; counted are
//! events by day and type, views by day and path, visitors by day. The answer comes after the commit.
//!
//! `BATCH=500` gathers what comes meanwhile, up to that many events a statement; `BATCH=1` commits
//! each event on its own.

use std::error::Error;
use std::sync::Arc;

use actix_web::web::{self, Bytes, Data, Query};
use actix_web::{App, HttpResponse, HttpServer};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{Client, NoTls, Statement};

/// The connections that commit, each one statement at a time.
const WRITERS: [usize; 2] = [2, 16];

const SCHEMA: &str = "
drop table if exists events, by_type, by_path, visitors;
create table events (site text, id text, type text, path text, user_id text, at timestamptz,
    payload json, primary key (site, id));
create table by_type (site text, day date, type text, count bigint, primary key (site, day, type));
create table by_path (site text, day date, path text, count bigint, primary key (site, day, path));
create table visitors (site text, day date, user_id text, primary key (site, day, user_id));
";

/// The rows are sorted, so that two writers lock them in the same order.
const INSERT: &str = "
with new as (
    insert into events
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],
        $6::timestamptz[], $7::json[])
    on conflict do nothing
    returning site, (at at time zone 'UTC')::date as day, type, path, user_id
), types as (
    insert into by_type select site, day, type, count(*) from new group by 1, 2, 3 order by 1, 2, 3
    on conflict (site, day, type) do update set count = by_type.count + excluded.count
), paths as (
    insert into by_path select site, day, path, count(*) from new group by 1, 2, 3 order by 1, 2, 3
    on conflict (site, day, path) do update set count = by_path.count + excluded.count
)
insert into visitors select distinct site, day, user_id from new order by 1, 2, 3
on conflict do nothing
";

const COUNT: &str =
    "select coalesce(sum(count), 0)::bigint from by_type where starts_with(site, $1)";

#[derive(Deserialize)]
struct Event {
    site_id: String,
    event_id: String,
    event_type: String,
    path: String,
    user_id: String,
    timestamp: DateTime<Utc>,
    #[serde(default)]
    payload: serde_json::Value,
}

/// An event, and where to say that it is stored.
type Job = (Event, oneshot::Sender<bool>);

async fn take(body: Bytes, jobs: Data<mpsc::Sender<Job>>) -> HttpResponse {
    let Ok(event) = serde_json::from_slice(&body) else {
        return HttpResponse::BadRequest().finish();
    };
    let (done, stored) = oneshot::channel();
    let sent = jobs.send((event, done)).await.is_ok();
    match sent && stored.await.unwrap_or(false) {
        true => HttpResponse::Accepted().finish(),
        false => HttpResponse::ServiceUnavailable().finish(),
    }
}

#[derive(Deserialize)]
struct Prefix {
    prefix: String,
}

async fn count(Query(Prefix { prefix }): Query<Prefix>, client: Data<Client>) -> HttpResponse {
    match client.query_one(COUNT, &[&prefix]).await {
        Ok(row) => HttpResponse::Ok().body(row.get::<_, i64>(0).to_string()),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}

async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Commits what has gathered, until nobody sends any more.
async fn write(
    client: Client,
    insert: Statement,
    jobs: Arc<tokio::sync::Mutex<mpsc::Receiver<Job>>>,
    batch: usize,
) {
    loop {
        let mut gathered = Vec::with_capacity(batch);
        if jobs.lock().await.recv_many(&mut gathered, batch).await == 0 {
            return;
        }
        let (events, done): (Vec<_>, Vec<_>) = gathered.into_iter().unzip();
        let stored = insert_all(&client, &insert, &events).await;
        if let Err(error) = &stored {
            eprintln!("{error}");
        }
        // A client that has gone away needs no answer.
        for done in done {
            let _ = done.send(stored.is_ok());
        }
    }
}

async fn insert_all(
    client: &Client,
    insert: &Statement,
    events: &[Event],
) -> Result<u64, tokio_postgres::Error> {
    let texts = |of: fn(&Event) -> &str| events.iter().map(of).collect::<Vec<_>>();
    let at: Vec<_> = events.iter().map(|event| event.timestamp).collect();
    let payloads: Vec<_> = events.iter().map(|event| &event.payload).collect();
    let (sites, ids) = (texts(|event| &event.site_id), texts(|event| &event.event_id));
    let (types, paths) = (texts(|event| &event.event_type), texts(|event| &event.path));
    let users = texts(|event| &event.user_id);
    client.execute(insert, &[&sites, &ids, &types, &paths, &users, &at, &payloads]).await
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("DATABASE_URL")?;
    let batch: usize = std::env::var("BATCH")?.parse()?;
    let client = connect(&url).await?;
    client.batch_execute(SCHEMA).await?;
    let (sender, receiver) = mpsc::channel(10_000);
    let receiver = Arc::new(tokio::sync::Mutex::new(receiver));
    for _ in 0..WRITERS[usize::from(batch == 1)] {
        let writer = connect(&url).await?;
        let insert = writer.prepare(INSERT).await?;
        tokio::spawn(write(writer, insert, Arc::clone(&receiver), batch));
    }
    let (client, sender) = (Data::new(client), Data::new(sender));
    let app = move || {
        let app = App::new().app_data(client.clone()).app_data(sender.clone());
        app.route("/count", web::get().to(count)).default_service(web::to(take))
    };
    HttpServer::new(app).bind(("127.0.0.1", std::env::var("PORT")?.parse()?))?.run().await?;
    Ok(())
}
