# The topic, and how its messages reach the worker.

locals {
  # The longest that Pub/Sub allows: a part of 4,000 characters is worked on for 200 s.
  ack_deadline_seconds = 600

  # 31 days, the longest that Pub/Sub allows.
  message_retention = "2678400s"

  max_delivery_attempts = 100

  # Texts are slow and events are not, so each has a subscription, with a push window of its own.
  # The second filter is the first one's opposite and no list of kinds: a kind that comes later, or
  # a message without one, is delivered too, and once.
  push_filters = {
    text = "attributes.kind = \"text\""
    rest = "NOT attributes.kind = \"text\""
  }
}

resource "google_pubsub_topic" "records" {
  name = var.name
  # Acknowledged messages too, so that a subscription can be sought back.
  message_retention_duration = "${var.replay_days * 86400}s"

  # Messages stay in the region; so there is one push window for each subscription, not one for
  # each region that somebody publishes from.
  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_project_service.this]
}

resource "google_pubsub_subscription" "push" {
  for_each = local.push_filters

  name                       = "${var.name}-${each.key}"
  topic                      = google_pubsub_topic.records.id
  filter                     = each.value
  ack_deadline_seconds       = local.ack_deadline_seconds
  message_retention_duration = local.message_retention

  # Never: by default a subscription is deleted after 31 quiet days.
  expiration_policy {
    ttl = ""
  }

  retry_policy {
    minimum_backoff = "5s"
    maximum_backoff = "600s"
  }

  # With the back-off above, 100 attempts are some 16 hours: an outage of a night passes.
  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_letters.id
    max_delivery_attempts = local.max_delivery_attempts
  }

  push_config {
    push_endpoint = "${google_cloud_run_v2_service.worker.uri}/push"
    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = local.push_audience
    }
  }
}

# What was tried too often. It has no dead letters of its own: the worker stores or quarantines it,
# and while it can do neither, it is tried again.
resource "google_pubsub_topic" "dead_letters" {
  name = "${var.name}-dead-letters"

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_project_service.this]
}

resource "google_pubsub_subscription" "dead_letters" {
  name                       = "${var.name}-dead-letters"
  topic                      = google_pubsub_topic.dead_letters.id
  ack_deadline_seconds       = local.ack_deadline_seconds
  message_retention_duration = local.message_retention

  expiration_policy {
    ttl = ""
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  push_config {
    push_endpoint = "${google_cloud_run_v2_service.worker.uri}/dead-letter"
    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = local.push_audience
    }
  }
}
