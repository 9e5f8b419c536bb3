use proptest::prelude::*;

use super::*;

fn release(text: &str) -> ReleaseName {
    let (kind, version) = text.split_once(' ').unwrap();
    ReleaseName::new(kind, version.parse().unwrap()).unwrap()
}

fn platform(text: &str) -> Platform {
    text.parse().unwrap()
}

#[test]
fn packages() {
    for (name, kind, version, platform) in [
        (
            "terraform-provider-demo_1.2.3_linux_amd64.zip",
            "demo",
            "1.2.3",
            "linux_amd64",
        ),
        (
            "terraform-provider-random-beta_1.2.0_windows_386.zip",
            "random-beta",
            "1.2.0",
            "windows_386",
        ),
        (
            "terraform-provider-demo_1.2.3-rc.1+b5_darwin_arm64.zip",
            "demo",
            "1.2.3-rc.1+b5",
            "darwin_arm64",
        ),
    ] {
        let package: PackageFilename = name.parse().unwrap();
        assert_eq!(package.kind(), kind);
        assert_eq!(package.version().to_string(), version);
        assert_eq!(package.platform().to_string(), platform);
        assert_eq!(package.to_string(), name);
    }
}

#[test]
fn refused_packages() {
    let form = "the form is terraform-provider-TYPE_VERSION_OS_ARCH.zip";
    for (name, reason) in [
        ("", form),
        ("demo_1.2.3_linux_amd64.zip", form),
        ("terraform-provider-demo_1.2.3_linux_amd64", form),
        ("terraform-provider-demo_1.2.3.zip", form),
        (
            "terraform-provider-demo_v1.2.3_linux_amd64.zip",
            "the version \"v1.2.3\": a \"v\" prefix should not be used; write 1.2.3",
        ),
        (
            "terraform-provider-demo_1.2_linux_amd64.zip",
            "the version \"1.2\": it is not canonical; write 1.2.0",
        ),
        (
            "terraform-provider-demo_01.2.3_linux_amd64.zip",
            "the version \"01.2.3\": it is not canonical; write 1.2.3",
        ),
        (
            "terraform-provider-Demo_1.2.3_linux_amd64.zip",
            "the type \"Demo\" is not normalised; write \"demo\"",
        ),
        (
            "terraform-provider-a.b_1.2.3_linux_amd64.zip",
            "the type \"a.b\": dots are not allowed",
        ),
        (
            "terraform-provider-demo_1.2.3_linux.zip",
            "platform \"linux\" is invalid: the form is OS_ARCH, as in linux_amd64",
        ),
        (
            "terraform-provider-demo_1.2.3_linux_amd64_v1.zip",
            "platform \"linux_amd64_v1\" is invalid: the form is OS_ARCH, as in linux_amd64",
        ),
    ] {
        assert_eq!(
            name.parse::<PackageFilename>().unwrap_err().reason,
            reason,
            "{name}"
        );
    }
}

#[test]
fn mirror_files() {
    for (name, kind, expected) in [
        (
            "terraform-provider-null_2.1.0_linux_amd64.zip",
            "null",
            Some("terraform-provider-null_2.1.0_linux_amd64.zip"),
        ),
        (
            "Terraform-Provider-P_2.0.0_LINUX_AMD64.zip",
            "p",
            Some("terraform-provider-p_2.0.0_linux_amd64.zip"),
        ),
        (
            "terraform-provider-p_1.0.0-RC1_linux_amd64.zip",
            "p",
            Some("terraform-provider-p_1.0.0-rc1_linux_amd64.zip"),
        ),
        (
            "terraform-provider-p_1.2_linux_amd64.zip",
            "p",
            Some("terraform-provider-p_1.2.0_linux_amd64.zip"),
        ),
        (
            "terraform-provider-p_1.2.3_linux_amd64_more_words.zip",
            "p",
            Some("terraform-provider-p_1.2.3_linux_amd64.zip"),
        ),
        ("invalid", "null", None),
        ("terraform-provider-null_invalid.zip", "null", None),
        (
            "terraform-provider-null_invalid_invalid_invalid.zip",
            "null",
            None,
        ),
        (
            "terraform-provider-other_2.1.0_linux_amd64.zip",
            "null",
            None,
        ),
        (
            "terraform-provider-null_2.1.0_linux_amd64.tgz",
            "null",
            None,
        ),
        ("terraform-provider-null_2.1.0_linux_.zip", "null", None),
    ] {
        let read = PackageFilename::parse_mirror(name, kind)
            .ok()
            .map(|p| p.to_string());
        assert_eq!(read.as_deref(), expected, "{name}");
    }
}

#[test]
fn other_files() {
    let demo = release("demo 1.2.3");
    let key = "0F1E2D3C4B5A6978";
    let sbom = |platform: Option<&str>, format| ReleaseFile::Sbom {
        release: Some(demo.clone()),
        platform: platform.map(self::platform),
        format,
    };
    for (suffix, expected) in [
        (
            "_linux_amd64.zip",
            ReleaseFile::Package(demo.package(platform("linux_amd64"))),
        ),
        ("_SHA256SUMS", ReleaseFile::Checksums(demo.clone())),
        (
            "_SHA256SUMS.sig",
            ReleaseFile::Signature {
                release: demo.clone(),
                key_id: None,
            },
        ),
        (
            "_SHA256SUMS.0F1E2D3C4B5A6978.sig",
            ReleaseFile::Signature {
                release: demo.clone(),
                key_id: Some(key.into()),
            },
        ),
        (
            "_manifest.json",
            ReleaseFile::RegistryManifest(demo.clone()),
        ),
        (
            "_linux_amd64.spdx.json",
            sbom(Some("linux_amd64"), SbomFormat::Spdx),
        ),
        (
            "_linux_amd64.zip.spdx.json",
            sbom(Some("linux_amd64"), SbomFormat::Spdx),
        ),
        (
            "_linux_amd64.cdx.json",
            sbom(Some("linux_amd64"), SbomFormat::CycloneDx),
        ),
        (
            "_linux_amd64.sbom.json",
            sbom(Some("linux_amd64"), SbomFormat::Unsaid),
        ),
        (
            "_linux_amd64.zip.sbom.json",
            sbom(Some("linux_amd64"), SbomFormat::Unsaid),
        ),
        (".spdx.json", sbom(None, SbomFormat::Spdx)),
        ("_all.cdx.json", sbom(None, SbomFormat::CycloneDx)),
        ("_SHA256SUMS.txt", ReleaseFile::Other),
        ("_SHA256SUMS.nothex.sig", ReleaseFile::Other),
        ("_LICENSE", ReleaseFile::Other),
        ("_linux_amd64.tar.gz", ReleaseFile::Other),
        ("", ReleaseFile::Other),
    ] {
        let name = format!("terraform-provider-demo_1.2.3{suffix}");
        assert_eq!(ReleaseFile::classify(&name).unwrap(), expected, "{name}");
    }
    for name in [
        "metadata.json",
        "demo.zip",
        "SHA256SUMS",
        ".DS_Store",
        "terraform-provider-demo",
    ] {
        assert_eq!(
            ReleaseFile::classify(name).unwrap(),
            ReleaseFile::Other,
            "{name}"
        );
    }
    assert_eq!(
        ReleaseFile::classify("sbom.spdx.json").unwrap(),
        ReleaseFile::Sbom {
            release: None,
            platform: None,
            format: SbomFormat::Spdx
        }
    );
    assert_eq!(demo.checksums(), "terraform-provider-demo_1.2.3_SHA256SUMS");
    assert_eq!(
        demo.registry_manifest(),
        "terraform-provider-demo_1.2.3_manifest.json"
    );
}

#[test]
fn misnamed_files_are_not_overlooked() {
    for name in [
        "terraform-provider-demo_v1.2.3_linux_amd64.zip",
        "terraform-provider-demo.zip",
        "terraform-provider-demo_1.2_SHA256SUMS",
        "terraform-provider-demo_v1.2.3_SHA256SUMS.sig",
        "terraform-provider-demo_latest_manifest.json",
    ] {
        assert!(ReleaseFile::classify(name).is_err(), "{name}");
    }
}

#[test]
fn belonging() {
    let demo = release("demo 1.2.3");
    for (name, belongs) in [
        ("terraform-provider-demo_1.2.3_linux_amd64.zip", true),
        ("terraform-provider-demo_1.2.4_linux_amd64.zip", false),
        ("terraform-provider-other_1.2.3_SHA256SUMS", false),
        ("sbom.spdx.json", true),
        ("README.md", true),
    ] {
        assert_eq!(
            ReleaseFile::classify(name).unwrap().may_belong_to(&demo),
            belongs,
            "{name}"
        );
    }
}

proptest! {
    #[test]
    fn reads_back_what_it_shows(kind in "[a-z0-9]{1,4}(-[a-z]{1,3})?", version in "[0-9]\\.[0-9]\\.[1-9][0-9]?(-rc\\.[0-9])?(\\+[a-z]{1,3})?", platform in "[a-z0-9]{1,5}_[a-z0-9]{1,5}") {
        let package = release(&format!("{kind} {version}")).package(platform.parse().unwrap());
        prop_assert_eq!(package.to_string().parse::<PackageFilename>().unwrap(), package.clone());
        prop_assert_eq!(PackageFilename::parse_mirror(&package.to_string(), &kind).unwrap(), package.clone());
        prop_assert_eq!(ReleaseFile::classify(&package.to_string()).unwrap(), ReleaseFile::Package(package));
    }

    #[test]
    fn never_panics(text in "(terraform-provider-)?\\PC{0,12}(_[0-9.]{1,5})?(_\\PC{0,8}){0,2}(\\.zip|\\.sig|\\.spdx\\.json)?") {
        let _ = text.parse::<PackageFilename>();
        let _ = PackageFilename::parse_mirror(&text, "demo");
        let _ = ReleaseFile::classify(&text);
    }
}
