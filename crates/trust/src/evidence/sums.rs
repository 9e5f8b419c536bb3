//! Checksums files and their signatures: what a signature covers.
//!
//! A signature covers the bytes of the list, the list covers files by name and digest: zips of all
//! platforms, and other files of the release. It covers neither `h1` hashes nor annotations.

use std::collections::{BTreeMap, BTreeSet};

use tofu_oci_types::artifact::{PGP_KEYS, PGP_SIGNATURE, TEXT};
use tofu_oci_types::oci::{Digest, MediaType};
use tofu_oci_types::tofu::PackageHash;

use super::{Claim, Voucher};
use crate::pgp::{
    Budget, GoodSignature, KeyOrigin, Keyring, PgpError, SignatureReport, SignatureRules,
    verify_within,
};
use crate::shasums::{Shasums, ShasumsError};

/// A file by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedFile<'a> {
    /// The name, without directories.
    pub name: &'a str,
    /// The content.
    pub content: &'a [u8],
}

/// A checksums file, its signatures and the keys that came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SumsFiles<'a> {
    /// The list.
    pub list: NamedFile<'a>,
    /// Files of detached signatures over it.
    pub signatures: Vec<NamedFile<'a>>,
    /// Files of public keys.
    pub keys: Vec<NamedFile<'a>>,
}

impl<'a> SumsFiles<'a> {
    /// The files among the layers of an attachment, by their media types, parameters aside. `None`
    /// where there is no list.
    pub fn of_layers(
        layers: impl IntoIterator<Item = (&'a MediaType, NamedFile<'a>)>,
    ) -> Option<Self> {
        let mut list = None;
        let (mut signatures, mut keys) = (Vec::new(), Vec::new());
        for (media_type, file) in layers {
            match media_type.essence() {
                essence if essence == TEXT.as_str() => list = list.or(Some(file)),
                essence if essence == PGP_SIGNATURE.as_str() => signatures.push(file),
                essence if essence == PGP_KEYS.as_str() => keys.push(file),
                _ => {}
            }
        }
        Some(Self {
            list: list?,
            signatures,
            keys,
        })
    }

    /// Checks every signature with the keys that came with the list and with `keys`, which are from
    /// somewhere better.
    ///
    /// # Errors
    ///
    /// Only a list that is too long. Signatures and keys that cannot be read are in the result.
    pub fn check(
        &self,
        keys: &Keyring,
        rules: &SignatureRules,
    ) -> Result<CheckedSums, ShasumsError> {
        self.check_within(keys, rules, &Budget::default())
    }

    /// The same, as one of several lists that share a budget.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn check_within(
        &self,
        keys: &Keyring,
        rules: &SignatureRules,
        budget: &Budget,
    ) -> Result<CheckedSums, ShasumsError> {
        let list = Shasums::parse(self.list.content)?;
        let mut keys = keys.clone();
        let mut bad_keys = Vec::new();
        for file in &self.keys {
            if let Err(problem) = keys.add(file.content, KeyOrigin::Repository) {
                bad_keys.push((file.name.to_owned(), problem));
            }
        }
        let signatures = self.signatures.iter().map(|file| CheckedSignatures {
            file: file.name.to_owned(),
            report: verify_within(list.bytes(), file.content, (&keys, rules), budget),
        });
        Ok(CheckedSums {
            name: self.list.name.to_owned(),
            signatures: signatures.collect(),
            list,
            bad_keys,
        })
    }
}

/// A file of signatures, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedSignatures {
    /// The name of the file.
    pub file: String,
    /// What came of it.
    pub report: Result<SignatureReport, PgpError>,
}

/// A checksums file whose signatures were checked, whatever came of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedSums {
    /// The name of the list.
    pub name: String,
    /// The list.
    pub list: Shasums,
    /// Its signatures, by file.
    pub signatures: Vec<CheckedSignatures>,
    /// The key files that cannot be used, and why.
    pub bad_keys: Vec<(String, PgpError)>,
}

impl CheckedSums {
    /// The signatures that count. Whether their keys are to be believed is a matter of policy.
    pub fn good(&self) -> impl Iterator<Item = &GoodSignature> {
        let reports = self.signatures.iter();
        reports
            .filter_map(|signatures| signatures.report.as_ref().ok())
            .flat_map(SignatureReport::good)
    }

    /// What the list says about the file of exactly this name. `None` where it does not name it,
    /// and where it gives it two digests, of which nobody can tell the right one.
    pub fn digest(&self, filename: &str) -> Option<&Digest> {
        let mut named = self.list.entries().iter();
        let mut named = named.by_ref().filter(|entry| entry.name == filename);
        let first = &named.next()?.digest;
        named.all(|entry| entry.digest == *first).then_some(first)
    }

    /// One proof for each signature that counts.
    pub fn proofs(&self) -> impl Iterator<Item = PgpSums> {
        self.good().map(|signature| PgpSums {
            list: self.name.clone(),
            signature: signature.clone(),
            covers: self.covers(),
        })
    }

    /// What is covered, by name: files with one digest.
    fn covers(&self) -> BTreeMap<String, Digest> {
        let mut ambiguous = BTreeSet::new();
        let mut covers: BTreeMap<String, Digest> = BTreeMap::new();
        for entry in self.list.entries() {
            let digest = covers.entry(entry.name.clone());
            if *digest.or_insert_with(|| entry.digest.clone()) != entry.digest {
                ambiguous.insert(entry.name.clone());
            }
        }
        covers.retain(|name, _| !ambiguous.contains(name));
        covers
    }
}

/// A proof: somebody signed a list that names these files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PgpSums {
    /// The name of the list.
    pub list: String,
    /// Who signed it, and when.
    pub signature: GoodSignature,
    /// The files, with their digests.
    pub covers: BTreeMap<String, Digest>,
}

impl PgpSums {
    /// Whether the proof is about this very file.
    pub fn proves(&self, filename: &str, digest: &Digest) -> bool {
        self.covers.get(filename) == Some(digest)
    }

    /// What the signer says about a package; `None` where the list does not name it.
    pub fn claim(&self, filename: &str) -> Option<Claim> {
        Some(Claim {
            hash: PackageHash::zh(self.covers.get(filename)?)?,
            voucher: Voucher::Signed {
                file: self.list.clone(),
                fingerprint: self.signature.fingerprint.clone(),
                key_origin: self.signature.key_origin,
                signed_at: self.signature.signed_at,
            },
        })
    }
}

#[cfg(test)]
mod tests;
