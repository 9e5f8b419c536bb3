//! What goes from one repository to another.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::sync::Arc;

use tempfile::TempDir;
use tofu_oci::Progress;
use tofu_oci::promote::{Extent, PromoteOptions, PromoteOutcome, Promoter};
use tofu_oci::source::Connect;
use tofu_oci::store::files::Files;
use tofu_oci::store::{Blob, PutManifest, TagRule, WritableRepository};
use tofu_oci::types::oci::{
    Address, Descriptor, ImageManifest, Index, Manifest, MediaType, Tag, TagOrDigest,
};

/// The manifest of something that has no content, and perhaps refers to something.
fn thing(kind: &'static str, subject: Option<&Manifest>) -> Manifest {
    Manifest::from_image(&ImageManifest {
        artifact_type: Some(MediaType::from_static(kind)),
        config: Descriptor::empty(),
        layers: vec![Descriptor::empty()],
        subject: subject.map(|subject| subject.descriptor().plain()),
        annotations: [].into(),
    })
}

async fn put(repository: &Arc<dyn WritableRepository>, manifest: &Manifest, tag: Option<&Tag>) {
    let empty = Blob::Bytes(b"{}".as_slice().into());
    let _ = repository
        .put_blob(&Descriptor::empty(), empty)
        .await
        .unwrap();
    let tags = tag.map(|tag| (tag.clone(), TagRule::Overwrite));
    let manifest = manifest.clone();
    let tags = tags.into_iter().collect();
    let batch = [PutManifest { manifest, tags }];
    let _ = repository.put_manifests(&batch).await.unwrap();
}

#[tokio::test]
async fn lists_of_referrers_are_not_copied_as_tags() {
    let dir = TempDir::new().unwrap();
    let connect = Connect::new(Files::new());
    let address = |name: &str| -> Address {
        let text = format!("dir:{}//{name}", dir.path().display());
        text.parse().unwrap()
    };
    let (from, to) = (address("acme/staging"), address("acme/demo"));
    let source = connect.writer(&from).await.unwrap();
    let destination = connect.writer(&to).await.unwrap();
    let version: Tag = "1.0.0".parse().unwrap();
    let subject = thing("application/vnd.example.thing", None);
    let list_tag: Tag = subject.digest().as_str().replace(':', "-").parse().unwrap();
    let list = |referrer: &Manifest| {
        Manifest::from_index(&Index {
            manifests: vec![referrer.as_referrer()],
            ..Index::default()
        })
    };
    let here = thing("application/vnd.example.here", Some(&subject));
    let there = thing("application/vnd.example.there", Some(&subject));
    for (repository, referrer) in [(&source, &here), (&destination, &there)] {
        put(repository, &subject, Some(&version)).await;
        put(repository, referrer, None).await;
        put(repository, &list(referrer), Some(&list_tag)).await;
    }
    let promoter = Promoter {
        connect: connect.clone(),
        progress: Progress::default(),
    };
    let options = PromoteOptions {
        extent: Extent::AllTags,
        ..PromoteOptions::default()
    };
    let report = promoter.promote(&from, &to, &options).await.unwrap();
    assert_eq!(report.outcome, PromoteOutcome::Copied);
    assert_eq!(
        report.roots,
        [(subject.digest().clone(), Some(version.clone()))]
    );
    // What the destination knows of stays, and what came is found.
    let at: TagOrDigest = list_tag.into();
    let kept = destination.manifest(&at).await.unwrap();
    assert_eq!(kept.digest(), list(&there).digest());
    let found = destination
        .referrers(subject.descriptor(), None)
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
}
