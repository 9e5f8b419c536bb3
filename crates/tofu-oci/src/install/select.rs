//! Which version of each provider: what OpenTofu's selection does, with who asked for what.

use tofu_oci_source::Source;
use tofu_oci_types::tofu::config::Requirement;
use tofu_oci_types::tofu::{LockFile, Version};

use super::{InstallError, LockMode};
use crate::{Progress, Warning};

/// A provider and the version that was chosen for it.
#[derive(Debug, Clone)]
pub(crate) struct Selected {
    pub(crate) requirement: Requirement,
    pub(crate) version: Version,
}

/// Chooses a version for each requirement; built-in providers need none.
pub(crate) async fn select(
    requirements: Vec<Requirement>,
    source: &dyn Source,
    lock: &LockFile,
    mode: LockMode,
    progress: &Progress,
) -> Result<Vec<Selected>, InstallError> {
    let wanted = requirements.into_iter().filter(|r| !r.addr.is_builtin());
    let choices = futures_util::future::join_all(wanted.map(|requirement| async move {
        let version = choose(&requirement, source, lock, mode, progress).await?;
        Ok(Selected {
            requirement,
            version,
        })
    }))
    .await;
    let mut selected = Vec::new();
    let mut errors = Vec::new();
    for choice in choices {
        match choice {
            Ok(choice) => selected.push(choice),
            Err(error) => errors.push(error),
        }
    }
    InstallError::all(errors)?;
    Ok(selected)
}

async fn choose(
    requirement: &Requirement,
    source: &dyn Source,
    lock: &LockFile,
    mode: LockMode,
    progress: &Progress,
) -> Result<Version, InstallError> {
    if let Some(locked) = lock.get(&requirement.addr)
        && mode != LockMode::Upgrade
    {
        if requirement.constraints.allows(&locked.version) {
            // No tag list: the version's own tag is asked for, and its absence is an answer too.
            return Ok(locked.version.clone());
        }
        return Err(InstallError::LockedVersion {
            version: locked.version.clone(),
            requirement: Box::new(requirement.clone()),
        });
    }
    let list =
        source
            .versions(&requirement.addr)
            .await
            .map_err(|source| InstallError::Versions {
                requirement: Box::new(requirement.clone()),
                source: Box::new(source),
            })?;
    for tag in &list.misleading {
        progress.warn(Warning::MisleadingTag {
            provider: requirement.addr.clone(),
            tag: tag.clone(),
        });
    }
    match requirement.constraints.newest_allowed(&list.versions) {
        Some(version) => Ok(version.clone()),
        None => Err(InstallError::NoVersion {
            requirement: Box::new(requirement.clone()),
            available: list.versions,
        }),
    }
}
