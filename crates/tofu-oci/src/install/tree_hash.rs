//! The `h1:` hash of an unpacked package.

use std::io::{self, Read};
use std::path::Path;

use tofu_oci_store::files::{EntryKind, Files};
use tofu_oci_trust::h1::H1Builder;
use tofu_oci_types::oci::{Digest, Hasher};
use tofu_oci_types::tofu::PackageHash;

/// Hashes every file below `root`, names relative to it. `root` itself may be a link.
pub(crate) fn h1_of_tree(files: &Files, root: &Path) -> io::Result<PackageHash> {
    let mut builder = H1Builder::new();
    let mut buffer = vec![0; 256 * 1024];
    walk(files, root, "", &mut builder, &mut buffer)?;
    Ok(builder.finish())
}

fn walk(
    files: &Files,
    dir: &Path,
    prefix: &str,
    builder: &mut H1Builder,
    buffer: &mut [u8],
) -> io::Result<()> {
    for entry in files.read_dir(dir)? {
        let path = dir.join(&entry.name);
        let Some(name) = entry.name.to_str() else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a file name is not UTF-8",
            ));
        };
        let name = format!("{prefix}{name}");
        if entry.kind == EntryKind::Directory {
            walk(files, &path, &format!("{name}/"), builder, buffer)?;
        } else {
            builder.add(name, hash(files, &path, buffer)?);
        }
    }
    Ok(())
}

fn hash(files: &Files, path: &Path, buffer: &mut [u8]) -> io::Result<Digest> {
    let mut file = files.open(path)?;
    let mut hasher = Hasher::sha256();
    loop {
        let length = file.read(buffer)?;
        match buffer.get(..length) {
            None | Some([]) => return Ok(hasher.finish()),
            Some(bytes) => hasher.update(bytes),
        }
    }
}
