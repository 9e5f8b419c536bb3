//! What every repository does, whatever it is made of.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod blobs;
mod manifests;
#[path = "../support/mod.rs"]
mod support;
mod tags;

use std::sync::Arc;

use support::*;
use tofu_oci_store::WritableRepository;

type Repo = Arc<dyn WritableRepository>;

/// Runs a test on a fresh repository of every kind.
macro_rules! on_every_repository {
    ($($module:ident: $($test:ident),* $(,)?;)*) => {$($(
        #[tokio::test]
        async fn $test() {
            for backend in Backend::all() {
                println!("on {}", backend.kind);
                $module::$test(&backend.repository("acme/demo"), &backend).await;
            }
        }
    )*)*};
}

on_every_repository!(
    blobs:
        an_absent_repository_is_told_from_absent_content,
        blobs_come_back_as_they_were,
        bad_blobs_do_not_become_visible,
        a_gate_can_refuse_at_the_end,
        parts_of_blobs,
        blobs_are_mounted_within_a_domain,
    ;
    manifests:
        manifests_keep_their_bytes_and_types,
        children_must_be_there,
        a_refused_batch_changes_no_tag,
        putting_twice_changes_nothing,
        many_writers_at_once,
    ;
    tags:
        tags_follow_their_rules,
        tags_are_sorted_and_leave_manifests_behind,
        referrers_are_found_by_subject,
        deleting,
    ;
);
