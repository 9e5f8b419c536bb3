//! Evidence on registries of every kind: those that list referrers, those that do not, those that refuse or lose
//! them.

use std::sync::Arc;

use tofu_oci::store::MemoryStorage;
use tofu_oci_gateway::Distribution;
use tofu_oci_testkit::{Canned, Quirk, Quirks, Registry, Requests};

use crate::{Client, check};

/// The types that an allow-list has which knows OpenTofu, and none of our own.
const ALLOWED: &[&str] = &[
    "application/vnd.opentofu.provider",
    "application/vnd.opentofu.provider-target",
    "application/vnd.opentofu.modulepkg",
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.oci.empty.v1+json",
];

/// A registry with quirks, and a client whose state lies in its sandbox.
pub(crate) fn registry(quirks: &Quirks) -> (Registry, Client) {
    let distribution = Distribution::new(Arc::new(MemoryStorage::new()));
    let registry = Registry::serving(quirks.around(distribution.router()));
    let mut client = Client::new(registry.host());
    let state = client.sandbox.join("state").display().to_string();
    client.sandbox = client.sandbox.env("XDG_STATE_HOME", &state);
    client.write_releases();
    client.sandbox.write(
        "dist/terraform-provider-demo_1.2.3_linux_amd64.spdx.json",
        SPDX,
    );
    (registry, client)
}

const SPDX: &str = "{\"SPDXID\":\"SPDXRef-DOCUMENT\",\"spdxVersion\":\"SPDX-2.3\",\"packages\":[{\"name\":\"demo\",\"versionInfo\":\"1.2.3\",\"externalRefs\":[{\"referenceLocator\":\"pkg:golang/example.com/demo@v1.2.3\"}]}]}\n";

fn allow_list(quirks: &Quirks) {
    quirks.on(
        Requests::of("PUT", "/manifests/"),
        Quirk::AllowsTypes(ALLOWED),
    );
}

/// No API for referrers, and nothing said of subjects.
fn without_api(quirks: &Quirks) {
    quirks
        .on(
            Requests::to("/referrers/"),
            Quirk::Answer(Canned::status(404)),
        )
        .on(
            Requests::of("PUT", "/manifests/"),
            Quirk::WithoutHeader("oci-subject"),
        );
}

/// The files that a pull of everything writes.
fn pulled(client: &Client, reference: &str) -> Vec<String> {
    let out = client.sandbox.join("out");
    let _ = std::fs::remove_dir_all(&out);
    let _ = client.line(&format!("pull {reference} -o out")).ok();
    let mut files = client.sandbox.files("out");
    files.sort();
    for file in &files {
        let (was, is) = (
            std::fs::read(client.sandbox.join("dist").join(file)).unwrap(),
            std::fs::read(out.join(file)).unwrap(),
        );
        assert!(was == is, "{file}");
    }
    files
}

const FILES: [&str; 5] = [
    "terraform-provider-demo_1.2.3_SHA256SUMS",
    "terraform-provider-demo_1.2.3_darwin_arm64.zip",
    "terraform-provider-demo_1.2.3_linux_amd64.spdx.json",
    "terraform-provider-demo_1.2.3_linux_amd64.zip",
    "terraform-provider-demo_1.2.3_manifest.json",
];

#[test]
fn every_kind_of_registry_gives_the_files_back() {
    type Kind = (&'static str, fn(&Quirks));
    let kinds: [Kind; 4] = [
        ("referrers", |_| {}),
        ("referrers", without_api),
        ("embedded", allow_list),
        ("embedded", |quirks| {
            quirks.on(Requests::of("PUT", "/manifests/"), Quirk::DropsReferrers);
        }),
    ];
    for (number, (profile, quirk)) in kinds.into_iter().enumerate() {
        let quirks = Quirks::new();
        quirk(&quirks);
        let (_registry, client) = registry(&quirks);
        let line = "publish provider dist HOST/acme/demo --profile auto --json";
        let run = client.line(line).ok();
        let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(document["release"]["profile"], profile, "kind {number}");
        assert_eq!(
            pulled(&client, "HOST/acme/demo:1.2.3"),
            FILES,
            "kind {number}"
        );
        // What was published goes on to a directory and from there to another registry, with everything.
        let _ = client
            .line("copy HOST/acme/demo:1.2.3 dir:mirror//acme/demo")
            .ok();
        assert_eq!(
            pulled(&client, "dir:mirror//acme/demo:1.2.3"),
            FILES,
            "kind {number}"
        );
        let _ = client
            .line("copy dir:mirror//acme/demo:1.2.3 HOST/acme/copied")
            .ok();
        assert_eq!(
            pulled(&client, "HOST/acme/copied:1.2.3"),
            FILES,
            "kind {number}"
        );
        // Again: nothing is written.
        let run = client.line(line).ok();
        let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(document["release"]["outcome"], "unchanged", "kind {number}");
        assert_eq!(document["release"]["profile"], profile, "kind {number}");
    }
}

#[test]
fn a_registry_that_refuses_evidence_has_no_version_then() {
    let quirks = Quirks::new();
    allow_list(&quirks);
    let (_registry, client) = registry(&quirks);
    check!(client, "publish provider dist HOST/acme/demo", @r"
    exit 1
    -- stderr
    published terraform-provider-demo_1.2.3_linux_amd64.zip
    published terraform-provider-demo_1.2.3_darwin_arm64.zip
    error[evidence-refused]: [HOST]/acme/demo takes the packages of the release, and refuses the evidence beside them
      cause: [HOST] does not accept storing the manifest sha256:[DIGEST] in [HOST]/acme/demo: 400 MANIFEST_INVALID: manifest invalid: unknown media type: application/vnd.tofu-oci.shasums.v1
      hint: publish with `--profile embedded`, which keeps it inside the packages' manifests; the version has no tag yet
    ");
    check!(client, "list HOST/acme/demo", @r"
    exit 0
    -- stdout
    there are no tags
    ");
    check!(client, "publish provider dist HOST/acme/demo --profile embedded", @r"
    exit 0
    -- stdout
    Published [HOST]/acme/demo:1.2.3
      sha256:[DIGEST]

    PLATFORM       SIZE  FILE
    darwin_arm64  303 B  terraform-provider-demo_1.2.3_darwin_arm64.zip
    linux_amd64   335 B  terraform-provider-demo_1.2.3_linux_amd64.zip
                         terraform-provider-demo_1.2.3_SHA256SUMS (checksums file)
                         terraform-provider-demo_1.2.3_manifest.json (registry manifest)
    linux_amd64          terraform-provider-demo_1.2.3_linux_amd64.spdx.json (SPDX SBOM)

    evidence inside the packages' manifests, 0 B sent
    -- stderr
    checked terraform-provider-demo_1.2.3_linux_amd64.zip
    checked terraform-provider-demo_1.2.3_darwin_arm64.zip
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
    │  ├─ terraform-provider-demo_1.2.3_darwin_arm64.zip  303 B  sha256:[DIGEST]
    │  ├─ checksums file inside the manifest
    │  │  └─ terraform-provider-demo_1.2.3_SHA256SUMS  335 B  sha256:[DIGEST]
    │  └─ registry manifest inside the manifest
    │     └─ terraform-provider-demo_1.2.3_manifest.json  55 B  sha256:[DIGEST]
    └─ linux_amd64  sha256:[DIGEST]
       │  org.opencontainers.image.created = 2024-01-02T03:04:06Z
       │  io.tofu-oci.package.h1 = [H1]
       ├─ terraform-provider-demo_1.2.3_linux_amd64.zip  335 B  sha256:[DIGEST]
       ├─ checksums file inside the manifest
       │  └─ terraform-provider-demo_1.2.3_SHA256SUMS  335 B  sha256:[DIGEST]
       ├─ registry manifest inside the manifest
       │  └─ terraform-provider-demo_1.2.3_manifest.json  55 B  sha256:[DIGEST]
       └─ SPDX SBOM inside the manifest
          └─ terraform-provider-demo_1.2.3_linux_amd64.spdx.json  181 B  sha256:[DIGEST]
    ");
}

#[test]
fn a_registry_that_loses_evidence_is_noticed_before_the_tag_is_given() {
    let quirks = Quirks::new();
    quirks.on(Requests::of("PUT", "/manifests/"), Quirk::DropsReferrers);
    let (_registry, client) = registry(&quirks);
    check!(client, "publish provider dist HOST/acme/demo", @r"
    exit 1
    -- stderr
    published terraform-provider-demo_1.2.3_linux_amd64.zip
    published terraform-provider-demo_1.2.3_darwin_arm64.zip
    error[evidence-lost]: [HOST]/acme/demo took evidence of the release and does not list it: the checksums file sha256:[DIGEST], the registry manifest sha256:[DIGEST], the SPDX SBOM sha256:[DIGEST]
      hint: publish with `--profile embedded`, which keeps it inside the packages' manifests; what has its tag already stays, so that needs a new version
    ");
    check!(client, "list HOST/acme/demo", @r"
    exit 0
    -- stdout
    there are no tags
    ");
    check!(client, "publish provider dist HOST/acme/demo --profile auto", @r"
    exit 0
    -- stdout
    Published [HOST]/acme/demo:1.2.3
      sha256:[DIGEST]

    PLATFORM       SIZE  FILE
    darwin_arm64  303 B  terraform-provider-demo_1.2.3_darwin_arm64.zip
    linux_amd64   335 B  terraform-provider-demo_1.2.3_linux_amd64.zip
                         terraform-provider-demo_1.2.3_SHA256SUMS (checksums file)
                         terraform-provider-demo_1.2.3_manifest.json (registry manifest)
    linux_amd64          terraform-provider-demo_1.2.3_linux_amd64.spdx.json (SPDX SBOM)

    evidence inside the packages' manifests, 0 B sent
    -- stderr
    checked terraform-provider-demo_1.2.3_linux_amd64.zip
    checked terraform-provider-demo_1.2.3_darwin_arm64.zip
    warning[evidence-embedded]: the evidence of the release goes into the manifests of its packages, because [HOST]/acme/demo does not keep it beside them: it took it and does not list it
    ");
}

#[test]
fn what_was_found_is_remembered_and_corrected() {
    let quirks = Quirks::new();
    allow_list(&quirks);
    let (_registry, client) = registry(&quirks);
    const FILE: &str = "state/tofu-oci/registries.json";
    // Only the time differs from run to run.
    let memory = || {
        let text = client.sandbox.read(FILE).replace(&client.host, "HOST");
        let (before, rest) = text.split_once("\"found\":\"").unwrap();
        let (_, after) = rest.split_once('"').unwrap();
        format!("{before}\"found\":\"TIME\"{after}")
    };
    let known = concat!(
        r#"{"version":2,"registries":{"HOST":{"profile":"embedded","found":"TIME"}}}"#,
        "\n"
    );
    let _ = client
        .line("publish provider dist HOST/acme/demo --profile auto")
        .ok();
    assert_eq!(memory(), known);
    // Nothing is tried that was refused before.
    let _ = quirks.seen();
    let _ = client
        .line("publish provider dist HOST/acme/again --profile auto")
        .ok();
    let lines = quirks.lines();
    assert!(
        lines.iter().all(|line| !line.contains("/referrers/")),
        "{lines:?}"
    );
    check!(client, "publish provider dist HOST/acme/third --profile auto --dry-run", @r"
    exit 4
    -- stdout
    Would publish [HOST]/acme/third:1.2.3
      sha256:[DIGEST]

    PLATFORM       SIZE  FILE
    darwin_arm64  303 B  terraform-provider-demo_1.2.3_darwin_arm64.zip
    linux_amd64   335 B  terraform-provider-demo_1.2.3_linux_amd64.zip
                         terraform-provider-demo_1.2.3_SHA256SUMS (checksums file)
                         terraform-provider-demo_1.2.3_manifest.json (registry manifest)
    linux_amd64          terraform-provider-demo_1.2.3_linux_amd64.spdx.json (SPDX SBOM)

    profile embedded, at most 1.2 kB would be sent
    ");
    // Somebody believes the opposite: the registry is right.
    let wrong = client.sandbox.read(FILE).replace("embedded", "referrers");
    // And what was found long ago may have changed since.
    let old = known
        .replace("HOST", &client.host)
        .replace("TIME", "2020-01-01T00:00:00Z");
    for (name, memorised) in [("fourth", wrong), ("fifth", old)] {
        client.sandbox.write(FILE, memorised);
        let publish = format!("publish provider dist HOST/acme/{name} --profile auto");
        let run = client.line(&publish).ok();
        assert!(
            run.stderr.contains("warning[evidence-embedded]"),
            "{name}: {}",
            run.stderr
        );
        assert_eq!(memory(), known, "{name}");
        assert!(!client.sandbox.read(FILE).contains("2020"), "{name}");
    }
}

#[test]
fn evidence_that_is_missing_is_added_and_nothing_else() {
    for quirk in [(|_| {}) as fn(&Quirks), without_api] {
        let quirks = Quirks::new();
        quirk(&quirks);
        let (_registry, client) = registry(&quirks);
        let spdx = "dist/terraform-provider-demo_1.2.3_linux_amd64.spdx.json";
        std::fs::remove_file(client.sandbox.join(spdx)).unwrap();
        let _ = client.line("publish provider dist HOST/acme/demo").ok();
        client.sandbox.write(spdx, SPDX);
        let run = client
            .line("publish provider dist HOST/acme/demo --json")
            .ok();
        let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(document["release"]["outcome"], "completed");
        let puts: Vec<_> = document["release"]["attachments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|attachment| {
                (
                    attachment["kind"].as_str().unwrap(),
                    attachment["put"].as_str(),
                )
            })
            .collect();
        assert_eq!(
            puts,
            [
                ("checksums file", None),
                ("registry manifest", None),
                ("SPDX SBOM", Some("uploaded"))
            ]
        );
        assert_eq!(pulled(&client, "HOST/acme/demo:1.2.3"), FILES);
    }
}

/// Completes the version without being forced to, and has nothing to do afterwards.
fn completes(client: &Client) {
    assert!(pulled(client, "HOST/acme/demo:1.2.3").len() < FILES.len());
    let publish = "publish provider dist HOST/acme/demo";
    assert_eq!(client.line(&format!("{publish} --dry-run")).status, 4);
    let run = client.line(&format!("{publish} --json")).ok();
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["release"]["outcome"], "completed");
    assert_eq!(pulled(client, "HOST/acme/demo:1.2.3"), FILES);
    let run = client.line(publish).ok();
    assert!(run.stdout.starts_with("Unchanged"), "{}", run.stdout);
}

#[test]
fn a_list_of_referrers_that_was_lost_is_written_again() {
    let quirks = Quirks::new();
    without_api(&quirks);
    let (_registry, client) = registry(&quirks);
    let run = client
        .line("publish provider dist HOST/acme/demo --json")
        .ok();
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let digest = document["release"]["digest"].as_str().unwrap();
    let list = digest.replace(':', "-");
    let _ = client
        .line(&format!("delete HOST/acme/demo:{list} --yes"))
        .ok();
    completes(&client);
}

#[test]
fn a_publish_that_was_stopped_before_the_list_goes_on() {
    let quirks = Quirks::new();
    without_api(&quirks);
    let (_registry, client) = registry(&quirks);
    let spdx = "dist/terraform-provider-demo_1.2.3_linux_amd64.spdx.json";
    std::fs::remove_file(client.sandbox.join(spdx)).unwrap();
    let _ = client.line("publish provider dist HOST/acme/demo").ok();
    // A document comes to a version that has its tag, and its list is not written any more.
    client.sandbox.write(spdx, SPDX);
    quirks.on(
        Requests::of("PUT", "/manifests/sha256-"),
        Quirk::Answer(Canned::status(403)),
    );
    let run = client.line("publish provider dist HOST/acme/demo");
    assert_eq!(run.status, 1, "{}", run.stderr);
    quirks.off();
    without_api(&quirks);
    completes(&client);
}

#[test]
fn a_destination_that_loses_evidence_is_noticed_after_a_copy() {
    let (_source, client) = registry(&Quirks::new());
    let _ = client.line("publish provider dist HOST/acme/demo").ok();
    let quirks = Quirks::new();
    quirks.on(Requests::of("PUT", "/manifests/"), Quirk::DropsReferrers);
    let (there, _) = registry(&quirks);
    let line = format!("copy HOST/acme/demo:1.2.3 {}/acme/demo", there.host());
    let run = client.line(&line);
    let text = client.snapshot(&run).replace(there.host(), "[THERE]");
    insta::assert_snapshot!(text, @r"
    exit 1
    -- stderr
    copied terraform-provider-demo_1.2.3_darwin_arm64.zip
    copied terraform-provider-demo_1.2.3_linux_amd64.zip
    copied terraform-provider-demo_1.2.3_SHA256SUMS
    copied terraform-provider-demo_1.2.3_manifest.json
    copied terraform-provider-demo_1.2.3_linux_amd64.spdx.json
    error[evidence-lost]: [THERE]/acme/demo took what refers to the copied content and does not list it: sha256:[DIGEST], sha256:[DIGEST], sha256:[DIGEST]
      hint: the packages were copied; to have the evidence there, too, publish a version with `--profile embedded` and copy that
    ");
}
