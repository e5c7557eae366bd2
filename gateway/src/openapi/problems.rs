//! What can go wrong, as responses: each operation names its codes, and gets a response for each of
//! their statuses.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::headers;
use super::parameters::of;
use crate::problem::{Code, Details, FieldError, MEDIA_TYPE, Problem};

/// A type that stands for the responses of some codes.
macro_rules! problems {
    ($($(#[doc = $doc:literal])+ $name:ident: $($codes:expr),+;)*) => {$(
        $(#[doc = $doc])+
        pub(crate) struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<
                String,
                utoipa::openapi::RefOr<utoipa::openapi::response::Response>,
            > {
                let codes: &[&[$crate::problem::Code]] = &[$(&$codes),+];
                $crate::openapi::problems::responses(&codes.concat())
            }
        }
    )*};
}
pub(crate) use problems;

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        names(Self::ALL).description(Some("What is wrong, as a stable name.")).into()
    }
}

impl ToSchema for Code {}

/// A response for each status that one of the codes has.
pub(crate) fn responses(codes: &[Code]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status = BTreeMap::<u16, BTreeSet<Code>>::new();
    for code in codes {
        by_status.entry(code.status().as_u16()).or_default().insert(*code);
    }
    let response = |(status, codes): (u16, BTreeSet<Code>)| {
        let codes: Vec<_> = codes.into_iter().collect();
        (status.to_string(), self::response(&codes).into())
    };
    by_status.into_iter().map(response).collect()
}

fn response(codes: &[Code]) -> Response {
    let titles = codes.iter().map(|code| format!("`{}`: {}.", code.as_str(), code.title()));
    let exact = ObjectBuilder::new().property("code", names(codes));
    let schema = AllOfBuilder::new().item(of::<Details<'_>>()).item(exact);
    let example = |code: &Code| {
        (code.as_str(), RefOr::Ref(Ref::new(format!("#/components/examples/{}", code.as_str()))))
    };
    let content = ContentBuilder::new()
        .schema(Some(Schema::AllOf(schema.build())))
        .examples_from_iter::<_, _, RefOr<Example>>(codes.iter().map(example));
    let response = ResponseBuilder::new()
        .description(titles.collect::<Vec<_>>().join(" "))
        .content(MEDIA_TYPE, content.build());
    codes.iter().filter_map(headers::of_code).fold(response, headers::add).build()
}

/// An example of each code, by its name.
pub(crate) fn examples() -> BTreeMap<String, RefOr<Example>> {
    let example = |code: &Code| {
        let problem = json!(example(*code).details("docs-1"));
        let example = ExampleBuilder::new().summary(code.title()).value(Some(problem));
        (code.as_str().to_owned(), example.build().into())
    };
    Code::ALL.iter().map(example).collect()
}

fn names(codes: &[Code]) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(codes.iter().map(|code| code.as_str())))
}

fn example(code: Code) -> Problem {
    match code {
        Code::MethodNotAllowed => Problem::method_not_allowed("POST"),
        Code::Unauthorized => Problem::unauthorized(),
        Code::Unavailable => Problem::unavailable("The broker cannot be reached. Try again."),
        _ => match place(code) {
            Some((field, reason)) => Problem::invalid(vec![FieldError::new(code, field, reason)]),
            None => Problem::new(code, format!("{}.", code.title())),
        },
    }
}

/// Where a code is found that has a place, and what is wrong there.
fn place(code: Code) -> Option<(&'static str, &'static str)> {
    match code {
        Code::EmptyText => Some(("text", "must not be empty")),
        Code::IdMismatch => Some(("log_id", "names another record than the rest of the request")),
        Code::InvalidCsv => Some(("path", "is no column of the header row")),
        Code::InvalidId => Some(("log_id", "must not be empty")),
        Code::InvalidPageToken => Some(("page_token", "is none that this listing gave out")),
        Code::InvalidQuery => Some(("limit", "must be a whole number from 1 to 100")),
        Code::InvalidTenant => Some(("tenant_id", "must begin with one of A-Z, a-z, 0-9")),
        Code::MissingField => Some(("text", "is required")),
        Code::MissingTenant => {
            Some(("tenant_id", "is required, there or as the header X-Tenant-ID"))
        }
        Code::OutOfRange => Some(("event_type", "must be view, click or location")),
        Code::TenantMismatch => {
            Some(("tenant_id", "names another tenant than the rest of the request"))
        }
        Code::WrongType => Some(("text", "must be a string")),
        _ => None,
    }
}
