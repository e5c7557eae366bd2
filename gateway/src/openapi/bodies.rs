//! The shapes of request bodies. The extractors read them field by field, so that one answer has
//! every error.

#![expect(dead_code, reason = "these types are only described, never built")]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::{
    AnyOfBuilder, Discriminator, ObjectBuilder, OneOfBuilder, Schema, Type,
};
use utoipa::openapi::{Components, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::forms::{
    Device, Digits, EventName, Exclusion, Instant, LogText, OptionalRecordId, OptionalUserId,
    Place, SiteDimension, Target, TenantId, TimeZone, UserId, of, one_of,
};
use crate::extractors::interaction::TYPES;

/// A text log, or a batch of them.
pub(crate) enum TextLogs {}

impl PartialSchema for TextLogs {
    fn schema() -> RefOr<Schema> {
        let kinds = [of::<TextLog>(), of::<TextItems>(), of::<TextEnvelope>()];
        kinds.into_iter().fold(OneOfBuilder::new(), OneOfBuilder::item).into()
    }
}

impl ToSchema for TextLogs {}

/// Says that an object with a list of logs is a batch, and not a text: each body is then of one kind, as
/// generated clients need it. utoipa has no `not`, but writes an extension as it is.
pub(crate) fn tell_texts_from_batches(components: &mut Components) {
    if let Some(RefOr::T(Schema::Object(text))) = components.schemas.get_mut("TextLog") {
        let list = json!({ "type": "array", "items": {} });
        let batch = json!({ "required": ["logs"], "properties": { "logs": list } });
        text.extensions = Some(Extensions::from_iter([("not", batch)]));
    }
}

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
        let object = ObjectBuilder::new().schema_type(Type::Object);
        OneOfBuilder::new().item(of::<LogText>()).item(object).into()
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

/// A text of a batch. With `oneOf`, what openapi-generator makes for TypeScript would not compile: it
/// asks whether the items of an array are of a type that has no such test.
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
    Text(OptionalRecordId),
    Number(Digits),
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
    Text(OptionalUserId),
    Number(Digits),
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
    /// From the year 2000 to 24 hours in the future. Default: the server's time.
    timestamp: Option<Instant>,
    /// Default: a random one.
    event_id: Option<RecordName>,
    /// Any members. The longest strings are cut until it has at most 64 KiB.
    payload: Option<BTreeMap<String, Value>>,
    /// What a view is counted by instead of what the request's headers say. The event's digest leaves it out:
    /// under the same id, the same event with other dimensions is a duplicate.
    dimensions: Option<StatedDimensions>,
    /// Why the tracker does not count it.
    excluded: Option<Exclusion>,
    /// The reasons for which a browser's event is otherwise not counted, such as `localhost`.
    allow: Option<Value>,
}

/// What a server, or an import, knows about a visitor. 128 bytes of each are kept.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatedDimensions {
    /// The family, such as `Firefox`.
    #[schema(min_length = 1, pattern = r"\S")]
    browser: Option<String>,
    /// The family of the operating system, such as `macOS`.
    #[schema(min_length = 1, pattern = r"\S")]
    os: Option<String>,
    device: Option<Device>,
    /// A tag, whose language counts: `de-AT` is `de`.
    #[schema(pattern = "^[A-Za-z]{2,3}([-_].*)?$")]
    language: Option<String>,
    /// Two letters; `XX` and `ZZ` stand for none that is known.
    #[schema(pattern = "^[A-Za-z]{2}$")]
    country: Option<String>,
}

/// The settings of a site. One that is missing or null is as for all sites of the deployment.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SiteSettings {
    /// The hosts whose pages count, including their subdomains; any host if it is empty.
    #[schema(max_items = 100)]
    hosts: Option<Vec<SettingItem>>,
    /// Which of the deployment's dimensions events are counted by.
    #[schema(max_items = 100)]
    dimensions: Option<Vec<SiteDimension>>,
    /// The query parameters that tell pages apart.
    #[schema(max_items = 100)]
    query_parameters: Option<Vec<SettingItem>>,
    /// Whether `/a/` and `/a` are two pages.
    keep_trailing_slash: Option<bool>,
    /// Whether `/a/index.html` is the page `/a/`.
    merge_index_pages: Option<bool>,
    /// Addresses and networks whose events do not count.
    #[schema(max_items = 100)]
    excluded_addresses: Option<Vec<SettingItem>>,
    /// Pages that do not count; `*` stands for any text.
    #[schema(max_items = 100)]
    excluded_paths: Option<Vec<SettingItem>>,
    /// The zone by whose days events are counted. Default: UTC.
    time_zone: Option<TimeZone>,
    /// Whoever sends it as a bearer token may read the statistics of the site. Left out of an answer where it
    /// is not set.
    #[schema(min_length = 16, max_length = 128, pattern = "^[A-Za-z0-9_-]{16,128}$")]
    dashboard_token: Option<String>,
}

/// An item of a setting: at most 256 bytes.
#[derive(ToSchema)]
#[schema(max_length = 256)]
pub(crate) struct SettingItem(String);

/// An interaction of a user: `event_type` says which.
pub(crate) enum Interaction {}

impl PartialSchema for Interaction {
    fn schema() -> RefOr<Schema> {
        let kinds = [of::<View>(), of::<Click>(), of::<Location>()];
        let names = TYPES.into_iter().zip(["View", "Click", "Location"]);
        let places = names.map(|(kind, name)| (kind, format!("#/components/schemas/{name}")));
        kinds
            .into_iter()
            .fold(OneOfBuilder::new(), OneOfBuilder::item)
            .description(Some("An interaction of a user: `event_type` says which."))
            .discriminator(Some(Discriminator::with_mapping("event_type", places)))
            .into()
    }
}

impl ToSchema for Interaction {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        all_of::<View>(schemas);
        all_of::<Click>(schemas);
        all_of::<Location>(schemas);
    }
}

/// Adds the schema, and those that it refers to.
fn all_of<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

/// A page was seen.
#[derive(ToSchema)]
pub(crate) struct View {
    #[schema(inline)]
    event_type: ViewType,
    /// Optional if a header or the query names it; `default` if nothing does.
    tenant_id: Option<TenantName>,
    user_id: UserName,
    payload: ViewPayload,
}

/// At most 64 KiB are kept; other members are kept too.
#[derive(ToSchema)]
pub(crate) struct ViewPayload {
    url: Place,
    title: Option<String>,
    element_id: Option<String>,
    text: Option<String>,
    xpath: Option<String>,
}

/// An element was clicked.
#[derive(ToSchema)]
pub(crate) struct Click {
    #[schema(inline)]
    event_type: ClickType,
    /// Optional if a header or the query names it; `default` if nothing does.
    tenant_id: Option<TenantName>,
    user_id: UserName,
    payload: Option<ClickPayload>,
}

/// At most 64 KiB are kept; other members are kept too.
#[derive(ToSchema)]
pub(crate) struct ClickPayload {
    url: Option<Place>,
    title: Option<String>,
    element_id: Option<String>,
    text: Option<String>,
    xpath: Option<String>,
}

/// A location was reported.
#[derive(ToSchema)]
pub(crate) struct Location {
    #[schema(inline)]
    event_type: LocationType,
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
    title: Option<String>,
    element_id: Option<String>,
    text: Option<String>,
    xpath: Option<String>,
}

/// The one type of an interaction.
macro_rules! kinds {
    ($($kind:ident: $name:expr;)*) => {$(
        pub(crate) enum $kind {}

        impl PartialSchema for $kind {
            fn schema() -> RefOr<Schema> {
                one_of(&[$name])
            }
        }

        impl ToSchema for $kind {}
    )*};
}

kinds! {
    ViewType: TYPES[0];
    ClickType: TYPES[1];
    LocationType: TYPES[2];
}

/// A batch of access-log entries; some may be invalid.
#[derive(ToSchema)]
#[schema(min_items = 1)]
pub(crate) struct LogEntries(Vec<LogEntry>);

/// An entry of an access log. The names that servers, shippers and clouds use for these fields are
/// known too, in any case and at any depth: docs/API.md lists them.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogEntry {
    /// From the year 2000 to 24 hours in the future.
    received_at: Instant,
    /// Without it, the path alone is counted.
    method: Option<Value>,
    path: Target,
    /// Anything but a text is counted as `Other`.
    user_agent: Option<Value>,
}

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
