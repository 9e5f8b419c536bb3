//! The structure of a zip, and the policy that every zip passes before anybody reads its content.
//!
//! Other tools disagree about damaged zips: some read the directory, some the local headers, some
//! take the first of two entries of one name and some the last. A package that two tools unpack
//! differently cannot be vouched for by one hash, so everything ambiguous is refused, whether a
//! zip is received or published:
//!
//! * the end record is the last thing in the file, and directory, count and sizes agree with it;
//! * every local header agrees with the directory; no two entries share bytes;
//! * names are relative UTF-8 paths with `/`, without `.`, `..`, control characters, drive letters
//!   and backslashes; no name is there twice, and none looks like the executable's;
//! * entries are files and directories, stored or deflated, not encrypted;
//! * counts and sizes stay under [`ZipLimits`].
//!
//! What is checked here is what the archive *declares*. That the content agrees is the business of
//! [`content`](crate::content), in one pass.

mod bytes;
mod end;
mod entry;
mod error;
mod limits;
mod local;
mod name;
#[cfg(test)]
pub(crate) mod raw;
#[cfg(test)]
mod tests;
mod time;

use std::fs::File;

pub use entry::{Entry, Packing};
pub use error::{HeaderField, NameProblem, ZipError, ZipWarning};
pub use limits::ZipLimits;
pub use name::is_file_name;
pub use time::DosTime;

use crate::file_at::Window;

/// A zip whose structure passed the policy. Its content has not been looked at.
#[derive(Debug)]
pub struct Archive {
    entries: Vec<Entry>,
    /// Indexes of `entries`, in the order of their data.
    order: Vec<u32>,
    warnings: Vec<ZipWarning>,
    size: u64,
}

impl Archive {
    /// Reads the structure of the zip that is the first `size` bytes of `file`, which should be
    /// all there are.
    ///
    /// Reads the end record, the directory and every local header; inflates nothing.
    ///
    /// # Errors
    ///
    /// The first rule of the module's list that the zip breaks, or the error of reading.
    pub fn read(file: &File, size: u64, limits: &ZipLimits) -> Result<Self, ZipError> {
        let window = Window::new(file, size);
        let archive = end::locate(&window)?;
        let directory = end::check(&window, &archive, limits)?;
        let mut entries = entry::read_directory(&archive, &directory, limits)?;
        check_sizes(&entries, limits)?;
        let mut warnings = name::check_names(&entries)?;
        let order = in_data_order(&entries);
        let unused = local::check(&window, &mut entries, &order, directory.start)?;
        if unused > limits.unused {
            return Err(ZipError::Unused {
                bytes: unused,
                limit: limits.unused,
            });
        }
        if unused > 0 {
            warnings.push(ZipWarning::Unused { bytes: unused });
        }
        Ok(Self {
            entries,
            order,
            warnings,
            size,
        })
    }

    /// The entries in the order of the directory. Never empty.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of this exact name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name() == name)
    }

    /// What is odd and does no harm.
    pub fn warnings(&self) -> &[ZipWarning] {
        &self.warnings
    }

    /// Bytes of the zip file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes of all entries unpacked, as declared.
    pub fn unpacked_size(&self) -> u64 {
        self.entries.iter().map(Entry::size).sum()
    }

    /// The newest time of an entry, or `None` where none is after 1980-01-01T00:00:00Z, which is
    /// what writers put where they have no time.
    pub fn newest_time(&self) -> Option<DosTime> {
        self.entries
            .iter()
            .filter_map(Entry::time)
            .max()
            .filter(|time| *time > DosTime::EARLIEST)
    }

    /// Whether directories have entries of their own, which makes the `h1` of the archive differ
    /// from that of the unpacked tree.
    pub fn has_directory_entries(&self) -> bool {
        self.entries.iter().any(Entry::is_dir)
    }

    /// The entry at `position` in the order of the data, with its index in the directory.
    pub(crate) fn in_data_order(&self, position: usize) -> Option<(usize, &Entry)> {
        let index = *self.order.get(position)? as usize;
        Some((index, self.entries.get(index)?))
    }
}

fn in_data_order(entries: &[Entry]) -> Vec<u32> {
    // The limits keep the count far below 2^32.
    let mut order: Vec<u32> = (0..entries.len() as u32).collect();
    order.sort_by_key(|index| entries.get(*index as usize).map(|entry| entry.header));
    order
}

fn check_sizes(entries: &[Entry], limits: &ZipLimits) -> Result<(), ZipError> {
    let (mut packed, mut size) = (0u64, 0u64);
    for entry in entries {
        if entry.size > limits.entry_size {
            return Err(ZipError::EntryTooLarge {
                name: entry.name.clone(),
                size: entry.size,
                limit: limits.entry_size,
            });
        }
        packed = packed.saturating_add(entry.packed_size);
        size = size.saturating_add(entry.size);
        if size > limits.total_size {
            return Err(ZipError::TotalTooLarge {
                size,
                limit: limits.total_size,
            });
        }
    }
    if size >= limits.ratio_from && size / limits.ratio.max(1) > packed {
        return Err(ZipError::Ratio {
            packed,
            size,
            limit: limits.ratio,
        });
    }
    Ok(())
}
