//! Reading what lies beside a release, wherever it lies.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod refused;

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use tofu_oci_source::evidence::{
    Contents, EvidenceDocument, EvidenceError, EvidenceOptions, EvidenceSubjects, Found,
    ReleaseEvidence, read_evidence,
};
use tofu_oci_store::{
    Blob, BlobReader, PartReader, Place, Repository, Result, StagedRepository, StoreError,
};
use tofu_oci_types::artifact::{
    Attachment, AttachmentKind, AttachmentLayer, PACKAGE_LAYER, PGP_SIGNATURE, PROVIDER,
    PROVIDER_TARGET, annotation,
};
use tofu_oci_types::oci::{
    Annotations, Descriptor, ImageManifest, Index, Manifest, MediaType, Tag, TagOrDigest,
};
use tofu_oci_types::tofu::Platform;

/// A release for one platform, in memory.
struct Fixture {
    repository: Listing,
    index: Manifest,
    target: Manifest,
}

/// A repository whose lists of referrers have these entries besides.
struct Listing {
    inner: StagedRepository,
    besides: Vec<(Descriptor, Descriptor)>,
    /// What was fetched.
    log: std::sync::Mutex<Vec<String>>,
}

#[async_trait]
impl Repository for Listing {
    fn place(&self) -> &Place {
        self.inner.place()
    }
    async fn manifest(&self, at: &TagOrDigest) -> Result<Manifest> {
        self.log.lock().unwrap().push(format!("manifest {at}"));
        self.inner.manifest(at).await
    }
    async fn blob(&self, descriptor: &Descriptor) -> Result<BlobReader> {
        let line = format!("blob {}", descriptor.digest);
        self.log.lock().unwrap().push(line);
        self.inner.blob(descriptor).await
    }
    async fn blob_part(&self, descriptor: &Descriptor, range: Range<u64>) -> Result<PartReader> {
        self.inner.blob_part(descriptor, range).await
    }
    async fn head(&self, tag: &Tag) -> Result<Option<Descriptor>> {
        self.inner.head(tag).await
    }
    async fn has(&self, descriptor: &Descriptor) -> Result<bool> {
        self.inner.has(descriptor).await
    }
    async fn tags(&self) -> Result<Vec<Tag>> {
        self.inner.tags().await
    }
    async fn referrers(
        &self,
        subject: &Descriptor,
        kind: Option<&MediaType>,
    ) -> Result<Vec<Descriptor>> {
        let mut listed = self.inner.referrers(subject, kind).await?;
        let besides = self.besides.iter();
        let besides = besides.filter(|(about, _)| about.digest == subject.digest);
        listed.extend(besides.map(|(_, entry)| entry.clone()));
        Ok(listed)
    }
}

fn platform() -> Platform {
    "linux_amd64".parse().unwrap()
}

impl Fixture {
    /// A target with these layers beside its package.
    fn with_layers(layers: Vec<Descriptor>) -> Self {
        let mut all = vec![Descriptor::of(PACKAGE_LAYER, b"zip")];
        all.extend(layers);
        let target = Manifest::from_image(&ImageManifest {
            artifact_type: Some(PROVIDER_TARGET),
            config: Descriptor::empty(),
            layers: all,
            subject: None,
            annotations: Annotations::new(),
        });
        let index = Manifest::from_index(&Index {
            artifact_type: Some(PROVIDER),
            manifests: vec![target.descriptor().clone()],
            ..Index::default()
        });
        let mut inner = StagedRepository::new();
        inner.add_manifest(target.clone());
        inner.add_manifest(index.clone());
        Self {
            repository: Listing {
                inner,
                besides: Vec::new(),
                log: Default::default(),
            },
            index,
            target,
        }
    }

    fn new() -> Self {
        Self::with_layers(Vec::new())
    }

    fn blob(&mut self, media_type: &MediaType, title: &str, content: &'static [u8]) -> Descriptor {
        let mut layer = Descriptor::of(media_type.clone(), content);
        let title = (annotation::TITLE.to_owned(), title.to_owned());
        layer.annotations.extend([title]);
        let blob = Blob::Bytes(Bytes::from_static(content));
        self.repository.inner.add_blob(&layer, blob);
        layer
    }

    fn attach(
        &mut self,
        subject: &Manifest,
        kind: AttachmentKind,
        content: &'static [u8],
    ) -> Manifest {
        let layer = AttachmentLayer {
            media_type: kind.layer_type(),
            filename: format!("{}.file", kind.name()),
            content: Bytes::from_static(content),
        };
        self.blob(&kind.layer_type(), "x", content);
        let attachment = Attachment {
            kind,
            layers: vec![layer],
            annotations: Annotations::new(),
        };
        let manifest = attachment.write(subject.descriptor(), None);
        self.repository.inner.add_manifest(manifest.clone());
        manifest
    }

    /// A manifest of another writer.
    fn foreign(
        &mut self,
        subject: Option<&Manifest>,
        types: (Option<&str>, &str),
        layers: Vec<Descriptor>,
    ) -> Manifest {
        let config = Descriptor {
            media_type: types.1.parse().unwrap(),
            ..Descriptor::empty()
        };
        let manifest = Manifest::from_image(&ImageManifest {
            artifact_type: types.0.map(|text| text.parse().unwrap()),
            config,
            layers,
            subject: subject.map(|subject| subject.descriptor().clone()),
            annotations: Annotations::new(),
        });
        self.repository.inner.add_manifest(manifest.clone());
        manifest
    }

    async fn read_with(&self, options: EvidenceOptions) -> ReleaseEvidence {
        let subjects = EvidenceSubjects {
            root: &self.index,
            targets: vec![(platform(), &self.target)],
        };
        read_evidence(&self.repository, &subjects, &options)
            .await
            .unwrap()
    }

    async fn read(&self) -> Vec<EvidenceDocument> {
        let evidence = self.read_with(EvidenceOptions::default()).await;
        evidence.into_documents().unwrap()
    }

    async fn refused(&self) -> EvidenceError {
        let mut evidence = self.read_with(EvidenceOptions::default()).await;
        assert!(evidence.documents.is_empty(), "{:?}", evidence.documents);
        evidence.refused.remove(0)
    }
}

fn embedded(kind: AttachmentKind, media_type: &MediaType, content: &'static [u8]) -> Descriptor {
    let mut layer = Descriptor::of(media_type.clone(), content);
    let kind = kind.artifact_type().to_string();
    let key = annotation::ARTIFACT_TYPE.to_owned();
    layer.annotations.insert(key, kind);
    layer
}

const SHASUMS: AttachmentKind = AttachmentKind::Shasums;
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const TEXT: MediaType = MediaType::from_static("text/plain");

#[tokio::test]
async fn three_places_are_united() {
    let list = embedded(SHASUMS, &TEXT, b"list");
    let signature = embedded(SHASUMS, &PGP_SIGNATURE, b"signature");
    let mut fixture = Fixture::with_layers(vec![list, signature]);
    fixture.blob(&TEXT, "list", b"list");
    fixture.blob(&PGP_SIGNATURE, "signature", b"signature");
    let (index, target) = (fixture.index.clone(), fixture.target.clone());
    fixture.attach(&index, SHASUMS, b"list");
    fixture.attach(&target, AttachmentKind::Spdx, b"{}");
    let found = fixture.read().await;
    let said: Vec<_> = found
        .iter()
        .map(|document| {
            let embedded = matches!(document.found, Found::Embedded(_));
            let files = document
                .layers
                .iter()
                .map(|layer| layer.content.clone().unwrap());
            (
                document.kind,
                document.platform.clone(),
                embedded,
                files.collect::<Vec<_>>(),
            )
        })
        .collect();
    let bytes = |texts: &[&'static str]| {
        texts
            .iter()
            .map(|text| Bytes::from(*text))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        said,
        [
            (SHASUMS, None, false, bytes(&["list"])),
            (
                AttachmentKind::Spdx,
                Some(platform()),
                false,
                bytes(&["{}"])
            ),
            (
                SHASUMS,
                Some(platform()),
                true,
                bytes(&["list", "signature"])
            ),
        ]
    );
    assert_eq!(found[0].subject, *index.digest());
    assert_eq!(found[1].subject, *target.digest());
    assert_eq!(found[2].subject, *target.digest());
    // One content is fetched once, wherever it lies.
    let log = fixture.repository.log.lock().unwrap().clone();
    let blobs = log.iter().filter(|line| line.starts_with("blob"));
    assert_eq!(blobs.count(), 3, "{log:?}");
}

#[tokio::test]
async fn only_kinds_that_are_asked_for_cost_requests() {
    let mut fixture = Fixture::new();
    let index = fixture.index.clone();
    let list = fixture.attach(&index, SHASUMS, b"list");
    fixture.attach(&index, AttachmentKind::Spdx, b"{}");
    fixture.attach(&index, AttachmentKind::RegistryManifest, b"[]");
    let options = EvidenceOptions {
        kinds: vec![SHASUMS],
        contents: Contents::Only(Vec::new()),
    };
    let found = fixture.read_with(options).await.into_documents().unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].layers[0].content, None);
    let log = fixture.repository.log.lock().unwrap().clone();
    assert_eq!(log, [format!("manifest {}", list.digest())]);
}

#[tokio::test]
async fn what_older_tools_attach_is_read() {
    let cases = [
        // The type is that of the configuration.
        (
            None,
            "application/spdx+json",
            "application/spdx+json",
            Some(AttachmentKind::Spdx),
        ),
        // Parameters are no part of the type.
        (
            Some("application/spdx+json;version=2.3"),
            EMPTY,
            "application/spdx+json; charset=utf-8",
            Some(AttachmentKind::Spdx),
        ),
        // Nothing but the layer says what it is.
        (
            None,
            "application/vnd.oci.image.config.v1+json",
            "application/vnd.cyclonedx+json",
            Some(AttachmentKind::CycloneDx),
        ),
        (
            None,
            "application/vnd.unknown.config.v1+json",
            "application/spdx+json",
            Some(AttachmentKind::Spdx),
        ),
        // A list by itself.
        (Some("text/plain"), EMPTY, "text/plain", Some(SHASUMS)),
        (
            Some("text/plain+sha256sum"),
            EMPTY,
            "text/plain",
            Some(SHASUMS),
        ),
        // Something that says it is something else is that.
        (
            Some("application/vnd.acme"),
            EMPTY,
            "application/spdx+json",
            None,
        ),
    ];
    for (artifact, config, layer, kind) in cases {
        let mut fixture = Fixture::new();
        let index = fixture.index.clone();
        let layer = fixture.blob(&layer.parse().unwrap(), "demo_SHA256SUMS", b"{}");
        fixture.foreign(Some(&index), (artifact, config), vec![layer]);
        let found = fixture.read().await;
        let kinds: Vec<_> = found.iter().map(|document| document.kind).collect();
        assert_eq!(
            kinds,
            kind.into_iter().collect::<Vec<_>>(),
            "{artifact:?} {config}"
        );
    }
}

#[tokio::test]
async fn signatures_attached_to_the_list_are_part_of_it() {
    let mut fixture = Fixture::new();
    let index = fixture.index.clone();
    let list = fixture.attach(&index, SHASUMS, b"list");
    let layer = fixture.blob(&PGP_SIGNATURE, "demo_SHA256SUMS.gpg", b"signature");
    let types = (Some("application/pgp-signature"), EMPTY);
    fixture.foreign(Some(&list), types, vec![layer]);
    let found = fixture.read().await;
    let files = found[0].layers.iter();
    let files: Vec<_> = files.map(|layer| layer.content.clone().unwrap()).collect();
    assert_eq!(files, ["list", "signature"]);
}

#[tokio::test]
async fn two_documents_of_one_kind_inside_stay_two() {
    let spdx = AttachmentKind::Spdx;
    let layers = vec![
        embedded(spdx, &spdx.artifact_type(), b"{}"),
        embedded(spdx, &spdx.artifact_type(), b"[]"),
        // Its own type says enough; a layer of a type that nobody knows is passed over.
        Descriptor::of(AttachmentKind::CycloneDx.artifact_type(), b"{ }"),
        Descriptor::of(TEXT, b"text"),
    ];
    let fixture = Fixture::with_layers(layers);
    let options = EvidenceOptions {
        contents: Contents::Only(Vec::new()),
        ..EvidenceOptions::default()
    };
    let found = fixture.read_with(options).await.into_documents().unwrap();
    let kinds: Vec<_> = found.iter().map(|document| document.kind).collect();
    assert_eq!(kinds, [spdx, spdx, AttachmentKind::CycloneDx]);
}

#[test]
fn it_can_be_read_on_any_thread() {
    fn sendable<T: Send>(_: T) {}
    let fixture = Fixture::new();
    let subjects = EvidenceSubjects {
        root: &fixture.index,
        targets: Vec::new(),
    };
    let options = EvidenceOptions::default();
    sendable(read_evidence(&fixture.repository, &subjects, &options));
}
