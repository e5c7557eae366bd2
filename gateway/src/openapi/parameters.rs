//! Headers and query parameters that several routes take.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Required, Schema};
use utoipa::{IntoParams, ToSchema};

use super::forms::{Day, RecordId, TenantId};

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
    /// Whose it is.
    Tenant: [
        header("X-Tenant-ID", "The tenant. All names of it in a request have to agree.")
            .schema(Some(of::<TenantId>())),
        query("tenant_id", "The tenant, as `X-Tenant-ID`.").schema(Some(of::<TenantId>())),
    ];
    /// Whose logs they are, beyond [`Tenant`].
    Customer: [
        header("X-Customer-ID", "The tenant, as `X-Tenant-ID`.").schema(Some(of::<TenantId>())),
    ];
    /// The tenant in the path of a read.
    InPath: [
        path("tenant", "The tenant.").schema(Some(of::<TenantId>())),
        header("X-Tenant-ID", "May repeat the tenant of the path, not contradict it.")
            .schema(Some(of::<TenantId>())),
        query("tenant_id", "May repeat the tenant of the path, not contradict it.")
            .schema(Some(of::<TenantId>())),
    ];
    /// Names the text of a body that has no room for its name.
    LogId: [
        header("X-Log-ID", "Names the text; the body's `log_id` has to agree.")
            .schema(Some(of::<RecordId>())),
    ];
    /// What goes with any body.
    Upload: [
        header(
            "Idempotency-Key",
            "Names the record where nothing else does: the same key is the same record. A key \
             that has not the form of an id is hashed, without quotes around it.",
        )
        .schema(Some(text()))
        .example(Some("key-1".into())),
        header("Content-Encoding", "How the body is compressed.")
            .schema(Some(one_of(&["identity", "gzip", "x-gzip", ""]))),
        header("traceparent", "A W3C trace context, handed on; ignored where it is malformed.")
            .schema(Some(text()))
            .example(Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into())),
    ];
    /// Which page of a listing.
    Page: [
        query("limit", "Items of the page.").schema(Some(whole(1, 100, 10))),
        query("page_token", "The `next_page_token` of the page before.").schema(Some(text())),
    ];
    /// Which days.
    Period: [
        query("start_date", "The first day, included; all before `end_date` without it.")
            .schema(Some(of::<Day>())),
        query("end_date", "The last day, included; all after `start_date` without it.")
            .schema(Some(of::<Day>())),
    ];
    /// What tells the visitors of a site apart where a browser names none.
    Browser: [
        header("Origin", "The page that sends. With it, or with `Sec-Fetch-Site`, the client is \
            a browser; one that names no user is given an id for the day.")
        .schema(Some(text()))
        .example(Some("https://acme.example".into())),
        header("Sec-Fetch-Site", "As `Origin`.").schema(Some(text())),
        header("User-Agent", "The browser.").schema(Some(text())),
        header("X-Forwarded-For", "Where it is, as the trusted proxies heard (`TRUSTED_HOPS`).")
            .schema(Some(text()))
            .example(Some("203.0.113.7".into())),
    ];
    /// What a cache says of a file.
    File: [
        header("Accept-Encoding", "`gzip` takes the file compressed.").schema(Some(text())),
        header("If-None-Match", "The `ETag` that the client has.").schema(Some(text())),
    ];
}

/// The parameters of every operation, by name.
pub(crate) fn shared() -> BTreeMap<String, RefOr<Parameter>> {
    let about = "Names the request in its answer and in the log. Another one is made where it has \
        not the form `[A-Za-z0-9._-]{1,128}`.";
    let parameter = header(REQUEST_ID, about).schema(Some(text())).example(Some("docs-1".into()));
    BTreeMap::from([(REQUEST_ID.to_owned(), parameter.build().into())])
}

/// A reference to the one of [`shared`].
pub(crate) fn request_id() -> RefOr<Parameter> {
    RefOr::Ref(Ref::new(format!("#/components/parameters/{REQUEST_ID}")))
}

const REQUEST_ID: &str = "X-Request-Id";

/// A reference to the schema of a form.
pub(crate) fn of<T: ToSchema>() -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(T::name()))
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
    // Each place has a requirement of its own, which is overridden here.
    parameter.parameter_in(place).required(required)
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn one_of(values: &[&str]) -> ObjectBuilder {
    text().enum_values(Some(values.iter().copied()))
}

fn whole(least: u32, most: u32, default: u32) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(least))
        .maximum(Some(most))
        .default(Some(Value::from(default)))
}
