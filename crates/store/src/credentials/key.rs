//! What credentials are kept under: `host`, `host/path/prefix`, and what Docker made of that over the years.

use tofu_oci_types::oci::{RegistryHost, RepositoryName};

/// How closely something fits a repository; the closest fit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Specificity {
    /// It fits every registry.
    Global,
    /// It is for the registry.
    Host,
    /// It is for the first so many components of the repository's name.
    Path(usize),
}

/// A registry that answers to several hosts, all of one owner.
struct Alias {
    hosts: &'static [&'static str],
    /// What Docker keeps its credentials under.
    kept_as: &'static str,
}

/// The first host of each stands for all of them.
const ALIASES: [Alias; 1] = [Alias {
    hosts: &["docker.io", "index.docker.io", "registry-1.docker.io"],
    kept_as: "https://index.docker.io/v1/",
}];

fn alias(host: &str) -> Option<&'static Alias> {
    ALIASES.iter().find(|alias| alias.hosts.contains(&host))
}

/// The host that stands for the registry.
pub(super) fn registry(host: &RegistryHost) -> &str {
    let alias = alias(host.as_str()).and_then(|alias| alias.hosts.first());
    alias.copied().unwrap_or(host.as_str())
}

/// What the credential of a registry is written under.
pub(super) fn written_as(host: &RegistryHost) -> String {
    let alias = alias(host.as_str()).map(|alias| alias.kept_as);
    alias.unwrap_or(host.as_str()).to_owned()
}

/// What a helper is asked for, in this order. Helpers compare the text that was stored: Docker and Podman store
/// the bare host, others a URL.
pub(super) fn asked_as(host: &RegistryHost) -> Vec<String> {
    match alias(host.as_str()) {
        Some(alias) => {
            let hosts = alias.hosts.iter().map(|&host| host.to_owned());
            std::iter::once(alias.kept_as.to_owned())
                .chain(hosts)
                .collect()
        }
        None => vec![host.to_string(), format!("https://{host}")],
    }
}

/// A key of `auths` or `credHelpers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    host: RegistryHost,
    path: Option<RepositoryName>,
}

impl Key {
    /// Reads a key; `None` for what is no registry, which then matches nothing.
    ///
    /// Of a URL only the host counts, because Docker wrote API paths there and never repositories.
    pub(super) fn read(text: &str) -> Option<Self> {
        let url = ["https://", "http://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        let (host, path) = match url.unwrap_or(text).split_once('/') {
            Some((host, path)) => (host, path.trim_end_matches('/')),
            None => (url.unwrap_or(text), ""),
        };
        let host: RegistryHost = host.parse().ok()?;
        let api = alias(host.as_str()).is_some() && matches!(path, "v1" | "v2");
        let path = match path {
            "" => None,
            _ if url.is_some() || api => None,
            path => Some(path.parse().ok()?),
        };
        Some(Self { host, path })
    }

    /// Whether the key is for the whole registry of `host`.
    pub(super) fn is_for_registry(&self, host: &RegistryHost) -> bool {
        self.path.is_none() && self.is_in_registry(host)
    }

    /// Whether the key is for the registry of `host` or a part of it.
    pub(super) fn is_in_registry(&self, host: &RegistryHost) -> bool {
        registry(&self.host) == registry(host)
    }

    /// How closely the key fits a repository, or the registry itself; whole components are compared.
    pub(super) fn fit(
        &self,
        host: &RegistryHost,
        name: Option<&RepositoryName>,
    ) -> Option<Specificity> {
        if !self.is_in_registry(host) {
            return None;
        }
        fit_path(self.path.as_ref(), name)
    }
}

/// How closely a prefix fits a name in the same registry.
pub(super) fn fit_path(
    prefix: Option<&RepositoryName>,
    name: Option<&RepositoryName>,
) -> Option<Specificity> {
    let Some(prefix) = prefix else {
        return Some(Specificity::Host);
    };
    let mut components = name?.components();
    let mut length = 0;
    for component in prefix.components() {
        if components.next() != Some(component) {
            return None;
        }
        length += 1;
    }
    Some(Specificity::Path(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(key: &str, repository: &str) -> Option<Specificity> {
        let (host, name) = match repository.split_once('/') {
            Some((host, name)) => (host, Some(name.parse().unwrap())),
            None => (repository, None),
        };
        Key::read(key)?.fit(&host.parse().unwrap(), name.as_ref())
    }

    #[test]
    fn prefixes_fit_whole_components() {
        use Specificity::{Host, Path};
        for (key, repository, expected) in [
            ("example.net", "example.net/foo", Some(Host)),
            ("example.net/foo", "example.net/foo", Some(Path(1))),
            ("example.net/foo", "example.net/foo/bar", Some(Path(1))),
            ("example.net/foo/bar", "example.net/foo", None),
            ("example.net/foo/bar", "example.net/foo/bar", Some(Path(2))),
            (
                "example.net/foo/bar",
                "example.net/foo/bar/baz",
                Some(Path(2)),
            ),
            ("example.net/foo/not-bar", "example.net/foo/bar", None),
            ("example.net/not-foo", "example.net/foo/bar", None),
            ("example.net/fo", "example.net/foo", None),
            ("example.net/foo/", "example.net/foo/bar", Some(Path(1))),
            ("example.net/foo", "example.net", None),
            ("example.net", "example.net", Some(Host)),
            ("example.net", "example.net:5000/foo", None),
            ("example.net:5000", "example.net/foo", None),
            ("example.net", "example.net.evil.example/foo", None),
            ("example.net", "sub.example.net/foo", None),
            ("EXAMPLE.net", "example.net/foo", Some(Host)),
        ] {
            assert_eq!(fit(key, repository), expected, "{key} for {repository}");
        }
    }

    #[test]
    fn of_urls_the_host_counts() {
        for key in [
            "https://example.net",
            "https://example.net/",
            "http://example.net",
            "https://example.net/v1/",
            "https://example.net/v2/team",
        ] {
            assert_eq!(
                fit(key, "example.net/foo"),
                Some(Specificity::Host),
                "{key}"
            );
        }
        for key in [
            "",
            "/",
            "https://",
            "https:///x",
            "ftp://example.net",
            "https://user@example.net",
            "user:password@example.net",
            "example.net/Foo",
            "example.net/../foo",
            "example.net//foo",
            "\u{1b}[0m",
        ] {
            assert_eq!(Key::read(key), None, "{key:?}");
        }
    }

    #[test]
    fn docker_hub_has_several_names() {
        let hosts = ["docker.io", "index.docker.io", "registry-1.docker.io"];
        for key in [
            "docker.io",
            "index.docker.io",
            "registry-1.docker.io",
            "https://index.docker.io/v1/",
            "index.docker.io/v1/",
            "https://registry-1.docker.io/v2/",
        ] {
            for host in hosts {
                let repository = format!("{host}/acme/demo");
                assert_eq!(
                    fit(key, &repository),
                    Some(Specificity::Host),
                    "{key} {host}"
                );
            }
            assert_eq!(fit(key, "hub.docker.io/acme/demo"), None, "{key}");
            assert_eq!(fit(key, "example.net/acme/demo"), None, "{key}");
        }
        assert_eq!(
            fit("docker.io/acme", "registry-1.docker.io/acme/demo"),
            Some(Specificity::Path(1))
        );
        // The path of an API is none of a repository elsewhere.
        assert_eq!(fit("example.net/v1/", "example.net/acme"), None);
    }

    #[test]
    fn names_for_helpers_and_files() {
        let host = |text: &str| text.parse::<RegistryHost>().unwrap();
        assert_eq!(
            asked_as(&host("example.net:5000")),
            ["example.net:5000", "https://example.net:5000"]
        );
        assert_eq!(written_as(&host("example.net:5000")), "example.net:5000");
        for hub in ["docker.io", "registry-1.docker.io"] {
            assert_eq!(written_as(&host(hub)), "https://index.docker.io/v1/");
            let asked = asked_as(&host(hub));
            assert_eq!(asked[..2], ["https://index.docker.io/v1/", "docker.io"]);
        }
    }

    #[test]
    fn closer_is_greater() {
        use Specificity::{Global, Host, Path};
        assert!(Global < Host && Host < Path(1) && Path(1) < Path(2));
    }
}
