//! A graph with everything, and a repository that writes down what it is asked.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tofu_oci_store::{
    Blob, BlobReader, CopyOptions, CopyReport, CopyRoot, PartReader, Place, Put, PutManifest,
    Referrers, Repository, Result, TagRule, WritableRepository, copy_graph,
};
use tofu_oci_types::oci::{Descriptor, Digest, Manifest, MediaType, Tag, TagOrDigest};

use crate::support::*;

pub(crate) type Source = Arc<dyn Repository>;

pub(crate) type Target = Arc<dyn WritableRepository>;

pub(crate) fn root(manifest: &Manifest, tags: &[(&str, TagRule)]) -> CopyRoot {
    CopyRoot {
        descriptor: manifest.descriptor().clone(),
        tags: tags
            .iter()
            .map(|(t, rule)| (tag(t), rule.clone()))
            .collect(),
    }
}

pub(crate) fn with_referrers() -> CopyOptions {
    CopyOptions {
        referrers: Referrers::All,
        ..CopyOptions::default()
    }
}

/// A repository that writes down what it is asked.
pub(crate) struct Logged {
    pub(crate) inner: Target,
    pub(crate) log: Mutex<Vec<String>>,
    /// Whether its lists of referrers are empty.
    pub(crate) forget: AtomicBool,
}

impl Logged {
    pub(crate) fn new(inner: Target) -> Arc<Self> {
        Arc::new(Self {
            inner,
            log: Mutex::default(),
            forget: AtomicBool::new(false),
        })
    }

    pub(crate) fn say(&self, text: String) {
        self.log.lock().unwrap().push(text);
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }
}

pub(crate) fn short(digest: &Digest) -> String {
    digest.encoded()[..6].to_owned()
}

#[async_trait]
impl Repository for Logged {
    fn place(&self) -> &Place {
        self.inner.place()
    }
    async fn manifest(&self, at: &TagOrDigest) -> Result<Manifest> {
        self.say("manifest".into());
        self.inner.manifest(at).await
    }
    async fn blob(&self, descriptor: &Descriptor) -> Result<BlobReader> {
        self.say("blob".into());
        self.inner.blob(descriptor).await
    }
    async fn blob_part(&self, descriptor: &Descriptor, range: Range<u64>) -> Result<PartReader> {
        self.say("blob".into());
        self.inner.blob_part(descriptor, range).await
    }
    async fn head(&self, tag: &Tag) -> Result<Option<Descriptor>> {
        self.say(format!("head {tag}"));
        self.inner.head(tag).await
    }
    async fn has(&self, descriptor: &Descriptor) -> Result<bool> {
        self.say("has".into());
        self.inner.has(descriptor).await
    }
    async fn tags(&self) -> Result<Vec<Tag>> {
        self.inner.tags().await
    }
    async fn referrers(&self, s: &Descriptor, kind: Option<&MediaType>) -> Result<Vec<Descriptor>> {
        self.say(format!("referrers {}", short(&s.digest)));
        if self.forget.load(Ordering::SeqCst) {
            return Ok(Vec::new());
        }
        self.inner.referrers(s, kind).await
    }
}

#[async_trait]
impl WritableRepository for Logged {
    async fn put_blob(&self, descriptor: &Descriptor, content: Blob) -> Result<Put> {
        self.say(format!("put blob {}", short(&descriptor.digest)));
        self.inner.put_blob(descriptor, content).await
    }
    async fn replace_blob(&self, descriptor: &Descriptor, content: Blob) -> Result<Put> {
        self.say(format!("put blob {}", short(&descriptor.digest)));
        self.inner.replace_blob(descriptor, content).await
    }
    async fn put_manifests(&self, batch: &[PutManifest]) -> Result<Vec<Put>> {
        let batch_of: Vec<_> = batch
            .iter()
            .map(|item| {
                let tags: Vec<_> = item.tags.iter().map(|(t, _)| t.as_str()).collect();
                format!("{}{tags:?}", short(item.manifest.digest()))
            })
            .collect();
        self.say(format!("put manifests {}", batch_of.join(" ")));
        self.inner.put_manifests(batch).await
    }
    async fn delete(&self, at: &TagOrDigest) -> Result<()> {
        self.inner.delete(at).await
    }
}

/// A graph with everything: nested indexes, a shared layer, referrers of referrers.
pub(crate) struct World {
    pub(crate) source: Target,
    pub(crate) top: Manifest,
    pub(crate) all: Vec<Manifest>,
    pub(crate) referrers: Vec<Manifest>,
}

pub(crate) async fn world(source: Target) -> World {
    let repo = source.as_ref();
    let (a, b, c) = (
        put_image(repo, b"a").await,
        put_image(repo, b"b").await,
        put_image(repo, b"c").await,
    );
    let inner = index(&[&b, &c]);
    let top = index(&[&a, &inner, &b]);
    put(repo, &inner).await;
    put_tagged(repo, &top, "1.0.0", TagRule::Overwrite)
        .await
        .unwrap();
    let of_top = image_with(b"a", Some(top.descriptor()));
    let of_referrer = image_with(b"b", Some(of_top.descriptor()));
    let of_child = image_with(b"c", Some(c.descriptor()));
    let referrers = vec![of_top, of_referrer, of_child];
    for referrer in &referrers {
        put(repo, referrer).await;
    }
    World {
        source,
        top: top.clone(),
        all: vec![a, b, c, inner, top],
        referrers,
    }
}

pub(crate) async fn copy(
    source: &Target,
    target: &Target,
    root: CopyRoot,
    options: &CopyOptions,
) -> CopyReport {
    let source: Source = source.clone();
    copy_graph(&source, target, &[root], options).await.unwrap()
}
