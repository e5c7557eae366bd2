output "url" {
  description = "The gateway: send records to it, read from it."
  value       = google_cloud_run_v2_service.gateway.uri
}

output "deploy" {
  description = "The command that builds and deploys both images. Run it in the root of the repository. More substitutions can be appended."
  value = "gcloud builds submit --project ${var.project_id} --gcs-source-staging-dir ${google_storage_bucket.source.url}/source --substitutions ${join(",", [
    "_REGION=${var.region}",
    "_REPOSITORY=${google_artifact_registry_repository.images.repository_id}",
    "_GATEWAY_SERVICE=${google_cloud_run_v2_service.gateway.name}",
    "_WORKER_SERVICE=${google_cloud_run_v2_service.worker["rest"].name}",
    "_TEXT_WORKER_SERVICE=${google_cloud_run_v2_service.worker["text"].name}",
    "_BUILD_ACCOUNT=${google_service_account.build.account_id}",
    "_READ_TOKEN_SECRET=${join("", google_secret_manager_secret.read_token[*].secret_id)}",
  ])}"
}

output "services" {
  description = "The Cloud Run services, by role."
  value = {
    gateway     = google_cloud_run_v2_service.gateway.name
    worker      = google_cloud_run_v2_service.worker["rest"].name
    worker_text = google_cloud_run_v2_service.worker["text"].name
  }
}

output "images" {
  description = "The repository of the images."
  value       = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.images.repository_id}"
}

output "accounts" {
  description = "The service accounts, by role."
  value = {
    build   = google_service_account.build.email
    gateway = google_service_account.gateway.email
    push    = google_service_account.push.email
    worker  = google_service_account.worker.email
  }
}

output "topic" {
  description = "The topic to which the gateway publishes."
  value       = google_pubsub_topic.records.name
}

output "subscriptions" {
  description = "Every subscription, to seek or pause them."
  value       = local.subscriptions
}

output "archive" {
  description = "The bucket with every raw message."
  value       = google_storage_bucket.archive.url
}
