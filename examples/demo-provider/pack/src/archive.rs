//! The zips: deflated, with modes, and the same bytes for the same content.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// Whether an entry can be started.
#[derive(Clone, Copy)]
pub enum Mode {
    File,
    Executable,
}

/// One file of an archive.
pub struct Entry<'a> {
    pub name: &'a str,
    pub mode: Mode,
    pub content: &'a [u8],
}

/// Writes the entries in the order given. The time of every entry is the time of the release, not of the build.
pub fn write_zip(path: &Path, entries: &[Entry<'_>]) -> Result<()> {
    let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    let mut zip = ZipWriter::new(BufWriter::new(file));
    let released = DateTime::from_date_and_time(2026, 1, 2, 3, 4, 6)?;
    for entry in entries {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(released)
            .unix_permissions(match entry.mode {
                Mode::File => 0o644,
                Mode::Executable => 0o755,
            });
        zip.start_file(entry.name, options)?;
        zip.write_all(entry.content)?;
    }
    zip.finish()?.flush()?;
    Ok(())
}

/// Writes a file that can be started.
pub fn write_executable(path: &Path, content: &[u8]) -> Result<()> {
    fs::write(path, content)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
