//! Blobs on their way out of registries and proxies that break off, stand still or lie.

use bytes::Bytes;
use tofu_oci_store::remote::RemoteError;
use tofu_oci_store::{Repository, StoreError};
use tofu_oci_testkit::{Canned, Quirk, Requests};
use tofu_oci_types::oci::Descriptor;

use crate::bench::*;
use crate::support::*;

const LENGTH: usize = 1024 * 1024;

fn gets() -> Requests {
    Requests::of("GET", "/blobs/sha256:")
}

/// A registry with one blob.
async fn with_blob() -> (Bench, Descriptor) {
    let bench = Bench::new();
    let blob = put_bytes(&bench.inside("acme/demo"), &noise(LENGTH)).await;
    (bench, blob)
}

async fn read(bench: &Bench, blob: &Descriptor) -> Result<Bytes, StoreError> {
    let content = bench.repository().blob(blob).await?;
    content.into_bytes(LENGTH as u64).await
}

/// The same, by somebody who does not wait long.
async fn read_soon(bench: &Bench, blob: &Descriptor) -> Result<Bytes, StoreError> {
    let content = bench.impatient_repository().blob(blob).await?;
    content.into_bytes(LENGTH as u64).await
}

#[tokio::test]
async fn a_transfer_that_breaks_off_goes_on() {
    let (bench, blob) = with_blob().await;
    bench.on(gets().first(1), Quirk::CutAfter(400_000));
    assert_eq!(read(&bench, &blob).await.unwrap(), noise(LENGTH));
    let seen = bench.quirks.seen();
    assert_eq!(seen.len(), 2);
    let range = seen[1].header("range").unwrap();
    let start = range.strip_prefix("bytes=").unwrap();
    let (start, end) = start.split_once('-').unwrap();
    assert!(start.parse::<usize>().unwrap() > 0, "{range}");
    assert_eq!(end, (LENGTH - 1).to_string());
}

#[tokio::test]
async fn whoever_gets_on_may_break_off_often() {
    let (bench, blob) = with_blob().await;
    bench.on(gets(), Quirk::CutAfter(300_000));
    assert_eq!(read(&bench, &blob).await.unwrap(), noise(LENGTH));
    assert!(bench.quirks.seen().len() >= 4);
    // Whoever does not get on may not.
    let (bench, blob) = with_blob().await;
    bench.on(gets(), Quirk::CutAfter(10));
    let error = read(&bench, &blob).await.unwrap_err();
    assert!(
        error.is_transient() || matches!(error, StoreError::TooShort { .. }),
        "{error:?}"
    );
    assert_eq!(bench.quirks.seen().len(), 3);
}

#[tokio::test]
async fn failures_between_do_not_multiply() {
    let (bench, blob) = with_blob().await;
    bench.on(gets().first(1), Quirk::CutAfter(10));
    bench.on(gets().after(1), Quirk::Answer(Canned::status(502)));
    let error = remote_error(read(&bench, &blob).await);
    assert!(matches!(error, RemoteError::Failed { .. }), "{error:?}");
    assert_eq!(bench.quirks.seen().len(), 3);
}

#[tokio::test]
async fn a_range_that_is_ignored_is_cut_out() {
    let (bench, blob) = with_blob().await;
    bench.on(gets(), Quirk::IgnoresRange);
    bench.on(gets().first(1), Quirk::CutAfter(400_000));
    assert_eq!(read(&bench, &blob).await.unwrap(), noise(LENGTH));
    let part = bench
        .repository()
        .blob_part(&blob, 1000..2000)
        .await
        .unwrap();
    let mut part = part;
    let mut got = Vec::new();
    while let Some(bytes) = part.next().await.unwrap() {
        got.extend_from_slice(&bytes);
    }
    assert_eq!(got, noise(LENGTH)[1000..2000]);
}

#[tokio::test]
async fn a_part_must_be_the_one_that_was_asked_for() {
    for range in [
        Some("bytes 0-99/1048576"),
        Some("bytes 1000-1999/5"),
        Some("bytes */1048576"),
        Some("junk"),
        None,
    ] {
        let (bench, blob) = with_blob().await;
        bench.on(
            gets(),
            match range {
                Some(range) => Quirk::Header("content-range", range.to_owned()),
                None => Quirk::WithoutHeader("content-range"),
            },
        );
        let part = bench.repository().blob_part(&blob, 1000..2000).await;
        let error = remote_error(part);
        assert!(
            matches!(error, RemoteError::Malformed { .. }),
            "{range:?}: {error:?}"
        );
    }
    // Other bytes than before, by the mark that the registry has for content.
    let (bench, blob) = with_blob().await;
    bench.on(gets(), Quirk::Header("etag", "\"one\"".to_owned()));
    bench.on(gets().first(1), Quirk::CutAfter(400_000));
    read(&bench, &blob).await.unwrap();
    let seen = bench.quirks.seen();
    assert_eq!(seen[1].header("if-range"), Some("\"one\""));
}

#[tokio::test]
async fn silence_ends_and_slowness_does_not() {
    let (bench, blob) = with_blob().await;
    bench.on(gets().first(1), Quirk::StallAfter(500_000));
    assert_eq!(read_soon(&bench, &blob).await.unwrap(), noise(LENGTH));
    let (bench, blob) = with_blob().await;
    bench.on(gets(), Quirk::StallAfter(10));
    let error = remote_error(soon(read_soon(&bench, &blob)).await);
    assert!(matches!(error, RemoteError::TimedOut { .. }), "{error:?}");
    let (bench, blob) = with_blob().await;
    bench.on(gets(), Quirk::Hang);
    let error = remote_error(soon(read_soon(&bench, &blob)).await);
    assert!(matches!(error, RemoteError::TimedOut { .. }), "{error:?}");
    // Slower than the limit as a whole, but always moving.
    let (bench, blob) = with_blob().await;
    bench.on(gets(), Quirk::Trickle(LENGTH / 20, IDLE / 10));
    assert_eq!(read_soon(&bench, &blob).await.unwrap(), noise(LENGTH));
    assert_eq!(bench.quirks.seen().len(), 1);
}

#[tokio::test]
async fn what_only_trickles_ends() {
    let (bench, blob) = with_blob().await;
    bench.on(gets(), Quirk::Trickle(1, IDLE / 20));
    // Every byte comes in time, and all of them together in half an hour.
    let mut options = bench.options();
    options.timeouts.pace = IDLE / 2;
    let repo = bench.open(&tofu_oci_store::remote::Remote::new(options));
    let reader = repo.blob(&blob).await.unwrap();
    let error = remote_error(soon(reader.into_bytes(u64::MAX)).await);
    assert!(matches!(error, RemoteError::TimedOut { .. }), "{error:?}");
    assert_eq!(bench.quirks.seen().len(), 3);
}

#[tokio::test]
async fn lengths_that_lie() {
    let mut longer = noise(LENGTH);
    longer.push(0);
    for (what, body) in [
        ("longer", Bytes::from(longer.clone())),
        ("shorter", Bytes::from(noise(LENGTH - 1))),
        ("other", Bytes::from(vec![7; LENGTH])),
        ("a page", Bytes::from_static(b"<html>")),
        ("nothing", Bytes::new()),
    ] {
        let (bench, blob) = with_blob().await;
        bench.on(gets(), Quirk::Body(body));
        let error = read(&bench, &blob).await.unwrap_err();
        let fits = match what {
            "longer" => matches!(error, StoreError::TooLong { .. }),
            "other" => matches!(error, StoreError::DigestMismatch { .. }),
            _ => matches!(error, StoreError::TooShort { .. }),
        };
        assert!(fits, "{what}: {error:?}");
        assert_eq!(bench.quirks.seen().len(), 1, "{what}");
    }
    // The same without a length.
    let (bench, blob) = with_blob().await;
    bench.on(gets(), Quirk::WithoutLength);
    assert_eq!(read(&bench, &blob).await.unwrap(), noise(LENGTH));
    let (bench, blob) = with_blob().await;
    bench.on(gets(), Quirk::Body(Bytes::from(longer)));
    bench.on(gets(), Quirk::WithoutLength);
    // No more than the blob is read.
    assert_eq!(read(&bench, &blob).await.unwrap(), noise(LENGTH));
}

#[tokio::test]
async fn content_is_taken_as_it_comes() {
    // What is said of an encoding changes no byte.
    let (bench, blob) = with_blob().await;
    bench.on(gets(), Quirk::Header("content-encoding", "gzip".to_owned()));
    bench.on(
        gets(),
        Quirk::Header("content-type", "text/html".to_owned()),
    );
    assert_eq!(read(&bench, &blob).await.unwrap(), noise(LENGTH));
    let seen = bench.quirks.seen();
    assert_eq!(seen[0].header("accept-encoding"), None);
}

#[tokio::test]
async fn absence_is_told_and_nothing_else_is() {
    let (bench, blob) = with_blob().await;
    for (answer, absent) in [
        (Canned::status(404), true),
        (Canned::error(404, "BLOB_UNKNOWN", "", ""), true),
        (Canned::error(404, "NAME_UNKNOWN", "", ""), true),
        (Canned::page(404), true),
        (Canned::status(410), false),
        (Canned::status(400), false),
        (Canned::status(416), false),
        (Canned::status(403), false),
    ] {
        bench.quirks.off();
        bench.on(gets(), Quirk::Answer(answer.clone()));
        let error = read(&bench, &blob).await.unwrap_err();
        assert_eq!(error.is_absent(), absent, "{answer:?}: {error:?}");
    }
}

#[tokio::test]
async fn lookups_that_say_little() {
    let heads = || Requests::of("HEAD", "/blobs/");
    for (quirk, there) in [
        (Quirk::WithoutHeader("content-length"), true),
        (Quirk::WithoutLength, true),
        (Quirk::Header("content-length", "5".to_owned()), false),
        (Quirk::Answer(Canned::status(404)), false),
        (Quirk::Answer(Canned::status(405)), false),
    ] {
        let (bench, blob) = with_blob().await;
        bench.on(heads(), quirk.clone());
        assert_eq!(
            bench.repository().has(&blob).await.unwrap(),
            there,
            "{quirk:?}"
        );
    }
    for status in [401, 403, 500] {
        let (bench, blob) = with_blob().await;
        bench.on(heads(), Quirk::Answer(Canned::status(status)));
        remote_error(bench.repository().has(&blob).await);
    }
}
