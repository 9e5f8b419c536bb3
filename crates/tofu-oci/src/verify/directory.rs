//! Verifying what is installed against the lock files. Nobody is asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tofu_oci_store::files::{EntryKind, Files};
use tofu_oci_trust::policy::{Level, LockStanding, Proof, Refusal, Verdict};
use tofu_oci_types::tofu::{LockFile, PackageHash, Platform, ProviderAddr, ProviderLock, Version};

use super::modules::LockedModules;
use super::{
    Checked, PackageReport, StrayPackage, VerifiedPlace, Verifier, VerifyError, VerifyReport,
};
use crate::install::{h1_of_tree, read_lock_file};

/// How deep package directories lie: `HOST/NAMESPACE/TYPE/VERSION/OS_ARCH`.
const DEPTH: usize = 5;

/// What is verified of a working directory.
#[derive(Debug, Clone)]
pub struct DirectoryOptions {
    /// The directory of the root module.
    pub dir: PathBuf,
    /// The data directory: relative to `dir`, or absolute.
    pub data_dir: PathBuf,
    /// Platforms that have to be there; at least one, whichever, when empty.
    pub platforms: Vec<Platform>,
}

impl Verifier {
    /// Hashes every installed package and compares it with the lock file, and modules with theirs where there is one.
    /// Blocks.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] where lock files or data directory cannot be read. What is said about a package is in
    /// [`VerifyReport::failures`].
    pub fn directory(&self, options: &DirectoryOptions) -> Result<VerifyReport, VerifyError> {
        let path = options.dir.join(".terraform.lock.hcl");
        let lock = read_lock_file(&self.files, &path)?;
        let modules = LockedModules::load(&self.files, options)?;
        let lock = match (lock, &modules) {
            (Some((lock, _)), _) => lock,
            // A configuration without providers has none.
            (None, Some(_)) => LockFile::default(),
            (None, None) => return Err(VerifyError::NoLockFile { path }),
        };
        let root = options.dir.join(&options.data_dir).join("providers");
        let mut found = Vec::new();
        if self.files.metadata(&root).map_err(unread(&root))?.is_some() {
            walk(&self.files, &root, DEPTH, &mut found)?;
        }
        let mut checking = Checking {
            files: &self.files,
            lock: &lock,
            report: VerifyReport::new(VerifiedPlace::Directory {
                path: options.dir.clone(),
            }),
            there: BTreeMap::new(),
        };
        for path in found {
            checking.look(&root, path);
        }
        checking.missing(&options.platforms);
        let mut report = checking.report;
        if let Some(modules) = modules {
            modules.check(&mut report);
        }
        Ok(report)
    }
}

/// Everything at `depth`, and whatever ends before, sorted.
fn walk(
    files: &Files,
    dir: &Path,
    depth: usize,
    found: &mut Vec<PathBuf>,
) -> Result<(), VerifyError> {
    let mut entries = files.read_dir(dir).map_err(unread(dir))?;
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    for entry in entries {
        let path = dir.join(&entry.name);
        match depth > 1 && entry.kind == EntryKind::Directory {
            true => walk(files, &path, depth - 1, found)?,
            false => found.push(path),
        }
    }
    Ok(())
}

struct Checking<'a> {
    files: &'a Files,
    lock: &'a LockFile,
    report: VerifyReport,
    /// The platforms that are installed of each locked version.
    there: BTreeMap<ProviderAddr, Vec<Platform>>,
}

impl Checking<'_> {
    fn look(&mut self, root: &Path, path: PathBuf) {
        let Some((provider, version, platform)) = named(root, &path) else {
            return self.stray(
                path,
                "it is not where a package of a provider is".to_owned(),
            );
        };
        let entry = match self.lock.get(&provider) {
            Some(entry) if entry.version == version => entry,
            Some(entry) => return self.stray(path, format!("{} is locked", entry.version)),
            None => return self.stray(path, "the provider is not locked".to_owned()),
        };
        let there = self.there.entry(provider).or_default();
        there.push(platform.clone());
        let (checked, lock) = self.compare(entry, &path);
        let verdict = Verdict {
            level: Level::Integrity,
            proofs: match lock {
                LockStanding::Matches => vec![Proof::Lock],
                LockStanding::Differs | LockStanding::Unknown => Vec::new(),
            },
            warnings: Vec::new(),
            refusal: (lock == LockStanding::Differs).then(|| Refusal::Locked {
                filename: path.display().to_string(),
            }),
        };
        self.report.packages.push(PackageReport {
            provider: Some(entry.addr.clone()),
            module: None,
            version: Some(version),
            platform: Some(platform),
            filename: None,
            digest: None,
            h1: None,
            dir: Some(path),
            checked,
            lock: Some(lock),
            verdict,
        });
    }

    fn stray(&mut self, path: PathBuf, reason: String) {
        self.report.stray.push(StrayPackage { path, reason });
    }

    fn compare(&mut self, entry: &ProviderLock, path: &Path) -> (Checked, LockStanding) {
        let (provider, version) = (entry.addr.clone(), entry.version.clone());
        if !entry.hashes.iter().any(PackageHash::is_h1) {
            let error = VerifyError::NoHash { provider, version };
            self.report.failures.push(error);
            return (Checked::Nothing, LockStanding::Unknown);
        }
        match h1_of_tree(self.files, path) {
            Ok(h1) if entry.hashes.contains(&h1) => (Checked::Files, LockStanding::Matches),
            Ok(_) => {
                self.report.failures.push(VerifyError::Differs {
                    path: path.to_owned(),
                    provider,
                    version,
                });
                (Checked::Files, LockStanding::Differs)
            }
            Err(error) => {
                self.report.failures.push(unread(path)(error));
                (Checked::Nothing, LockStanding::Unknown)
            }
        }
    }

    fn missing(&mut self, platforms: &[Platform]) {
        for entry in self.lock.iter() {
            let there = self.there.get(&entry.addr);
            let missing = |platform: Option<Platform>| VerifyError::Missing {
                provider: entry.addr.clone(),
                version: entry.version.clone(),
                platform,
            };
            if platforms.is_empty() && there.is_none() {
                self.report.failures.push(missing(None));
            }
            for platform in platforms {
                if !there.is_some_and(|there| there.contains(platform)) {
                    let platform = Some(platform.clone());
                    self.report.failures.push(missing(platform));
                }
            }
        }
    }
}

/// What a package directory is for.
fn named(root: &Path, path: &Path) -> Option<(ProviderAddr, Version, Platform)> {
    let below = path.strip_prefix(root).ok()?;
    let words: Option<Vec<&str>> = below.iter().map(|word| word.to_str()).collect();
    let [host, namespace, kind, version, platform] = words?.try_into().ok()?;
    Some((
        ProviderAddr::parse(&format!("{host}/{namespace}/{kind}")).ok()?,
        version.parse().ok()?,
        platform.parse().ok()?,
    ))
}

fn unread(path: &Path) -> impl FnOnce(std::io::Error) -> VerifyError {
    move |source| VerifyError::Read {
        path: path.to_owned(),
        source,
    }
}
