# Alerts, a dashboard, what is logged, and the services' own metrics with `prometheus = true`.

locals {
  # Every subscription, including the archive's.
  subscriptions = concat(
    [for subscription in google_pubsub_subscription.push : subscription.name],
    [google_pubsub_subscription.dead_letters.name, google_pubsub_subscription.archive.name],
    [for subscription in google_pubsub_subscription.bigquery : subscription.name],
  )
  worker_names = [for worker in google_cloud_run_v2_service.worker : worker.name]
  pushed = concat(
    [for subscription in google_pubsub_subscription.push : subscription.name],
    [google_pubsub_subscription.dead_letters.name],
  )

  services = concat([google_cloud_run_v2_service.gateway.name], local.worker_names)

  of_any     = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = one_of(\"${join("\", \"", local.subscriptions)}\")"
  of_pushed  = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = one_of(\"${join("\", \"", local.pushed)}\")"
  of_gateway = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = \"${google_cloud_run_v2_service.gateway.name}\""
  of_all     = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = one_of(\"${join("\", \"", local.services)}\")"

  unacked_age   = "${local.of_any} AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
  unacked_count = "${local.of_any} AND metric.type = \"pubsub.googleapis.com/subscription/num_undelivered_messages\""
  pushes        = "${local.of_pushed} AND metric.type = \"pubsub.googleapis.com/subscription/push_request_count\""
  dead_letters  = "${local.of_pushed} AND metric.type = \"pubsub.googleapis.com/subscription/dead_letter_message_count\""
  requests      = "${local.of_gateway} AND metric.type = \"run.googleapis.com/request_count\""
  latencies     = "${local.of_gateway} AND metric.type = \"run.googleapis.com/request_latencies\""
  instances     = "${local.of_all} AND metric.type = \"run.googleapis.com/container/instance_count\""
  writes        = "resource.type = \"firestore.googleapis.com/Database\" AND metric.type = \"firestore.googleapis.com/document/write_ops_count\""

  # docs/OPERATIONS.md says what to do about each, under the same name. With `of`, the value is a share.
  alerts = {
    backlog = {
      title     = "Messages have waited too long"
      filter    = local.unacked_age, of = null
      aligner   = "ALIGN_MAX", reducer = "REDUCE_MAX", by = ["resource.label.subscription_id"]
      threshold = var.alert_backlog_seconds, duration = "300s"
    }
    push-errors = {
      title     = "Pushes to the worker fail"
      filter    = "${local.pushes} AND metric.labels.response_class != \"ack\"", of = local.pushes
      aligner   = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["resource.label.subscription_id"]
      threshold = 0.05, duration = "600s"
    }
    dead-letters = {
      title     = "Messages became dead letters"
      filter    = local.dead_letters, of = null
      aligner   = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["resource.label.subscription_id"]
      threshold = 0, duration = "0s"
    }
    errors = {
      title     = "The gateway answers with 5xx"
      filter    = "${local.requests} AND metric.labels.response_code_class = \"5xx\"", of = local.requests
      aligner   = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = []
      threshold = 0.01, duration = "300s"
    }
    latency = {
      title     = "The gateway is slow"
      filter    = local.latencies, of = null
      aligner   = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_99", by = []
      threshold = var.alert_latency_ms, duration = "300s"
    }
  }

  charts = [
    { title = "Requests, by status", filter = local.requests, aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["metric.label.response_code_class"] },
    { title = "Gateway latency, median (ms)", filter = local.latencies, aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_50", by = [] },
    { title = "Gateway latency, 99th percentile (ms)", filter = local.latencies, aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_99", by = [] },
    { title = "Instances", filter = local.instances, aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", by = ["resource.label.service_name"] },
    { title = "Oldest waiting message (s)", filter = local.unacked_age, aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", by = ["resource.label.subscription_id"] },
    { title = "Waiting messages", filter = local.unacked_count, aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", by = ["resource.label.subscription_id"] },
    { title = "Pushes, by answer", filter = local.pushes, aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["metric.label.response_class"] },
    { title = "Dead letters", filter = local.dead_letters, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["resource.label.subscription_id"] },
    { title = "Documents written", filter = local.writes, aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["metric.label.op"] },
  ]
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.monitoring ? var.alert_emails : []

  display_name = each.value
  type         = "email"
  labels       = { email_address = each.value }
  depends_on   = [google_project_service.this]
}

resource "google_monitoring_alert_policy" "this" {
  for_each = var.monitoring ? local.alerts : {}

  display_name          = "Spillway: ${each.value.title}"
  combiner              = "OR"
  notification_channels = [for channel in google_monitoring_notification_channel.email : channel.name]

  conditions {
    display_name = each.value.title

    condition_threshold {
      filter             = each.value.filter
      denominator_filter = each.value.of
      comparison         = "COMPARISON_GT"
      threshold_value    = each.value.threshold
      duration           = each.value.duration

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
        group_by_fields      = each.value.by
      }

      dynamic "denominator_aggregations" {
        for_each = each.value.of == null ? [] : [each.value]
        content {
          alignment_period     = "60s"
          per_series_aligner   = denominator_aggregations.value.aligner
          cross_series_reducer = denominator_aggregations.value.reducer
          group_by_fields      = denominator_aggregations.value.by
        }
      }
    }
  }

  documentation {
    content   = "What to do: docs/OPERATIONS.md, section Alerts, `${each.key}`."
    mime_type = "text/markdown"
  }

  # Google refuses an alert on a metric that it does not know yet, and a project that has just begun to
  # use a service does not know that service's metrics for a few minutes. So alerts come last: building the
  # indexes takes minutes.
  depends_on = [google_project_service.this, google_firestore_index.this]
}

resource "google_monitoring_dashboard" "this" {
  count = var.monitoring ? 1 : 0

  # Google's answer leaves out what is 0 or empty. If this did not, each plan would find a difference.
  dashboard_json = jsonencode({
    displayName = "Spillway (${var.name})"
    mosaicLayout = {
      columns = 12
      tiles = [for place, chart in local.charts : merge(
        { for axis, at in { xPos = place % 3 * 4, yPos = floor(place / 3) * 4 } : axis => at if at != 0 },
        {
          width  = 4
          height = 4
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [{
                plotType = "LINE"
                timeSeriesQuery = {
                  timeSeriesFilter = {
                    filter = chart.filter
                    aggregation = merge(
                      { alignmentPeriod = "60s", perSeriesAligner = chart.aligner, crossSeriesReducer = chart.reducer },
                      length(chart.by) == 0 ? {} : { groupByFields = chart.by },
                    )
                  }
                }
              }]
            }
          }
        },
      )]
    }
  })

  depends_on = [google_project_service.this]
}

# What a month costs is known only afterwards: this tells the billing account's administrators, and the
# addresses of alerts. It stops nothing.
resource "google_billing_budget" "this" {
  count = var.budget == null ? 0 : 1

  billing_account = var.budget.billing_account
  display_name    = "Spillway (${var.name})"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }

  amount {
    specified_amount {
      units = tostring(var.budget.amount)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1]
    content {
      threshold_percent = threshold_rules.value
    }
  }

  dynamic "all_updates_rule" {
    for_each = length(google_monitoring_notification_channel.email) == 0 ? [] : [google_monitoring_notification_channel.email]
    content {
      monitoring_notification_channels = [for channel in all_updates_rule.value : channel.name]
    }
  }

  depends_on = [google_project_service.this]
}

# Cloud Run writes a line of each request, and a push is one. An exclusion spares what storing it costs;
# the metrics that alerts and dashboard use count the request all the same.
resource "google_logging_project_exclusion" "acknowledged" {
  count       = var.log_pushes ? 0 : 1
  name        = "${var.name}-acknowledged-pushes"
  description = "Pushes that the worker acknowledged"
  filter = join(" AND ", [
    "resource.type = \"cloud_run_revision\"",
    "resource.labels.service_name = (\"${join("\" OR \"", local.worker_names)}\")",
    "log_id(\"run.googleapis.com/requests\")",
    "httpRequest.status < 300",
  ])

  depends_on = [google_project_service.this]
}

# The collector of Managed Service for Prometheus, as a second container of each service. It reads its
# configuration from a file. Cloud Run can only mount a file from Secret Manager, so it is there,
# though it is not secret.
locals {
  collector_image  = "us-docker.pkg.dev/cloud-ops-agents-artifacts/cloud-run-gmp-sidecar/cloud-run-gmp-sidecar:1.2.0"
  collector_folder = "/etc/rungmp/"
  collector_file   = "config.yaml"

  collected = concat(local.gateway_has_collector ? ["gateway"] : [], var.prometheus ? ["worker"] : [])
  ports     = { gateway = local.gateway_port, worker = local.worker_port }
}

resource "google_secret_manager_secret" "collector" {
  for_each  = toset(local.collected)
  secret_id = "${var.name}-${each.value}-collector"

  replication {
    auto {}
  }

  depends_on = [google_project_service.this]
}

resource "google_secret_manager_secret_version" "collector" {
  for_each = google_secret_manager_secret.collector

  secret = each.value.id
  secret_data = yamlencode({
    apiVersion = "monitoring.googleapis.com/v1beta"
    kind       = "RunMonitoring"
    metadata   = { name = "${var.name}-${each.key}" }
    spec = {
      endpoints    = [{ port = local.ports[each.key], path = "/metrics", interval = "30s" }]
      targetLabels = { metadata = ["service", "revision", "instance"] }
    }
  })
}
