//! `host` blocks: services of a host that are not looked up over the network.

use std::collections::BTreeMap;

use super::arguments::{Context, Member, below, inside, text};
use super::part::{Place, Placed};

const SUMMARY: &str = "Invalid host block";

/// The services of a host, instead of what the host itself would say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostServices {
    /// By their identifier, such as `providers.v1` and `modules.v1`.
    pub services: BTreeMap<String, ServiceLocation>,
}

/// Where a service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceLocation {
    /// At a URL, which may be relative to that of the host.
    Url(String),
    /// Somewhere that takes more than a URL to say, as for `login.v1`. Services of providers and
    /// modules are never of this kind, so nothing of it is kept.
    Settings,
}

/// The blocks of a file, by their label.
pub(super) fn read(
    context: &mut Context<'_>,
    all: &[Member<'_>],
) -> BTreeMap<String, Placed<HostServices>> {
    let mut hosts: BTreeMap<String, Placed<HostServices>> = BTreeMap::new();
    for member in below(context, all, "host", SUMMARY) {
        let Some((label, body)) = member.split() else {
            continue;
        };
        let host = hosts.entry(label.text.clone()).or_insert_with(|| Placed {
            value: HostServices::default(),
            place: Place::of(context, &label.span),
        });
        let inside = inside(context, SUMMARY, label, &body);
        for service in below(context, &inside, "services", SUMMARY) {
            let Some((id, rest)) = service.split() else {
                continue;
            };
            let location = match text(rest.value) {
                Some(url) if rest.keys.is_empty() => ServiceLocation::Url(url),
                _ => ServiceLocation::Settings,
            };
            host.value.services.insert(id.text.clone(), location);
        }
    }
    hosts
}
