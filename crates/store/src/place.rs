//! Where a repository lies.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use tofu_oci_types::oci::{RegistryHost, RepositoryName};

/// Where a repository lies. Within one domain content is mounted or linked instead of sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// What holds it.
    pub domain: Domain,
    /// Its name there; `None` for a directory that is itself one layout, and for staged content.
    pub name: Option<RepositoryName>,
}

/// What holds repositories.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Domain {
    /// A registry.
    Registry(RegistryHost),
    /// A directory of layouts; the path is absolute and has no links.
    Directory(PathBuf),
    /// This process.
    Memory(StorageId),
}

/// Tells one storage in memory from another. Equal only to its clones.
#[derive(Clone, Default)]
pub struct StorageId(Arc<()>);

impl StorageId {
    /// A new identity.
    pub fn new() -> Self {
        Self::default()
    }

    fn address(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }
}

impl PartialEq for StorageId {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for StorageId {}

impl std::hash::Hash for StorageId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.address().hash(state);
    }
}

impl fmt::Debug for StorageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StorageId")
    }
}

/// The form of an address; control characters of a path are escaped.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let divider = match &self.domain {
            Domain::Registry(host) => {
                write!(f, "{host}")?;
                "/"
            }
            Domain::Directory(path) => {
                write!(f, "dir:{}", escaped(path))?;
                "//"
            }
            Domain::Memory(_) => {
                f.write_str("memory")?;
                "//"
            }
        };
        match &self.name {
            Some(name) => write!(f, "{divider}{name}"),
            None => Ok(()),
        }
    }
}

/// A path as text in which control characters cannot reach a terminal.
pub(crate) fn escaped(path: &std::path::Path) -> String {
    path.to_string_lossy()
        .chars()
        .flat_map(|c| {
            let escape = c.is_control().then(|| c.escape_debug());
            let plain = escape.is_none().then_some(c);
            escape.into_iter().flatten().chain(plain)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_address() {
        let name: Option<RepositoryName> = Some("acme/demo".parse().unwrap());
        for (domain, shown) in [
            (
                Domain::Registry("oci.example.net:5000".parse().unwrap()),
                "oci.example.net:5000/acme/demo",
            ),
            (
                Domain::Directory("/x/\u{1b}[31my".into()),
                "dir:/x/\\u{1b}[31my//acme/demo",
            ),
            (Domain::Memory(StorageId::new()), "memory//acme/demo"),
        ] {
            let place = Place {
                domain,
                name: name.clone(),
            };
            assert_eq!(place.to_string(), shown);
        }
    }

    #[test]
    fn storages_in_memory_are_told_apart() {
        let id = StorageId::new();
        assert_eq!(id, id.clone());
        assert_ne!(id, StorageId::new());
    }
}
