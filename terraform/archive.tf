# Every message, raw: as Avro files in a bucket, and in BigQuery with `bigquery = true`.

locals {
  # Replayed messages were archived when they first came.
  archive_filter = join(" AND ", concat(
    ["NOT attributes:replay"],
    # The archive holds what was published, unredacted. So without originals, it has no texts.
    var.store_original ? [] : ["NOT attributes.kind = \"text\""],
  ))

  # Files older than 30 days are rarely read. Nearline charges for at least 30 days, so it does not pay
  # off for files that are deleted soon after.
  archive_cools = var.archive_days == null ? true : var.archive_days >= 60
}

resource "google_storage_bucket" "archive" {
  # Bucket names are global.
  name                        = "${var.project_id}-${var.name}-archive"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  dynamic "lifecycle_rule" {
    for_each = local.archive_cools ? [30] : []
    content {
      action {
        type          = "SetStorageClass"
        storage_class = "NEARLINE"
      }
      condition {
        age = lifecycle_rule.value
      }
    }
  }

  dynamic "lifecycle_rule" {
    for_each = var.archive_days == null ? [] : [var.archive_days]
    content {
      action {
        type = "Delete"
      }
      condition {
        age = lifecycle_rule.value
      }
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_pubsub_subscription" "archive" {
  name                       = "${var.name}-archive"
  topic                      = google_pubsub_topic.records.id
  filter                     = local.archive_filter
  ack_deadline_seconds       = local.ack_deadline_seconds
  message_retention_duration = local.message_retention

  expiration_policy {
    ttl = ""
  }

  cloud_storage_config {
    bucket                   = google_storage_bucket.archive.name
    filename_datetime_format = "YYYY-MM-DD/hh_mm_ssZ"
    filename_suffix          = ".avro"
    # A message waits at most 5 minutes; a file is at most 64 MiB.
    max_duration = "300s"
    max_bytes    = 67108864

    # With the attributes: they name the tenant and the kind.
    avro_config {
      write_metadata = true
    }
  }

  # Pub/Sub checks that its agent may write there. A grant takes a minute or two to be known everywhere,
  # and no resource waits for that; building the indexes takes longer, so we wait for those.
  depends_on = [google_storage_bucket_iam_member.this, google_firestore_index.this]
}

# BigQuery gets what is counted: events and access logs. Texts are not for queries, and would be
# unredacted there.
resource "google_bigquery_dataset" "this" {
  count                      = var.bigquery ? 1 : 0
  dataset_id                 = replace(var.name, "-", "_")
  location                   = var.region
  delete_contents_on_destroy = !var.deletion_protection
  depends_on                 = [google_project_service.this]
}

resource "google_bigquery_table" "messages" {
  count               = var.bigquery ? 1 : 0
  dataset_id          = google_bigquery_dataset.this[0].dataset_id
  table_id            = "messages"
  deletion_protection = var.deletion_protection

  time_partitioning {
    type          = "DAY"
    field         = "publish_time"
    expiration_ms = var.archive_days == null ? null : var.archive_days * 86400000
  }

  # The columns that a subscription without a schema writes.
  schema = jsonencode([
    { name = "subscription_name", type = "STRING", mode = "NULLABLE" },
    { name = "message_id", type = "STRING", mode = "NULLABLE" },
    { name = "publish_time", type = "TIMESTAMP", mode = "NULLABLE" },
    { name = "data", type = "STRING", mode = "NULLABLE" },
    { name = "attributes", type = "JSON", mode = "NULLABLE" },
  ])
}

resource "google_pubsub_subscription" "bigquery" {
  count = var.bigquery ? 1 : 0

  name                       = "${var.name}-bigquery"
  topic                      = google_pubsub_topic.records.id
  filter                     = "NOT attributes:replay AND NOT attributes.kind = \"text\""
  ack_deadline_seconds       = local.ack_deadline_seconds
  message_retention_duration = local.message_retention

  expiration_policy {
    ttl = ""
  }

  bigquery_config {
    table          = "${var.project_id}.${google_bigquery_dataset.this[0].dataset_id}.${google_bigquery_table.messages[0].table_id}"
    write_metadata = true
  }

  depends_on = [google_bigquery_table_iam_member.this, google_firestore_index.this]
}
