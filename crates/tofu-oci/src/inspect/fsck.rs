//! Reading a directory of layouts again, byte for byte.

use std::path::{Path, PathBuf};

use tofu_oci_store::Storage;
use tofu_oci_store::layout::{Access, Finding, Severity, fsck};
use tofu_oci_types::oci::RepositoryName;

use super::layouts::{Layouts, unreadable};
use super::{InspectError, Inspector};

/// What was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// A directory that is itself one layout.
    Layout,
    /// A directory of this many layouts.
    Layouts(usize),
}

/// What a check found.
#[derive(Debug)]
pub struct FsckReport {
    /// The directory.
    pub path: PathBuf,
    /// What it is.
    pub checked: Checked,
    /// What was found, sorted by repository and file.
    pub findings: Vec<Finding>,
}

impl FsckReport {
    /// Whether content is lost or damaged.
    pub fn is_damaged(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.problem.severity() == Severity::Error)
    }
}

impl Inspector {
    /// Reads everything in a layout, or in a directory of layouts, again.
    ///
    /// # Errors
    ///
    /// [`InspectError`] where there is no layout, or a directory cannot be read.
    pub async fn fsck(&self, path: &Path) -> Result<FsckReport, InspectError> {
        let Layouts { storage, single } = Layouts::open(&self.files, path, Access::Read).await?;
        let failed = |source| unreadable(path, source);
        let checked = match single {
            true => Checked::Layout,
            false => {
                let names = storage
                    .repositories(None, usize::MAX)
                    .await
                    .map_err(failed)?;
                Checked::Layouts(names.len())
            }
        };
        // One layout answers to every name; asked by name it says when it lacks its index.
        let only: Option<RepositoryName> = match single {
            true => "layout".parse().ok(),
            false => None,
        };
        let findings = fsck(&storage, only.as_ref()).await.map_err(failed)?;
        // Where an index was lost there is a layout, and its loss is found.
        let damaged = |f: &Finding| f.problem.severity() == Severity::Error;
        if checked == Checked::Layouts(0) && !findings.iter().any(damaged) {
            return Err(InspectError::NoLayouts {
                path: path.to_owned(),
            });
        }
        Ok(FsckReport {
            path: path.to_owned(),
            checked,
            findings,
        })
    }
}
