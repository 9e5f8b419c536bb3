//! Local headers: that they agree with the directory, and that entries share no bytes.

use super::bytes::{u16_at, u32_at, u64_at};
use super::end::exactly;
use super::{Entry, HeaderField, Packing, ZipError};
use crate::file_at::Window;

const FIXED: usize = 30;
const SIGNATURE: &[u8] = b"PK\x03\x04";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
const HAS_DESCRIPTOR: u16 = 1 << 3;
const ZIP64_FIELD: u16 = 1;

/// Checks the local header of every entry, in the order of the data, and notes where the data
/// begins. Returns how many bytes before the directory belong to no entry.
pub(super) fn check(
    window: &Window<'_>,
    entries: &mut [Entry],
    order: &[u32],
    directory: u64,
) -> Result<u64, ZipError> {
    let mut end = 0;
    let mut unused = 0;
    let mut previous: Option<usize> = None;
    for index in order.iter().map(|index| *index as usize) {
        let header = entries.get(index).map_or(0, |entry| entry.header);
        if let Some(previous) = previous
            && header < end
        {
            return Err(ZipError::Overlap {
                name: name_of(entries, previous),
                with: name_of(entries, index),
            });
        }
        unused += header.saturating_sub(end);
        if let Some(entry) = entries.get_mut(index) {
            end = check_one(window, entry, directory)?;
        }
        previous = Some(index);
    }
    Ok(unused + directory.saturating_sub(end))
}

fn name_of(entries: &[Entry], index: usize) -> String {
    entries
        .get(index)
        .map_or_else(String::new, |entry| entry.name.clone())
}

/// Checks one local header and sets `entry.data`. Returns where the entry ends.
fn check_one(window: &Window<'_>, entry: &mut Entry, directory: u64) -> Result<u64, ZipError> {
    let disagrees = |field| ZipError::LocalHeader {
        name: entry.name.clone(),
        field,
    };
    let outside = || ZipError::OutsideFile {
        name: entry.name.clone(),
    };
    let missing = || ZipError::NoLocalHeader {
        name: entry.name.clone(),
    };
    let fixed_end = entry.header.checked_add(FIXED as u64);
    if fixed_end.is_none_or(|end| end > directory) {
        return Err(missing());
    }
    let header: [u8; FIXED] = exactly(window, entry.header)?.ok_or_else(missing)?;
    if !header.starts_with(SIGNATURE) {
        return Err(missing());
    }
    let flags = u16_at(&header, 6);
    if flags & ENCRYPTED != 0 {
        return Err(ZipError::Encrypted {
            name: entry.name.clone(),
        });
    }
    let method = match entry.packing {
        Packing::Stored => 0,
        Packing::Deflated => 8,
    };
    if u16_at(&header, 8) != method {
        return Err(disagrees(HeaderField::Method));
    }
    let descriptor = flags & HAS_DESCRIPTOR != 0;
    if descriptor != entry.has_descriptor {
        return Err(disagrees(HeaderField::Flags));
    }
    let Variable { name, extra } =
        read_variable(window, entry.header, &header)?.ok_or_else(missing)?;
    if name != entry.name.as_bytes() {
        return Err(disagrees(HeaderField::Name));
    }
    let (packed_size, size) = sizes(&header, &extra);
    let agrees = |local: u64, declared: u64| local == declared || (descriptor && local == 0);
    if !agrees(u64::from(u32_at(&header, 14)), u64::from(entry.crc32)) {
        return Err(disagrees(HeaderField::Crc));
    }
    if !agrees(packed_size, entry.packed_size) || !agrees(size, entry.size) {
        return Err(disagrees(HeaderField::Size));
    }
    let data = entry.header + (FIXED + name.len() + extra.len()) as u64;
    let end = data
        .checked_add(entry.packed_size)
        .filter(|end| *end <= directory)
        .ok_or_else(outside)?;
    let trailer = match descriptor {
        true => descriptor_length(window, entry, end, directory)?
            .ok_or_else(|| disagrees(HeaderField::DataDescriptor))?,
        false => 0,
    };
    entry.data = data;
    Ok(end + trailer)
}

/// What follows the fixed part of a local header.
struct Variable {
    name: Vec<u8>,
    extra: Vec<u8>,
}

/// Name and extra field, or `None` where the file ends before them.
fn read_variable(
    window: &Window<'_>,
    at: u64,
    header: &[u8; FIXED],
) -> Result<Option<Variable>, ZipError> {
    let name_length = usize::from(u16_at(header, 26));
    let mut name = vec![0; name_length + usize::from(u16_at(header, 28))];
    let read = window
        .read(&mut name, at + FIXED as u64)
        .map_err(ZipError::Read)?;
    if read < name.len() {
        return Ok(None);
    }
    let extra = name.split_off(name_length);
    Ok(Some(Variable { name, extra }))
}

/// Packed and unpacked size, from the zip64 field where the fixed ones say so.
fn sizes(header: &[u8; FIXED], extra: &[u8]) -> (u64, u64) {
    let (packed, size) = (u32_at(header, 18), u32_at(header, 22));
    let mut wide = rawzip::extra_fields::ExtraFields::new(extra)
        .find(|(id, _)| id.as_u16() == ZIP64_FIELD)
        .map_or(&[][..], |(_, data)| data)
        .chunks_exact(8)
        .map(|number| u64_at(number, 0));
    let mut widen = |narrow: u32| match narrow {
        u32::MAX => wide.next().unwrap_or(u64::from(narrow)),
        _ => u64::from(narrow),
    };
    let size = widen(size);
    (widen(packed), size)
}

/// How long the data descriptor at `at` is, or `None` where there is none that agrees with the
/// directory. Its signature is optional, and so is its zip64 form: the longest form that agrees
/// counts.
fn descriptor_length(
    window: &Window<'_>,
    entry: &Entry,
    at: u64,
    directory: u64,
) -> Result<Option<u64>, ZipError> {
    let mut wide = Vec::with_capacity(24);
    wide.extend_from_slice(DESCRIPTOR);
    wide.extend_from_slice(&entry.crc32.to_le_bytes());
    let mut narrow = wide.clone();
    wide.extend_from_slice(&entry.packed_size.to_le_bytes());
    wide.extend_from_slice(&entry.size.to_le_bytes());
    narrow.extend_from_slice(&(entry.packed_size as u32).to_le_bytes());
    narrow.extend_from_slice(&(entry.size as u32).to_le_bytes());

    let mut found = [0; 24];
    let room = usize::try_from(directory - at).unwrap_or(24).min(24);
    let found = found.get_mut(..room).unwrap_or_default();
    let read = window.read(found, at).map_err(ZipError::Read)?;
    let found = found.get(..read).unwrap_or_default();
    Ok([&wide, &narrow]
        .into_iter()
        .flat_map(|form| [Some(form.as_slice()), form.get(4..)])
        .flatten()
        .filter(|form| found.starts_with(form))
        .map(|form| form.len() as u64)
        .max())
}
