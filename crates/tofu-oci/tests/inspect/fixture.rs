//! A release with everything, and who looks at it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tofu_oci::Progress;
use tofu_oci::inspect::Inspector;
use tofu_oci::store::{Blob, PutManifest, TagRule, WritableRepository};
use tofu_oci::types::artifact::{MODULE_PACKAGE, PACKAGE_LAYER};
use tofu_oci::types::oci::{Address, Annotations, Descriptor, ImageManifest, Manifest};

use crate::support::*;

pub(crate) fn inspector() -> Inspector {
    let publisher = publisher();
    Inspector {
        files: publisher.files,
        connect: publisher.connect,
        progress: Progress::default(),
    }
}

pub(crate) fn release() -> Dist {
    let dist = Dist::empty();
    for platform in ["linux_amd64", "darwin_arm64"] {
        dist.write(&zip_name(platform), &package(platform));
    }
    let protocols = b"{\"version\":1,\"metadata\":{\"protocol_versions\":[\"6.0\"]}}\n";
    dist.write("terraform-provider-demo_1.2.3_manifest.json", protocols);
    dist.write(
        "terraform-provider-demo_1.2.3_linux_amd64.zip.sbom.json",
        br#"{"spdxVersion":"SPDX-2.3"}"#,
    );
    dist.write("bom.cdx.json", br#"{"bomFormat":"CycloneDX"}"#);
    dist.list();
    dist
}

pub(crate) fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|e| {
            (
                e.file_name().into_string().unwrap(),
                std::fs::read(e.path()).unwrap(),
            )
        })
        .collect()
}

pub(crate) async fn writer(at: &Address) -> Arc<dyn WritableRepository> {
    publisher().connect.writer(at).await.unwrap()
}

/// Puts a module manifest with a layer of this title.
pub(crate) async fn odd_module(
    repository: &dyn WritableRepository,
    tag: &str,
    title: &str,
) -> Manifest {
    let content = format!("content of {tag}");
    let mut layer = Descriptor::of(PACKAGE_LAYER, content.as_bytes());
    repository
        .put_blob(&layer, Blob::Bytes(content.into()))
        .await
        .unwrap();
    let empty = Descriptor::empty();
    repository
        .put_blob(&empty, Blob::Bytes("{}".into()))
        .await
        .unwrap();
    layer
        .annotations
        .insert("org.opencontainers.image.title".into(), title.into());
    let manifest = Manifest::from_image(&ImageManifest {
        artifact_type: Some(MODULE_PACKAGE),
        config: empty,
        layers: vec![layer],
        subject: None,
        annotations: Annotations::new(),
    });
    let put = PutManifest::tagged(manifest.clone(), tag.parse().unwrap(), TagRule::Create);
    repository.put_manifests(&[put]).await.unwrap();
    manifest
}
