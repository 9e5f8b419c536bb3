//! Uploads that do not go on: the registry is told.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use tofu_oci_store::remote::RemoteError;
use tofu_oci_store::{Blob, GateError, OpenBlob, ReadBlob, StoreError, WritableRepository};
use tofu_oci_testkit::{Canned, Quirk, Requests};
use tofu_oci_types::oci::Descriptor;

use crate::bench::*;
use crate::support::*;
use crate::upload::{patches, puts};

const MIB: usize = 1024 * 1024;

/// Every upload that was begun was given up.
#[track_caller]
fn nothing_is_left(bench: &Bench, what: &str) {
    let seen = bench.quirks.seen();
    let begun = seen.iter().filter(|seen| seen.method == "POST").count();
    // While the registry is still reading it may have to be told again.
    let given_up = seen.iter().filter(|seen| seen.method == "DELETE");
    let given_up: HashSet<String> = given_up.map(tofu_oci_testkit::Seen::line).collect();
    let lines: Vec<String> = seen.iter().map(tofu_oci_testkit::Seen::line).collect();
    assert_eq!(given_up.len(), begun, "{what}: {lines:#?}");
}

#[tokio::test]
async fn an_upload_that_is_given_up_is_deleted() {
    for (what, quirk) in [
        (
            "refused",
            Quirk::Answer(Canned::error(400, "DIGEST_INVALID", "no", "")),
        ),
        ("denied", Quirk::Answer(Canned::status(403))),
        ("failing", Quirk::Answer(Canned::status(500))),
        ("closed", Quirk::Close),
    ] {
        let bench = Bench::new();
        bench.on(puts(), quirk.clone());
        bench.on(patches(), quirk);
        let blob = Descriptor::of(ZIP, &noise(9 * MIB));
        let content = Blob::Bytes(noise(9 * MIB).into());
        bench
            .repository()
            .put_blob(&blob, content)
            .await
            .unwrap_err();
        nothing_is_left(&bench, what);
    }
    // Content that turns out to be bad.
    let bench = Bench::new();
    let blob = Descriptor::of(ZIP, &noise(9 * MIB));
    let content = Blob::Gated(Arc::new(Bad(noise(9 * MIB).into())));
    let error = bench.repository().put_blob(&blob, content).await;
    let error = error.unwrap_err();
    assert!(matches!(error, StoreError::Gate(_)), "{error:?}");
    nothing_is_left(&bench, "bad");
    // A registry that does not do that, or does not answer.
    for quirk in [
        Quirk::Answer(Canned::status(405)),
        Quirk::Hang,
        Quirk::Close,
    ] {
        let bench = Bench::new();
        bench.on(
            puts(),
            Quirk::Answer(Canned::error(400, "DIGEST_INVALID", "no", "")),
        );
        bench.on(Requests::of("DELETE", ""), quirk);
        let repo = bench.impatient_repository();
        let content = Blob::Bytes("content".into());
        let blob = Descriptor::of(ZIP, b"content");
        let error = remote_error(soon(repo.put_blob(&blob, content)).await);
        assert!(matches!(error, RemoteError::Refused { .. }), "{error:?}");
        assert_eq!(bench.count("DELETE", ""), 1);
    }
}

/// Content that is refused in its middle.
struct Bad(Bytes);

impl OpenBlob for Bad {
    fn open(&self) -> Result<Box<dyn ReadBlob>, GateError> {
        Ok(Box::new(Self(self.0.slice(..self.0.len() / 2))))
    }
}

impl ReadBlob for Bad {
    fn next(&mut self) -> Result<Option<Bytes>, GateError> {
        let left = self.0.len();
        match self.0.split_to(left.min(MIB)) {
            piece if piece.is_empty() => Err("it is bad".into()),
            piece => Ok(Some(piece)),
        }
    }
}
