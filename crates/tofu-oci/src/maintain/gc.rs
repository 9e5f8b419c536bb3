//! Sweeping a directory of layouts.

use std::path::{Path, PathBuf};

use tofu_oci_store::layout::{Access, GcOptions, GcRepository, Sweep, Swept, gc};

use super::{MaintainError, Maintainer};
use crate::inspect::layouts::Layouts;
use crate::inspect::{Checked, InspectError};

/// What a sweep found.
#[derive(Debug)]
pub struct GcReport {
    /// The directory.
    pub path: PathBuf,
    /// What it is.
    pub swept: Checked,
    /// The repositories, sorted by name.
    pub repositories: Vec<GcRepository>,
    /// Uploads that nobody goes on with.
    pub uploads: Swept,
}

impl GcReport {
    /// Everything that was removed, or would be.
    pub fn total(&self) -> Swept {
        let repositories = self.repositories.iter();
        let parts = repositories.flat_map(|found| [found.content, found.leftovers]);
        parts
            .chain([self.uploads])
            .fold(Swept::default(), |all, part| Swept {
                files: all.files + part.files,
                bytes: all.bytes + part.bytes,
            })
    }

    /// Whether there was something to do.
    pub fn is_clean(&self) -> bool {
        let untagged = self.repositories.iter().any(|found| found.untagged > 0);
        !untagged && self.total() == Swept::default()
    }
}

impl Maintainer {
    /// Sweeps a layout, or all layouts of a directory, and the uploads that nobody goes on with.
    ///
    /// # Errors
    ///
    /// [`MaintainError`] where there is no layout, or a directory cannot be read. What is wrong in
    /// one repository is part of the report.
    pub async fn gc(&self, path: &Path, options: &GcOptions) -> Result<GcReport, MaintainError> {
        let access = match options.sweep {
            Sweep::Remove => Access::Write,
            Sweep::Count => Access::Read,
        };
        let Layouts { storage, single } = Layouts::open(&self.files, path, access).await?;
        let found = gc(&storage, None, options).await;
        let found = found.map_err(|source| MaintainError::Sweep {
            path: path.to_owned(),
            source,
        })?;
        if found.repositories.is_empty() && found.uploads == Swept::default() {
            let path = path.to_owned();
            return Err(InspectError::NoLayouts { path }.into());
        }
        Ok(GcReport {
            path: path.to_owned(),
            swept: match single {
                true => Checked::Layout,
                false => Checked::Layouts(found.repositories.len()),
            },
            repositories: found.repositories,
            uploads: found.uploads,
        })
    }
}
