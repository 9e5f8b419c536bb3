//! The address of a repository, wherever it lives.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::reference::{at, split_suffix, write_suffix};
use super::{Digest, Reference, RepositoryName, Tag, TagOrDigest};
use crate::{Noun, ParseError};

/// A repository in a directory of OCI image layouts: `dir:PATH[//NAME][:TAG][@DIGEST]`.
///
/// `PATH/NAME/` is one valid image layout. Without a name, `PATH` itself is the layout.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DirectoryAddress {
    /// The directory, as written.
    pub path: PathBuf,
    /// The repository below it.
    pub name: Option<RepositoryName>,
    /// The tag.
    pub tag: Option<Tag>,
    /// The digest.
    pub digest: Option<Digest>,
}

/// The address of a repository, and perhaps of one manifest in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// In a registry.
    Registry(Reference),
    /// In a directory of layouts.
    Directory(DirectoryAddress),
}

impl Address {
    /// What to ask for: the digest, else the tag.
    pub fn at(&self) -> Option<TagOrDigest> {
        match self {
            Self::Registry(reference) => reference.at(),
            Self::Directory(directory) => at(directory.tag.as_ref(), directory.digest.as_ref()),
        }
    }

    /// The tag, where one is written.
    pub fn tag(&self) -> Option<&Tag> {
        match self {
            Self::Registry(reference) => reference.tag.as_ref(),
            Self::Directory(directory) => directory.tag.as_ref(),
        }
    }

    /// The digest, where one is written.
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Registry(reference) => reference.digest.as_ref(),
            Self::Directory(directory) => directory.digest.as_ref(),
        }
    }

    /// The repository's name, where it has one.
    pub fn name(&self) -> Option<&RepositoryName> {
        match self {
            Self::Registry(reference) => Some(&reference.name),
            Self::Directory(directory) => directory.name.as_ref(),
        }
    }

    /// The same repository, without tag and digest.
    #[must_use]
    pub fn repository(&self) -> Self {
        self.with(None, None)
    }

    /// The same repository at `tag`.
    #[must_use]
    pub fn at_tag(&self, tag: &Tag) -> Self {
        self.with(Some(tag.clone()), None)
    }

    /// The same repository at `digest`.
    #[must_use]
    pub fn at_digest(&self, digest: &Digest) -> Self {
        self.with(None, Some(digest.clone()))
    }

    fn with(&self, tag: Option<Tag>, digest: Option<Digest>) -> Self {
        match self {
            Self::Registry(reference) => Self::Registry(Reference {
                tag,
                digest,
                ..reference.clone()
            }),
            Self::Directory(directory) => Self::Directory(DirectoryAddress {
                tag,
                digest,
                ..directory.clone()
            }),
        }
    }
}

impl FromStr for Address {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text.strip_prefix("dir:") {
            Some(rest) => directory(text, rest).map(Self::Directory),
            // As a host with a port it would be written, in lower case, like a directory.
            None if text
                .get(..4)
                .is_some_and(|s| s.eq_ignore_ascii_case("dir:")) =>
            {
                Err(ParseError::new(
                    Noun::Address,
                    text,
                    "`dir:` is written in lower case",
                ))
            }
            None => text.parse().map(Self::Registry),
        }
    }
}

fn directory(text: &str, rest: &str) -> Result<DirectoryAddress, ParseError> {
    let refuse = |reason: &'static str| ParseError::new(Noun::Address, text, reason);
    let (rest, tag, digest) = split_suffix(rest, &['/', '\\'])?;
    // `//` at the very start is a root path written twice, not an empty path with a name.
    let divide = rest.char_indices().skip(1).find_map(|(position, _)| {
        rest.get(position..)
            .is_some_and(|tail| tail.starts_with("//"))
            .then_some(position)
    });
    let (path, name) = match divide {
        Some(position) => {
            let (path, name) = rest.split_at(position);
            (path, Some(name.trim_start_matches('/').parse()?))
        }
        None => (rest, None),
    };
    if path.is_empty() {
        return Err(refuse(
            "the form is dir:PATH//NAME, with an optional :TAG and @DIGEST",
        ));
    }
    if path.contains('\0') {
        return Err(refuse("a path has no NUL"));
    }
    Ok(DirectoryAddress {
        path: PathBuf::from(path),
        name,
        tag,
        digest,
    })
}

impl fmt::Display for DirectoryAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dir:{}", self.path.display())?;
        if let Some(name) = &self.name {
            write!(f, "//{name}")?;
        }
        write_suffix(f, self.tag.as_ref(), self.digest.as_ref())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(reference) => reference.fmt(f),
            Self::Directory(directory) => directory.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn read(text: &str) -> (String, Option<String>, Option<String>, bool) {
        match text.parse().unwrap() {
            Address::Directory(d) => (
                d.path.display().to_string(),
                d.name.map(|n| n.to_string()),
                d.tag.map(|t| t.to_string()),
                d.digest.is_some(),
            ),
            Address::Registry(_) => panic!("{text} is a directory"),
        }
    }

    #[test]
    fn directories() {
        for (text, path, name, tag) in [
            (
                "dir:./registry//acme/demo",
                "./registry",
                Some("acme/demo"),
                None,
            ),
            (
                "dir:./registry//acme/demo:1.2.3",
                "./registry",
                Some("acme/demo"),
                Some("1.2.3"),
            ),
            ("dir:/srv/x", "/srv/x", None, None),
            ("dir:/srv/x:1.2.3", "/srv/x", None, Some("1.2.3")),
            (
                "dir:C:\\x//acme/demo:1.0.0",
                "C:\\x",
                Some("acme/demo"),
                Some("1.0.0"),
            ),
            ("dir:/a:b/c//d", "/a:b/c", Some("d"), None),
            ("dir:/a@b/c//d:1", "/a@b/c", Some("d"), Some("1")),
            ("dir://srv//a", "//srv", Some("a"), None),
        ] {
            let (p, n, t, digest) = read(text);
            assert_eq!(
                (p.as_str(), n.as_deref(), t.as_deref(), digest),
                (path, name, tag, false),
                "{text}"
            );
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
            let (_, _, t, digest) = read(&format!("{text}@{DIGEST}"));
            assert_eq!((t.as_deref(), digest), (tag, true), "{text}");
        }
    }

    #[test]
    fn refuses() {
        for text in [
            "dir:",
            "dir:x//",
            "dir:x//A",
            "dir:x//a:",
            "dir:x//a//b",
            "dir:x//../a",
            "diR:9/mirr1",
            "DIR:x//a",
            "x",
            "",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn moves_between_tags() {
        let address: Address = "dir:r//a:1".parse().unwrap();
        assert_eq!(address.repository().to_string(), "dir:r//a");
        assert_eq!(
            address.at_tag(&Tag::latest()).to_string(),
            "dir:r//a:latest"
        );
        let digest: Digest = DIGEST.parse().unwrap();
        assert_eq!(
            address.at_digest(&digest).to_string(),
            format!("dir:r//a@{DIGEST}")
        );
    }
}
