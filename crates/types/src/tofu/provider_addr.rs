//! Provider source addresses: `hostname/namespace/type`.
//!
//! <https://opentofu.org/docs/language/providers/requirements/>

use std::fmt;
use std::str::FromStr;

use idna::uts46::{AsciiDenyList, Hyphens, Uts46};

use super::Hostname;
use crate::{Noun, ParseError};

/// The namespace that one-part addresses stand in.
const DEFAULT_NAMESPACE: &str = "hashicorp";
/// The namespace of addresses from before there were namespaces.
const LEGACY_NAMESPACE: &str = "-";
/// The namespace of providers inside the client.
const BUILTIN_NAMESPACE: &str = "builtin";

/// The normalised source address of a provider.
///
/// `Display` prints all three parts, with the host in display form: the label of a lock file entry
/// and the path below `.terraform/providers`. The order is that of lock files: the host's
/// comparison form, the namespace, the type.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderAddr {
    hostname: Hostname,
    namespace: String,
    kind: String,
}

impl ProviderAddr {
    /// Reads `NAME`, `NAMESPACE/NAME` or `HOSTNAME/NAMESPACE/NAME`, on OpenTofu's default host.
    ///
    /// # Errors
    /// When a part is missing, too much or invalid.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Self::parse_on(text, &Hostname::opentofu())
    }

    /// As [`parse`](Self::parse), with another host where none is written.
    ///
    /// # Errors
    /// When a part is missing, too much or invalid.
    pub fn parse_on(text: &str, default: &Hostname) -> Result<Self, ParseError> {
        let refuse = |reason: String| ParseError::new(Noun::ProviderAddr, text, reason);
        let form = || refuse("the form is [HOSTNAME/][NAMESPACE/]NAME".into());
        let mut parts = text.rsplit('/');
        let (kind, namespace, hostname) = (parts.next(), parts.next(), parts.next());
        if parts.next().is_some() || text.split('/').any(str::is_empty) {
            return Err(form());
        }
        let kind = kind.ok_or_else(form)?;
        let kind =
            normalize_part(kind).map_err(|e| refuse(format!("type {kind:?}: {}", e.reason)))?;
        let namespace = match namespace {
            None => DEFAULT_NAMESPACE.to_owned(),
            Some(LEGACY_NAMESPACE) => LEGACY_NAMESPACE.to_owned(),
            Some(part) => normalize_part(part)
                .map_err(|e| refuse(format!("namespace {part:?}: {}", e.reason)))?,
        };
        let hostname = match hostname {
            None => default.clone(),
            Some(part) => part
                .parse()
                .map_err(|e: ParseError| refuse(format!("hostname {part:?}: {}", e.reason)))?,
        };
        let addr = Self {
            hostname,
            namespace,
            kind,
        };
        if addr.is_legacy() && !is_well_known(&addr.hostname) {
            return Err(refuse(
                "the legacy namespace \"-\" belongs to the default hosts only".into(),
            ));
        }
        addr.check_prefix().map_err(refuse)?;
        Ok(addr)
    }

    /// The address that `local_name` stands for where a configuration names no source:
    /// `hashicorp/NAME` on `default`, and the built-in provider for `terraform`.
    ///
    /// # Errors
    /// When `local_name` is no valid type.
    pub fn default_for(local_name: &str, default: &Hostname) -> Result<Self, ParseError> {
        let kind = normalize_part(local_name)?;
        let (hostname, namespace) = match kind.as_str() {
            "terraform" => (Hostname::builtin(), BUILTIN_NAMESPACE),
            _ => (default.clone(), DEFAULT_NAMESPACE),
        };
        Ok(Self {
            hostname,
            namespace: namespace.to_owned(),
            kind,
        })
    }

    /// An address from its parts, for names that are no source strings: directory names of a
    /// mirror may begin with a prefix that source strings must not have, and may be legacy.
    ///
    /// # Errors
    /// When a part is invalid.
    pub fn from_parts(hostname: Hostname, namespace: &str, kind: &str) -> Result<Self, ParseError> {
        let namespace = match namespace {
            LEGACY_NAMESPACE => LEGACY_NAMESPACE.to_owned(),
            part => normalize_part(part)?,
        };
        Ok(Self {
            hostname,
            namespace,
            kind: normalize_part(kind)?,
        })
    }

    /// The host.
    pub fn hostname(&self) -> &Hostname {
        &self.hostname
    }

    /// The namespace, in Unicode.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The type, in Unicode: the last part.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The short form for people: without the host where that is OpenTofu's default.
    pub fn for_display(&self) -> impl fmt::Display + '_ {
        ForDisplay(self)
    }

    /// Whether the provider is part of the client: never locked, never installed.
    pub fn is_builtin(&self) -> bool {
        self.namespace == BUILTIN_NAMESPACE
            && matches!(self.hostname.as_str(), "terraform.io" | "opentofu.org")
    }

    /// Whether the address has the namespace `-`, a placeholder: never locked, never installed.
    pub fn is_legacy(&self) -> bool {
        self.namespace == LEGACY_NAMESPACE
    }

    /// What lock files sort by: the host's comparison form, the namespace, the type. `Ord` agrees.
    pub fn lock_sort_key(&self) -> (&str, &str, &str) {
        (self.hostname.as_str(), &self.namespace, &self.kind)
    }

    /// Repository names such as `terraform-provider-aws` are often written where a type belongs.
    fn check_prefix(&self) -> Result<(), String> {
        for (prefix, product) in [("terraform-", "Terraform"), ("opentofu-", "OpenTofu")] {
            let Some(rest) = self.kind.strip_prefix(prefix) else {
                continue;
            };
            return Err(match rest.strip_prefix("provider-") {
                Some(name) => {
                    let meant = Self {
                        kind: name.to_owned(),
                        ..self.clone()
                    };
                    format!(
                        "a type does not begin with \"{prefix}provider-\", which is a prefix of repositories; did you mean {:?}?",
                        meant.for_display().to_string()
                    )
                }
                None => format!(
                    "a type does not begin with {prefix:?}: every provider is one of {product}; did you mean {rest:?}?"
                ),
            });
        }
        Ok(())
    }
}

fn is_well_known(host: &Hostname) -> bool {
    *host == Hostname::opentofu() || *host == Hostname::terraform()
}

/// Normalises a namespace or type: case folded, composed, in Unicode.
///
/// # Errors
/// When the part is empty, has a dot or two dashes in a row, or is no IDNA label.
pub fn normalize_part(part: &str) -> Result<String, ParseError> {
    let refuse = |reason: &'static str| ParseError::new(Noun::ProviderAddr, part, reason);
    let check = |text: &str| {
        if text.is_empty() {
            Err(refuse("must have at least one character"))
        } else if text.contains('.') {
            Err(refuse("dots are not allowed"))
        } else if text.contains("--") {
            Err(refuse("cannot use multiple consecutive dashes"))
        } else {
            Ok(())
        }
    };
    check(part)?;
    let (normal, fine) =
        Uts46::new().to_unicode(part.as_bytes(), AsciiDenyList::STD3, Hyphens::Check);
    fine.map_err(|_| {
        refuse(
            "must contain only letters, digits, and dashes, and may not use leading or trailing dashes",
        )
    })?;
    // The mapping can drop characters or make dots out of others; such names would not read back.
    check(&normal)?;
    Ok(normal.into_owned())
}

struct ForDisplay<'a>(&'a ProviderAddr);

impl fmt::Display for ForDisplay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.hostname != Hostname::opentofu() {
            write!(f, "{}/", self.0.hostname)?;
        }
        write!(f, "{}/{}", self.0.namespace, self.0.kind)
    }
}

impl FromStr for ProviderAddr {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl fmt::Display for ProviderAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.hostname, self.namespace, self.kind)
    }
}

impl fmt::Debug for ProviderAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests;
