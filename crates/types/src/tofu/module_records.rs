//! `.terraform/modules/modules.json`: where each module call was installed.
//!
//! ```text
//! {"Modules":[{"Key":"","Source":"","Dir":"."},
//!             {"Key":"vpc","Source":"HOST/NS/NAME/SYS","Version":"5.1.0","Dir":".terraform/modules/vpc"}]}
//! ```
//!
//! On disk it is one line without a line end, in the style of Go's `encoding/json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ModuleSource, ModuleVersion};
use crate::ParseError;
use crate::oci::json::{JsonError, to_go_json};

/// The records of a root module, by the dot-joined path of the call; the root itself is `""`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModuleRecords {
    records: BTreeMap<String, ModuleRecord>,
}

/// Where one module call was installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleRecord {
    /// The source of the call in its normal spelling ([`ModuleSource`]); a text that is no source
    /// is kept as it is. Empty for the root module.
    pub source: String,
    /// The version, if the source is a registry address.
    pub version: Option<ModuleVersion>,
    /// The directory of the module, with forward slashes, relative to the root module.
    pub dir: String,
}

/// Why `modules.json` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModuleRecordsError {
    /// It is not JSON of the right shape.
    #[error("the module records are not valid JSON")]
    Json(#[source] serde_json::Error),
    /// Two records claim one call.
    #[error("the module records have two entries for the call {0:?}")]
    Duplicate(String),
    /// A version is none.
    #[error("the module records have an invalid version for the call {key:?}")]
    Version {
        /// The path of the call.
        key: String,
        /// What is wrong with the version.
        #[source]
        source: ParseError,
    },
}

#[derive(Deserialize, Serialize)]
struct Document<T> {
    #[serde(rename = "Modules", default = "Vec::new")]
    modules: Vec<T>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(default)]
    key: String,
    #[serde(default)]
    source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(default)]
    dir: String,
}

impl ModuleRecords {
    /// Reads the file; an empty one has no records. Unknown fields are ignored.
    ///
    /// # Errors
    ///
    /// If it is not JSON of this shape, has two records for one call, or an invalid version.
    pub fn read(text: &str) -> Result<Self, ModuleRecordsError> {
        let mut records = Self::default();
        if text.trim().is_empty() {
            return Ok(records);
        }
        if !text.trim_start().starts_with('{') {
            let error = serde::de::Error::custom("an object is expected");
            return Err(ModuleRecordsError::Json(error));
        }
        let document: Document<Entry> =
            serde_json::from_str(text).map_err(ModuleRecordsError::Json)?;
        for entry in document.modules {
            let version = match entry.version.as_deref() {
                None | Some("") => None,
                Some(text) => match text.parse() {
                    Ok(version) => Some(version),
                    Err(source) => {
                        let key = entry.key;
                        return Err(ModuleRecordsError::Version { key, source });
                    }
                },
            };
            let source = match entry.source.parse::<ModuleSource>() {
                Ok(source) => source.to_string(),
                Err(_) => entry.source,
            };
            let dir = entry.dir.replace('\\', "/");
            if records.records.contains_key(&entry.key) {
                return Err(ModuleRecordsError::Duplicate(entry.key));
            }
            let record = ModuleRecord {
                source,
                version,
                dir,
            };
            records.records.insert(entry.key, record);
        }
        Ok(records)
    }

    /// The bytes of the file: one line without a line end, records sorted by key.
    ///
    /// # Errors
    ///
    /// None in practice: every record can be written as JSON.
    pub fn write(&self) -> Result<Vec<u8>, JsonError> {
        let modules = self.records.iter().map(|(key, record)| Entry {
            key: key.clone(),
            source: record.source.clone(),
            version: record.version.as_ref().map(ToString::to_string),
            dir: record.dir.clone(),
        });
        to_go_json(&Document {
            modules: modules.collect(),
        })
    }

    /// The record of the call with this dot-joined path.
    pub fn get(&self, key: &str) -> Option<&ModuleRecord> {
        self.records.get(key)
    }

    /// Puts a record, in place of an older one.
    pub fn set(&mut self, key: impl Into<String>, record: ModuleRecord) {
        self.records.insert(key.into(), record);
    }

    /// Removes the record of a call and of all calls below it: what a changed source asks for.
    pub fn remove_tree(&mut self, key: &str) {
        let below = format!("{key}.");
        self.records
            .retain(|other, _| other != key && !other.starts_with(&below));
    }

    /// All records, sorted bytewise by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ModuleRecord)> {
        self.records
            .iter()
            .map(|(key, record)| (key.as_str(), record))
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = concat!(
        r#"{"Modules":[{"Key":"","Source":"","Dir":"."},"#,
        r#"{"Key":"child","Source":"oci://example.com/r?tag=a","Dir":".terraform/modules/child"},"#,
        r#"{"Key":"child.inner","Source":"./inner","Dir":".terraform/modules/child/inner"},"#,
        r#"{"Key":"vpc","Source":"registry.opentofu.org/terraform-aws-modules/vpc/aws","Version":"5.1.0","Dir":".terraform/modules/vpc"}]}"#
    );

    fn written(records: &ModuleRecords) -> String {
        String::from_utf8(records.write().unwrap()).unwrap()
    }

    #[test]
    fn what_was_written_is_read_and_written_again() {
        let records = ModuleRecords::read(SAMPLE).unwrap();
        assert_eq!(records.get("child.inner").unwrap().source, "./inner");
        assert_eq!(
            records
                .get("vpc")
                .unwrap()
                .version
                .as_ref()
                .unwrap()
                .to_string(),
            "5.1.0"
        );
        assert_eq!(written(&records), SAMPLE);
    }

    #[test]
    fn an_empty_file_has_no_records() {
        assert!(ModuleRecords::read("").unwrap().is_empty());
        assert!(ModuleRecords::read("\n").unwrap().is_empty());
        assert_eq!(written(&ModuleRecords::default()), r#"{"Modules":[]}"#);
    }

    #[test]
    fn sources_are_put_into_their_normal_spelling_where_they_are_sources() {
        let table = [
            (
                "hashicorp/consul/aws",
                "registry.opentofu.org/hashicorp/consul/aws",
            ),
            ("./a/../b", "./b"),
            ("what is this", "what is this"),
        ];
        for (text, normal) in table {
            let file = format!(r#"{{"Modules":[{{"Key":"a","Source":"{text}","Dir":"x"}}]}}"#);
            assert_eq!(
                ModuleRecords::read(&file).unwrap().get("a").unwrap().source,
                normal
            );
        }
    }

    #[test]
    fn html_characters_and_line_separators_are_escaped() {
        let mut records = ModuleRecords::default();
        let record = ModuleRecord {
            source: "https://h/?a=1&b=<\u{2028}\u{2029}>".to_owned(),
            version: None,
            dir: "a".to_owned(),
        };
        records.set("b", record.clone());
        records.set("B", record);
        let text = r#""Source":"https://h/?a=1\u0026b=\u003c\u2028\u2029\u003e","Dir":"a"}"#;
        assert_eq!(
            written(&records),
            format!(r#"{{"Modules":[{{"Key":"B",{text},{{"Key":"b",{text}]}}"#)
        );
    }

    #[test]
    fn broken_files_are_refused() {
        let table = [
            ("{", "not valid JSON"),
            ("[]", "not valid JSON"),
            (
                r#"{"Modules":[{"Key":"a.b","Dir":"x"},{"Key":"a.b","Dir":"y"}]}"#,
                "two entries for the call \"a.b\"",
            ),
            (
                r#"{"Modules":[{"Key":"a","Dir":"x","Version":"nope"}]}"#,
                "invalid version for the call \"a\"",
            ),
        ];
        for (text, expected) in table {
            let error = ModuleRecords::read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_changed_call_takes_the_records_below_it_away() {
        let mut records = ModuleRecords::read(SAMPLE).unwrap();
        records.remove_tree("child");
        let left: Vec<&str> = records.iter().map(|(key, _)| key).collect();
        assert_eq!(left, ["", "vpc"]);
    }
}
