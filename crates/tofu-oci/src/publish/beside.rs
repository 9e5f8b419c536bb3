//! What stands beside the packages of a release: checksums file, signatures, keys, registry
//! manifest, SBOMs. Everything is read, and checked as far as it can be, before anything is sent.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use tofu_oci_store::files::Files;
use tofu_oci_trust::pgp::{PGP_LIMIT, SignatureRules};
use tofu_oci_trust::shasums::{Gap, SHASUMS_LIMIT, Shasums, ShasumsError};
use tofu_oci_types::artifact::{Attachment, AttachmentKind, AttachmentLayer, annotation};
use tofu_oci_types::oci::{Annotations, Digest};
use tofu_oci_types::tofu::{Platform, RegistryManifest, ReleaseFile, SbomFormat};

use super::release_files::ReleaseFiles;
use super::signatures::{SignedList, load_keys};
use super::{ProviderOptions, PublishError};
use crate::Warning;

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
    /// The checksums file with its signatures and keys, which is the first attachment.
    pub(super) signed: Option<SignedList>,
    /// What is odd about the signatures.
    pub(super) warnings: Vec<Warning>,
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
    let given = (release.keys.as_slice(), options);
    beside.add_shasums(list, loaded.signatures, files, given)?;
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
pub(super) struct Loaded {
    pub(super) path: PathBuf,
    pub(super) filename: String,
    pub(super) content: Bytes,
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

pub(super) fn read(files: &Files, path: &Path, limit: usize) -> Result<Loaded, PublishError> {
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
        files: &Files,
        (found, options): (&[PathBuf], &ProviderOptions),
    ) -> Result<(), PublishError> {
        let keys = load_keys(files, &options.keys)?;
        let Some(list) = list else {
            let orphan = signatures.into_iter().map(|file| file.path);
            // A list that will be made is signed by one key, and has no use for another.
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
        let mut signed = SignedList::new(list.filename, list.content);
        for file in signatures {
            signed.add_signature(file)?;
        }
        signed.keys = keys;
        signed.add_found_keys(files, found)?;
        let rules = SignatureRules {
            now: options.now,
            ..SignatureRules::default()
        };
        self.warnings = signed.check(&rules)?;
        self.signed = Some(signed);
        self.shasums = Some((list.path, shasums));
        self.attach_signed();
        Ok(())
    }

    /// Puts the checksums file with everything that belongs to it first among the attachments.
    pub(super) fn attach_signed(&mut self) {
        self.attachments
            .retain(|(_, attachment)| attachment.kind != AttachmentKind::Shasums);
        if let Some(signed) = &self.signed {
            self.attachments.insert(0, (None, signed.attachment()));
        }
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
        let manifest = RegistryManifest::read(&file.content).map_err(|source| {
            PublishError::RegistryManifest {
                path: file.path.clone(),
                source,
            }
        })?;
        self.protocols = manifest.protocols;
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
        let kind = AttachmentKind::of_sbom(format, &file.content).map_err(|reason| {
            PublishError::Sbom {
                path: file.path.clone(),
                reason,
            }
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
