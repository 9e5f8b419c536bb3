//! Everything that belongs to one version, as a tree.

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use tofu_oci_source::evidence::{EvidenceError, check_subject};
use tofu_oci_store::StoreError;
use tofu_oci_types::artifact::{
    ArtifactError, AttachmentKind, EmbeddedDocument, MODULE_PACKAGE, ModuleManifest, PROVIDER,
    PROVIDER_TARGET, ProviderIndex,
};
use tofu_oci_types::oci::{Address, Annotations, Descriptor, Manifest, MediaType, Tag};
use tofu_oci_types::tofu::Platform;

use super::{InspectError, Inspector, JOBS, Opened};

/// How deep indexes and referrers are followed.
const DEPTH: usize = 6;

/// A version with everything that belongs to it.
#[derive(Debug)]
pub struct Shown {
    /// Where it is, with its digest.
    pub address: Address,
    /// The tag that was named, or chosen.
    pub tag: Option<Tag>,
    /// The manifest that stands for it.
    pub root: ShownManifest,
}

/// A manifest with what it lists and what refers to it.
#[derive(Debug)]
pub struct ShownManifest {
    /// How it is listed: type, digest, size, platform, annotations of the entry.
    pub descriptor: Descriptor,
    /// What it is.
    pub kind: ManifestKind,
    /// Its own annotations.
    pub annotations: Annotations,
    /// Its layers; the annotation `org.opencontainers.image.title` is the file name.
    pub layers: Vec<Descriptor>,
    /// The evidence among its layers, which are not in [`layers`](Self::layers) then.
    pub embedded: Vec<EmbeddedDocument>,
    /// The manifests that it lists, in its order.
    pub children: Vec<ShownManifest>,
    /// The manifests that refer to it, by kind.
    pub referrers: Vec<ShownManifest>,
    /// Why clients cannot use it.
    pub problem: Option<ManifestProblem>,
}

/// What a manifest is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ManifestKind {
    /// A provider's release.
    Provider,
    /// The package of one platform, where that can be told.
    Target(Option<Platform>),
    /// A module package.
    Module,
    /// Something beside a release or a module.
    Attachment(AttachmentKind),
    /// Something else, of this artifact type.
    Other(Option<String>),
}

/// Why a manifest is of no use.
#[derive(Debug)]
pub enum ManifestProblem {
    /// It cannot be read.
    Unreadable(StoreError),
    /// It is not what it should be.
    Broken(ArtifactError),
    /// What refers to it cannot be listed.
    Referrers(StoreError),
    /// It is listed as a referrer of a manifest that it does not name.
    Evidence(EvidenceError),
}

impl Inspector {
    /// Shows what `address` names: the whole tree with its referrers. Without tag and digest, the
    /// newest version.
    ///
    /// # Errors
    ///
    /// [`InspectError`] where the root cannot be read; whatever is wrong below it is part of the
    /// tree.
    pub async fn show(&self, address: &Address) -> Result<Shown, InspectError> {
        let opened = self.open(address).await?;
        let resolved = opened.resolve(address).await?;
        let descriptor = resolved.manifest.descriptor().clone();
        let root = opened
            .node(descriptor, Some(resolved.manifest), None, DEPTH)
            .await;
        Ok(Shown {
            address: resolved.address,
            tag: resolved.tag,
            root,
        })
    }
}

impl Opened {
    fn node(
        &self,
        descriptor: Descriptor,
        manifest: Option<Manifest>,
        subject: Option<Descriptor>,
        depth: usize,
    ) -> BoxFuture<'_, ShownManifest> {
        async move {
            let read = match manifest {
                Some(manifest) => Ok(manifest),
                None => {
                    self.repository
                        .manifest(&descriptor.digest.clone().into())
                        .await
                }
            };
            let manifest = match read {
                Ok(manifest) => manifest,
                Err(error) => return unreadable(descriptor, error),
            };
            let kind = match AttachmentKind::of_manifest(&manifest) {
                Some(kind) => ManifestKind::Attachment(kind),
                None => kind(&descriptor, manifest.artifact_type()),
            };
            let mut problem = broken(&kind, &manifest);
            if let Some(subject) = &subject {
                let checked = check_subject(subject, &manifest, self.repository.place());
                problem = checked.err().map(ManifestProblem::Evidence).or(problem);
            }
            let (mut children, mut referrers) = (Vec::new(), Vec::new());
            if depth > 0 {
                children = self
                    .nodes(manifest.child_manifests().to_vec(), None, depth)
                    .await;
                match self.repository.referrers(manifest.descriptor(), None).await {
                    Ok(found) => {
                        let subject = Some(manifest.descriptor());
                        referrers = self.nodes(found, subject, depth).await;
                    }
                    Err(error) => problem = problem.or(Some(ManifestProblem::Referrers(error))),
                }
                referrers.sort_by(|a, b| {
                    let key =
                        |node: &ShownManifest| (node.kind.clone(), node.descriptor.digest.clone());
                    key(a).cmp(&key(b))
                });
            }
            let (layers, embedded) = layers(&kind, &manifest);
            ShownManifest {
                kind,
                annotations: manifest.annotations().cloned().unwrap_or_default(),
                layers,
                embedded,
                children,
                referrers,
                problem,
                descriptor,
            }
        }
        .boxed()
    }

    async fn nodes(
        &self,
        descriptors: Vec<Descriptor>,
        subject: Option<&Descriptor>,
        depth: usize,
    ) -> Vec<ShownManifest> {
        futures_util::stream::iter(descriptors)
            .map(|descriptor| self.node(descriptor, None, subject.cloned(), depth - 1))
            .buffered(JOBS)
            .collect()
            .await
    }
}

fn unreadable(descriptor: Descriptor, error: StoreError) -> ShownManifest {
    ShownManifest {
        kind: kind(&descriptor, descriptor.artifact_type.as_ref()),
        annotations: Annotations::new(),
        layers: Vec::new(),
        embedded: Vec::new(),
        children: Vec::new(),
        referrers: Vec::new(),
        problem: Some(ManifestProblem::Unreadable(error)),
        descriptor,
    }
}

/// The layers of a manifest, and the evidence that is among those of a package.
fn layers(kind: &ManifestKind, manifest: &Manifest) -> (Vec<Descriptor>, Vec<EmbeddedDocument>) {
    let Some(image) = manifest.as_image() else {
        return (Vec::new(), Vec::new());
    };
    let embedded = match kind {
        ManifestKind::Target(_) | ManifestKind::Module => EmbeddedDocument::read(image),
        _ => Vec::new(),
    };
    let mut layers = image.layers.clone();
    let inside = |layer: &Descriptor| embedded.iter().any(|found| found.layers.contains(layer));
    layers.retain(|layer| !inside(layer));
    (layers, embedded)
}

fn kind(descriptor: &Descriptor, artifact_type: Option<&MediaType>) -> ManifestKind {
    match artifact_type {
        Some(kind) if *kind == PROVIDER => ManifestKind::Provider,
        Some(kind) if *kind == PROVIDER_TARGET => {
            ManifestKind::Target(descriptor.platform.as_ref().and_then(Platform::from_oci))
        }
        Some(kind) if *kind == MODULE_PACKAGE => ManifestKind::Module,
        Some(kind) => match AttachmentKind::of(kind) {
            Some(kind) => ManifestKind::Attachment(kind),
            None => ManifestKind::Other(Some(kind.as_str().to_owned())),
        },
        None => ManifestKind::Other(None),
    }
}

/// Why clients would refuse it.
fn broken(kind: &ManifestKind, manifest: &Manifest) -> Option<ManifestProblem> {
    let error = match kind {
        ManifestKind::Provider => ProviderIndex::read(manifest).err(),
        ManifestKind::Module => ModuleManifest::read(manifest).err(),
        ManifestKind::Target(_) | ManifestKind::Attachment(_) | ManifestKind::Other(_) => None,
    };
    error.map(ManifestProblem::Broken)
}
