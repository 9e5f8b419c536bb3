//! `provider_installation`: where providers come from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::arguments::{Body, Context, Found, Showing, members, text};
use super::part::{Place, Placed};
use super::{ProviderPattern, ProviderSelector};
use crate::tofu::hcl1::{Item, Object, Spelling, ValueKind};
use crate::tofu::syntax::SourceRange;
use crate::tofu::{ProviderAddr, RepositoryTemplate, go_path};

const BLOCK: &str = "Invalid provider_installation block";
const METHOD: &str = "Invalid provider_installation method block";

/// A `provider_installation` block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderInstallation {
    /// The methods, in order.
    pub methods: Vec<InstallationMethod>,
    /// Directories that clients run providers from, whatever is installed. Installing goes on as if
    /// they were not there; clients say that they are.
    pub dev_overrides: BTreeMap<ProviderAddr, PathBuf>,
}

/// One installation method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationMethod {
    /// What it is.
    pub kind: MethodKind,
    /// Which providers it is for.
    pub selector: ProviderSelector,
    /// Where it is written.
    pub at: SourceRange,
}

/// What an installation method is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MethodKind {
    /// The registry that the source address names.
    Direct {
        /// How often fetching a package is repeated.
        download_retry_count: Option<u32>,
    },
    /// A directory of packages.
    FilesystemMirror {
        /// The directory, as written.
        path: PathBuf,
    },
    /// A server that speaks the network mirror protocol.
    NetworkMirror {
        /// Its URL: `https`, without user information.
        url: String,
        /// How often fetching a package is repeated.
        download_retry_count: Option<u32>,
        /// Whether all hashes that it reports enter the lock file.
        trust_all_hashes: bool,
    },
    /// OCI repositories.
    OciMirror {
        /// The rule from providers to repositories.
        repository_template: RepositoryTemplate,
    },
}

impl MethodKind {
    /// The name of the block.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Direct { .. } => "direct",
            Self::FilesystemMirror { .. } => "filesystem_mirror",
            Self::NetworkMirror { .. } => "network_mirror",
            Self::OciMirror { .. } => "oci_mirror",
        }
    }
}

/// The blocks of a file.
pub(super) fn read(context: &mut Context<'_>, root: &Object) -> Vec<Placed<ProviderInstallation>> {
    let blocks = root
        .items
        .iter()
        .filter(|item| item.name() == "provider_installation");
    blocks
        .filter_map(|item| {
            let value = block(context, item)?;
            let place = Place::of(context, &item.name_span());
            Some(Placed { value, place })
        })
        .collect()
}

fn block(context: &mut Context<'_>, item: &Item) -> Option<ProviderInstallation> {
    let name = item.name_span();
    if item.equals {
        context.report(BLOCK, "it is a block, without an equals sign", &name);
        return None;
    }
    match (item.keys.len() > 1, context.spelling) {
        (false, _) => {}
        (true, Spelling::Native) => context.report(BLOCK, "it has no labels", &name),
        // Clients take the name for a label and find no method at all.
        (true, Spelling::Json) => {
            let detail =
                "in JSON, clients overlook methods that are not lists: write \"direct\": [{…}]";
            context.report(BLOCK, detail, &name);
            return None;
        }
    }
    let ValueKind::Object(object) = &item.value.kind else {
        context.report(BLOCK, "it must be an object", &name);
        return None;
    };
    let mut installation = ProviderInstallation::default();
    for item in &object.items {
        method(context, item, &mut installation);
    }
    Some(installation)
}

fn method(context: &mut Context<'_>, item: &Item, installation: &mut ProviderInstallation) {
    let name = item.name_span();
    let ValueKind::Object(object) = &item.value.kind else {
        context.report(
            METHOD,
            "everything in provider_installation is a block",
            &name,
        );
        return;
    };
    if item.equals {
        context.report(METHOD, "it is a block, without an equals sign", &name);
        return;
    }
    if item.keys.len() > 1 && context.spelling == Spelling::Native {
        context.report(METHOD, "it has no labels", &name);
    }
    let body = Body::new(object, METHOD, Showing::Values);
    let kind = match item.name() {
        "direct" => Some(MethodKind::Direct {
            download_retry_count: retries(context, &body),
        }),
        "filesystem_mirror" => {
            required(context, &body, item, "path").map(|path| MethodKind::FilesystemMirror {
                path: PathBuf::from(path.value),
            })
        }
        "network_mirror" => network_mirror(context, &body, item),
        "oci_mirror" => {
            let text = required(context, &body, item, "repository_template");
            let selector = selector(context, &body);
            if let Some(kind) = text.and_then(|text| oci_mirror(context, &text, &selector)) {
                let selector = selector.unwrap_or_default();
                push(context, item, installation, kind, selector);
            }
            return;
        }
        "dev_overrides" => {
            overrides(context, item, object, installation);
            return;
        }
        _ => {
            let detail = "there is no such method; there are direct, filesystem_mirror, network_mirror, oci_mirror and dev_overrides";
            context.report(METHOD, detail, &name);
            return;
        }
    };
    let selector = selector(context, &body);
    if let Some(kind) = kind {
        push(
            context,
            item,
            installation,
            kind,
            selector.unwrap_or_default(),
        );
    }
}

fn push(
    context: &Context<'_>,
    item: &Item,
    installation: &mut ProviderInstallation,
    kind: MethodKind,
    selector: ProviderSelector,
) {
    installation.methods.push(InstallationMethod {
        kind,
        selector,
        at: context.source.range(&item.name_span()),
    });
}

/// An argument that must be there and not be empty.
fn required(
    context: &mut Context<'_>,
    body: &Body<'_>,
    item: &Item,
    name: &str,
) -> Option<Found<String>> {
    let before = context.problems.len();
    let found = body
        .text(context, name)
        .filter(|found| !found.value.is_empty());
    if found.is_none() && context.problems.len() == before {
        let detail = format!("{} needs the argument {name:?}", item.name());
        context.report(METHOD, detail, &item.name_span());
    }
    found
}

fn retries(context: &mut Context<'_>, body: &Body<'_>) -> Option<u32> {
    let found = body.count(context, "download_retry_count");
    found.map(|found| found.value)
}

fn network_mirror(context: &mut Context<'_>, body: &Body<'_>, item: &Item) -> Option<MethodKind> {
    let url = required(context, body, item, "url");
    let download_retry_count = retries(context, body);
    let trust = body.flag(context, "trust_all_hashes");
    let url = url?;
    if let Err(detail) = check_url(&url.value) {
        let summary = "Invalid URL for provider installation source";
        context.report_showing(summary, detail, &url.span, &url.shown);
        return None;
    }
    Some(MethodKind::NetworkMirror {
        url: url.value,
        download_retry_count,
        trust_all_hashes: trust.is_some_and(|found| found.value),
    })
}

fn check_url(url: &str) -> Result<(), &'static str> {
    let scheme = url.get(.."https://".len()).unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("https://") {
        return Err("a network mirror has a URL that begins with https://");
    }
    let rest = url.get(scheme.len()..).unwrap_or_default();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(
            "the URL of a network mirror has no user information; a credentials block does that",
        );
    }
    let host = authority.split(':').next().unwrap_or_default();
    if host.is_empty() || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("the URL of a network mirror names a host");
    }
    Ok(())
}

fn oci_mirror(
    context: &mut Context<'_>,
    text: &Found<String>,
    selector: &Option<ProviderSelector>,
) -> Option<MethodKind> {
    let checked = RepositoryTemplate::for_oci_mirror(&text.value).and_then(|template| {
        // What the template must tell apart is not known where a pattern is none.
        if let Some(selector) = selector {
            template.require(&selector.pinned())?;
        }
        Ok(template)
    });
    match checked {
        Ok(repository_template) => Some(MethodKind::OciMirror {
            repository_template,
        }),
        Err(error) => {
            let summary = "Invalid oci_mirror repository template";
            context.report_showing(summary, error.reason, &text.span, &text.shown);
            None
        }
    }
}

/// The patterns of a method; `None` where one of them is none.
fn selector(context: &mut Context<'_>, body: &Body<'_>) -> Option<ProviderSelector> {
    let before = context.problems.len();
    let include = patterns(
        context,
        body,
        "include",
        "Invalid provider source inclusion patterns",
    );
    let exclude = patterns(
        context,
        body,
        "exclude",
        "Invalid provider source exclusion patterns",
    );
    (context.problems.len() == before).then_some(ProviderSelector { include, exclude })
}

fn patterns(
    context: &mut Context<'_>,
    body: &Body<'_>,
    name: &str,
    summary: &'static str,
) -> Vec<ProviderPattern> {
    let mut patterns = Vec::new();
    for found in body.texts(context, name).unwrap_or_default() {
        match ProviderPattern::parse_on(&found.value, context.default_host) {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => {
                context.report_showing(summary, error.to_string(), &found.span, &found.shown);
            }
        }
    }
    patterns
}

/// The entries of `dev_overrides`: source addresses and directories.
fn overrides(
    context: &mut Context<'_>,
    item: &Item,
    object: &Object,
    installation: &mut ProviderInstallation,
) {
    const SUMMARY: &str = "Invalid provider installation dev overrides";
    if !installation.methods.is_empty() {
        let detail =
            "dev_overrides must stand before all other methods, because it goes before them";
        context.report(METHOD, detail, &item.name_span());
        return;
    }
    for member in members(object) {
        let Some((key, rest)) = member.split() else {
            continue;
        };
        let path = text(rest.value).filter(|_| rest.keys.is_empty());
        match (
            ProviderAddr::parse_on(&key.text, context.default_host),
            path,
        ) {
            (Ok(provider), Some(path)) => {
                let path = PathBuf::from(go_path::clean(&path));
                installation.dev_overrides.insert(provider, path);
            }
            (Err(error), _) => context.report(SUMMARY, error.to_string(), &key.span),
            (_, None) => {
                context.report(SUMMARY, "the directory must be text", &key.span);
            }
        }
    }
}
