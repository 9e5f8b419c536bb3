//! Zips, honest and otherwise.

use std::io::Write as _;
use std::path::Path;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

const REGULAR: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// One entry. What is set to a value of its own is written so, whatever is true.
#[derive(Debug, Clone)]
pub struct ZipEntry {
    name: Vec<u8>,
    content: Vec<u8>,
    mode: u32,
    method: u16,
    flags: u16,
    local_name: Option<Vec<u8>>,
    crc: Option<u32>,
    size: Option<u32>,
    local_size: Option<u32>,
}

impl ZipEntry {
    /// A plain file, stored.
    pub fn file(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        Self {
            name: name.as_ref().to_vec(),
            content: content.as_ref().to_vec(),
            mode: REGULAR | 0o644,
            method: 0,
            flags: 0,
            local_name: None,
            crc: None,
            size: None,
            local_size: None,
        }
    }

    /// An executable file, stored.
    pub fn executable(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        Self::file(name, content).mode(REGULAR | 0o755)
    }

    /// A symbolic link.
    pub fn link(name: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        Self::file(name, target).mode(LINK | 0o777)
    }

    /// With this Unix mode, file type included.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// Packed with deflate.
    #[must_use]
    pub fn deflated(mut self) -> Self {
        self.method = 8;
        self
    }

    /// Says that it is packed with this method; the content is stored.
    #[must_use]
    pub fn method(mut self, method: u16) -> Self {
        self.method = method;
        self
    }

    /// Says that it is encrypted.
    #[must_use]
    pub fn encrypted(mut self) -> Self {
        self.flags |= 1;
        self
    }

    /// Has another name in its local header.
    #[must_use]
    pub fn local_name(mut self, name: impl AsRef<[u8]>) -> Self {
        self.local_name = Some(name.as_ref().to_vec());
        self
    }

    /// Declares this CRC.
    #[must_use]
    pub fn crc(mut self, crc: u32) -> Self {
        self.crc = Some(crc);
        self
    }

    /// Declares this unpacked size, in both headers.
    #[must_use]
    pub fn size(mut self, size: u32) -> Self {
        self.size = Some(size);
        self
    }

    /// Declares this unpacked size in the local header only.
    #[must_use]
    pub fn local_size(mut self, size: u32) -> Self {
        self.local_size = Some(size);
        self
    }

    fn packed(&self) -> Vec<u8> {
        if self.method != 8 {
            return self.content.clone();
        }
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&self.content).unwrap();
        encoder.finish().unwrap()
    }
}

/// A zip that is being put together.
#[derive(Debug, Clone, Default)]
pub struct Zip {
    entries: Vec<ZipEntry>,
}

impl Zip {
    /// Without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// With another entry.
    #[must_use]
    pub fn entry(mut self, entry: ZipEntry) -> Self {
        self.entries.push(entry);
        self
    }

    /// With a plain file.
    #[must_use]
    pub fn file(self, name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        self.entry(ZipEntry::file(name, content))
    }

    /// The bytes. The same entries give the same bytes; the time of all is 2024-01-02 03:04:06.
    pub fn build(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut directory = Vec::new();
        for entry in &self.entries {
            let offset = u32::try_from(out.len()).unwrap();
            let packed = entry.packed();
            let mut crc = Crc::new();
            crc.update(&entry.content);
            let crc = entry.crc.unwrap_or_else(|| crc.sum());
            let size = u32::try_from(entry.content.len()).unwrap();
            let size = entry.size.unwrap_or(size);
            let fields = |name: &[u8], size: u32| {
                let mut bytes = Vec::new();
                for value in [20, entry.flags, entry.method, 0x1883, 0x5822] {
                    bytes.extend_from_slice(&u16::to_le_bytes(value));
                }
                let packed = u32::try_from(packed.len()).unwrap();
                for value in [crc, packed, size] {
                    bytes.extend_from_slice(&value.to_le_bytes());
                }
                let length = u16::try_from(name.len()).unwrap();
                bytes.extend_from_slice(&length.to_le_bytes());
                bytes.extend_from_slice(&0u16.to_le_bytes());
                bytes
            };
            let local = entry.local_name.as_ref().unwrap_or(&entry.name);
            out.extend_from_slice(b"PK\x03\x04");
            out.extend(fields(local, entry.local_size.unwrap_or(size)));
            out.extend_from_slice(local);
            out.extend_from_slice(&packed);
            directory.extend_from_slice(b"PK\x01\x02");
            // Made by Unix, which is what gives the mode its meaning.
            directory.extend_from_slice(&0x031eu16.to_le_bytes());
            directory.extend(fields(&entry.name, size));
            // Comment length, disk, internal attributes.
            directory.extend_from_slice(&[0; 6]);
            directory.extend_from_slice(&(entry.mode << 16).to_le_bytes());
            directory.extend_from_slice(&offset.to_le_bytes());
            directory.extend_from_slice(&entry.name);
        }
        let start = u32::try_from(out.len()).unwrap();
        let count = u16::try_from(self.entries.len()).unwrap();
        let size = u32::try_from(directory.len()).unwrap();
        out.extend(directory);
        out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        out.extend_from_slice(&count.to_le_bytes());
        out.extend_from_slice(&count.to_le_bytes());
        out.extend_from_slice(&size.to_le_bytes());
        out.extend_from_slice(&start.to_le_bytes());
        out.extend_from_slice(&0u16.to_le_bytes());
        out
    }

    /// Writes the zip, with the directories that its path needs.
    pub fn write(&self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, self.build()).unwrap();
    }
}
