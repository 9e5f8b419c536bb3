//! The HTTP clients. Made when the first request needs one: reading the system's certificates takes a while.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::OnceLock;

use reqwest::{Certificate, Client, ClientBuilder, Identity, NoProxy, Proxy};
use secrecy::ExposeSecret as _;

use super::error::RemoteError;
use super::options::RemoteOptions;

/// What `localhost` means; the port is that of the URL.
const LOOPBACK: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0),
];

/// Which connections a request takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Many small requests, together on few connections: HTTP/2 where the registry speaks it.
    Small,
    /// One large body, on a connection of its own: HTTP/1.1, which moves more bytes a second over TLS.
    Bulk,
}

/// Bodies of at least as many bytes travel alone.
pub(super) const BULK: u64 = 8 * 1024 * 1024;

impl Lane {
    /// The lane for a body of as many bytes.
    pub(super) fn of(length: u64) -> Self {
        match length >= BULK {
            true => Self::Bulk,
            false => Self::Small,
        }
    }
}

/// The clients, each made once.
#[derive(Debug, Default)]
pub(super) struct Clients {
    small: OnceLock<Client>,
    bulk: OnceLock<Client>,
}

impl Clients {
    /// The client of a lane.
    pub(super) fn get(&self, lane: Lane, options: &RemoteOptions) -> Result<Client, RemoteError> {
        let slot = match lane {
            Lane::Small => &self.small,
            Lane::Bulk => &self.bulk,
        };
        if let Some(client) = slot.get() {
            return Ok(client.clone());
        }
        let client = build(lane, options)?;
        Ok(slot.get_or_init(|| client).clone())
    }
}

fn build(lane: Lane, options: &RemoteOptions) -> Result<Client, RemoteError> {
    const WINDOW: u32 = 4 * 1024 * 1024;
    // The time limit of the library for reading runs while a body is still being sent: ours are in `exchange`.
    let mut builder = Client::builder()
        .user_agent(&options.user_agent)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(options.timeouts.connect)
        .pool_max_idle_per_host(options.requests.get())
        .tcp_nodelay(true)
        // Plain HTTP may be spoken to loopback, so this name means loopback, whatever a resolver says.
        .resolve_to_addrs("localhost", &LOOPBACK)
        .retry(reqwest::retry::never());
    builder = match lane {
        Lane::Bulk => builder.http1_only(),
        Lane::Small => builder
            .http2_initial_stream_window_size(WINDOW)
            .http2_initial_connection_window_size(WINDOW * 2),
    };
    builder = certificates(builder, options)?;
    builder = proxies(builder, options)?;
    builder.build().map_err(|error| RemoteError::Configuration {
        what: "the TLS configuration".to_owned(),
        reason: root_cause(&error),
    })
}

fn certificates(
    mut builder: ClientBuilder,
    options: &RemoteOptions,
) -> Result<ClientBuilder, RemoteError> {
    let refuse = |name: &str, reason: String| RemoteError::Configuration {
        what: format!("the certificate file `{name}`"),
        reason,
    };
    for pem in &options.certificates {
        let found = Certificate::from_pem_bundle(&pem.content)
            .map_err(|error| refuse(&pem.name, root_cause(&error)))?;
        if found.is_empty() {
            return Err(refuse(
                &pem.name,
                "it holds no certificate in PEM form".to_owned(),
            ));
        }
        builder = builder.tls_certs_merge(found);
    }
    if let Some(pem) = &options.identity {
        let identity = Identity::from_pem(&pem.content).map_err(|_| {
            let reason = "it holds no certificate with its key, both in PEM form";
            refuse(&pem.name, reason.to_owned())
        })?;
        builder = builder.identity(identity);
    }
    Ok(builder)
}

fn proxies(builder: ClientBuilder, options: &RemoteOptions) -> Result<ClientBuilder, RemoteError> {
    // The environment is the caller's business.
    let mut builder = builder.no_proxy();
    let except = format!(
        "localhost,127.0.0.0/8,::1,{}",
        options.proxies.except.as_deref().unwrap_or_default()
    );
    type Make = fn(&str) -> reqwest::Result<Proxy>;
    for (url, make) in [
        (&options.proxies.https, (|url| Proxy::https(url)) as Make),
        (&options.proxies.http, |url| Proxy::http(url)),
    ] {
        let Some(url) = url else { continue };
        let proxy = make(url.expose_secret()).map_err(|_| RemoteError::Configuration {
            what: "the proxy".to_owned(),
            reason: "its address is no URL".to_owned(),
        })?;
        builder = builder.proxy(proxy.no_proxy(NoProxy::from_string(&except)));
    }
    Ok(builder)
}

/// The innermost cause, which says the most.
pub(super) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    super::answer::clean(&cause.to_string(), 512)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::options::{Pem, Proxies};

    fn refusal(options: &RemoteOptions) -> String {
        build(Lane::Small, options).unwrap_err().to_string()
    }

    #[test]
    fn bad_files_and_proxies_are_told() {
        let pem = |text: &str| Pem {
            name: "ca.pem".to_owned(),
            content: text.as_bytes().into(),
        };
        let empty = RemoteOptions {
            certificates: vec![pem("nothing")],
            ..RemoteOptions::default()
        };
        assert_eq!(
            refusal(&empty),
            "the certificate file `ca.pem` cannot be used: it holds no certificate in PEM form"
        );
        let identity = RemoteOptions {
            identity: Some(pem("nothing")),
            ..RemoteOptions::default()
        };
        assert!(refusal(&identity).starts_with("the certificate file `ca.pem`"));
        let proxy = RemoteOptions {
            proxies: Proxies {
                https: Some("http://u:hunter2@[".to_owned().into()),
                ..Proxies::default()
            },
            ..RemoteOptions::default()
        };
        assert!(!refusal(&proxy).contains("hunter2"));
    }
}
