output "url" {
  description = "Where records are sent to and read from."
  value       = google_cloud_run_v2_service.gateway.uri
}

output "deploy" {
  description = "What builds both images and deploys them, from the root of the repository."
  value = "gcloud builds submit --project ${var.project_id} --substitutions ${join(",", [
    "_REGION=${var.region}",
    "_REPOSITORY=${google_artifact_registry_repository.images.repository_id}",
    "_GATEWAY_SERVICE=${google_cloud_run_v2_service.gateway.name}",
    "_WORKER_SERVICE=${google_cloud_run_v2_service.worker.name}",
    "_BUILD_ACCOUNT=${google_service_account.build.account_id}",
    "_READ_TOKEN_SECRET=${join("", google_secret_manager_secret.read_token[*].secret_id)}",
  ])}"
}

output "services" {
  description = "The Cloud Run services, by what they are."
  value = {
    gateway = google_cloud_run_v2_service.gateway.name
    worker  = google_cloud_run_v2_service.worker.name
  }
}

output "images" {
  description = "The repository that images are pushed to."
  value       = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.images.repository_id}"
}

output "accounts" {
  description = "The service accounts, by what they are."
  value = {
    build   = google_service_account.build.email
    gateway = google_service_account.gateway.email
    push    = google_service_account.push.email
    worker  = google_service_account.worker.email
  }
}

output "topic" {
  description = "The topic that records are published to."
  value       = google_pubsub_topic.records.name
}

output "subscriptions" {
  description = "Every subscription, for seeking and pausing."
  value       = local.subscriptions
}

output "archive" {
  description = "The bucket with every message, raw."
  value       = google_storage_bucket.archive.url
}
