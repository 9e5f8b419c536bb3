use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

// Made with GnuPG 2.2 by two throw-away keys: an Ed25519 key, and an RSA key with an Ed25519
// subkey that signs.
const SIGNED_BY_ONE: &str = concat!(
    "iIYEABYIAC4WIQRygkahByQ4a81F0zWPCZwblVefygUCaVcKgBAcb25lQGV4YW1wbGUuY29tAAoJEI8JnBuVV5/Kpf",
    "cA/3/1QXNK+gsmLefuJlidlnyCaS+R6i+BkzRHRnBF8XtrAP98K14HtfiieJccqwvHQriT0zvM+D2fExvnq8rGtAWf",
    "Bg==",
);
const SIGNED_BY_SUBKEY_OF_TWO: &str = concat!(
    "iIYEABYIAC4WIQRRsBUXBOHh/QVa3H4MCF5JfCReKAUCaVcKgBAcdHdvQGV4YW1wbGUuY29tAAoJEAwIXkl8JF4oJ6",
    "oA/1QYcZVuKH4CvNyhUC4oZ+poLr09OULww7G9KrOgIVr1APoD8TBrngmFyFAV2UUEy8hM+enFfyz0kA7dmMd7CrPb",
    "BQ==",
);
const SIGNED_AS_TEXT: &str = concat!(
    "iIYEARYIAC4WIQRygkahByQ4a81F0zWPCZwblVefygUCaVcKgBAcb25lQGV4YW1wbGUuY29tAAoJEI8JnBuVV5/Kg7",
    "sA/jmb+A/zUXHQg4X0cXQVSvzH50j0IE1rvyKxhOyje3ASAQCa63BEtHi2jF0BRm8VNxG1AHiU5Bf6L1yAOXRrThe2",
    "Dg==",
);
const PUBLIC_ONE: &str = concat!(
    "mDMEaVW5ABYJKwYBBAHaRw8BAQdAA0L0U9i//OeSMgyfeX4Mt6CKMqDKjmnV4Ja06mr5Gjy0GlRlc3QgT25lIDxvbm",
    "VAZXhhbXBsZS5jb20+iJAEExYIADgWIQRygkahByQ4a81F0zWPCZwblVefygUCaVW5AAIbAwULCQgHAgYVCgkICwIE",
    "FgIDAQIeAQIXgAAKCRCPCZwblVefyllIAP41Vj0+jHH1VdQjdA1sS3motS+ABrZ12udsBdf/CmdRtAEAx/EWDQnZC3",
    "D+Lq7e3eTWWk8CtKQiTh3TTkZSPxF8cA0=",
);
const PUBLIC_BOTH: &str = concat!(
    "mDMEaVW5ABYJKwYBBAHaRw8BAQdAA0L0U9i//OeSMgyfeX4Mt6CKMqDKjmnV4Ja06mr5Gjy0GlRlc3QgT25lIDxvbm",
    "VAZXhhbXBsZS5jb20+iJAEExYIADgWIQRygkahByQ4a81F0zWPCZwblVefygUCaVW5AAIbAwULCQgHAgYVCgkICwIE",
    "FgIDAQIeAQIXgAAKCRCPCZwblVefyllIAP41Vj0+jHH1VdQjdA1sS3motS+ABrZ12udsBdf/CmdRtAEAx/EWDQnZC3",
    "D+Lq7e3eTWWk8CtKQiTh3TTkZSPxF8cA2ZAQ0EaVW5AAEIAL1+lz2Cqlmk/m62PFpY0YyKg5DwB6NGHAplArtm+McU",
    "tzs+NmZBBDs5SFLr1S5iQvbFlmfHvg3DN7MxtcD9Tp2QBbpbYGgXJ74W0X1J2dYizYU27hCNJ77ZW05rllxYExLNA+",
    "Zs37rM6cjWIGqHhcdXyXJ9yHgBZ0MInHbfiX/h4G3OU5wYTeuOArpNS9GUrvqkWI1Mc7ApjkWTHkh5NmLiUqK1QKjH",
    "eXWSkar63PT3ZRCcS7FPdPO8JOb5LlvuN1JhdYX9F+U2cbzznezDqN4UXzEdK3iutb1rW18rwpEmIRdwojvz32cF9H",
    "MxE1LQZPeg+qvejQbGrvuepekTuzcAEQEAAbQaVGVzdCBUd28gPHR3b0BleGFtcGxlLmNvbT6JAU4EEwEKADgWIQQp",
    "fpmoNiReKEsjnhw+bLYKqJqVEQUCaVW5AAIbAQULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAKCRA+bLYKqJqVEd6iCA",
    "CUM/uqLEMpCDfS/ybFjepqEJuWtpmoczM/ARLBUdLS+NtjzcUQz9h6Ss7pxafmOagpq2B4kkv/el9d8nRHevJAf5FA",
    "lV9ZXEAcmitE0u6ipKGkNuL20L8LeGlz0d5VCH6CpOVxGOVDtUTjd5M/J5hhgJqNN7ALxC8qgHKSSy8tMgmN0UZkpA",
    "TRmcxFcH1U/ELAVucoa7g+qWuUw9w3NKNZg4hDGhdmFAexyT4yzUS3vnPdvx8lnw9/eb8ez85BH+MghdA2XFe2Nik1",
    "0fer+qT3Zi6pM19iNY0Z688jnWzwEBOCTj9dX1vwXqyOwveRhl4TW0UZ2PJ4//Rj4aUV/Z5EuDMEaVW5ABYJKwYBBA",
    "HaRw8BAQdA7UlT5gPlwUWyPcb2cKuD+7v1/MZr/SeJzMGzGNHnet6JAa0EGAEKACAWIQQpfpmoNiReKEsjnhw+bLYK",
    "qJqVEQUCaVW5AAIbAgCBCRA+bLYKqJqVEXYgBBkWCAAdFiEEUbAVFwTh4f0FWtx+DAheSXwkXigFAmlVuQAACgkQDA",
    "heSXwkXiiSBAD/bCS41a1S7hV1TEvHQm92TmZRPMWX5vYoajp9V4bIjhcBAJqwyp9LnHJ6XKf4KkYQL1jVIjAqbpjh",
    "NqS4/5kkQskIwHgIALlFGXvx3NUhMmTfYOLHe1HCjnTKh3DYNO8bRvyXIFng6iUSEKpBSp9n5fawM8ImtCvRQGQ8Pq",
    "u3Yd3muRR1mwps8GX1ELfM4kUQcaw8ZYzIylsXBmm02GKls9Ppow7EnkJMSThKTuRIh8EHBibhPyqsuNP8w5UcG6CY",
    "XLGGIInvp2+XlNqQuELuIOzfv2HSbyQeu03se1rsxNE7rMDI/goRAFJ8PxY21kW14GEVcNIdDGBhZwdEEpCxzt4myS",
    "7FYqko0PNJAOmAaSKKQDdovsXOzXPDE7Y1u7qWesGPlddplBErwmsn4OGHqS/o9OK4fryERRTSTbQkbquM2ivAW4s=",
);
const SECRET_ONE: &str = concat!(
    "lFgEaVW5ABYJKwYBBAHaRw8BAQdAA0L0U9i//OeSMgyfeX4Mt6CKMqDKjmnV4Ja06mr5GjwAAP9PRVxWnwc7/XQVZ3",
    "Jgv0pTX/Wx2P/JTjJLOKOjzXZ1vhCltBpUZXN0IE9uZSA8b25lQGV4YW1wbGUuY29tPoiQBBMWCAA4FiEEcoJGoQck",
    "OGvNRdM1jwmcG5VXn8oFAmlVuQACGwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQjwmcG5VXn8pZSAD+NVY9Po",
    "xx9VXUI3QNbEt5qLUvgAa2ddrnbAXX/wpnUbQBAMfxFg0J2Qtw/i6u3t3k1lpPArSkIk4d005GUj8RfHAN",
);

const ONE: &str = "728246A10724386BCD45D3358F099C1B95579FCA";
const TWO: &str = "297E99A836245E284B239E1C3E6CB60AA89A9511";
const SUBKEY_OF_TWO: &str = "51B0151704E1E1FD055ADC7E0C085E497C245E28";

fn bytes(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

fn armored(kind: &str, text: &str) -> Vec<u8> {
    let mut out = format!("-----BEGIN PGP {kind}-----\n\n");
    for line in text.as_bytes().chunks(64) {
        out.push_str(std::str::from_utf8(line).unwrap());
        out.push('\n');
    }
    out.push_str(&format!("-----END PGP {kind}-----\n"));
    out.into_bytes()
}

fn by(fingerprint: &str) -> SignatureIssuer {
    SignatureIssuer {
        key_id: fingerprint[24..].to_owned(),
        fingerprint: Some(fingerprint.parse().unwrap()),
    }
}

/// A version 4 signature that names its key by id only, as GnuPG before 2.1 made them.
fn old_signature(kind: u8, key_id: [u8; 8]) -> Vec<u8> {
    let mut body = vec![4, kind, 1, 8];
    body.extend([0, 6, 5, 2, 0x50, 0, 0, 0]);
    body.extend([0, 10, 9, 16]);
    body.extend(key_id);
    body.extend([0xab, 0xcd]);
    body.extend([0, 8, 0xff]);
    let mut packet = vec![0x88, body.len() as u8];
    packet.extend(body);
    packet
}

#[test]
fn names_the_issuers() {
    let one = bytes(SIGNED_BY_ONE);
    let two = bytes(SIGNED_BY_SUBKEY_OF_TWO);
    assert_eq!(signature_key_ids(&one).unwrap(), [by(ONE)]);
    assert_eq!(signature_key_ids(&two).unwrap(), [by(SUBKEY_OF_TWO)]);
    assert_eq!(
        signature_key_ids(&[two, one].concat()).unwrap(),
        [by(SUBKEY_OF_TWO), by(ONE)]
    );
    let old = old_signature(0, [0x0f, 0x1e, 0x2d, 0x3c, 0x4b, 0x5a, 0x69, 0x78]);
    assert_eq!(
        signature_key_ids(&old).unwrap(),
        [SignatureIssuer {
            key_id: "0F1E2D3C4B5A6978".into(),
            fingerprint: None
        }]
    );
}

#[test]
fn refuses_what_clients_would() {
    let one = bytes(SIGNED_BY_ONE);
    let mut cut = one.clone();
    cut.pop();
    let with = |more: &[u8]| [&one[..], more].concat();
    for (name, bytes, expected) in [
        ("nothing", Vec::new(), "NotOpenPgp"),
        ("text", b"not a real signature".to_vec(), "NotOpenPgp"),
        (
            "armored",
            armored("SIGNATURE", SIGNED_BY_ONE),
            "ArmoredSignature",
        ),
        ("cut", cut, "Damaged"),
        ("a byte more", with(b"\n"), "Damaged"),
        ("half a header", with(&[0x88]), "Damaged"),
        ("over text", bytes(SIGNED_AS_TEXT), "NotADocumentSignature"),
        (
            "of a key",
            old_signature(0x18, [1; 8]),
            "NotADocumentSignature",
        ),
        ("of nobody", old_signature(0, [0; 8]), "NoIssuer"),
        ("a key", bytes(PUBLIC_ONE), "OtherPackets"),
        (
            "an armored key",
            armored("PUBLIC KEY BLOCK", PUBLIC_ONE),
            "OtherPackets",
        ),
        ("a private key", bytes(SECRET_ONE), "PrivateKey"),
        (
            "a private key behind",
            with(&bytes(SECRET_ONE)),
            "PrivateKey",
        ),
        (
            "an armored private key",
            armored("PRIVATE KEY BLOCK", SECRET_ONE),
            "PrivateKey",
        ),
        ("too large", vec![0x88; PGP_LIMIT + 1], "TooLarge"),
    ] {
        let error = format!("{:?}", signature_key_ids(&bytes).unwrap_err());
        assert!(error.starts_with(expected), "{name}: {error}");
    }
}

#[test]
fn lists_public_keys_armored_and_binary() {
    let one = PublicKey {
        key_id: ONE[24..].into(),
        fingerprint: ONE.parse().unwrap(),
        subkeys: Vec::new(),
    };
    let two = PublicKey {
        key_id: TWO[24..].into(),
        fingerprint: TWO.parse().unwrap(),
        subkeys: vec![SUBKEY_OF_TWO.parse().unwrap()],
    };
    for (name, bytes, expected) in [
        ("binary", bytes(PUBLIC_ONE), vec![one.clone()]),
        (
            "armored",
            armored("PUBLIC KEY BLOCK", PUBLIC_ONE),
            vec![one.clone()],
        ),
        (
            "two",
            armored("PUBLIC KEY BLOCK", PUBLIC_BOTH),
            vec![one.clone(), two.clone()],
        ),
        (
            "a block behind another",
            [
                armored("PUBLIC KEY BLOCK", PUBLIC_BOTH),
                b"\nAn older key:\n".to_vec(),
                armored("PUBLIC KEY BLOCK", PUBLIC_ONE),
            ]
            .concat(),
            vec![one.clone(), two, one],
        ),
    ] {
        let keys = public_keys(&bytes);
        assert_eq!(keys.as_ref(), Ok(&expected), "{name}");
    }
}

#[test]
fn private_keys_are_refused_whatever_they_hide_behind() {
    let both = [bytes(PUBLIC_ONE), bytes(SECRET_ONE)].concat();
    for (name, bytes, expected) in [
        ("binary", bytes(SECRET_ONE), "PrivateKey"),
        ("behind a public key", both.clone(), "PrivateKey"),
        (
            "armored",
            armored("PRIVATE KEY BLOCK", SECRET_ONE),
            "PrivateKey",
        ),
        (
            "armored as public",
            armored("PUBLIC KEY BLOCK", &STANDARD.encode(both)),
            "PrivateKey",
        ),
        (
            "damaged",
            armored("PRIVATE KEY BLOCK", "****"),
            "PrivateKey",
        ),
        (
            "a block of its own behind a public key",
            [
                armored("PUBLIC KEY BLOCK", PUBLIC_ONE),
                armored("PRIVATE KEY BLOCK", SECRET_ONE),
            ]
            .concat(),
            "PrivateKey",
        ),
        (
            "a second block that says it is public",
            [
                armored("PUBLIC KEY BLOCK", PUBLIC_ONE),
                armored("PUBLIC KEY BLOCK", SECRET_ONE),
            ]
            .concat(),
            "PrivateKey",
        ),
        (
            "one of another program before a public key",
            [
                b"-----BEGIN OPENSSH PRIVATE KEY-----\n".to_vec(),
                armored("PUBLIC KEY BLOCK", PUBLIC_ONE),
            ]
            .concat(),
            "PrivateKey",
        ),
        (
            "binary behind an armored public key",
            [armored("PUBLIC KEY BLOCK", PUBLIC_ONE), bytes(SECRET_ONE)].concat(),
            "NotOpenPgp",
        ),
        ("a signature", bytes(SIGNED_BY_ONE), "OtherPackets"),
        (
            "an armored signature",
            armored("SIGNATURE", SIGNED_BY_ONE),
            "OtherPackets",
        ),
        ("text", b"not a real key\n".to_vec(), "NotOpenPgp"),
        ("nothing", Vec::new(), "NotOpenPgp"),
        (
            "damaged armor",
            armored("PUBLIC KEY BLOCK", "****"),
            "Damaged",
        ),
    ] {
        let error = format!("{:?}", public_keys(&bytes).unwrap_err());
        assert!(error.starts_with(expected), "{name}: {error}");
    }
}

proptest! {
    #[test]
    fn changed_bytes_never_panic(at in any::<prop::sample::Index>(), value in any::<u8>()) {
        for text in [SIGNED_BY_ONE, PUBLIC_BOTH, SECRET_ONE] {
            let mut bytes = bytes(text);
            let at = at.index(bytes.len());
            bytes[at] = value;
            let _ = signature_key_ids(&bytes);
            let _ = public_keys(&bytes);
        }
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = signature_key_ids(&bytes);
        let _ = public_keys(&bytes);
    }
}
