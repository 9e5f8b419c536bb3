//! Files of a directory, to compare and to copy.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The files below a directory: their paths with slashes, and their contents.
pub(crate) type Tree = BTreeMap<String, Vec<u8>>;

/// Reads all files below `dir`; nothing when there is none.
pub(crate) fn read(dir: &Path) -> Tree {
    let mut tree = Tree::new();
    walk(dir, "", &mut tree);
    tree
}

fn walk(dir: &Path, prefix: &str, tree: &mut Tree) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    for entry in entries {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            walk(&entry.path(), &format!("{name}/"), tree);
        } else {
            tree.insert(name, fs::read(entry.path()).unwrap());
        }
    }
}

/// The part of a tree that a unit names.
pub(crate) fn part<'a>(tree: &'a Tree, unit: &str) -> Vec<(&'a String, &'a Vec<u8>)> {
    let is_dir = unit.ends_with('/');
    tree.iter()
        .filter(|(name, _)| {
            if is_dir {
                name.starts_with(unit)
            } else {
                *name == unit
            }
        })
        .collect()
}

/// Copies a directory with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
