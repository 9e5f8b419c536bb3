//! What stands beside a release: signatures, keys, SBOMs, registry manifests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

#[path = "support/signing.rs"]
mod signing;
mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signing::{FINGERPRINT, PUBLIC_ONE, SECRET_ONE, armored, sign};
use support::*;
use tofu_oci::publish::{ProviderOptions, PublishError};
use tofu_oci::types::artifact::{AttachmentKind, annotation};

const LIST: &str = "terraform-provider-demo_1.2.3_SHA256SUMS";

fn with_key(dist: &Dist, content: &[u8]) -> ProviderOptions {
    // Not in the directory of the release, where it would be found.
    dist.write("keys/acme.asc", content);
    ProviderOptions {
        keys: vec![dist.join("keys/acme.asc")],
        ..ProviderOptions::default()
    }
}

#[tokio::test]
async fn list_signatures_and_keys_stay_together() {
    let dist = Dist::new(&["linux_amd64"]);
    let signature = sign(&dist.read(LIST));
    dist.write(&format!("{LIST}.sig"), &signature);
    dist.write(&format!("{LIST}.0F1E2D3C.sig"), &signature);
    let options = with_key(&dist, armored("PUBLIC", PUBLIC_ONE).as_bytes());
    let repository = memory();
    let report = publish(&dist, &repository, &options).await.unwrap();
    assert_eq!(report.attachments.len(), 1);
    assert_eq!(
        report.attachments[0].filenames,
        [
            LIST.to_owned(),
            format!("{LIST}.0F1E2D3C.sig"),
            format!("{LIST}.sig"),
            "8F099C1B95579FCA.asc".to_owned(),
        ]
    );
    let manifest = report.attachments[0].digest.clone().into();
    let manifest = repository.manifest(&manifest).await.unwrap();
    let annotations = manifest.annotations().unwrap();
    assert_eq!(annotations[annotation::PGP_KEY_IDS], "8F099C1B95579FCA");
    assert_eq!(annotations[annotation::PGP_FINGERPRINTS], FINGERPRINT);
    let types: Vec<String> = manifest
        .as_image()
        .unwrap()
        .layers
        .iter()
        .map(|l| l.media_type.to_string())
        .collect();
    assert_eq!(
        types,
        [
            "text/plain",
            "application/pgp-signature",
            "application/pgp-signature",
            "application/pgp-keys"
        ]
    );
}

#[tokio::test]
async fn signatures_and_keys_that_are_refused() {
    let dist = Dist::new(&["linux_amd64"]);
    let secret = armored("PRIVATE", SECRET_ONE);
    let binary = STANDARD.decode(PUBLIC_ONE).unwrap();
    for (name, content, says) in [
        ("a private key", secret.as_bytes(), "private key"),
        (
            "a private key as public",
            armored("PUBLIC", SECRET_ONE).as_bytes(),
            "private key",
        ),
        ("a binary key", &binary[..], "text form"),
        ("no key", b"hello", "not OpenPGP"),
        ("a signature", &sign(b"")[..], "something else"),
    ] {
        let options = with_key(&dist, content);
        let error = publish(&dist, &memory(), &options).await.unwrap_err();
        assert!(chain(&error).contains(says), "{name}: {}", chain(&error));
    }
    for (name, content) in [("no signature", &b"x"[..]), ("a key", &binary)] {
        dist.write(&format!("{LIST}.sig"), content);
        let error = publish(&dist, &memory(), &ProviderOptions::default())
            .await
            .unwrap_err();
        assert!(
            matches!(error, PublishError::Signature { .. }),
            "{name}: {error:?}"
        );
    }
    // A key with nothing that it could have signed.
    let bare = Dist::empty();
    bare.write(&zip_name("linux_amd64"), &package("linux_amd64"));
    let options = with_key(&bare, armored("PUBLIC", PUBLIC_ONE).as_bytes());
    let error = publish(&bare, &memory(), &options).await.unwrap_err();
    assert!(matches!(error, PublishError::NoShasums { .. }), "{error:?}");
}

#[tokio::test]
async fn files_that_the_list_names_must_agree() {
    let dist = Dist::new(&["linux_amd64"]);
    dist.write(
        "terraform-provider-demo_1.2.3_manifest.json",
        b"{\"version\":1,\"metadata\":{\"protocol_versions\":[\"6.0\"]}}",
    );
    // Not listed is fine.
    publish(&dist, &memory(), &ProviderOptions::default())
        .await
        .unwrap();
    dist.list();
    publish(&dist, &memory(), &ProviderOptions::default())
        .await
        .unwrap();
    dist.write(
        "terraform-provider-demo_1.2.3_manifest.json",
        b"{\"version\":1,\"metadata\":{\"protocol_versions\":[\"5.0\"]}}",
    );
    let error = publish(&dist, &memory(), &ProviderOptions::default())
        .await
        .unwrap_err();
    assert!(
        chain(&error).contains("manifest.json\" is listed as"),
        "{}",
        chain(&error)
    );
}

#[tokio::test]
async fn sboms_go_where_their_names_say() {
    let dist = Dist::new(&["linux_amd64", "darwin_arm64"]);
    let spdx = br#"{"spdxVersion":"SPDX-2.3"}"#;
    dist.write("terraform-provider-demo_1.2.3_linux_amd64.spdx.json", spdx);
    dist.write(
        "sbom.spdx.json",
        br#"{"spdxVersion":"SPDX-2.3","name":"all"}"#,
    );
    let report = publish(&dist, &memory(), &ProviderOptions::default())
        .await
        .unwrap();
    let found: Vec<_> = report
        .attachments
        .iter()
        .map(|a| (a.kind, a.platform.as_ref().map(ToString::to_string)))
        .collect();
    assert_eq!(
        found,
        [
            (AttachmentKind::Shasums, None),
            (AttachmentKind::Spdx, None),
            (AttachmentKind::Spdx, Some("linux_amd64".to_owned())),
        ]
    );
    // An SBOM of a platform that is left out is left out with it.
    let only = ProviderOptions {
        platforms: vec!["darwin_arm64".parse().unwrap()],
        ..ProviderOptions::default()
    };
    let report = publish(&dist, &memory(), &only).await.unwrap();
    assert_eq!(report.attachments.len(), 2);
    dist.write("other.cdx.json", spdx);
    let error = publish(&dist, &memory(), &ProviderOptions::default())
        .await
        .unwrap_err();
    assert!(matches!(error, PublishError::Sbom { .. }), "{error:?}");
}

#[tokio::test]
async fn a_registry_manifest_that_is_only_listed_is_found_where_it_was_written() {
    let project = Dist::empty();
    let content = b"{\"version\":1,\"metadata\":{\"protocol_versions\":[\"6.0\"]}}\n";
    let other = b"{\"version\":1,\"metadata\":{\"protocol_versions\":[\"5.0\"]}}\n";
    let zip = package("linux_amd64");
    let digest = |bytes: &[u8]| tofu_oci::types::oci::Digest::of(bytes).encoded().to_owned();
    let list = format!(
        "{}  {}\n{}  terraform-provider-demo_1.2.3_manifest.json\n",
        digest(&zip),
        zip_name("linux_amd64"),
        digest(content),
    );
    project.write(&format!("dist/{}", zip_name("linux_amd64")), &zip);
    project.write(&format!("dist/{LIST}"), list.as_bytes());
    let at = address("dir:r//acme/demo");
    for (manifest, found) in [(&content[..], 2), (other, 1)] {
        project.write("terraform-registry-manifest.json", manifest);
        let options = ProviderOptions::default();
        let report = publisher()
            .provider_into(&[project.join("dist")], (&at, memory()), &options)
            .await
            .unwrap();
        assert_eq!(report.attachments.len(), found);
    }
}
