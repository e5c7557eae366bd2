# Terraform creates the services with an image; later only Cloud Build deploys to them.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project_id = "test-project"
  read_token = "open"
  bigquery   = true
}

run "terraform_creates_the_services" {
  variables {
    gateway_image = "registry.test/gateway:1"
    worker_image  = "registry.test/worker:1"
  }

  assert {
    condition = (
      google_cloud_run_v2_service.gateway.template[0].containers[0].image == "registry.test/gateway:1"
      && google_cloud_run_v2_service.worker.template[0].containers[0].image == "registry.test/worker:1"
    )
    error_message = "A service must be created with the image of its variable."
  }
}

# This run starts from the state of the one above.
run "terraform_never_deploys_to_them" {
  command = plan

  variables {
    gateway_image = "registry.test/gateway:2"
    worker_image  = "registry.test/worker:2"
  }

  assert {
    condition = (
      google_cloud_run_v2_service.gateway.template[0].containers[0].image == "registry.test/gateway:1"
      && google_cloud_run_v2_service.worker.template[0].containers[0].image == "registry.test/worker:1"
    )
    error_message = "Terraform must not change the image of an existing service."
  }
}

# What `apply` does with a service whose first revision did not start. Terraform replaces it without
# being told to; here it is told to, since a mock never fails.
run "a_service_that_did_not_start_is_replaced" {
  plan_options {
    replace = [google_cloud_run_v2_service.gateway, google_cloud_run_v2_service.worker]
  }

  variables {
    gateway_image = "registry.test/gateway:2"
    worker_image  = "registry.test/worker:2"
  }

  assert {
    condition = (
      google_cloud_run_v2_service.gateway.template[0].containers[0].image == "registry.test/gateway:2"
      && google_cloud_run_v2_service.worker.template[0].containers[0].image == "registry.test/worker:2"
    )
    error_message = "Terraform must be able to replace a service."
  }

  # The provider refuses to replace a protected service, even if the protection is lifted in the same apply.
  assert {
    condition     = google_cloud_run_v2_service.gateway.deletion_protection == false && google_cloud_run_v2_service.worker.deletion_protection == false
    error_message = "A service must not be protected from deletion."
  }

  assert {
    condition = (
      google_firestore_database.this.delete_protection_state == "DELETE_PROTECTION_ENABLED"
      && google_storage_bucket.archive.force_destroy == false
      && google_bigquery_table.messages[0].deletion_protection == true
    )
    error_message = "What holds data must be protected from deletion."
  }
}
