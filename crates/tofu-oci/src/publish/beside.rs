//! What stands beside the packages of a release: checksums file, signatures, keys, registry
//! manifest, SBOMs. Everything is read, and checked as far as it can be, before anything is sent.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tofu_oci_store::files::Files;
use tofu_oci_trust::pgp::{
    Fingerprint, PGP_LIMIT, PgpError, PgpKind, SignatureIssuer, public_keys, signature_key_ids,
};
use tofu_oci_trust::shasums::{Gap, SHASUMS_LIMIT, Shasums, ShasumsError};
use tofu_oci_types::artifact::{Attachment, AttachmentKind, AttachmentLayer, annotation};
use tofu_oci_types::oci::{Annotations, Digest};
use tofu_oci_types::tofu::{Platform, ReleaseFile, SbomFormat};

use super::documents::{protocols, sbom_kind};
use super::release_files::ReleaseFiles;
use super::{ProviderOptions, PublishError};

/// The longest SBOM, in bytes.
const SBOM_LIMIT: usize = 32 << 20;
/// The longest registry manifest, in bytes.
const REGISTRY_MANIFEST_LIMIT: usize = 1 << 20;

/// The name of a registry manifest in a source repository.
const UNPUBLISHED_MANIFEST: &str = "terraform-registry-manifest.json";

/// What is published beside the packages.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// The checksums file, and its name.
    pub(super) shasums: Option<(PathBuf, Shasums)>,
    /// The protocol versions, ascending, where a registry manifest states them.
    pub(super) protocols: Vec<String>,
    /// The attachments, with the platform that they are about.
    pub(super) attachments: Vec<(Option<Platform>, Attachment)>,
}

/// Reads what is beside the packages. Blocks. All failures are told together.
pub(super) fn load(
    files: &Files,
    release: &ReleaseFiles,
    options: &ProviderOptions,
) -> Result<Beside, PublishError> {
    let mut loaded = Gathered::default();
    let mut errors = Vec::new();
    for (file, path) in &release.beside {
        if let Err(error) = loaded.add(files, file, path) {
            errors.push(error);
        }
    }
    PublishError::all(errors)?;
    let mut beside = Beside::default();
    let list = one(loaded.shasums, "checksums file")?;
    beside.add_shasums(list, loaded.signatures, load_keys(files, &options.keys)?)?;
    let registry_manifest = match one(loaded.registry_manifests, "registry manifest")? {
        Some(file) => Some(file),
        None => beside.find_registry_manifest(files, release)?,
    };
    if let Some(file) = registry_manifest {
        beside.add_registry_manifest(file)?;
    }
    let mut errors = Vec::new();
    for sbom in loaded.sboms {
        if let Err(error) = beside.add_sbom(sbom, release) {
            errors.push(error);
        }
    }
    PublishError::all(errors)?;
    beside.check_listed(release)?;
    Ok(beside)
}

/// One file that was read.
struct Loaded {
    path: PathBuf,
    filename: String,
    content: Bytes,
}

/// An SBOM, with what its name says.
struct LoadedSbom {
    file: Loaded,
    platform: Option<Platform>,
    format: SbomFormat,
}

/// The files that were read.
#[derive(Default)]
struct Gathered {
    shasums: Vec<Loaded>,
    signatures: Vec<Loaded>,
    registry_manifests: Vec<Loaded>,
    sboms: Vec<LoadedSbom>,
}

impl Gathered {
    fn add(&mut self, files: &Files, file: &ReleaseFile, path: &Path) -> Result<(), PublishError> {
        match file {
            ReleaseFile::Checksums(_) => self.shasums.push(read(files, path, SHASUMS_LIMIT)?),
            ReleaseFile::Signature { .. } => self.signatures.push(read(files, path, PGP_LIMIT)?),
            ReleaseFile::RegistryManifest(_) => {
                let file = read(files, path, REGISTRY_MANIFEST_LIMIT)?;
                self.registry_manifests.push(file);
            }
            ReleaseFile::Sbom {
                platform, format, ..
            } => self.sboms.push(LoadedSbom {
                file: read(files, path, SBOM_LIMIT)?,
                platform: platform.clone(),
                format: *format,
            }),
            ReleaseFile::Package(_) | ReleaseFile::Other => {}
        }
        Ok(())
    }
}

fn read(files: &Files, path: &Path, limit: usize) -> Result<Loaded, PublishError> {
    let failed = |source| PublishError::Read {
        path: path.to_owned(),
        source,
    };
    let real = files.canonicalize(path).map_err(failed)?;
    let content = files.read(&real, limit as u64).map_err(failed)?;
    let name = path.file_name().unwrap_or_default();
    Ok(Loaded {
        path: path.to_owned(),
        filename: name.to_string_lossy().into_owned(),
        content: Bytes::from(content),
    })
}

/// The one file of a kind that a release has once; the same file twice is one.
fn one(mut files: Vec<Loaded>, what: &'static str) -> Result<Option<Loaded>, PublishError> {
    let Some(last) = files.pop() else {
        return Ok(None);
    };
    match files.into_iter().find(|file| file.content != last.content) {
        None => Ok(Some(last)),
        Some(other) => Err(PublishError::DuplicateFile {
            what,
            first: other.path,
            second: last.path,
        }),
    }
}

impl Beside {
    fn add_shasums(
        &mut self,
        list: Option<Loaded>,
        signatures: Vec<Loaded>,
        keys: Keys,
    ) -> Result<(), PublishError> {
        let Some(list) = list else {
            let orphan = signatures.into_iter().map(|file| file.path);
            return match orphan
                .chain(keys.into_values().map(|(path, _)| path))
                .next()
            {
                Some(path) => Err(PublishError::NoShasums { path }),
                None => Ok(()),
            };
        };
        let refused = |source| PublishError::Shasums {
            path: list.path.clone(),
            source,
        };
        let shasums = Shasums::parse(&list.content).map_err(refused)?;
        shasums.for_publish().map_err(refused)?;
        let mut layers = vec![AttachmentLayer {
            media_type: AttachmentKind::Shasums.layer_type(),
            filename: list.filename,
            content: list.content,
        }];
        let mut issuers = BTreeSet::new();
        // By file name: the order of the artifact is that of the names.
        let mut others = Keys::new();
        for file in signatures {
            let found = signature_key_ids(&file.content);
            issuers.extend(found.map_err(|source| PublishError::Signature {
                path: file.path.clone(),
                source,
            })?);
            let layer = AttachmentLayer::signature(file.filename.clone(), file.content);
            insert(&mut others, layer, &file.path)?;
        }
        for files in [others, keys] {
            layers.extend(files.into_values().map(|(_, layer)| layer));
        }
        self.attachments.push((
            None,
            Attachment {
                kind: AttachmentKind::Shasums,
                layers,
                annotations: issuer_annotations(&issuers),
            },
        ));
        self.shasums = Some((list.path, shasums));
        Ok(())
    }

    /// The registry manifest under the name that it has in a source repository: release tools list
    /// it under its published name and leave the file where it is. Only the listed digest proves
    /// that it is the one.
    fn find_registry_manifest(
        &self,
        files: &Files,
        release: &ReleaseFiles,
    ) -> Result<Option<Loaded>, PublishError> {
        let filename = release.name.registry_manifest();
        let Some((list, shasums)) = &self.shasums else {
            return Ok(None);
        };
        let Some(listed) = shasums.get(&filename) else {
            return Ok(None);
        };
        let failed = |source| PublishError::Read {
            path: list.clone(),
            source,
        };
        let list = files.canonicalize(list).map_err(failed)?;
        for dir in list.ancestors().skip(1).take(2) {
            let path = dir.join(UNPUBLISHED_MANIFEST);
            let there = files.metadata(&path).map_err(failed)?;
            if !there.is_some_and(|metadata| metadata.is_file()) {
                continue;
            }
            let file = read(files, &path, REGISTRY_MANIFEST_LIMIT)?;
            if listed.matches(&file.content) {
                return Ok(Some(Loaded { filename, ..file }));
            }
        }
        Ok(None)
    }

    fn add_registry_manifest(&mut self, file: Loaded) -> Result<(), PublishError> {
        self.protocols =
            protocols(&file.content).map_err(|reason| PublishError::RegistryManifest {
                path: file.path.clone(),
                reason,
            })?;
        self.attachments
            .push((None, whole(AttachmentKind::RegistryManifest, file, None)));
        Ok(())
    }

    fn add_sbom(&mut self, sbom: LoadedSbom, release: &ReleaseFiles) -> Result<(), PublishError> {
        let LoadedSbom {
            file,
            platform,
            format,
        } = sbom;
        if let Some(platform) = &platform
            && !release.packages.contains_key(platform)
        {
            if release.left_out.contains(platform) {
                return Ok(());
            }
            return Err(PublishError::SbomPlatform {
                path: file.path,
                platform: platform.clone(),
                available: release.packages.keys().cloned().collect(),
            });
        }
        let kind = sbom_kind(format, &file.content).map_err(|reason| PublishError::Sbom {
            path: file.path.clone(),
            reason,
        })?;
        let attachment = whole(kind, file, platform.as_ref());
        self.attachments.push((platform, attachment));
        Ok(())
    }

    /// The checksums file names every package, and agrees with the other files that it names.
    fn check_listed(&self, release: &ReleaseFiles) -> Result<(), PublishError> {
        let Some((path, shasums)) = &self.shasums else {
            return Ok(());
        };
        let mut gaps: Vec<Gap> = release
            .packages
            .values()
            .filter(|package| shasums.get(&package.filename).is_none())
            .map(|package| Gap::Missing {
                name: package.filename.clone(),
            })
            .collect();
        let layers = self
            .attachments
            .iter()
            .flat_map(|(_, attachment)| &attachment.layers);
        for layer in layers {
            let actual = Digest::of(&layer.content);
            match shasums.get(&layer.filename) {
                Some(listed) if listed != actual => gaps.push(Gap::Wrong {
                    name: layer.filename.clone(),
                    listed,
                    actual,
                }),
                _ => {}
            }
        }
        match gaps.is_empty() {
            true => Ok(()),
            false => Err(PublishError::Shasums {
                path: path.clone(),
                source: ShasumsError::NotCovered { gaps },
            }),
        }
    }
}

/// Signatures or keys by the names that they get, with the files they were read from.
type Keys = BTreeMap<String, (PathBuf, AttachmentLayer)>;

/// The keys to keep.
fn load_keys(files: &Files, paths: &[PathBuf]) -> Result<Keys, PublishError> {
    let mut layers = Keys::new();
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
        // Binary packets begin with a set bit, text never does.
        if file.content.first().is_some_and(|first| first & 0x80 != 0) {
            return Err(PublishError::KeyNotArmored { path: path.clone() });
        }
        let layer = AttachmentLayer::key(format!("{}.asc", key.key_id), file.content);
        insert(&mut layers, layer, path)?;
    }
    Ok(layers)
}

fn insert(layers: &mut Keys, layer: AttachmentLayer, path: &Path) -> Result<(), PublishError> {
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

/// An attachment of one file.
fn whole(kind: AttachmentKind, file: Loaded, platform: Option<&Platform>) -> Attachment {
    let mut annotations = Annotations::new();
    if let Some(platform) = platform {
        annotations.insert(annotation::PLATFORM.to_owned(), platform.to_string());
    }
    Attachment {
        kind,
        layers: vec![AttachmentLayer {
            media_type: kind.layer_type(),
            filename: file.filename,
            content: file.content,
        }],
        annotations,
    }
}
