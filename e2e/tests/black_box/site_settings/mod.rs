//! The settings of a site: who may change them, and what they do to its events.

mod access;
mod effects;
mod gateways;
mod sharing;
mod site;

use access::*;
use effects::*;

e2e::on_shared_deployments!(
    settings_are_read_back_as_they_were_set,
    wrong_settings_are_refused_and_change_nothing,
    nobody_elsewhere_changes_settings_without_a_token,
    what_a_site_leaves_out_counts_as_excluded,
    an_excluded_address_counts_nowhere,
    chosen_parameters_and_slashes_tell_pages_apart,
    a_site_may_count_index_pages_as_their_folders,
    a_site_is_counted_by_the_dimensions_that_it_chose,
    settings_of_a_site_concern_no_other,
    an_interaction_follows_the_settings_too,
);
