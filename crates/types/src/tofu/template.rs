//! Repository templates: the rule from a source address to a repository.
//!
//! A template is the text of a repository address with places for the parts of a source address.
//! It may be written as in the CLI configuration (`${namespace}`, an HCL string template with
//! conditionals and comparisons) or as for `tofu providers lock` (`{namespace}`, which needs no
//! quoting in a shell). Text that has `${` or `%{` is of the first kind.
//!
//! <https://opentofu.org/docs/cli/oci_registries/provider-mirror/>
//!
//! Values are put in as they are, never escaped: what they make must be a valid address.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use super::{Hostname, ProviderAddr};
use crate::oci::{Address, RegistryHost};
use crate::{Noun, ParseError};

mod hcl;
mod pinned;
mod uri;

pub use pinned::PinnedParts;

/// The longest template, in bytes.
const LIMIT: usize = 4096;

/// A part of a source address that a template can refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TemplateVariable {
    /// The host's comparison form, with `:port`.
    Hostname,
    /// The namespace.
    Namespace,
    /// The type of a provider.
    Type,
    /// The name of a module.
    Name,
    /// The target system of a module.
    System,
}

impl TemplateVariable {
    const ALL: [Self; 5] = [
        Self::Hostname,
        Self::Namespace,
        Self::Type,
        Self::Name,
        Self::System,
    ];

    /// The symbol in a template.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hostname => "hostname",
            Self::Namespace => "namespace",
            Self::Type => "type",
            Self::Name => "name",
            Self::System => "system",
        }
    }

    /// The variable that `symbol` names, or why there is none.
    fn named(symbol: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|variable| variable.as_str() == symbol)
            .ok_or_else(|| unknown(symbol, Subject::Provider))
    }
}

impl fmt::Display for TemplateVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a template is evaluated for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    Provider,
    Module,
}

impl Subject {
    fn has(self, variable: TemplateVariable) -> bool {
        use TemplateVariable::{Hostname, Name, Namespace, System, Type};
        match variable {
            Hostname | Namespace => true,
            Type => self == Self::Provider,
            Name | System => self == Self::Module,
        }
    }
}

fn unknown(symbol: &str, subject: Subject) -> String {
    let allowed = match subject {
        Subject::Provider => {
            "for providers it may refer to \"hostname\", \"namespace\" and \"type\""
        }
        Subject::Module => {
            "for modules it may refer to \"hostname\", \"namespace\", \"name\" and \"system\""
        }
    };
    format!("it refers to the unknown symbol {symbol:?}; {allowed}")
}

/// The values of one evaluation.
struct Values<'a> {
    subject: Subject,
    values: Vec<(TemplateVariable, &'a str)>,
}

impl<'a> Values<'a> {
    fn provider(hostname: &'a str, namespace: &'a str, kind: &'a str) -> Self {
        Self {
            subject: Subject::Provider,
            values: vec![
                (TemplateVariable::Hostname, hostname),
                (TemplateVariable::Namespace, namespace),
                (TemplateVariable::Type, kind),
            ],
        }
    }

    fn module(hostname: &'a str, namespace: &'a str, name: &'a str, system: &'a str) -> Self {
        Self {
            subject: Subject::Module,
            values: vec![
                (TemplateVariable::Hostname, hostname),
                (TemplateVariable::Namespace, namespace),
                (TemplateVariable::Name, name),
                (TemplateVariable::System, system),
            ],
        }
    }

    fn get(&self, variable: TemplateVariable) -> &'a str {
        let found = self.values.iter().find(|(name, _)| *name == variable);
        found.map_or("", |(_, value)| value)
    }
}

/// The rule from a source address to a repository. `Display` prints the text it was read from.
#[derive(Clone)]
pub struct RepositoryTemplate {
    text: String,
    body: Body,
    variables: BTreeSet<TemplateVariable>,
    reach: Reach,
}

/// Where the repositories of a template can be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// In registries and in directories.
    Anywhere,
    /// In registries, named as clients name them: by the host, without a scheme.
    Registries,
}

#[derive(Clone)]
enum Body {
    Hcl(hcl::Template),
    Uri(uri::Template),
}

impl RepositoryTemplate {
    /// Reads the `repository_template` of an `oci_mirror` block, as OpenTofu does: always an HCL
    /// string template, and always of registries. Whether it tells providers apart is another
    /// question ([`require`](Self::require)).
    ///
    /// # Errors
    /// When the text is no template, or gives no repository for sample values.
    pub fn for_oci_mirror(text: &str) -> Result<Self, ParseError> {
        Self::read(text, Reach::Registries)
    }

    /// The same template, written for the `repository_template` of an `oci_mirror` block.
    ///
    /// # Errors
    /// When its repositories are not in a registry.
    pub fn to_oci_mirror(&self) -> Result<Self, ParseError> {
        let text = match &self.body {
            Body::Hcl(_) => self.text.clone(),
            Body::Uri(template) => template.to_hcl(),
        };
        Self::for_oci_mirror(text.strip_prefix("oci://").unwrap_or(&text))
    }

    /// The registry, where it is the same for all addresses: written in the template without any
    /// variable.
    pub fn registry(&self) -> Option<RegistryHost> {
        let text = self.text.strip_prefix("oci://").unwrap_or(&self.text);
        let (host, _) = text.split_once('/')?;
        host.parse().ok()
    }

    /// The variables that the template refers to, also in branches that are never taken.
    pub fn variables(&self) -> &BTreeSet<TemplateVariable> {
        &self.variables
    }

    /// The repository of a provider.
    ///
    /// # Errors
    /// When the template is one for modules, cannot be evaluated for this address, or gives no
    /// valid repository address: a namespace outside ASCII and a host with a port do not fit into
    /// a repository name.
    pub fn for_provider(&self, addr: &ProviderAddr) -> Result<Address, ParseError> {
        let host = addr.hostname().as_str();
        self.address(&Values::provider(host, addr.namespace(), addr.kind()))
            .map_err(|reason| self.refuse(format!("for {addr}: {reason}")))
    }

    /// The repository of a module of a module registry.
    ///
    /// # Errors
    /// When a part is no part of a module address, and as [`for_provider`](Self::for_provider).
    pub fn for_module(
        &self,
        hostname: &Hostname,
        namespace: &str,
        name: &str,
        system: &str,
    ) -> Result<Address, ParseError> {
        let module = format!("{hostname}/{namespace}/{name}/{system}");
        let is_part = |part: &&str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        if ![namespace, name, system].iter().all(is_part) {
            return Err(ParseError::new(
                Noun::ModuleAddr,
                &module,
                "parts take letters, digits, dashes and underscores",
            ));
        }
        self.address(&Values::module(hostname.as_str(), namespace, name, system))
            .map_err(|reason| self.refuse(format!("for {module}: {reason}")))
    }

    /// Refuses two different providers of one repository.
    ///
    /// Addresses that the template cannot map are left to [`for_provider`](Self::for_provider).
    ///
    /// # Errors
    /// Names the first two that collide, in the order given.
    pub fn check_distinct(&self, addrs: &[ProviderAddr]) -> Result<(), Collision> {
        let mut seen: BTreeMap<Address, &ProviderAddr> = BTreeMap::new();
        for addr in addrs {
            let Ok(repository) = self.for_provider(addr) else {
                continue;
            };
            match seen.get(&repository) {
                Some(first) if *first == addr => {}
                Some(first) => {
                    return Err(Collision {
                        repository: Box::new(repository),
                        first: Box::new((*first).clone()),
                        second: Box::new(addr.clone()),
                    });
                }
                None => {
                    seen.insert(repository, addr);
                }
            }
        }
        Ok(())
    }

    /// OpenTofu's rule for `oci_mirror`: each part of the address that `include` does not pin to
    /// one value must be referred to, so that no two providers share a repository.
    ///
    /// # Errors
    /// Names the first part that is neither pinned nor referred to.
    pub fn require(&self, pinned: &PinnedParts) -> Result<(), ParseError> {
        for (variable, unique) in pinned.required() {
            if !self.variables.contains(&variable) {
                return Err(self.refuse(format!(
                    "template must refer to the \"{variable}\" symbol unless the \"include\" argument selects exactly one {unique}"
                )));
            }
        }
        Ok(())
    }

    fn read(text: &str, reach: Reach) -> Result<Self, ParseError> {
        let refuse = |reason: String| ParseError::new(Noun::RepositoryTemplate, text, reason);
        if text.len() > LIMIT {
            return Err(refuse(format!("it is longer than {LIMIT} bytes")));
        }
        let hcl = reach == Reach::Registries || text.contains("${") || text.contains("%{");
        let (body, variables) = if hcl {
            hcl::Template::read(text).map(|(t, variables)| (Body::Hcl(t), variables))
        } else {
            uri::Template::read(text).map(|(t, variables)| (Body::Uri(t), variables))
        }
        .map_err(refuse)?;
        let template = Self {
            text: text.to_owned(),
            body,
            variables,
            reach,
        };
        template.try_out().map_err(refuse)?;
        Ok(template)
    }

    fn refuse(&self, reason: String) -> ParseError {
        ParseError::new(Noun::RepositoryTemplate, &self.text, reason)
    }

    fn address(&self, values: &Values<'_>) -> Result<Address, String> {
        for variable in &self.variables {
            if !values.subject.has(*variable) {
                return Err(unknown(variable.as_str(), values.subject));
            }
        }
        let text = match &self.body {
            Body::Hcl(template) => template.evaluate(values)?,
            Body::Uri(template) => template.evaluate(values),
        };
        if self.reach == Reach::Registries && (text.starts_with("dir:") || text.contains("://")) {
            return Err(format!(
                "it gives {text:?}; clients reach registries only, by addresses that begin with a host"
            ));
        }
        let address: Address = text
            .parse()
            .map_err(|error: ParseError| format!("it gives {text:?}, whose {error}"))?;
        if address.at().is_some() {
            return Err(format!(
                "it gives {text:?}, which has a tag or a digest; a template gives repositories"
            ));
        }
        Ok(address)
    }

    /// Finds what would fail for every address.
    fn try_out(&self) -> Result<(), String> {
        let is_module = self.reach == Reach::Anywhere
            && [TemplateVariable::Name, TemplateVariable::System]
                .iter()
                .any(|variable| self.variables.contains(variable));
        let sample = if is_module {
            Values::module(
                "example.com",
                "example-namespace",
                "example-name",
                "examplesystem",
            )
        } else {
            Values::provider("example.com", "example-namespace", "example-type")
        };
        self.address(&sample).map(drop).map_err(|reason| {
            format!(
                "template must generate a valid OCI repository address, including a registry hostname followed by a slash and then a repository name; with sample values: {reason}"
            )
        })
    }
}

impl FromStr for RepositoryTemplate {
    type Err = ParseError;

    /// Reads a template and tries it out on sample values.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::read(text, Reach::Anywhere)
    }
}

impl fmt::Display for RepositoryTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for RepositoryTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl PartialEq for RepositoryTemplate {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for RepositoryTemplate {}

/// Two providers that a template maps to one repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{first} and {second} both map to {repository}")]
pub struct Collision {
    /// The repository of both.
    pub repository: Box<Address>,
    /// The provider that came first.
    pub first: Box<ProviderAddr>,
    /// The provider that came second.
    pub second: Box<ProviderAddr>,
}

#[cfg(test)]
mod tests;
