//! Registries that hold copies of what others have: what they have not been asked for, they do not know.

use tofu_oci_store::{Repository, StoreError};
use tofu_oci_testkit::{Canned, Quirk, Requests};

use crate::bench::*;
use crate::support::*;

fn unknown() -> Quirk {
    Quirk::Answer(Canned::error(
        404,
        "MANIFEST_UNKNOWN",
        "manifest unknown",
        "",
    ))
}

#[tokio::test]
async fn tags_that_are_not_listed_are_read_all_the_same() {
    let bench = Bench::new();
    let inside = bench.inside("acme/demo");
    let image = put_image(&inside, b"layer").await;
    let rule = tofu_oci_store::TagRule::Create;
    put_tagged(&inside, &image, "1.0.0", rule).await.unwrap();
    for list in [
        Canned::json(200, r#"{"name":"acme/demo","tags":null}"#),
        Canned::error(404, "NAME_UNKNOWN", "not known here", ""),
    ] {
        bench.quirks.off();
        bench.on(Requests::to("/tags/list"), Quirk::Answer(list));
        let repo = bench.repository();
        bench.quirks.seen();
        // By tag, by digest, and what it lists: nobody asks for the list.
        assert_eq!(repo.manifest(&at("1.0.0")).await.unwrap(), image);
        assert_eq!(repo.manifest(&by(image.digest())).await.unwrap(), image);
        let head = repo.head(&tag("1.0.0")).await.unwrap();
        assert_eq!(head.unwrap().digest, *image.digest());
        assert_eq!(bench.count("GET", "/tags/list"), 0);
        // Who does gets what the registry says, and no more.
        match repo.tags().await {
            Ok(tags) => assert_eq!(tags, []),
            Err(error) => assert!(error.is_absent(), "{error:?}"),
        }
    }
}

#[tokio::test]
async fn what_is_not_fetched_yet_is_absent_and_not_asked_for_again_and_again() {
    let bench = Bench::new();
    let image = put_image(&bench.inside("acme/demo"), b"layer").await;
    let digest = by(image.digest());
    bench.on(Requests::to(image.digest().as_str()).first(1), unknown());
    let repo = bench.repository();
    let error = repo.manifest(&digest).await.unwrap_err();
    assert!(
        matches!(error, StoreError::AbsentManifest { .. }),
        "{error:?}"
    );
    assert_eq!(bench.quirks.seen().len(), 1);
    // A later run finds it.
    assert_eq!(repo.manifest(&digest).await.unwrap(), image);
}

#[tokio::test]
async fn an_index_that_was_rebuilt_is_another() {
    let bench = Bench::new();
    let inside = bench.inside("acme/demo");
    let image = put_image(&inside, b"layer").await;
    let original = index(&[&image]);
    put(&inside, &original).await;
    // It lists what was asked for through it, and keeps the name.
    let rebuilt = Quirk::Body(index(&[]).bytes().clone());
    bench.on(Requests::of("GET", "/manifests/"), rebuilt);
    let repo = bench.repository();
    let error = repo.manifest(&by(original.digest())).await.unwrap_err();
    assert!(
        matches!(error, StoreError::DigestMismatch { .. }),
        "{error:?}"
    );
    // Its digest header is still that of the original.
    let rule = tofu_oci_store::TagRule::Create;
    put_tagged(&inside, &original, "1.0.0", rule).await.unwrap();
    let error = repo.manifest(&at("1.0.0")).await.unwrap_err();
    assert!(
        matches!(error, StoreError::DigestMismatch { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_tag_whose_origin_is_gone_is_absent() {
    let bench = Bench::new();
    bench.on(Requests::to("/manifests/"), unknown());
    let repo = bench.repository();
    let error = repo.manifest(&at("1.0.0")).await.unwrap_err();
    assert!(matches!(error, StoreError::AbsentTag { .. }), "{error:?}");
    assert_eq!(repo.head(&tag("1.0.0")).await.unwrap(), None);
}
