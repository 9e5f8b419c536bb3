//! A package as a file that can be read at any offset.
//!
//! What a directory holds is read where it is. What comes as a stream is written to a file of the
//! staging place first, because the directory of a zip stands at its end.

use std::io;
use std::sync::Arc;

use fs_err::File;
use tofu_oci_store::files::{FileWriter, Files};
use tofu_oci_store::{PartReader, Repository, StoreError};
use tofu_oci_types::oci::Descriptor;

/// Opens the content of a blob as a file, which `create` makes where there is none. Unverified: whoever reads it takes
/// the digest.
pub(crate) async fn open(
    repository: &Arc<dyn Repository>,
    descriptor: &Descriptor,
    files: &Files,
    create: impl FnOnce(&Files) -> io::Result<FileWriter>,
) -> Result<Arc<File>, StoreError> {
    let mut part = repository.blob_part(descriptor, 0..descriptor.size).await?;
    if let Some((file, range)) = part.as_file()
        && range.start == 0
    {
        return Ok(Arc::clone(file));
    }
    let writer = create(files)?;
    let path = writer.path().to_owned();
    // The open file stays readable. Where a system keeps the name, it goes when everything is there.
    let nameless = cfg!(unix) && files.remove_file(&path).is_ok();
    let result = fill(&mut part, writer).await;
    if !nameless {
        let _ = files.remove_file(&path);
    }
    result
}

async fn fill(part: &mut PartReader, mut writer: FileWriter) -> Result<Arc<File>, StoreError> {
    while let Some(chunk) = part.next().await? {
        let write = tokio::task::spawn_blocking(move || -> io::Result<_> {
            writer.write_all(&chunk)?;
            Ok(writer)
        });
        writer = write.await.map_err(io::Error::other)??;
    }
    Ok(Arc::new(writer.into_file()))
}
