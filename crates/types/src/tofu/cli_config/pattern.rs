//! Which providers an installation method is for.

use std::fmt;

use crate::tofu::{Hostname, PinnedParts, ProviderAddr, normalize_part};
use crate::{Noun, ParseError};

/// `[HOSTNAME/]NAMESPACE/TYPE`, where `*` stands for any value of a whole part.
///
/// `Display` prints all three parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProviderPattern {
    hostname: Option<Hostname>,
    namespace: Option<String>,
    kind: Option<String>,
}

impl ProviderPattern {
    /// Every provider.
    pub const fn all() -> Self {
        Self {
            hostname: None,
            namespace: None,
            kind: None,
        }
    }

    /// Every provider of `hostname`.
    pub fn of_host(hostname: Hostname) -> Self {
        Self {
            hostname: Some(hostname),
            ..Self::all()
        }
    }

    /// Reads a pattern; one of two parts is about `default_host`.
    ///
    /// # Errors
    ///
    /// When a part is missing, too much or invalid, or a wildcard stands left of a part that is
    /// none.
    pub fn parse_on(text: &str, default_host: &Hostname) -> Result<Self, ParseError> {
        let refuse = |reason: String| ParseError::new(Noun::ProviderPattern, text, reason);
        let parts: Vec<&str> = text.split('/').collect();
        let (hostname, namespace, kind) = match parts.as_slice() {
            [namespace, kind] => (None, *namespace, *kind),
            [hostname, namespace, kind] => (Some(*hostname), *namespace, *kind),
            _ => {
                return Err(refuse(
                    "the form is [HOSTNAME/]NAMESPACE/TYPE, and each part may be *".into(),
                ));
            }
        };
        let part = |what: &str, part: &str| match part {
            "*" => Ok(None),
            part => normalize_part(part)
                .map(Some)
                .map_err(|error| refuse(format!("{what} {part:?}: {}", error.reason))),
        };
        let hostname = match hostname {
            None => Some(default_host.clone()),
            Some("*") => None,
            Some(host) => {
                let read = host.parse::<Hostname>();
                Some(read.map_err(|e| refuse(format!("hostname {host:?}: {}", e.reason)))?)
            }
        };
        let pattern = Self {
            hostname,
            namespace: part("namespace", namespace)?,
            kind: part("type", kind)?,
        };
        if pattern.hostname.is_none() && (pattern.namespace.is_some() || pattern.kind.is_some()) {
            return Err(refuse(
                "the hostname can be * only where namespace and type are * too".into(),
            ));
        }
        if pattern.namespace.is_none() && pattern.kind.is_some() {
            return Err(refuse(
                "the namespace can be * only where the type is * too".into(),
            ));
        }
        Ok(pattern)
    }

    /// Whether the pattern is about `provider`.
    pub fn matches(&self, provider: &ProviderAddr) -> bool {
        let host = self.hostname.as_ref();
        host.is_none_or(|host| host == provider.hostname())
            && self
                .namespace
                .as_deref()
                .is_none_or(|namespace| namespace == provider.namespace())
            && self
                .kind
                .as_deref()
                .is_none_or(|kind| kind == provider.kind())
    }
}

impl fmt::Display for ProviderPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.hostname.as_ref().map_or("*", Hostname::for_display);
        let namespace = self.namespace.as_deref().unwrap_or("*");
        write!(
            f,
            "{host}/{namespace}/{}",
            self.kind.as_deref().unwrap_or("*")
        )
    }
}

/// The `include` and `exclude` patterns of an installation method.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderSelector {
    /// If there are any, one of them must match.
    pub include: Vec<ProviderPattern>,
    /// None of them may match.
    pub exclude: Vec<ProviderPattern>,
}

impl ProviderSelector {
    /// Whether the method is for `provider`.
    pub fn selects(&self, provider: &ProviderAddr) -> bool {
        let any = |patterns: &[ProviderPattern]| patterns.iter().any(|p| p.matches(provider));
        !any(&self.exclude) && (self.include.is_empty() || any(&self.include))
    }

    /// What `include` leaves open for a repository template to tell apart.
    pub fn pinned(&self) -> PinnedParts {
        let mut pinned = PinnedParts::default();
        for pattern in &self.include {
            if let Some(hostname) = &pattern.hostname {
                pinned.add_hostname(hostname);
            }
            if let Some(namespace) = &pattern.namespace {
                pinned.add_namespace(namespace);
            }
            if let Some(kind) = &pattern.kind {
                pinned.add_kind(kind);
            }
        }
        pinned
    }
}
