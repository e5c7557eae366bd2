# Terraform creates the services with an image; later only Cloud Build deploys to them.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project_id = "test-project"
  read_token = "open"
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
