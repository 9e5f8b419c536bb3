//! Fetching, verifying and unpacking: one pass over the bytes, one way to a proven package.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err::File;
use tofu_oci_store::files::{FileMode, FileWriter, Files};
use tofu_oci_store::{Repository, StoreError};
use tofu_oci_trust::content::{Examine, Examined, HashZip, Threads, examine};
use tofu_oci_trust::evidence::LockCheck;
use tofu_oci_trust::zip::{Archive, ZipLimits};
use tofu_oci_trust::{Expected, TrustError, VerifiedPackage, provider_package};
use tofu_oci_types::artifact::ModuleManifest;
use tofu_oci_types::oci::{Address, Descriptor, TagOrDigest};
use tokio::sync::Semaphore;

use crate::unpack::{Tree, UnpackSink};
use crate::{Connect, Location, PackageMeta, SourceError, spool};

/// Called with the bytes gone through since the last call.
pub type FetchProgress = Arc<dyn Fn(u64) + Send + Sync>;

/// How packages are fetched.
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// File access.
    pub files: Files,
    /// Whether one package is spread over several threads: faster alone, slower among many.
    pub threads: Threads,
    /// Whoever has one of its permits may hash and unpack; the others fetch and wait.
    pub turns: Arc<Semaphore>,
}

/// A package that was fetched, verified and unpacked, and waits for its place.
///
/// Dropping it removes what was unpacked.
#[derive(Debug)]
pub struct Fetched {
    tree: Tree,
    package: VerifiedPackage,
}

impl Fetched {
    /// Where it is unpacked now.
    pub fn path(&self) -> &Path {
        self.tree.path()
    }

    /// What is proven about it.
    pub fn package(&self) -> &VerifiedPackage {
        &self.package
    }

    /// Gives the unpacked directory away, for a rename to its place.
    pub fn into_path(self) -> PathBuf {
        self.tree.into_path()
    }
}

/// Fetches a provider's package and unpacks it into the new directory `into`.
///
/// The package must be the one that the source's descriptor names, pass the zip policy, have the
/// executable of its provider, and match the lock file's hashes, if there are any.
///
/// # Errors
///
/// [`SourceError`]; nothing is left of `into` then.
pub async fn fetch_provider(
    meta: &PackageMeta,
    lock: LockCheck,
    options: &FetchOptions,
    into: PathBuf,
    progress: FetchProgress,
) -> Result<Fetched, SourceError> {
    let subject = format!("{} {} {}", meta.provider, meta.version, meta.platform);
    let Location::Blob {
        repository,
        descriptor,
    } = &meta.location;
    let file = spool::open(repository, descriptor, &options.files, beside(&into))
        .await
        .map_err(|source| read_error(&subject, repository, source))?;
    let job = Job {
        subject,
        descriptor: descriptor.clone(),
        options: options.clone(),
        into,
        check: Check::Provider(Box::new(meta.clone())),
        lock,
        progress,
    };
    job.run(file).await
}

/// Fetches the module package at `at` and unpacks it into the new directory `into`.
///
/// Answers with the descriptor of its manifest too.
///
/// # Errors
///
/// [`SourceError`]; nothing is left of `into` then.
pub async fn fetch_module(
    connect: &Connect,
    address: &Address,
    at: &TagOrDigest,
    options: &FetchOptions,
    into: PathBuf,
) -> Result<(Descriptor, Fetched), SourceError> {
    let place = address.repository().to_string();
    let subject = format!("module {at}");
    let absent_or = |source: StoreError| {
        let (at, place) = (at.to_string(), place.clone());
        if source.is_absent() {
            SourceError::UnknownModule { at, place, source }
        } else {
            SourceError::Read {
                subject: format!("module {at}"),
                place,
                source,
            }
        }
    };
    let repository = connect.reader(address).await.map_err(absent_or)?;
    let manifest = repository.manifest(at).await.map_err(absent_or)?;
    let module = ModuleManifest::read(&manifest).map_err(|source| SourceError::Artifact {
        subject: subject.clone(),
        place: place.clone(),
        source: Box::new(source),
    })?;
    let file = spool::open(&repository, &module.package, &options.files, beside(&into))
        .await
        .map_err(|source| read_error(&subject, &repository, source))?;
    let job = Job {
        subject,
        descriptor: module.package,
        options: options.clone(),
        into,
        check: Check::Module,
        lock: LockCheck::unlocked(),
        progress: Arc::new(|_| {}),
    };
    Ok((manifest.descriptor().clone(), job.run(file).await?))
}

/// Makes the file of a zip beside the directory that it is unpacked to.
fn beside(into: &Path) -> impl FnOnce(&Files) -> io::Result<FileWriter> {
    let path = into.with_extension("zip");
    move |files| files.create_new(&path, FileMode::Private)
}

fn read_error(subject: &str, repository: &Arc<dyn Repository>, source: StoreError) -> SourceError {
    SourceError::Read {
        subject: subject.to_owned(),
        place: repository.place().to_string(),
        source,
    }
}

/// What a package must be besides intact.
enum Check {
    Provider(Box<PackageMeta>),
    Module,
}

/// One package on its way, for a thread that may block.
struct Job {
    subject: String,
    descriptor: Descriptor,
    options: FetchOptions,
    into: PathBuf,
    check: Check,
    lock: LockCheck,
    progress: FetchProgress,
}

impl Job {
    async fn run(self, file: Arc<File>) -> Result<Fetched, SourceError> {
        let subject = self.subject.clone();
        // Nobody closes it.
        let _turn = Arc::clone(&self.options.turns).acquire_owned().await.ok();
        tokio::task::spawn_blocking(move || self.work(&file))
            .await
            .unwrap_or(Err(SourceError::Interrupted { subject }))
    }

    fn work(self, file: &File) -> Result<Fetched, SourceError> {
        let refuse = |subject: &str, source: TrustError| SourceError::Refused {
            subject: subject.to_owned(),
            source: Box::new(source),
        };
        let (archive, executable) = self
            .structure(file)
            .map_err(|source| refuse(&self.subject, source))?;
        let unpack_error = |source| SourceError::Unpack {
            subject: self.subject.clone(),
            path: self.into.clone(),
            source,
        };
        let tree = Tree::create(&self.options.files, self.into.clone()).map_err(unpack_error)?;
        let sink = UnpackSink::new(&self.options.files, tree.path(), executable);
        let progress = Arc::clone(&self.progress);
        let mut advance = move |bytes| progress(bytes);
        let examined = examine(
            file.file(),
            &archive,
            Box::new(sink),
            Examine {
                digest: HashZip::Yes,
                threads: self.options.threads,
                progress: Some(&mut advance),
            },
        );
        let package = examined
            .and_then(|examined| self.prove(examined))
            .map_err(|error| match error {
                TrustError::Unpack { source, .. } => unpack_error(source),
                error => refuse(&self.subject, error),
            })?;
        Ok(Fetched { tree, package })
    }

    fn structure(&self, file: &File) -> Result<(Arc<Archive>, Option<String>), TrustError> {
        let archive = Archive::read(file.file(), self.descriptor.size, &ZipLimits::default())?;
        let executable = match &self.check {
            Check::Module => None,
            Check::Provider(meta) => {
                let found = provider_package::check(
                    &archive,
                    meta.provider.kind(),
                    &meta.platform,
                    file.file(),
                )?;
                Some(found.name)
            }
        };
        Ok((Arc::new(archive), executable))
    }

    fn prove(&self, examined: Examined) -> Result<VerifiedPackage, TrustError> {
        let expected = Expected {
            lock: self.lock.clone(),
            ..Expected::layer(&self.descriptor)
        };
        VerifiedPackage::verify(examined, &expected)
    }
}
