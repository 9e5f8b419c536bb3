//! Distribution spec v1.1.1, "Content Management", and tags of versions that do not change.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod support;

use std::sync::{Arc, Mutex};

use support::{Registry, blob, image, index, manifest, storage};
use tempfile::TempDir;
use tofu_oci_gateway::{Distribution, VersionTags};
use tofu_oci_store::files::{FileObserver, FileOp, Verdict};
use tofu_oci_store::{Files, MemoryStorage};
use tofu_oci_types::oci::Digest;

#[tokio::test]
async fn tags_and_manifests() {
    for registry in Registry::each() {
        let pushed = registry.push_image("a", "v1", b"layer").await;
        assert_eq!(registry.put_manifest("a", "v2", &pushed).await.status, 201);
        assert_eq!(registry.delete(&manifest("a", "v1")).await.status, 202);
        registry
            .delete(&manifest("a", "v1"))
            .await
            .refused(404, "MANIFEST_UNKNOWN");
        assert_eq!(registry.get(&manifest("a", "v1")).await.status, 404);
        assert_eq!(registry.get(&manifest("a", "v2")).await.status, 200);
        let by_digest = manifest("a", pushed.digest());
        assert_eq!(registry.delete(&by_digest).await.status, 202);
        registry
            .delete(&by_digest)
            .await
            .refused(404, "MANIFEST_UNKNOWN");
        for path in [by_digest, manifest("a", "v2")] {
            assert_eq!(registry.get(&path).await.status, 404);
        }
        let reply = registry.get("/v2/a/tags/list").await;
        assert_eq!(reply.json()["tags"], serde_json::json!([]));
        let absent = manifest("nobody", Digest::of(b""));
        assert_eq!(registry.delete(&absent).await.status, 404);
    }
}

#[tokio::test]
async fn blobs() {
    for registry in Registry::each() {
        let loose = registry.push_blob("a", b"loose").await.digest;
        assert_eq!(registry.delete(&blob("a", &loose)).await.status, 202);
        registry
            .delete(&blob("a", &loose))
            .await
            .refused(404, "BLOB_UNKNOWN");
        assert_eq!(registry.get(&blob("a", &loose)).await.status, 404);
        let pushed = registry.push_image("a", "v1", b"layer").await;
        let layer = blob("a", &Digest::of(b"layer"));
        registry.delete(&layer).await.refused(405, "UNSUPPORTED");
        assert_eq!(registry.get(&layer).await.status, 200);
        assert_eq!(
            registry
                .delete(&manifest("a", pushed.digest()))
                .await
                .status,
            202
        );
        assert_eq!(registry.delete(&layer).await.status, 202);
    }
}

#[tokio::test]
async fn what_an_index_lists_stays() {
    for registry in Registry::each() {
        let child = image(&registry, "a", b"layer", None).await;
        let digest = child.digest().to_string();
        assert_eq!(
            registry.put_manifest("a", &digest, &child).await.status,
            201
        );
        let list = index(&[&child]);
        assert_eq!(
            registry.put_manifest("a", "latest", &list).await.status,
            201
        );
        registry
            .delete(&manifest("a", &digest))
            .await
            .refused(405, "UNSUPPORTED");
        assert_eq!(
            registry.delete(&manifest("a", list.digest())).await.status,
            202
        );
        assert_eq!(registry.delete(&manifest("a", &digest)).await.status, 202);
    }
}

#[tokio::test]
async fn tags_of_versions_grow_and_nothing_else() {
    for registry in Registry::each() {
        let mut children = Vec::new();
        for layer in [b"one", b"two"] {
            let child = image(&registry, "a", layer, None).await;
            let digest = child.digest().to_string();
            assert_eq!(
                registry.put_manifest("a", &digest, &child).await.status,
                201
            );
            children.push(child);
        }
        let (one, two) = (&children[0], &children[1]);
        let (small, large) = (index(&[one]), index(&[one, two]));
        for tag in ["1.0.0", "1.0.0-rc.1_build.5"] {
            for list in [&small, &small, &large, &large] {
                assert_eq!(registry.put_manifest("a", tag, list).await.status, 201);
            }
            for list in [&small, &index(&[two]), one] {
                registry
                    .put_manifest("a", tag, list)
                    .await
                    .refused(409, "DENIED");
            }
            let reply = registry.get(&manifest("a", tag)).await;
            assert_eq!(
                reply.header("docker-content-digest"),
                large.digest().as_str()
            );
            registry
                .delete(&manifest("a", tag))
                .await
                .refused(405, "UNSUPPORTED");
            registry
                .delete(&manifest("a", large.digest()))
                .await
                .refused(405, "UNSUPPORTED");
            assert_eq!(registry.get(&manifest("a", tag)).await.status, 200);
        }
        // What stood under the tag before is not the version any more.
        assert_eq!(
            registry.delete(&manifest("a", small.digest())).await.status,
            202
        );
        registry
            .delete(&manifest("a", "2.0.0"))
            .await
            .refused(404, "MANIFEST_UNKNOWN");
        // No canonical versions.
        for tag in ["latest", "1.0", "v1.0.0", "01.0.0"] {
            for list in [&large, &index(&[two])] {
                assert_eq!(
                    registry.put_manifest("a", tag, list).await.status,
                    201,
                    "{tag}"
                );
            }
            assert_eq!(
                registry.delete(&manifest("a", tag)).await.status,
                202,
                "{tag}"
            );
        }
    }
}

#[tokio::test]
async fn where_tags_of_versions_are_like_others() {
    let registry = Registry {
        router: Distribution::new(Arc::new(MemoryStorage::new()))
            .with_version_tags(VersionTags::Mutable)
            .router(),
        dir: None,
    };
    let _ = registry.push_image("a", "1.0.0", b"one").await;
    let other = registry.push_image("a", "1.0.0", b"two").await;
    let reply = registry.get(&manifest("a", "1.0.0")).await;
    assert_eq!(reply.body, other.bytes());
    assert_eq!(registry.delete(&manifest("a", "1.0.0")).await.status, 202);
    assert_eq!(
        registry.delete(&manifest("a", other.digest())).await.status,
        202
    );
}

/// Lets something happen before a lock is taken, once.
#[derive(Default)]
struct BeforeLock(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl FileObserver for BeforeLock {
    fn before(&self, op: &FileOp<'_>) -> Verdict {
        if matches!(op, FileOp::Lock(_))
            && let Some(happen) = self.0.lock().unwrap().take()
        {
            happen();
        }
        Verdict::Proceed
    }
}

#[tokio::test]
async fn a_version_that_is_tagged_while_its_sameis_deleted_stays() {
    let dir = TempDir::new().unwrap();
    let other = Registry::over(Arc::new(storage(dir.path(), &Files::new())));
    let pushed = other.push_image("a", "latest", b"layer").await;
    let before = Arc::new(BeforeLock::default());
    let files = Files::observed(Arc::<BeforeLock>::clone(&before));
    let registry = Registry::over(Arc::new(storage(dir.path(), &files)));
    let (same, runtime) = (pushed.clone(), tokio::runtime::Handle::current());
    *before.0.lock().unwrap() = Some(Box::new(move || {
        let tagged = runtime.block_on(other.put_manifest("a", "1.0.0", &same));
        assert_eq!(tagged.status, 201);
    }));
    registry
        .delete(&manifest("a", pushed.digest()))
        .await
        .refused(405, "UNSUPPORTED");
    assert!(before.0.lock().unwrap().is_none());
    assert_eq!(registry.get(&manifest("a", "1.0.0")).await.status, 200);
}
