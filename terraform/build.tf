# The repository of images, the bucket of uploaded sources, and the account that builds and deploys them
# (cloudbuild.yaml).

resource "google_artifact_registry_repository" "images" {
  repository_id = var.name
  location      = var.region
  format        = "DOCKER"
  description   = "Images of the gateway and the worker"

  # Enough to roll back to. Running revisions do not need their image here: Cloud Run keeps a copy.
  cleanup_policies {
    id     = "keep-the-last-20"
    action = "KEEP"
    most_recent_versions {
      package_name_prefixes = ["gateway", "worker"]
      keep_count            = 20
    }
  }

  # Each build replaces the cache of the one before, which loses its tag and is of a gigabyte or more.
  cleanup_policies {
    id     = "delete-untagged-after-3-days"
    action = "DELETE"
    condition {
      tag_state  = "UNTAGGED"
      older_than = "259200s"
    }
  }

  cleanup_policies {
    id     = "delete-after-90-days"
    action = "DELETE"
    condition {
      older_than = "7776000s"
    }
  }

  depends_on = [google_project_service.this]
}

# `gcloud builds submit` would upload to a bucket that it makes itself, to which the build's account has
# no access, and which keeps every upload. Nothing here is needed after its build.
resource "google_storage_bucket" "source" {
  name                        = "${var.project_id}-${var.name}-source"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = 7
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_service_account" "build" {
  account_id   = "${var.name}-build"
  display_name = "Spillway build: builds, pushes and deploys images"
  depends_on   = [google_project_service.this]
}
