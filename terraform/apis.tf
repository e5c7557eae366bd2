# The Google Cloud APIs that we use. They stay enabled after `terraform destroy`: other things in the
# project may need them.

resource "google_project_service" "this" {
  for_each = toset(concat(
    [
      "artifactregistry.googleapis.com",
      "cloudbuild.googleapis.com",
      "cloudresourcemanager.googleapis.com",
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
}

# Google's service agents are named after the project's number.
data "google_project" "this" {
  project_id = var.project_id
  depends_on = [google_project_service.this]
}
