# The topic, and the subscriptions that push its messages to the workers.

locals {
  # Pub/Sub's maximum. A part of 4,000 characters takes 200 s of work.
  ack_deadline_seconds = 600

  # 31 days, Pub/Sub's maximum.
  message_retention = "2678400s"

  max_delivery_attempts = 100
}

resource "google_pubsub_topic" "records" {
  name = var.name
  # Keep acknowledged messages too, so that a subscription can seek back.
  message_retention_duration = "${var.replay_days * 86400}s"

  # Messages stay in the region. So each subscription has one push window, not one for each region from
  # which somebody publishes.
  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_project_service.this]
}

# Texts are slow and events are not, so each has a subscription with its own push window, to a service of
# its own.
resource "google_pubsub_subscription" "push" {
  for_each = local.workers

  name                       = "${var.name}-${each.key}"
  topic                      = google_pubsub_topic.records.id
  filter                     = each.value.filter
  ack_deadline_seconds       = local.ack_deadline_seconds
  message_retention_duration = local.message_retention

  # Never expire. By default, Google deletes a subscription after 31 days without activity.
  expiration_policy {
    ttl = ""
  }

  retry_policy {
    minimum_backoff = "5s"
    maximum_backoff = "600s"
  }

  # With this back-off, 100 attempts take about 16 hours, longer than an outage of one night.
  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_letters.id
    max_delivery_attempts = local.max_delivery_attempts
  }

  push_config {
    push_endpoint = "${google_cloud_run_v2_service.worker[each.key].uri}/push"
    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = local.push_audience
    }
  }
}

# Messages whose delivery failed too often. They have no dead letters of their own: Pub/Sub retries
# until a worker has stored or quarantined them. That is the one with room for slow messages: any worker
# takes any kind.
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
    push_endpoint = "${google_cloud_run_v2_service.worker["text"].uri}/dead-letter"
    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = local.push_audience
    }
  }
}
