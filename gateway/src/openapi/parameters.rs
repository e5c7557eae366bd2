//! Headers and query parameters that several routes take.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Required};

use super::forms::{Day, Moment, OptionalRecordId, TenantId, of};

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
            .schema(Some(of::<OptionalRecordId>())),
    ];
    /// The headers of any body.
    Upload: [
        header(
            "Idempotency-Key",
            "The id of the record if nothing else names it: the same key is the same record. \
             Quotes are stripped; a key that is not a valid id is hashed.",
        )
        .schema(Some(text())),
        content_encoding(),
        traceparent(),
    ];
    /// The headers of a body that is no record.
    Change: [content_encoding(), traceparent()];
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
        query("from", "The start: a day or an instant.").schema(Some(of::<Moment>())),
        query("to", "The end: a day, which is included whole, or an instant, which is excluded.")
            .schema(Some(of::<Moment>())),
        query("start_date", "The start, as `from`.").schema(Some(of::<Moment>())),
        query("end_date", "The end, as `to`.").schema(Some(of::<Moment>())),
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
}

/// The parameters of every operation, by name.
pub(crate) fn shared() -> BTreeMap<String, RefOr<Parameter>> {
    let about = "The id of the request, repeated in the answer and in the log. If it does not match \
        `[A-Za-z0-9._-]{1,128}`, a random one is used.";
    let parameter = header(REQUEST_ID, about).schema(Some(text())).example(example(REQUEST_ID));
    BTreeMap::from([(REQUEST_ID.to_owned(), parameter.build().into())])
}

/// A reference to the parameter in [`shared`].
pub(crate) fn request_id() -> RefOr<Parameter> {
    RefOr::Ref(Ref::new(format!("#/components/parameters/{REQUEST_ID}")))
}

const REQUEST_ID: &str = "X-Request-Id";

/// An example of the parameter with this name, which means the same in every operation.
pub(super) fn example(name: &str) -> Option<Value> {
    let example = match name {
        "limit" => return Some(10.into()),
        "strict" => return Some(true.into()),
        "tenant" | "tenant_id" | "site_id" | "customer_id" | "X-Tenant-ID" | "X-Customer-ID" => {
            "acme"
        }
        "log_id" | "X-Log-ID" => "order-7",
        "batch_id" | "Idempotency-Key" => "batch-1",
        "event_id" => "e-1",
        "user_id" => "u-1",
        "path" => "/pricing",
        "index" => "logs",
        "date" => "2025-05-01",
        "from" | "start_date" => "2025-05-01",
        "to" | "end_date" => "2025-05-31",
        "page_token" => "dGVuYW50cy9hY21lL3Byb2Nlc3NlZF9sb2dzCmJvb3QtMQ",
        "grain" => "hour",
        "type" | "event_type" => "click",
        "dimension" => "source",
        "filter" => "source:Google",
        "compare" => "previous",
        "dedup" => "content",
        "format" => "combined",
        "allow" => "localhost",
        "Content-Encoding" => "gzip",
        "traceparent" => "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "Origin" => "https://acme.example",
        "Sec-Fetch-Site" => "cross-site",
        "User-Agent" => "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Accept-Language" => "en-GB, de;q=0.5",
        "X-Forwarded-For" => "198.51.100.7",
        REQUEST_ID => "docs-1",
        _ => return None,
    };
    Some(example.into())
}

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

fn content_encoding() -> ParameterBuilder {
    header("Content-Encoding", "How the body is compressed.")
        .schema(Some(one_of(&["identity", "gzip", "x-gzip", "deflate", "zstd", ""])))
}

fn traceparent() -> ParameterBuilder {
    header("traceparent", "A W3C trace context, passed on; ignored if it is malformed.")
        .schema(Some(text()))
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
