//! How much a zip may hold.

/// Bounds of a zip that is read. The defaults let every real provider through (binaries of 1 GB,
/// ten times as much in debug builds) and stop what exists only to fill a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZipLimits {
    /// Entries, directories included.
    pub entries: u64,
    /// Bytes of the central directory.
    pub directory: u64,
    /// Unpacked bytes of one entry.
    pub entry_size: u64,
    /// Unpacked bytes of all entries.
    pub total_size: u64,
    /// Unpacked bytes for each packed byte, over the whole archive. Not looked at below
    /// [`ratio_from`](Self::ratio_from): deflate alone reaches 1032 on a small file of zeros.
    pub ratio: u64,
    /// Unpacked bytes from which [`ratio`](Self::ratio) counts.
    pub ratio_from: u64,
    /// Bytes of an entry's name.
    pub name: usize,
    /// Bytes of one component of a name: what common file systems take.
    pub name_component: usize,
    /// Components of a name.
    pub depth: usize,
    /// Bytes before the directory that belong to no entry.
    pub unused: u64,
}

impl Default for ZipLimits {
    fn default() -> Self {
        Self {
            entries: 50_000,
            directory: 16 << 20,
            entry_size: 8 << 30,
            total_size: 16 << 30,
            ratio: 200,
            ratio_from: 64 << 20,
            name: 1024,
            name_component: 255,
            depth: 64,
            unused: 64 << 10,
        }
    }
}
