//! What a document store promises. Each case is one test; [`store_contract`](crate::store_contract)
//! instantiates all of them for an adapter.

mod aggregates;
mod commits;
mod documents;
mod queries;
mod values;

use common::store::DocumentStore;

pub use self::aggregates::*;
pub use self::commits::*;
pub use self::queries::*;
pub use self::values::*;

/// Runs every case of the contract as a test of its own, on what `$open` opens: an async function
/// that gives a `Box<dyn DocumentStore>` of an empty store, and whatever must stay alive
/// meanwhile. Each test opens its own.
#[macro_export]
macro_rules! store_contract {
    ($adapter:ident, $open:path) => {
        mod $adapter {
            $crate::store_contract!(@cases $open;
                a_probe_of_a_store_that_is_up_passes,
                a_count_and_a_sum_cover_what_the_filters_select,
                a_sum_takes_documents_without_the_field_as_zero,
                counts_and_sums_of_an_empty_collection_are_zero,
                a_created_document_reads_back,
                a_second_create_is_refused_and_nothing_of_its_commit_is_applied,
                a_commit_of_mixed_writes_applies_all_of_them,
                an_empty_commit_succeeds,
                a_commit_may_have_a_thousand_documents,
                a_commit_as_large_as_the_store_says_is_taken,
                shared_writes_can_be_sent_again,
                an_upsert_merges_and_leaves_other_fields,
                an_upsert_creates_a_missing_document_even_without_fields,
                an_increment_starts_at_zero_and_adds_up,
                an_increment_sets_fields_in_the_same_write,
                deleting_a_missing_document_succeeds,
                a_deleted_document_can_be_created_again,
                a_document_is_deleted_as_it_was_found_and_not_after_a_change,
                a_document_that_is_gone_is_not_deleted_as_it_was_found,
                of_a_delete_as_found_and_an_increment_one_sees_the_other,
                a_document_named_twice_is_invalid_and_nothing_is_applied,
                a_document_over_1_mib_is_invalid_and_nothing_is_applied,
                each_kind_of_write_is_invalid_one_byte_over_the_limit,
                of_concurrent_creates_of_one_document_exactly_one_wins,
                concurrent_increments_all_count,
                concurrent_commits_with_a_gate_and_a_count_apply_both_or_none,
                get_many_answers_by_position,
                a_query_of_an_empty_collection_is_empty,
                a_query_without_an_order_is_ordered_by_id,
                the_field_of_a_range_filter_orders_after_the_given_order_and_before_the_id,
                each_filter_compares_values_of_each_type,
                a_filter_matches_no_value_of_another_type,
                all_filters_of_a_query_must_hold,
                ties_of_an_order_are_ordered_by_id_in_both_directions,
                a_second_field_of_an_order_decides_ties_of_the_first,
                an_order_leaves_out_documents_without_its_field,
                a_limit_cuts_the_end_of_the_order,
                pages_of_a_cursor_hold_every_document_once,
                a_cursor_in_another_order_than_by_id_is_invalid,
                a_selection_holds_the_fields_that_were_asked_for,
                a_collection_holds_no_document_of_a_subcollection,
                a_tenant_sees_no_document_of_another,
                the_stray_collection_belongs_to_no_tenant,
                every_type_of_value_reads_back,
                an_instant_keeps_its_microseconds_and_no_more,
                a_field_may_have_any_name,
                numbers_keep_their_type_and_their_range,
                tenants_with_documents_are_listed_by_name,
            );
        }
    };
    (@cases $open:path; $($case:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let (store, _alive) = $open().await;
                $crate::store::$case(&*store).await;
            }
        )*
    };
}

/// A probe writes nothing, so all that it can show is that the store is up.
pub async fn a_probe_of_a_store_that_is_up_passes(store: &dyn DocumentStore) {
    store.probe().await.expect("the store is up");
}
