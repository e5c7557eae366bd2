//! Headers and query parameters that several routes take.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr, Required};

use super::forms::{Day, Instant, RecordId, TenantId, of};

/// Each group: the parameters that go together.
macro_rules! groups {
    ($($(#[doc = $doc:literal])+ $group:ident: [$($parameter:expr),+ $(,)?];)*) => {$(
        $(#[doc = $doc])+
        pub(crate) struct $group;

        impl IntoParams for $group {
            fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                vec![$($parameter.build()),+]
            }
        }
    )*};
}

// Optional headers have no examples: the page of the API would send them with every request, and
// then the second record has the id of the first.
groups! {
    /// The tenant of a request.
    Tenant: [
        header("X-Tenant-ID", "The tenant. If several places name it, they must agree.")
            .schema(Some(of::<TenantId>())),
        query("tenant_id", "The tenant, as `X-Tenant-ID`.").schema(Some(of::<TenantId>())),
        query("site_id", "The tenant, as `X-Tenant-ID`.").schema(Some(of::<TenantId>())),
        query("customer_id", "The tenant, as `X-Tenant-ID`.").schema(Some(of::<TenantId>())),
    ];
    /// The tenant of a read.
    TenantOfRead: [
        header("X-Tenant-ID", "The tenant. If several places name it, they must agree.")
            .schema(Some(of::<TenantId>())),
        header("X-Customer-ID", "The tenant, as `X-Tenant-ID`.").schema(Some(of::<TenantId>())),
        query("tenant_id", "The tenant, as `X-Tenant-ID`.").schema(Some(of::<TenantId>())),
        query("site_id", "The tenant, as `X-Tenant-ID`.").schema(Some(of::<TenantId>())),
        query("customer_id", "The tenant, as `X-Tenant-ID`.").schema(Some(of::<TenantId>())),
    ];
    /// The tenant of logs, beyond [`Tenant`].
    Customer: [
        header("X-Customer-ID", "The tenant, as `X-Tenant-ID`.").schema(Some(of::<TenantId>())),
    ];
    /// The tenant in the path of a read.
    InPath: [
        path("tenant", "The tenant.").schema(Some(of::<TenantId>())),
        header("X-Tenant-ID", "Optional; must agree with the path.")
            .schema(Some(of::<TenantId>())),
        header("X-Customer-ID", "Optional; must agree with the path.")
            .schema(Some(of::<TenantId>())),
        query("tenant_id", "Optional; must agree with the path.")
            .schema(Some(of::<TenantId>())),
        query("site_id", "Optional; must agree with the path.")
            .schema(Some(of::<TenantId>())),
        query("customer_id", "Optional; must agree with the path.")
            .schema(Some(of::<TenantId>())),
    ];
    /// The id of a text whose body has no field for it.
    LogId: [
        header("X-Log-ID", "The id of the text; the body's `log_id` must agree.")
            .schema(Some(AnyOfBuilder::new().item(of::<RecordId>()).item(text().max_length(Some(0))))),
    ];
    /// The headers of any body.
    Upload: [
        header(
            "Idempotency-Key",
            "The id of the record if nothing else names it: the same key is the same record. \
             Quotes are stripped; a key that is not a valid id is hashed.",
        )
        .schema(Some(text())),
        header("Content-Encoding", "How the body is compressed.")
            .schema(Some(one_of(&["identity", "gzip", "x-gzip", "deflate", "zstd", ""]))),
        header("traceparent", "A W3C trace context, passed on; ignored if it is malformed.")
            .schema(Some(text())),
    ];
    /// What becomes of texts that are too long.
    Strict: [
        query("strict", "Refuses texts that are too long or not printable, instead of cutting and \
            replacing.")
        .schema(Some(switch())),
    ];
    /// The override of exclusions.
    Allow: [
        query("allow", "Reasons for which a browser's event is otherwise not counted, such as \
            `localhost,frame`; as `allow` in the body.")
        .schema(Some(text())),
    ];
    /// A page of a listing.
    Page: [
        query("limit", "The most items on the page.").schema(Some(whole(1, 100, 10))),
        query("page_token", "The `next_page_token` of the previous page.").schema(Some(text())),
    ];
    /// The period of a read. Parameters that name the same end must agree.
    Period: [
        query("date", "The one day of the period.").schema(Some(of::<Day>())),
        query("from", "The start: a day or an instant.").schema(Some(moment())),
        query("to", "The end: a day, which is included whole, or an instant, which is excluded.")
            .schema(Some(moment())),
        query("start_date", "The start, as `from`.").schema(Some(moment())),
        query("end_date", "The end, as `to`.").schema(Some(moment())),
    ];
    /// What tells visitors apart if a browser sends no `user_id`.
    Browser: [
        header("Origin", "The page that sends the event. A client that sends this or \
            `Sec-Fetch-Site` is a browser; without a `user_id` it gets an id for the day.")
        .schema(Some(text())),
        header("Sec-Fetch-Site", "Like `Origin`, shows that the client is a browser.").schema(Some(text())),
        header("User-Agent", "The browser.").schema(Some(text())),
        header("Accept-Language", "The browser's languages.").schema(Some(text())),
        header("X-Forwarded-For", "The browser's address, as the trusted proxies saw it (`TRUSTED_HOPS`).")
            .schema(Some(text())),
    ];
    /// The headers of a request for a file.
    File: [
        header("Accept-Encoding", "With `gzip` the file is sent compressed.").schema(Some(text())),
        header("If-None-Match", "The `ETag` of the client's copy.").schema(Some(text())),
    ];
}

/// The parameters of every operation, by name.
pub(crate) fn shared() -> BTreeMap<String, RefOr<Parameter>> {
    let about = "The id of the request, repeated in the answer and in the log. If it does not match \
        `[A-Za-z0-9._-]{1,128}`, a random one is used.";
    let parameter = header(REQUEST_ID, about).schema(Some(text()));
    BTreeMap::from([(REQUEST_ID.to_owned(), parameter.build().into())])
}

/// A reference to the parameter in [`shared`].
pub(crate) fn request_id() -> RefOr<Parameter> {
    RefOr::Ref(Ref::new(format!("#/components/parameters/{REQUEST_ID}")))
}

const REQUEST_ID: &str = "X-Request-Id";

fn header(name: &str, description: &str) -> ParameterBuilder {
    parameter(name, description, ParameterIn::Header, Required::False)
}

fn query(name: &str, description: &str) -> ParameterBuilder {
    parameter(name, description, ParameterIn::Query, Required::False)
}

fn path(name: &str, description: &str) -> ParameterBuilder {
    parameter(name, description, ParameterIn::Path, Required::True)
}

fn parameter(
    name: &str,
    description: &str,
    place: ParameterIn,
    required: Required,
) -> ParameterBuilder {
    let parameter = ParameterBuilder::new().name(name).description(Some(description));
    // `parameter_in` sets the requirement too, so it is set again here.
    parameter.parameter_in(place).required(required)
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// A day, or a point in time.
fn moment() -> Schema {
    Schema::AnyOf(AnyOfBuilder::new().item(of::<Day>()).item(of::<Instant>()).build())
}

fn one_of(values: &[&str]) -> ObjectBuilder {
    text().enum_values(Some(values.iter().copied()))
}

fn switch() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean).default(Some(Value::from(false)))
}

fn whole(least: u32, most: u32, default: u32) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(least))
        .maximum(Some(most))
        .default(Some(Value::from(default)))
}
