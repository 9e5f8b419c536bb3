//! Blobs on their way into registries that take them in their own ways.

use std::sync::Arc;

use tofu_oci_store::remote::{RemoteError, RemoteRepository};
use tofu_oci_store::{Blob, Put, Repository, StoreError, WritableRepository};
use tofu_oci_testkit::{Canned, Quirk, Registry, Requests, Router};
use tofu_oci_types::oci::Descriptor;

use crate::bench::*;
use crate::support::*;

const MIB: usize = 1024 * 1024;

pub(crate) fn puts() -> Requests {
    Requests::of("PUT", "/blobs/uploads/")
}

pub(crate) fn patches() -> Requests {
    Requests::of("PATCH", "/blobs/uploads/")
}

fn posts() -> Requests {
    Requests::of("POST", "/blobs/uploads/")
}

/// Sends so many bytes, and says in which requests.
async fn send(bench: &Bench, length: usize) -> Result<Vec<String>, StoreError> {
    send_by(bench, &bench.repository(), length).await
}

async fn send_by(
    bench: &Bench,
    repo: &RemoteRepository,
    length: usize,
) -> Result<Vec<String>, StoreError> {
    let content = noise(length);
    let blob = Descriptor::of(ZIP, &content);
    bench.quirks.seen();
    repo.put_blob(&blob, Blob::Bytes(content.into())).await?;
    assert!(bench.inside("acme/demo").has(&blob).await.unwrap());
    let seen = bench.quirks.seen();
    Ok(seen.into_iter().map(|seen| seen.method).collect())
}

/// Sends something small.
async fn put(bench: &Bench) -> Result<Put, StoreError> {
    let blob = Descriptor::of(ZIP, b"content");
    let content = Blob::Bytes("content".into());
    bench.repository().put_blob(&blob, content).await
}

/// How many of the requests had this method.
fn number(methods: &[String], method: &str) -> usize {
    methods.iter().filter(|found| *found == method).count()
}

#[tokio::test]
async fn the_usual_way_is_one_put() {
    for length in [0, 2, 3 * MIB, 9 * MIB] {
        let methods = send(&Bench::new(), length).await.unwrap();
        assert_eq!(methods, ["HEAD", "POST", "PUT"], "{length}");
    }
}

#[tokio::test]
async fn locations_of_every_kind() {
    let long = format!("&state={}", "x".repeat(8000));
    for (before, after) in [
        ("", long.as_str()),
        ("", ""),
        ("", "&_state=a%2Bb%3D%3D&x=y+z"),
        ("http://HOST", ""),
        ("http://HOST", "&state=1"),
        ("//HOST", ""),
    ] {
        let bench = Bench::new();
        let before = before.replace("HOST", bench.registry.host());
        bench.on(posts(), Quirk::Location(before.clone(), after.to_owned()));
        let blob = put_bytes(&bench.repository(), b"content").await;
        let seen = bench.quirks.seen();
        let put = seen.iter().find(|seen| seen.method == "PUT").unwrap();
        let end = format!("{after}&digest={}", blob.digest);
        assert!(
            put.target.ends_with(&end),
            "{before} {after}: {}",
            put.target
        );
    }
}

#[tokio::test]
async fn an_upload_goes_on_nowhere_else() {
    let elsewhere = Bench::new();
    let other = elsewhere.registry.origin();
    let bench = Bench::new();
    let tls = format!("https://{}", bench.registry.host());
    let with_user = format!("http://alice:hunter2@{}", bench.registry.host());
    for (location, after) in [
        (other.as_str(), "&sig=hidden"),
        (&tls, ""),
        (&with_user, ""),
    ] {
        bench.quirks.off();
        let location = Quirk::Location(location.to_owned(), after.to_owned());
        bench.on(posts(), location);
        let error = remote_error(put(&bench).await);
        assert!(matches!(error, RemoteError::Elsewhere { .. }), "{error:?}");
        let text = error.to_string();
        assert!(
            !text.contains("hidden") && !text.contains("hunter2"),
            "{text}"
        );
    }
    // Nor does a later request take it there.
    let bench = Bench::new();
    bench.on(
        puts(),
        Quirk::Answer(Canned::redirect(307, &format!("{other}/x"))),
    );
    let error = remote_error(put(&bench).await);
    assert!(matches!(error, RemoteError::Refused { .. }), "{error:?}");
    let bench = Bench::new();
    bench.on(puts(), Quirk::Answer(Canned::status(413)));
    bench.on(patches(), Quirk::Location(other.clone(), String::new()));
    let error = remote_error(put(&bench).await);
    assert!(matches!(error, RemoteError::Elsewhere { .. }), "{error:?}");
    assert_eq!(elsewhere.quirks.lines(), Vec::<String>::new());
    // No Location at all.
    let bench = Bench::new();
    bench.on(posts(), Quirk::WithoutHeader("location"));
    let error = remote_error(put(&bench).await);
    assert!(matches!(error, RemoteError::Malformed { .. }), "{error:?}");
}

#[tokio::test]
async fn from_tls_to_plain_an_upload_does_not_go_on() {
    let elsewhere = Bench::new();
    let location = format!("{}/v2/u", elsewhere.registry.origin());
    let quirks = tofu_oci_testkit::Quirks::new();
    let started = Canned::status(202).header("location", &location);
    quirks.on(posts(), Quirk::Answer(started));
    let (registry, pem) = Registry::self_signed(quirks.around(Router::new()));
    let remote = encrypted_remote(&registry, pem, None);
    let host = registry.host().parse().unwrap();
    let purpose = tofu_oci_store::remote::Purpose::Write;
    let repo = remote.repository(&host, &name("acme/demo"), purpose);
    let blob = Descriptor::of(ZIP, b"content");
    let error = remote_error(repo.put_blob(&blob, Blob::Bytes("content".into())).await);
    assert!(matches!(error, RemoteError::Elsewhere { .. }), "{error:?}");
    assert_eq!(elsewhere.quirks.lines(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_refused_whole_goes_in_pieces() {
    for (what, quirk) in [
        ("too large", Quirk::Answer(Canned::page(413))),
        ("no PUT", Quirk::Answer(Canned::status(405))),
        ("no length", Quirk::Answer(Canned::status(411))),
        ("not implemented", Quirk::Answer(Canned::status(501))),
    ] {
        let bench = Bench::new();
        let first = puts().first(1);
        bench.on(first, quirk);
        let methods = send(&bench, 9 * MIB).await.unwrap();
        assert_eq!(number(&methods, "PATCH"), 3, "{what}: {methods:?}");
        assert!(number(&methods, "PUT") <= 3, "{what}: {methods:?}");
    }
}

#[tokio::test]
async fn a_connection_that_is_closed_on_large_bodies_gets_pieces() {
    let bench = Bench::new();
    bench.on(puts(), Quirk::BodyLimit(5 * MIB as u64));
    let methods = send(&bench, 30 * MIB).await;
    if methods.is_err() {
        println!("{:#?}", bench.quirks.seen());
    }
    let methods = methods.unwrap();
    assert_eq!(number(&methods, "PATCH"), 8, "{methods:?}");
    assert!(number(&methods, "PUT") <= 3, "{methods:?}");
    // Not even an answer comes.
    let bench = Bench::new();
    bench.on(puts().first(2), Quirk::Close);
    let methods = send(&bench, 9 * MIB).await.unwrap();
    assert_eq!(number(&methods, "PATCH"), 3, "{methods:?}");
}

#[tokio::test]
async fn pieces_that_are_too_large_become_smaller() {
    let bench = Bench::new();
    bench.on(
        Requests::to("/blobs/uploads/"),
        Quirk::BodyLimit(MIB as u64),
    );
    send(&bench, 5 * MIB).await.unwrap();
    let bench = Bench::new();
    bench.on(puts().first(1), Quirk::Answer(Canned::status(413)));
    bench.on(patches().first(2), Quirk::Answer(Canned::status(413)));
    let methods = send(&bench, 5 * MIB).await.unwrap();
    assert_eq!(number(&methods, "PATCH"), 7, "{methods:?}");
    // Where nothing at all is taken that ends.
    let bench = Bench::new();
    bench.on(Requests::to("/blobs/uploads/"), Quirk::BodyLimit(10));
    remote_error(send(&bench, 5 * MIB).await);
    let bench = Bench::new();
    bench.on(puts(), Quirk::Answer(Canned::status(413)));
    bench.on(patches(), Quirk::Answer(Canned::status(413)));
    let error = remote_error(send(&bench, 5 * MIB).await);
    assert!(matches!(error, RemoteError::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn a_registry_says_how_small_a_piece_may_be() {
    let least = 6 * MIB as u64;
    let bench = Bench::new();
    bench.on(puts().first(1), Quirk::Answer(Canned::status(405)));
    bench.on(Requests::to("/blobs/uploads/"), Quirk::LeastPiece(least));
    // Only the last piece is smaller, and this registry would refuse that one, too.
    let methods = send(&bench, 12 * MIB).await.unwrap();
    assert_eq!(number(&methods, "PATCH"), 2, "{methods:?}");
}

#[tokio::test]
async fn a_piece_is_answered_in_many_ways() {
    for (what, quirks) in [
        ("created", vec![Quirk::Status(201)]),
        ("no content", vec![Quirk::Status(204)]),
        (
            "a range that stands still",
            vec![Quirk::Status(201), Quirk::Header("range", "0-0".to_owned())],
        ),
        ("no range", vec![Quirk::WithoutHeader("range")]),
        ("no location", vec![Quirk::WithoutHeader("location")]),
        (
            "with a unit",
            vec![Quirk::Header("range", "bytes=0-99999999".to_owned())],
        ),
        ("junk", vec![Quirk::Header("range", "all of it".to_owned())]),
    ] {
        let bench = Bench::new();
        bench.on(puts().first(1), Quirk::Answer(Canned::status(413)));
        for quirk in quirks {
            bench.on(patches(), quirk);
        }
        let methods = send(&bench, 9 * MIB).await.unwrap();
        assert_eq!(number(&methods, "PATCH"), 3, "{what}: {methods:?}");
    }
}

#[tokio::test]
async fn an_upload_that_breaks_off_goes_on_where_it_was() {
    let bench = Bench::new();
    bench.on(puts().first(1), Quirk::TakeThenClose(20 * MIB));
    let methods = send(&bench, 24 * MIB).await.unwrap();
    // Asked where it is, one more piece, and the end.
    assert_eq!(number(&methods, "GET"), 1, "{methods:?}");
    assert_eq!(number(&methods, "PATCH"), 1, "{methods:?}");
    assert_eq!(number(&methods, "PUT"), 2, "{methods:?}");
    // A piece that breaks off.
    let bench = Bench::new();
    bench.on(puts().first(1), Quirk::Answer(Canned::status(413)));
    bench.on(patches().after(1).first(1), Quirk::TakeThenClose(MIB));
    send(&bench, 9 * MIB).await.unwrap();
    // One that was stored, and whose answer got lost.
    let bench = Bench::new();
    bench.on(puts().first(1), Quirk::Answer(Canned::status(413)));
    bench.on(patches().first(1), Quirk::CloseAfter);
    let methods = send(&bench, 9 * MIB).await.unwrap();
    assert_eq!(number(&methods, "PATCH"), 3, "{methods:?}");
    // A registry that is elsewhere than we.
    let bench = Bench::new();
    bench.on(puts().first(1), Quirk::Answer(Canned::status(413)));
    bench.on(
        patches().after(1).first(1),
        Quirk::Answer(Canned::status(416)),
    );
    send(&bench, 9 * MIB).await.unwrap();
    // The end whose answer got lost.
    let bench = Bench::new();
    bench.on(puts().first(1), Quirk::CloseAfter);
    send(&bench, 1000).await.unwrap();
    let bench = Bench::new();
    bench.on(puts().first(1), Quirk::Answer(Canned::status(413)));
    bench.on(puts().first(1), Quirk::CloseAfter);
    send(&bench, 1000).await.unwrap();
}

#[tokio::test]
async fn an_upload_that_is_lost_begins_anew() {
    let unknown = || Canned::error(404, "BLOB_UPLOAD_UNKNOWN", "upload unknown", "");
    let bench = Bench::new();
    bench.on(puts().first(1), Quirk::Answer(unknown()));
    let methods = send(&bench, 1000).await.unwrap();
    assert_eq!(number(&methods, "POST"), 2, "{methods:?}");
    let bench = Bench::new();
    bench.on(puts().first(1), Quirk::Answer(Canned::status(413)));
    bench.on(patches().after(1).first(1), Quirk::Answer(unknown()));
    let methods = send(&bench, 9 * MIB).await.unwrap();
    assert_eq!(number(&methods, "PATCH"), 5, "{methods:?}");
    // For ever.
    let bench = Bench::new();
    bench.on(puts(), Quirk::Answer(unknown()));
    let error = remote_error(send(&bench, 1000).await);
    assert!(error.to_string().contains("BLOB_UPLOAD_UNKNOWN"), "{error}");
    assert!(bench.count("PUT", "") <= 3);
}

#[tokio::test]
async fn failures_end_and_do_not_multiply() {
    for (what, quirk) in [
        ("500", Quirk::Answer(Canned::status(500))),
        ("503", Quirk::Answer(Canned::status(503))),
        ("429", Quirk::Answer(Canned::text(429, "slow down"))),
        ("closed", Quirk::Close),
    ] {
        let bench = Bench::new();
        bench.on(puts(), quirk.clone());
        bench.on(patches(), quirk);
        let error = send(&bench, 9 * MIB).await.unwrap_err();
        assert!(error.is_transient(), "{what}: {error:?}");
        let seen = bench.quirks.lines();
        let sends = |line: &&String| !line.starts_with("GET") && !line.starts_with("DELETE");
        let tries = seen.iter().filter(sends).count();
        // The whole twice, then a piece three times, with the beginnings.
        assert!(tries <= 10, "{what}: {seen:?}");
    }
    let bench = Bench::new();
    bench.on(posts(), Quirk::Answer(Canned::status(503)));
    send(&bench, 10).await.unwrap_err();
    assert_eq!(bench.count("POST", ""), 3);
}

#[tokio::test]
async fn a_refusal_is_told() {
    let bench = Bench::new();
    let answer = Canned::error(
        404,
        "NAME_UNKNOWN",
        "repository name not known to registry",
        "",
    );
    bench.on(posts(), Quirk::Answer(answer));
    let error = remote_error(send(&bench, 10).await);
    let RemoteError::Refused { answer, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(answer.has_code("NAME_UNKNOWN"), "{error:?}");
    assert_eq!(bench.count("POST", ""), 1);
    // One that stored other bytes than it was sent.
    let bench = Bench::new();
    let other = Descriptor::of(ZIP, b"other").digest.to_string();
    bench.on(puts(), Quirk::Header("docker-content-digest", other));
    let error = send(&bench, 10).await.unwrap_err();
    assert!(
        matches!(error, StoreError::DigestMismatch { .. }),
        "{error:?}"
    );
    // One that says nothing of it.
    let bench = Bench::new();
    bench.on(puts(), Quirk::WithoutHeader("docker-content-digest"));
    bench.on(puts(), Quirk::WithoutHeader("location"));
    send(&bench, 10).await.unwrap();
}

#[tokio::test]
async fn mounts_that_are_none() {
    let bench = Bench::new();
    let remote = bench.remote();
    let open = |text: &str| {
        let purpose = tofu_oci_store::remote::Purpose::Write;
        Arc::new(remote.repository(&bench.host(), &name(text), purpose))
    };
    let from = open("acme/from");
    let blob = put_bytes(from.as_ref(), b"content").await;
    let mount = || Requests::of("POST", "mount=");
    let stored = || Blob::Stored(from.clone());
    for (target, quirk, put) in [
        ("acme/a", None, Put::Mounted),
        (
            "acme/b",
            Some(Quirk::Answer(Canned::status(401))),
            Put::Uploaded,
        ),
        (
            "acme/c",
            Some(Quirk::Answer(Canned::status(403))),
            Put::Uploaded,
        ),
        (
            "acme/d",
            Some(Quirk::Answer(Canned::status(404))),
            Put::Uploaded,
        ),
        (
            "acme/e",
            Some(Quirk::Answer(Canned::status(405))),
            Put::Uploaded,
        ),
    ] {
        bench.quirks.off();
        if let Some(quirk) = quirk {
            bench.on(mount(), quirk);
        }
        let repo = open(target);
        assert_eq!(
            repo.put_blob(&blob, stored()).await.unwrap(),
            put,
            "{target}"
        );
        assert!(bench.inside(target).has(&blob).await.unwrap());
    }
    // It begins an upload instead, which is used.
    bench.quirks.off();
    bench.quirks.seen();
    let repo = open("acme/f");
    let anybody = tofu_oci_store::User::Anonymous;
    let id = bench
        .storage
        .start(&name("acme/f"), &anybody)
        .await
        .unwrap();
    let location = format!("/v2/acme/f/blobs/uploads/{id}");
    let location = Canned::status(202).header("location", &location);
    bench.on(mount(), Quirk::Answer(location));
    assert_eq!(repo.put_blob(&blob, stored()).await.unwrap(), Put::Uploaded);
    assert_eq!(bench.count("POST", ""), 1);
}

#[tokio::test]
async fn a_registry_that_takes_nothing_is_given_up() {
    let bench = Bench::new();
    bench.on(Requests::to("/blobs/uploads/"), Quirk::Hang);
    let error = remote_error(soon(send_by(&bench, &bench.impatient_repository(), 9 * MIB)).await);
    assert!(matches!(error, RemoteError::TimedOut { .. }), "{error:?}");
    let bench = Bench::new();
    bench.on(puts(), Quirk::Hang);
    bench.on(patches(), Quirk::Hang);
    let error = remote_error(soon(send_by(&bench, &bench.impatient_repository(), 9 * MIB)).await);
    assert!(matches!(error, RemoteError::TimedOut { .. }), "{error:?}");
}

#[tokio::test]
async fn a_registry_that_is_full_is_asked_once() {
    let bench = Bench::new();
    let full = Canned::error(507, "DENIED", "no space left", "");
    bench.on(puts(), Quirk::Answer(full.clone()));
    let error = remote_error(put(&bench).await);
    assert!(matches!(error, RemoteError::Failed { .. }), "{error:?}");
    let seen = bench.quirks.seen();
    let methods: Vec<_> = seen.iter().map(|seen| seen.method.as_str()).collect();
    assert_eq!(methods, ["HEAD", "POST", "PUT", "DELETE"]);
    // Nor is a piece sent twice.
    let bench = Bench::new();
    bench.on(puts().first(1), Quirk::Answer(Canned::status(413)));
    bench.on(patches(), Quirk::Answer(full));
    let error = send(&bench, 9 * MIB).await.unwrap_err();
    assert!(!error.is_absent(), "{error:?}");
    let seen = bench.quirks.seen();
    let patches = seen.iter().filter(|seen| seen.method == "PATCH").count();
    assert_eq!(patches, 1);
}
