//! Which keys made a signature, by their own account. Nothing is verified here.
//!
//! A signature names its issuer by fingerprint (RFC 9580, subpacket 33), older ones by key id
//! (subpacket 16).

use pgp::packet::{Packet, Signature, SignatureType};

use super::packets::{Form, dearmor, is_armored, limited, packets};
use super::{Fingerprint, PgpError, PgpKind, SIGNATURES_LIMIT, hex};

/// The key that a signature says made it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignatureIssuer {
    /// 16 upper-case hex digits.
    pub key_id: String,
    /// Old signatures have none.
    pub fingerprint: Option<Fingerprint>,
}

/// The issuers of a detached signature file, in the order of its packets; several signatures may
/// follow one another.
///
/// # Errors
///
/// Anything that clients would not take for a detached binary signature over a binary document.
pub fn signature_key_ids(bytes: &[u8]) -> Result<Vec<SignatureIssuer>, PgpError> {
    let (signatures, form) = signatures(bytes)?;
    if form == Form::Armored {
        return Err(PgpError::ArmoredSignature);
    }
    signatures
        .iter()
        .map(|signature| {
            match signature.typ() {
                Some(SignatureType::Binary) => {}
                Some(_) => return Err(PgpError::NotADocumentSignature),
                None => {
                    return Err(PgpError::Damaged {
                        kind: PgpKind::Signature,
                    });
                }
            }
            issuer(signature).ok_or(PgpError::NoIssuer)
        })
        .collect()
}

/// The signatures of a file, at least one, and how they are written.
pub(super) fn signatures(bytes: &[u8]) -> Result<(Vec<Signature>, Form), PgpError> {
    let kind = PgpKind::Signature;
    let bytes = limited(bytes, kind)?;
    let (binary, form) = match is_armored(bytes) {
        false => (bytes.to_vec(), Form::Binary),
        true => (dearmor(bytes, kind)?, Form::Armored),
    };
    let mut signatures = Vec::new();
    for packet in packets(&binary, kind)? {
        match packet {
            Packet::Signature(signature) => signatures.push(signature),
            Packet::Marker(_) | Packet::Padding(_) => {}
            Packet::SecretKey(_) | Packet::SecretSubkey(_) => return Err(PgpError::PrivateKey),
            _ => return Err(PgpError::OtherPackets { kind }),
        }
    }
    match signatures.len() {
        0 => Err(PgpError::NotOpenPgp { kind }),
        1..=SIGNATURES_LIMIT => Ok((signatures, form)),
        _ => Err(PgpError::TooMany { kind }),
    }
}

/// Who a signature says made it.
pub(super) fn issuer(signature: &Signature) -> Option<SignatureIssuer> {
    if let Some(fingerprint) = signature.issuer_fingerprint().first() {
        let fingerprint = Fingerprint::of(fingerprint)?;
        return Some(SignatureIssuer {
            key_id: fingerprint.key_id().to_owned(),
            fingerprint: Some(fingerprint),
        });
    }
    match signature.issuer_key_id().first() {
        Some(id) if !id.is_wildcard() => Some(SignatureIssuer {
            key_id: hex(id.as_ref()),
            fingerprint: None,
        }),
        _ => None,
    }
}
