# Who owns the image of a service: Terraform makes it, Cloud Build deploys.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project_id = "test-project"
  read_token = "open"
}

run "terraform_makes_the_services" {
  variables {
    gateway_image = "registry.test/gateway:1"
    worker_image  = "registry.test/worker:1"
  }

  assert {
    condition = (
      google_cloud_run_v2_service.gateway.template[0].containers[0].image == "registry.test/gateway:1"
      && google_cloud_run_v2_service.worker.template[0].containers[0].image == "registry.test/worker:1"
    )
    error_message = "A service is made with the image of its variable."
  }
}

# On the state of the run above.
run "and_never_deploys_to_them" {
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
    error_message = "Cloud Build owns the image of a service that is there."
  }
}
