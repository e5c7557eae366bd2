# The worker: private, scales to zero, takes pushes and commits documents. It runs as two services from
# one image. As with the gateway, Terraform creates the services and Cloud Build deploys to them.
#
# Beware of the hello image here: it answers pushes with 200, and 200 acknowledges. In a new project
# that does no harm, since nobody publishes before the first build. To recreate the worker on a topic in
# use, set `worker_image` to a real image (docs/OPERATIONS.md).

locals {
  # Texts wait for their work and hardly write, so their service scales wide. Everything else is counted in
  # documents that all instances share, and a document takes about one write a second: so few instances
  # count, each of them many messages at once. The second filter negates the first instead of listing
  # kinds, so a new kind, or a message without a kind, is delivered too, and only once.
  workers = {
    text = { name = "${var.name}-worker-text", max_instances = var.worker_text_max_instances, filter = "attributes.kind = \"text\"" }
    rest = { name = "${var.name}-worker", max_instances = var.worker_rest_max_instances, filter = "NOT attributes.kind = \"text\"" }
  }

  # The audience of push tokens. It is a name of our own: the service's environment must contain it, but
  # the service's URL is known only after the service exists.
  push_audience = "${var.name}-push"

  worker_port = 8081

  worker_environment = { for name, value in {
    GOOGLE_CLOUD_PROJECT = var.project_id
    FIRESTORE_DATABASE   = google_firestore_database.this.name
    FIRESTORE_ENDPOINT   = var.firestore_endpoint
    # Cloud Run checks the token's signature and removes it; the worker checks the claims again.
    PUSH_AUTH             = "cloud-run-iam"
    PUSH_AUDIENCE         = local.push_audience
    PUSH_SERVICE_ACCOUNT  = google_service_account.push.email
    WORK_SECONDS_PER_CHAR = tostring(var.work_seconds_per_char)
    STORE_ORIGINAL        = tostring(var.store_original)
    ROLLUP_SHARDS         = tostring(var.rollup_shards)
    LOG_DIMENSIONS        = var.log_dimensions
    COMMIT_INTERVAL_MS    = try(tostring(var.commit_interval_ms), null)
    RETENTION_DAYS        = try(tostring(var.retention_days), null)
  } : name => value if value != null }
}

resource "google_service_account" "worker" {
  account_id   = "${var.name}-worker"
  display_name = "Spillway worker: writes documents"
  depends_on   = [google_project_service.this]
}

resource "google_service_account" "push" {
  account_id   = "${var.name}-push"
  display_name = "Spillway push: what Pub/Sub calls the worker as"
  depends_on   = [google_project_service.this]
}

# Before there were two, the one service had this name.
moved {
  from = google_cloud_run_v2_service.worker
  to   = google_cloud_run_v2_service.worker["rest"]
}

resource "google_cloud_run_v2_service" "worker" {
  for_each = local.workers

  name     = each.value.name
  location = var.region
  # Pushes from Pub/Sub in the same project count as internal.
  ingress          = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  custom_audiences = [local.push_audience]
  # As with the gateway: a service whose first revision fails must be replaceable.
  deletion_protection = false

  template {
    service_account = google_service_account.worker.email
    # Longer than the ack deadline, so that Pub/Sub gives up on a delivery before Cloud Run does.
    timeout                          = "${local.ack_deadline_seconds + 60}s"
    max_instance_request_concurrency = var.worker_concurrency

    scaling {
      min_instance_count = 0
      max_instance_count = each.value.max_instances
    }

    containers {
      name  = "worker"
      image = var.worker_image

      ports {
        container_port = local.worker_port
      }

      resources {
        limits = { cpu = tostring(var.worker_cpu), memory = var.worker_memory }
        # The worker does nothing after it has answered, so it needs no CPU between requests.
        cpu_idle          = true
        startup_cpu_boost = true
      }

      dynamic "env" {
        for_each = local.worker_environment
        content {
          name  = env.key
          value = env.value
        }
      }

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
      for_each = var.prometheus ? [local.collector_image] : []
      content {
        name       = "collector"
        image      = containers.value
        depends_on = ["worker"]
        volume_mounts {
          name       = "collector"
          mount_path = local.collector_folder
        }
      }
    }

    dynamic "volumes" {
      for_each = var.prometheus ? [google_secret_manager_secret.collector["worker"]] : []
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

  depends_on = [
    google_secret_manager_secret_iam_member.this,
    google_secret_manager_secret_version.collector,
  ]
}
