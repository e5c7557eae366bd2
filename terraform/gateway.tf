# The gateway: public, scales to zero, publishes and reads.
#
# Terraform creates the service, and Cloud Build deploys Spillway to it. Until the first build, it runs
# Google's hello image, which listens on PORT and answers every path with 200, so the probes succeed.
# Afterwards Terraform leaves the image and the traffic alone: `terraform apply` undoes neither a
# deployment nor a roll-back.

locals {
  reads_are_open  = nonsensitive(var.read_token == "open")
  has_admin_token = nonsensitive(var.admin_token != null)

  gateway_port = 8080

  gateway_environment = {
    GOOGLE_CLOUD_PROJECT      = var.project_id
    PUBSUB_TOPIC              = google_pubsub_topic.records.name
    PUBSUB_ENDPOINT           = var.pubsub_endpoint
    FIRESTORE_DATABASE        = google_firestore_database.this.name
    FIRESTORE_ENDPOINT        = var.firestore_endpoint
    MAX_INGEST_BYTES          = tostring(var.max_ingest_bytes)
    MAX_LOGS_BYTES            = tostring(var.max_logs_bytes)
    MAX_EVENT_VALUES          = tostring(var.max_event_values)
    MAX_LOG_VALUES            = tostring(var.max_log_values)
    MAX_BODIES_BYTES          = tostring(var.max_bodies_bytes)
    MAX_BODY_SECONDS          = tostring(var.max_body_seconds)
    STORE_ORIGINAL            = tostring(var.store_original)
    TENANT_RECORDS_PER_SECOND = tostring(var.tenant_records_per_second)
    TENANT_BYTES_PER_SECOND   = tostring(var.tenant_bytes_per_second)
    TENANT_WRITES_PER_DAY     = tostring(var.tenant_writes_per_day)
    TRUSTED_HOPS              = tostring(var.trusted_hops)
    REDACT_PATHS              = tostring(var.redact_paths)
    COUNTRY_HEADERS           = join(",", var.country_headers)
    SITE_DIMENSIONS           = var.site_dimensions
    KEEP_TRAILING_SLASH       = join(",", var.keep_trailing_slash)
    MERGE_INDEX_PAGES         = join(",", var.merge_index_pages)
    READ_ORIGINS              = join(",", var.read_origins)
    PAGES                     = var.pages ? "on" : "off"
    LOG_REQUESTS              = var.log_requests
  }

  # The collector cannot send a bearer token.
  gateway_has_collector = var.prometheus && local.reads_are_open
}

resource "google_service_account" "gateway" {
  account_id   = "${var.name}-gateway"
  display_name = "Spillway gateway: publishes records, reads documents"
  depends_on   = [google_project_service.this]
}

resource "google_cloud_run_v2_service" "gateway" {
  name     = "${var.name}-gateway"
  location = var.region
  ingress  = "INGRESS_TRAFFIC_ALL"
  # Anybody may call it. A grant to allUsers would say the same, but organizations commonly forbid it.
  invoker_iam_disabled = true
  # If the first revision does not start, Terraform marks the service as tainted, and the next `apply`
  # must be able to replace it. A service holds no data.
  deletion_protection = false

  template {
    service_account = google_service_account.gateway.email
    # A body may take so long, and the answer comes within 10 s of its last byte: the gateway's own
    # answer comes first.
    timeout                          = "${var.max_body_seconds + 15}s"
    max_instance_request_concurrency = var.gateway_concurrency

    scaling {
      min_instance_count = 0
      max_instance_count = var.gateway_max_instances
    }

    containers {
      name  = "gateway"
      image = var.gateway_image

      ports {
        container_port = local.gateway_port
      }

      resources {
        limits            = { cpu = tostring(var.gateway_cpu), memory = var.gateway_memory }
        cpu_idle          = true
        startup_cpu_boost = true
      }

      dynamic "env" {
        for_each = local.gateway_environment
        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = google_secret_manager_secret.read_token
        content {
          name = "READ_TOKEN"
          value_source {
            secret_key_ref {
              secret  = env.value.secret_id
              version = "latest"
            }
          }
        }
      }

      dynamic "env" {
        for_each = google_secret_manager_secret.admin_token
        content {
          name = "ADMIN_TOKEN"
          value_source {
            secret_key_ref {
              secret  = env.value.secret_id
              version = "latest"
            }
          }
        }
      }

      # Both probes ask whether the process runs, not whether Pub/Sub and Firestore answer (/ready): if
      # the broker is down, the gateway answers 503. That is no reason to restart it or to reject a
      # revision.
      startup_probe {
        period_seconds    = 1
        timeout_seconds   = 1
        failure_threshold = 30
        http_get {
          path = "/health"
        }
      }

      liveness_probe {
        period_seconds    = 30
        timeout_seconds   = 5
        failure_threshold = 3
        http_get {
          path = "/health"
        }
      }
    }

    dynamic "containers" {
      for_each = local.gateway_has_collector ? [local.collector_image] : []
      content {
        name       = "collector"
        image      = containers.value
        depends_on = ["gateway"]
        volume_mounts {
          name       = "collector"
          mount_path = local.collector_folder
        }
      }
    }

    dynamic "volumes" {
      for_each = local.gateway_has_collector ? [google_secret_manager_secret.collector["gateway"]] : []
      content {
        name = "collector"
        secret {
          secret = volumes.value.secret_id
          items {
            version = "latest"
            path    = local.collector_file
          }
        }
      }
    }
  }

  lifecycle {
    ignore_changes = [
      template[0].containers[0].image,
      traffic,
      # gcloud records deployments in these.
      template[0].annotations,
      template[0].labels,
      client,
      client_version,
    ]
  }

  # Cloud Run reads the secrets when it creates a revision.
  depends_on = [
    google_secret_manager_secret_iam_member.this,
    google_secret_manager_secret_version.read_token,
    google_secret_manager_secret_version.admin_token,
    google_secret_manager_secret_version.collector,
  ]
}

# The read token. It is write-only: it goes to Secret Manager and not into the state. (A plan that is
# saved to a file contains all variables; do not keep one.)
resource "google_secret_manager_secret" "read_token" {
  count     = local.reads_are_open ? 0 : 1
  secret_id = "${var.name}-read-token"

  replication {
    auto {}
  }

  depends_on = [google_project_service.this]
}

resource "google_secret_manager_secret_version" "read_token" {
  count                  = local.reads_are_open ? 0 : 1
  secret                 = google_secret_manager_secret.read_token[0].id
  secret_data_wo         = var.read_token
  secret_data_wo_version = var.read_token_version

  # A running revision may still ask for the previous version.
  lifecycle {
    create_before_destroy = true
  }
}

# The operator's token, kept as the read token is.
resource "google_secret_manager_secret" "admin_token" {
  count     = local.has_admin_token ? 1 : 0
  secret_id = "${var.name}-admin-token"

  replication {
    auto {}
  }

  depends_on = [google_project_service.this]
}

resource "google_secret_manager_secret_version" "admin_token" {
  count                  = local.has_admin_token ? 1 : 0
  secret                 = google_secret_manager_secret.admin_token[0].id
  secret_data_wo         = var.admin_token
  secret_data_wo_version = var.admin_token_version

  # A running revision may still ask for the previous version.
  lifecycle {
    create_before_destroy = true
  }
}
