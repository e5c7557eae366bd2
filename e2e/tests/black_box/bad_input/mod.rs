//! Bad requests: the answer says what is wrong, and nothing is written.

mod bodies;
mod compression;
mod connections;
mod counted;
mod names;
mod reads;

use e2e::api::{Answer, Api, answer};
use reqwest::Method;

use bodies::*;
use compression::*;
use connections::*;
use names::*;
use reads::*;

e2e::on_shared_deployments!(
    an_unsupported_media_type_is_refused,
    a_media_type_is_accepted_in_any_spelling,
    a_lone_surrogate_is_the_replacement_character,
    an_id_may_be_a_number_and_an_empty_one_is_none,
    invalid_json_is_refused,
    json_that_is_cut_anywhere_is_refused,
    json_that_is_not_an_object_is_refused,
    all_problems_of_a_body_are_named_at_once,
    text_that_is_not_utf8_is_refused,
    an_empty_text_is_refused,
    a_body_over_the_limit_is_refused_and_one_at_the_limit_is_read,
    a_good_gzip_is_read,
    a_broken_gzip_is_refused,
    a_gzip_that_is_too_large_on_either_side_is_refused,
    an_unknown_encoding_is_refused_with_the_known_ones,
    a_request_that_names_two_tenants_is_refused,
    a_request_that_names_one_tenant_everywhere_is_accepted,
    a_request_that_names_two_records_is_refused,
    a_request_without_a_tenant_is_refused,
    a_body_that_ends_early_is_refused,
    a_body_whose_chunks_are_broken_is_refused,
    garbage_on_a_socket_does_not_stop_the_server,
    a_thousand_idle_connections_do_not_stop_the_server,
    an_unknown_path_is_a_problem,
    a_wrong_method_is_refused_with_the_allowed_ones,
    head_answers_like_get_without_a_body,
    a_limit_out_of_range_is_refused,
    a_forged_page_token_is_refused,
    a_request_id_is_echoed_or_generated,
    no_answer_may_be_sniffed,
);

/// `POST /ingest` with any headers and any body.
async fn post(api: &Api, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
    let request = api.request(Method::POST, "/ingest").body(body.into());
    let add = |request: reqwest::RequestBuilder, (name, value): &(&str, &str)| {
        request.header(*name, value.as_bytes())
    };
    answer(headers.iter().fold(request, add)).await
}

/// `POST /ingest` with a body that claims to be JSON.
async fn post_as_json(api: &Api, body: impl Into<Vec<u8>>) -> Answer {
    post(api, &[("content-type", "application/json")], body).await
}

/// `POST /ingest` with a body that claims to be text.
async fn post_as_text(api: &Api, tenant: &str, body: impl Into<Vec<u8>>) -> Answer {
    post(api, &[("content-type", "text/plain"), ("x-tenant-id", tenant)], body).await
}
