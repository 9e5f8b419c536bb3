//! Which names a server on loopback answers to.
//!
//! A page in a browser can let its own name point to `127.0.0.1` and would then be allowed to talk to whatever
//! listens there (DNS rebinding). The browser still says which name it asked for.

use hyper::header::HOST;
use hyper::{HeaderMap, Uri, Version};
use tofu_oci_types::oci::RegistryHost;

use super::tls::TlsName;

/// Which hosts a request may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hosts {
    /// All of them.
    Any,
    /// Those that mean this machine.
    Loopback,
    /// Those, and these.
    Named(Vec<TlsName>),
}

impl Hosts {
    /// Whether the request may be answered.
    pub(super) fn allow(&self, version: Version, uri: &Uri, headers: &HeaderMap) -> bool {
        if *self == Self::Any {
            return true;
        }
        let mut named = headers.get_all(HOST).iter();
        let header = match (named.next(), named.next()) {
            (Some(host), None) => Some(host.to_str().ok()),
            (None, None) => None,
            // Two of them: somebody is playing.
            (_, Some(_)) => return false,
        };
        let authority = uri.authority().map(hyper::http::uri::Authority::as_str);
        match (header, authority) {
            (None, None) => version < Version::HTTP_11,
            (header, authority) => {
                let header = header.is_none_or(|host| host.is_some_and(|h| self.has(h)));
                header && authority.is_none_or(|host| self.has(host))
            }
        }
    }

    /// Whether a host, with or without a port, is one of them.
    fn has(&self, host: &str) -> bool {
        let Ok(host) = host.parse::<RegistryHost>() else {
            return false;
        };
        let name = host.name().parse().ok();
        let named = match self {
            Self::Named(names) => name.is_some_and(|name| names.contains(&name)),
            Self::Any | Self::Loopback => false,
        };
        named || host.is_loopback() || host.name().ends_with(".localhost")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine() {
        let allow = |host: Option<&str>, uri: &str, version| {
            let mut headers = HeaderMap::new();
            if let Some(host) = host {
                headers.insert(HOST, host.parse().unwrap());
            }
            Hosts::Loopback.allow(version, &uri.parse().unwrap(), &headers)
        };
        for host in [
            "localhost",
            "LOCALHOST:5000",
            "127.0.0.1:5000",
            "127.8.8.8",
            "[::1]:5000",
            "registry.localhost:5000",
        ] {
            assert!(allow(Some(host), "/v2/", Version::HTTP_11), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:5000",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "0.0.0.0",
            "",
            "localhost@evil.example",
        ] {
            assert!(!allow(Some(host), "/v2/", Version::HTTP_11), "{host}");
        }
        assert!(!allow(None, "/v2/", Version::HTTP_11));
        assert!(allow(None, "/v2/", Version::HTTP_10));
        assert!(allow(None, "http://localhost:1/v2/", Version::HTTP_2));
        assert!(!allow(None, "http://evil.example/v2/", Version::HTTP_2));
        assert!(!allow(
            Some("localhost"),
            "http://evil.example/v2/",
            Version::HTTP_11
        ));
        let named = Hosts::Named(vec!["registry.test".parse().unwrap()]);
        for (host, allowed) in [
            ("registry.test:5000", true),
            ("Registry.Test", true),
            ("localhost", true),
            ("evil.registry.test", false),
            ("evil.example", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            let found = named.allow(Version::HTTP_11, &"/".parse().unwrap(), &headers);
            assert_eq!(found, allowed, "{host}");
        }
        let any = Hosts::Any;
        assert!(any.allow(Version::HTTP_11, &"/".parse().unwrap(), &HeaderMap::new()));
    }
}
