//! Version constraints of providers: the strict engine.
//!
//! `~> 1.2, != 1.2.4` is a list in which everything must hold. Pre-releases take no part in ranges:
//! only a constraint that names one exactly lets it in.
//!
//! <https://opentofu.org/docs/language/expressions/version-constraints/>

use std::fmt;
use std::str::FromStr;

use super::version::scan::{BadNumbers, Scanned, scan};
use super::version::{has_v_prefix, operator, word, write_extra};
use super::{ModuleConstraints, Version};
use crate::{Noun, ParseError};

/// How a version relates to a boundary. The order is that of the canonical list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operator {
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `=`, or no sign at all.
    Equal,
    /// `~> 1.2.3`: at least that, below `1.3.0`.
    SameMinor,
    /// `~> 1.2`: at least that, below `2.0.0`.
    SameMajor,
    /// `<=`
    LessOrEqual,
    /// `<`
    Less,
    /// `!=`
    NotEqual,
}

/// One member of a list of constraints.
///
/// `Display` prints its canonical text: three numbers (two for [`Operator::SameMajor`]), and no
/// sign for [`Operator::Equal`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Constraint {
    operator: Operator,
    boundary: Version,
}

impl Constraint {
    /// How a version must relate to the boundary.
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// The version that is written; numbers not written are 0.
    pub fn boundary(&self) -> &Version {
        &self.boundary
    }

    /// Whether `version` relates to the boundary as it must. Pre-releases get no special treatment
    /// here; see [`VersionConstraints::allows`].
    fn holds(&self, version: &Version) -> bool {
        let order = version.precedence_cmp(&self.boundary);
        let [major, minor, _] = self.boundary.numbers;
        let below = |end: Option<Version>| {
            order.is_ge() && end.is_none_or(|end| version.precedence_cmp(&end).is_lt())
        };
        match self.operator {
            Operator::Greater => order.is_gt(),
            Operator::GreaterOrEqual => order.is_ge(),
            Operator::Equal => *version == self.boundary,
            Operator::SameMinor => below(minor.checked_add(1).map(|m| Version::new(major, m, 0))),
            Operator::SameMajor => below(major.checked_add(1).map(|m| Version::new(m, 0, 0))),
            Operator::LessOrEqual => order.is_le(),
            Operator::Less => order.is_lt(),
            Operator::NotEqual => *version != self.boundary,
        }
    }
}

impl Ord for Constraint {
    /// The canonical order: the boundary, then the operator.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.boundary
            .cmp(&other.boundary)
            .then(self.operator.cmp(&other.operator))
    }
}

impl PartialOrd for Constraint {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.operator {
            Operator::Greater => "> ",
            Operator::GreaterOrEqual => ">= ",
            Operator::Equal => "",
            Operator::SameMinor | Operator::SameMajor => "~> ",
            Operator::LessOrEqual => "<= ",
            Operator::Less => "< ",
            Operator::NotEqual => "!= ",
        })?;
        match self.operator {
            Operator::SameMajor => {
                write!(f, "{}.{}", self.boundary.major(), self.boundary.minor())?;
                write_extra(f, &self.boundary.prerelease, &self.boundary.metadata)
            }
            _ => self.boundary.fmt(f),
        }
    }
}

/// A list of constraints that must all hold; empty when everything goes.
///
/// Kept sorted and without duplicates, so `Display` is the canonical string of lock files, and
/// lists that say the same in the same words are equal.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct VersionConstraints(Vec<Constraint>);

impl VersionConstraints {
    /// The constraint that allows exactly `version`.
    pub fn exactly(version: &Version) -> Self {
        Self(vec![Constraint {
            operator: Operator::Equal,
            boundary: version.clone(),
        }])
    }

    /// Whether nothing is constrained. Pre-releases and `0.0.0` are still not allowed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members, in canonical order.
    pub fn iter(&self) -> std::slice::Iter<'_, Constraint> {
        self.0.iter()
    }

    /// Whether `version` may be selected.
    ///
    /// `=` and `!=` compare metadata, the other operators ignore it. A pre-release must be named by
    /// a `=`, and everything else must hold as well. `0.0.0` is never allowed.
    pub fn allows(&self, version: &Version) -> bool {
        let named = |c: &Constraint| c.operator == Operator::Equal && c.boundary == *version;
        !version.is_unspecified()
            && self.0.iter().all(|constraint| constraint.holds(version))
            && (!version.is_prerelease() || self.0.iter().any(named))
    }

    /// The list of what both demand.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.0.iter().chain(&other.0).cloned().collect()
    }

    /// The newest of `versions` that is allowed. Of versions that differ in metadata only, the one
    /// with the greatest metadata.
    pub fn newest_allowed<'a>(
        &self,
        versions: impl IntoIterator<Item = &'a Version>,
    ) -> Option<&'a Version> {
        versions.into_iter().filter(|v| self.allows(v)).max()
    }

    /// The check that OpenTofu makes of constraints in configuration files before it reads them
    /// with this engine: they must be constraints for the module engine too, so an empty text, a
    /// trailing comma and an operator written the wrong way round are refused.
    ///
    /// # Errors
    /// When the module engine does not read the text.
    pub fn check_first_pass(text: &str) -> Result<(), ParseError> {
        text.parse::<ModuleConstraints>().map(drop)
    }
}

impl FromIterator<Constraint> for VersionConstraints {
    fn from_iter<I: IntoIterator<Item = Constraint>>(members: I) -> Self {
        let mut members: Vec<Constraint> = members.into_iter().collect();
        members.sort();
        members.dedup();
        Self(members)
    }
}

impl<'a> IntoIterator for &'a VersionConstraints {
    type Item = &'a Constraint;
    type IntoIter = std::slice::Iter<'a, Constraint>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromStr for VersionConstraints {
    type Err = ParseError;

    /// Reads a comma-separated list; a comma at the end is tolerated, as OpenTofu does.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut members = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (member, after) = one(rest).map_err(|reason| {
                // In a list, say which member is meant.
                let reason = match (text.contains(','), reason) {
                    (_, Refused::Between(reason)) | (false, Refused::Member(reason)) => reason,
                    (true, Refused::Member(reason)) => {
                        let member = rest.split(',').next().map(str::trim);
                        let member = member.filter(|m| !m.is_empty()).unwrap_or(rest);
                        format!("invalid specification {member:?}: {reason}")
                    }
                };
                ParseError::new(Noun::VersionConstraint, text, reason)
            })?;
            members.push(member);
            rest = after;
        }
        Ok(members.into_iter().collect())
    }
}

enum Refused {
    /// Something is wrong with the member.
    Member(String),
    /// Something is wrong with what follows it.
    Between(String),
}

/// Reads one member and the comma after it.
fn one(text: &str) -> Result<(Constraint, &str), Refused> {
    let (sign, after) = operator(text);
    let scanned = version_after(sign, after).map_err(Refused::Member)?;
    let rest = next_member(text, scanned.rest)?;
    let member = member(sign, &scanned).map_err(Refused::Member)?;
    Ok((member, rest))
}

/// Scans the version that follows an operator.
fn version_after<'a>(sign: &str, after: &'a str) -> Result<Scanned<'a>, String> {
    check_sign(sign)?;
    let version = after.trim_start();
    let blanks = after.strip_suffix(version).unwrap_or_default();
    if version.is_empty() {
        return Err(format!("a version is missing after the operator {sign:?}"));
    }
    if !matches!(blanks, "" | " ") {
        return Err(format!(
            "only one space is expected after the operator {sign:?}"
        ));
    }
    if has_v_prefix(version) {
        return Err("a \"v\" prefix should not be used when specifying versions".into());
    }
    scan(version).ok_or_else(|| format!("invalid characters {:?}", word(version)))
}

fn check_sign(sign: &str) -> Result<(), String> {
    match sign {
        "" | "=" | "!=" | ">" | ">=" | "<" | "<=" | "~>" => Ok(()),
        "=>" => Err("invalid constraint operator \"=>\"; did you mean \">=\"?".into()),
        "=<" => Err("invalid constraint operator \"=<\"; did you mean \"<=\"?".into()),
        other => Err(format!("invalid constraint operator {other:?}")),
    }
}

/// What follows the comma after a member that begins `text` and leaves `rest`.
fn next_member<'a>(text: &str, rest: &'a str) -> Result<&'a str, Refused> {
    let next = rest.trim_start();
    if next.is_empty() {
        return Ok(next);
    }
    if let Some(next) = next.strip_prefix(',') {
        return Ok(next.trim_start());
    }
    let member = text.strip_suffix(rest).unwrap_or(text);
    Err(Refused::Between(if next.starts_with('|') {
        "only one constraint may be specified".into()
    } else if next.starts_with("- ") {
        "range constraints are not supported".into()
    } else if next.len() == rest.len() {
        format!("invalid characters {:?} after {member:?}", word(next))
    } else {
        format!("missing comma after {member:?}")
    }))
}

fn member(sign: &str, scanned: &Scanned<'_>) -> Result<Constraint, String> {
    let numbers = scanned.three_numbers().map_err(|bad| match bad {
        BadNumbers::TooMany => {
            "too many numbered portions; only three are allowed (major, minor, patch)".into()
        }
        BadNumbers::Wildcard(name) => format!(
            "can't use wildcard for {name} number; omit segments that should be unconstrained"
        ),
        BadNumbers::TooLarge => "a number does not fit into 64 bits".to_owned(),
    })?;
    Ok(Constraint {
        operator: match sign {
            "!=" => Operator::NotEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterOrEqual,
            "<" => Operator::Less,
            "<=" => Operator::LessOrEqual,
            "~>" if scanned.numbers.len() < 3 => Operator::SameMajor,
            "~>" => Operator::SameMinor,
            _ => Operator::Equal,
        },
        boundary: Version {
            numbers,
            prerelease: scanned.prerelease.to_owned(),
            metadata: scanned.metadata.to_owned(),
        },
    })
}

impl fmt::Display for VersionConstraints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, member) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            member.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Debug for VersionConstraints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

#[cfg(test)]
mod tests;
