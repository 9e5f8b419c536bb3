//! What publishing asks of a registry.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use support::*;
use tofu_oci::publish::{ModuleOptions, ProviderOptions, PublishOutcome};
use tofu_oci::store::{
    Blob, BlobReader, Domain, MemoryStorage, PartReader, Place, Put, PutManifest, Repository,
    Result, StorageRepository, WritableRepository,
};
use tofu_oci::types::oci::{Address, Descriptor, Manifest, MediaType, Tag, TagOrDigest};

/// A repository of a registry that writes down what it is asked.
struct Registry {
    inner: StorageRepository,
    place: Place,
    log: Mutex<Vec<&'static str>>,
}

impl Registry {
    fn new() -> Arc<Self> {
        let name: tofu_oci::types::oci::RepositoryName = "acme/demo".parse().unwrap();
        Arc::new(Self {
            inner: StorageRepository::new(Arc::new(MemoryStorage::new()), name.clone()),
            place: Place {
                domain: Domain::Registry("oci.example.com".parse().unwrap()),
                name: Some(name),
            },
            log: Mutex::default(),
        })
    }

    fn say(&self, what: &'static str) {
        self.log.lock().unwrap().push(what);
    }

    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }
}

#[async_trait]
impl Repository for Registry {
    fn place(&self) -> &Place {
        &self.place
    }
    async fn manifest(&self, at: &TagOrDigest) -> Result<Manifest> {
        self.say("get manifest");
        self.inner.manifest(at).await
    }
    async fn blob(&self, descriptor: &Descriptor) -> Result<BlobReader> {
        self.say("get blob");
        self.inner.blob(descriptor).await
    }
    async fn blob_part(&self, descriptor: &Descriptor, range: Range<u64>) -> Result<PartReader> {
        self.say("get blob");
        self.inner.blob_part(descriptor, range).await
    }
    async fn head(&self, tag: &Tag) -> Result<Option<Descriptor>> {
        self.say("head");
        self.inner.head(tag).await
    }
    async fn has(&self, descriptor: &Descriptor) -> Result<bool> {
        self.say("head");
        self.inner.has(descriptor).await
    }
    async fn tags(&self) -> Result<Vec<Tag>> {
        self.say("list tags");
        self.inner.tags().await
    }
    async fn referrers(&self, s: &Descriptor, kind: Option<&MediaType>) -> Result<Vec<Descriptor>> {
        self.say("list referrers");
        self.inner.referrers(s, kind).await
    }
}

#[async_trait]
impl WritableRepository for Registry {
    async fn put_blob(&self, descriptor: &Descriptor, content: Blob) -> Result<Put> {
        self.say("put blob");
        self.inner.put_blob(descriptor, content).await
    }
    async fn replace_blob(&self, descriptor: &Descriptor, content: Blob) -> Result<Put> {
        self.say("put blob");
        self.inner.replace_blob(descriptor, content).await
    }
    async fn put_manifests(&self, batch: &[PutManifest]) -> Result<Vec<Put>> {
        self.say("put manifests");
        self.inner.put_manifests(batch).await
    }
    async fn delete(&self, at: &TagOrDigest) -> Result<()> {
        self.inner.delete(at).await
    }
}

fn place() -> Address {
    address("oci.example.com/acme/demo")
}

#[tokio::test]
async fn an_unchanged_release_costs_heads_alone() {
    let dist = Dist::new(&["linux_amd64", "darwin_arm64"]);
    let registry = Registry::new();
    let publish = async || {
        registry.take();
        let into = (&place(), registry.clone() as Arc<dyn WritableRepository>);
        let options = ProviderOptions::default();
        let report = publisher()
            .provider_into(&[dist.path()], into, &options)
            .await;
        (report.unwrap().outcome, registry.take())
    };
    let (outcome, _) = publish().await;
    assert_eq!(outcome, PublishOutcome::Published);
    let (outcome, log) = publish().await;
    assert_eq!(outcome, PublishOutcome::Unchanged);
    assert!(log.iter().all(|asked| *asked == "head"), "{log:?}");
}

#[tokio::test]
async fn an_unchanged_module_costs_heads_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("main.tf"),
        "output \"x\" {\n  value = 1\n}\n",
    )
    .unwrap();
    let registry = Registry::new();
    let publish = async || {
        registry.take();
        let into = (&place(), registry.clone() as Arc<dyn WritableRepository>);
        let options = ModuleOptions {
            version: Some("1.2.3".parse().unwrap()),
            ..ModuleOptions::new(scratch.path())
        };
        let report = publisher().module_into(dir.path(), into, &options).await;
        (report.unwrap().outcome, registry.take())
    };
    let (outcome, _) = publish().await;
    assert_eq!(outcome, PublishOutcome::Published);
    let (outcome, log) = publish().await;
    assert_eq!(outcome, PublishOutcome::Unchanged);
    assert!(log.iter().all(|asked| *asked == "head"), "{log:?}");
}
