//! Evidence that was made for something else.

use std::sync::Arc;

use tofu_oci::store::MemoryStorage;
use tofu_oci::types::oci::Digest;
use tofu_oci_gateway::Distribution;
use tofu_oci_testkit::{Canned, ProviderRelease, Quirk, Quirks, Registry, Requests};

use crate::evidence::registry;
use crate::signatures::{REQUIRE, Signed, install, published_on, refused};
use crate::{Client, check};

#[test]
fn evidence_that_names_another_release_is_refused() {
    let quirks = Quirks::new();
    let (_registry, client) = registry(&quirks);
    let _ = client.line("publish provider dist HOST/acme/demo").ok();
    ProviderRelease::new("1.2.4").write(client.sandbox.join("newer"));
    let _ = client.line("publish provider newer HOST/acme/demo").ok();
    let show = |version: &str| -> serde_json::Value {
        let run = client
            .line(&format!("show HOST/acme/demo:{version} --json"))
            .ok();
        serde_json::from_str(&run.stdout).unwrap()
    };
    let (old, newer) = (show("1.2.3"), show("1.2.4"));
    let stolen = &newer["root"]["referrers"][0];
    let list = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": stolen["media_type"],
            "digest": stolen["digest"],
            "size": stolen["size"],
            "artifactType": "application/vnd.tofu-oci.shasums.v1",
        }],
    });
    let path = format!("/referrers/{}", old["root"]["digest"].as_str().unwrap());
    let list = Quirk::Body(list.to_string().into());
    quirks.on(Requests::of("GET", &path), list);
    check!(client, "pull HOST/acme/demo:1.2.3 -o out", @r"
    exit 3
    -- stderr
    error[evidence-mismatch]: sha256:[DIGEST] is listed in [HOST]/acme/demo as evidence of sha256:[DIGEST], and names sha256:[DIGEST]
      hint: `tofu-oci show REF` shows what is listed; whoever publishes has to delete it with `tofu-oci delete`
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
    │  ├─ terraform-provider-demo_1.2.3_linux_amd64.zip  335 B  sha256:[DIGEST]
    │  └─ SPDX SBOM  sha256:[DIGEST]
    │     │  io.tofu-oci.platform = linux_amd64
    │     │  org.opencontainers.image.created = 2024-01-02T03:04:06Z
    │     └─ terraform-provider-demo_1.2.3_linux_amd64.spdx.json  181 B  sha256:[DIGEST]
    └─ checksums file  sha256:[DIGEST]
       │  problem: sha256:[DIGEST] is listed in [HOST]/acme/demo as evidence of sha256:[DIGEST], and names sha256:[DIGEST]
       │  org.opencontainers.image.created = 2024-01-02T03:04:06Z
       └─ terraform-provider-demo_1.2.4_SHA256SUMS  335 B  sha256:[DIGEST]
    ");
}

#[test]
fn a_list_that_does_not_fit_is_noticed_after_a_copy() {
    let (_registry, client) = registry(&Quirks::new());
    // The packages of one release, with the checksums file of another: what an attacker or a script puts there.
    let list = "dist/terraform-provider-demo_1.2.3_SHA256SUMS";
    let right = client.sandbox.read(list);
    let wrong = right.replace(&right[..8], "00000000");
    std::fs::remove_file(client.sandbox.join(list)).unwrap();
    let run = client
        .line("publish provider dist HOST/acme/demo --json")
        .ok();
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let digest = document["release"]["digest"].as_str().unwrap();
    attach(&client, digest, &wrong);
    check!(client, "copy HOST/acme/demo:1.2.3 dir:mirror//acme/demo", @r#"
    exit 3
    -- stderr
    copied terraform-provider-demo_1.2.3_darwin_arm64.zip
    copied terraform-provider-demo_1.2.3_linux_amd64.zip
    copied terraform-provider-demo_1.2.3_SHA256SUMS
    copied terraform-provider-demo_1.2.3_manifest.json
    copied terraform-provider-demo_1.2.3_linux_amd64.spdx.json
    error[checksums-mismatch]: the checksums file "terraform-provider-demo_1.2.3_SHA256SUMS" of dir:mirror//acme/demo@sha256:[DIGEST] does not fit the packages
      cause: the checksums file does not cover the release: "terraform-provider-demo_1.2.3_darwin_arm64.zip" is listed as [DIGEST], and has [DIGEST]
      hint: the release is as it is in the source; `tofu-oci show REF` shows list and packages
    "#);
    check!(client, "pull HOST/acme/demo:1.2.3 -o out", @r#"
    exit 3
    -- stderr
    error[checksums-mismatch]: the checksums file "terraform-provider-demo_1.2.3_SHA256SUMS" does not fit the packages
      cause: the checksums file does not cover the release: "terraform-provider-demo_1.2.3_darwin_arm64.zip" is listed as [DIGEST], and has [DIGEST]
      hint: the checksums file is not the one of these packages; `tofu-oci show REF` shows both
    "#);
}

/// Attaches a checksums file to an index, as any other client can.
fn attach(client: &Client, index: &str, list: &str) {
    use tofu_oci::store::remote::{Purpose, Remote};
    use tofu_oci::store::{Blob, PutManifest, WritableRepository as _};
    use tofu_oci::types::artifact::{Attachment, AttachmentKind, AttachmentLayer};
    use tofu_oci::types::oci::TagOrDigest;

    let attachment = Attachment {
        kind: AttachmentKind::Shasums,
        layers: vec![AttachmentLayer {
            media_type: AttachmentKind::Shasums.layer_type(),
            filename: "terraform-provider-demo_1.2.3_SHA256SUMS".to_owned(),
            content: list.to_owned().into(),
        }],
        annotations: Default::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let remote = Remote::default();
        let name = "acme/demo".parse().unwrap();
        let repository = remote.repository(&client.host.parse().unwrap(), &name, Purpose::Write);
        let at = TagOrDigest::Digest(index.parse().unwrap());
        let index = tofu_oci::store::Repository::manifest(&repository, &at)
            .await
            .unwrap();
        let layer = &attachment.layers[0];
        let blobs = [
            (layer.descriptor(), layer.content.clone()),
            (tofu_oci::types::oci::Descriptor::empty(), "{}".into()),
        ];
        for (descriptor, content) in blobs {
            let content = Blob::Bytes(content);
            let _ = repository.put_blob(&descriptor, content).await.unwrap();
        }
        let manifest = attachment.write(index.descriptor(), None);
        let batch = [PutManifest::untagged(manifest)];
        let _ = repository.put_manifests(&batch).await.unwrap();
    });
}

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Lists beside `subject` what is not there, and what is no manifest: with the type of a checksums file and without.
fn litter(quirks: &Quirks, subject: &str) {
    let gone = Digest::of(b"gone");
    let (typed, untyped) = ("no manifest", "none either");
    let mut entries = vec![serde_json::json!({
        "mediaType": MANIFEST,
        "digest": gone.as_str(),
        "size": 4,
        "artifactType": "application/vnd.tofu-oci.shasums.v1",
    })];
    for text in [typed, untyped] {
        let digest = Digest::of(text.as_bytes());
        let mut entry = serde_json::json!({
            "mediaType": MANIFEST,
            "digest": digest.as_str(),
            "size": text.len(),
        });
        if text == typed {
            entry["artifactType"] = "application/vnd.tofu-oci.shasums.v1".into();
        }
        entries.push(entry);
        let answer = Canned::status(200)
            .header("content-type", MANIFEST)
            .body(text);
        let path = format!("/manifests/{digest}");
        quirks.on(Requests::to(&path), Quirk::Answer(answer));
    }
    let list = serde_json::json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
    let list = Canned::json(200, &list.to_string()).header("content-type", INDEX);
    let path = format!("/manifests/{}", subject.replace(':', "-"));
    quirks.on(Requests::of("GET", &path), Quirk::Answer(list));
}

/// What somebody left in a list keeps nobody from what is there. It is told, each thing once.
#[test]
fn what_is_listed_and_is_no_manifest_is_passed_over() {
    let quirks = Quirks::new();
    let distribution = Distribution::new(Arc::new(MemoryStorage::new()));
    let registry = Registry::serving(quirks.around(distribution.router()));
    let (_registry, client) = published_on(registry, Signed::Yes);
    let show = client.line("show HOST/acme/demo:1.2.3 --json").ok();
    let shown: serde_json::Value = serde_json::from_str(&show.stdout).unwrap();
    litter(&quirks, shown["root"]["digest"].as_str().unwrap());

    let count = |stderr: &str| stderr.matches("warning[evidence-passed-over]").count();
    let run = install(&client, REQUIRE).ok();
    assert_eq!(count(&run.stderr), 3, "{}", run.stderr);
    let run = client.line("pull HOST/acme/demo:1.2.3 -o out").ok();
    assert_eq!(count(&run.stderr), 3, "{}", run.stderr);
    let was = client.sandbox.files("dist").len();
    assert_eq!(client.sandbox.files("out").len(), was);
    let copy = "copy HOST/acme/demo:1.2.3 dir:mirror//acme/demo";
    let run = client.line(&format!("{copy} --dry-run"));
    assert_eq!((run.status, count(&run.stderr)), (4, 3), "{}", run.stderr);
    let run = client.line(copy).ok();
    let told = client.snapshot(&run);
    for told_of in [
        "is listed beside what is copied, and is no manifest that can be read: [HOST]/acme/demo has no manifest sha256:[DIGEST]; it was passed over",
        "is listed beside what is copied, and is no manifest that can be read: the manifest sha256:[DIGEST] of [HOST]/acme/demo is refused; it was passed over",
    ] {
        assert!(told.contains(told_of), "{told}");
    }
    assert_eq!(count(&run.stderr), 3, "{told}");
    let run = client
        .line(&format!("verify dir:mirror//acme/demo:1.2.3 {REQUIRE}"))
        .ok();
    assert!(run.stdout.contains("trusted"), "{}", run.stdout);
    // Who asks what is proven hears of all that is not.
    let run = client.line(&format!("verify HOST/acme/demo:1.2.3 {REQUIRE}"));
    refused(&run, "evidence-mismatch");
    assert!(run.stdout.contains("trusted"), "{}", run.stdout);
}

/// It is passed over, and proves nothing.
#[test]
fn what_is_no_manifest_is_no_signature() {
    let quirks = Quirks::new();
    let distribution = Distribution::new(Arc::new(MemoryStorage::new()));
    let registry = Registry::serving(quirks.around(distribution.router()));
    let (_registry, client) = published_on(registry, Signed::No);
    let show = client.line("show HOST/acme/demo:1.2.3 --json").ok();
    let shown: serde_json::Value = serde_json::from_str(&show.stdout).unwrap();
    litter(&quirks, shown["root"]["digest"].as_str().unwrap());
    let run = install(&client, REQUIRE);
    refused(&run, "proof-missing");
    assert!(
        run.stderr.contains("warning[evidence-passed-over]"),
        "{}",
        run.stderr
    );
}
