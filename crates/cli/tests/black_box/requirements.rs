//! `requirements`.

use crate::{CONFIGURATION, check, sandbox};

#[test]
fn the_whole_tree_is_read() {
    let sandbox = sandbox();
    sandbox.write("main.tf", CONFIGURATION);
    sandbox.write(
        "network/main.tf",
        "terraform {\n  required_providers {\n    demo = { source = \"acme/demo\", version = \">= 1.2.1\" }\n  }\n}\nmodule \"subnets\" {\n  source = \"../subnets\"\n}\nresource \"null_resource\" \"x\" {}\n",
    );
    sandbox.write("subnets/main.tf", "resource \"terraform_data\" \"x\" {}\n");
    sandbox.write(
        "network.tf",
        "module \"network\" {\n  source = \"./network\"\n}\nmodule \"vpc\" {\n  source  = \"acme/vpc/aws\"\n  version = \"~> 5.0\"\n}\n",
    );
    check!(sandbox, "requirements", @r"
    exit 0
    -- stdout
    PROVIDER                              CONSTRAINTS       REQUIRED BY
    registry.opentofu.org/acme/demo       >= 1.2.1, ~> 1.2  module.network, root
    registry.opentofu.org/hashicorp/null                    module.network

    MODULE                         SOURCE                                         VERSION
    module.label                   oci://oci.example.com/modules/label?tag=1.2.0           not installed
    module.network                 ./network
    module.network.module.subnets  ../subnets
    module.vpc                     registry.opentofu.org/acme/vpc/aws             ~> 5.0   not installed
    ");
    check!(sandbox, "requirements --json", @r#"
    exit 0
    -- stdout
    {
      "version": 1,
      "providers": [
        {
          "source": "registry.opentofu.org/acme/demo",
          "constraints": [
            ">= 1.2.1",
            "~> 1.2"
          ],
          "required_by": [
            "module.network",
            "root"
          ]
        },
        {
          "source": "registry.opentofu.org/hashicorp/null",
          "constraints": [],
          "required_by": [
            "module.network"
          ]
        }
      ],
      "modules": [
        {
          "path": "module.label",
          "source": "oci://oci.example.com/modules/label?tag=1.2.0",
          "missing": true
        },
        {
          "path": "module.network",
          "source": "./network"
        },
        {
          "path": "module.network.module.subnets",
          "source": "../subnets"
        },
        {
          "path": "module.vpc",
          "source": "registry.opentofu.org/acme/vpc/aws",
          "version": "~> 5.0",
          "missing": true
        }
      ]
    }
    "#);
    check!(sandbox, "requirements --json --origin terraform -q", @r#"
    exit 0
    -- stdout
    {
      "version": 1,
      "providers": [
        {
          "source": "registry.terraform.io/acme/demo",
          "constraints": [
            ">= 1.2.1",
            "~> 1.2"
          ],
          "required_by": [
            "module.network",
            "root"
          ]
        },
        {
          "source": "registry.terraform.io/hashicorp/null",
          "constraints": [],
          "required_by": [
            "module.network"
          ]
        }
      ],
      "modules": [
        {
          "path": "module.label",
          "source": "oci://oci.example.com/modules/label?tag=1.2.0",
          "missing": true
        },
        {
          "path": "module.network",
          "source": "./network"
        },
        {
          "path": "module.network.module.subnets",
          "source": "../subnets"
        },
        {
          "path": "module.vpc",
          "source": "registry.terraform.io/acme/vpc/aws",
          "version": "~> 5.0",
          "missing": true
        }
      ]
    }
    "#);
    assert!(!sandbox.join(".terraform").exists());
}

#[test]
fn nothing_is_required() {
    let sandbox = sandbox();
    sandbox.write("main.tf", "output \"x\" { value = 1 }\n");
    check!(sandbox, "requirements", @r"
    exit 0
    -- stdout
    no providers and no modules are required
    ");
    check!(sandbox, "requirements missing", @r"
    exit 1
    -- stderr
    error[file-not-found]: there is no directory missing
      hint: check the path; it starts at the directory in which the command runs
    ");
}
