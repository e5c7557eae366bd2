# The documents: database, indexes, exemptions, expiry.

locals {
  # The one declared list, which the code checks its queries against.
  indexes = { for index in jsondecode(file("${path.module}/indexes.json")) :
    join(" ", concat([index.collection], [for field in index.fields : "${field[0]}:${field[1]}"])) => index
  }

  # Firestore indexes every field by itself. These are never filtered or ordered by alone: texts
  # and bytes are large; times only grow, and an index of what grows takes about 500 writes a
  # second; `count` changes with every commit.
  unindexed = {
    events         = ["payload", "received_at", "timestamp"]
    log_batches    = ["first", "last", "processed_at", "received_at"]
    parts          = ["first", "last", "modified_data", "original_text", "processed_at"]
    processed_logs = ["modified_data", "original_text", "processed_at", "received_at"]
    quarantine     = ["attributes", "data", "detail", "first_seen"]
    rollups        = ["count", "start"]
  }

  # What expires where a retention is set; rollups and visitors stay. Salts of visitors' ids always
  # do: the gateway destroys old ones while it runs, and there may be none running.
  expiring = concat(
    ["salts"],
    var.retention_days == null ? [] : ["events", "log_batches", "parts", "processed_logs", "quarantine"],
  )
}

resource "google_firestore_database" "this" {
  name                              = var.firestore_database
  location_id                       = coalesce(var.firestore_location, var.region)
  type                              = "FIRESTORE_NATIVE"
  point_in_time_recovery_enablement = var.point_in_time_recovery ? "POINT_IN_TIME_RECOVERY_ENABLED" : "POINT_IN_TIME_RECOVERY_DISABLED"
  delete_protection_state           = var.deletion_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  # Without it, `terraform destroy` would only forget the database.
  deletion_policy = "DELETE"

  depends_on = [google_project_service.this]
}

resource "google_firestore_index" "this" {
  for_each = local.indexes

  database    = google_firestore_database.this.name
  collection  = each.value.collection
  query_scope = "COLLECTION"

  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path = fields.value[0]
      order      = fields.value[1]
    }
  }
}

resource "google_firestore_field" "unindexed" {
  for_each = { for pair in flatten([
    for collection, fields in local.unindexed : [for field in fields : { collection = collection, field = field }]
  ]) : "${pair.collection}.${pair.field}" => pair }

  database   = google_firestore_database.this.name
  collection = each.value.collection
  field      = each.value.field

  # Empty: no index at all.
  index_config {}
}

resource "google_firestore_field" "expire_at" {
  for_each = toset(local.expiring)

  database   = google_firestore_database.this.name
  collection = each.value
  field      = "expire_at"

  # A time that only grows, which nothing but the expiry itself looks at.
  index_config {}
  ttl_config {}
}
