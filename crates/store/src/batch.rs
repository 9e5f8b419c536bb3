//! The rules of a batch of manifests, the same for every storage.

use tofu_oci_types::oci::{Descriptor, Digest, Manifest, Tag};

use crate::error::{Result, StoreError};
use crate::place::Place;
use crate::repository::TagRule;

/// What giving a tag comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The tag names this manifest already.
    None,
    /// The tag is new or moves.
    Tag,
}

/// Decides whether `tag`, which names `current`, may be given to `new`. `load` reads a stored manifest.
pub(crate) fn decide(
    place: &Place,
    (tag, rule): &(Tag, TagRule),
    current: Option<&Digest>,
    new: &Manifest,
    load: impl FnOnce(&Digest) -> Result<Manifest>,
) -> Result<Change> {
    let Some(current) = current else {
        return Ok(Change::Tag);
    };
    if current == new.digest() {
        return Ok(Change::None);
    }
    let (place, tag) = (place.clone(), tag.clone());
    let refused = match rule {
        TagRule::Overwrite => return Ok(Change::Tag),
        TagRule::Move { from } if from == current => return Ok(Change::Tag),
        TagRule::Move { from } => StoreError::TagMoved {
            place,
            tag,
            expected: from.clone(),
            current: current.clone(),
        },
        TagRule::Create => StoreError::TagExists {
            place,
            tag,
            current: current.clone(),
        },
        TagRule::Extend if extends(new, &load(current)?) => return Ok(Change::Tag),
        TagRule::Extend => StoreError::NotExtended {
            place,
            tag,
            current: current.clone(),
        },
    };
    Err(refused)
}

/// Whether `new` is an index with every entry of the index `old`, unchanged, and of the same kind.
fn extends(new: &Manifest, old: &Manifest) -> bool {
    match (new.as_index(), old.as_index()) {
        (Some(new), Some(old)) => {
            new.artifact_type == old.artifact_type
                && new.subject == old.subject
                && old
                    .manifests
                    .iter()
                    .all(|entry| new.manifests.contains(entry))
        }
        _ => false,
    }
}

/// Everything that must be there before a manifest is stored: what it lists, without what lies elsewhere by
/// its own word (`urls`), and without its subject.
pub(crate) fn required(manifest: &Manifest) -> impl Iterator<Item = &Descriptor> {
    manifest
        .blobs()
        .into_iter()
        .chain(manifest.child_manifests())
        .filter(|child| child.urls.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Domain, StorageId};
    use tofu_oci_types::oci::{Index, MediaType};

    fn index(entries: &[&str]) -> Manifest {
        Manifest::from_index(&Index {
            manifests: entries
                .iter()
                .map(|e| Descriptor::of(MediaType::IMAGE_MANIFEST, e.as_bytes()))
                .collect(),
            ..Index::default()
        })
    }

    #[test]
    fn rules() {
        let place = Place {
            domain: Domain::Memory(StorageId::new()),
            name: None,
        };
        let (old, more, other) = (index(&["a"]), index(&["b", "a"]), index(&["b"]));
        let moved = |from: &Manifest| TagRule::Move {
            from: from.digest().clone(),
        };
        for (name, rule, current, new, expected) in [
            (
                "create, absent",
                TagRule::Create,
                None,
                &old,
                Some(Change::Tag),
            ),
            (
                "create, same",
                TagRule::Create,
                Some(&old),
                &old,
                Some(Change::None),
            ),
            ("create, other", TagRule::Create, Some(&old), &more, None),
            (
                "move, absent",
                moved(&other),
                None,
                &more,
                Some(Change::Tag),
            ),
            (
                "move, same",
                moved(&other),
                Some(&old),
                &old,
                Some(Change::None),
            ),
            (
                "move, expected",
                moved(&old),
                Some(&old),
                &more,
                Some(Change::Tag),
            ),
            ("move, unexpected", moved(&other), Some(&old), &more, None),
            (
                "extend, absent",
                TagRule::Extend,
                None,
                &more,
                Some(Change::Tag),
            ),
            (
                "extend, superset",
                TagRule::Extend,
                Some(&old),
                &more,
                Some(Change::Tag),
            ),
            ("extend, subset", TagRule::Extend, Some(&more), &old, None),
            ("extend, another", TagRule::Extend, Some(&old), &other, None),
            (
                "overwrite",
                TagRule::Overwrite,
                Some(&old),
                &other,
                Some(Change::Tag),
            ),
        ] {
            let tag = ("1.0.0".parse().unwrap(), rule);
            let decided = decide(&place, &tag, current.map(Manifest::digest), new, |_| {
                Ok(current.unwrap().clone())
            });
            assert_eq!(decided.ok(), expected, "{name}");
        }
    }
}
