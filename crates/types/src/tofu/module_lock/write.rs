use serde::Serialize;

use super::read::VERSION;
use super::{ModuleLock, shown};
use crate::oci::json::JsonError;

#[derive(Serialize)]
struct Document {
    version: u64,
    modules: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    path: String,
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    manifest: String,
    h1: String,
}

impl ModuleLock {
    /// The bytes of the file: sorted, indented by two blanks, with a line end. The same entries give
    /// the same bytes.
    ///
    /// # Errors
    ///
    /// None in practice: every entry can be written as JSON.
    pub fn write(&self) -> Result<Vec<u8>, JsonError> {
        let modules = self.iter().map(|(path, module)| Entry {
            path: shown(path),
            source: module.source.to_string(),
            tag: module.tag().map(|tag| tag.to_string()),
            manifest: module.manifest.to_string(),
            h1: module.h1.to_string(),
        });
        let mut bytes = serde_json::to_vec_pretty(&Document {
            version: VERSION,
            modules: modules.collect(),
        })?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}
