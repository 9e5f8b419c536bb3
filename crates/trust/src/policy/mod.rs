//! Which proofs are enough to let a package in.
//!
//! Proofs are collected first and say nothing about belief: a signature counts or it does not, a
//! key came from here or there. A [`Policy`] says whom the user believes and what they ask for, and
//! [`evaluate`] brings the two together: a pure function, the same for installing, for pulling and
//! for a report.
//!
//! | level | somebody said so who |
//! | --- | --- |
//! | `trusted` | has a key that the user named |
//! | `origin` | has a key that the origin registry named |
//! | `self-asserted` | has a key that lay beside the package |
//! | `integrity` | nobody: the bytes are those of the digest that was asked for |

mod evaluate;
mod requirement;
mod verdict;

pub use evaluate::{LockStanding, Subject, evaluate};
pub use requirement::{BadSignatures, OriginKeys, Policies, Policy, ProofKind, Requirement};
pub use verdict::{Level, PolicyWarning, Proof, Refusal, Verdict};

#[cfg(test)]
mod tests;
