//! Files with credentials, as Docker and the containers tools write them.
//!
//! ```json
//! {
//!   "auths": { "oci.example.net": { "auth": "…" }, "oci.example.net/team": { "identitytoken": "…" } },
//!   "credHelpers": { "123.registry.example": "cloud-login" },
//!   "credsStore": "osxkeychain"
//! }
//! ```
//!
//! Read as leniently as Docker reads: unknown members, `null`, empty entries and keys that are no registry are
//! passed over, and an entry is decoded only when it is wanted. Size and depth are limited.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret as _, SecretString};
use tofu_oci_types::oci::{RegistryHost, RepositoryName};

use super::environment::AuthFileForm;
use super::key::{Key, Specificity};
use super::members::{Malformed, Members};
use super::{Credential, CredentialError, is_token_user};
use crate::files::{Files, is_absent};

/// The largest file that is read, in bytes.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// The sections of a file. A flat file has none of them.
pub(super) const AUTHS: &str = "auths";
const CRED_HELPERS: &str = "credHelpers";
const CREDS_STORE: &str = "credsStore";

/// Docker writes padding; others leave it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A file that was read.
#[derive(Debug)]
pub(super) struct AuthFile {
    path: PathBuf,
    entries: Vec<(String, Key, Entry)>,
    helpers: Vec<(Key, String)>,
    store: Option<String>,
    /// The form that it turned out to have.
    pub(super) form: AuthFileForm,
}

/// What a file has for a registry.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'a> {
    /// A credential, under this key.
    Entry(&'a str, &'a Entry),
    /// The name of the helper that knows it.
    Helper(&'a str),
}

/// What stands under a key of `auths`.
#[derive(Debug)]
pub(super) struct Entry {
    auth: Option<SecretString>,
    username: Option<String>,
    password: Option<SecretString>,
    identity_token: Option<SecretString>,
    registry_token: Option<SecretString>,
}

/// The file at `path`; `None` when there is none. Links are followed: such files are often links into another
/// directory.
pub(super) fn read_bytes(files: &Files, path: &Path) -> Result<Option<Vec<u8>>, CredentialError> {
    let read = match files.canonicalize(path) {
        Ok(path) => files.read(&path, SIZE_LIMIT),
        Err(error) => Err(error),
    };
    match read {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(unusable(path, error)),
    }
}

/// The error of a file that cannot be used.
pub(super) fn unusable(path: &Path, reason: impl fmt::Display) -> CredentialError {
    CredentialError::File {
        file: path.display().to_string(),
        reason: format!("{reason}"),
    }
}

impl AuthFile {
    /// Reads the file at `path`; `None` when there is none.
    pub(super) fn read(
        files: &Files,
        path: &Path,
        form: AuthFileForm,
    ) -> Result<Option<Self>, CredentialError> {
        let Some(bytes) = read_bytes(files, path)? else {
            return Ok(None);
        };
        match Self::parse(path, &bytes, form) {
            Ok(file) => Ok(Some(file)),
            Err(Malformed(reason)) => Err(unusable(path, reason)),
        }
    }

    pub(super) fn parse(path: &Path, bytes: &[u8], form: AuthFileForm) -> Result<Self, Malformed> {
        let members = Members::read(bytes)?;
        let form = form_of(&members, form);
        let mut entries = Vec::new();
        let mut helpers = Vec::new();
        let mut store = None;
        match form {
            AuthFileForm::Sections => {
                for section in members.all(AUTHS) {
                    entries.extend(read_entries(&Members::within(section)?)?);
                }
                for section in members.all(CRED_HELPERS) {
                    let section = Members::within(section)?;
                    for (key, _) in &section.0 {
                        let helper = section.text(key)?;
                        helpers.extend(Key::read(key).zip(helper));
                    }
                }
                store = members.text(CREDS_STORE)?;
            }
            AuthFileForm::Flat => entries = read_entries(&members)?,
        }
        Ok(Self {
            path: path.to_owned(),
            entries,
            helpers,
            store,
            form,
        })
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The closest fit for a repository, or for the registry itself. For one registry a helper goes before an
    /// entry, and a key that is written as we would write it before its variants.
    pub(super) fn closest(
        &self,
        host: &RegistryHost,
        name: Option<&RepositoryName>,
    ) -> Option<(Specificity, Found<'_>)> {
        let helper = self
            .registry_helper(host)
            .map(|helper| (Specificity::Host, Found::Helper(helper)));
        let plain = |text: &str| text == host.as_str() || !text.contains("://");
        let entries = [true, false].into_iter().flat_map(|wanted| {
            let fitting = self.entries.iter();
            fitting.filter_map(move |(text, key, entry)| {
                let fit = key.fit(host, name)?;
                (plain(text) == wanted).then_some((fit, Found::Entry(text, entry)))
            })
        });
        let store = self
            .store
            .as_deref()
            .map(|store| (Specificity::Global, Found::Helper(store)));
        first_closest(helper.into_iter().chain(entries).chain(store))
    }

    /// The helper that keeps what is stored for a registry.
    pub(super) fn keeper(&self, host: &RegistryHost) -> Option<&str> {
        self.registry_helper(host).or(self.store.as_deref())
    }

    fn registry_helper(&self, host: &RegistryHost) -> Option<&str> {
        let mut helpers = self.helpers.iter();
        let (_, helper) = helpers.find(|(key, _)| key.is_for_registry(host))?;
        Some(helper)
    }
}

/// Of those that fit closest, the first.
pub(super) fn first_closest<T>(
    candidates: impl Iterator<Item = (Specificity, T)>,
) -> Option<(Specificity, T)> {
    candidates.reduce(|best, next| if next.0 > best.0 { next } else { best })
}

/// The form that a file has, where it may have `form`.
pub(super) fn form_of(members: &Members, form: AuthFileForm) -> AuthFileForm {
    let sections = [AUTHS, CRED_HELPERS, CREDS_STORE];
    let has = |name: &str| members.all(name).next().is_some();
    match form {
        AuthFileForm::Flat if !sections.into_iter().any(has) => AuthFileForm::Flat,
        AuthFileForm::Flat | AuthFileForm::Sections => AuthFileForm::Sections,
    }
}

fn read_entries(members: &Members) -> Result<Vec<(String, Key, Entry)>, Malformed> {
    let mut entries = Vec::new();
    for (text, value) in &members.0 {
        let entry = Entry::read(&Members::within(value)?)?;
        let key = Key::read(text).filter(|_| !entry.is_empty());
        entries.extend(key.map(|key| (text.clone(), key, entry)));
    }
    Ok(entries)
}

impl Entry {
    fn read(members: &Members) -> Result<Self, Malformed> {
        let secret = |name| -> Result<Option<SecretString>, Malformed> {
            Ok(members.text(name)?.map(SecretString::from))
        };
        Ok(Self {
            auth: secret("auth")?,
            username: members.text("username")?,
            password: secret("password")?,
            identity_token: secret("identitytoken")?,
            registry_token: secret("registrytoken")?,
        })
    }

    /// Whether nothing is here, which is how Docker says that a helper has it.
    fn is_empty(&self) -> bool {
        self.auth.is_none()
            && self.username.is_none()
            && self.password.is_none()
            && self.identity_token.is_none()
            && self.registry_token.is_none()
    }

    /// The credential: a token before a password.
    ///
    /// # Errors
    /// What is wrong with the entry, without any of it.
    pub(super) fn credential(&self) -> Result<Credential, &'static str> {
        if let Some(token) = &self.registry_token {
            return Ok(Credential::AccessToken(token.clone()));
        }
        if let Some(token) = &self.identity_token {
            return Ok(Credential::IdentityToken(token.clone()));
        }
        let (username, password) = match &self.auth {
            Some(auth) => decode(auth.expose_secret())?,
            None => (
                self.username.clone().unwrap_or_default(),
                self.password.clone().unwrap_or_default(),
            ),
        };
        if is_token_user(&username) && password.expose_secret().is_empty() {
            return Err("a user that stands for a token, and no token");
        }
        Ok(Credential::of_user(username, password))
    }
}

/// `USER:PASSWORD` in base64.
fn decode(auth: &str) -> Result<(String, SecretString), &'static str> {
    let auth: String = auth.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = BASE64
        .decode(auth)
        .map_err(|_| "an `auth` that is not base64")?;
    let text = String::from_utf8(bytes).map_err(|_| "an `auth` that is not UTF-8")?;
    let (username, password) = text
        .split_once(':')
        .ok_or("an `auth` without a colon between user and password")?;
    // Old versions of Docker filled up with these.
    let password = password.trim_end_matches('\0');
    Ok((username.to_owned(), SecretString::from(password)))
}

#[cfg(test)]
mod tests;
