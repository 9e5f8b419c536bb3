//! A configuration for clients whose providers come from OCI repositories.

use std::fmt;

use super::{ProviderPattern, ProviderSelector};
use crate::oci::RegistryHost;
use crate::tofu::{Hostname, RepositoryTemplate, TemplateVariable, hcl1};
use crate::{Noun, ParseError};

/// A `provider_installation` block with an `oci_mirror` for some providers, and a `direct` block for
/// all others, if there are others.
///
/// No provider is in both. A client that finds an OCI mirror without the version that it wants
/// stops there, even where another method has it; and `direct` stops it where the network does.
///
/// `Display` prints it in the native spelling, with a line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorConfig {
    template: RepositoryTemplate,
    include: Vec<ProviderPattern>,
    helper: Option<(RegistryHost, String)>,
}

impl MirrorConfig {
    /// A mirror under `template` for the providers in `include`. Where that is empty, it is for
    /// all of them, or for those of `default_host` if the template does not tell hosts apart.
    ///
    /// # Errors
    ///
    /// When the template's repositories are not in a registry, or it does not tell the providers
    /// apart, or cannot be written into a CLI configuration.
    pub fn new(
        template: &RepositoryTemplate,
        mut include: Vec<ProviderPattern>,
        default_host: &Hostname,
    ) -> Result<Self, ParseError> {
        let template = template.to_oci_mirror()?;
        if include.is_empty() && !template.variables().contains(&TemplateVariable::Hostname) {
            include.push(ProviderPattern::of_host(default_host.clone()));
        }
        let selector = ProviderSelector {
            include,
            exclude: Vec::new(),
        };
        template.require(&selector.pinned())?;
        let text = template.to_string();
        if !reads_back(&text) {
            let reason = "clients cannot read it: within ${…} they only count braces, and escapes must be known";
            return Err(ParseError::new(Noun::RepositoryTemplate, &text, reason));
        }
        Ok(Self {
            template,
            include: selector.include,
            helper: None,
        })
    }

    /// With `docker-credential-HELPER` as the one who knows what to tell `registry`.
    #[must_use]
    pub fn with_helper(self, registry: RegistryHost, helper: String) -> Self {
        Self {
            helper: Some((registry, helper)),
            ..self
        }
    }

    /// The template, as clients read it.
    pub fn template(&self) -> &RepositoryTemplate {
        &self.template
    }

    /// The providers of the mirror; all where there are no patterns.
    pub fn include(&self) -> &[ProviderPattern] {
        &self.include
    }

    /// The providers that their own registries have no part in; `None` where that is all of them.
    pub fn direct_exclude(&self) -> Option<&[ProviderPattern]> {
        let all = self.include.is_empty() || self.include.contains(&ProviderPattern::all());
        (!all).then_some(&self.include)
    }

    /// The registry and the helper that knows what to tell it.
    pub fn helper(&self) -> Option<(&RegistryHost, &str)> {
        let (registry, helper) = self.helper.as_ref()?;
        Some((registry, helper))
    }
}

impl fmt::Display for MirrorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let template = quoted(&self.template.to_string());
        writeln!(f, "provider_installation {{\n  oci_mirror {{")?;
        writeln!(f, "    repository_template = {template}")?;
        if !self.include.is_empty() {
            writeln!(f, "    include             = {}", list(&self.include))?;
        }
        writeln!(f, "  }}")?;
        if let Some(exclude) = self.direct_exclude() {
            writeln!(f, "  direct {{\n    exclude = {}\n  }}", list(exclude))?;
        }
        writeln!(f, "}}")?;
        if let Some((registry, helper)) = &self.helper {
            writeln!(f, "\noci_credentials {} {{", quoted(registry.as_str()))?;
            writeln!(f, "  docker_credentials_helper = {}\n}}", quoted(helper))?;
        }
        Ok(())
    }
}

fn list(patterns: &[ProviderPattern]) -> String {
    let patterns: Vec<String> = patterns.iter().map(|p| quoted(&p.to_string())).collect();
    format!("[{}]", patterns.join(", "))
}

/// `text` as a string of HCL 1: what stands in `${…}` stays as it is.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    let mut depth = 0usize;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match c {
            '{' if depth > 0 => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '$' if depth == 0 && rest.starts_with("${") => {
                depth = 1;
                out.push_str("${");
                rest = rest.get(2..).unwrap_or_default();
                continue;
            }
            '"' | '\\' if depth == 0 => out.push('\\'),
            _ => {}
        }
        if depth == 0 && c.is_control() {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    out.push('"');
    out
}

fn reads_back(text: &str) -> bool {
    let file = format!("x = {}", quoted(text));
    hcl1::read("", file.as_bytes()).is_ok_and(|document| {
        let value = document.root.items.first().map(|item| &item.value.kind);
        value == Some(&hcl1::ValueKind::Text(text.to_owned()))
    })
}
