terraform {
  required_providers {
    demo = {
      source  = "registry.example.com/acme/demo"
      version = "~> 1.2"
    }
  }
}

module "label" {
  source       = "oci://oci.example.com/modules/label?tag=1.2.0"
  organisation = "acme"
  stage        = "live"
  name         = "Shop"
}

resource "demo_greeting" "team" {
  name = module.label.id
}

output "greeting" {
  value = demo_greeting.team.text
}
