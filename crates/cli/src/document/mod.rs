//! The JSON documents that commands print.
//!
//! A document is a promise to scripts: fields are added, never renamed or removed, as long as
//! `version` is 1. Each file has the types of one command's document, a table that describes every
//! field, and an example; the reference is made of them, and a test compares them with each other.

mod cache;
mod cli_config;
mod copy;
mod delete;
mod failure;
mod fsck;
mod gc;
mod install;
mod list;
mod login;
mod logout;
mod progress;
mod publish_module;
mod publish_provider;
mod pull;
mod requirements;
mod show;
mod verify;

use serde::Serialize;

pub(crate) use cache::*;
pub(crate) use cli_config::*;
pub(crate) use copy::*;
pub(crate) use delete::*;
pub(crate) use failure::{ErrorDocument, ErrorFields, WarningDocument, WarningFields};
pub(crate) use fsck::*;
pub(crate) use gc::*;
pub(crate) use install::*;
pub(crate) use list::*;
pub(crate) use login::*;
pub(crate) use logout::*;
pub(crate) use progress::*;
pub(crate) use publish_module::*;
pub(crate) use publish_provider::*;
pub(crate) use pull::*;
pub(crate) use requirements::*;
pub(crate) use show::*;
pub(crate) use verify::*;

/// One field: its path (`release.packages[].size`), its JSON type, what it means.
///
/// Types are those of JSON; `string?` may be absent, `string|null` may be null.
pub(crate) type Field = (&'static str, &'static str, &'static str);

/// A document with its description.
pub(crate) trait Document: Serialize + Sized {
    /// The command that prints it.
    const COMMAND: &'static str;
    /// Every field, in the order in which they are printed.
    const FIELDS: &'static [Field];

    /// A document as it may be printed.
    fn example() -> Self;
}
