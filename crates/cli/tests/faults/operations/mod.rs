//! The commands that are run while things fail.

mod copy;
mod install;
mod maintain;
mod publish;
mod pull;

use crate::operation::Operation;

/// All of them.
pub(crate) const ALL: &[&dyn Operation] = &[
    &publish::First,
    &publish::Next,
    &publish::Module,
    &copy::Everything,
    &install::First,
    &install::Upgrade,
    &install::Cached,
    &install::Restored,
    &pull::Release,
    &maintain::Gc,
    &maintain::Delete,
];
