//! Reading everything again.

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tofu_oci_types::oci::{Descriptor, Digest, RepositoryName};

use super::blobs::hash_file;
use super::graph::DEPTH;
use super::loaded::Repo;
use super::paths::{BLOBS, STATE};
use super::{LayoutStorage, Shape, Shared};
use crate::blocking::blocking;
use crate::error::{Damage, Result, StoreError};
use crate::files::{Entry, EntryKind, is_absent, is_temporary};
use crate::place::Place;
use crate::storage::Storage as _;

/// How bad a [`Finding`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing is lost.
    Information,
    /// Content cannot be read, or is not what it should be.
    Error,
}

/// Something that a check found.
#[derive(Debug)]
pub struct Finding {
    /// The repository.
    pub place: Place,
    /// The file.
    pub file: PathBuf,
    /// What about it.
    pub problem: Problem,
}

/// What a check found about a file.
#[derive(Debug)]
pub enum Problem {
    /// It is damaged.
    Damaged(Damage),
    /// It could not be read.
    Unreadable(StoreError),
    /// A manifest lists it, and it is not there.
    MissingChild {
        /// The manifest.
        parent: Digest,
    },
    /// Its length is not what the manifest that lists it says.
    ChildSize {
        /// The manifest.
        parent: Digest,
        /// The length that it should have, in bytes.
        expected: u64,
        /// The length that it has.
        got: u64,
    },
    /// No manifest lists it. It may belong to something that is being published.
    Unreferenced {
        /// Its length in bytes.
        size: u64,
    },
    /// It was left behind by a program that was stopped, or belongs to one that is running.
    Leftover,
    /// It does not belong into a layout.
    Foreign,
}

impl Problem {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self {
            Self::Damaged(_)
            | Self::Unreadable(_)
            | Self::MissingChild { .. }
            | Self::ChildSize { .. } => Severity::Error,
            Self::Unreferenced { .. } | Self::Leftover | Self::Foreign => Severity::Information,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(damage) => {
                write!(f, "{damage}")?;
                causes(f, damage)
            }
            Self::Unreadable(error) => {
                write!(f, "{error}")?;
                causes(f, error)
            }
            Self::MissingChild { parent } => {
                write!(f, "it is missing, and the manifest {parent} lists it")
            }
            Self::ChildSize {
                parent,
                expected,
                got,
            } => write!(
                f,
                "it has {got} bytes, and the manifest {parent} says {expected}"
            ),
            Self::Unreferenced { size } => write!(f, "no manifest lists it ({size} bytes)"),
            Self::Leftover => f.write_str("a stopped or running program left it"),
            Self::Foreign => f.write_str("it is not part of an image layout"),
        }
    }
}

fn causes(f: &mut fmt::Formatter<'_>, error: &dyn std::error::Error) -> fmt::Result {
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(f, ": {error}")?;
        cause = error.source();
    }
    Ok(())
}

/// Reads everything again: `index.json` and `oci-layout`, every blob's digest, every manifest, and whether what
/// they list is there. One repository, or all of them. Sorted by repository and file.
///
/// # Errors
/// [`StoreError::AbsentRepository`] for a named one; those of the file system that concern directories. What
/// concerns a file is a finding.
pub async fn fsck(
    storage: &LayoutStorage,
    repository: Option<&RepositoryName>,
) -> Result<Vec<Finding>> {
    let names = match repository {
        Some(name) => vec![name.clone()],
        None => {
            let shared = Arc::clone(&storage.shared);
            let lost = blocking(move || shared.lost_repositories()).await?;
            let mut names = storage.repositories(None, usize::MAX).await?;
            names.extend(lost);
            names.sort();
            names.dedup();
            names
        }
    };
    let mut findings = Vec::new();
    for name in names {
        let repo = storage.shared.repo(&name)?;
        let shared = Arc::clone(&storage.shared);
        findings.extend(blocking(move || Check::new(&shared, &repo).run()).await?);
    }
    if repository.is_none() {
        let shared = Arc::clone(&storage.shared);
        findings.extend(blocking(move || shared.leftover_uploads()).await?);
    }
    Ok(findings)
}

impl Shared {
    fn leftover_uploads(&self) -> Result<Vec<Finding>> {
        let dir = self.root.join(STATE).join("uploads");
        let entries = list(self, &dir)?;
        let place = Place {
            domain: self.domain.clone(),
            name: None,
        };
        let found = entries.into_iter().map(|entry| Finding {
            place: place.clone(),
            file: dir.join(entry.name),
            problem: Problem::Leftover,
        });
        Ok(found.collect())
    }
}

fn list(shared: &Shared, dir: &Path) -> Result<Vec<Entry>> {
    match shared.files.read_dir(dir) {
        Ok(entries) => Ok(entries),
        Err(error) if is_absent(&error) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

struct Check<'a> {
    shared: &'a Shared,
    repo: &'a Repo,
    findings: Vec<Finding>,
    /// What manifests list, and the manifests themselves.
    referenced: HashSet<Digest>,
}

impl<'a> Check<'a> {
    fn new(shared: &'a Shared, repo: &'a Repo) -> Self {
        Self {
            shared,
            repo,
            findings: Vec::new(),
            referenced: HashSet::new(),
        }
    }

    fn run(mut self) -> Result<Vec<Finding>> {
        if self.shared.files.metadata(&self.repo.index)?.is_none() {
            if !self.shared.is_lost(self.repo)? {
                return Err(self.repo.absent());
            }
            let missing = Problem::Damaged(Damage::Missing);
            self.found(self.repo.index.clone(), missing);
            self.check_blobs(false)?;
            self.check_directory()?;
            self.findings.sort_by(|a, b| a.file.cmp(&b.file));
            return Ok(self.findings);
        }
        match self.shared.check_mark(self.repo) {
            Ok(()) => {}
            Err(error) => self.failed(&self.repo.mark.clone(), error),
        }
        match self.shared.load(self.repo) {
            // Without it nothing says what is referenced.
            Err(error) if damaged_file(&error) != Some(&self.repo.mark) => {
                self.failed(&self.repo.index.clone(), error);
                self.check_blobs(false)?;
            }
            // Already told.
            Err(_) => self.check_blobs(false)?,
            Ok(_) => {
                self.check_graph()?;
                self.check_blobs(true)?;
            }
        }
        self.check_directory()?;
        self.findings.sort_by(|a, b| a.file.cmp(&b.file));
        Ok(self.findings)
    }

    fn found(&mut self, file: impl Into<PathBuf>, problem: Problem) {
        self.findings.push(Finding {
            place: self.repo.place.clone(),
            file: file.into(),
            problem,
        });
    }

    fn failed(&mut self, file: &Path, error: StoreError) {
        match error {
            StoreError::Damaged { file, damage } => self.found(file, Problem::Damaged(damage)),
            error => self.found(file, Problem::Unreadable(error)),
        }
    }

    fn check_graph(&mut self) -> Result<()> {
        let index = self.shared.load(self.repo)?;
        for (name, first, second) in index.iter().flat_map(|index| index.ambiguous()) {
            let damage = Damage::Ambiguous {
                name: name.clone(),
                first: first.clone(),
                second: second.clone(),
            };
            self.found(self.repo.index.clone(), Problem::Damaged(damage));
        }
        for root in self.shared.keepers(self.repo)? {
            let path = self.repo.blob(&root.digest);
            let path = match path {
                Ok(path) => path,
                Err(error) => {
                    self.failed(&self.repo.index.clone(), error);
                    continue;
                }
            };
            match self.shared.stat_blob(self.repo, &root.digest) {
                Ok(None) => self.found(path, Problem::Damaged(Damage::Missing)),
                Ok(Some(stat)) if stat.size != root.size => {
                    let (expected, got) = (root.size, stat.size);
                    self.found(path, Problem::Damaged(Damage::Size { expected, got }));
                }
                Ok(Some(_)) => self.check_below(&root)?,
                Err(error) => self.failed(&path, error),
            }
        }
        Ok(())
    }

    /// Checks that everything below a root is there. Unlike elsewhere, what is damaged does not end it.
    fn check_below(&mut self, root: &Descriptor) -> Result<()> {
        let mut left = vec![(root.clone(), 0)];
        while let Some((descriptor, depth)) = left.pop() {
            let (digest, media_type) = (&descriptor.digest, &descriptor.media_type);
            if depth > DEPTH || !self.referenced.insert(digest.clone()) || !media_type.is_manifest()
            {
                continue;
            }
            let manifest = match self.shared.manifest(self.repo, digest, media_type) {
                Ok(Some(manifest)) => manifest,
                // Told where it was listed.
                Ok(None) => continue,
                Err(error) => {
                    let path = self.repo.blob(digest).unwrap_or_default();
                    self.failed(&path, error);
                    continue;
                }
            };
            for child in crate::batch::required(&manifest) {
                self.check_child(digest, child)?;
            }
            let below = manifest.child_manifests().iter();
            left.extend(below.map(|child| (child.clone(), depth + 1)));
        }
        Ok(())
    }

    fn check_child(&mut self, parent: &Digest, child: &Descriptor) -> Result<()> {
        if !child.media_type.is_manifest() {
            self.referenced.insert(child.digest.clone());
        }
        let parent = parent.clone();
        let Ok(path) = self.repo.blob(&child.digest) else {
            let digest = child.digest.clone();
            let error = StoreError::UnsupportedDigest { digest };
            let path = self.repo.blob(&parent)?;
            self.found(path, Problem::Unreadable(error));
            return Ok(());
        };
        let expected = child.size;
        match self.shared.stat_blob(self.repo, &child.digest) {
            Ok(None) => self.found(path, Problem::MissingChild { parent }),
            Ok(Some(stat)) if stat.size != expected => {
                let got = stat.size;
                let problem = Problem::ChildSize {
                    parent,
                    expected,
                    got,
                };
                self.found(path, problem);
            }
            // Told when the blobs are read.
            Ok(Some(_)) | Err(_) => {}
        }
        Ok(())
    }

    /// Reads every blob.
    fn check_blobs(&mut self, graph: bool) -> Result<()> {
        let blobs = self.repo.dir.join(BLOBS);
        for algorithm in list(self.shared, &blobs)? {
            let dir = blobs.join(&algorithm.name);
            if algorithm.kind != EntryKind::Directory {
                self.found(dir, Problem::Foreign);
                continue;
            }
            for entry in list(self.shared, &dir)? {
                let path = dir.join(&entry.name);
                let name = entry.name.to_string_lossy();
                if is_temporary(&path) {
                    self.found(path, Problem::Leftover);
                    continue;
                }
                let digest = format!("{}:{name}", algorithm.name.to_string_lossy());
                match digest.parse::<Digest>() {
                    Ok(digest) if digest.hasher().is_some() => {
                        self.check_blob(&path, &digest, graph);
                    }
                    _ => self.found(path, Problem::Foreign),
                }
            }
        }
        Ok(())
    }

    fn check_blob(&mut self, path: &Path, digest: &Digest, graph: bool) {
        let read = || {
            let file = self.shared.files.open(path);
            let file = file.map_err(|e| super::loaded::damage_of(path, u64::MAX, e))?;
            let size = file.metadata()?.len();
            Ok((hash_file(&self.shared.files, &file, digest)?, size))
        };
        match read() {
            Ok((got, _)) if got != *digest => {
                // The graph may have told already.
                let mut told = self.findings.iter();
                if !told.any(|f| f.file == path && matches!(f.problem, Problem::Damaged(_))) {
                    self.found(path, Problem::Damaged(Damage::Digest { got }));
                }
            }
            Ok((_, size)) if graph && !self.referenced.contains(digest) => {
                self.found(path, Problem::Unreferenced { size });
            }
            Ok(_) => {}
            Err(error) => self.failed(path, error),
        }
    }

    /// Looks for what was left beside `index.json`.
    fn check_directory(&mut self) -> Result<()> {
        for entry in list(self.shared, &self.repo.dir.clone())? {
            let path = self.repo.dir.join(&entry.name);
            if entry.kind == EntryKind::File && is_temporary(&path) {
                self.found(path, Problem::Leftover);
            }
        }
        if self.shared.shape == Shape::Single {
            let uploads = self.shared.leftover_uploads()?;
            self.findings.extend(uploads);
        }
        Ok(())
    }
}

fn damaged_file(error: &StoreError) -> Option<&PathBuf> {
    match error {
        StoreError::Damaged { file, .. } => Some(file),
        _ => None,
    }
}
