//! Publishing: from files to an artifact in a repository.
//!
//! ```text
//! find files ─ check every structure ─ tag there?
//!    absent:  zips through gates (hash, check, send) ┐
//!    present: zips hashed here                       ┴─ artifact ─ same digest? ─ staged
//!        ─ copied: manifests, then what is beside them ─ listed? ─ the version tag last ─ read back
//! ```
//!
//! Nothing is written before every structure was checked; no zip becomes a blob before its content
//! was; no tag is given before everything below it is there. So a run that is killed leaves no
//! version, and the next one goes on where it stopped.

mod beside;
mod destination;
mod error;
mod evidence;
mod gate;
mod gpg;
mod module;
mod module_files;
mod module_tags;
mod module_zip;
mod options;
mod package;
mod profile_memory;
mod provider;
mod release_artifact;
mod release_files;
mod repair;
mod report;
mod sbom;
mod send;
mod sign;
mod signatures;
mod version_tag;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tofu_oci_source::Connect;
use tofu_oci_store::files::Files;
use tofu_oci_store::layout::Access;
use tofu_oci_store::{LayoutStorage, Storage as _, WritableRepository};
use tofu_oci_types::oci::{Address, DirectoryAddress};

pub use error::{Given, PublishError};
pub use gpg::{Gpg, SignError, SigningKey, SigningKeyError};
pub use options::{Existing, Latest, ModuleOptions, ProfileChoice, ProviderOptions};
pub use report::{
    LatestChange, ModuleReport, PlannedSignature, ProviderReport, PublishOutcome,
    PublishedAttachment, PublishedPackage,
};

use crate::Progress;
use crate::install::Writes;
use destination::Destination;

/// What a publish works with.
#[derive(Debug, Clone)]
pub struct Publisher {
    /// File access.
    pub files: Files,
    /// How repositories are reached.
    pub connect: Connect,
    /// Who is told what happens.
    pub progress: Progress,
}

impl Publisher {
    /// Publishes the release that `paths` hold: zips, directories of a release, or a directory
    /// that `providers mirror` wrote.
    ///
    /// # Errors
    ///
    /// [`PublishError`]. Failures of different files come together.
    pub async fn provider(
        &self,
        paths: &[PathBuf],
        address: &Address,
        options: &ProviderOptions,
    ) -> Result<ProviderReport, PublishError> {
        let plan = self.plan_provider(paths, address, options).await?;
        let to = self.destination(address, options.writes).await?;
        self.execute_provider(plan, &to, options).await
    }

    /// As [`provider`](Self::provider), into a repository that is already open.
    ///
    /// # Errors
    ///
    /// [`PublishError`].
    pub async fn provider_into(
        &self,
        paths: &[PathBuf],
        into: (&Address, Arc<dyn WritableRepository>),
        options: &ProviderOptions,
    ) -> Result<ProviderReport, PublishError> {
        let plan = self.plan_provider(paths, into.0, options).await?;
        let to = Destination::open(into.0, into.1, options.writes);
        self.execute_provider(plan, &to, options).await
    }

    /// Publishes a module: a directory, or a zip that is ready.
    ///
    /// # Errors
    ///
    /// [`PublishError`].
    pub async fn module(
        &self,
        path: &Path,
        address: &Address,
        options: &ModuleOptions,
    ) -> Result<ModuleReport, PublishError> {
        let plan = self.plan_module(path, address, options).await?;
        let to = self.destination(address, options.writes).await?;
        self.execute_module(plan, &to, options).await
    }

    /// As [`module`](Self::module), into a repository that is already open.
    ///
    /// # Errors
    ///
    /// [`PublishError`].
    pub async fn module_into(
        &self,
        path: &Path,
        into: (&Address, Arc<dyn WritableRepository>),
        options: &ModuleOptions,
    ) -> Result<ModuleReport, PublishError> {
        let plan = self.plan_module(path, into.0, options).await?;
        let to = Destination::open(into.0, into.1, options.writes);
        self.execute_module(plan, &to, options).await
    }

    async fn destination(
        &self,
        address: &Address,
        writes: Writes,
    ) -> Result<Destination, PublishError> {
        let failed = |source| PublishError::Destination {
            place: address.repository().to_string(),
            source,
        };
        if let Address::Directory(directory) = address {
            self.check_shape(directory).await?;
        }
        match writes {
            Writes::Execute => {
                let repository = self.connect.writer(address).await.map_err(failed)?;
                Ok(Destination::open(address, repository, writes))
            }
            // A plan makes no directory.
            Writes::DryRun => match self.connect.reader(address).await {
                Ok(repository) => Ok(Destination::read(address, Some(repository))),
                Err(error) if error.is_absent() => Ok(Destination::read(address, None)),
                Err(error) => Err(failed(error)),
            },
        }
    }
}

impl Publisher {
    /// A directory of repositories needs a name, and one that is itself a repository has none.
    async fn check_shape(&self, directory: &DirectoryAddress) -> Result<(), PublishError> {
        let failed = |source| PublishError::Read {
            path: directory.path.clone(),
            source,
        };
        // What cannot be found is made, or told when it is opened.
        let Ok(root) = self.files.canonicalize(&directory.path) else {
            return Ok(());
        };
        let index = self.files.metadata(&root.join("index.json"));
        let single = index.map_err(failed)?.is_some();
        match &directory.name {
            Some(name) if single => Err(PublishError::NameBelowLayout {
                path: directory.path.clone(),
                name: name.clone(),
            }),
            None if !single => {
                let files = self.files.clone();
                let open = move || {
                    LayoutStorage::directory(&root, &files, Access::Read).map_err(|source| {
                        PublishError::Destination {
                            place: root.display().to_string(),
                            source,
                        }
                    })
                };
                let storage = blocking(&directory.path, open).await?;
                let names = storage.repositories(None, 1).await;
                let names = names.map_err(|source| PublishError::Destination {
                    place: directory.path.display().to_string(),
                    source,
                })?;
                match names.into_iter().next() {
                    Some(example) => Err(PublishError::NameMissing {
                        path: directory.path.clone(),
                        example,
                    }),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

/// Runs work that blocks where it may; `path` is what it is about.
async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> Result<T, PublishError> + Send + 'static,
) -> Result<T, PublishError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(PublishError::Interrupted {
            path: path.to_owned(),
        }),
    }
}
