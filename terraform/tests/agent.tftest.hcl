# The name of Pub/Sub's service agent has the project's number in it.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project_id = "test-project"
  read_token = "open"
}

run "a_deployment" {
  assert {
    condition     = google_project_service.resource_manager.service == "cloudresourcemanager.googleapis.com"
    error_message = "The API that tells the number must be enabled."
  }
}

# This run starts from the state of the first. If the number were unknown, so would be the member, and the
# provider replaces a grant whose member changes.
run "one_more_api_leaves_its_grants_alone" {
  command = plan

  variables {
    bigquery = true
  }

  assert {
    condition = toset(concat(
      [google_pubsub_topic_iam_member.this["pubsub-publishes-dead-letters"].member, google_bigquery_table_iam_member.this[0].member],
      [for grant in google_pubsub_subscription_iam_member.this : grant.member],
      [for name, grant in google_storage_bucket_iam_member.this : grant.member if startswith(name, "pubsub-")],
    )) == toset(["serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"])
    error_message = "The agent's name must be known in a plan that enables an API."
  }
}
