//! Signing the checksums file of a release, once.
//!
//! ```text
//! the key can be exported? ─ files ─ packages checked ─ list there or made
//!     ─ already signed by the key: beside the files, or in the registry over the same list
//!     ─ else signed now ─ checked with the exported key
//! ```
//!
//! A signature holds the time at which it was made. Signing an unchanged release again would give
//! it a second document that says the same, so what the registry holds is taken over.

use std::path::PathBuf;

use bytes::Bytes;
use tofu_oci_source::evidence::{
    EvidenceDocument, EvidenceError, EvidenceOptions, EvidenceSubjects, read_evidence,
};
use tofu_oci_trust::evidence::{NamedFile, SumsFiles};
use tofu_oci_trust::pgp::{GoodSignature, KeyOrigin, Keyring, SignatureRules, verify};
use tofu_oci_trust::shasums::Shasums;
use tofu_oci_types::artifact::{AttachmentLayer, PGP_KEYS, PGP_SIGNATURE, ProviderIndex, TEXT};
use tofu_oci_types::oci::{Descriptor, Digest, MediaType};

use super::destination::Destination;
use super::gpg::{Gpg, SignError};
use super::provider::ProviderPlan;
use super::release_artifact::Proven;
use super::signatures::{SignedList, key_filename};
use super::{PlannedSignature, ProviderOptions, PublishError, Publisher};
use crate::install::Writes;

/// A key that can be used, as far as its public part tells.
#[derive(Debug)]
pub(super) struct Signer {
    gpg: Gpg,
    keyring: Keyring,
    key: AttachmentLayer,
    rules: SignatureRules,
}

impl Signer {
    /// Asks for the public key, before anything else is done.
    pub(super) async fn open(gpg: &Gpg, rules: SignatureRules) -> Result<Self, SignError> {
        let content = gpg.export().await?;
        let mut keyring = Keyring::new();
        let keys = keyring.add(&content, KeyOrigin::Repository);
        let keys = keys.map_err(SignError::Output)?;
        // An id can be that of two keys: then nobody knows which one signs.
        let [key] = keys.as_slice() else {
            return Err(SignError::OtherKey {
                key: gpg.key.clone(),
            });
        };
        Ok(Self {
            gpg: gpg.clone(),
            key: AttachmentLayer::key(key_filename(key), content.into()),
            keyring,
            rules,
        })
    }

    /// Whether a file of signatures has one over `list` by this key.
    fn made(&self, list: &[u8], signature: &[u8]) -> bool {
        let report = verify(list, signature, &self.keyring, &self.rules);
        report.is_ok_and(|report| !report.armored && report.good().any(|good| self.is(good)))
    }

    fn is(&self, good: &GoodSignature) -> bool {
        let signer = &good.signer;
        self.gpg.key.is(signer.as_str(), signer.key_id())
    }

    async fn sign(&self, list: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature = self.gpg.sign(list).await?;
        let report = verify(list, &signature, &self.keyring, &self.rules);
        let report = report.map_err(SignError::Output)?;
        if let Some((_, problem)) = report.bad().next() {
            return Err(SignError::Signature(problem.clone()));
        }
        match report.good().all(|good| self.is(good)) {
            true => Ok(signature),
            false => Err(SignError::OtherKey {
                key: self.gpg.key.clone(),
            }),
        }
    }

    /// The layers of a document that holds the same list, signed by this key: the signature, and
    /// the key as it was published with it.
    fn held(&self, document: &EvidenceDocument, list: &[u8]) -> Option<Held> {
        let of = |wanted: &MediaType| {
            let layers = document.layers.iter().filter_map(|layer| {
                let essence = layer.descriptor.media_type.essence();
                let name = layer.title.as_deref().unwrap_or_default();
                let content = layer.content.as_ref()?;
                (essence == wanted.as_str()).then_some((name, content))
            });
            layers.collect::<Vec<_>>()
        };
        if of(&TEXT).first()?.1 != list {
            return None;
        }
        let signatures = of(&PGP_SIGNATURE);
        let (filename, signature) = signatures
            .into_iter()
            .find(|(_, content)| self.made(list, content))?;
        let keys = of(&PGP_KEYS);
        let key = keys.into_iter().find(|(name, content)| {
            let same = SumsFiles {
                list: NamedFile {
                    name: "",
                    content: list,
                },
                signatures: vec![NamedFile {
                    name: "",
                    content: signature,
                }],
                keys: vec![NamedFile { name, content }],
            };
            let checked = same.check(&Keyring::new(), &self.rules);
            checked.is_ok_and(|checked| checked.good().any(|good| self.is(good)))
        });
        Some(Held {
            filename: filename.to_owned(),
            signature: signature.clone(),
            key: key.map(|(name, content)| AttachmentLayer::key(name.to_owned(), content.clone())),
        })
    }
}

/// What a repository holds already.
struct Held {
    filename: String,
    signature: Bytes,
    key: Option<AttachmentLayer>,
}

impl Publisher {
    /// Asks for the key that signs, where one is to.
    pub(super) async fn signer(
        &self,
        options: &ProviderOptions,
    ) -> Result<Option<Signer>, PublishError> {
        let Some(gpg) = &options.sign_with else {
            return Ok(None);
        };
        let rules = SignatureRules {
            now: options.now,
            ..SignatureRules::default()
        };
        let signer = Signer::open(gpg, rules).await;
        signer
            .map(Some)
            .map_err(|source| PublishError::Sign { source })
    }

    /// Signs the checksums file of the plan, where that was asked for; makes one where there is
    /// none. Where only the plan is asked for nothing is signed that would have to be.
    pub(super) async fn sign(
        &self,
        plan: &mut ProviderPlan,
        proven: &[Proven],
        existing: Option<&Descriptor>,
        (to, options): (&Destination, &ProviderOptions),
    ) -> Result<(), PublishError> {
        let Some(signer) = &plan.signer else {
            return Ok(());
        };
        let signed = plan.beside.signed.get_or_insert_with(|| {
            let zips = proven.iter();
            let zips = zips.map(|p| (p.zip.filename.clone(), p.package.digest().clone()));
            let list = Shasums::of(zips);
            let content = Bytes::copy_from_slice(list.bytes());
            SignedList::new(plan.release.name.checksums(), content)
        });
        let list = signed.list.content.clone();
        let mut key = signer.key.clone();
        let given = signed.signatures.values();
        let given = given.map(|(_, layer)| layer);
        if !given
            .into_iter()
            .any(|layer| signer.made(&list, &layer.content))
        {
            let held = match existing {
                Some(existing) => held(signer, existing, &list, to).await?,
                None => None,
            };
            let plain = format!("{}.sig", signed.list.filename);
            let (filename, signature) = match held {
                Some(held) => {
                    key = held.key.unwrap_or(key);
                    (held.filename, Some(held.signature))
                }
                // It would be made for nothing, and somebody might have to type for it.
                None if options.writes == Writes::DryRun => (plain.clone(), None),
                None => {
                    let signature = signer.sign(&list).await;
                    let signature = signature.map_err(|source| PublishError::Sign { source })?;
                    (plain.clone(), Some(Bytes::from(signature)))
                }
            };
            // Somebody else's signature has that name: ours names its key.
            let filename = match signed.signatures.contains_key(&filename) {
                true => format!("{}.{}.sig", signed.list.filename, signer.gpg.key),
                false => filename,
            };
            match signature {
                Some(signature) => {
                    let layer = AttachmentLayer::signature(filename.clone(), signature);
                    signed.signatures.insert(filename, (PathBuf::new(), layer));
                }
                None => {
                    plan.to_sign = Some(PlannedSignature {
                        list: signed.list.filename.clone(),
                        filename,
                        key: signer.gpg.key.clone(),
                    });
                }
            }
        }
        let filename = key.filename.clone();
        signed.keys.entry(filename).or_insert((PathBuf::new(), key));
        plan.beside.attach_signed();
        Ok(())
    }
}

/// What the version that is there holds.
async fn held(
    signer: &Signer,
    existing: &Descriptor,
    list: &[u8],
    to: &Destination,
) -> Result<Option<Held>, PublishError> {
    let Some(reader) = to.reader() else {
        return Ok(None);
    };
    let failed = |source| to.failed(source);
    let root = reader.manifest(&existing.digest.clone().into()).await;
    let root = root.map_err(failed)?;
    // Evidence that lies inside the targets lies inside each of them.
    let target = ProviderIndex::read(&root).ok().and_then(|index| {
        let platform = index.platforms().into_iter().next()?;
        let target = index.select(&platform).ok()?.descriptor.digest.clone();
        Some((platform, target))
    });
    let target = match target {
        Some((platform, digest)) => {
            let manifest = reader.manifest(&Digest::into(digest)).await;
            Some((platform, manifest.map_err(failed)?))
        }
        None => None,
    };
    let subjects = EvidenceSubjects {
        root: &root,
        targets: target
            .iter()
            .map(|(platform, manifest)| (platform.clone(), manifest))
            .collect(),
    };
    let options = EvidenceOptions::checksums();
    let evidence = read_evidence(reader.as_ref(), &subjects, &options).await;
    let documents = match evidence {
        Ok(evidence) => evidence.documents,
        // Where nobody can tell what is there, the release may be signed already.
        Err(EvidenceError::List { source, .. } | EvidenceError::Read { source, .. }) => {
            return Err(failed(source));
        }
        // What cannot be read cannot be taken over.
        Err(_) => Vec::new(),
    };
    Ok(documents
        .iter()
        .find_map(|document| signer.held(document, list)))
}
