//! Whether a key was one to sign with when it signed.
//!
//! What the owner said last counts, also about the past: an expiry that was moved is moved for
//! older signatures, too, and keys are handed on with their newest statements only. A name that
//! was taken back says nothing, whether it was before or after.

use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{RevocationCode, Signature, SignatureType, SubpacketData};
use pgp::ser::Serialize as _;
use pgp::types::{KeyDetails, PublicParams, Tag};
use tofu_oci_types::artifact::Timestamp;

use super::certificate::{Certificate, Name, Subkey};
use super::{Budget, Expired, Revocation, SignatureNote, SignatureProblem, SignatureRules};

/// What is shorter is accepted, as clients do, and told.
const SAFE_BITS: u16 = 2048;

/// A signature that is to be judged by its key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occasion<'a> {
    /// When it was made, in seconds since 1970.
    pub(super) made: u32,
    pub(super) rules: &'a SignatureRules,
    pub(super) budget: &'a Budget,
}

impl Occasion<'_> {
    /// Whether `key`, or its subkey, was one to sign with. What is notable about it, and its name.
    pub(super) fn judge(
        self,
        key: &Certificate,
        subkey: Option<&Subkey>,
    ) -> Result<(Vec<SignatureNote>, Option<String>), SignatureProblem> {
        let mut notes = Vec::new();
        let revocations = key.statements.iter().filter(|statement| {
            statement.typ() == Some(SignatureType::KeyRevocation) && self.said(key, statement)
        });
        self.revoked(revocations, &mut notes)?;
        let created = key.primary.created_at().as_secs();
        self.older(created)?;
        let said = Said::by(key, self)?;
        self.expired(created, said.expires(), &mut notes)?;
        match subkey {
            None if said.may_sign() => short(key.primary.public_params(), &mut notes),
            None => return Err(SignatureProblem::NotForSigning),
            Some(subkey) => self.judge_subkey(key, subkey, &mut notes)?,
        }
        let name = self.name(key, said.by_name.map(|(name, _)| name));
        Ok((notes, name))
    }

    fn judge_subkey(
        self,
        key: &Certificate,
        subkey: &Subkey,
        notes: &mut Vec<SignatureNote>,
    ) -> Result<(), SignatureProblem> {
        let signed = |statement: &&Signature| {
            let verify = || statement.verify_subkey_binding(&key.primary, &subkey.key);
            self.budget.confirms(verify)
        };
        let of = |typ| {
            let statements = subkey.statements.iter();
            statements.filter(move |statement| statement.typ() == Some(typ))
        };
        self.revoked(of(SignatureType::SubkeyRevocation).filter(signed), notes)?;
        let binding = self.newest(of(SignatureType::SubkeyBinding), |found| signed(&found));
        let binding = binding.ok_or(SignatureProblem::NotBound)?;
        if may_sign(binding) == Some(false) {
            return Err(SignatureProblem::NotForSigning);
        }
        // The subkey has to agree: otherwise anybody could claim somebody else's signatures.
        let agreed = binding.embedded_signature().is_some_and(|answer| {
            let verify = || answer.verify_primary_key_binding(&subkey.key, &key.primary);
            self.counts(answer) && self.budget.confirms(verify)
        });
        if !agreed {
            return Err(SignatureProblem::NotBound);
        }
        let created = subkey.key.created_at().as_secs();
        self.older(created)?;
        self.expired(created, expiry(binding), notes)?;
        short(subkey.key.public_params(), notes);
        Ok(())
    }

    /// The newest statement that counts and that `signed` confirms.
    fn newest<'k>(
        self,
        statements: impl Iterator<Item = &'k Signature>,
        signed: impl Fn(&'k Signature) -> bool,
    ) -> Option<&'k Signature> {
        let mut statements: Vec<_> = statements.filter(|found| self.counts(found)).collect();
        statements.sort_by_key(|found| std::cmp::Reverse(found.created()));
        statements.into_iter().find(|found| signed(found))
    }

    /// Whether the owner made a statement about the key itself.
    fn said(self, key: &Certificate, statement: &Signature) -> bool {
        self.budget.confirms(|| statement.verify_key(&key.primary))
    }

    /// Whether the owner said that a name is theirs, and has not taken that back since.
    fn stands_by(self, key: &Certificate, name: &Name, certification: &Signature) -> bool {
        let signed = |found: &Signature| {
            let verify = || found.verify_certification(&key.primary, Tag::UserId, &name.id);
            self.budget.confirms(verify)
        };
        let back = |found: &Signature| {
            found.typ() == Some(SignatureType::CertRevocation)
                && found.created() >= certification.created()
                && signed(found)
        };
        signed(certification) && !name.statements.iter().any(back)
    }

    /// The first name that the owner stands by, for people; it is known of `confirmed`. Anybody can write a name into a
    /// copy of a key.
    fn name(self, key: &Certificate, confirmed: Option<&Name>) -> Option<String> {
        let mut names = key.names.iter();
        let name = names.find(|name| {
            if confirmed.is_some_and(|confirmed| std::ptr::eq(confirmed, *name)) {
                return true;
            }
            let stood_by = |found| self.stands_by(key, name, found);
            self.newest(certifications(name), stood_by).is_some()
        })?;
        name.id.as_str().map(ToOwned::to_owned)
    }

    /// Whether a statement of an owner can be relied on. SHA-1 is accepted here, because old keys
    /// have nothing else and the content that is signed leaves no room for a collision.
    fn counts(self, statement: &Signature) -> bool {
        let hash = matches!(
            statement.hash_alg(),
            Some(
                HashAlgorithm::Sha1
                    | HashAlgorithm::Sha224
                    | HashAlgorithm::Sha256
                    | HashAlgorithm::Sha384
                    | HashAlgorithm::Sha512
                    | HashAlgorithm::Sha3_256
                    | HashAlgorithm::Sha3_512
            )
        );
        let Some(created) = statement.created() else {
            return false;
        };
        let ends = statement.signature_expiration_time();
        let ended = ends.is_some_and(|ends| {
            ends.as_secs() > 0 && created.as_secs().saturating_add(ends.as_secs()) <= self.made
        });
        hash && !ended
            && !self.rules.in_future(created.as_secs())
            && !has_unknown_condition(statement)
    }

    /// Whether it was revoked, as far as this signature is concerned.
    fn revoked<'k>(
        self,
        revocations: impl Iterator<Item = &'k Signature>,
        notes: &mut Vec<SignatureNote>,
    ) -> Result<(), SignatureProblem> {
        for revocation in revocations {
            let reason = match revocation.revocation_reason_code() {
                Some(RevocationCode::KeySuperseded) => Revocation::Superseded,
                Some(RevocationCode::KeyRetired) => Revocation::Retired,
                Some(RevocationCode::KeyCompromised) => Revocation::Compromised,
                _ => Revocation::Unsaid,
            };
            let at = revocation
                .created()
                .map_or(0, pgp::types::Timestamp::as_secs);
            if !reason.is_soft() || at <= self.made {
                return Err(SignatureProblem::Revoked {
                    reason,
                    at: at.into(),
                });
            }
            notes.push(SignatureNote::KeyRetired { at: at.into() });
        }
        Ok(())
    }

    fn older(self, created: u32) -> Result<(), SignatureProblem> {
        match self.made < created {
            true => Err(SignatureProblem::OlderThanKey {
                made: self.made.into(),
            }),
            false => Ok(()),
        }
    }

    /// Whether a key that lives for `lives` seconds had expired.
    fn expired(
        self,
        created: u32,
        lives: Option<u32>,
        notes: &mut Vec<SignatureNote>,
    ) -> Result<(), SignatureProblem> {
        let Some(end) = lives.map(|lives| created.saturating_add(lives)) else {
            return Ok(());
        };
        let at = Timestamp::from(end);
        let since = self.rules.now.is_some_and(|now| now >= at);
        if end <= self.made || (since && self.rules.expired == Expired::Refuse) {
            return Err(SignatureProblem::KeyExpired { at });
        }
        let note = SignatureNote::KeyExpired { at };
        if since && !notes.contains(&note) {
            notes.push(note);
        }
        Ok(())
    }
}

/// The newest that the owner said about the key itself, and in one of their names.
struct Said<'k> {
    directly: Option<&'k Signature>,
    by_name: Option<(&'k Name, &'k Signature)>,
}

impl<'k> Said<'k> {
    fn by(key: &'k Certificate, occasion: Occasion<'_>) -> Result<Self, SignatureProblem> {
        let directly = key.statements.iter();
        let directly = directly.filter(|found| found.typ() == Some(SignatureType::Key));
        let directly = occasion.newest(directly, |found| occasion.said(key, found));
        let mut by_name: Vec<_> = key
            .names
            .iter()
            .flat_map(|name| certifications(name).map(move |found| (name, found)))
            .filter(|(_, found)| occasion.counts(found))
            .collect();
        by_name.sort_by_key(|(_, found)| std::cmp::Reverse(found.created()));
        let stood_by = |(name, found): &(&Name, &Signature)| occasion.stands_by(key, name, found);
        let by_name = by_name.into_iter().find(stood_by);
        match (directly, by_name) {
            (None, None) => Err(SignatureProblem::NotBound),
            _ => Ok(Self { directly, by_name }),
        }
    }

    fn first<T>(&self, of: impl Fn(&Signature) -> Option<T>) -> Option<T> {
        let both = [self.directly, self.by_name.map(|(_, found)| found)];
        both.into_iter().flatten().find_map(of)
    }

    fn expires(&self) -> Option<u32> {
        self.first(expiry)
    }

    fn may_sign(&self) -> bool {
        self.first(may_sign).unwrap_or(true)
    }
}

/// What says that a name is the owner's.
fn certifications(name: &Name) -> impl Iterator<Item = &Signature> {
    let statements = name.statements.iter();
    // For the library a certification that was taken back is one, too.
    statements.filter(|found| {
        found.is_certification() && found.typ() != Some(SignatureType::CertRevocation)
    })
}

/// How long a key lives, in seconds; `None` without an end.
fn expiry(statement: &Signature) -> Option<u32> {
    let lives = statement.key_expiration_time()?.as_secs();
    (lives > 0).then_some(lives)
}

/// Whether a statement lets the key sign; `None` where it says nothing about it, as old ones do.
fn may_sign(statement: &Signature) -> Option<bool> {
    let mut subpackets = statement.config()?.hashed_subpackets.iter();
    subpackets.find_map(|subpacket| match &subpacket.data {
        SubpacketData::KeyFlags(flags) => Some(flags.sign()),
        _ => None,
    })
}

/// Whether a signature makes a condition that we do not know: it is not to be relied on then
/// (RFC 9580, 5.2.3.7).
pub(super) fn has_unknown_condition(signature: &Signature) -> bool {
    let subpackets = signature.config().map(|config| &config.hashed_subpackets);
    subpackets.is_some_and(|all| {
        all.iter().any(|subpacket| {
            subpacket.is_critical
                && matches!(
                    subpacket.data,
                    SubpacketData::Other(..)
                        | SubpacketData::Experimental(..)
                        | SubpacketData::Notation(_)
                )
        })
    })
}

/// Notes a key of the old kinds that is short. Their first number begins with its length in bits.
fn short(params: &PublicParams, notes: &mut Vec<SignatureNote>) {
    let written = match params {
        PublicParams::RSA(rsa) => rsa.to_bytes(),
        PublicParams::DSA(dsa) => dsa.to_bytes(),
        _ => return,
    };
    let bits = written.ok().and_then(|bytes| bytes.first_chunk().copied());
    if let Some(bits) = bits.map(u16::from_be_bytes)
        && bits < SAFE_BITS
    {
        notes.push(SignatureNote::ShortKey { bits });
    }
}

#[cfg(test)]
mod tests;
