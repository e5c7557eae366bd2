# Terraform asks for variables without a default. All other defaults work as they are.

# --- Where -----------------------------------------------------------------------------------

variable "project_id" {
  description = "The Google Cloud project. It must exist and have billing."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "A project id is 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
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
  description = "The prefix of every resource's name, and the topic's name."
  type        = string
  default     = "spillway"

  validation {
    # Ids of service accounts are at most 30 characters long, and ours end in -gateway.
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name)) && !startswith(var.name, "goog")
    error_message = "A name is 3 to 20 lower-case letters, digits and hyphens. It begins with a letter, but not with goog."
  }
}

# --- Who may read ----------------------------------------------------------------------------

variable "read_token" {
  description = "Who may read: a token that every read must carry (at least 20 characters, such as from `openssl rand -hex 32`), or the word `open` to let anybody read. There is no default."
  type        = string
  sensitive   = true
  nullable    = false

  validation {
    condition     = var.read_token == "open" || can(regex("^[A-Za-z0-9._~+/-]{20,}=*$", var.read_token))
    error_message = "Set a token of at least 20 letters, digits and . _ ~ + / - (openssl rand -hex 32), or the word open."
  }
}

variable "read_token_version" {
  description = "Raise this when you change `read_token`: Terraform keeps no copy of the token, so it cannot see the change."
  type        = number
  default     = 1

  validation {
    condition     = var.read_token_version >= 1 && floor(var.read_token_version) == var.read_token_version
    error_message = "A version is a whole number, at least 1."
  }
}

variable "admin_token" {
  description = "The operator's token, which reads everything, changes the settings of sites, and exports and deletes tenants (at least 20 characters, such as from `openssl rand -hex 32`). Without one, nobody can do so over HTTP."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.admin_token == null || can(regex("^[A-Za-z0-9._~+/-]{20,}=*$", var.admin_token))
    error_message = "Set a token of at least 20 letters, digits and . _ ~ + / - (openssl rand -hex 32), or null."
  }

  validation {
    condition     = var.admin_token == null || var.admin_token != var.read_token
    error_message = "The operator's token must not be the read token: whoever may read could then change settings."
  }
}

variable "admin_token_version" {
  description = "Raise this when you change `admin_token`: Terraform keeps no copy of the token, so it cannot see the change."
  type        = number
  default     = 1

  validation {
    condition     = var.admin_token_version >= 1 && floor(var.admin_token_version) == var.admin_token_version
    error_message = "A version is a whole number, at least 1."
  }
}

# --- Gateway ---------------------------------------------------------------------------------

variable "gateway_image" {
  description = "The image with which the gateway's service is created. After that, Cloud Build deploys its images."
  type        = string
  default     = "us-docker.pkg.dev/cloudrun/container/hello"

  validation {
    condition     = can(regex("^[a-z0-9.-]+/[^\\s]+$", var.gateway_image))
    error_message = "An image is a registry and a path, such as us-docker.pkg.dev/project/spillway/gateway:1."
  }
}

variable "gateway_max_instances" {
  description = "Maximum number of gateway instances. It limits the cost. A new project may have no quota for more than 10, or than 20 CPUs a region."
  type        = number
  default     = 10

  validation {
    condition     = var.gateway_max_instances >= 1 && floor(var.gateway_max_instances) == var.gateway_max_instances
    error_message = "At least one instance is needed."
  }
}

variable "gateway_concurrency" {
  description = "Maximum number of concurrent requests in a gateway instance. A body of 4 MiB takes about 12 MiB of memory while it is read, cut and published: 80 of them fit into 1 GiB."
  type        = number
  default     = 80

  validation {
    condition     = var.gateway_concurrency >= 1 && var.gateway_concurrency <= 1000
    error_message = "Cloud Run allows 1 to 1000 concurrent requests."
  }
}

variable "gateway_cpu" {
  description = "CPUs of a gateway instance."
  type        = number
  default     = 1

  validation {
    condition     = contains([1, 2, 4, 8], var.gateway_cpu)
    error_message = "Cloud Run allows 1, 2, 4 or 8 CPUs if requests share an instance."
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
  description = "MAX_INGEST_BYTES: the largest body of POST /ingest, in bytes, decompressed."
  type        = number
  default     = 4194304

  validation {
    condition     = var.max_ingest_bytes >= 1 && var.max_ingest_bytes <= 16777216 && floor(var.max_ingest_bytes) == var.max_ingest_bytes
    error_message = "The limit is 1 to 16777216 bytes."
  }
}

variable "max_logs_bytes" {
  description = "MAX_LOGS_BYTES: the largest body of POST /logs, in bytes, decompressed."
  type        = number
  default     = 10485760

  validation {
    condition     = var.max_logs_bytes >= 1 && var.max_logs_bytes <= 16777216 && floor(var.max_logs_bytes) == var.max_logs_bytes
    error_message = "The limit is 1 to 16777216 bytes."
  }
}

variable "max_event_values" {
  description = "MAX_EVENT_VALUES: the most pages and event types, each, of a site that an instance of the gateway counts by name on a day. The rest is counted as (other)."
  type        = number
  default     = 10000

  validation {
    condition     = var.max_event_values >= 1 && var.max_event_values <= 1000000 && floor(var.max_event_values) == var.max_event_values
    error_message = "The number is 1 to 1000000."
  }
}

variable "max_log_values" {
  description = "MAX_LOG_VALUES: the most paths, referers and hosts, each, of a tenant's access logs that an instance of the gateway counts by name on a day. The rest is counted as (other)."
  type        = number
  default     = 10000

  validation {
    condition     = var.max_log_values >= 1 && var.max_log_values <= 1000000 && floor(var.max_log_values) == var.max_log_values
    error_message = "The number is 1 to 1000000."
  }
}

variable "max_bodies_bytes" {
  description = "MAX_BODIES_BYTES: the memory that all bodies of requests and what is made of them may take together in an instance of the gateway, in bytes. Other memory it needs is some 300 MB."
  type        = number
  default     = 268435456

  validation {
    condition     = var.max_bodies_bytes >= 134217728 && var.max_bodies_bytes <= 68719476736 && floor(var.max_bodies_bytes) == var.max_bodies_bytes
    error_message = "The limit is 134217728 to 68719476736 bytes."
  }
}

variable "max_body_seconds" {
  description = "MAX_BODY_SECONDS: the longest time that the body of a request may take. Cloud Run's time-out is 15 s longer."
  type        = number
  default     = 45

  validation {
    condition     = var.max_body_seconds >= 1 && var.max_body_seconds <= 3500 && floor(var.max_body_seconds) == var.max_body_seconds
    error_message = "The time is 1 to 3500 whole seconds."
  }
}

variable "tenant_records_per_second" {
  description = "TENANT_RECORDS_PER_SECOND: the most texts, events and access-log entries a second that each tenant may send on average to each instance of the gateway; 0 is no limit."
  type        = number
  default     = 0

  validation {
    condition     = var.tenant_records_per_second >= 0 && var.tenant_records_per_second <= 1000000000 && floor(var.tenant_records_per_second) == var.tenant_records_per_second
    error_message = "The rate is 0 to 1000000000 records a second."
  }
}

variable "tenant_bytes_per_second" {
  description = "TENANT_BYTES_PER_SECOND: the most bytes a second that each tenant may send on average to each instance of the gateway; 0 is no limit."
  type        = number
  default     = 0

  validation {
    condition     = var.tenant_bytes_per_second >= 0 && var.tenant_bytes_per_second <= 1000000000 && floor(var.tenant_bytes_per_second) == var.tenant_bytes_per_second
    error_message = "The rate is 0 to 1000000000 bytes a second."
  }
}

variable "tenant_writes_per_day" {
  description = "TENANT_WRITES_PER_DAY: the most Firestore documents a day that the records of each tenant may write, counted as if each came alone, to each instance of the gateway; 0 is no limit."
  type        = number
  default     = 0

  validation {
    condition     = var.tenant_writes_per_day >= 0 && var.tenant_writes_per_day <= 1000000000 && floor(var.tenant_writes_per_day) == var.tenant_writes_per_day
    error_message = "The quota is 0 to 1000000000 writes a day."
  }
}

variable "trusted_hops" {
  description = "TRUSTED_HOPS: the number of proxies in front of the gateway that write X-Forwarded-For: 1 for Cloud Run alone, 2 with a load balancer in front of it."
  type        = number
  default     = 1

  validation {
    condition     = var.trusted_hops >= 0 && var.trusted_hops <= 10 && floor(var.trusted_hops) == var.trusted_hops
    error_message = "The number of hops is a whole number from 0 to 10."
  }
}

variable "redact_paths" {
  description = "REDACT_PATHS: whether personal data and secrets are taken out of the paths, referers and queries of access logs and events before they are counted and stored."
  type        = bool
  default     = true
}

variable "country_headers" {
  description = "COUNTRY_HEADERS: the headers in which a proxy in front of the gateway tells the country of a client, such as [\"X-Client-Region\"]."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.country_headers : can(regex("^[A-Za-z0-9-]+$", name))])
    error_message = "Each item is the name of a header."
  }
}

variable "site_dimensions" {
  description = "SITE_DIMENSIONS: the dimensions in which events are counted beside their type and their path: a comma-separated list, or none."
  type        = string
  default     = "source,referrer,utm_source,utm_medium,utm_campaign,utm_term,utm_content,browser,os,device,language,country,entry_page,host,event"

  validation {
    condition     = var.site_dimensions == "none" || alltrue([for name in split(",", var.site_dimensions) : contains(["source", "referrer", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "browser", "os", "device", "language", "country", "entry_page", "host", "event"], name)])
    error_message = "The dimensions are a list of source, referrer, utm_source, utm_medium, utm_campaign, utm_term, utm_content, browser, os, device, language, country, entry_page, host and event, or none."
  }
}

variable "keep_trailing_slash" {
  description = "KEEP_TRAILING_SLASH: the tenants for whom /a/ and /a are two pages; [\"*\"] for all."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.keep_trailing_slash : name == "*" || can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$", name))])
    error_message = "Each item is a tenant id, or the only item is \"*\"."
  }
}

variable "merge_index_pages" {
  description = "MERGE_INDEX_PAGES: the tenants for whom /a/index.html is the page /a/; [\"*\"] for all."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.merge_index_pages : name == "*" || can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$", name))])
    error_message = "Each item is a tenant id, or the only item is \"*\"."
  }
}

variable "read_origins" {
  description = "READ_ORIGINS: the origins of sites whose pages may read, such as [\"https://stats.example.com\"]."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.read_origins : can(regex("^https?://[A-Za-z0-9._:\\[\\]-]+$", origin))])
    error_message = "Each item is an origin: a scheme and a host, without a path."
  }
}

variable "pages" {
  description = "PAGES: whether the gateway also serves its pages: tracker, demo, dashboard and API page."
  type        = bool
  default     = true
}

variable "log_requests" {
  description = "LOG_REQUESTS: the requests that the gateway logs: all, errors or off. Cloud Run logs all of them itself, without the problem's code and the tenant."
  type        = string
  default     = "off"

  validation {
    condition     = contains(["all", "errors", "off"], var.log_requests)
    error_message = "The gateway logs all requests, errors, or none (off)."
  }
}

# --- Worker ----------------------------------------------------------------------------------

variable "worker_image" {
  description = "The image with which the worker's service is created. After that, Cloud Build deploys its images."
  type        = string
  default     = "us-docker.pkg.dev/cloudrun/container/hello"

  validation {
    condition     = can(regex("^[a-z0-9.-]+/[^\\s]+$", var.worker_image))
    error_message = "An image is a registry and a path, such as us-docker.pkg.dev/project/spillway/worker:1."
  }
}

variable "worker_concurrency" {
  description = "Maximum number of concurrent pushes in a worker instance. A text waits for 0.05 s a character and hardly uses the CPU, so hundreds share one; a part of a batch takes up to 2 MiB, and 400 of them fit into 1 GiB beside the program."
  type        = number
  default     = 400

  validation {
    condition     = var.worker_concurrency >= 1 && var.worker_concurrency <= 1000
    error_message = "Cloud Run allows 1 to 1000 concurrent requests."
  }
}

variable "worker_text_max_instances" {
  description = "Maximum number of instances of the worker for texts. It limits the cost and, times `worker_concurrency`, the texts in work at once."
  type        = number
  default     = 10

  validation {
    condition     = var.worker_text_max_instances >= 1 && floor(var.worker_text_max_instances) == var.worker_text_max_instances
    error_message = "At least one instance is needed."
  }
}

variable "worker_rest_max_instances" {
  description = "Maximum number of instances of the worker for everything but texts. Each writes the counts of a busy tenant up to four times a second, and a document takes about one write a second: so few instances count more than many."
  type        = number
  default     = 3

  validation {
    condition     = var.worker_rest_max_instances >= 1 && floor(var.worker_rest_max_instances) == var.worker_rest_max_instances
    error_message = "At least one instance is needed."
  }
}

variable "worker_cpu" {
  description = "CPUs of a worker instance."
  type        = number
  default     = 1

  validation {
    condition     = contains([1, 2, 4, 8], var.worker_cpu)
    error_message = "Cloud Run allows 1, 2, 4 or 8 CPUs if requests share an instance."
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

  validation {
    # A fifth is left for the program itself.
    condition = var.worker_concurrency * 2 <= 0.8 * try(
      tonumber(trimsuffix(var.worker_memory, "Mi")), 1024 * tonumber(trimsuffix(var.worker_memory, "Gi")), 0
    )
    error_message = "worker_memory must have 2.5 Mi for each of worker_concurrency: 1Gi for up to 409, 2Gi for up to 819, 3Gi for 1000."
  }
}

variable "work_seconds_per_char" {
  description = "WORK_SECONDS_PER_CHAR: the simulated heavy work on a text, in seconds for each character."
  type        = number
  default     = 0.05

  validation {
    condition     = var.work_seconds_per_char >= 0 && var.work_seconds_per_char <= 0.135
    error_message = "The maximum is 0.135: a part of 4,000 characters must end within 540 s."
  }
}

variable "store_original" {
  description = "STORE_ORIGINAL: whether original texts are stored and archived beside the redacted ones. If not, digests are keyed."
  type        = bool
  default     = true
}

variable "rollup_shards" {
  description = "ROLLUP_SHARDS: the number of documents over which a count is spread, if it is only summed."
  type        = number
  default     = 1

  validation {
    condition     = var.rollup_shards >= 1 && var.rollup_shards <= 100 && floor(var.rollup_shards) == var.rollup_shards
    error_message = "The number of shards is a whole number from 1 to 100."
  }
}

variable "log_dimensions" {
  description = "LOG_DIMENSIONS: what of access logs is counted beside the number of requests: a comma-separated list, or none."
  type        = string
  default     = "paths,user_agents,status,bytes,referers,hosts"

  validation {
    condition     = var.log_dimensions == "none" || alltrue([for name in split(",", var.log_dimensions) : contains(["paths", "user_agents", "status", "bytes", "referers", "hosts"], name)])
    error_message = "The dimensions are a list of paths, user_agents, status, bytes, referers and hosts, or none."
  }
}

variable "commit_interval_ms" {
  description = "COMMIT_INTERVAL_MS: the minimum time between two commits of a worker instance that write the same document; null is the worker's default (250)."
  type        = number
  default     = null

  validation {
    condition     = var.commit_interval_ms == null ? true : var.commit_interval_ms >= 0 && var.commit_interval_ms <= 30000 && floor(var.commit_interval_ms) == var.commit_interval_ms
    error_message = "The interval is a whole number of milliseconds from 0 to 30000, or null."
  }
}

# --- How long things are kept ----------------------------------------------------------------

variable "retention_days" {
  description = "RETENTION_DAYS: the days after which stored records expire; null keeps them. At least 32: Pub/Sub may deliver a message for 31 days, and what was counted must still be known then."
  type        = number
  default     = null

  validation {
    condition     = var.retention_days == null ? true : var.retention_days >= 32 && var.retention_days <= 36500 && floor(var.retention_days) == var.retention_days
    error_message = "The retention is a whole number of days from 32 to 36500, or null."
  }
}

variable "replay_days" {
  description = "Days for which the topic keeps acknowledged messages, so that a subscription can seek back."
  type        = number
  default     = 7

  validation {
    condition     = var.replay_days >= 1 && var.replay_days <= 31 && floor(var.replay_days) == var.replay_days
    error_message = "Pub/Sub keeps acknowledged messages for 1 to 31 days."
  }
}

variable "archive_days" {
  description = "Days after which files of the raw archive are deleted; null keeps them forever."
  type        = number
  default     = 365

  validation {
    condition     = var.archive_days == null ? true : var.archive_days >= 1 && floor(var.archive_days) == var.archive_days
    error_message = "The archive is kept for a whole number of days, at least 1, or null."
  }
}

variable "bigquery" {
  description = "Whether events and access logs are also written to BigQuery."
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
    error_message = "A database id is (default), or 4 to 63 lower-case letters, digits and hyphens."
  }
}

variable "firestore_endpoint" {
  description = "FIRESTORE_ENDPOINT: where the services reach Firestore, such as a private endpoint in your network."
  type        = string
  default     = "https://firestore.googleapis.com"

  validation {
    condition     = can(regex("^https://[A-Za-z0-9][A-Za-z0-9.-]*(:[1-9][0-9]{0,4})?$", var.firestore_endpoint))
    error_message = "An endpoint is https:// and a host, and nothing after it but a port."
  }
}

variable "pubsub_endpoint" {
  description = "PUBSUB_ENDPOINT: where the gateway reaches Pub/Sub, such as https://europe-west1-pubsub.googleapis.com, which keeps requests in that region, or a private endpoint in your network."
  type        = string
  default     = "https://pubsub.googleapis.com"

  validation {
    condition     = can(regex("^https://[A-Za-z0-9][A-Za-z0-9.-]*(:[1-9][0-9]{0,4})?$", var.pubsub_endpoint))
    error_message = "An endpoint is https:// and a host, and nothing after it but a port."
  }
}

variable "firestore_location" {
  description = "The location of the documents: a region, or nam5, nam7 or eur3; null is `region`. It can never be changed."
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

# --- Monitoring ------------------------------------------------------------------------------

variable "monitoring" {
  description = "Whether to create alerts and a dashboard."
  type        = bool
  default     = true
}

variable "alert_emails" {
  description = "The e-mail addresses that receive alerts."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "Each must be an e-mail address."
  }
}

variable "alert_backlog_seconds" {
  description = "Age of the oldest unacknowledged message that raises an alert, in seconds. The longest text takes 200 s, and the archive writes every 300 s."
  type        = number
  default     = 900

  validation {
    condition     = var.alert_backlog_seconds >= 600
    error_message = "The minimum is 600 s: one delivery may take that long."
  }
}

variable "alert_latency_ms" {
  description = "99th percentile of the gateway's latency that raises an alert, in milliseconds."
  type        = number
  default     = 2000

  validation {
    condition     = var.alert_latency_ms > 0
    error_message = "The latency must be above 0."
  }
}

variable "budget" {
  description = "The billing account, and the amount a month in its currency, of which 50, 90 and 100 % send an e-mail. It stops nothing. Null creates no budget."
  type        = object({ billing_account = string, amount = number })
  default     = null

  validation {
    condition = var.budget == null ? true : (
      can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account))
      && var.budget.amount >= 1 && floor(var.budget.amount) == var.budget.amount
    )
    error_message = "A budget is { billing_account = \"012345-6789AB-CDEF01\", amount = 100 }, with a whole amount."
  }
}

variable "log_pushes" {
  description = "Whether Cloud Logging keeps the line that Cloud Run writes of each push that the worker acknowledged. Without them, logging costs half as much; failed pushes are always kept."
  type        = bool
  default     = true
}

variable "prometheus" {
  description = "Whether a second container in each service writes its /metrics to Managed Service for Prometheus. If reads need a token, the gateway gets none: the collector cannot send a token."
  type        = bool
  default     = false
}

# --- Taking it down --------------------------------------------------------------------------

variable "deletion_protection" {
  description = "Whether Terraform and Google refuse to delete what holds data: the database, the archive and BigQuery's table."
  type        = bool
  default     = true
}
