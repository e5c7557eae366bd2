# Every grant, and there is none elsewhere: who may do what, on what.
#
# Four accounts of our own (gateway, worker, push, build) and Pub/Sub's agent, which is Google's.
# All roles are on one resource, but for Firestore's and Cloud Build's, which a project only has as
# a whole: those are narrowed by a condition where there is one.

locals {
  # What Pub/Sub acts as in this project. It exists as soon as there is a topic.
  pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"

  this_database = "resource.name == \"projects/${var.project_id}/databases/${var.firestore_database}\""

  # Where `gcloud builds submit` leaves the source: in one bucket, or in one of the region.
  source_buckets = [
    "projects/_/buckets/${var.project_id}_cloudbuild",
    "projects/_/buckets/${var.project_id}_${var.region}_cloudbuild",
  ]

  project_grants = merge(
    {
      gateway-reads-documents = {
        member = google_service_account.gateway.member, role = google_project_iam_custom_role.gateway.id, condition = local.this_database
      }
      worker-writes-documents = {
        member = google_service_account.worker.member, role = "roles/datastore.user", condition = local.this_database
      }
      build-writes-its-log = {
        member = google_service_account.build.member, role = "roles/logging.logWriter", condition = null
      }
      build-reads-its-source = {
        member    = google_service_account.build.member, role = "roles/storage.objectViewer"
        condition = join(" || ", [for bucket in local.source_buckets : "resource.name == \"${bucket}\" || resource.name.startsWith(\"${bucket}/\")"])
      }
    },
    local.gateway_has_collector ? {
      gateway-writes-metrics = {
        member = google_service_account.gateway.member, role = "roles/monitoring.metricWriter", condition = null
      }
    } : {},
    var.prometheus ? {
      worker-writes-metrics = {
        member = google_service_account.worker.member, role = "roles/monitoring.metricWriter", condition = null
      }
    } : {},
  )

  secret_grants = merge(
    local.reads_are_open ? {} : {
      gateway-reads-the-token = {
        secret = google_secret_manager_secret.read_token[0].id, member = google_service_account.gateway.member
      }
      # To read back what it sent when it tries a deployment out.
      build-reads-the-token = {
        secret = google_secret_manager_secret.read_token[0].id, member = google_service_account.build.member
      }
    },
    { for service, account in { gateway = google_service_account.gateway, worker = google_service_account.worker } :
      "${service}-reads-its-collector" => {
        secret = google_secret_manager_secret.collector[service].id, member = account.member
      } if contains(local.collected, service)
    },
  )
}

# The gateway reads all, and writes one thing: the day's salt of visitors' ids, which it creates and
# destroys. Google's own roles would let it change documents as well.
resource "google_project_iam_custom_role" "gateway" {
  role_id = "${replace(var.name, "-", "_")}_gateway"
  title   = "Spillway gateway (${var.name}): reads documents, creates and destroys salts"
  permissions = [
    "datastore.entities.create",
    "datastore.entities.delete",
    "datastore.entities.get",
    "datastore.entities.list",
  ]

  depends_on = [google_project_service.this]
}

resource "google_project_iam_member" "this" {
  for_each = local.project_grants

  project = var.project_id
  role    = each.value.role
  member  = each.value.member

  dynamic "condition" {
    for_each = each.value.condition == null ? [] : [each.value.condition]
    content {
      title      = each.key
      expression = condition.value
    }
  }
}

resource "google_cloud_run_v2_service_iam_member" "this" {
  for_each = {
    anybody-calls-the-gateway = {
      service = google_cloud_run_v2_service.gateway, role = "roles/run.invoker", member = "allUsers"
    }
    # Nobody else: the worker believes what it is sent.
    push-calls-the-worker = {
      service = google_cloud_run_v2_service.worker, role = "roles/run.invoker", member = google_service_account.push.member
    }
    build-deploys-the-gateway = {
      service = google_cloud_run_v2_service.gateway, role = "roles/run.developer", member = google_service_account.build.member
    }
    build-deploys-the-worker = {
      service = google_cloud_run_v2_service.worker, role = "roles/run.developer", member = google_service_account.build.member
    }
  }

  location = each.value.service.location
  name     = each.value.service.name
  role     = each.value.role
  member   = each.value.member
}

resource "google_service_account_iam_member" "this" {
  for_each = {
    # A service can be deployed only by who may act as its account.
    build-acts-as-the-gateway = {
      account = google_service_account.gateway.name, role = "roles/iam.serviceAccountUser", member = google_service_account.build.member
    }
    build-acts-as-the-worker = {
      account = google_service_account.worker.name, role = "roles/iam.serviceAccountUser", member = google_service_account.build.member
    }
    # Pub/Sub signs its pushes with this account's tokens. Its agent may do so anyway in projects
    # that leave agents their own role; here it may for this one account, whatever the project does.
    pubsub-pushes-as-push = {
      account = google_service_account.push.name, role = "roles/iam.serviceAccountOpenIdTokenCreator", member = local.pubsub_agent
    }
  }

  service_account_id = each.value.account
  role               = each.value.role
  member             = each.value.member

  depends_on = [google_pubsub_topic.records]
}

resource "google_pubsub_topic_iam_member" "this" {
  for_each = {
    gateway-publishes-records = {
      topic = google_pubsub_topic.records.name, member = google_service_account.gateway.member
    }
    # Half of what dead letters need: the agent forwards them …
    pubsub-publishes-dead-letters = {
      topic = google_pubsub_topic.dead_letters.name, member = local.pubsub_agent
    }
  }

  topic  = each.value.topic
  role   = "roles/pubsub.publisher"
  member = each.value.member
}

resource "google_pubsub_subscription_iam_member" "this" {
  # … and the other half: it takes them off the subscription that they came from.
  for_each = google_pubsub_subscription.push

  subscription = each.value.name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}

resource "google_storage_bucket_iam_member" "this" {
  # The agent writes files of the archive, and looks at the bucket before. It can read none.
  for_each = toset(["roles/storage.objectCreator", "roles/storage.legacyBucketReader"])

  bucket = google_storage_bucket.archive.name
  role   = each.value
  member = local.pubsub_agent

  depends_on = [google_pubsub_topic.records]
}

resource "google_bigquery_table_iam_member" "this" {
  count = var.bigquery ? 1 : 0

  dataset_id = google_bigquery_dataset.this[0].dataset_id
  table_id   = google_bigquery_table.messages[0].table_id
  role       = "roles/bigquery.dataEditor"
  member     = local.pubsub_agent

  depends_on = [google_pubsub_topic.records]
}

resource "google_secret_manager_secret_iam_member" "this" {
  for_each = local.secret_grants

  secret_id = each.value.secret
  role      = "roles/secretmanager.secretAccessor"
  member    = each.value.member
}

resource "google_artifact_registry_repository_iam_member" "this" {
  # Pushing, and pulling for the cache.
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}
