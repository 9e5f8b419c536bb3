//! Publish, look, install, pull: what comes back is what went in.

use crate::{CONFIGURATION, FROM, check, published};

#[test]
fn everything_that_is_published_can_be_installed() {
    let sandbox = published();
    sandbox.write("infra/main.tf", CONFIGURATION);
    check!(sandbox, &format!("install infra {FROM}"), @r"
    exit 0
    -- stdout
    PROVIDER                         VERSION  PLATFORM      SIZE
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64  335 B  installed

    MODULE        SOURCE
    module.label  oci://oci.example.com/modules/label?tag=1.2.0  installed

    the lock file was created
    -- stderr
    fetched module label (oci://oci.example.com/modules/label?tag=1.2.0)
    installed acme/demo 1.2.3 linux_amd64
    warning[incomplete-lock]: the lock file has hashes for the installed platforms only: acme/demo
      hint: for people on other platforms, remove the entry and install with `--platform` for every platform
    ");
    insta::assert_snapshot!(sandbox.files("infra").join("\n"), @r"
    .terraform.lock.hcl
    .terraform/.tofu-oci/lock
    .terraform/modules/label/main.tf
    .terraform/modules/label/scripts/run.sh
    .terraform/modules/modules.json
    .terraform/providers/registry.opentofu.org/acme/demo/1.2.3/linux_amd64/LICENSE
    .terraform/providers/registry.opentofu.org/acme/demo/1.2.3/linux_amd64/terraform-provider-demo_v1.2.3
    main.tf
    ");
    insta::assert_snapshot!(sandbox.normalised(&sandbox.read("infra/.terraform.lock.hcl")), @r#"
    # This file is maintained automatically by "tofu init".
    # Manual edits may be lost in future updates.

    provider "registry.opentofu.org/acme/demo" {
      version     = "1.2.3"
      constraints = "~> 1.2"
      hashes = [
        "[H1]",
        "zh:[DIGEST]",
      ]
    }
    "#);
    insta::assert_snapshot!(sandbox.read("infra/.terraform/modules/modules.json"), @r#"{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"label","Source":"oci://oci.example.com/modules/label?tag=1.2.0","Dir":".terraform/modules/label"}]}"#);
    check!(sandbox, &format!("install infra {FROM} --locked"), @r"
    exit 0
    -- stdout
    PROVIDER                         VERSION  PLATFORM     SIZE
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64        kept

    the lock file stays as it is
    ");
}

/// A file that only belongs to something beside a version can be done without.
#[test]
fn a_copy_that_lacks_a_part_says_how_to_do_without() {
    let sandbox = published();
    let list = sandbox.read("dist/terraform-provider-demo_1.2.3_SHA256SUMS");
    let digest = tofu_oci::types::oci::Digest::of(list.as_bytes());
    let blob = format!("registry/acme/demo/blobs/sha256/{}", digest.encoded());
    std::fs::remove_file(sandbox.join(blob)).unwrap();
    let copy = "copy dir:registry//acme/demo:1.2.3 dir:mirror//acme/demo";
    let run = sandbox.line(copy);
    assert_eq!(run.status, 1, "{}", run.stderr);
    assert!(run.stderr.contains("--no-referrers"), "{}", run.stderr);
    let _ = sandbox.line(&format!("{copy} --no-referrers")).ok();
}
