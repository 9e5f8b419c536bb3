//! Manifests of registries that leave headers out, lie, or take only what they know.

use bytes::Bytes;
use tofu_oci_store::remote::RemoteError;
use tofu_oci_store::{Put, Repository, StoreError, TagRule, WritableRepository};
use tofu_oci_testkit::{Canned, Quirk, Requests};
use tofu_oci_types::oci::{Descriptor, Manifest, TagOrDigest};

use crate::bench::*;
use crate::support::*;

fn gets() -> Requests {
    Requests::of("GET", "/manifests/")
}

fn heads() -> Requests {
    Requests::of("HEAD", "/manifests/")
}

fn puts() -> Requests {
    Requests::of("PUT", "/manifests/")
}

/// A registry with one image, tagged `1.0.0`.
async fn with_image() -> (Bench, Manifest) {
    let bench = Bench::new();
    let inside = bench.inside("acme/demo");
    let image = put_image(&inside, b"layer").await;
    put_tagged(&inside, &image, "1.0.0", TagRule::Create)
        .await
        .unwrap();
    (bench, image)
}

#[tokio::test]
async fn one_line_says_what_we_take() {
    let (bench, image) = with_image().await;
    let repo = bench.repository();
    repo.head(&tag("1.0.0")).await.unwrap();
    repo.manifest(&by(image.digest())).await.unwrap();
    for seen in bench.quirks.seen() {
        let lines: Vec<_> = seen.headers.get_all("accept").iter().collect();
        assert_eq!(lines.len(), 1);
        let line = lines[0].to_str().unwrap();
        assert!(line.starts_with("application/vnd.oci.image.index.v1+json, "));
        for part in ["image.manifest.v1+json", "manifest.list.v2+json", "*/*"] {
            assert!(line.contains(part), "{line}");
        }
    }
}

#[tokio::test]
async fn headers_that_are_missing() {
    for quirk in [
        Quirk::WithoutHeader("docker-content-digest"),
        Quirk::WithoutHeader("content-type"),
        Quirk::WithoutHeader("content-length"),
        Quirk::WithoutLength,
        Quirk::Header("content-type", "application/json".to_owned()),
        Quirk::Header("content-type", "application/octet-stream".to_owned()),
        Quirk::Header("content-type", "text/plain; charset=utf-8".to_owned()),
    ] {
        let (bench, image) = with_image().await;
        bench.on(Requests::to("/manifests/"), quirk.clone());
        let repo = bench.repository();
        let head = repo.head(&tag("1.0.0")).await.unwrap().unwrap();
        assert_eq!(head, image.descriptor().plain(), "{quirk:?}");
        let found = repo.manifest(&at("1.0.0")).await.unwrap();
        assert_eq!(found, image, "{quirk:?}");
        repo.manifest(&by(image.digest())).await.unwrap();
    }
    let (bench, image) = with_image().await;
    bench.on(heads(), Quirk::Answer(Canned::status(405)));
    let repo = bench.repository();
    let head = repo.head(&tag("1.0.0")).await.unwrap().unwrap();
    assert_eq!(head, image.descriptor().plain());
    assert_eq!(repo.head(&tag("2.0.0")).await.unwrap(), None);
}

#[tokio::test]
async fn headers_that_lie() {
    let other = Descriptor::of(ZIP, b"other").digest.to_string();
    let (bench, image) = with_image().await;
    bench.on(
        gets(),
        Quirk::Header("docker-content-digest", other.clone()),
    );
    let repo = bench.repository();
    for at in [at("1.0.0"), by(image.digest())] {
        let error = repo.manifest(&at).await.unwrap_err();
        assert!(
            matches!(error, StoreError::DigestMismatch { .. }),
            "{error:?}"
        );
    }
    bench.on(
        heads(),
        Quirk::Header("docker-content-digest", other.clone()),
    );
    let error = remote_error(repo.has(image.descriptor()).await);
    assert!(matches!(error, RemoteError::Malformed { .. }), "{error:?}");
    for junk in ["sha256:short", "nothing", ""] {
        let (bench, _) = with_image().await;
        let quirk = Quirk::Header("docker-content-digest", junk.to_owned());
        bench.on(Requests::to("/manifests/"), quirk);
        let error = remote_error(bench.repository().manifest(&at("1.0.0")).await);
        assert!(
            matches!(error, RemoteError::Malformed { .. }),
            "{junk}: {error:?}"
        );
    }
    // A type that the content is not of.
    let (bench, _) = with_image().await;
    let index = "application/vnd.oci.image.index.v1+json".to_owned();
    bench.on(gets(), Quirk::Header("content-type", index));
    let error = bench.repository().manifest(&at("1.0.0")).await.unwrap_err();
    assert!(matches!(error, StoreError::Manifest { .. }), "{error:?}");
    // What was stored is something else.
    let (bench, image) = with_image().await;
    bench.on(puts(), Quirk::Header("docker-content-digest", other));
    let error = put_tagged(&bench.repository(), &image, "2.0.0", TagRule::Create).await;
    let error = error.unwrap_err();
    assert!(
        matches!(error, StoreError::DigestMismatch { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn bodies_that_are_something_else() {
    for (what, quirks) in [
        ("a page", vec![Quirk::Answer(Canned::page(200))]),
        ("other bytes", vec![Quirk::Body(Bytes::from_static(b"{}"))]),
        ("nothing", vec![Quirk::Body(Bytes::new())]),
        (
            "encoded",
            vec![
                Quirk::Header("content-encoding", "gzip".to_owned()),
                Quirk::Body(Bytes::from_static(b"\x1f\x8b\x08\0")),
            ],
        ),
    ] {
        let (bench, image) = with_image().await;
        for quirk in quirks {
            bench.on(gets(), quirk);
        }
        let repo = bench.repository();
        for at in [at("1.0.0"), by(image.digest())] {
            let error = repo.manifest(&at).await.unwrap_err();
            assert!(
                !error.is_absent() && !error.is_transient(),
                "{what}: {error:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_document_that_breaks_off_is_asked_for_again() {
    let (bench, image) = with_image().await;
    bench.on(gets().first(2), Quirk::CutAfter(20));
    assert_eq!(
        bench.repository().manifest(&at("1.0.0")).await.unwrap(),
        image
    );
    assert_eq!(bench.quirks.seen().len(), 3);
    bench.on(gets(), Quirk::CutAfter(20));
    let error = bench.repository().manifest(&at("1.0.0")).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(bench.quirks.seen().len(), 3);
    bench.quirks.off();
    bench.on(gets().first(1), Quirk::StallAfter(20));
    let repo = bench.impatient_repository();
    repo.manifest(&at("1.0.0")).await.unwrap();
}

#[tokio::test]
async fn absence_of_repository_and_of_tag() {
    for (answer, repository) in [
        (Canned::error(404, "NAME_UNKNOWN", "", ""), true),
        (Canned::error(404, "NAME_INVALID", "", ""), true),
        (Canned::error(404, "MANIFEST_UNKNOWN", "", ""), false),
        (Canned::status(404), false),
        (Canned::text(404, "404 page not found"), false),
        (Canned::page(404), false),
        (Canned::json(404, "[]"), false),
    ] {
        let (bench, _) = with_image().await;
        bench.on(gets(), Quirk::Answer(answer.clone()));
        let error = bench.repository().manifest(&at("1.0.0")).await.unwrap_err();
        let fits = match repository {
            true => matches!(error, StoreError::AbsentRepository { .. }),
            false => matches!(error, StoreError::AbsentTag { .. }),
        };
        assert!(fits, "{answer:?}: {error:?}");
    }
}

#[tokio::test]
async fn immutable_tags() {
    let (bench, image) = with_image().await;
    bench.on(puts(), Quirk::ImmutableTags);
    let repo = bench.repository();
    // The same is there: success, and nothing is sent.
    for rule in [TagRule::Create, TagRule::Overwrite] {
        let put = put_tagged(&repo, &image, "1.0.0", rule).await.unwrap();
        assert_eq!(put, Put::Present);
    }
    assert_eq!(bench.count("PUT", ""), 0);
    // Something else is there: both are named.
    let other = put_image(&repo, b"other").await;
    let error = put_tagged(&repo, &other, "1.0.0", TagRule::Create)
        .await
        .unwrap_err();
    let StoreError::TagExists { current, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(current, image.digest());
    let error = remote_error(put_tagged(&repo, &other, "1.0.0", TagRule::Overwrite).await);
    assert!(error.to_string().contains("immutable"), "{error}");
}

#[tokio::test]
async fn types_that_a_registry_does_not_list() {
    let (bench, _) = with_image().await;
    bench.on(
        puts(),
        Quirk::AllowsTypes(&["application/vnd.oci.empty.v1+json"]),
    );
    let other = image(b"layer two");
    let repo = bench.repository();
    put_bytes(&repo, b"layer two").await;
    let error = remote_error(
        repo.put_manifests(&[tofu_oci_store::PutManifest::untagged(other)])
            .await,
    );
    assert_eq!(
        error.to_string(),
        format!(
            "{} does not accept storing the manifest {} in {}/acme/demo: 400 MANIFEST_INVALID: \
             manifest invalid: unknown media type: application/vnd.example.thing",
            bench.registry.host(),
            image(b"layer two").digest(),
            bench.registry.host(),
        )
    );
    assert!(!error.is_transient());
    assert_eq!(bench.count("PUT", "/manifests/"), 1);
}

#[tokio::test]
async fn what_a_registry_lacks_is_named() {
    let bench = Bench::new();
    let child = image(b"layer");
    let layer = child.blobs()[1].digest.clone();
    for answer in [
        Canned::error(404, "MANIFEST_BLOB_UNKNOWN", "blob unknown", layer.as_str()),
        Canned::error(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown", layer.as_str()),
    ] {
        bench.quirks.off();
        bench.on(puts(), Quirk::Answer(answer));
        let batch = [tofu_oci_store::PutManifest::untagged(child.clone())];
        let error = bench.repository().put_manifests(&batch).await.unwrap_err();
        assert!(matches!(error, StoreError::MissingChild { child, .. } if child == layer));
    }
}

#[tokio::test]
async fn a_put_whose_answer_got_lost_is_sent_again() {
    let (bench, image) = with_image().await;
    bench.on(puts().first(1), Quirk::CloseAfter);
    let repo = bench.repository();
    put_tagged(&repo, &image, "2.0.0", TagRule::Create)
        .await
        .unwrap();
    assert_eq!(
        repo.head(&tag("2.0.0")).await.unwrap().unwrap().digest,
        *image.digest()
    );
}

#[tokio::test]
async fn deletions_that_a_registry_does_not_have() {
    let (bench, image) = with_image().await;
    for answer in [
        Canned::error(400, "UNSUPPORTED", "The operation is unsupported.", ""),
        Canned::error(405, "UNSUPPORTED", "The operation is unsupported.", ""),
        Canned::status(405),
    ] {
        bench.quirks.off();
        bench.on(Requests::of("DELETE", ""), Quirk::Answer(answer));
        let repo = bench.repository();
        for at in [at("1.0.0"), by(image.digest())] {
            let error = remote_error(repo.delete(&at).await);
            assert!(
                matches!(error, RemoteError::Unsupported { .. }),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_web_page_is_no_manifest() {
    let (bench, _) = with_image().await;
    bench.on(
        Requests::to("/manifests/"),
        Quirk::Answer(Canned::page(200)),
    );
    let repo = bench.repository();
    let error = remote_error(repo.manifest(&TagOrDigest::Tag(tag("1.0.0"))).await);
    assert!(
        matches!(&error, RemoteError::Malformed { reason, .. } if reason.contains("web page")),
        "{error:?}"
    );
    let error = remote_error(repo.head(&tag("1.0.0")).await);
    assert!(matches!(error, RemoteError::Malformed { .. }), "{error:?}");
}
