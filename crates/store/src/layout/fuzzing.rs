//! A way for fuzz targets to what reads `index.json`. No part of the interface of this crate.

use std::path::Path;

use super::index_file::IndexFile;

/// Reads an `index.json`, looks at everything in it, and writes it. `None` when it cannot be read.
pub fn index(bytes: &[u8]) -> Option<Vec<u8>> {
    let path = Path::new("index.json");
    let index = IndexFile::read(bytes, path).ok()?;
    for tag in index.tags_after(None, usize::MAX) {
        let _ = index.tag(&tag, path);
    }
    for entry in index.roots() {
        let _ = entry;
    }
    let _ = index.ambiguous().count();
    Some(index.to_bytes())
}
