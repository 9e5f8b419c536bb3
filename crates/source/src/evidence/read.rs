//! Reading evidence.

use std::collections::HashMap;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use tofu_oci_store::{Place, Repository, StoreError};
use tofu_oci_types::artifact::{AttachmentKind, EmbeddedDocument, PGP_KEYS, PGP_SIGNATURE};
use tofu_oci_types::oci::{Descriptor, Digest, Manifest, MediaType};
use tofu_oci_types::tofu::Platform;

use super::{
    Contents, EvidenceDocument, EvidenceError, EvidenceLayer, EvidenceOptions, EvidenceSubjects,
    Found, ReleaseEvidence,
};

/// How many requests are under way at a time.
const AT_A_TIME: usize = 8;
/// How many referrers of one manifest are looked at.
const REFERRERS: usize = 1000;
/// How many files one document may have.
const LAYERS: usize = 64;
/// How long the files of all documents together may be, in bytes.
const TOTAL: u64 = 256 << 20;

/// Reads what lies beside a release: everything that refers to its manifests, and everything inside them.
///
/// The order is that of the subjects, root first; of each the referrers by digest, then what is inside.
///
/// # Errors
///
/// [`EvidenceError`] where the repository does not answer, or has too much. What is found and is no evidence
/// does not stop the rest: it is told in [`ReleaseEvidence::refused`].
pub async fn read_evidence(
    repository: &dyn Repository,
    subjects: &EvidenceSubjects<'_>,
    options: &EvidenceOptions,
) -> Result<ReleaseEvidence, EvidenceError> {
    let reader = Reader {
        repository,
        options,
    };
    let root = std::iter::once((None, subjects.root));
    let targets = subjects.targets.iter();
    let all = root.chain(targets.map(|(platform, target)| (Some(platform.clone()), *target)));
    // Collected first: the compiler cannot prove a stream of borrowing closures fit for other threads.
    let asked: Vec<_> = all
        .map(|(platform, manifest)| reader.about(platform, manifest))
        .collect();
    let found: Vec<Vec<Result<EvidenceDocument, EvidenceError>>> =
        futures_util::stream::iter(asked)
            .buffered(AT_A_TIME)
            .try_collect()
            .await?;
    let mut evidence = ReleaseEvidence::default();
    for found in found.into_iter().flatten() {
        match found {
            Ok(document) => evidence.documents.push(document),
            Err(nothing @ EvidenceError::NoManifest { .. }) => evidence.passed_over.push(nothing),
            Err(refused) => evidence.refused.push(refused),
        }
    }
    reader.fill(&mut evidence, subjects.root.digest()).await?;
    Ok(evidence)
}

/// Checks that a manifest which is listed as a referrer of `subject` is one. A list can name anything; the
/// manifest itself says what it is about.
///
/// # Errors
///
/// [`EvidenceError::OtherSubject`].
pub fn check_subject(
    subject: &Descriptor,
    manifest: &Manifest,
    place: &Place,
) -> Result<(), EvidenceError> {
    let names = manifest.subject().map(|subject| &subject.digest);
    if names == Some(&subject.digest) {
        return Ok(());
    }
    Err(EvidenceError::OtherSubject {
        referrer: manifest.digest().clone(),
        subject: subject.digest.clone(),
        names: names.cloned(),
        place: place.to_string(),
    })
}

/// A file as a document describes it. One that lies about the length takes nothing from another that does not.
type File = (Digest, u64);

fn file(layer: &Descriptor) -> File {
    (layer.digest.clone(), layer.size)
}

/// A document, and what is listed beside it and is no manifest.
type Noted = (EvidenceDocument, Vec<EvidenceError>);

struct Reader<'a> {
    repository: &'a dyn Repository,
    options: &'a EvidenceOptions,
}

impl Reader<'_> {
    fn place(&self) -> String {
        self.repository.place().to_string()
    }

    /// Whether the files of a document are fetched.
    fn fetched(&self, document: &EvidenceDocument) -> bool {
        match &self.options.contents {
            Contents::Read => true,
            Contents::Only(kinds) => kinds.contains(&document.kind),
        }
    }

    fn wanted(&self, kind: AttachmentKind) -> bool {
        self.options.kinds.is_empty() || self.options.kinds.contains(&kind)
    }

    /// The documents about one manifest.
    async fn about(
        &self,
        platform: Option<Platform>,
        manifest: &Manifest,
    ) -> Result<Vec<Result<EvidenceDocument, EvidenceError>>, EvidenceError> {
        let subject = manifest.descriptor();
        let listed = self.listed(subject).await?;
        let candidates = listed.into_iter().filter(|referrer| {
            let kind = referrer.artifact_type.as_ref();
            match kind.and_then(AttachmentKind::of) {
                Some(kind) => self.wanted(kind),
                None => AttachmentKind::may_be(kind),
            }
        });
        let asked: Vec<_> = candidates
            .map(|referrer| self.referrer(subject, referrer))
            .collect();
        let read: Vec<Result<Option<Noted>, EvidenceError>> = futures_util::stream::iter(asked)
            .buffered(AT_A_TIME)
            .collect()
            .await;
        let mut documents = Vec::new();
        for read in read {
            match read {
                Ok(Some((document, nothing))) => {
                    documents.push(Ok(document));
                    documents.extend(nothing.into_iter().map(Err));
                }
                Ok(None) => {}
                Err(error) if error.is_refusal() => documents.push(Err(error)),
                Err(error) => return Err(error),
            }
        }
        let embedded = manifest.as_image().map(EmbeddedDocument::read);
        for document in embedded.unwrap_or_default() {
            if self.wanted(document.kind) {
                let found = Found::Embedded(subject.clone());
                let layers = document.layers;
                documents.push(self.document(document.kind, subject, found, &layers));
            }
        }
        for document in documents.iter_mut().flatten() {
            document.platform.clone_from(&platform);
        }
        Ok(documents)
    }

    async fn listed(&self, subject: &Descriptor) -> Result<Vec<Descriptor>, EvidenceError> {
        let listed = self.repository.referrers(subject, None).await;
        let listed = listed.map_err(|source| EvidenceError::List {
            subject: subject.digest.clone(),
            place: self.place(),
            source,
        })?;
        match listed.len() > REFERRERS {
            true => Err(self.too_many(&subject.digest, REFERRERS as u64)),
            false => Ok(listed),
        }
    }

    /// What a manifest that refers to `subject` is, where it is evidence of a kind that is wanted, and what is
    /// listed beside itself and is no manifest.
    async fn referrer(
        &self,
        subject: &Descriptor,
        referrer: Descriptor,
    ) -> Result<Option<Noted>, EvidenceError> {
        let manifest = self.manifest(subject, &referrer).await?;
        let Some(kind) = AttachmentKind::of_manifest(&manifest).filter(|kind| self.wanted(*kind))
        else {
            return Ok(None);
        };
        check_subject(subject, &manifest, self.repository.place())?;
        let layers = manifest.as_image().map_or(&[][..], |image| &image.layers);
        let found = Found::Referrer(manifest.as_referrer());
        let mut document = self.document(kind, subject, found, layers)?;
        let signed = layers.iter().any(|layer| {
            let essence = layer.media_type.essence();
            essence == PGP_SIGNATURE.as_str()
        });
        let mut nothing = Vec::new();
        if kind == AttachmentKind::Shasums && !signed {
            nothing = self
                .add_signatures(manifest.descriptor(), &mut document)
                .await?;
        }
        Ok(Some((document, nothing)))
    }

    /// A checksums file without signatures may have them as referrers of its own. What is listed as one and is no
    /// manifest is no signature.
    async fn add_signatures(
        &self,
        list: &Descriptor,
        document: &mut EvidenceDocument,
    ) -> Result<Vec<EvidenceError>, EvidenceError> {
        let mut nothing = Vec::new();
        for referrer in self.listed(list).await? {
            let essence = referrer.artifact_type.as_ref().map(MediaType::essence);
            if essence != Some(PGP_SIGNATURE.as_str()) {
                continue;
            }
            let manifest = match self.manifest(list, &referrer).await {
                Err(error @ EvidenceError::NoManifest { .. }) => {
                    nothing.push(error);
                    continue;
                }
                manifest => manifest?,
            };
            check_subject(list, &manifest, self.repository.place())?;
            let layers = manifest.as_image().map_or(&[][..], |image| &image.layers);
            for layer in layers {
                let essence = layer.media_type.essence();
                if essence == PGP_SIGNATURE.as_str() || essence == PGP_KEYS.as_str() {
                    self.check_layer(document.kind, layer)?;
                    document.layers.push(EvidenceLayer::of(layer));
                }
            }
            if document.layers.len() > LAYERS {
                return Err(self.too_many(&list.digest, LAYERS as u64));
            }
        }
        Ok(nothing)
    }

    async fn manifest(
        &self,
        subject: &Descriptor,
        referrer: &Descriptor,
    ) -> Result<Manifest, EvidenceError> {
        let at = referrer.digest.clone().into();
        let manifest = self.repository.manifest(&at).await;
        manifest.map_err(|source| match source.is_no_manifest() {
            true => EvidenceError::NoManifest {
                referrer: referrer.digest.clone(),
                subject: subject.digest.clone(),
                place: self.place(),
                source,
            },
            false => self.unreadable(&referrer.digest, &subject.digest, source),
        })
    }

    fn document(
        &self,
        kind: AttachmentKind,
        subject: &Descriptor,
        found: Found,
        layers: &[Descriptor],
    ) -> Result<EvidenceDocument, EvidenceError> {
        let referrer = match &found {
            Found::Referrer(manifest) | Found::Embedded(manifest) => manifest.digest.clone(),
        };
        // Of a list it matters which file it is; others write SBOMs under types of their own.
        let begins = |layer| kind != AttachmentKind::Shasums || kind.begins_with(layer);
        if !layers.first().is_some_and(begins) {
            return Err(EvidenceError::NotADocument {
                referrer,
                kind,
                place: self.place(),
            });
        }
        if layers.len() > LAYERS {
            return Err(self.too_many(&subject.digest, LAYERS as u64));
        }
        for layer in layers {
            self.check_layer(kind, layer)?;
        }
        Ok(EvidenceDocument {
            kind,
            platform: None,
            subject: subject.digest.clone(),
            found,
            layers: layers.iter().map(EvidenceLayer::of).collect(),
        })
    }

    fn check_layer(&self, kind: AttachmentKind, layer: &Descriptor) -> Result<(), EvidenceError> {
        let limit = kind.limit();
        if layer.size <= limit {
            return Ok(());
        }
        Err(EvidenceError::TooLarge {
            digest: layer.digest.clone(),
            kind,
            size: layer.size,
            limit,
            place: self.place(),
        })
    }

    /// Fetches the files of all documents, each content once.
    async fn fill(
        &self,
        evidence: &mut ReleaseEvidence,
        root: &Digest,
    ) -> Result<(), EvidenceError> {
        let mut wanted: HashMap<File, Descriptor> = HashMap::new();
        let documents = evidence.documents.iter();
        let documents = documents.filter(|document| self.fetched(document));
        for layer in documents.flat_map(|document| &document.layers) {
            let descriptor = &layer.descriptor;
            wanted
                .entry(file(descriptor))
                .or_insert_with(|| descriptor.plain());
        }
        let total = wanted.values().map(|layer| layer.size).sum::<u64>();
        if total > TOTAL {
            return Err(self.too_many(root, TOTAL));
        }
        let asked: Vec<_> = wanted
            .into_values()
            .map(|layer| self.content(layer))
            .collect();
        let mut contents: HashMap<File, Result<Bytes, StoreError>> =
            futures_util::stream::iter(asked)
                .buffer_unordered(AT_A_TIME)
                .collect()
                .await;
        for document in std::mem::take(&mut evidence.documents) {
            let filled = match self.fetched(&document) {
                true => self.filled(document, &mut contents),
                false => Ok(document),
            };
            match filled {
                Ok(document) => evidence.documents.push(document),
                Err(error) if error.is_refusal() => evidence.refused.push(error),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn filled(
        &self,
        mut document: EvidenceDocument,
        contents: &mut HashMap<File, Result<Bytes, StoreError>>,
    ) -> Result<EvidenceDocument, EvidenceError> {
        for layer in &mut document.layers {
            let digest = &layer.descriptor.digest;
            let file = file(&layer.descriptor);
            let content = match contents.get(&file) {
                Some(Ok(content)) => content.clone(),
                // What failed is told once, for the first document that lacks it.
                _ => {
                    let source = match contents.remove(&file) {
                        Some(Err(error)) => error,
                        _ => StoreError::AbsentBlob {
                            place: self.repository.place().clone(),
                            digest: digest.clone(),
                        },
                    };
                    return Err(self.unreadable(digest, &document.subject, source));
                }
            };
            layer.content = Some(content);
        }
        Ok(document)
    }

    async fn content(&self, layer: Descriptor) -> (File, Result<Bytes, StoreError>) {
        let read = match self.repository.blob(&layer).await {
            Ok(reader) => reader.into_bytes(layer.size).await,
            Err(error) => Err(error),
        };
        (file(&layer), read)
    }

    fn unreadable(&self, digest: &Digest, subject: &Digest, source: StoreError) -> EvidenceError {
        EvidenceError::Read {
            digest: digest.clone(),
            subject: subject.clone(),
            place: self.place(),
            source,
        }
    }

    fn too_many(&self, subject: &Digest, limit: u64) -> EvidenceError {
        EvidenceError::TooMany {
            subject: subject.clone(),
            limit,
            place: self.place(),
        }
    }
}
