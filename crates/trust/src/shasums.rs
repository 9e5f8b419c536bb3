//! Checksums files: `SHA256SUMS` documents as clients read them.
//!
//! A line is split at runs of whitespace; the first field is the hash, the second the file name,
//! the first line of a name counts. `*name`, which `sha256sum -b` writes, is a name of its own: no
//! client finds `name` there. A blank line crashes the clients, and a line with another hash makes
//! them forget all others, so both are read with a note and refused for publishing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tofu_oci_types::oci::Digest;

/// The longest file that is read.
pub const SHASUMS_LIMIT: usize = 4 << 20;

/// A checksums file, with the bytes it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shasums {
    bytes: Vec<u8>,
    entries: Vec<ShasumsEntry>,
    problems: Vec<ShasumsProblem>,
}

/// A line that clients can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShasumsEntry {
    /// The file name.
    pub name: String,
    /// The sha256 digest of the file.
    pub digest: Digest,
}

/// What is wrong with a checksums file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShasumsProblem {
    /// No line that clients can use.
    Empty,
    /// A blank line, with which clients crash.
    BlankLine {
        /// The line, from 1.
        line: usize,
    },
    /// A line without two fields.
    NotAnEntry {
        /// The line, from 1.
        line: usize,
    },
    /// A first field that is not 64 hex digits.
    NotAHash {
        /// The line, from 1.
        line: usize,
    },
    /// A name with the `*` of binary mode, which clients take for a part of the name.
    BinaryMarker {
        /// The line, from 1.
        line: usize,
        /// The name without the marker.
        name: String,
    },
    /// A name that an earlier line has.
    Duplicate {
        /// The line, from 1.
        line: usize,
        /// The name.
        name: String,
    },
    /// Not UTF-8.
    NotUtf8 {
        /// The line, from 1.
        line: usize,
    },
}

impl fmt::Display for ShasumsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it lists no file"),
            Self::BlankLine { line } => write!(f, "line {line} is blank"),
            Self::NotAnEntry { line } => write!(f, "line {line} is not a hash and a file name"),
            Self::NotAHash { line } => write!(f, "line {line} does not begin with 64 hex digits"),
            Self::BinaryMarker { line, name } => {
                write!(f, "line {line} marks {name:?} with \"*\"")
            }
            Self::Duplicate { line, name } => write!(f, "line {line} lists {name:?} again"),
            Self::NotUtf8 { line } => write!(f, "line {line} is not UTF-8"),
        }
    }
}

/// A checksums file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ShasumsError {
    /// Longer than the limit.
    #[error("the checksums file has {size} bytes, more than {SHASUMS_LIMIT}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// Clients could not read it.
    #[error("clients cannot read the checksums file: {}", Joined(.problems))]
    Unreadable {
        /// Why, in the order of the lines.
        problems: Vec<ShasumsProblem>,
    },
    /// It does not vouch for the zips of the release.
    #[error("the checksums file does not cover the release: {}", Joined(.gaps))]
    NotCovered {
        /// One for each zip, sorted by name.
        gaps: Vec<Gap>,
    },
}

/// How a checksums file fails to cover a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// The list does not name the file.
    Missing {
        /// The file.
        name: String,
    },
    /// The list has another hash for the file.
    Wrong {
        /// The file.
        name: String,
        /// What the list says.
        listed: Digest,
        /// What the file has.
        actual: Digest,
    },
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { name } => write!(f, "{name:?} is not listed"),
            Self::Wrong {
                name,
                listed,
                actual,
            } => write!(
                f,
                "{name:?} is listed as {}, and has {}",
                listed.encoded(),
                actual.encoded()
            ),
        }
    }
}

struct Joined<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for Joined<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, item) in self.0.iter().take(10).enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{item}")?;
        }
        match self.0.len().checked_sub(10) {
            Some(more) if more > 0 => write!(f, "; and {more} more"),
            _ => Ok(()),
        }
    }
}

impl Shasums {
    /// Reads a file, tolerating what clients tolerate or would crash with.
    ///
    /// # Errors
    ///
    /// Only a file over [`SHASUMS_LIMIT`]; everything else is in [`problems`](Self::problems).
    pub fn parse(bytes: &[u8]) -> Result<Self, ShasumsError> {
        if bytes.len() > SHASUMS_LIMIT {
            return Err(ShasumsError::TooLarge { size: bytes.len() });
        }
        let mut entries = Vec::new();
        let mut problems = Vec::new();
        let mut seen = BTreeSet::new();
        // One newline at the end closes the last line; it begins no other.
        let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        for (index, line) in body.split(|byte| *byte == b'\n').enumerate() {
            let line_number = index + 1;
            match read_line(line, line_number) {
                Ok(entry) => {
                    if let Some(name) = entry.name.strip_prefix('*') {
                        problems.push(ShasumsProblem::BinaryMarker {
                            line: line_number,
                            name: name.into(),
                        });
                    }
                    if !seen.insert(entry.name.clone()) {
                        problems.push(ShasumsProblem::Duplicate {
                            line: line_number,
                            name: entry.name.clone(),
                        });
                    }
                    entries.push(entry);
                }
                Err(problem) => problems.push(problem),
            }
        }
        if entries.is_empty() {
            problems.push(ShasumsProblem::Empty);
        }
        Ok(Self {
            bytes: bytes.to_vec(),
            entries,
            problems,
        })
    }

    /// Makes a list: sorted by name, two spaces, one newline at the end of each line.
    ///
    /// ```
    /// use tofu_oci_trust::shasums::Shasums;
    /// use tofu_oci_types::oci::Digest;
    ///
    /// let list = Shasums::of([("b.zip".to_owned(), Digest::of(b"b")), ("a.zip".to_owned(), Digest::of(b"a"))]);
    /// let text = std::str::from_utf8(list.bytes()).unwrap();
    /// assert!(text.lines().next().unwrap().ends_with("bb  a.zip"));
    /// assert_eq!(list.get("b.zip"), Some(Digest::of(b"b")));
    /// ```
    pub fn of(files: impl IntoIterator<Item = (String, Digest)>) -> Self {
        let files: BTreeMap<String, Digest> = files.into_iter().collect();
        let mut bytes = Vec::new();
        let mut entries = Vec::with_capacity(files.len());
        for (name, digest) in files {
            for part in [digest.encoded(), "  ", &name, "\n"] {
                bytes.extend_from_slice(part.as_bytes());
            }
            entries.push(ShasumsEntry { name, digest });
        }
        Self {
            problems: match entries.is_empty() {
                true => vec![ShasumsProblem::Empty],
                false => Vec::new(),
            },
            bytes,
            entries,
        }
    }

    /// The file as it was read or made.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The lines that clients can use, in their order.
    pub fn entries(&self) -> &[ShasumsEntry] {
        &self.entries
    }

    /// What is wrong with the file, in the order of the lines.
    pub fn problems(&self) -> &[ShasumsProblem] {
        &self.problems
    }

    /// The digest of the file of exactly this name: the first line of that name.
    pub fn get(&self, name: &str) -> Option<Digest> {
        self.entries
            .iter()
            .find(|entry| entry.name == name)
            .map(|entry| entry.digest.clone())
    }

    /// The names of listed files that `known` does not have, sorted: other platforms, manifests,
    /// or files of another release.
    pub fn foreign<'a>(&'a self, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let known: BTreeSet<&str> = known.into_iter().collect();
        let listed: BTreeSet<&str> = self.entries.iter().map(|e| e.name.as_str()).collect();
        listed.difference(&known).copied().collect()
    }

    /// Whether clients can read it as it is.
    ///
    /// # Errors
    ///
    /// [`ShasumsError::Unreadable`] with every problem.
    pub fn for_publish(&self) -> Result<(), ShasumsError> {
        match self.problems.is_empty() {
            true => Ok(()),
            false => Err(ShasumsError::Unreadable {
                problems: self.problems.clone(),
            }),
        }
    }

    /// Whether every zip has a line with its exact name and digest. Further lines do no harm.
    ///
    /// # Errors
    ///
    /// [`ShasumsError::NotCovered`] with every zip that is missing or has another digest.
    pub fn check_covers(&self, zips: &[(String, Digest)]) -> Result<(), ShasumsError> {
        let mut gaps: Vec<(&str, Gap)> = zips
            .iter()
            .filter_map(|(name, actual)| {
                let gap = match self.get(name) {
                    Some(listed) if listed == *actual => return None,
                    Some(listed) => Gap::Wrong {
                        name: name.clone(),
                        listed,
                        actual: actual.clone(),
                    },
                    None => Gap::Missing { name: name.clone() },
                };
                Some((name.as_str(), gap))
            })
            .collect();
        if gaps.is_empty() {
            return Ok(());
        }
        gaps.sort_by_key(|(name, _)| *name);
        Err(ShasumsError::NotCovered {
            gaps: gaps.into_iter().map(|(_, gap)| gap).collect(),
        })
    }
}

fn read_line(line: &[u8], number: usize) -> Result<ShasumsEntry, ShasumsProblem> {
    let text = std::str::from_utf8(line).map_err(|_| ShasumsProblem::NotUtf8 { line: number })?;
    let mut fields = text.split_whitespace();
    let Some(hash) = fields.next() else {
        return Err(ShasumsProblem::BlankLine { line: number });
    };
    let Some(name) = fields.next() else {
        return Err(ShasumsProblem::NotAnEntry { line: number });
    };
    if hash.len() != 64 {
        return Err(ShasumsProblem::NotAHash { line: number });
    }
    // Clients decode the hex whatever its case.
    let digest = format!("sha256:{}", hash.to_ascii_lowercase())
        .parse()
        .map_err(|_| ShasumsProblem::NotAHash { line: number })?;
    Ok(ShasumsEntry {
        name: name.to_owned(),
        digest,
    })
}

#[cfg(test)]
mod tests;
