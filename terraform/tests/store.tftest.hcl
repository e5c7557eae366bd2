# The database: indexes, exemptions and expiry.

mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  project_id = "test-project"
  read_token = "open"
}

run "the_indexes_are_those_of_the_declared_file" {
  command = plan

  assert {
    condition = toset([for index in google_firestore_index.this :
      jsonencode({ collection = index.collection, fields = [for field in index.fields : [field.field_path, field.order]] })
    ]) == toset([for index in jsondecode(file("${path.module}/indexes.json")).composite : jsonencode(index)])
    error_message = "Firestore must have the indexes of indexes.json, with the fields in order."
  }

  assert {
    condition     = length(google_firestore_index.this) == length(jsondecode(file("${path.module}/indexes.json")).composite)
    error_message = "Each declared index must be one index."
  }

  assert {
    condition     = alltrue([for index in google_firestore_index.this : index.query_scope == "COLLECTION" && index.database == "(default)"])
    error_message = "Indexes must cover a collection of one tenant."
  }
}

run "only_fields_that_are_queried_alone_have_an_index" {
  command = plan

  assert {
    condition = toset([for field in google_firestore_field.unindexed : "${field.collection}.${field.field}"]) == toset([
      "events.*", "log_batches.*", "parts.*", "processed_logs.*", "quarantine.*", "rollups.*", "salts.*", "settings.*", "visitors.*", "visits.*",
    ])
    error_message = "Every collection must be exempt from automatic indexes."
  }

  assert {
    condition     = alltrue([for field in google_firestore_field.unindexed : length(field.index_config) == 1 && length(field.index_config[0].indexes) == 0 && length(field.ttl_config) == 0])
    error_message = "An exemption must be an empty list of indexes."
  }

  # Firestore answers filters for equality from these: users of a day, days of a user, and event types of
  # all time.
  assert {
    condition = { for field in google_firestore_field.indexed :
      "${field.collection}.${field.field}" => [for index in field.index_config[0].indexes : index.order]
      } == {
      "rollups.dimension" = ["ASCENDING"]
      "rollups.grain"     = ["ASCENDING"]
      "visitors.day"      = ["ASCENDING"]
      "visitors.user"     = ["ASCENDING"]
    }
    error_message = "A field that is queried alone must have its index, and no other may have one."
  }

  # What expires is in a collection that is exempt.
  assert {
    condition     = alltrue([for field in google_firestore_field.expire_at : contains(keys(google_firestore_field.unindexed), field.collection)])
    error_message = "A collection is missing above."
  }
}

run "no_record_expires_by_default" {
  command = plan

  assert {
    condition     = [for field in google_firestore_field.expire_at : field.collection] == ["salts"]
    error_message = "Without a retention only the salts may expire."
  }

  assert {
    condition     = alltrue([for worker in google_cloud_run_v2_service.worker : !contains([for env in worker.template[0].containers[0].env : env.name], "RETENTION_DAYS")])
    error_message = "Without a retention the worker must not set expire_at."
  }
}

run "records_expire_if_a_retention_is_set" {
  command = plan

  variables {
    retention_days = 32
  }

  assert {
    condition     = toset([for field in google_firestore_field.expire_at : field.collection]) == toset(["events", "log_batches", "parts", "processed_logs", "quarantine", "salts"])
    error_message = "Events, logs, parts, batches and quarantine must expire; rollups and visitors must stay."
  }

  assert {
    condition = alltrue([for field in google_firestore_field.expire_at :
      field.field == "expire_at" && length(field.ttl_config) == 1 && length(field.index_config) == 1 && length(field.index_config[0].indexes) == 0
    ])
    error_message = "expire_at must be the TTL field and have no index."
  }

  assert {
    condition     = alltrue([for worker in google_cloud_run_v2_service.worker : [for env in worker.template[0].containers[0].env : env.value if env.name == "RETENTION_DAYS"] == ["32"]])
    error_message = "The worker must know the retention."
  }
}

run "the_database_is_protected" {
  command = plan

  assert {
    condition = (
      google_firestore_database.this.type == "FIRESTORE_NATIVE"
      && google_firestore_database.this.location_id == "europe-west1"
      && google_firestore_database.this.delete_protection_state == "DELETE_PROTECTION_ENABLED"
      && google_firestore_database.this.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_DISABLED"
      # With the protection lifted, `terraform destroy` deletes it, and does not only forget it.
      && google_firestore_database.this.deletion_policy == "DELETE"
    )
    error_message = "The database must be a native one, in the region, protected from deletion."
  }
}
