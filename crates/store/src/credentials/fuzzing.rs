//! A way for fuzz targets to what reads files with credentials. No part of the interface of this crate.

use std::path::Path;

use secrecy::ExposeSecret as _;
use tofu_oci_types::oci::{RegistryHost, RepositoryName};

use super::auth_file::{AuthFile, Found};
use super::document::Document;
use super::{AuthFileForm, Credential, helper};

/// Reads a file with credentials and says who we are by it: what it has for a repository, without asking helpers.
/// `None` when the file cannot be read.
pub fn auth_file(
    bytes: &[u8],
    form: AuthFileForm,
    host: &RegistryHost,
    name: Option<&RepositoryName>,
) -> Option<Option<Credential>> {
    let file = AuthFile::parse(Path::new("config.json"), bytes, form).ok()?;
    let _ = file.keeper(host);
    Some(match file.closest(host, name) {
        Some((_, Found::Entry(_, entry))) => entry.credential().ok(),
        Some((_, Found::Helper(_))) | None => None,
    })
}

/// The file after a login to `host` as `username`; `None` when it cannot be changed.
pub fn with_login(
    bytes: &[u8],
    form: AuthFileForm,
    host: &RegistryHost,
    (username, password): (&str, &str),
) -> Option<Vec<u8>> {
    let credential = Credential::of_user(username.to_owned(), password.into());
    let mut document = Document::read(bytes, form).ok()?;
    document.put(host, Some(&credential)).ok()?;
    Some(document.write().expose_secret().as_bytes().to_vec())
}

/// The file after a logout from `host`, and whether that changed it; `None` when it cannot be changed.
pub fn without_login(
    bytes: &[u8],
    form: AuthFileForm,
    host: &RegistryHost,
) -> Option<(Vec<u8>, bool)> {
    let mut document = Document::read(bytes, form).ok()?;
    let removal = document.remove(host).ok()?;
    let written = document.write().expose_secret().as_bytes().to_vec();
    Some((written, removal.changed))
}

/// What a helper that printed this has for `host`.
pub fn helper_answer(stdout: &[u8], host: &RegistryHost) -> Option<Credential> {
    helper::told(stdout, host).ok().flatten()
}
