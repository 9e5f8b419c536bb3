//! The one error of words that do not parse.

use std::borrow::Cow;
use std::fmt;

/// A text that is not a valid word of its kind.
///
/// `Display` escapes the text, so that a hostile name cannot reach a terminal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{noun} {text:?} is invalid: {reason}")]
pub struct ParseError {
    /// What the text was meant to be.
    pub noun: Noun,
    /// The text as given, cut at 256 characters.
    pub text: String,
    /// Why it is refused: lower case, no full stop.
    pub reason: Cow<'static, str>,
}

impl ParseError {
    /// An error about `text`, which was meant to be a `noun`.
    pub fn new(noun: Noun, text: &str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            noun,
            text: text.chars().take(256).collect(),
            reason: reason.into(),
        }
    }
}

/// What a text was meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Noun {
    /// An OCI digest, `sha256:…`.
    Digest,
    /// An OCI tag.
    Tag,
    /// A repository name.
    RepositoryName,
    /// The host of a registry.
    RegistryHost,
    /// `host/name[:tag][@digest]`.
    Reference,
    /// The address of a repository: in a registry or in a directory of layouts.
    Address,
    /// A media type.
    MediaType,
    /// An annotation of a manifest.
    Annotation,
    /// `linux_amd64`.
    Platform,
    /// A provider or module version.
    Version,
    /// A version constraint.
    VersionConstraint,
    /// A hostname in a source address.
    Hostname,
    /// `hostname/namespace/type`.
    ProviderAddr,
    /// `h1:…` or `zh:…`.
    PackageHash,
    /// The source of a module call.
    ModuleSource,
    /// `hostname/namespace/name/system`.
    ModuleAddr,
    /// `[hostname/]namespace/type` with wildcards.
    ProviderPattern,
    /// `host[/name]`: a registry, or the repositories below a name.
    RepositoryPrefix,
    /// A repository template.
    RepositoryTemplate,
    /// The name of a package file.
    PackageFilename,
    /// A time, RFC 3339 in UTC.
    Timestamp,
}

impl fmt::Display for Noun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Digest => "digest",
            Self::Tag => "tag",
            Self::RepositoryName => "repository name",
            Self::RegistryHost => "registry host",
            Self::Reference => "reference",
            Self::Address => "repository address",
            Self::MediaType => "media type",
            Self::Annotation => "annotation",
            Self::Platform => "platform",
            Self::Version => "version",
            Self::VersionConstraint => "version constraint",
            Self::Hostname => "hostname",
            Self::ProviderAddr => "provider source address",
            Self::PackageHash => "package hash",
            Self::ModuleSource => "module source",
            Self::ModuleAddr => "module registry address",
            Self::ProviderPattern => "provider pattern",
            Self::RepositoryPrefix => "repository prefix",
            Self::RepositoryTemplate => "repository template",
            Self::PackageFilename => "package file name",
            Self::Timestamp => "timestamp",
        })
    }
}
