//! `copy`, `delete` and `gc`.

use tofu_oci_testkit::ProviderRelease;

use crate::{check, published};

#[test]
fn a_version_is_promoted_with_what_refers_to_it() {
    let sandbox = published();
    check!(sandbox, "copy dir:registry//acme/demo:1.2.3 dir:other//acme/promoted --dry-run", @r"
    exit 4
    -- stdout
    Would copy dir:registry//acme/demo to dir:other//acme/promoted
      sha256:[DIGEST]  1.2.3

    5 manifests; to send: 7 blobs (1.1 kB), mounted: 0 blobs (0 B), there already: 0 blobs (0 B)
    ");
    assert!(!sandbox.join("other").exists());
    check!(sandbox, "copy dir:registry//acme/demo:1.2.3 dir:other//acme/promoted", @r"
    exit 0
    -- stdout
    Copied dir:registry//acme/demo to dir:other//acme/promoted
      sha256:[DIGEST]  1.2.3

    5 manifests; sent: 7 blobs (1.1 kB), mounted: 0 blobs (0 B), there already: 0 blobs (0 B)
    -- stderr
    copied terraform-provider-demo_1.2.3_darwin_arm64.zip
    copied terraform-provider-demo_1.2.3_linux_amd64.zip
    copied terraform-provider-demo_1.2.3_SHA256SUMS
    copied terraform-provider-demo_1.2.3_manifest.json
    ");
    let quiet = sandbox
        .line("copy dir:registry//acme/demo:1.2.3 dir:other//acme/promoted -q")
        .ok();
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    check!(sandbox, "copy dir:registry//acme/demo:1.2.3 dir:other//acme/promoted", @r"
    exit 0
    -- stdout
    Unchanged: dir:other//acme/promoted has it all
      sha256:[DIGEST]  1.2.3
    ");
    check!(sandbox, "copy dir:registry//acme/demo:1.2.3 dir:registry//acme/promoted:stable", @r"
    exit 0
    -- stdout
    Copied dir:registry//acme/demo to dir:registry//acme/promoted
      sha256:[DIGEST]  stable

    5 manifests; sent: 0 blobs (0 B), mounted: 7 blobs (1.1 kB), there already: 0 blobs (0 B)
    -- stderr
    copied terraform-provider-demo_1.2.3_darwin_arm64.zip
    copied terraform-provider-demo_1.2.3_linux_amd64.zip
    copied terraform-provider-demo_1.2.3_SHA256SUMS
    copied terraform-provider-demo_1.2.3_manifest.json
    ");
    let digests = |place: &str| {
        let run = sandbox.line(&format!("show --json {place}")).ok();
        let shown: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        shown["root"].clone()
    };
    assert_eq!(
        digests("dir:registry//acme/demo:1.2.3"),
        digests("dir:other//acme/promoted:1.2.3")
    );
}

#[test]
fn versions_do_not_change_by_copying() {
    let sandbox = published();
    ProviderRelease::new("1.2.3")
        .body("other")
        .write(sandbox.join("changed"));
    let _ = sandbox
        .line("publish provider changed dir:other//acme/demo")
        .ok();
    check!(sandbox, "copy dir:other//acme/demo:1.2.3 dir:registry//acme/demo", @r#"
    exit 3
    -- stderr
    error[version-exists]: dir:registry//acme/demo has "1.2.3" already, as sha256:[DIGEST]; the source has sha256:[DIGEST]
      hint: versions do not change; `--force` replaces this one, and breaks whoever has locked it
    "#);
    let _ = sandbox
        .line("copy dir:other//acme/demo:1.2.3 dir:registry//acme/demo:next")
        .ok();
    let _ = sandbox
        .line("copy dir:registry//acme/demo:1.2.3 dir:registry//acme/demo:next")
        .ok();
    let _ = sandbox
        .line("copy dir:other//acme/demo:1.2.3 dir:registry//acme/demo --force")
        .ok();
    check!(sandbox, "copy dir:registry//acme/demo:1.2.3 dir:other//acme/demo --all-tags", @r"
    exit 2
    -- stderr
    error[usage]: dir:registry//acme/demo:1.2.3 names a tag or a digest, and all tags are to be copied
      hint: name the repositories alone, or leave out `--all-tags`
    ");
    check!(sandbox, "copy dir:registry//acme/demo dir:other//acme/demo", @r"
    exit 2
    -- stderr
    error[usage]: the source dir:registry//acme/demo names neither a tag nor a digest
      hint: add :TAG or @DIGEST, or copy everything with `--all-tags`
    ");
    check!(sandbox, "copy dir:registry//acme/demo:9.9.9 dir:other//acme/demo", @r#"
    exit 1
    -- stderr
    error[tag-not-found]: cannot read the source dir:registry//acme/demo:9.9.9
      cause: dir:[DIR]/registry//acme/demo has no tag "9.9.9"
      hint: `tofu-oci list REF` shows the versions of a repository
    "#);
}

#[test]
fn a_version_goes_only_when_somebody_agrees() {
    let sandbox = published();
    check!(sandbox, "delete dir:registry//acme/demo:1.2.3", @r"
    exit 3
    -- stderr
    error[version-published]: dir:registry//acme/demo:1.2.3 is the published version 1.2.3
      hint: `--yes` deletes it all the same; whoever has locked it cannot install it any more
    ");
    check!(sandbox, "delete dir:registry//acme/demo:1.2.3 --dry-run --yes", @r"
    exit 4
    -- stdout
    Would delete dir:registry//acme/demo:1.2.3
      stays: the manifest sha256:[DIGEST]
      stays: sha256:[DIGEST] (application/vnd.tofu-oci.shasums.v1), which refers to it
      stays: sha256:[DIGEST] (application/vnd.tofu-oci.registry-manifest.v1+json), which refers to it
    ");
    check!(sandbox, "delete dir:registry//modules/label:latest", @r"
    exit 0
    -- stdout
    Deleted dir:registry//modules/label:latest
      stays: the manifest sha256:[DIGEST]
    ");
    check!(sandbox, "delete dir:registry//acme/demo", @r"
    exit 2
    -- stderr
    error[usage]: dir:registry//acme/demo names neither a tag nor a digest
      hint: add :TAG or @DIGEST; `tofu-oci list REF` shows the tags
    ");
    check!(sandbox, "delete dir:registry//acme/demo:absent", @r#"
    exit 1
    -- stderr
    error[tag-not-found]: cannot read absent of dir:registry//acme/demo
      cause: dir:[DIR]/registry//acme/demo has no tag "absent"
      hint: `tofu-oci list REF` shows the versions of a repository
    "#);
    check!(sandbox, "delete dir:nowhere//acme/demo:absent", @r"
    exit 1
    -- stderr
    error[repository-not-found]: cannot read the repository of dir:nowhere//acme/demo
      cause: there is no repository at dir:nowhere
      hint: `tofu-oci list dir:PATH` shows the repositories of a directory
    ");
    assert!(!sandbox.join("nowhere").exists());
    let run = sandbox.line("show --json dir:registry//acme/demo").ok();
    let shown: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let digest = shown["root"]["digest"].as_str().unwrap();
    let by_digest = format!("delete dir:registry//acme/demo@{digest}");
    let refused = sandbox.line(&by_digest);
    assert_eq!(refused.status, 3, "{}", refused.stderr);
    check!(sandbox, &format!("{by_digest} --yes"), @r"
    exit 0
    -- stdout
    Deleted dir:registry//acme/demo@sha256:[DIGEST] and its tags: 1.2.3
      stays: 2 manifests that it lists
      stays: sha256:[DIGEST] (application/vnd.tofu-oci.shasums.v1), which refers to it
      stays: sha256:[DIGEST] (application/vnd.tofu-oci.registry-manifest.v1+json), which refers to it
    ");
    check!(sandbox, "gc registry --grace 0s --dry-run", @r"
    exit 0
    -- stdout
    2 repositories in registry: nothing to remove
    ");
}

#[test]
fn a_sweep_says_what_went() {
    let sandbox = published();
    check!(sandbox, "gc registry", @r"
    exit 0
    -- stdout
    2 repositories in registry: nothing to remove
    ");
    let _ = sandbox
        .line("delete dir:registry//acme/demo:1.2.3 --yes")
        .ok();
    check!(sandbox, "gc registry --grace 0s", @r"
    exit 0
    -- stdout
    2 repositories in registry: nothing to remove
    ");
    check!(sandbox, "gc dir:registry --grace 0s --untagged 0s", @r"
    exit 0
    -- stdout
    REPOSITORY  FILES    SIZE  UNTAGGED  LEFTOVERS
    acme/demo      12  5.3 kB         3          0

    2 repositories in registry: removed 12 files (5.3 kB)
    ");
    check!(sandbox, "gc registry --grace 1y", @r"
    exit 2
    -- stderr
    error: invalid value '1y' for '--grace <AGE>': the form is a number and a unit: 0s, 30m, 24h, 7d, 2w

    For more information, try '--help'.
    ");
    check!(sandbox, "gc nowhere", @r#"
    exit 1
    -- stderr
    error[file-not-found]: cannot read "nowhere"
      cause: failed to canonicalize path `nowhere`: No such file or directory (os error 2)
      hint: check the path; it starts at the directory in which the command runs
    "#);
    sandbox.write("registry/modules/label/index.json", "{");
    let run = sandbox.line("gc registry");
    assert_eq!(run.status, 1);
    assert!(
        run.stderr.starts_with("error[layout-damaged]"),
        "{}",
        run.stderr
    );
    assert!(
        run.stdout.contains("not finished, for the error below"),
        "{}",
        run.stdout
    );
}
