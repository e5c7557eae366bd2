# The services: what they cost when idle, how they start, and where every variable goes.

mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  project_id = "test-project"
  read_token = "open"
}

run "nothing_is_always_on" {
  command = plan

  assert {
    condition = alltrue([for service in concat([google_cloud_run_v2_service.gateway], values(google_cloud_run_v2_service.worker)) :
      service.template[0].scaling[0].min_instance_count == 0 && service.template[0].containers[0].resources[0].cpu_idle == true
    ])
    error_message = "All services must scale to zero and be billed for requests only."
  }

  assert {
    condition = alltrue([for service in concat([google_cloud_run_v2_service.gateway], values(google_cloud_run_v2_service.worker)) :
      service.template[0].containers[0].resources[0].startup_cpu_boost == true && length(service.template[0].containers) == 1
    ])
    error_message = "All must start with a CPU boost, and with one container."
  }

  assert {
    condition = (
      google_cloud_run_v2_service.gateway.template[0].scaling[0].max_instance_count == 10
      && google_cloud_run_v2_service.worker["text"].template[0].scaling[0].max_instance_count == 10
    )
    error_message = "All must have a limit of instances."
  }

  # Cloud Run checks each service against the quota of its region when it creates a revision.
  assert {
    condition = alltrue([for service in concat([google_cloud_run_v2_service.gateway], values(google_cloud_run_v2_service.worker)) :
      service.template[0].scaling[0].max_instance_count <= 10
      && service.template[0].scaling[0].max_instance_count * tonumber(service.template[0].containers[0].resources[0].limits["cpu"]) <= 20
    ])
    error_message = "The first apply must succeed with the quota of a new project."
  }

  # Each instance writes the documents of a busy tenant.
  assert {
    condition     = google_cloud_run_v2_service.worker["rest"].template[0].scaling[0].max_instance_count == 3
    error_message = "Few instances must share the documents that count."
  }
}

# A body takes 10 s and a second for each 32 KiB at most, in the gateway; Cloud Run ends a request before
# that, so that a slow sender does not keep an instance awake for minutes.
run "a_request_has_a_minute_and_a_push_as_long_as_its_work" {
  command = plan

  assert {
    condition     = google_cloud_run_v2_service.gateway.template[0].timeout == "60s" && alltrue([for worker in google_cloud_run_v2_service.worker : worker.template[0].timeout == "660s"])
    error_message = "A request may take 60 s; a push may take longer than Pub/Sub waits for it."
  }
}

run "probes_use_paths_that_the_services_serve" {
  command = plan

  assert {
    condition = alltrue([for service in concat([google_cloud_run_v2_service.gateway], values(google_cloud_run_v2_service.worker)) :
      service.template[0].containers[0].startup_probe[0].http_get[0].path == "/health"
      && service.template[0].containers[0].liveness_probe[0].http_get[0].path == "/health"
    ])
    error_message = "A probe must ask whether the process runs, not whether its dependencies do."
  }

  assert {
    condition = (
      google_cloud_run_v2_service.gateway.template[0].containers[0].ports[0].container_port == 8080
      && alltrue([for worker in google_cloud_run_v2_service.worker : worker.template[0].containers[0].ports[0].container_port == 8081])
    )
    error_message = "The ports must be the defaults of the binaries."
  }
}

run "every_variable_has_its_effect" {
  command = plan

  variables {
    region                    = "europe-west4"
    name                      = "other"
    gateway_image             = "registry.test/gateway:7"
    gateway_max_instances     = 3
    gateway_concurrency       = 70
    gateway_cpu               = 2
    gateway_memory            = "3Gi"
    max_ingest_bytes          = 1000
    max_logs_bytes            = 2000
    max_event_values          = 4000
    max_log_values            = 3000
    max_bodies_bytes          = 200000000
    max_body_seconds          = 77
    tenant_records_per_second = 300
    tenant_bytes_per_second   = 4000
    tenant_writes_per_day     = 50000
    trusted_hops              = 2
    redact_paths              = false
    country_headers           = ["X-Client-Region"]
    site_dimensions           = "source,browser"
    keep_trailing_slash       = ["acme", "shop"]
    merge_index_pages         = ["*"]
    read_origins              = ["https://stats.example.com", "http://localhost:5173"]
    pages                     = false
    log_requests              = "errors"
    worker_image              = "registry.test/worker:7"
    worker_text_max_instances = 4
    worker_rest_max_instances = 2
    worker_concurrency        = 900
    worker_cpu                = 4
    worker_memory             = "5Gi"
    work_seconds_per_char     = 0.01
    store_original            = false
    rollup_shards             = 8
    log_dimensions            = "status,bytes"
    commit_interval_ms        = 900
    retention_days            = 40
    archive_days              = 50
    firestore_database        = "documents"
    firestore_endpoint        = "https://firestore.test:8443"
    pubsub_endpoint           = "https://pubsub.test"
    firestore_location        = "eur3"
    point_in_time_recovery    = true
    deletion_protection       = false
    alert_emails              = ["ops@example.com"]
    alert_backlog_seconds     = 700
    alert_latency_ms          = 300
  }

  assert {
    condition = { for env in google_cloud_run_v2_service.gateway.template[0].containers[0].env : env.name => env.value } == {
      GOOGLE_CLOUD_PROJECT      = "test-project"
      PUBSUB_TOPIC              = "other"
      PUBSUB_ENDPOINT           = "https://pubsub.test"
      FIRESTORE_DATABASE        = "documents"
      FIRESTORE_ENDPOINT        = "https://firestore.test:8443"
      MAX_INGEST_BYTES          = "1000"
      MAX_LOGS_BYTES            = "2000"
      MAX_EVENT_VALUES          = "4000"
      MAX_LOG_VALUES            = "3000"
      MAX_BODIES_BYTES          = "200000000"
      MAX_BODY_SECONDS          = "77"
      STORE_ORIGINAL            = "false"
      TENANT_RECORDS_PER_SECOND = "300"
      TENANT_BYTES_PER_SECOND   = "4000"
      TENANT_WRITES_PER_DAY     = "50000"
      TRUSTED_HOPS              = "2"
      REDACT_PATHS              = "false"
      COUNTRY_HEADERS           = "X-Client-Region"
      SITE_DIMENSIONS           = "source,browser"
      KEEP_TRAILING_SLASH       = "acme,shop"
      MERGE_INDEX_PAGES         = "*"
      READ_ORIGINS              = "https://stats.example.com,http://localhost:5173"
      PAGES                     = "off"
      LOG_REQUESTS              = "errors"
    }
    error_message = "The variables must reach the gateway's environment."
  }

  assert {
    condition = alltrue([for worker in google_cloud_run_v2_service.worker : { for env in worker.template[0].containers[0].env : env.name => env.value } == {
      GOOGLE_CLOUD_PROJECT  = "test-project"
      FIRESTORE_DATABASE    = "documents"
      FIRESTORE_ENDPOINT    = "https://firestore.test:8443"
      PUSH_AUTH             = "cloud-run-iam"
      PUSH_AUDIENCE         = "other-push"
      PUSH_SERVICE_ACCOUNT  = "push@test"
      WORK_SECONDS_PER_CHAR = "0.01"
      STORE_ORIGINAL        = "false"
      ROLLUP_SHARDS         = "8"
      LOG_DIMENSIONS        = "status,bytes"
      COMMIT_INTERVAL_MS    = "900"
      RETENTION_DAYS        = "40"
    }])
    error_message = "The variables must reach the environment of both workers."
  }

  assert {
    condition = [for service in concat([google_cloud_run_v2_service.gateway], values(google_cloud_run_v2_service.worker)) : join(" ", [
      service.name, service.location,
      service.template[0].containers[0].image,
      service.template[0].scaling[0].max_instance_count,
      service.template[0].max_instance_request_concurrency,
      service.template[0].containers[0].resources[0].limits["cpu"],
      service.template[0].containers[0].resources[0].limits["memory"],
      ])] == [
      "other-gateway europe-west4 registry.test/gateway:7 3 70 2 3Gi",
      "other-worker europe-west4 registry.test/worker:7 2 900 4 5Gi",
      "other-worker-text europe-west4 registry.test/worker:7 4 900 4 5Gi",
    ]
    error_message = "The variables must reach the sizes and names of the services."
  }

  assert {
    condition = join(" ", [
      google_firestore_database.this.name, google_firestore_database.this.location_id,
      google_firestore_database.this.point_in_time_recovery_enablement, google_firestore_database.this.delete_protection_state,
    ]) == "documents eur3 POINT_IN_TIME_RECOVERY_ENABLED DELETE_PROTECTION_DISABLED"
    error_message = "The variables must reach the database."
  }

  assert {
    condition = alltrue([for grant in google_project_iam_member.this :
      strcontains(grant.condition[0].expression, "/databases/documents\"") if contains(["roles/datastore.user", "roles/our-gateway"], grant.role)
    ])
    error_message = "The grants must name the same database."
  }

  assert {
    condition = (
      google_storage_bucket.archive.name == "test-project-other-archive"
      && google_storage_bucket.archive.location == "europe-west4"
      && google_storage_bucket.archive.force_destroy == true
      && [for rule in google_storage_bucket.archive.lifecycle_rule : "${one(rule.action).type} ${one(rule.condition).age}"] == ["Delete 50"]
    )
    error_message = "The variables must reach the archive."
  }

  assert {
    condition = (
      google_monitoring_alert_policy.this["backlog"].conditions[0].condition_threshold[0].threshold_value == 700
      && google_monitoring_alert_policy.this["latency"].conditions[0].condition_threshold[0].threshold_value == 300
      && [for channel in google_monitoring_notification_channel.email : channel.labels["email_address"]] == ["ops@example.com"]
    )
    error_message = "The variables must reach the alerts."
  }

  assert {
    condition = (
      google_artifact_registry_repository.images.repository_id == "other"
      && google_artifact_registry_repository.images.location == "europe-west4"
      && toset([for account in [google_service_account.gateway, google_service_account.worker, google_service_account.push, google_service_account.build] : account.account_id])
      == toset(["other-gateway", "other-worker", "other-push", "other-build"])
    )
    error_message = "The variables must reach the names of the images and accounts."
  }
}

run "the_deploy_command_has_all_names" {
  command = plan

  variables {
    name       = "other"
    region     = "europe-west4"
    read_token = "0123456789abcdef0123456789abcdef"
  }

  assert {
    condition     = output.deploy == "gcloud builds submit --project test-project --gcs-source-staging-dir gs://source/source --substitutions _REGION=europe-west4,_REPOSITORY=other,_GATEWAY_SERVICE=other-gateway,_WORKER_SERVICE=other-worker,_TEXT_WORKER_SERVICE=other-worker-text,_BUILD_ACCOUNT=other-build,_READ_TOKEN_SECRET=other-read-token"
    error_message = "Cloud Build must deploy to the services that Terraform created, and end with the substitutions, so that more can be appended."
  }

  assert {
    condition = (
      google_storage_bucket.source.name == "test-project-other-source"
      && google_storage_bucket.source.location == "europe-west4"
      && google_storage_bucket.source.uniform_bucket_level_access == true
      && google_storage_bucket.source.public_access_prevention == "enforced"
      && google_storage_bucket.source.force_destroy == true
      && [for rule in google_storage_bucket.source.lifecycle_rule : "${one(rule.action).type} ${one(rule.condition).age}"] == ["Delete 7"]
    )
    error_message = "Sources must be in a private bucket in the region, for seven days, and never keep `terraform destroy` from ending."
  }
}

run "an_archive_that_is_kept_becomes_cheaper" {
  command = plan

  variables {
    archive_days = null
  }

  assert {
    condition     = [for rule in google_storage_bucket.archive.lifecycle_rule : "${one(rule.action).type} ${one(rule.action).storage_class} ${one(rule.condition).age}"] == ["SetStorageClass NEARLINE 30"]
    error_message = "An archive without an end must move to cheaper storage."
  }
}

run "the_default_archive_becomes_cheaper_and_ends" {
  command = plan

  assert {
    condition     = [for rule in google_storage_bucket.archive.lifecycle_rule : "${one(rule.action).type} ${one(rule.condition).age}"] == ["SetStorageClass 30", "Delete 365"]
    error_message = "The archive must become cheaper after 30 days and be deleted after a year."
  }
}
