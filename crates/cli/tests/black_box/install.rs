//! `install`.

use tofu_oci_testkit::{Zip, ZipEntry};

use crate::{CONFIGURATION, FROM, check, published, sandbox};

#[test]
fn a_dry_run_changes_nothing() {
    let sandbox = published();
    sandbox.write("main.tf", CONFIGURATION);
    check!(sandbox, &format!("install {FROM} --dry-run"), @r"
    exit 4
    -- stdout
    PROVIDER                         VERSION  PLATFORM      SIZE
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64  335 B  to be installed

    MODULE        SOURCE
    module.label  oci://oci.example.com/modules/label?tag=1.2.0  to be installed

    335 B of packages would be fetched; the lock file would be created
    ");
    assert!(!sandbox.join(".terraform.lock.hcl").exists());
    assert!(!sandbox.join(".terraform/providers").exists());
}

#[test]
fn nothing_is_installed_twice() {
    let sandbox = published();
    sandbox.write("main.tf", CONFIGURATION);
    check!(sandbox, &format!("install {FROM} -q"), @r"exit 0");
    check!(sandbox, "install --platform linux_amd64", @r"
    exit 0
    -- stdout
    PROVIDER                         VERSION  PLATFORM     SIZE
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64        kept

    the lock file stays as it is
    ");
    check!(sandbox, &format!("install {FROM}"), @r"
    exit 0
    -- stdout
    PROVIDER                         VERSION  PLATFORM     SIZE
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64        kept

    the lock file stays as it is
    ");
    check!(sandbox, &format!("install {FROM} --platform darwin_arm64"), @r"
    exit 3
    -- stderr
    error[lock-mismatch]: registry.opentofu.org/acme/demo 1.2.3 for darwin_arm64 is not the package that the lock file has recorded
      cause: the package matches none of the hashes in the lock file
      cause: the lock file has [H1], zh:[DIGEST]
      cause: the package has zh:[DIGEST]
      hint: where the lock file was made for other platforms only, remove the entry of registry.opentofu.org/acme/demo and install with `--platform` for every platform; otherwise somebody replaced what was locked
    ");
}

#[test]
fn settings_come_from_the_environment() {
    let sandbox = published()
        .env("TOFU_OCI_FROM", "dir:registry//{namespace}/{type}")
        .env("TOFU_OCI_MODULE_FROM", "oci.example.com=dir:registry")
        .env("TOFU_OCI_PLATFORM", "darwin_arm64,linux_amd64")
        .env("TOFU_OCI_LOCKED", "0")
        .env("TF_DATA_DIR", "data");
    sandbox.write("main.tf", CONFIGURATION);
    check!(sandbox, "install", @r"
    exit 0
    -- stdout
    PROVIDER                         VERSION  PLATFORM       SIZE
    registry.opentofu.org/acme/demo  1.2.3    darwin_arm64  303 B  installed
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64   335 B  installed

    MODULE        SOURCE
    module.label  oci://oci.example.com/modules/label?tag=1.2.0  installed

    the lock file was created
    -- stderr
    fetched module label (oci://oci.example.com/modules/label?tag=1.2.0)
    installed acme/demo 1.2.3 linux_amd64
    installed acme/demo 1.2.3 darwin_arm64
    ");
    assert!(sandbox.join("data/modules/modules.json").is_file());
}

#[test]
fn providers_need_a_template() {
    let sandbox = published();
    sandbox.write("main.tf", CONFIGURATION);
    check!(sandbox, "install --module-from oci.example.com=dir:registry", @r"
    exit 2
    -- stderr
    fetched module label (oci://oci.example.com/modules/label?tag=1.2.0)
    error[provider-unmapped]: the configuration needs providers, and nothing says where they are
      cause: registry.opentofu.org/acme/demo cannot be found
      hint: say where with `--from`, such as --from 'oci.example.com/{namespace}/{type}', or with an oci_mirror block in the CLI configuration; `tofu-oci cli-config` prints one
    ");
}

#[test]
fn a_directory_that_is_not_there() {
    check!(published(), "install nonexistent-dir", @r"
    exit 1
    -- stderr
    error[file-not-found]: there is no directory nonexistent-dir
      hint: check the path; it starts at the directory in which the command runs
    ");
}

#[test]
fn a_configuration_without_requirements() {
    let sandbox = published();
    sandbox.write("main.tf", "output \"x\" { value = 1 }\n");
    check!(sandbox, "install", @r"
    exit 0
    -- stdout
    there is nothing to install; the lock file stays as it is
    ");
}

#[test]
fn terraform_has_another_registry_and_other_files() {
    let sandbox = published();
    sandbox.write("main.tf", CONFIGURATION);
    sandbox.write("only.tofu", "this is not for terraform");
    check!(sandbox, &format!("install {FROM} --origin terraform"), @r"
    exit 0
    -- stdout
    PROVIDER                         VERSION  PLATFORM      SIZE
    registry.terraform.io/acme/demo  1.2.3    linux_amd64  335 B  installed

    MODULE        SOURCE
    module.label  oci://oci.example.com/modules/label?tag=1.2.0  installed

    the lock file was created
    -- stderr
    fetched module label (oci://oci.example.com/modules/label?tag=1.2.0)
    installed registry.terraform.io/acme/demo 1.2.3 linux_amd64
    warning[incomplete-lock]: the lock file has hashes for the installed platforms only: registry.terraform.io/acme/demo
      hint: for people on other platforms, remove the entry and install with `--platform` for every platform
    ");
    insta::assert_snapshot!(sandbox.normalised(&sandbox.read(".terraform.lock.hcl")), @r#"
    # This file is maintained automatically by "terraform init".
    # Manual edits may be lost in future updates.

    provider "registry.terraform.io/acme/demo" {
      version     = "1.2.3"
      constraints = "~> 1.2"
      hashes = [
        "[H1]",
        "zh:[DIGEST]",
      ]
    }
    "#);
}

#[test]
fn locked_installs_change_nothing() {
    let sandbox = published();
    sandbox.write("main.tf", CONFIGURATION);
    check!(sandbox, &format!("install {FROM} --locked"), @r"
    exit 3
    -- stderr
    fetched module label (oci://oci.example.com/modules/label?tag=1.2.0)
    error[lock-incomplete]: the lock file does not fit the configuration: it lacks registry.opentofu.org/acme/demo
      hint: install without `--locked` and commit the new .terraform.lock.hcl
    ");
    check!(sandbox, &format!("install {FROM} --locked --upgrade"), @r"
    exit 2
    -- stderr
    error[usage]: --locked (or TOFU_OCI_LOCKED) and --upgrade contradict each other
    ");
}

#[test]
fn directory_entries_add_no_hash_to_the_lock_file() {
    let sandbox = sandbox();
    let (name, platform) = ("terraform-provider-demo_v1.0.0", "linux_amd64");
    Zip::new()
        .entry(ZipEntry::file("docs/", "").mode(0o040_755))
        .entry(ZipEntry::executable(name, "#!/bin/sh\n"))
        .write(sandbox.join("terraform-provider-demo_1.0.0_linux_amd64.zip"));
    let package = format!("terraform-provider-demo_1.0.0_{platform}.zip");
    let _ = sandbox
        .line(&format!(
            "publish provider {package} dir:registry//acme/demo"
        ))
        .ok();
    sandbox.write(
        "main.tf",
        "terraform {\n  required_providers {\n    demo = { source = \"acme/demo\" }\n  }\n}\n",
    );
    let _ = sandbox
        .line(&format!("install {FROM} --platform {platform}"))
        .ok();
    let lock = sandbox.read(".terraform.lock.hcl");
    // `init` records the hash of the tree; the archive's own differs from it.
    assert_eq!(lock.matches("\"h1:").count(), 1, "{lock}");
    assert_eq!(lock.matches("\"zh:").count(), 1, "{lock}");
}
