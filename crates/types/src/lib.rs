//! The words of tofu-oci: OCI content ([`oci`]), OpenTofu names and documents ([`tofu`]), and the
//! mapping between the two ([`artifact`]).
//!
//! Everything here is pure: bytes and text in, values out. Nothing reads a file, a clock or an
//! environment, and nothing waits.

pub mod artifact;
mod error;
pub mod oci;
pub mod tofu;

pub use error::{Noun, ParseError};
