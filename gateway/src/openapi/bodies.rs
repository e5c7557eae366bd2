//! The shapes of request bodies. The extractors read them field by field, so that one answer has
//! every error.

#![expect(dead_code, reason = "these types are only described, never built")]

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::forms::{
    Digits, Empty, EventName, Exclusion, Instant, LogText, NcsaTime, Place, RecordId,
    SiteDimension, Target, TenantId, UserId, of,
};

/// A text log, or a batch of them.
pub(crate) enum TextLogs {}

impl PartialSchema for TextLogs {
    fn schema() -> RefOr<Schema> {
        let kinds = [of::<TextLog>(), of::<TextItems>(), of::<TextEnvelope>()];
        kinds.into_iter().fold(AnyOfBuilder::new(), AnyOfBuilder::item).into()
    }
}

impl ToSchema for TextLogs {}

/// A text log. Without a text under any of its names, the text is the JSON of the other members.
#[derive(ToSchema)]
pub(crate) struct TextLog {
    /// Optional if a header or the query names the tenant.
    tenant_id: Option<TenantName>,
    /// Default: a random one.
    log_id: Option<RecordName>,
    text: Option<TextValue>,
    /// The text, if `text` is missing.
    message: Option<Value>,
    /// The text, if those above are missing.
    msg: Option<Value>,
    /// The text, if those above are missing.
    log: Option<Value>,
    /// The text, if those above are missing.
    body: Option<Value>,
}

/// A text, or an object whose JSON is the text.
pub(crate) enum TextValue {}

impl PartialSchema for TextValue {
    fn schema() -> RefOr<Schema> {
        let others = [Type::Object, Type::Null];
        let others = ObjectBuilder::new().schema_type(SchemaType::from_iter(others));
        AnyOfBuilder::new().item(of::<LogText>()).item(others).into()
    }
}

impl ToSchema for TextValue {}

/// A batch of text logs; some may be invalid.
#[derive(ToSchema)]
#[schema(min_items = 1, max_items = 10000)]
pub(crate) struct TextItems(Vec<TextItem>);

/// A batch of text logs in an object.
#[derive(ToSchema)]
pub(crate) struct TextEnvelope {
    /// The tenant of all texts.
    tenant_id: Option<TenantName>,
    logs: TextItems,
}

/// A text of a batch.
pub(crate) enum TextItem {}

impl PartialSchema for TextItem {
    fn schema() -> RefOr<Schema> {
        AnyOfBuilder::new().item(of::<TextLog>()).item(of::<LogText>()).into()
    }
}

impl ToSchema for TextItem {}

/// A tenant; a whole number is its digits.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum TenantName {
    Text(TenantId),
    Number(u64),
}

/// The id of a record. A whole number stands for its digits; an empty text means that there is no id.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum RecordName {
    Text(RecordId),
    Number(Digits),
    None(Empty),
}

/// A user; a whole number is its digits.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum UserName {
    Text(UserId),
    Number(Digits),
}

/// A user, if known. An empty text means that the user is not known.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum VisitorName {
    Text(UserId),
    Number(Digits),
    None(Empty),
}

/// An event of a site. `page_view`, `pageview` and `view` are views, in any case.
#[derive(ToSchema)]
pub(crate) struct SiteEvent {
    /// The tenant. Optional if a header or the query names it.
    site_id: Option<TenantName>,
    event_type: EventName,
    /// Default for a view: the path of `payload.url`.
    path: Option<Place>,
    /// Default for a browser: an id for the day.
    user_id: Option<VisitorName>,
    /// Default: the server's time.
    timestamp: Option<Time>,
    /// Default: a random one.
    event_id: Option<RecordName>,
    /// Any members. The longest strings are cut until it has at most 64 KiB.
    payload: Option<BTreeMap<String, Value>>,
    /// Why the tracker does not count it.
    excluded: Option<Exclusion>,
    /// The reasons for which a browser's event is otherwise not counted, such as `localhost`.
    allow: Option<Value>,
}

/// What the owner of a site decides. What is missing or null is as for all sites of the deployment.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SiteSettings {
    /// The hosts whose pages count, and all below them; any if it is empty.
    #[schema(max_items = 100)]
    hosts: Option<Vec<SettingItem>>,
    /// By what events are counted, of what the deployment counts.
    #[schema(max_items = 100)]
    dimensions: Option<Vec<SiteDimension>>,
    /// The parameters of a page's address that tell pages apart.
    #[schema(max_items = 100)]
    query_parameters: Option<Vec<SettingItem>>,
    /// Whether `/a/` and `/a` are two pages.
    keep_trailing_slash: Option<bool>,
    /// Addresses and networks whose events do not count.
    #[schema(max_items = 100)]
    excluded_addresses: Option<Vec<SettingItem>>,
    /// Pages that do not count; `*` stands for any text.
    #[schema(max_items = 100)]
    excluded_paths: Option<Vec<SettingItem>>,
}

/// An item of a setting: at most 256 bytes.
#[derive(ToSchema)]
#[schema(max_length = 256)]
pub(crate) struct SettingItem(String);

/// An interaction of a user.
#[derive(ToSchema)]
#[serde(tag = "event_type", rename_all = "lowercase")]
pub(crate) enum Interaction {
    View(View),
    Click(Click),
    Location(Location),
}

/// A page was seen.
#[derive(ToSchema)]
pub(crate) struct View {
    /// Optional if a header or the query names it; `default` if nothing does.
    tenant_id: Option<TenantName>,
    user_id: UserName,
    payload: ViewPayload,
}

/// At most 64 KiB are kept; other members are kept too.
#[derive(ToSchema)]
pub(crate) struct ViewPayload {
    url: Place,
    #[serde(flatten)]
    texts: Texts,
}

/// An element was clicked.
#[derive(ToSchema)]
pub(crate) struct Click {
    /// Optional if a header or the query names it; `default` if nothing does.
    tenant_id: Option<TenantName>,
    user_id: UserName,
    payload: Option<ClickPayload>,
}

/// At most 64 KiB are kept; other members are kept too.
#[derive(ToSchema)]
pub(crate) struct ClickPayload {
    url: Option<Place>,
    #[serde(flatten)]
    texts: Texts,
}

/// A location was reported.
#[derive(ToSchema)]
pub(crate) struct Location {
    /// Optional if a header or the query names it; `default` if nothing does.
    tenant_id: Option<TenantName>,
    user_id: UserName,
    payload: LocationPayload,
}

/// At most 64 KiB are kept; other members are kept too.
#[derive(ToSchema)]
pub(crate) struct LocationPayload {
    #[schema(minimum = -90, maximum = 90)]
    latitude: f64,
    #[schema(minimum = -180, maximum = 180)]
    longitude: f64,
    /// In metres.
    #[schema(minimum = 0)]
    accuracy: Option<f64>,
    url: Option<Place>,
    #[serde(flatten)]
    texts: Texts,
}

/// What a payload may say about a page or an element.
#[derive(ToSchema)]
pub(crate) struct Texts {
    title: Option<String>,
    element_id: Option<String>,
    text: Option<String>,
    xpath: Option<String>,
}

/// A batch of access-log entries; some may be invalid.
#[derive(ToSchema)]
#[schema(min_items = 1)]
pub(crate) struct LogEntries(Vec<LogEntry>);

/// An entry of an access log. The names that servers, shippers and clouds use for these fields are
/// known too, in any case and at any depth: the page of the API lists them.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogEntry {
    received_at: Time,
    /// Without it, the path alone is counted.
    method: Option<Value>,
    path: Target,
    /// Anything but a text is counted as `Other`.
    user_agent: Option<Value>,
}

/// From the year 2000 to 24 hours in the future.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum Time {
    /// RFC 3339.
    Rfc3339(Instant),
    /// As in a common log.
    Ncsa(NcsaTime),
    Epoch(Epoch),
}

/// Seconds or milliseconds since 1970.
#[derive(ToSchema)]
#[schema(minimum = 946684800)]
pub(crate) struct Epoch(f64);

/// A text that contains the JSON of a value.
macro_rules! json_texts {
    ($($text:ident: $value:ty;)*) => {$(
        pub(crate) enum $text {}

        impl PartialSchema for $text {
            fn schema() -> RefOr<Schema> {
                let text = ObjectBuilder::new().schema_type(Type::String);
                let text = text.content_media_type("application/json");
                text.content_schema(Some(of::<$value>())).into()
            }
        }

        impl ToSchema for $text {}
    )*};
}

json_texts! {
    SiteEventText: SiteEvent;
    InteractionText: Interaction;
}
