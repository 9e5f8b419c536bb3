//! `cli-config`, and CLI configurations that `install` reads.

use tofu_oci_testkit::Sandbox;

use crate::{check, published, sandbox};

const CONFIGURATION: &str =
    "terraform {\n  required_providers {\n    demo = { source = \"acme/demo\" }\n  }\n}\n";

#[test]
fn a_configuration_is_printed() {
    let sandbox = sandbox();
    check!(sandbox, "cli-config oci.example.net/tofu/{namespace}/{type}", @r#"
    exit 0
    -- stdout
    provider_installation {
      oci_mirror {
        repository_template = "oci.example.net/tofu/${namespace}/${type}"
        include             = ["registry.opentofu.org/*/*"]
      }
      direct {
        exclude = ["registry.opentofu.org/*/*"]
      }
    }
    "#);
    check!(
        sandbox,
        "cli-config oci.example.net:5000/{namespace}/{type} --include acme/* --credentials-helper pass",
        @r#"
    exit 0
    -- stdout
    provider_installation {
      oci_mirror {
        repository_template = "oci.example.net:5000/${namespace}/${type}"
        include             = ["registry.opentofu.org/acme/*"]
      }
      direct {
        exclude = ["registry.opentofu.org/acme/*"]
      }
    }

    oci_credentials "oci.example.net:5000" {
      docker_credentials_helper = "pass"
    }
    "#
    );
    check!(sandbox, "cli-config oci://oci.example.net/{hostname}/{namespace}/{type}", @r#"
    exit 0
    -- stdout
    provider_installation {
      oci_mirror {
        repository_template = "oci.example.net/${hostname}/${namespace}/${type}"
      }
    }
    "#);
    check!(sandbox, "cli-config oci.example.net/{type} --include example.com/acme/* --json", @r#"
    exit 0
    -- stdout
    {
      "version": 1,
      "provider_installation": {
        "oci_mirror": [
          {
            "repository_template": "oci.example.net/${type}",
            "include": [
              "example.com/acme/*"
            ]
          }
        ],
        "direct": [
          {
            "exclude": [
              "example.com/acme/*"
            ]
          }
        ]
      }
    }
    "#);
}

#[test]
fn configurations_that_no_client_could_use() {
    let sandbox = sandbox();
    check!(sandbox, "cli-config oci.example.net/{namespace}/{type} --origin terraform", @r"
    exit 2
    -- stderr
    error[usage]: Terraform cannot install from OCI registries, whatever its configuration says
      hint: install with `tofu-oci install --origin terraform --from 'oci.example.net/{namespace}/{type}'`; `terraform init -plugin-dir=.terraform/providers` then uses what is there
    ");
    check!(sandbox, "cli-config dir:registry//{namespace}/{type}", @r"
    exit 2
    -- stderr
    error[usage]: OpenTofu reads registries, and no directories of layouts
      hint: install with `tofu-oci install --from 'dir:registry//{namespace}/{type}'`; `tofu init -plugin-dir=.terraform/providers` then uses what is there
    ");
    check!(sandbox, "cli-config oci.example.net/{type}", @r#"
    exit 2
    -- stderr
    error[usage]: repository template "oci.example.net/${type}" is invalid: template must refer to the "namespace" symbol unless the "include" argument selects exactly one provider namespace
      hint: the template needs {hostname}, {namespace} and {type}, but for those of which `--include` leaves one
    "#);
    check!(sandbox, "cli-config oci.example.net/{namespace}/{type} --include acme", @r#"
    exit 2
    -- stderr
    error: invalid value 'acme' for '--include <PATTERN>': provider pattern "acme" is invalid: the form is [HOSTNAME/]NAMESPACE/TYPE, and each part may be *

    For more information, try '--help'.
    "#);
    check!(sandbox, "cli-config docker.io/{namespace}/{type} --credentials-helper pass", @r"
    exit 2
    -- stderr
    error[usage]: OpenTofu never sends credentials to docker.io
      hint: name the registry registry-1.docker.io in the template
    ");
    check!(sandbox, "cli-config {hostname}/{namespace}/{type} --credentials-helper pass", @r"
    exit 2
    -- stderr
    error[usage]: --credentials-helper is for one registry, and the template names several
    ");
    check!(sandbox, "cli-config a.com/{namespace}/{type} --credentials-helper a/b", @r"
    exit 2
    -- stderr
    error: invalid value 'a/b' for '--credentials-helper <NAME>': it is a part of a program's name, without slashes

    For more information, try '--help'.
    ");
}

fn configured(text: &str) -> Sandbox {
    let sandbox = sandbox();
    sandbox.write("main.tf", CONFIGURATION);
    sandbox.write(".tofurc", text);
    sandbox
}

#[test]
fn nothing_says_where_providers_are() {
    check!(configured(""), "install", @r"
    exit 2
    -- stderr
    error[provider-unmapped]: the configuration needs providers, and nothing says where they are
      cause: registry.opentofu.org/acme/demo cannot be found
      hint: say where with `--from`, such as --from 'oci.example.com/{namespace}/{type}', or with an oci_mirror block in the CLI configuration; `tofu-oci cli-config` prints one
    ");
}

#[test]
fn methods_that_are_not_supported() {
    let sandbox = configured("provider_installation {\n  direct {}\n}\n");
    check!(sandbox, "install", @r#"
    exit 2
    -- stderr
    error[method-unsupported]: cannot choose a version of registry.opentofu.org/acme/demo, "any version" (root at main.tf:3:5)
      cause: registry.opentofu.org/acme/demo would come from the direct block at [DIR]/.tofurc:2:3, whose packages cannot be read
      hint: say where providers are with `--from`, or exclude it there and include it in an oci_mirror block; `tofu-oci cli-config` prints one
    "#);
    let sandbox =
        configured("provider_installation {\n  direct {\n    exclude = [\"acme/*\"]\n  }\n}\n");
    check!(sandbox, "install", @r#"
    exit 2
    -- stderr
    error[provider-unmapped]: cannot choose a version of registry.opentofu.org/acme/demo, "any version" (root at main.tf:3:5)
      cause: no installation method is for registry.opentofu.org/acme/demo
      hint: let a method of provider_installation include it, or say where providers are with `--from`
    "#);
}

#[test]
fn templates_without_a_place_for_the_provider() {
    let text = r#"provider_installation {
  oci_mirror {
    repository_template = "example.net/${namespace == "acme" ? "UPPER" : namespace}/${type}"
    include             = ["registry.opentofu.org/*/*"]
  }
}
"#;
    check!(configured(text), "install", @r#"
    exit 2
    -- stderr
    error[provider-unmapped]: cannot choose a version of registry.opentofu.org/acme/demo, "any version" (root at main.tf:3:5)
      cause: registry.opentofu.org/acme/demo has no repository under the template
      cause: repository template "example.net/${namespace == \"acme\" ? \"UPPER\" : namespace}/${type}" is invalid: for registry.opentofu.org/acme/demo: it gives "example.net/UPPER/demo", whose repository name "UPPER/demo" is invalid: upper-case letters are not allowed
      hint: say where providers are with `--from`, such as --from 'dir:./registry//{namespace}/{type}'
    "#);
}

#[test]
fn every_mistake_is_shown_and_no_secret() {
    let sandbox = configured(
        "provider_installation {\n  oci_mirror {\n    repository_template = \"oci.example.net/${typo}\"\n  }\n  nope {}\n}\n\noci_credentials \"oci.example.net\" {\n  username = \"me\"\n  access_token = \"hunter2\"\n}\n",
    );
    sandbox.write(
        ".terraform.d/a.tfrc",
        "credentials \"example.com\" {\n  token = hunter2\n}\n",
    );
    sandbox.write(".terraform.d/b.tfrc.json", "{\"host\": {\"a..b\": {}}}");
    sandbox.write(".terraform.d/c.txt", "nonsense");
    check!(sandbox, "install", @r#"
    exit 1
    -- stderr
    error[cli-configuration]: Invalid CLI configuration: a value is expected; text is written in double quotes
       --> [DIR]/.terraform.d/a.tfrc:2:11
        |
      2 |   token…
        |        ^

    error[cli-configuration]: Invalid CLI configuration: the label of a host block: hostname "a..b" is invalid: hostname contains empty label (two consecutive periods)
       --> [DIR]/.terraform.d/b.tfrc.json:1:11
        |
      1 | …"a..b"…
        |  ^^^^^^

    error[cli-configuration]: Invalid oci_mirror repository template: it refers to the unknown symbol "typo"; for providers it may refer to "hostname", "namespace" and "type"
       --> [DIR]/.tofurc:3:27
        |
      3 |     repository_template = "oci.example.net/${typo}"
        |                           ^^^^^^^^^^^^^^^^^^^^^^^^^

    error[cli-configuration]: Invalid provider_installation method block: there is no such method; there are direct, filesystem_mirror, network_mirror, oci_mirror and dev_overrides
       --> [DIR]/.tofurc:5:3
        |
      5 |   nope…
        |   ^^^^

    error[cli-configuration]: Invalid oci_credentials block: it must set only one of: username and password, access_token and refresh_token, docker_credentials_helper
       --> [DIR]/.tofurc:8:1
        |
      8 | oci_credentials…
        | ^^^^^^^^^^^^^^^
    "#);
    let run = sandbox.line("install --json");
    assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 5, "{}", run.stderr);
}

#[test]
fn files_that_are_named() {
    let broken = configured("nonsense");
    broken.write("good.tfrc", "provider_installation {}\n");
    check!(broken, "install --cli-config good.tfrc", @r#"
    exit 2
    -- stderr
    error[provider-unmapped]: cannot choose a version of registry.opentofu.org/acme/demo, "any version" (root at main.tf:3:5)
      cause: no installation method is for registry.opentofu.org/acme/demo
      hint: let a method of provider_installation include it, or say where providers are with `--from`
    "#);
    check!(broken, "install --cli-config missing.tfrc", @r"
    exit 1
    -- stderr
    error[file-not-found]: cannot read the CLI configuration missing.tfrc
      cause: No such file or directory (os error 2)
      hint: check the path; it starts at the directory in which the command runs
    ");
    let run = broken.finish(
        broken
            .command(&["install"])
            .env("TF_CLI_CONFIG_FILE", "good.tfrc"),
    );
    assert!(
        run.stderr.contains("no installation method is for"),
        "{}",
        run.stderr
    );
    let run = broken.finish(
        broken
            .command(&["install"])
            .env("TERRAFORM_CONFIG", "missing.tfrc"),
    );
    // As the clients do: a warning, and no configuration.
    for said in [
        "warning[cli-config-missing]: there is no CLI configuration file missing.tfrc",
        "nothing says where they are",
    ] {
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
    let run = broken.line("install --cli-config missing.tfrc");
    assert!(
        run.stderr
            .contains("cannot read the CLI configuration missing.tfrc"),
        "{}",
        run.stderr
    );
    // The flag goes before the variable.
    let mut command = broken.command(&["install", "--cli-config", "good.tfrc"]);
    let run = broken.finish(command.env("TF_CLI_CONFIG_FILE", "missing.tfrc"));
    assert!(
        run.stderr.contains("no installation method is for"),
        "{}",
        run.stderr
    );
}

#[test]
fn each_client_has_its_own_file() {
    let sandbox = configured("nonsense");
    sandbox.write(".terraformrc", "provider_installation {}\n");
    let run = sandbox.line("install");
    assert!(run.stderr.contains("[cli-configuration]"), "{}", run.stderr);
    let run = sandbox.line("install --origin terraform");
    let expected = "no installation method is for registry.terraform.io/acme/demo";
    assert!(run.stderr.contains(expected), "{}", run.stderr);
}

#[test]
fn the_flag_goes_before_the_configuration() {
    let sandbox = published();
    sandbox.write("main.tf", CONFIGURATION);
    sandbox.write(".tofurc", "nonsense");
    let from = "--from dir:registry//{namespace}/{type} --platform linux_amd64";
    let run = sandbox.line(&format!("install {from}")).ok();
    let files = sandbox.files(".terraform/providers");
    assert!(!files.is_empty());
    let told = "warning[cli-config-unusable]: the CLI configuration is not used";
    assert!(run.stderr.contains(told), "{}", run.stderr);
}

#[test]
fn development_overrides_are_named() {
    let text = "provider_installation {\n  dev_overrides {\n    \"acme/demo\" = \"/srv/demo\"\n  }\n  direct {}\n}\n";
    let sandbox = configured(text);
    sandbox.write("main.tf", "");
    check!(sandbox, "install", @r"
    exit 0
    -- stdout
    there is nothing to install; the lock file stays as it is
    -- stderr
    warning[dev-overrides]: the CLI configuration has development overrides, which clients use in place of what is installed: acme/demo (/srv/demo)
      hint: remove the dev_overrides block once the providers are no longer worked on
    ");
    let run = sandbox.line("install --json").ok();
    assert!(
        run.stderr.contains("\"code\":\"dev-overrides\""),
        "{}",
        run.stderr
    );
}

#[cfg(unix)]
#[test]
fn files_are_read_through_links() {
    let sandbox = configured("");
    sandbox.write("dotfiles/tofurc", "provider_installation {}\n");
    std::fs::remove_file(sandbox.join(".tofurc")).unwrap();
    std::os::unix::fs::symlink(sandbox.join("dotfiles/tofurc"), sandbox.join(".tofurc")).unwrap();
    let run = sandbox.line("install");
    assert!(
        run.stderr.contains("no installation method is for"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_file_without_end_is_refused() {
    let sandbox = configured(&"#".repeat(2 << 20));
    check!(sandbox, "install", @r"
    exit 1
    -- stderr
    error[cli-configuration]: Invalid CLI configuration: CLI configurations may have at most 1048576 bytes
       --> [DIR]/.tofurc:1:1
        |
      1 | 
        | ^
    ");
}
