//! Where a manifest lives in a registry: `host/name[:tag][@digest]`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{Digest, RepositoryName, Tag, TagOrDigest};
use crate::{Noun, ParseError};

/// The host of a registry: a domain name or an IP address, with an optional port.
///
/// Kept as written, lower-cased: clients compare hosts as text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegistryHost(Arc<str>);

impl RegistryHost {
    /// `host` or `host:port`; IPv6 addresses in brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without the port and without brackets.
    pub fn name(&self) -> &str {
        let text = &*self.0;
        if let Some(rest) = text.strip_prefix('[') {
            return rest.split(']').next().unwrap_or_default();
        }
        text.split(':').next().unwrap_or_default()
    }

    /// The port, where one is written.
    pub fn port(&self) -> Option<u16> {
        let after = self.0.rsplit(']').next().unwrap_or_default();
        after
            .split_once(':')
            .and_then(|(_, port)| port.parse().ok())
    }

    /// Whether the name itself says loopback: `localhost`, `127.0.0.0/8`, `::1`.
    pub fn is_loopback(&self) -> bool {
        let name = self.name();
        name == "localhost"
            || name
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for RegistryHost {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |reason: &'static str| ParseError::new(Noun::RegistryHost, text, reason);
        if text.contains("://") {
            return Err(refuse("a host is written without a scheme"));
        }
        if text.contains('@') {
            return Err(refuse("user information is not allowed"));
        }
        let (name, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, after) = rest
                .split_once(']')
                .ok_or_else(|| refuse("the bracket is not closed"))?;
            address
                .parse::<std::net::Ipv6Addr>()
                .map_err(|_| refuse("the text in brackets is not an IPv6 address"))?;
            let port = match after.strip_prefix(':') {
                Some(port) => Some(port),
                None if after.is_empty() => None,
                None => return Err(refuse("only a port may follow the bracket")),
            };
            (None, port)
        } else {
            match text.split_once(':') {
                Some((name, port)) => (Some(name), Some(port)),
                None => (Some(text), None),
            }
        };
        if let Some(name) = name {
            let label = |label: &str| {
                !label.is_empty()
                    && label.len() <= 63
                    && label
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                    && !label.starts_with('-')
                    && !label.ends_with('-')
            };
            if name.is_empty() || name.len() > 253 || !name.split('.').all(label) {
                return Err(refuse("the name is not a domain name or an IP address"));
            }
        }
        if let Some(port) = port {
            let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
            if !digits || port.parse::<u16>().is_err() {
                return Err(refuse("the port is not a number up to 65535"));
            }
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }
}

impl fmt::Display for RegistryHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RegistryHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A repository in a registry, and perhaps one manifest of it.
///
/// The first part is always a host. Where tag and digest are both given, the digest decides.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    /// The registry.
    pub host: RegistryHost,
    /// The repository.
    pub name: RepositoryName,
    /// The tag.
    pub tag: Option<Tag>,
    /// The digest.
    pub digest: Option<Digest>,
}

impl Reference {
    /// What to ask for: the digest, else the tag.
    pub fn at(&self) -> Option<TagOrDigest> {
        at(self.tag.as_ref(), self.digest.as_ref())
    }
}

pub(super) fn at(tag: Option<&Tag>, digest: Option<&Digest>) -> Option<TagOrDigest> {
    match (digest, tag) {
        (Some(digest), _) => Some(digest.clone().into()),
        (None, Some(tag)) => Some(tag.clone().into()),
        (None, None) => None,
    }
}

/// Splits `[:tag][@digest]` off; a colon begins a tag only after the last of `separators`.
pub(super) fn split_suffix<'a>(
    text: &'a str,
    separators: &[char],
) -> Result<(&'a str, Option<Tag>, Option<Digest>), ParseError> {
    let (rest, digest) = match text.rsplit_once('@') {
        // A digest has a colon and no separator; an `@` elsewhere belongs to a path.
        Some((rest, digest)) if digest.contains(':') && !digest.contains(separators) => {
            (rest, Some(digest.parse()?))
        }
        _ => (text, None),
    };
    let last = rest.rfind(separators).map_or(0, |position| position + 1);
    let tail = rest.get(last..).unwrap_or_default();
    match tail.find(':') {
        Some(colon) => {
            let (head, tag) = rest.split_at(last + colon);
            let tag = tag.get(1..).unwrap_or_default().parse()?;
            Ok((head, Some(tag), digest))
        }
        None => Ok((rest, None, digest)),
    }
}

impl FromStr for Reference {
    type Err = ParseError;

    /// Reads `host/name[:tag][@digest]`; an `oci://` prefix is accepted and dropped.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |reason: &'static str| ParseError::new(Noun::Reference, text, reason);
        let plain = text.strip_prefix("oci://").unwrap_or(text);
        let (host, rest) = plain
            .split_once('/')
            .ok_or_else(|| refuse("the form is HOST/NAME, with an optional :TAG and @DIGEST"))?;
        let host: RegistryHost = host.parse()?;
        let (name, tag, digest) = split_suffix(rest, &['/'])?;
        let name: RepositoryName = name.parse()?;
        if host.as_str().len() + 1 + name.as_str().len() > 255 {
            return Err(refuse(
                "host and name together are longer than 255 characters",
            ));
        }
        Ok(Self {
            host,
            name,
            tag,
            digest,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.name)?;
        write_suffix(f, self.tag.as_ref(), self.digest.as_ref())
    }
}

pub(super) fn write_suffix(
    f: &mut fmt::Formatter<'_>,
    tag: Option<&Tag>,
    digest: Option<&Digest>,
) -> fmt::Result {
    if let Some(tag) = tag {
        write!(f, ":{tag}")?;
    }
    if let Some(digest) = digest {
        write!(f, "@{digest}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    #[test]
    fn reads_and_prints() {
        for text in [
            "example.com/acme/demo",
            "localhost:5000/demo:1.2.3",
            "[::1]:5000/x",
            "127.0.0.1/x:latest",
            "library/x",
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
        let both = format!("h:1/a/b:1.0@{DIGEST}");
        let reference: Reference = format!("oci://{both}").parse().unwrap();
        assert_eq!(reference.to_string(), both);
        assert_eq!(reference.at().unwrap().to_string(), DIGEST);
        assert_eq!(
            "H.Example/x".parse::<Reference>().unwrap().host.as_str(),
            "h.example"
        );
    }

    #[test]
    fn refuses() {
        for text in [
            "",
            "demo",
            "example.com",
            "https://example.com/x",
            "user:secret@example.com/x",
            "example.com/X",
            "example.com/x:",
            "example.com/x@sha256:00",
            "example.com/x:a:b",
            "example.com:99999/x",
            "[::1/x",
            "exa mple/x",
            "-a.com/x",
            "example.com/x/",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text:?}");
        }
        let long = format!("example.com/{}", "a".repeat(250));
        assert!(long.parse::<Reference>().is_err());
    }

    #[test]
    fn hosts_know_their_parts() {
        let host: RegistryHost = "[::1]:5000".parse().unwrap();
        assert_eq!(
            (host.name(), host.port(), host.is_loopback()),
            ("::1", Some(5000), true)
        );
        let host: RegistryHost = "example.com".parse().unwrap();
        assert_eq!(
            (host.name(), host.port(), host.is_loopback()),
            ("example.com", None, false)
        );
        assert!(
            "127.9.9.9:80"
                .parse::<RegistryHost>()
                .unwrap()
                .is_loopback()
        );
    }
}
