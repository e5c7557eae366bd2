# The Google Cloud APIs that we use. They stay enabled after `terraform destroy`: other things in the
# project may need them.

resource "google_project_service" "this" {
  for_each = toset(concat(
    [
      "artifactregistry.googleapis.com",
      "cloudbuild.googleapis.com",
      "firestore.googleapis.com",
      "iam.googleapis.com",
      "logging.googleapis.com",
      "monitoring.googleapis.com",
      "pubsub.googleapis.com",
      "run.googleapis.com",
      "secretmanager.googleapis.com",
      "storage.googleapis.com",
    ],
    var.bigquery ? ["bigquery.googleapis.com"] : [],
    var.budget == null ? [] : ["billingbudgets.googleapis.com"],
  ))

  service            = each.value
  disable_on_destroy = false
  depends_on         = [google_project_service.resource_manager]
}

# What tells the project's number, so it comes first, and alone: if the number waited for all APIs, it would
# be unknown whenever one more is enabled, and every grant to a service agent would be replaced.
resource "google_project_service" "resource_manager" {
  service            = "cloudresourcemanager.googleapis.com"
  disable_on_destroy = false
}

# It was one of the others.
moved {
  from = google_project_service.this["cloudresourcemanager.googleapis.com"]
  to   = google_project_service.resource_manager
}

# Google's service agents are named after the project's number.
data "google_project" "this" {
  project_id = var.project_id
  depends_on = [google_project_service.resource_manager]
}
