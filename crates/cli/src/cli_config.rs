//! Reading the CLI configuration of OpenTofu or Terraform from its files.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use tofu_oci::types::tofu::Hostname;
use tofu_oci::types::tofu::cli_config::{
    CliConfig, CliConfigReader, CliEnvironment, ConfigLocations, is_directory_entry,
};
use tofu_oci::types::tofu::config::Dialect;

use crate::diagnostic::{Failure, unreadable_config};

/// More of a file than this is not read; what takes the bytes says that it is too large.
const LIMIT: u64 = (1 << 20) + 1;

/// Where the CLI configuration is looked for. Nothing is read before [`load`](Self::load).
#[derive(Debug, Clone)]
pub(crate) struct ConfigFiles {
    /// The file, if a flag names one.
    pub(crate) named: Option<PathBuf>,
    /// What decides otherwise.
    pub(crate) environment: CliEnvironment,
}

impl ConfigFiles {
    /// The file that a variable names, and that is not there. One that a flag names has to be.
    pub(crate) fn missing(&self, client: Dialect) -> Option<PathBuf> {
        if self.named.is_some() {
            return None;
        }
        let exists = |path: &Path| path.exists();
        match ConfigLocations::find(client, &self.environment, &exists) {
            ConfigLocations::Named(file) if is_absent(&fs::metadata(&file)) => Some(file),
            ConfigLocations::Named(_) | ConfigLocations::Usual { .. } => None,
        }
    }

    /// The configuration that `client` would have, with the registry of source addresses that name
    /// none.
    ///
    /// # Errors
    ///
    /// A file that is there and cannot be read, a named one that is not there, and everything that is
    /// wrong with what they say.
    pub(crate) fn load(
        &self,
        client: Dialect,
        default_host: &Hostname,
    ) -> Result<CliConfig, Failure> {
        let exists = |path: &Path| path.exists();
        let locations = match (&self.named, self.missing(client)) {
            (Some(file), _) => ConfigLocations::Named(file.clone()),
            // As the clients do: they warn, and go on as if the file were empty.
            (None, Some(_)) => ConfigLocations::Usual {
                file: None,
                directory: None,
            },
            (None, None) => ConfigLocations::find(client, &self.environment, &exists),
        };
        let mut reader = CliConfigReader::new(default_host, &self.environment);
        match locations {
            ConfigLocations::Named(file) => reader.main_file(&file, &read(&file)?),
            ConfigLocations::Usual { file, directory } => {
                if let Some((file, bytes)) = file.map(optional).transpose()?.flatten() {
                    reader.main_file(&file, &bytes);
                }
                let files = directory.as_deref().map(entries).transpose()?;
                for file in files.unwrap_or_default() {
                    reader.directory_file(&file, &read(&file)?);
                }
            }
        }
        Ok(reader.finish(&exists)?)
    }
}

/// Reads a file as clients do, through links and from pipes, but not without end.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LIMIT).read_to_end(&mut bytes))
        .map_err(|error| unreadable_config(path, &error))?;
    Ok(bytes)
}

/// A file that need not be there.
fn optional(path: PathBuf) -> Result<Option<(PathBuf, Vec<u8>)>, Failure> {
    if is_absent(&fs::metadata(&path)) {
        return Ok(None);
    }
    let bytes = read(&path)?;
    Ok(Some((path, bytes)))
}

/// The files of a directory that need not be there, in the order in which they are read.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: io::Error| unreadable_config(directory, &error);
    let metadata = fs::metadata(directory);
    if is_absent(&metadata) || !metadata.map_err(failed)?.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if is_directory_entry(&name.to_string_lossy()) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names.into_iter().map(|name| directory.join(name)).collect())
}

fn is_absent(metadata: &io::Result<fs::Metadata>) -> bool {
    // A component of the path that is no directory means the same.
    let absent = [ErrorKind::NotFound, ErrorKind::NotADirectory];
    matches!(metadata, Err(error) if absent.contains(&error.kind()))
}
