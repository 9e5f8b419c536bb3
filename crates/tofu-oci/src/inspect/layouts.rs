//! A directory that is itself one layout, or holds layouts by name.

use std::path::Path;

use tofu_oci_store::files::Files;
use tofu_oci_store::layout::Access;
use tofu_oci_store::{LayoutStorage, StoreError};
use tofu_oci_types::oci::{Address, DirectoryAddress};

use super::{InspectError, is_layout};

/// A directory that was opened as what it is.
pub(crate) struct Layouts {
    pub(crate) storage: LayoutStorage,
    /// Whether it is itself one layout.
    pub(crate) single: bool,
}

impl Layouts {
    /// Opens a directory, which must be there.
    pub(crate) async fn open(
        files: &Files,
        path: &Path,
        access: Access,
    ) -> Result<Self, InspectError> {
        let single = is_layout(files, path)?;
        let (place, files) = (path.to_owned(), files.clone());
        let open = move || match single {
            true => LayoutStorage::single(&place, &files, access),
            false => LayoutStorage::directory(&place, &files, access),
        };
        match tokio::task::spawn_blocking(open).await {
            Ok(Ok(storage)) => Ok(Self { storage, single }),
            Ok(Err(error)) => Err(unreadable(path, error)),
            Err(_) => Err(unreadable(path, StoreError::Stopped)),
        }
    }
}

/// The content of the directory cannot be read.
pub(crate) fn unreadable(path: &Path, source: StoreError) -> InspectError {
    let address = DirectoryAddress {
        path: path.to_owned(),
        name: None,
        tag: None,
        digest: None,
    };
    InspectError::Read {
        what: "the content".to_owned(),
        place: Address::Directory(address).to_string(),
        source,
    }
}
