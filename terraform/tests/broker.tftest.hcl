# The way of a message: filters, deadlines, dead letters and the archive.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project_id = "test-project"
  read_token = "open"
}

run "every_kind_is_pushed_exactly_once" {
  # The next assertion understands only terms of this form, joined by AND.
  assert {
    condition = alltrue(flatten([for subscription in google_pubsub_subscription.push : [
      for term in split(" AND ", subscription.filter) : can(regex("^(NOT )?attributes\\.kind = \"[a-z_]+\"$", term))
    ]]))
    error_message = "A filter has a form that this test does not understand."
  }

  # Including an unknown kind, and a message without one ("").
  assert {
    condition = alltrue([for kind in ["text", "access_log", "event", "later", ""] :
      length([for subscription in google_pubsub_subscription.push : subscription if alltrue([
        for term in split(" AND ", subscription.filter) :
        startswith(term, "NOT ") != strcontains(term, "= \"${kind}\"")
      ])]) == 1
    ])
    error_message = "Each kind must match exactly one filter."
  }

  assert {
    condition     = google_pubsub_subscription.push["text"].filter == "attributes.kind = \"text\""
    error_message = "Texts need a subscription of their own, so that nothing else waits for them."
  }

  assert {
    condition = { for key, subscription in google_pubsub_subscription.push : key => "${subscription.topic} ${subscription.push_config[0].push_endpoint}" } == {
      text = "topics/records https://texts.test/push"
      rest = "topics/records https://rest.test/push"
    }
    error_message = "Texts must be pushed to one worker, and everything else to the other one."
  }
}

run "subscriptions_have_the_longest_deadlines" {
  variables {
    bigquery = true
  }

  assert {
    condition = alltrue([
      for subscription in concat(
        values(google_pubsub_subscription.push),
        [google_pubsub_subscription.dead_letters, google_pubsub_subscription.archive],
        google_pubsub_subscription.bigquery,
      ) : subscription.expiration_policy[0].ttl == ""
    ])
    error_message = "A subscription must never expire."
  }

  assert {
    condition = alltrue([
      for subscription in concat(
        values(google_pubsub_subscription.push),
        [google_pubsub_subscription.dead_letters, google_pubsub_subscription.archive],
        google_pubsub_subscription.bigquery,
      ) : subscription.message_retention_duration == "2678400s" && subscription.ack_deadline_seconds == 600
    ])
    error_message = "Messages must be kept for 31 days, and a delivery may take 600 s."
  }

  assert {
    condition     = alltrue([for key, worker in google_cloud_run_v2_service.worker : tonumber(trimsuffix(worker.template[0].timeout, "s")) > google_pubsub_subscription.push[key].ack_deadline_seconds])
    error_message = "Cloud Run must not end a push before Pub/Sub gives up on it."
  }

  # The lists above must be complete.
  assert {
    condition = toset(flatten([for file in fileset(path.module, "*.tf") :
      flatten(regexall("(?m)^resource \"google_pubsub_subscription\" \"([a-z_]+)\"", file("${path.module}/${file}")))
    ])) == toset(["push", "dead_letters", "archive", "bigquery"])
    error_message = "These tests do not check every subscription."
  }
}

run "a_message_that_fails_too_often_becomes_a_dead_letter" {
  assert {
    condition = alltrue([for subscription in google_pubsub_subscription.push :
      subscription.dead_letter_policy[0].dead_letter_topic == "topics/dead-letters"
      && subscription.dead_letter_policy[0].max_delivery_attempts == 100
    ])
    error_message = "After 100 attempts a message must go to the dead-letter topic."
  }

  assert {
    condition = (
      [for grant in google_pubsub_topic_iam_member.this : grant.role if grant.topic == google_pubsub_topic.dead_letters.name && strcontains(grant.member, "@gcp-sa-pubsub.")] == ["roles/pubsub.publisher"]
    )
    error_message = "Pub/Sub's service agent must be allowed to publish dead letters."
  }

  assert {
    condition = alltrue([for subscription in google_pubsub_subscription.push :
      [for grant in google_pubsub_subscription_iam_member.this : grant.role if grant.subscription == subscription.name && strcontains(grant.member, "@gcp-sa-pubsub.")] == ["roles/pubsub.subscriber"]
    ])
    error_message = "Pub/Sub's service agent must be allowed to acknowledge them on each subscription."
  }

  assert {
    condition = (
      google_pubsub_subscription.dead_letters.topic == "topics/dead-letters"
      && google_pubsub_subscription.dead_letters.push_config[0].push_endpoint == "https://texts.test/dead-letter"
      && length(google_pubsub_subscription.dead_letters.dead_letter_policy) == 0
    )
    error_message = "Dead letters must be pushed to the worker's /dead-letter until it acknowledges them."
  }

  assert {
    condition = alltrue([for subscription in concat(values(google_pubsub_subscription.push), [google_pubsub_subscription.dead_letters]) :
      subscription.retry_policy[0].maximum_backoff == "600s"
    ])
    error_message = "Failed deliveries must be retried with back-off."
  }
}

run "a_subscription_can_be_replayed" {
  variables {
    replay_days = 3
  }

  assert {
    condition     = google_pubsub_topic.records.message_retention_duration == "259200s"
    error_message = "The topic must keep acknowledged messages for replay_days."
  }

  assert {
    condition     = google_pubsub_topic.records.message_storage_policy[0].allowed_persistence_regions == toset(["europe-west1"])
    error_message = "Messages must stay in the region."
  }
}

run "every_message_is_archived_with_its_attributes" {
  assert {
    condition     = google_pubsub_subscription.archive.cloud_storage_config[0].avro_config[0].write_metadata == true
    error_message = "Without metadata the archive does not say which tenant a message belongs to."
  }

  assert {
    condition     = google_pubsub_subscription.archive.cloud_storage_config[0].bucket == "test-project-spillway-archive" && endswith(google_pubsub_subscription.archive.cloud_storage_config[0].filename_suffix, ".avro")
    error_message = "The archive must be in its bucket, in files with names that `spillway aggregate` reads."
  }

  assert {
    condition     = google_pubsub_subscription.archive.filter == "NOT attributes:replay"
    error_message = "Everything except replayed messages must be archived."
  }

  assert {
    condition     = google_storage_bucket.archive.public_access_prevention == "enforced" && google_storage_bucket.archive.uniform_bucket_level_access == true
    error_message = "The archive must never be public."
  }
}

run "texts_are_not_archived_if_originals_are_not_stored" {
  variables {
    store_original = false
  }

  assert {
    condition     = google_pubsub_subscription.archive.filter == "NOT attributes:replay AND NOT attributes.kind = \"text\""
    error_message = "An archived text would be unredacted."
  }
}

run "bigquery_gets_what_is_counted" {
  variables {
    bigquery = true
  }

  assert {
    condition = (
      google_pubsub_subscription.bigquery[0].filter == "NOT attributes:replay AND NOT attributes.kind = \"text\""
      && google_pubsub_subscription.bigquery[0].bigquery_config[0].write_metadata == true
      && google_pubsub_subscription.bigquery[0].bigquery_config[0].table == "test-project.spillway.messages"
    )
    error_message = "BigQuery must get events and access logs once, with their attributes."
  }
}

run "there_is_no_bigquery_unless_asked_for" {
  assert {
    condition     = length(google_pubsub_subscription.bigquery) + length(google_bigquery_table.messages) + length(google_bigquery_table_iam_member.this) == 0
    error_message = "BigQuery must be optional."
  }
}
