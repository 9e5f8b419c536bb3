//! Zips that we make: the same files give the same bytes, for ever and on every system.
//!
//! Entries are stored, not deflated, because a compressor may change its output with any release.
//! Names are sorted, modes are 0755 or 0644, every entry carries the same time; there are no
//! directory entries (they would change the `h1`), no extra fields and no data descriptors. The
//! zip64 forms appear only where a number does not fit.

use std::io::{self, Read, Write};

use flate2::Crc;
use tofu_oci_types::oci::{Digest, Hasher};

use crate::zip::{DosTime, ZipLimits};

/// Whether an entry is executable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileMode {
    /// Mode 0755.
    Executable,
    /// Mode 0644.
    Plain,
}

/// An entry that will be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// Relative, with `/`; a file, so without `/` at the end.
    pub name: String,
    /// Whether it is executable.
    pub mode: FileMode,
    /// Bytes of its content.
    pub size: u64,
    /// The CRC of its content.
    pub crc32: u32,
}

/// What [`measure`] found about a content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// Bytes.
    pub size: u64,
    /// CRC-32 as zips have it.
    pub crc32: u32,
    /// The sha256 digest, of which an `h1` is made.
    pub digest: Digest,
}

/// Reads a content to its end: the first of the two passes over a file that is packed.
///
/// # Errors
///
/// Those of the reader.
pub fn measure(mut content: impl Read) -> io::Result<Measured> {
    // Most files of a module are smaller than this.
    let mut buffer = [0; 16 * 1024];
    let mut hasher = Hasher::sha256();
    let mut crc = Crc::new();
    loop {
        let read = match content.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let data = buffer.get(..read).unwrap_or_default();
        hasher.update(data);
        crc.update(data);
    }
    Ok(Measured {
        size: hasher.length(),
        crc32: crc.sum(),
        digest: hasher.finish(),
    })
}

/// A zip that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum WriteZipError {
    /// The zip could not be written.
    #[error("cannot write the zip")]
    Write(#[source] io::Error),
    /// A content could not be read.
    #[error("cannot read {name:?}")]
    Content {
        /// The entry.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A name that no reader of zips should accept.
    #[error("{name:?} cannot be the name of a file in a zip")]
    Name {
        /// The name.
        name: String,
    },
    /// Names must come sorted by their bytes, each once.
    #[error("entry {name:?} does not come after {previous:?}")]
    Order {
        /// The entry.
        name: String,
        /// The entry before it.
        previous: String,
    },
    /// The content is not what was measured: the file was changed in between.
    #[error("{name:?} changed while it was packed")]
    Changed {
        /// The entry.
        name: String,
    },
}

/// Writes a zip, entry by entry.
#[derive(Debug)]
pub struct ZipWriter<W> {
    out: W,
    time: DosTime,
    offset: u64,
    entries: Vec<(NewEntry, u64)>,
    buffer: Vec<u8>,
}

const VERSION: u16 = 20;
const VERSION64: u16 = 45;
/// Made by a Unix system.
const UNIX: u16 = 3 << 8;
const REGULAR: u32 = 0o100_000;
const NARROW: u64 = u32::MAX as u64;

impl<W: Write> ZipWriter<W> {
    /// A zip whose entries all have `time`.
    pub fn new(out: W, time: DosTime) -> Self {
        Self {
            out,
            time,
            offset: 0,
            entries: Vec::new(),
            buffer: vec![0; 64 * 1024],
        }
    }

    /// Writes the next entry, whose content is read to its end.
    ///
    /// # Errors
    ///
    /// See [`WriteZipError`]. The zip is of no use afterwards.
    pub fn add(&mut self, entry: NewEntry, mut content: impl Read) -> Result<(), WriteZipError> {
        self.check_name(&entry.name)?;
        let header = self.offset;
        self.write_local(&entry)?;
        let mut crc = Crc::new();
        let mut size = 0u64;
        loop {
            let read = match content.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => {
                    let name = entry.name;
                    return Err(WriteZipError::Content { name, source });
                }
            };
            let data = self.buffer.get(..read).unwrap_or_default();
            size += read as u64;
            if size > entry.size {
                return Err(WriteZipError::Changed { name: entry.name });
            }
            crc.update(data);
            self.out.write_all(data).map_err(WriteZipError::Write)?;
        }
        self.offset += size;
        if size != entry.size || crc.sum() != entry.crc32 {
            return Err(WriteZipError::Changed { name: entry.name });
        }
        self.entries.push((entry, header));
        Ok(())
    }

    /// Writes the directory and returns what was written to, with the length of the zip.
    ///
    /// # Errors
    ///
    /// Those of writing.
    pub fn finish(mut self) -> Result<(W, u64), WriteZipError> {
        let start = self.offset;
        for (entry, header) in std::mem::take(&mut self.entries)
            .iter()
            .map(|(e, h)| (e, *h))
        {
            self.write_record(entry, header)?;
            self.entries.push((entry.clone(), header));
        }
        self.write_end(start)?;
        self.out.flush().map_err(WriteZipError::Write)?;
        Ok((self.out, self.offset))
    }

    fn check_name(&self, name: &str) -> Result<(), WriteZipError> {
        if !crate::zip::is_file_name(name, &ZipLimits::default()) {
            return Err(WriteZipError::Name { name: name.into() });
        }
        match self.entries.last() {
            Some((previous, _)) if previous.name.as_str() >= name => Err(WriteZipError::Order {
                name: name.into(),
                previous: previous.name.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), WriteZipError> {
        self.out.write_all(bytes).map_err(WriteZipError::Write)?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    fn write_local(&mut self, entry: &NewEntry) -> Result<(), WriteZipError> {
        let mut record = Record::new(b"PK\x03\x04");
        let extra = Extra::local(entry.size);
        record.u16(extra.version());
        self.common(&mut record, entry, &extra);
        record.bytes(entry.name.as_bytes());
        record.bytes(&extra.field());
        self.write(&record.0)
    }

    fn write_record(&mut self, entry: &NewEntry, header: u64) -> Result<(), WriteZipError> {
        let mut record = Record::new(b"PK\x01\x02");
        let extra = Extra::central(entry.size, header);
        record.u16(UNIX | extra.version());
        record.u16(extra.version());
        self.common(&mut record, entry, &extra);
        // No comment, first disk, no internal attributes.
        record.bytes(&[0; 6]);
        let mode = match entry.mode {
            FileMode::Executable => REGULAR | 0o755,
            FileMode::Plain => REGULAR | 0o644,
        };
        record.u32(mode << 16);
        record.u32(narrow(header));
        record.bytes(entry.name.as_bytes());
        record.bytes(&extra.field());
        self.write(&record.0)
    }

    /// The fields that both headers have, from the flags to the length of the extra field.
    fn common(&self, record: &mut Record, entry: &NewEntry, extra: &Extra) {
        let flags = if entry.name.is_ascii() { 0 } else { 1 << 11 };
        record.u16(flags);
        record.u16(0);
        record.u16(self.time.time_field());
        record.u16(self.time.date_field());
        record.u32(entry.crc32);
        record.u32(narrow(entry.size));
        record.u32(narrow(entry.size));
        // The name was checked against limits far below 2^16.
        record.u16(entry.name.len() as u16);
        record.u16(extra.field().len() as u16);
    }

    fn write_end(&mut self, start: u64) -> Result<(), WriteZipError> {
        let size = self.offset - start;
        let count = self.entries.len() as u64;
        let wide = count >= u64::from(u16::MAX) || start >= NARROW || size >= NARROW;
        if wide {
            let at = self.offset;
            let mut record = Record::new(b"PK\x06\x06");
            record.u64(44);
            record.u16(UNIX | VERSION64);
            record.u16(VERSION64);
            record.u32(0);
            record.u32(0);
            record.u64(count);
            record.u64(count);
            record.u64(size);
            record.u64(start);
            record.bytes(b"PK\x06\x07");
            record.u32(0);
            record.u64(at);
            record.u32(1);
            self.write(&record.0)?;
        }
        let mut record = Record::new(b"PK\x05\x06");
        record.u32(0);
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        record.u16(count);
        record.u16(count);
        record.u32(narrow(size));
        record.u32(narrow(start));
        record.u16(0);
        self.write(&record.0)
    }
}

/// A number in 32 bits, or the mark that its zip64 form has it.
fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The zip64 extra field: the numbers that do not fit.
struct Extra(Vec<u64>);

impl Extra {
    fn local(size: u64) -> Self {
        Self(if size >= NARROW {
            vec![size, size]
        } else {
            Vec::new()
        })
    }

    fn central(size: u64, header: u64) -> Self {
        let mut extra = Self::local(size);
        if header >= NARROW {
            extra.0.push(header);
        }
        extra
    }

    fn version(&self) -> u16 {
        if self.0.is_empty() {
            VERSION
        } else {
            VERSION64
        }
    }

    fn field(&self) -> Vec<u8> {
        let mut record = Record(Vec::new());
        if !self.0.is_empty() {
            record.u16(1);
            // Three numbers at most.
            record.u16(self.0.len() as u16 * 8);
            for number in &self.0 {
                record.u64(*number);
            }
        }
        record.0
    }
}

struct Record(Vec<u8>);

impl Record {
    fn new(signature: &[u8; 4]) -> Self {
        Self(signature.to_vec())
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn u16(&mut self, number: u16) {
        self.bytes(&number.to_le_bytes());
    }

    fn u32(&mut self, number: u32) {
        self.bytes(&number.to_le_bytes());
    }

    fn u64(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }
}

#[cfg(test)]
mod tests;
