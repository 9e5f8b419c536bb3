//! What is refused before anything is stored.

use tofu_oci::publish::{ProviderOptions, PublishError};

use crate::support::*;

/// The beginning of a program for linux_arm64.
const ELF_ARM64: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xb7\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

#[tokio::test]
async fn content_that_is_not_what_it_should_be_is_never_stored() {
    // One byte of the content of an entry differs from its CRC.
    let mut broken = package("darwin_arm64");
    let at = broken.windows(10).position(|w| w == b"Apache-2.0").unwrap();
    broken[at] ^= 1;
    for listed in [false, true] {
        let dist = Dist::empty();
        dist.write(&zip_name("linux_amd64"), &package("linux_amd64"));
        dist.write(&zip_name("darwin_arm64"), &broken);
        if listed {
            dist.list();
        }
        let repository = memory();
        let error = publish(&dist, &repository, &ProviderOptions::default())
            .await
            .unwrap_err();
        assert!(chain(&error).contains("LICENSE"), "{}", chain(&error));
        let digest = tofu_oci::types::oci::Digest::of(&broken);
        let blob = tofu_oci::types::oci::Descriptor::new(
            tofu_oci::types::artifact::PACKAGE_LAYER,
            digest,
            broken.len() as u64,
        );
        assert!(!repository.has(&blob).await.unwrap());
        assert!(repository.tags().await.unwrap_or_default().is_empty());
    }
}

#[tokio::test]
async fn checksums_files_that_are_refused() {
    let linux = zip_name("linux_amd64");
    let hash = tofu_oci::types::oci::Digest::of(&package("linux_amd64"));
    let other = tofu_oci::types::oci::Digest::of(b"other");
    let (hash, other) = (hash.encoded(), other.encoded());
    for (name, list, says) in [
        ("wrong", format!("{other}  {linux}\n"), "is listed as"),
        ("missing", format!("{hash}  other.zip\n"), "is not listed"),
        (
            "blank line",
            format!("{hash}  {linux}\n\n"),
            "line 2 is blank",
        ),
        ("binary marker", format!("{hash} *{linux}\n"), "\"*\""),
        ("no hash", format!("{hash}  {linux}\nabc  x\n"), "64 hex"),
        (
            "twice",
            format!("{hash}  {linux}\n{hash}  {linux}\n"),
            "again",
        ),
        ("empty", String::new(), "checksums file"),
    ] {
        let dist = Dist::empty();
        dist.write(&linux, &package("linux_amd64"));
        dist.write("terraform-provider-demo_1.2.3_SHA256SUMS", list.as_bytes());
        let repository = memory();
        let error = publish(&dist, &repository, &ProviderOptions::default())
            .await
            .unwrap_err();
        assert!(
            matches!(error, PublishError::Shasums { .. }),
            "{name}: {error:?}"
        );
        assert!(chain(&error).contains(says), "{name}: {}", chain(&error));
        assert!(repository.tags().await.unwrap_or_default().is_empty());
    }
    // Further names do no harm: other platforms, files that are not published.
    let dist = Dist::empty();
    dist.write(&linux, &package("linux_amd64"));
    let list = format!("{other}  {}\n{hash}  {linux}\n", zip_name("darwin_arm64"));
    dist.write("terraform-provider-demo_1.2.3_SHA256SUMS", list.as_bytes());
    publish(&dist, &memory(), &ProviderOptions::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn bad_names_bad_zips_and_bad_tags() {
    for (name, files, says) in [
        (
            "v prefix",
            vec![(
                "terraform-provider-demo_v1.2.3_linux_amd64.zip",
                package("linux_amd64"),
            )],
            "write 1.2.3",
        ),
        (
            "not canonical",
            vec![(
                "terraform-provider-demo_1.2_linux_amd64.zip",
                package("linux_amd64"),
            )],
            "write 1.2.0",
        ),
        (
            "empty",
            vec![("terraform-provider-demo_1.2.3_linux_amd64.zip", Vec::new())],
            "not a zip",
        ),
        (
            "truncated",
            vec![(
                "terraform-provider-demo_1.2.3_linux_amd64.zip",
                package("linux_amd64")[..80].to_vec(),
            )],
            "truncated",
        ),
        (
            "no executable",
            vec![(
                "terraform-provider-demo_1.2.3_linux_amd64.zip",
                zip_of(&[("README", b"x")]),
            )],
            "terraform-provider-demo",
        ),
        (
            "no .exe",
            vec![(
                "terraform-provider-demo_1.2.3_windows_amd64.zip",
                package("linux_amd64"),
            )],
            ".exe",
        ),
        (
            "other machine",
            vec![(
                "terraform-provider-demo_1.2.3_linux_amd64.zip",
                zip_of(&[("terraform-provider-demo", ELF_ARM64)]),
            )],
            "linux_amd64",
        ),
        (
            "nothing",
            vec![("README", Vec::new())],
            "no provider package",
        ),
        (
            "SBOM of no platform",
            vec![
                (
                    "terraform-provider-demo_1.2.3_linux_amd64.zip",
                    package("linux_amd64"),
                ),
                (
                    "terraform-provider-demo_1.2.3_darwin_arm64.spdx.json",
                    br#"{"spdxVersion":"SPDX-2.3"}"#.to_vec(),
                ),
            ],
            "darwin_arm64",
        ),
        (
            "signature of nothing",
            vec![
                (
                    "terraform-provider-demo_1.2.3_linux_amd64.zip",
                    package("linux_amd64"),
                ),
                (
                    "terraform-provider-demo_1.2.3_SHA256SUMS.sig",
                    b"x".to_vec(),
                ),
            ],
            "there is none",
        ),
        (
            "two providers",
            vec![
                (
                    "terraform-provider-demo_1.2.3_linux_amd64.zip",
                    package("linux_amd64"),
                ),
                (
                    "terraform-provider-other_1.2.3_linux_amd64.zip",
                    package("linux_amd64"),
                ),
            ],
            "demo, other",
        ),
    ] {
        let dist = Dist::empty();
        for (file, content) in files {
            dist.write(file, &content);
        }
        let repository = memory();
        let error = publish(&dist, &repository, &ProviderOptions::default())
            .await
            .unwrap_err();
        assert!(chain(&error).contains(says), "{name}: {}", chain(&error));
        assert!(
            repository.tags().await.unwrap_or_default().is_empty(),
            "{name}"
        );
    }
    let dist = Dist::new(&["linux_amd64"]);
    for (text, says) in [
        ("dir:r//acme/demo:1.2.4", "only of 1.2.3"),
        ("dir:r//acme/demo:v1.2.3", "not one of a version"),
        ("dir:r//acme/demo:latest", "not one of a version"),
    ] {
        let at = address(text);
        let error = publisher()
            .provider_into(&[dist.path()], (&at, memory()), &ProviderOptions::default())
            .await
            .unwrap_err();
        assert!(error.to_string().contains(says), "{text}: {error}");
    }
}

#[tokio::test]
async fn failures_of_several_zips_are_told_together() {
    let dist = Dist::empty();
    for platform in ["linux_amd64", "darwin_arm64", "windows_amd64"] {
        dist.write(&zip_name(platform), b"PK\x03\x04 not really");
    }
    let error = publish(&dist, &memory(), &ProviderOptions::default())
        .await
        .unwrap_err();
    let PublishError::Several(errors) = error else {
        panic!("{error:?}");
    };
    assert_eq!(errors.len(), 3);
}
