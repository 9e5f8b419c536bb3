//! Blobs that are sent while their digest is taken.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use tofu_oci_store::remote::RemoteError;
use tofu_oci_store::{
    GateError, OpenBlob, PendingBlob, Put, ReadBlob, Repository, StoreError, WritableRepository,
};
use tofu_oci_testkit::{Canned, Quirk, Requests};
use tofu_oci_types::oci::{Descriptor, Digest};
use tokio::sync::oneshot;

use crate::bench::*;
use crate::support::*;

const MIB: usize = 1024 * 1024;
/// Of a blob that is sent so.
const LARGE: usize = 20 * MIB;

/// Content in memory.
struct Whole(Bytes);

impl OpenBlob for Whole {
    fn open(&self) -> Result<Box<dyn ReadBlob>, GateError> {
        Ok(Box::new(Self(self.0.clone())))
    }
}

impl ReadBlob for Whole {
    fn next(&mut self) -> Result<Option<Bytes>, GateError> {
        let left = self.0.len();
        let piece = self.0.split_to(left.min(MIB));
        Ok((!piece.is_empty()).then_some(piece))
    }
}

fn content(length: usize) -> Bytes {
    noise(length).into()
}

fn pending(
    content: &Bytes,
    digest: impl Future<Output = Result<Digest, GateError>> + Send + 'static,
) -> PendingBlob {
    PendingBlob {
        media_type: ZIP,
        size: content.len() as u64,
        content: Arc::new(Whole(content.clone())),
        digest: digest.boxed(),
    }
}

/// A blob whose digest is known when it is asked for.
fn soon_known(content: &Bytes) -> PendingBlob {
    let digest = Descriptor::of(ZIP, content).digest;
    pending(content, async move { Ok(digest) })
}

fn patches() -> Requests {
    Requests::of("PATCH", "/blobs/uploads/")
}

fn puts() -> Requests {
    Requests::of("PUT", "/blobs/uploads/")
}

fn methods(bench: &Bench) -> Vec<String> {
    let seen = bench.quirks.seen();
    seen.into_iter().map(|seen| seen.method).collect()
}

fn number(methods: &[String], method: &str) -> usize {
    methods.iter().filter(|found| *found == method).count()
}

/// Sends something large, and says in which requests; the registry has it afterwards.
async fn send(bench: &Bench) -> Vec<String> {
    let content = content(LARGE);
    let blob = Descriptor::of(ZIP, &content);
    let put = bench.repository().put_pending(soon_known(&content)).await;
    assert_eq!(put.unwrap(), Put::Uploaded);
    assert!(bench.inside("acme/demo").has(&blob).await.unwrap());
    methods(bench)
}

#[tokio::test]
async fn everything_goes_in_one_patch_without_a_range() {
    let bench = Bench::new();
    let content = content(LARGE);
    let put = bench.repository().put_pending(soon_known(&content)).await;
    assert_eq!(put.unwrap(), Put::Uploaded);
    let seen = bench.quirks.seen();
    let methods: Vec<&str> = seen.iter().map(|seen| seen.method.as_str()).collect();
    assert_eq!(methods.len(), 4, "{methods:?}");
    assert_eq!((methods[0], methods[3]), ("POST", "PUT"));
    let patch = seen.iter().find(|seen| seen.method == "PATCH").unwrap();
    let length = LARGE.to_string();
    assert_eq!(patch.header("content-length"), Some(length.as_str()));
    assert_eq!(patch.header("content-range"), None);
    assert_eq!(
        patch.header("content-type"),
        Some("application/octet-stream")
    );
    let head = seen.iter().find(|seen| seen.method == "HEAD").unwrap();
    let blob = Descriptor::of(ZIP, &content);
    assert!(head.target.ends_with(blob.digest.as_str()));
    let end = format!("digest={}", blob.digest);
    assert!(seen[3].target.ends_with(&end), "{}", seen[3].target);
    assert_eq!(seen[3].header("content-length"), Some("0"));
    let inside = bench.inside("acme/demo");
    let reader = inside.blob(&blob).await.unwrap();
    assert_eq!(reader.into_bytes(u64::MAX).await.unwrap(), content);
}

#[tokio::test]
async fn what_is_small_is_sent_by_its_digest() {
    let bench = Bench::new();
    let content = content(MIB);
    let repo = bench.repository();
    repo.put_pending(soon_known(&content)).await.unwrap();
    assert_eq!(methods(&bench), ["HEAD", "POST", "PUT"]);
    let put = repo.put_pending(soon_known(&content)).await.unwrap();
    assert_eq!(put, Put::Present);
    assert_eq!(methods(&bench), ["HEAD"]);
}

#[tokio::test]
async fn the_last_piece_waits_for_the_digest() {
    let bench = Bench::new();
    let content = content(LARGE);
    let digest = Descriptor::of(ZIP, &content).digest;
    let (tell, told) = oneshot::channel::<()>();
    let blob = pending(&content, async move {
        told.await.unwrap();
        Ok(digest)
    });
    let repo = bench.repository();
    let sent = tokio::spawn(async move { repo.put_pending(blob).await });
    // The upload has most of its bytes, and does not end.
    let arrived = async {
        loop {
            let asked = methods(&bench);
            assert_eq!(number(&asked, "HEAD") + number(&asked, "PUT"), 0);
            if asked.iter().any(|method| method == "PATCH") {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    soon(arrived).await;
    assert!(!sent.is_finished());
    tell.send(()).unwrap();
    assert_eq!(soon(sent).await.unwrap().unwrap(), Put::Uploaded);
}

#[tokio::test]
async fn content_that_is_refused_becomes_no_blob() {
    let bench = Bench::new();
    let content = content(LARGE);
    let blob = pending(&content, async { Err("it is bad".into()) });
    let error = bench.repository().put_pending(blob).await.unwrap_err();
    assert!(matches!(&error, StoreError::Gate(cause) if cause.to_string() == "it is bad"));
    let asked = methods(&bench);
    assert_eq!(
        number(&asked, "PUT") + number(&asked, "HEAD"),
        0,
        "{asked:?}"
    );
    assert!(number(&asked, "DELETE") >= 1, "{asked:?}");
    let blob = Descriptor::of(ZIP, &content);
    assert!(!bench.inside("acme/demo").has(&blob).await.unwrap());
}

#[tokio::test]
async fn what_is_there_is_not_stored_again() {
    let bench = Bench::new();
    let content = content(LARGE);
    let repo = bench.repository();
    put_bytes(&bench.inside("acme/demo"), &content).await;
    let put = repo.put_pending(soon_known(&content)).await.unwrap();
    assert_eq!(put, Put::Present);
    let asked = methods(&bench);
    assert_eq!(number(&asked, "PUT"), 0, "{asked:?}");
    assert_eq!(number(&asked, "HEAD"), 1, "{asked:?}");
    assert!(number(&asked, "DELETE") >= 1, "{asked:?}");
}

#[tokio::test]
async fn a_patch_that_is_refused_is_followed_by_the_usual_way() {
    for status in [400, 404, 405, 411, 413, 415, 416, 501] {
        let bench = Bench::new();
        bench.on(patches(), Quirk::Answer(Canned::status(status)));
        let asked = send(&bench).await;
        assert_eq!(number(&asked, "PATCH"), 1, "{status}: {asked:?}");
        assert_eq!(number(&asked, "PUT"), 1, "{status}: {asked:?}");
        assert_eq!(number(&asked, "POST"), 2, "{status}: {asked:?}");
        assert_eq!(number(&asked, "DELETE"), 1, "{status}: {asked:?}");
    }
    // Without looking at the body.
    let bench = Bench::new();
    bench.on(patches().first(1), Quirk::BodyLimit(MIB as u64));
    send(&bench).await;
    // And what is refused whole then goes in pieces.
    let bench = Bench::new();
    bench.on(patches().first(1), Quirk::Answer(Canned::status(413)));
    bench.on(puts().first(1), Quirk::Answer(Canned::status(413)));
    let asked = send(&bench).await;
    assert_eq!(number(&asked, "PATCH"), 6, "{asked:?}");
    // A registry that takes it, and no such end.
    let bench = Bench::new();
    let refused = Canned::error(400, "BLOB_UPLOAD_INVALID", "not so", "");
    bench.on(puts().first(1), Quirk::Answer(refused));
    let asked = send(&bench).await;
    assert_eq!(number(&asked, "PATCH"), 1, "{asked:?}");
    assert_eq!(number(&asked, "PUT"), 2, "{asked:?}");
}

#[tokio::test]
async fn a_patch_is_answered_in_many_ways() {
    for (what, quirks) in [
        ("created", vec![Quirk::Status(201)]),
        ("no content", vec![Quirk::Status(204)]),
        (
            "another location",
            vec![Quirk::Location(String::new(), "&_state=a%3D%3D".to_owned())],
        ),
        ("no location", vec![Quirk::WithoutHeader("location")]),
        ("no range", vec![Quirk::WithoutHeader("range")]),
        (
            "a range that stands still",
            vec![Quirk::Status(201), Quirk::Header("range", "0-0".to_owned())],
        ),
        ("junk", vec![Quirk::Header("range", "all of it".to_owned())]),
    ] {
        let bench = Bench::new();
        for quirk in quirks {
            bench.on(patches(), quirk);
        }
        let content = content(LARGE);
        let put = bench.repository().put_pending(soon_known(&content)).await;
        assert_eq!(put.unwrap(), Put::Uploaded, "{what}");
        let seen = bench.quirks.seen();
        let put = seen.iter().filter(|seen| seen.method == "PUT");
        let put: Vec<&str> = put.map(|seen| seen.target.as_str()).collect();
        assert_eq!(put.len(), 1, "{what}: {put:?}");
        if what == "another location" {
            assert!(put[0].contains("&_state=a%3D%3D&digest=sha256:"), "{put:?}");
        }
    }
    // To another host it does not go on.
    let elsewhere = Bench::new();
    let bench = Bench::new();
    bench.on(
        patches(),
        Quirk::Location(elsewhere.registry.origin(), String::new()),
    );
    let content = content(LARGE);
    let put = bench.repository().put_pending(soon_known(&content)).await;
    let error = remote_error(put);
    assert!(matches!(error, RemoteError::Elsewhere { .. }), "{error:?}");
    assert_eq!(elsewhere.quirks.lines(), Vec::<String>::new());
    assert_eq!(bench.count("DELETE", ""), 1);
}

#[tokio::test]
async fn a_patch_that_breaks_off_goes_on_where_it_was() {
    let bench = Bench::new();
    bench.on(patches().first(1), Quirk::TakeThenClose(17 * MIB));
    let asked = send(&bench).await;
    assert_eq!(number(&asked, "GET"), 1, "{asked:?}");
    // What is left is one piece.
    assert_eq!(number(&asked, "PATCH"), 2, "{asked:?}");
    assert_eq!(number(&asked, "PUT"), 1, "{asked:?}");
    assert_eq!(number(&asked, "POST"), 1, "{asked:?}");
    // It was taken, and the answer got lost.
    let bench = Bench::new();
    bench.on(patches().first(1), Quirk::CloseAfter);
    let asked = send(&bench).await;
    assert_eq!(number(&asked, "PATCH"), 1, "{asked:?}");
    assert_eq!(number(&asked, "PUT"), 1, "{asked:?}");
    // Less was taken than was sent, by the registry's word.
    let bench = Bench::new();
    let less = format!("0-{}", 16 * MIB - 1);
    bench.on(patches().first(1), Quirk::Header("range", less));
    let asked = send(&bench).await;
    assert_eq!(number(&asked, "PUT"), 1, "{asked:?}");
    // Nothing arrived.
    let bench = Bench::new();
    bench.on(patches().first(1), Quirk::Close);
    let asked = send(&bench).await;
    assert_eq!(number(&asked, "POST"), 2, "{asked:?}");
    assert_eq!(number(&asked, "PUT"), 1, "{asked:?}");
    // A failure that passes, and one that stays.
    let bench = Bench::new();
    bench.on(patches().first(1), Quirk::Answer(Canned::status(503)));
    send(&bench).await;
    let bench = Bench::new();
    bench.on(
        Requests::of("PATCH", ""),
        Quirk::Answer(Canned::status(500)),
    );
    bench.on(puts(), Quirk::Answer(Canned::status(500)));
    let content = content(LARGE);
    let put = bench.repository().put_pending(soon_known(&content)).await;
    assert!(put.unwrap_err().is_transient());
    let asked = methods(&bench);
    assert_eq!(
        number(&asked, "POST"),
        number(&asked, "DELETE"),
        "{asked:?}"
    );
}

#[tokio::test]
async fn another_digest_at_the_end_is_an_error() {
    let bench = Bench::new();
    let content = content(LARGE);
    let other = Descriptor::of(ZIP, b"other").digest;
    let blob = pending(&content, async move { Ok(other) });
    let error = remote_error(bench.repository().put_pending(blob).await);
    let RemoteError::Refused { answer, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(answer.has_code("DIGEST_INVALID"), "{error}");
    let asked = methods(&bench);
    assert_eq!(number(&asked, "PUT"), 1, "{asked:?}");
    assert_eq!(number(&asked, "DELETE"), 1, "{asked:?}");
    // One that stored other bytes than it was sent.
    let bench = Bench::new();
    let other = Descriptor::of(ZIP, b"other").digest.to_string();
    bench.on(puts(), Quirk::Header("docker-content-digest", other));
    let put = bench.repository().put_pending(soon_known(&content)).await;
    let error = put.unwrap_err();
    assert!(
        matches!(error, StoreError::DigestMismatch { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_denial_is_told_at_once() {
    let bench = Bench::new();
    bench.on(patches(), Quirk::Answer(Canned::status(403)));
    let content = content(LARGE);
    let put = bench.repository().put_pending(soon_known(&content)).await;
    let error = remote_error(put);
    assert!(matches!(error, RemoteError::Denied { .. }), "{error:?}");
    assert_eq!(number(&methods(&bench), "PUT"), 0);
    // Before anything is read.
    let bench = Bench::new();
    bench.on(Requests::of("POST", ""), Quirk::Answer(Canned::status(403)));
    let asked_for = pending(&content, async { panic!("nobody needs the digest") });
    remote_error(bench.repository().put_pending(asked_for).await);
}

#[tokio::test]
async fn content_of_another_length_is_no_blob() {
    let content = content(LARGE);
    let digest = Descriptor::of(ZIP, &content).digest;
    for size in [LARGE - 1, LARGE + 1] {
        let bench = Bench::new();
        let digest = digest.clone();
        let blob = PendingBlob {
            size: size as u64,
            ..pending(&content, async move { Ok(digest) })
        };
        bench.repository().put_pending(blob).await.unwrap_err();
        let asked = methods(&bench);
        assert_eq!(number(&asked, "PUT"), 0, "{size}: {asked:?}");
        assert!(number(&asked, "DELETE") >= 1, "{size}: {asked:?}");
    }
}

#[tokio::test]
async fn where_no_bytes_travel_the_digest_comes_first() {
    let bench = Bench::new();
    let inside = bench.inside("acme/demo");
    let content = content(LARGE);
    let put = inside.put_pending(soon_known(&content)).await.unwrap();
    assert_eq!(put, Put::Uploaded);
    let put = inside.put_pending(soon_known(&content)).await.unwrap();
    assert_eq!(put, Put::Present);
    let refused = pending(&content, async { Err("it is bad".into()) });
    let error = inside.put_pending(refused).await.unwrap_err();
    assert!(matches!(error, StoreError::Gate(_)), "{error:?}");
}
