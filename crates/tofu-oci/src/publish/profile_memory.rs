//! Which registries take evidence as referrers, and which do not, kept between runs.
//!
//! ```json
//! {"version":2,"registries":{"oci.example.net":{"profile":"embedded","found":"2026-11-25T08:30:00Z"}}}
//! ```
//!
//! It is a hint: without it, or where it is wrong, the next publish finds out again and writes it anew. Registries
//! learn, so that what was found counts for 30 days. A document of a later version is neither read nor written; one of
//! version 1, which does not say when it was found, counts for nothing.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tofu_oci_store::files::{AtomicFile, Files};
use tofu_oci_types::artifact::{Profile, Timestamp};

/// The version of the document that is read and written.
const VERSION: u64 = 2;
/// The longest document that is read, in bytes.
const LIMIT: u64 = 1 << 20;
/// How long what was found counts, in seconds.
const LIFE: i64 = 30 * 24 * 60 * 60;

/// The document on disk.
#[derive(Debug, Clone)]
pub(super) struct ProfileMemory {
    files: Files,
    path: PathBuf,
    now: Timestamp,
}

/// What every version has.
#[derive(Debug, Deserialize)]
struct Head {
    version: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    version: u64,
    #[serde(default)]
    registries: BTreeMap<String, Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    profile: String,
    found: String,
}

impl ProfileMemory {
    pub(super) fn new(files: Files, path: PathBuf, now: Timestamp) -> Self {
        Self { files, path, now }
    }

    /// What is known of a registry. Blocks.
    pub(super) fn recall(&self, host: &str) -> Option<Profile> {
        let document = self.read()?;
        let entry = document.registries.get(host)?;
        // What was found in the future was found by a clock that was wrong.
        let age = self.now.unix() - entry.found.parse::<Timestamp>().ok()?.unix();
        match entry.profile.as_str() {
            _ if !(0..LIFE).contains(&age) => None,
            "referrers" => Some(Profile::Referrers),
            "embedded" => Some(Profile::Embedded),
            _ => None,
        }
    }

    /// Keeps what was found now. Where that fails, the next publish finds it again. Blocks.
    pub(super) fn remember(&self, host: &str, profile: Profile) {
        let word = match profile {
            Profile::Referrers => "referrers",
            Profile::Embedded => "embedded",
            Profile::Plain => return,
        };
        let Some(mut document) = self.read() else {
            return;
        };
        let entry = Entry {
            profile: word.to_owned(),
            found: self.now.to_string(),
        };
        document.registries.insert(host.to_owned(), entry);
        let Ok(mut bytes) = serde_json::to_vec(&document) else {
            return;
        };
        bytes.push(b'\n');
        if let Some(dir) = self.path.parent()
            && self.make(dir).is_err()
        {
            return;
        }
        let _ = AtomicFile::write_tidy(&self.files, &self.path, &bytes);
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

    /// The document, empty where there is none, an older or a damaged one; `None` where it is of a later version,
    /// which is left alone.
    fn read(&self) -> Option<Document> {
        let bytes = self.files.read(&self.path, LIMIT).unwrap_or_default();
        match serde_json::from_slice::<Head>(&bytes) {
            Ok(head) if head.version > VERSION => return None,
            _ => {}
        }
        let document = serde_json::from_slice::<Document>(&bytes).ok();
        let current = document.filter(|document| document.version == VERSION);
        Some(current.unwrap_or_else(|| Document {
            version: VERSION,
            registries: BTreeMap::new(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60;

    fn memory(path: &Path, day: i64) -> ProfileMemory {
        let now = Timestamp::from_unix(day * DAY).unwrap();
        ProfileMemory::new(Files::new(), path.to_owned(), now)
    }

    #[test]
    fn what_was_found_is_known_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/registries.json");
        let memory = memory(&path, 20_000);
        let text = || std::fs::read_to_string(&path).unwrap();
        assert_eq!(memory.recall("b.example"), None);
        memory.remember("b.example", Profile::Embedded);
        memory.remember("a.example:5000", Profile::Referrers);
        assert_eq!(memory.recall("b.example"), Some(Profile::Embedded));
        assert_eq!(
            text(),
            concat!(
                r#"{"version":2,"registries":{"#,
                r#""a.example:5000":{"profile":"referrers","found":"2024-10-04T00:00:00Z"},"#,
                r#""b.example":{"profile":"embedded","found":"2024-10-04T00:00:00Z"}}}"#,
                "\n"
            )
        );
        memory.remember("b.example", Profile::Referrers);
        assert_eq!(memory.recall("b.example"), Some(Profile::Referrers));

        // Damage and what does not say when it was found are forgotten, a later version is left alone.
        for other in [
            r#"{"version":2,"regis"#,
            r#"{"version":1,"registries":{"b.example":"embedded"}}"#,
            r#"{"version":2,"registries":{"b.example":{"profile":"embedded","found":"once"}}}"#,
        ] {
            std::fs::write(&path, other).unwrap();
            assert_eq!(memory.recall("b.example"), None, "{other}");
            memory.remember("b.example", Profile::Embedded);
            assert_eq!(memory.recall("b.example"), Some(Profile::Embedded));
        }
        let newer = r#"{"version":3,"registries":{"b.example":"referrers"}}"#;
        std::fs::write(&path, newer).unwrap();
        assert_eq!(memory.recall("b.example"), None);
        memory.remember("b.example", Profile::Embedded);
        assert_eq!(text(), newer);
    }

    #[test]
    fn what_was_found_counts_for_thirty_days() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("registries.json");
        memory(&path, 1000).remember("a.example", Profile::Embedded);
        for (day, known) in [(1000, true), (1029, true), (1030, false), (999, false)] {
            let found = memory(&path, day).recall("a.example");
            assert_eq!(found.is_some(), known, "{day}");
        }
        // Found out again it counts from then on, also where it is the same.
        memory(&path, 1040).remember("a.example", Profile::Embedded);
        let found = memory(&path, 1060).recall("a.example");
        assert_eq!(found, Some(Profile::Embedded));
    }
}
