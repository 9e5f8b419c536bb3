//! A layout written by hand.

use std::path::PathBuf;
use std::sync::Arc;

use tofu_oci_store::{
    Files, Repository, StoreError, WritableRepository, open_directory, open_directory_for_writing,
};
use tofu_oci_types::oci::{Digest, DirectoryAddress, Manifest};

use crate::support::*;

pub(crate) const MARK: &str = r#"{"imageLayoutVersion": "1.0.0"}"#;

/// A layout written by hand.
pub(crate) struct Foreign {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) entries: Vec<serde_json::Value>,
}

impl Foreign {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("blobs/sha256")).unwrap();
        std::fs::write(dir.path().join("oci-layout"), MARK).unwrap();
        let foreign = Self {
            dir,
            entries: Vec::new(),
        };
        foreign.blob(b"{}");
        foreign.write();
        foreign
    }

    pub(crate) fn path(&self, digest: &Digest) -> PathBuf {
        self.dir.path().join("blobs/sha256").join(digest.encoded())
    }

    pub(crate) fn blob(&self, bytes: &[u8]) {
        std::fs::write(self.path(&Digest::of(bytes)), bytes).unwrap();
    }

    pub(crate) fn image(&self, layer: &[u8]) -> Manifest {
        self.blob(layer);
        let manifest = image(layer);
        self.blob(manifest.bytes());
        manifest
    }

    pub(crate) fn entry(
        &mut self,
        manifest: &Manifest,
        name: Option<&str>,
    ) -> &mut serde_json::Value {
        let mut entry = serde_json::to_value(manifest.descriptor()).unwrap();
        if let Some(name) = name {
            entry["annotations"]["org.opencontainers.image.ref.name"] = name.into();
        }
        self.entries.push(entry);
        self.entries.last_mut().unwrap()
    }

    pub(crate) fn write(&self) {
        let index = serde_json::json!({
            "schemaVersion": 2,
            "manifests": self.entries,
            "annotations": {"com.example": "kept"},
            "x-unknown": [1, {"a": null}],
        });
        let text = serde_json::to_string_pretty(&index).unwrap();
        std::fs::write(self.dir.path().join("index.json"), text).unwrap();
    }

    pub(crate) fn index(&self) -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(self.dir.path().join("index.json")).unwrap()).unwrap()
    }

    pub(crate) fn address(&self) -> DirectoryAddress {
        DirectoryAddress {
            path: self.dir.path().to_owned(),
            name: None,
            tag: None,
            digest: None,
        }
    }

    pub(crate) async fn open(&self) -> Result<Arc<dyn Repository>, StoreError> {
        open_directory(&self.address(), &Files::new()).await
    }

    pub(crate) async fn open_for_writing(&self) -> Arc<dyn WritableRepository> {
        open_directory_for_writing(&self.address(), &Files::new())
            .await
            .unwrap()
    }
}

pub(crate) fn tagged() -> (Foreign, Manifest, Manifest) {
    let mut foreign = Foreign::new();
    let child = foreign.image(b"layer");
    let parent = index(&[&child]);
    foreign.blob(parent.bytes());
    foreign.entry(&parent, Some("1.0.0"));
    foreign.write();
    (foreign, parent, child)
}
