//! What publishing asks of a registry.
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

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use support::*;
use tofu_oci::publish::{
    Gpg, LatestChange, ModuleOptions, ModuleReport, ProviderOptions, PublishError, PublishOutcome,
};
use tofu_oci::store::remote::{Answer, RemoteError};
use tofu_oci::store::{
    Blob, BlobReader, Domain, MemoryStorage, PartReader, Place, Put, PutManifest, Repository,
    Result, StorageRepository, StoreError, TagRule, WritableRepository,
};
use tofu_oci::types::oci::{Address, Descriptor, Manifest, MediaType, Tag, TagOrDigest};

/// A repository of a registry that writes down what it is asked.
struct Registry {
    inner: StorageRepository,
    place: Place,
    log: Mutex<Vec<&'static str>>,
    latest: Mutex<Option<Latest>>,
    /// Whether lists of referrers cannot be had.
    broken: AtomicBool,
}

/// What happens to who gives the tag `latest`, once.
enum Latest {
    /// It is refused.
    Refused,
    /// Another program was faster, and nobody notices.
    Taken(Box<Manifest>, Tag),
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
            latest: Mutex::default(),
            broken: AtomicBool::default(),
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
        if self.broken.load(Ordering::SeqCst) {
            return Err(StoreError::Stopped);
        }
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
        let is_latest = |item: &PutManifest| item.tags.iter().any(|(tag, _)| *tag == Tag::latest());
        let mut batch = batch.to_vec();
        let latest = match batch.iter().any(is_latest) {
            true => self.latest.lock().unwrap().take(),
            false => None,
        };
        match latest {
            None => {}
            Some(Latest::Refused) => {
                let refused = RemoteError::Refused {
                    host: "oci.example.com".to_owned(),
                    what: "storing the manifest latest".to_owned(),
                    answer: Answer {
                        status: 400,
                        code: Some("TAG_INVALID".to_owned()),
                        message: "the tag is immutable".to_owned(),
                        request_id: None,
                        codes: vec!["TAG_INVALID".to_owned()],
                    },
                };
                return Err(refused.into());
            }
            Some(Latest::Taken(manifest, version)) => {
                let overwrite = |tag| (tag, TagRule::Overwrite);
                let tags = [version, Tag::latest()].map(overwrite).into();
                let manifest = *manifest;
                let rival = [PutManifest { manifest, tags }];
                let _ = self.inner.put_manifests(&rival).await?;
                for (_, rule) in batch.iter_mut().flat_map(|item| &mut item.tags) {
                    *rule = TagRule::Overwrite;
                }
            }
        }
        self.inner.put_manifests(&batch).await
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

/// Signing again, because nobody knows whether it was signed, would give the release a second signature.
#[cfg(unix)]
#[tokio::test]
async fn a_release_is_not_signed_again_because_a_list_failed() {
    use std::os::unix::fs::PermissionsExt as _;

    const LIST: &str = "terraform-provider-demo_1.2.3_SHA256SUMS";
    let dist = Dist::new(&["linux_amd64"]);
    let signature = dist.join(&format!("{LIST}.sig"));
    std::fs::write(&signature, signing::sign(&dist.read(LIST))).unwrap();
    let registry = Registry::new();
    let publish = async |options: &ProviderOptions| {
        let into = (&place(), registry.clone() as Arc<dyn WritableRepository>);
        publisher()
            .provider_into(&[dist.path()], into, options)
            .await
    };
    publish(&ProviderOptions::default()).await.unwrap();
    std::fs::remove_file(&signature).unwrap();
    // It gives the key, and signs nothing.
    let tools = tempfile::tempdir().unwrap();
    let key = signing::armored("PUBLIC", signing::PUBLIC_ONE);
    std::fs::write(tools.path().join("key"), key).unwrap();
    let program = tools.path().join("gpg");
    let script = "#!/bin/sh\ncase \"$*\" in *--detach-sign*) exit 9;; esac\ncat \"${0%/*}/key\"\n";
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let options = ProviderOptions {
        sign_with: Some(Gpg::new(program, signing::FINGERPRINT.parse().unwrap())),
        ..ProviderOptions::default()
    };
    registry.broken.store(true, Ordering::SeqCst);
    let error = publish(&options).await.unwrap_err();
    assert!(
        matches!(error, PublishError::Destination { .. }),
        "{error:?}"
    );
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

/// Publishes a module of one file into a registry.
async fn publish_module(registry: &Arc<Registry>, version: &str, content: &str) -> ModuleReport {
    let (scratch, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(dir.path().join("main.tf"), content).unwrap();
    let into = (&place(), registry.clone() as Arc<dyn WritableRepository>);
    let options = ModuleOptions {
        version: Some(version.parse().unwrap()),
        ..ModuleOptions::new(scratch.path())
    };
    let report = publisher().module_into(dir.path(), into, &options).await;
    report.unwrap()
}

#[tokio::test]
async fn a_registry_that_keeps_latest_as_it_is_has_the_version() {
    let registry = Registry::new();
    *registry.latest.lock().unwrap() = Some(Latest::Refused);
    let report = publish_module(&registry, "1.2.3", "# one\n").await;
    assert_eq!(report.outcome, PublishOutcome::Published);
    assert_eq!(report.latest, LatestChange::Failed);
    let head = registry.inner.head(&report.tag).await.unwrap();
    assert_eq!(head.unwrap().digest, report.digest);
    assert_eq!(registry.inner.head(&Tag::latest()).await.unwrap(), None);
    // A later run makes up for it.
    let report = publish_module(&registry, "1.2.3", "# one\n").await;
    assert_eq!(report.latest, LatestChange::Moved);
}

#[tokio::test]
async fn latest_goes_back_to_a_version_that_came_meanwhile() {
    let registry = Registry::new();
    let newer = publish_module(&registry, "1.3.0", "# newer\n").await;
    let manifest = registry.inner.manifest(&newer.digest.clone().into()).await;
    for tag in [newer.tag.clone(), Tag::latest()] {
        registry.inner.delete(&tag.into()).await.unwrap();
    }
    let rival = Latest::Taken(Box::new(manifest.unwrap()), newer.tag);
    *registry.latest.lock().unwrap() = Some(rival);
    let report = publish_module(&registry, "1.2.3", "# one\n").await;
    assert_eq!(report.latest, LatestChange::NotNewest);
    let head = registry.inner.head(&Tag::latest()).await.unwrap();
    assert_eq!(head.unwrap().digest, newer.digest);
}
