//! `logout HOST`

use tofu_oci::store::Files;
use tofu_oci::store::credentials::{CredentialError, CredentialWriter, Erased, Logout};

use super::login::registry;
use super::{Ending, output};
use crate::args::LogoutArgs;
use crate::diagnostic::Failure;
use crate::document::{ErasedEntry, KeptEntry, LogoutDocument};
use crate::interrupt::{Stop, run_writing};
use crate::printer::{Format, Verbosity, shown};
use crate::settings::Settings;

pub(super) fn run(args: &LogoutArgs, settings: &Settings) -> Result<Ending, Stop> {
    let host = registry(&args.registry)?;
    let environment = settings.auth_environment(args.authfile.as_ref());
    let writer = CredentialWriter::new(Files::new(), environment);
    let erase = async { Ok::<_, CredentialError>(writer.erase(&host).await) };
    let logout = run_writing(erase)?;
    let document = document(host.as_str(), &logout);
    let printer = &settings.printer;
    let silent = printer.format == Format::Human && printer.verbosity == Verbosity::Quiet;
    // After a failure, "there was nothing" may not be true.
    let known = logout.failed.is_empty() || !document.erased.is_empty();
    if known && !silent {
        printer
            .result(&document, || human(&document))
            .map_err(output)?;
    }
    if !logout.failed.is_empty() {
        return Err(Failure::from(logout.failed).into());
    }
    Ok(Ending::Done)
}

fn document(registry: &str, logout: &Logout) -> LogoutDocument {
    LogoutDocument {
        version: 1,
        registry: registry.to_owned(),
        erased: logout
            .erased
            .iter()
            .map(|erased| match erased {
                Erased::File(file) => ErasedEntry {
                    file: Some(file.to_string_lossy().into_owned()),
                    helper: None,
                },
                Erased::Helper(helper) => ErasedEntry {
                    file: None,
                    helper: Some(helper.program()),
                },
            })
            .collect(),
        kept: logout
            .kept
            .iter()
            .map(|(key, file)| KeptEntry {
                key: key.clone(),
                file: file.to_string_lossy().into_owned(),
            })
            .collect(),
    }
}

fn human(document: &LogoutDocument) -> String {
    let registry = &document.registry;
    let mut text = String::new();
    for erased in &document.erased {
        let place = erased.file.as_ref().or(erased.helper.as_ref());
        let place = place.map(shown).unwrap_or_default();
        text.push_str(&format!("logged out of {registry}: erased from {place}\n"));
    }
    if text.is_empty() {
        text = format!("not logged in to {registry}: there was nothing to erase\n");
    }
    for kept in &document.kept {
        let (key, file) = (shown(&kept.key), shown(&kept.file));
        text.push_str(&format!("{key} keeps its own credential in {file}\n"));
    }
    text
}
