//! Versions and constraints of modules: the lenient engine.
//!
//! Module registries and `required_version` are read with another library (`go-version`) than
//! providers, and the two disagree: here `v1.2` and `1.2.3.4` are versions, `~> 1` has no upper
//! end, and a pre-release constraint lets other pre-releases of the same numbers in.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::version::write_extra;
use crate::{Noun, ParseError};

mod constraints;

pub use constraints::{ModuleConstraint, ModuleConstraints};

/// A module version: any number of numbers, at least three in canonical text.
///
/// `Display` prints the canonical text, which is what clients ask a registry for. The order is by
/// numbers (missing ones are 0), a release after its pre-releases, those as semver.org orders
/// them, and then the texts byte by byte, so that it is total.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ModuleVersion {
    /// At least three.
    numbers: Vec<u64>,
    prerelease: String,
    metadata: String,
}

impl ModuleVersion {
    /// The numbers: at least three.
    pub fn numbers(&self) -> &[u64] {
        &self.numbers
    }

    /// The text that follows the numbers; empty for a release.
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

    fn compare_numbers(&self, other: &Self) -> Ordering {
        let length = self.numbers.len().max(other.numbers.len());
        let padded = |version: &Self| {
            let numbers = version.numbers.clone().into_iter();
            numbers.chain(std::iter::repeat(0)).take(length)
        };
        padded(self).cmp(padded(other))
    }

    /// The order without metadata. `end` says how a pre-release that ends compares with one that
    /// goes on with a word.
    fn precedence(&self, other: &Self, end: Ordering) -> Ordering {
        let release_last = self.prerelease.is_empty().cmp(&other.prerelease.is_empty());
        self.compare_numbers(other)
            .then(release_last)
            .then_with(|| {
                if self.prerelease.is_empty() {
                    Ordering::Equal
                } else {
                    compare_prereleases(&self.prerelease, &other.prerelease, end)
                }
            })
    }
}

fn compare_prereleases(a: &str, b: &str, end: Ordering) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(part)) => end_before(part, end),
            (Some(part), None) => end_before(part, end).reverse(),
            (Some(a), Some(b)) => compare_part(a, b),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// How a pre-release that ends compares with one that goes on with `part`.
fn end_before(part: &str, end: Ordering) -> Ordering {
    match part.parse::<i64>() {
        Ok(_) => Ordering::Less,
        Err(_) => end,
    }
}

/// Numbers are lower than words; what does not fit into 64 bits is a word.
fn compare_part(a: &str, b: &str) -> Ordering {
    match (a.parse::<i64>(), b.parse::<i64>()) {
        (Ok(x), Ok(y)) => x.cmp(&y).then_with(|| a.cmp(b)),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

impl Ord for ModuleVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.precedence(other, Ordering::Less)
            .then_with(|| self.metadata.cmp(&other.metadata))
            .then_with(|| self.numbers.len().cmp(&other.numbers.len()))
    }
}

impl PartialOrd for ModuleVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for ModuleVersion {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        read(text)
            .map(|(version, _)| version)
            .map_err(|reason| ParseError::new(Noun::Version, text, reason))
    }
}

/// Reads a version, and says how many numbers were written.
fn read(text: &str) -> Result<(ModuleVersion, usize), &'static str> {
    let malformed =
        "malformed version; the form is 1.2.3, with an optional -PRERELEASE and +METADATA";
    let bare = text.strip_prefix('v').unwrap_or(text);
    let length = bare
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(bare.len());
    let (digits, extra) = bare.split_at_checked(length).unwrap_or((bare, ""));
    let mut numbers = Vec::new();
    for number in digits.split('.') {
        if number.is_empty() {
            return Err(malformed);
        }
        let value = number
            .parse::<i64>()
            .map_err(|_| "a number does not fit into 64 bits")?;
        numbers.push(value.unsigned_abs());
    }
    let written = numbers.len();
    numbers.resize(written.max(3), 0);
    let (prerelease, metadata) = match extra.split_once('+') {
        Some((prerelease, metadata)) if is_dotted(metadata) => (prerelease, metadata),
        Some(_) => return Err(malformed),
        None => (extra, ""),
    };
    let version = ModuleVersion {
        numbers,
        prerelease: prerelease_of(prerelease).ok_or(malformed)?.to_owned(),
        metadata: metadata.to_owned(),
    };
    Ok((version, written))
}

/// The pre-release in the text between the numbers and `+`: a dash and anything, or anything that
/// does not begin with a digit, in dot parts that are not empty. `None` for what is none.
fn prerelease_of(text: &str) -> Option<&str> {
    let (dashless, dashed) = match text.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let begins = |text: &str, digit: bool| {
        text.starts_with(|c: char| {
            c.is_ascii_alphabetic() || matches!(c, '-' | '~') || (digit && c.is_ascii_digit())
        })
    };
    if text.is_empty() || (begins(dashless, dashed) && is_dotted(dashless)) {
        return Some(dashless);
    }
    // Here a lone dash is itself the first character of a pre-release.
    (begins(text, false) && is_dotted(text)).then_some(text)
}

fn is_dotted(text: &str) -> bool {
    text.split('.').all(|part| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'~'))
    })
}

impl fmt::Display for ModuleVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_numbers(f, &self.numbers)?;
        write_extra(f, &self.prerelease, &self.metadata)
    }
}

fn write_numbers(f: &mut fmt::Formatter<'_>, numbers: &[u64]) -> fmt::Result {
    for (position, number) in numbers.iter().enumerate() {
        let dot = if position == 0 { "" } else { "." };
        write!(f, "{dot}{number}")?;
    }
    Ok(())
}

impl fmt::Debug for ModuleVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests;
