//! Chance that can be repeated.

use std::io::ErrorKind;

use tofu_oci_store::files::faults::{Fault, FaultKind};

use super::WireFault;
use crate::{Canned, Quirk, Quirks, Requests};

/// Numbers that look like chance and follow from a seed (splitmix64).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The dice of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x9e37_79b9_7f4a_7c15)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below `end`; 0 when that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = end.max(1) as u64;
        usize::try_from(self.next() % end).unwrap()
    }

    /// One of several.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// A small number more often than a large one, below `end`.
    fn early(&mut self, end: usize) -> usize {
        let end = self.below(end) + 1;
        self.below(end)
    }

    /// What goes wrong in a run of so many operations on files: one thing, sometimes two.
    pub fn file_faults(&mut self, operations: usize) -> Vec<Fault> {
        const CUTS: [ErrorKind; 6] = [
            ErrorKind::StorageFull,
            ErrorKind::QuotaExceeded,
            ErrorKind::PermissionDenied,
            ErrorKind::ReadOnlyFilesystem,
            // What EIO comes as.
            ErrorKind::Other,
            ErrorKind::TimedOut,
        ];
        let count = 1 + usize::from(self.below(3) == 0);
        (0..count)
            .map(|_| Fault {
                at: self.below(operations),
                kind: match self.below(6) {
                    // A system that was interrupted has written nothing, so this is no cut.
                    0 | 1 => FaultKind::Fail(match self.below(CUTS.len() + 1) {
                        0 => ErrorKind::Interrupted,
                        _ => *self.one(&CUTS),
                    }),
                    2 => FaultKind::Cut(*self.one(&CUTS)),
                    3 => FaultKind::KillAfter,
                    _ => FaultKind::Kill,
                },
            })
            .collect()
    }

    /// What goes wrong with some of the first connections.
    pub fn wire_faults(&mut self) -> Vec<(usize, WireFault)> {
        let count = 1 + self.below(4);
        (0..count)
            .map(|_| {
                let connection = self.early(8);
                let bytes = self.early(30_000);
                let fault = match self.below(6) {
                    0 => WireFault::Refuse,
                    1 => WireFault::Reset(bytes),
                    2 => WireFault::CutUp(bytes),
                    3 | 4 => WireFault::CutDown(bytes),
                    _ => WireFault::Stall(bytes),
                };
                (connection, fault)
            })
            .collect()
    }

    /// Switches on what a registry that is ill does with some of the first requests.
    pub fn bursts(&mut self, quirks: &Quirks) {
        for _ in 0..=self.below(3) {
            let requests = Requests::all()
                .after(self.early(40))
                .first(1 + self.early(8));
            let quirk = match self.below(9) {
                0 => Quirk::Answer(Canned::status(500)),
                1 => Quirk::Answer(Canned::page(502)),
                2 => Quirk::Answer(Canned::status(503).header("retry-after", "0")),
                3 => Quirk::Answer(Canned::error(429, "TOOMANYREQUESTS", "slow down", "")),
                4 => Quirk::AnswerAfter(Canned::status(500)),
                5 => Quirk::Close,
                6 => Quirk::CloseAfter,
                7 => Quirk::TakeThenClose(self.early(5_000)),
                _ => Quirk::CutAfter(self.early(5_000)),
            };
            quirks.on(requests, quirk);
        }
    }
}
