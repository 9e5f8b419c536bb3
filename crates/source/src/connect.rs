//! From an address to the repository behind it.

use std::sync::Arc;

use tofu_oci_store::files::Files;
use tofu_oci_store::{
    Repository, StoreError, WritableRepository, open_directory, open_directory_for_writing,
};
use tofu_oci_types::oci::Address;

/// Opens repositories, wherever they are. A clone shares everything.
#[derive(Clone, Debug, Default)]
pub struct Connect {
    files: Files,
}

impl Connect {
    /// Opens repositories in directories through `files`.
    pub fn new(files: Files) -> Self {
        Self { files }
    }

    /// A repository to read from.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; absent where there is no such repository.
    pub async fn reader(&self, address: &Address) -> Result<Arc<dyn Repository>, StoreError> {
        match address {
            Address::Directory(directory) => open_directory(directory, &self.files).await,
            Address::Registry(_) => Err(no_registry()),
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
            Address::Registry(_) => Err(no_registry()),
        }
    }
}

/// Registries are reached over the network, and nothing here does that.
fn no_registry() -> StoreError {
    std::io::Error::new(
        std::io::ErrorKind::Unsupported,
        "only directories of image layouts (dir:PATH) can be opened",
    )
    .into()
}
