//! From an address to a repository.

use std::sync::Arc;

use tofu_oci_types::oci::DirectoryAddress;

use crate::adaptor::StorageRepository;
use crate::blocking::blocking;
use crate::error::Result;
use crate::files::Files;
use crate::layout::{Access, LayoutStorage, placeholder};
use crate::repository::{Repository, WritableRepository};

/// Opens the repository of a `dir:` address for reading. Tag and digest of the address are not looked at.
///
/// # Errors
/// [`StoreError::AbsentRepository`](crate::StoreError::AbsentRepository) when there is no layout; damage of
/// its `index.json` or `oci-layout`.
pub async fn open_directory(
    address: &DirectoryAddress,
    files: &Files,
) -> Result<Arc<dyn Repository>> {
    let repository = open(address, files, Access::Read).await?;
    // A repository that is not there is told now, not at the first question.
    repository.tags_exist().await?;
    Ok(Arc::new(repository))
}

/// Opens the repository of a `dir:` address for writing; directories are created when something is written.
///
/// # Errors
/// Those of the file system; a reserved name; a network file system.
pub async fn open_directory_for_writing(
    address: &DirectoryAddress,
    files: &Files,
) -> Result<Arc<dyn WritableRepository>> {
    Ok(Arc::new(open(address, files, Access::Write).await?))
}

async fn open(
    address: &DirectoryAddress,
    files: &Files,
    access: Access,
) -> Result<StorageRepository> {
    let (files, path) = (files.clone(), address.path.clone());
    match address.name.clone() {
        Some(name) => {
            let storage = blocking(move || LayoutStorage::directory(&path, &files, access)).await?;
            storage.check_name(&name)?;
            Ok(StorageRepository::new(Arc::new(storage), name))
        }
        None => {
            let storage = blocking(move || LayoutStorage::single(&path, &files, access)).await?;
            Ok(StorageRepository::only(Arc::new(storage), placeholder()?))
        }
    }
}
