//! The golden documents, byte for byte: those of ORAS 1.3 and those of our own contract.

use bytes::Bytes;

use super::*;
use crate::oci::{
    Algorithm, Annotations, Descriptor, Digest, ImageManifest, Index, Manifest, MediaType,
};
use crate::tofu::{PackageHash, Platform};

const LINUX: (&str, u64, &str) = (
    "sha256:f1f08dc0c971839a44777efea12eea32c3838a34fb8d3d857e8e9d442ceb342a",
    175,
    "h1:FYmcF3nEW8NL9rIKIRgZtMDgxGYMCQ0sVaELyV9etkU=",
);
const DARWIN: (&str, u64, &str) = (
    "sha256:2ee94eb4cea3db76e91269299461ffc34044b763211ba9d5a4ad998324e0d260",
    176,
    "h1:sLuX0t13HzTz+A5qs5Qre34kKqUUmbirI328RV4oi74=",
);

fn golden(name: &str) -> String {
    let path = format!(
        "{}/../../testdata/golden/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(path).unwrap()
}

fn text(manifest: &Manifest) -> String {
    String::from_utf8(manifest.bytes().to_vec()).unwrap()
}

fn created() -> Option<Timestamp> {
    Some("2026-01-02T03:04:05Z".parse().unwrap())
}

fn package(platform: &str, (digest, size, h1): (&str, u64, &str)) -> PackageDraft {
    PackageDraft {
        platform: platform.parse().unwrap(),
        filename: format!("terraform-provider-demo_1.2.3_{platform}.zip"),
        digest: digest.parse().unwrap(),
        size,
        h1: Some(h1.parse().unwrap()),
        created: created(),
    }
}

fn release(profile: Profile) -> ReleaseDraft {
    ReleaseDraft {
        version: "1.2.3".parse().unwrap(),
        source: Some("registry.example.com/acme/demo".parse().unwrap()),
        protocols: vec!["5.0".into(), "6.0".into()],
        packages: vec![
            package("linux_amd64", LINUX),
            package("darwin_arm64", DARWIN),
        ],
        created: None,
        annotations: UserAnnotations::default(),
        profile,
        evidence: vec![(None, shasums())],
    }
}

fn shasums() -> Attachment {
    let list = format!(
        "{}  terraform-provider-demo_1.2.3_darwin_arm64.zip\n{}  terraform-provider-demo_1.2.3_linux_amd64.zip\n",
        &DARWIN.0[7..],
        &LINUX.0[7..]
    );
    Attachment {
        kind: AttachmentKind::Shasums,
        layers: vec![
            AttachmentLayer {
                media_type: TEXT,
                filename: "terraform-provider-demo_1.2.3_SHA256SUMS".into(),
                content: Bytes::from(list),
            },
            AttachmentLayer::signature(
                "terraform-provider-demo_1.2.3_SHA256SUMS.sig".into(),
                Bytes::from_static(b"not a real signature"),
            ),
            AttachmentLayer::key(
                "0F1E2D3C4B5A6978.asc".into(),
                Bytes::from_static(b"not a real key\n"),
            ),
        ],
        annotations: [(
            annotation::PGP_KEY_IDS.to_owned(),
            "0F1E2D3C4B5A6978".to_owned(),
        )]
        .into(),
    }
}

fn subject(manifest: &Manifest) -> Descriptor {
    manifest.descriptor().clone()
}

#[test]
fn plain_documents_are_those_of_oras() {
    let artifact = ProviderArtifact::write(&release(Profile::Plain)).unwrap();
    let [darwin, linux] = &artifact.targets[..] else {
        panic!("two targets")
    };
    assert_eq!(
        text(&linux.manifest),
        golden("oras/target-linux_amd64.json")
    );
    assert_eq!(
        darwin.manifest.digest().as_str(),
        "sha256:c3472fcdb2099bb4199fb5a897a6d2b11c2957d1a389636e29ac0bd1212eab1b"
    );
    assert_eq!(
        linux.config.digest.as_str(),
        "sha256:9d99a75171aea000c711b34c0e5e3f28d3d537dd99d110eafbfbc2bd8e52c2bf"
    );
    assert_eq!(
        darwin.config.digest.as_str(),
        "sha256:e94c0ba80a1157ffab5b5c6656fffc089c6446c7ed0604f3382910d1ef7dd40d"
    );
    // ORAS keeps the order of its arguments, we sort: turned round, the bytes are the same.
    let mut index = artifact.index.as_index().unwrap().clone();
    index.manifests.reverse();
    assert_eq!(
        text(&Manifest::from_index(&index)),
        golden("oras/index.json")
    );
}

#[test]
fn a_module_is_as_oras_pushes_it() {
    let artifact = ModuleArtifact::write(&ModuleDraft {
        version: Some("1.0.0".parse().unwrap()),
        source: None,
        filename: "module.zip".into(),
        digest: LINUX.0.parse().unwrap(),
        size: LINUX.1,
        created: created(),
        annotations: UserAnnotations::default(),
        profile: Profile::Plain,
    });
    assert_eq!(text(&artifact.manifest), golden("oras/module.json"));
    let read = ModuleManifest::read(&artifact.manifest).unwrap();
    assert_eq!(read.filename.as_deref(), Some("module.zip"));
    assert_eq!(read.package.digest.as_str(), LINUX.0);
}

#[test]
fn attachments_are_as_oras_attaches_them() {
    let index = Descriptor::of(MediaType::IMAGE_INDEX, golden("oras/index.json").as_bytes());
    let spdx = Attachment {
        kind: AttachmentKind::Spdx,
        layers: vec![AttachmentLayer {
            media_type: SPDX,
            filename: "sbom.spdx.json".into(),
            content: Bytes::from_static(b"{}\n"),
        }],
        annotations: Annotations::new(),
    };
    assert_eq!(
        text(&spdx.write(&index, created())),
        golden("oras/attached-spdx.json")
    );
    let nothing = Manifest::from_image(&ImageManifest {
        artifact_type: Some("application/vnd.example.note".parse().unwrap()),
        config: Descriptor::empty(),
        layers: vec![Descriptor::empty()],
        subject: Some(index),
        annotations: [
            ("k".to_owned(), "<a&b>".to_owned()),
            (
                annotation::CREATED.to_owned(),
                "2026-01-02T03:04:05Z".to_owned(),
            ),
        ]
        .into(),
    });
    assert_eq!(text(&nothing), golden("oras/attached-nothing.json"));
}

#[test]
fn our_index_and_its_attachments() {
    let artifact = ProviderArtifact::write(&release(Profile::Referrers)).unwrap();
    assert_eq!(text(&artifact.index), golden("artifact/index.json"));
    let index = subject(&artifact.index);

    let shasums = shasums();
    assert_eq!(
        text(&shasums.write(&index, created())),
        golden("artifact/shasums.json")
    );

    let spdx = Attachment {
        kind: AttachmentKind::Spdx,
        layers: vec![AttachmentLayer {
            media_type: SPDX,
            filename: "terraform-provider-demo_1.2.3_linux_amd64.spdx.json".into(),
            content: Bytes::from_static(
                b"{\"SPDXID\":\"SPDXRef-DOCUMENT\",\"spdxVersion\":\"SPDX-2.3\"}\n",
            ),
        }],
        annotations: [(annotation::PLATFORM.to_owned(), "linux_amd64".to_owned())].into(),
    };
    let linux = subject(&artifact.targets[1].manifest);
    assert_eq!(
        text(&spdx.write(&linux, created())),
        golden("artifact/spdx.json")
    );

    let registry = Attachment {
        kind: AttachmentKind::RegistryManifest,
        layers: vec![AttachmentLayer {
            media_type: JSON,
            filename: "terraform-provider-demo_1.2.3_manifest.json".into(),
            content: Bytes::from_static(
                b"{\"version\":1,\"metadata\":{\"protocol_versions\":[\"5.0\",\"6.0\"]}}\n",
            ),
        }],
        annotations: Annotations::new(),
    };
    assert_eq!(
        registry.write(&index, created()).descriptor().to_owned(),
        Descriptor::new(
            MediaType::IMAGE_MANIFEST,
            "sha256:8d33e8bbc1621ba4aa386454932706474c821af47eca5be4d1324eb97a536ebe"
                .parse()
                .unwrap(),
            776
        )
    );
}

#[test]
fn evidence_inside_the_targets() {
    let artifact = ProviderArtifact::write(&release(Profile::Embedded)).unwrap();
    let linux = &artifact.targets[1].manifest;
    assert_eq!(
        text(linux),
        golden("artifact/target-linux_amd64-embedded.json")
    );
    assert_eq!(
        linux.digest().as_str(),
        "sha256:057a92af03baddd33a6f63c80f39de1243f9d4b73b243b14804375d05b103f12"
    );
    // It reads back, and the package is what it was.
    let found = EmbeddedDocument::read(linux.as_image().unwrap());
    let [document] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(
        (document.kind, document.layers.len()),
        (AttachmentKind::Shasums, 3)
    );
    let index = ProviderIndex::read(&artifact.index).unwrap();
    let entry = index.select(&"linux_amd64".parse().unwrap()).unwrap();
    assert_eq!(entry.package(linux).unwrap().digest.as_str(), LINUX.0);
}

#[test]
fn embedded_evidence_is_sorted_by_kind_and_only_of_its_platform() {
    let one = |kind: AttachmentKind, filename: &str| Attachment {
        kind,
        layers: vec![AttachmentLayer {
            media_type: kind.layer_type(),
            filename: filename.into(),
            content: Bytes::from_static(b"{}"),
        }],
        annotations: Annotations::new(),
    };
    let (linux, darwin) = (
        "linux_amd64".parse::<Platform>().unwrap(),
        "darwin_arm64".parse::<Platform>().unwrap(),
    );
    let mut draft = release(Profile::Embedded);
    draft.evidence = vec![
        (Some(linux.clone()), one(AttachmentKind::CycloneDx, "l.cdx")),
        (Some(darwin), one(AttachmentKind::Spdx, "d.spdx")),
        (Some(linux.clone()), one(AttachmentKind::Spdx, "l.spdx")),
        (None, one(AttachmentKind::Spdx, "all.spdx")),
        (None, shasums()),
    ];
    let artifact = ProviderArtifact::write(&draft).unwrap();
    let layers = &artifact.targets[1].manifest.as_image().unwrap().layers;
    let names: Vec<&str> = layers
        .iter()
        .map(|layer| layer.annotations[annotation::TITLE].as_str())
        .collect();
    assert_eq!(
        names[..4],
        [
            "terraform-provider-demo_1.2.3_linux_amd64.zip",
            "terraform-provider-demo_1.2.3_SHA256SUMS",
            "terraform-provider-demo_1.2.3_SHA256SUMS.sig",
            "0F1E2D3C4B5A6978.asc",
        ]
    );
    assert_eq!(names[4..], ["l.spdx", "all.spdx", "l.cdx"]);

    draft.evidence = (0..17)
        .map(|n| (None, one(AttachmentKind::Spdx, &format!("{n}.spdx"))))
        .collect();
    assert!(matches!(
        ProviderArtifact::write(&draft),
        Err(ArtifactError::EmbeddedLayers { count: 17, .. })
    ));
    draft.profile = Profile::Referrers;
    assert!(ProviderArtifact::write(&draft).is_ok());
}

#[test]
fn the_order_of_packages_does_not_matter() {
    let mut turned = release(Profile::Referrers);
    turned.packages.reverse();
    assert_eq!(
        ProviderArtifact::write(&turned).unwrap(),
        ProviderArtifact::write(&release(Profile::Referrers)).unwrap()
    );
}

#[test]
fn two_packages_for_one_platform_are_no_release() {
    let mut twice = release(Profile::Referrers);
    twice.packages.push(package("linux_amd64", DARWIN));
    assert!(matches!(
        ProviderArtifact::write(&twice),
        Err(ArtifactError::Duplicate { .. })
    ));
    twice.packages.clear();
    assert_eq!(ProviderArtifact::write(&twice), Err(ArtifactError::Empty));
}

#[test]
fn an_index_reads_back() {
    let artifact = ProviderArtifact::write(&release(Profile::Referrers)).unwrap();
    let index = ProviderIndex::read(&artifact.index).unwrap();
    let linux: Platform = "linux_amd64".parse().unwrap();
    assert_eq!(
        index.platforms(),
        ["darwin_arm64".parse().unwrap(), linux.clone()]
    );
    let entry = index.select(&linux).unwrap();
    assert_eq!(
        entry.hints.h1,
        Some(LINUX.2.parse::<PackageHash>().unwrap())
    );
    let package = entry.package(&artifact.targets[1].manifest).unwrap();
    assert_eq!((package.digest.as_str(), package.size), (LINUX.0, LINUX.1));
    assert!(matches!(
        index.select(&"windows_amd64".parse().unwrap()),
        Err(ArtifactError::PlatformMissing { .. })
    ));
    assert!(matches!(
        entry.package(&artifact.targets[0].manifest),
        Err(ArtifactError::AnnotationMismatch { .. })
    ));
}

/// Applies `change` to our index and reads the result.
fn changed(change: impl FnOnce(&mut Index)) -> Result<ProviderIndex, ArtifactError> {
    let artifact = ProviderArtifact::write(&release(Profile::Plain)).unwrap();
    let mut index = artifact.index.as_index().unwrap().clone();
    change(&mut index);
    ProviderIndex::read(&Manifest::from_index(&index))
}

#[test]
fn broken_indexes_fail_as_they_do_in_opentofu() {
    let linux: Platform = "linux_amd64".parse().unwrap();
    let read = changed(|index| index.artifact_type = None);
    assert!(matches!(
        read,
        Err(ArtifactError::ArtifactType { found: None, .. })
    ));
    let read = changed(|index| index.artifact_type = Some(MODULE_PACKAGE));
    assert!(matches!(
        read,
        Err(ArtifactError::ArtifactType { found: Some(_), .. })
    ));
    let read = changed(|index| index.manifests[0].platform = None);
    assert!(matches!(read, Err(ArtifactError::EntryPlatform { .. })));
    let read = changed(|index| index.manifests[0].media_type = MediaType::DOCKER_MANIFEST);
    assert!(matches!(read, Err(ArtifactError::EntryMediaType { .. })));
    let read = changed(|index| index.manifests[0].artifact_type = None).unwrap();
    assert_eq!((read.entries().len(), read.other_entries()), (1, 1));
    let read = changed(|index| index.manifests.clear()).unwrap();
    assert!(matches!(
        read.select(&linux),
        Err(ArtifactError::NoPackages { last: None })
    ));
    let read = changed(|index| {
        let twice = index.manifests[1].clone();
        index.manifests.push(twice);
    })
    .unwrap();
    assert!(matches!(
        read.select(&linux),
        Err(ArtifactError::PlatformAmbiguous { .. })
    ));
    assert!(read.select(&"darwin_arm64".parse().unwrap()).is_ok());
    let read = changed(|index| {
        if let Some(platform) = &mut index.manifests[1].platform {
            platform.os_version = Some("10".into());
        }
    })
    .unwrap();
    assert!(matches!(
        read.select(&linux),
        Err(ArtifactError::PlatformMissing { .. })
    ));
}

#[test]
fn other_documents_are_named_for_what_they_are() {
    let artifact = ProviderArtifact::write(&release(Profile::Plain)).unwrap();
    let target = &artifact.targets[0].manifest;
    assert_eq!(ProviderIndex::read(target), Err(ArtifactError::NotAnIndex));
    assert_eq!(
        ModuleManifest::read(&artifact.index),
        Err(ArtifactError::NotAnImage)
    );
    assert!(matches!(
        ModuleManifest::read(target),
        Err(ArtifactError::ArtifactType { .. })
    ));
    let undeclared = format!(r#"{{"schemaVersion":2,"artifactType":"{PROVIDER}","manifests":[]}}"#);
    let undeclared = Manifest::read(Bytes::from(undeclared), None, Algorithm::Sha256).unwrap();
    assert_eq!(
        ProviderIndex::read(&undeclared),
        Err(ArtifactError::Undeclared)
    );
    let opaque = Manifest::read(
        Bytes::from_static(b"x"),
        Some(&MediaType::from_static("text/html")),
        Algorithm::Sha256,
    )
    .unwrap();
    assert!(matches!(
        ProviderIndex::read(&opaque),
        Err(ArtifactError::MediaType(_))
    ));
}

#[test]
fn a_target_has_one_zip_with_a_sha256_digest() {
    let artifact = ProviderArtifact::write(&release(Profile::Plain)).unwrap();
    let index = ProviderIndex::read(&artifact.index).unwrap();
    let entry = &index.entries()[1];
    let with = |change: &dyn Fn(&mut ImageManifest)| {
        let mut image = artifact.targets[1].manifest.as_image().unwrap().clone();
        change(&mut image);
        entry.package(&Manifest::from_image(&image)).cloned()
    };
    assert!(with(&|_| {}).is_ok());
    assert!(matches!(
        with(&|image| image.layers.clear()),
        Err(ArtifactError::NoPackageLayer { .. })
    ));
    assert!(matches!(
        with(&|image| image.layers.push(image.layers[0].clone())),
        Err(ArtifactError::PackageLayers { count: 2 })
    ));
    assert!(with(&|image| image.layers.push(Descriptor::empty())).is_ok());
    assert!(matches!(
        with(&|image| image.layers[0].digest = Digest::of_with(Algorithm::Sha512, b"x").unwrap()),
        Err(ArtifactError::PackageDigest { .. })
    ));
    assert!(matches!(
        with(&|image| {
            image.layers[0].platform = Some("darwin_arm64".parse::<Platform>().unwrap().to_oci());
        }),
        Err(ArtifactError::PackagePlatform { .. })
    ));
}
