//! The entries of `index.json`: descriptors whose raw JSON is kept, with what we do not know in them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use tofu_oci_types::oci::json::{self, JsonError};
use tofu_oci_types::oci::{Descriptor, Digest, Tag};

use super::index_file::parse;
use crate::error::{Result, StoreError};

/// Image spec v1.1.1, `annotations.md`: the name of an entry.
const NAME: &str = "org.opencontainers.image.ref.name";
/// Which manifests the entry and everything below it have as subjects: digests divided by spaces, and nothing
/// when there are none. Only content decides; this saves opening what cannot be a referrer.
const SUBJECTS: &str = "io.tofu-oci.subjects";

/// One entry.
#[derive(Debug)]
pub(super) struct Entry {
    raw: Box<RawValue>,
    pub(super) descriptor: Descriptor,
    /// Its name.
    pub(super) name: Name,
    /// The subjects below it, when the entry says so.
    pub(super) subjects: Option<Vec<Digest>>,
}

/// The name of an entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// It has none.
    None,
    /// A tag.
    Tag(Tag),
    /// Something else, which is kept and not listed.
    Foreign,
}

impl Entry {
    /// Reads an entry that was checked to be JSON.
    pub(super) fn read(raw: &RawValue) -> Result<Self, JsonError> {
        let mut descriptor: Descriptor = parse(raw.get().as_bytes())?;
        let name = match descriptor.annotations.get(NAME).map(|name| name.parse()) {
            None => Name::None,
            Some(Ok(tag)) => Name::Tag(tag),
            Some(Err(_)) => Name::Foreign,
        };
        let subjects = descriptor.annotations.get(SUBJECTS).and_then(|text| {
            let digests = text.split_ascii_whitespace().map(str::parse);
            digests.collect::<Result<_, _>>().ok()
        });
        // Kept in the raw form; thousands of entries lie in memory.
        descriptor.annotations.clear();
        descriptor.data = None;
        Ok(Self {
            raw: raw.to_owned(),
            descriptor,
            name,
            subjects,
        })
    }

    /// An entry as we write it.
    pub(super) fn ours(root: &Descriptor, subjects: &[Digest]) -> Result<Self> {
        let mut entry = root.plain();
        entry.artifact_type = root.artifact_type.clone();
        let subjects: Vec<&str> = subjects.iter().map(Digest::as_str).collect();
        entry
            .annotations
            .insert(SUBJECTS.to_owned(), subjects.join(" "));
        let bytes = json::to_go_json(&entry).map_err(unwritable)?;
        let raw: Box<RawValue> = parse(&bytes).map_err(unwritable)?;
        Self::read(&raw).map_err(unwritable)
    }

    /// The same entry with another name or none.
    pub(super) fn named(&self, tag: Option<&Tag>) -> Result<Self> {
        let field = "annotations";
        let mut object: RawObject = parse(self.raw.get().as_bytes()).map_err(unwritable)?;
        let annotations = match object.get(field) {
            Some(raw) => parse::<Option<RawObject>>(raw.get().as_bytes()).map_err(unwritable)?,
            None => None,
        };
        let mut annotations = annotations.unwrap_or_default();
        match tag {
            Some(tag) => annotations.set(NAME, text(tag.as_str())?),
            None => annotations.remove(NAME),
        }
        if annotations.is_empty() {
            object.remove(field);
        } else {
            object.set(field, annotations.to_raw()?);
        }
        Self::read(&object.to_raw()?).map_err(unwritable)
    }

    /// The JSON of the entry.
    pub(super) fn raw(&self) -> &str {
        self.raw.get()
    }

    /// Its name, when that is a tag.
    pub(super) fn tag(&self) -> Option<&Tag> {
        match &self.name {
            Name::Tag(tag) => Some(tag),
            Name::None | Name::Foreign => None,
        }
    }
}

/// We write text and numbers only, and re-parse what was parsed before: this does not happen.
fn unwritable(_: JsonError) -> StoreError {
    StoreError::Stopped
}

fn text(text: &str) -> Result<Box<RawValue>> {
    let bytes = json::to_go_json(&text).map_err(unwritable)?;
    parse(&bytes).map_err(unwritable)
}

/// A JSON object whose fields keep their order and their text.
#[derive(Debug, Clone, Default)]
pub(super) struct RawObject(Vec<(String, Box<RawValue>)>);

impl RawObject {
    pub(super) fn get(&self, name: &str) -> Option<&RawValue> {
        let mut fields = self.0.iter();
        let found = fields.find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_ref())
    }

    fn set(&mut self, name: &str, value: Box<RawValue>) {
        match self.0.iter_mut().find(|(field, _)| field == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    fn remove(&mut self, name: &str) {
        self.0.retain(|(field, _)| field != name);
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes the object; `value` writes the value of a field.
    pub(super) fn write(&self, bytes: &mut Vec<u8>, value: impl Fn(&mut Vec<u8>, &str, &RawValue)) {
        bytes.push(b'{');
        for (at, (name, raw)) in self.0.iter().enumerate() {
            if at > 0 {
                bytes.push(b',');
            }
            // Writing text as JSON cannot fail.
            bytes.extend_from_slice(&json::to_go_json(name).unwrap_or_default());
            bytes.push(b':');
            value(bytes, name, raw);
        }
        bytes.push(b'}');
    }

    fn to_raw(&self) -> Result<Box<RawValue>> {
        let mut bytes = Vec::new();
        self.write(&mut bytes, |bytes, _, raw| {
            bytes.extend_from_slice(raw.get().as_bytes());
        });
        parse(&bytes).map_err(unwritable)
    }
}

impl<'de> Deserialize<'de> for RawObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = RawObject;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawObject, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(RawObject(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(json: &str) -> Entry {
        Entry::read(&RawValue::from_string(json.to_owned()).unwrap()).unwrap()
    }

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    #[test]
    fn a_name_changes_and_nothing_else() {
        let json = format!(
            r#"{{"x-first":[1, 2],"mediaType":"a/b","digest":"{DIGEST}","size":2,"annotations":{{"k":"\u0041<"}}}}"#
        );
        let tag: Tag = "1.0.0".parse().unwrap();
        let named = entry(&json).named(Some(&tag)).unwrap();
        assert_eq!(
            named.raw(),
            json.replace(
                r#"<"}"#,
                r#"<","org.opencontainers.image.ref.name":"1.0.0"}"#
            )
        );
        assert_eq!(named.tag(), Some(&tag));
        assert_eq!(named.named(None).unwrap().raw(), json);
    }

    #[test]
    fn a_name_that_is_no_tag_stays_a_name() {
        let entry = entry(&format!(
            r#"{{"mediaType":"a/b","digest":"{DIGEST}","size":2,"annotations":{{"org.opencontainers.image.ref.name":"host:5000/name:tag"}}}}"#
        ));
        assert_eq!(entry.tag(), None);
        assert_eq!(entry.name, Name::Foreign);
    }

    #[test]
    fn subjects_are_a_hint_that_may_be_missing_or_empty() {
        let digest: Digest = DIGEST.parse().unwrap();
        let root = Descriptor::of(tofu_oci_types::oci::MediaType::IMAGE_INDEX, b"x");
        let some = Entry::ours(&root, std::slice::from_ref(&digest)).unwrap();
        assert_eq!(some.subjects, Some(vec![digest]));
        assert_eq!(Entry::ours(&root, &[]).unwrap().subjects, Some(vec![]));
        let junk = some.raw().replace("sha256:", "sha-");
        assert!(
            Entry::read(&RawValue::from_string(junk).unwrap()).is_err(),
            "the digest is broken, too"
        );
        assert_eq!(entry(&format!(r#"{{"mediaType":"a/b","digest":"{DIGEST}","size":2,"annotations":{{"io.tofu-oci.subjects":"junk"}}}}"#)).subjects, None);
    }
}
