//! What comes from those who mean harm, and disks that fail.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use std::io::ErrorKind;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use hyper::Request;
use support::{Registry, blob, image, manifest, storage, uploads};
use tempfile::TempDir;
use tofu_oci_store::Files;
use tofu_oci_store::files::faults::{FailAt, KillAt};
use tofu_oci_store::files::{FileObserver, FileOp, Verdict};
use tofu_oci_types::oci::Digest;

#[tokio::test]
async fn paths() {
    for registry in Registry::each() {
        let digest = Digest::of(b"");
        for path in [
            "/v2//tags/list".to_owned(),
            "/v2/../tags/list".to_owned(),
            "/v2/a/../../etc/passwd/tags/list".to_owned(),
            "/v2/%2e%2e/a/tags/list".to_owned(),
            "/v2/a%2fb/tags/list".to_owned(),
            "/v2/a%00/tags/list".to_owned(),
            "/v2/a/manifests/..%2f..%2fx".to_owned(),
            "/v2/a/manifests/".to_owned(),
            "/v2/a/blobs/uploads/../../../x".to_owned(),
            "/v2/.tofu-oci/tags/list".to_owned(),
            "/v2/a/unknown/x".to_owned(),
            format!("/v2/{}/tags/list", "a".repeat(256)),
            format!("/v2/a/./blobs/{digest}"),
        ] {
            for method in [
                "GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "BREW",
            ] {
                let reply = registry.send(method, &path, &[], "").await;
                assert!(
                    matches!(reply.status.as_u16(), 400 | 404 | 405),
                    "{method} {path}: {reply:?}"
                );
                if method != "HEAD" {
                    assert!(
                        reply.json()["errors"][0]["code"].is_string(),
                        "{method} {path}"
                    );
                }
            }
        }
        for path in [
            blob("a", &digest),
            uploads("a"),
            manifest("a", "x"),
            "/v2/a/tags/list".into(),
        ] {
            let reply = registry.send("BREW", &path, &[], "").await;
            reply.refused(405, "UNSUPPORTED");
            assert!(
                reply
                    .header("allow")
                    .chars()
                    .all(|c| c.is_ascii_uppercase() || ", ".contains(c))
            );
        }
        for query in ["%", "digest=%zz", "n=%ff"] {
            let reply = registry.get(&format!("/v2/a/tags/list?{query}")).await;
            reply.refused(400, "UNSUPPORTED");
        }
    }
}

#[tokio::test]
async fn names_that_would_lie_inside_a_layout() {
    let registry = Registry::layout();
    let _ = registry.push_image("a", "v1", b"layer").await;
    for name in [
        "a/blobs",
        "a/blobs/sha256",
        "a/index.json",
        "tls",
        "tls/x",
        "a/oci-layout/b",
    ] {
        let reply = registry.send("POST", &uploads(name), &[], "").await;
        reply.refused(400, "NAME_INVALID");
        let reply = registry.get(&manifest(name, "v1")).await;
        reply.refused(400, "NAME_INVALID");
    }
}

#[tokio::test]
async fn uploads_of_others() {
    let registry = Registry::layout();
    for id in [
        "x".to_owned(),
        "0".repeat(49),
        format!("{}-{}", "0".repeat(32), "0".repeat(16)),
    ] {
        for method in ["GET", "PATCH", "PUT", "DELETE"] {
            let uri = format!("{}{id}?digest={}", uploads("a"), Digest::of(b""));
            let reply = registry.send(method, &uri, &[], "").await;
            reply.refused(404, "BLOB_UPLOAD_UNKNOWN");
        }
    }
}

#[tokio::test]
async fn two_bodies_for_one_upload() {
    for registry in Registry::each() {
        let digest = Digest::of(b"0123456789");
        let location = registry.start("a").await;
        let (first, held) = tokio::sync::oneshot::channel::<()>();
        let (began, has_begun) = tokio::sync::oneshot::channel();
        let pieces = futures_util::stream::unfold(
            (0, Some(began), Some(held)),
            |(n, mut began, mut held)| async move {
                match n {
                    0 => Some((
                        Ok::<_, std::io::Error>(Bytes::from("01234")),
                        (1, began, held),
                    )),
                    1 => {
                        began.take().unwrap().send(()).unwrap();
                        held.take().unwrap().await.unwrap();
                        Some((Ok(Bytes::from("56789")), (2, None, None)))
                    }
                    _ => None,
                }
            },
        );
        let request = Request::put(format!("{location}&digest={digest}"));
        let request = request.body(Body::from_stream(pieces)).unwrap();
        let both = async {
            has_begun.await.unwrap();
            for method in ["GET", "PATCH", "PUT", "DELETE"] {
                let uri = format!("{location}&digest={digest}");
                let reply = registry.send(method, &uri, &[], "x").await;
                reply.refused(429, "TOOMANYREQUESTS");
                assert_eq!(reply.header("retry-after"), "1");
            }
            first.send(()).unwrap();
        };
        let (reply, ()) = tokio::join!(registry.request(request), both);
        assert_eq!(reply.status, 201);
        assert_eq!(registry.get(&blob("a", &digest)).await.body, "0123456789");
    }
}

/// Everything that a push does, one request after the other, until one fails.
async fn push(registry: &Registry) -> Vec<support::Reply> {
    let mut replies = Vec::new();
    let digest = Digest::of(b"layer");
    for content in [&b"{}"[..], b"layer"] {
        let reply = registry.send("POST", &uploads("a"), &[], "").await;
        let location = reply.headers.get("location").cloned();
        replies.push(reply);
        let Some(location) = location else {
            return replies;
        };
        let location = location.to_str().unwrap();
        let digest = Digest::of(content);
        replies.push(registry.put_blob(location, &digest, content.to_vec()).await);
    }
    let _ = digest;
    let memory = Registry::memory();
    let manifest = image(&memory, "a", b"layer", None).await;
    replies.push(registry.put_manifest("a", "1.0.0", &manifest).await);
    replies
}

fn over(dir: &TempDir, observer: Arc<dyn FileObserver>) -> Registry {
    let files = Files::observed(observer);
    Registry::over(Arc::new(storage(dir.path(), &files)))
}

#[tokio::test]
async fn a_full_disk_is_told_and_loses_nothing() {
    let mut n = 0;
    loop {
        let dir = TempDir::new().unwrap();
        let fault = Arc::new(FailAt::new(n, ErrorKind::StorageFull));
        let registry = over(&dir, Arc::<FailAt>::clone(&fault));
        let replies = push(&registry).await;
        let failed: Vec<_> = replies.iter().filter(|r| !r.status.is_success()).collect();
        if !fault.reached() {
            assert!(failed.is_empty(), "{failed:?}");
            assert!(n > 10, "{n} operations are too few");
            break;
        }
        if let Some(first) = failed.first() {
            first.refused(507, "DENIED");
        }
        // Space was made: the same push succeeds, and everything is there.
        let registry = Registry::over(Arc::new(storage(dir.path(), &Files::new())));
        for reply in push(&registry).await {
            assert!(reply.status.is_success(), "after {n}: {reply:?}");
        }
        assert_eq!(registry.get(&manifest("a", "1.0.0")).await.status, 200);
        n += 1;
    }
}

#[tokio::test]
async fn a_server_that_is_killed_leaves_nothing_half_visible() {
    let mut n = 0;
    loop {
        let dir = TempDir::new().unwrap();
        let kill = Arc::new(KillAt::new(n));
        let registry = over(&dir, Arc::<KillAt>::clone(&kill));
        let replies = push(&registry).await;
        let acknowledged = replies.last().unwrap().status == 201;
        if !kill.reached() {
            assert!(acknowledged);
            break;
        }
        drop(registry);
        let registry = Registry::over(Arc::new(storage(dir.path(), &Files::new())));
        let reply = registry.get(&manifest("a", "1.0.0")).await;
        match reply.status.as_u16() {
            200 => {
                let layer = registry.get(&blob("a", &Digest::of(b"layer"))).await;
                assert_eq!(layer.body, "layer", "after {n}");
            }
            404 => assert!(!acknowledged, "after {n}"),
            _ => panic!("after {n}: {reply:?}"),
        }
        for reply in push(&registry).await {
            assert!(reply.status.is_success(), "after {n}: {reply:?}");
        }
        n += 1;
    }
}

/// A file system that is mounted for reading only, or files that belong to somebody else.
struct ReadOnly(ErrorKind);

impl FileObserver for ReadOnly {
    fn before(&self, op: &FileOp<'_>) -> Verdict {
        match op.changes() {
            true => Verdict::Fail(self.0.into()),
            false => Verdict::Proceed,
        }
    }
}

#[tokio::test]
async fn a_read_only_disk_can_be_read() {
    let writable = Registry::layout();
    let pushed = writable.push_image("a", "1.0.0", b"layer").await;
    let dir = writable.dir.unwrap();
    for kind in [ErrorKind::ReadOnlyFilesystem, ErrorKind::PermissionDenied] {
        let registry = over(&dir, Arc::new(ReadOnly(kind)));
        assert_eq!(
            registry.get(&manifest("a", "1.0.0")).await.body,
            pushed.bytes()
        );
        assert_eq!(
            registry.get(&blob("a", &Digest::of(b"layer"))).await.body,
            "layer"
        );
        assert_eq!(registry.get("/v2/a/tags/list").await.status, 200);
        let reply = registry.send("POST", &uploads("a"), &[], "").await;
        // Nothing that a client would try again.
        reply.refused(403, "DENIED");
        registry
            .put_manifest("a", "latest", &pushed)
            .await
            .refused(403, "DENIED");
        registry
            .delete(&manifest("a", pushed.digest()))
            .await
            .refused(405, "UNSUPPORTED");
        let text = String::from_utf8(reply.body.to_vec()).unwrap();
        let path = dir.path().to_str().unwrap();
        assert!(!text.contains(path), "no paths to strangers: {text}");
    }
}

#[tokio::test]
async fn two_servers_on_one_directory() {
    let first = Registry::layout();
    let dir = first.dir.as_ref().unwrap();
    let second = Registry::over(Arc::new(storage(dir.path(), &Files::new())));
    let location = first.start("a").await;
    let reply = first.send("PATCH", &location, &[], "01234").await;
    let location = reply.header("location");
    let digest = Digest::of(b"0123456789");
    assert_eq!(
        second.put_blob(location, &digest, "56789").await.status,
        201
    );
    assert_eq!(first.get(&blob("a", &digest)).await.body, "0123456789");

    let one = first.push_image("a", "1.0.0", b"one").await;
    assert_eq!(second.get(&manifest("a", "1.0.0")).await.body, one.bytes());
    let two = image(&second, "a", b"two", None).await;
    second
        .put_manifest("a", "1.0.0", &two)
        .await
        .refused(409, "DENIED");
    let pushes = (0..10).map(|n| {
        let (registry, image) = match n % 2 {
            0 => (&first, &one),
            _ => (&second, &two),
        };
        async move {
            registry
                .put_manifest("a", &format!("t{n}"), image)
                .await
                .status
        }
    });
    for status in futures_util::future::join_all(pushes).await {
        assert_eq!(status, 201);
    }
    for registry in [&first, &second] {
        let tags = registry.get("/v2/a/tags/list").await.json();
        assert_eq!(tags["tags"].as_array().unwrap().len(), 11, "{tags}");
    }
}
