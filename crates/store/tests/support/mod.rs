//! Content to test with, and the storages to test.
#![allow(dead_code)]

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tofu_oci_gateway::{Distribution, VersionTags};
use tofu_oci_store::layout::{Access, LayoutStorage};
use tofu_oci_store::remote::{Purpose, Remote};
use tofu_oci_store::{
    Blob, Files, MemoryStorage, Put, PutManifest, Storage, StorageRepository, StoreError, TagRule,
    WritableRepository,
};
use tofu_oci_testkit::Registry;
use tofu_oci_types::oci::{
    Descriptor, Digest, ImageManifest, Index, Manifest, MediaType, RepositoryName, Tag, TagOrDigest,
};

pub(crate) const ZIP: MediaType = MediaType::from_static("archive/zip");
pub(crate) const KIND: MediaType = MediaType::from_static("application/vnd.example.thing");

pub(crate) fn name(text: &str) -> RepositoryName {
    text.parse().unwrap()
}

pub(crate) fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}

pub(crate) fn at(text: &str) -> TagOrDigest {
    text.parse().unwrap()
}

pub(crate) fn by(digest: &Digest) -> TagOrDigest {
    TagOrDigest::Digest(digest.clone())
}

/// An image of one layer.
pub(crate) fn image(layer: &[u8]) -> Manifest {
    image_with(layer, None)
}

pub(crate) fn image_with(layer: &[u8], subject: Option<&Descriptor>) -> Manifest {
    Manifest::from_image(&ImageManifest {
        artifact_type: Some(KIND),
        config: Descriptor::empty(),
        layers: vec![Descriptor::of(ZIP, layer)],
        subject: subject.map(Descriptor::plain),
        annotations: [("k".to_owned(), "v".to_owned())].into(),
    })
}

pub(crate) fn index(children: &[&Manifest]) -> Manifest {
    index_with(children, None)
}

pub(crate) fn index_with(children: &[&Manifest], subject: Option<&Descriptor>) -> Manifest {
    Manifest::from_index(&Index {
        artifact_type: Some(KIND),
        manifests: children.iter().map(|c| c.descriptor().clone()).collect(),
        subject: subject.map(Descriptor::plain),
        ..Index::default()
    })
}

pub(crate) async fn put_bytes(repository: &dyn WritableRepository, bytes: &[u8]) -> Descriptor {
    let descriptor = Descriptor::of(ZIP, bytes);
    let blob = Blob::Bytes(Bytes::copy_from_slice(bytes));
    repository.put_blob(&descriptor, blob).await.unwrap();
    descriptor
}

/// Stores an image with its blobs, untagged.
pub(crate) async fn put_image(repository: &dyn WritableRepository, layer: &[u8]) -> Manifest {
    put_bytes(repository, b"{}").await;
    put_bytes(repository, layer).await;
    let manifest = image(layer);
    put(repository, &manifest).await;
    manifest
}

pub(crate) async fn put(repository: &dyn WritableRepository, manifest: &Manifest) -> Put {
    let batch = [PutManifest::untagged(manifest.clone())];
    repository.put_manifests(&batch).await.unwrap()[0]
}

pub(crate) async fn put_tagged(
    repository: &dyn WritableRepository,
    manifest: &Manifest,
    text: &str,
    rule: TagRule,
) -> Result<Put, StoreError> {
    let batch = [PutManifest::tagged(manifest.clone(), tag(text), rule)];
    Ok(repository.put_manifests(&batch).await?[0])
}

/// A storage of a kind, and what keeps it alive.
pub(crate) struct Backend {
    pub(crate) kind: &'static str,
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) dir: Option<tempfile::TempDir>,
    /// A registry over the storage, through which repositories are reached.
    pub(crate) registry: Option<(Registry, Remote)>,
}

impl Backend {
    pub(crate) fn all() -> Vec<Self> {
        let dir = tempfile::tempdir().unwrap();
        vec![
            Self {
                kind: "memory",
                storage: Arc::new(MemoryStorage::new()),
                dir: None,
                registry: None,
            },
            Self::remote(),
            Self {
                kind: "layout",
                storage: Arc::new(layout(dir.path(), &Files::new())),
                dir: Some(dir),
                registry: None,
            },
        ]
    }

    /// A registry in memory, over the network.
    fn remote() -> Self {
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
        let distribution = Distribution::new(Arc::clone(&storage));
        let distribution = distribution.with_version_tags(VersionTags::Mutable);
        let registry = Registry::serving(distribution.router());
        Self {
            kind: "remote",
            storage,
            dir: None,
            registry: Some((registry, Remote::default())),
        }
    }

    pub(crate) fn repository(&self, text: &str) -> Arc<dyn WritableRepository> {
        if let Some((registry, remote)) = &self.registry {
            let host = registry.host().parse().unwrap();
            return Arc::new(remote.repository(&host, &name(text), Purpose::Write));
        }
        Arc::new(StorageRepository::new(
            Arc::clone(&self.storage),
            name(text),
        ))
    }
}

pub(crate) fn layout(path: &Path, files: &Files) -> LayoutStorage {
    LayoutStorage::directory(path, files, Access::Write).unwrap()
}

/// A repository in a directory, with nothing remembered from before.
pub(crate) fn opened(path: &Path, files: &Files, text: &str) -> Arc<dyn WritableRepository> {
    Arc::new(StorageRepository::new(
        Arc::new(layout(path, files)),
        name(text),
    ))
}
