//! A directory with an unpacked package.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use tofu_oci_store::files::{EntryKind, FileState, Files, Ownership};
use tofu_oci_trust::h1::H1Builder;
use tofu_oci_trust::zip::{ZipLimits, is_file_name};
use tofu_oci_types::oci::Hasher;
use tofu_oci_types::tofu::PackageHash;

/// How many files and directories a tree may have; packages have a handful.
const ENTRIES: usize = 100_000;

/// How many bytes are read at once.
pub(super) const CHUNK: usize = 256 * 1024;

/// The files of a tree and their states, as they were looked at without opening one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tree {
    root: PathBuf,
    files: BTreeMap<String, FileState>,
    dirs: Vec<String>,
    ownership: Ownership,
}

impl Tree {
    /// Looks at the tree at `root`, which may be no link.
    ///
    /// Refuses what no package contains: links, pipes, names that the policy for zips refuses.
    pub(crate) fn look(files: &Files, root: &Path) -> io::Result<Self> {
        let mut tree = Self {
            root: root.to_owned(),
            files: BTreeMap::new(),
            dirs: Vec::new(),
            ownership: Ownership::Ours,
        };
        let mut open = vec![String::new()];
        while let Some(prefix) = open.pop() {
            // A slash at the end would follow a link.
            let dir = match prefix.strip_suffix('/') {
                Some(below) => root.join(below),
                None => root.to_owned(),
            };
            let metadata = files.metadata(&dir)?;
            let metadata = metadata.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
            if !metadata.is_dir() {
                return Err(strange("there is a file or a link in place of a directory"));
            }
            tree.ownership = tree.ownership.max(Ownership::of(&metadata));
            for entry in files.read_dir(&dir)? {
                let name = entry.name.to_str().map(|name| format!("{prefix}{name}"));
                let name = name.filter(|name| is_file_name(name, &ZipLimits::default()));
                let Some(name) = name else {
                    return Err(strange("a file has a name that is in no package"));
                };
                match entry.kind {
                    EntryKind::Directory => {
                        open.push(format!("{name}/"));
                        tree.dirs.push(name);
                    }
                    EntryKind::File => tree.add(files, name)?,
                    EntryKind::Other => return Err(strange("there is a link or a special file")),
                }
            }
            if tree.dirs.len() + tree.files.len() > ENTRIES {
                return Err(strange("there are too many files"));
            }
        }
        // Each before those in it.
        tree.dirs.sort();
        Ok(tree)
    }

    fn add(&mut self, files: &Files, name: String) -> io::Result<()> {
        let state = files.state(&self.root.join(&name))?;
        let state = state.filter(FileState::is_file).ok_or_else(changed)?;
        if state.lends_rights() {
            return Err(strange(
                "there is a file that runs with the rights of its owner",
            ));
        }
        self.ownership = self.ownership.max(state.ownership());
        self.files.insert(name, state);
        Ok(())
    }

    /// The same tree after its directory was renamed.
    pub(crate) fn moved(self, root: PathBuf) -> Self {
        Self { root, ..self }
    }

    /// Its directory.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Each file by its name, relative, with `/`.
    pub(crate) fn files(&self) -> &BTreeMap<String, FileState> {
        &self.files
    }

    /// The directories in it, each before those in it.
    pub(crate) fn dirs(&self) -> &[String] {
        &self.dirs
    }

    /// Who may change anything in it.
    pub(crate) fn ownership(&self) -> Ownership {
        self.ownership
    }

    /// Bytes of all files.
    pub(crate) fn size(&self) -> u64 {
        self.files.values().map(FileState::length).sum()
    }

    /// Whether it has an executable that clients would run for a provider of type `kind`.
    pub(crate) fn runs(&self, kind: &str) -> bool {
        let prefix = format!("terraform-provider-{kind}");
        self.files.iter().any(|(name, state)| {
            let rest = name.strip_prefix(&prefix);
            let named = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '.']));
            named && !name.contains('/') && state.is_executable()
        })
    }

    /// Reads every file and gives the `h1`.
    ///
    /// # Errors
    ///
    /// Also where a file is not the one any more that was looked at.
    pub(crate) fn hash(&self, files: &Files) -> io::Result<PackageHash> {
        let mut builder = H1Builder::new();
        for (name, state) in &self.files {
            let mut hasher = Hasher::sha256();
            read(files, &self.root.join(name), state, |bytes| {
                hasher.update(bytes);
                Ok(())
            })?;
            builder.add(name, hasher.finish());
        }
        Ok(builder.finish())
    }

    /// Takes the permission to write from everybody else.
    pub(crate) fn protect(&self, files: &Files) -> io::Result<()> {
        files.protect(&self.root)?;
        for name in self.dirs.iter().chain(self.files.keys()) {
            files.protect(&self.root.join(name))?;
        }
        Ok(())
    }
}

/// Reads the file at `path`, which must be and stay the one with this state, and hands its bytes on.
pub(super) fn read(
    files: &Files,
    path: &Path,
    state: &FileState,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = files.open(path)?;
    if files.state_of(&file)? != *state {
        return Err(changed());
    }
    let mut buffer = vec![0; CHUNK];
    loop {
        let length = file.read(&mut buffer)?;
        match buffer.get(..length) {
            None | Some([]) => break,
            Some(bytes) => take(bytes)?,
        }
    }
    match files.state_of(&file)? == *state {
        true => Ok(()),
        false => Err(changed()),
    }
}

/// Something that is no error of the system: the tree is not one of a package.
fn strange(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Somebody was there in between.
pub(super) fn changed() -> io::Error {
    strange("a file changed while it was looked at")
}
