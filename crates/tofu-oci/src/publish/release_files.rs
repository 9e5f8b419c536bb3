//! Which files are published: found by name, before any of them is opened.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tofu_oci_store::files::{EntryKind, Files};
use tofu_oci_types::tofu::{
    Hostname, PackageFilename, Platform, ProviderAddr, ReleaseFile, ReleaseName, Version,
};

use super::{Given, ProviderOptions, PublishError};

/// The files of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReleaseFiles {
    /// The provider type and the version.
    pub(super) name: ReleaseName,
    /// The source address: as given, or as a mirror directory has it.
    pub(super) source: Option<ProviderAddr>,
    /// The packages, by platform.
    pub(super) packages: BTreeMap<Platform, PackageFile>,
    /// Platforms that have a package which is not published.
    pub(super) left_out: BTreeSet<Platform>,
    /// What is beside the packages, sorted by name.
    pub(super) beside: Vec<(ReleaseFile, PathBuf)>,
    /// Files that may hold public keys, sorted.
    pub(super) keys: Vec<PathBuf>,
    /// Names of files that look like evidence and are not taken, and why.
    pub(super) untaken: BTreeSet<(String, &'static str)>,
}

/// The file of one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PackageFile {
    /// The name that it is published under.
    pub(super) filename: String,
    /// Where it is.
    pub(super) path: PathBuf,
}

/// A package whose name says what it is.
#[derive(Debug)]
struct Candidate {
    name: PackageFilename,
    /// As a mirror directory has it.
    source: Option<ProviderAddr>,
    path: PathBuf,
}

/// Finds the release that `paths` hold. `tagged` is the version that the address names. Blocks.
pub(super) fn collect(
    files: &Files,
    paths: &[PathBuf],
    tagged: Option<&Version>,
    options: &ProviderOptions,
) -> Result<ReleaseFiles, PublishError> {
    let mut found = Found::default();
    for path in paths {
        found.add(files, path)?;
    }
    let wanted = options.version.as_ref().or(tagged);
    if let [path] = found.unnamed.as_slice() {
        if !found.packages.is_empty() {
            return Err(PublishError::UnnamedAmongOthers { path: path.clone() });
        }
        return single(path, wanted, options);
    }
    if let Some(path) = found.unnamed.first() {
        return Err(PublishError::UnnamedAmongOthers { path: path.clone() });
    }
    if found.packages.is_empty() {
        return Err(PublishError::NoPackages {
            path: paths.first().cloned().unwrap_or_default(),
        });
    }
    found.choose(wanted, options)
}

/// The one zip whose name says nothing; the options say everything.
fn single(
    path: &Path,
    wanted: Option<&Version>,
    options: &ProviderOptions,
) -> Result<ReleaseFiles, PublishError> {
    let (Some(source), Some(version), [platform]) =
        (&options.source, wanted, options.platforms.as_slice())
    else {
        let given = [
            (Given::Source, options.source.is_some()),
            (Given::Version, wanted.is_some()),
            (Given::Platform, options.platforms.len() == 1),
        ];
        let missing = given
            .iter()
            .filter(|(_, given)| !given)
            .map(|(what, _)| *what);
        return Err(PublishError::Unnamed {
            path: path.to_owned(),
            missing: missing.collect(),
        });
    };
    let name = ReleaseName::new(source.kind(), version.clone()).map_err(|source| {
        PublishError::Filename {
            path: path.to_owned(),
            source,
        }
    })?;
    let package = PackageFile {
        filename: name.package(platform.clone()).to_string(),
        path: path.to_owned(),
    };
    Ok(ReleaseFiles {
        name,
        source: Some(source.clone()),
        packages: [(platform.clone(), package)].into(),
        left_out: BTreeSet::new(),
        beside: Vec::new(),
        keys: Vec::new(),
        untaken: BTreeSet::new(),
    })
}

/// Everything that the paths hold.
#[derive(Debug, Default)]
struct Found {
    packages: Vec<Candidate>,
    beside: Vec<(ReleaseFile, PathBuf)>,
    unnamed: Vec<PathBuf>,
    /// Names of other files that may be checksums files or signatures.
    others: BTreeSet<String>,
    /// Files that may hold public keys.
    keys: BTreeSet<PathBuf>,
    /// What was looked at, so that a file named twice counts once.
    seen: BTreeSet<PathBuf>,
}

impl Found {
    /// Looks at a path that was given.
    fn add(&mut self, files: &Files, given: &Path) -> Result<(), PublishError> {
        let failed = |source| PublishError::Read {
            path: given.to_owned(),
            source,
        };
        let real = files.canonicalize(given).map_err(failed)?;
        if files
            .metadata(&real)
            .map_err(failed)?
            .is_some_and(|m| m.is_dir())
        {
            let before = self.packages.len();
            self.add_directory(files, given, None)?;
            if self.packages.len() == before {
                self.add_mirror(files, given)?;
            }
            return Ok(());
        }
        let name = given
            .file_name()
            .and_then(OsStr::to_str)
            .unwrap_or_default();
        match classify(name, given)? {
            ReleaseFile::Other if name.ends_with(".zip") => {
                if self.seen.insert(real) {
                    self.unnamed.push(given.to_owned());
                }
            }
            ReleaseFile::Other => {
                return Err(PublishError::NotOfARelease {
                    path: given.to_owned(),
                });
            }
            ReleaseFile::Package(name) => {
                self.push(ReleaseFile::Package(name), given, real, None);
                // The list and what else belongs to a zip lie beside it.
                let parent = given.parent().filter(|p| !p.as_os_str().is_empty());
                self.add_beside(files, parent.unwrap_or(Path::new(".")))?;
            }
            file => self.push(file, given, real, None),
        }
        Ok(())
    }

    /// Remembers a name that looks like evidence.
    fn note(&mut self, name: &str, path: &Path) {
        if name.starts_with("SHA256SUMS") || name.ends_with("_SHA256SUMS.asc") {
            self.others.insert(name.to_owned());
        } else if name.ends_with(".asc") {
            self.keys.insert(path.to_owned());
        }
    }

    fn push(
        &mut self,
        file: ReleaseFile,
        path: &Path,
        real: PathBuf,
        source: Option<&ProviderAddr>,
    ) {
        if !self.seen.insert(real) {
            return;
        }
        match file {
            ReleaseFile::Other => {}
            ReleaseFile::Package(name) => self.packages.push(Candidate {
                name,
                source: source.cloned(),
                path: path.to_owned(),
            }),
            file => self.beside.push((file, path.to_owned())),
        }
    }

    /// Every file of a release in a directory; everything else is passed over.
    fn add_directory(
        &mut self,
        files: &Files,
        dir: &Path,
        source: Option<&ProviderAddr>,
    ) -> Result<(), PublishError> {
        for (name, path, real) in named_files(files, dir)? {
            self.note(&name, &path);
            let file = classify(&name, &path)?;
            let stranger = matches!((source, &file), (Some(source), ReleaseFile::Package(name))
                if name.kind() != source.kind());
            if !stranger {
                self.push(file, &path, real, source);
            }
        }
        Ok(())
    }

    /// What lies beside a zip that was named: not its neighbours' packages.
    fn add_beside(&mut self, files: &Files, dir: &Path) -> Result<(), PublishError> {
        for (name, path, real) in named_files(files, dir)? {
            self.note(&name, &path);
            match ReleaseFile::classify(&name) {
                // A neighbour with a bad name, or one of any document, is none of our business.
                Err(_) | Ok(ReleaseFile::Package(_)) => {}
                Ok(file) if file.release().is_none() => {}
                Ok(file) => self.push(file, &path, real, None),
            }
        }
        Ok(())
    }

    /// `HOST/NAMESPACE/TYPE/….zip`, as `providers mirror` writes.
    fn add_mirror(&mut self, files: &Files, dir: &Path) -> Result<(), PublishError> {
        for (host, host_dir) in directories(files, dir)? {
            let Ok(hostname) = host.parse::<Hostname>() else {
                continue;
            };
            for (namespace, namespace_dir) in directories(files, &host_dir)? {
                for (kind, kind_dir) in directories(files, &namespace_dir)? {
                    let address = ProviderAddr::from_parts(hostname.clone(), &namespace, &kind);
                    if let Ok(address) = address {
                        self.add_directory(files, &kind_dir, Some(&address))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Narrows everything down to one release.
    fn choose(
        mut self,
        wanted: Option<&Version>,
        options: &ProviderOptions,
    ) -> Result<ReleaseFiles, PublishError> {
        let source = self.one_provider(options)?;
        self.one_version(wanted)?;
        let Some(name) = self.packages.first().map(|found| found.name.release()) else {
            return Err(PublishError::NoVersion);
        };
        let mut packages = BTreeMap::new();
        for found in self.packages {
            let platform = found.name.platform().clone();
            let package = PackageFile {
                filename: found.name.to_string(),
                path: found.path.clone(),
            };
            if let Some(first) = packages.insert(platform.clone(), package) {
                return Err(PublishError::DuplicatePlatform {
                    platform,
                    first: first.path,
                    second: found.path,
                });
            }
        }
        let left_out = narrow(&mut packages, &options.platforms)?;
        let mut beside: Vec<_> = self
            .beside
            .into_iter()
            .filter(|(file, _)| file.may_belong_to(&name))
            .collect();
        beside.sort();
        let untaken = self.others.into_iter();
        let untaken = untaken.filter_map(|file| Some((untaken_why(&file, &name)?, file)));
        Ok(ReleaseFiles {
            untaken: untaken.map(|(why, file)| (file, why)).collect(),
            name: name.clone(),
            source,
            packages,
            left_out,
            beside,
            keys: self.keys.into_iter().collect(),
        })
    }

    fn one_provider(
        &mut self,
        options: &ProviderOptions,
    ) -> Result<Option<ProviderAddr>, PublishError> {
        let of = |found: &Candidate| match &found.source {
            Some(address) => address.to_string(),
            None => found.name.kind().to_owned(),
        };
        let all: BTreeSet<String> = self.packages.iter().map(of).collect();
        if let Some(source) = &options.source {
            let is = |found: &Candidate| match &found.source {
                Some(address) => address == source,
                None => found.name.kind() == source.kind(),
            };
            self.packages.retain(is);
            // A mirror holds many providers; a release holds one, and another in it is a mistake.
            let stranger = self.packages.iter().all(|found| found.source.is_none())
                && self.packages.iter().map(of).collect::<BTreeSet<_>>() != all;
            if self.packages.is_empty() || stranger {
                return Err(PublishError::OtherProvider {
                    expected: source.clone(),
                    found: all.into_iter().collect(),
                });
            }
            return Ok(Some(source.clone()));
        }
        if all.len() > 1 {
            return Err(PublishError::SeveralProviders {
                found: all.into_iter().collect(),
            });
        }
        Ok(self.packages.first().and_then(|found| found.source.clone()))
    }

    fn one_version(&mut self, wanted: Option<&Version>) -> Result<(), PublishError> {
        let all: BTreeSet<Version> = self
            .packages
            .iter()
            .map(|found| found.name.version().clone())
            .collect();
        let version = match (wanted, all.len()) {
            (Some(version), _) => version.clone(),
            (None, 1) => all.first().cloned().ok_or(PublishError::NoVersion)?,
            (None, _) => {
                return Err(PublishError::SeveralVersions {
                    found: all.into_iter().collect(),
                });
            }
        };
        self.packages
            .retain(|found| *found.name.version() == version);
        if self.packages.is_empty() {
            return Err(PublishError::VersionMissing {
                version,
                found: all.into_iter().collect(),
            });
        }
        Ok(())
    }
}

/// Why a file that looks like evidence for the release is not taken.
fn untaken_why(file: &str, release: &ReleaseName) -> Option<&'static str> {
    let armored = format!(
        "terraform-provider-{}_{}_SHA256SUMS.asc",
        release.kind(),
        release.version()
    );
    match file {
        "SHA256SUMS" | "SHA256SUMS.sig" | "SHA256SUMS.asc" => Some(
            "it is not published: clients ask for terraform-provider-TYPE_VERSION_SHA256SUMS and its .sig",
        ),
        file if file == armored => {
            Some("it is not published: clients take binary signatures, in a file named .sig")
        }
        _ => None,
    }
}

/// Leaves the platforms that were asked for, and tells which others there were.
fn narrow(
    packages: &mut BTreeMap<Platform, PackageFile>,
    wanted: &[Platform],
) -> Result<BTreeSet<Platform>, PublishError> {
    if wanted.is_empty() {
        return Ok(BTreeSet::new());
    }
    let all: BTreeSet<Platform> = packages.keys().cloned().collect();
    let wanted: BTreeSet<Platform> = wanted.iter().cloned().collect();
    if !wanted.is_subset(&all) {
        return Err(PublishError::PlatformMissing {
            missing: wanted.difference(&all).cloned().collect(),
            available: all.into_iter().collect(),
        });
    }
    packages.retain(|platform, _| wanted.contains(platform));
    Ok(all.difference(&wanted).cloned().collect())
}

fn classify(name: &str, path: &Path) -> Result<ReleaseFile, PublishError> {
    ReleaseFile::classify(name).map_err(|source| PublishError::Filename {
        path: path.to_owned(),
        source,
    })
}

/// The files of a directory: name, path, and the path without links.
fn named_files(files: &Files, dir: &Path) -> Result<Vec<(String, PathBuf, PathBuf)>, PublishError> {
    let failed = |source| PublishError::Read {
        path: dir.to_owned(),
        source,
    };
    let real = files.canonicalize(dir).map_err(failed)?;
    let mut found = Vec::new();
    for entry in files.read_dir(&real).map_err(failed)? {
        // A name that is not UTF-8 is none of a release.
        let Ok(name) = entry.name.into_string() else {
            continue;
        };
        if entry.kind == EntryKind::Directory {
            continue;
        }
        let place = real.join(&name);
        let target = match entry.kind {
            EntryKind::Other => match files.canonicalize(&place) {
                Ok(target) => target,
                // A link that leads nowhere says so when somebody needs the file.
                Err(_) => place,
            },
            _ => place,
        };
        found.push((name.clone(), dir.join(name), target));
    }
    Ok(found)
}

fn directories(files: &Files, dir: &Path) -> Result<Vec<(String, PathBuf)>, PublishError> {
    let entries = files.read_dir(dir).map_err(|source| PublishError::Read {
        path: dir.to_owned(),
        source,
    })?;
    Ok(entries
        .into_iter()
        .filter(|entry| entry.kind == EntryKind::Directory)
        .filter_map(|entry| entry.name.into_string().ok())
        .map(|name| (name.clone(), dir.join(name)))
        .collect())
}
