//! The end record: where the directory is, and that the zip ends there.
//!
//! ```text
//! entries … | directory | [zip64 record] [zip64 locator] | end record (22 bytes) | comment
//! ```

use rawzip::ZipArchive;

use super::bytes::{u16_at, u32_at, u64_at};
use super::{ZipError, ZipLimits};
use crate::file_at::Window;

const END: &[u8] = b"PK\x05\x06";
const END_SIZE: usize = 22;
const LOCATOR64: &[u8] = b"PK\x06\x07";
const LOCATOR64_SIZE: usize = 20;
const END64: &[u8] = b"PK\x06\x06";
const END64_SIZE: usize = 56;
const LOCAL: &[u8] = b"PK\x03\x04";

/// Where the central directory lies.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Directory {
    /// Its first byte.
    pub(super) start: u64,
    /// The byte after its last.
    pub(super) end: u64,
    /// How many records it has.
    pub(super) entries: u64,
}

/// Finds the end record, which must be the last thing in the file.
pub(super) fn locate<'a>(window: &'a Window<'a>) -> Result<ZipArchive<&'a Window<'a>>, ZipError> {
    let mut buffer = vec![0; rawzip::RECOMMENDED_BUFFER_SIZE];
    // The longest comment: nothing may follow it, so there is no reason to look further.
    rawzip::ZipLocator::new()
        .max_search_space((END_SIZE + usize::from(u16::MAX)) as u64)
        .locate_in_reader(window, &mut buffer, window.size())
        .map_err(|(_, error)| match error.into_kind() {
            rawzip::ErrorKind::IO(source) if source.kind() != std::io::ErrorKind::UnexpectedEof => {
                ZipError::Read(source)
            }
            rawzip::ErrorKind::InvalidEndOfCentralDirectory => ZipError::Directory {
                reason: "it begins after its end",
            },
            _ => no_end_record(window),
        })
}

fn no_end_record(window: &Window<'_>) -> ZipError {
    let mut start = [0; 4];
    match window.read(&mut start, 0) {
        Ok(4) if start == LOCAL || start == END => ZipError::Truncated,
        Ok(_) => ZipError::NotAZip,
        Err(source) => ZipError::Read(source),
    }
}

/// Checks the end record against its zip64 form, the limits and the length of the file.
pub(super) fn check(
    window: &Window<'_>,
    archive: &ZipArchive<&Window<'_>>,
    limits: &ZipLimits,
) -> Result<Directory, ZipError> {
    let at = archive.eocd_offset();
    let end: [u8; END_SIZE] = exactly(window, at)?.ok_or(ZipError::Truncated)?;
    if !end.starts_with(END) {
        return Err(ZipError::NotAZip);
    }
    let comment = u64::from(u16_at(&end, 20));
    let stop = at + END_SIZE as u64 + comment;
    if stop > window.size() {
        return Err(ZipError::Truncated);
    }
    if stop < window.size() {
        return Err(ZipError::TrailingData {
            bytes: window.size() - stop,
        });
    }
    let (disk, directory_disk) = (u16_at(&end, 4), u16_at(&end, 6));
    let (here, entries) = (u16_at(&end, 8), u16_at(&end, 10));
    let (size, start) = (u32_at(&end, 12), u32_at(&end, 16));
    if (disk, directory_disk) != (0, 0) && (disk, directory_disk) != (u16::MAX, u16::MAX)
        || here != entries
    {
        return Err(ZipError::MultiDisk);
    }
    let mut found = Directory {
        start: u64::from(start),
        end: at,
        entries: u64::from(entries),
    };
    let mut size = u64::from(size);
    if let Some(wide) = zip64(window, at)? {
        let agrees = |narrow: u64, sentinel: u64, wide: u64| narrow == sentinel || narrow == wide;
        if !agrees(found.entries, u64::from(u16::MAX), wide.entries)
            || !agrees(found.start, u64::from(u32::MAX), wide.start)
            || !agrees(size, u64::from(u32::MAX), wide.size)
        {
            return Err(ZipError::Directory {
                reason: "the end record and its zip64 form disagree",
            });
        }
        size = wide.size;
        found = Directory {
            start: wide.start,
            end: wide.record,
            entries: wide.entries,
        };
    }
    if found.start.checked_add(size) != Some(found.end)
        || found.start != archive.directory_offset()
        || found.entries != archive.entries_hint()
    {
        return Err(ZipError::Directory {
            reason: "it is not where the end record says",
        });
    }
    if found.entries > limits.entries {
        return Err(ZipError::TooManyEntries {
            count: found.entries,
            limit: limits.entries,
        });
    }
    if size > limits.directory {
        return Err(ZipError::DirectoryTooLarge {
            size,
            limit: limits.directory,
        });
    }
    if found.entries == 0 {
        return Err(ZipError::Empty);
    }
    Ok(found)
}

struct Wide {
    record: u64,
    start: u64,
    size: u64,
    entries: u64,
}

/// Reads the zip64 form, where there is a locator before the end record.
fn zip64(window: &Window<'_>, end: u64) -> Result<Option<Wide>, ZipError> {
    let damaged = |reason| Err(ZipError::Directory { reason });
    let Some(at) = end.checked_sub(LOCATOR64_SIZE as u64) else {
        return Ok(None);
    };
    let Some(locator) = exactly::<LOCATOR64_SIZE>(window, at)? else {
        return Ok(None);
    };
    if !locator.starts_with(LOCATOR64) {
        return Ok(None);
    }
    if u32_at(&locator, 4) != 0 || u32_at(&locator, 16) > 1 {
        return Err(ZipError::MultiDisk);
    }
    let record = u64_at(&locator, 8);
    let Some(wide) = exactly::<END64_SIZE>(window, record)?.filter(|wide| wide.starts_with(END64))
    else {
        return damaged("the zip64 end record is not where its locator says");
    };
    if record.checked_add(12 + u64_at(&wide, 4)) != Some(at) {
        return damaged("the zip64 end record has another length than it says");
    }
    if u32_at(&wide, 16) != 0 || u32_at(&wide, 20) != 0 || u64_at(&wide, 24) != u64_at(&wide, 32) {
        return Err(ZipError::MultiDisk);
    }
    Ok(Some(Wide {
        record,
        entries: u64_at(&wide, 32),
        size: u64_at(&wide, 40),
        start: u64_at(&wide, 48),
    }))
}

/// `N` bytes at `offset`, or `None` where the file has fewer.
pub(super) fn exactly<const N: usize>(
    window: &Window<'_>,
    offset: u64,
) -> Result<Option<[u8; N]>, ZipError> {
    let mut buffer = [0; N];
    let count = window.read(&mut buffer, offset).map_err(ZipError::Read)?;
    Ok((count == N).then_some(buffer))
}
