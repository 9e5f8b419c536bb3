use super::*;

const ROOT: &str = r#"
terraform {
  required_providers {
    null = "~> 2.0.0"
    random = {
      version = "~> 1.2.0"
    }
    tls = "~> 3.0"
    cloud = {
      source = "tf.example.com/awesomecorp/happycloud"
    }
  }
}

resource "implied_foo" "bar" {}

provider "configured" {
  version = "~> 1.4"
}

data "terraform_remote_state" "x" {}

import {
  to = importimplied_thing.a
  id = "1"
}

import {
  provider = importexplicit.alias
  to       = module.child["x"].importtarget_thing.a[each.key]
  id       = "2"
}

resource "happycloud_thing" "a" {
  provider = cloud
}

module "child" {
  source = "./child"
  providers = {
    notadded = unknown.name
  }
}
"#;
const CHILD: &str = r#"
terraform {
  required_providers {
    cloud = { source = "tf.example.com/awesomecorp/happycloud" }
    null  = { version = "2.0.1" }
  }
}
resource "cloud_thing" "a" {}
module "nested" { source = "./grandchild" }
"#;

#[test]
fn requirements_of_a_tree_of_modules() {
    let root = read(&[("provider-reqs-root.tf", ROOT)]);
    let child = read(&[("provider-reqs-child.tf", CHILD)]);
    let grandchild = read(&[("main.tf", "resource \"grandchild_foo\" \"bar\" {}\n")]);
    let merged = merge_requirements([
        ("", &root),
        ("child", &child),
        ("child.nested", &grandchild),
    ]);
    let seen: Vec<String> = merged
        .iter()
        .map(|r| {
            format!("{} {}", r.addr, r.constraints)
                .trim_end()
                .to_owned()
        })
        .collect();
    assert_eq!(
        seen,
        [
            "registry.opentofu.org/hashicorp/configured ~> 1.4",
            "registry.opentofu.org/hashicorp/grandchild",
            "registry.opentofu.org/hashicorp/implied",
            "registry.opentofu.org/hashicorp/importexplicit",
            "registry.opentofu.org/hashicorp/importimplied",
            "registry.opentofu.org/hashicorp/null ~> 2.0.0, 2.0.1",
            "registry.opentofu.org/hashicorp/random ~> 1.2.0",
            "registry.opentofu.org/hashicorp/tls ~> 3.0",
            "terraform.io/builtin/terraform",
            "tf.example.com/awesomecorp/happycloud",
        ]
    );
    let null = merged.iter().find(|r| r.addr.kind() == "null").unwrap();
    let who: Vec<String> = null
        .required_by
        .iter()
        .map(|by| {
            format!(
                "{:?} {} {}",
                by.module,
                by.constraints.as_deref().unwrap_or("-"),
                by.at
            )
        })
        .collect();
    assert_eq!(
        who,
        [
            "\"\" ~> 2.0.0 provider-reqs-root.tf:4:5",
            "\"child\" 2.0.1 provider-reqs-child.tf:5:5",
        ]
    );
    let [warning] = root.warnings.as_slice() else {
        panic!("{:?}", root.warnings);
    };
    assert_eq!(warning.range.start.line, 18);
    assert!(merged.iter().any(|r| r.addr.is_builtin()));
}

#[test]
fn kinds_of_requirements() {
    let module = read(&[("main.tf", ROOT)]);
    let kind = |name: &str| {
        let found = module.providers.iter().find(|p| p.local_name == name);
        found.map(|p| p.kind)
    };
    assert_eq!(kind("tls"), Some(RequirementKind::Explicit));
    assert_eq!(kind("configured"), Some(RequirementKind::ProviderBlock));
    assert_eq!(kind("implied"), Some(RequirementKind::Implied));
    assert_eq!(kind("importtarget"), None);
    assert_eq!(kind("happycloud"), None);
    assert_eq!(kind("notadded"), None);
}

#[test]
fn the_default_host_is_an_option() {
    let files = [(
        "a.tf",
        "resource \"x_y\" \"a\" {}\nterraform {\n required_providers {\n b = { source = \"c/d\" }\n }\n}\n",
    )];
    let options = ReadOptions {
        default_host: Hostname::terraform(),
        dialect: Dialect::Terraform,
        ..ReadOptions::default()
    };
    assert_eq!(
        asked(&Module::read(&files, &options).unwrap()),
        [
            "registry.terraform.io/c/d",
            "registry.terraform.io/hashicorp/x"
        ]
    );
}

#[test]
fn what_a_block_implies() {
    let table = [
        ("resource \"aws\" \"a\" {}", "aws"),
        ("resource \"aws_instance\" \"a\" {}", "aws"),
        ("data \"aws_ami\" \"a\" {}", "aws"),
        ("ephemeral \"aws_x\" \"a\" {}", "aws"),
        ("check \"c\" {\n data \"aws_x\" \"a\" {}\n}", "aws"),
        ("provider \"aws\" {}", "aws"),
        ("provider aws {}", "aws"),
        ("resource \"x_y\" \"a\" {\n provider = aws\n}", "aws"),
        ("resource \"x_y\" \"a\" {\n provider = aws.west\n}", "aws"),
        (
            "resource \"x_y\" \"a\" {\n provider = aws.by_region[each.key]\n}",
            "aws",
        ),
        (
            "resource \"x_y\" \"a\" {\n provider = \"aws.west\"\n}",
            "aws",
        ),
        ("resource \"aws_y\" \"a\" {\n provider = null\n}", "null"),
        ("import {\n to = aws_x.a[\"k\"]\n id = 1\n}", "aws"),
        (
            "import {\n to = module.a.module.b[0].aws_x.a\n id = 1\n}",
            "aws",
        ),
        ("import {\n to = x_y.a\n provider = aws.z\n}", "aws"),
        ("data \"terraform_remote_state\" \"a\" {}", "terraform"),
        ("resource \"terraform_data\" \"a\" {}", "terraform"),
    ];
    for (text, name) in table {
        let module = read(&[("a.tf", text)]);
        let names: Vec<&str> = module
            .providers
            .iter()
            .map(|p| p.local_name.as_str())
            .collect();
        assert_eq!(names, [name], "{text}");
    }
    let nothing = [
        "moved {\n from = aws_a.b\n to = aws_a.c\n}",
        "output \"aws_x\" {\n value = 1\n}",
        "terraform {\n backend \"s3\" {}\n}",
        "module \"a\" {\n source = \"./a\"\n providers = { aws = aws.b }\n}",
    ];
    for text in nothing {
        assert!(read(&[("a.tf", text)]).providers.is_empty(), "{text}");
    }
}

#[test]
fn a_local_name_is_looked_up_in_its_module() {
    let text = "terraform {\n required_providers {\n  x = { source = \"acme/demo\" }\n }\n}\nresource \"x_y\" \"a\" {}\n";
    let module = read(&[("a.tf", text)]);
    assert_eq!(asked(&module), ["registry.opentofu.org/acme/demo"]);
    assert_eq!(module.providers.len(), 1);
}

#[test]
fn override_files_replace_single_entries() {
    let primary = "terraform {\n required_providers {\n a = { source = \"acme/a\", version = \"1.0.0\" }\n b = \"~> 2.0\"\n }\n}\n";
    let overriding = "terraform {\n required_providers {\n a = { source = \"other/a\" }\n c = \"3.0.0\"\n }\n}\n";
    let module = read(&[("a_override.tf", overriding), ("main.tf", primary)]);
    assert_eq!(
        asked(&module),
        [
            "registry.opentofu.org/hashicorp/b ~> 2.0",
            "registry.opentofu.org/hashicorp/c 3.0.0",
            "registry.opentofu.org/other/a",
        ]
    );
}

#[test]
fn override_files_replace_the_provider_of_a_resource() {
    let primary = "resource \"azurerm_x\" \"y\" {}\nresource \"null_x\" \"y\" {}\ndata \"azuread_x\" \"y\" {\n provider = random\n}\n";
    let first = "resource \"azurerm_x\" \"y\" {\n provider = local\n}\nresource \"null_x\" \"y\" {\n count = 2\n}\n";
    let second = "resource \"azurerm_x\" \"y\" {\n provider = google.b\n}\ndata \"azuread_x\" \"y\" {\n provider = http\n}\n";
    let module = read(&[
        ("main.tf", primary),
        ("a_override.tf", first),
        ("b_override.tf", second),
    ]);
    assert_eq!(
        asked(&module),
        [
            "registry.opentofu.org/hashicorp/google",
            "registry.opentofu.org/hashicorp/http",
            "registry.opentofu.org/hashicorp/null",
        ]
    );
}

#[test]
fn forms_of_an_entry() {
    let table = [
        (
            "aws = \"~> 1.0\"",
            "registry.opentofu.org/hashicorp/aws ~> 1.0",
        ),
        ("aws = 2.0", "registry.opentofu.org/hashicorp/aws 2.0.0"),
        (
            "AWS = \"1.0.0\"",
            "registry.opentofu.org/hashicorp/aws 1.0.0",
        ),
        ("aws = {}", "registry.opentofu.org/hashicorp/aws"),
        (
            "aws = { version = \">= 1.0.0\" }",
            "registry.opentofu.org/hashicorp/aws >= 1.0.0",
        ),
        (
            "x = { source = \"Acme/Demo\" }",
            "registry.opentofu.org/acme/demo",
        ),
        (
            "x = { \"source\" = \"h.io/acme/demo\", configuration_aliases = [x.a, x.b] }",
            "h.io/acme/demo",
        ),
        ("terraform = {}", "terraform.io/builtin/terraform"),
    ];
    for (entry, expected) in table {
        let text = format!("terraform {{\n required_providers {{\n {entry}\n }}\n}}\n");
        assert_eq!(asked(&read(&[("a.tf", &text)])), [expected], "{entry}");
    }
}

#[test]
fn mistakes_in_an_entry() {
    const CONSTRAINT: &str = "Invalid version constraint";
    let table = [
        ("x = { other = 1 }", "Invalid required_providers object"),
        ("x = [1]", "Invalid required_providers object"),
        ("x = null", "Invalid required_providers object"),
        ("x = local.y", "Invalid required_providers object"),
        ("x = \"${local.y}\"", "Invalid required_providers object"),
        ("x = { version = 1 }", CONSTRAINT),
        ("x = { version = local.v }", CONSTRAINT),
        ("x = { version = \"=> 1.0\" }", CONSTRAINT),
        ("x = { version = \"v1.0\" }", CONSTRAINT),
        ("x = \"garbage\"", CONSTRAINT),
        ("x = \"\"", CONSTRAINT),
        ("x = true", CONSTRAINT),
        ("x = { source = local.s }", "Invalid source"),
        (
            "x = { source = \"a/b/c/d\" }",
            "Invalid provider source string",
        ),
        (
            "x = { source = \"hashicorp/terraform-provider-aws\" }",
            "Invalid provider source string",
        ),
        ("MYTEST = {}", "Invalid provider local name"),
        ("my_test = {}", "Invalid provider local name"),
        ("my_test = \"1.0.0\"", "Invalid provider name"),
        ("terraform = { version = \"1.0.0\" }", CONSTRAINT),
        ("x {\n }", "Unexpected block"),
    ];
    for (entry, summary) in table {
        let text = format!("terraform {{\n required_providers {{\n {entry}\n }}\n}}\n");
        assert_eq!(
            problems(&[("a.tf", &text)]),
            [format!("{summary} a.tf:3")],
            "{entry}"
        );
    }
}

#[test]
fn the_two_refusals_of_a_constraint_are_told_apart() {
    let detail = |constraint: &str| {
        let text =
            format!("terraform {{\n required_providers {{\n x = \"{constraint}\"\n }}\n}}\n");
        let error = try_read(&[("a.tf", &text)]).unwrap_err();
        error.problems.first().unwrap().detail.clone().into_owned()
    };
    for first_pass in ["=> 1.0", "1.*", ">= 1.0 < 2", "1.0 || 2.0"] {
        let detail = detail(first_pass);
        assert!(
            detail.contains("does not use correct version constraint syntax"),
            "{detail}"
        );
    }
    for strict in ["v1.0", "1.0.0.0", ">=  1.0"] {
        let detail = detail(strict);
        assert!(
            detail.starts_with("incorrect version constraint syntax: "),
            "{detail}"
        );
    }
}

#[test]
fn two_names_of_one_provider_are_a_warning() {
    let text = "terraform {\n required_providers {\n a = { source = \"acme/demo\", version = \"1.0.0\" }\n b = { source = \"acme/demo\", version = \"!= 1.0.1\" }\n }\n}\n";
    let module = read(&[("a.tf", text)]);
    assert_eq!(
        asked(&module),
        ["registry.opentofu.org/acme/demo 1.0.0, != 1.0.1"]
    );
    let warning = module.warnings.first().unwrap();
    assert_eq!(warning.summary, "Duplicate required provider");
    assert_eq!(warning.range.start.line, 4);
}

#[test]
fn one_block_a_module() {
    let block = "terraform {\n required_providers {\n a = \"1.0.0\"\n }\n}\n";
    let summary = "Duplicate required providers configuration";
    assert_eq!(
        problems(&[("a.tf", block), ("b.tf", block)]),
        [format!("{summary} b.tf:2")]
    );
    assert_eq!(
        problems(&[("a.tf", &format!("{block}{block}"))]),
        [format!("{summary} a.tf:7")]
    );
}

#[test]
fn mistakes_in_other_blocks() {
    let table = [
        ("provider \"a\" \"b\" {}", "Extraneous label"),
        ("resource \"a\" {}", "Missing label"),
        ("provider \"AWS\" {}", "Invalid provider local name"),
        ("provider \"a.b\" {}", "Invalid provider local name"),
        (
            "provider \"a\" {\n version = local.x\n}",
            "Invalid version constraint",
        ),
        (
            "resource \"a\" \"b\" {\n provider = 5\n}",
            "Invalid provider configuration reference",
        ),
        (
            "resource \"a\" \"b\" {\n provider = AWS.x\n}",
            "Invalid provider local name",
        ),
        ("resource \"_x\" \"b\" {}", "Invalid provider local name"),
    ];
    for (text, summary) in table {
        let found = problems(&[("a.tf", text)]);
        assert!(
            found.len() == 1 && found[0].starts_with(summary),
            "{text}: {found:?}"
        );
    }
}
