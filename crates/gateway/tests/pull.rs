//! Distribution spec v1.1.1, "Pull".
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod support;

use support::{Registry, blob, manifest, sha512};
use tofu_oci_types::oci::{Algorithm, Digest};

#[tokio::test]
async fn there_is_an_api() {
    for registry in Registry::each() {
        for path in ["/v2/", "/v2"] {
            let reply = registry.get(path).await;
            assert_eq!(reply.status, 200);
            assert_eq!(
                reply.header("docker-distribution-api-version"),
                "registry/2.0"
            );
            assert_eq!(registry.head(path).await.status, 200);
        }
        assert_eq!(registry.get("/healthz").await.body, "ok\n");
        assert_eq!(registry.get("/").await.status, 404);
        registry
            .send("POST", "/v2/", &[], "")
            .await
            .refused(405, "UNSUPPORTED");
    }
}

#[tokio::test]
async fn blobs() {
    for registry in Registry::each() {
        let content: Vec<u8> = (0..700_000u32).map(|n| (n % 251) as u8).collect();
        let digest = registry.push_blob("acme/demo", &content).await.digest;
        let path = blob("acme/demo", &digest);
        let reply = registry.get(&path).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("docker-content-digest"), digest.as_str());
        assert_eq!(reply.header("content-type"), "application/octet-stream");
        assert_eq!(reply.body, content);
        let reply = registry.head(&path).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-length"), "700000");
        assert_eq!(reply.header("docker-content-digest"), digest.as_str());
        // The colon may be escaped.
        let escaped = path.replace("sha256:", "sha256%3A");
        assert_eq!(registry.head(&escaped).await.status, 200);

        let other = Digest::of(b"other");
        for path in [blob("acme/demo", &other), blob("nobody/there", &digest)] {
            registry.get(&path).await.refused(404, "BLOB_UNKNOWN");
            assert_eq!(registry.head(&path).await.status, 404);
        }
        for digest in ["sha256:00", "md5:d41d8cd98f00b204e9800998ecf8427e", "x"] {
            let reply = registry.get(&format!("/v2/acme/demo/blobs/{digest}")).await;
            reply.refused(400, "DIGEST_INVALID");
        }
    }
}

#[tokio::test]
async fn parts_of_blobs() {
    for registry in Registry::each() {
        let digest = registry.push_blob("acme/demo", b"0123456789").await.digest;
        let path = blob("acme/demo", &digest);
        for (range, status, body, answered) in [
            ("bytes=2-5", 206, "2345", "bytes 2-5/10"),
            ("bytes=7-", 206, "789", "bytes 7-9/10"),
            ("bytes=-2", 206, "89", "bytes 8-9/10"),
            ("bytes=0-99", 206, "0123456789", "bytes 0-9/10"),
            ("bytes=0-1,3-4", 200, "0123456789", ""),
            ("pages=1-2", 200, "0123456789", ""),
        ] {
            let reply = registry.send("GET", &path, &[("range", range)], "").await;
            assert_eq!(reply.status, status, "{range}");
            assert_eq!(reply.body, body, "{range}");
            if status == 206 {
                assert_eq!(reply.header("content-range"), answered);
            }
            let head = registry.send("HEAD", &path, &[("range", range)], "").await;
            assert_eq!(head.status, status);
            assert_eq!(head.header("content-length"), body.len().to_string());
        }
        for range in ["bytes=10-", "bytes=99-100", "bytes=5-2", "bytes=-0"] {
            let reply = registry.send("GET", &path, &[("range", range)], "").await;
            reply.refused(416, "SIZE_INVALID");
            assert_eq!(reply.header("content-range"), "bytes */10");
        }
        // Of another version only the whole is wanted.
        let entity = format!("\"{digest}\"");
        for (known, status) in [(entity.as_str(), 206), ("\"other\"", 200)] {
            let headers = [("range", "bytes=2-5"), ("if-range", known)];
            let reply = registry.send("GET", &path, &headers, "").await;
            assert_eq!(reply.status, status);
        }
    }
}

#[tokio::test]
async fn manifests() {
    for registry in Registry::each() {
        let pushed = registry.push_image("acme/demo", "v1", b"layer").await;
        for reference in ["v1".to_owned(), pushed.digest().to_string()] {
            let path = manifest("acme/demo", &reference);
            let reply = registry.get(&path).await;
            assert_eq!(reply.status, 200);
            assert_eq!(reply.body, pushed.bytes());
            let head = registry.head(&path).await;
            assert_eq!(head.status, 200);
            for reply in [reply, head] {
                assert_eq!(reply.header("content-type"), pushed.media_type().as_str());
                assert_eq!(
                    reply.header("docker-content-digest"),
                    pushed.digest().as_str()
                );
                assert_eq!(
                    reply.header("content-length"),
                    pushed.bytes().len().to_string()
                );
            }
        }
        let layer = Digest::of(b"layer");
        for reference in [
            "v2",
            "-bad-",
            layer.as_str(),
            Digest::of(b"?").as_str(),
            "sha256:00",
        ] {
            let path = manifest("acme/demo", reference);
            registry.get(&path).await.refused(404, "MANIFEST_UNKNOWN");
            assert_eq!(registry.head(&path).await.status, 404);
        }
        let reply = registry.get(&manifest("nobody/there", "v1")).await;
        reply.refused(404, "NAME_UNKNOWN");
    }
}

#[tokio::test]
async fn the_other_algorithm() {
    for registry in Registry::each() {
        let content = b"content under sha512";
        let digest = Digest::of_with(Algorithm::Sha512, content).unwrap();
        let location = registry.start("acme/demo").await;
        let reply = registry
            .put_blob(&location, &digest, content.to_vec())
            .await;
        assert_eq!(reply.status, 201);
        let reply = registry.get(&blob("acme/demo", &digest)).await;
        assert_eq!(reply.body, content.as_slice());

        let image = support::image(&registry, "acme/demo", b"layer", None).await;
        let image = sha512(&image);
        let reference = image.digest().to_string();
        let reply = registry.put_manifest("acme/demo", &reference, &image).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        let path = manifest("acme/demo", &reference);
        assert_eq!(registry.get(&path).await.body, image.bytes());
        assert_eq!(
            registry.head(&path).await.header("docker-content-digest"),
            reference
        );
    }
}

#[tokio::test]
async fn a_manifest_that_was_changed_on_the_disk_is_not_given_out() {
    let registry = Registry::layout();
    let pushed = registry.push_image("acme/demo", "v1", b"layer").await;
    let dir = registry
        .dir
        .as_ref()
        .unwrap()
        .path()
        .join("acme/demo/blobs/sha256");
    let file = dir.join(pushed.digest().encoded());
    let mut bytes = pushed.bytes().to_vec();
    bytes[5] ^= 1;
    std::fs::write(file, bytes).unwrap();
    let reply = registry.get(&manifest("acme/demo", "v1")).await;
    reply.refused(500, "UNKNOWN");
    let text = String::from_utf8(reply.body.to_vec()).unwrap();
    assert!(
        !text.contains("blobs/sha256"),
        "no paths to strangers: {text}"
    );
}
