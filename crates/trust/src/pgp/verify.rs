//! One file of signatures over one document.

use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType};
use tofu_oci_types::artifact::Timestamp;

use super::certificate::{Certificate, Subkey};
use super::issuer::{issuer, signatures};
use super::packets::Form;
use super::standing::{Occasion, has_unknown_condition};
use super::{
    Fingerprint, KeyOrigin, Keyring, PgpError, SignatureIssuer, SignatureNote, SignatureProblem,
};

/// How far clocks may differ, in seconds.
const SKEW: i64 = 300;

/// What happens to a signature whose key was valid then and has expired since, or that has itself
/// expired.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Expired {
    /// It counts, with a note: releases stay what they were.
    #[default]
    Note,
    /// It is refused.
    Refuse,
}

/// How signatures are judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SignatureRules {
    /// The time. Without it nothing is in the future, and nothing has expired since it was signed.
    pub now: Option<Timestamp>,
    /// What happens to what has expired since.
    pub expired: Expired,
}

impl SignatureRules {
    /// The defaults at a time.
    pub fn at(now: Timestamp) -> Self {
        Self {
            now: Some(now),
            ..Self::default()
        }
    }

    /// Whether a time, in seconds since 1970, is further ahead than clocks differ.
    pub(super) fn in_future(&self, seconds: u32) -> bool {
        self.now
            .is_some_and(|now| i64::from(seconds) > now.unix().saturating_add(SKEW))
    }
}

/// A signature that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoodSignature {
    /// The key.
    pub fingerprint: Fingerprint,
    /// What of it signed: the key itself or a subkey.
    pub signer: Fingerprint,
    /// The first name in the key, for people: whoever makes a key writes what they like into it.
    pub name: Option<String>,
    /// Where the key is from.
    pub key_origin: KeyOrigin,
    /// When it was made, by its own account.
    pub signed_at: Timestamp,
    /// What is worth saying about it, sorted.
    pub notes: Vec<SignatureNote>,
}

/// What came of one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureCheck {
    /// The key that it names.
    pub issuer: Option<SignatureIssuer>,
    /// Whether it counts, or why not.
    pub result: Result<GoodSignature, SignatureProblem>,
}

/// What came of a file of signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureReport {
    /// Whether the file is in text form, which clients do not accept.
    pub armored: bool,
    /// Its signatures, in their order; at least one.
    pub checks: Vec<SignatureCheck>,
}

impl SignatureReport {
    /// The signatures that count.
    pub fn good(&self) -> impl Iterator<Item = &GoodSignature> {
        self.checks
            .iter()
            .filter_map(|check| check.result.as_ref().ok())
    }

    /// Those that do not, and why.
    pub fn bad(&self) -> impl Iterator<Item = (Option<&SignatureIssuer>, &SignatureProblem)> {
        let checks = self.checks.iter();
        checks.filter_map(|check| Some((check.issuer.as_ref(), check.result.as_ref().err()?)))
    }
}

/// Checks each signature of the file `signature` over exactly the bytes of `document`. Which of the
/// keys are to be believed is not decided here: their origin is in the result.
///
/// # Errors
///
/// Only a file that holds no signatures, or something beside them. Everything else is the result of
/// one signature.
pub fn verify(
    document: &[u8],
    signature: &[u8],
    keys: &Keyring,
    rules: &SignatureRules,
) -> Result<SignatureReport, PgpError> {
    let (signatures, form) = signatures(signature)?;
    let check = |signature: &Signature| {
        let issuer = issuer(signature);
        let result = check(document, signature, issuer.as_ref(), keys, rules);
        SignatureCheck { issuer, result }
    };
    Ok(SignatureReport {
        armored: form == Form::Armored,
        checks: signatures.iter().map(check).collect(),
    })
}

fn check(
    document: &[u8],
    signature: &Signature,
    issuer: Option<&SignatureIssuer>,
    keys: &Keyring,
    rules: &SignatureRules,
) -> Result<GoodSignature, SignatureProblem> {
    let made = acceptable(signature, rules)?;
    let issuer = issuer.ok_or(SignatureProblem::NoIssuer)?;
    let occasion = Occasion { made, rules };
    // Several keys only where the signature names an id and two keys share it.
    let mut problem = SignatureProblem::UnknownKey;
    for candidate in candidates(keys, issuer) {
        let judged = candidate.signed(document, signature);
        match judged.and_then(|()| occasion.judge(candidate.key, candidate.subkey)) {
            Ok(mut notes) => {
                if let Some(at) = expiry(signature, made)
                    && rules.now.is_some_and(|now| now >= at)
                {
                    if rules.expired == Expired::Refuse {
                        return Err(SignatureProblem::SignatureExpired { at });
                    }
                    notes.push(SignatureNote::SignatureExpired { at });
                }
                notes.sort();
                return Ok(GoodSignature {
                    fingerprint: candidate.key.fingerprint.clone(),
                    signer: candidate.signer().clone(),
                    name: candidate.key.name(),
                    key_origin: candidate.origin,
                    signed_at: made.into(),
                    notes,
                });
            }
            Err(found) => problem = found,
        }
    }
    Err(problem)
}

/// What can be said without a key; when it was made, in seconds since 1970.
fn acceptable(signature: &Signature, rules: &SignatureRules) -> Result<u32, SignatureProblem> {
    match signature.typ() {
        Some(SignatureType::Binary) => {}
        Some(_) => return Err(SignatureProblem::NotADocument),
        None => return Err(SignatureProblem::Unreadable),
    }
    match signature.hash_alg() {
        Some(HashAlgorithm::Sha256 | HashAlgorithm::Sha384 | HashAlgorithm::Sha512) => {}
        Some(other) => {
            return Err(SignatureProblem::Hash {
                hash: other.to_string(),
            });
        }
        None => return Err(SignatureProblem::Unreadable),
    }
    let made = signature.created().ok_or(SignatureProblem::NoTime)?;
    let made = made.as_secs();
    if rules.in_future(made) {
        return Err(SignatureProblem::InFuture { made: made.into() });
    }
    match has_unknown_condition(signature) {
        true => Err(SignatureProblem::UnknownCondition),
        false => Ok(made),
    }
}

/// When a signature ends by its own account.
fn expiry(signature: &Signature, made: u32) -> Option<Timestamp> {
    let lives = signature.signature_expiration_time()?.as_secs();
    (lives > 0).then(|| made.saturating_add(lives).into())
}

/// A key that a signature may be from.
struct Candidate<'k> {
    origin: KeyOrigin,
    key: &'k Certificate,
    subkey: Option<&'k Subkey>,
}

impl<'k> Candidate<'k> {
    fn signer(&self) -> &'k Fingerprint {
        match self.subkey {
            Some(subkey) => &subkey.fingerprint,
            None => &self.key.fingerprint,
        }
    }

    fn signed(&self, document: &[u8], signature: &Signature) -> Result<(), SignatureProblem> {
        match self.subkey {
            Some(subkey) => signature.verify(&subkey.key, document),
            None => signature.verify(&self.key.primary, document),
        }
        .map_err(|_| SignatureProblem::Mismatch)
    }
}

fn candidates<'k>(
    keys: &'k Keyring,
    issuer: &SignatureIssuer,
) -> impl Iterator<Item = Candidate<'k>> {
    keys.certificates()
        .flat_map(|(origin, key)| {
            let subkeys = key.subkeys.iter().map(Some);
            std::iter::once(None)
                .chain(subkeys)
                .map(move |subkey| Candidate {
                    origin,
                    key,
                    subkey,
                })
        })
        .filter(|candidate| match &issuer.fingerprint {
            Some(fingerprint) => candidate.signer() == fingerprint,
            None => candidate.signer().key_id() == issuer.key_id,
        })
}

#[cfg(test)]
mod tests;
