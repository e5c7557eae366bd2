# Alerts, the dashboard, and the collectors of metrics.

mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  project_id = "test-project"
  read_token = "open"
}

run "each_kind_of_failure_raises_an_alert" {
  command = plan

  variables {
    bigquery = true
  }

  assert {
    condition     = toset(keys(google_monitoring_alert_policy.this)) == toset(["backlog", "push-errors", "dead-letters", "errors", "latency"])
    error_message = "There must be alerts for the backlog, push errors, dead letters, 5xx and latency."
  }

  assert {
    condition = { for name, policy in google_monitoring_alert_policy.this :
      name => regex("metric.type = \"[^\"]*/([a-z_]+)\"", policy.conditions[0].condition_threshold[0].filter)[0]
      } == {
      backlog      = "oldest_unacked_message_age"
      push-errors  = "push_request_count"
      dead-letters = "dead_letter_message_count"
      errors       = "request_count"
      latency      = "request_latencies"
    }
    error_message = "Each alert must use its metric."
  }

  assert {
    condition = alltrue([for subscription in ["spillway-text", "spillway-rest", "spillway-dead-letters", "spillway-archive", "spillway-bigquery"] :
      strcontains(google_monitoring_alert_policy.this["backlog"].conditions[0].condition_threshold[0].filter, "\"${subscription}\"")
    ])
    error_message = "A backlog of any subscription must raise the alert."
  }

  # A ratio needs the same aggregation in its numerator and its denominator.
  assert {
    condition = alltrue([for policy in google_monitoring_alert_policy.this : [
      for aggregation in policy.conditions[0].condition_threshold[0].aggregations : jsonencode(aggregation)
      ] == [for aggregation in policy.conditions[0].condition_threshold[0].denominator_aggregations : jsonencode(aggregation)]
      if policy.conditions[0].condition_threshold[0].denominator_filter != null
    ])
    error_message = "Both halves of a ratio must be aggregated alike."
  }
}

# Only a new project would show it; so this reads the file.
run "alerts_wait_until_their_metrics_are_known" {
  command = plan

  assert {
    condition = alltrue([for block in regexall("(?s)\nresource \"google_monitoring_alert_policy\".*?\n}\n", file("${path.module}/monitoring.tf")) :
      can(regex("depends_on = \\[[^]]*google_firestore_index\\.this", block))
    ]) && strcontains(file("${path.module}/monitoring.tf"), "\nresource \"google_monitoring_alert_policy\"")
    error_message = "Alerts must be created after everything that takes minutes."
  }
}

run "the_dashboard_shows_the_metric_of_every_alert" {
  command = plan

  assert {
    condition = alltrue([for metric in ["oldest_unacked_message_age", "push_request_count", "dead_letter_message_count", "request_count", "request_latencies"] :
      strcontains(google_monitoring_dashboard.this[0].dashboard_json, "/${metric}")
    ])
    error_message = "The metric of each alert must have a chart."
  }

  # No chart covers another.
  assert {
    condition = length(distinct([for tile in jsondecode(google_monitoring_dashboard.this[0].dashboard_json).mosaicLayout.tiles : "${try(tile.xPos, 0)} ${try(tile.yPos, 0)}"])) == length(
      jsondecode(google_monitoring_dashboard.this[0].dashboard_json).mosaicLayout.tiles
    )
    error_message = "Each chart must have a place of its own."
  }
}

# Google's answer leaves them out, and the provider would see that as a change in every plan.
run "the_dashboard_has_no_value_that_google_leaves_out" {
  command = plan

  assert {
    condition     = length(regexall("\"[^\"]+\":(?:0|false|null|\"\"|\\[\\]|{})[,}]", google_monitoring_dashboard.this[0].dashboard_json)) == 0
    error_message = "The dashboard must not set what is 0 or empty."
  }

  assert {
    condition = toset([for tile in jsondecode(google_monitoring_dashboard.this[0].dashboard_json).mosaicLayout.tiles : try(tile.xPos, 0)]) == toset([0, 4, 8]) && anytrue([
      for tile in jsondecode(google_monitoring_dashboard.this[0].dashboard_json).mosaicLayout.tiles :
      try(tile.widget.xyChart.dataSets[0].timeSeriesQuery.timeSeriesFilter.aggregation.groupByFields, []) == ["resource.label.service_name"]
    ])
    error_message = "The dashboard must set everything else."
  }
}

run "monitoring_is_an_option" {
  command = plan

  variables {
    monitoring   = false
    alert_emails = ["ops@example.com"]
  }

  assert {
    condition     = length(google_monitoring_alert_policy.this) + length(google_monitoring_dashboard.this) + length(google_monitoring_notification_channel.email) == 0
    error_message = "Without monitoring there must be no alert, dashboard or channel."
  }
}

run "acknowledged_pushes_need_not_be_logged" {
  command = plan

  variables {
    log_pushes = false
  }

  # Failed pushes, the worker's own lines and the gateway's requests stay.
  assert {
    condition     = google_logging_project_exclusion.acknowledged[0].filter == "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = (\"spillway-worker\" OR \"spillway-worker-text\") AND log_id(\"run.googleapis.com/requests\") AND httpRequest.status < 300"
    error_message = "Exactly the lines of acknowledged pushes must be left out."
  }
}

run "everything_is_logged_unless_someone_says_so" {
  command = plan

  assert {
    condition     = length(google_logging_project_exclusion.acknowledged) == 0
    error_message = "By default no line may be left out."
  }
}

run "a_collector_reads_the_metrics_of_its_service" {
  command = plan

  variables {
    prometheus = true
  }

  assert {
    condition = alltrue([for service in concat([google_cloud_run_v2_service.gateway], values(google_cloud_run_v2_service.worker)) :
      service.template[0].containers[1].depends_on == tolist([service.template[0].containers[0].name])
      && service.template[0].containers[1].volume_mounts[0].mount_path == "/etc/rungmp/"
      && service.template[0].volumes[0].secret[0].items[0].path == "config.yaml"
    ])
    error_message = "The collector must start after its service and find its configuration."
  }

  assert {
    condition = {
      for name, version in google_secret_manager_secret_version.collector : name => {
        for endpoint in yamldecode(nonsensitive(version.secret_data)).spec.endpoints : "endpoint" => "${endpoint.port}${endpoint.path}"
      }.endpoint
      } == {
      gateway = "${google_cloud_run_v2_service.gateway.template[0].containers[0].ports[0].container_port}/metrics"
      worker  = "${google_cloud_run_v2_service.worker["rest"].template[0].containers[0].ports[0].container_port}/metrics"
    }
    error_message = "The collector must ask the port of its service."
  }
}

run "there_is_no_collector_if_metrics_need_a_token" {
  command = plan

  variables {
    read_token = "0123456789abcdef0123456789abcdef"
    prometheus = true
  }

  assert {
    condition = (
      length(google_cloud_run_v2_service.gateway.template[0].containers) == 1
      && alltrue([for worker in google_cloud_run_v2_service.worker : length(worker.template[0].containers) == 2])
    )
    error_message = "The collector cannot send a token. The worker's metrics need none."
  }
}
