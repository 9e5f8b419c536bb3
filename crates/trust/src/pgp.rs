//! Which keys made a signature, and which keys a file holds. Nothing is verified here.
//!
//! Read from the packets (RFC 9580): a signature names its issuer by fingerprint (subpacket 33),
//! older ones by key id (subpacket 16).

use std::fmt;

use pgp::armor::{BlockType, Dearmor, DearmorOptions};
use pgp::packet::{Packet, PacketParser};
use pgp::types::{Fingerprint, KeyDetails};

/// The longest signature or key file that is read.
pub const PGP_LIMIT: usize = 1 << 20;

/// A file that is no signature, or no public key.
#[derive(Debug, thiserror::Error)]
pub enum PgpError {
    /// Longer than the limit.
    #[error("{kind} has {size} bytes, more than {PGP_LIMIT}")]
    TooLarge {
        /// What the file should be.
        kind: PgpKind,
        /// Its size in bytes.
        size: usize,
    },
    /// No packets, or bytes that are none.
    #[error("{kind} is not OpenPGP data")]
    NotOpenPgp {
        /// What the file should be.
        kind: PgpKind,
    },
    /// Damaged packets.
    #[error("{kind} is damaged")]
    Damaged {
        /// What the file should be.
        kind: PgpKind,
    },
    /// A signature in text form, which clients do not accept.
    #[error("the signature is armored, and clients accept only the binary form")]
    ArmoredSignature,
    /// Packets of another kind.
    #[error("{kind} holds something else")]
    OtherPackets {
        /// What the file should be.
        kind: PgpKind,
    },
    /// A signature over text, a key or a name: clients accept only those over binary documents.
    #[error("the signature is not one over a binary document")]
    NotADocumentSignature,
    /// A signature that does not say which key made it.
    #[error("the signature does not name its key")]
    NoIssuer,
    /// **A private key.** It must not go anywhere.
    #[error("the key file holds a private key")]
    PrivateKey,
}

/// What a file should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PgpKind {
    /// A detached signature.
    Signature,
    /// Public keys.
    Keys,
}

impl fmt::Display for PgpKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signature => "the signature",
            Self::Keys => "the key file",
        })
    }
}

/// The key that a signature says made it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignatureIssuer {
    /// 16 upper-case hex digits.
    pub key_id: String,
    /// Upper-case hex: 40 digits of a version 4 key, 64 of version 6. Old signatures have none.
    pub fingerprint: Option<String>,
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// 16 upper-case hex digits.
    pub key_id: String,
    /// Upper-case hex: 40 digits of a version 4 key, 64 of version 6.
    pub fingerprint: String,
    /// The key ids of its subkeys, any of which may have made a signature.
    pub subkey_ids: Vec<String>,
}

/// The issuers of a detached signature file, in the order of its packets; several signatures may
/// follow one another.
///
/// # Errors
///
/// Anything that clients would not take for a detached binary signature over a binary document.
pub fn signature_key_ids(bytes: &[u8]) -> Result<Vec<SignatureIssuer>, PgpError> {
    let kind = PgpKind::Signature;
    let bytes = limited(bytes, kind)?;
    if is_armored(bytes) {
        return Err(match dearmor(bytes) {
            Some((BlockType::PrivateKey, _)) => PgpError::PrivateKey,
            Some((BlockType::Signature, _)) => PgpError::ArmoredSignature,
            Some(_) => PgpError::OtherPackets { kind },
            None => PgpError::NotOpenPgp { kind },
        });
    }
    let mut issuers = Vec::new();
    for packet in packets(bytes, kind)? {
        match packet {
            Packet::Signature(signature) => issuers.push(issuer(&signature)?),
            Packet::Marker(_) | Packet::Padding(_) => {}
            Packet::SecretKey(_) | Packet::SecretSubkey(_) => return Err(PgpError::PrivateKey),
            _ => return Err(PgpError::OtherPackets { kind }),
        }
    }
    match issuers.is_empty() {
        true => Err(PgpError::NotOpenPgp { kind }),
        false => Ok(issuers),
    }
}

fn issuer(signature: &pgp::packet::Signature) -> Result<SignatureIssuer, PgpError> {
    let kind = PgpKind::Signature;
    match signature.typ() {
        Some(pgp::packet::SignatureType::Binary) => {}
        Some(_) => return Err(PgpError::NotADocumentSignature),
        None => return Err(PgpError::Damaged { kind }),
    }
    if let Some(fingerprint) = signature.issuer_fingerprint().first() {
        let text = hex(fingerprint.as_bytes());
        return Ok(SignatureIssuer {
            key_id: key_id(fingerprint).ok_or(PgpError::Damaged { kind })?,
            fingerprint: Some(text),
        });
    }
    match signature.issuer_key_id().first() {
        Some(id) if !id.is_wildcard() => Ok(SignatureIssuer {
            key_id: hex(id.as_ref()),
            fingerprint: None,
        }),
        _ => Err(PgpError::NoIssuer),
    }
}

/// The key id in a fingerprint: its end in version 4, its beginning later.
fn key_id(fingerprint: &Fingerprint) -> Option<String> {
    let bytes = fingerprint.as_bytes();
    match bytes.len() {
        20 => bytes.last_chunk::<8>(),
        32 => bytes.first_chunk::<8>(),
        _ => None,
    }
    .map(|id| hex(id))
}

/// The public keys of a file, armored or binary, in their order.
///
/// # Errors
///
/// [`PgpError::PrivateKey`] for any private key packet, and everything that is no public key.
pub fn public_keys(bytes: &[u8]) -> Result<Vec<PublicKey>, PgpError> {
    let kind = PgpKind::Keys;
    let bytes = limited(bytes, kind)?;
    let binary;
    let bytes = if is_armored(bytes) {
        match dearmor(bytes) {
            Some((BlockType::PrivateKey, _)) => return Err(PgpError::PrivateKey),
            Some((BlockType::PublicKey, Some(data))) => binary = data,
            Some((BlockType::PublicKey, None)) => return Err(PgpError::Damaged { kind }),
            Some(_) => return Err(PgpError::OtherPackets { kind }),
            None => return Err(PgpError::NotOpenPgp { kind }),
        }
        &binary
    } else {
        bytes
    };
    let mut keys: Vec<PublicKey> = Vec::new();
    for packet in packets(bytes, kind)? {
        match packet {
            Packet::PublicKey(key) => keys.push(PublicKey {
                key_id: hex(key.legacy_key_id().as_ref()),
                fingerprint: hex(key.fingerprint().as_bytes()),
                subkey_ids: Vec::new(),
            }),
            Packet::PublicSubkey(subkey) => match keys.last_mut() {
                Some(key) => key.subkey_ids.push(hex(subkey.legacy_key_id().as_ref())),
                None => return Err(PgpError::Damaged { kind }),
            },
            Packet::SecretKey(_) | Packet::SecretSubkey(_) => return Err(PgpError::PrivateKey),
            Packet::UserId(_)
            | Packet::UserAttribute(_)
            | Packet::Signature(_)
            | Packet::Trust(_)
            | Packet::Marker(_)
            | Packet::Padding(_) => {}
            _ => return Err(PgpError::OtherPackets { kind }),
        }
    }
    match keys.is_empty() {
        true => Err(PgpError::OtherPackets { kind }),
        false => Ok(keys),
    }
}

fn limited(bytes: &[u8], kind: PgpKind) -> Result<&[u8], PgpError> {
    match bytes.len() {
        size if size > PGP_LIMIT => Err(PgpError::TooLarge { kind, size }),
        _ => Ok(bytes),
    }
}

/// Every binary packet begins with a set bit.
fn is_armored(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| first & 0x80 == 0)
}

/// The kind of an armored block, and its content where it is not damaged. Private keys hide behind
/// no other block: their packets are looked for afterwards.
fn dearmor(bytes: &[u8]) -> Option<(BlockType, Option<Vec<u8>>)> {
    let options = DearmorOptions::new().set_limit(PGP_LIMIT);
    let mut reader = Dearmor::with_options(bytes, options);
    reader.read_header().ok()?;
    let kind = reader.typ?;
    let mut data = Vec::new();
    let complete = std::io::Read::read_to_end(&mut reader, &mut data).is_ok();
    Some((kind, complete.then_some(data)))
}

/// All packets; a single one that cannot be read makes the file damaged.
fn packets(bytes: &[u8], kind: PgpKind) -> Result<Vec<Packet>, PgpError> {
    // The parser takes an end in the middle of a header for the end of the file.
    if !ends_with_a_packet(bytes) {
        return Err(match bytes.first() {
            Some(first) if first & 0x80 != 0 => PgpError::Damaged { kind },
            _ => PgpError::NotOpenPgp { kind },
        });
    }
    PacketParser::new(bytes)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| PgpError::Damaged { kind })
}

/// Whether the bytes are a whole number of packets, by their headers (RFC 9580, 4.2). Partial
/// lengths belong to data packets only, which no file that we read holds.
fn ends_with_a_packet(mut bytes: &[u8]) -> bool {
    if bytes.is_empty() {
        return false;
    }
    while let Some((first, rest)) = bytes.split_first() {
        let length = match first {
            _ if first & 0x80 == 0 => None,
            _ if first & 0x40 != 0 => new_length(rest),
            _ => old_length(first & 3, rest),
        };
        let Some(after) = length.and_then(|(header, body)| rest.get(header.checked_add(body)?..))
        else {
            return false;
        };
        bytes = after;
    }
    true
}

/// Length of the length and of the body, new form.
fn new_length(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes {
        [one @ 0..192, ..] => Some((1, usize::from(one))),
        [high @ 192..224, low, ..] => {
            Some((2, (usize::from(high) - 192) * 256 + usize::from(low) + 192))
        }
        [255, a, b, c, d, ..] => Some((5, u32::from_be_bytes([a, b, c, d]) as usize)),
        _ => None,
    }
}

/// Length of the length and of the body, old form.
fn old_length(kind: u8, bytes: &[u8]) -> Option<(usize, usize)> {
    match (kind, bytes) {
        (0, [one, ..]) => Some((1, usize::from(*one))),
        (1, [a, b, ..]) => Some((2, usize::from(u16::from_be_bytes([*a, *b])))),
        (2, [a, b, c, d, ..]) => Some((4, u32::from_be_bytes([*a, *b, *c, *d]) as usize)),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests;
