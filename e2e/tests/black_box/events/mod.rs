//! Events end to end: which are accepted, which are refused, and what the statistics count.

mod borders;
mod browsers;
mod counts;
mod exclusions;
mod refusals;
mod series;
mod shapes;
mod site;
mod variations;
mod visitors;

use borders::*;
use browsers::*;
use counts::*;
use exclusions::*;
use refusals::*;
use series::*;
use shapes::*;
use variations::*;
use visitors::*;

e2e::on_shared_deployments!(
    the_five_calls_answer_in_their_shapes,
    an_unknown_site_has_zeros_and_an_empty_list,
    events_without_a_tenant_belong_to_the_default_tenant,
    an_event_counts_on_its_day_in_utc,
    an_event_without_a_time_counts_now,
    a_time_is_at_most_a_day_ahead,
    an_invalid_time_is_refused,
    an_invalid_day_is_refused,
    the_first_and_the_last_possible_day_are_valid,
    periods_include_both_ends_and_may_be_open,
    a_parameter_out_of_range_is_refused,
    the_most_viewed_paths_come_first_and_ties_by_name,
    a_view_is_any_of_three_types_and_its_path_has_no_query,
    users_are_distinct_over_all_events_of_a_day,
    names_are_counted_unchanged,
    tenants_with_the_same_events_are_isolated,
    a_duplicate_changes_nothing,
    other_content_under_the_same_id_is_quarantined_and_not_counted,
    what_does_not_fit_is_cut_unless_the_client_is_strict,
    an_invalid_site_event_is_refused,
    an_invalid_interaction_is_refused,
    a_body_that_is_not_an_event_is_refused,
    all_problems_of_an_event_are_reported_at_once,
    values_at_their_limits_are_accepted,
    unknown_fields_and_nulls_are_ignored,
    a_beacon_is_read_as_json,
    a_beacon_of_every_form_is_taken,
    a_body_of_unknown_kind_is_refused_with_the_header_to_add,
    a_preflight_allows_any_origin,
    a_page_may_read_every_answer,
    a_series_has_views_by_the_hour_and_visitors_by_the_day,
    an_invalid_series_is_refused,
    a_browser_without_a_user_id_is_one_visitor,
    a_repeated_event_of_a_visitor_is_not_a_conflict,
    a_client_that_is_not_a_browser_is_not_a_visitor,
    a_forged_address_does_not_make_a_visitor,
    a_visit_that_is_none_is_told_and_not_counted,
    what_a_client_sends_for_a_user_is_counted_as_it_says,
    an_excluded_event_that_is_sent_again_is_counted_once,
    every_reasonable_way_to_write_an_event_is_counted,
    one_page_is_one_row,
);
