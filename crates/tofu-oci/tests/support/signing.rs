//! A throw-away key that signs.

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pgp::composed::{Deserializable as _, SignedSecretKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{PacketTrait as _, SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::types::{KeyDetails as _, Password, Timestamp};

// Made with GnuPG 2.2.
pub(crate) const PUBLIC_ONE: &str = concat!(
    "mDMEaVW5ABYJKwYBBAHaRw8BAQdAA0L0U9i//OeSMgyfeX4Mt6CKMqDKjmnV4Ja06mr5Gjy0GlRlc3QgT25lIDxvbm",
    "VAZXhhbXBsZS5jb20+iJAEExYIADgWIQRygkahByQ4a81F0zWPCZwblVefygUCaVW5AAIbAwULCQgHAgYVCgkICwIE",
    "FgIDAQIeAQIXgAAKCRCPCZwblVefyllIAP41Vj0+jHH1VdQjdA1sS3motS+ABrZ12udsBdf/CmdRtAEAx/EWDQnZC3",
    "D+Lq7e3eTWWk8CtKQiTh3TTkZSPxF8cA0=",
);
pub(crate) const SECRET_ONE: &str = concat!(
    "lFgEaVW5ABYJKwYBBAHaRw8BAQdAA0L0U9i//OeSMgyfeX4Mt6CKMqDKjmnV4Ja06mr5GjwAAP9PRVxWnwc7/XQVZ3",
    "Jgv0pTX/Wx2P/JTjJLOKOjzXZ1vhCltBpUZXN0IE9uZSA8b25lQGV4YW1wbGUuY29tPoiQBBMWCAA4FiEEcoJGoQck",
    "OGvNRdM1jwmcG5VXn8oFAmlVuQACGwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQjwmcG5VXn8pZSAD+NVY9Po",
    "xx9VXUI3QNbEt5qLUvgAa2ddrnbAXX/wpnUbQBAMfxFg0J2Qtw/i6u3t3k1lpPArSkIk4d005GUj8RfHAN",
);
pub(crate) const FINGERPRINT: &str = "728246A10724386BCD45D3358F099C1B95579FCA";
/// After the key was made, in seconds since 1970.
pub(crate) const SIGNED_AT: u32 = 1_767_400_000;

/// A signature over `content`.
pub(crate) fn sign(content: &[u8]) -> Vec<u8> {
    let key = STANDARD.decode(SECRET_ONE).unwrap();
    let key = SignedSecretKey::from_bytes(Cursor::new(key)).unwrap();
    let mut config = SignatureConfig::v4(
        SignatureType::Binary,
        key.algorithm(),
        HashAlgorithm::Sha256,
    );
    let subpackets = [
        SubpacketData::SignatureCreationTime(Timestamp::from_secs(SIGNED_AT)),
        SubpacketData::IssuerFingerprint(key.fingerprint()),
    ];
    let subpackets = subpackets.map(|data| Subpacket::regular(data).unwrap());
    config.hashed_subpackets = subpackets.into();
    let signature = config
        .sign(&key.primary_key, &Password::empty(), content)
        .unwrap();
    let mut bytes = Vec::new();
    signature.to_writer_with_header(&mut bytes).unwrap();
    bytes
}

/// A key in text form; `kind` is `PUBLIC` or `PRIVATE`.
pub(crate) fn armored(kind: &str, body: &str) -> String {
    let lines: Vec<&str> = body
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN PGP {kind} KEY BLOCK-----\n\n{}\n-----END PGP {kind} KEY BLOCK-----\n",
        lines.join("\n")
    )
}
