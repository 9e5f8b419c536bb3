//! The edges between the crates of the workspace, and what its lowest crates depend on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Each crate with the crates of the workspace that it may depend on.
const EDGES: [(&str, &[&str]); 8] = [
    ("tofu-oci-types", &[]),
    ("tofu-oci-trust", &["tofu-oci-types"]),
    ("tofu-oci-store", &["tofu-oci-types"]),
    (
        "tofu-oci-source",
        &["tofu-oci-types", "tofu-oci-trust", "tofu-oci-store"],
    ),
    (
        "tofu-oci",
        &[
            "tofu-oci-types",
            "tofu-oci-trust",
            "tofu-oci-store",
            "tofu-oci-source",
        ],
    ),
    (
        "tofu-oci-gateway",
        &[
            "tofu-oci-types",
            "tofu-oci-trust",
            "tofu-oci-store",
            "tofu-oci-source",
        ],
    ),
    ("tofu-oci-cli", &["tofu-oci", "tofu-oci-gateway"]),
    (
        "tofu-oci-testkit",
        &[
            "tofu-oci-types",
            "tofu-oci-trust",
            "tofu-oci-store",
            "tofu-oci-source",
            "tofu-oci-gateway",
        ],
    ),
];

/// Everything else that the two lowest crates may depend on: no I/O, no runtime; verification
/// libraries in `trust` alone.
const LISTED: [(&str, &[&str]); 2] = [
    (
        "tofu-oci-types",
        &[
            "aws-lc-rs",
            "base64",
            "bytes",
            "hcl-edit",
            "hcl-rs",
            "idna",
            "jiff",
            "serde",
            "serde_json",
            "thiserror",
            "unicode-normalization",
        ],
    ),
    (
        "tofu-oci-trust",
        &[
            "aws-lc-rs",
            "base64",
            "bytes",
            "crc32fast",
            "flate2",
            "pgp",
            "rawzip",
            "thiserror",
            "unicode-normalization",
        ],
    ),
];

/// The normal dependencies of each crate of the workspace, as cargo sees them.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let names = package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
                .collect();
            (package["name"].as_str().unwrap().to_owned(), names)
        })
        .collect()
}

#[test]
fn edges_point_down() {
    let found = dependencies();
    let drawn: BTreeMap<&str, &[&str]> = EDGES.into_iter().collect();
    for (name, dependencies) in &found {
        let allowed = drawn
            .get(name.as_str())
            .unwrap_or_else(|| panic!("the crate {name} is not drawn"));
        for dependency in dependencies.iter().filter(|d| found.contains_key(*d)) {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{name} depends on {dependency}, which is not drawn"
            );
        }
    }
    assert_eq!(found.len(), EDGES.len(), "a drawn crate is missing");
}

#[test]
fn the_lowest_crates_depend_on_what_is_listed() {
    let found = dependencies();
    for (name, listed) in LISTED {
        for dependency in &found[name] {
            assert!(
                listed.contains(&dependency.as_str()) || found.contains_key(dependency),
                "{name} depends on {dependency}, which is not listed"
            );
        }
    }
}
