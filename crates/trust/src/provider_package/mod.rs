//! The executable of a provider's zip.
//!
//! Clients run the first file of the package's root, in the order of names, that is called
//! `terraform-provider-TYPE`, alone or followed by `_` or `.` and anything. A zip without one, or
//! with one for another machine, would fail only on the user's machine, so it is refused here.

mod machine;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::File;

use flate2::{Decompress, FlushDecompress, Status};
use tofu_oci_types::tofu::Platform;

pub use machine::{Format, Machine};

use crate::file_at::read_full_at;
use crate::zip::{Archive, Entry, Packing};

/// A provider's zip that clients could not run.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// No file that clients would run.
    #[error(
        "the zip has no file {prefix:?} in its root, which holds {}",
        Listing(.found)
    )]
    NoExecutable {
        /// `terraform-provider-TYPE`.
        prefix: String,
        /// The names in the root, sorted, at most 20.
        found: Vec<String>,
    },
    /// A package for Windows whose executable has another ending.
    #[error("the executable {name:?} of a windows package does not end in .exe")]
    NoExe {
        /// The executable.
        name: String,
    },
    /// A program for another machine.
    #[error("the executable {name:?} is {machine}, not for {platform}")]
    OtherMachine {
        /// The executable.
        name: String,
        /// What it is.
        machine: Machine,
        /// What the package is for.
        platform: Platform,
    },
    /// The executable is empty.
    #[error("the executable {name:?} is empty")]
    EmptyExecutable {
        /// The executable.
        name: String,
    },
    /// The beginning of the executable cannot be unpacked.
    #[error("the executable {name:?} is damaged: its packed data is corrupt")]
    Corrupt {
        /// The executable.
        name: String,
    },
    /// The zip could not be read.
    #[error("cannot read the zip")]
    Read(#[source] std::io::Error),
}

/// Something odd about an executable that clients run anyway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackageWarning {
    /// Not a program that we know: a script, or another format.
    UnknownFormat {
        /// The executable.
        name: String,
    },
    /// The archive does not mark it as executable, and clients leave it so: it will not start on
    /// Unix systems.
    NotExecutable {
        /// The executable.
        name: String,
    },
    /// Further files that could be the executable; clients ignore them.
    OtherCandidates {
        /// The executable.
        name: String,
        /// The others, sorted.
        others: Vec<String>,
    },
}

impl fmt::Display for PackageWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFormat { name } => {
                write!(f, "the executable {name:?} is of no known program format")
            }
            Self::NotExecutable { name } => {
                write!(f, "the zip does not mark {name:?} as executable")
            }
            Self::OtherCandidates { name, others } => {
                write!(f, "clients run {name:?} and ignore {}", Listing(others))
            }
        }
    }
}

/// The executable of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executable {
    /// Its name, in the root of the zip.
    pub name: String,
    /// What its first bytes say.
    pub machine: Machine,
    /// What is odd about it.
    pub warnings: Vec<PackageWarning>,
}

/// Finds the executable of provider type `kind` and compares it with the platform.
///
/// Unpacks only its first bytes from `file`.
///
/// # Errors
///
/// See [`PackageError`].
pub fn check(
    archive: &Archive,
    kind: &str,
    platform: &Platform,
    file: &File,
) -> Result<Executable, PackageError> {
    let prefix = format!("terraform-provider-{kind}");
    let mut candidates: Vec<&Entry> = archive
        .entries()
        .iter()
        .filter(|entry| !entry.is_dir() && is_candidate(entry.name(), &prefix))
        .collect();
    candidates.sort_by_key(|entry| entry.name());
    let Some((entry, others)) = candidates.split_first() else {
        let found = in_root(archive);
        return Err(PackageError::NoExecutable { prefix, found });
    };
    let name = entry.name().to_owned();
    let windows = platform.os() == "windows";
    if windows && !name.ends_with(".exe") {
        return Err(PackageError::NoExe { name });
    }
    if entry.size() == 0 {
        return Err(PackageError::EmptyExecutable { name });
    }
    let machine = Machine::of(&beginning(entry, file)?);
    let mut warnings = Vec::new();
    match machine.runs_on(platform.os(), platform.arch()) {
        Some(true) => {}
        Some(false) => {
            return Err(PackageError::OtherMachine {
                name,
                machine,
                platform: platform.clone(),
            });
        }
        None => warnings.push(PackageWarning::UnknownFormat { name: name.clone() }),
    }
    if !windows && entry.executable() != Some(true) {
        warnings.push(PackageWarning::NotExecutable { name: name.clone() });
    }
    if !others.is_empty() {
        warnings.push(PackageWarning::OtherCandidates {
            name: name.clone(),
            others: others.iter().map(|entry| entry.name().into()).collect(),
        });
    }
    Ok(Executable {
        name,
        machine,
        warnings,
    })
}

fn is_candidate(name: &str, prefix: &str) -> bool {
    let rest = name.strip_prefix(prefix);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '.'])) && !name.contains('/')
}

/// What is in the root, directories with a `/` at the end.
fn in_root(archive: &Archive) -> Vec<String> {
    let mut names: Vec<&str> = archive
        .entries()
        .iter()
        .filter_map(|entry| entry.name().split_inclusive('/').next())
        .collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().take(20).map(str::to_owned).collect()
}

/// The first bytes of an entry, unpacked.
fn beginning(entry: &Entry, file: &File) -> Result<Vec<u8>, PackageError> {
    let mut packed = vec![0; machine::PROBE];
    let mut start = Vec::with_capacity(machine::PROBE);
    let mut stream = Decompress::new(false);
    let mut taken = 0;
    while start.len() < machine::PROBE && taken < entry.compressed_size() {
        let left = usize::try_from(entry.compressed_size() - taken).unwrap_or(usize::MAX);
        let count = packed.len().min(left);
        let target = packed.get_mut(..count).unwrap_or_default();
        let read = read_full_at(file, target, entry.data_offset().saturating_add(taken))
            .map_err(PackageError::Read)?;
        if read == 0 {
            break;
        }
        taken += read as u64;
        let piece = packed.get(..read).unwrap_or_default();
        if entry.packing() == Packing::Stored {
            start.extend_from_slice(piece);
            break;
        }
        match stream.decompress_vec(piece, &mut start, FlushDecompress::None) {
            Ok(Status::StreamEnd) => break,
            Ok(_) => {}
            Err(_) => {
                return Err(PackageError::Corrupt {
                    name: entry.name().to_owned(),
                });
            }
        }
    }
    Ok(start)
}

/// Names for a message: escaped, separated by commas.
struct Listing<'a>(&'a [String]);

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{name:?}")?;
        }
        Ok(())
    }
}
