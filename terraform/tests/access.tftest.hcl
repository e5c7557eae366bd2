# Who may call which service, and what each account may do. The grants are compared as a whole: an
# extra grant is as wrong as a missing one.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project_id = "test-project"
  read_token = "0123456789abcdef0123456789abcdef"
}

run "only_the_push_account_calls_the_worker" {
  assert {
    condition     = toset([for grant in google_cloud_run_v2_service_iam_member.this : "${grant.member} ${grant.name}" if startswith(grant.name, "spillway-worker") && grant.role == "roles/run.invoker"]) == toset(["push spillway-worker", "push spillway-worker-text"])
    error_message = "Only the push account may call the workers."
  }

  assert {
    condition     = alltrue([for worker in google_cloud_run_v2_service.worker : worker.ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY" && worker.invoker_iam_disabled != true])
    error_message = "The workers must be private."
  }

  assert {
    condition     = google_cloud_run_v2_service.gateway.ingress == "INGRESS_TRAFFIC_ALL" && google_cloud_run_v2_service.gateway.invoker_iam_disabled == true
    error_message = "Everyone must be able to call the gateway, without a grant to allUsers."
  }
}

run "pushes_carry_a_token_that_the_worker_expects" {
  assert {
    condition = alltrue([
      for subscription in concat(values(google_pubsub_subscription.push), [google_pubsub_subscription.dead_letters]) :
      subscription.push_config[0].oidc_token[0].service_account_email == "push@test"
      && alltrue([for worker in google_cloud_run_v2_service.worker : contains(worker.custom_audiences, subscription.push_config[0].oidc_token[0].audience)])
    ])
    error_message = "Every push must come from the push account, for an audience that Cloud Run accepts."
  }

  assert {
    condition = alltrue([for worker in google_cloud_run_v2_service.worker : {
      for env in worker.template[0].containers[0].env : env.name => env.value if startswith(env.name, "PUSH_")
      } == {
      PUSH_AUTH            = "cloud-run-iam"
      PUSH_AUDIENCE        = google_pubsub_subscription.push["text"].push_config[0].oidc_token[0].audience
      PUSH_SERVICE_ACCOUNT = "push@test"
    }])
    error_message = "The workers must expect the token that the subscriptions send."
  }
}

run "each_account_has_exactly_these_grants" {
  assert {
    condition = toset(concat(
      [for grant in google_project_iam_member.this : "${grant.member} ${grant.role} project ${length(grant.condition)}"],
      [for grant in google_cloud_run_v2_service_iam_member.this : "${grant.member} ${grant.role} ${grant.name}"],
      [for grant in google_service_account_iam_member.this : "${grant.member} ${grant.role} ${grant.service_account_id}"],
      [for grant in google_pubsub_topic_iam_member.this : "${grant.member} ${grant.role} ${grant.topic}"],
      [for grant in google_pubsub_subscription_iam_member.this : "${grant.member} ${grant.role} ${grant.subscription}"],
      [for grant in google_storage_bucket_iam_member.this : "${grant.member} ${grant.role} ${grant.bucket}"],
      [for grant in google_secret_manager_secret_iam_member.this : "${grant.member} ${grant.role} ${grant.secret_id}"],
      [for grant in google_bigquery_table_iam_member.this : "${grant.member} ${grant.role} ${grant.table_id}"],
      [for grant in [google_artifact_registry_repository_iam_member.this] : "${grant.member} ${grant.role} ${grant.repository}"],
      )) == toset([
      "gateway roles/our-gateway project 1",
      "gateway roles/pubsub.publisher spillway",
      "gateway roles/secretmanager.secretAccessor secrets/read-token",

      "worker roles/datastore.user project 1",

      "push roles/run.invoker spillway-worker",
      "push roles/run.invoker spillway-worker-text",

      "build roles/artifactregistry.writer images",
      "build roles/iam.serviceAccountUser accounts/gateway",
      "build roles/iam.serviceAccountUser accounts/worker",
      "build roles/logging.logWriter project 0",
      "build roles/run.developer spillway-gateway",
      "build roles/run.developer spillway-worker",
      "build roles/run.developer spillway-worker-text",
      "build roles/secretmanager.secretAccessor secrets/read-token",
      "build roles/storage.objectViewer test-project-spillway-source",

      "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com roles/iam.serviceAccountOpenIdTokenCreator accounts/push",
      "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com roles/pubsub.publisher spillway-dead-letters",
      "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com roles/pubsub.subscriber spillway-rest",
      "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com roles/pubsub.subscriber spillway-text",
      "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com roles/storage.legacyBucketReader test-project-spillway-archive",
      "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com roles/storage.objectCreator test-project-spillway-archive",
    ])
    error_message = "The grants differ from this list: compare it with iam.tf."
  }

  assert {
    condition = toset([for grant in google_project_iam_member.this : grant.condition[0].expression
    if contains(["roles/datastore.user", "roles/our-gateway"], grant.role)]) == toset(["resource.name == \"projects/test-project/databases/(default)\""])
    error_message = "Both services must be limited to their own database."
  }

  assert {
    condition = google_project_iam_custom_role.gateway.permissions == toset([
      "datastore.entities.create", "datastore.entities.delete", "datastore.entities.get", "datastore.entities.list",
    ])
    error_message = "Without an admin token, the gateway must not change existing documents."
  }

  # Neither service runs as a default account.
  assert {
    condition = (
      google_cloud_run_v2_service.gateway.template[0].service_account == "gateway@test"
      && alltrue([for worker in google_cloud_run_v2_service.worker : worker.template[0].service_account == "worker@test"])
    )
    error_message = "Each service must run as its own account."
  }
}

run "every_grant_is_in_the_list" {
  assert {
    condition = flatten([for file in fileset(path.module, "*.tf") :
      [for type in flatten(regexall("(?m)^resource \"(google_[a-z0-9_]+_(?:iam_[a-z_]+|access))\"", file("${path.module}/${file}"))) : "${file} ${type}"]
      ]) == [
      "iam.tf google_project_iam_custom_role",
      "iam.tf google_project_iam_member",
      "iam.tf google_cloud_run_v2_service_iam_member",
      "iam.tf google_service_account_iam_member",
      "iam.tf google_pubsub_topic_iam_member",
      "iam.tf google_pubsub_subscription_iam_member",
      "iam.tf google_storage_bucket_iam_member",
      "iam.tf google_bigquery_table_iam_member",
      "iam.tf google_secret_manager_secret_iam_member",
      "iam.tf google_artifact_registry_repository_iam_member",
    ]
    error_message = "A resource that grants access is not in iam.tf or not in the tests."
  }
}

# Only a plan of a new project would show the order, and a mock does not fail; so this reads the file.
run "grants_to_pubsub_wait_for_a_topic" {
  command = plan

  assert {
    condition = [for block in regexall("(?s)\nresource \"[^\n]*\n.*?\n}\n", file("${path.module}/iam.tf")) :
      regex("resource \"([a-z0-9_]+)\"", block)[0]
      if strcontains(block, "local.pubsub_agent") && !can(regex("google_pubsub_topic\\.|= google_pubsub_subscription\\.", block))
    ] == []
    error_message = "Pub/Sub's service agent may not exist before there is a topic."
  }

  assert {
    condition     = length(regexall("local\\.pubsub_agent", file("${path.module}/iam.tf"))) == 6
    error_message = "The test above did not find every grant to Pub/Sub's service agent."
  }
}

run "a_read_token_comes_from_secret_manager" {
  assert {
    condition = [for env in google_cloud_run_v2_service.gateway.template[0].containers[0].env : env.value_source[0].secret_key_ref[0].secret
    if env.name == "READ_TOKEN"] == ["spillway-read-token"]
    error_message = "The gateway must read READ_TOKEN from its secret."
  }

  assert {
    condition     = !strcontains(nonsensitive(jsonencode(google_cloud_run_v2_service.gateway.template)), "0123456789abcdef")
    error_message = "The token must not be in the service."
  }

  assert {
    condition     = google_secret_manager_secret_version.read_token[0].secret_data == null && google_secret_manager_secret_version.read_token[0].secret_data_wo == null
    error_message = "The token must not be in the state."
  }
}

run "an_admin_token_comes_from_secret_manager_and_lets_the_gateway_change_documents" {
  variables {
    admin_token = "fedcba9876543210fedcba9876543210"
  }

  assert {
    condition = [for env in google_cloud_run_v2_service.gateway.template[0].containers[0].env : env.value_source[0].secret_key_ref[0].secret
    if env.name == "ADMIN_TOKEN"] == ["spillway-admin-token"]
    error_message = "The gateway must read ADMIN_TOKEN from its secret."
  }

  assert {
    condition     = !strcontains(nonsensitive(jsonencode(google_cloud_run_v2_service.gateway.template)), "fedcba9876543210")
    error_message = "The token must not be in the service."
  }

  assert {
    condition     = google_secret_manager_secret_version.admin_token[0].secret_data == null && google_secret_manager_secret_version.admin_token[0].secret_data_wo == null
    error_message = "The token must not be in the state."
  }

  assert {
    condition     = toset([for grant in google_secret_manager_secret_iam_member.this : grant.member if grant.secret_id == "secrets/admin-token"]) == toset(["gateway"])
    error_message = "The gateway alone must be able to read the token."
  }

  assert {
    condition     = contains(google_project_iam_custom_role.gateway.permissions, "datastore.entities.update")
    error_message = "Settings cannot be changed without this."
  }
}

run "without_an_admin_token_there_is_no_secret" {
  assert {
    condition = (
      length(google_secret_manager_secret.admin_token) == 0
      && !contains([for env in google_cloud_run_v2_service.gateway.template[0].containers[0].env : env.name], "ADMIN_TOKEN")
    )
    error_message = "No token needs no secret."
  }
}

run "reads_are_open_only_if_someone_says_so" {
  variables {
    read_token = "open"
  }

  # The variable has no default and cannot be null, so Terraform asks for it.
  assert {
    condition = alltrue([for block in regexall("(?s)variable \"read_token\" {\n.*?\n}\n", file("${path.module}/variables.tf")) :
      !can(regex("(?m)^  default ", block)) && can(regex("(?m)^  nullable += false$", block))
    ]) && strcontains(file("${path.module}/variables.tf"), "variable \"read_token\" {\n")
    error_message = "The decision about who may read must be explicit."
  }

  assert {
    condition = (
      length(google_secret_manager_secret.read_token) == 0
      && length(google_secret_manager_secret_iam_member.this) == 0
      && !contains([for env in google_cloud_run_v2_service.gateway.template[0].containers[0].env : env.name], "READ_TOKEN")
    )
    error_message = "Open reads need no secret."
  }
}

run "collectors_may_write_metrics" {
  variables {
    read_token = "open"
    prometheus = true
  }

  assert {
    condition     = toset([for grant in google_project_iam_member.this : grant.member if grant.role == "roles/monitoring.metricWriter"]) == toset(["gateway", "worker"])
    error_message = "A collector must write as its service's account."
  }

  assert {
    condition     = toset([for grant in google_secret_manager_secret_iam_member.this : grant.member]) == toset(["gateway", "worker"])
    error_message = "Each service must be able to read its collector's configuration."
  }
}

run "bigquery_is_written_by_pubsub_alone" {
  variables {
    bigquery = true
  }

  assert {
    condition = [for grant in google_bigquery_table_iam_member.this : "${grant.member} ${grant.role} ${grant.table_id}"] == [
      "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com roles/bigquery.dataEditor messages",
    ]
    error_message = "Only Pub/Sub's service agent may write to the table."
  }
}
