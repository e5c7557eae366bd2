//! The error responses of operations: each names its codes, and gets a response for each of their
//! statuses.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::forms::of;
use super::headers;
use crate::problem::{Details, FieldError, MEDIA_TYPE, Problem, ProblemCode};

/// A type for the responses of some codes.
macro_rules! responses {
    ($($(#[doc = $doc:literal])+ $name:ident: $($codes:expr),+;)*) => {$(
        $(#[doc = $doc])+
        pub(crate) struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<
                String,
                utoipa::openapi::RefOr<utoipa::openapi::response::Response>,
            > {
                let codes: &[&[$crate::problem::ProblemCode]] = &[$(&$codes),+];
                $crate::openapi::responses::of_codes(&codes.concat())
            }
        }
    )*};
}
pub(crate) use responses;

impl PartialSchema for ProblemCode {
    fn schema() -> RefOr<Schema> {
        let names = Self::ALL.iter().map(|code| code.as_str());
        let text = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names));
        text.description(Some("A stable name for what is wrong.")).into()
    }
}

impl ToSchema for ProblemCode {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Code")
    }
}

/// A response for each status of the codes.
pub(crate) fn of_codes(codes: &[ProblemCode]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status = BTreeMap::<u16, BTreeSet<ProblemCode>>::new();
    for code in codes {
        by_status.entry(code.status().as_u16()).or_default().insert(*code);
    }
    let response = |(status, codes): (u16, BTreeSet<ProblemCode>)| {
        let codes: Vec<_> = codes.into_iter().collect();
        (status.to_string(), self::response(&codes).into())
    };
    by_status.into_iter().map(response).collect()
}

fn response(codes: &[ProblemCode]) -> Response {
    let titles = codes.iter().map(|code| format!("`{}`: {}.", code.as_str(), code.title()));
    let example = |code: &ProblemCode| {
        (code.as_str(), RefOr::Ref(Ref::new(format!("#/components/examples/{}", code.as_str()))))
    };
    let content = ContentBuilder::new()
        .schema(Some(of::<Details<'_>>()))
        .examples_from_iter::<_, _, RefOr<Example>>(codes.iter().map(example));
    let response = ResponseBuilder::new()
        .description(titles.collect::<Vec<_>>().join(" "))
        .content(MEDIA_TYPE, content.build());
    let names = codes.iter().flat_map(headers::of_code);
    names.fold(response, |response, name| headers::add(response, name)).build()
}

/// An example of each code, by name.
pub(crate) fn examples() -> BTreeMap<String, RefOr<Example>> {
    let example = |code: &ProblemCode| {
        let problem = json!(example(*code).details("docs-1"));
        let example = ExampleBuilder::new().summary(code.title()).value(Some(problem));
        (code.as_str().to_owned(), example.build().into())
    };
    ProblemCode::ALL.iter().map(example).collect()
}

fn example(code: ProblemCode) -> Problem {
    match code {
        ProblemCode::MethodNotAllowed => Problem::method_not_allowed("POST"),
        ProblemCode::Unauthorized => Problem::unauthorized(),
        ProblemCode::Unavailable => {
            Problem::unavailable("The broker cannot be reached. Try again.")
        }
        _ => match place(code) {
            Some((field, reason)) => Problem::invalid(vec![FieldError::new(code, field, reason)]),
            None => Problem::new(code, format!("{}.", code.title())),
        },
    }
}

/// An example of a field error with this code, if the code has fields.
fn place(code: ProblemCode) -> Option<(&'static str, &'static str)> {
    match code {
        ProblemCode::EmptyText => Some(("text", "must not be empty")),
        ProblemCode::IdMismatch => Some(("log_id", "differs from the id elsewhere in the request")),
        ProblemCode::InvalidCsv => Some(("path", "is missing from the header row")),
        ProblemCode::InvalidId => Some(("log_id", "must not be empty")),
        ProblemCode::InvalidPageToken => {
            Some(("page_token", "is not a page token of this listing"))
        }
        ProblemCode::InvalidQuery => Some(("limit", "must be a whole number from 1 to 100")),
        ProblemCode::InvalidTenant => Some(("tenant_id", "must begin with one of A-Z, a-z, 0-9")),
        ProblemCode::MissingField => Some(("text", "is required")),
        ProblemCode::MissingTenant => {
            Some(("tenant_id", "is required; the header X-Tenant-ID may name it too"))
        }
        ProblemCode::OutOfRange => Some(("event_type", "must be view, click or location")),
        ProblemCode::TenantMismatch => {
            Some(("tenant_id", "differs from the tenant elsewhere in the request"))
        }
        ProblemCode::UnknownSetting => {
            Some(("time_zone", "is not a setting; the settings are hosts, dimensions, …"))
        }
        ProblemCode::WrongType => Some(("log_id", "must be a string or a whole number")),
        _ => None,
    }
}
