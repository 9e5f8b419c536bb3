//! From an address to the repository behind it.

use std::sync::Arc;

use tofu_oci_store::files::Files;
use tofu_oci_store::remote::{Purpose, Remote};
use tofu_oci_store::{
    Domain, Place, Repository, StoreError, WritableRepository, open_directory,
    open_directory_for_writing,
};
use tofu_oci_types::oci::{Address, Reference};

/// Opens repositories, wherever they are. A clone shares everything.
#[derive(Clone, Debug, Default)]
pub struct Connect {
    files: Files,
    remote: Remote,
    reach: Reach,
}

/// Whether registries are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// They are.
    #[default]
    Network,
    /// Only directories are opened.
    Offline,
}

impl Connect {
    /// Opens repositories in directories through `files`, and in registries as anybody.
    pub fn new(files: Files) -> Self {
        Self {
            files,
            ..Self::default()
        }
    }

    /// Opens repositories in directories through `files`; those in registries are [`StoreError::Offline`].
    pub fn offline(files: Files) -> Self {
        Self {
            files,
            reach: Reach::Offline,
            ..Self::default()
        }
    }

    /// The same, with registries reached by `remote`.
    #[must_use]
    pub fn with_remote(mut self, remote: Remote) -> Self {
        self.remote = remote;
        self
    }

    /// How registries are reached.
    pub fn remote(&self) -> &Remote {
        &self.remote
    }

    /// A repository to read from. A registry is not asked yet; whether a directory is there is known at once.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; absent where there is no such repository.
    pub async fn reader(&self, address: &Address) -> Result<Arc<dyn Repository>, StoreError> {
        match address {
            Address::Directory(directory) => open_directory(directory, &self.files).await,
            Address::Registry(at) => {
                self.check(at)?;
                let repository = self.remote.repository(&at.host, &at.name, Purpose::Read);
                Ok(Arc::new(repository))
            }
        }
    }

    /// A repository to write to; it is made when the first write needs it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn writer(
        &self,
        address: &Address,
    ) -> Result<Arc<dyn WritableRepository>, StoreError> {
        match address {
            Address::Directory(directory) => {
                open_directory_for_writing(directory, &self.files).await
            }
            Address::Registry(at) => {
                self.check(at)?;
                let repository = self.remote.repository(&at.host, &at.name, Purpose::Write);
                Ok(Arc::new(repository))
            }
        }
    }

    fn check(&self, at: &Reference) -> Result<(), StoreError> {
        match self.reach {
            Reach::Network => Ok(()),
            Reach::Offline => Err(StoreError::Offline {
                place: Place {
                    domain: Domain::Registry(at.host.clone()),
                    name: Some(at.name.clone()),
                },
            }),
        }
    }
}
