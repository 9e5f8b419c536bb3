//! Provider versions: the strict engine.
//!
//! OpenTofu reads provider versions, tags of provider repositories and lock files with one library
//! (`go-versions`); what it accepts, and how it orders, is what this module does. Two of its ways
//! are surprises: `1.2` and `01.2.3` are versions (whose canonical text is another), and of two
//! pre-releases the one with fewer dot parts is the lower, whatever the parts say.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::oci::Tag;
use crate::{Noun, ParseError};

pub(super) mod scan;

use scan::{BadNumbers, scan};

/// A provider version: `MAJOR.MINOR.PATCH[-PRERELEASE][+METADATA]`.
///
/// `FromStr` is as lenient as OpenTofu is; [`canonical`](Self::canonical) is not. `Display` prints
/// the canonical text. The order is precedence ([`precedence_cmp`](Self::precedence_cmp)), then
/// metadata byte by byte.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Version {
    pub(super) numbers: [u64; 3],
    pub(super) prerelease: String,
    pub(super) metadata: String,
}

impl Version {
    /// The version `major.minor.patch`.
    pub const fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self {
            numbers: [major, minor, patch],
            prerelease: String::new(),
            metadata: String::new(),
        }
    }

    /// Reads a version whose text is canonical: what releases are published under.
    ///
    /// # Errors
    /// When the text is no version, or is not the canonical text of the version it is.
    pub fn canonical(text: &str) -> Result<Self, ParseError> {
        let refuse = |reason: String| ParseError::new(Noun::Version, text, reason);
        match text.parse::<Self>() {
            Ok(version) if version.to_string() == text => Ok(version),
            Ok(version) => Err(refuse(format!("it is not canonical; write {version}"))),
            Err(error) => {
                // The most frequent slip: a tag name of a source repository.
                let bare = text.strip_prefix(['v', 'V']).map(str::parse::<Self>);
                match bare {
                    Some(Ok(version)) => Err(refuse(format!(
                        "a \"v\" prefix should not be used; write {version}"
                    ))),
                    _ => Err(error),
                }
            }
        }
    }

    /// The first number.
    pub fn major(&self) -> u64 {
        self.numbers[0]
    }

    /// The second number.
    pub fn minor(&self) -> u64 {
        self.numbers[1]
    }

    /// The third number.
    pub fn patch(&self) -> u64 {
        self.numbers[2]
    }

    /// The text after `-`; empty for a release.
    pub fn prerelease(&self) -> &str {
        &self.prerelease
    }

    /// The text after `+`; may be empty.
    pub fn metadata(&self) -> &str {
        &self.metadata
    }

    /// Whether there is a pre-release part.
    pub fn is_prerelease(&self) -> bool {
        !self.prerelease.is_empty()
    }

    /// Whether this is `0.0.0`, which OpenTofu takes for "unspecified" and never selects.
    pub fn is_unspecified(&self) -> bool {
        self.numbers == [0; 3] && self.prerelease.is_empty() && self.metadata.is_empty()
    }

    /// Whether the two differ in metadata at most, so that no client can choose between them.
    pub fn same_release(&self, other: &Self) -> bool {
        self.numbers == other.numbers && self.prerelease == other.prerelease
    }

    /// The order in which releases follow one another; metadata does not count.
    pub fn precedence_cmp(&self, other: &Self) -> Ordering {
        let release_last = self.prerelease.is_empty().cmp(&other.prerelease.is_empty());
        self.numbers
            .cmp(&other.numbers)
            .then(release_last)
            .then_with(|| compare_parts(&self.prerelease, &other.prerelease))
    }

    /// The tag of this version: `+` is written `_`.
    ///
    /// # Errors
    /// When the tag would be longer than 128 characters.
    pub fn to_tag(&self) -> Result<Tag, ParseError> {
        self.to_string().replace('+', "_").parse()
    }

    /// The version that `tag` is the canonical tag of.
    pub fn from_tag(tag: &Tag) -> Option<Self> {
        let version = Self::listed_from_tag(tag)?;
        (version.to_tag().as_ref() == Ok(tag)).then_some(version)
    }

    /// The version that OpenTofu lists for `tag`. It then asks for the *canonical* tag of that
    /// version, so where [`from_tag`](Self::from_tag) differs, everybody who may select it fails.
    pub fn listed_from_tag(tag: &Tag) -> Option<Self> {
        tag.as_str().replace('_', "+").parse().ok()
    }
}

/// Compares pre-releases, dot part by dot part. At each step the side that has no further dot is
/// the lower one, before the parts are looked at: OpenTofu's order, not that of semver.org.
fn compare_parts(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    let (mut left, mut right) = (a.next(), b.next());
    while let (Some(l), Some(r)) = (left, right) {
        (left, right) = (a.next(), b.next());
        let order = left
            .is_some()
            .cmp(&right.is_some())
            .then_with(|| compare_part(l, r));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// Numbers, by length first so that their size has no limit, are lower than words.
fn compare_part(a: &str, b: &str) -> Ordering {
    let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    match (is_number(a), is_number(b)) {
        (true, true) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => a.cmp(b),
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.precedence_cmp(other)
            .then_with(|| self.metadata.cmp(&other.metadata))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Version {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        read(text).map_err(|reason| ParseError::new(Noun::Version, text, reason))
    }
}

fn read(text: &str) -> Result<Version, String> {
    if text.trim().is_empty() {
        return Err("empty specification".into());
    }
    if text.trim() != text {
        return Err("extraneous spaces around the specification".into());
    }
    check_start(text)?;
    let scanned = scan(text).ok_or(
        "invalid specification; required format is three positive integers separated by periods",
    )?;
    check_rest(scanned.rest)?;
    let numbers = scanned.three_numbers().map_err(|bad| match bad {
        BadNumbers::TooMany => {
            "too many numbered portions; only three are allowed (major, minor, patch)".into()
        }
        BadNumbers::Wildcard(name) => {
            format!("can't use wildcard for {name} number; an exact version is required")
        }
        BadNumbers::TooLarge => "a number does not fit into 64 bits".into(),
    })?;
    Ok(Version {
        numbers,
        prerelease: scanned.prerelease.to_owned(),
        metadata: scanned.metadata.to_owned(),
    })
}

/// Refuses what often stands before a version.
fn check_start(text: &str) -> Result<(), String> {
    match operator(text).0 {
        "" => {}
        known @ (">" | ">=" | "<" | "<=" | "!" | "!=" | "~>" | "^") => {
            return Err(format!(
                "can't use constraint operator {known:?}; an exact version is required"
            ));
        }
        other => {
            return Err(format!(
                "invalid sequence {other:?} at start of specification"
            ));
        }
    }
    if has_v_prefix(text) {
        return Err("a \"v\" prefix should not be used".into());
    }
    Ok(())
}

/// Refuses what is left after the version.
fn check_rest(rest: &str) -> Result<(), String> {
    let rest = rest.trim_start();
    match rest.chars().next() {
        None => Ok(()),
        Some(',' | '|') => {
            Err("can't specify multiple versions; a single exact version is required".into())
        }
        Some('-') => Err("can't specify version range; a single exact version is required".into()),
        Some(_) => Err(format!("invalid characters {:?}", word(rest))),
    }
}

/// Splits off the signs before a version.
pub(super) fn operator(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| c.is_alphanumeric() || c.is_whitespace() || matches!(c, '*' | '.'))
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Whether a number follows a `v`.
pub(super) fn has_v_prefix(text: &str) -> bool {
    text.strip_prefix('v')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The text up to the first blank or comma.
pub(super) fn word(text: &str) -> &str {
    text.split(|c: char| c.is_whitespace() || c == ',')
        .next()
        .unwrap_or_default()
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")?;
        write_extra(f, &self.prerelease, &self.metadata)
    }
}

/// `-PRERELEASE` and `+METADATA`, where there are any.
pub(super) fn write_extra(
    f: &mut fmt::Formatter<'_>,
    prerelease: &str,
    metadata: &str,
) -> fmt::Result {
    if !prerelease.is_empty() {
        write!(f, "-{prerelease}")?;
    }
    if !metadata.is_empty() {
        write!(f, "+{metadata}")?;
    }
    Ok(())
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests;
