//! Zips for tests, written field by field, so that every field can lie.

use std::fs::File;
use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// One entry: what the local header says, what the directory says, and the data.
#[derive(Clone)]
pub(crate) struct RawEntry {
    pub(crate) local: RawHeader,
    pub(crate) central: RawHeader,
    pub(crate) data: Vec<u8>,
    /// Bytes between the data and the next entry.
    pub(crate) trailer: Vec<u8>,
    pub(crate) made_by: u16,
    pub(crate) attributes: u32,
    /// Where the directory says the local header is, if not where it is.
    pub(crate) offset: Option<u32>,
}

#[derive(Clone)]
pub(crate) struct RawHeader {
    pub(crate) name: Vec<u8>,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) time: u16,
    pub(crate) date: u16,
    pub(crate) crc32: u32,
    pub(crate) packed: u32,
    pub(crate) size: u32,
    pub(crate) extra: Vec<u8>,
}

pub(crate) fn crc(data: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(data);
    crc.sum()
}

pub(crate) fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

impl RawEntry {
    /// A stored file with mode 0755.
    pub(crate) fn stored(name: &str, data: &[u8]) -> Self {
        let header = RawHeader {
            name: name.as_bytes().to_vec(),
            flags: 0,
            method: 0,
            time: 0,
            date: 0x21,
            crc32: crc(data),
            packed: data.len() as u32,
            size: data.len() as u32,
            extra: Vec::new(),
        };
        Self {
            local: header.clone(),
            central: header,
            data: data.to_vec(),
            trailer: Vec::new(),
            made_by: 3 << 8 | 20,
            attributes: 0o100_755 << 16,
            offset: None,
        }
    }

    /// A deflated file with mode 0755.
    pub(crate) fn deflated(name: &str, data: &[u8]) -> Self {
        let packed = deflate(data);
        let mut entry = Self::stored(name, data).both(|header| {
            header.method = 8;
            header.packed = packed.len() as u32;
        });
        entry.data = packed;
        entry
    }

    /// A directory.
    pub(crate) fn directory(name: &str) -> Self {
        Self::stored(name, b"").with(|entry| entry.attributes = 0o040_755 << 16)
    }

    /// As Go writes it: sizes and CRC follow the data.
    pub(crate) fn with_descriptor(self) -> Self {
        self.with(|entry| {
            let header = &entry.central;
            entry.trailer = b"PK\x07\x08".to_vec();
            for number in [header.crc32, header.packed, header.size] {
                entry.trailer.extend(number.to_le_bytes());
            }
            entry.central.flags |= 8;
            entry.local.flags |= 8;
            entry.local.crc32 = 0;
            entry.local.packed = 0;
            entry.local.size = 0;
        })
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Changes both headers.
    pub(crate) fn both(mut self, change: impl Fn(&mut RawHeader)) -> Self {
        change(&mut self.local);
        change(&mut self.central);
        self
    }
}

impl RawHeader {
    fn write(&self, out: &mut Vec<u8>) {
        for number in [self.flags, self.method, self.time, self.date] {
            out.extend(number.to_le_bytes());
        }
        for number in [self.crc32, self.packed, self.size] {
            out.extend(number.to_le_bytes());
        }
        out.extend((self.name.len() as u16).to_le_bytes());
        out.extend((self.extra.len() as u16).to_le_bytes());
    }
}

/// A whole zip.
#[derive(Clone, Default)]
pub(crate) struct RawZip {
    pub(crate) before: Vec<u8>,
    pub(crate) entries: Vec<RawEntry>,
    /// Bytes between the last entry and the directory.
    pub(crate) gap: Vec<u8>,
    pub(crate) comment: Vec<u8>,
    pub(crate) after: Vec<u8>,
    pub(crate) disk: u16,
    /// Added to the count of the end record.
    pub(crate) count_off: i16,
    /// Added to the offset of the directory in the end record.
    pub(crate) offset_off: i32,
    /// Added to the size of the directory in the end record.
    pub(crate) size_off: i32,
    /// Writes the zip64 end record and marks in the other one.
    pub(crate) wide: bool,
}

impl RawZip {
    pub(crate) fn of(entries: impl IntoIterator<Item = RawEntry>) -> Self {
        Self {
            entries: entries.into_iter().collect(),
            ..Self::default()
        }
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = self.before.clone();
        let mut offsets = Vec::new();
        for entry in &self.entries {
            offsets.push(entry.offset.unwrap_or(out.len() as u32));
            out.extend(b"PK\x03\x04\x14\x00");
            entry.local.write(&mut out);
            out.extend(&entry.local.name);
            out.extend(&entry.local.extra);
            out.extend(&entry.data);
            out.extend(&entry.trailer);
        }
        out.extend(&self.gap);
        let start = out.len();
        for (entry, offset) in self.entries.iter().zip(offsets) {
            out.extend(b"PK\x01\x02");
            out.extend(entry.made_by.to_le_bytes());
            out.extend([20, 0]);
            entry.central.write(&mut out);
            out.extend([0; 6]);
            out.extend(entry.attributes.to_le_bytes());
            out.extend(offset.to_le_bytes());
            out.extend(&entry.central.name);
            out.extend(&entry.central.extra);
        }
        let size = out.len() - start;
        self.write_end(&mut out, start, size);
        out.extend(&self.comment);
        out.extend(&self.after);
        out
    }

    fn write_end(&self, out: &mut Vec<u8>, start: usize, size: usize) {
        let count = (self.entries.len() as i64 + i64::from(self.count_off)) as u64;
        let start = (start as i64 + i64::from(self.offset_off)) as u64;
        let size = (size as i64 + i64::from(self.size_off)) as u64;
        if self.wide {
            let at = out.len() as u64;
            out.extend(b"PK\x06\x06");
            out.extend(44u64.to_le_bytes());
            out.extend([45, 3, 45, 0]);
            out.extend(u32::from(self.disk).to_le_bytes());
            out.extend(u32::from(self.disk).to_le_bytes());
            for number in [count, count, size, start] {
                out.extend(number.to_le_bytes());
            }
            out.extend(b"PK\x06\x07\0\0\0\0");
            out.extend(at.to_le_bytes());
            out.extend(1u32.to_le_bytes());
            out.extend(b"PK\x05\x06");
            out.extend([0; 4]);
            out.extend([0xff; 12]);
        } else {
            out.extend(b"PK\x05\x06");
            out.extend(self.disk.to_le_bytes());
            out.extend(self.disk.to_le_bytes());
            out.extend((count as u16).to_le_bytes());
            out.extend((count as u16).to_le_bytes());
            out.extend((size as u32).to_le_bytes());
            out.extend((start as u32).to_le_bytes());
        }
        out.extend((self.comment.len() as u16).to_le_bytes());
    }
}

/// An unlinked file with this content.
pub(crate) fn file_of(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}
