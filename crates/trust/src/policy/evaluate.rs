//! Proofs and policy brought together.

use tofu_oci_types::oci::Digest;

use super::{
    BadSignatures, Level, Policy, PolicyWarning, Proof, ProofKind, Refusal, Requirement, Verdict,
};
use crate::evidence::{CheckedSignatures, CheckedSums};
use crate::pgp::SignatureProblem;

/// What the lock file says about a package.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LockStanding {
    /// It has no usable hash of this version, or there is none.
    #[default]
    Unknown,
    /// It has a hash of the package.
    Matches,
    /// It has hashes, and none is one of the package.
    Differs,
}

/// The package that is judged.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The name it has in checksums files.
    pub filename: &'a str,
    /// The digest of its zip: computed, or that of the layer that will be fetched.
    pub digest: &'a Digest,
    /// What the lock file says.
    pub lock: LockStanding,
}

/// Judges one package.
///
/// - Of each requirement one good proof is enough; whatever fails beside it is a warning, and so is
///   what fails although nobody asked for it.
/// - Where none is good, or none is there, the package is refused.
/// - A requirement of `lock` alone is met by a version that the lock file does not know yet, with a
///   warning: otherwise nothing could be installed for the first time.
/// - Lists whose signers are believed must agree, with the package and with each other. A lock file
///   must agree whether or not it is asked for.
///
/// `None` asks for nothing, and believes the keys that the user or the origin registry named.
pub fn evaluate(policy: Option<&Policy>, subject: &Subject<'_>, lists: &[CheckedSums]) -> Verdict {
    let mut judging = Judging {
        policy,
        subject,
        proofs: Vec::new(),
        warnings: Vec::new(),
    };
    if policy.is_none() {
        judging.warnings.push(PolicyWarning::NoPolicy);
    }
    let mut believed = Vec::new();
    for list in lists {
        if judging.list(list) {
            believed.push(list);
        }
    }
    if subject.lock == LockStanding::Matches {
        judging.proofs.push(Proof::Lock);
    }
    judging
        .proofs
        .sort_by_key(|proof| std::cmp::Reverse(level(proof)));
    let refusal = disagreement(&believed)
        .or_else(|| judging.contradiction(&believed))
        .or_else(|| judging.bad_signatures(lists))
        .or_else(|| judging.unmet());
    Verdict {
        level: judging.proofs.first().map_or(Level::Integrity, level),
        proofs: judging.proofs,
        warnings: judging.warnings,
        refusal,
    }
}

fn level(proof: &Proof) -> Level {
    match proof {
        Proof::Lock => Level::Integrity,
        Proof::PgpSums { level, .. } => *level,
    }
}

/// The first two lists with two digests for one file, by the names of the files.
fn disagreement(believed: &[&CheckedSums]) -> Option<Refusal> {
    let mut found: Vec<Refusal> = Vec::new();
    for (index, first) in believed.iter().enumerate() {
        for second in believed.iter().skip(index + 1) {
            let mut names: Vec<&str> = first
                .list
                .entries()
                .iter()
                .map(|e| e.name.as_str())
                .collect();
            names.sort_unstable();
            for name in names {
                let (Some(one), Some(other)) = (first.digest(name), second.digest(name)) else {
                    continue;
                };
                if one != other {
                    found.push(Refusal::ListsDisagree {
                        filename: name.to_owned(),
                        first: first.name.clone(),
                        second: second.name.clone(),
                        digests: Box::new((one.clone(), other.clone())),
                    });
                    break;
                }
            }
        }
    }
    found.into_iter().next()
}

struct Judging<'a> {
    policy: Option<&'a Policy>,
    subject: &'a Subject<'a>,
    proofs: Vec<Proof>,
    warnings: Vec<PolicyWarning>,
}

impl Judging<'_> {
    /// Looks at a list; whether somebody who is believed signed it.
    fn list(&mut self, list: &CheckedSums) -> bool {
        let name = || list.name.clone();
        for (file, problem) in &list.bad_keys {
            self.warnings.push(PolicyWarning::KeyFile {
                file: file.clone(),
                problem: problem.clone(),
            });
        }
        self.failures(list);
        let covered = match list.digest(self.subject.filename) {
            Some(listed) if listed == self.subject.digest => true,
            Some(listed) => {
                self.warnings.push(PolicyWarning::OtherDigest {
                    list: name(),
                    listed: listed.clone(),
                });
                false
            }
            None => {
                self.warnings
                    .push(PolicyWarning::NotCovered { list: name() });
                false
            }
        };
        let mut believed = false;
        for signature in list.good() {
            let level = match self.policy {
                Some(policy) => policy.level(signature),
                None => Level::of(signature.key_origin),
            };
            let accepted = match self.policy {
                Some(policy) => policy.accepts(level),
                None => level >= Level::Origin,
            };
            believed |= accepted;
            let told = self.policy.is_some_and(Policy::tells_of_strangers);
            if told && !accepted {
                self.warnings.push(PolicyWarning::NotBelieved {
                    list: name(),
                    signature: signature.clone(),
                });
            }
            for note in &signature.notes {
                self.warnings.push(PolicyWarning::Note {
                    list: name(),
                    note: note.clone(),
                });
            }
            if covered {
                self.proofs.push(Proof::PgpSums {
                    list: name(),
                    signature: signature.clone(),
                    level,
                });
            }
        }
        believed
    }

    /// Tells which signatures do not count.
    fn failures(&mut self, list: &CheckedSums) {
        for signatures in &list.signatures {
            if signatures
                .report
                .as_ref()
                .is_ok_and(|report| report.armored)
            {
                let file = signatures.file.clone();
                self.warnings.push(PolicyWarning::Armored { file });
            }
            self.warnings.extend(failures(signatures));
        }
    }

    /// Somebody who is believed says something else about the package.
    fn contradiction(&self, believed: &[&CheckedSums]) -> Option<Refusal> {
        let filename = self.subject.filename;
        if self.subject.lock == LockStanding::Differs {
            return Some(Refusal::Locked {
                filename: filename.to_owned(),
            });
        }
        believed.iter().find_map(|list| {
            let listed = list.digest(filename)?;
            (listed != self.subject.digest).then(|| Refusal::OtherDigest {
                filename: filename.to_owned(),
                list: list.name.clone(),
                listed: listed.clone(),
                actual: self.subject.digest.clone(),
            })
        })
    }

    /// The first list with signatures that were checked and do not count, where such a list is refused.
    fn bad_signatures(&self, lists: &[CheckedSums]) -> Option<Refusal> {
        let refuses = |policy: &&Policy| policy.bad_signatures == BadSignatures::Refuse;
        self.policy.filter(refuses)?;
        lists.iter().find_map(|list| {
            if list.good().next().is_some() {
                return None;
            }
            let mut failures = list.signatures.iter().flat_map(failures);
            let found = failures.find(|failure| match failure {
                PolicyWarning::Signature { problem, .. } => {
                    *problem != SignatureProblem::UnknownKey
                }
                _ => true,
            });
            Some(Refusal::BadSignature {
                list: list.name.clone(),
                found: Box::new(found?),
            })
        })
    }

    /// The first requirement that nothing meets.
    fn unmet(&mut self) -> Option<Refusal> {
        for requirement in &self.policy?.require {
            if requirement.kinds().any(|kind| self.has(kind)) {
                continue;
            }
            if *requirement == Requirement::from(ProofKind::Lock) {
                self.warnings.push(PolicyWarning::FirstUse);
                continue;
            }
            return Some(Refusal::Unproven {
                filenames: vec![self.subject.filename.to_owned()],
                required: requirement.clone(),
                found: self.warnings.clone(),
            });
        }
        None
    }

    fn has(&self, kind: ProofKind) -> bool {
        self.proofs.iter().any(|proof| match proof {
            Proof::Lock => kind == ProofKind::Lock,
            Proof::PgpSums { level, .. } => {
                kind == ProofKind::PgpSums
                    && self.policy.is_some_and(|policy| policy.accepts(*level))
            }
        })
    }
}

/// Why the signatures of a file do not count that do not.
fn failures(signatures: &CheckedSignatures) -> Vec<PolicyWarning> {
    let file = || signatures.file.clone();
    match &signatures.report {
        Err(problem) => vec![PolicyWarning::SignatureFile {
            file: file(),
            problem: problem.clone(),
        }],
        Ok(report) => report
            .bad()
            .map(|(issuer, problem)| PolicyWarning::Signature {
                file: file(),
                issuer: issuer.cloned(),
                problem: problem.clone(),
            })
            .collect(),
    }
}
