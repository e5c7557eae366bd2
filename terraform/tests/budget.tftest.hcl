# The budget. It names the project by its number, which is known only when these runs are applied.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project_id = "test-project"
  read_token = "open"
}

run "a_budget_warns_of_what_this_project_costs" {
  variables {
    budget       = { billing_account = "012345-6789AB-CDEF01", amount = 100 }
    alert_emails = ["ops@example.com"]
  }

  assert {
    condition = (
      google_billing_budget.this[0].billing_account == "012345-6789AB-CDEF01"
      && google_billing_budget.this[0].budget_filter[0].projects == toset(["projects/123456789012"])
      && google_billing_budget.this[0].amount[0].specified_amount[0].units == "100"
      && [for rule in google_billing_budget.this[0].threshold_rules : rule.threshold_percent] == [0.5, 0.9, 1]
      && length(google_billing_budget.this[0].all_updates_rule) == 1
      && contains(keys(google_project_service.this), "billingbudgets.googleapis.com")
    )
    error_message = "A budget must cover this project alone, and its API must be enabled."
  }
}

run "there_is_no_budget_unless_asked_for" {
  assert {
    condition     = length(google_billing_budget.this) == 0 && !contains(keys(google_project_service.this), "billingbudgets.googleapis.com")
    error_message = "A budget needs rights on the billing account, so it must be optional."
  }
}
