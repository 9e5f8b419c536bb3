//! `credentials` and `credentials_helper`: tokens for hosts of registries of providers and modules,
//! and of network mirrors. OCI registries never get them.

use std::collections::BTreeMap;

use super::arguments::{Body, Context, Member, Showing, below, inside};
use super::part::{Place, Placed};
use super::{Secret, Variables};
use crate::tofu::Hostname;
use crate::tofu::hcl1::ValueKind;

/// A program that knows tokens: `terraform-credentials-NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialsHelper {
    /// The last part of the program's name.
    pub name: String,
    /// What it is given before the verb and the host.
    pub args: Vec<String>,
}

/// The `credentials` blocks of a file, by their label. A block without a token that is text has
/// nothing to offer.
pub(super) fn read(
    context: &mut Context<'_>,
    all: &[Member<'_>],
) -> BTreeMap<String, Placed<Option<Secret>>> {
    const SUMMARY: &str = "Invalid credentials block";
    let mut found: BTreeMap<String, Placed<Option<Secret>>> = BTreeMap::new();
    for member in below(context, all, "credentials", SUMMARY) {
        let Some((label, body)) = member.split() else {
            continue;
        };
        let place = Place::of(context, &label.span);
        let token = inside(context, SUMMARY, label, &body)
            .iter()
            .filter_map(Member::split)
            .filter(|(key, rest)| key.text == "token" && rest.keys.is_empty())
            .filter_map(|(_, rest)| match &rest.value.kind {
                ValueKind::Text(text) => Some(Secret::new(text.as_str())),
                _ => None,
            })
            .next_back();
        let entry = found
            .entry(label.text.clone())
            .or_insert(Placed { value: None, place });
        entry.value = token.or(entry.value.take());
    }
    found
}

/// The `credentials_helper` blocks of a file, by their label.
pub(super) fn read_helpers(
    context: &mut Context<'_>,
    all: &[Member<'_>],
) -> BTreeMap<String, Placed<CredentialsHelper>> {
    const SUMMARY: &str = "Invalid credentials_helper block";
    let mut found = BTreeMap::new();
    for member in below(context, all, "credentials_helper", SUMMARY) {
        let Some((label, body)) = member.split() else {
            continue;
        };
        let body = Body {
            members: inside(context, SUMMARY, label, &body),
            summary: SUMMARY,
            showing: Showing::Names,
        };
        let args = body.texts(context, "args").unwrap_or_default();
        let helper = CredentialsHelper {
            name: label.text.clone(),
            args: args.into_iter().map(|found| found.value).collect(),
        };
        let place = Place::of(context, &label.span);
        found.insert(
            label.text.clone(),
            Placed {
                value: helper,
                place,
            },
        );
    }
    found
}

/// The tokens in the variables `TF_TOKEN_…`, by host. Two underscores in the rest of the name are a
/// dash, one is a dot, and labels may be punycode, because such names can be set in a shell. Names
/// that are no host say nothing; an empty value is a token, too.
pub(super) fn tokens_of_environment(variables: &Variables) -> BTreeMap<Hostname, Secret> {
    variables
        .with_prefix("TF_TOKEN_")
        .filter_map(|(name, token)| {
            let host = name.replace("__", "-").replace('_', ".");
            let host = Hostname::from_punycode(&host).ok()?;
            Some((host, Secret::new(token)))
        })
        .collect()
}
