//! Hundreds of runs in which files, connections and registries fail, and what must hold after each of them.
//!
//! A number is a schedule: it decides what is run, and what goes wrong at which operation. After the run that was
//! disturbed the world is looked at ([`invariants`]), then the same is run again without faults.
//!
//! | variable | means |
//! | --- | --- |
//! | `TOFU_OCI_FAULT_SCHEDULES` | how many schedules are run, instead of [`SCHEDULES`] |
//! | `TOFU_OCI_FAULT_SEED` | the one schedule that is run, which tells what it does |
//!
//! To add an operation: an [`Operation`](operation::Operation) in a file of [`operations`], and a line in
//! [`operations::ALL`].
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs
)]

mod invariants;
mod operation;
mod operations;
mod registry;
mod schedule;
mod tree;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use schedule::{Reference, Schedule};

/// How many schedules are run when nothing else is said.
const SCHEDULES: u64 = 400;

#[test]
fn nothing_is_lost_whatever_fails() {
    let references: Vec<Reference> = operations::ALL
        .iter()
        .map(|operation| Reference::of(*operation))
        .collect();
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse::<u64>().unwrap())
    };
    if let Some(seed) = number("TOFU_OCI_FAULT_SEED") {
        let schedule = Schedule::new(seed, &references);
        println!("{schedule}");
        schedule.run();
        return;
    }
    let count = number("TOFU_OCI_FAULT_SCHEDULES").unwrap_or(SCHEDULES);
    let next = AtomicU64::new(0);
    let failed = Mutex::new(Vec::new());
    let disturbed = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= count {
                        break;
                    }
                    let schedule = Schedule::new(seed, &references);
                    match catch_unwind(AssertUnwindSafe(|| schedule.run())) {
                        Ok(struck) => {
                            disturbed.fetch_add(u64::from(struck), Ordering::SeqCst);
                        }
                        Err(_) => failed.lock().unwrap().push(format!("{schedule}")),
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(
        failed.is_empty(),
        "{} of {count} schedules failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
    // Faults that never strike would prove nothing.
    let disturbed = disturbed.into_inner();
    assert!(
        disturbed * 2 > count,
        "only {disturbed} of {count} schedules met a fault"
    );
}
