//! What to say where nothing may be fetched and something is missing: everything at once.

use tofu_oci_source::SourceError;
use tofu_oci_types::tofu::config::Requirement;

use super::lock::Loaded;
use super::tree::module_name;
use super::{InstallError, InstallOptions, Installer, ModuleTree, lock, providers, select};

/// The error of an install that could not ask a registry: with everything that is missing, in place of what was
/// missed first. Other errors stay what they are.
pub(super) async fn explain(
    installer: &Installer,
    options: &InstallOptions,
    error: InstallError,
) -> InstallError {
    let mut errors = Vec::new();
    flatten(error, &mut errors);
    if !errors.iter().any(is_offline) {
        return match InstallError::all(errors) {
            Err(error) => error,
            Ok(()) => InstallError::Several(Vec::new()),
        };
    }
    let mut missing = Vec::new();
    errors.retain(|error| !is_offline(error));
    let tree = ModuleTree::read(&installer.files, options).await;
    let loaded = lock::load(&installer.files, options, &crate::Progress::default());
    if let (Ok(tree), Ok(loaded)) = (tree, loaded) {
        for module in &tree.missing {
            missing.push(format!("{} ({})", module_name(&module.path), module.source));
        }
        for requirement in tree.requirements() {
            if let Err(error) = obtain(installer, options, &loaded, &requirement).await {
                match is_offline(&error) {
                    true => missing.push(described(&loaded, &requirement)),
                    false if errors.is_empty() => errors.push(error),
                    false => {}
                }
            }
        }
    }
    missing.sort();
    if !missing.is_empty() {
        errors.insert(0, InstallError::Offline { missing });
    }
    match InstallError::all(errors) {
        Err(error) => error,
        Ok(()) => InstallError::Offline {
            missing: Vec::new(),
        },
    }
}

/// Whether one provider can be had.
async fn obtain(
    installer: &Installer,
    options: &InstallOptions,
    loaded: &Loaded,
    requirement: &Requirement,
) -> Result<(), InstallError> {
    let source = installer.source.as_ref();
    let unheard = crate::Progress::default();
    let wanted = vec![requirement.clone()];
    let selected = select::select(wanted, source, &loaded.lock, options.lock, &unheard).await?;
    let shelves = installer.shelves();
    providers::plan(&shelves, options, source, &loaded.lock, &selected)
        .await
        .map(drop)
}

fn described(loaded: &Loaded, requirement: &Requirement) -> String {
    let provider = requirement.addr.for_display();
    match loaded.lock.get(&requirement.addr) {
        Some(locked) => format!("{provider} {}", locked.version),
        None => format!("{provider} (no version is locked)"),
    }
}

fn flatten(error: InstallError, into: &mut Vec<InstallError>) {
    match error {
        InstallError::Several(errors) => errors.into_iter().for_each(|e| flatten(e, into)),
        one => into.push(one),
    }
}

/// Whether somebody would have had to be asked.
fn is_offline(error: &InstallError) -> bool {
    match error {
        InstallError::Module { source, .. }
        | InstallError::Versions { source, .. }
        | InstallError::LockedVersionGone { source, .. }
        | InstallError::Source(source) => source.is_offline() || has_nowhere(source),
        _ => false,
    }
}

/// Whether nothing says where the provider is, which is no mistake of somebody who asks for no network.
fn has_nowhere(error: &SourceError) -> bool {
    matches!(
        error,
        SourceError::Nowhere { .. } | SourceError::Unmappable { .. }
    )
}
