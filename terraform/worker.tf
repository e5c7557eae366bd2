# The worker: private, scales to zero, takes pushes and commits documents. As with the gateway,
# Terraform makes the service and Cloud Build deploys to it.
#
# Mind the hello image here: it answers 200 to pushes as well, and 200 acknowledges. That harms
# nothing in an empty project, where nobody publishes before the first build. Whoever makes the
# worker anew on a topic in use sets `worker_image` to a build (docs/OPERATIONS.md).

locals {
  # What tokens of pushes are made out to. A name of our own, since the service's address is known
  # only after the service, whose environment has to name it.
  push_audience = "${var.name}-push"

  worker_port = 8081

  worker_environment = { for name, value in {
    GOOGLE_CLOUD_PROJECT = var.project_id
    FIRESTORE_DATABASE   = google_firestore_database.this.name
    # Cloud Run has checked the token's signature and cut it off; the claims are checked once more.
    PUSH_AUTH             = "cloud-run-iam"
    PUSH_AUDIENCE         = local.push_audience
    PUSH_SERVICE_ACCOUNT  = google_service_account.push.email
    WORK_SECONDS_PER_CHAR = tostring(var.work_seconds_per_char)
    STORE_ORIGINAL        = tostring(var.store_original)
    ROLLUP_SHARDS         = tostring(var.rollup_shards)
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

resource "google_cloud_run_v2_service" "worker" {
  name     = "${var.name}-worker"
  location = var.region
  # Pushes of Pub/Sub from the same project count as internal.
  ingress             = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  custom_audiences    = [local.push_audience]
  deletion_protection = var.deletion_protection

  template {
    service_account = google_service_account.worker.email
    # Above the ack deadline: Pub/Sub gives up on a delivery before Cloud Run does.
    timeout                          = "${local.ack_deadline_seconds + 60}s"
    max_instance_request_concurrency = var.worker_concurrency

    scaling {
      min_instance_count = 0
      max_instance_count = var.worker_max_instances
    }

    containers {
      name  = "worker"
      image = var.worker_image

      ports {
        container_port = local.worker_port
      }

      resources {
        limits = { cpu = tostring(var.worker_cpu), memory = var.worker_memory }
        # The worker does nothing after its answer, so it needs no processor between requests.
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
      # What gcloud notes down about a deployment.
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
