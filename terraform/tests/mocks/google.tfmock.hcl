# Values that Google Cloud would set, as far as the tests need them.

override_data {
  target = data.google_project.this
  values = { number = "123456789012" }
}

override_resource {
  target = google_service_account.gateway
  values = { email = "gateway@test", member = "gateway", name = "accounts/gateway" }
}

override_resource {
  target = google_service_account.worker
  values = { email = "worker@test", member = "worker", name = "accounts/worker" }
}

override_resource {
  target = google_service_account.push
  values = { email = "push@test", member = "push", name = "accounts/push" }
}

override_resource {
  target = google_service_account.build
  values = { email = "build@test", member = "build", name = "accounts/build" }
}

override_resource {
  target = google_project_iam_custom_role.gateway
  values = { id = "roles/our-gateway" }
}

override_resource {
  target = google_cloud_run_v2_service.gateway
  values = { uri = "https://gateway.test" }
}

override_resource {
  target = google_cloud_run_v2_service.worker["text"]
  values = { uri = "https://texts.test" }
}

override_resource {
  target = google_cloud_run_v2_service.worker["rest"]
  values = { uri = "https://rest.test" }
}

override_resource {
  target = google_pubsub_topic.records
  values = { id = "topics/records" }
}

override_resource {
  target = google_pubsub_topic.dead_letters
  values = { id = "topics/dead-letters" }
}

override_resource {
  target = google_storage_bucket.source
  values = { url = "gs://source" }
}

override_resource {
  target = google_artifact_registry_repository.images
  values = { name = "images" }
}

override_resource {
  target = google_secret_manager_secret.read_token
  values = { id = "secrets/read-token" }
}

override_resource {
  target = google_secret_manager_secret.admin_token
  values = { id = "secrets/admin-token" }
}

override_resource {
  target = google_secret_manager_secret.collector
  values = { id = "secrets/collector" }
}
