//! A file with credentials that is changed: one entry, and nothing else.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::value::RawValue;
use tofu_oci_types::oci::RegistryHost;

use super::auth_file::{AUTHS, form_of};
use super::environment::AuthFileForm;
use super::key::{Key, written_as};
use super::members::{Malformed, Members, quoted};
use super::{Credential, TOKEN_USER};

/// The members of an entry that hold a credential.
const CREDENTIAL_MEMBERS: [&str; 5] = [
    "auth",
    "username",
    "password",
    "identitytoken",
    "registrytoken",
];

/// A file whose members are kept in order, unknown ones byte by byte.
pub(super) struct Document {
    members: Members,
    form: AuthFileForm,
}

impl Document {
    /// Reads a file that may have `form`.
    pub(super) fn read(bytes: &[u8], form: AuthFileForm) -> Result<Self, Malformed> {
        let members = Members::read(bytes)?;
        Ok(Self {
            form: form_of(&members, form),
            members,
        })
    }

    /// The file as it is to be written.
    pub(super) fn write(&self) -> SecretString {
        SecretString::from(format!("{}\n", self.members.write(0)))
    }

    /// Gives the registry an entry with a credential, or without one where a helper keeps it. It takes the place
    /// of what the registry had under any of its names.
    pub(super) fn put(
        &mut self,
        host: &RegistryHost,
        credential: Option<&Credential>,
    ) -> Result<(), Malformed> {
        let mut entries = self.entries()?;
        let is_ours = |key: &str| Key::read(key).is_some_and(|key| key.is_for_registry(host));
        let key = written_as(host);
        let old = entries.0.iter().position(|(old, _)| is_ours(old));
        let fields = match old.and_then(|at| entries.0.get(at)) {
            Some((_, value)) => Members::within(value)?,
            None => Members::default(),
        };
        let value = entry(fields, credential)?;
        match old.and_then(|at| entries.0.get_mut(at)) {
            Some(old) => *old = (key, value),
            None => entries.0.push((key, value)),
        }
        let mut at = 0;
        let kept = old.unwrap_or(entries.0.len().saturating_sub(1));
        entries.0.retain(|(key, _)| {
            at += 1;
            at - 1 == kept || !is_ours(key)
        });
        self.set_entries(entries)
    }

    /// Takes out what the registry has under any of its names. Whether there was a credential.
    pub(super) fn remove(&mut self, host: &RegistryHost) -> Result<Removal, Malformed> {
        let mut entries = self.entries()?;
        let before = entries.0.len();
        let mut held = false;
        let mut kept = Vec::new();
        for (key, value) in std::mem::take(&mut entries.0) {
            let read = Key::read(&key);
            let of = |test: fn(&Key, &RegistryHost) -> bool| {
                read.as_ref().is_some_and(|key| test(key, host))
            };
            let has = holds_credential(&Members::within(&value)?);
            if of(Key::is_for_registry) {
                held |= has;
                continue;
            }
            if has && of(Key::is_in_registry) {
                kept.push(key.clone());
            }
            entries.0.push((key, value));
        }
        let changed = entries.0.len() != before;
        if changed {
            self.set_entries(entries)?;
        }
        Ok(Removal {
            changed,
            held,
            kept,
        })
    }

    fn section(&self) -> Result<Option<usize>, Malformed> {
        let mut found = None;
        for (at, (name, _)) in self.members.0.iter().enumerate() {
            if Members::is_named(name, AUTHS) && found.replace(at).is_some() {
                // Which of them counts depends on who reads.
                return Err(Malformed(format!("`{AUTHS}` stands in it twice")));
            }
        }
        Ok(found)
    }

    fn entries(&self) -> Result<Members, Malformed> {
        if self.form == AuthFileForm::Flat {
            return Ok(self.members.clone());
        }
        match self.section()?.and_then(|at| self.members.0.get(at)) {
            Some((_, section)) => Members::within(section),
            None => Ok(Members::default()),
        }
    }

    fn set_entries(&mut self, entries: Members) -> Result<(), Malformed> {
        if self.form == AuthFileForm::Flat {
            self.members = entries;
            return Ok(());
        }
        let section = raw(entries.write(1))?;
        let at = self.section()?;
        match at.and_then(|at| self.members.0.get_mut(at)) {
            Some((_, old)) => *old = section,
            None => self.members.0.push((AUTHS.to_owned(), section)),
        }
        Ok(())
    }
}

/// What was taken out of a file.
pub(super) struct Removal {
    /// Whether the file is another one now.
    pub(super) changed: bool,
    /// Whether it had a credential; an entry without one says that a helper has it.
    pub(super) held: bool,
    /// The keys of parts of the registry that have a credential of their own.
    pub(super) kept: Vec<String>,
}

fn holds_credential(entry: &Members) -> bool {
    let has = |name: &str| {
        entry
            .all(name)
            .any(|value| !matches!(value.get(), "\"\"" | "null"))
    };
    CREDENTIAL_MEMBERS.into_iter().any(has)
}

/// An entry with a credential, beside the members that `old` has for other purposes.
fn entry(mut old: Members, credential: Option<&Credential>) -> Result<Box<RawValue>, Malformed> {
    old.0.retain(|(name, _)| {
        let mut credentials = CREDENTIAL_MEMBERS.into_iter();
        !credentials.any(|member| Members::is_named(name, member))
    });
    let auth =
        |username: &str, password: &str| BASE64_STANDARD.encode(format!("{username}:{password}"));
    let fields = match credential {
        None => vec![],
        Some(Credential::Password { username, password }) => {
            vec![("auth", auth(username, password.expose_secret()))]
        }
        Some(Credential::IdentityToken(token)) => vec![
            ("auth", auth(TOKEN_USER, "")),
            ("identitytoken", token.expose_secret().to_owned()),
        ],
        Some(Credential::AccessToken(token)) => {
            vec![("registrytoken", token.expose_secret().to_owned())]
        }
    };
    for (name, text) in fields {
        old.0.push((name.to_owned(), raw(quoted(&text))?));
    }
    raw(old.write(2))
}

fn raw(json: String) -> Result<Box<RawValue>, Malformed> {
    Ok(RawValue::from_string(json)?)
}

#[cfg(test)]
mod tests;
