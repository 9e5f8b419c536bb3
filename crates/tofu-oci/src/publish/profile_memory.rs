//! Which registries take evidence as referrers, and which do not, kept between runs.
//!
//! A small JSON document: `{"version":1,"registries":{"oci.example.net":"embedded"}}`, sorted. It is a
//! hint: without it, or where it is wrong, the next publish finds out again and writes it anew. A
//! document of another version is neither read nor written.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tofu_oci_store::files::{AtomicFile, Files};
use tofu_oci_types::artifact::Profile;

/// The version of the document that is read and written.
const VERSION: u64 = 1;
/// The longest document that is read, in bytes.
const LIMIT: u64 = 1 << 20;

/// The document on disk.
#[derive(Debug, Clone)]
pub(super) struct ProfileMemory {
    files: Files,
    path: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    version: u64,
    #[serde(default)]
    registries: BTreeMap<String, String>,
}

impl ProfileMemory {
    pub(super) fn new(files: Files, path: PathBuf) -> Self {
        Self { files, path }
    }

    /// What is known of a registry. Blocks.
    pub(super) fn recall(&self, host: &str) -> Option<Profile> {
        let document = self.read()?;
        match document.registries.get(host)?.as_str() {
            "referrers" => Some(Profile::Referrers),
            "embedded" => Some(Profile::Embedded),
            _ => None,
        }
    }

    /// Keeps what was found. Where that fails, the next publish finds it again. Blocks.
    pub(super) fn remember(&self, host: &str, profile: Profile) {
        let word = match profile {
            Profile::Referrers => "referrers",
            Profile::Embedded => "embedded",
            Profile::Plain => return,
        };
        let Some(mut document) = self.read() else {
            return;
        };
        let old = document.registries.insert(host.to_owned(), word.to_owned());
        if old.as_deref() == Some(word) {
            return;
        }
        let Ok(mut bytes) = serde_json::to_vec(&document) else {
            return;
        };
        bytes.push(b'\n');
        if let Some(dir) = self.path.parent()
            && self.make(dir).is_err()
        {
            return;
        }
        let _ = AtomicFile::write(&self.files, &self.path, &bytes);
    }

    /// Makes the directory, which others keep things in that are nobody else's business.
    fn make(&self, dir: &Path) -> io::Result<()> {
        if let Some(above) = dir.parent() {
            self.files.create_dirs(above)?;
        }
        match self.files.create_private_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made,
        }
    }

    /// The document, empty where there is none or a damaged one; `None` where it is of another version,
    /// which is left alone.
    fn read(&self) -> Option<Document> {
        let read = self.files.read(&self.path, LIMIT).ok();
        let document = read.and_then(|bytes| serde_json::from_slice::<Document>(&bytes).ok());
        match document {
            Some(document) if document.version != VERSION => None,
            Some(document) => Some(document),
            None => Some(Document {
                version: VERSION,
                registries: BTreeMap::new(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_known_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/registries.json");
        let memory = ProfileMemory::new(Files::new(), path.clone());
        let text = || std::fs::read_to_string(&path).unwrap();
        assert_eq!(memory.recall("b.example"), None);
        memory.remember("b.example", Profile::Embedded);
        memory.remember("a.example:5000", Profile::Referrers);
        assert_eq!(memory.recall("b.example"), Some(Profile::Embedded));
        assert_eq!(
            text(),
            "{\"version\":1,\"registries\":{\"a.example:5000\":\"referrers\",\"b.example\":\"embedded\"}}\n"
        );
        memory.remember("b.example", Profile::Referrers);
        assert_eq!(memory.recall("b.example"), Some(Profile::Referrers));

        // Damage is forgotten, another version left alone.
        std::fs::write(&path, "{\"version\":1,\"regis").unwrap();
        assert_eq!(memory.recall("b.example"), None);
        memory.remember("b.example", Profile::Embedded);
        assert_eq!(memory.recall("b.example"), Some(Profile::Embedded));
        let newer = "{\"version\":2,\"registries\":{\"b.example\":\"referrers\"}}";
        std::fs::write(&path, newer).unwrap();
        assert_eq!(memory.recall("b.example"), None);
        memory.remember("b.example", Profile::Embedded);
        assert_eq!(text(), newer);
    }
}
