//! Events end to end: what is taken, what is refused, and what the statistics say of it.

mod borders;
mod browsers;
mod counts;
mod refusals;
mod series;
mod shapes;
mod site;
mod visitors;

use borders::*;
use browsers::*;
use counts::*;
use refusals::*;
use series::*;
use shapes::*;
use visitors::*;

e2e::on_shared_deployments!(
    the_five_calls_answer_in_their_shapes,
    a_site_that_nobody_knows_has_zeros_and_an_empty_list,
    what_names_no_tenant_is_of_the_default_one,
    an_event_lands_on_its_day_in_utc,
    an_event_without_a_time_is_of_now,
    a_time_is_at_most_a_day_ahead,
    a_time_that_cannot_be_is_refused,
    a_day_that_is_none_is_refused,
    the_first_and_the_last_day_there_are_may_be_asked_for,
    periods_hold_both_their_ends_and_may_be_open,
    a_parameter_out_of_range_is_refused,
    the_most_viewed_paths_come_first_and_ties_by_name,
    a_view_is_any_of_three_types_and_its_path_is_bare,
    users_are_distinct_over_all_events_of_a_day,
    names_are_counted_as_they_are_written,
    tenants_with_the_same_events_are_apart,
    what_comes_again_changes_nothing,
    other_content_under_the_same_id_is_set_aside_and_not_counted,
    a_site_event_that_is_wrong_is_refused,
    an_interaction_that_is_wrong_is_refused,
    a_body_that_is_no_event_is_refused,
    all_that_is_wrong_is_said_at_once,
    what_is_just_within_its_bounds_is_taken,
    unknown_fields_and_nulls_are_ignored,
    a_beacon_is_read_as_json,
    a_preflight_allows_any_origin,
    every_answer_to_a_page_may_be_read_by_it,
    a_series_has_views_by_the_hour_and_visitors_by_the_day,
    a_series_that_cannot_be_is_refused,
    a_browser_without_a_user_id_is_one_visitor,
    a_visitor_s_event_that_comes_again_is_no_conflict,
    a_sender_that_is_no_browser_is_no_visitor,
    an_address_that_the_sender_made_up_makes_no_visitor,
);
