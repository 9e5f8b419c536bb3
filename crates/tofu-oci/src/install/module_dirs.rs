//! Where the modules of a configuration lie, and the files in them.

use std::collections::HashSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use tofu_oci_store::files::{EntryKind, Files};

/// How large one configuration file may be, in bytes.
const FILE_LIMIT: u64 = 64 * 1024 * 1024;

/// One module's directory.
#[derive(Debug, Clone)]
pub(crate) struct ModuleDir {
    /// As `modules.json` has it: relative to the root module, with forward slashes.
    pub(crate) shown: String,
    /// Where it is read from now: its place, or the staging directory.
    pub(crate) read: PathBuf,
    /// The package that it is part of, as read from: local sources may not leave it.
    pub(crate) package: Option<PathBuf>,
}

impl ModuleDir {
    /// The directory that a local source names, or `None` where it leaves its package.
    pub(crate) fn local(&self, source: &str) -> Option<Self> {
        let read = self.read.join(source);
        if let Some(package) = &self.package
            && !clean(&read).starts_with(clean(package))
        {
            return None;
        }
        Some(Self {
            shown: join_shown(&self.shown, source),
            read,
            package: self.package.clone(),
        })
    }
}

/// Joins as text: forward slashes always, `.` for the root.
pub(crate) fn join_shown(base: &str, below: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(below.split('/')) {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                None | Some(&"..") => parts.push(".."),
                Some(_) => {
                    parts.pop();
                }
            },
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (base.starts_with('/'), joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// The path without `.` and `..`, as text; links are not followed.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if !clean.pop() {
                    clean.push("..");
                }
            }
            other => clean.push(other),
        }
    }
    clean
}

/// The names and contents of the files in `dir` that `wanted` picks; sorted by name. Links are followed, as
/// the clients do; one that leads nowhere is an error when it is wanted.
pub(crate) fn read_files(
    files: &Files,
    dir: &Path,
    wanted: impl Fn(&[&str]) -> Vec<String>,
) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut names = Vec::new();
    let mut linked = HashSet::new();
    for entry in files.read_dir(dir)? {
        let is_directory = match entry.kind {
            EntryKind::File => false,
            EntryKind::Directory => true,
            EntryKind::Other => files
                .canonicalize(&dir.join(&entry.name))
                .and_then(|path| files.metadata(&path))
                .is_ok_and(|metadata| metadata.is_some_and(|metadata| metadata.is_dir())),
        };
        if let (false, Some(name)) = (is_directory, entry.name.to_str()) {
            if entry.kind == EntryKind::Other {
                linked.insert(name.to_owned());
            }
            names.push(name.to_owned());
        }
    }
    names.sort();
    let listed: Vec<&str> = names.iter().map(String::as_str).collect();
    wanted(&listed)
        .into_iter()
        .map(|name| {
            let path = dir.join(&name);
            let bytes = match linked.contains(&name) {
                true => files.read(&files.canonicalize(&path)?, FILE_LIMIT)?,
                false => files.read(&path, FILE_LIMIT)?,
            };
            Ok((name, bytes))
        })
        .collect()
}

/// The one directory below `root` that the subdirectory `pattern` names; it may be a glob.
pub(crate) fn subdirectory(
    files: &Files,
    root: &Path,
    pattern: &str,
) -> io::Result<Result<String, Subdirectory>> {
    let mut found = vec![String::new()];
    for segment in pattern.split('/').filter(|segment| !segment.is_empty()) {
        let mut next = Vec::new();
        for base in &found {
            for name in matching(files, &root.join(base), segment)? {
                next.push(join_shown(base, &name));
            }
        }
        found = next;
    }
    Ok(match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(_), false) => Err(Subdirectory::Several),
        (None, _) => Err(Subdirectory::Absent),
    })
}

/// Why a subdirectory is not one directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subdirectory {
    /// There is none of that name.
    Absent,
    /// The pattern fits several.
    Several,
}

fn matching(files: &Files, dir: &Path, segment: &str) -> io::Result<Vec<String>> {
    let is_glob = segment.contains(['*', '?', '[']);
    let pattern = if is_glob {
        glob::Pattern::new(segment).ok()
    } else {
        None
    };
    let Some(pattern) = pattern else {
        let there = files
            .metadata(&dir.join(segment))?
            .is_some_and(|metadata| metadata.is_dir());
        return Ok(if there {
            vec![segment.to_owned()]
        } else {
            Vec::new()
        });
    };
    let mut names: Vec<String> = files
        .read_dir(dir)?
        .into_iter()
        .filter(|entry| entry.kind == EntryKind::Directory)
        .filter_map(|entry| entry.name.to_str().map(str::to_owned))
        .filter(|name| pattern.matches(name))
        .collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_as_modules_json_has_it() {
        for (base, below, joined) in [
            (".", "./child", "child"),
            ("a", "../b", "b"),
            (".", "../b", "../b"),
            ("../x", "../b", "../b"),
            (
                ".terraform/modules/m",
                "./inner",
                ".terraform/modules/m/inner",
            ),
            ("a", "..", "."),
            ("/abs/a", "../b", "/abs/b"),
        ] {
            assert_eq!(join_shown(base, below), joined, "{base} {below}");
        }
    }

    #[test]
    fn a_local_source_stays_in_its_package() {
        let dir = ModuleDir {
            shown: ".terraform/modules/m/sub".into(),
            read: "/data/new/0/sub".into(),
            package: Some("/data/new/0".into()),
        };
        assert_eq!(
            dir.local("../other").unwrap().shown,
            ".terraform/modules/m/other"
        );
        assert_eq!(dir.local("..").unwrap().shown, ".terraform/modules/m");
        assert!(dir.local("../..").is_none());
        assert!(dir.local("../../1").is_none());
        let root = ModuleDir {
            shown: ".".into(),
            read: "/root".into(),
            package: None,
        };
        assert_eq!(root.local("../beside").unwrap().shown, "../beside");
    }
}
