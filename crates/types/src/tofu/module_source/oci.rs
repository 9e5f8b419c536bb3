//! `oci://HOST[:PORT]/REPOSITORY[//SUBDIR][?tag=TAG | ?digest=ALGORITHM:HEX]`

use std::borrow::Cow;
use std::fmt;

use super::{mask, package};
use crate::oci::{Algorithm, Digest, RegistryHost, RepositoryName, Tag, TagOrDigest};
use crate::{Noun, ParseError};

/// A module package in an OCI registry.
///
/// Mistakes that OpenTofu finds only when it fetches (repository, tag, digest, arguments) are found
/// when the source is read. Stricter than OpenTofu, which ignores it: user information is refused,
/// because it never is a credential there and would be printed.
///
/// OpenTofu documentation, "OCI Registries", "Modules".
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OciModule {
    host: RegistryHost,
    repository: RepositoryName,
    at: Option<TagOrDigest>,
    package: String,
    subdir: Option<String>,
}

const SCHEME: &str = "oci://";

/// File name endings that send a source down another path in OpenTofu, where it fails.
const ARCHIVE_SUFFIXES: [&str; 10] = [
    ".zip", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".tzst", ".tar",
];

const NO_ARCHIVE: &str = "the \"archive\" argument is not allowed for OCI sources, because the archive format is detected automatically from the image manifest";

/// Whether the source is meant to be an OCI one.
pub(super) fn is_oci(text: &str) -> bool {
    text.get(..SCHEME.len())
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
}

impl OciModule {
    pub(super) fn parse(text: &str) -> Result<Self, ParseError> {
        let refuse =
            |reason: Cow<'static, str>| ParseError::new(Noun::ModuleSource, &mask(text), reason);
        let (package, subdir) = package::split(text)?;
        let rest = package.get(SCHEME.len()..).unwrap_or_default();
        let rest = rest.split('#').next().unwrap_or_default();
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, path) = place.split_once('/').unwrap_or((place, ""));
        if host.contains('@') {
            return Err(refuse("user information is not allowed".into()));
        }
        let host: RegistryHost = host.parse().map_err(|e: ParseError| {
            refuse(format!("invalid registry host {host:?}: {}", e.reason).into())
        })?;
        let path = decode(path, Plus::Kept)
            .ok_or_else(|| refuse("the path has an invalid percent escape".into()))?;
        if ARCHIVE_SUFFIXES.iter().any(|suffix| path.ends_with(suffix)) {
            return Err(refuse(NO_ARCHIVE.into()));
        }
        let repository: RepositoryName = path.parse().map_err(|e: ParseError| {
            refuse(format!("invalid repository {path:?}: {}", e.reason).into())
        })?;
        let at = arguments(query).map_err(refuse)?;
        Ok(Self {
            host,
            repository,
            at,
            package,
            subdir,
        })
    }

    /// The registry.
    pub fn host(&self) -> &RegistryHost {
        &self.host
    }

    /// The repository.
    pub fn repository(&self) -> &RepositoryName {
        &self.repository
    }

    /// The tag or digest that the source names. `None` means the tag `latest`.
    pub fn at(&self) -> Option<&TagOrDigest> {
        self.at.as_ref()
    }

    /// The source without its subdirectory, as written otherwise.
    pub fn package(&self) -> &str {
        &self.package
    }

    /// The directory inside the package, clean and relative; it may be a glob.
    pub fn subdir(&self) -> Option<&str> {
        self.subdir.as_deref()
    }

    /// The source of the same package by its digest: what a call is written as that shall never get another.
    pub fn pinned(&self, digest: &Digest) -> String {
        let (host, repository) = (&self.host, &self.repository);
        let package = format!("{SCHEME}{host}/{repository}?digest={digest}");
        package::join(&package, self.subdir.as_deref())
    }
}

impl fmt::Display for OciModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&package::join(&self.package, self.subdir.as_deref()))
    }
}

/// What the arguments behind the `?` select.
fn arguments(query: &str) -> Result<Option<TagOrDigest>, Cow<'static, str>> {
    let (mut tag, mut digest, mut unknown) = (None, None, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let escape = "an argument has an invalid percent escape";
        let name = decode(name, Plus::Blank).ok_or(escape)?;
        let value = decode(value, Plus::Blank).ok_or(escape)?;
        let slot = match name.as_str() {
            "tag" => &mut tag,
            "digest" => &mut digest,
            "archive" if value == "false" => continue,
            "archive" => return Err(NO_ARCHIVE.into()),
            _ => {
                unknown.push(name);
                continue;
            }
        };
        if slot.replace(value).is_some() {
            return Err(format!("too many {name:?} arguments").into());
        }
    }
    unknown.sort();
    unknown.dedup();
    match unknown.as_slice() {
        [] => {}
        [one] => return Err(format!("unsupported argument {one:?}").into()),
        several => {
            let names: Vec<String> = several
                .iter()
                .map(|n| n.escape_debug().to_string())
                .collect();
            return Err(format!("unsupported arguments: {}", names.join(", ")).into());
        }
    }
    match (tag, digest) {
        (Some(_), Some(_)) => Err("cannot set both \"tag\" and \"digest\" arguments".into()),
        (Some(tag), None) => parse_tag(&tag).map(Some),
        (None, Some(digest)) => parse_digest(&digest).map(Some),
        (None, None) => Ok(None),
    }
}

fn parse_tag(text: &str) -> Result<TagOrDigest, Cow<'static, str>> {
    if text.is_empty() {
        return Err("tag argument must not be empty".into());
    }
    match text.parse::<Tag>() {
        Ok(tag) => Ok(TagOrDigest::Tag(tag)),
        Err(error) => Err(format!("invalid tag {text:?}: {}", error.reason).into()),
    }
}

fn parse_digest(text: &str) -> Result<TagOrDigest, Cow<'static, str>> {
    if text.is_empty() {
        return Err("digest argument must not be empty".into());
    }
    match text.parse::<Digest>() {
        Ok(digest) if digest.algorithm() == Algorithm::Unsupported => {
            Err(format!("invalid digest {text:?}: unsupported digest algorithm").into())
        }
        Ok(digest) => Ok(TagOrDigest::Digest(digest)),
        Err(error) => Err(format!("invalid digest {text:?}: {}", error.reason).into()),
    }
}

/// What a plus sign is: itself in a path, a blank in an argument.
#[derive(Clone, Copy, PartialEq)]
enum Plus {
    Kept,
    Blank,
}

/// The text behind percent escapes; `None` if one is broken or the result is not UTF-8.
fn decode(text: &str, plus: Plus) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            b'+' if plus == Plus::Blank => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}
