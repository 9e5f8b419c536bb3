//! The entries of a zip, as its directory declares them.

use rawzip::ZipArchive;
use rawzip::extra_fields::ExtraFieldId;

use super::end::Directory;
use super::name::read_name;
use super::{DosTime, NameProblem, ZipError, ZipLimits};
use crate::file_at::Window;

/// Unix file types, the top of a mode.
const TYPE: u32 = 0o170_000;
const DIRECTORY: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// The fixed part of a directory record.
const RECORD: u64 = 46;

/// Deflate packs at most 258 bytes into two bits.
const DEFLATE_MAX: u64 = 1032;

/// One entry of a zip: a file or a directory.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) packed_size: u64,
    pub(super) crc32: u32,
    pub(super) mode: Option<u32>,
    pub(super) is_dir: bool,
    pub(super) packing: Packing,
    pub(super) time: Option<DosTime>,
    /// Whether CRC and sizes follow the data once more.
    pub(super) has_descriptor: bool,
    /// First byte of the local header.
    pub(super) header: u64,
    /// First byte of the data; known once the local header was read.
    pub(super) data: u64,
}

/// How the data of an entry is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Stored,
    /// With deflate (RFC 1951).
    Deflated,
}

impl Entry {
    /// The name: components joined by `/`, one `/` at the end of a directory.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes unpacked, as declared.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes in the zip.
    pub fn compressed_size(&self) -> u64 {
        self.packed_size
    }

    /// The CRC of the unpacked bytes, as declared.
    pub fn crc32(&self) -> u32 {
        self.crc32
    }

    /// Permission bits and set-id bits (12 bits), where a Unix system made the entry.
    pub fn mode(&self) -> Option<u32> {
        self.mode
    }

    /// Whether somebody may execute it; `None` where the archive has no Unix modes.
    pub fn executable(&self) -> Option<bool> {
        self.mode.map(|mode| mode & 0o111 != 0)
    }

    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.is_dir
    }

    /// How its data is packed.
    pub fn packing(&self) -> Packing {
        self.packing
    }

    /// When it was written, where the archive has a valid time.
    pub fn time(&self) -> Option<DosTime> {
        self.time
    }

    /// Where its data begins, in bytes from the start of the zip.
    pub fn data_offset(&self) -> u64 {
        self.data
    }
}

/// Reads all records of the directory, in their order.
pub(super) fn read_directory(
    archive: &ZipArchive<&Window<'_>>,
    directory: &Directory,
    limits: &ZipLimits,
) -> Result<Vec<Entry>, ZipError> {
    let damaged = |reason| ZipError::Directory { reason };
    let mut buffer = vec![0; rawzip::MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
    let mut records = archive.entries(&mut buffer);
    let mut entries = Vec::new();
    let mut length = 0;
    loop {
        let record = match records.next_entry() {
            Ok(Some(record)) => record,
            Ok(None) => break,
            Err(error) => {
                return Err(match error.into_kind() {
                    rawzip::ErrorKind::IO(source) => ZipError::Read(source),
                    _ => damaged("a record is damaged"),
                });
            }
        };
        length += RECORD
            + (record.file_path().len()
                + record.extra_fields().remaining_bytes().len()
                + record.comment().as_bytes().len()) as u64;
        entries.push(read_entry(&record, limits)?);
        if entries.len() as u64 > directory.entries {
            return Err(damaged("it has more records than the end record says"));
        }
    }
    if entries.len() as u64 != directory.entries {
        return Err(damaged("it has fewer records than the end record says"));
    }
    if length != directory.end - directory.start {
        return Err(damaged("it has another length than its records"));
    }
    Ok(entries)
}

fn read_entry(
    record: &rawzip::ZipFileHeaderRecord<'_>,
    limits: &ZipLimits,
) -> Result<Entry, ZipError> {
    let path = record.file_path();
    let name = read_name(path.as_bytes(), limits)?;
    let (size, packed_size) = (
        record.uncompressed_size_hint(),
        record.compressed_size_hint(),
    );
    let flags = record.flags();
    if flags.is_encrypted() || flags.has_strong_encryption() || flags.is_masked() {
        return Err(ZipError::Encrypted { name });
    }
    let second_name = record.extra_fields().any(|(id, data)| {
        id == ExtraFieldId::INFO_ZIP_UNICODE_PATH
            // Version and CRC of the first name come before the second.
            && data.get(5..).is_some_and(|other| other != name.as_bytes())
    });
    if second_name {
        return Err(ZipError::UnsafeName {
            name,
            problem: NameProblem::SecondName,
        });
    }
    let packing = match record.compression_method().as_u16() {
        0 => Packing::Stored,
        8 => Packing::Deflated,
        99 => return Err(ZipError::Encrypted { name }),
        method => return Err(ZipError::Method { name, method }),
    };
    let possible = match packing {
        Packing::Stored => size == packed_size,
        Packing::Deflated => size / DEFLATE_MAX <= packed_size,
    };
    if !possible {
        return Err(ZipError::ImpossibleSize {
            name,
            packed: packed_size,
            size,
        });
    }
    let (mode, is_dir) = read_kind(record, &name, size)?;
    Ok(Entry {
        name,
        size,
        packed_size,
        crc32: record.crc32(),
        mode,
        is_dir,
        packing,
        time: read_time(record),
        has_descriptor: flags.has_data_descriptor(),
        header: record.local_header_offset(),
        data: 0,
    })
}

/// File or directory, and the mode where a Unix system made the entry.
fn read_kind(
    record: &rawzip::ZipFileHeaderRecord<'_>,
    name: &str,
    size: u64,
) -> Result<(Option<u32>, bool), ZipError> {
    let high = record.external_attributes() >> 16;
    let unix = matches!(record.version_made_by().creator_system().as_u8(), 3 | 19);
    let is_dir = name.ends_with('/');
    let name = || name.to_owned();
    match high & TYPE {
        // Some tools read these bits whoever wrote them, so links and devices are refused in any
        // archive.
        LINK => return Err(ZipError::Link { name: name() }),
        DIRECTORY if unix && !is_dir => return Err(ZipError::KindDisagrees { name: name() }),
        REGULAR if unix && is_dir => return Err(ZipError::KindDisagrees { name: name() }),
        0 | DIRECTORY | REGULAR => {}
        0o010_000 | 0o020_000 | 0o060_000 | 0o140_000 => {
            return Err(ZipError::SpecialFile {
                name: name(),
                kind: high & TYPE,
            });
        }
        _ if unix => {
            return Err(ZipError::SpecialFile {
                name: name(),
                kind: high & TYPE,
            });
        }
        _ => {}
    }
    let dos_directory = !unix && record.external_attributes() & 0x10 != 0;
    if (dos_directory && !is_dir) || (is_dir && size > 0) {
        return Err(ZipError::KindDisagrees { name: name() });
    }
    Ok((unix.then_some(high & 0o7777), is_dir))
}

fn read_time(record: &rawzip::ZipFileHeaderRecord<'_>) -> Option<DosTime> {
    let dos = record.last_modified_dos();
    DosTime::from_fields(dos.packed_date(), dos.packed_time())
}
