//! A package as a file that can be read at any offset.
//!
//! What a directory holds is read where it is. What comes as a stream is written to a file of the
//! staging place first, because the directory of a zip stands at its end.

use std::io;
use std::path::Path;
use std::sync::Arc;

use fs_err::File;
use tofu_oci_store::files::{FileMode, Files};
use tofu_oci_store::{PartReader, Repository, StoreError};
use tofu_oci_types::oci::Descriptor;

/// Opens the content of a blob as a file. Unverified: whoever reads it takes the digest.
pub(crate) async fn open(
    repository: &Arc<dyn Repository>,
    descriptor: &Descriptor,
    files: &Files,
    beside: &Path,
) -> Result<Arc<File>, StoreError> {
    let mut part = repository.blob_part(descriptor, 0..descriptor.size).await?;
    if let Some((file, range)) = part.as_file()
        && range.start == 0
    {
        return Ok(Arc::clone(file));
    }
    let path = beside.with_extension("zip");
    let result = fill(&mut part, files, &path).await;
    // The open file stays readable; where a system keeps the name, staging is swept anyway.
    let _ = files.remove_file(&path);
    result
}

async fn fill(part: &mut PartReader, files: &Files, path: &Path) -> Result<Arc<File>, StoreError> {
    let mut writer = files.create_new(path, FileMode::Private)?;
    while let Some(chunk) = part.next().await? {
        let write = tokio::task::spawn_blocking(move || -> io::Result<_> {
            writer.write_all(&chunk)?;
            Ok(writer)
        });
        writer = write.await.map_err(io::Error::other)??;
    }
    drop(writer);
    Ok(Arc::new(files.open(path)?))
}
