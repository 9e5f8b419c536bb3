//! `oci_credentials` and `oci_default_credentials`: what OCI registries are told.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;

use super::Secret;
use super::arguments::{Body, Context, Found, Showing};
use super::part::{Place, Placed};
use crate::oci::{RegistryHost, RepositoryName};
use crate::tofu::hcl1::{Item, Object, Spelling, ValueKind};
use crate::{Noun, ParseError};

/// `HOST[:PORT][/NAME]`: a registry, or the repositories below a name in it.
///
/// The text is kept as it is written, because two labels are the same only where they are equal
/// letter by letter. `Display` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryPrefix {
    text: String,
    host: RegistryHost,
    name: Option<RepositoryName>,
}

impl RepositoryPrefix {
    /// The text as it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The registry.
    pub fn host(&self) -> &RegistryHost {
        &self.host
    }

    /// The repository, and those whose names go on behind it with a slash; all where there is none.
    pub fn name(&self) -> Option<&RepositoryName> {
        self.name.as_ref()
    }
}

impl FromStr for RepositoryPrefix {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |error: ParseError| {
            let reason = format!("{}: {}", error.noun, error.reason);
            ParseError::new(Noun::RepositoryPrefix, text, reason)
        };
        let (host, name) = match text.split_once('/') {
            Some((host, name)) => (host, Some(name)),
            None => (text, None),
        };
        let name = name.map(str::parse::<RepositoryName>).transpose();
        Ok(Self {
            text: text.to_owned(),
            host: host.parse().map_err(refuse)?,
            name: name.map_err(refuse)?,
        })
    }
}

impl fmt::Display for RepositoryPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An `oci_credentials` block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OciCredentials {
    /// The repositories that it is for.
    pub prefix: RepositoryPrefix,
    /// What they are told.
    pub credential: OciCredential,
}

/// What a registry is told.
///
/// Texts that are empty count as given when a block is checked. OpenTofu then goes on without a
/// credential, if the user name or the access token is the one that is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OciCredential {
    /// A name and a password.
    Static {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// OAuth tokens.
    Tokens {
        /// Sent as it is.
        access_token: Secret,
        /// OpenTofu requires it and never uses it.
        refresh_token: Secret,
    },
    /// `docker-credential-NAME` knows.
    Helper(
        /// The last part of the program's name.
        String,
    ),
}

/// The `oci_default_credentials` block: where else credentials come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OciDefaultCredentials {
    /// Whether files of Docker, Podman and the like count.
    pub discover_ambient: bool,
    /// Those files; `None` for the usual ones. What is written relatively starts at the directory of
    /// the configuration.
    pub docker_style_files: Option<Vec<PathBuf>>,
    /// `docker-credential-NAME` knows about every registry for which nothing else is said.
    pub helper: Option<String>,
}

impl Default for OciDefaultCredentials {
    fn default() -> Self {
        Self {
            discover_ambient: true,
            docker_style_files: None,
            helper: None,
        }
    }
}

const SUMMARY: &str = "Invalid oci_credentials block";
const DEFAULT_SUMMARY: &str = "Invalid oci_default_credentials block";

/// The `oci_credentials` blocks of a file.
pub(super) fn read(context: &mut Context<'_>, root: &Object) -> Vec<Placed<OciCredentials>> {
    let blocks = root
        .items
        .iter()
        .filter(|item| item.name() == "oci_credentials");
    blocks
        .filter_map(|item| {
            let value = credentials(context, item)?;
            let label = item.keys.get(1)?;
            let place = Place::of(context, &label.span);
            Some(Placed { value, place })
        })
        .collect()
}

fn credentials(context: &mut Context<'_>, item: &Item) -> Option<OciCredentials> {
    let name = item.name_span();
    let label = match item.keys.as_slice() {
        [_, label] if !item.equals => label,
        // In JSON, objects inside the block would look like labels.
        [_, label, ..] if context.spelling == Spelling::Json => label,
        _ => {
            let detail = "it must have one label, the registry or the repositories that it is for, and no equals sign";
            context.report(SUMMARY, detail, &name);
            return None;
        }
    };
    let prefix = match label.text.parse::<RepositoryPrefix>() {
        Ok(prefix) => prefix,
        Err(error) => {
            // The label may hold what belongs into the block.
            let detail = format!(
                "the label is no registry and no repository: {}",
                error.reason
            );
            context.report(SUMMARY, detail, &name);
            return None;
        }
    };
    let ValueKind::Object(object) = &item.value.kind else {
        context.report(SUMMARY, "a block must follow the label", &name);
        return None;
    };
    let body = Body::new(object, SUMMARY, Showing::Names);
    let before = context.problems.len();
    let credential = credential(context, &body, &name, &prefix);
    // A value of the wrong type has been reported, so its absence means nothing.
    let credential = match credential {
        Ok(credential) => credential,
        Err(detail) => {
            if context.problems.len() == before {
                context.report(SUMMARY, detail, &name);
            }
            return None;
        }
    };
    (context.problems.len() == before).then_some(OciCredentials { prefix, credential })
}

fn credential(
    context: &mut Context<'_>,
    body: &Body<'_>,
    name: &Range<usize>,
    prefix: &RepositoryPrefix,
) -> Result<OciCredential, &'static str> {
    let mut text = |name| body.text(context, name).map(|found| found.value);
    let username = text("username");
    let password = text("password");
    let access = text("access_token");
    let refresh = text("refresh_token");
    let helper = body.text(context, "docker_credentials_helper");
    let groups = [
        username.is_some() || password.is_some(),
        access.is_some() || refresh.is_some(),
        helper.is_some(),
    ];
    match groups.into_iter().filter(|given| *given).count() {
        1 => {}
        0 => {
            return Err(
                "it must set either username and password, or access_token and refresh_token, or docker_credentials_helper",
            );
        }
        _ => {
            return Err(
                "it must set only one of: username and password, access_token and refresh_token, docker_credentials_helper",
            );
        }
    }
    if let Some(helper) = helper {
        if prefix.name().is_some() {
            let detail = "docker_credentials_helper cannot be set for repositories, because helpers know about whole registries only";
            context.report(SUMMARY, detail, name);
        }
        check_helper(context, SUMMARY, &helper);
        return Ok(OciCredential::Helper(helper.value));
    }
    match (username, password, access, refresh) {
        (Some(username), Some(password), ..) => Ok(OciCredential::Static {
            username,
            password: Secret::new(password),
        }),
        (_, _, Some(access), Some(refresh)) => Ok(OciCredential::Tokens {
            access_token: Secret::new(access),
            refresh_token: Secret::new(refresh),
        }),
        (None, None, ..) => Err("access_token and refresh_token must be set together"),
        _ => Err("username and password must be set together"),
    }
}

/// A helper's name becomes part of a program's.
fn check_helper(context: &mut Context<'_>, summary: &'static str, helper: &Found<String>) {
    if helper.value.is_empty() || helper.value.contains(['/', '\\']) {
        let detail = "docker_credentials_helper must be a part of a program's name: not empty, without slashes";
        context.report_showing(summary, detail, &helper.span, &helper.shown);
    }
}

/// The `oci_default_credentials` blocks of a file.
pub(super) fn read_defaults(
    context: &mut Context<'_>,
    root: &Object,
) -> Vec<Placed<OciDefaultCredentials>> {
    let blocks = root
        .items
        .iter()
        .filter(|item| item.name() == "oci_default_credentials");
    blocks
        .filter_map(|item| {
            let value = defaults(context, item)?;
            let place = Place::of(context, &item.name_span());
            Some(Placed { value, place })
        })
        .collect()
}

fn defaults(context: &mut Context<'_>, item: &Item) -> Option<OciDefaultCredentials> {
    let name = item.name_span();
    let ValueKind::Object(object) = &item.value.kind else {
        context.report(DEFAULT_SUMMARY, "a brace must follow the name", &name);
        return None;
    };
    if item.equals || (item.keys.len() > 1 && context.spelling == Spelling::Native) {
        let detail = "it is a block without labels and without an equals sign";
        context.report(DEFAULT_SUMMARY, detail, &name);
        return None;
    }
    let body = Body::new(object, DEFAULT_SUMMARY, Showing::Names);
    let discover = body.flag(context, "discover_ambient_credentials");
    let files = body.texts(context, "docker_style_config_files");
    let helper = body.text(context, "docker_credentials_helper");
    if let Some(helper) = &helper {
        check_helper(context, DEFAULT_SUMMARY, helper);
    }
    let discover_ambient = discover.is_none_or(|found| found.value);
    if !discover_ambient && files.is_some() {
        let detail = "docker_style_config_files says which files are read, and discover_ambient_credentials = false that none are";
        context.report(DEFAULT_SUMMARY, detail, &name);
    }
    let directory = context.directory;
    Some(OciDefaultCredentials {
        discover_ambient,
        docker_style_files: files.map(|files| {
            files
                .into_iter()
                .map(|file| directory.join(file.value))
                .collect()
        }),
        helper: helper.map(|helper| helper.value),
    })
}
