//! The checksums file with its signatures and keys: one attachment, because each is worthless alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tofu_oci_store::files::Files;
use tofu_oci_trust::evidence::{NamedFile, SumsFiles};
use tofu_oci_trust::pgp::{
    Fingerprint, Keyring, PGP_LIMIT, PgpError, PgpKind, PublicKey, SignatureIssuer,
    SignatureProblem, SignatureRules, public_keys, signature_key_ids,
};
use tofu_oci_types::artifact::{Attachment, AttachmentKind, AttachmentLayer, annotation};
use tofu_oci_types::oci::Annotations;

use super::PublishError;
use super::beside::{Loaded, read};
use crate::Warning;

/// A checksums file and what belongs to it.
#[derive(Debug)]
pub(super) struct SignedList {
    pub(super) list: AttachmentLayer,
    pub(super) signatures: NamedLayers,
    pub(super) keys: NamedLayers,
}

/// Signatures or keys by the names that they get, with the files they were read from.
pub(super) type NamedLayers = BTreeMap<String, (PathBuf, AttachmentLayer)>;

impl SignedList {
    /// A list without anything.
    pub(super) fn new(filename: String, content: Bytes) -> Self {
        Self {
            list: AttachmentLayer {
                media_type: AttachmentKind::Shasums.layer_type(),
                filename,
                content,
            },
            signatures: NamedLayers::new(),
            keys: NamedLayers::new(),
        }
    }

    /// Adds a file of signatures that clients can use.
    pub(super) fn add_signature(&mut self, file: Loaded) -> Result<(), PublishError> {
        signature_key_ids(&file.content).map_err(|source| PublishError::Signature {
            path: file.path.clone(),
            source,
        })?;
        let layer = AttachmentLayer::signature(file.filename, file.content);
        insert(&mut self.signatures, layer, &file.path)
    }

    /// The keys that the signatures name.
    fn issuers(&self) -> BTreeSet<SignatureIssuer> {
        let files = self.signatures.values();
        files
            .filter_map(|(_, layer)| signature_key_ids(&layer.content).ok())
            .flatten()
            .collect()
    }

    /// Adds keys that were found beside the release: those that made one of the signatures, unless
    /// the same key was named. Whatever else lies there under such a name stays there.
    pub(super) fn add_found_keys(
        &mut self,
        files: &Files,
        paths: &[PathBuf],
    ) -> Result<(), PublishError> {
        let issuers = self.issuers();
        for path in paths {
            let Ok(file) = read(files, path, PGP_LIMIT) else {
                continue;
            };
            if is_binary(&file.content) {
                continue;
            }
            let keys = match public_keys(&file.content) {
                Ok(keys) => keys,
                // It would not be published, and it is about to be somewhere it does not belong.
                Err(source @ PgpError::PrivateKey) => {
                    let path = file.path;
                    return Err(PublishError::Key { path, source });
                }
                Err(_) => continue,
            };
            let named = |key: &PublicKey| issuers.iter().any(|issuer| made(key, issuer));
            let (true, Some(first)) = (keys.iter().any(named), keys.first()) else {
                continue;
            };
            let filename = key_filename(first);
            if !self.keys.contains_key(&filename) {
                let layer = AttachmentLayer::key(filename, file.content);
                insert(&mut self.keys, layer, path)?;
            }
        }
        Ok(())
    }

    /// Checks the signatures with the keys that are kept beside them. What nobody can check is
    /// told; without any key there is nothing to tell.
    pub(super) fn check(&self, rules: &SignatureRules) -> Result<Vec<Warning>, PublishError> {
        if self.keys.is_empty() {
            return Ok(Vec::new());
        }
        let path = |file: &str| match self.signatures.get(file) {
            Some((path, _)) => path.clone(),
            None => PathBuf::from(file),
        };
        let checked = self
            .files()
            .check(&Keyring::new(), rules)
            .map_err(|source| PublishError::Shasums {
                path: self.list.filename.clone().into(),
                source,
            })?;
        let mut warnings = Vec::new();
        for signatures in &checked.signatures {
            let filename = || signatures.file.clone();
            let report = signatures.report.as_ref();
            let report = report.map_err(|source| PublishError::Signature {
                path: path(&signatures.file),
                source: source.clone(),
            })?;
            for (_, problem) in report.bad() {
                if *problem != SignatureProblem::UnknownKey {
                    return Err(PublishError::SignatureRefused {
                        path: path(&signatures.file),
                        source: problem.clone(),
                    });
                }
                warnings.push(Warning::UncheckedSignature {
                    filename: filename(),
                });
            }
            let notes = report.good().flat_map(|good| &good.notes);
            warnings.extend(notes.map(|note| Warning::Signature {
                filename: filename(),
                problem: note.to_string(),
            }));
        }
        Ok(warnings)
    }

    /// The files, as they are checked.
    pub(super) fn files(&self) -> SumsFiles<'_> {
        fn all(layers: &NamedLayers) -> Vec<NamedFile<'_>> {
            layers.values().map(|(_, layer)| named(layer)).collect()
        }
        SumsFiles {
            list: named(&self.list),
            signatures: all(&self.signatures),
            keys: all(&self.keys),
        }
    }

    /// The attachment: the list, then signatures, then keys, by their names.
    pub(super) fn attachment(&self) -> Attachment {
        let files = self.signatures.values().chain(self.keys.values());
        let others = files.map(|(_, layer)| layer.clone());
        Attachment {
            kind: AttachmentKind::Shasums,
            layers: std::iter::once(self.list.clone()).chain(others).collect(),
            annotations: issuer_annotations(&self.issuers()),
        }
    }
}

fn named(layer: &AttachmentLayer) -> NamedFile<'_> {
    NamedFile {
        name: &layer.filename,
        content: &layer.content,
    }
}

/// Whether a key, or one of its subkeys, is the one that a signature names.
fn made(key: &PublicKey, issuer: &SignatureIssuer) -> bool {
    let mut fingerprints = key.fingerprints();
    match &issuer.fingerprint {
        Some(fingerprint) => fingerprints.any(|found| found == fingerprint),
        None => fingerprints.any(|found| found.key_id() == issuer.key_id),
    }
}

/// The name that a key gets.
pub(super) fn key_filename(key: &PublicKey) -> String {
    format!("{}.asc", key.key_id)
}

/// Binary packets begin with a set bit, text never does.
fn is_binary(content: &[u8]) -> bool {
    content.first().is_some_and(|first| first & 0x80 != 0)
}

/// The keys to keep.
pub(super) fn load_keys(files: &Files, paths: &[PathBuf]) -> Result<NamedLayers, PublishError> {
    let mut layers = NamedLayers::new();
    for path in paths {
        let file = read(files, path, PGP_LIMIT)?;
        let refused = |source| PublishError::Key {
            path: path.clone(),
            source,
        };
        let keys = public_keys(&file.content).map_err(refused)?;
        let key = keys.first().ok_or_else(|| {
            refused(PgpError::NotOpenPgp {
                kind: PgpKind::Keys,
            })
        })?;
        if is_binary(&file.content) {
            return Err(PublishError::KeyNotArmored { path: path.clone() });
        }
        let layer = AttachmentLayer::key(key_filename(key), file.content);
        insert(&mut layers, layer, path)?;
    }
    Ok(layers)
}

fn insert(
    layers: &mut NamedLayers,
    layer: AttachmentLayer,
    path: &Path,
) -> Result<(), PublishError> {
    let other = match layers.get(&layer.filename) {
        Some((first, other)) if *other != layer => first.clone(),
        _ => {
            layers.insert(layer.filename.clone(), (path.to_owned(), layer));
            return Ok(());
        }
    };
    Err(PublishError::DuplicateFile {
        what: "signature or key",
        first: other,
        second: path.to_owned(),
    })
}

fn issuer_annotations(issuers: &BTreeSet<SignatureIssuer>) -> Annotations {
    let ids: BTreeSet<&str> = issuers
        .iter()
        .map(|issuer| issuer.key_id.as_str())
        .collect();
    let fingerprints: BTreeSet<&str> = issuers
        .iter()
        .filter_map(|issuer| issuer.fingerprint.as_ref())
        .map(Fingerprint::as_str)
        .collect();
    let mut annotations = Annotations::new();
    for (key, values) in [
        (annotation::PGP_KEY_IDS, ids),
        (annotation::PGP_FINGERPRINTS, fingerprints),
    ] {
        if !values.is_empty() {
            let values: Vec<&str> = values.into_iter().collect();
            annotations.insert(key.to_owned(), values.join(","));
        }
    }
    annotations
}
