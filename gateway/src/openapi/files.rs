//! The files for browsers, as operations.

use utoipa::IntoParams as _;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, PathItem, Paths};
use utoipa::openapi::response::{Response, ResponseBuilder, ResponsesBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::{headers, parameters, responses};
use crate::assets::Asset;
use crate::pages;
use crate::problem::ProblemCode;

/// Adds an operation for each file.
pub(super) fn describe(paths: &mut Paths) {
    for asset in pages::all() {
        let item = PathItem::new(HttpMethod::Get, operation(asset));
        paths.paths.insert(asset.path.to_owned(), item);
    }
}

fn operation(asset: &Asset) -> Operation {
    let problems = [ProblemCode::NotFound, ProblemCode::MethodNotAllowed, ProblemCode::Internal];
    let responses = ResponsesBuilder::new()
        .response("200", content(asset))
        .response("304", cached(asset, "The client's copy is up to date."))
        .responses_from_iter(responses::of_codes(&problems));
    OperationBuilder::new()
        .tag("pages")
        .operation_id(Some(format!("get {}", asset.path)))
        .summary(Some(format!("`{}`", asset.path)))
        .parameters(Some(parameters::File::into_params(|| None)))
        .responses(responses)
        .build()
}

fn content(asset: &Asset) -> Response {
    let is_json = asset.media_type == "application/json";
    let kind = if is_json { Type::Object } else { Type::String };
    let schema = ObjectBuilder::new().schema_type(kind);
    let content = ContentBuilder::new().schema(Some(schema)).build();
    headers::add(cached(asset, "The file."), "Content-Encoding")
        .content(asset.media_type, content)
        .build()
}

fn cached(asset: &Asset, description: &str) -> ResponseBuilder {
    let response = ResponseBuilder::new().description(description);
    let own = asset.headers.iter().map(|(name, _)| *name);
    ["Cache-Control", "ETag", "Vary"].into_iter().chain(own).fold(response, headers::add)
}
