//! The address of a module in a module registry.

use std::fmt;
use std::str::FromStr;

use super::Hostname;
use crate::{Noun, ParseError};

/// `[HOST/]NAMESPACE/NAME/SYSTEM`: a module in a module registry, without a subdirectory.
///
/// Namespace, name and system keep their case. `Display` always has the host, in the form people
/// read; it is what `modules.json` records.
///
/// OpenTofu documentation, "Module Sources", section "Module Registry".
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleAddr {
    hostname: Hostname,
    namespace: String,
    name: String,
    system: String,
}

impl ModuleAddr {
    /// Reads an address; one without a host is on `default_host`.
    ///
    /// # Errors
    ///
    /// If the text is no such address: other than three or four parts, a part with characters or a
    /// length that are not allowed, a host without a dot, or a host whose short form means a Git
    /// repository (`github.com`, `bitbucket.org`).
    pub fn parse_on(text: &str, default_host: &Hostname) -> Result<Self, ParseError> {
        let refuse = |reason: &'static str| ParseError::new(Noun::ModuleAddr, text, reason);
        let parts: Vec<&str> = text.split('/').collect();
        let (hostname, namespace, name, system) = match parts.as_slice() {
            [namespace, name, system] => (default_host.clone(), *namespace, *name, *system),
            [host, namespace, name, system] => {
                (registry_host(host, text)?, *namespace, *name, *system)
            }
            _ => return Err(refuse("it takes the form [HOST/]NAMESPACE/NAME/SYSTEM")),
        };
        if !is_word(namespace) {
            return Err(refuse(
                "the namespace takes up to 64 letters, digits, `-` and `_`, and begins and ends with a letter or digit",
            ));
        }
        if !is_word(name) {
            return Err(refuse(
                "the name takes up to 64 letters, digits, `-` and `_`, and begins and ends with a letter or digit",
            ));
        }
        let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        if system.is_empty() || system.len() > 64 || !system.bytes().all(lower) {
            return Err(refuse(
                "the target system takes up to 64 lower-case letters and digits",
            ));
        }
        Ok(Self {
            hostname,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            system: system.to_owned(),
        })
    }

    /// The host of the registry.
    pub fn hostname(&self) -> &Hostname {
        &self.hostname
    }

    /// The namespace, case kept.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name of the module, case kept.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The target system, such as `aws`.
    pub fn system(&self) -> &str {
        &self.system
    }
}

/// The host of a module address. A single label would be taken for a path, and two well-known Git
/// hosts keep their shorthand.
fn registry_host(host: &str, text: &str) -> Result<Hostname, ParseError> {
    let refuse = |reason: &'static str| ParseError::new(Noun::ModuleAddr, text, reason);
    if !host.contains('.') {
        return Err(refuse("the host of a module registry must have a dot"));
    }
    let hostname: Hostname = host.parse()?;
    match hostname.to_string().as_str() {
        "github.com" | "bitbucket.org" => Err(refuse(
            "this host is reserved for modules in version control",
        )),
        _ => Ok(hostname),
    }
}

fn is_word(text: &str) -> bool {
    let alphanumeric = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= 64
        && alphanumeric(bytes.first())
        && alphanumeric(bytes.last())
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

impl FromStr for ModuleAddr {
    type Err = ParseError;

    /// Reads an address; one without a host is on the default host of OpenTofu.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse_on(text, &Hostname::opentofu())
    }
}

impl fmt::Display for ModuleAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            hostname,
            namespace,
            name,
            system,
        } = self;
        write!(f, "{hostname}/{namespace}/{name}/{system}")
    }
}
