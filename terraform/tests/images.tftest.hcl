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
      && alltrue([for worker in google_cloud_run_v2_service.worker : worker.template[0].containers[0].image == "registry.test/worker:1"])
    )
    error_message = "A service must be created with the image of its variable."
  }
}

run "images_stay_and_replaced_caches_go" {
  command = plan

  assert {
    condition = {
      for policy in google_artifact_registry_repository.images.cleanup_policies : policy.id => join(" ", concat(
        [policy.action],
        flatten([for kept in policy.most_recent_versions : [kept.package_name_prefixes, tostring(kept.keep_count)]]),
        flatten([for condition in policy.condition : [coalesce(condition.tag_state, "ANY"), condition.older_than]]),
      ))
      } == {
      keep-the-last-20             = "KEEP gateway worker 20"
      delete-untagged-after-3-days = "DELETE UNTAGGED 259200s"
      delete-after-90-days         = "DELETE ANY 7776000s"
    }
    error_message = "The last 20 images of each program must stay, and the caches of earlier builds must not."
  }
}

# This run starts from the state of the first.
run "terraform_never_deploys_to_them" {
  command = plan

  variables {
    gateway_image = "registry.test/gateway:2"
    worker_image  = "registry.test/worker:2"
  }

  assert {
    condition = (
      google_cloud_run_v2_service.gateway.template[0].containers[0].image == "registry.test/gateway:1"
      && alltrue([for worker in google_cloud_run_v2_service.worker : worker.template[0].containers[0].image == "registry.test/worker:1"])
    )
    error_message = "Terraform must not change the image of an existing service."
  }
}

# What `apply` does with a service whose first revision did not start. Terraform replaces it without
# being told to; here it is told to, since a mock never fails.
run "a_service_that_did_not_start_is_replaced" {
  plan_options {
    replace = [google_cloud_run_v2_service.gateway, google_cloud_run_v2_service.worker["text"], google_cloud_run_v2_service.worker["rest"]]
  }

  variables {
    gateway_image = "registry.test/gateway:2"
    worker_image  = "registry.test/worker:2"
  }

  assert {
    condition = (
      google_cloud_run_v2_service.gateway.template[0].containers[0].image == "registry.test/gateway:2"
      && alltrue([for worker in google_cloud_run_v2_service.worker : worker.template[0].containers[0].image == "registry.test/worker:2"])
    )
    error_message = "Terraform must be able to replace a service."
  }

  # The provider refuses to replace a protected service, even if the protection is lifted in the same apply.
  assert {
    condition     = alltrue([for service in concat([google_cloud_run_v2_service.gateway], values(google_cloud_run_v2_service.worker)) : service.deletion_protection == false])
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
