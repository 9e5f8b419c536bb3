//! Constraints of modules.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::{ModuleVersion, read, write_numbers};
use crate::tofu::version::write_extra;
use crate::{Noun, ParseError};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Sign {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Pessimistic,
}

/// The signs, longest first.
const SIGNS: [(&str, Sign); 7] = [
    ("!=", Sign::NotEqual),
    (">=", Sign::GreaterOrEqual),
    ("<=", Sign::LessOrEqual),
    ("~>", Sign::Pessimistic),
    ("=", Sign::Equal),
    (">", Sign::Greater),
    ("<", Sign::Less),
];

/// One member of [`ModuleConstraints`]. `Display` prints it with one blank and without `v`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModuleConstraint {
    sign: Sign,
    version: ModuleVersion,
    /// How many numbers were written.
    written: usize,
}

impl ModuleConstraint {
    /// The version that the member compares with; numbers not written are 0.
    pub fn version(&self) -> &ModuleVersion {
        &self.version
    }

    fn holds(&self, version: &ModuleVersion) -> bool {
        let order = self.engine_order(version);
        match self.sign {
            Sign::Equal => order.is_eq(),
            Sign::NotEqual => order.is_ne(),
            _ if !self.compares_prereleases(version) => false,
            Sign::Greater => order.is_gt(),
            Sign::GreaterOrEqual => order.is_ge(),
            Sign::Less => order.is_lt(),
            Sign::LessOrEqual => order.is_le(),
            Sign::Pessimistic => order.is_ge() && self.holds_pessimistic(version),
        }
    }

    /// How the engine orders `version` and the boundary. Not an order to sort by: a pre-release that
    /// ends comes *after* one that goes on with a word, and between versions with different counts
    /// of numbers pre-releases are not looked at.
    fn engine_order(&self, version: &ModuleVersion) -> Ordering {
        if version.numbers.len() == self.version.numbers.len() {
            version.precedence(&self.version, Ordering::Greater)
        } else {
            version.compare_numbers(&self.version)
        }
    }

    /// Ranges never reach pre-releases, except those of the same numbers as their own pre-release.
    fn compares_prereleases(&self, version: &ModuleVersion) -> bool {
        match (self.version.is_prerelease(), version.is_prerelease()) {
            (true, true) => self.version.numbers == version.numbers,
            (false, true) => false,
            (_, false) => true,
        }
    }

    /// All numbers that were written, but the last, must agree; the last may be greater. With one
    /// number nothing is fixed.
    fn holds_pessimistic(&self, version: &ModuleVersion) -> bool {
        let (own, other) = (&self.version.numbers, &version.numbers);
        let fixed = self.written.saturating_sub(1);
        let last = own.len().saturating_sub(1);
        (!self.version.is_prerelease() || version.is_prerelease())
            && own.len() <= other.len()
            && own.get(..fixed) == other.get(..fixed)
            && own.get(last) <= other.get(last)
    }
}

impl fmt::Display for ModuleConstraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (text, sign) in SIGNS {
            if sign == self.sign && sign != Sign::Equal {
                write!(f, "{text} ")?;
            }
        }
        let numbers = self.version.numbers.get(..self.written);
        write_numbers(f, numbers.unwrap_or(&self.version.numbers))?;
        write_extra(f, &self.version.prerelease, &self.version.metadata)
    }
}

/// A list of constraints that must all hold. Empty only by [`Default`]: a text must have members.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct ModuleConstraints(Vec<ModuleConstraint>);

impl ModuleConstraints {
    /// Whether nothing is constrained.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members, as written.
    pub fn iter(&self) -> std::slice::Iter<'_, ModuleConstraint> {
        self.0.iter()
    }

    /// Whether `version` satisfies every member. Metadata does not count.
    pub fn allows(&self, version: &ModuleVersion) -> bool {
        self.0.iter().all(|member| member.holds(version))
    }

    /// Whether OpenTofu may select `version`: it is allowed, and a pre-release is named exactly by
    /// the only member.
    pub fn selects(&self, version: &ModuleVersion) -> bool {
        let named = || {
            matches!(self.0.as_slice(), [only] if only.sign == Sign::Equal
                && only.version.prerelease == version.prerelease)
        };
        self.allows(version) && (!version.is_prerelease() || named())
    }

    /// The newest of `versions` that OpenTofu may select.
    pub fn newest_allowed<'a>(
        &self,
        versions: impl IntoIterator<Item = &'a ModuleVersion>,
    ) -> Option<&'a ModuleVersion> {
        versions.into_iter().filter(|v| self.selects(v)).max()
    }
}

impl<'a> IntoIterator for &'a ModuleConstraints {
    type Item = &'a ModuleConstraint;
    type IntoIter = std::slice::Iter<'a, ModuleConstraint>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromStr for ModuleConstraints {
    type Err = ParseError;

    /// Reads a comma-separated list; blanks are free, an empty member is an error.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |reason: String| ParseError::new(Noun::VersionConstraint, text, reason);
        let member = |member: &str| {
            let wrong = || {
                refuse(match member.trim() {
                    "" => "this string does not use correct version constraint syntax: a constraint is missing".into(),
                    part => format!(
                        "this string does not use correct version constraint syntax: malformed constraint {part:?}"
                    ),
                })
            };
            let part = member.trim_matches(is_blank);
            let (sign, version) = SIGNS
                .into_iter()
                .find_map(|(sign, value)| Some((value, part.strip_prefix(sign)?)))
                .unwrap_or((Sign::Equal, part));
            match read(version.trim_start_matches(is_blank)) {
                Ok((version, written)) => Ok(ModuleConstraint {
                    sign,
                    version,
                    written,
                }),
                Err(_) => Err(wrong()),
            }
        };
        text.split(',')
            .map(member)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// The engine's blanks are those of ASCII.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

impl fmt::Display for ModuleConstraints {
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

impl fmt::Debug for ModuleConstraints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}
