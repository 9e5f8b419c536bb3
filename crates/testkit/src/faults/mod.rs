//! Faults by chance that can be repeated: everything follows from one number.
//!
//! | what | where it strikes |
//! | --- | --- |
//! | [`Dice::file_faults`] | at operations on files, through [`FaultPlan`](tofu_oci_store::files::faults::FaultPlan) |
//! | [`Dice::wire_faults`] | at connections and the bytes in them, through a [`Wire`] before a registry |
//! | [`Dice::bursts`] | at requests, through the [`Quirks`](crate::Quirks) of a registry |

mod dice;
mod wire;

pub use dice::Dice;
pub use wire::{Wire, WireFault};
