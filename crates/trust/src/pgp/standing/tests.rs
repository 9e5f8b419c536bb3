use super::*;
use crate::pgp::packets::dearmor;
use crate::pgp::verify::tests::{LATER, SOON, file, ring, rules};
use crate::pgp::{
    CHECKS_LIMIT, GoodSignature, KeyOrigin, Keyring, PgpError, PgpKind, verify, verify_within,
};

/// The packets of a key, whose headers have the old form.
fn packets(name: &str) -> Vec<Vec<u8>> {
    let binary = dearmor(&file(&format!("{name}.asc")), PgpKind::Keys).unwrap();
    let mut packets = Vec::new();
    let mut rest = &binary[..];
    while !rest.is_empty() {
        let length = match rest[0] & 3 {
            0 => 2 + usize::from(rest[1]),
            _ => 3 + usize::from(u16::from_be_bytes([rest[1], rest[2]])),
        };
        let (packet, after) = rest.split_at(length);
        packets.push(packet.to_vec());
        rest = after;
    }
    packets
}

/// What comes of `NAME.sig` with these keys.
fn signed(name: &str, keys: &[u8], now: &str) -> Result<GoodSignature, SignatureProblem> {
    let mut ring = Keyring::new();
    ring.add(keys, KeyOrigin::Pinned).unwrap();
    let signature = file(&format!("{name}.sig"));
    let report = verify(&file("SHA256SUMS"), &signature, &ring, &rules(now));
    report.unwrap().checks.remove(0).result
}

/// Leaves out or doubles packets of a key: what is missing or not bound is never believed.
#[test]
fn keys_that_are_not_whole() {
    let packets = packets("subkey");
    // Key, name, its signature, then each subkey with its binding.
    let packets: Vec<&[u8]> = packets.iter().map(Vec::as_slice).collect();
    let [key, name, said, subkey, binding, other, other_binding] = packets[..] else {
        panic!("{} packets", packets.len());
    };
    let signed_by_it = |parts: &[&[u8]]| signed("subkey", &parts.concat(), SOON).map(|_| ());
    use SignatureProblem::*;
    for (what, parts, result) in [
        ("whole", vec![key, name, said, subkey, binding], Ok(())),
        ("no name", vec![key, subkey, binding], Err(NotBound)),
        (
            "a bare name",
            vec![key, name, subkey, binding],
            Err(NotBound),
        ),
        ("no binding", vec![key, name, said, subkey], Err(NotBound)),
        (
            "the other's binding",
            vec![key, name, said, subkey, other_binding],
            Err(NotBound),
        ),
        (
            "the other's subkey",
            vec![key, name, said, other, binding],
            Err(UnknownKey),
        ),
        ("no subkey", vec![key, name, said], Err(UnknownKey)),
    ] {
        assert_eq!(signed_by_it(&parts), result, "{what}");
    }
    // The primary key only certifies, the other subkey only encrypts.
    let keys = ring(&["subkey"]);
    let (_, key) = keys.certificates().next().unwrap();
    let occasion = Occasion {
        made: 1_709_251_200,
        rules: &rules(SOON),
        budget: &Budget::default(),
    };
    assert_eq!(occasion.judge(key, None), Err(NotForSigning));
    assert_eq!(occasion.judge(key, key.subkeys.get(1)), Err(NotForSigning));
    // Older than the key it is by.
    let early = Occasion {
        made: 1_600_000_000,
        rules: &rules(SOON),
        budget: &Budget::default(),
    };
    assert!(matches!(
        early.judge(key, key.subkeys.first()),
        Err(OlderThanKey { .. })
    ));
}

#[test]
fn names_that_the_owner_took_back() {
    let name = |keys: &[&str]| {
        let parts = keys.iter().flat_map(|key| packets(key));
        signed("renamed", &parts.collect::<Vec<_>>().concat(), LATER)
            .map(|good| good.name.unwrap_or_default())
    };
    let new = "Renamed <new@example.com>";
    assert_eq!(
        name(&["renamed-before"]).unwrap(),
        "renamed <renamed@example.com>"
    );
    assert_eq!(name(&["renamed"]).unwrap(), new);
    // A copy that knows of it is enough.
    assert_eq!(name(&["renamed-before", "renamed"]).unwrap(), new);
    assert_eq!(name(&["renamed", "renamed-before"]).unwrap(), new);
}

#[test]
fn names_that_the_owner_does_not_stand_by() {
    let all = packets("renamed");
    let [key, old, back, said, new, new_said] = &all[..] else {
        panic!("{} packets", all.len());
    };
    let foreign = [&[0xb4, 16][..], b"Mallory <m@evil>"].concat();
    let name = |parts: &[&[u8]]| signed("renamed", &parts.concat(), LATER).map(|good| good.name);
    let named = |name: &str| Ok(Some(name.to_owned()));
    for (what, parts, result) in [
        (
            "a name of nobody",
            vec![&key[..], &foreign, new, new_said],
            named("Renamed <new@example.com>"),
        ),
        (
            "somebody else's word",
            vec![key, &foreign, said, new, new_said],
            named("Renamed <new@example.com>"),
        ),
        (
            "no name left",
            vec![key, old, back, said],
            Err(SignatureProblem::NotBound),
        ),
        (
            "taken back without having been said",
            vec![key, old, back],
            Err(SignatureProblem::NotBound),
        ),
        (
            "another name was taken back",
            vec![key, old, said, new, new_said, back],
            named("renamed <renamed@example.com>"),
        ),
    ] {
        assert_eq!(name(&parts), result, "{what}");
    }
}

/// The key `ed25519` with `count` newer statements that its owner never made, in portions as large as one name may
/// have.
fn noisy(count: usize) -> Vec<u8> {
    let key = packets("ed25519");
    let mut out = key.concat();
    // Subpacket 2, the time: a day later.
    let mut said = key[2].clone();
    let at = said.windows(2).position(|two| two == [5, 2]).unwrap();
    said[at + 4] += 1;
    for first in (0..count).step_by(60) {
        let name = format!("Name {first}");
        out.extend([0xb4, u8::try_from(name.len()).unwrap()]);
        out.extend(name.as_bytes());
        out.extend(said.repeat(60.min(count - first)));
    }
    out
}

#[test]
fn statements_that_are_not_the_owners_are_not_verified_for_ever() {
    let limit = usize::try_from(CHECKS_LIMIT).unwrap();
    let good = signed("ed25519", &noisy(limit / 2), SOON).unwrap();
    assert_eq!(good.name.unwrap(), "ed25519 <ed25519@example.com>");
    for count in [limit, 3 * limit] {
        assert_eq!(
            signed("ed25519", &noisy(count), SOON),
            Err(SignatureProblem::TooMuchWork),
            "{count}"
        );
    }
    // Keys that nobody asks for cost nothing.
    let both = [packets("rsa2048").concat(), noisy(3 * limit)].concat();
    assert!(signed("rsa2048", &both, SOON).is_ok());
}

#[test]
fn a_budget_is_shared() {
    let budget = Budget::default();
    let mut keys = Keyring::new();
    keys.add(&noisy(600), KeyOrigin::Repository).unwrap();
    let check = || {
        let (list, signature) = (file("SHA256SUMS"), file("ed25519.sig"));
        let rules = rules(SOON);
        let report = verify_within(&list, &signature, (&keys, &rules), &budget);
        report.unwrap().checks.remove(0).result
    };
    assert!(check().is_ok());
    assert_eq!(check(), Err(SignatureProblem::TooMuchWork));
}

#[test]
fn keys_with_numbers_that_take_hours() {
    let dsa = |version: &[u8], bits: [u16; 2]| {
        let mut body = [version, &[17]].concat();
        for bits in bits {
            body.extend(bits.to_be_bytes());
            body.push(0xff);
            body.extend(vec![0xff; usize::from(bits).div_ceil(8) - 1]);
        }
        let mut packet = vec![0x99];
        packet.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        packet.extend(body);
        Keyring::new()
            .add(&packet, KeyOrigin::Repository)
            .unwrap_err()
    };
    let kind = PgpKind::Keys;
    for (version, bits, error) in [
        (
            &[4, 0, 0, 0, 0][..],
            [3080, 256],
            PgpError::TooMany { kind },
        ),
        (&[4, 0, 0, 0, 0], [2048, 264], PgpError::TooMany { kind }),
        (
            &[3, 0, 0, 0, 0, 0, 0],
            [16384, 256],
            PgpError::TooMany { kind },
        ),
        // Cut, and otherwise as long as they are.
        (&[4, 0, 0, 0, 0], [3072, 256], PgpError::Damaged { kind }),
    ] {
        assert_eq!(dsa(version, bits), error, "{bits:?}");
    }
    // A signature that begins with the same bytes is none.
    let mut alike = packets("ed25519").concat();
    alike.extend([0x88, 8, 4, 0x13, 22, 8, 0, 17, 0xff, 0xff]);
    assert_ne!(
        Keyring::new().add(&alike, KeyOrigin::Repository),
        Err(PgpError::TooMany { kind })
    );
}
