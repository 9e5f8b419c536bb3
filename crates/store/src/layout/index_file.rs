//! `index.json`, read and rewritten without losing what others put there.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use serde_json::value::RawValue;
use tofu_oci_types::oci::json::{self, JsonError};
use tofu_oci_types::oci::{Descriptor, Digest, Tag};

use super::entries::{Entry, Name, RawObject};
use crate::error::{Damage, Result, StoreError};

/// How large `index.json` may be, in bytes.
pub(super) const INDEX_LIMIT: u64 = 64 * 1024 * 1024;
/// How large `oci-layout` may be, in bytes.
pub(super) const MARK_LIMIT: u64 = 4096;
/// What `oci-layout` says.
pub(super) const MARK_TEXT: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;
const EMPTY: &str =
    r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;

/// The content of an `index.json`.
#[derive(Debug, Clone)]
pub(super) struct IndexFile {
    /// Everything at the top, in the order it has, the entries apart.
    top: RawObject,
    entries: Vec<Arc<Entry>>,
    tags: BTreeMap<Tag, Named>,
    roots: HashMap<Digest, Arc<Entry>>,
}

#[derive(Debug, Clone)]
enum Named {
    One(Arc<Entry>),
    Ambiguous(Digest, Digest),
}

impl IndexFile {
    /// The index of a repository without content.
    pub(super) fn empty() -> Result<Self> {
        Self::read(EMPTY.as_bytes(), Path::new("index.json"))
    }

    /// Reads the bytes of the file at `path`.
    pub(super) fn read(bytes: &[u8], path: &Path) -> Result<Self> {
        let damaged = |damage: Damage| StoreError::damaged(path, damage);
        json::check(bytes).map_err(|error| damaged(error.into()))?;
        let top: RawObject = parse(bytes).map_err(|error| damaged(error.into()))?;
        let field = "manifests";
        let list = top
            .get(field)
            .ok_or_else(|| damaged(Damage::Field { field }))?;
        let list: Option<Vec<&RawValue>> =
            parse(list.get().as_bytes()).map_err(|error| damaged(error.into()))?;
        let entries = list.unwrap_or_default().into_iter().enumerate();
        let entries = entries
            .map(|(at, raw)| {
                let number = at + 1;
                Entry::read(raw)
                    .map(Arc::new)
                    .map_err(|source| damaged(Damage::Entry { number, source }))
            })
            .collect::<Result<_>>()?;
        Ok(Self::of(top, entries))
    }

    fn of(top: RawObject, entries: Vec<Arc<Entry>>) -> Self {
        let mut tags: BTreeMap<Tag, Named> = BTreeMap::new();
        let mut roots = HashMap::new();
        for entry in &entries {
            let digest = &entry.descriptor.digest;
            roots
                .entry(digest.clone())
                .or_insert_with(|| Arc::clone(entry));
            let Some(tag) = entry.tag() else { continue };
            tags.entry(tag.clone())
                .and_modify(|named| {
                    if let Named::One(first) = named
                        && first.descriptor.digest != *digest
                    {
                        let first = first.descriptor.digest.clone();
                        *named = Named::Ambiguous(first, digest.clone());
                    }
                })
                .or_insert_with(|| Named::One(Arc::clone(entry)));
        }
        Self {
            top,
            entries,
            tags,
            roots,
        }
    }

    /// The entry that a tag names.
    pub(super) fn tag(&self, tag: &Tag, path: &Path) -> Result<Option<&Entry>> {
        match self.tags.get(tag) {
            None => Ok(None),
            Some(Named::One(entry)) => Ok(Some(entry)),
            Some(Named::Ambiguous(first, second)) => Err(StoreError::damaged(
                path,
                Damage::Ambiguous {
                    name: tag.clone(),
                    first: first.clone(),
                    second: second.clone(),
                },
            )),
        }
    }

    /// An entry of this digest.
    pub(super) fn root(&self, digest: &Digest) -> Option<&Entry> {
        self.roots.get(digest).map(AsRef::as_ref)
    }

    /// Each digest once.
    pub(super) fn roots(&self) -> impl Iterator<Item = &Entry> {
        self.roots.values().map(AsRef::as_ref)
    }

    /// The tags that stand for two digests.
    pub(super) fn ambiguous(&self) -> impl Iterator<Item = (&Tag, &Digest, &Digest)> {
        self.tags.iter().filter_map(|(tag, named)| match named {
            Named::One(_) => None,
            Named::Ambiguous(first, second) => Some((tag, first, second)),
        })
    }

    /// Tags, sorted by bytes. Names that are no tags are not among them.
    pub(super) fn tags_after(&self, after: Option<&Tag>, max: usize) -> Vec<Tag> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let tags = self.tags.range::<Tag, _>((start, Bound::Unbounded));
        tags.take(max).map(|(tag, _)| tag.clone()).collect()
    }

    /// The bytes of the file.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let list: usize = self.entries.iter().map(|e| e.raw().len() + 1).sum();
        let mut bytes = Vec::with_capacity(list + 256);
        self.top.write(&mut bytes, |bytes, name, value| {
            if name != "manifests" {
                return bytes.extend_from_slice(value.get().as_bytes());
            }
            bytes.push(b'[');
            for (at, entry) in self.entries.iter().enumerate() {
                if at > 0 {
                    bytes.push(b',');
                }
                bytes.extend_from_slice(entry.raw().as_bytes());
            }
            bytes.push(b']');
        });
        bytes
    }

    /// A copy to change.
    pub(super) fn edit(&self) -> Edit {
        Edit {
            top: self.top.clone(),
            entries: self.entries.clone(),
            changed: false,
        }
    }
}

/// An `index.json` being changed.
pub(super) struct Edit {
    top: RawObject,
    entries: Vec<Arc<Entry>>,
    changed: bool,
}

impl Edit {
    /// Whether anything differs from what was read.
    pub(super) fn is_changed(&self) -> bool {
        self.changed
    }

    /// The digest that a tag names; the first, when there are several.
    pub(super) fn tagged(&self, tag: &Tag) -> Option<&Digest> {
        let mut entries = self.entries.iter();
        let found = entries.find(|entry| entry.tag() == Some(tag));
        found.map(|entry| &entry.descriptor.digest)
    }

    /// Whether there is an entry of this digest.
    pub(super) fn has(&self, digest: &Digest) -> bool {
        self.entries.iter().any(|e| e.descriptor.digest == *digest)
    }

    /// Adds an entry without a name, unless the digest has one. `subjects` is the hint for referrers.
    pub(super) fn add_root(&mut self, root: &Descriptor, subjects: &[Digest]) -> Result<()> {
        if !self.has(&root.digest) {
            self.entries.push(Arc::new(Entry::ours(root, subjects)?));
            self.changed = true;
        }
        Ok(())
    }

    /// Gives a tag to a manifest. What had it keeps an entry without a name.
    pub(super) fn set_tag(
        &mut self,
        tag: &Tag,
        root: &Descriptor,
        subjects: &[Digest],
    ) -> Result<()> {
        self.remove_tag(tag)?;
        self.changed = true;
        let nameless = |entry: &&mut Arc<Entry>| {
            entry.descriptor.digest == root.digest && entry.name == Name::None
        };
        if let Some(entry) = self.entries.iter_mut().find(nameless) {
            // What somebody else wrote into the entry stays.
            *entry = Arc::new(entry.named(Some(tag))?);
            return Ok(());
        }
        let entry = Entry::ours(root, subjects)?.named(Some(tag))?;
        self.entries.push(Arc::new(entry));
        Ok(())
    }

    /// Takes a tag away; every manifest that had it keeps an entry. Tells whether anything had it.
    pub(super) fn remove_tag(&mut self, tag: &Tag) -> Result<bool> {
        let mut removed = false;
        while let Some(at) = self
            .entries
            .iter()
            .position(|entry| entry.tag() == Some(tag))
        {
            let entry = self.entries.remove(at);
            removed = true;
            self.changed = true;
            // What somebody else wrote into the entry stays even where the digest has another one.
            let ours = entry.subjects.is_some();
            if !(ours && self.has(&entry.descriptor.digest)) {
                self.entries.insert(at, Arc::new(entry.named(None)?));
            }
        }
        Ok(removed)
    }

    /// Removes every entry of a digest.
    pub(super) fn remove(&mut self, digest: &Digest) {
        let before = self.entries.len();
        self.entries.retain(|e| e.descriptor.digest != *digest);
        self.changed |= self.entries.len() != before;
    }

    /// The changed index.
    pub(super) fn finish(self) -> IndexFile {
        IndexFile::of(self.top, self.entries)
    }

    /// The state as it is now, to come back to.
    pub(super) fn save(&self) -> (Vec<Arc<Entry>>, bool) {
        (self.entries.clone(), self.changed)
    }

    /// Goes back to a saved state.
    pub(super) fn restore(&mut self, (entries, changed): (Vec<Arc<Entry>>, bool)) {
        self.entries = entries;
        self.changed = changed;
    }
}

/// Parses JSON that was checked, or that this module made.
pub(super) fn parse<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, JsonError> {
    Ok(serde_json::from_slice(bytes)?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use tofu_oci_types::oci::MediaType;

    use super::*;

    const NAME: &str = "org.opencontainers.image.ref.name";

    fn root(n: u8) -> Descriptor {
        Descriptor::of(MediaType::IMAGE_INDEX, &[n])
    }

    /// An index as somebody else wrote it: entries with and without names, and fields that nobody knows.
    fn foreign(entries: &[(u8, u8)]) -> String {
        let entries: Vec<String> = entries
            .iter()
            .map(|(n, name)| {
                let name = match name {
                    0 => String::new(),
                    1 => format!(r#","annotations":{{"a":"b","{NAME}":"x/y:z"}}"#),
                    name => format!(r#","annotations":{{"{NAME}":"{name}","a":"b"}}"#),
                };
                let digest = root(*n).digest;
                format!(r#"{{"x-unknown":{{"k":[1.0,"\u00e4"]}},"mediaType":"a/b","digest":"{digest}","size":1{name}}}"#)
            })
            .collect();
        format!(
            r#"{{"x-top":null,"manifests":[{}],"annotations":{{"z":"y"}}}}"#,
            entries.join(",")
        )
    }

    proptest! {
        /// Whatever is done to tags, no digest and no unknown field is lost, and what is written reads back.
        #[test]
        fn edits_lose_nothing(
            entries in prop::collection::vec((0u8..4, 0u8..5), 0..6),
            edits in prop::collection::vec((0u8..3, 0u8..6, 2u8..6), 0..12),
        ) {
            let path = Path::new("index.json");
            let text = foreign(&entries);
            let read = IndexFile::read(text.as_bytes(), path).unwrap();
            prop_assert_eq!(String::from_utf8(read.to_bytes()).unwrap(), text);
            let mut digests: BTreeSet<Digest> = read.roots().map(|e| e.descriptor.digest.clone()).collect();
            let mut edit = read.edit();
            let mut named = BTreeMap::new();
            for (kind, n, name) in edits {
                let tag: Tag = name.to_string().parse().unwrap();
                match kind {
                    0 => {
                        edit.set_tag(&tag, &root(n), &[]).unwrap();
                        named.insert(tag.clone(), Some(root(n).digest));
                        prop_assert_eq!(edit.tagged(&tag), Some(&root(n).digest));
                    }
                    1 => {
                        edit.remove_tag(&tag).unwrap();
                        named.insert(tag, None);
                        continue;
                    }
                    _ => edit.add_root(&root(n), &[]).unwrap(),
                }
                digests.insert(root(n).digest);
            }
            let written = edit.finish().to_bytes();
            let again = IndexFile::read(&written, path).unwrap();
            for (tag, digest) in named {
                let entry = again.tag(&tag, path).unwrap();
                prop_assert_eq!(entry.map(|e| e.descriptor.digest.clone()), digest);
            }
            let left: BTreeSet<Digest> = again.roots().map(|e| e.descriptor.digest.clone()).collect();
            prop_assert_eq!(left, digests);
            let text = String::from_utf8(written).unwrap();
            let top = text.starts_with(r#"{"x-top":null,"#);
            let top = top && text.ends_with(r#","annotations":{"z":"y"}}"#);
            prop_assert!(top);
            for n in entries.iter().map(|(n, _)| *n) {
                let unknown = format!(r#"{{"x-unknown":{{"k":[1.0,"\u00e4"]}},"mediaType":"a/b","digest":"{}""#, root(n).digest);
                prop_assert!(text.contains(&unknown));
            }
            let foreign = entries.iter().filter(|(_, name)| *name == 1).count();
            prop_assert_eq!(text.matches("x/y:z").count(), foreign);
        }
    }
}
