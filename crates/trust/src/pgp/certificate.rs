//! A key with everything that its owner said about it.
//!
//! ```text
//! public key ─ signatures over the key itself, revocations
//!   user id ─ signatures: "this is I, and the key is good until …"
//!   subkey ─ signatures: "this is mine, and it may sign", its own answer inside
//! ```
//!
//! Signatures by other people are left out: nobody's word about a key counts but its owner's and
//! the user's.

use pgp::packet::{Packet, PublicKey, PublicSubkey, Signature, SignatureType, UserId};
use pgp::types::KeyDetails;

use super::issuer::issuer;
use super::{Fingerprint, KEYS_LIMIT, PgpError, PgpKind};

/// The most that an owner may have said about one key, name or subkey.
const STATEMENTS_LIMIT: usize = 64;

/// A key, its names and its subkeys.
#[derive(Debug, Clone)]
pub(super) struct Certificate {
    pub(super) primary: PublicKey,
    pub(super) fingerprint: Fingerprint,
    pub(super) statements: Vec<Signature>,
    pub(super) names: Vec<Name>,
    pub(super) subkeys: Vec<Subkey>,
}

/// A name of the owner.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub(super) id: UserId,
    pub(super) statements: Vec<Signature>,
}

/// A subkey.
#[derive(Debug, Clone)]
pub(super) struct Subkey {
    pub(super) key: PublicSubkey,
    pub(super) fingerprint: Fingerprint,
    pub(super) statements: Vec<Signature>,
}

/// What the signatures that follow are about.
enum About {
    Primary,
    Name,
    Subkey,
    /// Something that nobody asks about.
    Nothing,
}

/// The certificates of a key file, in its order; at least one.
pub(super) fn certificates(packets: Vec<Packet>) -> Result<Vec<Certificate>, PgpError> {
    let kind = PgpKind::Keys;
    // Before anything else, whatever else is wrong with the file.
    let secret = |packet: &Packet| matches!(packet, Packet::SecretKey(_) | Packet::SecretSubkey(_));
    if packets.iter().any(secret) {
        return Err(PgpError::PrivateKey);
    }
    let mut found: Vec<Certificate> = Vec::new();
    let mut about = About::Nothing;
    for packet in packets {
        match packet {
            Packet::PublicKey(primary) => {
                let fingerprint = Fingerprint::of(&primary.fingerprint());
                found.push(Certificate {
                    fingerprint: fingerprint.ok_or(PgpError::OtherPackets { kind })?,
                    primary,
                    statements: Vec::new(),
                    names: Vec::new(),
                    subkeys: Vec::new(),
                });
                about = About::Primary;
                continue;
            }
            Packet::Trust(_) | Packet::Marker(_) | Packet::Padding(_) => continue,
            _ => {}
        }
        let certificate = found.last_mut().ok_or(match packet {
            Packet::Signature(_) => PgpError::OtherPackets { kind },
            _ => PgpError::Damaged { kind },
        });
        match packet {
            Packet::UserId(id) => {
                certificate?.names.push(Name {
                    id,
                    statements: Vec::new(),
                });
                about = About::Name;
            }
            Packet::UserAttribute(_) => about = About::Nothing,
            Packet::PublicSubkey(key) => {
                let fingerprint = Fingerprint::of(&key.fingerprint());
                certificate?.subkeys.push(Subkey {
                    fingerprint: fingerprint.ok_or(PgpError::OtherPackets { kind })?,
                    key,
                    statements: Vec::new(),
                });
                about = About::Subkey;
            }
            Packet::Signature(signature) => certificate?.add(signature, &about)?,
            _ => return Err(PgpError::OtherPackets { kind }),
        }
    }
    match found.len() {
        0 => Err(PgpError::OtherPackets { kind }),
        1..=KEYS_LIMIT => Ok(found),
        _ => Err(PgpError::TooMany { kind }),
    }
}

impl Certificate {
    fn add(&mut self, signature: Signature, about: &About) -> Result<(), PgpError> {
        if !self.own(&signature) {
            return Ok(());
        }
        // A revocation of the key counts wherever it stands.
        let about = match signature.typ() {
            Some(SignatureType::KeyRevocation) => &About::Primary,
            _ => about,
        };
        let statements = match about {
            About::Primary => Some(&mut self.statements),
            About::Name => self.names.last_mut().map(|name| &mut name.statements),
            About::Subkey => self.subkeys.last_mut().map(|key| &mut key.statements),
            About::Nothing => None,
        };
        let Some(statements) = statements else {
            return Ok(());
        };
        if statements.len() == STATEMENTS_LIMIT {
            return Err(PgpError::TooMany {
                kind: PgpKind::Keys,
            });
        }
        statements.push(signature);
        Ok(())
    }

    /// Whether a signature says that this key made it.
    fn own(&self, signature: &Signature) -> bool {
        match issuer(signature) {
            Some(issuer) => match issuer.fingerprint {
                Some(fingerprint) => fingerprint == self.fingerprint,
                None => issuer.key_id == self.fingerprint.key_id(),
            },
            None => false,
        }
    }

    /// Adds what another copy of the same key says: whatever its owner said counts, wherever it
    /// was found, above all that the key is revoked.
    pub(super) fn merge(&mut self, other: Self) {
        merge(&mut self.statements, other.statements);
        for name in other.names {
            match self.names.iter_mut().find(|known| known.id == name.id) {
                Some(known) => merge(&mut known.statements, name.statements),
                None => self.names.push(name),
            }
        }
        for subkey in other.subkeys {
            let same = |known: &&mut Subkey| known.fingerprint == subkey.fingerprint;
            match self.subkeys.iter_mut().find(same) {
                Some(known) => merge(&mut known.statements, subkey.statements),
                None => self.subkeys.push(subkey),
            }
        }
    }
}

fn merge(known: &mut Vec<Signature>, more: Vec<Signature>) {
    for signature in more {
        if !known.contains(&signature) {
            known.push(signature);
        }
    }
}
