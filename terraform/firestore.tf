# The documents: database, indexes, exemptions, expiry.

locals {
  # The one list of indexes, and of fields without. A test compares it with the queries that the code asks.
  declared = jsondecode(file("${path.module}/indexes.json"))
  indexes = { for index in local.declared.composite :
    join(" ", concat([index.collection], [for field in index.fields : "${field[0]}:${field[1]}"])) => index
  }

  # Firestore indexes every field by default, in both directions, and bills the entries as storage. An
  # index on a time that only grows also takes just 500 writes a second, and one on a count changes with
  # every commit. So no field has an index of its own …
  unindexed = local.declared.unindexed

  # … except those that a query compares without an order, which needs no composite index.
  indexed = local.declared.indexed

  # With a retention, these expire; rollups and visitors stay. Salts of visitors' ids always expire: a
  # running gateway destroys old ones, but none may be running.
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
  # Without this, `terraform destroy` would only remove the database from the state.
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
  for_each = toset(local.unindexed)

  database   = google_firestore_database.this.name
  collection = each.value
  # Every field that has no configuration of its own.
  field = "*"

  # Empty means no index.
  index_config {}
}

resource "google_firestore_field" "indexed" {
  for_each = { for pair in flatten([
    for collection, fields in local.indexed : [for field in fields : { collection = collection, field = field }]
  ]) : "${pair.collection}.${pair.field}" => pair }

  database   = google_firestore_database.this.name
  collection = each.value.collection
  field      = each.value.field

  index_config {
    indexes {
      order = "ASCENDING"
    }
  }
}

resource "google_firestore_field" "expire_at" {
  for_each = toset(local.expiring)

  database   = google_firestore_database.this.name
  collection = each.value
  field      = "expire_at"

  # A time that only grows, and that only the expiry reads.
  index_config {}
  ttl_config {}
}
