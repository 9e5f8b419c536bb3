//! Where a registry may send us: redirects, upload locations, token endpoints.
//!
//! Whoever controls an answer would like to see our credentials, our packages, or hosts that only we can reach.

use std::net::IpAddr;

use url::{Host, Url};

/// Why we do not go there.
pub(super) type Reason = &'static str;

/// Whether a redirect of a read may be followed. Credentials are dropped where the origin differs.
pub(super) fn check_redirect(from: &Url, to: &Url) -> Result<(), Reason> {
    common(from, to)
}

/// Whether an upload goes on there: on the registry itself only, because content and credential go along.
pub(super) fn check_location(registry: &Url, to: &Url) -> Result<(), Reason> {
    common(registry, to)?;
    if registry.scheme() != to.scheme() {
        return Err("an upload does not change between HTTP and HTTPS");
    }
    if !same_origin(registry, to) {
        return Err("an upload does not go on at another host");
    }
    Ok(())
}

/// Whether tokens may be asked for there.
pub(super) fn check_realm(registry: &Url, realm: &Url) -> Result<(), Reason> {
    common(registry, realm)
}

fn common(from: &Url, to: &Url) -> Result<(), Reason> {
    match (from.scheme(), to.scheme()) {
        (_, "https") | ("http", "http") => {}
        ("https", "http") => return Err("it leads from HTTPS to plain HTTP"),
        _ => return Err("it is neither HTTPS nor HTTP"),
    }
    if !to.username().is_empty() || to.password().is_some() {
        return Err("it has user information");
    }
    if to.host().is_none() {
        return Err("it has no host");
    }
    if is_link_local(to) && to.host() != from.host() {
        return Err("it leads to an address that only this machine's network can mean");
    }
    if is_private(to) && !is_private(from) {
        return Err("it leads from a public host to a private address");
    }
    Ok(())
}

/// Scheme, host and port agree.
pub(super) fn same_origin(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme()
        && a.host() == b.host()
        && a.port_or_known_default() == b.port_or_known_default()
}

/// Whether it is a link-local address, such as that of the service which tells cloud machines their credentials.
fn is_link_local(url: &Url) -> bool {
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => address.to_canonical(),
        Some(Host::Domain(_)) | None => return false,
    };
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// Whether only this machine or its network can mean this address. Names are not looked up.
fn is_private(url: &Url) -> bool {
    let address = match url.host() {
        Some(Host::Domain(name)) => return is_local_name(name),
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => address.to_canonical(),
        None => return false,
    };
    match address {
        IpAddr::V4(v4) => {
            v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    }
}

fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
}

/// A URL for a message: without user information, query and fragment.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // A URL without a host has neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn targets() {
        const PUBLIC: &str = "https://oci.example.com/v2/";
        const LOCAL: &str = "http://127.0.0.1:5000/v2/";
        for (from, to, redirect, location) in [
            (PUBLIC, "https://oci.example.com/x?y", true, true),
            (PUBLIC, "https://oci.example.com:443/x", true, true),
            (PUBLIC, "https://oci.example.com:8443/x", true, false),
            (PUBLIC, "https://store.example.net/x", true, false),
            (PUBLIC, "http://oci.example.com/x", false, false),
            (PUBLIC, "https://u@oci.example.com/x", false, false),
            (PUBLIC, "https://u:p@oci.example.com/x", false, false),
            (PUBLIC, "file:///etc/passwd", false, false),
            (PUBLIC, "https://127.0.0.1/x", false, false),
            (PUBLIC, "https://[::1]/x", false, false),
            (PUBLIC, "https://[::ffff:10.0.0.1]/x", false, false),
            (PUBLIC, "https://169.254.169.254/latest", false, false),
            (PUBLIC, "https://192.168.0.1/", false, false),
            (PUBLIC, "https://[fd00::1]/", false, false),
            (PUBLIC, "https://localhost/", false, false),
            (PUBLIC, "https://a.LocalHost./", false, false),
            (LOCAL, "http://127.0.0.1:5000/x", true, true),
            (LOCAL, "http://127.0.0.1:5001/x", true, false),
            (LOCAL, "https://127.0.0.1:5000/x", true, false),
            (LOCAL, "https://store.example.net/x", true, false),
            (LOCAL, "http://169.254.169.254/latest", false, false),
            (LOCAL, "http://[::ffff:169.254.169.254]/", false, false),
            (LOCAL, "http://[fe80::1]/", false, false),
            ("http://169.254.1.1/v2/", "http://169.254.1.1/x", true, true),
        ] {
            let (from, to) = (url(from), url(to));
            assert_eq!(check_redirect(&from, &to).is_ok(), redirect, "{from} {to}");
            assert_eq!(check_realm(&from, &to).is_ok(), redirect, "{from} {to}");
            assert_eq!(check_location(&from, &to).is_ok(), location, "{from} {to}");
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        assert_eq!(
            shown(&url("https://u:p@h.example/a/b?sig=secret#f")),
            "https://h.example/a/b"
        );
    }
}
