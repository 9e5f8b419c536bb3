//! `registry_protocols`: how patient clients are with registries of providers and modules.

use super::Variables;
use super::arguments::{Body, Context, Showing};
use crate::tofu::hcl1::{Object, ValueKind};

const SUMMARY: &str = "Invalid registry_protocols block";

/// How requests for metadata of provider and module registries are made. OCI registries are not
/// among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegistryProtocols {
    /// How often a request is repeated; at least 1.
    pub retry_count: u32,
    /// How long an answer is waited for, in seconds.
    pub request_timeout_seconds: u32,
}

impl Default for RegistryProtocols {
    fn default() -> Self {
        Self {
            retry_count: 1,
            request_timeout_seconds: 10,
        }
    }
}

/// What one place says about it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PartialProtocols {
    pub(super) retry_count: Option<u32>,
    pub(super) request_timeout_seconds: Option<u32>,
}

impl PartialProtocols {
    /// The defaults, as something that is set.
    pub(super) fn builtin() -> Self {
        let RegistryProtocols {
            retry_count,
            request_timeout_seconds,
        } = RegistryProtocols::default();
        Self {
            retry_count: Some(retry_count),
            request_timeout_seconds: Some(request_timeout_seconds),
        }
    }

    /// What the environment says; values that are no positive number say nothing.
    pub(super) fn of_environment(variables: &Variables) -> Self {
        let positive = |name| {
            let value = variables.get(name)?.parse::<u32>().ok();
            value.filter(|value| *value > 0)
        };
        Self {
            retry_count: positive("TF_REGISTRY_DISCOVERY_RETRY"),
            request_timeout_seconds: positive("TF_REGISTRY_CLIENT_TIMEOUT"),
        }
    }

    /// What is set here, else there.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            retry_count: self.retry_count.or(other.retry_count),
            request_timeout_seconds: self
                .request_timeout_seconds
                .or(other.request_timeout_seconds),
        }
    }

    /// With the defaults for what is not set.
    pub(super) fn complete(self) -> RegistryProtocols {
        let default = RegistryProtocols::default();
        RegistryProtocols {
            // Clients make of 0 what they make of 1.
            retry_count: self.retry_count.unwrap_or(default.retry_count).max(1),
            request_timeout_seconds: self
                .request_timeout_seconds
                .unwrap_or(default.request_timeout_seconds),
        }
    }
}

/// The one block of a file.
pub(super) fn read(context: &mut Context<'_>, root: &Object) -> PartialProtocols {
    let mut found: Option<PartialProtocols> = None;
    for item in root
        .items
        .iter()
        .filter(|item| item.name() == "registry_protocols")
    {
        let name = item.name_span();
        if found.is_some() {
            let detail = "there is one in this file already";
            context.report("Duplicate registry_protocols block", detail, &name);
            continue;
        }
        let ValueKind::Object(object) = &item.value.kind else {
            context.report(SUMMARY, "a brace must follow the name", &name);
            continue;
        };
        let body = Body::new(object, SUMMARY, Showing::Values);
        found = Some(PartialProtocols {
            retry_count: body.count(context, "retry_count").map(|f| f.value),
            request_timeout_seconds: body
                .count(context, "request_timeout_seconds")
                .map(|f| f.value),
        });
    }
    found.unwrap_or_default()
}
