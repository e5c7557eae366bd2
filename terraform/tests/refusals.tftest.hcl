# Values that are refused, one by one: each is just outside the limits.

mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  project_id = "test-project"
  read_token = "open"
}

run "an_invalid_project" {
  command = plan

  variables {
    project_id = "Test Project"
  }

  expect_failures = [var.project_id]
}

run "a_zone_in_place_of_a_region" {
  command = plan

  variables {
    region = "us-central1-a"
  }

  expect_failures = [var.region]
}

run "a_name_that_is_too_long" {
  command = plan

  variables {
    name = "abcdefghijklmnopqrstu"
  }

  expect_failures = [var.name]
}

run "a_name_that_belongs_to_google" {
  command = plan

  variables {
    name = "google"
  }

  expect_failures = [var.name]
}

run "an_empty_token" {
  command = plan

  variables {
    read_token = ""
  }

  expect_failures = [var.read_token]
}

run "a_short_token" {
  command = plan

  variables {
    read_token = "0123456789abcdef012"
  }

  expect_failures = [var.read_token]
}

run "a_token_that_a_header_cannot_carry" {
  command = plan

  variables {
    read_token = "0123456789 abcdef 0123456789"
  }

  expect_failures = [var.read_token]
}

run "a_wrong_word_for_open" {
  command = plan

  variables {
    read_token = "Open"
  }

  expect_failures = [var.read_token]
}

run "a_token_version_of_zero" {
  command = plan

  variables {
    read_token_version = 0
  }

  expect_failures = [var.read_token_version]
}

run "an_admin_token_is_long" {
  command = plan

  variables {
    admin_token = "0123456789abcdef012"
  }

  expect_failures = [var.admin_token]
}

run "an_admin_token_is_not_the_read_token" {
  command = plan

  variables {
    read_token  = "0123456789abcdef0123"
    admin_token = "0123456789abcdef0123"
  }

  expect_failures = [var.admin_token]
}

run "an_admin_token_version_counts_from_one" {
  command = plan

  variables {
    admin_token_version = 0
  }

  expect_failures = [var.admin_token_version]
}

run "an_empty_gateway_image" {
  command = plan

  variables {
    gateway_image = ""
  }

  expect_failures = [var.gateway_image]
}

run "an_empty_worker_image" {
  command = plan

  variables {
    worker_image = ""
  }

  expect_failures = [var.worker_image]
}

run "a_gateway_without_instances" {
  command = plan

  variables {
    gateway_max_instances = 0
  }

  expect_failures = [var.gateway_max_instances]
}

run "a_worker_without_instances" {
  command = plan

  variables {
    worker_rest_max_instances = 0
  }

  expect_failures = [var.worker_rest_max_instances]
}

run "half_an_instance" {
  command = plan

  variables {
    worker_rest_max_instances = 2.5
  }

  expect_failures = [var.worker_rest_max_instances]
}

run "a_worker_for_texts_without_instances" {
  command = plan

  variables {
    worker_text_max_instances = 0
  }

  expect_failures = [var.worker_text_max_instances]
}

run "half_an_instance_for_texts" {
  command = plan

  variables {
    worker_text_max_instances = 7.5
  }

  expect_failures = [var.worker_text_max_instances]
}

run "requests_that_cloud_run_does_not_allow" {
  command = plan

  variables {
    gateway_concurrency = 1001
  }

  expect_failures = [var.gateway_concurrency]
}

run "pushes_that_cloud_run_does_not_allow" {
  command = plan

  variables {
    worker_concurrency = 1001
    worker_memory      = "4Gi"
  }

  expect_failures = [var.worker_concurrency]
}

run "half_a_processor_for_the_gateway" {
  command = plan

  variables {
    gateway_cpu = 0.5
  }

  expect_failures = [var.gateway_cpu]
}

run "half_a_processor_for_the_worker" {
  command = plan

  variables {
    worker_cpu = 0.5
  }

  expect_failures = [var.worker_cpu]
}

run "gateway_memory_without_a_unit" {
  command = plan

  variables {
    gateway_memory = "1"
  }

  expect_failures = [var.gateway_memory]
}

run "worker_memory_without_a_unit" {
  command = plan

  variables {
    worker_memory = "1"
  }

  expect_failures = [var.worker_memory]
}

run "bodies_that_are_too_large" {
  command = plan

  variables {
    max_ingest_bytes = 16777217
  }

  expect_failures = [var.max_ingest_bytes]
}

run "a_body_of_logs_over_the_limit" {
  command = plan

  variables {
    max_logs_bytes = 16777217
  }

  expect_failures = [var.max_logs_bytes]
}

run "no_values_of_events" {
  command = plan

  variables {
    max_event_values = 0
  }

  expect_failures = [var.max_event_values]
}

run "no_values_of_access_logs" {
  command = plan

  variables {
    max_log_values = 0
  }

  expect_failures = [var.max_log_values]
}

run "pushes_that_do_not_fit_into_memory" {
  command = plan

  variables {
    worker_concurrency = 410
  }

  expect_failures = [var.worker_memory]
}

run "pushes_that_do_not_fit_into_less_memory" {
  command = plan

  variables {
    worker_memory = "999Mi"
  }

  expect_failures = [var.worker_memory]
}

run "a_negative_rate" {
  command = plan

  variables {
    tenant_records_per_second = -1
    tenant_bytes_per_second   = 0.5
    tenant_writes_per_day     = -1
  }

  expect_failures = [var.tenant_records_per_second, var.tenant_bytes_per_second, var.tenant_writes_per_day]
}

run "a_negative_number_of_hops" {
  command = plan

  variables {
    trusted_hops = -1
  }

  expect_failures = [var.trusted_hops]
}

run "requests_that_are_logged_in_another_way" {
  command = plan

  variables {
    log_requests = "some"
  }

  expect_failures = [var.log_requests]
}

run "work_that_takes_longer_than_a_delivery" {
  command = plan

  variables {
    work_seconds_per_char = 0.136
  }

  expect_failures = [var.work_seconds_per_char]
}

run "too_many_shards" {
  command = plan

  variables {
    rollup_shards = 101
  }

  expect_failures = [var.rollup_shards]
}

run "an_unknown_dimension" {
  command = plan

  variables {
    log_dimensions = "paths,countries"
  }

  expect_failures = [var.log_dimensions]
}

run "an_unknown_dimension_of_events" {
  command = plan

  variables {
    site_dimensions = "source,path"
  }

  expect_failures = [var.site_dimensions]
}

run "an_origin_with_a_path" {
  command = plan

  variables {
    read_origins = ["https://stats.example.com/"]
  }

  expect_failures = [var.read_origins]
}

run "a_header_with_a_blank" {
  command = plan

  variables {
    country_headers = ["X Country"]
  }

  expect_failures = [var.country_headers]
}

run "no_dimension_beside_another" {
  command = plan

  variables {
    log_dimensions = "none,paths"
  }

  expect_failures = [var.log_dimensions]
}

run "a_negative_interval" {
  command = plan

  variables {
    commit_interval_ms = -1
  }

  expect_failures = [var.commit_interval_ms]
}

run "a_retention_shorter_than_a_delivery_may_take" {
  command = plan

  variables {
    retention_days = 31
  }

  expect_failures = [var.retention_days]
}

run "a_retention_of_half_a_day" {
  command = plan

  variables {
    retention_days = 40.5
  }

  expect_failures = [var.retention_days]
}

run "a_replay_longer_than_pubsub_keeps" {
  command = plan

  variables {
    replay_days = 32
  }

  expect_failures = [var.replay_days]
}

run "an_archive_of_no_days" {
  command = plan

  variables {
    archive_days = 0
  }

  expect_failures = [var.archive_days]
}

run "an_invalid_database" {
  command = plan

  variables {
    firestore_database = "Default"
  }

  expect_failures = [var.firestore_database]
}

run "a_path_after_pubsub_s_host" {
  command = plan

  variables {
    pubsub_endpoint = "https://pubsub.googleapis.com/"
  }

  expect_failures = [var.pubsub_endpoint]
}

run "firestore_without_tls" {
  command = plan

  variables {
    firestore_endpoint = "http://firestore.googleapis.com"
  }

  expect_failures = [var.firestore_endpoint]
}

run "an_invalid_location" {
  command = plan

  variables {
    firestore_location = "europe"
  }

  expect_failures = [var.firestore_location]
}

run "an_invalid_address" {
  command = plan

  variables {
    alert_emails = ["ops"]
  }

  expect_failures = [var.alert_emails]
}

run "an_alert_that_fires_too_early" {
  command = plan

  variables {
    alert_backlog_seconds = 599
  }

  expect_failures = [var.alert_backlog_seconds]
}

run "an_alert_on_any_latency" {
  command = plan

  variables {
    alert_latency_ms = 0
  }

  expect_failures = [var.alert_latency_ms]
}

# The limits themselves are accepted, so each refusal above has the reason that it names.
run "a_budget_of_another_form_of_account" {
  command = plan

  variables {
    budget = { billing_account = "billingAccounts/012345-6789AB-CDEF01", amount = 100 }
  }

  expect_failures = [var.budget]
}

run "a_budget_of_nothing" {
  command = plan

  variables {
    budget = { billing_account = "012345-6789AB-CDEF01", amount = 0 }
  }

  expect_failures = [var.budget]
}

run "the_limits_themselves_are_accepted" {
  command = plan

  variables {
    read_token                = "0123456789abcdef0123"
    worker_text_max_instances = 1
    worker_rest_max_instances = 1
    worker_concurrency        = 409
    max_ingest_bytes          = 16777216
    max_logs_bytes            = 16777216
    max_event_values          = 1000000
    max_log_values            = 1000000
    work_seconds_per_char     = 0.135
    rollup_shards             = 100
    log_dimensions            = "none"
    site_dimensions           = "none"
    commit_interval_ms        = 0
    retention_days            = 32
    replay_days               = 31
    archive_days              = 1
    firestore_database        = "documents"
    firestore_location        = "nam5"
    trusted_hops              = 0
    alert_backlog_seconds     = 600
  }

  assert {
    condition     = google_pubsub_topic.records.message_retention_duration == "2678400s"
    error_message = "The longest replay must be 31 days."
  }
}
