//! One file of signatures over one document.

use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType};
use tofu_oci_types::artifact::Timestamp;

use super::certificate::{Certificate, Subkey};
use super::issuer::{issuer, signatures};
use super::packets::Form;
use super::standing::{Occasion, has_unknown_condition};
use super::{
    Budget, Fingerprint, KeyOrigin, Keyring, PgpError, SignatureIssuer, SignatureNote,
    SignatureProblem,
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
    /// The first name in the key that its owner stands by, for people: whoever makes a key writes what they like
    /// into it.
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
    verify_within(document, signature, (keys, rules), &Budget::default())
}

/// The same, as one of several files that share a budget. Where it is overdrawn no signature counts.
///
/// # Errors
///
/// As [`verify`].
pub fn verify_within(
    document: &[u8],
    signature: &[u8],
    (keys, rules): (&Keyring, &SignatureRules),
    budget: &Budget,
) -> Result<SignatureReport, PgpError> {
    let (signatures, form) = signatures(signature)?;
    let checking = Checking {
        document,
        keys,
        rules,
        budget,
    };
    let check = |signature: &Signature| {
        let issuer = issuer(signature);
        let result = checking.check(signature, issuer.as_ref());
        SignatureCheck { issuer, result }
    };
    Ok(SignatureReport {
        armored: form == Form::Armored,
        checks: signatures.iter().map(check).collect(),
    })
}

/// What all signatures of a file have in common.
struct Checking<'a> {
    document: &'a [u8],
    keys: &'a Keyring,
    rules: &'a SignatureRules,
    budget: &'a Budget,
}

impl Checking<'_> {
    fn check(
        &self,
        signature: &Signature,
        issuer: Option<&SignatureIssuer>,
    ) -> Result<GoodSignature, SignatureProblem> {
        let made = acceptable(signature, self.rules)?;
        let issuer = issuer.ok_or(SignatureProblem::NoIssuer)?;
        let result = self.by_anybody(signature, made, issuer);
        // Whatever was found out: it may be the revocation that was not looked at.
        match self.budget.is_overdrawn() {
            true => Err(SignatureProblem::TooMuchWork),
            false => result,
        }
    }

    fn by_anybody(
        &self,
        signature: &Signature,
        made: u32,
        issuer: &SignatureIssuer,
    ) -> Result<GoodSignature, SignatureProblem> {
        // Several keys only where the signature names an id and two keys share it.
        let mut problem = SignatureProblem::UnknownKey;
        for candidate in candidates(self.keys, issuer) {
            match self.by(&candidate, signature, made) {
                Err(SignatureProblem::SignatureExpired { at }) => {
                    return Err(SignatureProblem::SignatureExpired { at });
                }
                Err(found) => problem = found,
                good => return good,
            }
        }
        Err(problem)
    }

    fn by(
        &self,
        candidate: &Candidate<'_>,
        signature: &Signature,
        made: u32,
    ) -> Result<GoodSignature, SignatureProblem> {
        let occasion = Occasion {
            made,
            rules: self.rules,
            budget: self.budget,
        };
        let signed = || candidate.signed(self.document, signature);
        if !self.budget.confirms(signed) {
            return Err(SignatureProblem::Mismatch);
        }
        let (mut notes, name) = occasion.judge(candidate.key, candidate.subkey)?;
        if let Some(at) = expiry(signature, made)
            && self.rules.now.is_some_and(|now| now >= at)
        {
            if self.rules.expired == Expired::Refuse {
                return Err(SignatureProblem::SignatureExpired { at });
            }
            notes.push(SignatureNote::SignatureExpired { at });
        }
        notes.sort();
        Ok(GoodSignature {
            fingerprint: candidate.key.fingerprint.clone(),
            signer: candidate.signer().clone(),
            name,
            key_origin: candidate.origin,
            signed_at: made.into(),
            notes,
        })
    }
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

    fn signed(&self, document: &[u8], signature: &Signature) -> pgp::errors::Result<()> {
        match self.subkey {
            Some(subkey) => signature.verify(&subkey.key, document),
            None => signature.verify(&self.key.primary, document),
        }
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
pub(super) mod tests;
