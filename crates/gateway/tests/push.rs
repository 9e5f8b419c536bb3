//! Distribution spec v1.1.1, "Push".
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod support;

use axum::body::{Body, Bytes};
use hyper::Request;
use support::{Registry, blob, index, manifest, storage, uploads};
use tofu_oci_store::Files;
use tofu_oci_types::oci::{Descriptor, Digest, MANIFEST_LIMIT, Manifest};

#[tokio::test]
async fn in_one_post() {
    for registry in Registry::each() {
        let digest = Digest::of(b"content");
        let uri = format!("{}?digest={digest}", uploads("a"));
        let reply = registry.send("POST", &uri, &[], "content").await;
        assert_eq!(reply.status, 201);
        assert_eq!(reply.header("location"), blob("a", &digest));
        assert_eq!(registry.get(&blob("a", &digest)).await.body, "content");
        let reply = registry.send("POST", &uri, &[], "other content").await;
        reply.refused(400, "DIGEST_INVALID");
        for digest in ["sha256:0", "md5:d41d8cd98f00b204e9800998ecf8427e", ""] {
            let uri = format!("{}?digest={digest}", uploads("a"));
            let reply = registry.send("POST", &uri, &[], "x").await;
            reply.refused(400, "DIGEST_INVALID");
        }
        let uri = format!("{}?digest-algorithm=md5", uploads("a"));
        registry
            .send("POST", &uri, &[], "")
            .await
            .refused(400, "DIGEST_INVALID");
        let uri = format!("{}?digest-algorithm=sha512", uploads("a"));
        assert_eq!(registry.send("POST", &uri, &[], "").await.status, 202);
    }
}

#[tokio::test]
async fn a_failed_put_is_sent_again_to_the_same_address() {
    for registry in Registry::each() {
        let digest = Digest::of(b"0123456789");
        let location = registry.start("a").await;
        let reply = registry.put_blob(&location, &digest, "01234").await;
        reply.refused(400, "DIGEST_INVALID");
        let uri = format!("{location}&digest=sha256:0");
        registry
            .send("PUT", &uri, &[], "x")
            .await
            .refused(400, "DIGEST_INVALID");
        registry
            .send("PUT", &location, &[], "x")
            .await
            .refused(400, "DIGEST_INVALID");
        assert_eq!(registry.head(&blob("a", &digest)).await.status, 404);
        let reply = registry.put_blob(&location, &digest, "0123456789").await;
        assert_eq!(reply.status, 201);
        let reply = registry.put_blob(&location, &digest, "0123456789").await;
        reply.refused(404, "BLOB_UPLOAD_UNKNOWN");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_what_came() {
    for registry in Registry::each() {
        let digest = Digest::of(b"0123456789");
        let location = registry.start("a").await;
        let pieces = [
            Ok(Bytes::from("0123")),
            Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
        ];
        let body = Body::from_stream(futures_util::stream::iter(pieces));
        let request = Request::put(format!("{location}&digest={digest}"));
        let reply = registry.request(request.body(body).unwrap()).await;
        reply.refused(400, "BLOB_UPLOAD_INVALID");
        let status = registry.get(&location).await;
        assert_eq!(status.status, 204);
        assert_eq!(status.header("range"), "0-3");
        // From there on, or from the start: both are right.
        let location = status.header("location");
        let chunk = [("content-range", "4-9")];
        let uri = format!("{location}&digest={digest}");
        let reply = registry.send("PUT", &uri, &chunk, "456789").await;
        assert_eq!(reply.status, 201, "{reply:?}");
    }
}

#[tokio::test]
async fn in_chunks() {
    for registry in Registry::each() {
        let digest = Digest::of(b"0123456789");
        let mut location = registry.start("a").await;
        for (range, chunk) in [("0-3", "0123"), ("4-7", "4567")] {
            // Too far, and what is there already.
            for wrong in ["8-9", "1-2"] {
                let headers = [("content-range", wrong)];
                let reply = registry.send("PATCH", &location, &headers, "xx").await;
                reply.refused(416, "BLOB_UPLOAD_INVALID");
                location = reply.header("location").to_owned();
            }
            let headers = [("content-range", range)];
            let reply = registry.send("PATCH", &location, &headers, chunk).await;
            assert_eq!(reply.status, 202, "{reply:?}");
            assert_eq!(reply.header("range"), format!("0-{}", &range[2..]));
            location = reply.header("location").to_owned();
        }
        let headers = [("content-range", "4-7")];
        let uri = format!("{location}&digest={digest}");
        let reply = registry.send("PUT", &uri, &headers, "4567").await;
        reply.refused(416, "BLOB_UPLOAD_INVALID");
        let status = registry.get(&location).await;
        assert_eq!(status.status, 204);
        assert_eq!(status.header("range"), "0-7");
        let headers = [("content-range", "8-9")];
        let reply = registry.send("PUT", &uri, &headers, "89").await;
        assert_eq!(reply.status, 201);
        assert_eq!(registry.get(&blob("a", &digest)).await.body, "0123456789");
    }
}

#[tokio::test]
async fn chunks_that_lie_about_their_length() {
    for registry in Registry::each() {
        let location = registry.start("a").await;
        for range in ["0-1", "0-9", "5-2", "x", "0-18446744073709551615"] {
            let headers = [("content-range", range)];
            let reply = registry.send("PATCH", &location, &headers, "0123").await;
            assert_eq!(reply.status, 400, "{range}");
            assert_eq!(
                registry.get(&location).await.header("range"),
                "0-0",
                "{range}"
            );
        }
        // Without a length: what comes too much is not taken.
        let body = Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(
            "01234",
        )]));
        let request = Request::patch(&location).header("content-range", "0-1");
        let reply = registry.request(request.body(body).unwrap()).await;
        reply.refused(400, "SIZE_INVALID");
        assert_eq!(registry.get(&location).await.header("range"), "0-0");
    }
}

#[tokio::test]
async fn streamed() {
    for registry in Registry::each() {
        let digest = Digest::of(b"0123456789");
        let first = registry.start("a").await;
        let mut location = first.clone();
        for part in ["01234", "56789"] {
            let body =
                Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(part)]));
            let reply = registry
                .request(Request::patch(&location).body(body).unwrap())
                .await;
            assert_eq!(reply.status, 202);
            location = reply.header("location").to_owned();
        }
        // An address that was overtaken, with nothing to put in its place.
        let reply = registry.put_blob(&first, &digest, "").await;
        assert_eq!(reply.status, 201, "{reply:?}");
        let lost = format!("{}?offset=99", first.split('?').next().unwrap());
        registry
            .get(&lost)
            .await
            .refused(404, "BLOB_UPLOAD_UNKNOWN");
    }
}

#[tokio::test]
async fn an_address_beyond_what_arrived() {
    for registry in Registry::each() {
        let location = registry.start("a").await;
        let beyond = location.replace("offset=0", "offset=5");
        let reply = registry.send("PATCH", &beyond, &[], "x").await;
        reply.refused(416, "BLOB_UPLOAD_INVALID");
        assert_eq!(reply.header("location"), location);
        let junk = location.replace("offset=0", "offset=-1");
        let reply = registry.send("PATCH", &junk, &[], "x").await;
        reply.refused(416, "BLOB_UPLOAD_INVALID");
    }
}

#[tokio::test]
async fn cancelled() {
    for registry in Registry::each() {
        let location = registry.start("a").await;
        assert_eq!(
            registry.send("PATCH", &location, &[], "x").await.status,
            202
        );
        assert_eq!(registry.delete(&location).await.status, 204);
        registry
            .get(&location)
            .await
            .refused(404, "BLOB_UPLOAD_UNKNOWN");
        registry
            .delete(&location)
            .await
            .refused(404, "BLOB_UPLOAD_UNKNOWN");
        let other = location.replace("/a/", "/b/");
        registry
            .get(&other)
            .await
            .refused(404, "BLOB_UPLOAD_UNKNOWN");
    }
}

#[tokio::test]
async fn mounted() {
    for registry in Registry::each() {
        let digest = registry.push_blob("source", b"content").await.digest;
        let mount = |to: &str, from: &str| format!("{}?mount={digest}{from}", uploads(to));
        for (to, from) in [("b", "&from=source"), ("c", ""), ("c", "")] {
            let reply = registry.send("POST", &mount(to, from), &[], "").await;
            assert_eq!(reply.status, 201, "{to} {from}");
            assert_eq!(reply.header("location"), blob(to, &digest));
            assert_eq!(reply.header("docker-content-digest"), digest.as_str());
            assert_eq!(registry.get(&blob(to, &digest)).await.body, "content");
        }
        // Not there: then it is to be sent.
        let other = Digest::of(b"other");
        for query in [
            format!("mount={other}"),
            format!("mount={other}&from=source"),
            format!("mount={digest}&from=nobody/there"),
            format!("mount={digest}&from=../x"),
        ] {
            let uri = format!("{}?{query}", uploads("d"));
            let reply = registry.send("POST", &uri, &[], "").await;
            assert_eq!(reply.status, 202, "{query}");
            assert!(reply.header("location").contains("offset=0"));
        }
        let uri = format!("{}?mount=sha256:0&from=source", uploads("d"));
        registry
            .send("POST", &uri, &[], "")
            .await
            .refused(400, "DIGEST_INVALID");
    }
}

#[tokio::test]
async fn manifests() {
    for registry in Registry::each() {
        let image = support::image(&registry, "a", b"layer", None).await;
        let digest = image.digest().to_string();
        for reference in [digest.as_str(), "v1"] {
            let reply = registry.put_manifest("a", reference, &image).await;
            assert_eq!(reply.status, 201, "{reply:?}");
            assert_eq!(reply.header("docker-content-digest"), digest);
            assert_eq!(reply.header("location"), manifest("a", &digest));
            assert!(!reply.headers.contains_key("oci-subject"));
        }
        let list = index(&[&image]);
        assert_eq!(registry.put_manifest("a", "v2", &list).await.status, 201);
        assert_eq!(registry.get(&manifest("a", "v2")).await.body, list.bytes());
        // A parameter of the type is not part of it.
        let typed = format!("{}; charset=utf-8", image.media_type());
        let reply = registry
            .send(
                "PUT",
                &manifest("a", "v3"),
                &[("content-type", &typed)],
                image.bytes().clone(),
            )
            .await;
        assert_eq!(reply.status, 201);
        let reply = registry.get(&manifest("a", "v3")).await;
        assert_eq!(reply.header("content-type"), image.media_type().as_str());
        // Without one the body tells.
        let reply = registry
            .send("PUT", &manifest("a", "v4"), &[], image.bytes().clone())
            .await;
        assert_eq!(reply.status, 201);
    }
}

#[tokio::test]
async fn manifests_that_are_refused() {
    for registry in Registry::each() {
        let image = support::image(&registry, "a", b"layer", None).await;
        let other = Digest::of(b"other");
        let reply = registry.put_manifest("a", other.as_str(), &image).await;
        reply.refused(400, "DIGEST_INVALID");
        for reference in ["sha256:00", "md5:0123"] {
            let reply = registry.put_manifest("a", reference, &image).await;
            assert_eq!(reply.status, 400, "{reference}");
        }
        for tag in ["-x", &"x".repeat(129)] {
            registry
                .put_manifest("a", tag, &image)
                .await
                .refused(400, "MANIFEST_INVALID");
        }
        registry
            .put_manifest("b", "v1", &image)
            .await
            .refused(404, "MANIFEST_BLOB_UNKNOWN");
        let orphan = index(&[&Manifest::from_index(&Default::default())]);
        registry
            .put_manifest("a", "v1", &orphan)
            .await
            .refused(404, "MANIFEST_BLOB_UNKNOWN");
        let typed = [("content-type", image.media_type().as_str())];
        for body in [
            "",
            "{}",
            "not json",
            r#"{"schemaVersion":2,"schemaVersion":2}"#,
            r#"{"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#,
        ] {
            let reply = registry
                .send("PUT", &manifest("a", "v1"), &typed, body)
                .await;
            reply.refused(400, "MANIFEST_INVALID");
        }
        let large = vec![b' '; usize::try_from(MANIFEST_LIMIT).unwrap() + 1];
        let reply = registry
            .send("PUT", &manifest("a", "v1"), &typed, large.clone())
            .await;
        reply.refused(413, "SIZE_INVALID");
        let body = Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(large)]));
        let reply = registry
            .request(Request::put(manifest("a", "v1")).body(body).unwrap())
            .await;
        reply.refused(413, "SIZE_INVALID");
        assert_eq!(registry.get(&manifest("a", "v1")).await.status, 404);
    }
}

#[tokio::test]
async fn a_manifest_of_the_largest_size() {
    for registry in Registry::each() {
        registry.push_blob("a", b"{}").await;
        let image = |fill: usize| {
            Manifest::from_image(&tofu_oci_types::oci::ImageManifest {
                artifact_type: None,
                config: Descriptor::empty(),
                layers: vec![Descriptor::empty()],
                subject: None,
                annotations: [("k".to_owned(), "x".repeat(fill))].into(),
            })
        };
        let limit = usize::try_from(MANIFEST_LIMIT).unwrap();
        let image = image(limit - image(0).bytes().len());
        assert_eq!(image.bytes().len(), limit);
        assert_eq!(registry.put_manifest("a", "v1", &image).await.status, 201);
        assert_eq!(registry.get(&manifest("a", "v1")).await.body, image.bytes());
    }
}

#[tokio::test]
async fn several_tags_at_once() {
    for registry in Registry::each() {
        let image = support::image(&registry, "a", b"layer", None).await;
        let uri = format!("{}?tag=1.0.0&tag=1.0&tag=latest", image.digest());
        let reply = registry.put_manifest("a", &uri, &image).await;
        assert_eq!(reply.status, 201);
        let tags: Vec<_> = reply.headers.get_all("oci-tag").iter().collect();
        assert_eq!(tags, ["1.0.0", "1.0", "latest"]);
        for tag in ["1.0.0", "1.0", "latest"] {
            assert_eq!(registry.head(&manifest("a", tag)).await.status, 200);
        }
        // All or none.
        let other = support::image(&registry, "a", b"other", None).await;
        for tags in ["tag=new&tag=1.0.0", "tag=new&tag=-"] {
            let uri = format!("{}?{tags}", other.digest());
            let reply = registry.put_manifest("a", &uri, &other).await;
            assert!(reply.status.is_client_error(), "{reply:?}");
            assert_eq!(registry.head(&manifest("a", "new")).await.status, 404);
        }
        let many: String = (0..101).map(|n| format!("tag=t{n}&")).collect();
        let uri = format!("{}?{many}", other.digest());
        assert_eq!(registry.put_manifest("a", &uri, &other).await.status, 414);
    }
}

#[tokio::test]
async fn an_upload_goes_on_after_a_restart() {
    let first = Registry::layout();
    let location = first.start("a").await;
    let reply = first
        .send("PATCH", &location, &[], vec![b'x'; 600_000])
        .await;
    assert_eq!(reply.status, 202);
    let location = reply.header("location").to_owned();
    let dir = first.dir.unwrap();
    drop(first.router);
    let second = Registry::over(std::sync::Arc::new(storage(dir.path(), &Files::new())));
    assert_eq!(second.get(&location).await.header("range"), "0-599999");
    let digest = Digest::of(&vec![b'x'; 700_000]);
    let reply = second
        .put_blob(&location, &digest, vec![b'x'; 100_000])
        .await;
    assert_eq!(reply.status, 201);
    assert_eq!(
        second
            .head(&blob("a", &digest))
            .await
            .header("content-length"),
        "700000"
    );
}

#[tokio::test]
async fn what_a_writer_was_told_of_is_new_to_a_sweep() {
    let registry = Registry::layout();
    let digest = registry.push_blob("a", b"content").await.digest;
    let dir = registry.dir.as_ref().unwrap();
    let path = dir.path().join("a/blobs/sha256").join(digest.encoded());
    let modified = || std::fs::metadata(&path).unwrap().modified().unwrap();
    let now = modified();
    let old = now - std::time::Duration::from_secs(48 * 3600);
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(old).unwrap();
    assert_eq!(registry.get(&blob("a", &digest)).await.status, 200);
    assert_eq!(modified(), old);
    assert_eq!(registry.head(&blob("a", &digest)).await.status, 200);
    assert!(modified() >= now);
}
