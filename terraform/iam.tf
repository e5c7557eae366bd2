# All grants of access. Other files have none.
#
# There are four accounts of our own (gateway, worker, push, build), and Google's Pub/Sub agent. Each
# role is granted on one resource, except those of Firestore, logs and metrics, which exist for a whole
# project only: a condition narrows these where possible.

locals {
  # The account that Pub/Sub acts as in this project. It exists once there is a topic; a grant before that
  # fails. So whatever names it waits for one.
  pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"

  this_database = "resource.name == \"projects/${var.project_id}/databases/${var.firestore_database}\""

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
      # The smoke test after a deployment reads back what it sent.
      build-reads-the-token = {
        secret = google_secret_manager_secret.read_token[0].id, member = google_service_account.build.member
      }
    },
    local.has_admin_token ? {
      gateway-reads-the-admin-token = {
        secret = google_secret_manager_secret.admin_token[0].id, member = google_service_account.gateway.member
      }
    } : {},
    { for service, account in { gateway = google_service_account.gateway, worker = google_service_account.worker } :
      "${service}-reads-its-collector" => {
        secret = google_secret_manager_secret.collector[service].id, member = account.member
      } if contains(local.collected, service)
    },
  )
}

# The gateway reads everything, and writes three things: the day's salt of visitors' ids and what it derives
# of a day's visits, which it creates and destroys, and, where somebody may change them, the settings of
# sites. Google's predefined roles would always let it change documents.
resource "google_project_iam_custom_role" "gateway" {
  role_id = "${replace(var.name, "-", "_")}_gateway"
  title   = "Spillway gateway (${var.name}): reads documents, writes salts, visits and settings"
  permissions = concat([
    "datastore.entities.create",
    "datastore.entities.delete",
    "datastore.entities.get",
    "datastore.entities.list",
  ], local.has_admin_token ? ["datastore.entities.update"] : [])

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
  for_each = merge(
    # Nobody else may: the worker trusts what it receives. (The gateway asks for no grant.)
    { for key, worker in google_cloud_run_v2_service.worker : "push-calls-the-worker-for-${key}" => {
      service = worker, role = "roles/run.invoker", member = google_service_account.push.member
    } },
    { for key, worker in google_cloud_run_v2_service.worker : "build-deploys-the-worker-for-${key}" => {
      service = worker, role = "roles/run.developer", member = google_service_account.build.member
    } },
    {
      build-deploys-the-gateway = {
        service = google_cloud_run_v2_service.gateway, role = "roles/run.developer", member = google_service_account.build.member
      }
    },
  )

  location = each.value.service.location
  name     = each.value.service.name
  role     = each.value.role
  member   = each.value.member
}

resource "google_service_account_iam_member" "this" {
  for_each = {
    # Deploying a service requires the right to act as its account.
    build-acts-as-the-gateway = {
      account = google_service_account.gateway.name, role = "roles/iam.serviceAccountUser", member = google_service_account.build.member
    }
    build-acts-as-the-worker = {
      account = google_service_account.worker.name, role = "roles/iam.serviceAccountUser", member = google_service_account.build.member
    }
    # Pub/Sub sends pushes with tokens of this account. In most projects its agent's own role allows that;
    # this grant allows it for this one account in every project.
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
    # Dead letters need two grants. The agent forwards them …
    pubsub-publishes-dead-letters = {
      topic = google_pubsub_topic.dead_letters.name, member = local.pubsub_agent
    }
  }

  topic  = each.value.topic
  role   = "roles/pubsub.publisher"
  member = each.value.member
}

resource "google_pubsub_subscription_iam_member" "this" {
  # … and acknowledges them on the subscription that they came from.
  for_each = google_pubsub_subscription.push

  subscription = each.value.name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}

resource "google_storage_bucket_iam_member" "this" {
  for_each = {
    # The agent checks the bucket and writes files into it. It cannot read them.
    pubsub-checks-the-archive = {
      bucket = google_storage_bucket.archive.name, role = "roles/storage.legacyBucketReader", member = local.pubsub_agent
    }
    pubsub-writes-the-archive = {
      bucket = google_storage_bucket.archive.name, role = "roles/storage.objectCreator", member = local.pubsub_agent
    }
    build-reads-its-source = {
      bucket = google_storage_bucket.source.name, role = "roles/storage.objectViewer", member = google_service_account.build.member
    }
  }

  bucket = each.value.bucket
  role   = each.value.role
  member = each.value.member

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
  # It pushes images, and pulls the cache.
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}
