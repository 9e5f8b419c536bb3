//! Finding the entries of `index.json` by tag, digest and subject.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::ops::Bound;

use tofu_oci_types::oci::{Digest, Tag};

use super::entries::Entry;

/// Where in the list entries lie that have something in common: ascending, at least one.
#[derive(Debug, Clone)]
enum Slots {
    One(usize),
    Many(Vec<usize>),
}

impl Slots {
    fn as_slice(&self) -> &[usize] {
        match self {
            Self::One(slot) => std::slice::from_ref(slot),
            Self::Many(slots) => slots,
        }
    }

    fn add(&mut self, slot: usize) {
        if let Self::One(first) = self {
            *self = Self::Many(vec![*first]);
        }
        if let Self::Many(slots) = self
            && let Err(at) = slots.binary_search(&slot)
        {
            slots.insert(at, slot);
        }
    }

    /// What is left without `slot`.
    fn without(&self, slot: usize) -> Option<Self> {
        let left = self.as_slice().iter().copied().filter(|s| *s != slot);
        match left.collect::<Vec<_>>().as_slice() {
            [] => None,
            [one] => Some(Self::One(*one)),
            many => Some(Self::Many(many.to_vec())),
        }
    }
}

/// What the entries of an index are found by. It is kept up to date while the index changes, so that neither a
/// change nor a question looks at all of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Lookup {
    tags: BTreeMap<Tag, Slots>,
    digests: HashMap<Digest, Slots>,
    /// By the hint of the entries.
    subjects: HashMap<Digest, Slots>,
    /// The entries without a hint.
    unhinted: BTreeSet<usize>,
}

impl Lookup {
    /// Takes note of an entry.
    pub(super) fn add(&mut self, slot: usize, entry: &Entry) {
        if let Some(tag) = entry.tag() {
            let slots = self.tags.entry(tag.clone());
            slots
                .and_modify(|slots| slots.add(slot))
                .or_insert(Slots::One(slot));
        }
        insert(&mut self.digests, &entry.descriptor.digest, slot);
        match &entry.subjects {
            Some(subjects) => {
                for subject in subjects {
                    insert(&mut self.subjects, subject, slot);
                }
            }
            None => {
                self.unhinted.insert(slot);
            }
        }
    }

    /// Forgets an entry.
    pub(super) fn remove(&mut self, slot: usize, entry: &Entry) {
        if let Some(tag) = entry.tag()
            && let Some(slots) = self.tags.get_mut(tag)
        {
            match slots.without(slot) {
                Some(left) => *slots = left,
                None => drop(self.tags.remove(tag)),
            }
        }
        take(&mut self.digests, &entry.descriptor.digest, slot);
        for subject in entry.subjects.iter().flatten() {
            take(&mut self.subjects, subject, slot);
        }
        self.unhinted.remove(&slot);
    }

    /// The entries that a tag names.
    pub(super) fn tag(&self, tag: &Tag) -> &[usize] {
        self.tags.get(tag).map_or(&[], Slots::as_slice)
    }

    /// The entries of a digest.
    pub(super) fn digest(&self, digest: &Digest) -> &[usize] {
        self.digests.get(digest).map_or(&[], Slots::as_slice)
    }

    /// The entries that name `subject` in their hint, and those without one.
    pub(super) fn referring(&self, subject: &Digest) -> impl Iterator<Item = usize> {
        let hinted = self.subjects.get(subject).map_or(&[][..], Slots::as_slice);
        hinted.iter().chain(&self.unhinted).copied()
    }

    /// All tags, sorted by bytes.
    pub(super) fn tags(&self) -> impl Iterator<Item = &Tag> {
        self.tags.keys()
    }

    /// The tags after `after`, sorted by bytes.
    pub(super) fn tags_after(&self, after: Option<&Tag>) -> impl Iterator<Item = &Tag> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let tags = self.tags.range::<Tag, _>((start, Bound::Unbounded));
        tags.map(|(tag, _)| tag)
    }
}

fn insert<K: Clone + Eq + Hash>(map: &mut HashMap<K, Slots>, key: &K, slot: usize) {
    match map.get_mut(key) {
        Some(slots) => slots.add(slot),
        None => drop(map.insert(key.clone(), Slots::One(slot))),
    }
}

fn take<K: Eq + Hash>(map: &mut HashMap<K, Slots>, key: &K, slot: usize) {
    let Some(slots) = map.get_mut(key) else {
        return;
    };
    match slots.without(slot) {
        Some(left) => *slots = left,
        None => drop(map.remove(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_stay_sorted_and_know_when_they_are_empty() {
        let mut slots = Slots::One(3);
        slots.add(5);
        slots.add(1);
        slots.add(3);
        assert_eq!(slots.as_slice(), [1, 3, 5]);
        let slots = slots.without(3).unwrap();
        assert_eq!(slots.as_slice(), [1, 5]);
        let slots = slots.without(5).unwrap();
        assert_eq!(slots.as_slice(), [1]);
        assert!(slots.without(2).is_some());
        assert!(slots.without(1).is_none());
    }
}
