# What has no default is asked for; everything else works as it is.

# --- Where -----------------------------------------------------------------------------------

variable "project_id" {
  description = "The Google Cloud project that everything belongs to. It has to exist, with billing."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "region" {
  description = "The region of both services, the topic's messages, the archive and the images."
  type        = string
  default     = "europe-west1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", var.region))
    error_message = "A region looks like europe-west1 or us-central1."
  }
}

variable "name" {
  description = "The first word of every resource's name, and the topic's name."
  type        = string
  default     = "spillway"

  validation {
    # Service accounts have ids of at most 30 characters, ours end in -gateway.
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name)) && !startswith(var.name, "goog")
    error_message = "A name has 3 to 20 lower-case letters, digits and hyphens, begins with a letter and not with goog."
  }
}

# --- Who may read ----------------------------------------------------------------------------

variable "read_token" {
  description = "Who may read: a token that every read has to bear (20 characters or more, as `openssl rand -hex 32` makes), or the word `open` to let anybody read. There is no default."
  type        = string
  sensitive   = true
  nullable    = false

  validation {
    condition     = var.read_token == "open" || can(regex("^[A-Za-z0-9._~+/-]{20,}=*$", var.read_token))
    error_message = "Give a token of at least 20 letters, digits and . _ ~ + / - (openssl rand -hex 32), or the word open."
  }
}

variable "read_token_version" {
  description = "Raise it to have a changed `read_token` written: Terraform keeps no copy to compare with."
  type        = number
  default     = 1

  validation {
    condition     = var.read_token_version >= 1 && floor(var.read_token_version) == var.read_token_version
    error_message = "A version is a whole number from 1."
  }
}

# --- Gateway ---------------------------------------------------------------------------------

variable "gateway_image" {
  description = "The image that the gateway's service is made with. From then on Cloud Build owns it."
  type        = string
  default     = "us-docker.pkg.dev/cloudrun/container/hello"

  validation {
    condition     = can(regex("^[a-z0-9.-]+/[^\\s]+$", var.gateway_image))
    error_message = "An image is a registry and a path, such as us-docker.pkg.dev/project/spillway/gateway:1."
  }
}

variable "gateway_max_instances" {
  description = "Most instances of the gateway: the fuse for its cost."
  type        = number
  default     = 20

  validation {
    condition     = var.gateway_max_instances >= 1 && floor(var.gateway_max_instances) == var.gateway_max_instances
    error_message = "There has to be at least one instance."
  }
}

variable "gateway_concurrency" {
  description = "Requests in one gateway instance at once. A body of 4 MiB takes some 12 MiB of memory while it is read, cut and published: 80 of them fit into 1 GiB."
  type        = number
  default     = 80

  validation {
    condition     = var.gateway_concurrency >= 1 && var.gateway_concurrency <= 1000
    error_message = "Cloud Run allows 1 to 1000 requests at once."
  }
}

variable "gateway_cpu" {
  description = "Processors of a gateway instance."
  type        = number
  default     = 1

  validation {
    condition     = contains([1, 2, 4, 8], var.gateway_cpu)
    error_message = "Cloud Run allows 1, 2, 4 or 8 processors where requests share an instance."
  }
}

variable "gateway_memory" {
  description = "Memory of a gateway instance, such as 1Gi."
  type        = string
  default     = "1Gi"

  validation {
    condition     = can(regex("^[1-9][0-9]*(Mi|Gi)$", var.gateway_memory))
    error_message = "Memory is a number of Mi or Gi."
  }
}

variable "max_ingest_bytes" {
  description = "MAX_INGEST_BYTES: the largest body of POST /ingest."
  type        = number
  default     = 4194304

  validation {
    condition     = var.max_ingest_bytes >= 1 && var.max_ingest_bytes <= 16777216 && floor(var.max_ingest_bytes) == var.max_ingest_bytes
    error_message = "A body may have 1 to 16777216 bytes."
  }
}

variable "trusted_hops" {
  description = "TRUSTED_HOPS: how many proxies in front of the gateway write X-Forwarded-For; 1 is Cloud Run itself, 2 with a load balancer before it."
  type        = number
  default     = 1

  validation {
    condition     = var.trusted_hops >= 0 && var.trusted_hops <= 10 && floor(var.trusted_hops) == var.trusted_hops
    error_message = "Hops are a whole number from 0 to 10."
  }
}

variable "pages" {
  description = "PAGES: whether the gateway serves the pages for people too."
  type        = bool
  default     = true
}

# --- Worker ----------------------------------------------------------------------------------

variable "worker_image" {
  description = "The image that the worker's service is made with. From then on Cloud Build owns it."
  type        = string
  default     = "us-docker.pkg.dev/cloudrun/container/hello"

  validation {
    condition     = can(regex("^[a-z0-9.-]+/[^\\s]+$", var.worker_image))
    error_message = "An image is a registry and a path, such as us-docker.pkg.dev/project/spillway/worker:1."
  }
}

variable "worker_concurrency" {
  description = "Pushes in one worker instance at once. A text waits for 0.05 s a character and hardly computes, so hundreds share a processor; a part of a batch takes up to 2 MiB, and 500 of them fit into 1 GiB."
  type        = number
  default     = 500

  validation {
    condition     = var.worker_concurrency >= 1 && var.worker_concurrency <= 1000
    error_message = "Cloud Run allows 1 to 1000 requests at once."
  }
}

variable "worker_max_instances" {
  description = "Most instances of the worker: the fuse for its cost, and with `worker_concurrency` the texts and events in work at once."
  type        = number
  default     = 10

  validation {
    condition     = var.worker_max_instances >= 1 && floor(var.worker_max_instances) == var.worker_max_instances
    error_message = "There has to be at least one instance."
  }

  validation {
    # Pub/Sub keeps at most 3,000 pushes in the air for a subscription whose answers take longer
    # than a second, as those for texts do. With more room than that, texts can never take it all.
    condition     = var.worker_max_instances * var.worker_concurrency > 3000
    error_message = "worker_max_instances * worker_concurrency has to be above 3000: else texts could fill every instance, and events would wait for them."
  }
}

variable "worker_cpu" {
  description = "Processors of a worker instance."
  type        = number
  default     = 1

  validation {
    condition     = contains([1, 2, 4, 8], var.worker_cpu)
    error_message = "Cloud Run allows 1, 2, 4 or 8 processors where requests share an instance."
  }
}

variable "worker_memory" {
  description = "Memory of a worker instance, such as 1Gi."
  type        = string
  default     = "1Gi"

  validation {
    condition     = can(regex("^[1-9][0-9]*(Mi|Gi)$", var.worker_memory))
    error_message = "Memory is a number of Mi or Gi."
  }
}

variable "work_seconds_per_char" {
  description = "WORK_SECONDS_PER_CHAR: the simulated heavy work on a text."
  type        = number
  default     = 0.05

  validation {
    condition     = var.work_seconds_per_char >= 0 && var.work_seconds_per_char <= 0.135
    error_message = "A part of 4,000 characters has to end within 540 s: at most 0.135."
  }
}

variable "store_original" {
  description = "STORE_ORIGINAL: whether unredacted texts are stored and archived too."
  type        = bool
  default     = true
}

variable "rollup_shards" {
  description = "ROLLUP_SHARDS: over how many documents a count is spread that is only summed."
  type        = number
  default     = 1

  validation {
    condition     = var.rollup_shards >= 1 && var.rollup_shards <= 100 && floor(var.rollup_shards) == var.rollup_shards
    error_message = "Shards are a whole number from 1 to 100."
  }
}

variable "commit_interval_ms" {
  description = "COMMIT_INTERVAL_MS: least time between two commits of one worker instance; null leaves it to the worker (250)."
  type        = number
  default     = null

  validation {
    condition     = var.commit_interval_ms == null ? true : var.commit_interval_ms >= 0 && var.commit_interval_ms <= 30000 && floor(var.commit_interval_ms) == var.commit_interval_ms
    error_message = "An interval is a whole number of milliseconds from 0 to 30000, or null."
  }
}

# --- How long things are kept ----------------------------------------------------------------

variable "retention_days" {
  description = "RETENTION_DAYS: days after which stored records expire; null keeps them. At least 32, since Pub/Sub may deliver a message for 31 days and what was counted must still be known then."
  type        = number
  default     = null

  validation {
    condition     = var.retention_days == null ? true : var.retention_days >= 32 && var.retention_days <= 36500 && floor(var.retention_days) == var.retention_days
    error_message = "Retention is at least 32 days, or null."
  }
}

variable "replay_days" {
  description = "Days for which the topic keeps acknowledged messages, so that a subscription can be sought back."
  type        = number
  default     = 7

  validation {
    condition     = var.replay_days >= 1 && var.replay_days <= 31 && floor(var.replay_days) == var.replay_days
    error_message = "Pub/Sub keeps acknowledged messages for 1 to 31 days."
  }
}

variable "archive_days" {
  description = "Days after which files of the raw archive are deleted; null keeps them."
  type        = number
  default     = 365

  validation {
    condition     = var.archive_days == null ? true : var.archive_days >= 1 && floor(var.archive_days) == var.archive_days
    error_message = "The archive is kept for at least one day, or null."
  }
}

variable "bigquery" {
  description = "Whether events and access logs are written to BigQuery too."
  type        = bool
  default     = false
}

# --- Firestore -------------------------------------------------------------------------------

variable "firestore_database" {
  description = "FIRESTORE_DATABASE: the database's id. Only `(default)` has a free tier."
  type        = string
  default     = "(default)"

  validation {
    condition     = var.firestore_database == "(default)" || can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.firestore_database))
    error_message = "A database is (default), or 4 to 63 lower-case letters, digits and hyphens."
  }
}

variable "firestore_location" {
  description = "Where the documents lie: a region or nam5, nam7, eur3; null takes `region`. It can never be changed."
  type        = string
  default     = null

  validation {
    condition     = var.firestore_location == null ? true : can(regex("^([a-z]+-[a-z]+[0-9]{1,2}|nam5|nam7|eur3)$", var.firestore_location))
    error_message = "A location is a region, nam5, nam7 or eur3."
  }
}

variable "point_in_time_recovery" {
  description = "Whether Firestore can be read and exported as it was at any minute of the last 7 days."
  type        = bool
  default     = false
}

# --- Watching --------------------------------------------------------------------------------

variable "monitoring" {
  description = "Whether there are alerts and a dashboard."
  type        = bool
  default     = true
}

variable "alert_emails" {
  description = "Who hears of alerts."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "Each has to be an e-mail address."
  }
}

variable "alert_backlog_seconds" {
  description = "Age of the oldest unacknowledged message that raises an alert. The longest text takes 200 s, the archive writes every 300 s."
  type        = number
  default     = 900

  validation {
    condition     = var.alert_backlog_seconds >= 600
    error_message = "Below 600 s, which a delivery may take, it would cry wolf."
  }
}

variable "alert_latency_ms" {
  description = "99th percentile of the gateway's latency that raises an alert, in milliseconds."
  type        = number
  default     = 2000

  validation {
    condition     = var.alert_latency_ms > 0
    error_message = "A latency is above 0."
  }
}

variable "prometheus" {
  description = "Whether a second container in each service writes its /metrics to Managed Service for Prometheus. The gateway gets none where reads need a token, since the collector cannot bear one."
  type        = bool
  default     = false
}

# --- Taking it down --------------------------------------------------------------------------

variable "deletion_protection" {
  description = "Whether Terraform and Google refuse to delete services, database, archive and tables that hold data."
  type        = bool
  default     = true
}
