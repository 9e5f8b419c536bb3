use serde::Deserialize;
use serde_json::Value;

use super::{LockedModule, ModuleLock, ModuleLockError, shown, tag};
use crate::oci::json::{JsonError, read_strict};
use crate::oci::{Algorithm, Digest, Tag, TagOrDigest};
use crate::tofu::{ModuleSource, OciModule, PackageHash};
use crate::{Noun, ParseError};

/// The only format there is so far.
pub(super) const VERSION: u64 = 1;

/// How lines begin that version control leaves in a file with a conflict. No line of JSON does.
const MARKERS: [&str; 4] = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"];

/// What all formats have.
#[derive(Deserialize)]
struct Head {
    version: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[allow(dead_code, reason = "it was looked at before the rest")]
    version: u64,
    modules: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    path: String,
    source: String,
    tag: Option<String>,
    manifest: String,
    h1: String,
}

impl ModuleLock {
    /// Reads the file. The order of the entries does not matter.
    ///
    /// # Errors
    ///
    /// [`ModuleLockError`]: the first thing that is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, ModuleLockError> {
        check_markers(bytes)?;
        // The version comes first: another one may well have other members.
        let head: Head = read_strict(bytes)?;
        match head.version {
            Some(version) if version.as_u64() == Some(VERSION) => {}
            Some(version) => {
                let found = version.to_string().chars().take(40).collect();
                return Err(ModuleLockError::Version { found });
            }
            None => {
                let found = "missing".to_owned();
                return Err(ModuleLockError::Version { found });
            }
        }
        let document: Document = serde_json::from_slice(bytes).map_err(JsonError::from)?;
        let mut lock = Self::new();
        for entry in document.modules {
            let path = path(&entry.path)?;
            if lock.get(&path).is_some() {
                return Err(ModuleLockError::Duplicate(shown(&path)));
            }
            let module = module(&entry)?;
            lock.set(path, module);
        }
        Ok(lock)
    }
}

fn check_markers(bytes: &[u8]) -> Result<(), ModuleLockError> {
    let marked = |line: &[u8]| MARKERS.iter().any(|m| line.starts_with(m.as_bytes()));
    match bytes.split(|&byte| byte == b'\n').position(marked) {
        Some(index) => Err(ModuleLockError::Conflict { line: index + 1 }),
        None => Ok(()),
    }
}

/// The names in `module.network.module.label`.
fn path(text: &str) -> Result<Vec<String>, ModuleLockError> {
    // As configurations are read.
    let is_name = |name: &str| hcl_edit::Ident::try_new(name).is_ok();
    let mut names = Vec::new();
    let mut parts = text.split('.');
    while let Some(word) = parts.next() {
        match parts.next() {
            Some(name) if word == "module" && is_name(name) => names.push(name.to_owned()),
            _ => {
                let shown = text.chars().take(256).collect();
                return Err(ModuleLockError::Path(shown));
            }
        }
    }
    Ok(names)
}

fn module(entry: &Entry) -> Result<LockedModule, ModuleLockError> {
    let path = || entry.path.clone();
    let word = |source| ModuleLockError::Word {
        path: path(),
        source,
    };
    let contradiction = |reason| {
        let path = path();
        Err(ModuleLockError::Contradiction { path, reason })
    };
    let source = source(&entry.source).map_err(word)?;
    let manifest = manifest(&entry.manifest).map_err(word)?;
    if entry.tag.as_deref() != tag(&source).as_ref().map(Tag::as_str) {
        return contradiction("the tag is not that of the source");
    }
    if let Some(TagOrDigest::Digest(pinned)) = source.at()
        && *pinned != manifest
    {
        return contradiction("the source names another manifest");
    }
    let h1 = h1(&entry.h1).map_err(word)?;
    Ok(LockedModule {
        source,
        manifest,
        h1,
    })
}

fn source(text: &str) -> Result<OciModule, ParseError> {
    match text.parse()? {
        ModuleSource::Oci(module) if module.to_string() == text => Ok(module),
        ModuleSource::Oci(_) => Err(ParseError::new(
            Noun::ModuleSource,
            text,
            "it is not in its normal spelling",
        )),
        _ => Err(ParseError::new(
            Noun::ModuleSource,
            text,
            "only oci:// sources are locked",
        )),
    }
}

fn manifest(text: &str) -> Result<Digest, ParseError> {
    let digest: Digest = text.parse()?;
    if digest.algorithm() == Algorithm::Unsupported {
        let reason = "the algorithm cannot be checked";
        return Err(ParseError::new(Noun::Digest, text, reason));
    }
    Ok(digest)
}

fn h1(text: &str) -> Result<PackageHash, ParseError> {
    let hash: PackageHash = text.parse()?;
    if hash.h1_bytes().is_none() {
        let reason = "it is not h1: and the base64 of 32 bytes";
        return Err(ParseError::new(Noun::PackageHash, text, reason));
    }
    Ok(hash)
}
