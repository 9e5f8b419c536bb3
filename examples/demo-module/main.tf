# One label for everything that belongs together: organisation-stage-name.

variable "organisation" {
  description = "Short name of the organisation."
  type        = string
}

variable "stage" {
  description = "Where it runs, for example `test` or `live`."
  type        = string
  default     = "test"
}

variable "name" {
  description = "What it is."
  type        = string
}

output "id" {
  description = "The label: lower case, words joined by hyphens."
  value       = lower(join("-", [var.organisation, var.stage, var.name]))
}
