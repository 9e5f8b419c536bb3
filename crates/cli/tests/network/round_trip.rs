//! Publish, look, install, pull: over the network it is as in a directory.

use tofu_oci_testkit::Registry;

use crate::{Client, FROM, check, published};

#[test]
fn releases_are_published() {
    let registry = Registry::new();
    let client = Client::new(registry.host());
    client.write_releases();
    check!(client, "publish provider dist HOST/acme/demo --dry-run", @r"
    exit 4
    -- stdout
    Would publish [HOST]/acme/demo:1.2.3
      sha256:[DIGEST]

    PLATFORM       SIZE  FILE
    darwin_arm64  303 B  terraform-provider-demo_1.2.3_darwin_arm64.zip
    linux_amd64   335 B  terraform-provider-demo_1.2.3_linux_amd64.zip
                         terraform-provider-demo_1.2.3_SHA256SUMS (checksums file)
                         terraform-provider-demo_1.2.3_manifest.json (registry manifest)

    profile referrers, at most 1.0 kB would be sent
    ");
    assert_eq!(
        registry
            .requests()
            .iter()
            .filter(|r| !r.starts_with("HEAD") && !r.starts_with("GET"))
            .count(),
        0
    );
    check!(client, "publish provider dist oci://HOST/acme/demo", @r"
    exit 0
    -- stdout
    Published [HOST]/acme/demo:1.2.3
      sha256:[DIGEST]

    PLATFORM       SIZE  FILE
    darwin_arm64  303 B  terraform-provider-demo_1.2.3_darwin_arm64.zip
    linux_amd64   335 B  terraform-provider-demo_1.2.3_linux_amd64.zip
                         terraform-provider-demo_1.2.3_SHA256SUMS (checksums file)
                         terraform-provider-demo_1.2.3_manifest.json (registry manifest)

    1.1 kB sent
    -- stderr
    published terraform-provider-demo_1.2.3_linux_amd64.zip
    published terraform-provider-demo_1.2.3_darwin_arm64.zip
    ");
    check!(client, "publish module label HOST/modules/label:1.2.0", @r#"
    exit 0
    -- stdout
    Published [HOST]/modules/label:1.2.0; it is the latest
      sha256:[DIGEST]
      label-1.2.0.zip: 1 file, 167 B
      169 B sent

    source = "oci://[HOST]/modules/label?digest=sha256:[DIGEST]"
    -- stderr
    published label-1.2.0.zip
    "#);
    check!(client, "publish provider dist HOST/acme/demo", @r"
    exit 0
    -- stdout
    Unchanged: [HOST]/acme/demo:1.2.3 was published before
      sha256:[DIGEST]

    PLATFORM       SIZE  FILE
    darwin_arm64  303 B  terraform-provider-demo_1.2.3_darwin_arm64.zip
    linux_amd64   335 B  terraform-provider-demo_1.2.3_linux_amd64.zip
                         terraform-provider-demo_1.2.3_SHA256SUMS (checksums file)
                         terraform-provider-demo_1.2.3_manifest.json (registry manifest)

    0 B sent
    -- stderr
    checked terraform-provider-demo_1.2.3_linux_amd64.zip
    checked terraform-provider-demo_1.2.3_darwin_arm64.zip
    ");
    check!(client, "publish module label HOST/modules/label:1.2.0", @r#"
    exit 0
    -- stdout
    Unchanged: [HOST]/modules/label:1.2.0 was published before; it is the latest
      sha256:[DIGEST]
      label-1.2.0.zip: 1 file, 167 B
      0 B sent

    source = "oci://[HOST]/modules/label?digest=sha256:[DIGEST]"
    "#);
}

#[test]
fn releases_are_looked_at() {
    let (_registry, client) = published();
    check!(client, "list HOST/acme/demo", @r"
    exit 0
    -- stdout
    VERSION  KIND      PLATFORMS                   SIZE  CREATED               DIGEST
    1.2.3    provider  darwin_arm64, linux_amd64  638 B  2024-01-02T03:04:06Z  sha256:28262c7325d0
    ");
    check!(client, "list HOST/modules/label", @r"
    exit 0
    -- stdout
    VERSION  KIND    PLATFORMS   SIZE  CREATED  DIGEST
    1.2.0    module             167 B           sha256:2489c55967ac

    TAG     DIGEST
    latest  sha256:2489c55967ac  is 1.2.0
    ");
    check!(client, "show HOST/acme/demo:1.2.3", @r"
    exit 0
    -- stdout
    [HOST]/acme/demo:1.2.3
    │  provider  sha256:[DIGEST]
    │  io.tofu-oci.provider.protocols = 6.0
    │  org.opencontainers.image.created = 2024-01-02T03:04:06Z
    │  org.opencontainers.image.version = 1.2.3
    ├─ darwin_arm64  sha256:[DIGEST]
    │  │  org.opencontainers.image.created = 2024-01-02T03:04:06Z
    │  │  io.tofu-oci.package.h1 = [H1]
    │  └─ terraform-provider-demo_1.2.3_darwin_arm64.zip  303 B  sha256:[DIGEST]
    ├─ linux_amd64  sha256:[DIGEST]
    │  │  org.opencontainers.image.created = 2024-01-02T03:04:06Z
    │  │  io.tofu-oci.package.h1 = [H1]
    │  └─ terraform-provider-demo_1.2.3_linux_amd64.zip  335 B  sha256:[DIGEST]
    ├─ checksums file  sha256:[DIGEST]
    │  │  org.opencontainers.image.created = 2024-01-02T03:04:06Z
    │  └─ terraform-provider-demo_1.2.3_SHA256SUMS  335 B  sha256:[DIGEST]
    └─ registry manifest  sha256:[DIGEST]
       │  org.opencontainers.image.created = 2024-01-02T03:04:06Z
       └─ terraform-provider-demo_1.2.3_manifest.json  55 B  sha256:[DIGEST]
    ");
    check!(client, "show HOST/modules/label", @r"
    exit 0
    -- stdout
    [HOST]/modules/label:1.2.0
    │  module  sha256:[DIGEST]
    │  org.opencontainers.image.version = 1.2.0
    └─ label-1.2.0.zip  167 B  sha256:[DIGEST]
    ");
}

#[test]
fn releases_are_installed() {
    let (_registry, client) = published();
    client.configure("infra");
    check!(client, &format!("install infra {FROM}"), @r"
    exit 0
    -- stdout
    PROVIDER                         VERSION  PLATFORM      SIZE
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64  335 B  installed

    MODULE        SOURCE
    module.label  oci://[HOST]/modules/label?tag=1.2.0  installed

    the lock file was created
    -- stderr
    fetched module label (oci://[HOST]/modules/label?tag=1.2.0)
    installed acme/demo 1.2.3 linux_amd64
    warning[incomplete-lock]: the lock file has hashes for the installed platforms only: acme/demo
      hint: for people on other platforms, remove the entry and install with `--platform` for every platform
    ");
    insta::assert_snapshot!(client.sandbox.files("infra").join("\n"), @r"
    .terraform.lock.hcl
    .terraform/.tofu-oci/lock
    .terraform/modules/label/main.tf
    .terraform/modules/modules.json
    .terraform/providers/registry.opentofu.org/acme/demo/1.2.3/linux_amd64/LICENSE
    .terraform/providers/registry.opentofu.org/acme/demo/1.2.3/linux_amd64/terraform-provider-demo_v1.2.3
    main.tf
    ");
    check!(client, &format!("install infra {FROM} --locked"), @r"
    exit 0
    -- stdout
    PROVIDER                         VERSION  PLATFORM     SIZE
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64        kept

    the lock file stays as it is
    ");
}

#[test]
fn a_lock_file_does_not_tell_where_packages_came_from() {
    let (_registry, client) = published();
    let _ = client
        .line("publish provider dist dir:registry//acme/demo")
        .ok();
    client.configure("near");
    client.configure("far");
    let near = "install near --from dir:registry//{namespace}/{type} --platform linux_amd64";
    let _ = client.line(near).ok();
    let _ = client.line(&format!("install far {FROM}")).ok();
    let lock = client.sandbox.read("far/.terraform.lock.hcl");
    assert_eq!(client.sandbox.read("near/.terraform.lock.hcl"), lock);
    assert!(lock.contains("\"zh:"), "{lock}");
    // And the other way round, from what was locked elsewhere.
    for dir in ["near", "far"] {
        client.forget(dir);
        let _ = client.line(&format!("install {dir} {FROM} --locked")).ok();
        let again = client.sandbox.read(format!("{dir}/.terraform.lock.hcl"));
        assert_eq!(again, lock);
    }
}

#[test]
fn what_is_pulled_is_what_was_published() {
    let (_registry, client) = published();
    check!(client, "pull HOST/acme/demo:1.2.3 -o out", @r"
    exit 0
    -- stdout
    FILE                                                 SIZE  KIND
    out/terraform-provider-demo_1.2.3_SHA256SUMS        335 B  checksums file     written
    out/terraform-provider-demo_1.2.3_darwin_arm64.zip  303 B  package            written
    out/terraform-provider-demo_1.2.3_linux_amd64.zip   335 B  package            written
    out/terraform-provider-demo_1.2.3_manifest.json      55 B  registry manifest  written

    not signed
    -- stderr
    pulled terraform-provider-demo_1.2.3_SHA256SUMS
    pulled terraform-provider-demo_1.2.3_darwin_arm64.zip
    pulled terraform-provider-demo_1.2.3_linux_amd64.zip
    pulled terraform-provider-demo_1.2.3_manifest.json
    ");
    let files = client.sandbox.files("dist");
    assert_eq!(client.sandbox.files("out"), files);
    for file in files {
        let read = |dir: &str| std::fs::read(client.sandbox.join(dir).join(&file)).unwrap();
        assert_eq!(read("out"), read("dist"), "{file}");
    }
}

#[test]
fn the_same_release_has_the_same_digests_everywhere() {
    let (_registry, client) = published();
    for (what, name) in [
        ("provider dist", "acme/demo"),
        ("module label", "modules/label:1.2.0"),
    ] {
        let _ = client
            .line(&format!("publish {what} dir:registry//{name}"))
            .ok();
        let show = |place: &str| {
            let run = client.line(&format!("show {place}{name} --json")).ok();
            run.stdout.replace(place, "").replace(&client.host, "")
        };
        let near: serde_json::Value = serde_json::from_str(&show("dir:registry//")).unwrap();
        let far: serde_json::Value = serde_json::from_str(&show("HOST/")).unwrap();
        assert_eq!(near["root"], far["root"]);
        assert!(near["root"].is_object(), "{near}");
    }
}
