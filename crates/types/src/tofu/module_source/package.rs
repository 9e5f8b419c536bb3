//! Packages and the directories inside them; sources this project does not fetch itself.

use std::fmt;

use super::mask;
use crate::tofu::go_path;
use crate::{Noun, ParseError};

fn refuse(text: &str, reason: impl Into<std::borrow::Cow<'static, str>>) -> ParseError {
    ParseError::new(Noun::ModuleSource, &mask(text), reason)
}

/// Splits a source at the first `//` that is neither part of `://` nor behind the `?`. Arguments
/// stay with the package; the subdirectory comes out clean.
pub(super) fn split(text: &str) -> Result<(String, Option<String>), ParseError> {
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    };
    let from = path.find("://").map_or(0, |at| at + 3);
    let tail = path.get(from..).unwrap_or_default();
    let Some((name, subdir)) = tail.split_once("//") else {
        return Ok((text.to_owned(), None));
    };
    let subdir = go_path::clean(subdir.trim_start_matches('/'));
    if subdir == ".." || subdir.starts_with("../") {
        let reason = format!("subdirectory path {subdir:?} leads outside of the module package");
        return Err(refuse(text, reason));
    }
    let mut package = path.get(..from + name.len()).unwrap_or_default().to_owned();
    if let Some(query) = query {
        package.push('?');
        package.push_str(query);
    }
    Ok((package, (subdir != ".").then_some(subdir)))
}

/// A package with its subdirectory, in the one spelling both are recorded in: the subdirectory
/// stands before the arguments.
pub(super) fn join(package: &str, subdir: Option<&str>) -> String {
    match (subdir, package.split_once('?')) {
        (None, _) => package.to_owned(),
        (Some(subdir), None) => format!("{package}//{subdir}"),
        (Some(subdir), Some((path, query))) => format!("{path}//{subdir}?{query}"),
    }
}

/// A module package behind a URL, a Git repository or the like.
///
/// Known well enough to be recorded and reported, not to be fetched. `Display` and `Debug` mask
/// user information.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RemoteModule {
    package: String,
    subdir: Option<String>,
}

impl RemoteModule {
    pub(super) fn parse(text: &str) -> Result<Self, ParseError> {
        let (package, subdir) = split(text)?;
        let package = detect(&package).ok_or_else(|| {
            let reason = "no supported kind of module source was recognised; a directory is written with `./` or `../` in front";
            refuse(text, reason)
        })?;
        if let Some((getter, _)) = package.split_once("::")
            && getter.eq_ignore_ascii_case("oci")
        {
            let reason = "an OCI source is written `oci://HOST/REPOSITORY`, without `::`";
            return Err(refuse(text, reason));
        }
        // A shorthand may carry a directory in its expansion.
        let (package, inner) = split(&package)?;
        let subdir = match (inner, subdir) {
            (Some(inner), Some(subdir)) => Some(format!("{inner}/{subdir}")),
            (inner, subdir) => inner.or(subdir),
        };
        Ok(Self { package, subdir })
    }

    /// Where the package is, with its arguments. May hold user information: not for printing.
    pub fn package(&self) -> &str {
        &self.package
    }

    /// The directory inside the package, clean and relative; it may be a glob.
    pub fn subdir(&self) -> Option<&str> {
        self.subdir.as_deref()
    }
}

impl fmt::Display for RemoteModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask(&join(&self.package, self.subdir.as_deref())))
    }
}

impl fmt::Debug for RemoteModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteModule({:?})", self.to_string())
    }
}

/// The full spelling of a package address, or `None` if nothing says how to fetch it.
fn detect(text: &str) -> Option<String> {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    };
    if let Some((getter, rest)) = text.split_once("::") {
        let known = !getter.is_empty() && getter.bytes().all(|b| b.is_ascii_alphanumeric());
        if known && !rest.is_empty() {
            // `git::git@host:path` is the short form of an ssh URL.
            let rest = scp(rest).unwrap_or_else(|| rest.to_owned());
            return Some(format!("{getter}::{rest}"));
        }
    }
    if text.split_once("://").is_some_and(|(s, _)| is_scheme(s)) {
        return Some(text.to_owned());
    }
    if let Some(url) = scp(text) {
        return Some(format!("git::{url}"));
    }
    for host in ["github.com", "bitbucket.org"] {
        if let Some(path) = text.strip_prefix(host).and_then(|t| t.strip_prefix('/')) {
            return forge(host, path);
        }
    }
    let host = text.split('/').next().unwrap_or_default();
    if host.ends_with(".amazonaws.com") && text.len() > host.len() {
        return Some(format!("s3::https://{text}"));
    }
    if text.starts_with("www.googleapis.com/storage/") {
        return Some(format!("gcs::https://{text}"));
    }
    text.starts_with('/').then(|| format!("file://{text}"))
}

/// `git::https://HOST/OWNER/NAME.git…` for the shorthand of a forge.
fn forge(host: &str, path: &str) -> Option<String> {
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (path, String::new()),
    };
    let mut parts = path.splitn(3, '/');
    let (owner, name, inner) = (parts.next()?, parts.next()?, parts.next());
    if owner.is_empty() || name.is_empty() {
        return None;
    }
    let name = name.strip_suffix(".git").unwrap_or(name);
    let inner = inner.map(|inner| format!("//{inner}")).unwrap_or_default();
    Some(format!(
        "git::https://{host}/{owner}/{name}.git{inner}{query}"
    ))
}

/// `ssh://USER@HOST/PATH` for `USER@HOST:PATH`.
fn scp(text: &str) -> Option<String> {
    let (user, rest) = text.split_once('@')?;
    let (host, path) = rest.split_once(':')?;
    let plain = |text: &str| !text.is_empty() && !text.contains(['/', ':', '?', '@']);
    (plain(user) && plain(host) && !path.is_empty())
        .then(|| format!("ssh://{user}@{host}/{}", path.trim_start_matches('/')))
}
