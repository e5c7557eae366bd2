//! What HTTP itself offers, beyond statuses and problems: bodies that are asked for, compressed answers,
//! links between pages, and pages of other sites that may read.

mod compression;
mod expectation;
mod links;
mod origins;

use compression::*;
use expectation::*;
use links::*;

e2e::on_shared_deployments!(
    a_body_that_would_be_refused_is_not_asked_for,
    a_body_that_is_read_is_asked_for,
    a_large_answer_is_compressed_for_clients_that_take_it,
    an_answer_to_a_post_is_never_compressed,
    the_pages_of_a_listing_are_linked,
);
