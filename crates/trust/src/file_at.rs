//! Reading an open file at offsets, on every system.

use std::cell::RefCell;
use std::fs::File;
use std::io;

/// Reads up to `buffer.len()` bytes at `offset`; 0 means the end of the file.
///
/// The file's own position is not part of the contract: Windows moves it.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(file, buffer, offset);
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(file, buffer, offset);
        match read {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Fills as much of `buffer` as the file has at `offset`.
pub(crate) fn read_full_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match read_at(file, rest, offset.saturating_add(filled as u64))? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

/// The first `size` bytes of a file, with a small window that serves the many tiny reads of
/// neighbouring headers from one read of the file.
pub(crate) struct Window<'a> {
    file: &'a File,
    size: u64,
    cache: RefCell<Cache>,
}

#[derive(Default)]
struct Cache {
    offset: u64,
    bytes: Vec<u8>,
}

const WINDOW: usize = 4096;

impl<'a> Window<'a> {
    pub(crate) fn new(file: &'a File, size: u64) -> Self {
        Self {
            file,
            size,
            cache: RefCell::default(),
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Fills as much of `buffer` as there is at `offset`.
    pub(crate) fn read(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let want = buffer.len().min(left);
        let Some(buffer) = buffer.get_mut(..want) else {
            return Ok(0);
        };
        if want > WINDOW {
            return read_full_at(self.file, buffer, offset);
        }
        let mut cache = self.cache.borrow_mut();
        if cache.find(offset, want).is_none() {
            let length = WINDOW.min(left);
            cache.offset = offset;
            cache.bytes.resize(length, 0);
            let read = read_full_at(self.file, &mut cache.bytes, offset);
            let kept = *read.as_ref().unwrap_or(&0);
            cache.bytes.truncate(kept);
            read?;
        }
        let have = cache.bytes.len().min(want);
        match cache.find(offset, want).or_else(|| cache.bytes.get(..have)) {
            Some(bytes) => {
                let count = bytes.len();
                if let Some(target) = buffer.get_mut(..count) {
                    target.copy_from_slice(bytes);
                }
                Ok(count)
            }
            None => Ok(0),
        }
    }
}

impl Cache {
    fn find(&self, offset: u64, length: usize) -> Option<&[u8]> {
        let start = usize::try_from(offset.checked_sub(self.offset)?).ok()?;
        self.bytes.get(start..start.checked_add(length)?)
    }
}

impl rawzip::ReaderAt for Window<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.read(buffer, offset)
    }
}
