//! `index.json`, read and rewritten without losing what others put there.

use std::path::Path;
use std::sync::Arc;

use serde_json::value::RawValue;
use tofu_oci_types::oci::json::{self, JsonError};
use tofu_oci_types::oci::{Descriptor, Digest, Tag};

use super::entries::{Entry, Name, RawObject};
use super::lookup::Lookup;
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
    /// The entries, in their order. Only while it is being changed some may be gone.
    slots: Vec<Option<Arc<Entry>>>,
    lookup: Lookup,
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
            .collect::<Result<Vec<_>>>()?;
        Ok(Self::of(top, entries))
    }

    fn of(top: RawObject, entries: Vec<Arc<Entry>>) -> Self {
        let mut lookup = Lookup::default();
        for (slot, entry) in entries.iter().enumerate() {
            lookup.add(slot, entry);
        }
        Self {
            top,
            slots: entries.into_iter().map(Some).collect(),
            lookup,
        }
    }

    fn at(&self, slot: usize) -> Option<&Arc<Entry>> {
        self.slots.get(slot)?.as_ref()
    }

    /// The entry that a tag names.
    pub(super) fn tag(&self, tag: &Tag, path: &Path) -> Result<Option<&Entry>> {
        match self.two_digests(tag) {
            None => Ok(self.first(self.lookup.tag(tag))),
            Some((first, second)) => Err(StoreError::damaged(
                path,
                Damage::Ambiguous {
                    name: tag.clone(),
                    first: first.clone(),
                    second: second.clone(),
                },
            )),
        }
    }

    fn first(&self, slots: &[usize]) -> Option<&Entry> {
        let entry = self.at(*slots.first()?)?;
        Some(entry)
    }

    /// The first two digests that a tag stands for, where it stands for several.
    fn two_digests(&self, tag: &Tag) -> Option<(&Digest, &Digest)> {
        let slots = self.lookup.tag(tag).iter();
        let mut digests = slots.filter_map(|slot| Some(&self.at(*slot)?.descriptor.digest));
        let first = digests.next()?;
        let second = digests.find(|digest| *digest != first)?;
        Some((first, second))
    }

    /// An entry of this digest.
    pub(super) fn root(&self, digest: &Digest) -> Option<&Entry> {
        self.first(self.lookup.digest(digest))
    }

    /// Each digest once, in the order of the file.
    pub(super) fn roots(&self) -> impl Iterator<Item = &Entry> {
        let entries = self.slots.iter().enumerate();
        entries.filter_map(|(slot, entry)| {
            let entry = entry.as_deref()?;
            let first = self.lookup.digest(&entry.descriptor.digest).first();
            (first == Some(&slot)).then_some(entry)
        })
    }

    /// The tags that name this digest.
    pub(super) fn tags_of(&self, digest: &Digest) -> impl Iterator<Item = &Tag> {
        let slots = self.lookup.digest(digest).iter();
        slots.filter_map(|slot| self.at(*slot)?.tag())
    }

    /// Whether an entry gives this digest a name, a tag or another.
    pub(super) fn is_named(&self, digest: &Digest) -> bool {
        let slots = self.lookup.digest(digest).iter();
        let mut entries = slots.filter_map(|slot| self.at(*slot));
        entries.any(|entry| entry.name != Name::None)
    }

    /// The entries below which something may refer to `subject`: those that say so, and those that say nothing.
    pub(super) fn referring(&self, subject: &Digest) -> impl Iterator<Item = &Entry> {
        let slots = self.lookup.referring(subject);
        slots.filter_map(|slot| self.at(slot).map(AsRef::as_ref))
    }

    /// The tags that stand for two digests.
    pub(super) fn ambiguous(&self) -> impl Iterator<Item = (&Tag, &Digest, &Digest)> {
        self.lookup.tags().filter_map(|tag| {
            let (first, second) = self.two_digests(tag)?;
            Some((tag, first, second))
        })
    }

    /// Tags, sorted by bytes. Names that are no tags are not among them.
    pub(super) fn tags_after(&self, after: Option<&Tag>, max: usize) -> Vec<Tag> {
        self.lookup.tags_after(after).take(max).cloned().collect()
    }

    /// The bytes of the file.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let entries = || self.slots.iter().flatten();
        let list: usize = entries().map(|e| e.raw().len() + 1).sum();
        let mut bytes = Vec::with_capacity(list + 256);
        self.top.write(&mut bytes, |bytes, name, value| {
            if name != "manifests" {
                return bytes.extend_from_slice(value.get().as_bytes());
            }
            bytes.push(b'[');
            for (at, entry) in entries().enumerate() {
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
            file: self.clone(),
            changed: false,
        }
    }

    fn push(&mut self, entry: Entry) {
        self.lookup.add(self.slots.len(), &entry);
        self.slots.push(Some(Arc::new(entry)));
    }

    /// Puts another entry, or none, into the place of one. Gives back what was there.
    fn replace(&mut self, slot: usize, entry: Option<Entry>) -> Option<Arc<Entry>> {
        let place = self.slots.get_mut(slot)?;
        let old = std::mem::replace(place, entry.map(Arc::new));
        if let Some(old) = &old {
            self.lookup.remove(slot, old);
        }
        if let Some(new) = place {
            self.lookup.add(slot, new);
        }
        old
    }
}

/// An `index.json` being changed.
pub(super) struct Edit {
    file: IndexFile,
    changed: bool,
}

impl Edit {
    /// Whether anything differs from what was read.
    pub(super) fn is_changed(&self) -> bool {
        self.changed
    }

    /// The digest that a tag names; the first, when there are several.
    pub(super) fn tagged(&self, tag: &Tag) -> Option<&Digest> {
        let found = self.file.first(self.file.lookup.tag(tag));
        found.map(|entry| &entry.descriptor.digest)
    }

    /// Whether there is an entry of this digest.
    pub(super) fn has(&self, digest: &Digest) -> bool {
        self.file.root(digest).is_some()
    }

    /// Adds an entry without a name, unless the digest has one. `subjects` is the hint for referrers.
    pub(super) fn add_root(&mut self, root: &Descriptor, subjects: &[Digest]) -> Result<()> {
        if !self.has(&root.digest) {
            self.file.push(Entry::ours(root, subjects)?);
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
        let slots = self.file.lookup.digest(&root.digest).iter();
        let mut entries = slots.filter_map(|slot| Some((*slot, self.file.at(*slot)?)));
        let nameless = entries.find(|(_, entry)| entry.name == Name::None);
        if let Some((slot, entry)) = nameless {
            // What somebody else wrote into the entry stays.
            let named = entry.named(Some(tag))?;
            self.file.replace(slot, Some(named));
            return Ok(());
        }
        self.file
            .push(Entry::ours(root, subjects)?.named(Some(tag))?);
        Ok(())
    }

    /// Takes a tag away; every manifest that had it keeps an entry. Tells whether anything had it.
    pub(super) fn remove_tag(&mut self, tag: &Tag) -> Result<bool> {
        let slots = self.file.lookup.tag(tag).to_vec();
        for slot in &slots {
            let Some(entry) = self.file.replace(*slot, None) else {
                continue;
            };
            self.changed = true;
            // What somebody else wrote into the entry stays even where the digest has another one.
            let ours = entry.subjects.is_some();
            if !(ours && self.has(&entry.descriptor.digest)) {
                let nameless = entry.named(None)?;
                self.file.replace(*slot, Some(nameless));
            }
        }
        Ok(!slots.is_empty())
    }

    /// Removes every entry of a digest.
    pub(super) fn remove(&mut self, digest: &Digest) {
        for slot in self.file.lookup.digest(digest).to_vec() {
            self.changed |= self.file.replace(slot, None).is_some();
        }
    }

    /// The changed index.
    pub(super) fn finish(self) -> IndexFile {
        if self.file.slots.iter().all(Option::is_some) {
            return self.file;
        }
        IndexFile::of(
            self.file.top,
            self.file.slots.into_iter().flatten().collect(),
        )
    }
}

/// Parses JSON that was checked, or that this module made.
pub(super) fn parse<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, JsonError> {
    Ok(serde_json::from_slice(bytes)?)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

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
