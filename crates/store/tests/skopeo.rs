//! skopeo reads what we write, and we read what it writes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_docs
)]

mod support;

use std::process::Command;

use support::*;
use tofu_oci_store::{Files, TagRule, open_directory, open_directory_for_writing};
use tofu_oci_types::oci::{Address, DirectoryAddress};

fn skopeo(arguments: &[&str]) -> Option<Vec<u8>> {
    match Command::new("skopeo").args(arguments).output() {
        Ok(output) => {
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{arguments:?}: {told}");
            Some(output.stdout)
        }
        Err(_) => {
            eprintln!("skipped: there is no skopeo");
            None
        }
    }
}

fn address(text: &str) -> DirectoryAddress {
    match text.parse() {
        Ok(Address::Directory(address)) => address,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn skopeo_and_we_read_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().display();
    let ours = address(&format!("dir:{path}/ours//acme/demo"));
    let repo = open_directory_for_writing(&ours, &Files::new())
        .await
        .unwrap();
    let child = put_image(repo.as_ref(), b"layer").await;
    let top = index(&[&child]);
    put_tagged(repo.as_ref(), &top, "1.0.0", TagRule::Create)
        .await
        .unwrap();
    let from = format!("oci:{path}/ours/acme/demo:1.0.0");
    let Some(raw) = skopeo(&["inspect", "--raw", &from]) else {
        return;
    };
    assert_eq!(raw, top.bytes()[..]);

    // Into a layout of its own, and then into ours.
    for to in ["theirs", "ours/acme/demo"] {
        let to = format!("{path}/{to}");
        let target = format!("oci:{to}:copied");
        skopeo(&["copy", "--all", "--preserve-digests", &from, &target]).unwrap();
        let read = open_directory(&address(&format!("dir:{to}")), &Files::new())
            .await
            .unwrap();
        assert_eq!(read.manifest(&at("copied")).await.unwrap(), top);
        let image = read.manifest(&by(child.digest())).await.unwrap();
        assert_eq!(image, child);
        let layer = read.blob(image.blobs()[1]).await.unwrap();
        assert_eq!(layer.into_bytes(99).await.unwrap(), "layer");
    }
    // What it did to our index is no reason to lose anything.
    assert_eq!(repo.tags().await.unwrap(), [tag("1.0.0"), tag("copied")]);
    put_tagged(repo.as_ref(), &top, "1.0.1", TagRule::Create)
        .await
        .unwrap();
    for version in ["1.0.0", "copied", "1.0.1"] {
        let from = format!("oci:{path}/ours/acme/demo:{version}");
        assert_eq!(
            skopeo(&["inspect", "--raw", &from]).unwrap(),
            top.bytes()[..]
        );
    }
}
