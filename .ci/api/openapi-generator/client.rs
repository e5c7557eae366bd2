//! Sends one of each record with a client that openapi-generator makes of the API's description, and reads
//! each back.
//!
//! usage: client URL TOKEN

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use openapi::apis::configuration::Configuration;
use openapi::apis::{Error as Refusal, ResponseContent, access_logs_api, events_api, texts_api};
use openapi::models::{
    Accepted, BatchAccepted, Click, ClickPayload, Code, EventAccepted, Interaction, Location,
    LocationPayload, LogEntry, Problem, RecordName, SiteEvent, SiteSettings, TextItem, TextLog,
    TextLogs, TextValue, UserName, View, ViewPayload, VisitorName, click, location, view,
};
use serde_json::{from_str, json};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const TENANT: &str = "openapi-generator-rust";

async fn text(to: &Configuration) -> Outcome {
    let mut log = text_log("Card 4111 1111 1111 1111 refused");
    log.log_id = given(Box::new(RecordName::OptionalRecordId("order-7".to_owned())));
    post_text(to, TextLogs::TextLog(Box::new(log))).await?;
    let read = || texts_api::get_text(to, TENANT, "order-7", None, None, None, None, None, None);
    let log = stored(read).await?;
    assert_eq!(log.modified_data, "Card [REDACTED] refused");
    Ok(())
}

async fn texts(to: &Configuration) -> Outcome {
    let item = |text: &str| TextItem { text: text_log(text).text, ..TextItem::new() };
    let items = vec![item("one"), item("two")];
    let accepted = post_text(to, TextLogs::TextItems(items)).await?;
    assert!(matches!(&accepted, Accepted::TextsAccepted(batch) if batch.accepted == 2), "{accepted:?}");
    Ok(())
}

async fn access_log(to: &Configuration) -> Outcome {
    let mut entry = LogEntry::new(at()?, "/a".to_owned());
    entry.method = given(json!("GET"));
    entry.user_agent = given(json!("curl/8"));
    let sent: BatchAccepted = access_logs_api::post_batch(
        to, vec![entry], Some(TENANT), None, None, None, None, None, None, None, Some("batch-1"), None, None, None,
    )
    .await?;
    assert_eq!((sent.accepted, sent.rejected), (1, 0));
    let read = || access_logs_api::get_batch(to, TENANT, "batch-1", None, None, None, None, None, None);
    assert_eq!(stored(read).await?.entries, 1);
    Ok(())
}

async fn site_event(to: &Configuration) -> Outcome {
    let mut event = SiteEvent::new("page_view".to_owned());
    event.path = given("/pricing".to_owned());
    event.user_id = given(Box::new(VisitorName::OptionalUserId("u-1".to_owned())));
    event.timestamp = given(at()?);
    event.event_id = given(Box::new(RecordName::OptionalRecordId("e-1".to_owned())));
    let sent = events_api::post_site_event(
        to, event, Some(TENANT), None, None, None, None, None, None, None, None, None, None, None, None, None, None,
    )
    .await?;
    assert_eq!(sent.event_id, "e-1");
    let read = || events_api::get_event(to, TENANT, "e-1", None, None, None, None, None, None);
    let event = stored(read).await?;
    assert_eq!((event.path.as_deref(), event.timestamp), (Some("/pricing"), at()?));
    Ok(())
}

async fn interactions(to: &Configuration) -> Outcome {
    let user = || UserName::UserId("u-1".to_owned());
    let page = ViewPayload::new("https://acme.example/pricing".to_owned());
    let mut clicked = Click::new(click::EventType::Click, user());
    let mut element = ClickPayload::new();
    element.element_id = given("buy".to_owned());
    clicked.payload = given(Box::new(element));
    let place = LocationPayload::new(48.2, 16.4);
    for body in [
        Interaction::View(Box::new(View::new(view::EventType::View, user(), page))),
        Interaction::Click(Box::new(clicked)),
        Interaction::Location(Box::new(Location::new(location::EventType::Location, user(), place))),
    ] {
        let _: EventAccepted = events_api::post_interaction(
            to, body, Some(TENANT), None, None, None, None, None, None, None, None,
        )
        .await?;
    }
    Ok(())
}

async fn settings(to: &Configuration) -> Outcome {
    let mut settings = SiteSettings::new();
    settings.query_parameters = given(vec!["id".to_owned()]);
    let set = events_api::put_site_settings(
        to, TENANT, settings, None, None, None, None, None, None, None, None,
    )
    .await?;
    assert_eq!(set.query_parameters, given(vec!["id".to_owned()]));
    Ok(())
}

async fn problem(to: &Configuration) -> Outcome {
    let refusal = post_text(to, TextLogs::TextLog(Box::new(text_log("")))).await;
    let problem = problem_of(&refusal.expect_err("an empty text is refused"))?;
    let field = problem.errors.iter().flatten().map(|error| error.field.as_str()).next();
    assert_eq!((problem.code, field), (Code::EmptyText, Some("text")));
    Ok(())
}

/// A view of the site, and three interactions.
async fn counts(to: &Configuration) -> Outcome {
    for _ in 0..600 {
        let counted = events_api::count_events_by_type(
            to, Some(TENANT), None, None, None, None, None, Some("2025-01-01"), None, None, None, None,
        )
        .await?;
        if counted.values().sum::<i64>() == 4 {
            return Ok(());
        }
        pause().await;
    }
    Err("the events are not counted in time".into())
}

/// A member that is there, and not null.
fn given<T>(value: T) -> Option<Option<T>> {
    Some(Some(value))
}

fn at() -> Outcome<DateTime<FixedOffset>> {
    Ok(DateTime::parse_from_rfc3339("2025-05-01T10:00:00Z")?)
}

fn text_log(text: &str) -> TextLog {
    let text = given(Box::new(TextValue::LogText(text.to_owned())));
    TextLog { text, ..TextLog::new() }
}

async fn post_text(
    to: &Configuration,
    logs: TextLogs,
) -> Result<Accepted, Refusal<texts_api::PostTextError>> {
    texts_api::post_text(
        to, logs, Some(TENANT), None, None, None, None, None, None, None, None, None,
    )
    .await
}

/// What is read, once it is there.
async fn stored<T, E, F>(read: impl Fn() -> F) -> Outcome<T>
where
    E: std::fmt::Debug + 'static,
    F: Future<Output = Result<T, Refusal<E>>>,
{
    for _ in 0..600 {
        match read().await {
            Ok(found) => return Ok(found),
            Err(refusal) => assert_eq!(problem_of(&refusal)?.status, 404),
        }
        pause().await;
    }
    Err("it is not stored in time".into())
}

fn problem_of<E: std::fmt::Debug>(refusal: &Refusal<E>) -> Outcome<Problem> {
    match refusal {
        Refusal::ResponseError(ResponseContent { content, .. }) => Ok(from_str(content)?),
        other => Err(format!("{other:?}").into()),
    }
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

async fn send(to: &Configuration) -> Outcome {
    text(to).await?;
    texts(to).await?;
    access_log(to).await?;
    site_event(to).await?;
    interactions(to).await?;
    settings(to).await?;
    problem(to).await?;
    counts(to).await
}

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let base_path = arguments.next().ok_or("usage: client URL TOKEN")?;
    let bearer_access_token = arguments.next();
    let to = Configuration { base_path, bearer_access_token, ..Configuration::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(send(&to))?;
    println!("openapi-generator, Rust: every record");
    Ok(())
}
