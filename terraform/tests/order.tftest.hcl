# What must exist before what. A mock does not fail, and only a plan of a new project would show the order;
# so most of these runs read the files.

mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  project_id = "test-project"
  read_token = "open"
  bigquery   = true
  budget     = { billing_account = "012345-6789AB-CDEF01", amount = 100 }
}

run "every_api_that_is_used_is_enabled_and_stays_so" {
  command = plan

  assert {
    condition = toset([for api in concat(values(google_project_service.this), [google_project_service.resource_manager]) : api.service]) == toset([
      "artifactregistry.googleapis.com",
      "bigquery.googleapis.com",
      "billingbudgets.googleapis.com",
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
    ])
    error_message = "Without its API, nothing of a service can be created; an API that nothing uses is not ours to enable."
  }

  assert {
    condition     = alltrue([for api in concat(values(google_project_service.this), [google_project_service.resource_manager]) : api.disable_on_destroy == false])
    error_message = "Something else in the project may need an API after `terraform destroy`."
  }
}

run "a_revision_waits_for_the_secrets_that_it_reads" {
  command = plan

  assert {
    condition = { for service in ["gateway", "worker"] : service => toset(flatten([
      for list in regexall("(?s)\nresource \"google_cloud_run_v2_service\" \"${service}\".*?\n  depends_on = \\[(.*?)\\]\n}\n", file("${path.module}/${service}.tf")) :
      regexall("google_[a-z0-9_.]+", list[0])
      ])) } == {
      gateway = toset([
        "google_secret_manager_secret_iam_member.this",
        "google_secret_manager_secret_version.read_token",
        "google_secret_manager_secret_version.admin_token",
        "google_secret_manager_secret_version.collector",
      ])
      worker = toset([
        "google_secret_manager_secret_iam_member.this",
        "google_secret_manager_secret_version.collector",
      ])
    }
    error_message = "A revision does not start if a secret has no version yet, or if its account may not read it."
  }
}

run "what_pubsub_writes_to_waits_for_its_grant" {
  command = plan

  assert {
    condition = { for name, list in { for subscription in ["archive", "bigquery"] : subscription => regexall("(?s)\nresource \"google_pubsub_subscription\" \"${subscription}\".*?\n  depends_on = \\[(.*?)\\]\n}\n", file("${path.module}/archive.tf")) } :
      name => toset(regexall("google_[a-z0-9_.]+", one(list)[0]))
      } == {
      archive  = toset(["google_storage_bucket_iam_member.this", "google_firestore_index.this"])
      bigquery = toset(["google_bigquery_table_iam_member.this", "google_firestore_index.this"])
    }
    error_message = "Pub/Sub refuses a subscription if its agent may not write where it writes."
  }
}
